"""HDF5 files of others: opened so that nothing but the file itself is read, and nothing larger than it can hold.

The HDF5 library itself crashes on some damage, and goes round in circles on other: a file is first read in a process
of its own, which may.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import GxfastError, InputError
from .bgzf import require_file

__all__ = ["open_hdf5", "read_all", "read_columns", "read_dataset"]

_MAGIC: Final = b"\x89HDF\r\n\x1a\n"
_FEW: Final = 1 << 20  # bytes, or objects
_WHOLE: Final = 1 << 26  # bytes of a dataset up to which it is tried whole
_SECONDS: Final = 10  # of a processor, and one for every 10 MB, until a file has no end
_READ_ALL: Final = "import sys; from gxfast.io.hdf5 import read_all; read_all(sys.argv[1], int(sys.argv[2]))"
_RATIO: Final = 1100  # of a compressed chunk that is all zeros; deflate makes no larger


@contextmanager
def open_hdf5(path: Path, what: str, *, remedy: str = "download or write the file again") -> Iterator[Any]:
    """Open a file to read; whatever goes wrong inside the block is an error of the file.

    Parameters
    ----------
    path : Path
    what : str
        What the file is for.
    remedy : str

    Raises
    ------
    InputError
        If h5py is missing, the file is no HDF5, is damaged, or has links or data in other files.
    """
    try:
        import h5py
    except ImportError:
        raise InputError(f"the {what} needs h5py", path=path, remedy="pip install 'gxfast[models]'") from None
    require_file(path, what)
    with path.open("rb") as handle:
        if handle.read(len(_MAGIC)) != _MAGIC:
            raise InputError(f"the {what} is not an HDF5 file", path=path, remedy=remedy)
    info = path.stat()
    problem = _deadly(os.path.realpath(path), info.st_size, info.st_mtime_ns)
    if problem:
        raise InputError(f"the {what} is damaged: {problem}", path=path, remedy=remedy)
    try:
        with h5py.File(path, "r", locking=False) as file:
            _refuse_links(h5py, file, path)
            yield file
    except GxfastError:
        raise
    except Exception as error:  # h5py has none of its own: a damaged file gives any of a dozen kinds
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(f"the {what} is damaged, or holds something else: {text}", path=path, remedy=remedy) from error


@lru_cache(maxsize=64)
def _deadly(path: str, size: int, changed: int) -> str:
    """Say what happened to a process that read a file; nothing where it came to an end, with an error or without."""
    if not sys.executable:
        return ""
    paths = os.pathsep.join(part for part in sys.path if part)
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", _READ_ALL, path, str(_SECONDS + size // 10_000_000)],
        env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "reading it does not come to an end"
    return f"the HDF5 library crashes on it (signal {-done.returncode})" if done.returncode < 0 else ""


def read_all(path: str, seconds: int) -> None:
    """Read attributes and datasets of a file, as far as its errors let one; large datasets at both ends.

    Whoever runs this is killed by a crash, or after so many seconds of a processor.
    """
    import h5py

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def visit(_: str, item: Any) -> None:
        for name in list(item.attrs):
            with suppress(Exception):
                item.attrs[name]
        with suppress(Exception):
            if item.size * item.dtype.itemsize <= _WHOLE:
                read_dataset(item, Path(path))
            elif not item.is_virtual and not item.external:
                for row in (0, len(item) - 1):
                    item[row]

    with suppress(Exception), h5py.File(path, "r", locking=False) as file:
        visit("", file)
        _refuse_links(h5py, file, Path(path))
        file.visititems(visit)


def _refuse_links(h5py: Any, file: Any, path: Path) -> None:
    """Refuse links to other files, and soft links: what is read is what was hashed, and each object is met once."""
    waiting, seen = [file], {hash(file.id)}
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                where = f"{group.name.rstrip('/')}/{name}"
                other = getattr(link, "filename", "") or getattr(link, "path", "")
                raise InputError(
                    f"a link to {other!r} is not followed", path=path, record=where,
                    remedy="copy what it names into the file: h5repack, or h5py's Group.copy(expand_external=True)",
                )  # fmt: skip
            item = group.get(name) if group.get(name, getclass=True) is h5py.Group else None
            if item is not None and hash(item.id) not in seen:
                seen.add(hash(item.id))
                waiting.append(item)
            if len(seen) > _FEW:
                raise InputError(f"more than {_FEW} groups", path=path)


def read_dataset(item: Any, path: Path) -> Any:
    """Return the values of a dataset.

    Raises
    ------
    InputError
        If it is no dataset, lies in another file, or claims more values than the file can hold.
    """
    _require_held(item, path)
    return item[()]


def read_columns(item: Any, path: Path, columns: Sequence[int]) -> Any:
    """Return some columns of a dataset of two dimensions, float64, shape (rows, C); 64 MiB of it are in memory at once.

    Raises
    ------
    InputError
        As `read_dataset`.
    """
    _require_held(item, path)
    n_rows, n_columns = item.shape
    step = max(1, _WHOLE // max(1, n_columns * item.dtype.itemsize))
    chosen = np.empty((n_rows, len(columns)), np.float64)
    for first in range(0, n_rows, step):
        chosen[first : first + step] = item[first : first + step][:, list(columns)]
    return chosen


def _require_held(item: Any, path: Path) -> None:
    if not hasattr(item, "shape") or not hasattr(item, "chunks"):
        raise InputError("a dataset was expected, found a group", path=path, record=getattr(item, "name", None))
    if item.is_virtual or item.external:
        raise InputError("its values lie in another file", path=path, record=item.name, remedy="copy them into it")
    stored = item.id.get_storage_size()
    size = item.size or 0
    if stored > path.stat().st_size or size * item.dtype.itemsize > _RATIO * stored + _FEW:
        raise InputError(
            f"shape {item.shape} of {item.dtype} is more than the file can hold", path=path, record=item.name,
            remedy="download or write the file again",
        )  # fmt: skip
