"""Bind a card to a graph: the sequence input, the constants of the other inputs, the output that counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ._file import ModelFile, Tensor
from .card import AXES, TOKENS, ModelCard, clean_name, empty_card

__all__ = ["Binding", "bind", "chosen_output", "fitting_layouts", "sequence_input"]

SEQUENCE_DTYPES: Final = {"float": "float32", "float16": "float16", "double": "float64"}
WHOLE_DTYPES: Final = ("bool", "uint8", "int8", "int32", "int64")  # of tokens, and of one-hot without fractions
MAX_EXTRA: Final = 8  # channels that may be constants
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
        NumPy name of the type of the one-hot array that is fed.
    adapted : bool
        Whether the graph reads something else, which is made of it in front (`adapter`).
    fixed_batch : int or None
        Batch size the graph was exported with, where it fixes one.
    extra_inputs : dict of str to (array, bool)
        Values of the other inputs; True where the array is one row, to be repeated over the batch.
    output_shape : tuple of (int or None) or None
        Declared shape of the output that is used.
    """

    card: ModelCard
    dtype: str
    adapted: bool
    fixed_batch: int | None
    extra_inputs: dict[str, tuple[NDArray[Any], bool]]
    output_shape: tuple[int | None, ...] | None


def bind(file: ModelFile, card: ModelCard | None, *, length: int | None = None) -> Binding:
    """Check the graph of ``file`` against its card, and take what the card leaves open from the graph.

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
    card = card or empty_card()
    source, output = sequence_input(file, card), chosen_output(file, card)
    card = _completed(file, card, source, output, length)
    _check_sequence_shape(file, source, card)
    batch = source.shape[0] if source.shape else None
    _check_rows(file, source, output, batch)
    extra = {
        tensor.name: _extra_input(file, tensor, card, batch) for tensor in file.inputs if tensor.name != source.name
    }
    unused = [name for name in card.extra_inputs if name not in extra]
    if unused:
        raise _error(file, f"the card gives values for {unused[0]!r}, which is no input of the model")
    return Binding(
        card=replace(card, input_name=source.name, output_name=output.name),
        dtype=SEQUENCE_DTYPES.get(source.dtype, "float32"),
        adapted=source.dtype not in SEQUENCE_DTYPES or card.fed_layout != card.layout or bool(card.extra_channels),
        fixed_batch=batch,
        extra_inputs=extra,
        output_shape=output.shape,
    )


def _check_rows(file: ModelFile, source: Tensor, output: Tensor, batch: int | None) -> None:
    for suspect in file.suspects:
        if suspect.counts(source.name, output.name, batch):
            raise _error(
                file, f"the rows of a batch are not independent: it {suspect.reason}", suspect.remedy, suspect.node
            )


def fitting_layouts(tensor: Tensor, n_channels: int = 4) -> tuple[str, ...]:
    """Return the layouts that a shape allows; of those with an axis of length 1, one that was always taken alone."""
    shape = tensor.shape or ()
    fits = tuple(
        layout
        for layout, (length, channel) in AXES.items()
        if len(shape) == len(layout) and shape[channel] == n_channels and shape[length] != 1
        and all(size in (1, None) for size, axis in zip(shape, layout, strict=True) if axis == "1")
    )  # fmt: skip
    return ("NC1L",) if "NC1L" in fits else fits


def guess_layout(tensor: Tensor, n_channels: int = 4) -> str | None:
    """Return the layout that the axis of the channels implies, or None where none or several fit."""
    fits = fitting_layouts(tensor, n_channels)
    return fits[0] if len(fits) == 1 else None


def _error(file: ModelFile, message: str, remedy: str | None = None, record: str | None = None) -> ModelError:
    return ModelError(message, path=file.path, record=record, remedy=remedy)


def _shape_text(tensor: Tensor) -> str:
    if tensor.shape is None:
        return "[unknown shape]"
    return "[" + ", ".join("?" if size is None else str(size) for size in tensor.shape) + "]"


def sequence_input(file: ModelFile, card: ModelCard) -> Tensor:
    """Return the input that reads the sequence: the one the card names, or the only one that can be it."""
    if card.input_name is not None:
        named = [tensor for tensor in file.inputs if tensor.name == card.input_name]
        if not named:
            have = ", ".join(tensor.name for tensor in file.inputs) or "none"
            raise _error(
                file, f"no input is named {card.input_name!r}; inputs: {have}", "name one of them in the card",
                record="input.name",
            )  # fmt: skip
        return named[0]
    free = [tensor for tensor in file.inputs if tensor.name not in card.extra_inputs]
    likely = [tensor for tensor in free if fitting_layouts(tensor, 4 + len(card.extra_channels))]
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


def chosen_output(file: ModelFile, card: ModelCard) -> Tensor:
    """Return the output that the card names, or the only one."""
    names = ", ".join(tensor.name for tensor in file.outputs)
    if card.output_name is None and len(file.outputs) == 1:
        return file.outputs[0]
    if card.output_name is None:
        raise _error(
            file,
            f"the model has {len(file.outputs)} outputs ({names})",
            f'name the one to use in a card, a file {file.path.stem}.card.json beside the model: {{"gxfast_card": 1, '
            f'"output": {{"name": "{file.outputs[0].name}"}}}} is enough',
        )
    chosen = [tensor for tensor in file.outputs if tensor.name == card.output_name]
    if not chosen:
        raise _error(
            file, f"no output is named {card.output_name!r}; outputs: {names}", "name one of them in the card",
            record="output.name",
        )  # fmt: skip
    return chosen[0]


def _completed(file: ModelFile, card: ModelCard, source: Tensor, output: Tensor, length: int | None) -> ModelCard:
    """Return the card with what it leaves open taken from the graph."""
    layout = card.layout or _layout(file, card, source)
    size = _length(file, card, source, layout, length)
    index = card.tss_index or {"+": size // 2, "-": size // 2}
    if max(index.values()) >= size:
        message = f"index {max(index.values())} is outside the {size} bases that the model reads"
        raise _error(file, message, "correct window.tss_index in the card", "window.tss_index")
    of_rank = "NBT" if output.shape is not None and len(output.shape) == 3 else "NT"
    if (card.output_layout or of_rank) == "NT" and (card.bins is not None or card.reduce != "none"):
        raise _error(
            file, "output layout NT has no bins", "set output.layout to NBT or NTB in the card", "output.layout"
        )
    return replace(
        card,
        name=card.name or clean_name(file.path.stem),
        layout=layout,
        length=size,
        tss_index=index,
        output_layout=card.output_layout or of_rank,
    )


def _layout(file: ModelFile, card: ModelCard, source: Tensor) -> str:
    layout = guess_layout(source, 4 + len(card.extra_channels))
    if layout is None:
        what = f"the layout of input {source.name!r} {_shape_text(source)} is not clear"
        raise _error(file, *_layout_advice(what, source))
    return layout


def _layout_advice(what: str, source: Tensor) -> tuple[str, str]:
    """Say what may be the matter with an input, and what helps."""
    shape, fits = source.shape or (), fitting_layouts(source)
    if fits:
        return f"{what}: {' or '.join(fits)}", "say input.layout in a card"
    more = [size for size in shape[1:] if size is not None and 4 < size <= 4 + MAX_EXTRA]
    if len(shape) > 2 and more:
        remedy = (
            f"if it is four bases and {min(more) - 4} channels that are the same for every sequence, give them "
            f'in a card: "input": {{"extra_channels": [{", ".join(["0"] * (min(more) - 4))}]}}; otherwise export '
            "a model of four channels"
        )
        return f"{what}: one axis of length 4 is expected", remedy
    if len(shape) == 2 and source.dtype not in SEQUENCE_DTYPES:
        remedy = (
            'if it reads a number per base, say so in a card: "input": {"layout": "NL", "tokens": {"A": 0, "C": 1, '
            '"G": 2, "T": 3, "N": 4}} with the model\'s own numbers'
        )
        return f"{what}: one axis of length 4 is expected", remedy
    if source.shape is None or None in shape:
        return f"{what}: one axis of length 4 is expected", "say input.layout and input.length in a card"
    return f"{what}: one axis of length 4 is expected", "export a model that reads one-hot sequences"


def _length(file: ModelFile, card: ModelCard, source: Tensor, layout: str, length: int | None) -> int:
    """Return the bases that are read: of the card, the graph or the caller, who may not contradict each other."""
    if card.length and length is not None and length != card.length:
        raise _error(file, f"length {length} was asked for, but the card says {card.length}", "leave one out")
    if card.length:
        return card.length
    axis = layout.index("L")
    found = source.shape[axis] if source.shape is not None and len(source.shape) == len(layout) else None
    if found is None and length is None:
        raise _error(
            file,
            "the model takes any sequence length, and no card says which one it is meant for",
            "give the length with `length=`, or a card with input.length",
        )
    if found is not None and length is not None and found != length:
        raise _error(file, f"length {length} was asked for, but the model reads {found}", "leave `length=` out")
    chosen = found if found is not None else length
    if chosen is None or chosen < 1:
        raise _error(file, f"the sequence length must be positive, found {chosen}")
    return chosen


def _check_sequence_shape(file: ModelFile, source: Tensor, card: ModelCard) -> None:
    _check_dtype(file, source, card)
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
    wanted = {"C": 4 + len(card.extra_channels), "1": 1}
    for axis, letter in enumerate(layout):
        if letter in wanted and shape[axis] not in (wanted[letter], None):
            raise _error(
                file,
                f"input {source.name!r} {_shape_text(source)} does not fit layout {layout}: axis {axis} "
                f"must have length {wanted[letter]}",
                "correct input.layout in the card" + (", or input.extra_channels" if letter == "C" else ""),
                "input.layout",
            )
    if shape[layout.index("L")] not in (card.length, None):
        raise _error(
            file,
            f"the model reads {shape[layout.index('L')]} bases, the card says {card.length}",
            "correct input.length in the card",
            "input.length",
        )


def _check_dtype(file: ModelFile, source: Tensor, card: ModelCard) -> None:
    """Refuse types that no sequence has: texts, complex numbers, tokens that are no whole numbers."""
    if card.layout == TOKENS and source.dtype in SEQUENCE_DTYPES:
        message = f"input {source.name!r} is {source.dtype}, but layout NL reads whole numbers"
        raise _error(file, message, "correct input.layout in the card", "input.layout")
    if source.dtype not in SEQUENCE_DTYPES and source.dtype not in WHOLE_DTYPES:
        raise _error(
            file,
            f"input {source.name!r} is {source.dtype}; {', '.join([*SEQUENCE_DTYPES.values(), *WHOLE_DTYPES])} are "
            "supported",
            "export the model so that it reads one-hot sequences as float32",
        )
    if source.dtype not in SEQUENCE_DTYPES and card.unknown:
        message = f"input {source.name!r} is {source.dtype}, which cannot hold 0.25"
        raise _error(file, message, "set input.unknown to 0.0 in the card", "input.unknown")


def _extra_input(file: ModelFile, tensor: Tensor, card: ModelCard, batch: int | None) -> tuple[NDArray[Any], bool]:
    """Return the array for one constant input and whether it is a row to repeat over the batch."""
    record = f"extra_inputs.{tensor.name}"
    given = card.extra_inputs.get(tensor.name)
    if given is None:
        raise _error(file, f"the card gives no values for input {tensor.name!r}", _SELECT_INPUT, record)
    if tensor.dtype not in EXTRA_DTYPES:
        raise _error(file, f"an extra input of type {tensor.dtype} is not supported", None, record)
    values = given if isinstance(given, tuple) else (given,) * _n_values(tensor, batch)
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


def _n_values(tensor: Tensor, batch: int | None) -> int:
    """How many values one row of an input has (all of it, where its first axis is not the batch's); 1 if unknown."""
    shape = tensor.shape or ()
    sizes = shape[1:] if shape and shape[0] in (None, batch) else shape
    return math.prod(size for size in sizes if size is not None)


def _fits(shape: tuple[int | None, ...], n_values: int) -> bool:
    known = math.prod(size for size in shape if size is not None)
    unknown = sum(size is None for size in shape)
    return known == n_values if unknown == 0 else unknown == 1 and known > 0 and n_values % known == 0


def _filled(shape: tuple[int | None, ...], n_values: int) -> tuple[int, ...]:
    known = math.prod(size for size in shape if size is not None)
    return tuple(n_values // known if size is None else size for size in shape)
