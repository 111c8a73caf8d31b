"""A model that is linear in the sequence: what mutagenesis of it says adds up exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def linear_model(path: Path, length: int, *, seed: int = 0) -> Path:
    """Write a model with a weight per position and base, (N, length, 4) to (N, 1); without a card."""
    weights = np.random.default_rng(seed).normal(size=(length * 4, 1)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["sequence"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["expression"]),
        ],
        "linear", [helper.make_tensor_value_info("sequence", TensorProto.FLOAT, ["n", length, 4])],
        [helper.make_tensor_value_info("expression", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(weights, "weights")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path
