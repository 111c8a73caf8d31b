"""Entry point ``gxfast.models``: a linear model of a sequence, from an .npz file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gxfast.errors import InputError
from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model


def import_linear(source: str, output: str, *, name: str | None = None, length: int | None = None) -> Path:
    """Write the model whose ``weight`` has shape (L, 4)."""
    with np.load(source, allow_pickle=False) as file:
        weight = file["weight"]
    if length not in (None, len(weight)):
        raise InputError(f"the weights are for {len(weight)} bases, not {length}", path=source)
    card = ModelCard(
        name=name or Path(source).stem,
        layout="NLC",
        length=len(weight),
        tss_index={"+": len(weight) // 2, "-": len(weight) // 2},
        input_name="sequence",
        output_name="expression",
        track_names=("expression",),
    )
    graph = GraphWriter()
    flat = graph.reshape(graph.input("sequence", ["batch", len(weight), 4]), [-1, 4 * len(weight)])
    column = graph.constant(weight.reshape(-1, 1), np.float32, name="weight")
    graph.output(graph.add("MatMul", flat, column, name="expression"), ["batch", 1])
    return save_model(graph.model(card.name), card, output)
