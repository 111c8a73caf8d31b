"""Insertions and deletions along a sequence: each length at each position.

A change of length moves all that is behind it, so nothing of the sequence stays where it was. What is equal is the
content: before the change the tiles of the sequence as it is, behind it those of the sequence moved by so many bases,
whatever the position. So the sequences are made and predicted in tiles (`gxfast.tiled`), where the model has any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..encode.alphabet import as_sequences
from ..errors import InputError
from ..kernels.arguments import whole_number, whole_numbers
from ..models.gene_bins import refuse_gene_mask
from .scanning import checked_span
from .tiled import tiled

if TYPE_CHECKING:
    from ..models.session import Model
    from .mutants import Sequences
    from .tiled_model import TiledModel

__all__ = ["deletions", "insertions"]

Keep = Literal["left", "right"]
_BYTES: Final = 1 << 26  # of sequences at a time


def deletions(
    model: Model, sequence: Sequences, *, start: int, end: int, lengths: Sequence[int] = range(1, 21),
    keep: Keep = "left",
) -> NDArray[np.float64]:  # fmt: skip
    """Return the effects of deleting so many bases from each position on.

    Parameters
    ----------
    model : Model
    sequence : str, bytes, or uint8 array, shape (card.read_length + max(lengths),)
        The model's input and the bases that move in: behind it where the left end is kept, else before it.
    start, end : int
        0-based half-open range of first deleted bases, in the model's input.
    lengths : sequence of int
        1 to 20 by default.
    keep : {"left", "right"}
        The end that stays where it is; tangermeme's ``left`` is the other one, which is trimmed.

    Returns
    -------
    float64 array, shape (end - start, len(lengths), T)
        Prediction with the deletion minus that of the input without it. NaN where it reaches past the input.

    Raises
    ------
    InputError
        If an argument does not fit.
    ModelError
        If the model fails.
    """
    sizes = whole_numbers(list(lengths), "lengths", ("N",))
    most = int(sizes.max(initial=0))
    if not sizes.size or sizes.min() < 1:
        raise InputError("lengths must be at least one number, from 1 on")
    rows, first, last = _arguments(model, sequence, start, end, keep, most)
    length = model.card.read_length
    origin = 0 if keep == "left" else most

    def edited(position: int, which: int) -> NDArray[np.uint8] | None:
        n = int(sizes[which])
        if position + n > length:
            return None
        made = np.delete(rows, slice(origin + position, origin + position + n))
        return made[:length] if keep == "left" else made[-length:]

    whole = rows[origin : origin + length]
    return _effects(model, whole, range(first, last), len(sizes), edited)


def insertions(
    model: Model, sequence: Sequences, *, start: int, end: int, inserts: Sequence[str | bytes] | None = None,
    keep: Keep = "left", seed: int = 0,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the effects of inserting bases before each position; as many leave the input at its other end.

    Parameters
    ----------
    model : Model
    sequence : str, bytes, or uint8 array, shape (card.read_length,)
    start, end : int
        0-based half-open range of positions that bases are put before.
    inserts : sequence of str, optional
        What is inserted; by default one random sequence of each length from 1 to 20, drawn from ``seed``.
    keep : {"left", "right"}
        The end that stays where it is.
    seed : int

    Returns
    -------
    float64 array, shape (end - start, len(inserts), T)

    Raises
    ------
    InputError
        If an argument does not fit.
    ModelError
        If the model fails.
    """
    if inserts is None:
        random = np.random.default_rng(whole_number(seed, "seed", 0))
        pieces = [random.choice(np.frombuffer(b"ACGT", np.uint8), n) for n in range(1, 21)]
    else:
        pieces = [as_sequences(one, "inserts")[0][0] for one in inserts]
    if not pieces or min(len(piece) for piece in pieces) < 1:
        raise InputError("inserts must be at least one sequence of one base or more")
    rows, first, last = _arguments(model, sequence, start, end, keep, 0)
    length = model.card.read_length

    def edited(position: int, which: int) -> NDArray[np.uint8]:
        made = np.insert(rows, position, pieces[which])
        return made[:length] if keep == "left" else made[-length:]

    return _effects(model, rows, range(first, last), len(pieces), edited)


def _arguments(
    model: Model, sequence: Sequences, start: int, end: int, keep: str, more: int
) -> tuple[NDArray[np.uint8], int, int]:
    refuse_gene_mask(model)
    rows, single = as_sequences(sequence)
    length = model.card.read_length
    if not single or rows.shape[1] != length + more:
        raise InputError(f"one sequence of {length + more} bases is needed, found shape {rows.shape}")
    if keep not in ("left", "right"):
        raise InputError(f"keep must be left or right, found {keep!r}")
    return rows[0], *checked_span(start, end, length)


def _checked_tiles(model: Model) -> TiledModel | None:
    found = tiled(model)
    if found is not None:
        found.check()
    return found


def _effects(
    model: Model, whole: NDArray[np.uint8], positions: range, n: int,
    edited: Callable[[int, int], NDArray[np.uint8] | None],
) -> NDArray[np.float64]:  # fmt: skip
    """Predict every edited sequence, in blocks; one that there is none of is NaN."""
    predictor: Any = model.keep("tiles", lambda: _checked_tiles(model) or model)
    base = predictor.predict(whole[np.newaxis])[0]
    result = np.full((len(positions), n, model.n_tracks), np.nan)
    size = max(1, _BYTES // (len(whole) * n))
    for first in range(0, len(positions), size):
        made = {
            (i, k): one
            for i in range(first, min(len(positions), first + size))
            for k in range(n)
            if (one := edited(positions[i], k)) is not None
        }
        if made:
            i, k = np.array(list(made)).T
            result[i, k] = predictor.predict(np.stack(list(made.values()))) - base
    return result
