"""The effects of a scan as a Zarr array, chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.files import written_whole
from .tables import Row, row_parts
from .work import StoredBlocks

__all__ = ["chunk_shape", "require_zarr", "write_arrays", "write_cube"]

# Effects per chunk: large enough for a file, small enough to be read for one gene.
CHUNK_VALUES = 2**20


def require_zarr(*, or_text: bool = True) -> None:
    """Refuse before any work is done; ``or_text``: what is asked for can be written as text alone, too.

    Raises
    ------
    InputError
        If the package zarr is not installed.
    """
    if find_spec("zarr") is None:
        raise InputError(
            "Zarr output needs the package zarr, which is not installed",
            remedy="pip install 'gxfast[io]'" + (', or write text only with `format="tsv"`' if or_text else ""),
        )


def chunk_shape(n_rows: int, n_positions: int, n_tracks: int, block_positions: int) -> tuple[int, int, int, int]:
    """Return the chunks of ``effects``: whole windows, several together where they are small."""
    if block_positions < n_positions:
        return 1, block_positions, 4, n_tracks
    rows = CHUNK_VALUES // max(1, n_positions * 4 * n_tracks)
    return max(1, min(rows, n_rows)), max(1, n_positions), 4, n_tracks


def write_cube(
    path: Path,
    stored: StoredBlocks,
    rows: Sequence[Row],
    *,
    n_positions: int,
    tracks: Sequence[str],
    samples: Sequence[str],
    attributes: dict[str, Any],
) -> None:
    """Write MODEL.zarr (Zarr format 2, Zstandard): the folder appears when it is whole.

    Arrays: ``effects`` float32 (N, L', 4, T), NaN where nothing was scanned; ``reference`` uint8 (N, L') codes;
    ``position`` int64 (N, L'), 0-based, -1 where inserted; ``gene_id``, ``chrom``, ``strand``, ``haplotype``
    text (N,); ``start`` int64 (N,); ``tracks`` text (T,); ``samples`` (S,) and ``carriers`` int32 (W, S, 2),
    the row per window, person and haplotype, where people were scanned.
    """
    import zarr

    n = len(rows)
    widest = max((block.axis[1] - block.axis[0] for block in stored.blocks), default=n_positions)
    chunks = chunk_shape(n, n_positions, len(tracks), widest)
    with written_whole(path) as partial:
        group: Any = zarr.open_group(str(partial), mode="w", zarr_format=2)
        group.attrs.update({"bases": "ACGT", "tracks": list(tracks), **attributes})
        _texts(group, "gene_id", [row.name for row in rows], "row")
        _texts(group, "chrom", [row.chrom for row in rows], "row")
        _texts(group, "strand", [row.strand for row in rows], "row")
        _texts(group, "haplotype", [row.haplotype for row in rows], "row")
        _texts(group, "tracks", tracks, "track")
        _array(group, "start", np.array([row.start for row in rows], np.int64), ("row",))
        if samples:
            _texts(group, "samples", samples, "person")
            _array(group, "carriers", _carriers(stored, rows, len(samples)), ("window", "person", "copy"))
        target = {
            "effects": _created(group, "effects", (n, n_positions, 4, len(tracks)), chunks, "float32", np.nan),
            "reference": _created(group, "reference", (n, n_positions), chunks[:2], "uint8", 4),
            "position": _created(group, "position", (n, n_positions), chunks[:2], "int64", -1),
        }
        _fill(target, stored, rows, chunks[0])


def write_arrays(
    path: Path, attributes: dict[str, Any], arrays: Mapping[str, tuple[NDArray[Any], Sequence[str]]]
) -> None:
    """Write arrays with the names of their axes into one folder (as `write_cube`), which appears when it is whole."""
    import zarr

    with written_whole(path) as partial:
        group: Any = zarr.open_group(str(partial), mode="w", zarr_format=2)
        group.attrs.update({"bases": "ACGT", **attributes})
        for name, (values, axes) in arrays.items():
            rest = max(1, CHUNK_VALUES // max(1, int(np.prod(values.shape[1:]))))
            array = _created(group, name, values.shape, (rest, *values.shape[1:]), str(values.dtype), None)
            array.attrs["_ARRAY_DIMENSIONS"] = list(axes)
            array[...] = values


def _fill(target: dict[str, Any], stored: StoredBlocks, rows: Sequence[Row], per_chunk: int) -> None:
    """Write the rows of a chunk together; rows that are larger than a chunk part by part."""
    if per_chunk == 1:
        for (row, axis, part), r in _numbered(stored, rows):
            del row
            for name, array in target.items():
                array[r, axis] = part[name]
        return
    held: dict[str, NDArray[Any]] = {}
    first = 0
    for (row, axis, part), r in _numbered(stored, rows):
        del row
        if r >= first + per_chunk:
            _flush(target, held, first)
            first, held = r - r % per_chunk, {}
        if not held:
            size = min(per_chunk, len(rows) - first)
            held = {
                name: np.full((size, *array.shape[1:]), array.fill_value, array.dtype) for name, array in target.items()
            }
        for name, array in held.items():
            array[r - first, axis] = part[name]
    _flush(target, held, first)


def _flush(target: dict[str, Any], held: dict[str, NDArray[Any]], first: int) -> None:
    for name, array in held.items():
        target[name][first : first + len(array)] = array


def _numbered(stored: StoredBlocks, rows: Sequence[Row]) -> Any:
    number = {id(row): r for r, row in enumerate(rows)}
    return ((item, number[id(item[0])]) for item in row_parts(stored, rows))


def _created(group: Any, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str, fill: Any) -> Any:
    from numcodecs import Zstd

    # Zstandard on one thread: the same bytes at every run, which Blosc does not promise.
    array = group.create_array(
        name, shape=shape, chunks=tuple(max(1, c) for c in chunks), dtype=dtype, fill_value=fill,
        compressors=Zstd(level=3),
    )  # fmt: skip
    array.attrs["_ARRAY_DIMENSIONS"] = ["row", "offset", "base", "track"][: len(shape)]
    return array


def _array(group: Any, name: str, values: NDArray[Any], dimensions: Sequence[str]) -> None:
    array = group.create_array(
        name, shape=values.shape, chunks=tuple(max(1, n) for n in values.shape), dtype=values.dtype
    )
    array.attrs["_ARRAY_DIMENSIONS"] = list(dimensions)
    if values.size:
        array[...] = values


def _texts(group: Any, name: str, values: Sequence[str], dimension: str) -> None:
    texts = np.array(list(values), np.str_)
    _array(group, name, texts, (dimension,))


def _carriers(stored: StoredBlocks, rows: Sequence[Row], n_people: int) -> NDArray[np.int32]:
    """Row of the cube per window, person and haplotype; -1 where there is none."""
    first: dict[int, int] = {}
    for r, row in enumerate(rows):
        first.setdefault(row.window, r)
    n_windows = max((block.windows[1] for block in stored.blocks), default=0)
    begin = min((block.windows[0] for block in stored.blocks), default=0)
    found = np.full((n_windows - begin, n_people, 2), -1, np.int32)
    for block in stored.blocks:
        part = stored.read(block, "carriers")["carriers"]
        for w, own in zip(range(*block.windows), part, strict=True):
            if w in first:
                found[w - begin] = np.where(own >= 0, own + first[w], found[w - begin])
    return found
