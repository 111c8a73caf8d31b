"""A torch module that computes an ONNX graph of this benchmark with the same weights, for the peers that need one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gxfast.bench.packages import load

__all__ = ["torch_twin"]


def _conv(f: Any, x: Any, weights: list[Any], a: dict[str, Any]) -> Any:
    left, right = a["pads"]
    padded = x if left == right else f.pad(x, (left, right))
    padding = left if left == right else 0
    bias = weights[1] if len(weights) > 1 else None
    return f.conv1d(padded, weights[0], bias, padding=padding, dilation=a["dilations"][0])


# Operator -> function of torch.nn.functional, the first input, the others, and the attributes.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "Conv": _conv,
    "BatchNormalization": lambda f, x, w, a: f.batch_norm(x, w[2], w[3], w[0], w[1], eps=1e-5),
    "Relu": lambda f, x, w, a: f.relu(x),
    "Sigmoid": lambda f, x, w, a: x.sigmoid(),
    "Mul": lambda f, x, w, a: x * w[0],
    "Add": lambda f, x, w, a: x + w[0],
    "MaxPool": lambda f, x, w, a: f.max_pool1d(x, a["kernel_shape"][0], a["strides"][0]),
    "GlobalAveragePool": lambda f, x, w, a: x.mean(dim=-1, keepdim=True),
    "Flatten": lambda f, x, w, a: x.flatten(1),
    "Gemm": lambda f, x, w, a: f.linear(x, w[0], w[1]),
    "Identity": lambda f, x, w, a: x,
}


def torch_twin(path: Path) -> Any:
    """Return the module.

    Raises
    ------
    UnavailableError
        Without torch.
    KeyError
        For an operator outside the Basset-like and BPNet-like networks.
    """
    import onnx
    from onnx import helper, numpy_helper

    torch = load("torch", "torch")
    functional = torch.nn.functional
    graph = onnx.load(path).graph
    source = graph.input[0].name
    steps = []
    for node in graph.node:
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        steps.append((_OPERATORS[node.op_type], list(node.input), node.output[0], attributes))

    class Twin(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            for weight in graph.initializer:
                self.register_buffer(weight.name, torch.from_numpy(numpy_helper.to_array(weight).copy()))

        def forward(self, x: Any) -> Any:
            values, known = {source: x}, dict(self.named_buffers())
            for operator, inputs, output, attributes in steps:
                tensors = [values[name] if name in values else known[name] for name in inputs]
                values[output] = operator(functional, tensors[0], tensors[1:], attributes)
            return values[output]

    return Twin().eval()
