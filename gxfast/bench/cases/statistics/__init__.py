"""Statistics: correlation of rows, p values, false discovery rate, models of one gene, beside plain scripts."""

from __future__ import annotations

from ...registry import Case
from . import correlation, discovery, gene_models

__all__ = ["cases"]


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return correlation.cases() | discovery.cases() | gene_models.cases()
