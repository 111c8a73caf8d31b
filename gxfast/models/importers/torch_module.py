"""Any PyTorch module that reads one one-hot sequence: the generic route."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..card import ModelCard, card_from_json
from ._state_dict import read_state_dict
from ._torch_export import export_module, first_line, loaded, needed

__all__ = ["import_torch"]


def import_torch(
    factory: str, output: str | Path, *, name: str | None = None, weights: str | Path | None = None,
    length: int | None = None, layout: str = "NCL", output_layout: str | None = None, check: bool = True,
) -> Path:  # fmt: skip
    """Convert the module that a function of the user's makes.

    Parameters
    ----------
    factory : str
        ``module:function``; called without arguments, returns a ``torch.nn.Module``. It is imported, and so executed.
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    name : str, optional
        That of the function by default.
    weights : str or Path
        Parameters for the module (``.pth``, ``.safetensors``, ``.npz``): data alone, no code in it runs. By default
        those the function made.
    length : int
        Bases the module reads.
    layout : {"NCL", "NLC", "NC1L"}
    output_layout : {"NT", "NBT", "NTB"}, optional
        ``NT`` for an output of two axes; of three axes it must be said.
    check : bool
        Compare the file with PyTorch on two sequences.

    The card has the TSS in the middle and minus-strand genes reverse-complemented; write one beside the model to say
    otherwise.

    Raises
    ------
    InputError
        If something named does not exist or does not fit.
    ModelError
        If the module cannot be exported, or the file computes something else.
    """
    torch = needed("torch", "torch")
    if length is None:
        raise InputError("the number of bases is not known", remedy="give it with `length=`")
    module = _made(torch, factory)
    if weights is not None:
        loaded(module, read_state_dict(weights), weights)
    module.eval()
    shapes = {"NCL": (4, length), "NLC": (length, 4), "NC1L": (4, 1, length)}
    if layout not in shapes:
        raise InputError(f"unknown layout {layout!r}", remedy="choose NCL, NLC or NC1L")
    layout_out = _output_layout(torch, module, shapes[layout], output_layout)
    card = ModelCard(
        name=name or factory.rpartition(":")[2], layout=layout, length=length,
        tss_index={"+": length // 2, "-": length // 2}, input_name="sequence", output_name="prediction",
        output_layout=layout_out,
    )  # fmt: skip
    card = card_from_json(card.to_json(), source=factory)
    return export_module(module, card, shapes[layout], Path(output), check=check)[0]


def _made(torch: Any, factory: str) -> Any:
    where, colon, function = factory.partition(":")
    if not colon or not where or not function:
        raise InputError(f"{factory!r} names no function", remedy="write package.module:function")
    sys.path.insert(0, os.getcwd())  # as python -m does
    try:
        made = getattr(import_module(where), function)()
    except (ImportError, AttributeError, TypeError) as error:
        raise InputError(f"{factory} cannot be called: {error}", remedy="write package.module:function") from error
    finally:
        sys.path.pop(0)
    if not isinstance(made, torch.nn.Module):
        raise InputError(f"{factory} returned {type(made).__name__}, not a torch.nn.Module")
    return made


def _output_layout(torch: Any, module: Any, shape: tuple[int, ...], stated: str | None) -> str:
    try:
        with torch.no_grad():
            found = module(torch.zeros(1, *shape))
    except Exception as error:
        raise InputError(
            f"the module does not run on an input of shape (1, {', '.join(map(str, shape))}): " + first_line(error),
            remedy="check `length=` and `layout=`",
        ) from error
    axes = getattr(found, "ndim", None)
    if axes not in (2, 3):
        raise InputError(
            f"the module returns {type(found).__name__}" + (f" of {axes} axes" if axes is not None else ""),
            remedy="return one tensor, (N, tracks), (N, bins, tracks) or (N, tracks, bins)",
        )
    if (stated is None and axes == 3) or (stated is not None and (len(stated) != axes)):
        raise InputError(
            f"the output has shape {tuple(found.shape)}", remedy="say with `output_layout=` what its axes are: "
            + ("NBT (bins, tracks) or NTB" if axes == 3 else "NT"),
        )  # fmt: skip
    return stated or "NT"
