"""A job that was planned, to be done in shards: what was asked for, and how far the shards are."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import InputError
from ..io.files import atomic_write, opened_lock
from ..kernels import backend, cpu_name
from .journal import SHARDS, STATE, read_journal
from .shard import Shard

__all__ = ["PlannedJob", "ShardState", "cpu_kind", "note_shard", "read_job", "shard_states", "tell_cpus", "write_job"]

_JOB: Final = "job.json"
_AGAIN: Final = "plan it again in a new directory: gxfast plan ... -o DIR"


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """What a directory was planned for.

    Attributes
    ----------
    command : str
        Of `gxfast`: ``run``, ``predict``, ``eqtl``, ...
    parameters : dict
        Of the command, files by absolute name.
    shards : int
    """

    command: str
    parameters: dict[str, Any]
    shards: int


@dataclass(frozen=True, slots=True)
class ShardState:
    """How far a shard is: ``done``, ``running``, ``stopped`` or ``waiting``; and the blocks that it has made."""

    shard: Shard
    state: str
    n_blocks: int


def write_job(path: Path, job: PlannedJob) -> None:
    """Keep what a directory was planned for."""
    content = {"command": job.command, "parameters": job.parameters, "shards": job.shards}
    atomic_write(path / STATE / _JOB, json.dumps(content, indent=1).encode())


def read_job(path: Path) -> PlannedJob:
    """Return what a directory was planned for.

    Raises
    ------
    InputError
        If it was not, or the file is damaged.
    """
    file = path / STATE / _JOB
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        job = PlannedJob(str(content["command"]), dict(content["parameters"]), int(content["shards"]))
        if job.shards < 1:
            raise ValueError(job.shards)
    except FileNotFoundError:
        raise InputError("no job was planned in this directory", path=path, remedy="gxfast plan ... -o DIR") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise InputError("the planned job is damaged", path=file, remedy=_AGAIN) from None
    return job


def shard_states(path: Path, n_shards: int) -> list[ShardState]:
    """Return the state of every shard, in order."""
    return [_state(path, Shard(i + 1, n_shards)) for i in range(n_shards)]


def _state(path: Path, shard: Shard) -> ShardState:
    entries = read_journal(path, shard)
    if not entries:
        return ShardState(shard, "waiting", 0)
    n_blocks = len(entries) - 1  # the first is the plan
    if _note(path, shard).exists():
        return ShardState(shard, "done", n_blocks)
    lock = opened_lock(path / STATE / SHARDS / f"{shard.name}.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        state = "stopped"
    except OSError:
        state = "running"
    finally:
        os.close(lock)
    return ShardState(shard, state, n_blocks)


def note_shard(path: Path, shard: Shard, facts: Mapping[str, Any]) -> None:
    """Note that a shard is done, and where."""
    atomic_write(_note(path, shard), json.dumps({**facts, "cpu": cpu_kind()}, indent=1).encode())


def _note(path: Path, shard: Shard) -> Path:
    return path / STATE / SHARDS / f"{shard.name}.json"


def tell_cpus(path: Path) -> None:
    """Warn where shards were done on processors of several kinds: equal bytes hold for one kind."""
    kinds = set()
    for note in sorted((path / STATE / SHARDS).glob("*.json")):
        try:
            kinds.add(str(json.loads(note.read_text())["cpu"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if len(kinds) > 1:
        logging.getLogger("gxfast").warning(
            "the shards ran on processors of %d kinds (%s): a run on one of them may differ in last digits",
            len(kinds), "; ".join(sorted(kinds)),
        )  # fmt: skip


def cpu_kind() -> str:
    """Return the processor's name, and the instruction sets that our kernels choose among."""
    return f"{cpu_name()} ({', '.join(backend('cpp').cpu_features())})"
