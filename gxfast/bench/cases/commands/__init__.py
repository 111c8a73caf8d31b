"""Whole commands: gxfast's, and scripts with the package's own dependencies; `gxfast.bench.commands` measures them."""

from __future__ import annotations

from ...registry import Case
from . import apply, baseline, dry_run, eqtl, haplotypes

__all__ = ["cases"]


def cases() -> dict[str, Case]:
    """Return the cases by name, in the order in which they run."""
    found: dict[str, Case] = {}
    for family in (eqtl, baseline, apply, haplotypes, dry_run):
        found |= family.cases()
    return found
