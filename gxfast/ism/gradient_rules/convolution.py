"""Convolutions with constant weights."""

from __future__ import annotations

from ._context import Gradients, Reverse
from ._registry import register
from ._windows import Windows

__all__: list[str] = []


def _constant_weights(r: Reverse) -> tuple[int, ...]:
    if r.wanted(1) or r.wanted(2):
        raise r.refusal("its weights depend on the sequence")
    return r.shape(1)


@register("Conv")
def conv(r: Reverse) -> Gradients:
    """ConvTranspose with the same weights."""
    shape = _constant_weights(r)
    windows = Windows.of(r, shape[2:], size=r.shape()[2:], out=r.output_shape[2:])
    return [windows.transposed(r, r.dy, r.name(1), int(r.attribute("group", 1)))]


@register("ConvTranspose")
def conv_transpose(r: Reverse) -> Gradients:
    """Conv with the same weights."""
    shape = _constant_weights(r)
    n = len(shape) - 2
    auto = r.attribute("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "VALID") or r.attribute("output_shape"):
        raise r.refusal("auto_pad or output_shape is set")
    pads = list(r.attribute("pads") or [0] * 2 * n) if auto == "NOTSET" else [0] * 2 * n
    stride, dilation = r.attribute("strides") or [1] * n, r.attribute("dilations") or [1] * n
    windows = Windows(
        r.output_shape[2:], r.shape()[2:], shape[2:], tuple(stride), tuple(dilation), tuple(pads[:n]), tuple(pads[n:])
    )
    # Conv over the output, cut or padded to what the windows reach: as many windows as there were inputs.
    ends = [a - b - s for a, b, s in zip(windows.reach, windows.before, windows.size, strict=True)]
    padded = r.emit.pad(r.dy, [0, 0, *windows.before], [0, 0, *ends])
    settings = {"strides": list(stride), "dilations": list(dilation), "group": int(r.attribute("group", 1))}
    return [r.emit.op("Conv", padded, r.name(1), kernel_shape=list(shape[2:]), **settings)]
