"""What a run directory holds, as tests compare it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gxfast.workflow.journal import STATE


def fingerprint(folder: Path) -> dict[str, str]:
    """SHA-256 of every result."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and STATE not in file.parts
    }


def block_states(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every finished block: a block that is made again is another file."""
    blocks = folder / STATE / "blocks"
    files = [file for file in blocks.rglob("*.npz") if not file.name.startswith(".")]
    return {str(file.relative_to(blocks)): (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}
