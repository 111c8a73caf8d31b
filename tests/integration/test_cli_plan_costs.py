"""`gxfast plan --dry-run`: what a job costs, told before it is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main
from gxfast.demo import DemoCohort, simulate_cohort


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> DemoCohort:
    return simulate_cohort(tmp_path_factory.mktemp("costs"), n_people=60, n_genes=12)


def _words(cohort: DemoCohort, command: str) -> list[str]:
    words = ["--vcf", str(cohort.vcf), "--genes", str(cohort.genes)]
    if command in ("run", "predict"):
        words += ["--fasta", str(cohort.fasta), "--model", str(cohort.model)]
    if command != "predict":
        words += ["--expression", str(cohort.expression)]
    if command in ("run", "eqtl"):
        words += ["--permutations", "20"]
    if command in ("run", "baseline"):
        words += ["--cis-window" if command == "run" else "--window", "20000"]
    return words


def _told(capsys: Any, words: list[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["plan", "--dry-run", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_run_is_costed_as_it_is_done(
    cohort: DemoCohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    found = _told(capsys, ["--people", "500000", "run", *_words(cohort, "run")])
    assert list(tmp_path.iterdir()) == []
    steps = {one["step"]: one for one in found["costs"]["steps"]}
    model = next(name.split(" ")[1] for name in steps if name.startswith("predict "))
    assert list(steps) == [f"predict {model}", f"effects {model}", "baseline", "eqtl"]
    assert main(["run", "-q", *_words(cohort, "run"), "-o", "out"]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    # all genes are in the pilot: they are counted, not extrapolated
    assert steps[f"predict {model}"]["model_calls"] == manifest["summary"]["models"][model]["model_calls"]
    assert all(one["people"] == 60 and one["genes"] == 12 and one["hours"] > 0 for one in steps.values())
    pairs = tmp_path / "out" / "eqtl" / "nominal.tsv.gz"
    assert steps["eqtl"]["bytes"] == pytest.approx(pairs.stat().st_size, rel=0.1)
    more = {one["step"]: one for one in found["extrapolated"]["steps"]}
    for name, one in more.items():
        assert one["people"] == 500_000
        assert one["model_calls"] >= steps[name]["model_calls"]
        assert one["hours"] >= steps[name]["hours"]
    assert found["costs"]["total"]["hours"] == pytest.approx(sum(one["hours"] for one in steps.values()))


@pytest.mark.parametrize("command", ["predict", "eqtl", "baseline"])
def test_lines(cohort: DemoCohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, command: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--dry-run", "--people", "1000", command, *_words(cohort, command)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{command}")
    assert "60 people, 12 genes" in lines[0]
    assert lines[2] == "for 1000 people, extrapolated from those at hand:"
    assert "1000 people, 12 genes" in lines[3]
    assert lines[-1] == "tables, figures and the report are not counted; nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_go_together(cohort: DemoCohort, tmp_path: Path, capsys: Any) -> None:
    words = ["eqtl", *_words(cohort, "eqtl")]
    assert main(["plan", *words]) == 2
    assert "Missing option '-o'" in capsys.readouterr().err
    assert main(["plan", *words, "-o", str(tmp_path / "out")]) == 2
    assert "Missing option '--shards'" in capsys.readouterr().err
    assert main(["plan", *words, "--people", "5", "--shards", "2", "-o", str(tmp_path / "out")]) == 2
    assert "--people without --dry-run" in capsys.readouterr().err
    without = [one for one in _words(cohort, "baseline") if one not in ("--expression", str(cohort.expression))]
    assert main(["plan", "--dry-run", "baseline", *without]) == 2
    assert "give --expression" in capsys.readouterr().err
