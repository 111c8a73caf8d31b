"""tangermeme on the mutants of the ISM cases, with the same weights in torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from gxfast.bench.measure import Contender, UnavailableError
from gxfast.bench.packages import load, missing
from gxfast.bench.peers import ScanPeer, ScanWork
from gxfast.ism.mutants import all_mutants

from .torch_twin import torch_twin

__all__ = ["FAST", "WHOLE", "peers"]

WHOLE: Final = "tangermeme saturation_mutagenesis, fast=False"
FAST: Final = "tangermeme saturation_mutagenesis, fast path (set-up outside the timer)"
_BATCHES: Final = (32, 128, 512)
_FEWEST_POSITIONS: Final = 16


class _Range:
    """A run of positions of the sequence's middle, and what its mutants do."""

    def __init__(self, work: ScanWork, n_positions: int) -> None:
        remedy = missing("tangermeme", "tangermeme", "torch")
        if remedy:
            raise UnavailableError(remedy)
        self.torch = load("torch", "torch")
        self.torch.set_num_threads(1)
        self.module = load("tangermeme.saturation_mutagenesis", "tangermeme")
        self.model = torch_twin(work.path)
        n_positions = max(_FEWEST_POSITIONS, n_positions)
        self.start = len(work.codes) // 2 - 1  # the unknown base is the first
        self.end = self.start + n_positions
        one_hot = np.eye(5, 4, dtype=np.int8)[work.codes].T[np.newaxis]
        self.sequence = self.torch.from_numpy(np.ascontiguousarray(one_hot))
        positions, bases = all_mutants(work.codes, np.arange(self.start, self.end))
        self.n = len(positions)
        found = work.effects(positions, bases)
        dense = np.zeros((n_positions, 4, found.shape[1]))
        dense[positions - self.start, bases] = found
        self.expected = dense

    def check(self, found: Any) -> str:
        """Compare effects (4, positions, T), mutant minus reference."""
        worst = float(np.abs(found.transpose(1, 0, 2) - self.expected).max())
        # Another implementation of the convolutions rounds in another order: 1e-4, as tangermeme itself allows.
        return "" if worst <= 1e-4 else f"effects differ by {worst:.2g}"


def _best(call: Callable[[int], Any]) -> int:
    """Return the batch size with the fewest CPU seconds."""
    times = []
    for size in _BATCHES:
        call(size)
        start = time.process_time()
        call(size)
        times.append(time.process_time() - start)
    return _BATCHES[int(np.argmin(times))]


def _whole(given: ScanWork) -> Contender:
    work = _Range(given, given.positions // 8)

    def call(size: int) -> Any:
        return work.module.saturation_mutagenesis(
            work.model, work.sequence, start=work.start, end=work.end, batch_size=size, raw_outputs=True,
            device="cpu", fast=False,
        )  # fmt: skip

    def check(result: Any) -> str:
        return work.check((result.y_hat - result.y0[:, None, None])[0].numpy())

    size = _best(call)
    return Contender(WHOLE, lambda: call(size), work.n, check)


def _incremental(given: ScanWork) -> Contender:
    """Build the fast path once: the package takes it by itself for jobs that would last over thirty seconds."""
    work = _Range(given, given.positions)
    torch = work.torch
    with torch.no_grad():
        fast = work.module._FastISM(
            work.model, work.sequence, None, work.start, work.end, torch.device("cpu"), torch.float32, False
        )
        reference = work.model(work.sequence.float()).numpy()
    keep, characters, positions = work.module._single_edits(work.sequence[0], work.start, work.end)

    def call(size: int) -> Any:
        with torch.no_grad():
            return fast.predict_edits(0, characters, positions, size)

    def check(result: Any) -> str:
        effects = np.zeros((len(keep), reference.shape[1]))
        effects[keep.numpy()] = result.numpy() - reference
        return work.check(effects.reshape(4, work.end - work.start, -1))

    size = _best(call)
    return Contender(FAST, lambda: call(size), work.n, check)


def peers() -> list[ScanPeer]:
    """Return both ways of tangermeme, each at its best batch size."""
    return [ScanPeer(WHOLE, _whole), ScanPeer(FAST, _incremental)]
