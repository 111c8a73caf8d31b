"""Batches of one fixed size: padding, choice of the size, retreat when memory runs out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .workers import run_tasks

__all__ = ["MIN_BATCH", "BatchRunner", "OutOfMemoryError", "affordable", "padded"]

_LOG = logging.getLogger("gxfast")
MIN_BATCH: Final = 2  # one row takes other kernels (matrix x vector), so other bits
TUNE_FROM: Final = 64  # sequences in one call that make it worth while to time batch sizes
WORTHWHILE: Final = 0.95  # a larger batch has to take less than this share of the time per sequence


class OutOfMemoryError(Exception):
    """The runtime could not allocate what a batch needs."""


def padded(rows: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return ``rows`` filled up to ``size`` rows by repeating the first one, C-contiguous."""
    if len(rows) == size:
        return np.ascontiguousarray(rows)
    return np.concatenate([rows, np.repeat(rows[:1], size - len(rows), axis=0)])


def affordable(asked: int, room: int, per_row: int, path: str) -> int:
    """Rows of a batch that was asked for, or as many as ``room`` bytes hold: results do not depend on it."""
    most = max(MIN_BATCH, room // per_row)
    if asked > most:
        _LOG.warning("%s: a batch of %d does not fit into the memory allowed; going on with %d", path, asked, most)
    return min(asked, most)


class BatchRunner:
    """Evaluates sequences in padded batches of one size.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(rows, options)`` with uint8 rows (size, L') gives float64 (size, T); may raise
        `OutOfMemoryError`.
    new_options : callable
        Makes the options object of one call; setting its ``terminate`` ends running evaluations.
    size : int
        Rows per batch to begin with.
    limit : int
        Largest size to try.
    least : int
        Smallest size: `MIN_BATCH`, or 1 where every batch is one row.
    tune : bool
        Whether to pick the size by timing, at the first call with at least 64 sequences. Sizes are only
        accepted if they give the same bits as the smallest one.
    fixed : bool
        Whether the graph takes this size only.
    filled : bool
        Whether a batch always has this size; otherwise it has no more rows than there are sequences.
    path : str
        The model, for messages.
    """

    def __init__(
        self,
        evaluate: Callable[[NDArray[np.uint8], Any], NDArray[np.float64]],
        new_options: Callable[[], Any],
        *,
        size: int,
        limit: int,
        least: int = MIN_BATCH,
        tune: bool,
        fixed: bool,
        filled: bool = True,
        path: str,
    ) -> None:
        self._evaluate = evaluate
        self._new_options = new_options
        self.size = size
        self._limit, self._least = limit, least
        self._tune = tune
        self._fixed, self._filled = fixed, filled
        self._path = path
        self._lock = threading.Lock()

    def fill(self, sequences: NDArray[np.uint8], result: NDArray[np.float64], *, n_threads: int) -> None:
        """Evaluate every row of ``sequences`` (N, L') into ``result`` (N, T).

        Raises
        ------
        ModelError
            If memory runs out even at the smallest size.
        """
        done = np.zeros(len(sequences), bool)
        if self._tune and len(sequences) >= TUNE_FROM:
            with self._lock:
                if self._tune:
                    self._pick_size(sequences, result, done)
                    self._tune = False
        while (todo := np.flatnonzero(~done)).size:
            size = self.size if self._filled else min(self.size, max(self._least, todo.size))
            try:
                self._pass(sequences, result, done, todo, size=size, n_threads=n_threads)
            except OutOfMemoryError as error:
                self._retreat(size, error)

    def _pass(
        self,
        sequences: NDArray[np.uint8],
        result: NDArray[np.float64],
        done: NDArray[np.bool_],
        todo: NDArray[np.int64],
        *,
        size: int,
        n_threads: int,
    ) -> None:
        options = self._new_options()

        def task(i: int) -> None:
            rows = todo[i * size : (i + 1) * size]
            result[rows] = self._evaluate(padded(sequences[rows], size), options)[: len(rows)]
            done[rows] = True

        run_tasks(task, -(-todo.size // size), n_threads=n_threads, options=options)

    def _retreat(self, size: int, error: OutOfMemoryError) -> None:
        smaller = size // 2
        if self._fixed or smaller < self._least:
            raise ModelError(
                f"not enough memory for a batch of {size}, the smallest possible: {error}",
                path=self._path,
                remedy="use a machine or device with more memory, fewer threads, or a smaller model",
            ) from None
        with self._lock:
            if self.size >= size:
                self.size = smaller
                _LOG.warning("%s: out of memory at batch size %d; going on with %d", self._path, size, smaller)

    def _pick_size(self, sequences: NDArray[np.uint8], result: NDArray[np.float64], done: NDArray[np.bool_]) -> None:
        """Double the size while it pays, on rows that the smallest size has already computed."""
        limit = min(self._limit, len(sequences) // 4)
        trial = np.empty_like(result[:limit])
        best_time, size = np.inf, self.size
        while size <= limit:
            todo = np.flatnonzero(~done[:size])
            try:
                self._pass(sequences, result, done, todo, size=MIN_BATCH, n_threads=1)
            except OutOfMemoryError:
                return
            try:
                seconds = self._seconds(sequences, trial, size)
            except OutOfMemoryError:
                break
            if trial[:size].tobytes() != result[:size].tobytes():
                _LOG.info("%s: batches of %d and %d differ in the last bits", self._path, MIN_BATCH, size)
                break
            if seconds / size > WORTHWHILE * best_time:
                break
            best_time, self.size = seconds / size, size
            size *= 2

    def _seconds(self, sequences: NDArray[np.uint8], trial: NDArray[np.float64], size: int) -> float:
        """Seconds for one batch, the better of two (the first one also allocates)."""
        times = []
        for _ in range(2):
            start = time.perf_counter()
            rows = np.arange(size)
            self._pass(sequences, trial, np.zeros(size, bool), rows, size=size, n_threads=1)
            times.append(time.perf_counter() - start)
        return min(times)
