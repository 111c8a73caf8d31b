"""Small random sequence networks, over the operators that the rules of gxfast.ism know."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYOUTS = ("NLC", "NCL", "NC1L")
HEADS = ("dense", "pooled", "mean", "profile", "crop", "attention", "rows")
OPSET = 17
FUNCTIONS = (
    "Abs", "Celu", "HardSigmoid", "HardSwish", "Log", "Selu", "Sin", "Softsign", "Sqrt", "Reciprocal", "Asin",
    "ThresholdedRelu", "Shrink", "Erf", "Exp", "Neg",
)  # fmt: skip


class Builder:
    """A graph under construction; ``top`` is the newest tensor, (N, C, L) or (N, C, 1, L)."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.top, self.channels, self.length, self.flat = "", 4, 0, True

    def constant(self, array: Any, dtype: Any = np.float32) -> str:
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def add(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op_type, list(inputs), [name], name=f"{op_type}_{name}", **attributes))
        return name

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def weights(self, *shape: int) -> NDArray[Any]:
        return self.rng.normal(0, 1.5 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

    def spatial(self, value: Any, *, ones: bool = True) -> list[int]:
        """Attribute for the length axis, with a unit (or zero) for H where the tensors are 2-D."""
        return [value] if self.flat else [int(ones), value]

    def pads(self, before: int, after: int) -> list[int]:
        return [before, after] if self.flat else [0, before, 0, after]

    def shrink(self, before: int, after: int, reach: int, stride: int, ceil: bool = False) -> int:
        full = self.length + before + after - reach - 1
        return (-(-full // stride) if ceil else full // stride) + 1

    def conv(self) -> None:
        kernel, dilation = self.pick(1, 2, 3, 5, 8), self.pick(1, 1, 2, 3)
        stride, channels = self.pick(1, 1, 2, 3), self.pick(3, 4, 6)
        reach = (kernel - 1) * dilation
        before, after = int(self.rng.integers(reach + 1)), int(self.rng.integers(reach + 1))
        auto = self.pick("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER") if dilation == 1 else "NOTSET"
        shape = [channels, self.channels, kernel] if self.flat else [channels, self.channels, 1, kernel]
        settings: dict[str, Any] = {"strides": self.spatial(stride), "dilations": self.spatial(dilation)}
        if auto == "NOTSET":
            length = self.shrink(before, after, reach, stride)
            settings["pads"] = self.pads(before, after)
        else:
            length = -(-self.length // stride)
            settings["auto_pad"] = auto
        if length < 4:
            return
        bias = self.constant(self.rng.normal(0, 0.2, channels))
        self.top = self.add("Conv", self.top, self.constant(self.weights(*shape)), bias, **settings)
        self.channels, self.length = channels, length

    def pool(self) -> None:
        kernel = self.pick(2, 3, 4, 5)
        stride = int(self.rng.integers(1, kernel + 1))
        before, after = (int(self.rng.integers((kernel + 1) // 2)) for _ in range(2))
        kind, ceil = self.pick("MaxPool", "MaxPool", "AveragePool"), self.pick(0, 0, 1)
        if kind == "AveragePool":
            ceil = 0
        length = self.shrink(before, after, kernel - 1, stride, bool(ceil))
        if ceil and (length - 1) * stride >= self.length + before:
            length -= 1  # a window may not begin in the padding at the end
        if length < 4:
            return
        settings: dict[str, Any] = {"kernel_shape": self.spatial(kernel), "strides": self.spatial(stride)}
        settings |= {"pads": self.pads(before, after), "ceil_mode": ceil}
        if kind == "AveragePool":
            settings["count_include_pad"] = self.pick(0, 1)
        self.top, self.length = self.add(kind, self.top, **settings), length

    def activation(self) -> None:
        self.top = self.add(self.pick("Relu", "Sigmoid", "Tanh", "Elu", "Softplus", "Identity"), self.top)

    def batch_norm(self) -> None:
        draws = [self.rng.uniform(0.5, 1.5, self.channels) for _ in range(4)]
        self.top = self.add("BatchNormalization", self.top, *map(self.constant, draws))

    def residual(self) -> None:
        """Add or Mul a same-length branch of a dilated convolution."""
        kernel, dilation = self.pick(1, 3, 5), self.pick(1, 2, 4)
        shape = [self.channels, self.channels, kernel] if self.flat else [self.channels, self.channels, 1, kernel]
        half = (kernel - 1) * dilation // 2
        branch = self.add(
            "Conv", self.top, self.constant(self.weights(*shape)),
            dilations=self.spatial(dilation), pads=self.pads(half, half),
        )  # fmt: skip
        self.top = self.add(self.pick("Add", "Add", "Mul"), self.top, branch)

    def concat(self) -> None:
        branch = self.add("MaxPool", self.top, kernel_shape=self.spatial(3), pads=self.pads(1, 1))
        self.top = self.add("Concat", self.top, branch, axis=1)
        self.channels *= 2

    def crop(self) -> None:
        first, last = (int(self.rng.integers(3)) for _ in range(2))
        if self.length - first - last < 4:
            return
        bounds = [[first], [self.length - last], [-1]]
        self.top = self.add("Slice", self.top, *(self.constant(bound, np.int64) for bound in bounds))
        self.length -= first + last

    def layer_norm(self) -> None:
        """LayerNormalization or Softmax over the channels: (N, C, L) -> (N, L, C) and back."""
        if not self.flat:
            return
        rows = self.add("Transpose", self.top, perm=[0, 2, 1])
        if self.pick(True, False):
            scale = self.constant(self.rng.uniform(0.5, 1.5, self.channels))
            rows = self.add("LayerNormalization", rows, scale, axis=-1)
        else:
            rows = self.add("Softmax", rows, axis=-1)
        self.top = self.add("Transpose", rows, perm=[0, 2, 1])

    def function(self) -> None:
        """One of the functions of single numbers; some of positive numbers only."""
        positive = self.add("Add", self.add("Softplus", self.top), self.constant(0.3))
        bounded = self.add("Softsign", self.top)
        name = self.pick(*FUNCTIONS)
        source = positive if name in ("Log", "Sqrt", "Reciprocal") else bounded if name == "Asin" else self.top
        self.top = self.add(name, source)

    def with_constant(self) -> None:
        """Divide, raise, bound or bend by one number per channel."""
        shape = (self.channels, 1) if self.flat else (self.channels, 1, 1)
        name, other = self.pick("Div", "Pow", "Max", "Min", "PRelu"), self.rng.uniform(0.4, 1.8, shape)
        base = self.add("Exp", self.add("Softsign", self.top)) if name in ("Div", "Pow") else self.top
        inputs = [base, self.constant(other)]
        turned = name in ("Div", "Pow") and self.pick(True, False)
        self.top = self.add(name, *(inputs[::-1] if turned else inputs))

    def with_branch(self) -> None:
        """Two tensors whose windows differ."""
        kernel = self.pick(1, 3, 5)
        shape = [self.channels, self.channels, kernel] if self.flat else [self.channels, self.channels, 1, kernel]
        branch = self.add(
            "Conv", self.top, self.constant(self.weights(*shape)), pads=self.pads(kernel // 2, kernel // 2)
        )
        name = self.pick("Div", "Max", "Min", "Mean", "PRelu", "Pow")
        parts = [self.top, branch]
        if name in ("Div", "Pow"):
            parts = [self.add("Exp", self.add("Softsign", part)) for part in parts]
        self.top = self.add(name, *parts)

    def grouped(self) -> None:
        """A depthwise convolution, of one or two outputs per input."""
        kernel, times = self.pick(2, 3, 5), self.pick(1, 2)
        before, after = int(self.rng.integers(kernel)), int(self.rng.integers(kernel))
        length = self.shrink(before, after, kernel - 1, 1)
        if length < 4:
            return
        shape = [times * self.channels, 1, kernel] if self.flat else [times * self.channels, 1, 1, kernel]
        weight = self.constant(self.weights(*shape))
        self.top = self.add("Conv", self.top, weight, group=self.channels, pads=self.pads(before, after))
        self.channels, self.length = times * self.channels, length

    def stretched(self) -> None:
        """A transposed convolution, or every position twice or three times."""
        factor = self.pick(2, 3)
        if self.length * factor > 150:
            return
        if self.pick(True, False):
            sizes = [1.0, 1.0, *self.spatial(float(factor))]
            settings = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            self.top = self.add("Resize", self.top, "", self.constant(sizes), **settings)
            self.length *= factor
            return
        kernel, channels = self.pick(2, 3, 4), self.pick(3, 4)
        before, after = int(self.rng.integers(kernel)), int(self.rng.integers(kernel))
        shape = [self.channels, channels, kernel] if self.flat else [self.channels, channels, 1, kernel]
        self.top = self.add(
            "ConvTranspose", self.top, self.constant(self.weights(*shape)),
            strides=self.spatial(factor), pads=self.pads(before, after),
        )  # fmt: skip
        self.channels, self.length = channels, (self.length - 1) * factor + kernel - before - after

    def squeeze(self) -> None:
        if not self.flat:
            self.top, self.flat = self.add("Squeeze", self.top, self.constant([2], np.int64)), True

    def gemm(self, features: int, width: int) -> None:
        weight, bias = self.weights(width, features), self.rng.normal(0, 0.2, width)
        self.top = self.add("Gemm", self.top, self.constant(weight), self.constant(bias), transB=1)

    def head(self, kind: str, tracks: int) -> str:
        """Append the head; return the layout of the output."""
        self.squeeze()
        if kind in ("profile", "crop"):
            if kind == "crop":
                self.crop()
            weight = self.constant(self.weights(tracks, self.channels, 1))
            self.top = self.add("Conv", self.top, weight)
            if self.pick(True, False):
                return "NTB"
            self.top = self.add("Transpose", self.add("Softplus", self.top), perm=[0, 2, 1])
            return "NBT"
        if kind == "pooled":
            pooled = self.add(self.pick("GlobalAveragePool", "GlobalMaxPool"), self.top)
            self.top, features = self.add("Flatten", pooled), self.channels
        elif kind == "mean":
            self.top, features = self.add("ReduceMean", self.top, axes=[2], keepdims=0), self.channels
        elif kind == "attention":
            scores = self.add("MatMul", self.add("Transpose", self.top, perm=[0, 2, 1]), self.top)
            mixed = self.add("MatMul", self.top, self.add("Softmax", scores, axis=-1))
            self.top, features = self.add("ReduceMean", mixed, axes=[2], keepdims=0), self.channels
        else:
            if kind == "rows":
                self.top = self.add("Transpose", self.top, perm=[0, 2, 1])
            self.top, features = self.add("Flatten", self.top), self.channels * self.length
        self.gemm(features, 8)
        self.top = self.add("Relu", self.top)
        self.gemm(8, tracks)
        return "NT"


def random_network(seed: int, *, length: int | None = None, tracks: int = 3, wide: bool = False) -> onnx.ModelProto:
    """Return a small network with a card in its metadata; the same one for the same seed.

    Layout (NLC, NCL, NC1L), odd length, strides, dilations, asymmetric and automatic padding, padded pools with
    ceil_mode, BatchNormalization, residual branches, Concat, crops, LayerNormalization over channels, and a head
    (dense, pooled, mean, profile, crop, attention, rows) are all drawn. ``sequence`` in, ``y`` out, dynamic batch.
    With ``wide`` there are more functions of single numbers, quotients, powers, extremes and means, depthwise and
    transposed convolutions and repeats.
    """
    builder = Builder(seed)
    layout, head = LAYOUTS[seed % 3], HEADS[seed % len(HEADS)]
    size = length or int(builder.rng.integers(33, 75)) | 1
    builder.length, builder.flat, builder.top = size, layout != "NC1L", "sequence"
    if layout == "NLC":
        builder.top = builder.add("Transpose", "sequence", perm=[0, 2, 1])
    steps = [builder.pool, builder.pool, builder.residual, builder.concat, builder.crop, builder.layer_norm]
    more = [builder.function, builder.with_constant, builder.with_branch, builder.grouped, builder.stretched]
    builder.conv()
    for _ in range(int(builder.rng.integers(1, 4))):
        for step in (builder.pick(builder.activation, builder.batch_norm), builder.pick(*steps), builder.conv):
            step()
            if wide:
                builder.pick(*more)()
    output_layout = builder.head(head, tracks)
    builder.add("Identity", builder.top)
    builder.nodes[-1].output[0] = "y"
    dims = {"NLC": ["n", size, 4], "NCL": ["n", 4, size], "NC1L": ["n", 4, 1, size]}[layout]
    outputs = {"NT": ["n", tracks], "NTB": ["n", tracks, None], "NBT": ["n", None, tracks]}[output_layout]
    graph = helper.make_graph(
        builder.nodes,
        f"random{seed}",
        [helper.make_tensor_value_info("sequence", TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, outputs)],
        initializer=builder.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    card = (
        f'{{"gxfast_card":1,"name":"random{seed}","input":{{"layout":"{layout}","length":{size}}},'
        f'"window":{{"tss_index":{{"+":0,"-":0}}}},"output":{{"layout":"{output_layout}"}}}}'
    )
    helper.set_model_props(model, {"gxfast.card": card})
    onnx.checker.check_model(model)
    return model


def people(length: int, n: int, seed: int = 1) -> NDArray[np.uint8]:
    """Sequences with most of their letters in common: SNVs, an insertion, a deletion, unknown bases at the ends."""
    random = np.random.default_rng(seed)
    shared = random.choice(np.frombuffer(b"ACGT", np.uint8), length + 10)
    rows = np.stack([shared[:length]] * n)
    for row in rows[1:]:
        at = random.integers(0, length, 3)
        row[at] = random.choice(np.frombuffer(b"ACGT", np.uint8), 3)
    middle = length // 3
    rows[1, middle:-2] = rows[1, middle + 2 :]
    rows[2, middle + 5 :] = rows[2, middle:-5].copy()
    rows[3, :100] = rows[3, -70:] = ord("N")
    return rows
