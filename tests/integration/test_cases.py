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
    return {name: float(value) for name, value in row.items() if name not in ("#chr", "start", "end", "gene_id")}


# -- records and phase


def test_haploid_calls(case: Case) -> None:
    case("02-chrX-haploid")
    assert predict() == 0
    (gene,) = {row["gene_id"] for row in rows_of(Path("out/genes.tsv"))}
    expected = {"M1": -17.810465, "F1": -18.140425, "M2": -18.470385, "F2": -17.810465}
    assert values_of(gene) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("04-iupac-reference", -0.879179),
        ("05-cn0-1000g", 3.291505),  # by hand: <CN0> takes 986-995 from one copy, 1006-1012 from the other
        ("07h-two-del-alleles-end", 4.764063),
    ],
)
def test_records(case: Case, name: str, expected: float) -> None:
    case(name)
    assert predict() == 0
    assert values_of("G1")["A"] == pytest.approx(expected, abs=2e-6)


# -- ploidy, dosages and weights


# -- names, genes and files


# -- models
