"""What the pages take for granted: a demo run for the README, and files under the names that the other pages use."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from oracles import markdown
from oracles.markdown import Outcome

from gxfast.demo import simulate_cohort
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf

REPOSITORY = Path(__file__).resolve().parents[2]
ReadPage = Callable[[str, Path], None]


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``gxfast-demo`` in it, as ``gxfast demo`` leaves it there, and with what it said."""
    folder = tmp_path_factory.mktemp("demo")
    with (folder / "said.txt").open("w") as said:
        subprocess.run([sys.executable, "-m", "gxfast", "demo"], cwd=folder, stdout=said, check=True)
    return folder


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated cohort under the names that the pages use, one VCF per contig, and three models of it."""
    folder = tmp_path_factory.mktemp("study")
    cohort = simulate_cohort(folder, n_people=40, n_genes=9)
    for file in (cohort.fasta, Path(f"{cohort.fasta}.fai"), Path(f"{cohort.fasta}.gzi")):
        file.rename(folder / file.name.replace("genome", "ref"))
    for name in ("model", "a", "b", "c"):
        shutil.copy(cohort.model, folder / f"{name}.onnx")
        (folder / f"{name}.card.json").write_text(
            json.dumps({"gxfast_card": 1, "name": name, "ensemble": {"reverse_complement": name == "b"}})
        )
    lines = gzip.decompress(cohort.vcf.read_bytes()).decode().splitlines(keepends=True)
    for contig in ("chr1", "chr2"):
        kept = "".join(line for line in lines if line.startswith(("#", f"{contig}\t")))
        index_vcf(write_bgzf(folder / f"{contig}.vcf.gz", kept.encode()))
    return folder


@pytest.fixture
def read_page(tmp_path: Path, record_property: Callable[[str, object], None]) -> ReadPage:
    """``read_page(page, folder)`` runs the page's blocks in a copy of the folder, and fails with those that fail."""

    def read(page: str, folder: Path) -> None:
        place, report = tmp_path / "reader", tmp_path / "report.json"
        shutil.copytree(folder, place)
        environment = dict(os.environ)
        environment["PATH"] = f"{_commands(tmp_path / 'bin')}{os.pathsep}{environment['PATH']}"
        data = Path(environment.setdefault("GXFAST_DATA", str(REPOSITORY.parent / "shared" / "data")))
        if not data.is_dir():
            del environment["GXFAST_DATA"]
        command = [sys.executable, markdown.__file__, str(REPOSITORY / page), str(place), str(report)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        outcomes = [Outcome(**entry) for entry in json.loads(report.read_text())]
        for outcome in outcomes:
            record_property("block", (page, outcome.line, outcome.kind, outcome.why, outcome.seconds))
        failed = [f"{page}:{one.line}: {one.why}" for one in outcomes if one.kind == "failed"]
        if failed:
            pytest.fail("\n\n".join(failed), pytrace=False)

    return read


def _commands(folder: Path) -> Path:
    """Make ``gxfast`` and ``python`` of this environment, whether it is activated or not."""
    folder.mkdir()
    for name, call in (("gxfast", " -m gxfast"), ("python", "")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}"{call} "$@"\n')
        script.chmod(0o755)
    return folder
