"""One-hot encoders of packages that work on arrays or strings: seqpro, kipoiseq, bionumpy, selene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.packages import load, missing
from gxfast.bench.peers import Format, OneHotPeer, Sequences

__all__ = ["peers"]


def _seqpro(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if form.layout != "NLC" or form.reverse:
        return None
    dna = load("seqpro", "seqpro").DNA
    letters = sequences.letters.view("S1")
    if form.dtype == "uint8":
        return lambda: dna.ohe(letters)
    return lambda: dna.ohe(letters).astype(form.dtype)


def _kipoiseq(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if form.layout != "NLC" or form.reverse or form.dtype != "float32":
        return None
    one_hot_dna = load("kipoiseq.transforms.functional", "kipoiseq six").one_hot_dna
    return lambda: np.stack([one_hot_dna(text, neutral_value=0) for text in sequences.text])


def _bionumpy(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if form.layout != "NLC" or form.reverse or form.dtype != "float32":
        return None
    bionumpy = load("bionumpy", "bionumpy")
    encoding = load("bionumpy.encodings", "bionumpy").ACGTnEncoding
    rows = np.eye(5, 4, dtype=np.float32)
    raw = bionumpy.EncodedArray(sequences.letters, bionumpy.encodings.BaseEncoding)
    return lambda: rows[bionumpy.as_encoded_array(raw, encoding).raw()]


def _selene(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if form.layout != "NLC" or form.reverse or form.dtype != "float32":
        return None
    genome = load("selene_sdk.sequences", "selene-sdk").Genome
    return lambda: np.stack([genome.sequence_to_encoding(text) for text in sequences.text])


def peers() -> list[OneHotPeer]:
    """Return the four packages."""
    return [
        OneHotPeer("seqpro", lambda: missing("seqpro", "seqpro"), _seqpro),
        OneHotPeer("kipoiseq one_hot_dna", lambda: missing("kipoiseq six", "kipoiseq", "six"), _kipoiseq),
        OneHotPeer("bionumpy codes + eye", lambda: missing("bionumpy", "bionumpy"), _bionumpy),
        OneHotPeer(
            "selene",
            lambda: missing("selene-sdk 'setuptools<81'", "selene_sdk", "pkg_resources"),
            _selene,
            unknown="quarter",
        ),
    ]
