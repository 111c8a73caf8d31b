"""Others on the same mutants: tangermeme with the same weights in torch, fastISM from a run of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..data import scratch_folder
from ..measure import Contestant, Field, UnavailableError
from ..peers import load, missing
from .sample import Sample
from .twin import torch_twin

__all__ = ["FASTISM_FILE", "TANGERMEME", "TANGERMEME_FAST", "add_tangermeme", "fastism_figures"]

TANGERMEME: Final = "tangermeme saturation_mutagenesis, fast=False"
TANGERMEME_FAST: Final = "tangermeme saturation_mutagenesis, fast path (set-up outside the timer)"
FASTISM_FILE: Final = "fastism.json"
_BATCHES: Final = (32, 128, 512)
_FEWEST_POSITIONS: Final = 16


class _Range:
    """A run of positions of the sample's middle, and what its mutants do."""

    def __init__(self, path: Path, sample: Sample, effects: Callable[[Any], NDArray[Any]], n_positions: int) -> None:
        remedy = missing("tangermeme", "tangermeme", "torch")
        if remedy:
            raise UnavailableError(remedy)
        from ...ism.mutants import all_mutants
        from .sample import Mutants

        self.torch = load("torch", "torch")
        self.torch.set_num_threads(1)
        self.module = load("tangermeme.saturation_mutagenesis", "tangermeme")
        self.model = torch_twin(path)
        self.start = len(sample.codes) // 2 - 1  # the unknown base is the first
        self.end = self.start + n_positions
        one_hot = np.eye(5, 4, dtype=np.int8)[sample.codes].T[np.newaxis]
        self.sequence = self.torch.from_numpy(np.ascontiguousarray(one_hot))
        mutants = Mutants(*all_mutants(sample.codes, np.arange(self.start, self.end)))
        self.n = len(mutants)
        found = effects(mutants)
        dense = np.zeros((n_positions, 4, found.shape[1]))
        dense[mutants.positions - self.start, mutants.bases] = found
        self.expected = dense

    def check(self, found: Any) -> str:
        """Compare effects (4, positions, T), mutant minus reference."""
        worst = float(np.abs(found.transpose(1, 0, 2) - self.expected).max())
        # Another implementation of the convolutions rounds in another order: 1e-4, as tangermeme itself allows.
        return "" if worst <= 1e-4 else f"effects differ by {worst:.2g}"


def add_tangermeme(
    field: Field, path: Path, sample: Sample, effects: Callable[[Any], NDArray[Any]], n_positions: int
) -> None:
    """Add both ways of tangermeme, each at its best batch size.

    Parameters
    ----------
    field : Field
    path : Path
        The model.
    sample : Sample
    effects : callable
        Takes `Mutants`, returns the right effects (M, T).
    n_positions : int
        To mutate.
    """
    field.add(TANGERMEME, lambda: _whole(_Range(path, sample, effects, max(_FEWEST_POSITIONS, n_positions // 8))))
    field.add(TANGERMEME_FAST, lambda: _incremental(_Range(path, sample, effects, max(_FEWEST_POSITIONS, n_positions))))


def _best(call: Callable[[int], Any]) -> int:
    """Return the batch size with the fewest CPU seconds."""
    times = []
    for size in _BATCHES:
        call(size)
        start = time.process_time()
        call(size)
        times.append(time.process_time() - start)
    return _BATCHES[int(np.argmin(times))]


def _whole(work: _Range) -> Contestant:
    def call(size: int) -> Any:
        return work.module.saturation_mutagenesis(
            work.model, work.sequence, start=work.start, end=work.end, batch_size=size, raw_outputs=True,
            device="cpu", fast=False,
        )  # fmt: skip

    def check(result: Any) -> str:
        return work.check((result.y_hat - result.y0[:, None, None])[0].numpy())

    size = _best(call)
    return Contestant(TANGERMEME, lambda: call(size), work.n, check)


def _incremental(work: _Range) -> Contestant:
    """Build the fast path once: the package takes it by itself for jobs that would last over thirty seconds."""
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
    return Contestant(TANGERMEME_FAST, lambda: call(size), work.n, check)


def fastism_figures(case: str) -> dict[str, float]:
    """Return what ``bench/fastism.sh`` found for a case, if its file lies in the cache; it was timed on its own."""
    path = scratch_folder("ism") / FASTISM_FILE
    if not path.is_file():
        return {}
    found = json.loads(path.read_text()).get(case, {})
    return {f"fastISM on its own: {name}": float(value) for name, value in found.items()}
