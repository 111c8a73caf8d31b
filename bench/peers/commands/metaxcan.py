"""MetaXcan's Predict.py; METAXCAN names its folder ``software``, METAXCAN_PYTHON an interpreter with its packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gxfast.bench.cases.commands.apply import JOB, WeightFiles, by_person
from gxfast.bench.cases.commands.baseline import Predictions
from gxfast.bench.measure import UnavailableError
from gxfast.bench.peers import CommandPeer

__all__ = ["peers"]


def _interpreter() -> str:
    return os.environ.get("METAXCAN_PYTHON", sys.executable)


def _script() -> Path:
    return Path(os.environ.get("METAXCAN", "")) / "Predict.py"


def _there() -> None:
    if not os.environ.get("METAXCAN") or not _script().is_file():
        raise UnavailableError("clone github.com/hakyimlab/MetaXcan and name its folder software by METAXCAN")
    if subprocess.run(
        [_interpreter(), "-c", "import pandas, cyvcf2, patsy; from numpy.core import product"], capture_output=True
    ).returncode:
        raise UnavailableError("pip install 'numpy<2' pandas patsy cyvcf2, and METAXCAN_PYTHON names that interpreter")


def _words(files: WeightFiles, folder: Path) -> list[str | Path]:
    return [
        _interpreter(), _script(), "--model_db_path", files.database, "--vcf_genotypes", files.people.vcf,
        "--vcf_mode", "genotyped", "--prediction_output", folder / "predicted.txt", "--throw",
    ]  # fmt: skip


def _read(files: WeightFiles, folder: Path) -> Predictions:
    return by_person(files, folder / "predicted.txt")


def peers() -> list[CommandPeer]:
    """Return Predict.py."""
    return [CommandPeer("MetaXcan Predict.py", JOB, _there, _words, _read)]
