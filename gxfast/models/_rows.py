"""Nodes whose rows are not independent, by what they are: a look at the graph, before anything runs.

A person's value may not depend on who else is in the batch. What cannot be told from the graph is looked for in a run
(`_trial`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .graphs import RANDOM_OPERATORS, node_text, normalises_by_batch, subgraphs, tensors_read
from .onnx_writer import opset_of

__all__ = ["Suspect", "suspects"]

_DYNAMIC: Final = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"})
_STATIC_REMEDY: Final = (
    "export the model unquantised, or quantise it statically (onnxruntime.quantization.quantize_static), or export it "
    "for a batch of 1"
)
_EVAL_REMEDY: Final = "export the model for inference: in PyTorch call model.eval() before torch.onnx.export"


class Suspect(NamedTuple):
    """A node whose rows are not independent.

    Attributes
    ----------
    node : str
        Its name and operator, for messages.
    reason, remedy : str
    alone : bool
        Whether a batch of 1 is fine.
    sources, targets : frozenset of str
        Inputs of the graph that it depends on, and outputs that depend on it.
    """

    node: str
    reason: str
    remedy: str
    alone: bool
    sources: frozenset[str]
    targets: frozenset[str]

    def counts(self, source: str, target: str, batch: int | None) -> bool:
        """Return whether it stands between an input and an output; what draws numbers needs no input."""
        fed = source in self.sources or not self.alone
        return fed and target in self.targets and not (self.alone and batch == 1)


def suspects(model: Any) -> tuple[Suspect, ...]:
    """Return the nodes of an onnx.ModelProto that mix the rows of a batch, by what they are."""
    found = [(node, why) for node in model.graph.node if (why := _reason(model, node)) is not None]
    if not found:
        return ()
    forward = {value.name: _reached(model.graph.node, value.name) for value in model.graph.input}
    result = []
    for node, (reason, remedy, alone) in found:
        sources = frozenset(name for name, reached in forward.items() if not reached.isdisjoint(node.input))
        behind = {name for each in node.output for name in _reached(model.graph.node, each)}
        targets = frozenset(value.name for value in model.graph.output if value.name in behind)
        result.append(Suspect(node_text(node), reason, remedy, alone, sources, targets))
    return tuple(result)


def _reached(nodes: Iterable[Any], tensor: str) -> set[str]:
    """Return a tensor and those that depend on it."""
    found = {tensor}
    for node in nodes:
        if not found.isdisjoint(tensors_read(node)):
            found.update(name for name in node.output if name)
    return found


def _reason(model: Any, node: Any) -> tuple[str, str, bool] | None:
    """Why a node, or one inside it, mixes rows; how to export instead; whether a batch of 1 is fine."""
    if node.op_type in RANDOM_OPERATORS:
        return "draws random numbers", _EVAL_REMEDY, False
    if node.op_type in _DYNAMIC:
        return "takes the range of its numbers from the whole batch", _STATIC_REMEDY, True
    if normalises_by_batch(node, opset_of(model)):
        return "is in training mode: it takes mean and variance from the batch", _EVAL_REMEDY, True
    if node.op_type == "Dropout" and _drops(model, node):
        return "is in training mode: it drops numbers at random", _EVAL_REMEDY, False
    inner = [body.node for body in subgraphs(node)]
    inner += [function.node for function in model.functions if (function.domain, function.name) == _key(node)]
    return next((reason for each in chain.from_iterable(inner) if (reason := _reason(model, each)) is not None), None)


def _key(node: Any) -> tuple[str, str]:
    return node.domain, node.op_type


def _drops(model: Any, node: Any) -> bool:
    """Whether a Dropout's third input says training, and its ratio is not known to be 0."""
    if len(node.input) < 3 or not node.input[2]:
        return False
    training, ratio = _constant(model, node.input[2]), _constant(model, node.input[1])
    return training is not None and bool(training.any()) and (ratio is None or bool(ratio.any()))


def _constant(model: Any, name: str) -> NDArray[Any] | None:
    from onnx import numpy_helper

    for tensor in model.graph.initializer:
        if tensor.name == name:
            return np.asarray(numpy_helper.to_array(tensor))
    for node in model.graph.node:
        if name in node.output and node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            return np.asarray(numpy_helper.to_array(node.attribute[0].t))
    return None
