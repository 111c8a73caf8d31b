"""Models: cards, sessions, importers, inspection.

``IMPORTERS`` maps the name of a weight format to ``module:function``; the function takes ``(source, output,
*, name=None)`` and options of its own, and returns the path of the ONNX file it wrote. A new importer is one line here,
or an entry point ``gxfast.models`` of another distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .._lazy import lazy_names
from .._plugins import MODELS, plugin_function, plugin_names
from ..errors import InputError

if TYPE_CHECKING:
    from .card import ModelCard, card_from_json, default_card, load_card
    from .front import code_input, edited_input, front_inputs
    from .importers.outputs import OutputOptions
    from .importers.tracks import read_tracks
    from .importers.xpresso import import_xpresso
    from .inspect import format_inspection, inspect_model
    from .runtime import runtime_facts
    from .session import Model
    from .verification import verify_model

__all__ = [
    "IMPORTERS",
    "Model",
    "ModelCard",
    "OutputOptions",
    "card_from_json",
    "code_input",
    "default_card",
    "edited_input",
    "format_inspection",
    "front_inputs",
    "import_xpresso",
    "importer",
    "importer_kinds",
    "inspect_model",
    "load_card",
    "read_tracks",
    "runtime_facts",
    "verify_model",
]

IMPORTERS: Final = {
    "basenji2": "gxfast.models.importers.basenji2:import_basenji2",
    "borzoi": "gxfast.models.importers.borzoi:import_borzoi",
    "enformer": "gxfast.models.importers.enformer:import_enformer",
    "expecto": "gxfast.models.importers.expecto_graph:import_expecto",
    "keras": "gxfast.models.importers.keras_stack:import_keras",
    "torch": "gxfast.models.importers.torch_module:import_torch",
    "xpresso": "gxfast.models.importers.xpresso:import_xpresso",
}


def importer_kinds() -> tuple[str, ...]:
    """Return the names that `importer` knows: those of `IMPORTERS`, then those that other distributions add."""
    return (*IMPORTERS, *(name for name in plugin_names(MODELS) if name not in IMPORTERS))


def importer(kind: str) -> Callable[..., Path]:
    """Return the importer registered under a name.

    Raises
    ------
    InputError
        If there is none of that name (the message lists the names), or the distribution that adds it is broken.
    """
    if kind not in importer_kinds():
        raise InputError(f"no importer is named {kind!r}; there are: {', '.join(importer_kinds())}")
    if kind not in IMPORTERS:
        return plugin_function(MODELS, kind)
    module, _, function = IMPORTERS[kind].partition(":")
    found: Callable[..., Path] = getattr(import_module(module), function)
    return found


__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "card": ("ModelCard", "card_from_json", "default_card", "load_card"),
        "front": ("code_input", "edited_input", "front_inputs"),
        "importers.outputs": ("OutputOptions",),
        "importers.tracks": ("read_tracks",),
        "importers.xpresso": ("import_xpresso",),
        "inspect": ("format_inspection", "inspect_model"),
        "runtime": ("runtime_facts",),
        "session": ("Model",),
        "verification": ("verify_model",),
    },
)
