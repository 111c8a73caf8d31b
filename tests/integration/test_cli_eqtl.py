"""`gxfast eqtl` on a made-up and on a real cohort."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from gxfast.cli.main import main


def _rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    from gxfast.demo import simulate_cohort

    cohort = simulate_cohort(tmp_path_factory.mktemp("eqtl"), n_people=60, n_genes=9)
    return ["--vcf", str(cohort.vcf), "--expression", str(cohort.expression), "--genes", str(cohort.genes)]


def test_tables(inputs: list[str], tmp_path: Path) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    for threads, run in enumerate(runs, start=1):
        arguments = ["--threads", str(threads), "--permutations", "200", "-o", str(run)]
        assert main(["eqtl", "-q", *inputs, *arguments]) == 0
    nominal, lead = (_rows(runs[0] / "eqtl" / name) for name in ("nominal.tsv.gz", "permutation.tsv"))
    assert list(nominal[0])[:9] == [
        "phenotype_id", "variant_id", "start_distance", "af", "ma_samples", "ma_count", "pval_nominal", "slope",
        "slope_se",
    ]  # fmt: skip
    assert len(lead) == 9
    for row in lead:
        pairs = [pair for pair in nominal if pair["phenotype_id"] == row["phenotype_id"]]
        assert len(pairs) == int(row["num_var"])
        best = min(pairs, key=lambda pair: float(pair["pval_nominal"]))
        assert float(best["pval_nominal"]) == float(row["pval_nominal"])
        assert 1 / 201 <= float(row["pval_perm"]) <= 1
        assert float(row["qval"]) >= float(row["pval_beta"]) * (1 - 1e-12)
    # a planted causal variant is found
    assert sum(float(row["qval"]) < 0.05 for row in lead) >= 3
    for name in ("nominal.tsv.gz", "permutation.tsv"):
        assert (runs[0] / "eqtl" / name).read_bytes() == (runs[1] / "eqtl" / name).read_bytes()
    assert json.loads((runs[0] / "manifest.json").read_text())["complete"] is True


def _two_effects(inputs: list[str], path: Path) -> str:
    """Expression that two unlinked variants of the first gene act on."""
    from gxfast.io.tables import read_expression, read_genes
    from gxfast.io.vcf import VariantFile
    from gxfast.personal.dosages import count_alternative

    table, genes = read_expression(inputs[3]), read_genes(inputs[5])
    tss = int(genes.tss[0])
    variants = VariantFile(inputs[1])
    near = count_alternative(variants.region(genes.chrom[0], max(0, tss - 20_000), tss + 20_000))
    common = np.flatnonzero(near.minor_frequency > 0.2)
    x = near.values[common][:, [variants.samples.index(name) for name in table.samples]].astype(float)
    r = np.corrcoef(x)
    first, second = np.unravel_index(np.argmin(np.abs(r)), r.shape)
    y = x[first] - x[second] + 0.4 * np.random.default_rng(0).normal(size=x.shape[1])
    values = table.values.copy()
    values[table.gene_id.index(genes.gene_id[0])] = y
    lines = ["\t".join(["gene_id", *table.samples])]
    lines += ["\t".join([g, *map(repr, row)]) for g, row in zip(table.gene_id, values.tolist(), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return genes.gene_id[0]


def test_signals(inputs: list[str], tmp_path: Path) -> None:
    """Two planted effects are two signals and two credible sets; numbers are those of the functions on arrays."""
    gene = _two_effects(inputs, tmp_path / "expression.tsv")
    rest = ["--genes", inputs[5], "--permutations", "200", "--independent", "--susie", "-q"]
    runs = [tmp_path / "one", tmp_path / "two"]
    for threads, run in enumerate(runs, start=1):
        words = ["eqtl", *inputs[:2], "--expression", str(tmp_path / "expression.tsv"), *rest]
        assert main([*words, "--threads", str(threads), "-o", str(run)]) == 0
    names = ("permutation.tsv", "independent.tsv", "susie.tsv", "susie.genes.tsv")
    for name in names:
        assert (runs[0] / "eqtl" / name).read_bytes() == (runs[1] / "eqtl" / name).read_bytes()
    lead, signals, sets, done = (_rows(runs[0] / "eqtl" / name) for name in names)
    assert list(signals[0]) == [
        "phenotype_id", "num_var", "beta_shape1", "beta_shape2", "true_df", "pval_true_df", "variant_id",
        "start_distance", "ma_samples", "ma_count", "af", "pval_nominal", "slope", "slope_se", "pval_perm",
        "pval_beta", "rank",
    ]  # fmt: skip
    assert list(sets[0])[:5] == ["phenotype_id", "variant_id", "pip", "af", "cs_id"]
    of_gene = [row for row in signals if row["phenotype_id"] == gene]
    assert [row["rank"] for row in of_gene] == ["1", "2"]
    assert {row["cs_id"] for row in sets if row["phenotype_id"] == gene} == {"1", "2"}
    assert {row["variant_id"] for row in of_gene} <= {row["variant_id"] for row in sets}
    passed = {row["phenotype_id"]: row for row in lead if float(row["qval"]) <= 0.05}
    assert {row["phenotype_id"] for row in signals} == passed.keys()
    largest = max(float(row["pval_beta"]) for row in passed.values())
    assert all(float(row["pval_beta"]) <= largest for row in signals)
    for row in signals:  # a single signal is the lead variant of the gene
        if sum(other["phenotype_id"] == row["phenotype_id"] for other in signals) == 1:
            assert row["slope"] == passed[row["phenotype_id"]]["slope"]
    assert [row["phenotype_id"] for row in done] == [row["phenotype_id"] for row in lead]
    assert {row["status"] for row in done} == {"ok"}
    summary = json.loads((runs[0] / "manifest.json").read_text())["summary"]
    assert (summary["n_independent"], summary["n_several"] >= 1) == (len(signals), True)
    assert summary["n_sets"] == len({(row["phenotype_id"], row["cs_id"]) for row in sets})


def test_signals_without_permutations(inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["eqtl", "-q", *inputs, "--permutations", "0"]
    assert main([*words, "--independent", "-o", str(tmp_path / "refused")]) == 2
    assert "at least 10 permutations" in capsys.readouterr().err
    assert main([*words, "--susie", "-o", str(tmp_path / "run")]) == 0
    assert not (tmp_path / "run" / "eqtl" / "independent.tsv").exists()
    assert _rows(tmp_path / "run" / "eqtl" / "susie.genes.tsv")


def test_genes_that_cannot_be_tested_are_listed(inputs: list[str], tmp_path: Path) -> None:
    assert main(["eqtl", "-q", *inputs, "--min-maf", "0.5", "--permutations", "0", "-o", str(tmp_path / "run")]) in (
        0,
        3,
    )
    people = tmp_path / "people"
    assert main(["eqtl", "-q", *inputs, "-s", "nobody", "-o", str(people)]) == 2
    assert not (people / "manifest.json").exists()


def test_expression_as_tensorqtl_has_it(inputs: list[str], tmp_path: Path) -> None:
    """One-base intervals at the TSS, without strands, need no --genes."""
    from gxfast.io.tables import read_expression, read_genes

    table, genes = read_expression(inputs[3]), read_genes(inputs[5])
    lines = ["\t".join(["#chr", "start", "end", "phenotype_id", *table.samples])]
    for g, gene in enumerate(genes.gene_id):
        values = (repr(float(v)) for v in table.values[table.gene_id.index(gene)])
        lines.append("\t".join([genes.chrom[g], str(genes.tss[g]), str(genes.tss[g] + 1), gene, *values]))
    bed = tmp_path / "expression.bed"
    bed.write_text("\n".join(lines) + "\n")
    runs = [tmp_path / "one", tmp_path / "two"]
    rest = ["--permutations", "50", "--expression-transform", "inverse_normal", "--shared-permutations", "-q"]
    assert main(["eqtl", *inputs, *rest, "-o", str(runs[0])]) == 0
    assert main(["eqtl", *inputs[:2], "--expression", str(bed), *rest, "-o", str(runs[1])]) == 0
    one, two = ((run / "eqtl" / "permutation.tsv").read_bytes() for run in runs)
    assert one == two
    first = genes.gene_id[0]
    bed.write_text("\n".join(lines).replace(f"\t{genes.tss[0] + 1}\t", f"\t{genes.tss[0] + 900}\t") + "\n")
    assert main(["eqtl", *inputs[:2], "--expression", str(bed), *rest, "-o", str(tmp_path / "three")]) == 0
    wide = [row for row in _rows(tmp_path / "three" / "eqtl" / "permutation.tsv") if row["phenotype_id"] == first]
    narrow = [row for row in _rows(runs[1] / "eqtl" / "permutation.tsv") if row["phenotype_id"] == first]
    assert int(wide[0]["num_var"]) >= int(narrow[0]["num_var"])
    assert int(wide[0]["start_distance"]) - int(wide[0]["end_distance"]) == 899
    assert "end_distance" not in narrow[0]


def test_a_gene_on_a_contig_that_the_vcf_lacks(inputs: list[str], tmp_path: Path) -> None:
    """It is listed; only where no gene has a contig, nothing is done."""
    rows = Path(inputs[5]).read_text().splitlines()
    moved = rows[1].split("\t")
    moved[1] = "chr9"
    genes = tmp_path / "genes.tsv"
    genes.write_text("\n".join([rows[0], "\t".join(moved), *rows[2:]]) + "\n")
    run = ["-q", *inputs[:4], "--genes", str(genes)]
    assert main(["eqtl", *run, "--permutations", "10", "-o", str(tmp_path / "eqtl")]) == 3
    found = {row["phenotype_id"]: row["status"] for row in _rows(tmp_path / "eqtl" / "eqtl" / "permutation.tsv")}
    assert found[moved[0]] == "contig not in the VCF"
    assert "ok" in found.values()
    genes.write_text("\n".join([rows[0], "\t".join(moved)]) + "\n")
    assert main(["eqtl", *run, "--permutations", "10", "-o", str(tmp_path / "none")]) == 2


def test_genes_by_another_name_of_the_contig(inputs: list[str], tmp_path: Path) -> None:
    """Without a FASTA the genes' spelling goes on, and the numbers are the same."""
    genes, out = tmp_path / "genes.tsv", [tmp_path / "one", tmp_path / "two"]
    genes.write_text(Path(inputs[5]).read_text().replace("\tchr1", "\t1").replace("\tchr2", "\t2"))
    rest = ["--permutations", "20", "-q"]
    assert main(["eqtl", *inputs, *rest, "-o", str(out[0])]) == 0
    assert main(["eqtl", *inputs[:4], "--genes", str(genes), *rest, "-o", str(out[1])]) == 0
    one, two = ((run / "eqtl" / "permutation.tsv").read_text() for run in out)
    assert two == one.replace("\tchr1", "\t1").replace("\tchr2", "\t2")
    region = ["-r", "chr1:1-2000000"]
    assert main(["eqtl", *inputs[:4], "--genes", str(genes), *region, *rest, "-o", str(tmp_path / "three")]) == 0


def test_a_gene_does_not_depend_on_the_others(inputs: list[str], tmp_path: Path) -> None:
    arguments = ["eqtl", "-q", *inputs, "--permutations", "50", "-o"]
    assert main([*arguments, str(tmp_path / "all")]) == 0
    everything = {row["phenotype_id"]: row for row in _rows(tmp_path / "all" / "eqtl" / "permutation.tsv")}
    table = Path(inputs[5]).read_text().splitlines()
    few = tmp_path / "few.tsv"
    few.write_text("\n".join([table[0], *table[3:5]]) + "\n")
    assert main(["eqtl", "-q", *inputs[:5], str(few), "--permutations", "50", "-o", str(tmp_path / "few")]) == 0
    rows = _rows(tmp_path / "few" / "eqtl" / "permutation.tsv")
    assert 1 <= len(rows) < len(everything)
    for row in rows:
        assert {**row, "qval": ""} == {**everything[row["phenotype_id"]], "qval": ""}


def test_real_people(data_dir: Path, tmp_path: Path) -> None:
    """Twenty of the pairs, drawn, are regressed by hand on genotypes read by pysam."""
    import pysam

    data = data_dir / "geuvadis_chr22"
    vcf = data / "geno" / "geuvadis358.chr22.vcf.gz"
    arguments = [
        "eqtl", "-q", "--vcf", str(vcf), "--expression", str(data / "expr" / "geuvadis358.chr22.rpkm.bed.gz"),
        "--covariates", str(data / "expr" / "geuvadis358.covariates.pc50.txt.gz"), "--n-covariates", "13",
        "--window", "100000", "--expression-transform", "log2p1", "-r", "chr22:16050001-19990000",
        "--permutations", "100",
    ]  # fmt: skip
    assert main([*arguments, "-o", str(tmp_path / "run")]) == 0
    nominal = _rows(tmp_path / "run" / "eqtl" / "nominal.tsv.gz")
    with gzip.open(data / "expr" / "geuvadis358.chr22.rpkm.bed.gz", "rt") as handle:
        people = handle.readline().split()[6:]
        expression = {}
        for line in handle:
            cells = line.split("\t")
            expression[cells[3]] = np.log2(np.array(cells[6:], float) + 1)
    with gzip.open(data / "expr" / "geuvadis358.covariates.pc50.txt.gz", "rt") as handle:
        names = handle.readline().split()[1:]
        covariates = np.array(
            [[float(v) for v in line.split()[1:]] for line, _ in zip(handle, range(13), strict=False)]
        )
    order = [names.index(person) for person in people]
    for pair in np.random.default_rng(3).choice(np.array(nominal, object), 20, replace=False):
        chrom, position, ref, alt = pair["variant_id"].split("_")
        with pysam.VariantFile(str(vcf)) as file:
            record = next(
                r for r in file.fetch(chrom, int(position) - 1, int(position)) if r.alts == (alt,) and r.ref == ref
            )
            dosage = np.array([sum(record.samples[person]["GT"]) for person in people])
        design = np.vstack([dosage, np.ones(len(people)), covariates[:, order]]).T
        b, squares, _, _ = np.linalg.lstsq(design, expression[pair["phenotype_id"]], rcond=None)
        se = np.sqrt(squares[0] / (len(people) - 15) * np.linalg.inv(design.T @ design)[0, 0])
        assert float(pair["slope"]) == pytest.approx(b[0], rel=1e-8, abs=1e-12)
        assert float(pair["slope_se"]) == pytest.approx(se, rel=1e-8)
        assert float(pair["af"]) == pytest.approx(dosage.mean() / 2)


@pytest.mark.parametrize("regions", ["", "chrS:1-100"])
def test_parquet_has_the_numbers_of_the_text(inputs: list[str], tmp_path: Path, regions: str) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    chosen = ["--regions", regions] if regions else []
    arguments = ["--permutations", "20", *chosen]
    for form in ("tsv", "parquet"):
        code = main(["eqtl", "-q", *inputs, *arguments, "--format", form, "-o", str(tmp_path / form)])
        if regions:
            assert code == 2
            return
        assert code == 0
    text = _rows(tmp_path / "tsv" / "eqtl" / "nominal.tsv.gz")
    folder = tmp_path / "parquet" / "eqtl"
    files = sorted(file.name for file in folder.glob("*.parquet"))
    contigs = {row["variant_id"].rsplit("_", 3)[0] for row in text}
    assert files == sorted(f"nominal.cis_qtl_pairs.{contig}.parquet" for contig in contigs)
    assert not list(folder.glob("nominal*tsv*"))
    found = [row for file in files for row in parquet.read_table(folder / file).to_pylist()]
    assert list(found[0]) == list(text[0])
    numbers = {"start_distance", "ma_samples", "ma_count"}
    for own, row in zip(found, text, strict=True):
        texts = {
            name: "" if value != value else str(value) if name in numbers or isinstance(value, str) else repr(value)
            for name, value in own.items()
        }
        assert texts == row
    types = {field.name: str(field.type) for field in parquet.read_schema(folder / files[0])}
    assert types["phenotype_id"] == types["variant_id"] == "string"
    assert types["start_distance"] == types["ma_count"] == "int32"
    assert (folder / "permutation.tsv").read_bytes() == (tmp_path / "tsv" / "eqtl" / "permutation.tsv").read_bytes()
    # the blocks of the pairs are gone: the file is kept in their place, and found again
    blocks = tmp_path / "parquet" / ".gxfast" / "blocks" / "eqtl"
    assert not list(blocks.glob("*.pairs.npz"))
    before = (folder / files[0]).read_bytes()
    assert main(["eqtl", "-q", *inputs, *arguments, "--format", "parquet", "-o", str(folder.parent), "--resume"]) == 0
    assert (folder / files[0]).read_bytes() == before
    assert main(["verify", "-q", str(folder.parent)]) == 0


def test_parquet_needs_pyarrow(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert main(["eqtl", "-q", *inputs, "--format", "parquet", "-o", str(tmp_path / "run")]) == 2
    assert "pip install 'gxfast[io]'" in capsys.readouterr().err
