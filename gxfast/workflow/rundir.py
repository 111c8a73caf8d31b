"""The run directory: who may write, what is finished, and files that appear only when they are whole.

Protocol: each block is written to a partial name, synced, renamed, and then named with its SHA-256 in a
journal, whose first line is the hash of the plan. A resumed run re-hashes what the journal names and redoes the
rest; it is refused when anything that changes numbers differs, or the plan is not the journal's. Where a result holds
what blocks held, the journal of a finished run names the result (with a leading ``=``) in place of these blocks, and
they are removed.
``manifest.json`` with ``"complete": true`` is the last file to appear. What may differ between equal runs (times,
host, paths, threads) is kept apart in ``.gxfast/run.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.files import appended, atomic_write, differing, plain_files, remove, sha256_of
from ..io.npz import npz_bytes
from .journal import (
    JOURNAL,
    PLAN,
    RESULT,
    SHARDS,
    STATE,
    apart,
    claim,
    journal_file,
    read_journal,
    read_journals,
    release,
    write_journal,
)
from .shard import WHOLE, Part

__all__ = [
    "CONFIG",
    "EXTRA",
    "STATE",
    "RunDirectory",
    "differences",
    "is_finished",
    "noted_results",
    "read_journal",
    "read_manifest",
    "read_plan",
    "repeated_by",
    "verify",
]

EXTRA: Final = "not of this run"  # of a file, in what `verify` returns
CONFIG: Final = "config.toml"  # what the command line writes to do a run again: of this machine, as run.json is
_ANEW: Final = "start anew in another directory"
_OF_NOTHING: Final = {f"{STATE}/{name}" for name in (PLAN, JOURNAL, "run.json", "lock")}
_REPEATED_BY: ContextVar[str | None] = ContextVar("repeated_by", default=None)
B = TypeVar("B")


class RunDirectory:
    """A locked run directory.

    Parameters
    ----------
    path : str or Path
        Created if absent. An existing one must be empty, or a run directory and ``resume`` true.
    plan : mapping
        Everything that changes numbers: versions, options, hashes of the inputs. JSON-serialisable.
    resume : bool
        Go on with what is there.
    part : Part
        What is done of the run.

    Raises
    ------
    InputError
        If it cannot be written, is used by another run, holds other files, or holds a different plan.
    """

    def __init__(self, path: str | Path, plan: Mapping[str, Any], *, resume: bool, part: Part = WHOLE) -> None:
        self.path, self.part = Path(path), part
        self.plan = json.loads(json.dumps(plan))
        _refuse_foreign(self.path)
        self._locks = claim(self.path, part)
        try:
            self._start(resume)
        except BaseException:
            self.close()
            raise

    def _start(self, resume: bool) -> None:
        plan_file = self.path / STATE / PLAN
        there = {file.as_posix() for file in plain_files(self.path)}  # refuses links
        journal = read_journal(self.path)
        if not resume and there <= _OF_NOTHING and journal.keys() <= {PLAN}:
            # A run that was refused, or stopped, before it did anything: nothing is lost by beginning anew.
            remove(plan_file)
            journal = {}
        if not plan_file.exists() and journal:
            raise InputError("the plan of this run is lost, its blocks are not", path=self.path, remedy=_ANEW)
        if plan_file.exists():
            if not resume:
                raise InputError(
                    "the directory already holds a run",
                    path=self.path,
                    remedy="go on with `resume=True`, or choose another directory",
                )
            self._check_same_plan()
        else:
            atomic_write(plan_file, _json_bytes(self.plan))
        planned = self._planned = sha256_of(plan_file)
        if journal.setdefault(PLAN, planned) != planned:
            raise InputError("the blocks in this directory are of another plan", path=self.path, remedy=_ANEW)
        if self.part.shard is not None and is_finished(self.path):
            raise InputError("this run is finished", path=self.path, remedy="gxfast verify looks at it once more")
        (self.path / "manifest.json").unlink(missing_ok=True)
        blocks, results = apart({**read_journals(self.path, planned), PLAN: planned})
        del blocks[PLAN]
        changed = differing(self.path, results)
        self._kept = {name: digest for name, digest in results.items() if name not in changed}
        self._superseded: dict[str, list[str]] = {}
        if self.part.shard is not None:
            # What is there is compared when it is asked for: a shard need not read what others made.
            self._done, self._unseen = {}, blocks
        else:
            damaged = differing(self.path / STATE / "blocks", blocks)
            self._done, self._unseen = {name: one for name, one in blocks.items() if name not in damaged}, {}
        # A torn last line or a damaged block is simply done again, and a torn line must not swallow the next entry.
        self._write_journal()
        self.resumed = len(self._done)

    def _write_journal(self) -> None:
        """Write the journal anew: the plan, blocks, results in place of blocks; of a shard, the blocks it made."""
        lines = {PLAN: self._planned}
        if self.part.shard is None:
            lines |= self._done
            lines |= {RESULT + name: digest for name, digest in self._kept.items()}
        else:
            mine = read_journal(self.path, self.part.shard)
            lines |= {name: digest for name, digest in self._unseen.items() if mine.get(name) == digest}
        write_journal(self.path, lines, self.part.shard)

    def _check_same_plan(self) -> None:
        changed = sorted(differences(read_plan(self.path), self.plan))
        if changed:
            raise InputError(
                f"cannot resume: {', '.join(changed[:5])} changed since the run was started",
                path=self.path,
                remedy="use the same inputs, options and version, or start anew in another directory",
            )

    def has_block(self, name: str) -> bool:
        """Whether a block is finished and whole."""
        digest = self._unseen.pop(name, None)
        file = self.path / STATE / "blocks" / name
        if digest is not None and file.exists() and sha256_of(file) == digest:
            self._done[name] = digest
        return name in self._done

    def blocks_named(self, prefix: str) -> list[str]:
        """Return the finished blocks, those of shards too, whose name begins so."""
        return sorted(name for name in {*self._done, *self._unseen} if name.startswith(prefix))

    def todo(self, blocks: Sequence[B], finished: Callable[[B], bool]) -> list[B]:
        """Return the blocks that are to be made here: those of this part that are not finished.

        Raises
        ------
        InputError
            If there are some, and the parts are being merged.
        """
        left = [block for block in self.part.of(blocks) if not finished(block)]
        if left and self.part.merging:
            raise InputError(
                f"{len(left)} of {len(blocks)} blocks of a step are missing or damaged",
                path=self.path,
                remedy="gxfast status says which shards to run again; gxfast run DIR --resume makes what is missing",
            )
        return left

    def write_block(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store named arrays as one block and enter it in the journal."""
        file = self.path / STATE / "blocks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = npz_bytes(arrays)
        atomic_write(file, content)
        digest = hashlib.sha256(content).hexdigest()
        appended(journal_file(self.path, self.part.shard), f"{name}\t{digest}\n")
        self._done[name] = digest

    def read_block(self, name: str, keys: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
        """Return the arrays of a finished block; all by default."""
        with np.load(self.path / STATE / "blocks" / name, allow_pickle=False) as stored:
            return {key: stored[key] for key in keys or stored.files}

    def has_result(self, name: str) -> bool:
        """Whether a finished run left a result that is whole, in place of the blocks that it was made of."""
        return name in self._kept

    def supersede(self, result: str, blocks: Iterable[str]) -> None:
        """Say that a result holds what blocks hold: when the run is finished, they go."""
        self._superseded[result] = [name for name in blocks if name in self._done]

    def _drop_superseded(self, results: Mapping[str, str]) -> None:
        dropped = [name for names in self._superseded.values() for name in names]
        self._kept |= {result: results[result] for result in self._superseded}
        for name in dropped:
            del self._done[name]
        self._write_journal()
        for name in dropped:
            remove(self.path / STATE / "blocks" / name)

    def subdirectory(self, name: str) -> Path:
        """Return a folder inside the run directory, made if absent."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return folder

    def note_run(self, facts: Mapping[str, Any]) -> None:
        """Record what may differ between equal runs (times, host, threads, command line)."""
        file = self.path / STATE / "run.json"
        try:
            events = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            events = []
        events = events if isinstance(events, list) else []  # one that is damaged is worth no run
        events.append({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **facts})
        atomic_write(file, _json_bytes(events))

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, with the hash of every result file: the run is complete from here on."""
        config = _REPEATED_BY.get()
        if config is not None:
            # Names of files that are no text stay what they were in no file: such a run is not repeated by this one.
            atomic_write(self.path / CONFIG, config.encode("utf-8", "surrogateescape"))
        results = {name: sha256_of(self.path / name) for name in _results(self.path)}
        if self._superseded:
            self._drop_superseded(results)
        content = {**self.plan, **manifest, "results": results, "complete": True}
        remove(self.path / STATE / SHARDS)
        atomic_write(self.path / "manifest.json", _json_bytes(content))

    def write_provisional_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write what the report reads before the run is complete."""
        atomic_write(self.path / "manifest.json", _json_bytes({**self.plan, **manifest, "complete": False}))

    def close(self) -> None:
        """Give the lock back."""
        release(self._locks)

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def repeated_by(config: str) -> Iterator[None]:
    """Leave a text as ``config.toml`` in the directories of the runs that are finished meanwhile."""
    token = _REPEATED_BY.set(config)
    try:
        yield
    finally:
        _REPEATED_BY.reset(token)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a run that is finished.

    Raises
    ------
    InputError
        If it is not there, damaged, or of a run that is not finished.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        results = manifest["results"] if manifest["complete"] is True else {None: None}
        if not all(isinstance(text, str) for text in (*results, *results.values())):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            "this is no finished run: it has no whole manifest.json",
            path=path,
            remedy="finish it with `resume=True`, and name its directory",
        ) from None
    return dict(manifest)


def is_finished(path: Path) -> bool:
    """Whether a run directory has the manifest of a finished run; there is another one while the report is drawn."""
    try:
        read_manifest(path)
    except InputError:
        return False
    return True


def verify(path: Path, *, blocks: bool = True) -> dict[str, str]:
    """Re-hash everything in a finished run directory; without ``blocks`` all but these.

    Returns
    -------
    dict of str to str
        Files that are not as the run wrote them, and how: ``missing``, ``changed``, or ``not of this run``.

    Raises
    ------
    InputError
        See `read_manifest`.
    """
    manifest = read_manifest(path)
    found = differing(path, manifest["results"])
    known = {*manifest["results"], "manifest.json", CONFIG}
    for file in plain_files(path):
        if str(file) not in known and file.parts[0] != STATE:
            found[str(file)] = EXTRA
    journal = read_journal(path)
    planned = journal.pop(PLAN, None)
    damaged = differing(path / STATE / "blocks", apart(journal)[0]) if blocks else {}
    found |= {f"{STATE}/blocks/{name}": how for name, how in damaged.items()}
    plan = path / STATE / PLAN
    if not plan.exists() or sha256_of(plan) != planned:
        found[f"{STATE}/{PLAN}"] = "changed" if plan.exists() else "missing"
    elif any(manifest.get(key) != value for key, value in read_plan(path).items()):
        found["manifest.json"] = "changed"
    return found


def read_plan(path: Path) -> dict[str, Any]:
    """Return the plan of a run directory.

    Raises
    ------
    InputError
        If it is damaged.
    """
    file = path / STATE / PLAN
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        plan = None
    if not isinstance(plan, dict):
        raise InputError("the plan of this run is damaged", path=file, remedy=_ANEW)
    return plan


@contextmanager
def noted_results(path: Path) -> Iterator[None]:
    """Let a finished run be added to; afterwards the manifest has the hashes of what was written, and of no other.

    Raises
    ------
    InputError
        See `read_manifest`.
    """
    read_manifest(path)
    before = _states(path)
    yield
    manifest = read_manifest(path)
    written = [name for name, state in _states(path).items() if before.get(name) != state]
    manifest["results"] |= {name: sha256_of(path / name) for name in written}
    atomic_write(path / "manifest.json", _json_bytes(manifest))


def _states(path: Path) -> dict[str, tuple[int, int]]:
    """What tells that a result was written again: it is another file then."""
    states = {name: (path / name).stat() for name in _results(path)}
    return {name: (state.st_ino, state.st_mtime_ns) for name, state in states.items()}


def _results(path: Path) -> list[str]:
    return [str(file) for file in plain_files(path) if file.parts[0] not in (STATE, "manifest.json", CONFIG)]


def _refuse_foreign(path: Path) -> None:
    """Leave a folder alone that is not ours."""
    if not path.is_dir() or (path / STATE).exists():
        return
    others = sorted(os.listdir(path))
    if others:
        raise InputError(
            f"the directory holds other files ({', '.join(others[:3])})",
            path=path,
            remedy="choose a new or empty directory with `output=`",
        )


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def differences(old: Any, new: Any, at: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(set(old) | set(new))
        return [d for key in keys for d in differences(old.get(key), new.get(key), f"{at}.{key}" if at else key)]
    return [] if old == new else [at or "the plan"]
