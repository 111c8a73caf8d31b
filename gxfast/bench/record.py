"""Results that are kept: one JSON file per run, named by date, processor and commit, whole after every case."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..io.files import atomic_write
from .result import Row

__all__ = ["record_name", "unused_path", "write_results"]


def record_name(facts: dict[str, Any]) -> str:
    """Return ``DATE-PROCESSOR-COMMIT``, e.g. ``2026-11-23-amd-epyc-70a7fbb``.

    Where the commit is not known, the version of the package stands for it.
    """
    processor = re.sub(r"\((r|tm)\)|\b(cpu|processor)\b|@.*", " ", facts["cpu"].lower())
    words = re.findall(r"[a-z0-9]+", processor)
    commit = facts["commit"] or f"v{facts['versions'].get('gxfast', '-unknown')}"
    return "-".join([facts["date"], *(words or ["unknown"]), commit])


def unused_path(folder: Path, name: str) -> Path:
    """Return ``folder/name.json``, or with -2, -3 and so on where that is there: no result is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / f"{name}{'' if i == 1 else f'-{i}'}.json" for i in itertools.count(1))
    return next(path for path in paths if not path.exists())


def write_results(
    path: Path, facts: dict[str, Any], rows: Sequence[Row], *, complete: bool, interrupted: str = ""
) -> None:
    """Write the rows so far; an interrupted run leaves those of the cases that it finished, and names the next."""
    content = {
        "machine": facts, "complete": complete, "interrupted": interrupted, "cases": [row.as_json() for row in rows],
    }  # fmt: skip
    atomic_write(path, (json.dumps(content, indent=1) + "\n").encode())
