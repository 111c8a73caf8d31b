"""The delta graph: what M mutations change, on windows, as an ONNX graph.

Every tensor before the first operator that mixes positions freely is held as rows ``[M, W, C]``: M mutations, W
positions from ``start`` on (`intervals`), C features in the tensor's own order. In *delta* form the rows are mutant
minus reference, so that a convolution is one matrix product without bias; in *value* form they are the mutant's
own. Operators that are linear take deltas, all others values. A position outside the tensor has delta 0, which is
what zero padding is.

Only small index arrays are made on the host (`delta_indices`); everything else is in the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .graph.view import Graph, Node, features
from .graph.windows import Analysis, Window
from .ops.errors import UnsupportedError

__all__ = ["DeltaGraph", "Emitter", "Index", "emit"]


FLOAT: Final = 1  # onnx.TensorProto.FLOAT
INT64: Final = 7


@dataclass(frozen=True, slots=True)
class Index:
    """An index array that the host makes for every batch.

    Attributes
    ----------
    name : str
        Input of the graph.
    kind : str
        What `delta_indices` makes.
    settings : tuple
        Its arguments.
    shape : tuple of int
    dtype : str
    """

    name: str
    kind: str
    settings: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: str = "int64"


@dataclass(slots=True)
class DeltaGraph:
    """An emitted graph and what it has to be fed with.

    Attributes
    ----------
    content : bytes
        The ONNX model. Inputs: ``change`` (M, 1, 4), the indices, the reference tensors.
    indices : list of Index
    rows : dict of str to str
        Windowed tensor to the input that takes its reference rows (L, C).
    dense : dict of str to str
        Other tensor to the input that takes its reference value (1, ...).
    output : str
    barriers : dict of str to str
        Node to why everything from it on is computed in full.
    """

    content: bytes = b""
    indices: list[Index] = field(default_factory=list)
    rows: dict[str, str] = field(default_factory=dict)
    dense: dict[str, str] = field(default_factory=dict)
    output: str = ""
    barriers: dict[str, str] = field(default_factory=dict)


class Emitter:
    """Collects nodes; one for each graph that is emitted.

    Parameters
    ----------
    graph : Graph
        Read at batch M.
    analysis : Analysis
    edges : bool
        Whether windows may reach past the ends of tensors (then deltas are masked).
    """

    def __init__(self, graph: Graph, analysis: Analysis, edges: bool) -> None:
        self.graph, self.analysis, self.edges = graph, analysis, edges
        self.n = graph.batch
        self.result = DeltaGraph()
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.forms: dict[tuple[str, str], str] = {}
        self.dense: set[str] = set()
        self.skipped: set[str] = set()
        self._count = 0

    # -- building blocks

    def name(self, hint: str) -> str:
        """A name that is in use nowhere."""
        self._count += 1
        return f"delta/{hint}/{self._count}"

    def add(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output; returns its name."""
        from onnx import helper

        output = self.name(op_type)
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], **attributes))
        return output

    def constant(self, value: NDArray[Any]) -> str:
        """Add an initializer; returns its name."""
        name = self.name("constant")
        self.constants[name] = value
        return name

    def sizes(self, *values: int) -> str:
        """Add a shape or axes as an initializer."""
        return self.constant(np.array(values, np.int64))

    def index(self, kind: str, settings: tuple[Any, ...], shape: tuple[int, ...], dtype: str = "int64") -> str:
        """Ask the host for an index array; the same one is asked for once."""
        for known in self.result.indices:
            if (known.kind, known.settings) == (kind, settings):
                return known.name
        made = Index(self.name(kind), kind, settings, shape, dtype)
        self.result.indices.append(made)
        return made.name

    # -- tensors

    def window(self, tensor: str) -> Window:
        """Return where changes of the tensor lie."""
        return self.analysis.windows[tensor]

    def channels(self, tensor: str) -> int:
        """Return the features per position."""
        return int(np.prod(features(self.graph, tensor, self.window(tensor).axis), dtype=np.int64))

    def reference_rows(self, tensor: str) -> str:
        """Return the input that takes the reference's rows (L, C) of a tensor."""
        return self.result.rows.setdefault(tensor, f"rows/{tensor}")

    def reference_window(self, tensor: str) -> str:
        """Return the reference at the window of each mutation, [M, W, C]."""
        key = (tensor, "reference")
        if key not in self.forms:
            window = self.window(tensor)
            at = self.index("clipped", (tensor,), (self.n, window.width))
            self.forms[key] = self.add("Gather", self.reference_rows(tensor), at, axis=0)
        return self.forms[key]

    def mask(self, tensor: str, rows: str) -> str:
        """Set rows outside the tensor to 0."""
        if not self.edges:
            return rows
        inside = self.index("inside", (tensor,), (self.n, self.window(tensor).width, 1), "float32")
        return self.add("Mul", rows, inside)

    def delta(self, tensor: str) -> str:
        """Return the tensor in delta form."""
        key = (tensor, "delta")
        if key not in self.forms:
            value = self.forms[tensor, "value"]
            self.forms[key] = self.mask(tensor, self.add("Sub", value, self.reference_window(tensor)))
        return self.forms[key]

    def value(self, tensor: str) -> str:
        """Return the tensor in value form (rows outside the tensor hold anything finite)."""
        key = (tensor, "value")
        if key not in self.forms:
            self.forms[key] = self.add("Add", self.forms[tensor, "delta"], self.reference_window(tensor))
        return self.forms[key]

    def set_delta(self, tensor: str, rows: str) -> None:
        """Record rows that a linear rule made."""
        self.forms[tensor, "delta"] = self.mask(tensor, rows)

    def set_value(self, tensor: str, rows: str) -> None:
        """Record rows that another rule made."""
        self.forms[tensor, "value"] = rows

    def flat_table(self, rows: str, tensor: str, *more: str) -> str:
        """Rows of all mutations (M * W, C), followed by other rows."""
        flat = self.add("Reshape", rows, self.sizes(-1, self.channels(tensor)))
        return self.add("Concat", flat, *more, axis=0) if more else flat

    def reduce(self, op_type: str, rows: str, axis: int) -> str:
        """ReduceMax and its kin over one axis, in the form of the model's opset."""
        since = {"ReduceSum": 13}.get(op_type, 18)
        if self.graph.opset >= since:
            return self.add(op_type, rows, self.sizes(axis), keepdims=0)
        return self.add(op_type, rows, axes=[axis], keepdims=0)

    def reduce_sum(self, rows: str, axis: int) -> str:
        """Sum over one axis."""
        return self.reduce("ReduceSum", rows, axis)

    def rename(self, tensor: str, output: str) -> None:
        """Let an output have the rows of a tensor, in the forms that are there."""
        for form in ("delta", "value"):
            if (tensor, form) in self.forms:
                self.forms[output, form] = self.forms[tensor, form]

    def mask_always(self, tensor: str, rows: str) -> str:
        """As `mask`; a crop cuts windows that lie inside what it crops."""
        inside = self.index("inside", (tensor,), (self.n, self.window(tensor).width, 1), "float32")
        return self.add("Mul", rows, inside)

    def moved(self, tensor: str, output: str) -> str:
        """Deltas of a tensor at the window of an output that has the same positions and other features."""
        own, target = self.window(tensor), self.window(output)
        offsets = np.unique(own.free_lo - target.free_lo)
        if len(offsets) != 1:
            raise UnsupportedError("windows that do not move together are joined")
        left = int(offsets[0])
        right = target.width - own.width - left
        rows = self.delta(tensor)
        return self.add("Pad", rows, self.sizes(0, left, 0, 0, right, 0)) if left or right else rows

    def set_dense(self, tensor: str, change: str) -> None:
        """Record a tensor without windows as its reference plus a change (M, ...)."""
        from onnx import helper

        name = self.result.dense.setdefault(tensor, f"dense/{tensor}")
        self.nodes.append(helper.make_node("Add", [change, name], [tensor]))
        self.dense.add(tensor)

    def full(self, tensor: str) -> str:
        """Return the whole tensor of every mutant, as the original graph has it."""
        if tensor in self.dense:
            return tensor
        key = (tensor, "full")
        if key not in self.forms:
            window, shape = self.window(tensor), self.graph.shape(tensor)
            at = self.index("everywhere", (tensor,), (self.n, window.length))
            table = self.flat_table(self.value(tensor), tensor, self.reference_rows(tensor))
            rows = self.add("Gather", table, at, axis=0)
            rest = [size for i, size in enumerate(shape) if i != window.axis]
            rows = self.add("Reshape", rows, self.sizes(rest[0], window.length, *rest[1:]))
            order = [0, *range(2, len(shape))]
            order.insert(window.axis, 1)
            self.forms[key] = self.add("Transpose", rows, perm=order)
        return self.forms[key]

    def as_is(self, node: Node) -> None:
        """Copy a node of the original graph, on whole tensors."""
        from onnx import NodeProto

        copied = NodeProto()
        copied.CopyFrom(self.graph._node_protos[node.outputs[0] or node.name])
        for i, name in enumerate(node.inputs):
            if name and not self.graph.is_constant(name):
                copied.input[i] = self.full(name)
            elif name:
                self.constants.setdefault(name, self.graph.constant(name))
        self.nodes.append(copied)
        self.dense.update(name for name in node.outputs if name)

    def per_channel(self, value: NDArray[Any], tensor: str) -> NDArray[np.float32]:
        """A constant that broadcasts against a tensor of the graph, as (1, 1, C).

        Raises
        ------
        UnsupportedError
            If it differs between positions.
        """
        axis, shape = self.window(tensor).axis, list(self.graph.shape(tensor))
        full = np.asarray(value)
        full = full.reshape((1,) * (len(shape) - full.ndim) + full.shape)
        if full.ndim != len(shape) or full.shape[axis] != 1 or full.shape[0] != 1:
            raise UnsupportedError("a constant differs between positions")
        shape[0] = shape[axis] = 1
        return np.ascontiguousarray(np.broadcast_to(full, shape).reshape(1, 1, -1), np.float32)

    # -- the whole

    def finish(self) -> DeltaGraph:
        """Serialise what was emitted, without what nothing reads."""
        import onnx
        from onnx import helper, numpy_helper

        output = self.full(self.graph.output_name)
        self.result.output = output
        wanted, kept = {output}, []
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                kept.append(node)
                wanted |= set(node.input)
        self.result.indices = [item for item in self.result.indices if item.name in wanted]
        self.result.rows = {t: name for t, name in self.result.rows.items() if name in wanted}
        self.result.dense = {t: name for t, name in self.result.dense.items() if name in wanted}
        inputs = [helper.make_tensor_value_info("change", FLOAT, (self.n, 1, 4))]
        inputs += [
            helper.make_tensor_value_info(item.name, INT64 if item.dtype == "int64" else FLOAT, item.shape)
            for item in self.result.indices
        ]
        inputs += [
            helper.make_tensor_value_info(name, FLOAT, (self.window(tensor).length, self.channels(tensor)))
            for tensor, name in self.result.rows.items()
        ]
        inputs += [
            helper.make_tensor_value_info(name, FLOAT, (1, *self.graph.shape(tensor)[1:]))
            for tensor, name in self.result.dense.items()
        ]
        made = helper.make_graph(
            kept[::-1],
            "delta",
            inputs,
            [helper.make_tensor_value_info(output, FLOAT, self.graph.shape(self.graph.output_name))],
            initializer=[
                numpy_helper.from_array(value, name) for name, value in self.constants.items() if name in wanted
            ],
        )
        proto = self.graph._proto
        model = onnx.ModelProto()
        model.CopyFrom(helper.make_model(made, opset_imports=list(proto.opset_import)))
        model.ir_version = max(4, proto.ir_version)
        self.result.content = bytes(model.SerializeToString())
        return self.result


Rule = Callable[[Emitter, Node], None]


def emit(graph: Graph, analysis: Analysis, *, edges: bool) -> DeltaGraph:
    """Emit the delta graph of a model for ``graph.batch`` mutations at a time.

    Parameters
    ----------
    graph : Graph
        Read at the number of mutations per batch; float32.
    analysis : Analysis
        Of a graph of the same model at any batch size.
    edges : bool
        False: only for mutations whose windows lie inside every tensor; a little faster.
    """
    from .delta_rules import rule_of

    emitter = Emitter(graph, analysis, edges)
    emitter.forms[graph.input_name, "delta"] = "change"
    for node in graph.nodes:
        if node.outputs[0] in emitter.skipped:
            continue
        if any(name in emitter.dense for name in node.inputs):
            emitter.as_is(node)
            continue
        rule = rule_of(node.op_type)
        try:
            if rule is None:
                raise UnsupportedError(f"no delta rule for operator {node.op_type}")
            rule(emitter, node)
        except UnsupportedError as reason:
            emitter.result.barriers[node.outputs[0]] = str(reason)
            emitter.as_is(node)
    return emitter.finish()
