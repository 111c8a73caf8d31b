"""Arrays of a Zarr store by rows: nothing is read of which a chunk is lost or cut off.

Zarr takes a chunk that is not there for one full of a value, and keeps no checksums: a lost file of genotypes would be
people without variants. In a folder every chunk has to be there, therefore; a zip file lists what it holds.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .bgzf import require_file

__all__ = ["ZarrReader", "by_row", "is_zarr", "text_of"]

Int64Array = NDArray[np.int64]
_SUFFIXES: Final = (".vcz", ".zarr", ".vcz.zip", ".zarr.zip")
_MARKS: Final = ("zarr.json", ".zgroup", ".zmetadata")
_KEPT: Final = 64 << 20  # bytes of decoded chunks, per thread
_AT_ONCE: Final = 1 << 22  # values of an array that is read from end to end
# Without a chunk of it calls are unphased, as without the array: what is done with them is said, and counted.
_MAY_LACK: Final = ("call_genotype_phased",)
_BLOSC: Final = struct.Struct("<4B3I")  # bytes, of the block and in all, are in its header
_AGAIN: Final = "write or copy the store again"


def is_zarr(path: str | Path) -> bool:
    """Whether a path is a Zarr store: by its name, or a folder with Zarr's metadata."""
    if str(path).lower().rstrip("/").endswith(_SUFFIXES):
        return True
    try:
        return any(os.path.isfile(os.path.join(path, mark)) for mark in _MARKS)
    except ValueError:  # a name that no file can have
        return False


@dataclass(frozen=True, slots=True)
class _Array:
    """One array: ``chunks`` are those that are decoded at once, ``files`` those that are stored at once."""

    name: str
    of: Any
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    files: tuple[int, ...]
    is_blosc: bool
    is_pickled: bool


class ZarrReader:
    """A VCF Zarr store opened by one thread of one process.

    Parameters
    ----------
    path : Path
    people : int64 array, optional
        Columns of the arrays ``call_...`` that are read, in this order; all by default.

    Raises
    ------
    InputError
        If zarr is not installed, or the path is no store that it can open.

    Attributes
    ----------
    attributes : dict
        Of the store.
    """

    def __init__(self, path: Path, people: Int64Array | None = None) -> None:
        self.path, self._people = path, people
        self._group, self._is_zip = _opened(path)
        self.attributes: dict[str, Any] = dict(self._group.attrs)
        self._arrays: dict[str, _Array | None] = {}
        self._kept: OrderedDict[tuple[str, int], NDArray[Any]] = OrderedDict()
        self._room = _KEPT

    def has(self, name: str) -> bool:
        """Whether the store has an array."""
        return self._find(name) is not None

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array; of one that is not there, no dimensions."""
        found = self._find(name)
        return found.shape if found else ()

    def require(self, name: str) -> None:
        """Refuse a store without an array.

        Raises
        ------
        InputError
        """
        self._array(name)

    def rows_per_chunk(self, name: str) -> int:
        """Return how many rows of an array are stored together."""
        return self._array(name).files[0]

    def kind(self, name: str) -> str:
        """Return the kind of numpy's dtype of an array."""
        return str(self._array(name).of.dtype.kind)

    def attribute(self, array: str, name: str) -> Any:
        """Return an attribute of an array; None where there is none."""
        return self._array(array).of.attrs.get(name)

    def _find(self, name: str) -> _Array | None:
        if name not in self._arrays:
            try:
                self._arrays[name] = _described(name, self._group.get(name))
            except Exception as error:  # zarr has none of its own
                raise self._damaged(name, "its description", error) from None
            if (one := self._arrays[name]) is not None and one.is_pickled:
                raise InputError(
                    f"{name}: pickled objects are not read, they could be any program", path=self.path, remedy=_AGAIN
                )
        return self._arrays[name]

    def _array(self, name: str) -> _Array:
        found = self._find(name)
        if found is None:
            raise InputError(
                f"the store has no array {name}", path=self.path,
                remedy="make a VCF Zarr store: vcf2zarr convert NAME.vcf.gz NAME.vcz",
            )  # fmt: skip
        return found

    def _damaged(self, name: str, what: str, error: object) -> InputError:
        text = " ".join(str(error).split())[:300] or type(error).__name__
        return InputError(f"{name}: {what} cannot be read, is damaged or cut off: {text}", path=self.path,
                          remedy=_AGAIN)  # fmt: skip

    def lost(self, name: str, first: int, stop: int) -> list[int]:
        """Return which of the chunks of rows [first, stop) may be lost, by number: none of a zip file."""
        one = self._array(name)
        rest = [slice(0, n) for n in one.shape[1:]]
        found = []
        for number in range(first // one.files[0], -(-stop // one.files[0])):
            row = number * one.files[0]
            keys = self._keys(one, [slice(row, row + 1), *rest])
            if not all(self._there(one, key) for key in keys):
                found.append(number)
        return found

    def require_whole(self, name: str, first: int, stop: int) -> None:
        """Refuse an array of which a chunk of rows [first, stop) that is needed may be lost.

        Raises
        ------
        InputError
        """
        one = self._array(name)
        for columns in self._column_chunks(one):
            for key in self._keys(one, [slice(first, stop), columns, *(slice(0, n) for n in one.shape[2:])]):
                self._require(one, key)

    def _column_chunks(self, one: _Array) -> list[slice]:
        """The chunks of columns with people that are read."""
        if len(one.shape) < 2:
            return []
        width, n = one.chunks[1], one.shape[1]
        wanted = range(-(-n // width)) if self._people is None else np.unique(self._people // width).tolist()
        return [slice(j * width, min((j + 1) * width, n)) for j in wanted]

    def _keys(self, one: _Array, part: Sequence[slice]) -> Iterator[str]:
        numbers = [range(s.start // size, -(-s.stop // size)) for s, size in zip(part, one.files, strict=True)]
        return (one.of.metadata.encode_chunk_key(at) for at in product(*numbers))

    def _there(self, one: _Array, key: str) -> bool:
        return self._is_zip or os.path.isfile(self.path / one.name / key)

    def _require(self, one: _Array, key: str) -> None:
        if one.name in _MAY_LACK or self._there(one, key):
            return
        raise InputError(
            f"{one.name}: chunk {key} is not there: lost, or left out by the writer as one of zeros", path=self.path,
            remedy="copy the store again; or, where it is as it was written, pack it into a file that lists what it "
            f"holds: (cd {self.path.name} && zip -0qr ../{self.path.name}.zip .)",
        )  # fmt: skip

    def _check(self, one: _Array, key: str) -> None:
        """Refuse a chunk that is not there or cut off: Blosc itself would read on past its end."""
        self._require(one, key)
        file = self.path / one.name / key
        if self._is_zip or not one.is_blosc or not os.path.isfile(file):
            return
        try:
            with file.open("rb") as handle:
                head = handle.read(_BLOSC.size)
                size = os.fstat(handle.fileno()).st_size
        except OSError as error:
            raise self._damaged(one.name, f"chunk {key}", error.strerror) from None
        if len(head) < _BLOSC.size or _BLOSC.unpack(head)[-1] != size:
            raise self._damaged(one.name, f"chunk {key}", f"its {size} bytes are not those that it says it has")

    def _read(self, one: _Array, part: Sequence[slice]) -> NDArray[Any]:
        for key in self._keys(one, part):
            self._check(one, key)
        try:
            return np.asarray(one.of[tuple(part)])
        except MemoryError:
            raise
        except Exception as error:  # each codec has its own
            raise self._damaged(one.name, f"rows {part[0].start} to {part[0].stop}", error) from None

    def pieces(self, name: str, skip: Sequence[int] = ()) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield all rows of an array, in pieces, with the number of the first; chunks ``skip`` are all zeros."""
        one = self._array(name)
        rest = [slice(0, n) for n in one.shape[1:]]
        per_chunk = max(1, one.files[0] * int(np.prod(one.shape[1:])))
        step = one.files[0] * max(1, 1 if skip else _AT_ONCE // per_chunk)
        for first in range(0, one.shape[0], step):
            stop = min(first + step, one.shape[0])
            if first // one.files[0] in skip:
                yield first, np.zeros((stop - first, *one.shape[1:]), one.of.dtype)
            else:
                yield first, self._read(one, [slice(first, stop), *rest])

    def whole(self, name: str, skip: Sequence[int] = ()) -> NDArray[Any]:
        """Return an array; see `pieces`."""
        one = self._array(name)
        return np.concatenate([np.empty((0, *one.shape[1:]), one.of.dtype), *(p for _, p in self.pieces(name, skip))])

    def texts(self, name: str) -> list[str]:
        """Return a list of names."""
        self.require(name)
        if len(self.shape(name)) != 1:
            raise InputError(f"{name} must be a list, its shape is {self.shape(name)}", path=self.path, remedy=_AGAIN)
        return [text_of(value) for value in self.whole(name).tolist()]

    def rows(self, name: str, rows: Int64Array) -> NDArray[Any]:
        """Return some rows (ascending) of an array, of the chosen people where it is of calls.

        The chunks that were decoded last are kept, as far as there is room: windows that follow each other share them.
        """
        one = self._array(name)
        is_calls = name.startswith("call_")
        width = one.shape[1:]
        if is_calls and self._people is not None:
            width = (len(self._people), *width[1:])
        found = np.empty((len(rows), *width), one.of.dtype)
        numbers, firsts = np.unique(rows // one.chunks[0], return_index=True)
        bounds = pairwise([*firsts.tolist(), len(rows)])
        for number, (first, stop) in zip(numbers.tolist(), bounds, strict=True):
            found[first:stop] = self._of_chunk(one, number, rows[first:stop], width, is_calls)
        return found

    def _of_chunk(
        self, one: _Array, number: int, rows: Int64Array, width: tuple[int, ...], is_calls: bool
    ) -> NDArray[Any]:
        """Rows that lie in one chunk of rows."""
        key, start = (one.name, number), number * one.chunks[0]
        if key in self._kept:
            self._kept.move_to_end(key)
            return np.asarray(self._kept[key][rows - start])
        stop = min(start + one.chunks[0], one.shape[0])
        if (stop - start) * int(np.prod(width)) * one.of.dtype.itemsize > _KEPT // 4:
            return self._decoded(one, start, stop, rows - start, width, is_calls)
        whole = self._decoded(one, start, stop, np.arange(stop - start), width, is_calls)
        self._keep(key, whole)
        return np.asarray(whole[rows - start])

    def _keep(self, key: tuple[str, int], values: NDArray[Any]) -> None:
        self._kept[key] = values
        self._room -= values.nbytes
        while self._room < 0 and len(self._kept) > 1:
            self._room += self._kept.popitem(last=False)[1].nbytes

    def _decoded(
        self, one: _Array, start: int, stop: int, rows: Int64Array, width: tuple[int, ...], is_calls: bool
    ) -> NDArray[Any]:
        """Rows of a chunk, people by people: no more than one chunk beside them is in memory."""
        rest = [slice(0, n) for n in one.shape[2:]]
        if not is_calls:
            part = [slice(start, stop), *(slice(0, n) for n in one.shape[1:])]
            return np.asarray(self._read(one, part)[rows])
        found = np.empty((len(rows), *width), one.of.dtype)
        for columns in self._column_chunks(one):
            read = self._read(one, [slice(start, stop), columns, *rest])
            read = read if len(rows) == len(read) else read[rows]
            if self._people is None:
                found[:, columns] = read
                continue
            mine = np.flatnonzero((self._people >= columns.start) & (self._people < columns.stop))
            found[:, mine] = read[:, self._people[mine] - columns.start]
        return found


def text_of(value: Any) -> str:
    """Return a text of an array of any of the kinds of texts."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def by_row(values: NDArray[Any], n_axes: int = 1) -> NDArray[Any]:
    """Return the same values with one axis after the first ``n_axes``, also where there are none."""
    return values.reshape(*values.shape[:n_axes], int(np.prod(values.shape[n_axes:])))


def _described(name: str, found: Any) -> _Array | None:
    if found is None:
        return None
    told = found.metadata.to_dict()
    codecs = told.get("codecs") or [told.get("compressor") or {}]
    is_blosc = codecs[-1].get("name", codecs[-1].get("id")) == "blosc"
    files = found.shards or found.chunks
    is_pickled = "pickle" in str([told.get(key) for key in ("codecs", "compressor", "filters")])
    return _Array(name, found, tuple(found.shape), tuple(found.chunks), tuple(files), is_blosc, is_pickled)


def _opened(path: Path) -> tuple[Any, bool]:
    """The group of a store, and whether it is one file."""
    try:
        import zarr
    except ImportError:
        raise InputError(
            "a Zarr store is read by zarr, which is not installed", path=path, remedy="pip install 'gxfast[io]'"
        ) from None
    is_zip = not path.is_dir()
    if is_zip:
        require_file(path, "Zarr store")
    try:
        if is_zip and not _at_root(path):
            raise ValueError("the store is not at the root of the zip file")
        # Consolidated metadata is a copy, and may be an old one.
        return zarr.open_group(
            zarr.storage.ZipStore(path, mode="r") if is_zip else str(path), mode="r", use_consolidated=False
        ), is_zip  # fmt: skip
    except MemoryError:
        raise
    except Exception as error:  # zarr has none of its own
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(
            f"the file or folder is no Zarr store, or is damaged: {text}", path=path,
            remedy="make one with vcf2zarr convert NAME.vcf.gz NAME.vcz; pack it with (cd NAME.vcz && zip -0qr "
            "../NAME.vcz.zip .)",
        ) from None  # fmt: skip


def _at_root(path: Path) -> bool:
    with zipfile.ZipFile(path) as file:
        return not set(file.namelist()).isdisjoint(_MARKS)
