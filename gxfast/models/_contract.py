"""Bind a card to a graph: the sequence input, the constants of the other inputs, the output that counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ._file import ModelFile, Tensor
from .card import AXES, ModelCard, default_card

__all__ = ["Binding", "bind"]

SEQUENCE_DTYPES: Final = {"float": "float32", "float16": "float16", "double": "float64"}
EXTRA_DTYPES: Final = SEQUENCE_DTYPES | {"int32": "int32", "int64": "int64"}
_SELECT_INPUT: Final = "name the sequence input as input.name in a card and give the others in extra_inputs"


@dataclass(frozen=True, slots=True)
class Binding:
    """A graph with the card that applies to it.

    Attributes
    ----------
    card : ModelCard
        With ``input_name`` and ``output_name`` filled in.
    dtype : str
        NumPy name of the type of the sequence input.
    fixed_batch : int or None
        Batch size the graph was exported with, where it fixes one.
    extra_inputs : dict of str to (array, bool)
        Values of the other inputs; True where the array is one row, to be repeated over the batch.
    output_shape : tuple of (int or None) or None
        Declared shape of the output that is used.
    """

    card: ModelCard
    dtype: str
    fixed_batch: int | None
    extra_inputs: dict[str, tuple[NDArray[Any], bool]]
    output_shape: tuple[int | None, ...] | None


def bind(file: ModelFile, card: ModelCard | None, *, length: int | None = None) -> Binding:
    """Check the graph of ``file`` against its card, or against the default card where it has none.

    Parameters
    ----------
    file : ModelFile
    card : ModelCard or None
    length : int, optional
        Bases the model reads; needed where neither the graph nor a card says it.

    Raises
    ------
    ModelError
        If the graph does not keep the contract; the message says what to do.
    """
    source = _sequence_input(file, card)
    output = _output(file, card)
    if card is None:
        card = _default(file, source, output, length)
    elif length is not None and length != card.length:
        raise _error(file, f"length {length} was asked for, but the card says {card.length}", "leave one out")
    _check_sequence_shape(file, source, card)
    batch = source.shape[0] if source.shape else None
    extra = {
        tensor.name: _extra_input(file, tensor, card, batch) for tensor in file.inputs if tensor.name != source.name
    }
    unused = [name for name in card.extra_inputs if name not in extra]
    if unused:
        raise _error(file, f"the card gives values for {unused[0]!r}, which is no input of the model")
    return Binding(
        card=_with_names(card, source.name, output.name),
        dtype=SEQUENCE_DTYPES[source.dtype],
        fixed_batch=batch,
        extra_inputs=extra,
        output_shape=output.shape,
    )


def guess_layout(tensor: Tensor) -> str | None:
    """Return the layout that the axis of length 4 implies, or None where none or several fit."""
    shape = tensor.shape or ()
    fits = [
        layout
        for layout, (_, channel) in AXES.items()
        if len(shape) == len(layout) and shape[channel] == 4 and (layout != "NC1L" or shape[2] in (1, None))
    ]
    return fits[0] if len(fits) == 1 else None


def _with_names(card: ModelCard, input_name: str, output_name: str) -> ModelCard:
    return replace(card, input_name=input_name, output_name=output_name)


def _error(file: ModelFile, message: str, remedy: str | None = None, record: str | None = None) -> ModelError:
    return ModelError(message, path=file.path, record=record, remedy=remedy)


def _shape_text(tensor: Tensor) -> str:
    if tensor.shape is None:
        return "[unknown shape]"
    return "[" + ", ".join("?" if size is None else str(size) for size in tensor.shape) + "]"


def _sequence_input(file: ModelFile, card: ModelCard | None) -> Tensor:
    if card is not None and card.input_name is not None:
        named = [tensor for tensor in file.inputs if tensor.name == card.input_name]
        if not named:
            have = ", ".join(tensor.name for tensor in file.inputs) or "none"
            raise _error(file, f"no input is named {card.input_name!r}; inputs: {have}", record="input.name")
        return named[0]
    taken = () if card is None else tuple(card.extra_inputs)
    free = [tensor for tensor in file.inputs if tensor.name not in taken]
    likely = [tensor for tensor in free if guess_layout(tensor)]
    if len(likely) > 1:
        names = ", ".join(tensor.name for tensor in likely)
        raise _error(
            file,
            f"the model has {len(likely)} sequence inputs ({names}); gxfast feeds one sequence",
            "export a model with one sequence input",
        )
    if likely and len(free) > 1:
        others = ", ".join(tensor.name for tensor in free if tensor is not likely[0])
        raise _error(
            file,
            f"the model has inputs besides the sequence ({others}) and no values for them",
            _SELECT_INPUT,
        )
    if len(free) != 1:
        found = "; ".join(f"{tensor.name} {_shape_text(tensor)}" for tensor in file.inputs)
        raise _error(file, f"no input has an axis of length 4 for A, C, G, T: {found}", _SELECT_INPUT)
    return free[0]


def _output(file: ModelFile, card: ModelCard | None) -> Tensor:
    names = ", ".join(tensor.name for tensor in file.outputs)
    wanted = None if card is None else card.output_name
    if wanted is None and len(file.outputs) == 1:
        return file.outputs[0]
    if wanted is None:
        raise _error(
            file,
            f"the model has {len(file.outputs)} outputs ({names})",
            "name the one to use as output.name in a card",
        )
    chosen = [tensor for tensor in file.outputs if tensor.name == wanted]
    if not chosen:
        raise _error(file, f"no output is named {wanted!r}; outputs: {names}", record="output.name")
    return chosen[0]


def _default(file: ModelFile, source: Tensor, output: Tensor, length: int | None) -> ModelCard:
    layout = guess_layout(source)
    if layout is None or source.shape is None:
        raise _error(
            file,
            f"the layout of input {source.name!r} {_shape_text(source)} is not clear: one axis of length 4 is expected",
            "say input.layout and input.length in a card",
        )
    found = source.shape[AXES[layout][0]]
    if found is None and length is None:
        raise _error(
            file,
            "the model takes any sequence length, and no card says which one it is meant for",
            "give the length (Python: length=, command line: --window) or a card with input.length",
        )
    if found is not None and length is not None and found != length:
        raise _error(file, f"length {length} was asked for, but the model reads {found}", "leave --window out")
    chosen = found if found is not None else length
    if chosen is None or chosen < 1:
        raise _error(file, f"the sequence length must be positive, found {chosen}")
    rank = len(output.shape) if output.shape is not None else 2
    return default_card(
        file.path.stem,
        layout,
        length=chosen,
        input_name=source.name,
        output_name=output.name,
        output_layout="NBT" if rank == 3 else "NT",
    )


def _check_sequence_shape(file: ModelFile, source: Tensor, card: ModelCard) -> None:
    if source.dtype not in SEQUENCE_DTYPES:
        raise _error(
            file,
            f"input {source.name!r} is {source.dtype}; float32, float16 and float64 are supported",
            "export the model so that it reads one-hot sequences as float32",
        )
    layout, shape = card.layout, source.shape
    if shape is None:
        return
    if len(shape) != len(layout):
        raise _error(
            file,
            f"input {source.name!r} {_shape_text(source)} has rank {len(shape)}, layout {layout} has {len(layout)}",
            "correct input.layout in the card",
            "input.layout",
        )
    length_axis, channel_axis = AXES[layout]
    if shape[channel_axis] not in (4, None) or (layout == "NC1L" and shape[2] not in (1, None)):
        raise _error(
            file,
            f"input {source.name!r} {_shape_text(source)} does not fit layout {layout}: axis {channel_axis} "
            "must have length 4",
            "correct input.layout in the card",
            "input.layout",
        )
    if shape[length_axis] not in (card.length, None):
        raise _error(
            file,
            f"the model reads {shape[length_axis]} bases, the card says {card.length}",
            "correct input.length in the card",
            "input.length",
        )


def _extra_input(file: ModelFile, tensor: Tensor, card: ModelCard, batch: int | None) -> tuple[NDArray[Any], bool]:
    """Return the array for one constant input and whether it is a row to repeat over the batch."""
    record = f"extra_inputs.{tensor.name}"
    values = card.extra_inputs.get(tensor.name)
    if values is None:
        raise _error(file, f"the card gives no values for input {tensor.name!r}", _SELECT_INPUT, record)
    if tensor.dtype not in EXTRA_DTYPES:
        raise _error(file, f"an extra input of type {tensor.dtype} is not supported", None, record)
    array = np.asarray(values, np.float64).astype(EXTRA_DTYPES[tensor.dtype])
    if "int" in tensor.dtype and array.tolist() != list(values):
        raise _error(file, f"expected whole numbers for a {tensor.dtype} input", None, record)
    shape = tensor.shape if tensor.shape is not None else (None, len(values))
    row = shape[1:]
    if shape and shape[0] in (None, batch) and _fits(row, len(values)):
        return array.reshape((1, *_filled(row, len(values)))), True
    if None not in shape and math.prod(int(str(size)) for size in shape) == len(values):
        return array.reshape(_filled(shape, len(values))), False
    raise _error(
        file,
        f"the card gives {len(values)} values for input {tensor.name!r} {_shape_text(tensor)}",
        None,
        record,
    )


def _fits(shape: tuple[int | None, ...], n_values: int) -> bool:
    known = math.prod(size for size in shape if size is not None)
    unknown = sum(size is None for size in shape)
    return known == n_values if unknown == 0 else unknown == 1 and known > 0 and n_values % known == 0


def _filled(shape: tuple[int | None, ...], n_values: int) -> tuple[int, ...]:
    known = math.prod(size for size in shape if size is not None)
    return tuple(n_values // known if size is None else size for size in shape)
