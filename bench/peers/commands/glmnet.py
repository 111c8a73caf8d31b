"""R's cv.glmnet in a script (elastic_net.R): the whole of it, R's start and the tables included."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from gxfast.bench.cases.commands.baseline import JOB, NetFiles, Predictions, read_by_gene, script_words
from gxfast.bench.measure import UnavailableError
from gxfast.bench.peers import CommandPeer

__all__ = ["peers"]

_SCRIPT: Final = Path(__file__).with_name("elastic_net.R")


def _there() -> None:
    asked = ["Rscript", "-e", "library(glmnet)"]
    if not shutil.which("Rscript") or subprocess.run(asked, capture_output=True).returncode:
        raise UnavailableError("apt-get install r-base-core r-cran-glmnet")


def _words(files: NetFiles, folder: Path) -> list[str | Path]:
    return ["Rscript", _SCRIPT, *script_words(files), folder / "out.tsv"]


def _read(files: NetFiles, folder: Path) -> Predictions:
    return read_by_gene(folder / "out.tsv", 1)


def peers() -> list[CommandPeer]:
    """Return the script."""
    return [CommandPeer("R cv.glmnet", JOB, _there, _words, _read)]
