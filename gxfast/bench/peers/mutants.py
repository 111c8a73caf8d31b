"""Saturation mutants as others make them: batches of whole sequences, or edits of a kept batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import load, missing
from .cohort_interface import Batches, in_batches

__all__ = ["REPEAT", "TANGERMEME", "MutantPeer", "Scan", "peers"]

TANGERMEME = "tangermeme edited batches, float"
REPEAT = "numpy repeat + set"


@dataclass(frozen=True, slots=True)
class Scan:
    """The sequence as letters and as float32 (L, 4), its single-base edits, the span, the batch size."""

    letters: NDArray[np.uint8]
    reference: NDArray[np.float32]
    positions: NDArray[np.int64]
    bases: NDArray[np.uint8]
    span: tuple[int, int]
    batch: int

    @property
    def channels(self) -> NDArray[np.int64]:
        """Channel of each edit's base."""
        return np.searchsorted(np.frombuffer(b"ACGT", np.uint8), self.bases)


@dataclass(frozen=True, slots=True)
class MutantPeer:
    """``build`` takes a scan and returns a function that yields float32 batches, channels last or first."""

    name: str
    available: Callable[[], str | None]
    build: Callable[[Scan], Callable[[], Batches]]
    edits_in_place: bool = False


def _repeat(scan: Scan) -> Callable[[], Batches]:
    channels = scan.channels

    def batches() -> Batches:
        for part in in_batches(len(scan.positions), scan.batch):
            at = scan.positions[part]
            rows = np.arange(len(at))
            batch = np.repeat(scan.reference[np.newaxis], len(at), axis=0)
            batch[rows, at] = 0
            batch[rows, at, channels[part]] = 1
            yield part, batch

    return batches


def _copies(scan: Scan) -> Callable[[], Batches]:
    """The published scripts: one copy and one assignment per mutant."""
    channels = scan.channels

    def batches() -> Batches:
        for i, (at, channel) in enumerate(zip(scan.positions.tolist(), channels.tolist(), strict=True)):
            copy = scan.reference.copy()
            copy[at] = 0
            copy[at, channel] = 1
            yield slice(i, i + 1), copy[np.newaxis]

    return batches


def _set_and_undo(scan: Scan) -> Callable[[], Batches]:
    """A careful script: one batch of copies is kept, each step sets its edits and takes them back."""
    channels = scan.channels
    kept = np.repeat(scan.reference[np.newaxis], min(scan.batch, len(scan.positions)), axis=0)

    def batches() -> Batches:
        for part in in_batches(len(scan.positions), scan.batch):
            at = scan.positions[part]
            rows = np.arange(len(at))
            kept[rows, at] = 0
            kept[rows, at, channels[part]] = 1
            yield part, kept[: len(at)]
            kept[rows, at] = scan.reference[at]

    return batches


def _tangermeme(scan: Scan, as_float: bool) -> Callable[[], Batches]:
    torch = load("torch", "torch")
    module = load("tangermeme.saturation_mutagenesis", "tangermeme")
    sequence = torch.from_numpy(scan.reference.T.astype(np.int8))[None]
    _, characters, positions = module._single_edits(sequence[0], *scan.span)

    def batches() -> Batches:
        for part in in_batches(len(positions), scan.batch):
            batch, _ = module._edited_inputs(sequence, None, 0, characters[part], positions[part])
            yield part, (batch.float() if as_float else batch).numpy()

    return batches


def _selene(scan: Scan) -> Callable[[], Batches]:
    mutate = load("selene_sdk.predict._in_silico_mutagenesis", "selene-sdk").mutate_sequence
    length = len(scan.letters)
    edits = list(zip(scan.positions.tolist(), map(chr, scan.bases.tolist()), strict=True))

    def batches() -> Batches:
        for part in in_batches(len(edits), scan.batch):
            batch = np.zeros((part.stop - part.start, length, 4))
            for i, edit in enumerate(edits[part]):
                batch[i] = mutate(scan.reference, [edit])
            yield part, batch

    return batches


def _grelu(scan: Scan) -> Callable[[], Batches]:
    dataset_type = load("grelu.data.dataset", "gReLU").ISMDataset
    loader_type = load("torch.utils.data", "torch").DataLoader
    dataset = dataset_type([scan.letters.tobytes().decode()], drop_ref=True, positions=list(range(*scan.span)))

    def batches() -> Batches:
        at = itertools.count(0, scan.batch)
        for batch in loader_type(dataset, batch_size=scan.batch, num_workers=0):
            first = next(at)
            array: Any = batch.numpy()
            yield slice(first, first + len(array)), array

    return batches


def peers() -> list[MutantPeer]:
    """Return the peers."""
    tangermeme = lambda: missing("tangermeme", "tangermeme", "torch")  # noqa: E731
    return [
        MutantPeer(TANGERMEME, tangermeme, lambda scan: _tangermeme(scan, True)),
        MutantPeer("tangermeme edited batches, int8", tangermeme, lambda scan: _tangermeme(scan, False)),
        MutantPeer(REPEAT, lambda: None, _repeat),
        MutantPeer("copy and set, one at a time", lambda: None, _copies),
        MutantPeer(
            "selene mutate_sequence", lambda: missing("selene-sdk 'setuptools<81'", "selene_sdk", "pkg_resources"),
            _selene,
        ),
        MutantPeer("gReLU ISMDataset", lambda: missing("gReLU", "grelu"), _grelu),
        MutantPeer("numpy kept batch, set and undo", lambda: None, _set_and_undo, edits_in_place=True),
    ]  # fmt: skip
