"""A read-only view of a model's graph with every size known: what all modes of in-silico mutagenesis work on.

A `Graph` is made for ONE batch size (axis 0 of every tensor is the batch). At that size everything that does
not depend on the sequence is a constant: initializers, Constant nodes, shape arithmetic, the card's extra
inputs. Nodes that do not lead to the output are gone. So what is left is simple to reason about:

- ``graph.nodes``: tuple of `Node` (``name``, ``op_type``, ``inputs``, ``outputs``, ``attributes`` as a dict of
  Python values), in the order in which they run. Every node depends on the sequence.
- ``graph.shape(tensor)``: tuple of int; ``graph.dtype(tensor)``: numpy dtype.
- ``graph.is_constant(tensor)``, ``graph.constant(tensor)``: its array (external data are read on demand).
- ``graph.producer(tensor)``, ``graph.consumers(tensor)``.
- ``graph.input_name``, ``graph.output_name``, ``graph.layout``, ``graph.length``, ``graph.batch``, ``graph.opset``.
- ``graph.subgraph(inputs, outputs)``: bytes of an ONNX model that computes ``outputs`` from ``inputs`` at this
  batch size, ready for `gxfast.models.runtime.open_session` (with ``path=graph.path`` for external data).

`load_graph(model, batch=n)` reads the graph of a `gxfast.models.session.Model`; `build_graph` takes a ModelProto.
Names of tensors are the same at every batch size, so a trunk at one size and a head at another can be cut from
two graphs. Axes of the sequence in each tensor, and what a mutation changes, are in `intervals`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...models.card import AXES
from ...models.graphs import attributes_of, tensors_read
from ...models.onnx_writer import GraphWriter, opset_of
from .fold import fold, stored_array

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["Graph", "Node", "build_graph", "features", "load_graph"]


def features(graph: Graph, tensor: str, axis: int) -> tuple[int, ...]:
    """Sizes of the axes that hold the features of a position, without those of size 1."""
    shape = graph.shape(tensor)
    return tuple(size for i, size in enumerate(shape) if i not in (0, axis) and size != 1)


DEFAULT_BATCH: Final = 2  # one row would make the batch axis look like any other axis of length 1


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation; a key of its own in sets and mappings, for its names may be those of another, or none.

    Attributes
    ----------
    name : str
        As the file has it, for messages; made up where it has none.
    op_type : str
        ``"Conv"``; with its domain, ``"com.microsoft::Gelu"``, where that is not ONNX's own.
    inputs, outputs : tuple of str
        Tensors; ``""`` where an optional one is left out.
    attributes : mapping of str to Python value
    captured : tuple of str
        Tensors that its subgraphs (If, Loop, Scan) take from outside.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    captured: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The tensors it needs, each once."""
        return tuple(dict.fromkeys(name for name in (*self.inputs, *self.captured) if name))

    @property
    def made(self) -> tuple[str, ...]:
        """The outputs that are not left out; at least one."""
        return tuple(name for name in self.outputs if name)


class Graph:
    """See the module; made by `load_graph` or `build_graph`.

    Parameters
    ----------
    proto : onnx.ModelProto
        Folded, with one input and one output and all shapes inferred.
    layout : str
        One of `AXES`.
    shapes : mapping of str to (tuple of int, numpy dtype)
    path : Path or None
        The model file: for messages, and for where external data lie.
    """

    def __init__(
        self,
        proto: Any,
        layout: str,
        shapes: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]],
        path: Path | None,
    ) -> None:
        self._proto, self._shapes, self.path, self.layout = proto, shapes, path, layout
        self.input_name: str = proto.graph.input[0].name
        self.output_name: str = proto.graph.output[0].name
        self._initializers = {tensor.name: tensor for tensor in proto.graph.initializer}
        outside = {self.input_name, *self._initializers, *(name for node in proto.graph.node for name in node.output)}
        self.nodes = tuple(_view(i, node, outside) for i, node in enumerate(proto.graph.node))
        self._node_protos = dict(zip(self.nodes, proto.graph.node, strict=True))
        self._producers = {name: node for node in self.nodes for name in node.made}

    def __repr__(self) -> str:
        return f"Graph({self.input_name} -> {self.output_name}, {len(self.nodes)} nodes, batch={self.batch})"

    @property
    def batch(self) -> int:
        """Rows of every tensor."""
        return self.shape(self.input_name)[0]

    @property
    def length(self) -> int:
        """Bases the model reads."""
        return self.shape(self.input_name)[AXES[self.layout][0]]

    @property
    def opset(self) -> int:
        """Version of ONNX's own operators."""
        return opset_of(self._proto)

    @cached_property
    def _consumers(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.reads:
                found.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Return the sizes of a tensor or constant."""
        if tensor in self._initializers:
            return tuple(int(size) for size in self._initializers[tensor].dims)
        return self._shapes[tensor][0]

    def dtype(self, tensor: str) -> np.dtype[Any]:
        """Return the element type of a tensor."""
        return self.constant(tensor).dtype if self.is_constant(tensor) else self._shapes[tensor][1]

    def has(self, tensor: str) -> bool:
        """Return whether a tensor depends on the sequence here."""
        return tensor in self._shapes and tensor not in self._initializers

    def is_constant(self, tensor: str) -> bool:
        """Return whether a tensor has the same value for every sequence."""
        return tensor in self._initializers

    def constant(self, tensor: str) -> NDArray[Any]:
        """Return the value of a constant."""
        return stored_array(self._initializers[tensor], self.path)

    def stored(self, tensors: Collection[str]) -> list[Any]:
        """Return those of the tensors that are constants, as they are stored (onnx.TensorProto)."""
        return [tensor for name, tensor in self._initializers.items() if name in tensors]

    def producer(self, tensor: str) -> Node | None:
        """Return the node that computes a tensor; None for the input and for constants."""
        return self._producers.get(tensor)

    def consumers(self, tensor: str) -> tuple[Node, ...]:
        """Return the nodes that read a tensor."""
        return self._consumers.get(tensor, ())

    def between(self, inputs: Sequence[str], outputs: Sequence[str]) -> tuple[Node, ...]:
        """Return the nodes that compute ``outputs`` from ``inputs``, in order.

        Raises
        ------
        ModelError
            If the inputs do not suffice.
        """
        needed, chosen = set(outputs) - set(inputs), []
        for node in reversed(self.nodes):
            if needed & set(node.made):
                chosen.append(node)
                needed -= set(node.made)
                needed |= set(node.reads) - set(inputs)
        missing = sorted(name for name in needed if not self.is_constant(name))
        if missing:
            raise ModelError(f"{', '.join(outputs)} also need {missing[0]!r}", path=self.path)
        return tuple(reversed(chosen))

    def subgraph(self, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
        """Return an ONNX model that computes ``outputs`` from ``inputs``, for this batch size."""
        nodes, part = self.between(inputs, outputs), GraphWriter()
        for names, declare in ((inputs, part.input), (outputs, part.output)):
            for name in names:
                declare(name, self.shape(name), self.dtype(name))
        part.nodes = [self._node_protos[node] for node in nodes]
        part.constants = self.stored({name for node in nodes for name in node.reads} | set(outputs))
        ir_version = max(4, self._proto.ir_version)  # 4: initializers need not be inputs
        return bytes(part.model("part", opsets=self._proto.opset_import, ir_version=ir_version).SerializeToString())


def _view(index: int, node: Any, outside: Collection[str]) -> Node:
    op_type = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"
    attributes = attributes_of(node)
    name, inputs = node.name or f"{node.op_type}_{index}", tuple(node.input)
    captured = () if not attributes else tuple(sorted({*tensors_read(node)} & {*outside} - {*inputs} - {""}))
    return Node(name, op_type, inputs, tuple(node.output), attributes, captured)


def load_graph(
    model: Model, *, batch: int | None = None, proto: Any = None, length: int | None = None, output: str | None = None
) -> Graph:  # fmt: skip
    """Read the graph of a model at one batch size.

    Parameters
    ----------
    model : Model
    batch : int, optional
        Default: the model's fixed batch, or 2.
    proto : onnx.ModelProto, optional
        An edited copy of the model (`slicing`) instead of its file.
    length : int, optional
        Bases, if not those that the model reads: for a part of the graph that takes any number of them.
    output : str, optional
        A tensor to end at.

    Raises
    ------
    ModelError
        If the file is gone, or a size cannot be found out.
    """
    card, rows = model.card, model.fixed_batch or batch or DEFAULT_BATCH
    return build_graph(
        model.proto() if proto is None else proto,
        input_name=str(card.input_name),
        output_name=output or str(card.output_name),
        layout=card.fed_layout,
        length=length or card.length,
        batch=rows,
        extra_inputs=model.extra_inputs(rows),
        path=model.path,
    )


def build_graph(
    proto: Any,
    *,
    input_name: str,
    output_name: str,
    layout: str,
    length: int,
    batch: int = DEFAULT_BATCH,
    extra_inputs: Mapping[str, NDArray[Any]] | None = None,
    path: Path | None = None,
) -> Graph:
    """Read the graph of a ModelProto (not changed) for ``batch`` sequences of ``length`` bases.

    Parameters
    ----------
    extra_inputs : mapping of str to array
        Values of all other inputs, at this batch size.

    Raises
    ------
    ModelError
        If the size of a tensor cannot be found out.
    """
    sizes = [batch, 1, 1, 1][: len(layout)]
    for axis, size in zip(AXES[layout], (length, 4), strict=True):
        sizes[axis] = size
    folded, shapes = fold(proto, input_name, tuple(sizes), output_name, dict(extra_inputs or {}), path)
    return Graph(folded, layout, shapes, path)
