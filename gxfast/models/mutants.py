"""Single-base mutants of one sequence, written inside the graph: nine bytes per mutant go to the device."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._threads import resolve_threads
from ..errors import InputError
from .front import session_inputs
from .runtime import open_session

if TYPE_CHECKING:
    from .session import Model

__all__ = ["MutantPredictor"]

_POSITION_BYTES = 8


class MutantPredictor:
    """A second session of a model that reads one sequence and single-base edits of it.

    The values equal, on the CPU bit for bit, those of `Model.predict` for the mutated sequences. The weights
    are loaded a second time, on the device of ``model``.

    Parameters
    ----------
    model : Model

    Raises
    ------
    ModelError
        If the model's opset is below 11.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._session = open_session(model.with_front("mutants"), device=model.device, path=model.path, tf32=model.tf32)
        self._names = session_inputs(self._session.raw)
        self._reference = np.empty((1, 0), np.uint8)
        self._runner = model.make_runner(self._evaluate)
        self._lock = threading.Lock()

    @property
    def batch_size(self) -> int:
        """Rows per run now; picked at the first call with many edits."""
        return self._runner.size

    def predict(
        self,
        sequence: str | bytes | NDArray[np.uint8],
        positions: Sequence[int] | NDArray[np.int64],
        bases: str | bytes | NDArray[np.uint8],
        *,
        n_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Predict the mutants of one sequence; calls from several threads wait for each other.

        Parameters
        ----------
        sequence : str, bytes, or uint8 array (card.read_length,)
            Letters or codes, as the model reads them.
        positions : int array, shape (M,)
            0-based.
        bases : str, bytes, or uint8 array, shape (M,)
            What to write at each position.
        n_threads : int, optional
            Instead of the model's; 0 means all.

        Returns
        -------
        float64 array, shape (M, T)

        Raises
        ------
        InputError
            For a sequence of another length, positions outside it, or arrays that do not fit together.
        ModelError
            If the model fails or does not fit into memory.
        """
        model = self.model
        reference, edits = _packed(sequence, positions, bases, model.card.read_length)
        result = np.empty((len(edits), model.n_tracks))
        with self._lock:
            self._reference = reference
            threads = model.n_threads if n_threads is None else resolve_threads(n_threads)
            self._runner.fill(edits, result, n_threads=threads)
        return result

    def _evaluate(self, rows: NDArray[np.uint8], options: Any) -> NDArray[np.float64]:
        positions = np.ascontiguousarray(rows[:, :_POSITION_BYTES]).view(np.int64)[:, 0]
        bases = rows[:, _POSITION_BYTES]
        return self.model.ensemble(lambda shift, reverse: self._member(positions, bases, shift, reverse, options))

    def _member(
        self, positions: NDArray[np.int64], bases: NDArray[np.uint8], shift: int, reverse: bool, options: Any
    ) -> NDArray[Any]:
        from ..encode.one_hot import codes

        card, length = self.model.card, self.model.length
        start = shift - min(card.shifts)
        window = np.ascontiguousarray(self._reference[:, start : start + length])
        # An edit in the flank that this shift does not read writes the base that is there already.
        inside = (positions >= start) & (positions < start + length)
        at = np.where(inside, positions - start, 0)
        written = np.where(inside, bases, window[0, 0])
        if reverse:
            window = codes(window, reverse_complement=True)
            at, written = length - 1 - at, np.where(written < 4, 3 - written, written)
        feeds = {"reference": window, "position": at, "base": written.astype(np.uint8)}
        named = {self._names[role]: array for role, array in feeds.items()}
        return self.model.run_batch(self._session, named, len(at), options)


def _packed(
    sequence: str | bytes | NDArray[np.uint8],
    positions: Sequence[int] | NDArray[np.int64],
    bases: str | bytes | NDArray[np.uint8],
    length: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the codes of the sequence (1, L) and the edits (M, 9): position as int64, then the base's code."""
    from ..encode.one_hot import codes

    reference = np.atleast_2d(codes(sequence))
    if reference.shape != (1, length):
        raise InputError(f"one sequence of {length} bases is needed, found shape {reference.shape}")
    at = np.asarray(positions)
    if at.ndim != 1 or (at.size and at.dtype.kind not in "iu"):
        raise InputError(f"positions must be whole numbers, shape (M,), found {at.dtype} {at.shape}")
    written = codes(bases) if len(bases) else np.empty(0, np.uint8)
    if written.shape != at.shape:
        raise InputError(f"{at.size} positions but bases of shape {written.shape}")
    outside = np.flatnonzero((at < 0) | (at >= length))
    if outside.size:
        k = int(outside[0])
        raise InputError(f"position {at[k]} of edit {k} lies outside the sequence (length {length})")
    edits = np.empty((at.size, _POSITION_BYTES + 1), np.uint8)
    edits[:, :_POSITION_BYTES] = at.astype(np.int64)[:, np.newaxis].view(np.uint8)
    edits[:, _POSITION_BYTES] = written
    return reference, edits
