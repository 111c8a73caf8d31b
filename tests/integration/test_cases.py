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


def test_men_alone_have_chromosome_y(case: Case) -> None:
    case("39-chrY-men-only")
    assert predict(genes="g.tsv", vcf="{chrom}.vcf.gz") == 0
    y, first = values_of("GY"), values_of("G1")
    assert sorted(name for name, value in y.items() if value == value) == ["A", "C"]
    assert sorted(name for name, value in first.items() if value == value) == ["A", "B", "C"]
    assert y["A"] != y["C"]


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


# -- models
