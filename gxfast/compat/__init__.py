"""Drop-in twins of the encoders and mutators of other sequence tool kits.

``gxfast.compat.<tool>`` holds functions with the names, signatures, dtypes, layouts, unknown-base conventions and
exception types of that tool, computed by the gxfast kernels. The tool itself is imported only when an argument
has to be handed on to it (see ``docs/drop_in.md``). `gxfast.patch` puts them in the tool's place.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = [
    "basenji",
    "baskerville",
    "crested",
    "enformer_pytorch",
    "grelu",
    "kipoiseq",
    "selene",
    "seqpro",
    "tangermeme",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
