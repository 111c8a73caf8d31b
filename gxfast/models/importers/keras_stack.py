"""Simple Keras networks of one sequence, from their HDF5 file alone: the generic route without TensorFlow.

Tensors stay as Keras has them, (N, L, C); convolutions and poolings are wrapped in transposes, which onnxruntime and
the mutagenesis engine move out of the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..card import ModelCard
from ..onnx_writer import GraphWriter
from ..saving import save_model
from ._keras_file import KerasFile, Layer, layers_in_order, read_keras

__all__ = ["import_keras"]

_ACTIVATIONS: Final = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "elu": "Elu", "exponential": "Exp",
}  # fmt: skip
_REMEDY: Final = 'save the model again with model.save("m.h5")'
_MOST_VALUES: Final = 2**29  # of one layer and one sequence: 2 GiB
_MOST: Final = 2**31 - 1
_NOTHING: Final = ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "ActivityRegularization")


@dataclass(frozen=True, slots=True)
class _Flow:
    """A tensor: its name and its shape without the batch, (length, channels) or (units,)."""

    name: str
    shape: tuple[int, ...]


def import_keras(
    weights: str | Path, output: str | Path, *, name: str | None = None, length: int | None = None
) -> Path:
    """Convert a Keras file (``model.save("m.h5")``) of common layers.

    Conv1D, poolings, BatchNormalization, Dense, Flatten, Cropping1D, ZeroPadding1D, Add, Concatenate, activations and
    what does nothing in a trained network, in a Sequential or functional model of one input and one output.

    Parameters
    ----------
    weights : str or Path
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    name : str, optional
        That of the file by default.
    length : int, optional
        Bases, where the file leaves it open.

    Returns
    -------
    Path
        The card has the TSS in the middle, minus-strand genes reverse-complemented, channels A, C, G, T.

    Raises
    ------
    InputError
        For a layer or a setting that is not known here; it names them.
    """
    file = read_keras(weights)
    layers, last = layers_in_order(file, weights)
    graph = GraphWriter()
    flows = _converted(graph, layers, file, length, weights)
    shape = flows[last].shape
    (bases,) = (flows[layer.name].shape[0] for layer in layers if layer.kind == "InputLayer")
    card = ModelCard(
        name=name or Path(weights).stem, layout="NLC", length=bases, tss_index={"+": bases // 2, "-": bases // 2},
        input_name="sequence", output_name="prediction", output_layout="NT" if len(shape) == 1 else "NBT",
    )  # fmt: skip
    graph.output(graph.add("Identity", flows[last].name, name="prediction"), ["batch", *shape])
    return save_model(graph.model(card.name), card, output)


def _converted(
    graph: GraphWriter, layers: list[Layer], file: KerasFile, length: int | None, path: str | Path
) -> dict[str, _Flow]:
    """Append all layers; what each gives, by its name."""
    n_inputs = sum(layer.kind == "InputLayer" for layer in layers)
    if n_inputs != 1:
        raise InputError(f"the model has {n_inputs} inputs, one is expected", path=path, remedy="export it yourself")
    flows: dict[str, _Flow] = {}
    for layer in layers:
        if layer.kind == "InputLayer":
            sizes = _input_shape(layer, length, path)
            flows[layer.name] = _Flow(graph.input("sequence", ["batch", *sizes]), sizes)
            continue
        build = _BUILDERS.get("Identity" if layer.kind in _NOTHING else layer.kind)
        if build is None:
            raise _unknown(layer, f"the layer {layer.kind}", path)
        try:
            made = build(graph, layer, [flows[name] for name in layer.inputs], file.weights.get(layer.name, {}))
        except KeyError as error:
            raise InputError(f"{error} is missing in the file", path=path, record=layer.name, remedy=_REMEDY) from None
        except _UnknownError as error:
            raise _unknown(layer, str(error), path) from None
        except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:  # of what the file says
            raise InputError(
                f"the layer {layer.kind} does not fit its weights or the layers before it: {error}",
                path=path, record=layer.name, remedy=_REMEDY,
            ) from None  # fmt: skip
        if min(made.shape) < 1 or math.prod(made.shape) > _MOST_VALUES:
            raise InputError(
                f"the layer {layer.kind} gives values of shape {made.shape} per sequence",
                path=path, record=layer.name, remedy=_REMEDY,
            )  # fmt: skip
        flows[layer.name] = made
    return flows


class _UnknownError(Exception):
    """A setting that is not known here."""


def _unknown(layer: Layer, what: str, path: str | Path) -> InputError:
    return InputError(
        f"{what} is not converted", path=path, record=layer.name,
        remedy="export the model to ONNX yourself (tf2onnx) and write a card beside it",
    )  # fmt: skip


def _input_shape(layer: Layer, length: int | None, path: str | Path) -> tuple[int, int]:
    shape = layer.config.get("batch_input_shape") or layer.config.get("batch_shape") or []
    if not isinstance(shape, list) or len(shape) != 3 or shape[2] != 4:
        raise InputError(f"the input has shape {shape}, (batch, bases, 4) is expected", path=path)
    if shape[1] is None and length is None:
        raise InputError("the number of bases is open", path=path, remedy="give it with `length=`")
    if shape[1] is not None and length not in (None, shape[1]):
        raise InputError(f"the model reads {shape[1]} bases, not {length}", path=path)
    bases = shape[1] if length is None else length
    if type(bases) is not int or not 1 <= bases <= _MOST:
        raise InputError(f"the input has {bases!r} bases", path=path, remedy=_REMEDY)
    return bases, 4


_Weights = dict[str, NDArray[np.float32]]


def _activated(graph: GraphWriter, x: str, kind: Any) -> str:
    if kind in (None, "linear"):
        return x
    if kind == "softmax":
        return graph.add("Softmax", x, axis=-1)
    if not isinstance(kind, str) or kind not in _ACTIVATIONS:
        raise _UnknownError(f"the activation {kind!r}")
    return graph.add(_ACTIVATIONS[kind], x)


def _channels_first(graph: GraphWriter, x: str, node: Callable[[str], str]) -> str:
    return graph.transpose(node(graph.transpose(x, [0, 2, 1])), [0, 2, 1])


def _one(config: dict[str, Any], key: str, default: int = 1) -> int:
    value = config.get(key)
    value = default if value is None else value
    (value,) = value if isinstance(value, list) else (value,)
    return _whole(value, 1, key)


def _whole(value: Any, least: int, what: str) -> int:
    if type(value) is not int or not least <= value <= _MOST:
        raise ValueError(f"{what} is {value!r}")
    return value


def _pair(config: dict[str, Any], key: str) -> tuple[int, int]:
    """Bases at both ends."""
    left, right = (_whole(value, 0, key) for value in config[key])
    return left, right


def _fitting(weights: _Weights, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """Return a layer's parameters if they have this shape; None stands for any size."""
    found = weights[name]
    if found.ndim != len(shape) or any(size not in (None, n) for size, n in zip(shape, found.shape, strict=True)):
        raise ValueError(f"{name} has shape {found.shape}")
    return found


def _same(length: int, width: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding: the extra base on the right."""
    total = max((-(-length // stride) - 1) * stride + width - length, 0)
    return total // 2, total - total // 2


def _padding(config: dict[str, Any], length: int, reach: int, stride: int) -> tuple[int, int]:
    kind = config.get("padding", "valid")
    if config.get("data_format", "channels_last") != "channels_last":
        raise _UnknownError("channels first")
    if kind not in ("valid", "same", "causal"):
        raise _UnknownError(f"the padding {kind!r}")
    if kind == "causal":
        return reach - 1, 0
    return _same(length, reach, stride) if kind == "same" else (0, 0)


def _convolution(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    (flow,), config = flows, layer.config
    if _one(config, "groups") != 1:
        raise _UnknownError("a grouped convolution")
    kernel = _fitting(weights, "kernel", (None, flow.shape[1], None))
    dilation, stride = _one(config, "dilation_rate"), _one(config, "strides")
    reach = dilation * (kernel.shape[0] - 1) + 1
    pads = _padding(config, flow.shape[0], reach, stride)
    operands = [graph.constant(kernel.transpose(2, 1, 0), name=f"{layer.name}_kernel")]
    if config.get("use_bias", True):
        bias = _fitting(weights, "bias", kernel.shape[2:])
        operands.append(graph.constant(bias, name=f"{layer.name}_bias"))
    made = _channels_first(
        graph, flow.name,
        lambda x: graph.add(
            "Conv", x, *operands, kernel_shape=[kernel.shape[0]], dilations=[dilation], strides=[stride], pads=pads
        ),
    )  # fmt: skip
    length = (flow.shape[0] + sum(pads) - reach) // stride + 1
    return _Flow(_activated(graph, made, config.get("activation")), (length, kernel.shape[2]))


def _pooling(kind: str) -> Callable[..., _Flow]:
    def build(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
        (flow,), width = flows, _one(layer.config, "pool_size", 2)
        stride = _one(layer.config, "strides", width)
        pads = _padding(layer.config, flow.shape[0], width, stride)
        made = _channels_first(
            graph, flow.name, lambda x: graph.add(kind, x, kernel_shape=[width], strides=[stride], pads=pads)
        )
        return _Flow(made, ((flow.shape[0] + sum(pads) - width) // stride + 1, flow.shape[1]))

    return build


def _whole_pooling(kind: str) -> Callable[..., _Flow]:
    def build(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
        (flow,) = flows
        pooled = graph.add(kind, graph.transpose(flow.name, [0, 2, 1]))
        if layer.config.get("keepdims"):
            return _Flow(graph.transpose(pooled, [0, 2, 1]), (1, flow.shape[1]))
        return _Flow(graph.add("Flatten", pooled, axis=1), flow.shape[1:])

    return build


def _normalization(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    """One scale and one shift per channel, made in float64."""
    (flow,) = flows
    axis = layer.config.get("axis", -1)
    (axis,) = axis if isinstance(axis, list) else (axis,)
    if axis not in (-1, len(flow.shape)):
        raise _UnknownError(f"normalisation over axis {axis}")
    given = {name: _fitting(weights, name, flow.shape[-1:]).astype(np.float64) for name in weights}
    mean, variance = given["moving_mean"], given["moving_variance"] + float(layer.config["epsilon"])
    if not (variance > 0).all():
        raise ValueError("a variance is not positive")
    scale = given.get("gamma", 1.0) / np.sqrt(variance)
    shift = given.get("beta", 0.0) - mean * scale
    scaled = graph.add("Mul", flow.name, graph.constant(scale, np.float32, name=f"{layer.name}_scale"))
    shifted = graph.add("Add", scaled, graph.constant(shift, np.float32, name=f"{layer.name}_shift"))
    return _Flow(shifted, flow.shape)


def _dense(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    (flow,) = flows
    kernel = _fitting(weights, "kernel", (flow.shape[-1], None))
    made = graph.add("MatMul", flow.name, graph.constant(kernel, name=f"{layer.name}_kernel"))
    if layer.config.get("use_bias", True):
        bias = _fitting(weights, "bias", kernel.shape[1:])
        made = graph.add("Add", made, graph.constant(bias, name=f"{layer.name}_bias"))
    made = _activated(graph, made, layer.config.get("activation"))
    return _Flow(made, (*flow.shape[:-1], kernel.shape[1]))


def _flatten(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    (flow,) = flows
    return _Flow(graph.reshape(flow.name, [-1, int(np.prod(flow.shape))]), (int(np.prod(flow.shape)),))


def _activation(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    (flow,), config = flows, layer.config
    if layer.kind == "LeakyReLU":
        slope = config.get("negative_slope", config.get("alpha", 0.3))
        return _Flow(graph.add("LeakyRelu", flow.name, alpha=float(slope)), flow.shape)
    if layer.kind in ("ReLU", "ELU", "Softmax"):
        plain = config.get("max_value") is None and not config.get("threshold") and not config.get("negative_slope")
        if not plain or config.get("alpha", 1.0) not in (None, 1.0):
            raise _UnknownError("an activation with settings")
        return _Flow(_activated(graph, flow.name, layer.kind.lower()), flow.shape)
    return _Flow(_activated(graph, flow.name, config.get("activation")), flow.shape)


def _cropping(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    (flow,), (left, right) = flows, _pair(layer.config, "cropping")
    end = flow.shape[0] - right
    return _Flow(graph.slice(flow.name, 1, left, end), (end - left, flow.shape[1]))


def _zero_padding(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    (flow,), (left, right) = flows, _pair(layer.config, "padding")
    pads = graph.constant([0, left, 0, 0, right, 0], np.int64, name=f"{layer.name}_pads")
    return _Flow(graph.add("Pad", flow.name, pads), (flow.shape[0] + left + right, flow.shape[1]))


def _sum(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    if len({flow.shape for flow in flows}) != 1:
        raise _UnknownError("a sum of different shapes")
    total = flows[0].name
    for flow in flows[1:]:
        total = graph.add("Add", total, flow.name)
    return _Flow(total, flows[0].shape)


def _concatenate(graph: GraphWriter, layer: Layer, flows: list[_Flow], weights: _Weights) -> _Flow:
    axis, axes = layer.config.get("axis", -1), len(flows[0].shape)
    at = axes - 1 if axis == -1 else _whole(axis, 1, "axis") - 1
    shape = list(flows[0].shape)
    if any([*flow.shape[:at], *flow.shape[at + 1 :]] != [*shape[:at], *shape[at + 1 :]] for flow in flows):
        raise ValueError("shapes that differ beside the axis")
    shape[at] = sum(flow.shape[at] for flow in flows)
    return _Flow(graph.add("Concat", *(flow.name for flow in flows), axis=at + 1), tuple(shape))


_BUILDERS: Final[dict[str, Callable[..., _Flow]]] = {
    "Activation": _activation,
    "Add": _sum,
    "AveragePooling1D": _pooling("AveragePool"),
    "BatchNormalization": _normalization,
    "Concatenate": _concatenate,
    "Conv1D": _convolution,
    "Convolution1D": _convolution,
    "Cropping1D": _cropping,
    "Dense": _dense,
    "ELU": _activation,
    "Flatten": _flatten,
    "GlobalAveragePooling1D": _whole_pooling("GlobalAveragePool"),
    "GlobalMaxPooling1D": _whole_pooling("GlobalMaxPool"),
    "Identity": lambda graph, layer, flows, weights: flows[0],
    "LeakyReLU": _activation,
    "MaxPooling1D": _pooling("MaxPool"),
    "ReLU": _activation,
    "Softmax": _activation,
    "ZeroPadding1D": _zero_padding,
}
