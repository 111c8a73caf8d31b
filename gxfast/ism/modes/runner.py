"""What every mode of in-silico mutagenesis offers: the reference, and effects of edits on it.

A mode is a subclass of `Runner` with one method, `_values`: raw work for one member of the ensemble. Strand,
shifts, transform and reduction are the same for all and are done here.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..._memory import give_back
from ...encode.edits import Edits
from ...encode.one_hot import complement_bases
from ...errors import InputError, ModelError
from ...models.runtime import open_session
from ..edit_rows import chosen_rows, kept_edits, unedited
from .readout import Readout

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["Part", "Runner", "rows_per_run"]

CodeArray = NDArray[np.uint8]
Reference = TypeVar("Reference")
# Activations of one run that stay in the caches; larger batches were slower on CPUs, never faster.
RUN_BYTES = {"cpu": 2**22, "cuda": 2**28}
MAX_ROWS = 64


class Part:
    """A session for a piece of a model.

    Parameters
    ----------
    content : bytes
        From `Graph.subgraph`.
    model : Model
        For device, and the place of external data.
    outputs : sequence of str
    """

    def __init__(self, content: bytes, model: Model, outputs: list[str]) -> None:
        self._session = open_session(
            content, device=model.device, path=model.path, tf32=model.tf32, arena=not model.is_long
        )
        self._outputs, self._path, self._is_long = outputs, model.path, model.is_long

    def to_device(self, array: NDArray[Any]) -> Any:
        """Copy an array to the session's device, for feeds that many runs share."""
        return self._session.to_device(array)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """Return a tensor on the session's device, of any content."""
        return self._session.empty(shape, dtype)

    def run(
        self,
        feeds: Mapping[str, Any],
        options: Any = None,
        *,
        keep: bool = False,
        into: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """Return the outputs; with ``keep``, where they are on the device; ``into`` as in `Session.run_bound`.

        Raises
        ------
        ModelError
            If onnxruntime fails.
        """
        bound = keep or into or not all(isinstance(value, np.ndarray) for value in feeds.values())
        try:
            if bound:
                return self._session.run_bound(self._outputs, feeds, options, keep=keep, into=into)
            arrays: list[Any] = self._session.raw.run(self._outputs, feeds, options)
            if self._is_long:
                give_back()
        except Exception as error:  # onnxruntime's exceptions share no base class but this
            text = " ".join(str(error).split())[:400]
            raise ModelError(f"a part of the model fails: {text}", path=self._path) from None
        return arrays


def rows_per_run(
    bytes_per_row: int, device: str, run_bytes: Mapping[str, int] = RUN_BYTES, most: int = MAX_ROWS
) -> int:
    """Return a batch size, a power of two from 2 to ``most``, that stays below ``run_bytes`` of the kind of device."""
    fits = run_bytes["cpu" if device == "cpu" else "cuda"] // max(1, bytes_per_row)
    return max(2, min(most, 1 << max(1, int(fits)).bit_length() - 1))


class Runner(ABC):
    """Effects of edits on a sequence; sequences and bases are codes (A, C, G, T = 0 to 3; unknown = 4).

    Parameters
    ----------
    model : Model
    readout : Readout
    n_threads : int
        Independent pieces of work side by side; the result does not depend on it.
    """

    mode = ""

    def __init__(self, model: Model, readout: Readout, n_threads: int = 1) -> None:
        self.model, self.readout, self.n_threads = model, readout, n_threads
        # References of the members of one ensemble: a scan asks for the same ones block after block.
        self._members = len(readout.card.members)
        self._references: OrderedDict[tuple[bytes, bool], Any] = OrderedDict()
        self._references_lock = threading.Lock()

    def _kept(self, window: CodeArray, flipped: bool, make: Callable[[], Reference]) -> Reference:
        """What ``make`` gives for a window, made again only for another sequence."""
        key = window.tobytes(), flipped
        with self._references_lock:
            if key not in self._references:
                while len(self._references) >= self._members:
                    self._references.popitem(last=False)
                self._references[key] = make()
            self._references.move_to_end(key)
            found: Reference = self._references[key]
            return found

    @abstractmethod
    def _values(
        self, window: CodeArray, edits: Edits, flipped: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the readout's values of the window (1, B, T), and of its edited rows (H, B, T)."""

    def forget(self) -> None:
        """Drop the references that are kept, and their memory."""
        with self._references_lock:
            self._references.clear()

    def reference(self, sequence: CodeArray) -> NDArray[np.float64]:
        """Return the values of the unedited sequence, (T,)."""
        return self.evaluated(sequence, unedited(0))[0]

    def effects(
        self, sequence: CodeArray, positions: NDArray[np.int64], bases: NDArray[np.uint8]
    ) -> NDArray[np.float64]:
        """Return mutant minus reference for single-base changes, (M, T); 0 where the base is there already."""
        return self.row_effects(sequence, Edits(np.arange(len(positions) + 1), positions, bases))

    def row_effects(self, sequence: CodeArray, edits: Edits) -> NDArray[np.float64]:
        """Return edited minus unedited for rows of any number of edits, (H, T)."""
        return self.evaluated(sequence, edits)[1]

    def evaluated(self, sequence: CodeArray, edits: Edits) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the reference (T,) and the effects (H, T)."""
        card = self.readout.card
        if sequence.shape != (card.read_length,):
            raise InputError(f"one sequence of {card.read_length} bases is needed, found shape {sequence.shape}")
        changes = kept_edits(edits, edits.base != sequence[edits.position])
        active = np.flatnonzero(np.diff(changes.offset))
        kept = chosen_rows(changes, active)

        def member(shift: int, reverse: bool) -> NDArray[np.float64]:
            start = shift - min(card.shifts)
            window, inside = _member(sequence, kept, start, card.length, reverse)
            reference, values = self._values(window, inside, reverse)
            return np.concatenate([reference, values])

        values = self.readout.rule.ensemble(member)
        effects = np.zeros((len(edits.offset) - 1, values.shape[1]))
        effects[active] = values[1:] - values[0]
        return values[0], effects


def _member(sequence: CodeArray, edits: Edits, start: int, length: int, reverse: bool) -> tuple[CodeArray, Edits]:
    """Return the window that one ensemble member reads, and the edits inside it."""
    window = np.ascontiguousarray(sequence[start : start + length])
    moved = kept_edits(edits, (edits.position >= start) & (edits.position < start + length))
    moved = moved._replace(position=moved.position - start)
    if not reverse:
        return window, moved
    return np.ascontiguousarray(complement_bases(window)[::-1]), moved.reverse_complement(length)
