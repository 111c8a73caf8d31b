"""Contributions of each base to the difference between the prediction of a sequence and of references: DeepLIFT.

The reverse pass is that of gradients (`gradient`), with multipliers in the place of derivatives (`ops.rescale`). A run
has one sequence in its first row and its references in the others: the sequence goes forward once for all of them.
Contributions of a sequence x with a reference r are m * (x - r); they add up to f(x) - f(r).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..encode.alphabet import Sequences, as_sequences
from ..encode.one_hot import codes
from ..encode.shuffles import dinucleotide_shuffle
from ..errors import InputError, ModelError
from ..kernels.arguments import whole_number
from .closeness import size_of
from .gradient import Gradient, hashable, rows_of, slope_of
from .graph.reverse import gradient_model, row_axes
from .graph.view import Graph, load_graph
from .modes.readout import Outputs
from .ops.rescale import NEAR

if TYPE_CHECKING:
    from ..models.session import Model
    from ..personal.batch import HaplotypeBatch

__all__ = ["DeepLift", "deeplift"]

_DEFAULT: Final = Outputs()
# By how much contributions may fail to add up, as a share of max(1, |f(x) - f(r)|), before somebody is told.
ALLOWED: Final = 1e-3
# A sequence goes forward once per run, so runs have more rows than those of gradients.
RUN_BYTES: Final = {"cpu": 2**29, "cuda": 2**31}
MAX_ROWS: Final = 32
_OF: Final = {0.0: np.eye(5, 4), 0.25: np.vstack([np.eye(4), np.full((1, 4), 0.25)])}
References = Callable[[int], NDArray[np.uint8]]


class DeepLift(Gradient):
    """Contributions to one value of a model's prediction; holds the sessions, so make it once for many sequences.

    Parameters
    ----------
    model : Model
    n_references : int
        Per sequence.
    track, outputs
        As in `Gradient`.

    Raises
    ------
    InputError
        If there is no such value.
    ModelError
        If an operator has no rule (node and operator are named), or the graph fixes the batch at one row.
    """

    def __init__(self, model: Model, n_references: int, *, track: int | str = 0, outputs: Outputs = _DEFAULT) -> None:
        self.n_references = n_references
        super().__init__(model, track=track, outputs=outputs)

    def _batch(self, graph: Graph, model: Model) -> int:
        """Rows of a run: the sequence, and references in runs of one size."""
        fixed = model.fixed_batch
        if fixed == 1:
            raise ModelError(
                "contributions need a sequence and a reference in one batch, and the graph fixes the batch at one row",
                path=model.path,
                remedy="export the model with a dynamic batch axis",
            )
        if fixed:
            return fixed
        runs = -(-self.n_references // rows_of(graph, model, RUN_BYTES, MAX_ROWS))
        return 1 + -(-self.n_references // runs)

    def _reverse_pass(self, graph: Graph, model: Model) -> bytes:
        other = None if model.fixed_batch else load_graph(model, batch=self.batch + 1)
        return gradient_model(graph, rows=row_axes(graph, other))

    def hypothetical(self, sequence: NDArray[np.uint8], references: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the hypothetical contributions of one sequence (L,) with its references (R, L), (L, 4)."""
        table = _OF[self.model.card.unknown]
        there, step = table[codes(sequence[None])[0]], self.batch - 1
        total = np.zeros((len(sequence), 4))
        for start in range(0, len(references), step):
            chosen = references[start : start + step]
            filled = chosen[np.minimum(np.arange(step), len(chosen) - 1)]
            multipliers, values = self._gradient(np.concatenate([sequence[None], filled]))
            multipliers, values = multipliers[: len(chosen) + 1], values[: len(chosen) + 1]
            own = multipliers[1:]
            against = np.einsum("rlc,rlc->rl", own, table[codes(chosen)])
            self._check(np.einsum("rlc,lc->r", own, there) - against.sum(axis=1), values)
            total += own.sum(axis=0) - against.sum(axis=0)[:, None]
        return total / len(references)

    def _of_transform(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Secant of the card's transform between the sequence and each row."""
        made = self.readout.rule.transformed(values)
        change = values - values[:1]
        near = np.abs(change) < NEAR
        with np.errstate(all="ignore"):
            secant = (made - made[:1]) / np.where(near, 1.0, change)
        return np.where(near, slope_of(self.readout.card.transform, values[:1]), secant)

    def _check(self, added: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """Refuse what is no number; warn where contributions do not add up to the change of the value."""
        value = (self.readout.rule.transformed(values) * self._weights()).sum(axis=(1, 2), where=self._weights() != 0)
        change = value[0] - value[1:]
        if not (np.isfinite(added).all() and np.isfinite(change).all()):
            raise ModelError(
                f"the contributions to {self.track} are not finite",
                path=self.model.path,
                remedy="check the weights, and output.transform in the card (a logarithm of 0 or less has no value)",
            )
        away = np.abs(added - change)
        if (away > ALLOWED * np.maximum(size_of(value), np.abs(change))).any():
            worst = int(away.argmax())
            warnings.warn(
                f"contributions to {self.track} add up to {added[worst]:.6g}, the prediction changes by "
                f"{change[worst]:.6g}: float32 is too coarse for this model's activations, or a rule is wrong",
                RuntimeWarning,
                stacklevel=3,
            )


def deeplift(
    model: Model,
    sequences: Sequences | HaplotypeBatch,
    *,
    references: str | NDArray[np.uint8] = "dinucleotide",
    n_references: int = 20,
    seed: int = 0,
    track: int | str = 0,
    outputs: Outputs = _DEFAULT,
    hypothetical: bool = False,
) -> NDArray[np.float32]:
    """Return DeepLIFT contributions (rescale rule) to one predicted value, the mean over references.

    Parameters
    ----------
    model : Model
    sequences : str, bytes, list of them, uint8 array of shape (N, card.read_length), or HaplotypeBatch
        Bases, as for `Model.predict`: already reverse-complemented where the model reads the other strand.
    references : "dinucleotide" or uint8 array, shape (N, R, L) or (R, L)
        What each sequence is compared with: its shuffles that keep dinucleotides (`gxfast.dinucleotide_shuffle`), or
        letters or codes, R per sequence or the same R for all. An unknown base (N) is the card's encoding of it.
    n_references, seed : int
        How many shuffles of each sequence, and from which seed; not used with references that are given.
    track : int or str
        Which value of `Model.predict`, after transform and reduction, by index or name.
    outputs : Outputs
        Instead of the card's selection of tracks and bins.
    hypothetical : bool
        What each of the four bases would contribute if it were there, as TF-MoDISco reads it; otherwise that of the
        base that is there, and 0 at the others.

    Returns
    -------
    float32 array, shape (N, card.read_length, 4)
        Bases A, C, G, T on the strand of ``sequences``. At unknown bases contributions are 0, or a quarter of the
        hypothetical ones where the card encodes them as quarters.

    Raises
    ------
    InputError
        If sequences, references or the track do not fit the model.
    ModelError
        If an operator has no rule (node and operator are named), a contribution is not finite, or the graph fixes the
        batch at one row.

    Warns
    -----
    RuntimeWarning
        If contributions do not add up to the change of the prediction within 0.1 %.
    """
    rows = model.checked(sequences)
    of, n = _references(rows, references, n_references, seed)
    key = "deeplift", n, track, *hashable(outputs)
    made: DeepLift = model.keep(key, lambda: DeepLift(model, n, track=track, outputs=outputs))
    result = np.zeros((*rows.shape, 4), np.float32)
    for i, row in enumerate(rows):
        result[i] = made.hypothetical(row, of(i))
    if not hypothetical:
        result *= _OF[model.card.unknown][codes(rows)].astype(np.float32)
    return result


def _references(rows: NDArray[np.uint8], references: Any, n_references: int, seed: int) -> tuple[References, int]:
    """Return what gives the references of row i, and how many they are."""
    if isinstance(references, str) and references == "dinucleotide":
        n = whole_number(n_references, "n_references", 1)
        return lambda i: dinucleotide_shuffle(rows[i], n, seed)[0], n
    if isinstance(references, str | bytes):
        raise InputError(
            f"references must be 'dinucleotide' or an array, found {references[:40]!r}",
            remedy="give letters or codes as a uint8 array (N, R, L) or (R, L), or a list of sequences",
        )
    given = references
    if not (isinstance(given, np.ndarray) and given.ndim == 3):
        given, _ = as_sequences(given, "references")
    if given.dtype != np.uint8 or given.shape[-1] != rows.shape[1] or not given.size:
        raise InputError(
            f"references must be uint8 of {rows.shape[1]} bases, found {given.dtype} of shape {given.shape}",
            remedy="give letters or codes as a uint8 array (N, R, L) or (R, L)",
        )
    if given.ndim == 3 and len(given) != len(rows):
        raise InputError(f"references are of {len(given)} sequences, {len(rows)} are given")
    if given.ndim == 2:
        return lambda i: given, len(given)
    return lambda i: np.ascontiguousarray(given[i]), given.shape[1]
