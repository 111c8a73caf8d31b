"""Convolutions. Factors per channel that follow one go into its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, Reverse, Span, of_one
from .errors import UnsupportedError
from .normalization import normalization_factors
from .registry import Operator, register
from .sliding import Windows, local, settings_on_axis, sliding

__all__ = ["add_products"]


@of_one
def transposed_reach(context: Context, span: Span) -> Span | str:
    """ConvTranspose: position i writes to i * stride - pad ... + (k - 1) * dilation."""
    if span.axis < 2:
        return "ConvTranspose takes the sequence axis as channels"
    if context.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID") or context.attribute("output_shape"):
        return "ConvTranspose with automatic padding"
    settings = sliding(context, span.axis)
    if isinstance(settings, str):
        return settings
    kernel, stride, dilation, before = settings
    return span.moved(span.lo * stride - before, span.hi * stride - before + (kernel - 1) * dilation)


def convolve(builder: Builder, node: Node) -> None:
    """Conv along the sequence."""
    weight, groups = _weight(builder, node)
    kernel, stride, dilation, before = settings_on_axis(builder, node)
    taps = weight.reshape(*weight.shape[:2], kernel).transpose(2, 1, 0)  # (k, Cin / groups, Cout)
    add_products(builder, builder.executor.convolve, node, taps, stride, dilation, before, groups)


def convolve_transposed(builder: Builder, node: Node) -> None:
    """ConvTranspose along the sequence; its weight is (Cin, Cout / groups, k)."""
    weight, groups = _weight(builder, node)
    kernel, stride, dilation, before = settings_on_axis(builder, node)
    depth, width = weight.shape[0] // groups, weight.shape[1]
    taps = weight.reshape(groups, depth, width, kernel).transpose(3, 1, 0, 2).reshape(kernel, depth, groups * width)
    add_products(builder, builder.executor.convolve_transposed, node, taps, stride, dilation, before, groups)


def _weight(builder: Builder, node: Node) -> tuple[NDArray[np.float32], int]:
    if not builder.graph.is_constant(node.inputs[1]):
        raise UnsupportedError(f"{node.op_type} with weights from the sequence")
    return np.asarray(builder.graph.constant(node.inputs[1]), np.float32), int(node.attributes.get("group", 1))


def add_products(
    builder: Builder, method: Callable[..., Any], node: Node, taps: NDArray[np.float32], *settings: int
) -> None:
    """Add a convolution of a node's first input, with the factors of a BatchNormalization that follows.

    Parameters
    ----------
    builder : Builder
    method : function
        Of the executor.
    node : Node
    taps : float32 array, shape (kernel, channels in / groups, channels out)
    *settings : int
        Stride, dilation, padding before, groups.
    """
    factors, output = _scaled(builder, node.outputs[0])
    if factors is not None:
        taps = taps * factors
    source = builder.number(node.inputs[0])
    method(source, builder.declare(output), np.ascontiguousarray(taps, np.float32), *settings)


def _scaled(builder: Builder, output: str) -> tuple[NDArray[np.float32] | None, str]:
    """Follow a BatchNormalization that alone reads an output: its factors and its output."""
    readers = builder.graph.consumers(output)
    if len(readers) != 1 or readers[0].op_type != "BatchNormalization" or output == builder.graph.output_name:
        return None, output
    (reader,) = readers
    if reader.inputs[0] != output or len(reader.made) > 1:
        return None, output
    factors = normalization_factors(builder, reader)
    builder.skipped.add(reader.outputs[0])
    return factors, reader.outputs[0]


def _refuse_own_weights(r: Reverse) -> None:
    if r.wanted(1) or r.wanted(2):
        raise r.refusal("its weights depend on the sequence")


def gradient(r: Reverse) -> Gradients:
    """Conv: ConvTranspose with the same weights."""
    _refuse_own_weights(r)
    return [Windows.of(r).transposed(r, r.dy, r.name(1), int(r.attribute("group", 1)))]


def transposed_gradient(r: Reverse) -> Gradients:
    """ConvTranspose: Conv with the same weights."""
    _refuse_own_weights(r)
    shape = r.shape(1)
    n = len(shape) - 2
    auto = r.attribute("auto_pad", "NOTSET")
    pads = list(r.attribute("pads") or [0] * 2 * n) if auto == "NOTSET" else [0] * 2 * n
    stride, dilation = r.attribute("strides") or [1] * n, r.attribute("dilations") or [1] * n
    out, size = r.output_shape()[2:], r.shape()[2:]
    if auto.startswith("SAME") or r.attribute("output_shape"):
        # What the sizes leave over is cut off, the larger half behind for SAME_UPPER alone.
        more = r.attribute("output_padding") or [0] * n
        axes = zip(size, out, shape[2:], stride, dilation, more, strict=True)
        left = [max(0, (i - 1) * s + (k - 1) * d + 1 + p - o) for i, o, k, s, d, p in axes]
        pads = [total // 2 if auto == "SAME_UPPER" else total - total // 2 for total in left] + [0] * n
    windows = Windows(out, size, shape[2:], tuple(stride), tuple(dilation), tuple(pads[:n]), tuple(pads[n:]))
    # Conv over the output, cut or padded to what the windows reach: as many windows as there were inputs.
    ends = [a - b - s for a, b, s in zip(windows.reach, windows.before, windows.size, strict=True)]
    padded = r.emit.pad(r.dy, [0, 0, *windows.before], [0, 0, *ends])
    group, kernel = int(r.attribute("group", 1)), list(shape[2:])
    made = r.emit.add("Conv", padded, r.name(1), kernel_shape=kernel, strides=stride, dilations=dilation, group=group)
    return [made]


register(
    Operator("Conv", reach=local, step=convolve, gradient=gradient, multiplier=gradient),
    Operator(
        "ConvTranspose",
        reach=transposed_reach,
        step=convolve_transposed,
        gradient=transposed_gradient,
        multiplier=transposed_gradient,
    ),
)
