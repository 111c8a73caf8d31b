"""Operators that keep the elements and give them other axes."""

from __future__ import annotations

from math import prod

from ..graph.view import Node
from .attention_pool import attention_pool
from .builder import Builder
from .context import Context, Gradients, Reverse, Span, of_one
from .dense import flatten
from .registry import Operator, register

__all__: list[str] = []


@of_one
def transposed(context: Context, span: Span) -> Span | str:
    """Transpose: the axis goes where the permutation puts it."""
    order = context.attribute("perm") or list(reversed(range(len(context.shape()))))
    if order[0] != 0:
        return "Transpose moves the batch axis"
    return Span(order.index(span.axis), span.lo, span.hi)


@of_one
def reshaped(context: Context, span: Span) -> Span | str:
    """Anything that keeps the elements in order: the axis is found again by the sizes before and after it.

    The axis may stay as it is, be cut into (groups, group), or be joined with the axes of a group after it.
    """
    before, after = context.shape(), context.output_shape()
    if after[:1] != before[:1]:
        return f"{context.node.op_type} changes the batch axis"
    outer, length = prod(before[: span.axis]), before[span.axis]
    inner = prod(before[span.axis + 1 :])
    starts = [axis for axis in range(1, len(after)) if prod(after[:axis]) == outer]
    for axis in starts:
        if after[axis] == length:
            return Span(axis, span.lo, span.hi)
    for axis in starts:
        size = after[axis]
        if 1 < size < length and length % size == 0:
            group = length // size
            return span.moved(span.lo // group, span.hi // group, axis)
        if size > length and size % length == 0 and inner % (size // length) == 0 and outer == before[0]:
            # The whole tensor as one axis (Flatten of NLC): each position is a run of elements.
            run = size // length
            return span.moved(span.lo * run, span.hi * run + run - 1, axis)
    return f"{context.node.op_type} merges the sequence axis with others"


def same_rows(builder: Builder, node: Node) -> None:
    """The features of a position stay in order: the rows stay as they are."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, window = builder.window(tensor), builder.analysis.windows.get(output)
    if window is None:
        flatten(builder, node)
        return
    # All of these but Transpose keep the order of elements, so a channel axis that is split stays in order, too.
    same = builder.features(tensor) == builder.features(output)
    same |= node.op_type != "Transpose" and builder.channels(tensor) == builder.channels(output)
    if own.length == window.length and same:
        builder.rename(tensor, output)
    elif own.length > window.length:
        attention_pool(builder, node)
    else:
        flatten(builder, node)


def transpose_gradient(r: Reverse) -> Gradients:
    """Undo the permutation."""
    order = list(r.attribute("perm") or reversed(range(len(r.shape()))))
    return [r.emit.transpose(r.dy, [order.index(axis) for axis in range(len(order))])]


def reshape_gradient(r: Reverse) -> Gradients:
    """Give the gradient the shape of the input."""
    return r.only_first(r.emit.reshape(r.dy, r.shape()))


register(
    Operator("Transpose", reach=transposed, step=same_rows, gradient=transpose_gradient, multiplier=transpose_gradient),
    Operator(
        ("Reshape", "Flatten", "Squeeze", "Unsqueeze"),
        reach=reshaped,
        step=same_rows,
        gradient=reshape_gradient,
        multiplier=reshape_gradient,
    ),
)
