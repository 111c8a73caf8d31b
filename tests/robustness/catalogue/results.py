"""Tables that are read back: of other models, of fine-mapped variants, of contigs, of people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .case import Spoil, refused, same
from .project import PEOPLE, Project

__all__ = ["CASES"]

Rows = list[list[str]]


def tables(change: Callable[[Rows], Rows], *column: str) -> Spoil:
    """Two tables of correlations by gene, the second one spoiled."""

    def spoil(p: Project) -> None:
        rows = [
            ["gene_id", "model", "pearson_r"],
            *([f"G{i}", "one", str(round(((i * 7) % 11) / 11 - 0.5, 3))] for i in range(9)),
        ]
        p.put_rows(p.folder / "a.tsv", rows)
        other = [rows[0], *([r[0], "two", r[2]] for r in reversed(rows[1:]))]
        p.put_rows(p.folder / "b.tsv", change(other))
        p.extra = list(column)

    return spoil


def r(text: str) -> Callable[[Rows], Rows]:
    return lambda rows: [*rows[:3], [*rows[3][:2], text], *rows[4:]]


def finemapped(rows: Sequence[Sequence[str]]) -> Spoil:
    def spoil(p: Project) -> None:
        p.put_rows(p.folder / "pips.tsv", rows)
        p.extra = ["--finemapped", str(p.folder / "pips.tsv")]

    return spoil


def contigs(text: str) -> Spoil:
    def spoil(p: Project) -> None:
        (p.folder / "names.tsv").write_text(text)
        p.extra = ["--contigs", str(p.folder / "names.tsv")]

    return spoil


def people(text: str) -> Spoil:
    def spoil(p: Project) -> None:
        (p.folder / "people.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
        p.extra = ["-S", str(p.folder / "people.txt")]

    return spoil


def beside(column: int, text: str) -> Spoil:
    """A table of an evaluated model."""

    def spoil(p: Project) -> None:
        names = ["gene_id", "model", "pearson_r", "pearson_p", "pearson_q"]
        rows = [names, *([gene, "one", "0.3", "0.2", "0.4"] for gene in ("G00", "G01", "G02"))]
        rows[2][column] = text
        p.put_rows(p.folder / "beside.tsv", rows)
        p.extra = ["--beside", str(p.folder / "beside.tsv")]

    return spoil


def option(*words: str) -> Spoil:
    return lambda p: p.extra.extend(words)


def with_pips(p: Project) -> None:
    """One variant of the VCF, and one that no record is."""
    row = p.records[p.place()]
    known = "_".join([row[0], row[1], row[3], row[4]])
    finemapped([HEAD, ["G00", known, "0.9"], ["G00", "chr1_8003_A_C", "0.4"]])(p)


HEAD = ["gene_id", "variant_id", "pip"]
CASES = [
    *(
        refused(f"compare r of {text}", tables(r(text)), "b.tsv", "gene G6", command="compare")
        for text in ("1.2", "-7")
    ),
    *(
        refused(f"compare r of {text}", tables(r(text)), "b.tsv", "line 4", command="compare")
        for text in ("high", "0.1.2", "inf", "1e999", "-nan")
    ),
    refused(
        "compare without a gene shared",
        tables(lambda rows: [rows[0], *(["X" + one[0], *one[1:]] for one in rows[1:])]),
        "gene",
        command="compare",
    ),
    refused(
        "compare with a gene twice",
        tables(lambda rows: [*rows, [*rows[3][:2], "0.9"]]),
        "b.tsv",
        "line 11",
        command="compare",
    ),
    refused(
        "compare with itself",
        tables(lambda rows: [rows[0], *([one[0], "one", one[2]] for one in rows[1:])]),
        "one",
        command="compare",
    ),
    refused(
        "compare ragged", tables(lambda rows: [*rows[:3], rows[3][:2], *rows[4:]]), "b.tsv", "line 4", command="compare"
    ),
    refused(
        "compare without a column",
        tables(lambda rows: [["gene_id", "modell", "pearson_r"], *rows[1:]]),
        "b.tsv",
        "model",
        command="compare",
    ),
    refused("compare without rows", tables(lambda rows: rows[:1]), "b.tsv", command="compare"),
    refused(
        "compare without correlations",
        tables(lambda rows: [["gene_id", "model", "r"], *rows[1:]]),
        "b.tsv",
        "pearson_r",
        command="compare",
    ),
    refused(
        "compare all undefined",
        tables(lambda rows: [rows[0], *([*one[:2], "NA"] for one in rows[1:])]),
        command="compare",
    ),
    *(
        refused(
            f"finemapped {name}",
            finemapped(rows),
            "pips.tsv",
            *says,
            command="drivers",
        )
        for name, rows, says in [
            ("without a match", [HEAD, ["G00", "chr1_1_A_C", "0.9"]], ()),
            ("without a gene shared", [HEAD, ["X", "chr1_8000_A_C", "0.9"]], ()),
            ("pip of 1.5", [HEAD, ["G00", "chr1_8000_A_C", "1.5"]], ("line 2",)),
            ("pip of nan", [HEAD, ["G00", "chr1_8000_A_C", "nan"]], ("line 2",)),
            ("pip of text", [HEAD, ["G00", "chr1_8000_A_C", "high"]], ("line 2",)),
            ("without a column", [["gene_id", "variant_id"], ["G00", "chr1_8000_A_C"]], ("pip",)),
            ("without rows", [HEAD], ()),
            ("twice", [HEAD, ["G00", "chr1_8000_A_C", "0.5"], ["G00", "chr1_8000_A_C", "0.7"]], ("line 3",)),
        ]
    ),
    *(
        refused(f"option {' '.join(words)[:60]}", option(*words), part, checked=False)
        for words, part in [
            (("--samples", ""), "--samples lists nothing"),
            (("--samples", ","), "--samples lists nothing"),
            (("--regions", ""), "--regions lists nothing"),
            (("--samples", "^P01", "--samples-file", "FILE"), "people are chosen twice"),
            (("--max-mem", "8X"), "not a size: '8X'"),
            (("--max-mem", "0"), "not a size: '0'"),
            (("--max-mem", "9" * 400 + "T"), "not a size: '999"),
            (("--max-mem", "٣G"), "not a size: '٣G'"),
            (("--max-mem", "0.0001"), "not a size"),
            (("--regions", "chr1:0-5"), "region 'chr1:0-5' is not valid"),
            (("--regions", "chr1:" + "9" * 5000), "is not valid"),
            (("--regions", "chr1:²"), "no gene has its TSS in"),
            (("--gene", "NOPE"), "gene 'NOPE' of --gene is not among the genes"),
            (("--window", "7"), "7 was asked for"),
            (("--steps", "predict,bake"), "bake"),
            (("--steps", "evaluate"), "predict"),
            (("--phase", "sample:1"), "sample:1"),
        ]
    ),
    same(
        "finemapped in part",
        with_pips,
        "1 of 2 fine-mapped",
        counted=('"n_finemapped": 1',),
        command="drivers",
        only="drivers.tsv",
    ),
    *(
        refused(f"name {name or 'empty'}", option("--name", name), "--name", command="evaluate")
        for name in ("../../evil", "/tmp/evil", "", ".hidden", "a b", "<b>")
    ),
    *refused("covariates counted, not given", option("--n-covariates", "2"), "--covariates").of(
        "run", "eqtl", "baseline", "evaluate"
    ),
    refused("more folds than people", option("--folds", "20"), "12 people", command="baseline"),
    refused("stop after a word", option("--stop-after", "x"), "--stop-after", command="baseline"),
    refused("dosages that are not there", option("--dosage", "DS"), "cohort.vcf.gz", "DS", command="eqtl"),
    refused("track unknown", option("--track", "nope"), "nope", command="variants"),
    refused("part of no whole", option("--shard", "3/2"), "3/2", command="variants"),
    *(
        refused(f"beside a {what} of {text}", beside(column, text), "beside.tsv", "line 3", command="baseline")
        for what, column, text in [
            ("r", 2, "1.5"),
            ("r", 2, "inf"),
            ("r", 2, "nan"),
            ("p", 3, "-0.1"),
            ("q", 4, "high"),
            ("gene", 0, "G00"),
        ]
    ),
    refused("contigs missing", option("--contigs", "/nowhere/names.tsv"), "names.tsv"),
    refused("contigs of one name", contigs("chr1\n"), "names.tsv", "line 1"),
    refused("contigs in two rows", contigs("chr1\t1\nchr2\t1\n"), "names.tsv", "line 2"),
    refused("people missing", option("-S", "/nowhere/people.txt"), "people.txt"),
    refused("people empty", people(""), "people.txt"),
    refused("people unknown", people("P01\nX99\n"), "X99"),
    refused("people twice", people("P01\nP02\nP03\nP04\nP03\n"), "people.txt", "P03"),
    refused("people not utf-8", people("P01\nP\udcff\n"), "people.txt", "UTF-8"),
    same("people with a bom", people("\ufeff" + "\n".join(PEOPLE) + "\n")),
    same("people with crlf", people("\r\n".join(PEOPLE) + "\r\n")),
    refused("person unknown", option("-s", "P01,NOBODY"), "NOBODY"),
    refused("nobody left", option("-s", "^" + ",".join(PEOPLE)), "cohort.vcf.gz"),
    refused("two people chosen", option("-s", "P01,P02"), "2 people"),
    *(
        refused(f"region {text}", option("-r", text), "region")
        for text in ("chr1:9-5", "chr1:x-y", "chr1:0-5", "chr1:-5-9")
    ),
    refused("region without genes", option("-r", "chr1:1-10"), "chr1:1-10"),
    refused("region on an unknown contig", option("-r", "chr77:1-10000"), "chr77"),
]
