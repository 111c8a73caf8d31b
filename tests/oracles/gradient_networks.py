"""Two slow interpreters of graphs: float64 NumPy, and torch's autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

Array = NDArray[Any]


def taps(x: Array, settings: Mapping[str, Any], kernel: tuple[int, ...], fill: float) -> tuple[Array, Array]:
    """Return what each window covers, (N, C, k, out) per spatial axis, and 1 where that is x, 0.5 in declared pads."""
    n, inside = len(kernel), np.ones((1, 1, *x.shape[2:]))
    strides, dilations = settings.get("strides") or [1] * n, settings.get("dilations") or [1] * n
    pads, auto = settings.get("pads") or [0] * 2 * n, settings.get("auto_pad") or "NOTSET"
    for i in range(n):
        reach, size, stride = (kernel[i] - 1) * dilations[i], x.shape[2 * i + 2], strides[i]
        before, after = pads[i], pads[n + i]
        if auto.startswith("SAME"):
            out = -(-size // stride)
            total = max(0, (out - 1) * stride + reach + 1 - size)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            after = total - before
        full = size + before + after - reach - 1
        out = (-(-full // stride) if settings.get("ceil_mode") else full // stride) + 1
        if settings.get("ceil_mode") and (out - 1) * stride >= size + before:
            out -= 1
        width = [(0, 0)] * x.ndim
        width[2 * i + 2] = (before, after)
        x, inside = np.pad(x, width, constant_values=fill), np.pad(inside, width, constant_values=0.5)
        width[2 * i + 2] = (0, stride + reach)  # beyond the pads, for windows that ceil_mode adds
        x, inside = np.pad(x, width, constant_values=fill), np.pad(inside, width)
        where = np.arange(kernel[i])[:, None] * dilations[i] + np.arange(out) * stride
        x, inside = np.take(x, where, 2 * i + 2), np.take(inside, where, 2 * i + 2)
    order = [0, 1, *range(2, 2 + 2 * n, 2), *range(3, 2 + 2 * n, 2)]
    return x.transpose(order), inside.transpose(order)


class Conv(OpRun):
    """Convolution in the type of its inputs."""

    def _run(self, x: Array, w: Array, b: Array | None = None, **settings: Any) -> tuple[Array]:
        kernel, groups = w.shape[2:], settings.get("group") or 1
        covered, _ = taps(x, settings, kernel, 0.0)
        axes = range(2, 2 + len(kernel))
        parts = [
            np.tensordot(part, weights, ([1, *axes], [1, *axes]))
            for part, weights in zip(np.split(covered, groups, 1), np.split(w, groups), strict=True)
        ]
        y = np.moveaxis(np.concatenate(parts, -1), -1, 1)
        return (y if b is None else y + b.reshape(-1, *[1] * len(kernel)),)


class MaxPool(OpRun):
    """Maximum of windows."""

    def _run(self, x: Array, **settings: Any) -> tuple[Array]:
        kernel = tuple(settings["kernel_shape"])
        covered, _ = taps(x, settings, kernel, -np.inf)
        return (covered.max(tuple(range(2, 2 + len(kernel)))),)


class AveragePool(OpRun):
    """Mean of windows, over all or over what is no padding."""

    def _run(self, x: Array, **settings: Any) -> tuple[Array]:
        kernel = tuple(settings["kernel_shape"])
        covered, inside = taps(x, settings, kernel, 0.0)
        axes = tuple(range(2, 2 + len(kernel)))
        counts = (inside > 0) if settings.get("count_include_pad") else (inside == 1)
        return (covered.sum(axes) / counts.sum(axes),)


class GlobalMaxPool(OpRun):
    """Maximum over all positions."""

    def _run(self, x: Array) -> tuple[Array]:
        return (x.max(tuple(range(2, x.ndim)), keepdims=True),)


class ConvTranspose(OpRun):
    """Every input adds the weights times itself where its window lies; one spatial axis."""

    def _run(self, x: Array, w: Array, b: Array | None = None, **settings: Any) -> tuple[Array]:
        (stride,), (dilation,) = settings.get("strides") or [1], settings.get("dilations") or [1]
        (before, after), (extra,) = settings.get("pads") or [0, 0], settings.get("output_padding") or [0]
        groups, size, kernel = settings.get("group") or 1, x.shape[2], w.shape[2]
        split = x.reshape(len(x), groups, -1, size)
        spread = np.einsum("ngcl,gcok->ngokl", split, w.reshape(groups, -1, *w.shape[1:]))
        full = np.zeros((len(x), groups * w.shape[1], (size - 1) * stride + (kernel - 1) * dilation + 1 + extra))
        for k in range(kernel):
            at = k * dilation
            full[:, :, at : at + (size - 1) * stride + 1 : stride] += spread[:, :, :, k].reshape(len(x), -1, size)
        y = full[:, :, before : full.shape[2] - after]
        return (y if b is None else y + b[:, None],)


class Pad(OpRun):
    """Padding; negative pads cut."""

    def _run(
        self, x: Array, pads: Array, value: Any = None, axes: Array | None = None, mode: Any = None
    ) -> tuple[Array]:
        chosen = range(x.ndim) if axes is None else [int(axis) % x.ndim for axis in axes]
        for axis, before, after in zip(chosen, pads, pads[len(chosen) :], strict=False):
            width = [(0, 0)] * x.ndim
            width[axis] = (max(0, before), max(0, after))
            if mode in (None, "constant"):
                x = np.pad(x, width, constant_values=0.0 if value is None else value)
            else:
                x = np.pad(x, width, mode=mode)
            x = np.take(x, np.arange(max(0, -before), x.shape[axis] - max(0, -after)), axis)
        return (x,)


class Erf(OpRun):
    """The evaluator's own works in float32."""

    def _run(self, x: Array) -> tuple[Array]:
        from scipy.special import erf

        return (erf(x),)


def _over_the_rest(x: Array, axis: int) -> tuple[Array, Array]:
    flat = x.reshape(*x.shape[: axis % x.ndim], -1)
    powers = np.exp(flat - flat.max(-1, keepdims=True))
    return powers.reshape(x.shape), powers.sum(-1).reshape(*x.shape[: axis % x.ndim], *[1] * (x.ndim - axis % x.ndim))


class Softmax(OpRun):
    """As before opset 13: over this axis and all after it."""

    def _run(self, x: Array, axis: int) -> tuple[Array]:
        powers, total = _over_the_rest(x, axis)
        return (powers / total,)


class LogSoftmax(OpRun):
    """As before opset 13."""

    def _run(self, x: Array, axis: int) -> tuple[Array]:
        powers, total = _over_the_rest(x, axis)
        return (np.log(powers / total),)


class Gelu(OpRun):
    """x times the normal distribution function, or its approximation with tanh."""

    def _run(self, x: Array, approximate: str | None = None, **_: Any) -> tuple[Array]:
        from scipy.special import ndtr

        if approximate == "tanh":
            return (x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3))) / 2.0,)
        return (x * ndtr(x),)


# onnxruntime's own operator of the same name
MicrosoftGelu = type("Gelu", (Gelu,), {"op_domain": "com.microsoft", "_run": lambda self, x, **_: Gelu._run(self, x)})


class FastGelu(OpRun):
    """The approximation with tanh."""

    op_domain = "com.microsoft"

    def _run(self, x: Array) -> tuple[Array]:
        return Gelu._run(self, x, approximate="tanh")


class QuickGelu(OpRun):
    """x * sigmoid(alpha x)."""

    op_domain = "com.microsoft"

    def _run(self, x: Array, alpha: float = 1.702) -> tuple[Array]:
        return (x / (1.0 + np.exp(-alpha * x)),)


def in_float64(content: bytes) -> Callable[[Array], Array]:
    """Return a function that evaluates a float32 graph, from `Graph.subgraph`, in float64."""
    model = onnx.ModelProto.FromString(content)
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            array = numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    old = next(entry.version for entry in model.opset_import if entry.domain == "") < 13
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
        if old and node.op_type.endswith("Softmax") and not node.attribute:
            node.attribute.append(helper.make_attribute("axis", 1))
    own = [Conv, ConvTranspose, MaxPool, AveragePool, GlobalMaxPool, Pad, Erf, Gelu, MicrosoftGelu, FastGelu, QuickGelu]
    evaluator = ReferenceEvaluator(model, new_ops=[*own, Softmax, LogSoftmax] if old else own)
    name = model.graph.input[0].name
    return lambda x: np.asarray(evaluator.run(None, {name: np.asarray(x, np.float64)})[0])


def _windowed(x: Any, node: Any, kernel: tuple[int, ...], out: tuple[int, ...], fill: float) -> Any:
    """Pad or cut every spatial axis to exactly what the windows of the output cover."""
    from torch.nn import functional

    n, given = len(kernel), node.attributes
    strides, dilations = given.get("strides") or [1] * n, given.get("dilations") or [1] * n
    pads, auto, widths = given.get("pads") or [0] * 2 * n, given.get("auto_pad", "NOTSET"), []
    for i in range(n):
        need = (out[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
        before, total = pads[i], max(0, need - x.shape[2 + i])
        if auto.startswith("SAME"):
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        widths = [before, need - x.shape[2 + i] - before, *widths]
    return functional.pad(x, widths, value=fill)


def _torch_windows(node: Any, inputs: list[Any], out: tuple[int, ...]) -> Any:
    import torch
    from torch.nn import functional

    x, given = inputs[0], node.attributes
    kernel = tuple(inputs[1].shape[2:]) if node.op_type == "Conv" else tuple(given["kernel_shape"])
    n, stride = len(kernel), given.get("strides") or [1] * len(kernel)
    padded = _windowed(x, node, kernel, out, -np.inf if node.op_type == "MaxPool" else 0.0)
    if node.op_type == "Conv":
        run = functional.conv1d if n == 1 else functional.conv2d
        return run(padded, *inputs[1:], stride=stride, dilation=given.get("dilations") or [1] * n)
    if node.op_type == "MaxPool":
        return (functional.max_pool1d if n == 1 else functional.max_pool2d)(padded, kernel, stride)
    mean = functional.avg_pool1d if n == 1 else functional.avg_pool2d
    ones = torch.ones_like(x[:1, :1])
    counted = (
        torch.ones_like(padded[:1, :1]) if given.get("count_include_pad") else _windowed(ones, node, kernel, out, 0.0)
    )
    return mean(padded, kernel, stride) / mean(counted, kernel, stride)


def _torch_ops() -> dict[str, Callable[..., Any]]:
    import torch
    from torch.nn import functional

    def spatial(x: Any) -> tuple[int, ...]:
        return tuple(range(2, x.ndim))

    def first_maximum(x: Any) -> Any:
        return functional.max_pool1d(x, x.shape[2])

    def gemm(a: dict[str, Any], x: Any, w: Any, b: Any) -> Any:
        return x @ (w.T if a.get("transB") else w) + b

    return {
        "Add": lambda a, x, y: x + y,
        "Mul": lambda a, x, y: x * y,
        "MatMul": lambda a, x, y: x @ y,
        "Gemm": gemm,
        "Relu": lambda a, x: torch.relu(x),
        "Sigmoid": lambda a, x: torch.sigmoid(x),
        "Tanh": lambda a, x: torch.tanh(x),
        "Elu": lambda a, x: functional.elu(x),
        "Softplus": lambda a, x: functional.softplus(x),
        "Identity": lambda a, x: x,
        "Transpose": lambda a, x: x.permute(a["perm"]),
        "Concat": lambda a, *x: torch.cat(x, a["axis"]),
        "Slice": lambda a, x, s, e, k: x.narrow(int(k), int(s), int(e) - int(s)),
        "Squeeze": lambda a, x, k: x.squeeze(int(k)),
        "Flatten": lambda a, x: x.flatten(1),
        "Reshape": lambda a, x, k: x.reshape(len(x), -1),
        "Softmax": lambda a, x: torch.softmax(x, a["axis"]),
        "LayerNormalization": lambda a, x, w: functional.layer_norm(x, x.shape[-1:], w),
        "BatchNormalization": lambda a, x, w, b, m, v: functional.batch_norm(x, m, v, w, b),
        "GlobalAveragePool": lambda a, x: x.mean(spatial(x), keepdim=True),
        "GlobalMaxPool": lambda a, x: first_maximum(x),
        "ReduceMean": lambda a, x: x.mean(a["axes"], keepdim=bool(a["keepdims"])),
    }


def torch_gradient(graph: Any, x: Array, seed: Array) -> Array:
    """Return the gradient of ``(seed * output).sum()`` by torch's autograd, for a `gxfast.ism.graph.view.Graph`."""
    import torch

    ops, leaf = _torch_ops(), torch.tensor(x, requires_grad=True)
    values = {graph.input_name: leaf}
    for node in graph.nodes:
        inputs = [
            values[name] if name in values else torch.tensor(graph.constant(name)) for name in node.inputs if name
        ]
        if node.op_type in ("Conv", "MaxPool", "AveragePool"):
            values[node.outputs[0]] = _torch_windows(node, inputs, graph.shape(node.outputs[0])[2:])
        else:
            values[node.outputs[0]] = ops[node.op_type](node.attributes, *inputs)
    (values[graph.output_name] * torch.tensor(seed)).sum().backward()
    return np.asarray(leaf.grad)
