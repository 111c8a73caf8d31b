"""Convolutions and pools: a window slides along the sequence axis."""

from __future__ import annotations

import numpy as np

from ._context import Context, Span
from ._registry import register

__all__ = ["slide", "sliding"]


def sliding(context: Context, axis: int) -> tuple[int, int, int, int] | str:
    """Return kernel, stride, dilation and pad before of a convolution or pool on one axis of its input."""
    node, spatial = context.node, axis - 2
    n_spatial = len(context.shape()) - 2
    kernel = context.attribute("kernel_shape") or context.shape(1)[2:]
    k = int(kernel[spatial])
    stride = int((context.attribute("strides") or [1] * n_spatial)[spatial])
    dilation = int((context.attribute("dilations") or [1] * n_spatial)[spatial])
    auto = context.attribute("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        n_in, n_out = context.shape()[axis], context.output_shape()[axis]
        total = max(0, (n_out - 1) * stride + (k - 1) * dilation + 1 - n_in)
        return k, stride, dilation, total // 2 if auto == "SAME_UPPER" else total - total // 2
    if auto not in ("NOTSET", "VALID"):
        return f"auto_pad {auto} of {node.op_type} is not known"
    pads = context.attribute("pads") or [0] * (2 * n_spatial)
    return k, stride, dilation, int(pads[spatial]) if auto == "NOTSET" else 0


def slide(span: Span, kernel: int, stride: int, dilation: int, before: int) -> Span:
    """Return which outputs of a sliding window read a changed position.

    With a dilation some outputs in between read none of them; the interval holds them all.
    """
    reach = (kernel - 1) * dilation
    lo = -((reach - before - span.lo) // stride)  # ceil((lo + before - reach) / stride)
    return span.moved(lo, (span.hi + before) // stride)


def _local(context: Context) -> Span | str:
    span = context.alone()
    if isinstance(span, str):
        return span
    if span.axis < 2:
        return f"{context.node.op_type} takes the sequence axis as channels"
    settings = sliding(context, span.axis)
    return settings if isinstance(settings, str) else slide(span, *settings)


@register("Conv", "AveragePool", "LpPool")
def convolution(context: Context) -> Span | str:
    """Conv, AveragePool, LpPool: other axes are mixed within a position only."""
    return _local(context)


@register("MaxPool")
def max_pool(context: Context) -> Span | str:
    """MaxPool: the optional second output (which element won) changes where the first one does, or not at all."""
    if len(context.node.outputs) > 1 and context.node.outputs[1]:
        return "MaxPool gives indices, which count positions of the whole tensor"
    return _local(context)


@register("ConvTranspose")
def conv_transpose(context: Context) -> Span | str:
    """ConvTranspose: position i writes to i * stride - pad ... + (k - 1) * dilation."""
    span = context.alone()
    if isinstance(span, str):
        return span
    if span.axis < 2:
        return "ConvTranspose takes the sequence axis as channels"
    if context.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID") or context.attribute("output_shape"):
        return "ConvTranspose with automatic padding"
    settings = sliding(context, span.axis)
    if isinstance(settings, str):
        return settings
    kernel, stride, dilation, before = settings
    return span.moved(span.lo * stride - before, span.hi * stride - before + (kernel - 1) * dilation)


@register("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(context: Context) -> Span | str:
    """Global pools: over all positions."""
    return f"{context.node.op_type} is over all positions"


@register("Resize", "Upsample")
def resize(context: Context) -> Span | str:
    """Resize: nearest by a whole factor (asymmetric, floor), as repeating layers are exported."""
    span = context.alone()
    if isinstance(span, str):
        return span
    before, after = context.shape()[span.axis], context.output_shape()[span.axis]
    plain = context.attribute("mode", "nearest") == "nearest" and after % before == 0
    if context.node.op_type == "Resize":
        plain &= context.attribute("coordinate_transformation_mode", "half_pixel") == "asymmetric"
        plain &= context.attribute("nearest_mode", "round_prefer_floor") == "floor"
    if not plain:
        return "Resize is known for nearest, asymmetric, floor and whole factors only"
    factor = after // before
    return span.moved(span.lo * factor, np.asarray(span.hi * factor + factor - 1))
