"""Normalizations and softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ._context import Gradients, Reverse
from ._registry import register

__all__: list[str] = []


@register("BatchNormalization")
def batch_normalization(r: Reverse) -> Gradients:
    """Outside training it is a constant factor per channel."""
    if r.attribute("training_mode", 0):
        raise r.refusal("it is in training mode")
    scale, _, _, variance = (r.constant(index) for index in range(1, 5))
    assert scale is not None
    assert variance is not None
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + r.attribute("epsilon", 1e-5))
    shape = [-1 if axis == 1 else 1 for axis in range(len(r.shape()))]
    return [r.emit.op("Mul", r.dy, r.emit.const(factor.reshape(shape), r.dtype))]


def _standardized(r: Reverse, gradient: str, axes: Sequence[int]) -> str:
    """Carry the gradient of (x - mean) / sqrt(variance + epsilon), over ``axes``, back to x."""
    e, share = r.emit, r.scalar(1.0 / math.prod(r.shape()[axis] for axis in axes))

    def mean(x: str) -> str:
        return e.op("Mul", e.sum(x, axes), share)

    centred = e.op("Sub", r.name(), mean(r.name()))
    variance = mean(e.op("Mul", centred, centred))
    spread = e.op("Sqrt", e.op("Add", variance, r.scalar(r.attribute("epsilon", 1e-5))))
    values = e.op("Div", centred, spread)
    shared = e.op("Mul", values, mean(e.op("Mul", gradient, values)))
    return e.op("Div", e.op("Sub", e.op("Sub", gradient, mean(gradient)), shared), spread)


@register("LayerNormalization")
def layer_normalization(r: Reverse) -> Gradients:
    """Standardization over the last axes, with constant scale and bias."""
    rank = len(r.shape())
    axes = list(range(int(r.attribute("axis", -1)) % rank, rank))
    return r.only_first(_standardized(r, r.emit.op("Mul", r.dy, r.name(1)), axes))


@register("InstanceNormalization")
def instance_normalization(r: Reverse) -> Gradients:
    """Standardization of each channel over the spatial axes, with constant scale and bias."""
    rank = len(r.shape())
    scale = r.emit.reshape(r.name(1), [-1 if axis == 1 else 1 for axis in range(rank)])
    return r.only_first(_standardized(r, r.emit.op("Mul", r.dy, scale), range(2, rank)))


def _softmax_axes(r: Reverse) -> list[int]:
    rank = len(r.shape())
    if r.graph.opset >= 13:
        return [int(r.attribute("axis", -1)) % rank]
    # Before opset 13 all axes from this one on were normalized together.
    return list(range(int(r.attribute("axis", 1)) % rank, rank))


@register("Softmax")
def softmax(r: Reverse) -> Gradients:
    """y (dy - sum(y dy))."""
    e, y = r.emit, r.output()
    weighted = e.op("Mul", y, r.dy)
    return [e.op("Sub", weighted, e.op("Mul", y, e.sum(weighted, _softmax_axes(r))))]


@register("LogSoftmax")
def log_softmax(r: Reverse) -> Gradients:
    """dy - softmax sum(dy)."""
    e = r.emit
    total = e.sum(r.dy, _softmax_axes(r))
    return [e.op("Sub", r.dy, e.op("Mul", e.op("Exp", r.output()), total))]
