"""Entry point ``gxfast.ism_ops``: onnxruntime's product with a factor."""

from __future__ import annotations

from typing import Any

import numpy as np

from gxfast.ism.ops import Builder, Context, Gradients, Operator, Reverse


def step(builder: Builder, node: Any) -> None:
    """A convolution with one tap."""
    weight = node.attributes.get("alpha", 1.0) * builder.graph.constant(node.inputs[1])
    source, target = builder.number(node.inputs[0]), builder.declare(node.outputs[0])
    builder.executor.convolve(source, target, np.ascontiguousarray(weight[None], np.float32), 1, 1, 0)


def gradient(r: Reverse) -> Gradients:
    """The other way through the weights."""
    settings = {"alpha": r.attribute("alpha", 1.0), "transB": 1, "domain": "com.microsoft"}
    return r.only_first(r.emit.add("FusedMatMul", r.dy, r.name(1), **settings))


FUSED = Operator("com.microsoft::FusedMatMul", reach=Context.alone, step=step, gradient=gradient)
