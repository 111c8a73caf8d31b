"""Resize and Upsample: nearest by whole factors, which repeats every position."""

from __future__ import annotations

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, NodeContext, Reverse, Span, of_one
from .errors import UnsupportedError
from .registry import Operator, register

__all__: list[str] = []

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
        raise r.refusal(f"it {_REFUSAL}")
    pairs = [size for pair in zip(r.shape(), factors, strict=True) for size in pair]
    return r.only_first(r.emit.sum(r.emit.reshape(r.dy, pairs), range(1, len(pairs), 2), keepdims=False))


register(
    Operator("Resize", reach=resize_reach, step=resize_step, gradient=resize_gradient),
    Operator("Upsample", reach=resize_reach, step=resize_step),  # of opsets that are too old for gradients
)
