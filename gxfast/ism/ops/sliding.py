"""Windows of convolutions and pools: where they lie, what a change of what they cover reaches, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from .builder import Builder
from .context import Context, NodeContext, Reverse, Span, of_one
from .errors import UnsupportedError

__all__ = ["Windows", "local", "settings_on_axis", "sliding"]

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows over the spatial axes of one node; every field has one number per axis.

    Attributes
    ----------
    size, out : tuple of int
        Of the input and the output.
    kernel, stride, dilation : tuple of int
    before : tuple of int
        Padding in front.
    after : tuple of int
        Padding behind, as declared.
    """

    size: tuple[int, ...]
    out: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @staticmethod
    def of(context: NodeContext) -> Windows:
        """Read the attributes of a Conv or pool node."""
        size, out = context.shape()[2:], context.output_shape()[2:]
        kernel = tuple(context.attribute("kernel_shape") or context.shape(1)[2:])
        n = len(kernel)
        stride = tuple(context.attribute("strides") or [1] * n)
        dilation = tuple(context.attribute("dilations") or [1] * n)
        pads = list(context.attribute("pads") or [0] * 2 * n)
        auto = context.attribute("auto_pad", "NOTSET")
        if auto == "VALID":
            pads = [0] * 2 * n
        elif auto in ("SAME_UPPER", "SAME_LOWER"):
            axes = zip(size, out, kernel, stride, dilation, strict=True)
            totals = [max(0, (o - 1) * s + (k - 1) * d + 1 - i) for i, o, k, s, d in axes]
            smaller, larger = [t // 2 for t in totals], [t - t // 2 for t in totals]
            pads = [*smaller, *larger] if auto == "SAME_UPPER" else [*larger, *smaller]
        return Windows(size, out, kernel, stride, dilation, tuple(pads[:n]), tuple(pads[n:]))

    @property
    def reach(self) -> tuple[int, ...]:
        """Positions from the first that the first window covers to the last of the last one, per axis."""
        axes = zip(self.out, self.kernel, self.stride, self.dilation, strict=True)
        return tuple((o - 1) * s + (k - 1) * d + 1 for o, k, s, d in axes)

    def positions(self, axis: int) -> Int64Array:
        """Return the input positions of one axis, (kernel, out); they may lie in the padding."""
        starts = np.arange(self.out[axis]) * self.stride[axis] - self.before[axis]
        found: Int64Array = starts + np.arange(self.kernel[axis])[:, None] * self.dilation[axis]
        return found

    def flat_positions(self) -> Int64Array:
        """Return indices into the flattened input, (kernel, out) flattened too; its length for padding."""
        flat = np.zeros((1, 1), np.int64)
        valid = np.ones((1, 1), bool)
        for axis, size in enumerate(self.size):
            where = self.positions(axis)
            inside = (where >= 0) & (where < size)
            shape = (len(flat) * len(where), flat.shape[1] * where.shape[1])
            flat = (flat[:, None, :, None] * size + where[None, :, None, :]).reshape(shape)
            valid = (valid[:, None, :, None] & inside[None, :, None, :]).reshape(shape)
        return np.where(valid, flat, int(np.prod(self.size)))

    def counts(self, *, padding: bool) -> NDArray[np.float64]:
        """Return how many positions every window averages, of shape ``out``."""
        result = np.ones(self.out)
        for axis, size in enumerate(self.size):
            where = self.positions(axis)
            # A window that a rounded-up output lets pass the padding does not count what lies beyond it.
            low, high = (-self.before[axis], size + self.after[axis]) if padding else (0, size)
            number = ((where >= low) & (where < high)).sum(0)
            result *= number.reshape([-1 if a == axis else 1 for a in range(len(self.size))])
        return result

    def crop(self) -> tuple[list[int], list[int], list[int]]:
        """Return pads and output padding with which ConvTranspose gives exactly ``size``."""
        ends = [a - b - c for a, b, c in zip(self.reach, self.before, self.size, strict=True)]
        return list(self.before), [max(0, end) for end in ends], [max(0, -end) for end in ends]

    def transposed(self, r: Reverse, x: str, weights: str, group: int) -> str:
        """Return ConvTranspose of ``x`` (N, C, out) to (N, C', size)."""
        before, after, extra = self.crop()
        # onnxruntime wants the output padding below stride or dilation; more (pads that shrank) is added after.
        allowed = [max(s, d) - 1 for s, d in zip(self.stride, self.dilation, strict=True)]
        padding = [min(a, b) for a, b in zip(extra, allowed, strict=True)]
        rest = [a - b for a, b in zip(extra, padding, strict=True)]
        result = r.emit.add(
            "ConvTranspose",
            x,
            weights,
            kernel_shape=self.kernel,
            strides=self.stride,
            dilations=self.dilation,
            group=group,
            pads=[*before, *after],
            output_padding=padding,
        )
        return r.emit.pad(result, [0] * (2 + len(rest)), [0, 0, *rest])

    def add_up(self, r: Reverse, x: str, n: int) -> str:
        """Return ``x`` (n, kernel, *out) added up at the positions it is from, (n, *size)."""
        e, axes = r.emit, len(self.size)
        if self.stride == self.kernel and set(self.dilation) == {1}:
            # Windows side by side: only a change of shape.
            split = e.reshape(x, (n, *self.kernel, *self.out))
            pairs = [axis for i in range(axes) for axis in (1 + axes + i, 1 + i)]
            joined = e.reshape(e.transpose(split, [0, *pairs]), (n, *self.reach))
            ends = [s + b - a for a, b, s in zip(self.reach, self.before, self.size, strict=True)]
            return e.pad(joined, [0, *(-b for b in self.before)], [0, *ends])
        k = int(np.prod(self.kernel))
        identity = e.constant(np.eye(k).reshape(k, 1, *self.kernel), r.dtype)
        added = self.transposed(r, e.reshape(x, (n, k, *self.out)), identity, 1)
        return e.reshape(added, (n, *self.size))


def sliding(context: NodeContext, axis: int) -> tuple[int, int, int, int] | str:
    """Return kernel, stride, dilation and pad before of a convolution or pool on one axis of its input."""
    auto = context.attribute("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        return f"auto_pad {auto} of {context.node.op_type} is not known"
    windows, i = Windows.of(context), axis - 2
    return int(windows.kernel[i]), int(windows.stride[i]), int(windows.dilation[i]), int(windows.before[i])


@of_one
def local(context: Context, span: Span) -> Span | str:
    """Reach of a window that slides: other axes are mixed within a position only.

    With a dilation some outputs in between read none of the changed positions; the interval holds them all.
    """
    if span.axis < 2:
        return f"{context.node.op_type} takes the sequence axis as channels"
    settings = sliding(context, span.axis)
    if isinstance(settings, str):
        return settings
    kernel, stride, dilation, before = settings
    lo = -(((kernel - 1) * dilation - before - span.lo) // stride)  # rounded up
    return span.moved(lo, (span.hi + before) // stride)


def settings_on_axis(builder: Builder, node: Node) -> tuple[int, int, int, int]:
    """Return kernel, stride, dilation and pad before along the sequence; refuse windows on other axes.

    Raises
    ------
    UnsupportedError
    """
    context, axis = NodeContext(builder.graph, node), builder.window(node.inputs[0]).axis
    sizes = (context.shape(), context.output_shape())
    if axis < 2 or any(size != 1 for shape in sizes for i, size in enumerate(shape) if i > 1 and i != axis):
        raise UnsupportedError(f"{node.op_type} slides over another axis than the sequence")
    found = sliding(context, axis)
    if isinstance(found, str):
        raise UnsupportedError(found)
    if int(np.prod(Windows.of(context).kernel)) != found[0]:
        raise UnsupportedError(f"{node.op_type} has a kernel on another axis than the sequence")
    return found
