"""One-hot encoding and edits inside the ONNX graph: a model that reads base codes instead of floats.

A one-hot float32 sequence is 16 bytes per base; its codes (A, C, G, T = 0, 1, 2, 3; unknown = 4) are one, and
an edit of a reference that is sent once is seventeen bytes in all. The graph passes here put a small front before
the model's sequence input that makes the same floats from the codes, bit for bit, on the device. The tensor of
the old input keeps its name, so nothing behind the front changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ModelError
from ._contract import SEQUENCE_DTYPES
from .card import AXES, METADATA_KEY, ModelCard
from .onnx_writer import GraphWriter, names_in, opset_of
from .saving import set_metadata

if TYPE_CHECKING:
    import onnx

__all__ = [
    "FRONT_KERNELS", "FRONT_KEY", "code_input", "edited_input", "front_inputs", "read_codes", "session_inputs",
    "supports_front",
]  # fmt: skip

# Metadata entry that names the inputs of the front.
FRONT_KEY: Final = "gxfast.front"
# What a front may use: per operator the first opset that has it and the element types of its inputs. Both
# execution providers have a kernel for each of them, so a GPU session needs no copy back to the host.
# Source: docs/OperatorKernels.md of onnxruntime (commit 001d12d), tables of CPUExecutionProvider and
# CUDAExecutionProvider. Not here on purpose: Equal (no uint8 on CUDA), OneHot (no int32 indices on the CPU).
_FLOATS: Final = frozenset(SEQUENCE_DTYPES)
_UINT8, _INT32, _INT64 = frozenset({"uint8"}), frozenset({"int32"}), frozenset({"int64"})
FRONT_KERNELS: Final[dict[str, tuple[int, tuple[frozenset[str], ...]]]] = {
    "Cast": (6, (_UINT8,)),
    "Gather": (1, (_FLOATS, _INT32)),
    "Transpose": (1, (_FLOATS,)),
    "Unsqueeze": (1, (_FLOATS, _INT64)),
    "Expand": (8, (_UINT8, _INT64)),
    "ScatterND": (11, (_UINT8, _INT64, _UINT8)),
}
MIN_OPSET: Final = 7  # the oldest that onnxruntime promises to run
_UNKNOWN: Final[dict[str | float, str]] = {"zero": "zero", "quarter": "quarter", 0.0: "zero", 0.25: "quarter"}


def code_input(
    model: onnx.ModelProto,
    input_name: str,
    *,
    layout: str,
    channels: str = "ACGT",
    unknown: str | float = "zero",
) -> onnx.ModelProto:
    """Return a copy of a model that reads base codes instead of a one-hot sequence.

    The input is replaced, in its place, by ``INPUT_codes``: uint8 (N, L), as `gxfast.codes` gives them, N and
    L as declared by the model. Codes above 4 are an error of the caller: the CPU refuses them, CUDA does not
    look. `front_inputs` tells the name of the input; a card in the metadata is made to name it, too.

    Parameters
    ----------
    model : onnx.ModelProto
        Not changed. External data stay where they are and are not read.
    input_name : str
        The sequence input; float32, float16 or float64, which is also the type of the encoding.
    layout : {"NLC", "NCL", "NC1L", "NCL1", "NL1C", "NLC1", "N1LC", "N1CL"}
    channels : str
        Order of the channels, a permutation of ``"ACGT"``.
    unknown : {"zero", "quarter"} or {0.0, 0.25}
        Value of all four channels at an unknown base.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    InputError
        If an option is not one of those above.
    ModelError
        If there is no such input, its type or shape does not fit, or the opset is below 7.
    """
    return _with_front(deepcopy(model), input_name, False, layout, channels, unknown)


def edited_input(
    model: onnx.ModelProto,
    input_name: str,
    *,
    layout: str,
    channels: str = "ACGT",
    unknown: str | float = "zero",
) -> onnx.ModelProto:
    """Return a copy of a model that reads one reference sequence and edits of it.

    The sequence input is replaced, in its place and in this order, by ``INPUT_reference`` uint8 (1, L) codes,
    ``INPUT_shape`` int64 (2,) = (N, L), ``INPUT_index`` int64 (K, 2) = (row, position) and ``INPUT_base`` uint8
    (K,) codes: substitutions, any number per row. Where one (row, position) comes twice, which one wins is not
    defined.

    Rows and positions outside the batch are an error of the caller: the CPU refuses them, CUDA does not look.

    Parameters
    ----------
    model, input_name, layout, channels, unknown
        As in `code_input`.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    InputError
        If an option is not one of those above.
    ModelError
        As `code_input`, with opset 11 as the oldest.
    """
    return _with_front(deepcopy(model), input_name, True, layout, channels, unknown)


def front_inputs(model: onnx.ModelProto) -> dict[str, str]:
    """Return the names of a front's inputs by their role (``codes``; or ``reference``, ``position``, ...).

    Raises
    ------
    ModelError
        If the model has no front.
    """
    for entry in model.metadata_props:
        if entry.key == FRONT_KEY:
            return {str(role): str(name) for role, name in json.loads(entry.value)["inputs"].items()}
    raise ModelError("the model has no front that gxfast made", remedy="make one with code_input or edited_input")


def read_codes(model: Any, card: ModelCard, path: Path) -> Any:
    """Let a model (an onnx.ModelProto, which is changed) read codes; return it.

    Parameters
    ----------
    model : onnx.ModelProto
    card : ModelCard
        With ``input_name`` filled in.
    path : Path
        The file, for messages.

    Raises
    ------
    ModelError
        As `code_input`.
    """
    name = str(card.input_name)
    try:
        _with_front(model, name, False, **card.encoding)
    except ModelError as error:
        raise ModelError(error.message, path=path, record=name, remedy=error.remedy) from None
    return model


def session_inputs(session: Any) -> dict[str, str]:
    """Return what `front_inputs` does, of an onnxruntime session."""
    names: dict[str, str] = json.loads(session.get_modelmeta().custom_metadata_map[FRONT_KEY])["inputs"]
    return names


def supports_front(opset: dict[str, int]) -> bool:
    """Return whether a model of these operator set versions can read codes."""
    return opset.get("ai.onnx", 0) >= MIN_OPSET


def _with_front(model: Any, input_name: str, edited: bool, layout: str, channels: str, unknown: str | float) -> Any:
    """Put a front into ``model`` itself."""
    if layout not in AXES:
        raise InputError(f"layout must be one of {', '.join(AXES)}, found {layout!r}")
    if unknown not in _UNKNOWN:
        raise InputError(f"unknown must be zero, quarter, 0.0 or 0.25, found {unknown!r}")
    front = _Front(model, input_name, layout)
    table = _rows(front.dtype, channels, _UNKNOWN[unknown])
    batch, length = front.dims
    codes = _edited(front, length) if edited else front.read("codes", "uint8", [batch, length])
    front.encode(codes, table)
    front.finish("haplotypes" if edited else "codes")
    return model


def _rows(dtype: str, channels: str, unknown: str) -> NDArray[Any]:
    """Return the encoding of the codes 0..4, (5, 4): by the encoder of the host, so that the bits are its."""
    from ..encode.one_hot import one_hot

    table: NDArray[Any] = one_hot(
        np.arange(5, dtype=np.uint8),
        layout="NLC",
        dtype=SEQUENCE_DTYPES[dtype],
        unknown=unknown,
        channels=channels,
    )
    return table


def _edited(front: _Front, length: Any) -> str:
    reference = front.read("reference", "uint8", [1, length])
    shape, n_edits = front.read("shape", "int64", [2]), front.free(f"{front.prefix}edits")
    index, base = front.read("index", "int64", [n_edits, 2]), front.read("base", "uint8", [n_edits])
    return front.add("ScatterND", front.add("Expand", reference, shape), index, base)


class _Front(GraphWriter):
    """The nodes and inputs of a front while they are put together.

    Attributes
    ----------
    dtype : str
        ONNX element type of the sequence input, in lower case.
    dims : list of two (int, str or None)
        Declared batch size and length: fixed, symbolic or unknown.
    """

    def __init__(self, model: Any, input_name: str, layout: str) -> None:
        super().__init__(opset=opset_of(model), prefix=f"{input_name}_", taken=names_in(model.graph))
        self._model, self._old, self._layout = model, input_name, layout
        self._roles: dict[str, str] = {}
        if self.opset < MIN_OPSET:
            raise self._error(f"opset {self.opset or 'none'} is too old", "export the model with opset 11 or newer")
        self._at = self._place()
        tensor = model.graph.input[self._at].type.tensor_type
        self.dtype = self._checked_dtype(tensor)
        self.dims = self._checked_dims(tensor)

    def _error(self, message: str, remedy: str | None = None) -> ModelError:
        return ModelError(message, record=self._old, remedy=remedy)

    def _place(self) -> int:
        graph = self._model.graph
        names = [value.name for value in graph.input]
        if self._old not in names or any(tensor.name == self._old for tensor in graph.initializer):
            raise self._error(f"no input is named {self._old!r}; inputs: {', '.join(names) or 'none'}")
        return names.index(self._old)

    def _checked_dtype(self, tensor: Any) -> str:
        from onnx import TensorProto

        dtype = str(TensorProto.DataType.Name(tensor.elem_type).lower())
        if dtype not in _FLOATS:
            raise self._error(f"input {self._old!r} is {dtype}; float32, float16 and float64 can be one-hot sequences")
        return dtype

    def _checked_dims(self, tensor: Any) -> list[int | str | None]:
        if not tensor.HasField("shape"):
            return [None, None]
        dims: list[int | str | None] = [
            # exporters write 0 or -1 for "any size" where they do not write a name
            dim.dim_param or (dim.dim_value if dim.dim_value > 0 else None)
            for dim in tensor.shape.dim
        ]
        length, channel = AXES[self._layout]
        fits = len(dims) == len(self._layout) and not (isinstance(dims[channel], int) and dims[channel] != 4)
        ones = [dim for dim, axis in zip(dims, self._layout, strict=False) if axis == "1"]
        fits = fits and all(not isinstance(dim, int) or dim == 1 for dim in ones)
        if not fits:
            shape = ", ".join("?" if size is None else str(size) for size in dims)
            raise self._error(f"input {self._old!r} [{shape}] does not fit layout {self._layout}")
        return [dims[0], dims[length]]

    def read(self, role: str, dtype: str, shape: list[Any]) -> str:
        """Declare an input of the new graph; return its name."""
        self._roles[role] = self.input(self.free(f"{self._old}_{role}"), shape, dtype)
        return self._roles[role]

    def append(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], *, name: str = "", **attributes: Any
    ) -> None:
        """Append a node, if the opset has the operator."""
        since = FRONT_KERNELS[kind][0]
        if self.opset < since:
            raise self._error(
                f"the model is of opset {self.opset}; operator {kind} came with opset {since}",
                f"export the model with opset {since} or newer",
            )
        super().append(kind, inputs, outputs, name=name, **attributes)

    def encode(self, codes: str, table: NDArray[Any]) -> None:
        """Append codes (N, L) -> one-hot in the layout, under the name of the old input."""
        from onnx import TensorProto

        index = self.add("Cast", codes, to=int(TensorProto.INT32))
        length, channel = AXES[self._layout]
        turned, one = channel < length, self._layout.find("1")
        last = None if turned or one > 0 else self._old
        x = self.add("Gather", self.constant(table), index, output=last, axis=0)
        if turned:
            x = self.add("Transpose", x, output=None if one > 0 else self._old, perm=[0, 2, 1])
        if one > 0:
            self.unsqueeze(x, one, output=self._old)

    def finish(self, kind: str) -> None:
        """Put everything into the model: inputs, nodes, what was known of the shape, metadata."""
        graph = self._model.graph
        old = _copied_value(graph.input[self._at])
        del graph.input[self._at]
        self.put_into(self._model, first=True, input_at=self._at)
        if all(value.name != self._old for value in (*graph.output, *graph.value_info)):
            graph.value_info.append(old)
        set_metadata(self._model, FRONT_KEY, json.dumps({"kind": kind, "inputs": self._roles}))
        _rename_in_card(self._model, self._old, next(iter(self._roles.values())))


def _copied_value(value: Any) -> Any:
    """Copy the declaration of a tensor; sizes that no inference can confirm (0, -1) become unknown."""
    copy = deepcopy(value)
    for dim in copy.type.tensor_type.shape.dim:
        if dim.HasField("dim_value") and dim.dim_value < 1:
            dim.ClearField("dim_value")
    return copy


def _rename_in_card(model: Any, old: str, new: str) -> None:
    """Make the card in the metadata, where there is one, name the input that took the place of the old one."""
    for entry in model.metadata_props:
        if entry.key != METADATA_KEY:
            continue
        try:
            card = json.loads(entry.value)
            if card["input"].get("name") in (None, old):
                card["input"]["name"] = new
                entry.value = json.dumps(card, ensure_ascii=False, separators=(",", ":"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # no card that could be read; it is refused, with its reason, where it is used
