"""Every ONNX graph that gxfast makes is put together here.

`GraphWriter` collects nodes, constants, inputs and outputs under names that do not clash, in the forms that an opset
knows. The whole becomes a model of its own (`GraphWriter.model`), or is put before or behind the nodes of one that
exists (`GraphWriter.put_into`). `saving` checks and writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from ..errors import ModelError
from .graphs import subgraphs

__all__ = ["OPSET", "GraphWriter", "names_in", "opset_of", "subgraphs"]

OPSET: Final = 17
IR_VERSION: Final = 8
_INITIALIZERS_ALONE: Final = 4  # IR version since which an initializer need not be an input, too
_AXES_AS_INPUT: Final = 13  # ReduceSum and Unsqueeze took their axes as an attribute before
_TO_THE_END: Final = 2**31 - 1


class GraphWriter:
    """A graph as it grows; a method that makes a tensor returns its name.

    Parameters
    ----------
    opset : int
        Version of ONNX's own operators, which decides the form of those that changed.
    prefix : str
        Before every name that is made up.
    taken : iterable of str
        Names that are in use elsewhere; see `names_in`.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    constants : list of onnx.TensorProto
    inputs, outputs : list of onnx.ValueInfoProto
    """

    def __init__(self, *, opset: int = OPSET, prefix: str = "", taken: Iterable[str] = ()) -> None:
        self.opset, self.prefix = opset, prefix
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self._taken, self._made = set(taken), 0
        self._stored: dict[str, Any] = {}  # by name, or by content

    # -- names

    def name(self, kind: str) -> str:
        """Return a numbered name that nothing has."""
        while True:
            self._made += 1
            name = f"{self.prefix}{kind.lower()}_{self._made}"
            if name not in self._taken:
                return self._claimed(name)

    def free(self, wish: str) -> str:
        """Return ``wish``, or ``wish_2`` and so on where something has that name; whoever uses it takes it."""
        name, number = wish, 2
        while name in self._taken:
            name, number = f"{wish}_{number}", number + 1
        return name

    def _claimed(self, name: str) -> str:
        if name in self._taken:
            raise ModelError(f"two tensors of the graph would be called {name!r}")
        self._taken.add(name)
        return name

    # -- what a graph has beside nodes

    def input(self, name: str, shape: Sequence[Any], dtype: Any = np.float32) -> str:
        """Declare an input; a text in the shape is a size that may be any, None one that is not known."""
        self.inputs.append(_declared(self._claimed(name), shape, dtype))
        return name

    def output(self, name: str, shape: Sequence[Any], dtype: Any = np.float32) -> str:
        """Declare an output, which a node makes or made."""
        self.outputs.append(_declared(name, shape, dtype))
        return name

    def constant(self, values: Any, dtype: Any = None, *, name: str | None = None) -> str:
        """Store an array; without a name of its own, or with the same one again, equal arrays are stored once."""
        from onnx import numpy_helper

        tensor = numpy_helper.from_array(np.asarray(values, dtype, order="C"))
        key = name or hashlib.sha256(tensor.SerializeToString()).hexdigest()
        if key in self._stored:
            tensor.name = self._stored[key].name
            if tensor == self._stored[key]:
                return str(tensor.name)
        tensor.name = self.name("constant") if name is None else self._claimed(name)
        self._stored[key] = tensor
        self.constants.append(tensor)
        return str(tensor.name)

    def sizes(self, values: Sequence[int]) -> str:
        """Store an int64 vector."""
        return self.constant([int(value) for value in values], np.int64)

    # -- nodes

    def append(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], *, name: str = "", **attributes: Any
    ) -> None:
        """Append a node whose outputs have their names already, and which may itself have none."""
        from onnx import helper

        self._taken.update(outputs)
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), name=name, **attributes))

    def add(
        self, kind: str, *inputs: str, name: str | None = None, output: str | None = None, **attributes: Any
    ) -> str:
        """Append a node of one output.

        Parameters
        ----------
        kind : str
            Operator.
        *inputs : str
        name : str, optional
            Of the node and its output; made up where it is not given.
        output : str, optional
            A name that is in use already and becomes the output's alone.
        **attributes
            Of the operator; ``domain`` where it is not one of ONNX's own.
        """
        own = self.name(kind) if name is None else self._claimed(name)
        self.append(kind, inputs, [output or own], name=own, **attributes)
        return output or own

    def slice(
        self, x: str, axis: int, start: int = 0, end: int = _TO_THE_END, step: int = 1, *, name: str | None = None
    ) -> str:
        """Append a slice of one axis."""
        name = name or self.name("slice")
        parts = {"starts": start, "ends": end, "axes": axis, "steps": step}
        operands = [self.constant([value], np.int64, name=f"{name}_{part}") for part, value in parts.items()]
        self.append("Slice", [x, *operands], [name], name=name)
        return name

    def reshape(self, x: str, shape: Sequence[int], *, name: str | None = None) -> str:
        """Append a reshape; -1 for the axis that is worked out."""
        name = name or self.name("reshape")
        self.append("Reshape", [x, self.constant(list(shape), np.int64, name=f"{name}_shape")], [name], name=name)
        return name

    def transpose(self, x: str, order: Sequence[int]) -> str:
        """Append a transpose, where the order is another one."""
        order = [int(axis) for axis in order]
        return x if order == list(range(len(order))) else self.add("Transpose", x, perm=order)

    def unsqueeze(self, x: str, axis: int, *, output: str | None = None) -> str:
        """Append an axis of length 1; ``output`` as in `add`."""
        if self.opset < _AXES_AS_INPUT:
            return self.add("Unsqueeze", x, output=output, axes=[axis])
        return self.add("Unsqueeze", x, self.sizes([axis]), output=output)

    def sum(self, x: str, axes: Sequence[int], *, keepdims: bool = True) -> str:
        """Append a sum over axes, where there are any."""
        if not axes:
            return x
        if self.opset < _AXES_AS_INPUT:
            return self.add("ReduceSum", x, axes=[int(axis) for axis in axes], keepdims=int(keepdims))
        return self.add("ReduceSum", x, self.sizes(axes), keepdims=int(keepdims))

    def pad(self, x: str, before: Sequence[int], after: Sequence[int]) -> str:
        """Append zeros around a tensor, where there are any; negative numbers cut. Since opset 11."""
        for axis, (left, right) in enumerate(zip(before, after, strict=True)):
            if left < 0 or right < 0:
                x = self.slice(x, axis, max(0, -left), right if right < 0 else _TO_THE_END)
        zeros = [max(0, int(size)) for size in (*before, *after)]
        return self.add("Pad", x, self.sizes(zeros)) if any(zeros) else x

    def take(self, x: str, indices: Any, axis: int) -> str:
        """Append a choice of constant indices of one axis."""
        return self.add("Gather", x, self.constant(indices, np.int64), axis=axis)

    # -- the whole

    def model(self, name: str, *, opsets: Iterable[Any] | None = None, ir_version: int = IR_VERSION) -> Any:
        """Return a model of what was collected; ``opsets`` are another model's ``opset_import``."""
        from onnx import helper

        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)
        imports = [helper.make_opsetid("", self.opset)] if opsets is None else list(opsets)
        made = helper.make_model(graph, opset_imports=imports, ir_version=ir_version, producer_name="gxfast")
        self._import_domains(made)
        return made

    def put_into(self, model: Any, *, first: bool = False, input_at: int | None = None) -> None:
        """Add what was collected to a model.

        Parameters
        ----------
        model : onnx.ModelProto
            Changed in place.
        first : bool
            Nodes before its own; otherwise behind them.
        input_at : int, optional
            Place of the first of the inputs among its own; otherwise behind them.
        """
        graph = model.graph
        _insert(graph.node, self.nodes, 0 if first else None)
        _insert(graph.input, self.inputs, input_at)
        graph.output.extend(self.outputs)
        graph.initializer.extend(self.constants)
        if model.ir_version < _INITIALIZERS_ALONE:
            graph.input.extend(_declared(tensor.name, tensor.dims, tensor.data_type) for tensor in self.constants)
        self._import_domains(model)

    def _import_domains(self, model: Any) -> None:
        known = {"", "ai.onnx", *(entry.domain for entry in model.opset_import)}
        for domain in sorted({node.domain for node in self.nodes} - known):
            model.opset_import.add(domain=domain, version=1)


def _declared(name: str, shape: Sequence[Any], dtype: Any) -> Any:
    from onnx import helper

    element = dtype if isinstance(dtype, int) else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, element, list(shape))


def _insert(field: Any, items: Sequence[Any], at: int | None) -> None:
    if at is None:
        field.extend(items)
        return
    for i, item in enumerate(items):
        field.insert(at + i, item)


def names_in(graph: Any) -> Iterator[str]:
    """Yield the names of all tensors and nodes of an onnx.GraphProto, those of its subgraphs with them."""
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        yield value.name
    for sparse in graph.sparse_initializer:
        yield sparse.values.name
    for node in graph.node:
        yield from (node.name, *node.input, *node.output)
        for subgraph in subgraphs(node):
            yield from names_in(subgraph)


def opset_of(model: Any) -> int:
    """Return the version of ONNX's own operators that a model asks for; 0 for none."""
    return max((int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
