"""The cases: gxfast's own work against the limits of the machine and against plain scripts."""

from __future__ import annotations

from ..registry import Case, added_cases
from . import commands, edits, haplotypes, ism, memory, model_input, one_hot, statistics

__all__ = ["all_cases", "cases", "command_cases"]


def cases() -> dict[str, Case]:
    """Return the cases by name, in the order in which they run; those of one cohort follow each other."""
    found: dict[str, Case] = {}
    for family in (one_hot, edits, haplotypes, memory, model_input, ism, statistics):
        found |= family.cases()
    return found


def all_cases() -> dict[str, Case]:
    """Return every case by name, in the order in which they run: those of the package, then what was added."""
    return {**cases(), **added_cases()}


def command_cases() -> dict[str, Case]:
    """Return the cases of whole commands by name, in the order in which they run."""
    return commands.cases()
