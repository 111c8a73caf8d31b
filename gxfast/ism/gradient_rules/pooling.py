"""Pools over windows and over everything."""

from __future__ import annotations

import math

import numpy as np

from ._context import Gradients, Reverse
from ._registry import register
from ._windows import Windows
from .activation import _mask

__all__ = ["first_maximum"]


def first_maximum(r: Reverse, x: str, axis: int, shape: tuple[int, ...]) -> str:
    """Return 1 at the first maximum of ``x`` (of ``shape``) along ``axis`` and 0 elsewhere."""
    e, n = r.emit, len(shape)
    winner = e.op("ArgMax", x, axis=axis, keepdims=1)
    # Comparing int32, which every opset's Equal has on every device.
    winner = e.op("Cast", winner, to=6)
    along = np.arange(shape[axis], dtype=np.int32).reshape([-1 if a == axis else 1 for a in range(n)])
    return _mask(r, e.op("Equal", winner, e.const(along)))


@register("MaxPool")
def max_pool(r: Reverse) -> Gradients:
    """The first maximum of each window gets its gradient; windows may overlap and reach into the padding."""
    if r.attribute("storage_order", 0):
        raise r.refusal("storage_order is set")
    e, shape = r.emit, r.shape()
    windows = Windows.of(r, tuple(r.attribute("kernel_shape")), size=shape[2:], out=r.output_shape[2:])
    rows, size, out = math.prod(shape[:2]), math.prod(windows.size), math.prod(windows.out)
    index = windows.flat_positions()
    flat = e.reshape(r.name(), (rows, size))
    if (index == size).any():
        lowest = e.const(np.full((rows, 1), -np.inf), r.dtype)
        flat = e.op("Concat", flat, lowest, axis=1)
    taken = e.take(flat, index, 1)  # (rows, kernel, out)
    chosen = first_maximum(r, taken, 1, (rows, *index.shape))
    routed = e.op("Mul", chosen, e.reshape(r.dy, (rows, 1, out)))
    routed = e.reshape(routed, (rows, len(index), *windows.out))
    return [e.reshape(windows.add_up(r, routed, rows), shape)]


@register("AveragePool")
def average_pool(r: Reverse) -> Gradients:
    """Every position of a window gets the same share."""
    e, shape = r.emit, r.shape()
    windows = Windows.of(r, tuple(r.attribute("kernel_shape")), size=shape[2:], out=r.output_shape[2:])
    counts = windows.counts(padding=bool(r.attribute("count_include_pad", 0)))
    share = e.op("Mul", r.dy, e.const(1.0 / np.maximum(counts, 1.0)[None, None], r.dtype))
    rows = math.prod(shape[:2])
    ones = e.const(np.ones((1, 1, *windows.kernel)), r.dtype)
    added = windows.transposed(r, e.reshape(share, (rows, 1, *windows.out)), ones, 1)
    return [e.reshape(added, shape)]


@register("GlobalAveragePool")
def global_average_pool(r: Reverse) -> Gradients:
    """Every position gets the same share."""
    e, shape = r.emit, r.shape()
    share = e.op("Mul", r.dy, r.scalar(1.0 / math.prod(shape[2:])))
    return [e.op("Expand", share, e.sizes(shape))]


@register("GlobalMaxPool")
def global_max_pool(r: Reverse) -> Gradients:
    """The first maximum gets the gradient."""
    e, shape = r.emit, r.shape()
    flat = (*shape[:2], math.prod(shape[2:]))
    chosen = first_maximum(r, e.reshape(r.name(), flat), 2, flat)
    routed = e.op("Mul", chosen, e.reshape(r.dy, (*shape[:2], 1)))
    return [e.reshape(routed, shape)]
