"""Convolution: linear, so the delta of the output is the convolution of the delta, without bias."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..delta_graph import Emitter
from ..graph.view import Graph, Node
from ..graph.windows import Window
from ..ops.errors import UnsupportedError
from ..rules import Context, Span
from ..rules.convolution import sliding
from ._registry import register

__all__ = ["settings_on_axis"]


class _Windowed(Protocol):
    """What both the emitter of graphs and the builder of programs have."""

    graph: Graph

    def window(self, tensor: str) -> Window: ...


def settings_on_axis(emitter: _Windowed, node: Node) -> tuple[int, int, int, int]:
    """Return kernel, stride, dilation and pad before along the sequence; refuse windows on other axes.

    Raises
    ------
    UnsupportedError
    """
    window, shape = emitter.window(node.inputs[0]), emitter.graph.shape(node.inputs[0])
    here = np.zeros(1, np.int64)
    context = Context(emitter.graph, node, {node.inputs[0]: Span(window.axis, here, here)})
    if window.axis < 2 or any(size != 1 for i, size in enumerate(shape) if i > 1 and i != window.axis):
        raise UnsupportedError(f"{node.op_type} slides over another axis than the sequence")
    found = sliding(context, window.axis)
    if isinstance(found, str):
        raise UnsupportedError(found)
    kernel = node.attributes.get("kernel_shape") or emitter.graph.shape(node.inputs[1])[2:]
    if int(np.prod(kernel)) != found[0]:
        raise UnsupportedError(f"{node.op_type} has a kernel on another axis than the sequence")
    return found


@register("Conv")
def convolution(emitter: Emitter, node: Node) -> None:
    """Conv: matrix products whose form depends on how wide the window is."""
    if not emitter.graph.is_constant(node.inputs[1]) or node.attributes.get("group", 1) != 1:
        raise UnsupportedError("Conv with groups, or with weights from the sequence")
    kernel, stride, dilation, before = settings_on_axis(emitter, node)
    tensor, output = node.inputs[0], node.outputs[0]
    weight = np.asarray(emitter.graph.constant(node.inputs[1]), np.float32)
    taps = weight.reshape(*weight.shape[:2], kernel).transpose(2, 1, 0)  # (k, Cin, Cout)
    width, rows = emitter.window(tensor).width, emitter.delta(tensor)
    if stride > 1:
        made = _gathered(emitter, rows, tensor, output, taps, (kernel, stride, dilation, before))
    elif dilation == 1 and width <= kernel:
        made = _sheared(emitter, rows, width, taps)
    else:
        made = _summed(emitter, rows, width, taps, dilation)
    emitter.set_delta(output, made)


def _matrix(emitter: Emitter, taps: NDArray[Any]) -> str:
    """(Cin, k * Cout), the last tap first: output j of a window reads tap k - 1 - j of its first row."""
    backwards = np.ascontiguousarray(taps[::-1].transpose(1, 0, 2))
    return emitter.constant(backwards.reshape(backwards.shape[0], -1))


def _sheared(emitter: Emitter, rows: str, width: int, taps: NDArray[Any]) -> str:
    """One product; row w of its result is moved w places by padding and cutting the flattened array."""
    n, (kernel, _, c_out) = emitter.n, taps.shape
    product = emitter.add("MatMul", rows, _matrix(emitter, taps))  # (M, W, k * Cout)
    if width == 1:
        return emitter.add("Reshape", product, emitter.sizes(n, kernel, c_out))
    product = emitter.add("Pad", product, emitter.sizes(0, 0, 0, 0, 0, width * c_out))
    flat = emitter.add("Reshape", product, emitter.sizes(n, width * (kernel + width) * c_out))
    length = width * (kernel + width - 1)
    flat = emitter.add("Slice", flat, emitter.sizes(0), emitter.sizes(length * c_out), emitter.sizes(1))
    spread = emitter.add("Reshape", flat, emitter.sizes(n, width, (kernel + width - 1) * c_out))
    total = emitter.reduce_sum(spread, 1)
    return emitter.add("Reshape", total, emitter.sizes(n, kernel + width - 1, c_out))


def _summed(emitter: Emitter, rows: str, width: int, taps: NDArray[Any], dilation: int) -> str:
    """One product per tap, each moved by its dilation, and their sum."""
    kernel, parts = len(taps), []
    for u in range(kernel):
        part = emitter.add("MatMul", rows, emitter.constant(np.ascontiguousarray(taps[kernel - 1 - u])))
        if kernel > 1:
            pads = emitter.sizes(0, u * dilation, 0, 0, (kernel - 1 - u) * dilation, 0)
            part = emitter.add("Pad", part, pads)
        parts.append(part)
    return emitter.add("Sum", *parts) if len(parts) > 1 else parts[0]


def _gathered(
    emitter: Emitter, rows: str, tensor: str, output: str, taps: NDArray[Any], settings: tuple[int, int, int, int]
) -> str:
    """With a stride: the rows that each output reads side by side, then one product."""
    kernel, c_in, c_out = taps.shape
    n, width = emitter.n, emitter.window(output).width
    at = emitter.index("taps", (tensor, output, *settings), (n, width, kernel))
    nothing = emitter.constant(np.zeros((1, c_in), np.float32))
    table = emitter.flat_table(rows, tensor, nothing)
    read = emitter.add("Reshape", emitter.add("Gather", table, at, axis=0), emitter.sizes(n, width, kernel * c_in))
    return emitter.add("MatMul", read, emitter.constant(np.ascontiguousarray(taps.reshape(-1, c_out))))
