"""One-hot encoders that return torch tensors: tangermeme, enformer-pytorch, gReLU, torch itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.packages import load, missing
from gxfast.bench.peers import Format, OneHotPeer, Sequences

__all__ = ["peers"]

_PLAIN_CODES = np.full(256, 4, np.uint8)
_PLAIN_CODES[np.frombuffer(b"ACGT", np.uint8)] = np.arange(4)


def _numpy(result: Any) -> NDArray[Any]:
    if isinstance(result, list):
        return np.stack([tensor.numpy() for tensor in result])
    array: NDArray[Any] = result.numpy()
    return array


def _only(form: Format, layout: str, dtypes: tuple[str, ...]) -> bool:
    return form.layout == layout and not form.reverse and form.dtype in dtypes


def _tangermeme(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if not _only(form, "NCL", ("float32", "uint8")):
        return None
    torch, encode = load("torch", "torch"), load("tangermeme.utils", "tangermeme").one_hot_encode
    if form.dtype == "uint8":
        # int8, each a transposed view of a channels-last array, which is how the package returns it.
        return lambda: [encode(text) for text in sequences.text]
    return lambda: torch.stack([encode(text) for text in sequences.text]).float()


def _tangermeme_packed(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if not _only(form, "NCL", ("float32", "uint8")):
        return None
    torch, packed = load("torch", "torch"), load("tangermeme.utils", "tangermeme").PackedSequence
    held = packed.from_codes(torch.from_numpy(_PLAIN_CODES[sequences.letters]))
    dtype = torch.float32 if form.dtype == "float32" else torch.int8
    return lambda: held.to_one_hot(dtype=dtype)


def _enformer(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if not _only(form, "NLC", ("float32",)):
        return None
    encode = load("enformer_pytorch.data", "enformer-pytorch").str_to_one_hot
    return lambda: encode(sequences.text)


def _grelu(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if not _only(form, "NCL", ("float32",)):
        return None
    encode = load("grelu.sequence.format", "gReLU").strings_to_one_hot
    return lambda: encode(sequences.text)


def _torch(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if not _only(form, "NLC", ("float32",)):
        return None
    torch = load("torch", "torch")
    codes = torch.from_numpy(_PLAIN_CODES[sequences.letters].astype(np.int64))
    return lambda: torch.nn.functional.one_hot(codes, 5)[..., :4].float()


def peers() -> list[OneHotPeer]:
    """Return the torch packages."""
    tangermeme = lambda: missing("tangermeme", "tangermeme", "torch")  # noqa: E731
    return [
        OneHotPeer("tangermeme one_hot_encode", tangermeme, _tangermeme, arrays=_numpy),
        OneHotPeer("tangermeme PackedSequence", tangermeme, _tangermeme_packed, arrays=_numpy),
        OneHotPeer(
            "enformer-pytorch", lambda: missing("enformer-pytorch", "enformer_pytorch"), _enformer, arrays=_numpy
        ),
        OneHotPeer("gReLU", lambda: missing("gReLU", "grelu"), _grelu, arrays=_numpy),
        OneHotPeer("torch one_hot", lambda: missing("torch", "torch"), _torch, arrays=_numpy),
    ]
