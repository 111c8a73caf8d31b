"""Commands with a card that reads out the exons of each gene."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pysam
import pytest
from oracles.gene_readouts import coverage

import gxfast as gx
from gxfast.cli.main import main


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not {".gxfast", "config.toml"} & {*file.parts}
    }


def table(path: Path) -> list[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()).decode()
    header, *lines = (line.split("\t") for line in text.splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.fixture(scope="module")
def files(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network; exons of all genes but the last, two of each; the same as a GTF of genes."""
    folder = tmp_path_factory.mktemp("exons")
    genes = gx.read_genes(cohort.genes)
    lines = []
    for g in range(len(genes)):
        tss, sign = int(genes.tss[g]) + 1, -1 if genes.strand[g] == "-" else 1
        spans = [sorted((tss, tss + sign * 49)), sorted((tss + sign * 100, tss + sign * (400 if g == 0 else 160)))]
        begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
        rows = [("gene", begin, end), *([("exon", *span) for span in spans] if g < len(genes) - 1 else [])]
        lines += [
            f'{genes.chrom[g]}\tx\t{kind}\t{s}\t{e}\t.\t{genes.strand[g]}\t.\tgene_id "{genes.gene_id[g]}";'
            for kind, s, e in rows
        ]
    gtf = folder / "genes.gtf"
    gtf.write_text("\n".join(lines) + "\n")
    return {"gtf": gtf, "model": coverage(folder, minus=True, reduce="lfc").path}


def words(cohort: Any, files: dict[str, Path], *command: str, exons: bool = True) -> list[str]:
    genes = ["--genes", str(cohort.genes), "--exons", str(files["gtf"])] if exons else ["--genes", str(files["gtf"])]
    return [
        *command, "--fasta", str(cohort.fasta), "--vcf", str(cohort.vcf), *genes, "--model", str(files["model"]),
        "--threads", "1",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def predicted(cohort: Any, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("predicted") / "out"
    assert main([*words(cohort, files, "predict"), "-q", "-o", str(out)]) == 3
    return out


@pytest.fixture(scope="module")
def scored(cohort: Any, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scored") / "out"
    assert main([*words(cohort, files, "ism", "variants"), "-q", "-o", str(out)]) == 3
    return out


def test_predictions_are_those_of_python(cohort: Any, files: dict[str, Path], predicted: Path, capsys: Any) -> None:
    model, genes = gx.Model(files["model"], device="cpu"), gx.read_genes(cohort.genes)
    found = gx.predict(
        model, gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf), genes, exons=gx.read_exons(files["gtf"])
    )  # fmt: skip
    assert found.status == ("ok",) * 8 + ("no exons in the GTF, on its contig and strand",)
    rows = table(predicted / "predictions" / "coverage.bed.gz")
    name = found.samples[3]
    by_id = {row["gene_id"]: row[name] for row in rows}
    for g, t in found.rows:
        text = by_id[found.row_name(g, t)]
        assert (text == "NA") if g == 8 else np.float64(text) == pytest.approx(found.values[g, 3, t], rel=1e-9)
    manifest = json.loads((predicted / "manifest.json").read_text())
    assert manifest["inputs"]["exons"][0]["file"] == "genes.gtf"
    assert manifest["counts"]["coverage"]["genes_partly_outside_bins"] == 1


def test_exons_of_the_genes_file_and_resuming(
    cohort: Any, files: dict[str, Path], predicted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [*words(cohort, files, "predict", exons=False), "-q", "-o", str(out)]
    assert main(command) == 3
    assert main([*command, "--resume"]) == 3
    same = "predictions/coverage.bed.gz"
    lines = {row["gene_id"]: row for row in table(predicted / same)}
    for row in table(out / same):
        assert row == lines[row["gene_id"]]


def test_check_says_what_is_read_out(cohort: Any, files: dict[str, Path], capsys: Any, tmp_path: Path) -> None:
    assert main(words(cohort, files, "check")) == 0
    said = capsys.readouterr().out
    assert "coverage: it reads out the exons of each gene: 1 of 9 have no exons in the GTF" in said
    assert "coverage: it reads out the exons of each gene: 1 of 9 have some of it outside the bins" in said
    other = tmp_path / "other.gtf"
    other.write_text('chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "other";\n')
    assert main([word if word != str(files["gtf"]) else str(other) for word in words(cohort, files, "check")]) == 2
    said = capsys.readouterr().out
    assert "9 of 9 have no exons in the GTF" in said
    assert "the first of the GTF other on chr1 +" in said
    without = [w for w in words(cohort, files, "check") if w not in ("--exons", str(files["gtf"]))]
    assert main(without) == 2
    assert "no file gives them" in capsys.readouterr().out


def test_inspect_says_what_the_card_reads(files: dict[str, Path], capsys: Any) -> None:
    assert main(["model", "inspect", str(files["model"])]) == 0
    assert "bins of 8 bases from base 64 on, over the exons of each gene in a GTF; they count whole" in (
        capsys.readouterr().out
    )


def test_a_run_leaves_out_effects_unless_they_are_named(
    cohort: Any, files: dict[str, Path], tmp_path: Path, capsys: Any, caplog: Any
) -> None:
    out = tmp_path / "out"
    command = [*words(cohort, files, "run"), "--expression", str(cohort.expression), "--permutations", "20"]
    assert main([*command, "-o", str(out), "--json"]) == 3
    assert "the steps ism and drivers are left out" in caplog.text + capsys.readouterr().err
    assert not (out / "ism").exists()
    assert (out / "report.html").is_file()
    assert len((out / "genes.tsv").read_text().splitlines()) == 1 + 9 * 2


def test_scores_of_variants(cohort: Any, files: dict[str, Path], scored: Path) -> None:
    """Every score is the readout of the gene in the window with the allele, minus that of the reference."""
    rows = table(scored / "ism" / "coverage.variants.tsv.gz")
    assert {row["track"] for row in rows} == {"one", "two"}
    assert len({row["gene_id"] for row in rows}) > 5
    genes, genome = gx.read_genes(cohort.genes), gx.Genome(cohort.fasta)
    model, exons = gx.Model(files["model"], device="cpu"), gx.read_exons(files["gtf"])
    windows = gx.model_windows(model.card, genes)
    checked = 0
    for row in rows[::2]:
        if len(row["ref"]) != 1 or len(row["alt"]) != 1:
            continue
        g, at = genes.gene_id.index(row["gene_id"]), int(row["pos"]) - 1
        start = int(windows.start[g])
        ref = genome.fetch_array(genes.chrom[g], start, start + windows.length)
        alt = ref.copy()
        alt[at - start] = ord(row["alt"])
        spans = exons.of(row["gene_id"], genes.chrom[g], genes.strand[g])
        inside = np.array([any(s <= p < e for s, e in spans) for p in range(start, start + windows.length)])
        pair = np.stack([ref, alt])
        if windows.reverse[g]:
            pair, inside = np.asarray(gx.reverse_complement(pair)), inside[::-1]
        weights = np.repeat(inside[64:448].reshape(1, 48, 8).any(axis=2).astype(float), 2, axis=0)
        values = model.predict(pair, weights=weights)[:, ["one", "two"].index(row["track"])]
        assert float(row["ism"]) == pytest.approx(values[1] - values[0], rel=1e-4, abs=1e-6)
        checked += 1
    assert checked > 15


def test_scores_in_parts_and_again(cohort: Any, files: dict[str, Path], scored: Path, tmp_path: Path) -> None:
    parts = []
    for i in (1, 2):
        parts.append(str(tmp_path / str(i)))
        main([*words(cohort, files, "ism", "variants"), "-q", "-o", parts[-1], "--shard", f"{i}/2"])
    assert main(["ism", "merge", *parts, "-q", "-o", str(tmp_path / "all")]) == 3
    name = "ism/coverage.variants.tsv.gz"
    assert fingerprint(tmp_path / "all")[name] == fingerprint(scored)[name]
    two = [*words(cohort, files, "ism", "variants")[:-1], "2", "-q", "-o", str(tmp_path / "two")]
    assert main(two) == 3
    assert main([*two, "--resume"]) == 3
    assert fingerprint(tmp_path / "two")[name] == fingerprint(scored)[name]
    assert main([*two, "--resume", "--align", "shift"]) == 2  # another scan


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--mode", "delta"], "mode delta cannot"),
        (["--background", "100"], "--background 100 is not possible"),
        (["--on", "haplotypes", "-s", "{sample}"], "--on haplotypes is not possible"),
        (["--reduce", "none"], "reduce must be mean, sum, lfc, logsed of a card with a gene mask"),
    ],
)
def test_what_is_not_possible_is_refused(
    cohort: Any, files: dict[str, Path], tmp_path: Path, capsys: Any, more: list[str], message: str
) -> None:
    more = [word.format(sample=cohort.samples[0]) for word in more]
    out = tmp_path / "out"
    assert main([*words(cohort, files, "ism", "variants"), "-q", "-o", str(out), *more]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_other_scans_are_refused(cohort: Any, files: dict[str, Path], tmp_path: Path, capsys: Any) -> None:
    command = list(words(cohort, files, "ism", "saturate", exons=False))
    at = command.index("--vcf")
    assert main([*command[:at], *command[at + 2 :], "-q", "-o", str(tmp_path / "out")]) == 2
    assert "exons of each gene, which a sequence alone does not have" in capsys.readouterr().err
    plain = [
        "ism", "variants", "--fasta", str(cohort.fasta), "--vcf", str(cohort.vcf), "--genes", str(cohort.genes),
        "--model", str(cohort.model), "-q", "-o", str(tmp_path / "out"), "--align", "shift",
    ]  # fmt: skip
    assert main(plain) == 2
    assert "--align shift belongs to a card that reads out the exons" in capsys.readouterr().err
    assert main([*plain[:-2], "--exons", str(files["gtf"])]) == 2
    assert "leave --exons out" in capsys.readouterr().err


def test_costs_are_told(cohort: Any, files: dict[str, Path], scored: Path, capsys: Any) -> None:
    assert main([*words(cohort, files, "ism", "variants"), "--dry-run", "--json"]) == 0
    costs = json.loads(capsys.readouterr().out)["models"]["coverage"]
    n_rows = len(table(scored / "ism" / "coverage.variants.tsv.gz")) // 2
    assert costs["alleles"] == costs["mutants"] == n_rows
    assert costs["mode"] == "naive"
    assert costs["seconds"] > 0


def test_drivers_of_exons(cohort: Any, files: dict[str, Path], tmp_path: Path) -> None:
    out, scored, parts = tmp_path / "out", tmp_path / "scored", tmp_path / "parts"
    asked = ["--expression", str(cohort.expression), "--steps", "check,predict,evaluate,ism,drivers"]
    assert main([*words(cohort, files, "run"), *asked, "-q", "-o", str(out)]) == 3
    assert main([*words(cohort, files, "ism", "variants"), "-q", "-o", str(scored)]) == 3
    (name,) = (file.name for file in (scored / "ism").glob("*.variants.tsv.gz"))
    effects = {(row["gene_id"], row["variant_id"], row["track"]): row["ism"] for row in table(scored / "ism" / name)}
    mine = {(row["gene_id"], row["variant_id"], row["track"]): row["ism"] for row in table(out / "ism" / name)}
    assert len(mine) > 20
    assert any(float(value) for value in mine.values())
    for key, value in mine.items():
        assert float(value) == pytest.approx(float(effects[key]), rel=1e-6, abs=1e-9)  # float32 in a scan
    with (out / "drivers.tsv").open() as handle:
        drivers = list(csv.DictReader(handle, delimiter="\t"))
    assert {row["gene_id"] for row in drivers} <= {f"{gene}:{track}" for gene, _, track in mine}
    assert drivers
    assert not (out / "ism" / name.replace("variants.tsv.gz", "main_drivers.npz")).exists()
    assert main(["plan", *words(cohort, files)[:-2], *asked, "--shards", "2", "-o", str(parts)]) == 0
    for shard in ("2/2", "1/2"):
        assert main(["run", str(parts), "-q", "--shard", shard, "--threads", "2"]) == 0
    assert main(["merge", "-q", str(parts)]) == 3
    assert fingerprint(parts) == fingerprint(out)


def test_drivers_of_exons_put_alt_where_the_fasta_has_its_base(
    cohort: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    """As mutagenesis does: a REF that is not in the FASTA is skipped by the policy, and stops no driver."""
    lines = gzip.decompress(Path(cohort.vcf).read_bytes()).decode().splitlines()
    at = next(i for i, line in enumerate(lines) if re.match(r"chr1\t3\d\d\t\S+\t[ACGT]\t[ACGT]\t", line))
    cells = lines[at].split("\t")
    lines[at] = "\t".join([*cells[:3], next(b for b in "ACGT" if b not in cells[3:5]), *cells[4:]])
    (tmp_path / "v.vcf").write_text("\n".join(lines) + "\n")
    pysam.tabix_index(str(tmp_path / "v.vcf"), preset="vcf", force=True)
    command = [word if word != str(cohort.vcf) else str(tmp_path / "v.vcf.gz") for word in words(cohort, files, "run")]
    command += ["--expression", str(cohort.expression), "--ref-mismatch", "skip", "-q"]
    assert main([*command, "--steps", "check,predict,evaluate,ism,drivers", "-o", str(tmp_path / "out")]) == 3
    (scored,) = (tmp_path / "out" / "ism").glob("*.variants.tsv.gz")
    assert all(np.isfinite(float(row["ism"])) for row in table(scored))
