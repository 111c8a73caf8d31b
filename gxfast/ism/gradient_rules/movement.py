"""Operators that move, repeat or drop elements."""

from __future__ import annotations

import numpy as np

from ._context import Gradients, Reverse
from ._registry import register

__all__: list[str] = []


@register("Identity", "Dropout")
def identity(r: Reverse) -> Gradients:
    """Return the gradient as it is; Dropout does nothing outside training."""
    if r.node.op_type == "Dropout" and (mode := r.constant(2)) is not None and bool(mode.any()):
        raise r.refusal("it is in training mode")
    return [r.dy]


@register("Cast", "CastLike")
def cast(r: Reverse) -> Gradients:
    """Cast back; through integers nothing flows."""
    from onnx import helper

    source = r.graph.dtype(r.name())
    if source.kind in "iub" or r.dtype.kind in "iub":
        return [None]
    if source.kind != "f" or r.dtype.kind != "f":
        raise r.refusal(f"from {source} to {r.dtype}")
    return [r.emit.op("Cast", r.dy, to=helper.np_dtype_to_tensor_dtype(source))]


@register("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(r: Reverse) -> Gradients:
    """Give the gradient the shape of the input."""
    return r.only_first(r.emit.reshape(r.dy, r.shape()))


@register("Transpose")
def transpose(r: Reverse) -> Gradients:
    """Undo the permutation."""
    order = list(r.attribute("perm") or reversed(range(len(r.shape()))))
    return [r.emit.transpose(r.dy, [order.index(axis) for axis in range(len(order))])]


@register("Concat")
def concat(r: Reverse) -> Gradients:
    """Cut the gradient into the parts."""
    e, axis = r.emit, int(r.attribute("axis")) % len(r.output_shape)
    gradients: list[str | None] = []
    start = 0
    for index in range(len(r.node.inputs)):
        end = start + r.shape(index)[axis]
        part = [e.sizes([value]) for value in (start, end, axis)]
        gradients.append(e.op("Slice", r.dy, *part) if r.wanted(index) else None)
        start = end
    return gradients


@register("Split")
def split(r: Reverse) -> Gradients:
    """Join the gradients of the parts, with zeros for parts that are not used."""
    e, axis = r.emit, int(r.attribute("axis", 0)) % len(r.shape())
    parts = []
    for name in r.node.outputs:
        zeros = e.op("Expand", e.const(0.0, r.graph.dtype(name)), e.sizes(r.graph.shape(name)))
        parts.append(r.seeds.get(name, zeros))
    return r.only_first(e.op("Concat", *parts, axis=axis))


@register("Slice")
def slice_(r: Reverse) -> Gradients:
    """Put zeros back where elements were dropped."""
    e, shape = r.emit, r.shape()
    starts, ends, axes, steps = (r.constant(index) for index in range(1, 5))
    assert starts is not None
    assert ends is not None
    axes = np.arange(len(starts)) if axes is None else axes
    steps = np.ones(len(starts), np.int64) if steps is None else steps
    before, after, gradient = [0] * len(shape), [0] * len(shape), r.dy
    for axis, start, end, step in zip(*(a.tolist() for a in (axes, starts, ends, steps)), strict=True):
        size = shape[axis % len(shape)]
        kept = _kept(size, start, end, step)
        if step == 1 and len(kept):
            before[axis % len(shape)], after[axis % len(shape)] = int(kept[0]), size - 1 - int(kept[-1])
        else:
            gradient = e.scatter_add(gradient, len(shape), axis % len(shape), kept, size)
    return [e.pad(gradient, before, after)]


def _kept(size: int, start: int, end: int, step: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the positions ONNX's Slice keeps; bounds outside are cut, and -1 is the last element."""
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    low, high = (0, size) if step > 0 else (-1, size - 1)
    # Going backwards, -1 is the end beyond the first element; a start never lies there.
    return np.arange(min(max(start, 0), high), min(max(end, low), high), step, dtype=np.int64)


@register("Gather")
def gather(r: Reverse) -> Gradients:
    """Add the gradient up where the elements were taken; the indices are constant."""
    e, shape = r.emit, r.shape()
    axis = int(r.attribute("axis", 0)) % len(shape)
    indices = r.constant(1)
    assert indices is not None
    size, flat = shape[axis], indices.reshape(-1).astype(np.int64)
    gradient = e.reshape(r.dy, (*shape[:axis], len(flat), *shape[axis + 1 :]))
    return [e.scatter_add(gradient, len(shape), axis, np.where(flat < 0, flat + size, flat), size)]


@register("Pad")
def pad(r: Reverse) -> Gradients:
    """Drop the gradient of the padding; constant mode only."""
    if r.attribute("mode", "constant") != "constant":
        raise r.refusal(f"mode {r.attribute('mode')}")
    rank, pads, axes = len(r.shape()), r.constant(1), r.constant(3)
    r.constant(2)
    assert pads is not None
    chosen = list(range(rank)) if axes is None else [int(axis) % rank for axis in axes.reshape(-1)]
    before, after = [0] * rank, [0] * rank
    for i, axis in enumerate(chosen):
        before[axis], after[axis] = -int(pads[i]), -int(pads[len(chosen) + i])
    return [r.emit.pad(r.dy, before, after)]


@register("Expand")
def expand(r: Reverse) -> Gradients:
    """Sum over what was repeated."""
    return r.only_first(r.emit.unbroadcast(r.dy, r.output_shape, r.shape()))


@register("Tile")
def tile(r: Reverse) -> Gradients:
    """Sum over the copies."""
    repeats = r.constant(1)
    assert repeats is not None
    pairs = [size for pair in zip(repeats.tolist(), r.shape(), strict=True) for size in pair]
    split_up = r.emit.reshape(r.dy, pairs)
    return [r.emit.sum(split_up, range(0, len(pairs), 2), keepdims=False)]
