"""The table of reverse rules: operator to function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ._context import Rule

__all__ = ["register", "rule_of"]

_RULES: Final[dict[str, Rule]] = {}


def register(*op_types: str) -> Callable[[Rule], Rule]:
    """Make the decorated function the reverse rule of these operators, instead of any it replaces."""

    def add(rule: Rule) -> Rule:
        for op_type in op_types:
            _RULES[op_type] = rule
        return rule

    return add


def rule_of(op_type: str) -> Rule | None:
    """Return the reverse rule of an operator, or None."""
    return _RULES.get(op_type)
