"""Operators that move elements: axes, crops, pads, joins."""

from __future__ import annotations

from math import prod

import numpy as np

from ._context import Context, Span, union
from ._registry import register

__all__: list[str] = []


@register("Transpose")
def transpose(context: Context) -> Span | str:
    """Transpose: the axis goes where the permutation puts it."""
    span = context.alone()
    if isinstance(span, str):
        return span
    order = context.attribute("perm") or list(reversed(range(len(context.shape()))))
    if order[0] != 0:
        return "Transpose moves the batch axis"
    return Span(order.index(span.axis), span.lo, span.hi)


@register("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(context: Context) -> Span | str:
    """Anything that keeps the elements in order: the axis is found again by the sizes before and after it.

    The axis may stay as it is, be cut into (groups, group), or be joined with the axes of a group after it.
    """
    span = context.alone()
    if isinstance(span, str):
        return span
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


@register("Slice")
def crop(context: Context) -> Span | str:
    """Slice: with a step of one or more along the sequence axis, any along the others."""
    span = context.alone()
    if isinstance(span, str):
        return span
    starts, ends = context.listed("starts", 1), context.listed("ends", 2)
    rank, length = len(context.shape()), context.shape()[span.axis]
    if starts is None or ends is None:
        return "Slice takes its bounds from the sequence"
    axes = [axis % rank for axis in context.listed("axes", 3) or range(len(starts))]
    steps = context.listed("steps", 4) or [1] * len(starts)
    if 0 in axes:
        return "Slice cuts the batch axis"
    if span.axis not in axes:
        return span
    i = axes.index(span.axis)
    if steps[i] < 1:
        return "Slice turns the sequence round"
    first, _, step = slice(starts[i], ends[i], steps[i]).indices(length)
    return span.moved(-((first - span.lo) // step), (span.hi - first) // step)


@register("Pad")
def pad(context: Context) -> Span | str:
    """Pad with a constant; the other modes copy positions to elsewhere."""
    span = context.alone()
    if isinstance(span, str):
        return span
    pads = context.listed("pads", 1)
    if pads is None:
        return "Pad takes its sizes from the sequence"
    rank = len(context.shape())
    axes = context.listed("axes", 3) if context.name(3) else None
    on = [axis % rank for axis in axes] if axes else list(range(rank))
    before, after = dict(zip(on, pads, strict=False)), dict(zip(on, pads[len(on) :], strict=True))
    if before.get(0, 0) or after.get(0, 0):
        return "Pad changes the batch axis"
    start = before.get(span.axis, 0)
    mode = context.attribute("mode", "constant")
    if mode != "constant" and (start or after.get(span.axis, 0)):
        return f"Pad in mode {mode} copies positions"
    return span.moved(span.lo + start, span.hi + start)


@register("Concat")
def concat(context: Context) -> Span | str:
    """Concat along the channels: union; along the sequence axis: one tensor and constants, moved."""
    rank = len(context.output_shape())
    axis = context.attribute("axis", 0) % rank
    if axis == 0:
        return "Concat joins batches"
    spans, offset = [], 0
    for i in range(len(context.node.inputs)):
        span = context.span(i)
        if span is not None:
            moved = offset if span.axis == axis else 0
            spans.append(Span(span.axis, span.lo + moved, np.where(span.hi < span.lo, span.lo - 1, span.hi) + moved))
        offset += context.shape(i)[axis]
    if len({span.axis for span in spans}) != 1:
        return "Concat joins tensors whose sequence axes differ"
    if spans[0].axis == axis and len(spans) > 1:
        return "Concat joins stretches of the sequence"
    return union(spans)


@register("Split")
def split(context: Context) -> Span | list[Span] | str:
    """Split: along the sequence axis every part is a crop."""
    span = context.alone()
    if isinstance(span, str):
        return span
    axis = context.attribute("axis", 0) % len(context.shape())
    if axis == 0:
        return "Split cuts the batch axis"
    result, offset = [], 0
    for i in range(len(context.node.outputs)):
        moved = offset if axis == span.axis else 0
        result.append(span.moved(span.lo - moved, span.hi - moved))
        offset += context.output_shape(i)[axis]
    return result


@register("Gather")
def gather(context: Context) -> Span | str:
    """Gather of constant indices; along the sequence axis they have to be in order."""
    span, index = context.alone(), context.constant(1)
    if isinstance(span, str):
        return span
    shape = context.shape()
    axis = context.attribute("axis", 0) % len(shape)
    if index is None or axis == 0:
        return "Gather picks by the sequence, or picks rows of the batch"
    if axis != span.axis:
        return Span(span.axis + (index.ndim - 1 if axis < span.axis else 0), span.lo, span.hi)
    picked = np.where(index < 0, index + shape[axis], index)
    if index.ndim != 1 or (np.diff(picked) < 0).any():
        return "Gather reorders positions"
    return span.moved(np.searchsorted(picked, span.lo), np.searchsorted(picked, span.hi, side="right") - 1)


@register("Expand")
def expand(context: Context) -> Span | str:
    """Expand along other axes than the sequence."""
    span = context.alone()
    if isinstance(span, str):
        return span
    shape = context.output_shape()
    axis = span.axis + len(shape) - len(context.shape())
    if shape[axis] != context.shape()[span.axis]:
        return "Expand stretches the sequence axis"
    return Span(axis, span.lo, span.hi)
