"""Names in tables of groups and scores, and runs by them that are stopped, repeated from elsewhere, or changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from robustness.catalogue.effects import row_of
from robustness.catalogue.project import ARGUMENTS, Project, make_project
from robustness.driver import STATE, differences, files_of, looks_finished, run, wait_for

from gxfast.cli.main import main

NAMES = (
    "Yoruba in Ibadan",
    "Z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich",
    "../a",
    "=1+1",
    "1",
    "<script>alert(1)</script>",
)
COMMANDS = ("cells", "benchmark")
WRITTEN = {"cells": "cells.tsv", "benchmark": "variants/metrics.tsv"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def do(command: str, project: Project, out: Path, *extra: str) -> int:
    return main([*ARGUMENTS[command](project), "-o", str(out), *extra])


@pytest.mark.parametrize("name", NAMES)
def test_names_of_populations_are_only_names(project: Project, tmp_path: Path, name: str) -> None:
    assert do("cells", project, tmp_path / "plain") == 0
    row_of("populations", lambda r: [r[0], name])(project)
    assert do("cells", project, tmp_path / "odd") == 0
    for file in ("cells.tsv", "cells.genes.tsv", "people.tsv"):
        rows = (tmp_path / "plain" / file).read_text().replace("AFR", name)
        assert (tmp_path / "odd" / file).read_text() == rows
    assert main(["report", str(tmp_path / "odd")]) == 0
    assert "<script>alert(1)" not in (tmp_path / "odd" / "report.html").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_names_of_tissues_are_only_names(project: Project, tmp_path: Path, name: str) -> None:
    row_of("labels", lambda r: [*r[:-1], "A"])(project)
    assert do("benchmark", project, tmp_path / "plain") == 0
    row_of("labels", lambda r: [*r[:-1], name])(project)
    assert do("benchmark", project, tmp_path / "odd") == 0
    rows = (tmp_path / "plain" / WRITTEN["benchmark"]).read_text().replace("\tA\t", f"\t{name}\t")
    assert (tmp_path / "odd" / WRITTEN["benchmark"]).read_text() == rows


@pytest.mark.parametrize("command", COMMANDS)
def test_the_configuration_of_a_run_by_relative_names(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    relative = [one.replace(f"{project.folder}/", "") for one in ARGUMENTS[command](project)]
    monkeypatch.chdir(project.folder)
    assert main([*relative, "-o", "../first"]) == 0
    monkeypatch.chdir("/")
    name = relative[0]
    assert main([name, "--config", str(tmp_path / "first" / "config.toml"), "-o", str(tmp_path / "again")]) == 0
    assert differences(files_of(tmp_path / "again"), files_of(tmp_path / "first")) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_configuration_written_by_hand(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    texts = {
        "cells": 'fasta="genome.fa"\nvcf="cohort.vcf.gz"\ngenes="genes.tsv"\nexpression="expression.bed"\n'
        'effects=["mine=effects.tsv"]\npopulations="populations.tsv"\ngene-split="split.tsv"\n'
        'steps="check,predict,evaluate"\n',
        "benchmark": 'labels="labels.tsv"\nscores=["mine=scores.tsv"]\n',
    }
    (project.folder / "mine.toml").write_text(texts[command])
    monkeypatch.chdir("/")
    name = ARGUMENTS[command](project)[0]
    assert main([name, "--config", str(project.folder / "mine.toml"), "-o", str(tmp_path / "out")]) == 0
    assert do(command, project, tmp_path / "named") == 0
    assert differences(files_of(tmp_path / "out"), files_of(tmp_path / "named")) == []


@pytest.mark.parametrize(("command", "changed"), [("cells", "effects"), ("cells", "populations"), ("cells", "split"),
                                                  ("benchmark", "labels"), ("benchmark", "scores")])  # fmt: skip
def test_a_run_is_verified_and_goes_on_by_the_same_tables_alone(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, changed: str
) -> None:
    out = tmp_path / "out"
    assert do(command, project, out) == 0
    before = files_of(out)
    assert main(["verify", str(out)]) == 0
    assert do(command, project, out, "--resume") == 0
    assert differences(files_of(out), before) == []
    path = getattr(project, changed)
    path.write_text(path.read_text().replace("\n", "\r\n"))
    capfd.readouterr()
    assert do(command, project, out, "--resume") == 2
    said = capfd.readouterr().err
    assert f"inputs.{changed.replace('split', 'gene_split')}" in said
    assert "remedy:" in said
    (out / WRITTEN[command]).write_text("x\n")
    assert main(["verify", str(out)]) == 1


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_stopped_looks_it(project: Project, tmp_path: Path, command: str, sent: signal.Signals) -> None:
    assert do(command, project, tmp_path / "whole") == 0
    whole = files_of(tmp_path / "whole")
    line = [sys.executable, "-m", "gxfast", *ARGUMENTS[command](project), "-q", "-o"]
    for number, wait in enumerate((0.0, 0.005, 0.02, 0.06)):
        out = tmp_path / f"stopped-{number}"
        process = subprocess.Popen([*line, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(process, out / STATE / "plan.json")
        time.sleep(wait)
        os.kill(process.pid, sent)
        err = process.communicate(timeout=60)[1].decode()
        assert "Traceback" not in err
        found = files_of(out)
        if looks_finished(out):
            assert differences(found, whole) == []
            assert (out / "config.toml").exists()
            assert main(["verify", str(out)]) == 0
        else:
            assert process.returncode in (-sent, 128 + sent)
            cut = [file for file in found if file in whole and found[file] != whole[file]]
            assert not {*cut} - {"manifest.json", f"{STATE}/journal.tsv"}
            assert main(["verify", str(out)]) != 0
        assert run([*line, str(out), "--resume"]).code == 0
        assert differences(files_of(out), whole) == []
