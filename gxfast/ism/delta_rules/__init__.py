"""Delta rules: how each operator acts on windows of changes. A registry; one file per family of operators.

A rule takes the `Emitter` and the node, appends nodes and records the output in delta or value form. It raises
`UnsupportedError` with the reason where it cannot: then the node is a barrier. `register` adds a rule for an
operator, also from outside gxfast.
"""

from __future__ import annotations

from . import convolution, dense, movement, pointwise, pool
from ._registry import register, rule_of

__all__ = ["convolution", "dense", "movement", "pointwise", "pool", "register", "rule_of"]
