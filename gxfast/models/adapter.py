"""Models that read something else than a one-hot array of four channels: a few nodes in front make it of one.

More channels that are constants, whole numbers per base (tokens), and one-hot arrays of whole numbers or truth values
are made inside the graph, so that predictions, mutagenesis and gradients see one kind of input. The input keeps its
name; what it was is a tensor behind the new nodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from ._contract import SEQUENCE_DTYPES
from .card import AXES, TOKENS, ModelCard
from .graphs import subgraphs
from .onnx_writer import GraphWriter, names_in, opset_of

__all__ = ["adapted"]

_FLOAT: Final = 1  # TensorProto.FLOAT


def adapted(model: Any, card: ModelCard) -> Any:
    """Let a model read one-hot in the card's ``fed_layout``, as floats.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place, and returned.
    card : ModelCard
        With ``input_name`` filled in.
    """
    name = str(card.input_name)
    writer = GraphWriter(opset=opset_of(model), prefix=f"{name}_", taken=names_in(model.graph))
    (value,) = (each for each in model.graph.input if each.name == name)
    tensor = value.type.tensor_type
    kind = int(tensor.elem_type)
    whole = _type_name(kind) not in SEQUENCE_DTYPES
    bare = whole and card.layout != TOKENS and _only_cast(model.graph.node, name)
    read = writer.free(f"{name}_read")
    _rename(model.graph.node, name, read)
    x = _channels(writer, name, card, np.dtype(np.float32 if whole else SEQUENCE_DTYPES[_type_name(kind)]))
    x = writer.add("Cast", x, to=kind) if whole and not bare else x
    writer.append("Identity", [x], [read])
    _declare(tensor, card, _FLOAT if whole else kind)
    writer.put_into(model, first=True)
    return model


def _type_name(kind: int) -> str:
    from onnx import TensorProto

    return str(TensorProto.DataType.Name(kind).lower())


def _channels(writer: GraphWriter, x: str, card: ModelCard, dtype: np.dtype[Any]) -> str:
    """From (N, 4, L), where something has to be added, to the layout of the card."""
    if card.layout == TOKENS:
        codes = np.array([card.tokens[base] for base in (*card.channels, "N")], np.float64)
        x = _product(writer, x, codes[None, :4] - codes[4], codes[4:], dtype)
        return writer.reshape(x, [-1, card.length])
    if not card.extra_channels:
        return x
    more = len(card.extra_channels)
    x = _product(writer, x, np.eye(4 + more, 4), np.array([0.0] * 4 + [*card.extra_channels]), dtype)
    length, channel = AXES[card.layout]
    x = x if channel < length else writer.transpose(x, [0, 2, 1])
    ones = [axis for axis, letter in enumerate(card.layout) if letter == "1"]
    return writer.unsqueeze(x, ones[0]) if ones else x


def _product(writer: GraphWriter, x: str, weight: Any, offset: Any, dtype: np.dtype[Any]) -> str:
    """A convolution with one tap; exact, for one-hot has one number that is not 0."""
    return writer.add("Conv", x, writer.constant(weight[..., None], dtype), writer.constant(offset, dtype))


def _only_cast(nodes: Iterable[Any], name: str) -> bool:
    """Whether all that is done with an input is to make floats of it, so that they may come as floats."""
    from onnx import TensorProto

    floats = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
    for node in nodes:
        if any(name in inner.input for graph in subgraphs(node) for inner in graph.node):
            return False
        if name in node.input and not (node.op_type == "Cast" and node.attribute[0].i in floats):
            return False
    return True


def _rename(nodes: Iterable[Any], old: str, new: str) -> None:
    for node in nodes:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
        for graph in subgraphs(node):
            _rename(graph.node, old, new)


def _declare(tensor: Any, card: ModelCard, kind: int) -> None:
    """Give the input the shape and type of what it reads now; the batch stays."""
    batch = tensor.shape.dim[0] if tensor.HasField("shape") and tensor.shape.dim else None
    sizes = {"C": 4, "L": card.length, "1": 1}
    del tensor.shape.dim[1:]
    if batch is None:
        tensor.shape.dim.add()
    for letter in card.fed_layout[1:]:
        tensor.shape.dim.add(dim_value=sizes[letter])
    tensor.elem_type = kind
