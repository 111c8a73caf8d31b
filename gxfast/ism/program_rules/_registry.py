"""The registry of the rules of the compiled executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..graph.view import Node
from ..ops.builder import Builder

__all__ = ["Rule", "register", "rule_of"]

Rule = Callable[[Builder, Node], None]
_RULES: Final[dict[str, Rule]] = {}


def register(*op_types: str) -> Callable[[Rule], Rule]:
    """Make the decorated function the rule of these operators."""

    def add(rule: Rule) -> Rule:
        for op_type in op_types:
            _RULES[op_type] = rule
        return rule

    return add


def rule_of(op_type: str) -> Rule | None:
    """Return the rule of an operator, or None."""
    return _RULES.get(op_type)
