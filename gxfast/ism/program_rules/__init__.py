"""How each operator becomes steps of the compiled executor. A registry; one file per family of operators.

A rule takes the `Builder` and the node, adds steps and declares the output. It raises `UnsupportedError` with the
reason where it cannot: then the node is a barrier. `register` adds a rule for an operator, also from outside gxfast.
"""

from __future__ import annotations

from . import convolution, dense, movement, normalization, pointwise, pool
from ._registry import register, rule_of

__all__ = ["convolution", "dense", "movement", "normalization", "pointwise", "pool", "register", "rule_of"]
