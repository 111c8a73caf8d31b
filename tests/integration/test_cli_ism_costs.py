"""``gxfast ism variants --dry-run``: counts are those of the scan, nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main

NAME = "demo-promoter"


def arguments(cohort: Any, *extra: str) -> list[str]:
    return [
        "ism", "variants", "--fasta", str(cohort.fasta), "--genes", str(cohort.genes), "--model", str(cohort.model),
        "--vcf", str(cohort.vcf), "--threads", "1", *extra,
    ]  # fmt: skip


@pytest.mark.parametrize("extra", [[], ["--indels", "skip"], ["--allele", "most-common"], ["--mode", "naive"]])
def test_costs_of_variants_are_those_of_the_real_scan(
    cohort: Any, tmp_path: Path, capsys: Any, extra: list[str]
) -> None:
    words = arguments(cohort, *extra)
    assert main([*words, "--dry-run", "--json", "-o", str(tmp_path / "dry")]) == 0
    costs = json.loads(capsys.readouterr().out)
    assert not (tmp_path / "dry").exists()
    entry = costs["models"][NAME]
    assert main([*words, "-q", "--json", "-o", str(tmp_path / "out")]) == 0
    summary = json.loads(capsys.readouterr().out)["models"][NAME]
    assert costs["exact"]
    assert not costs["at_most"]
    assert entry["windows"] == entry["windows_counted"] == summary["n_windows"]
    assert entry["alleles"] == entry["mutants"] == summary["n_rows"]
    assert entry["model_calls"] > entry["mutants"]
    assert entry["multiply_adds"] > 0
    assert entry["seconds"] > 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert entry["mutants"] == manifest["counts"][NAME]["mutants"]
    assert entry["indels"] == manifest["counts"][NAME].get("not_snv_predicted", 0)


def test_costs_of_variants_on_haplotypes_are_upper_limits(cohort: Any, tmp_path: Path, capsys: Any) -> None:
    words = arguments(cohort, "--on", "haplotypes", "-s", cohort.samples[0])
    assert main([*words, "--dry-run", "--json"]) == 0
    costs = json.loads(capsys.readouterr().out)
    assert costs["at_most"]
    assert main([*words, "-q", "-o", str(tmp_path / "out")]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["counts"][NAME]["mutants"] <= costs["models"][NAME]["mutants"]


def test_costs_of_variants_are_scaled_from_some_windows(
    cohort: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gxfast.workflow.scans import variant_costing

    words = arguments(cohort)
    assert main([*words, "--dry-run", "--json"]) == 0
    exact = json.loads(capsys.readouterr().out)["total"]
    monkeypatch.setattr(variant_costing, "MOST_COUNTED", 5)
    monkeypatch.setattr(variant_costing, "MOST_SECONDS", 0.0)  # as if a window took too long
    assert main([*words, "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "(5 counted), about" in text
    assert text.endswith("nothing was written\n")
    assert main([*words, "--dry-run", "--json"]) == 0
    scaled = json.loads(capsys.readouterr().out)["total"]
    assert scaled["windows"] == exact["windows"]
    assert scaled["mutants"] == pytest.approx(exact["mutants"], rel=0.5)
    assert scaled["seconds"] > 0
