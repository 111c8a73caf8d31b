"""The pass that all mutants are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.reference_pass import ReferencePass


def test_tensors_of_other_sizes_than_the_graph_says_are_refused(tmp_path: Path) -> None:
    onnx.save(random_network(125), tmp_path / "m.onnx")  # a pool whose last window onnx counts, its runtime does not
    model = gx.Model(tmp_path / "m.onnx", device="cpu")
    graph = load_graph(model)
    pools = [node.outputs[0] for node in graph.nodes if node.op_type == "MaxPool"]
    run = ReferencePass(graph, model, model.card, pools)
    with pytest.raises(gx.ModelError, match="not the expected"):
        run(np.zeros(graph.length, np.uint8))
