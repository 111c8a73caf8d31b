"""Pools: the rows that an output reads come from the window, from the reference, or from nowhere."""

from __future__ import annotations

import numpy as np

from ..delta_graph import Emitter
from ..graph.view import Node
from ..ops.errors import UnsupportedError
from ._registry import register
from .convolution import settings_on_axis

__all__: list[str] = []


@register("MaxPool")
def max_pool(emitter: Emitter, node: Node) -> None:
    """MaxPool on values; what lies outside the tensor can never win."""
    settings = settings_on_axis(emitter, node)
    tensor, output = node.inputs[0], node.outputs[0]
    width, channels = emitter.window(output).width, emitter.channels(tensor)
    at = emitter.index("pool", (tensor, output, *settings), (emitter.n, width, settings[0]))
    lowest = emitter.constant(np.full((1, channels), -np.inf, np.float32))
    table = emitter.flat_table(emitter.value(tensor), tensor, emitter.reference_rows(tensor), lowest)
    read = emitter.add("Gather", table, at, axis=0)  # (M, W, k, C)
    emitter.set_value(output, emitter.reduce("ReduceMax", read, 2))


@register("AveragePool")
def average_pool(emitter: Emitter, node: Node) -> None:
    """AveragePool of deltas; the divisor is the kernel, or the part of it that lies in the tensor."""
    if node.attributes.get("ceil_mode", 0):
        raise UnsupportedError("AveragePool with ceil_mode")
    settings = settings_on_axis(emitter, node)
    tensor, output = node.inputs[0], node.outputs[0]
    width, channels = emitter.window(output).width, emitter.channels(tensor)
    at = emitter.index("taps", (tensor, output, *settings), (emitter.n, width, settings[0]))
    table = emitter.flat_table(emitter.delta(tensor), tensor, emitter.constant(np.zeros((1, channels), np.float32)))
    total = emitter.reduce_sum(emitter.add("Gather", table, at, axis=0), 2)
    if node.attributes.get("count_include_pad", 0):
        emitter.set_delta(output, emitter.add("Mul", total, emitter.constant(np.array([1 / settings[0]], np.float32))))
        return
    share = emitter.index("share", (tensor, output, *settings), (emitter.n, width, 1), "float32")
    emitter.set_delta(output, emitter.add("Mul", total, share))
