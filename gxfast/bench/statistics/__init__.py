"""Statistics: correlation of rows, p values, false discovery rate, elastic net, beside what people use for them."""

from __future__ import annotations

from collections.abc import Callable

from ..result import Row
from . import correlation, discovery, heads, mapping, penalised

__all__ = ["cases"]


def cases() -> dict[str, Callable[[str], Row]]:
    """Return the cases by name."""
    return correlation.cases() | discovery.cases() | mapping.cases() | penalised.cases() | heads.cases()
