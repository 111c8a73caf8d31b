"""Contributions of the bases of windows, as TF-MoDISco reads them: two arrays and a table of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..._threads import worker_pool
from ...encode.one_hot import one_hot
from ...errors import InputError
from ...io.files import prefixed
from ...io.npz import Parts, write_npz
from ...io.tables import write_rows
from ...ism import Outputs, Plan, deeplift, input_gradient, scan
from ...types import Progress
from .targets import Layout, nothing_scanned

if TYPE_CHECKING:
    from .opening import SaturationInputs

__all__ = ["METHODS", "AttributedRow", "Attribution", "attribution_paths", "write_attribution"]

METHODS: Final = ("deeplift", "ism", "gradient")
Scores = Callable[[NDArray[np.uint8], int, int], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class AttributedRow:
    """A row of ``PREFIX.tsv``: what a row of the arrays is of; positions 1-based, on the forward strand."""

    name: str
    chrom: str
    strand: str
    first_pos: int
    last_pos: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """How contributions are computed.

    Attributes
    ----------
    method : {"deeplift", "ism", "gradient"}
    reach : int or None
        So many bases on either side of the TSS or of the middle of a region; None for all that the model reads.
    n_references, seed : int
        Of DeepLIFT.
    n_threads : int
        The result does not depend on it.
    """

    method: str = METHODS[0]
    reach: int | None = None
    n_references: int = 20
    seed: int = 0
    n_threads: int = 1


def attribution_paths(prefix: str | Path) -> list[Path]:
    """Return what `write_attribution` writes.

    Raises
    ------
    InputError
        If the folder is not there, or the name is no plain one.
    """
    return prefixed(prefix, "ohe.npz", "shap.npz", "tsv")


def write_attribution(
    inputs: SaturationInputs, how: Attribution, prefix: str | Path, progress: Progress | None = None
) -> tuple[list[AttributedRow], list[str]]:
    """Write ``PREFIX.ohe.npz``, ``PREFIX.shap.npz`` and ``PREFIX.tsv``; a few windows are in memory at a time.

    Both arrays are named ``arr_0``, (N, 4, L) for N windows of L bases, bases A, C, G, T of the forward strand:
    one-hot, int8 (0 at unknown bases), and hypothetical contributions, float32. They are deeplift's as it gives them;
    of mutagenesis and gradients what each base has above the mean of the four at its position.

    Parameters
    ----------
    inputs : SaturationInputs
        Of one model with one value, and whole windows.
    how : Attribution
    prefix : str or Path
    progress : function, optional

    Returns
    -------
    rows : list of AttributedRow
    failed : list of str
        Windows that are left out, and why.

    Raises
    ------
    InputError
        If no window is left, or the model has several values or does not read so far.
    ModelError
        If an operator has no rule, or a contribution is not finite.
    """
    (plan,), (layout,) = inputs.plans, inputs.layouts
    if len(plan.tracks) != 1:
        listed = ", ".join(plan.tracks[:5])
        raise InputError(
            f"the model gives {len(plan.tracks)} values ({listed}, ...)", path=plan.model.path,
            remedy="choose one with `tracks=`, `bins=` and `reduce=`",
        )  # fmt: skip
    paths = attribution_paths(prefix)
    if "sequences" in inputs.facts:  # as long as they are, or the part that was chosen
        start, length = layout.axis, layout.n_positions
    else:
        start, length = _stretch(layout, how.reach)
    chosen = [w for w in range(len(layout)) if layout.status[w] == "ok"]
    if not chosen:
        raise nothing_scanned(layout, 0)

    def letters(w: int) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = inputs.sources[0].rows(layout, w).sequences[0]
        return found

    scores = _scores(plan, how)

    def contributions(w: int) -> NDArray[np.float32]:
        first = layout.length - start[w] - length if layout.reverse[w] else start[w]
        found = scores(letters(w), int(first), int(first) + length)
        return np.ascontiguousarray((found[::-1, ::-1] if layout.reverse[w] else found).T)[np.newaxis]

    def hot(w: int) -> NDArray[np.int8]:
        row = letters(w)[np.newaxis]
        found = one_hot(row, layout="NCL", dtype="int8")
        found = found[:, ::-1, ::-1] if layout.reverse[w] else found
        return np.asarray(found[:, :, start[w] : start[w] + length], np.int8)

    def told() -> Iterator[NDArray[np.float32]]:
        with worker_pool(how.n_threads) as pool:
            for i in range(0, len(chosen), how.n_threads):  # so many at a time, whatever the pool could take
                yield from pool.map(contributions, chosen[i : i + how.n_threads])
                if progress:
                    progress("contributions", min(len(chosen), i + how.n_threads), len(chosen))

    shape = (len(chosen), 4, length)
    write_npz(paths[1], {"arr_0": Parts(np.float32, shape, told())})
    write_npz(paths[0], {"arr_0": Parts(np.int8, shape, map(hot, chosen))})
    rows = [_row(layout, w, int(layout.start[w] + start[w]), length) for w in chosen]
    write_rows(paths[2], AttributedRow, rows)
    failed = [f"{name}: {why}" for name, why in zip(layout.name, layout.status, strict=True) if why != "ok"]
    return rows, failed


def _row(layout: Layout, w: int, first: int, length: int) -> AttributedRow:
    return AttributedRow(layout.name[w], layout.chrom[w], layout.strand[w], first + 1, first + length)


def _stretch(layout: Layout, reach: int | None) -> tuple[NDArray[np.int64], int]:
    """Return where the part of each window that is written begins, along the forward strand, and its length."""
    if reach is None:
        return np.zeros(len(layout), np.int64), layout.length
    start, length = layout.anchor - layout.start - reach, 2 * reach + 1
    most = int(np.minimum(start + reach, layout.length - 1 - start - reach).min())
    if reach > most:
        raise InputError(
            f"`window={reach}` reaches past the {layout.length} bases that the model reads: at most {most}",
            remedy=f'use `window={max(0, most)}`, or `window="all"`',
        )
    return start, length


def _scores(plan: Plan, how: Attribution) -> Scores:
    """Return what gives the hypothetical contributions of positions [start, end) of a sequence, (K, 4)."""
    card = plan.readout.card
    outputs = Outputs(card.tracks, card.bins, card.reduce)

    def by_deeplift(row: NDArray[np.uint8], start: int, end: int) -> NDArray[np.float32]:
        found = deeplift(
            plan.model,
            row[np.newaxis],
            n_references=how.n_references,
            seed=how.seed,
            outputs=outputs,
            hypothetical=True,
        )
        return found[0, start:end]

    def by_gradient(row: NDArray[np.uint8], start: int, end: int) -> NDArray[np.float32]:
        return _above_mean(input_gradient(plan.model, row[np.newaxis], outputs=outputs)[0, start:end])

    def by_mutagenesis(row: NDArray[np.uint8], start: int, end: int) -> NDArray[np.float32]:
        effects = np.empty((end - start, 4), np.float32)
        for positions, found in scan(plan, row, start=start, end=end):
            effects[positions - start] = found[..., 0]
        return _above_mean(effects)

    return {"deeplift": by_deeplift, "gradient": by_gradient, "ism": by_mutagenesis}[how.method]


def _above_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    above: NDArray[np.float32] = values - values.mean(axis=-1, keepdims=True)
    return above
