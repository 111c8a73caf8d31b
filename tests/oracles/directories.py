"""What a run directory holds, as tests compare it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gxfast.workflow.journal import STATE
from gxfast.workflow.rundir import CONFIG


def fingerprint(folder: Path) -> dict[str, str]:
    """SHA-256 of every result; the options of the run are none."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and STATE not in file.parts and file.name != CONFIG
    }


def block_states(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every block that a journal names: a block that is made again is another file."""
    state = folder / STATE
    journals = [state / "journal.tsv", *sorted((state / "shards").glob("*.tsv"))]
    lines = [line for file in journals if file.exists() for line in file.read_text(errors="replace").split("\n")[:-1]]
    files = {name: state / "blocks" / name for name in (line.split("\t")[0] for line in lines)}
    return {
        name: (file.stat().st_ino, file.stat().st_mtime_ns) for name, file in files.items() if file.is_file()
    }  # fmt: skip
