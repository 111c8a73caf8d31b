"""Scan sequences: every single-base change, or the SNVs of haplotypes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..encode.alphabet import as_sequences
from ..encode.edits import Edits, checked_edits
from ..encode.one_hot import codes
from ..errors import InputError
from ..kernels.arguments import whole_number
from .edit_rows import chosen_rows, rows_of
from .mutants import all_mutants, one_sequence
from .planning import Plan, planned

if TYPE_CHECKING:
    from ..models.session import Model
    from .mutants import Sequences

__all__ = ["BLOCK_BYTES", "checked_range", "checked_span", "row_effects", "saturate", "scan", "variants"]

BLOCK_BYTES = 2**26  # of values that are held at a time


def scan(
    plan_or_model: Plan | Model,
    sequence: Sequences,
    *,
    start: int = 0,
    end: int | None = None,
    block: int | None = None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield the effects of every single-base change of one sequence, in blocks of positions.

    In mode packed a block holds positions that are far apart, for these share passes; in the others they follow
    one another. Blocks are the same at every run.

    Parameters
    ----------
    plan_or_model : Plan or Model
        A model keeps the plan that is made of it; those of other outputs or modes are made with `plan`.
    sequence : str, bytes, or uint8 array, shape (L,)
        As the model reads it.
    start, end : int
        0-based half-open range of positions; ``end`` defaults to L.
    block : int, optional
        Positions per block, about; by default as many as have 64 MiB of effects.

    Yields
    ------
    positions : int64 array, shape (K,)
    effects : float32 array, shape (K, 4, T)
        Mutant minus reference; 0 for the base that is there.

    Raises
    ------
    InputError
        For a sequence of another length, or a wrong range.
    ModelError
        If the check of the plan fails.
    """
    plan = planned(plan_or_model)
    sequence_codes, first, last = checked_range(plan, sequence, start, end)
    if block is not None:
        block = whole_number(block, "block", 1)
    return _blocks(plan, sequence_codes, first, last, block)


def _blocks(
    plan: Plan, sequence: NDArray[np.uint8], first: int, last: int, block: int | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    n_tracks = len(plan.tracks)
    size = block or max(1, BLOCK_BYTES // (32 * plan.readout.values_per_row))
    if last > first:
        plan.ensure_checked(sequence)
    for positions in _ordered(plan, first, last, size):
        at, bases = all_mutants(sequence, positions)
        effects = np.zeros((positions.size, 4, n_tracks), np.float32)
        effects[np.searchsorted(positions, at), bases] = plan.runner.effects(sequence, at, bases)
        yield positions, effects


def _ordered(plan: Plan, first: int, last: int, size: int) -> Iterator[NDArray[np.int64]]:
    """Cut a range into blocks; in mode packed by the remainder of the position, so that neighbours part."""
    if plan.mode != "packed" or size >= last - first:
        for a in range(first, last, size):
            yield np.arange(a, min(last, a + size))
        return
    stride = min(plan.frontier.distance, last - first)
    per_class = -(-(last - first) // stride)
    together = max(1, size // per_class)
    offset = (np.arange(first, last) - first) % stride
    for a in range(0, stride, together):
        yield first + np.flatnonzero((offset >= a) & (offset < a + together))


def saturate(
    plan_or_model: Plan | Model, seqs: Sequences | list[str] | list[bytes], *, start: int = 0, end: int | None = None
) -> NDArray[np.float32]:
    """Return the effect of every single-base change.

    Parameters
    ----------
    plan_or_model : Plan or Model
    seqs : str, bytes, list of them, or uint8 array (L,) or (N, L)
        As the model reads them: ``card.read_length`` bases.
    start, end : int
        0-based half-open range of positions; ``end`` defaults to L.

    Returns
    -------
    float32 array, shape (N, end - start, 4, T)
        Mutant minus reference, bases in the order A, C, G, T; 0 at the base that is there. An unknown base has
        four mutants. N is 1 for a single sequence.

    Raises
    ------
    InputError, ModelError
        As `scan`.
    """
    plan = planned(plan_or_model)
    rows, _ = as_sequences(seqs)
    start = whole_number(start, "start", 0)
    stop = plan.model.card.read_length if end is None else whole_number(end, "end", 0)
    if len(rows):
        checked_range(plan, rows[0], start, stop)
    result = np.zeros((len(rows), max(0, stop - start), 4, len(plan.tracks)), np.float32)
    for i, row in enumerate(rows):
        for positions, effects in scan(plan, row, start=start, end=stop):
            result[i, positions - start] = effects
    return result


def variants(
    plan_or_model: Plan | Model, sequences: Sequences | list[str] | list[bytes], edits: Edits
) -> NDArray[np.float64]:
    """Return the effect of rows of SNVs.

    Parameters
    ----------
    plan_or_model : Plan or Model
    sequences : str, bytes, list of them, or uint8 array (L,) or (N, L)
        One for all rows of ``edits``, or one per row.
    edits : Edits
        Each row holds any number of SNVs at different positions.

    Returns
    -------
    float64 array, shape (H, T)
        Edited minus unedited.

    Raises
    ------
    InputError
        For arrays that do not fit together, or two SNVs of one row at one position.
    ModelError
        If the check of the plan fails.
    """
    plan = planned(plan_or_model)
    length = plan.model.card.read_length
    rows, _ = as_sequences(sequences)
    checked = checked_edits(edits, length)
    written = codes(checked.base) if checked.base.size else checked.base
    checked = Edits(checked.offset, checked.position, np.ascontiguousarray(written))
    n_rows = len(checked.offset) - 1
    if rows.shape[1] != length or len(rows) not in (1, n_rows):
        raise InputError(
            f"need one sequence of {length} bases, or one for each of the {n_rows} rows; found shape {rows.shape}"
        )
    keys = np.sort(rows_of(checked) * length + checked.position)
    twice = np.flatnonzero(np.diff(keys) == 0)
    if twice.size:
        row, position = divmod(int(keys[twice[0]]), length)
        raise InputError(f"two edits at position {position}", record=f"row {row}", remedy="keep one of them")
    result = np.zeros((n_rows, len(plan.tracks)))
    if not n_rows:
        return result
    plan.ensure_checked(one_sequence(rows[0], length))
    if len(rows) == 1:
        return row_effects(plan, one_sequence(rows[0], length), checked)
    # Rows on the same sequence share passes.
    distinct, which = np.unique(codes(rows), axis=0, return_inverse=True)
    for i, sequence in enumerate(distinct):
        chosen = np.flatnonzero(which.reshape(-1) == i)
        result[chosen] = row_effects(plan, np.ascontiguousarray(sequence), chosen_rows(checked, chosen))
    return result


def row_effects(plan: Plan, sequence: NDArray[np.uint8], edits: Edits) -> NDArray[np.float64]:
    """Effects of rows, in blocks; single edits go together, for rows of several take more room in a pass."""
    several = np.diff(edits.offset) > 1
    result = np.empty((several.size, len(plan.tracks)))
    size = max(64, BLOCK_BYTES // (8 * plan.readout.values_per_row))
    for rows in (np.flatnonzero(~several), np.flatnonzero(several)):
        for chosen in np.split(rows, range(size, rows.size, size)) if rows.size else ():
            result[chosen] = plan.runner.row_effects(sequence, chosen_rows(edits, chosen))
    return result


def checked_range(plan: Plan, sequence: Sequences, start: int, end: int | None) -> tuple[NDArray[np.uint8], int, int]:
    """Return the codes of one sequence, and a range of its positions; InputError where they do not fit the model."""
    length = plan.model.card.read_length
    found = one_sequence(sequence, length)
    return found, *checked_span(start, end, length)


def checked_span(start: int, end: int | None, length: int) -> tuple[int, int]:
    """Return a half-open range of positions of so many bases; InputError where it is none."""
    start, last = whole_number(start, "start", 0), whole_number(length if end is None else end, "end", 0)
    if not start <= last <= length:
        raise InputError(f"need 0 <= start <= end <= {length}, found start {start}, end {last}")
    return start, last
