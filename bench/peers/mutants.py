"""Saturation mutants as packages make them: batches of whole sequences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from gxfast.bench.packages import load, missing
from gxfast.bench.peers import Batches, MutantPeer, MutantWork, in_batches

__all__ = ["TANGERMEME", "peers"]

TANGERMEME = "tangermeme edited batches, float"


def _tangermeme(work: MutantWork, as_float: bool) -> Callable[[], Batches]:
    torch = load("torch", "torch")
    module = load("tangermeme.saturation_mutagenesis", "tangermeme")
    sequence = torch.from_numpy(work.reference.T.astype(np.int8))[None]
    _, characters, positions = module._single_edits(sequence[0], *work.span)

    def batches() -> Batches:
        for part in in_batches(len(positions), work.batch):
            batch, _ = module._edited_inputs(sequence, None, 0, characters[part], positions[part])
            yield part, (batch.float() if as_float else batch).numpy()

    return batches


def _selene(work: MutantWork) -> Callable[[], Batches]:
    mutate = load("selene_sdk.predict._in_silico_mutagenesis", "selene-sdk").mutate_sequence
    length = len(work.letters)
    edits = list(zip(work.positions.tolist(), map(chr, work.bases.tolist()), strict=True))

    def batches() -> Batches:
        for part in in_batches(len(edits), work.batch):
            batch = np.zeros((part.stop - part.start, length, 4))
            for i, edit in enumerate(edits[part]):
                batch[i] = mutate(work.reference, [edit])
            yield part, batch

    return batches


def _grelu(work: MutantWork) -> Callable[[], Batches]:
    dataset_type = load("grelu.data.dataset", "gReLU").ISMDataset
    loader_type = load("torch.utils.data", "torch").DataLoader
    dataset = dataset_type([work.letters.tobytes().decode()], drop_ref=True, positions=list(range(*work.span)))

    def batches() -> Batches:
        at = itertools.count(0, work.batch)
        for batch in loader_type(dataset, batch_size=work.batch, num_workers=0):
            first = next(at)
            array: Any = batch.numpy()
            yield slice(first, first + len(array)), array

    return batches


def peers() -> list[MutantPeer]:
    """Return the peers."""
    tangermeme = lambda: missing("tangermeme", "tangermeme", "torch")  # noqa: E731
    selene = lambda: missing("selene-sdk 'setuptools<81'", "selene_sdk", "pkg_resources")  # noqa: E731
    return [
        MutantPeer(TANGERMEME, tangermeme, lambda work: _tangermeme(work, True)),
        MutantPeer("tangermeme edited batches, int8", tangermeme, lambda work: _tangermeme(work, False)),
        MutantPeer("selene mutate_sequence", selene, _selene),
        MutantPeer("gReLU ISMDataset", lambda: missing("gReLU", "grelu"), _grelu),
    ]
