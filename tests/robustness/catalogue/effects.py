"""Tables of effects in place of a model, and the terms of use of their scores."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Sequence

from .case import Case, Spoil, listed, refused, same
from .files import bom, crlf, cut, empty, fifo, folder, missing, page, put
from .project import Project

__all__ = ["CASES", "row_of", "table"]

NAME = "effects.tsv"
GENE, CHROM, POS, REF, ALT, SCORE = range(6)
Rows = list[list[str]]
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def table(what: str, change: Callable[[Rows], Rows]) -> Spoil:
    return lambda p: p.put_rows(getattr(p, what), change(p.rows(getattr(p, what))))


def row_of(what: str, change: Callable[[list[str]], list[str]]) -> Spoil:
    """Change every row but the header."""
    return table(what, lambda rows: [rows[0], *(change(list(row)) for row in rows[1:])])


def cell(column: int, text: str) -> Spoil:
    """Of line 4, a variant of gene G00."""
    return lambda p: p.change_cell(p.effects, 3, column, text)


def each(column: int, change: Callable[[str], str]) -> Spoil:
    return row_of("effects", lambda r: [*r[:column], change(r[column]), *r[column + 1 :]])


def header(change: Callable[[Sequence[str]], list[str]]) -> Spoil:
    return table("effects", lambda rows: [change(rows[0]), *rows[1:]])


def packed(share: float) -> Spoil:
    def spoil(p: Project) -> None:
        content = gzip.compress(p.effects.read_bytes(), mtime=0)
        p.replace("effects", "effects.tsv.gz").write_bytes(content[: int(share * len(content))])

    return spoil


def also(*options: str) -> Spoil:
    """More options; ``{effects}`` is the table, ``{model}`` the model."""

    def spoil(p: Project) -> None:
        p.extra = [one.format(effects=p.effects, model=p.model) for one in options]

    return spoil


def with_beside(place: Callable[[Project], object], *options: str) -> Spoil:
    def spoil(p: Project) -> None:
        place(p)
        p.extra = ["--predictdb", *options]

    return spoil


def terms(content: bytes, *options: str) -> Spoil:
    return with_beside(lambda p: (p.folder / f"{NAME}.terms.txt").write_bytes(content), *options)


def first_line(text: str) -> Spoil:
    return with_beside(lambda p: p.effects.write_text(f"{text}\n{p.effects.read_text()}"))


def tracks(*names: str) -> Spoil:
    """Two columns of scores, as weights."""

    def spoil(p: Project) -> None:
        head, *rows = p.rows(p.effects)
        p.put_rows(p.effects, [[*head[:SCORE], *names], *([*r, str(-float(r[SCORE]))] for r in rows)])
        p.extra = ["--predictdb"]

    return spoil


def snvs_only(p: Project) -> None:
    """Effects of substitutions: exchanged indels may fit both ways."""
    table("effects", lambda rows: [rows[0], *(r for r in rows[1:] if len(r[REF]) == len(r[ALT]) == 1)])(p)


def exchanged(p: Project) -> None:
    snvs_only(p)
    row_of("effects", lambda r: [*r[:REF], r[ALT], r[REF], str(-float(r[SCORE]))])(p)


def crlf_and_bom(p: Project) -> None:
    crlf("effects")(p)
    bom("effects")(p)


def dropped(p: Project) -> None:
    table("effects", lambda rows: [*rows[:3], *rows[4:]])(p)


def beside_numbers(p: Project) -> None:
    """A column that could be taken for scores, where the scores are not read."""
    head, *rows = p.rows(p.effects)
    p.put_rows(p.effects, [[*head, "offset"], *([*r[:SCORE], r[SCORE].replace(".", ","), r[SCORE]] for r in rows)])


def two_alleles(p: Project) -> None:
    """A further allele, that nobody carries, at every substitution of the VCF."""
    rows = p.records
    p.put_vcf([[*r[:4], f"{r[4]},{_other(r)}", *r[5:]] if len(r[3]) == len(r[4]) == 1 else r for r in rows])


def _other(record: Sequence[str]) -> str:
    return next(base for base in "ACGT" if base not in record[3:5])


def versioned(p: Project) -> None:
    each(GENE, lambda gene: f"{gene}.7")(p)


def without(gene: str) -> Spoil:
    return table("effects", lambda rows: [r for r in rows if r[GENE] != gene])


def elsewhere(p: Project) -> None:
    """Effects on G00 are those of variants of the other contig."""
    without("G00")(p)
    table("effects", lambda rows: [*rows, *(["G00", *r[1:]] for r in rows if r[GENE] == "G10")])(p)


def everywhere(name: str, spoil: Spoil, *says: str) -> list[Case]:
    return refused(name, spoil, NAME, *says).of("effects")


def alike(name: str, spoil: Spoil, *says: str, **rest: object) -> list[Case]:
    return same(name, spoil, *says, **rest).of("effects", "effect drivers")


CASES = [
    *alike("effects crlf", crlf("effects")),
    *alike("effects bom", bom("effects")),
    *alike("effects bom and crlf", crlf_and_bom),
    *alike("effects packed", packed(1)),
    *alike("effects blanks in the header", header(lambda h: [f" {name} " for name in h])),
    *alike("effects header in capitals", header(lambda h: [*map(str.upper, h[:SCORE]), h[SCORE]])),
    *alike("effects header with a hash", header(lambda h: [f"#{h[0]}", *h[1:]])),
    *alike("effects 1 for chr1", each(CHROM, lambda name: name.removeprefix("chr"))),
    *alike("effects lower case", row_of("effects", lambda r: [*r[:REF], r[REF].lower(), r[ALT].lower(), r[SCORE]])),
    *alike("effects rows twice", table("effects", lambda rows: [*rows, *rows[1:9]])),
    *alike("effects rows in another order", table("effects", lambda rows: [rows[0], *rows[:0:-1]])),
    *alike("effects at records of two alleles", two_alleles, only="predictions/*"),
    same(
        "effects past the end",
        cell(POS, "60001"),
        "1 do not fit",
        command="effects",
        twin=dropped,
        only="predictions/*.bed.gz",
    ),
    *alike("effects exchanged", exchanged, "exchanged", NAME, twin=snvs_only, only="predictions/*.bed.gz"),
    *everywhere("effects missing", missing("effects")),
    *everywhere("effects empty", empty("effects"), "empty"),
    *everywhere("effects a folder", folder("effects")),
    refused("effects a pipe", fifo("effects"), NAME, command="effects", child=True),
    *everywhere("effects a web page", page("effects")),
    *everywhere("effects binary", put("effects", bytes(range(256)) * 40)),
    *everywhere("effects cut in a row", cut("effects", 0.501), "line"),
    refused("effects cut in gzip", packed(0.5), f"{NAME}.gz", "cut off", command="effects"),
    *everywhere("effects no rows", table("effects", lambda rows: rows[:1]), "no rows"),
    *everywhere("effects no header", table("effects", lambda rows: rows[1:]), "chrom"),
    *everywhere("effects ragged", table("effects", lambda rows: [*rows[:3], rows[3][:-1], *rows[4:]]), "line 4"),
    *everywhere("effects of no gene", row_of("effects", lambda r: ["", *r[1:]]), "gene"),
    *everywhere("effects without gene_id", table("effects", lambda rows: [r[1:] for r in rows]), "gene_id"),
    *everywhere("effects a row of no gene", cell(GENE, ""), "names no gene"),
    *everywhere("effects of versions", versioned, "G00.7", "gene ids"),
    *everywhere("effects comma decimal", each(SCORE, lambda s: s.replace(".", ",")), "line 2", "score"),
    *everywhere("effects comma decimal beside numbers", beside_numbers, "line 2", "score"),
    *(
        one
        for text in ("inf", "-inf", "1e999", "high", "0x1")
        for one in everywhere(f"effect {text}", cell(SCORE, text), "line 4")
    ),
    *everywhere("effects all NA", each(SCORE, lambda _: "NA"), "no row has a score"),
    *everywhere("effects of impact alone", each(SCORE, lambda s: s.removeprefix("-")), "sign"),
    *everywhere("effects named beta", header(lambda h: [*h[:SCORE], "beta"]), "rename"),
    *everywhere(
        "effects that differ", table("effects", lambda rows: [*rows, [*rows[1][:SCORE], "9"]]), "two effects", "G00"
    ),
    *everywhere(
        "effects of the other strand",
        row_of("effects", lambda r: [*r[:REF], *(a[::-1].translate(_COMPLEMENT) for a in r[REF:SCORE]), r[SCORE]]),
        "other strand",
    ),
    *everywhere("effects from 0", each(POS, lambda pos: str(int(pos) - 1)), "count from 0"),
    *everywhere("effects of another build", each(POS, lambda pos: str(int(pos) + 311)), "another build"),
    *everywhere("effects at 0", cell(POS, "0"), "line 4"),
    *everywhere("effects at 8e3", cell(POS, "8e3"), "line 4"),
    *everywhere("effects on no contig", each(CHROM, lambda _: "scaffold_9"), "contig"),
    *(
        one
        for text in ("N", "*", "-", "<DEL>", "")
        for one in everywhere(f"effects of allele {text}", cell(ALT, text), "line 4", "ALT")
    ),
    listed("effects on all but G00", without("G00"), "no effect on the gene", command="effects", genes=("G00",)),
    listed(
        "effects NA of G00",
        row_of("effects", lambda r: [*r[:SCORE], "NA" if r[GENE] == "G00" else r[SCORE]]),
        "G00: no score",
        command="effects",
        genes=("G00",),
    ),
    listed(
        "effects from elsewhere", elsewhere, "G00: its effects are on another contig", command="effects", genes=("G00",)
    ),
    listed(
        "effects with a gene without variants",
        lambda p: p.put_vcf([r for r in p.records if not (r[0] == "chr1" and 31_000 < int(r[1]) < 35_000)]),
        "G02: none of its variants",
        command="effects",
        genes=("G02",),
    ),
    *refused("effects of one name", also("--effects", "mine={effects}"), "mine").of("effects"),
    *refused(
        "effects named as the model", also("--model", "{model}", "--effects", "model={effects}"), "one name", "model"
    ).of("effects"),
    *(
        one
        for name in ("my mine", "..", ".x", "a\tb", "é", "x" * 101, "")
        for one in refused(f"effects named {name[:8]!r}", also("--effects", f"{name}={{effects}}"), "name").of(
            "effects"
        )
    ),
    *refused("effects name without a file", also("--effects", "x="), "x=", "no file").of("effects"),
    refused("weights of no effects", also("--predictdb"), "--predictdb", "--effects", checked=False),
    *(
        refused(f"terms {name}", spoil, NAME, *says, command="effects", checked=False)
        for name, spoil, says in (
            (
                "in crlf",
                terms(b"Not for commercial use.\r\nNot to train models.\r\n"),
                ("not open", "Not for commercial use. Not to train models."),
            ),
            ("not UTF-8", terms(b"caf\xe9"), ("terms.txt", "UTF-8")),
            ("empty", terms(b""), ("terms.txt", "empty")),
            ("a folder", with_beside(lambda p: (p.folder / f"{NAME}.terms.txt").mkdir()), ("terms.txt",)),
            (
                "a link to nothing",
                with_beside(lambda p: (p.folder / f"{NAME}.terms.txt").symlink_to("nowhere")),
                ("terms.txt",),
            ),
            ("a pipe", with_beside(lambda p: os.mkfifo(p.folder / f"{NAME}.terms.txt")), ("terms.txt",)),
            (
                "of an institute",
                terms(b"Non-commercial use only. (c) Broad Institute of MIT and Harvard"),
                ("not open",),
            ),
            ("CC BY-NC", terms(b"CC BY-NC 4.0"), ("not open",)),
            ("taken back", terms(b"CC BY 4.0, not for commercial use"), ("not open",)),
            ("in the table", first_line("## license: research use only"), ("not open", "research use only")),
        )
    ),
    *(
        same(f"terms {name}", spoil, command="effects", only="predictions/*")
        for name, spoil in (
            ("open in crlf", terms(b"CC BY 4.0\r\n")),
            ("open with bom", terms(b"\xef\xbb\xbfCC0")),
            (
                "of a licence in full",
                terms(b"MIT License. Permission is granted, without restriction. THE AUTHORS SHALL NOT BE LIABLE."),
            ),
            ("closed, with the right", terms(b"research use only", "--i-have-the-right")),
        )
    ),
    *(
        same(
            f"tracks {a!r} and {b!r}",
            tracks(a, b),
            command="effects",
            twin=tracks("a", "b"),
            only="effects/*.genes.tsv",
        )
        for a, b in (("a/b", "c"), ("../x", "c"), ("a:b", "a b"), ("a", "A"), ("x:+", "x:-"))
    ),
]
