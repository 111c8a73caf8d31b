"""Operators that move, repeat or drop elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, NodeContext, Reverse, Span, of_one, union
from .errors import UnsupportedError
from .registry import Operator, register
from .rescale import Rescale

__all__: list[str] = []


def _kept(context: NodeContext) -> dict[int, tuple[int, int]] | str:
    """Which axes a Slice takes elements of: where it begins, and its step; why not, where nobody knows."""
    starts, ends = context.listed("starts", 1), context.listed("ends", 2)
    rank = len(context.shape())
    if starts is None or ends is None:
        return "Slice takes its bounds from the sequence"
    axes = [axis % rank for axis in context.listed("axes", 3) or range(len(starts))]
    steps = context.listed("steps", 4) or [1] * len(starts)
    taken = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        kept = _positions(context.shape()[axis], start, end, step)
        taken[axis] = (int(kept[0]) if kept.size else 0), step
    return taken


@of_one
def slice_reach(context: Context, span: Span) -> Span | str:
    """Slice: with any step along the sequence axis, and along the others."""
    taken = _kept(context)
    if isinstance(taken, str):
        return taken
    if 0 in taken:
        return "Slice cuts the batch axis"
    first, step = taken.get(span.axis, (0, 1))
    lo, hi = (span.lo, span.hi) if step > 0 else (span.hi, span.lo)
    return span.moved(-((first - lo) // step), (hi - first) // step)


def slice_step(builder: Builder, node: Node) -> None:
    """A crop; or positions turned round, and then features in another order."""
    tensor, output = node.inputs[0], node.outputs[0]
    axis = builder.window(tensor).axis
    taken = _kept(NodeContext(builder.graph, node))
    if isinstance(taken, str):
        raise UnsupportedError(taken)
    first, step = taken.pop(axis, (0, 1))
    features, count = _features(builder.graph.shape(tensor), axis), builder.channels(tensor)
    for other, (start, stride) in taken.items():
        kept = start + stride * np.arange(builder.graph.shape(output)[other])
        features = np.take(features, kept, axis=other)
    order, source = features.reshape(-1), builder.number(tensor)
    same = np.array_equal(order, np.arange(count))
    if step == 1 and same:
        shift(builder, node)
        return
    if step == -1 and order.size == count:
        turned = builder.declare(output)
        builder.executor.reverse(source, turned, first)
        source = turned
    elif step != 1 or first:
        raise UnsupportedError("Slice with steps, or of positions and features")
    if not same:
        _pick(builder, source, count, output, order)


def _features(shape: tuple[int, ...], axis: int) -> NDArray[np.int64]:
    """Numbers of the features of one position, in the shape of one row and position of a tensor."""
    sizes = [1 if i in (0, axis) else size for i, size in enumerate(shape)]
    return np.arange(int(np.prod(sizes))).reshape(sizes)


def _pick(builder: Builder, source: int, count: int, output: str, features: NDArray[np.int64]) -> None:
    """Some of so many features in any order: a convolution with one tap that has a one for each."""
    taps = np.zeros((1, count, len(features)), np.float32)
    taps[0, features, np.arange(len(features))] = 1.0
    builder.executor.convolve(source, builder.declare(output), taps, 1, 1, 0)


def shift(builder: Builder, node: Node) -> None:
    """Positions are renamed."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, window = builder.window(tensor), builder.window(output)
    moved = np.unique(own.free_lo - window.free_lo)
    same = builder.features(tensor) == builder.features(output) and len(moved) == 1
    if not same or not np.array_equal(own.free_hi - window.free_hi, np.full(len(own.free_hi), moved[0])):
        raise UnsupportedError(f"{node.op_type} that does more than move positions")
    builder.executor.select(builder.number(tensor), builder.declare(output), int(moved[0]), 0)


def slice_gradient(r: Reverse) -> Gradients:
    """Put zeros back where elements were dropped."""
    e, shape = r.emit, r.shape()
    starts, ends, axes, steps = r.required(1), r.required(2), r.constant(3), r.constant(4)
    axes = np.arange(len(starts)) if axes is None else axes
    steps = np.ones(len(starts), np.int64) if steps is None else steps
    before, after, gradient = [0] * len(shape), [0] * len(shape), r.dy
    for axis, start, end, step in zip(*(a.tolist() for a in (axes, starts, ends, steps)), strict=True):
        size = shape[axis % len(shape)]
        kept = _positions(size, start, end, step)
        if step == 1 and len(kept):
            before[axis % len(shape)], after[axis % len(shape)] = int(kept[0]), size - 1 - int(kept[-1])
        else:
            gradient = e.scatter_add(gradient, len(shape), axis % len(shape), kept, size)
    return [e.pad(gradient, before, after)]


def _positions(size: int, start: int, end: int, step: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the positions ONNX's Slice keeps; bounds outside are cut, and -1 is the last element."""
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    low, high = (0, size) if step > 0 else (-1, size - 1)
    # Going backwards, -1 is the end beyond the first element; a start never lies there.
    return np.arange(min(max(start, 0), high), min(max(end, low), high), step, dtype=np.int64)


@of_one
def pad_reach(context: Context, span: Span) -> Span | str:
    """Pad with a constant; the other modes copy positions to elsewhere."""
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


def pad_gradient(r: Reverse) -> Gradients:
    """Drop the gradient of the padding, or add it where the padding was copied from."""
    rank, pads, axes = len(r.shape()), r.required(1), r.constant(3)
    r.constant(2)
    chosen = list(range(rank)) if axes is None else [int(axis) % rank for axis in axes.reshape(-1)]
    before, after = [0] * rank, [0] * rank
    for i, axis in enumerate(chosen):
        before[axis], after[axis] = int(pads[i]), int(pads[len(chosen) + i])
    if r.attribute("mode", "constant") == "constant":
        return [r.emit.pad(r.dy, [-size for size in before], [-size for size in after])]
    gradient = r.dy
    for axis, (left, right) in enumerate(zip(before, after, strict=True)):
        if left or right:
            copied = _copied(r.shape()[axis], left, right, r.attribute("mode"))
            gradient = r.emit.scatter_add(gradient, rank, axis, copied, r.shape()[axis])
    return [gradient]


def _copied(size: int, left: int, right: int, mode: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where the elements of a padded axis are from; negative pads cut."""
    filled = np.pad(np.arange(size, dtype=np.int64), (max(0, left), max(0, right)), mode=mode)  # type: ignore[call-overload]
    return np.asarray(filled[max(0, -left) : len(filled) - max(0, -right)])


def concat_reach(context: Context) -> Span | str:
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


def concat_step(builder: Builder, node: Node) -> None:
    """Along the features: side by side; constants never change."""
    output = node.outputs[0]
    window, shape = builder.window(output), builder.graph.shape(output)
    axis = node.attributes.get("axis", 0) % len(shape)
    others = [i for i in range(1, len(shape)) if i not in (window.axis, axis) and shape[i] != 1]
    if axis == window.axis or others:
        raise UnsupportedError("Concat along the sequence, or of nested features")
    parts = [
        -1 - builder.graph.shape(name)[axis] if builder.graph.is_constant(name) else builder.number(name)
        for name in node.inputs
    ]
    builder.executor.join(parts, builder.declare(output))


def concat_gradient(r: Reverse) -> Gradients:
    """Cut the gradient into the parts."""
    e, axis = r.emit, int(r.attribute("axis")) % len(r.output_shape())
    gradients: list[str | None] = []
    start = 0
    for index in range(len(r.node.inputs)):
        end = start + r.shape(index)[axis]
        gradients.append(e.slice(r.dy, axis, start, end) if r.wanted(index) else None)
        start = end
    return gradients


@of_one
def split_reach(context: Context, span: Span) -> Span | list[Span] | str:
    """Split: along the sequence axis every part is a crop."""
    axis = context.attribute("axis", 0) % len(context.shape())
    if axis == 0:
        return "Split cuts the batch axis"
    if "" in context.node.outputs:
        return "Split leaves a part out"
    result, offset = [], 0
    for i in range(len(context.node.outputs)):
        moved = offset if axis == span.axis else 0
        result.append(span.moved(span.lo - moved, span.hi - moved))
        offset += context.output_shape(i)[axis]
    return result


def split_gradient(r: Reverse) -> Gradients:
    """Join the gradients of the parts, with zeros for parts that are not used."""
    e, axis = r.emit, int(r.attribute("axis", 0)) % len(r.shape())
    parts = []
    if "" in r.node.outputs:
        raise r.refusal("it leaves a part out")
    for name in r.node.outputs:
        zeros = e.add("Expand", e.constant(0.0, r.graph.dtype(name)), e.sizes(r.graph.shape(name)))
        parts.append(r.seeds.get(name, zeros))
    return r.only_first(e.add("Concat", *parts, axis=axis))


def gather_reach(context: Context) -> Span | str:
    """Gather of constant indices, in order where they are positions; or of rows of a constant (an embedding)."""
    looked_up = context.span(1)
    if looked_up is not None and len(context.spans) == 1 and context.attribute("axis", 0) == 0:
        return looked_up
    span, index = context.alone(), context.known(1)
    if isinstance(span, str):
        return span
    shape = context.shape()
    axis = context.attribute("axis", 0) % len(shape)
    if index is None or axis == 0:
        return "Gather picks by the sequence, or picks rows of the batch"
    if axis != span.axis:
        return Span(span.axis + (index.ndim - 1 if axis < span.axis else 0), span.lo, span.hi)
    picked = np.where(index < 0, index + shape[axis], index)
    if index.ndim != 1:
        return "Gather makes another axis of positions"
    if index.size > 1 and (np.diff(picked) == -1).all():
        return span.moved(picked[0] - span.hi, picked[0] - span.lo)
    if (np.diff(picked) < 0).any():
        return "Gather reorders positions"
    return span.moved(np.searchsorted(picked, span.lo), np.searchsorted(picked, span.hi, side="right") - 1)


def gather_step(builder: Builder, node: Node) -> None:
    """Neighbouring positions, forwards or backwards; or features in any order."""
    tensor, output, number = node.inputs[0], node.outputs[0], builder.number(node.inputs[0])
    shape = builder.graph.shape(tensor)
    axis, along = node.attributes.get("axis", 0) % len(shape), builder.window(tensor).axis
    index = builder.constant(node.inputs[1])
    if index.ndim != 1:
        raise UnsupportedError("Gather that makes other axes")
    picked = np.where(index < 0, index + shape[axis], index).astype(np.int64)
    steps = set(np.diff(picked).tolist())
    if axis != along:
        features = np.take(_features(shape, along), picked, axis=axis)
        _pick(builder, number, builder.channels(tensor), output, features.reshape(-1))
    elif steps <= {1}:
        builder.executor.select(number, builder.declare(output), int(picked[0]), 0)
    elif steps == {-1}:
        builder.executor.reverse(number, builder.declare(output), int(picked[0]))
    else:
        raise UnsupportedError("Gather of positions that are not neighbours")


def gather_gradient(r: Reverse) -> Gradients:
    """Add the gradient up where the elements were taken; through indices, whole numbers, none flows."""
    if r.wanted(1) and not r.wanted(0):
        return [None, None]
    e, shape = r.emit, r.shape()
    axis = int(r.attribute("axis", 0)) % len(shape)
    indices = r.required(1)
    size, flat = shape[axis], indices.reshape(-1).astype(np.int64)
    gradient = e.reshape(r.dy, (*shape[:axis], len(flat), *shape[axis + 1 :]))
    return [e.scatter_add(gradient, len(shape), axis, np.where(flat < 0, flat + size, flat), size)]


def gather_multiplier(r: Rescale) -> Gradients:
    """Linear, where the indices do not depend on the sequence."""
    r.constant(1)
    return gather_gradient(r)


@of_one
def expand_reach(context: Context, span: Span) -> Span | str:
    """Expand along other axes than the sequence."""
    shape = context.output_shape()
    axis = span.axis + len(shape) - len(context.shape())
    if shape[axis] != context.shape()[span.axis]:
        return "Expand stretches the sequence axis"
    return Span(axis, span.lo, span.hi)


def expand_gradient(r: Reverse) -> Gradients:
    """Sum over what was repeated."""
    return r.only_first(r.emit.unbroadcast(r.dy, r.output_shape(), r.shape()))


def tile_gradient(r: Reverse) -> Gradients:
    """Sum over the copies."""
    repeats = r.required(1)
    pairs = [size for pair in zip(repeats.tolist(), r.shape(), strict=True) for size in pair]
    split_up = r.emit.reshape(r.dy, pairs)
    return [r.emit.sum(split_up, range(0, len(pairs), 2), keepdims=False)]


register(
    Operator("Slice", reach=slice_reach, step=slice_step, gradient=slice_gradient, multiplier=slice_gradient),
    Operator("Pad", reach=pad_reach, step=shift, gradient=pad_gradient, multiplier=pad_gradient),
    Operator("Concat", reach=concat_reach, step=concat_step, gradient=concat_gradient, multiplier=concat_gradient),
    Operator("Split", reach=split_reach, gradient=split_gradient, multiplier=split_gradient),
    Operator("Gather", reach=gather_reach, step=gather_step, gradient=gather_gradient, multiplier=gather_multiplier),
    Operator("Expand", reach=expand_reach, gradient=expand_gradient, multiplier=expand_gradient),
    Operator("Tile", gradient=tile_gradient, multiplier=tile_gradient),
)
