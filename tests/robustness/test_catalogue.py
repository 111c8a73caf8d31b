"""The catalogue of bad input: each case through the command line, beside a clean twin."""

from __future__ import annotations

import gzip
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.measured import run_measured
from robustness.catalogue import CASES
from robustness.catalogue.case import Case
from robustness.catalogue.hostile import MARKUP
from robustness.catalogue.project import ARGUMENTS, Project, make_project

from gxfast.cli.main import main

SECONDS = 60
# What looks at the inputs of a command.
CHECKS = {"run": "check", "effects": "check effects", "cells": "check cells"}
PEAK_KB = 1_500_000  # of a process of its own


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("catalogue") / "clean")


@pytest.fixture(scope="session")
def twins(clean: Project, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Path]:
    """``twins(case)``: the output of a case's clean twin, run once."""
    done: dict[Any, Path] = {}

    def output_of(case: Case) -> Path:
        key = case.command, case.twin
        if key not in done:
            folder = tmp_path_factory.mktemp("twin")
            project = clean.copy(folder / "project")
            if case.twin:
                case.twin(project)
            done[key] = folder / "out"
            assert main(command_line(case.command, project, done[key])) in (0, 3)
        return done[key]

    return output_of


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    def stop(*_: Any) -> None:
        pytest.fail(f"no end after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def command_line(command: str, project: Project, output: Path) -> list[str]:
    if command == "compare":
        output.mkdir(exist_ok=True)
    where = ["-o", str(output / "agreement.tsv" if command == "compare" else output)]
    where = [] if command.startswith("check") or "-o" in project.extra else where
    threads = [] if command in ("compare", "report", "benchmark") else ["--threads", "1"]
    return [*ARGUMENTS[command](project), *where, *threads, *project.extra]


def run_in_child(argv: list[str], environment: dict[str, str]) -> tuple[int, str]:
    code, told, peak = run_measured(argv, environment)
    assert peak < PEAK_KB, f"peak of {peak} kB"
    return code, told


def sizes(folder: Path) -> dict[str, int]:
    """Files of the project: a run must leave them as they are, and none of its own among them."""
    return {str(path): path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()}


def contents(output: Path, pattern: str = "**/*") -> dict[str, bytes]:
    """Results of a run: bytes by name; what may differ between equal runs is left out."""
    files = [path for path in output.glob(pattern) if path.is_file() and not {".gxfast", "config.toml"} & {*path.parts}]
    counting = ("manifest.json", "gxfast_mqc.json", "report.html")  # what they say of the inputs is another thing
    return {str(path.relative_to(output)): path.read_bytes() for path in sorted(files) if path.name not in counting}


def parameter(case: Case) -> Any:
    return pytest.param(case, id=f"{case.name}-{case.command}")


@pytest.mark.parametrize("case", [parameter(case) for case in CASES])
def test_case(case: Case, clean: Project, twins: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    project = clean.copy(tmp_path / "project")
    place = case.spoil(project)
    says = [*case.says, *([place] if isinstance(place, str) else place or ())]
    output = tmp_path / "out"
    argv = command_line(case.command, project, output)
    before = sizes(project.folder)
    if case.child:
        code, told = run_in_child(argv, case.environment)
    else:
        code = main(argv)
        told = "".join(capfd.readouterr())
    assert "Traceback" not in told, told
    missing = [part for part in says if part not in told]
    assert not missing, f"exit code {code}, {missing} not said:\n{told}"
    assert sizes(project.folder) == before
    if case.outcome == "refused":
        assert_refused(code, told, output)
        if case.command in CHECKS and case.checked:
            code = main(command_line(CHECKS[case.command], project, output))
            told = "".join(capfd.readouterr())
            missing = [part for part in says if part not in told]
            assert code == 2, told
            assert not missing, f"gxfast check does not say {missing}:\n{told}"
        return
    assert code == (case.code or (3 if case.outcome == "listed" else 0)), told
    manifest = (output / "manifest.json").read_text()
    assert '"complete": true' in manifest
    uncounted = [part for part in case.counted if part not in manifest]
    assert not uncounted, f"{uncounted} not in the manifest:\n{manifest}"
    # What is counted of records is said, too: the check of a run does it.
    kinds = [found[1] for part in case.counted if (found := re.match(r'"([a-z_]+)": (?:[1-9]|$)', part))]
    unsaid = [kind for kind in kinds if kind not in told and kind != "n_people"]
    assert case.command != "run" or not unsaid, f"{unsaid} not said:\n{told}"
    twin = twins(case)
    if case.outcome == "same":
        found, expected = contents(output, case.only), contents(twin, case.only)
        assert expected
        assert found.keys() == expected.keys()
        assert not [name for name in expected if found[name] != expected[name]]
        return
    if case.outcome == "alike":
        assert values_by_name(output) == values_by_name(twin)
        return
    if case.outcome == "empty":
        assert_empty(metric_rows(output), metric_rows(twin), case.metrics)
        return
    if case.outcome == "inside":
        assert_inside(tmp_path, output)
        return
    rows, expected = gene_rows(output), gene_rows(twin)
    if case.outcome != "finite":
        others = [gene for gene in expected if gene not in case.genes]
        assert {gene: free_of_q(rows[gene]) for gene in others} == {gene: free_of_q(expected[gene]) for gene in others}
    for gene in case.genes:
        assert_gene(case.outcome, rows[gene], expected.get(gene, {}), predicted(output).get(gene, []))


def assert_empty(
    rows: dict[tuple[str, ...], list[str]], expected: dict[tuple[str, ...], list[str]], metrics: Any
) -> None:
    empty = {key for key in rows if key[-1] in metrics}
    assert {key[-1] for key in empty} == {*metrics}
    for key in empty:
        value, low, high, se, *_, status = rows[key]
        assert (value, low, high, se) == ("", "", "", "")
        assert status not in ("", "ok")
    others = expected.keys() - {key for key in expected if key[-1] in metrics}
    assert {key: rows[key] for key in others} == {key: expected[key] for key in others}


def metric_rows(output: Path) -> dict[tuple[str, ...], list[str]]:
    """Rows of a benchmark by model, tissue, stratum, controls and metric."""
    _, *rows = [line.split("\t") for line in (output / "variants" / "metrics.tsv").read_text().splitlines()]
    return {tuple(row[:6]): row[6:] for row in rows}


def assert_gene(outcome: str, row: dict[str, str], before: dict[str, str], values: list[float]) -> None:
    if outcome in ("listed", "undefined"):
        assert row["status"] != "ok"
        assert not any(text for name, text in row.items() if name.startswith(("pearson", "spearman"))), row
        return
    assert row["status"] == "ok", row
    assert np.isfinite(values).all()
    if outcome == "missing":
        assert int(row["n_people"]) == int(before["n_people"]) - 1
    if outcome == "close":
        assert float(row["pearson_r"]) == pytest.approx(float(before["pearson_r"]), abs=1e-4)


def assert_inside(folder: Path, output: Path) -> None:
    """Nothing was written but the run directory, and no markup of ours holds markup of theirs."""
    assert {path.name for path in folder.iterdir()} == {"project", "out"}
    assert main(["report", str(output)]) == 0
    for path in [*output.glob("**/*.svg"), *output.glob("**/*.html")]:
        assert MARKUP not in path.read_text()


def assert_refused(code: int, told: str, output: Path) -> None:
    assert 1 <= code <= 125, told
    assert code == 2, told
    assert "remedy:" in told, told
    assert not contents(output), told
    manifest = output / "manifest.json"
    assert not manifest.exists() or '"complete": true' not in manifest.read_text()


def gene_rows(output: Path) -> dict[str, dict[str, str]]:
    header, *rows = [line.split("\t") for line in (output / "genes.tsv").read_text().splitlines()]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def free_of_q(row: dict[str, str]) -> dict[str, str]:
    """A row without what depends on how many genes there are."""
    return {name: text for name, text in row.items() if not name.endswith("_q")}


def values_by_name(output: Path) -> dict[str, dict[str, str]]:
    """Predictions by gene and person, whatever the order."""
    with gzip.open(next(output.glob("predictions/*.bed.gz")), "rt") as handle:
        head, *rows = [line.rstrip("\n").split("\t") for line in handle]
    return {row[3]: dict(zip(head[4:], row[4:], strict=True)) for row in rows}


def predicted(output: Path) -> dict[str, list[float]]:
    (path,) = output.glob("predictions/*.bed.gz")
    with gzip.open(path, "rt") as handle:
        rows = [line.rstrip("\n").split("\t") for line in handle][1:]
    return {row[3]: [float(cell.replace("NA", "nan")) for cell in row[4:]] for row in rows}
