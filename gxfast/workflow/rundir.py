"""The run directory: who may write, what is finished, and files that appear only when they are whole.

Protocol: each block is written to a partial name, synced, renamed, and then named with its SHA-256 in a
journal. A resumed run re-hashes what the journal names and redoes the rest; it is refused when anything that
changes numbers differs. ``manifest.json`` with ``"complete": true`` is the last file to appear. What may differ
between equal runs (times, host, paths, threads) is kept apart in ``.gxfast/run.json``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.files import atomic_write, npz_bytes, sha256_of

__all__ = ["RunDirectory", "rehash_results"]

_STATE = ".gxfast"


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

    Raises
    ------
    InputError
        If it cannot be written, is used by another run, holds other files, or holds a different plan.
    """

    def __init__(self, path: str | Path, plan: Mapping[str, Any], *, resume: bool) -> None:
        self.path = Path(path)
        self.plan = json.loads(json.dumps(plan))
        _refuse_foreign(self.path)
        self._lock = _claim(self.path)
        try:
            self._start(resume)
        except BaseException:
            self.close()
            raise

    def _start(self, resume: bool) -> None:
        state = self.path / _STATE
        plan_file = state / "plan.json"
        if plan_file.exists():
            if not resume:
                raise InputError(
                    "the directory already holds a run",
                    path=self.path,
                    remedy="go on with --resume, or choose another directory",
                )
            self._check_same_plan(plan_file)
        else:
            atomic_write(plan_file, _json_bytes(self.plan))
        (self.path / "manifest.json").unlink(missing_ok=True)
        self._done = self._read_journal()
        self.resumed = len(self._done)

    def _check_same_plan(self, plan_file: Path) -> None:
        try:
            old = json.loads(plan_file.read_text())
        except ValueError:
            raise InputError("the plan of this run is damaged", path=plan_file, remedy="start anew") from None
        changed = sorted(_differences(old, self.plan))
        if changed:
            raise InputError(
                f"cannot resume: {', '.join(changed[:5])} changed since the run was started",
                path=self.path,
                remedy="use the same inputs, options and version, or start anew in another directory",
            )

    def _read_journal(self) -> dict[str, str]:
        """Blocks that the journal names and whose bytes still agree with it."""
        journal = self.path / _STATE / "journal.tsv"
        done: dict[str, str] = {}
        if not journal.exists():
            return done
        for line in journal.read_text(errors="replace").splitlines():
            name, _, digest = line.partition("\t")
            file = self.path / _STATE / "blocks" / name
            # A torn last line or a damaged block is simply done again.
            if len(digest) == 64 and ".." not in name and file.is_file() and sha256_of(file) == digest:
                done[name] = digest
        # A torn line must not swallow the next entry.
        atomic_write(journal, "".join(f"{name}\t{digest}\n" for name, digest in done.items()).encode())
        return done

    def has_block(self, name: str) -> bool:
        """Whether a block is finished and whole."""
        return name in self._done

    def write_block(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store named arrays as one block and enter it in the journal."""
        file = self.path / _STATE / "blocks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = npz_bytes(arrays)
        atomic_write(file, content)
        digest = hashlib.sha256(content).hexdigest()
        with (self.path / _STATE / "journal.tsv").open("a") as journal:
            journal.write(f"{name}\t{digest}\n")
            journal.flush()
            os.fsync(journal.fileno())
        self._done[name] = digest

    def read_block(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of a finished block."""
        with np.load(self.path / _STATE / "blocks" / name, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}

    def subdirectory(self, name: str) -> Path:
        """Return a folder inside the run directory, made if absent."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return folder

    def note_run(self, facts: Mapping[str, Any]) -> None:
        """Record what may differ between equal runs (times, host, threads, command line)."""
        file = self.path / _STATE / "run.json"
        events = json.loads(file.read_text()) if file.exists() else []
        events.append({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **facts})
        atomic_write(file, _json_bytes(events))

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, with the hash of every result file: the run is complete from here on."""
        content = {**self.plan, **manifest, "results": _result_hashes(self.path), "complete": True}
        atomic_write(self.path / "manifest.json", _json_bytes(content))

    def write_provisional_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write what the report reads before the run is complete."""
        atomic_write(self.path / "manifest.json", _json_bytes({**self.plan, **manifest, "complete": False}))

    def close(self) -> None:
        """Give the lock back."""
        self._lock.close()

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _result_hashes(path: Path) -> dict[str, str]:
    files = sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())
    return {str(file): sha256_of(path / file) for file in files if file.parts[0] not in (_STATE, "manifest.json")}


def rehash_results(path: Path) -> None:
    """Bring the hashes in the manifest of a finished run up to date, after its report was drawn again."""
    file = path / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    if manifest.get("complete") is True:
        atomic_write(file, _json_bytes({**manifest, "results": _result_hashes(path)}))


def _refuse_foreign(path: Path) -> None:
    """Leave a folder alone that is not ours."""
    if not path.is_dir() or (path / _STATE).exists():
        return
    others = sorted(os.listdir(path))
    if others:
        raise InputError(
            f"the directory holds other files ({', '.join(others[:3])})",
            path=path,
            remedy="choose a new or empty directory with -o",
        )


def _claim(path: Path) -> IO[str]:
    """Create the directory and take its lock, or say who may not."""
    try:
        (path / _STATE).mkdir(parents=True, exist_ok=True)
        lock = (path / _STATE / "lock").open("w")
    except OSError as error:
        raise InputError(
            f"cannot write into the output directory: {error.strerror}",
            path=path,
            remedy="choose a directory that you may write to with -o",
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise InputError(
            "another run is writing into this directory",
            path=path,
            remedy="wait for it, or choose another directory with -o",
        ) from None
    return lock


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def _differences(old: Any, new: Any, at: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(set(old) | set(new))
        return [d for key in keys for d in _differences(old.get(key), new.get(key), f"{at}.{key}" if at else key)]
    return [] if old == new else [at or "the plan"]
