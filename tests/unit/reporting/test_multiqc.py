"""The section that MultiQC shows of a run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gxfast as gx
from gxfast.reporting.multiqc import FILE, multiqc_section

PEOPLE = {"n_genes": 9, "n_defined": 6, "median_r": 0.25, "n_positive": 2, "n_negative": 1, "mean_r": 0.2}


def summary(**models: Any) -> dict[str, Any]:
    return {"n_people": 20, "n_genes": 9, "models": models}


def test_one_row_per_model_with_what_is_known() -> None:
    plan = {"inputs": {"vcf": [{"file": "people.vcf.gz"}], "expression": [{"file": "liver.bed.gz"}]}}
    across = [{"track": "t", "reference_pearson": 0.5}, {"track": "u", "reference_pearson": 0.1}]
    found = multiqc_section(
        plan,
        summary(a={"unique_haplotypes": 40, "across_people": PEOPLE, "across_genes": across}, b={})
        | {"drivers": {"a": {"n_drivers": 3}}},
    )
    assert found["data"] == {
        "a | liver.bed.gz": {
            "n_people": 20, "n_genes": 9, "across_genes_r": 0.5, "unique_haplotypes": 40, "n_drivers": 3,
            "n_defined": 6, "median_r": 0.25, "n_positive": 2, "n_negative": 1,
        },
        "b | liver.bed.gz": {"n_people": 20, "n_genes": 9},
    }  # fmt: skip
    assert set(found["headers"]) == set(found["data"]["a | liver.bed.gz"])


def test_without_expression_and_with_nothing_defined() -> None:
    plan = {"inputs": {"vcf": [{"file": "people.vcf.gz"}]}}
    assert list(multiqc_section(plan, summary(a={}))["headers"]) == ["n_people", "n_genes"]
    undefined = PEOPLE | {"median_r": None}
    across = [{"reference_pearson": float("nan")}]
    row = multiqc_section(plan, summary(a={"across_people": undefined, "across_genes": across}))["data"]
    assert not row["a"].keys() & {"median_r", "across_genes_r"}


@pytest.fixture(scope="module")
def run(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "expression": cohort.expression}
    folder = tmp_path_factory.mktemp("mqc") / "run"
    return gx.run(folder, model=cohort.model, steps=("predict", "evaluate"), **options).path


def test_a_run_writes_it_as_a_result(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    assert FILE in manifest["results"]
    written = json.loads((run / FILE).read_text())
    (row,) = written["data"].values()
    people = manifest["summary"]["models"]["demo-promoter"]["across_people"]
    assert (row["median_r"], row["n_defined"]) == (people["median_r"], people["n_defined"])


def test_multiqc_shows_it(run: Path, tmp_path: Path) -> None:
    """MultiQC itself reads the file, beside that of another run."""
    program = shutil.which("multiqc", path=str(Path(sys.executable).parent)) or shutil.which("multiqc")
    if program is None:
        pytest.skip("multiqc is not installed")
    other = tmp_path / "other"
    other.mkdir()
    (other / FILE).write_text((run / FILE).read_text().replace("demo-promoter | ", "second | "))
    subprocess.run([program, "--strict", "-o", str(tmp_path / "out"), str(run), str(other)], check=True)
    lines = (tmp_path / "out" / "multiqc_data" / "multiqc_gxfast_table.txt").read_text().splitlines()
    assert [line.split(" | ")[0] for line in lines[1:]] == ["demo-promoter", "second"]
    assert "Median r" in (tmp_path / "out" / "multiqc_report.html").read_text()
