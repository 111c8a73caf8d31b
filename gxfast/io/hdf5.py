"""HDF5 files of others: opened so that nothing but the file itself is read, and nothing larger than it can hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ..errors import GxfastError, InputError
from .bgzf import require_file

__all__ = ["open_hdf5", "read_dataset"]

_MAGIC: Final = b"\x89HDF\r\n\x1a\n"
_FEW: Final = 1 << 20  # bytes, or objects
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
        raise InputError(f"the {what} needs h5py", path=path, remedy='pip install "gxfast[models]"') from None
    require_file(path, what)
    with path.open("rb") as handle:
        if handle.read(len(_MAGIC)) != _MAGIC:
            raise InputError(f"the {what} is not an HDF5 file", path=path, remedy=remedy)
    try:
        with h5py.File(path, "r", locking=False) as file:
            _refuse_links(h5py, file, path)
            yield file
    except GxfastError:
        raise
    except Exception as error:  # h5py has none of its own: a damaged file gives any of a dozen kinds
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(f"the {what} is damaged, or holds something else: {text}", path=path, remedy=remedy) from error


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
    return item[()]
