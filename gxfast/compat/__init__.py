"""Drop-in twins of the encoders and mutators of other sequence tool kits.

``gxfast.compat.<tool>`` holds functions with the names, signatures, dtypes, layouts, unknown-base conventions and
exception types of that tool, computed by the gxfast kernels. The tool itself is imported only when an argument
has to be handed on to it (see ``docs/drop_in.md``). `gxfast.patch` puts them in the tool's place.
"""

from __future__ import annotations

from .._lazy import lazy_names

__all__ = [
    "basenji",
    "baskerville",
    "crested",
    "enformer_pytorch",
    "grelu",
    "kipoiseq",
    "scipy",
    "selene",
    "seqpro",
    "sklearn",
    "statsmodels",
    "tangermeme",
    "tensorqtl",
]

__getattr__, __dir__ = lazy_names(__name__, {}, modules=__all__)
