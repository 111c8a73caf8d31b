"""Small inputs of the kinds that people have: each with the value that must come out (``cases/`` of the shared data).

Each case stands for its kind; tests of other members of the kind are beside the code that decides it.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
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


def test_eqtls_of_men(case: Case) -> None:
    """Frequencies as AF of bcftools +fill-tags; a haploid ALT counts 2 in the regression, as in the manifest."""
    case("30-eqtl-chrX-men-haploid")
    assert main(["eqtl", "-q", "--vcf", "c.vcf.gz", "--expression", "e.bed.gz", "--window", "100", "--permutations",
                 "0", "--min-maf", "0", "-o", "eq"]) == 0  # fmt: skip
    with gzip.open("c.vcf.gz", "rt") as handle:
        calls = handle.read().splitlines()[-1].split("\t")[9:]
    called = "".join(calls).replace("|", "").replace(".", "")
    n, copies = len(called), called.count("1")
    (row,) = rows_of(Path("eq/eqtl/nominal.tsv.gz"))
    assert float(row["af"]) == copies / n
    assert int(row["ma_count"]) == min(copies, n - copies)
    rare = "1" if copies * 2 <= n else "0"
    assert int(row["ma_samples"]) == sum(rare in call for call in calls)
    dosage = np.array([np.nan if "." in call else call.count("1") * (1 if "|" in call else 2) for call in calls])
    known = dosage[np.isfinite(dosage)].astype(int)
    dosage[np.isnan(dosage)] = np.bincount(known).argmax()
    (expression,) = rows_of(Path("e.bed.gz"))
    y = np.array([float(expression[f"S{i}"]) for i in range(40)])
    assert float(row["slope"]) == pytest.approx(np.polyfit(dosage, y, 1)[0])
    options = json.loads(Path("eq/manifest.json").read_text())["options"]
    assert (options["haploid_dosage"], options["missing_dosage"]) == ("double", "most_frequent")


def apply_weights(*options: str) -> dict[str, dict[str, float]]:
    """Predictions of the people by gene, of ``baseline --apply`` on the files of a case."""
    assert main(["baseline", "--apply", "w.db", "--vcf", "c.vcf.gz", "-o", "p.tsv", *options]) == 0
    rows = rows_of(Path("p.tsv"))
    return {row.pop("gene_id"): {name: float(value) for name, value in row.items()} for row in rows}


def test_weights_of_gtex(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case("33-predictdb-gtex-v8")
    # B lacks a call, which takes the most frequent dosage: of 1 and 2 once each, the smaller
    assert apply_weights() == {"ENSG1.5": {"A": 1211, "B": 102 + 10 * 1, "C": 1020}}
    told = capsys.readouterr().out
    assert "4 of 5 weights" in told
    assert "1 not in the VCF" in told
    assert "missing calls: 1, each took the most frequent dosage" in told
    rows = rows_of(Path("p.weights.tsv"))
    assert list(rows[0]) == ["gene", "varID", "rsid", "ref", "eff", "weight", "status"]
    assert [row["status"] for row in rows] == ["matched", "matched", "swapped", "matched", "not in the VCF"]
    (gene,) = rows_of(Path("p.genes.tsv"))
    assert (gene["n_weights"], gene["n_matched"], gene["share_matched"]) == ("5", "4", "0.8")
    apply_weights("--json", "--weights-table", "elsewhere.tsv")
    summary = json.loads(capsys.readouterr().out)
    assert summary["share_matched"] == {"ENSG1.5": 0.8}
    assert summary["missing_dosage"] == "most_frequent"
    assert Path("elsewhere.tsv").read_bytes() == Path("p.weights.tsv").read_bytes()


def test_weights_on_imputed_dosages(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case("36-predictdb-dosage")
    assert apply_weights("--dosage", "DS") == {"G": {"A": 0.62, "B": 1.9, "C": 0.31}}
    capsys.readouterr()
    assert apply_weights() == {"G": {"A": 1, "B": 2, "C": 0}}
    assert "the VCF has DS too: --dosage DS" in capsys.readouterr().out


def test_weights_on_the_x_of_a_man(case: Case) -> None:
    """The effect allele is REF, and men count double."""
    case("37-predictdb-chrX")
    assert apply_weights() == {"G": {"A": 0, "B": 1, "C": 2}}


def test_imputed_dosages_alone(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case("12a-gt-absent")
    assert predict() == 2
    told = capsys.readouterr().err
    assert "GT" in told
    assert "--dosage DS" in told
    assert "sort" not in told


# -- names, genes and files


# -- models
