"""The yardstick, written out: one-hot of every mutant in full, through ``onnxruntime`` in batches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....models.card import ModelCard
from ...packages import load
from .sample import Mutants

__all__ = ["BATCHES", "PlainScan", "best_batch"]

BATCHES: Final = (1, 4, 16, 64)
_SLOW_SECONDS: Final = 4.0  # larger batches are not tried after a run that took as long
_MOST_BYTES: Final = 2**30  # of the largest activation
_ONE_HOT: Final = np.eye(5, 4, dtype=np.float32)  # code 4, the unknown base, is a row of zeros


class PlainScan:
    """What a script around onnxruntime does, on one thread.

    Parameters
    ----------
    path : Path
    card : ModelCard
        For the layout and the extra inputs.
    codes : uint8 array, shape (L,)
    tracks, bins : sequence of int, optional
        Values kept of every output; the mean over bins is taken where there are any.
    """

    def __init__(
        self, path: Path, card: ModelCard, codes: NDArray[np.uint8], tracks: Any = None, bins: Any = None
    ) -> None:
        runtime = load("onnxruntime", "gxfast[cpu]")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inputs = [one.name for one in self._session.get_inputs() if one.name not in card.extra_inputs]
        self._input, self._extra, self._channels_last = inputs[0], card.extra_inputs, card.layout == "NLC"
        one_hot = _ONE_HOT[codes]
        self._one_hot = one_hot if self._channels_last else np.ascontiguousarray(one_hot.T)
        self._tracks = slice(None) if tracks is None else list(tracks)
        self._bins = slice(None) if bins is None else list(bins)
        self.reference = self._run(self._one_hot[np.newaxis])[0]

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return outputs (N, T)."""
        feeds: dict[str, Any] = {self._input: batch}
        for name, values in self._extra.items():
            feeds[name] = np.repeat(np.array([values], np.float32), len(batch), axis=0)
        (raw,) = self._session.run(None, feeds)
        if raw.ndim == 3:
            raw = raw[:, self._bins][:, :, self._tracks].astype(np.float64).mean(axis=1)
        return np.asarray(raw, np.float64)

    def effects(self, mutants: Mutants, batch: int) -> NDArray[np.float64]:
        """Return mutant minus reference, (M, T)."""
        found = []
        for a in range(0, len(mutants), batch):
            at, base = mutants.positions[a : a + batch], mutants.bases[a : a + batch]
            rows = np.arange(len(at))
            full = np.repeat(self._one_hot[np.newaxis], len(at), axis=0)
            if self._channels_last:
                full[rows, at] = 0
                full[rows, at, base] = 1
            else:
                full[rows, :, at] = 0
                full[rows, base, at] = 1
            found.append(self._run(full) - self.reference)
        return np.concatenate(found)


def best_batch(scan: PlainScan, mutants: Mutants, bytes_per_row: int) -> int:
    """Return the batch size, of 1, 4, 16 and 64, with the fewest CPU seconds per mutant.

    Each runs twice, the quicker run counts; sizes whose largest activation passes 1 GiB are left out.
    """
    best, least = 1, np.inf
    for size in BATCHES:
        if size > len(mutants) or (size > 1 and size * bytes_per_row > _MOST_BYTES):
            break
        trial, times = mutants.picked(np.arange(size)), []
        for _ in range(2):
            start = time.process_time()
            scan.effects(trial, size)
            times.append(time.process_time() - start)
            if times[-1] > _SLOW_SECONDS:
                break
        if min(times) / size < least:
            best, least = size, min(times) / size
        if min(times) > _SLOW_SECONDS:
            break
    return best
