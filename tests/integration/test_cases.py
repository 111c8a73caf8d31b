"""Small inputs of the kinds that people have: each with the value that must come out (``cases/`` of the shared data).

Each case stands for its kind; tests of other members of the kind are beside the code that decides it.
"""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main

Case = Callable[[str], Path]


@pytest.fixture
def case(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Copy a case by its name and go there."""

    def open_case(name: str) -> Path:
        source = data_dir / "cases" / name
        if not source.is_dir():
            pytest.skip(f"{source} is absent")
        folder = tmp_path / name
        shutil.copytree(source, folder)
        monkeypatch.chdir(folder)
        return folder

    return open_case


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def predict(*options: str, genes: str = "genes.tsv", vcf: str = "c.vcf.gz") -> int:
    """Run ``gxfast predict`` on the files of a case, into ``out``."""
    return main(["predict", "-q", "--fasta", "ref.fa", "--vcf", vcf, "--genes", genes, "--model", "m.onnx",
                 "-o", "out", *options])  # fmt: skip


def values_of(gene: str, folder: str = "out") -> dict[str, float]:
    """Predictions of a gene by person."""
    (file,) = Path(folder, "predictions").glob("*.bed.gz")
    (row,) = [row for row in rows_of(file) if row["gene_id"] == gene]
    return {
        name: float(value.replace("NA", "nan"))
        for name, value in row.items()
        if name not in ("#chr", "start", "end", "gene_id")
    }


# -- records and phase


def test_haploid_calls(case: Case) -> None:
    case("02-chrX-haploid")
    assert predict() == 0
    (gene,) = {row["gene_id"] for row in rows_of(Path("out/genes.tsv"))}
    expected = {"M1": -17.810465, "F1": -18.140425, "M2": -18.470385, "F2": -17.810465}
    assert values_of(gene) == pytest.approx(expected, abs=1e-5)


# -- ploidy, dosages and weights


# -- names, genes and files


def test_an_accession_that_cannot_be_proved(case: Case, capfd: Any) -> None:
    case("14-refseq-accession")
    assert predict() == 2
    message = capfd.readouterr().err
    assert "NC_000001.11 chr1" in message
    assert "bcftools annotate --rename-chrs" in message
    Path("names.tsv").write_text("NC_000001.11\tchr1\n")
    assert predict("--contigs", "names.tsv", "-o", "named") == 0


def test_gtf_of_ucsc(case: Case) -> None:
    case("20b-gtf-ucsc-alt-contigs")
    assert predict("-r", "chr1:1-1600", genes="g.gtf") == 0
    found = [
        tuple(row[name] for name in ("gene_id", "chrom", "tss", "strand")) for row in rows_of(Path("out/genes.tsv"))
    ]
    assert found == [("AAA", "chr1", "1000", "+"), ("BBB", "chr1", "1500", "-")]


def test_gtf_of_refseq(case: Case, capfd: Any) -> None:
    case("21-gtf-refseq")
    assert predict(genes="g.gtf") == 3
    assert "not predicted: PAR1_chrY: contig not in the VCF" in capfd.readouterr().err
    rows = rows_of(Path("out/genes.tsv"))
    assert [(row["gene_id"], row["chrom"], row["tss"], row["strand"]) for row in rows] == [
        ("AAA", "chr1", "1000", "+"), ("DUP", "chr1", "1500", "-"), ("DUP_1", "chr1", "1900", "+"),
        ("PAR1", "chrX", "500", "+"), ("PAR1_chrY", "chrY", "500", "+"),
    ]  # fmt: skip


def pairs_of(folder: str) -> list[tuple[str, ...]]:
    rows = rows_of(Path(folder, "eqtl", "nominal.tsv.gz"))
    return [(row["phenotype_id"], row["variant_id"].split("_")[1], row["start_distance"], row.get("end_distance", ""))
            for row in rows]  # fmt: skip


def test_phenotypes_that_are_intervals(case: Case) -> None:
    """Start - 100 to end + 100, as tensorQTL >= 1.0.8: of the records at 970 to 2020, those up to 1400."""
    case("25-expression-bed")
    run = ["eqtl", "-q", "--vcf", "c.vcf.gz", "--window", "100", "--permutations", "0", "--expression"]
    assert main([*run, "i.bed.gz", "-o", "eq"]) == 0
    name = "chr1:900:1300:clu_1_+"
    assert pairs_of("eq") == [
        (name, "970", "70", "-330"), (name, "990", "90", "-310"), (name, "1010", "110", "-290"),
        (name, "1030", "130", "-270"),
    ]  # fmt: skip
    assert main([*run[:-3], "--permutations", "0", "--window", "170", "--expression", "i.bed.gz", "-o", "wider"]) == 0
    assert [pair[1] for pair in pairs_of("wider")] == ["970", "990", "1010", "1030", "1470"]


@pytest.mark.parametrize(
    ("name", "genes", "missing"), [("a", "AB", 0), ("b", "AB", 0), ("c", "AB", 0), ("d", "A", 0), ("f", "A", 3)]
)
def test_expression_beds_that_people_have(case: Case, name: str, genes: str, missing: int) -> None:
    """QTLtools' six columns, tensorQTL's four, a byte order mark, a header in capitals, NA and empty and nan."""
    from gxfast.io.tables import read_expression

    folder = case("25-expression-bed")
    table = read_expression(folder / f"{name}.bed.gz")
    assert table.gene_id == tuple(genes)
    assert table.samples == tuple(f"S{i}" for i in range(12))
    assert (table.values[0, 0], table.values[0, 11]) == (6.0902, 4.7399)
    assert int((table.values != table.values).sum()) == missing
    run = ["eqtl", "-q", "--vcf", "c.vcf.gz", "--window", "100", "--permutations", "0", "--genes", "g.tsv"]
    assert main([*run, "--expression", f"{name}.bed.gz", "-o", "eq"]) == 0
    assert {pair[:3] for pair in pairs_of("eq") if pair[0] == "A"} == {
        ("A", "970", "-30"), ("A", "990", "-10"), ("A", "1010", "10"), ("A", "1030", "30")
    }  # fmt: skip


def test_men_alone_have_chromosome_y(case: Case) -> None:
    case("39-chrY-men-only")
    assert predict(genes="g.tsv", vcf="{chrom}.vcf.gz") == 0
    y, first = values_of("GY"), values_of("G1")
    assert sorted(name for name, value in y.items() if value == value) == ["A", "C"]
    assert sorted(name for name, value in first.items() if value == value) == ["A", "B", "C"]
    assert y["A"] != y["C"]
    assert predict("--missing", "N", "-o", "n", genes="g.tsv", vcf="{chrom}.vcf.gz") == 0
    assert values_of("GY", "n") == pytest.approx(y, nan_ok=True)
    assert {row["gene_id"]: row["n_haplotypes"] for row in rows_of(Path("n/genes.tsv"))} == {"G1": "2", "GY": "2"}


def test_snps_and_indels_in_two_files(case: Case) -> None:
    case("40-snps-and-indels-in-two-files")
    both = ["predict", "-q", "--fasta", "ref.fa", "--genes", "g.tsv", "--model", "m.onnx"]
    files = ["--vcf", "snps.vcf.gz", "--vcf", "indels.vcf.gz"]
    assert main([*both, *files, "-o", "out"]) == 0
    assert main([*both, *files[2:], *files[:2], "-o", "turned"]) == 0
    (row,) = rows_of(Path("out/genes.tsv"))
    assert (row["n_variants"], row["n_haplotypes"]) == ("2", "3")
    found = values_of("G1")
    assert found == values_of("G1", "turned")
    # A carries T>A and the insertion on one haplotype, B the insertion alone.
    assert found == pytest.approx({"A": -6.000331282615662, "B": -5.8904184103012085}, abs=1e-6)


def test_a_gene_whose_prediction_is_no_number(case: Case, capfd: Any) -> None:
    case("45-nan-outputs")
    assert predict(genes="g.tsv") == 3
    assert "not predicted: GN: the model returned nan" in capfd.readouterr().err
    assert all(value == value for value in values_of("G2").values())
    assert all(value != value for value in values_of("GN").values())
    status = {row["gene_id"]: row["status"] for row in rows_of(Path("out/genes.tsv"))}
    assert status["GN"].startswith("the model returned nan")


def test_a_window_whose_effects_are_no_numbers(case: Case, capfd: Any) -> None:
    """The same of a scan: the other window is done."""
    case("45-nan-outputs")
    inputs = ["-q", "--fasta", "ref.fa", "--genes", "g.tsv", "--model", "m.onnx"]
    assert main(["ism", "saturate", *inputs, "--window", "5", "--format", "tsv", "-o", "scan"]) == 3
    assert "not scanned: GN: the effects of 11 of 11 positions are not finite" in capfd.readouterr().err
    windows = {row["gene_id"]: row["status"] for row in rows_of(Path("scan/ism/m.windows.tsv"))}
    assert windows["G2"] == "ok"
    assert windows["GN"].startswith("the effects of")
    assert {row["gene_id"] for row in rows_of(Path("scan/ism/m.saturation.tsv.gz"))} == {"G2"}
    Path("g.tsv").write_text("gene_id\tchrom\ttss\tstrand\nGN\tchr1\t1000\t+\n")
    assert main(["ism", "saturate", *inputs, "--window", "5", "--format", "tsv", "-o", "none"]) == 2
    assert main(["predict", *inputs, "--vcf", "c.vcf.gz", "-o", "none2"]) == 2


# -- models
