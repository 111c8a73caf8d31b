"""Operators: how each is followed by mutagenesis, gradients and contributions. One registry, one file per family.

`registry` says what an `Operator` is and how to `register` one from outside gxfast.
"""

from __future__ import annotations

from . import (
    activation,
    axes,
    convolution,
    dense,
    movement,
    normalization,
    pointwise,
    pool,
    recurrent,
    reduction,
    resize,
)
from .builder import Builder
from .context import Context, Gradients, Reverse, Span, union
from .emitter import Emitter
from .errors import UnsupportedError
from .registry import Operator, operator_of, register
from .rescale import Multiplier, Rescale, at_middle, rescaled

__all__ = [
    "Builder",
    "Context",
    "Emitter",
    "Gradients",
    "Multiplier",
    "Operator",
    "Rescale",
    "Reverse",
    "Span",
    "UnsupportedError",
    "activation",
    "at_middle",
    "axes",
    "convolution",
    "dense",
    "movement",
    "normalization",
    "operator_of",
    "pointwise",
    "pool",
    "recurrent",
    "reduction",
    "register",
    "rescaled",
    "resize",
    "union",
]
