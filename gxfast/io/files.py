"""The one way to write: files and folders that appear only when they are whole, and their hashes."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["atomic_write", "npz_bytes", "publish", "sha256_of", "written_whole"]

_CHUNK = 1 << 22


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


_REMEDY = "make room or choose another directory, then go on with --resume"


@contextmanager
def written_whole(path: Path, *, remedy: str = _REMEDY) -> Iterator[Path]:
    """Give a name to write a file or folder under; it gets its own name when the block ends without an error.

    What is at ``path`` is then either absent, old, or whole: partial name, sync, rename, sync the folder.

    Raises
    ------
    InputError
        If it cannot be written: no room, no right, no such folder.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        _remove(partial)
        yield partial
        publish(partial, path)
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", path=path, remedy=remedy) from None
    finally:
        with suppress(OSError):
            _remove(partial)


def atomic_write(path: Path, content: bytes, *, remedy: str = _REMEDY) -> None:
    """Write a file so that it is either absent, old, or whole; see `written_whole`."""
    with written_whole(path, remedy=remedy) as partial:
        partial.write_bytes(content)


def publish(partial: Path, path: Path) -> None:
    """Give a file or folder that is whole its name: sync it, rename it, sync the folder that it is in."""
    if partial.is_dir():
        _remove(path)
    else:
        _sync(partial)
    os.replace(partial, path)
    _sync(path.parent)


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return named arrays as the content of an ``.npz`` file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
