"""Files that appear only when they are whole, and their hashes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..errors import InputError

__all__ = ["atomic_write", "publish", "sha256_of"]


_CHUNK = 1 << 22


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def atomic_write(
    path: Path, content: bytes, *, remedy: str = "make room or choose another directory, then go on with --resume"
) -> None:
    """Write a file so that it is either absent, old, or whole: partial name, sync, rename, sync the folder."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        publish(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot write: {error.strerror}", path=path, remedy=remedy) from None


def publish(partial: Path, path: Path) -> None:
    """Give a file that is whole its name: sync it, rename it, sync the folder."""
    _sync(partial)
    os.replace(partial, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
