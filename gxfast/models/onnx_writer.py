"""An ONNX graph as it grows: nodes, constants, and the model with its card in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .card import METADATA_KEY, ModelCard

__all__ = ["GraphBuilder"]


_TO_THE_END: Final = 2**31 - 1


class GraphBuilder:
    """Nodes and constants; every method returns the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._made = 0

    def name(self, kind: str) -> str:
        """Return a name that is not in use, for those who need none in particular."""
        self._made += 1
        return f"{kind.lower()}_{self._made}"

    def constant(self, name: str, values: Any) -> str:
        """Store an array."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values).reshape(np.shape(values)), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], name: str | None = None, **attributes: Any) -> str:
        """Append a node of one output."""
        from onnx import helper

        name = name or self.name(kind)
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def slice(
        self, x: str, axis: int, start: int, end: int = _TO_THE_END, step: int = 1, *, name: str | None = None
    ) -> str:
        """Append a slice of one axis."""
        name = name or self.name("slice")
        parts = {"starts": start, "ends": end, "axes": axis, "steps": step}
        inputs = [self.constant(f"{name}_{part}", np.array([value], np.int64)) for part, value in parts.items()]
        return self.add("Slice", [x, *inputs], name)

    def reshape(self, x: str, *shape: int, name: str | None = None) -> str:
        """Append a reshape; -1 for the axis that is worked out."""
        name = name or self.name("reshape")
        return self.add("Reshape", [x, self.constant(f"{name}_shape", np.array(shape, np.int64))], name)

    def model(self, card: ModelCard, inputs: dict[str, Sequence[Any]], outputs: dict[str, Sequence[Any]]) -> Any:
        """Return the model; inputs and outputs map names to shapes, in which a text is a size that may be any."""
        from onnx import TensorProto, helper

        def described(tensors: dict[str, Sequence[Any]]) -> list[Any]:
            return [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(shape)) for n, shape in tensors.items()]

        graph = helper.make_graph(self.nodes, card.name, described(inputs), described(outputs), self.constants)
        opset = [helper.make_opsetid("", 17)]
        made = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="gxfast")
        helper.set_model_props(made, {METADATA_KEY: card.to_json()})
        return made
