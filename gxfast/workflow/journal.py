"""What a run directory knows of finished blocks, and who may write: the journal of a run, those of shards, locks.

A journal is lines ``name<TAB>SHA-256``, the first of them of the plan. Each shard writes its own, so that any number of
machines may work in one directory; whoever puts results together reads all of them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..errors import InputError
from ..io.files import atomic_write, opened_lock
from .shard import Part, Shard

__all__ = [
    "JOURNAL",
    "PLAN",
    "RESULT",
    "SHARDS",
    "STATE",
    "apart",
    "claim",
    "journal_file",
    "read_journal",
    "read_journals",
    "release",
    "write_journal",
]

STATE: Final = ".gxfast"
PLAN: Final = "plan.json"  # also the name under which a journal holds the plan's hash
SHARDS: Final = "shards"
RESULT: Final = "="  # before the name of a result in the journal
JOURNAL: Final = "journal.tsv"


def journal_file(path: Path, shard: Shard | None = None) -> Path:
    """Return the journal of a run directory, or of a shard that is made in it."""
    return path / STATE / JOURNAL if shard is None else path / STATE / SHARDS / f"{shard.name}.tsv"


def read_journal(path: Path, shard: Shard | None = None) -> dict[str, str]:
    """Return the SHA-256 of the blocks that a journal names, and of its plan; no torn line."""
    try:
        text = journal_file(path, shard).read_text(errors="replace")
    except FileNotFoundError:
        return {}
    return _entries(text)


def read_journals(path: Path, planned: str) -> dict[str, str]:
    """Return what `read_journal` does, with the blocks of all shards of the plan whose hash is ``planned``."""
    found: dict[str, str] = {}
    folder = path / STATE / SHARDS
    for file in sorted(folder.glob("*.tsv")) if folder.is_dir() else ():
        entries = _entries(file.read_text(errors="replace"))
        if entries.pop(PLAN, None) == planned:
            found |= entries
    return found | read_journal(path)


def _entries(text: str) -> dict[str, str]:
    pairs = (line.split("\t") for line in text.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and len(pair[1]) == 64 and _inside(pair[0])}


def write_journal(path: Path, lines: Mapping[str, str], shard: Shard | None = None) -> None:
    """Write a journal anew."""
    content = "".join(f"{name}\t{digest}\n" for name, digest in lines.items())
    atomic_write(journal_file(path, shard), content.encode())


def apart(journal: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the blocks of a journal, and the results in place of blocks."""
    results = {name[1:]: digest for name, digest in journal.items() if name.startswith(RESULT)}
    return {name: digest for name, digest in journal.items() if not name.startswith(RESULT)}, results


def _inside(name: str) -> bool:
    """Whether a name that was read back names something below the folder it belongs to."""
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts


def claim(path: Path, part: Part) -> list[int]:
    """Create the directory and take its locks, or say who may not; shards share a directory, each is made once."""
    try:
        (path / STATE).mkdir(parents=True, exist_ok=True)
        held = [opened_lock(path / STATE / "lock")]
        if part.shard is not None:
            (path / STATE / SHARDS).mkdir(exist_ok=True)
            held.append(opened_lock(path / STATE / SHARDS / f"{part.shard.name}.lock"))
    except OSError as error:
        raise InputError(
            f"cannot write into the output directory: {error.strerror}",
            path=path,
            remedy="choose a directory that you may write to with `output=`",
        ) from None
    try:
        fcntl.flock(held[0], (fcntl.LOCK_EX if part.shard is None else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        for own in held[1:]:
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        release(held)
        what = "another run is writing into this directory"
        if part.shard is not None:
            what = f"another run is writing into this directory, or making shard {part.shard}"
        raise InputError(what, path=path, remedy="wait for it, or choose another directory with `output=`") from None
    return held


def release(held: list[int]) -> None:
    """Give locks back."""
    while held:
        os.close(held.pop())
