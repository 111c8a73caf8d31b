"""Files of named arrays (``.npz``, no pickle): written and read whole, array by array, or row by row."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .files import written_whole

__all__ = ["Parts", "mapped_npz", "npz_bytes", "npz_row", "write_npz"]

_AGAIN: Final = "make it again: the command of the run with `resume=True`"
_LOCAL_HEADER: Final = struct.Struct("<26xHH")  # of a member of a zip file: lengths of its name and its extra field


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return named arrays as the content of an ``.npz`` file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def npz_row(path: Path, name: str, row: int) -> NDArray[Any]:
    """Return one row of a named array of an ``.npz`` file that `npz_bytes` made; the other rows are not read.

    Raises
    ------
    InputError
        If the file has no such array or row.
    """
    found = mapped_npz(path).get(name)
    if found is None or found.ndim == 0 or not 0 <= row < len(found):
        raise InputError(f"cannot read a row of {name}: there is none with number {row}", path=path, remedy=_AGAIN)
    return np.array(found[row])


class Parts:
    """An array that is written in parts, one in memory at a time.

    Parameters
    ----------
    dtype : dtype-like
    shape : tuple of int
        Of the whole.
    parts : iterable of arrays
        One below the other.
    """

    def __init__(self, dtype: Any, shape: tuple[int, ...], parts: Iterable[NDArray[Any]]) -> None:
        self.dtype, self.shape, self.parts = np.dtype(dtype), shape, parts


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any] | Parts]) -> None:
    """Write named arrays to a file that appears when it is whole; equal content gives equal bytes.

    Raises
    ------
    ValueError
        If parts do not make up their array.
    """
    with written_whole(path) as partial, zipfile.ZipFile(partial, "w", allowZip64=True) as archive:
        for name, array in arrays.items():
            whole = array if isinstance(array, Parts) else Parts(array.dtype, array.shape, [array])
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                _write_member(member, whole)


def _write_member(member: IO[bytes], array: Parts) -> None:
    described = np.lib.format.dtype_to_descr(array.dtype)
    np.lib.format.write_array_header_1_0(
        member, {"descr": described, "fortran_order": False, "shape": array.shape}
    )  # fmt: skip
    left = array.shape[0] if array.shape else 1
    for part in array.parts:
        member.write(np.ascontiguousarray(part, array.dtype).tobytes())
        left -= len(part) if array.shape else 1
    if left:
        raise ValueError(f"{left} rows of an array of shape {array.shape} were not written")


def mapped_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file that `write_npz` or `npz_bytes` made, read from disk as they are looked at.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return {one.filename.removesuffix(".npy"): _mapped(file, one) for one in archive.infolist()}
    except (OSError, ValueError, KeyError, struct.error, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read the arrays: {error}", path=path, remedy=_AGAIN) from None


def _mapped(file: IO[bytes], member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    file.seek(member.header_offset)
    name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    file.seek(name + extra, 1)
    np.lib.format.read_magic(file)
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    if by_column or dtype.hasobject:
        raise ValueError(f"{member.filename} holds objects, or is stored by column")
    if not math.prod(shape):
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(file, dtype, "r", file.tell(), shape))
