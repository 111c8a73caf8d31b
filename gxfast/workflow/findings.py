"""What a check of the inputs says."""

from __future__ import annotations

from dataclasses import dataclass

from .._objects import Brief
from ..errors import GxfastError

__all__ = ["Finding", "error_finding"]


@dataclass(frozen=True, slots=True, repr=False)
class Finding(Brief):
    """One thing that was checked.

    Attributes
    ----------
    level : {"ok", "note", "warning", "error"}
    what : str
        Short name of the check.
    message : str
    remedy : str
    """

    level: str
    what: str
    message: str
    remedy: str = ""


def error_finding(what: str, error: GxfastError) -> Finding:
    """Return what an error says, as a finding."""
    return Finding("error", what, str(error).split("\n")[0], error.remedy or "")
