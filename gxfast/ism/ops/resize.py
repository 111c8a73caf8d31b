"""Resize and Upsample: nearest by whole factors, which repeats every position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, NodeContext, Reverse, Span, of_one
from .errors import UnsupportedError
from .registry import Operator, register

__all__: list[str] = []

Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.float64]
_REFUSAL = "is known for nearest neighbours and whole factors only"


def _factors(context: NodeContext) -> tuple[int, ...] | None:
    """How often each axis is repeated; None where it is not only that."""
    before, after = context.shape(), context.output_shape()
    if context.attribute("mode", "nearest") != "nearest" or any(b % a for a, b in zip(before, after, strict=True)):
        return None
    factors = tuple(b // a for a, b in zip(before, after, strict=True))
    if any(factors[axis] not in (1, scale) for axis, scale in _scales(context).items()):
        return None
    return factors if context.node.op_type == "Upsample" or _repeats(context) else None


def _scales(context: NodeContext) -> dict[int, float]:
    """The factors of axes as they are given, which need not be whole ones; none where sizes are given."""
    found, rank = context.attribute("scales"), len(context.shape())
    if found is None:
        found = context.known(2 if context.node.op_type == "Resize" and context.graph.opset > 10 else 1)
    axes = context.attribute("axes") or range(rank)
    return {} if found is None else {axis % rank: float(scale) for axis, scale in zip(axes, found, strict=False)}


def _repeats(context: NodeContext) -> bool:
    """Whether output o reads input o // factor: from the left edges, or from the middles, which never fall between."""
    way = context.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = context.attribute("nearest_mode", "round_prefer_floor")
    if way == "asymmetric":
        return bool(rounding == "floor")
    return way in ("half_pixel", "half_pixel_symmetric") and rounding.startswith("round")


@of_one
def resize_reach(context: Context, span: Span) -> Span | str:
    """Every position becomes as many as the factor says."""
    factors = _factors(context)
    if factors is None or factors[0] != 1:
        return f"{context.node.op_type} {_REFUSAL}"
    factor = factors[span.axis]
    return span.moved(span.lo * factor, span.hi * factor + factor - 1)


def resize_step(builder: Builder, node: Node) -> None:
    """Along the sequence alone."""
    tensor, output = node.inputs[0], node.outputs[0]
    factors, axis = _factors(NodeContext(builder.graph, node)), builder.window(tensor).axis
    if factors is None or builder.features(tensor) != builder.features(output):
        raise UnsupportedError(f"{node.op_type} of features")
    builder.executor.repeat(builder.number(tensor), builder.declare(output), factors[axis])


def resize_gradient(r: Reverse) -> Gradients:
    """Sum over the copies."""
    factors = _factors(r)
    if factors is None:
        return r.only_first(_from_taps(r))
    pairs = [size for pair in zip(r.shape(), factors, strict=True) for size in pair]
    return r.only_first(r.emit.sum(r.emit.reshape(r.dy, pairs), range(1, len(pairs), 2), keepdims=False))


def _from_taps(r: Reverse) -> str:
    """Add what every output element took from an element of the input, axis by axis."""
    if r.attribute("antialias", 0) or r.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise r.refusal("antialias or keep_aspect_ratio_policy is set")
    given, gradient, rank = _scales(r), r.dy, len(r.shape())
    for axis, (size, made) in enumerate(zip(r.shape(), r.output_shape(), strict=True)):
        scale = given.get(axis, made / size)
        if size == made and scale == 1:
            continue
        parts = []
        for where, share in _taps(r, size, made, np.float32(scale)):
            weights = share.reshape([-1 if i == axis else 1 for i in range(rank)])
            part = r.emit.add("Mul", gradient, r.emit.constant(weights, r.dtype))
            parts.append(r.emit.scatter_add(part, rank, axis, where, size))
        gradient = parts[0] if len(parts) == 1 else r.emit.add("Sum", *parts)
    return gradient


def _taps(r: Reverse, size: int, made: int, scale: np.float32) -> list[tuple[Int64Array, FloatArray]]:
    """Return pairs of the input position that each output position reads, and how much of it."""
    x = _places(r, size, made, scale)
    mode = r.attribute("mode", "nearest")
    if mode == "nearest":
        rounded = _NEAREST[r.attribute("nearest_mode", "round_prefer_floor")](x)
        return [(np.clip(rounded, 0, size - 1).astype(np.int64), np.ones(made))]
    if mode == "linear":
        x = np.clip(x, 0, size - 1)
        first = np.floor(x)
        share = (x - first).astype(np.float64)
        pairs = ((first, 1 - share), (first + 1, share))
        return [(np.minimum(where, size - 1).astype(np.int64), weight) for where, weight in pairs]
    return _cubic_taps(r, size, x)


def _cubic_taps(r: Reverse, size: int, x: NDArray[np.float32]) -> list[tuple[Int64Array, FloatArray]]:
    a, first = float(r.attribute("cubic_coeff_a", -0.75)), np.floor(x)
    s = (x - first).astype(np.float64)
    weights = np.stack([
        ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a,
        ((a + 2) * s - (a + 3)) * s * s + 1,
        ((a + 2) * (1 - s) - (a + 3)) * (1 - s) * (1 - s) + 1,
        ((a * (2 - s) - 5 * a) * (2 - s) + 8 * a) * (2 - s) - 4 * a,
    ])  # fmt: skip
    where = first.astype(np.int64) + np.arange(-1, 3)[:, None]
    if r.attribute("exclude_outside", 0):
        weights = np.where((where >= 0) & (where < size), weights, 0.0)
        weights /= weights.sum(0)
    return list(zip(np.clip(where, 0, size - 1), weights, strict=True))


def _places(r: Reverse, size: int, made: int, scale: np.float32) -> NDArray[np.float32]:
    """Return where the output positions lie in the input, in float32 as the runtime computes it."""
    way = r.attribute("coordinate_transformation_mode", "half_pixel")
    x, half = np.arange(made, dtype=np.float32), np.float32(0.5)
    middle = (x + half) / scale - half
    if way == "asymmetric":
        return x / scale
    if way == "align_corners":
        return x * np.float32(size - 1) / np.float32(max(1, made - 1))
    if way == "pytorch_half_pixel":
        return middle if made > 1 else np.zeros(1, np.float32)
    if way == "half_pixel_symmetric":
        return middle + np.float32(size / 2) * (1 - np.float32(made) / (scale * np.float32(size)))
    if way != "half_pixel":
        raise r.refusal(f"coordinate_transformation_mode is {way}")
    return middle


_NEAREST: Final[dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]]] = {
    "round_prefer_floor": lambda x: np.ceil(x - np.float32(0.5)),
    "round_prefer_ceil": lambda x: np.floor(x + np.float32(0.5)),
    "floor": np.floor,
    "ceil": np.ceil,
}

register(
    Operator("Resize", reach=resize_reach, step=resize_step, gradient=resize_gradient, multiplier=resize_gradient),
    Operator("Upsample", reach=resize_reach, step=resize_step),  # of opsets that are too old for gradients
)
