"""Convolutions and products per position. Factors per channel that follow go into the weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..delta_rules.convolution import settings_on_axis
from ..graph.view import Node
from ..ops.builder import Builder
from ..ops.errors import UnsupportedError
from ._registry import register
from .pointwise import normalization_factors

__all__: list[str] = []


@register("Conv")
def convolution(builder: Builder, node: Node) -> None:
    """Conv along the sequence."""
    if not builder.graph.is_constant(node.inputs[1]) or node.attributes.get("group", 1) != 1:
        raise UnsupportedError("Conv with groups, or with weights from the sequence")
    kernel, stride, dilation, before = settings_on_axis(builder, node)
    weight = np.asarray(builder.graph.constant(node.inputs[1]), np.float32)
    taps = weight.reshape(*weight.shape[:2], kernel).transpose(2, 1, 0)  # (k, Cin, Cout)
    _add(builder, node, taps, stride, dilation, before)


@register("MatMul")
def matmul(builder: Builder, node: Node) -> None:
    """MatMul of the features of each position with a constant."""
    graph, (tensor, right), output = builder.graph, node.inputs, node.outputs[0]
    if graph.is_constant(tensor) or not graph.is_constant(right):
        raise UnsupportedError("MatMul of two tensors that depend on the sequence")
    weight = np.asarray(graph.constant(right), np.float32)
    last = builder.window(tensor).axis == len(graph.shape(tensor)) - 1
    if (
        weight.ndim != 2
        or last
        or builder.channels(tensor) != weight.shape[0]
        or output not in builder.analysis.windows
    ):
        raise UnsupportedError("MatMul over positions, or of nested features")
    _add(builder, node, weight[np.newaxis], 1, 1, 0)


def _add(builder: Builder, node: Node, taps: NDArray[np.float32], stride: int, dilation: int, before: int) -> None:
    factors, output = _scaled(builder, node.outputs[0])
    if factors is not None:
        taps = taps * factors
    source = builder.number(node.inputs[0])
    builder.executor.convolve(
        source, builder.declare(output), np.ascontiguousarray(taps, np.float32), stride, dilation, before
    )


def _scaled(builder: Builder, output: str) -> tuple[NDArray[np.float32] | None, str]:
    """Follow a BatchNormalization that alone reads an output: its factors and its output."""
    readers = builder.graph.consumers(output)
    if len(readers) != 1 or readers[0].op_type != "BatchNormalization" or output == builder.graph.output_name:
        return None, output
    (reader,) = readers
    if reader.inputs[0] != output:
        return None, output
    factors = normalization_factors(builder, reader)
    builder.skipped.add(reader.outputs[0])
    return factors, reader.outputs[0]
