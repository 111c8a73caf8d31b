"""The variants of a VCF Zarr store: where they are, and what they say beside the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ._zarr_store import ZarrReader, by_row, text_of
from .genotypes import offsets_of
from .numbers import LAST_POSITION
from .pvar import Sites
from .symbols import is_deletion, is_described, told_length
from .tables.text import check_id

__all__ = ["ZarrSites"]

Int64Array = NDArray[np.int64]
_INFO: Final = ("END", "SVLEN", "RN", "RUS", "RUC", "RB", "RUB")  # what `describe` reads
_LENGTHS: Final = ("variant_length", "variant_END", "variant_SVLEN")
_MISSING, _FILL = -1, -2
_REGION_FIELDS: Final = 6  # chunk, contig, start, end, largest end, number of records
_AGAIN: Final = "write the store again: vcf2zarr convert NAME.vcf.gz NAME.vcz"
_SORT: Final = "sort the VCF (bcftools sort), and write the store again"


@dataclass(frozen=True, slots=True)
class ZarrSites:
    """Where the records of a store are; 12 bytes for each.

    Attributes
    ----------
    path : Path
    rows : dict of str to (int, int)
        First row of each contig that has records, and the row past its last.
    contig_lengths : dict of str to int
    filters : tuple of int
        Columns of ``variant_filter`` that are not PASS.
    version : str
        ``fileformat`` of the header.
    """

    path: Path
    rows: dict[str, tuple[int, int]]
    contig_lengths: dict[str, int]
    filters: tuple[int, ...]
    version: str
    _position: NDArray[np.int32]  # 0-based
    _end: NDArray[np.uint32]  # past the last base covered
    _reach: NDArray[np.uint32]  # the largest end so far on the contig

    @classmethod
    def of(cls, reader: ZarrReader) -> ZarrSites:
        """Read where the records of a store are, and refuse a store that is not one of a VCF.

        Raises
        ------
        InputError
            If an array is missing, arrays do not have the same number of records, or these are not sorted.
        """
        names = _contig_names(reader)
        position = _integers(reader, "variant_position")
        _refuse_uneven(reader, len(position))
        contig = _contigs(reader, position, len(names))
        starts = _runs(reader, contig, position, names)
        end = (position - 1 + _lengths(reader, position - 1)).astype(np.uint32)
        reach = np.empty_like(end)
        for first, stop in starts:
            np.maximum.accumulate(end[first:stop], out=reach[first:stop])
        rows = {names[int(contig[first])]: (first, stop) for first, stop in starts}
        return cls(
            reader.path, rows, _contig_lengths(reader, names), _filters(reader), _version(reader),
            (position - 1).astype(np.int32), end, reach,
        )  # fmt: skip

    def positions(self, contig: str) -> NDArray[np.int32]:
        """Return the 0-based positions of the records of a contig."""
        first, stop = self.rows[contig]
        return self._position[first:stop]

    def overlapping(self, contig: str, start: int, end: int) -> Int64Array:
        """Return the rows of the records that overlap [start, end) of a contig that is there."""
        first, stop = self.rows[contig]
        if end <= max(start, 0):
            return np.empty(0, np.int64)
        low = first + int(np.searchsorted(self._reach[first:stop], max(start, 0), side="right"))
        high = first + int(np.searchsorted(self._position[first:stop], end, side="left"))
        return low + np.flatnonzero(self._end[low:high] > max(start, 0))

    def read(self, reader: ZarrReader, rows: Int64Array, contig: str) -> Sites:
        """Return some records without their calls.

        Raises
        ------
        InputError
            If a record has no REF, gaps among its alleles, or another length than the index of the store says.
        """
        position = self._position[rows].astype(np.int64)
        length = self._end[rows].astype(np.int64) - position
        alleles = [self._alleles(texts, f"{contig}:{at + 1}") for texts, at in
                   zip(reader.rows("variant_allele", rows).tolist(), position.tolist(), strict=True)]  # fmt: skip
        sizes = np.array([len(text) for one in alleles for text in one], np.int64)
        n_alleles = np.array([len(one) for one in alleles], np.int64)
        first = offsets_of(n_alleles)
        short = sizes[first[:-1]] > length
        if short.any():
            raise InputError(
                "REF is longer than variant_length", path=self.path, remedy=_AGAIN,
                record=f"{contig}:{int(position[np.argmax(short)]) + 1}",
            )  # fmt: skip
        return Sites(
            rows.astype(np.uint32), position, length, first, offsets_of(sizes),
            np.frombuffer(b"".join(text for one in alleles for text in one), np.uint8), self._passed(reader, rows),
            self._described(reader, rows, alleles, contig),
        )  # fmt: skip

    def _alleles(self, row: Sequence[Any], record: str) -> list[bytes]:
        texts = [text_of(text) for text in row]
        found = [text for text in texts if text]
        if not found or texts[: len(found)] != found:
            raise InputError(
                "variant_allele has no REF, or a gap among the alleles", path=self.path, record=record, remedy=_AGAIN
            )
        return [text.encode() for text in (found[:1] if found[1:] == ["."] else found)]

    def _passed(self, reader: ZarrReader, rows: Int64Array) -> NDArray[np.bool_]:
        if not self.filters:
            return np.ones(len(rows), np.bool_)
        named = reader.rows("variant_filter", rows)[:, list(self.filters)]
        passed: NDArray[np.bool_] = np.count_nonzero(named, axis=1) == 0
        return passed

    def _described(
        self, reader: ZarrReader, rows: Int64Array, alleles: Sequence[Sequence[bytes]], contig: str
    ) -> list[str]:
        """INFO of the records with an allele that it describes."""
        mine = [v for v, one in enumerate(alleles) if any(is_described(text.decode()) for text in one)]
        position = self._position[rows[mine]].tolist()
        if mine and not any(map(reader.has, _LENGTHS)):
            for v, at in zip(mine, position, strict=True):
                self._refuse_unknown_length(alleles[v], f"{contig}:{at + 1}")
        info = _info_texts(reader, rows[mine])
        if reader.has("variant_END"):
            return info
        ends = self._end[rows[mine]].tolist()
        return [
            f"{text};END={end}" if end - at > len(alleles[v][0]) and "SVLEN=" not in text else text
            for v, at, end, text in zip(mine, position, ends, info, strict=True)
        ]

    def _refuse_unknown_length(self, alleles: Sequence[bytes], record: str) -> None:
        symbols = [text.decode("utf-8", "replace").upper() for text in alleles]
        symbol = next((text for text in symbols if is_deletion(text) or text.startswith("<CNV:TR")), None)
        if symbol is not None:
            raise InputError(
                f"nothing says how long {symbol[:40]} is: the store has none of {', '.join(_LENGTHS)}",
                path=self.path, record=record, remedy=_AGAIN,
            )  # fmt: skip


def _integers(reader: ZarrReader, name: str, skip: Sequence[int] = ()) -> Int64Array:
    if len(reader.shape(name)) != 1 and reader.has(name):
        raise InputError(
            f"{name} must have one dimension, its shape is {reader.shape(name)}", path=reader.path, remedy=_AGAIN
        )
    values = reader.whole(name, skip)
    if values.dtype.kind not in "iu":
        raise InputError(f"{name} must hold whole numbers, found {values.dtype}", path=reader.path, remedy=_AGAIN)
    return values.astype(np.int64)


def _contig_names(reader: ZarrReader) -> list[str]:
    """Names of the contigs; sgkit wrote them as an attribute."""
    old = reader.attributes.get("contigs")
    names = reader.texts("contig_id") if reader.has("contig_id") or not isinstance(old, list) else [*map(str, old)]
    for name in names:
        check_id(name, "contig", reader.path)
    if len(set(names)) != len(names):
        raise InputError("contig_id names a contig twice", path=reader.path, remedy=_AGAIN)
    return names


def _contig_lengths(reader: ZarrReader, names: Sequence[str]) -> dict[str, int]:
    if not reader.has("contig_length"):
        return {}
    lengths = reader.whole("contig_length")
    if lengths.shape != (len(names),):
        raise _uneven(reader, "contig_length", lengths.shape, f"{len(names)} contigs")
    return {name: int(n) for name, n in zip(names, lengths.tolist(), strict=True) if n > 0}


def _uneven(reader: ZarrReader, name: str, shape: tuple[int, ...], expected: str) -> InputError:
    return InputError(f"{name} has the shape {shape}, expected {expected}", path=reader.path, remedy=_AGAIN)


def _refuse_uneven(reader: ZarrReader, n: int) -> None:
    """Refuse arrays of records that are not as many as there are positions."""
    reader.require("variant_allele")
    reader.require("variant_contig")
    n_alleles = 2
    for name, dimensions in {
        "variant_allele": (2,), "variant_contig": (1,), "variant_filter": (2,), "variant_id": (1,),
        "variant_length": (1,), "call_genotype": (3,), "call_genotype_phased": (2,), "call_DS": (2, 3),
        "call_GP": (3,), "call_PS": (2, 3), "call_PSL": (2, 3), "call_PID": (2, 3), "call_PGT": (2, 3),
        **{f"variant_{field}": (1, 2) for field in _INFO},
    }.items():  # fmt: skip
        shape = reader.shape(name)
        if reader.has(name) and (len(shape) not in dimensions or shape[0] != n):
            raise _uneven(reader, name, shape, f"{n} records and {' or '.join(map(str, dimensions))} dimensions")
        n_alleles = shape[1] if name == "variant_allele" else n_alleles
    most = reader.attributes.get("max_alt_alleles_seen")
    if isinstance(most, int | float) and most > n_alleles - 1:
        raise InputError(
            f"variant_allele has {n_alleles} alleles at most, the VCF had {int(most) + 1}: some were left out",
            path=reader.path, remedy=_AGAIN,
        )  # fmt: skip


def _contigs(reader: ZarrReader, position: Int64Array, n_names: int) -> Int64Array:
    """Number of the contig of each record; a chunk may be left out if it can be nothing but zeros."""
    absent = reader.lost("variant_contig", 0, len(position))
    if absent and n_names > 1:
        absent = _of_first_contig(reader, absent, position)
    contig = _integers(reader, "variant_contig", absent)
    if len(contig) and (contig.min() < 0 or contig.max() >= n_names):
        raise InputError(
            f"variant_contig has numbers from {contig.min()} to {contig.max()}, contig_id names {n_names}",
            path=reader.path, remedy=_AGAIN,
        )  # fmt: skip
    return contig


def _of_first_contig(reader: ZarrReader, absent: Sequence[int], position: Int64Array) -> list[int]:
    """Those of some chunks of which the index of regions says that all records are of contig 0."""
    if not reader.has("region_index") or reader.shape("region_index")[1:] != (_REGION_FIELDS,):
        return []
    told: dict[int, list[list[int]]] = {}
    for chunk, contig, start, end, _, n in reader.whole("region_index").tolist():
        told.setdefault(chunk, []).append([contig, start, end, n])
    size, found = reader.rows_per_chunk("variant_contig"), []
    for number in absent:
        mine = position[number * size : (number + 1) * size]
        if told.get(number) == [[0, int(mine[0]), int(mine[-1]), len(mine)]]:
            found.append(number)
    return found


def _runs(
    reader: ZarrReader, contig: Int64Array, position: Int64Array, names: Sequence[str]
) -> list[tuple[int, int]]:  # fmt: skip
    """First row of each contig, and the row past its last."""

    def refuse(rows: NDArray[np.bool_], message: str, remedy: str) -> None:
        if rows.any():
            row = int(np.argmax(rows))
            record = f"{names[int(contig[row])]}:{int(position[row])}"
            raise InputError(f"variant_position: {message}", path=reader.path, record=record, remedy=remedy)

    wrong = (position < 1) | (position > LAST_POSITION)
    refuse(wrong, f"a position must be a whole number from 1 to {LAST_POSITION}", "remove or mend the record")
    same = np.append(False, contig[1:] == contig[:-1])[: len(position)]
    refuse(same & (np.diff(position, prepend=0) < 0), "records are not sorted by position", _SORT)
    starts = np.flatnonzero(~same)
    again = np.ones(len(starts), np.bool_)
    again[np.unique(contig[starts], return_index=True)[1]] = False
    twice = np.zeros(len(position), np.bool_)
    twice[starts[again]] = True
    refuse(twice, "records of the contig are in two places of the store", _SORT)
    return list(pairwise([*starts.tolist(), len(position)]))


def _lengths(reader: ZarrReader, position: Int64Array) -> Int64Array:
    """Bases that the records cover: REF, or what END or SVLEN say, as htslib has it."""
    if reader.has("variant_length"):
        length = _integers(reader, "variant_length")
        if len(length) and (length.min() < 1 or length.max() > LAST_POSITION):
            raise InputError(
                f"variant_length: a length must be at least 1, found {length.min()} to {length.max()}",
                path=reader.path, remedy=_AGAIN,
            )  # fmt: skip
    else:
        length = np.array(
            [len(text) for _, part in reader.pieces("variant_allele") for text in part[:, 0].tolist()], np.int64
        )
    if reader.has("variant_END"):
        end = by_row(reader.whole("variant_END"))
        if end.dtype.kind not in "iu":
            raise InputError(f"variant_END must hold whole numbers, found {end.dtype}", path=reader.path)
        length = np.maximum(length, np.where(end[:, 0] > 0, end[:, 0].astype(np.int64) - position, 0))
    if reader.has("variant_SVLEN"):
        for first, values in reader.pieces("variant_SVLEN"):
            rows = first + np.flatnonzero(_is_told(by_row(values)).any(axis=1))
            _lengthen(reader, rows, position, length)
    return length


def _is_told(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind in "iu":
        return np.isin(values, (_MISSING, _FILL), invert=True)
    return np.array([[text_of(value) not in ("", ".") for value in row] for row in values.tolist()], np.bool_)


def _lengthen(reader: ZarrReader, rows: Int64Array, position: Int64Array, length: Int64Array) -> None:
    """Put in what SVLEN says of some records."""
    if not len(rows):
        return
    table = reader.rows("variant_allele", rows).tolist()
    for row, texts, info in zip(rows.tolist(), table, _info_texts(reader, rows), strict=True):
        alts = [text_of(text).encode() for text in texts[1:]]
        length[row] = max(int(length[row]), told_length(int(position[row]), alts, info.encode()))


def _info_texts(reader: ZarrReader, rows: Int64Array) -> list[str]:
    """What INFO says of lengths and repeats, as text."""
    if not len(rows):
        return []
    there = {name: reader.rows(f"variant_{name}", rows) for name in _INFO if reader.has(f"variant_{name}")}
    entries = [
        [f"{name}={text}" for name, values in there.items() if (text := _listed(values[v])).strip(".,")]
        for v in range(len(rows))
    ]
    return [";".join(one) or "." for one in entries]


def _listed(values: Any) -> str:
    """Values of one field of a record, comma-separated."""
    values = np.atleast_1d(values)
    if values.dtype.kind == "f":
        # What ends a short list is a NaN of its own
        return ",".join("." if np.isnan(value) else str(value) for value in _without_end(values))
    if values.dtype.kind in "iu":
        return ",".join("." if value == _MISSING else str(value) for value in values.tolist() if value != _FILL)
    return ",".join(text for text in map(text_of, values.tolist()) if text)


def _without_end(values: NDArray[Any]) -> NDArray[Any]:
    told = np.flatnonzero(~np.isnan(values))
    return values[: int(told[-1]) + 1] if len(told) else values[:0]


def _filters(reader: ZarrReader) -> tuple[int, ...]:
    """Columns of the filters that are not PASS."""
    if not reader.has("variant_filter"):
        return ()
    old = reader.attributes.get("filters")
    names = reader.texts("filter_id") if reader.has("filter_id") or not isinstance(old, list) else [*map(str, old)]
    if reader.shape("variant_filter")[1] != len(names):
        raise _uneven(reader, "variant_filter", reader.shape("variant_filter"), f"{len(names)} filters")
    return tuple(i for i, name in enumerate(names) if name != "PASS")


def _version(reader: ZarrReader) -> str:
    """``fileformat`` of the header."""
    header = reader.attributes.get("vcf_header")
    if isinstance(header, str):
        return header.partition("\n")[0].partition("=")[2]
    told = reader.attributes.get("vcf_meta_information")
    pairs = [pair for pair in told if isinstance(pair, list) and len(pair) == 2] if isinstance(told, list) else []
    return next((str(value) for name, value in pairs if name == "fileformat"), "")
