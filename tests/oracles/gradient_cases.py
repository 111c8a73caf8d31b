"""One small graph per operator that has a gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, parser

LENGTH = 12
Array = NDArray[Any]


class Case(NamedTuple):
    """Nodes from ``x``, (n, 4, 12), to ``y``, in ONNX's text form; ``w..`` are drawn, with these shapes."""

    body: str
    weights: Mapping[str, tuple[int, ...] | Array] = {}
    opset: int = 17
    positive: bool = False


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def pointwise(*names: str, positive: bool = False, opset: int = 17) -> dict[str, Case]:
    return {name: Case(f"y = {name}(x)", positive=positive, opset=opset) for name in names}


SCALES = {"k": np.array([1, 1, 3], np.float32)}
CONV = {"w": (6, 4, 5), "b": (6,)}
FOUR = {"s": (4,), "b": (4,), "m": (4,), "v": np.array([0.5, 1.0, 1.5, 2.0], np.float32)}
ACTIVATIONS = {
    **pointwise("Relu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Abs", "Neg", "Sin", "Cos"),
    **pointwise("Erf", "HardSigmoid", "LeakyRelu", "Identity", "Dropout"),
    **pointwise("Log", "Sqrt", "Reciprocal", positive=True),
    **pointwise("Mish", "HardSwish", "Celu", "ThresholdedRelu", "Shrink", opset=18),
    **pointwise("Sinh", "Cosh", "Asinh", "Atan"),
    "Curves inside one": Case(
        "a = Softsign(x) b = Asin(a) c = Acos(a) d = Atanh(a) e = Tan(a) y = Sum(b, c, c, d, e, a)"
    ),
    "Acosh": Case("a = Softplus(x) b = Add(a, w) y = Acosh(b)", {"w": np.float32(1.1)}),
    "HardSwish far": Case("a = Mul(x, w) y = HardSwish(a)", {"w": np.float32(6)}, opset=18),
    "Celu alpha": Case("y = Celu<alpha=0.6>(x)"),
    "Shrink bias": Case("y = Shrink<lambd=0.2, bias=0.1>(x)"),
    "Elu alpha": Case("y = Elu<alpha=0.3>(x)"),
    "LeakyRelu alpha": Case("y = LeakyRelu<alpha=0.2>(x)"),
    "HardSigmoid alpha": Case("y = HardSigmoid<alpha=0.7, beta=0.4>(x)"),
    "PRelu": Case("y = PRelu(x, w)", {"w": (4, 1)}),
    "Clip": Case("y = Clip(x, l, h)", {"l": np.float32(-0.5), "h": np.float32(0.7)}),
    "Clip one bound": Case("y = Clip(x, , h)", {"h": np.float32(0.2)}),
    "Gelu op": Case("y = Gelu(x)", opset=20),
    "Gelu op tanh": Case('y = Gelu<approximate="tanh">(x)', opset=20),
    "Gelu erf form": Case(
        "a = Div(x, r) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)",
        {"r": np.float32(np.sqrt(2)), "one": np.float32(1), "half": np.float32(0.5)},
    ),
    "Gelu tanh form": Case(
        "p = Pow(x, e) q = Mul(p, k) s = Add(x, q) t = Mul(s, c) u = Tanh(t) v = Add(u, o) z = Mul(x, v) y = Mul(z, h)",
        {"e": np.float32(3), "k": np.float32(0.044715), "c": np.float32(0.79788), "o": np.float32(1), "h": (1,)},
    ),
    "com.microsoft Gelu": Case("y = com.microsoft.Gelu(x)"),
    "com.microsoft FastGelu": Case("y = com.microsoft.FastGelu(x)"),
    "com.microsoft QuickGelu": Case("y = com.microsoft.QuickGelu<alpha=1.3>(x)"),
}
ARITHMETIC = {
    "Add broadcast": Case("a = Mul(x, w) b = ReduceSum(a, k) y = Add(a, b)", {"w": (4, 1), "k": ints(1)}),
    "Sub both": Case("a = Tanh(x) b = ReduceMean<axes=[2]>(x) y = Sub(b, a)"),
    "Sub constant": Case("y = Sub(w, x)", {"w": (3, 1, 4, 12)}),
    "Mul both": Case("a = ReduceMean<axes=[1]>(x) y = Mul(a, x)"),
    "Mul itself": Case("y = Mul(x, x)"),
    "Div both": Case("a = ReduceMean<axes=[1]>(x) y = Div(x, a)", positive=True),
    "Div under": Case("y = Div(w, x)", {"w": (12,)}, positive=True),
    "Pow": Case("y = Pow(x, e)", {"e": np.array([0, 1, 2, 3] * 3, np.float32)}),
    "Pow fraction": Case("y = Pow(x, e)", {"e": np.float32(-0.4)}, positive=True),
    "Pow base": Case("y = Pow(w, x)", {"w": np.array([[0.5], [1.0], [2.0], [3.0]], np.float32)}),
    "Sum": Case("a = Tanh(x) y = Sum(x, a, w, x)", {"w": (12,)}),
    "Mean": Case("a = Tanh(x) y = Mean(x, a, w)", {"w": (12,)}),
    "Max": Case("a = Tanh(x) y = Max(w, a)", {"w": (4, 1)}),
    "Min": Case("a = Sin(x) b = Cos(x) y = Min(b, a)"),
    "Max of one": Case("y = Max(x)"),
    "Where": Case("c = Greater(x, w) a = Sin(x) y = Where(c, a, w)", {"w": (4, 1)}),
    "Where no": Case("c = Less(x, w) a = Sin(x) y = Where(c, w, a)", {"w": (4, 1)}),
}
CONVOLUTIONS = {
    "Conv": Case("y = Conv(x, w, b)", CONV),
    "Conv pads": Case("y = Conv<pads=[1, 3], strides=[3]>(x, w)", CONV),
    "Conv leftover": Case("y = Conv<strides=[5]>(x, w)", {"w": (3, 4, 2)}),
    "Conv far leftover": Case("y = Conv<strides=[9]>(x, w)", {"w": (3, 4, 1)}),
    "Conv wide pads": Case("y = Conv<pads=[6, 7]>(x, w)", CONV),
    "Conv dilated": Case("y = Conv<dilations=[2], pads=[4, 0], strides=[2]>(x, w)", CONV),
    "Conv groups": Case("y = Conv<group=2, pads=[2, 1]>(x, w)", {"w": (6, 2, 3)}),
    "Conv depthwise": Case("y = Conv<group=4>(x, w)", {"w": (4, 1, 3)}),
    "Conv same upper": Case('y = Conv<auto_pad="SAME_UPPER", strides=[2]>(x, w)', CONV),
    "Conv same lower": Case('y = Conv<auto_pad="SAME_LOWER">(x, w)', {"w": (3, 4, 4)}),
    "Conv valid": Case('y = Conv<auto_pad="VALID">(x, w)', CONV),
    "Conv H=1": Case("a = Unsqueeze(x, k) y = Conv<pads=[0, 2, 0, 1]>(a, w)", {"k": ints(2), "w": (3, 4, 1, 4)}),
    "Conv 2-D": Case(
        "a = Unsqueeze(x, k) y = Conv<pads=[1, 2, 0, 1], strides=[2, 3]>(a, w)", {"k": ints(1), "w": (3, 1, 3, 4)}
    ),
    "ConvTranspose": Case(
        "y = ConvTranspose<strides=[3], pads=[1, 2], output_padding=[1], dilations=[2]>(x, w)", {"w": (4, 5, 3)}
    ),
    "ConvTranspose groups": Case("y = ConvTranspose<group=2, strides=[2]>(x, w)", {"w": (4, 3, 4)}),
}
DENSE = {
    "MatMul": Case("y = MatMul(x, w)", {"w": (12, 5)}),
    "MatMul left": Case("y = MatMul(w, x)", {"w": (2, 4)}),
    "MatMul both": Case("t = Transpose<perm=[0, 2, 1]>(x) y = MatMul(x, t)"),
    "MatMul vector": Case("y = MatMul(x, w)", {"w": (12,)}),
    "MatMul left vector": Case("y = MatMul(w, x)", {"w": (4,)}),
    "MatMul broadcast": Case("a = Unsqueeze(x, k) y = MatMul(a, w)", {"k": ints(1), "w": (3, 12, 2)}),
    "MatMul broadcast left": Case("a = Unsqueeze(x, k) y = MatMul(w, a)", {"k": ints(1), "w": (3, 2, 4)}),
    "Gemm": Case("f = Flatten(x) y = Gemm<alpha=0.5, beta=2.0>(f, w, b)", {"w": (48, 3), "b": (3,)}),
    "Gemm transB": Case("f = Flatten(x) y = Gemm<transB=1>(f, w)", {"w": (3, 48)}),
    "Gemm transA": Case("f = Flatten(x) t = Transpose(f) y = Gemm<transA=1>(t, w)", {"w": (48, 3)}),
    "Gemm transAB": Case("f = Flatten(x) t = Transpose(f) y = Gemm<transA=1, transB=1>(t, w)", {"w": (3, 48)}),
    "Gemm right": Case("f = Flatten(x) t = Transpose(f) z = Gemm(w, t) y = Transpose(z)", {"w": (3, 48)}),
    "Gemm right transB": Case("f = Flatten(x) z = Gemm<alpha=0.3, transB=1>(w, f) y = Transpose(z)", {"w": (3, 48)}),
    "Gemm right transA": Case(
        "f = Flatten(x) t = Transpose(f) z = Gemm<transA=1>(w, t) y = Transpose(z)", {"w": (48, 3)}
    ),
    "Gemm right transAB": Case("f = Flatten(x) z = Gemm<transA=1, transB=1>(w, f) y = Transpose(z)", {"w": (48, 3)}),
    "Gemm C": Case("f = Flatten(x) c = ReduceMean<axes=[1]>(f) y = Gemm<beta=0.7>(f, w, c)", {"w": (48, 3)}),
    "Einsum": Case('y = Einsum<equation="ncl,cd->ndl">(x, w)', {"w": (4, 3)}),
    "Einsum both": Case('a = Tanh(x) y = Einsum<equation="ncl, nkl -> nck">(x, a)'),
}
MOVEMENT = {
    "Cast": Case(f"a = Cast<to={TensorProto.DOUBLE}>(x) b = Sin(a) y = Cast<to={TensorProto.FLOAT}>(b)"),
    "CastLike": Case(
        f"a = CastLike(x, d) b = Sin(a) y = Cast<to={TensorProto.FLOAT}>(b)", {"d": np.zeros(1, np.float64)}
    ),
    "Swish": Case("y = Swish<alpha=1.3>(x)", opset=24),
    "Cast and dead branch": Case(
        f"a = Cast<to={TensorProto.INT32}>(x) b = Cast<to={TensorProto.FLOAT}>(a) y = Add(b, x)"
    ),
    "Reshape": Case("a = Reshape(x, k) b = Sin(a) y = Mul(b, w)", {"k": ints(0, 2, -1), "w": (2, 24)}),
    "Squeeze": Case("a = Unsqueeze(x, k) b = Mul(a, w) y = Squeeze(b, k)", {"k": ints(2), "w": (12,)}),
    "Squeeze attribute": Case(
        "a = Unsqueeze<axes=[2]>(x) b = Mul(a, w) y = Squeeze<axes=[2]>(b)", {"w": (12,)}, opset=11
    ),
    "Transpose": Case("a = Transpose<perm=[2, 0, 1]>(x) b = Mul(a, w) y = Transpose<perm=[1, 2, 0]>(b)", {"w": (4,)}),
    "Concat": Case("a = Sin(x) y = Concat<axis=-1>(a, x, w, x)", {"w": np.zeros((2, 4, 3), np.float32)}),
    "Split": Case("a, b, c = Split<axis=2>(x, k) d = Sin(c) y = Concat<axis=2>(d, a)", {"k": ints(3, 4, 5)}),
    "Split attribute": Case("a, b = Split<axis=2, split=[5, 7]>(x) y = Sin(b)", opset=11),
    "Slice": Case("y = Slice(x, s, e, a)", {"s": ints(-10, 1), "e": ints(9, 100), "a": ints(2, -2)}),
    "Slice steps": Case(
        "y = Slice(x, s, e, a, k)", {"s": ints(100, 1), "e": ints(-100, 11), "a": ints(1, 2), "k": ints(-1, 4)}
    ),
    "Slice backwards": Case("y = Slice(x, s, e, a, k)", {"s": ints(-2), "e": ints(2), "a": ints(2), "k": ints(-3)}),
    "Gather": Case("y = Gather<axis=2>(x, k)", {"k": np.array([[3, -1, 3], [0, 0, 11]])}),
    "Gather one": Case("y = Gather<axis=1>(x, k)", {"k": np.array(2)}),
    "Pad": Case("y = Pad(x, k, v)", {"k": ints(0, 1, -2, 0, 0, 3), "v": np.float32(2)}),
    "Pad axes": Case("y = Pad(x, k, , a)", {"k": ints(2, -1, -3, 1), "a": ints(-1, 1)}, opset=18),
    "Pad reflect": Case('y = Pad<mode="reflect">(x, k)', {"k": ints(0, 2, 3, 0, 1, 5)}),
    "Pad edge": Case('y = Pad<mode="edge">(x, k)', {"k": ints(0, 0, 3, 0, 2, 5)}),
    "Pad wrap": Case('y = Pad<mode="wrap">(x, k, , a)', {"k": ints(3, 4), "a": ints(2)}, opset=19),
    "Expand": Case("a = ReduceMean<axes=[1]>(x) y = Expand(a, k)", {"k": ints(3, 1, 2, 12)}),
    "Tile": Case("y = Tile(x, k)", {"k": ints(1, 3, 2)}),
    "Resize": Case('y = Resize<coordinate_transformation_mode="asymmetric", nearest_mode="floor">(x, , k)', SCALES),
    "Resize to sizes": Case("y = Resize(x, , , k)", {"k": ints(2, 8, 36)}),
}
NORMALIZATIONS = {
    "BatchNormalization": Case("y = BatchNormalization<epsilon=0.01>(x, s, b, m, v)", FOUR),
    "LayerNormalization": Case("y = LayerNormalization(x, w, b)", {"w": (12,), "b": (12,)}),
    "LayerNormalization axes": Case("y = LayerNormalization<axis=1, epsilon=0.1>(x, w)", {"w": (4, 12)}),
    "InstanceNormalization": Case("y = InstanceNormalization<epsilon=0.1>(x, s, b)", FOUR),
    "GroupNormalization": Case(
        "y = GroupNormalization<num_groups=2, epsilon=0.1>(x, s, b)", {"s": (2,), "b": (2,)}, opset=18
    ),
    "Softmax": Case("y = Softmax<axis=1>(x)"),
    "Softmax before 13": Case("y = Softmax<axis=1>(x)", opset=11),
    "LogSoftmax": Case("y = LogSoftmax(x)"),
    "LogSoftmax before 13": Case("y = LogSoftmax(x)", opset=11),
}
POOLS = {
    "MaxPool": Case("y = MaxPool<kernel_shape=[3], strides=[3]>(x)"),
    "MaxPool overlap": Case("y = MaxPool<kernel_shape=[4], strides=[2], pads=[1, 3]>(x)"),
    "MaxPool dilated": Case("y = MaxPool<kernel_shape=[3], dilations=[2], pads=[1, 1]>(x)"),
    "MaxPool gaps": Case("y = MaxPool<kernel_shape=[2], strides=[4]>(x)"),
    "MaxPool ceil": Case("y = MaxPool<kernel_shape=[5], strides=[3], ceil_mode=1>(x)"),
    "MaxPool side by side ceil": Case("y = MaxPool<kernel_shape=[5], strides=[5], ceil_mode=1>(x)"),
    "MaxPool same": Case('y = MaxPool<kernel_shape=[4], strides=[2], auto_pad="SAME_LOWER">(x)'),
    "MaxPool 2-D": Case(
        "a = Unsqueeze(x, k) y = MaxPool<kernel_shape=[2, 3], strides=[2, 3], pads=[1, 0, 1, 0]>(a)", {"k": ints(1)}
    ),
    "MaxPool 2-D overlap": Case(
        "a = Unsqueeze(x, k) y = MaxPool<kernel_shape=[3, 4], strides=[1, 2]>(a)", {"k": ints(1)}
    ),
    "AveragePool": Case("y = AveragePool<kernel_shape=[4], strides=[3], pads=[2, 1]>(x)"),
    "AveragePool counts pads": Case("y = AveragePool<kernel_shape=[4], pads=[2, 1], count_include_pad=1>(x)"),
    "AveragePool leftover": Case("y = AveragePool<kernel_shape=[2], strides=[7]>(x)"),
    "GlobalAveragePool": Case("y = GlobalAveragePool(x)"),
    "GlobalMaxPool": Case("y = GlobalMaxPool(x)"),
}
REDUCTIONS = {
    **{
        f"{name} {where}": Case(f"y = {name}<axes={axes}, keepdims={keep}>(x)", positive=positive)
        for name, positive in (("ReduceMean", False), ("ReduceMax", False), ("ReduceMin", False), ("ReduceL2", True))
        for where, axes, keep in (("kept", "[1]", 1), ("dropped", "[-1, 1]", 0))
    },
    "ReduceSum": Case("y = ReduceSum<keepdims=0>(x, k)", {"k": ints(2)}),
    "ReduceSum attribute": Case("y = ReduceSum<axes=[1], keepdims=0>(x)", opset=11),
    "ReduceSum of no axes": Case("y = ReduceSum<noop_with_empty_axes=1>(x)"),
    "ReduceSumSquare": Case("y = ReduceSumSquare<axes=[2]>(x)"),
    "ReduceLogSumExp": Case("y = ReduceLogSumExp<axes=[1, 2]>(x)"),
    "ReduceMean input": Case("y = ReduceMean<keepdims=0>(x, k)", {"k": ints(1)}, opset=18),
    "ReduceMax input": Case("y = ReduceMax(x, k)", {"k": ints(2)}, opset=18),
}
STEPS = "t = Transpose<perm=[2, 0, 1]>(x)"
BACK = "s = Transpose<perm=[2, 0, 1, 3]>(h) y = Reshape(s, k)"
LAST = "s = Transpose<perm=[1, 0, 2]>(h) y = Reshape(s, k)"


def _cell(gates: int, directions: int, states: int = 0) -> dict[str, Any]:
    drawn = {"w": (directions, gates * 3, 4), "r": (directions, gates * 3, 3), "b": (directions, gates * 6)}
    first = {f"i{i}": (directions, 2, 3) for i in range(states)}
    return {**drawn, **first, "k": ints(2, -1)}


RECURRENT = {
    "LSTM": Case(f"{STEPS} h = LSTM<hidden_size=3>(t, w, r, b) {BACK}", _cell(4, 1)),
    "LSTM last": Case(f"{STEPS} , h = LSTM<hidden_size=3>(t, w, r, b) {LAST}", _cell(4, 1)),
    "LSTM last cell": Case(f"{STEPS} , , h = LSTM<hidden_size=3>(t, w, r) {LAST}", _cell(4, 1)),
    "LSTM reverse": Case(
        f'{STEPS} h = LSTM<hidden_size=3, direction="reverse">(t, w, r, b, , i0, i1) {BACK}', _cell(4, 1, 2)
    ),
    "LSTM both ways": Case(f'{STEPS} h = LSTM<hidden_size=3, direction="bidirectional">(t, w, r) {BACK}', _cell(4, 2)),
    "LSTM all of it": Case(
        f"{STEPS} h, i, j = LSTM<hidden_size=3>(t, w, r, b) {BACK.replace('y =', 'a =')} "
        "c = Add(i, j) d = Transpose<perm=[1, 0, 2]>(c) e = Reshape(d, k) y = Concat<axis=1>(a, e)",
        _cell(4, 1),
    ),
    "GRU": Case(f"{STEPS} h = GRU<hidden_size=3>(t, w, r, b) {BACK}", _cell(3, 1)),
    "GRU late": Case(f"{STEPS} h = GRU<hidden_size=3, linear_before_reset=1>(t, w, r, b) {BACK}", _cell(3, 1)),
    "GRU last": Case(f"{STEPS} , h = GRU<hidden_size=3>(t, w, r, , , i0) {LAST}", _cell(3, 1, 1)),
    "GRU reverse": Case(
        f'{STEPS} h = GRU<hidden_size=3, linear_before_reset=1, direction="reverse">(t, w, r, b) {BACK}', _cell(3, 1)
    ),
    "RNN": Case(f"{STEPS} h = RNN<hidden_size=3>(t, w, r, b) {BACK}", _cell(1, 1)),
}
CASES = {
    **ACTIVATIONS, **ARITHMETIC, **CONVOLUTIONS, **DENSE, **MOVEMENT, **NORMALIZATIONS, **POOLS, **REDUCTIONS,
    **RECURRENT,
}  # fmt: skip


def network(case: Case, seed: int = 0) -> onnx.ModelProto:
    """Build the model of a case."""
    rng = np.random.default_rng(seed)
    text = case.body.replace(") ", ")\n")
    graph = parser.parse_graph(f"case (float[n, 4, {LENGTH}] x) => (float[m] y) {{\n{text}\n}}")
    for name, given in case.weights.items():
        drawn = rng.normal(0, 0.5, given).astype(np.float32) if isinstance(given, tuple) else np.asarray(given)
        graph.initializer.append(numpy_helper.from_array(drawn, name))
    opsets = [helper.make_opsetid("", case.opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)
