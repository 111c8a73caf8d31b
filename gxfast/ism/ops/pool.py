"""Pools along the sequence."""

from __future__ import annotations

import math

import numpy as np

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, Reverse, Span
from .errors import UnsupportedError
from .reduction import first_maximum, routed
from .registry import Operator, register
from .rescale import Rescale
from .sliding import Windows, local, settings_on_axis

__all__: list[str] = []


def max_reach(context: Context) -> Span | str:
    """MaxPool: the optional second output (which element won) changes where the first one does, or not at all."""
    if len(context.node.outputs) > 1 and context.node.outputs[1]:
        return "MaxPool gives indices, which count positions of the whole tensor"
    return local(context)


def max_step(builder: Builder, node: Node) -> None:
    """MaxPool: what lies outside the tensor can never win."""
    settings = settings_on_axis(builder, node)
    source = builder.number(node.inputs[0])
    builder.executor.max_pool(source, builder.declare(node.outputs[0]), *settings)


def max_gradient(r: Reverse) -> Gradients:
    """The first maximum of each window gets its gradient; windows may overlap and reach into the padding."""
    e, windows = r.emit, Windows.of(r)
    taken, shape = _taken(r, windows)
    chosen = first_maximum(r, taken, 2, shape)
    return [_added(r, windows, e.add("Mul", chosen, e.reshape(r.dy, (*shape[:2], 1, shape[3]))))]


def max_multiplier(r: Rescale) -> Gradients:
    """The change of each window's maximum goes to the winner of the larger side."""
    e, windows = r.emit, Windows.of(r)
    taken, shape = _taken(r, windows)
    one = (*shape[:2], 1, shape[3])
    found = routed(r, taken, e.reshape(r.output(), one), e.reshape(r.dy, one), 2, shape)
    change, otherwise = (_added(r, windows, each) for each in found)
    return [r.ratio(change, r.change(r.name()), otherwise, near=0.0)]


def _taken(r: Reverse, windows: Windows) -> tuple[str, tuple[int, ...]]:
    """What each window covers, (N, C, kernel, out), and that shape; padding can never win."""
    if r.attribute("storage_order", 0):
        raise r.refusal("storage_order is set")
    e, lead = r.emit, r.shape()[:2]
    size, kernel, out = (math.prod(each) for each in (windows.size, windows.kernel, windows.out))
    beside = windows.stride == windows.kernel and windows.before == (0,) and windows.dilation == (1,)
    if beside and out * kernel <= size:  # windows side by side, on one axis: only a change of shape
        inside = r.name() if out * kernel == size else e.slice(r.name(), 2, 0, out * kernel)
        return e.transpose(e.reshape(inside, (*lead, out, kernel)), [0, 1, 3, 2]), (*lead, kernel, out)
    index, flat = windows.flat_positions(), e.reshape(r.name(), (*lead, size))
    if (index == size).any():
        flat = e.add("Concat", flat, e.constant(np.full((*lead, 1), -np.inf), r.dtype), axis=2)
    return e.take(flat, index, 2), (*lead, *index.shape)


def _added(r: Reverse, windows: Windows, x: str) -> str:
    """Add what was routed (N, C, kernel, out) up at the positions it is from."""
    shape = r.shape()
    rows = math.prod(shape[:2])
    x = r.emit.reshape(x, (rows, math.prod(windows.kernel), *windows.out))
    return r.emit.reshape(windows.add_up(r, x, rows), shape)


def average_step(builder: Builder, node: Node) -> None:
    """AveragePool: the divisor is the kernel, or the part of it that lies in the tensor."""
    if node.attributes.get("ceil_mode", 0):
        raise UnsupportedError("AveragePool with ceil_mode")
    settings = settings_on_axis(builder, node)
    by_kernel = bool(node.attributes.get("count_include_pad", 0))
    source = builder.number(node.inputs[0])
    builder.executor.average_pool(source, builder.declare(node.outputs[0]), *settings, by_kernel)


def average_gradient(r: Reverse) -> Gradients:
    """Every position of a window gets the same share."""
    e, shape = r.emit, r.shape()
    windows = Windows.of(r)
    counts = windows.counts(padding=bool(r.attribute("count_include_pad", 0)))
    share = e.add("Mul", r.dy, e.constant(1.0 / np.maximum(counts, 1.0)[None, None], r.dtype))
    rows = math.prod(shape[:2])
    ones = e.constant(np.ones((1, 1, *windows.kernel)), r.dtype)
    added = windows.transposed(r, e.reshape(share, (rows, 1, *windows.out)), ones, 1)
    return [e.reshape(added, shape)]


register(
    Operator("MaxPool", reach=max_reach, step=max_step, gradient=max_gradient, multiplier=max_multiplier),
    Operator("AveragePool", reach=local, step=average_step, gradient=average_gradient, multiplier=average_gradient),
    Operator("LpPool", reach=local),
)
