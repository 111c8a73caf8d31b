"""Saturation mutants by hand: batches of whole sequences, or edits of a kept batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..peers import Batches, MutantPeer, MutantWork, always, in_batches

__all__ = ["REPEAT", "peers"]

REPEAT = "numpy repeat + set"


def _repeat(work: MutantWork) -> Callable[[], Batches]:
    channels = work.channels

    def batches() -> Batches:
        for part in in_batches(len(work.positions), work.batch):
            at = work.positions[part]
            rows = np.arange(len(at))
            batch = np.repeat(work.reference[np.newaxis], len(at), axis=0)
            batch[rows, at] = 0
            batch[rows, at, channels[part]] = 1
            yield part, batch

    return batches


def _copies(work: MutantWork) -> Callable[[], Batches]:
    """The published scripts: one copy and one assignment per mutant."""
    channels = work.channels

    def batches() -> Batches:
        for i, (at, channel) in enumerate(zip(work.positions.tolist(), channels.tolist(), strict=True)):
            copy = work.reference.copy()
            copy[at] = 0
            copy[at, channel] = 1
            yield slice(i, i + 1), copy[np.newaxis]

    return batches


def _set_and_undo(work: MutantWork) -> Callable[[], Batches]:
    """A careful script: one batch of copies is kept, each step sets its edits and takes them back."""
    channels = work.channels
    kept = np.repeat(work.reference[np.newaxis], min(work.batch, len(work.positions)), axis=0)

    def batches() -> Batches:
        for part in in_batches(len(work.positions), work.batch):
            at = work.positions[part]
            rows = np.arange(len(at))
            kept[rows, at] = 0
            kept[rows, at, channels[part]] = 1
            yield part, kept[: len(at)]
            kept[rows, at] = work.reference[at]

    return batches


def peers() -> list[MutantPeer]:
    """Return the three ways."""
    return [
        MutantPeer(REPEAT, always, _repeat),
        MutantPeer("copy and set, one at a time", always, _copies),
        MutantPeer("numpy kept batch, set and undo", always, _set_and_undo, edits_in_place=True),
    ]
