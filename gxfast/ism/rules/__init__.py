"""Rules: how each operator carries an interval of changed positions from its inputs to its outputs.

A rule takes a `Context` and returns a `Span` (the same for every output), a list with one per output, or a text:
the reason why the operator is a barrier. It works on whole arrays of intervals at once. `register` adds a rule
for an operator, also from outside gxfast; the name is ``"domain::Operator"`` outside ONNX's own domain.
"""

from __future__ import annotations

from . import convolution, dense, movement, normalization, pointwise
from ._context import Context, Rule, Span, union
from ._registry import register, rule_of

__all__ = [
    "Context",
    "Rule",
    "Span",
    "convolution",
    "dense",
    "movement",
    "normalization",
    "pointwise",
    "register",
    "rule_of",
    "union",
]
