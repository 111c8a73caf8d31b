"""All pairs of changes in one stretch, on the forward strand, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import codes, complement_bases
from ...errors import NotFiniteError
from ...io.files import prefixed
from ...ism import Pairs, Plan, pairs
from ...reporting.plots.pairs import draw_pairs
from ...reporting.plots.style import Drawing, save
from .cubes import require_zarr, write_arrays
from .sources import RowSource
from .targets import Layout, nothing_scanned

__all__ = ["PairedStretch", "pair_paths", "scan_pairs_of", "write_pairs"]


@dataclass(frozen=True, slots=True, eq=False)
class PairedStretch:
    """All pairs of changes of K positions of one window, on the forward strand.

    Attributes
    ----------
    name, chrom, strand, track : str
    positions : int64 array, shape (K,)
        0-based, growing.
    reference : uint8 array, shape (K,)
        Codes.
    pairs : Pairs
        Of one track.
    """

    name: str
    chrom: str
    strand: str
    track: str
    positions: NDArray[np.int64]
    reference: NDArray[np.uint8]
    pairs: Pairs


def scan_pairs_of(plan: Plan, track: int, layout: Layout, source: RowSource, window: int) -> PairedStretch:
    """Scan the pairs of one window of a layout.

    Raises
    ------
    InputError
        If nothing of the window can be scanned, or the answer is too large.
    NotFiniteError
        If an effect is no number.
    """
    first, last = int(layout.axis[window] + layout.low[window]), int(layout.axis[window] + layout.high[window])
    if layout.status[window] != "ok" or last <= first:
        raise nothing_scanned(layout, window)
    rows, reverse = source.rows(layout, window), bool(layout.reverse[window])
    start, end = (layout.length - last, layout.length - first) if reverse else (first, last)
    found = pairs(plan, rows.sequences[0], start=start, end=end)
    effects = found.effects[..., track : track + 1]
    place = slice(start, end)
    letters, positions = codes(rows.sequences[:1])[0, place], rows.positions[0, place]
    if reverse:  # complementing A, C, G, T is reading them backwards
        effects = effects[::-1, ::-1, ::-1, ::-1]
        letters, positions = complement_bases(letters)[::-1], positions[::-1]
    there = Pairs(first, np.ascontiguousarray(effects))
    if not np.isfinite(there.strength).all():
        raise NotFiniteError("the effects of pairs are not finite", record=layout.name[window])
    return PairedStretch(
        layout.name[window], layout.chrom[window], layout.strand[window], plan.tracks[track],
        np.ascontiguousarray(positions), letters, there,
    )  # fmt: skip


def pair_paths(prefix: str | Path) -> list[Path]:
    """Return what `write_pairs` writes.

    Raises
    ------
    InputError
        If the folder is not there, or the name is no plain one.
    """
    return prefixed(prefix, "svg", "png", "tsv", "zarr")


def write_pairs(stretch: PairedStretch, prefix: str | Path) -> list[Path]:
    """Write ``PREFIX.svg``, ``.png``, ``.tsv`` (a row per two positions) and ``.zarr`` (every pair of changes).

    The table has ``chrom pos other_pos ref other_ref alt other_alt interaction``: of all changes of two positions those
    with the largest absolute interaction, 1-based, bases of the forward strand.
    """
    require_zarr(or_text=False)
    paths = pair_paths(prefix)
    strength, interaction = stretch.pairs.strength[..., 0], stretch.pairs.interaction[..., 0]
    drawing = Drawing(
        paths[0].stem, partial(draw_pairs, strength, stretch.positions, f"{stretch.name}: {stretch.track}"),
        _table(stretch, interaction), (5.2, 4.4),
    )  # fmt: skip
    save(drawing, paths[0].parent)
    facts = {name: getattr(stretch, name) for name in ("name", "chrom", "strand", "track")}
    both = ("position", "base", "other_position", "other_base")
    write_arrays(
        paths[-1],
        {"format": "gxfast.ism.pairs", "version": 1, **facts},
        {
            "effects": (stretch.pairs.effects[..., 0], both),
            "interaction": (interaction, both),
            "position": (stretch.positions, ("position",)),
            "reference": (stretch.reference, ("position",)),
        },
    )
    return paths


def _table(stretch: PairedStretch, interaction: NDArray[np.float32]) -> dict[str, list[Any]]:
    i, j = np.triu_indices(len(interaction), 1)
    every = interaction[i, :, j].reshape(i.size, 16)
    best = np.abs(every).argmax(axis=1) if i.size else np.empty(0, np.int64)
    letters = np.array(list("ACGTN"))
    return {
        "chrom": [stretch.chrom] * i.size,
        "pos": (stretch.positions[i] + 1).tolist(),
        "other_pos": (stretch.positions[j] + 1).tolist(),
        "ref": letters[stretch.reference[i]].tolist(),
        "other_ref": letters[stretch.reference[j]].tolist(),
        "alt": letters[best // 4].tolist(),
        "other_alt": letters[best % 4].tolist(),
        "interaction": every[np.arange(i.size), best].tolist(),
    }
