"""Fold a ModelProto at fixed sizes: constants are computed, every shape is known, dead nodes are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...models.graphs import RANDOM_OPERATORS, normalises_by_batch, tensors_read
from ...models.onnx_writer import GraphWriter, opset_of
from ...models.runtime import open_session

__all__ = ["fold", "stored_array"]

Shapes = dict[str, tuple[tuple[int, ...], np.dtype[Any]]]
MAX_ROUNDS: Final = 200  # shape arithmetic feeds reshapes that feed shape arithmetic, layer after layer
MAX_FOLDED_BYTES: Final = 2**28
SMALL_CONSTANT: Final = 1024  # elements: sizes, axes and the like, whose values inference reads


def fold(
    proto: Any,
    input_name: str,
    sizes: tuple[int, ...],
    output_name: str,
    extra_inputs: dict[str, NDArray[Any]],
    path: Path | None,
) -> tuple[Any, Shapes]:
    """Return a folded copy of ``proto`` and the shape and type of every tensor that is no constant.

    Raises
    ------
    ModelError
        If the size of a tensor cannot be found out.
    """
    model = _prepared(proto, input_name, sizes, output_name, extra_inputs, path)
    shapes: Shapes = {}
    for _ in range(MAX_ROUNDS):
        shapes = _inferred(model)
        if not _fold_once(model, shapes, path):
            break
    missing = [name for node in model.graph.node for name in node.output if name and name not in shapes]
    if missing:
        shapes |= _observed(model, missing, path)
    return model, shapes


def _prepared(
    proto: Any,
    input_name: str,
    sizes: tuple[int, ...],
    output_name: str,
    extra_inputs: dict[str, NDArray[Any]],
    path: Path | None,
) -> Any:
    """Copy the model with one input of fixed sizes, one output and no declared shapes in between."""
    import onnx
    from onnx import helper, inliner, numpy_helper

    model = onnx.ModelProto()
    model.CopyFrom(proto if not proto.functions else inliner.inline_local_functions(proto))
    graph = model.graph
    source = next((value for value in graph.input if value.name == input_name), None)
    if source is None:
        raise ModelError(f"no input is named {input_name!r}", path=path)
    fixed = helper.make_tensor_value_info(input_name, source.type.tensor_type.elem_type, sizes)
    for name, values in extra_inputs.items():
        graph.initializer.append(numpy_helper.from_array(values, name))
    for field in ("input", "output", "value_info"):
        del getattr(graph, field)[:]
    graph.input.append(fixed)
    graph.output.append(helper.make_empty_tensor_value_info(output_name))
    _prune(graph, opset_of(model))
    return model


def stored_array(tensor: Any, path: Path | None) -> NDArray[Any]:
    """Return the values of an onnx.TensorProto; external data lie beside the model."""
    from onnx import numpy_helper

    array: NDArray[Any] = numpy_helper.to_array(tensor, base_dir="" if path is None else str(path.absolute().parent))
    return array


def _prune(graph: Any, opset: int) -> None:
    """Drop the nodes, optional outputs and initializers that the output does not need."""
    needed, unwanted = {graph.output[0].name}, []
    for node in reversed(graph.node):
        idle = needed.isdisjoint(node.output)
        unwanted.append(idle)
        if not idle:
            _leave_out(node, needed, opset)
            needed |= set(tensors_read(node))
    _delete(graph.node, unwanted[::-1])
    _delete(graph.initializer, [tensor.name not in needed for tensor in graph.initializer])


def _leave_out(node: Any, needed: set[str], opset: int) -> None:
    """Leave out the optional outputs that nobody reads: masks, indices, statistics, last states."""
    from onnx import defs

    if node.domain not in ("", "ai.onnx") or len(node.output) < 2 or normalises_by_batch(node, opset):
        return
    try:
        declared = defs.get_schema(node.op_type, opset).outputs
    except defs.SchemaError:
        return
    for i, value in enumerate(declared[: len(node.output)]):
        if value.option == defs.OpSchema.FormalParameterOption.Optional and node.output[i] not in needed:
            node.output[i] = ""
    while not node.output[-1]:
        del node.output[-1]


def _delete(field: Any, unwanted: list[bool]) -> None:
    """Remove in place: weights are large, and copies of them would cost more than all the rest."""
    for i in reversed(range(len(unwanted))):
        if unwanted[i]:
            del field[i]


def _inferred(model: Any) -> Shapes:
    """Shapes by ONNX's own inference, where they are complete."""
    import onnx
    from onnx import helper, shape_inference

    light = _without_weights(model)
    try:
        found = shape_inference.infer_shapes(light, data_prop=True)
    except shape_inference.InferenceError:
        found = light
    weights = {tensor.name for tensor in model.graph.initializer}
    shapes: Shapes = {}
    for value in (*found.graph.input, *found.graph.value_info, *found.graph.output):
        if value.name in weights:
            continue
        tensor = value.type.tensor_type
        dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
        if tensor.HasField("shape") and min(dims, default=0) >= 0 and tensor.elem_type != onnx.TensorProto.UNDEFINED:
            shapes[value.name] = (tuple(dims), np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)))
    return shapes


def _without_weights(model: Any) -> Any:
    """A copy in which large constants are inputs: inference asks for their sizes only."""
    import onnx
    from onnx import helper

    graph, light = model.graph, onnx.ModelProto()
    light.ir_version = model.ir_version
    light.opset_import.extend(model.opset_import)
    light.graph.name = graph.name
    light.graph.node.extend(graph.node)
    light.graph.input.extend(graph.input)
    light.graph.output.extend(graph.output)
    for tensor in graph.initializer:
        if np.prod(tensor.dims) > SMALL_CONSTANT:
            light.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
        else:
            light.graph.initializer.append(tensor)
    return light


def _fold_once(model: Any, shapes: Shapes, path: Path | None) -> bool:
    """Turn every node that can be computed now into initializers; return whether there was one."""
    from onnx import numpy_helper

    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    known: dict[str, NDArray[Any]] = {}

    def value(name: str) -> NDArray[Any] | None:
        if name not in known and name in tensors:
            known[name] = stored_array(tensors[name], path)
        return known.get(name)

    folded, done, constant = {}, list[bool](), set(tensors)
    for node in graph.node:
        results = _computed(node, value, constant, shapes, model.opset_import)
        done.append(results is not None)
        if results is None:
            continue
        constant.update(node.output)
        for name, array in zip(node.output, results, strict=False):
            if name:
                known[name] = folded[name] = array
    if not folded:
        return False
    _delete(graph.node, done)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(array), name) for name, array in folded.items())
    _prune(graph, opset_of(model))
    return True


def _computed(node: Any, value: Any, constant: set[str], shapes: Shapes, opsets: Any) -> list[NDArray[Any]] | None:
    """Values of a node's outputs, or None where they depend on the sequence or are not worth computing."""
    if node.op_type in ("Shape", "Size") and node.input[0] in shapes:
        sizes = np.array(shapes[node.input[0]][0], np.int64)
        if node.op_type == "Size":
            return [np.array(sizes.prod(), np.int64)]
        ends = {attribute.name: attribute.i for attribute in node.attribute}
        return [sizes[slice(ends.get("start", 0), ends.get("end"))]]
    names = set(tensors_read(node))
    if not names <= constant or node.op_type in RANDOM_OPERATORS:
        return None
    return _evaluated(node, {name: value(name) for name in names}, opsets)


def _evaluated(node: Any, feeds: dict[str, NDArray[Any]], opsets: Any) -> list[NDArray[Any]] | None:
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    if sum(array.nbytes for array in feeds.values()) > MAX_FOLDED_BYTES:
        return None
    part = GraphWriter()
    part.nodes = [node]
    part.inputs = [helper.make_empty_tensor_value_info(name) for name in feeds]
    part.outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    try:
        results = ReferenceEvaluator(part.model("fold", opsets=opsets)).run(None, feeds)
    except Exception:  # an operator the evaluator lacks stays in the graph
        return None
    if not all(isinstance(array, (np.ndarray, np.generic)) for array in results):
        return None
    found = iter(results)
    return [np.asarray(next(found)) if name else np.empty(0) for name in node.output]


def _observed(model: Any, names: list[str], path: Path | None) -> Shapes:
    """Shapes that inference could not find, by running the model once with those tensors as outputs."""
    from onnx import ModelProto, helper

    copy = ModelProto.FromString(model.SerializeToString())
    del copy.graph.output[:]
    copy.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = open_session(copy.SerializeToString(), device="cpu", path=path)
    tensor = model.graph.input[0].type.tensor_type
    sizes = [dim.dim_value for dim in tensor.shape.dim]
    zeros = np.zeros(sizes, helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    try:
        arrays = session.raw.run(names, {model.graph.input[0].name: zeros})
    except Exception as error:  # onnxruntime's exceptions share no base class but this
        raise ModelError(f"the sizes inside the model cannot be found out: {error}", path=path) from None
    return {name: (array.shape, array.dtype) for name, array in zip(names, arrays, strict=True)}
