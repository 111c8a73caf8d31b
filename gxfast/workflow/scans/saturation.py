"""Effects of every single-base change of the windows of a layout, along the forward strand of the genome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import codes
from ...errors import NotFiniteError
from ...ism import Plan, scan
from .sources import RowSource, WindowRows
from .targets import Layout
from .work import Block

__all__ = ["NOT_FINITE", "ScannedWindow", "compute_block", "saturate_blocks"]

NOT_FINITE: Final = "not finite"
Float32Array = NDArray[np.float32]
Int64Array = NDArray[np.int64]


class ScannedWindow(NamedTuple):
    """Which sequence a block of effects belongs to.

    Attributes
    ----------
    window : int
        Window in the layout.
    row : int
        Row among the sequences of the window.
    name, chrom, strand : str
    haplotype : str
        ``reference``, or the first carrier as ``NAME|1``.
    carriers : int32 array, shape (S, 2)
        Row of the window per person and haplotype.
    axis : slice
        Part of the scanned axis that the block covers.
    reference : uint8 array, shape (K,)
        Codes of the bases that are there (A, C, G, T = 0 to 3, unknown = 4), on the forward strand.
    """

    window: int
    row: int
    name: str
    chrom: str
    strand: str
    haplotype: str
    carriers: NDArray[np.int32]
    axis: slice
    reference: NDArray[np.uint8]


def saturate_blocks(
    plan: Plan,
    layout: Layout,
    source: RowSource,
    *,
    windows: Iterable[int] | None = None,
    axis: tuple[int, int] | None = None,
) -> Iterator[tuple[ScannedWindow, Int64Array, Float32Array]]:
    """Yield the effects of every single-base change, one sequence at a time.

    Parameters
    ----------
    plan : Plan
        Of `gxfast.ism.plan`.
    layout : Layout
        From `gene_layout`, `region_layout` or `sequence_layout`, for the card of the plan's model.
    source : ReferenceSource, HaplotypeSource or SequenceSource
    windows : iterable of int, optional
        Indices into the layout; all by default. Windows whose status is not ``ok`` are passed over.
    axis : (int, int), optional
        Part of the scanned axis; all by default.

    Yields
    ------
    window : ScannedWindow
    positions : int64 array, shape (K,)
        0-based, on the reference; -1 where a base is inserted.
    effects : float32 array, shape (K, 4, T)
        Mutant minus the sequence of the window; bases in the order A, C, G, T of the forward strand, whatever
        strand the model reads. 0 at the base that is there; an unknown base has four mutants.

    Raises
    ------
    InputError
        From the source.
    NotFiniteError
        If an effect is not finite.
    ModelError
        From the plan.
    """
    first, last = axis or (0, layout.n_positions)
    for w in range(len(layout)) if windows is None else windows:
        low, high = max(first, int(layout.low[w])), min(last, int(layout.high[w]))
        if layout.status[w] != "ok" or low >= high:
            continue
        rows = source.rows(layout, w)
        for row in range(len(rows.sequences)):
            yield _scanned(plan, layout, w, rows, row, slice(low, high))


def _scanned(
    plan: Plan, layout: Layout, w: int, rows: WindowRows, row: int, axis: slice
) -> tuple[ScannedWindow, Int64Array, Float32Array]:
    begin, end = int(layout.axis[w]) + axis.start, int(layout.axis[w]) + axis.stop
    reverse = bool(layout.reverse[w])
    if reverse:
        begin, end = layout.length - end, layout.length - begin
    effects = np.empty((end - begin, 4, len(plan.tracks)), np.float32)
    for positions, found in scan(plan, rows.sequences[row], start=begin, end=end):
        effects[positions - begin] = found
    _check_finite(effects, plan, layout.name[w], rows.labels[row])
    there, on_reference = codes(rows.sequences[row, begin:end]), rows.positions[row, begin:end]
    if reverse:
        there, on_reference = np.where(there < 4, 3 - np.minimum(there, 3), there)[::-1], on_reference[::-1]
        effects = effects[::-1, ::-1]
    window = ScannedWindow(
        w, row, layout.name[w], layout.chrom[w], layout.strand[w], rows.labels[row], rows.carriers, axis,
        np.ascontiguousarray(there, np.uint8),
    )  # fmt: skip
    return window, np.ascontiguousarray(on_reference), np.ascontiguousarray(effects)


def _check_finite(effects: Float32Array, plan: Plan, name: str, label: str) -> None:
    bad = np.flatnonzero(~np.isfinite(effects).all(axis=(1, 2)))
    if bad.size:
        raise NotFiniteError(
            f"the effects of {bad.size} of {len(effects)} positions are {NOT_FINITE} ({label})",
            path=plan.model.path,
            record=name,
            remedy="check the model's weights and the transform in its card (a log of a negative value?)",
        )


def compute_block(plan: Plan, layout: Layout, source: RowSource, block: Block) -> dict[str, NDArray[Any]]:
    """Scan one block of the work; return what is kept of it: everything that the outputs are made of.

    A window whose effects are no numbers has none, and a status that says so.
    """
    first, last = block.windows
    begin, end = block.axis
    n_people = len(source.samples)
    blocks: list[tuple[ScannedWindow, Int64Array, Float32Array]] = []
    status = list(layout.status[first:last])
    for w in range(first, last):
        try:
            blocks += list(saturate_blocks(plan, layout, source, windows=[w], axis=block.axis))
        except NotFiniteError as error:
            status[w - first] = error.message
    shape = len(blocks), end - begin
    effects = np.full((*shape, 4, len(plan.tracks)), np.nan, np.float32)
    reference, position = np.full(shape, 4, np.uint8), np.full(shape, -1, np.int64)
    carriers = np.full((last - first, n_people, 2), -1, np.int32)
    for r, (window, positions, found) in enumerate(blocks):
        inside = slice(window.axis.start - begin, window.axis.stop - begin)
        effects[r, inside], reference[r, inside], position[r, inside] = found, window.reference, positions
        carriers[window.window - first] = window.carriers
    known = sum(int((window.reference < 4).sum()) for window, _, _ in blocks)
    unknown = sum(int((window.reference == 4).sum()) for window, _, _ in blocks)
    met = source.take_counts()
    counts = {"mutants": 3 * known + 4 * unknown, "scans": len(blocks), "unknown_bases": unknown}
    # Blocks along a window read the same records again: they count once.
    counts |= met if begin == 0 else {}
    windows = slice(first, last)
    return {
        "window": np.array([window.window for window, _, _ in blocks], np.int64),
        "row": np.array([window.row for window, _, _ in blocks], np.int64),
        "low": np.array([window.axis.start for window, _, _ in blocks], np.int64),
        "high": np.array([window.axis.stop for window, _, _ in blocks], np.int64),
        "haplotype": np.array([window.haplotype for window, _, _ in blocks], np.str_),
        "effects": effects,
        "reference": reference,
        "position": position,
        "name": np.array(layout.name[windows], np.str_),
        "chrom": np.array(layout.chrom[windows], np.str_),
        "strand": np.array(layout.strand[windows], np.str_),
        "start": layout.start[windows] + layout.axis[windows],
        "status": np.array(status, np.str_),
        "carriers": carriers,
        "count_names": np.array(list(counts), np.str_),
        "count_values": np.array(list(counts.values()), np.int64),
    }
