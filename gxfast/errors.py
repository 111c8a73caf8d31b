"""Errors that gxfast raises on purpose.

Every message names what was read (file, record), what was expected and found, and how to mend it.
The command line turns them into one line and an exit code (contract: 2 for input, 1 for the rest).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["DeviceError", "GxfastError", "InputError", "ModelError", "NotFiniteError", "did_you_mean"]


class GxfastError(Exception):
    """Base of all errors that gxfast raises.

    Parameters
    ----------
    message : str
        What is wrong, with the expected and the found value.
    path : str or Path, optional
        The file it was found in.
    record : str, optional
        The record in that file: a line number, ``chrom:pos``, a gene or a sample.
    remedy : str, optional
        What the user can do about it, best as a command.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        path: object = None,
        record: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.message = _NUMPY.sub(r"\1\2", message)
        self.path = None if path is None else str(path)
        self.record = record
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.path, _shown(self.record or "", 300)) if part)
        message = _shown(self.message, 2000)
        text = f"{where}: {message}" if where else message
        return f"{text}\n  remedy: {_shown(self.remedy, 2000)}" if self.remedy else text


# How NumPy 2 writes its scalars: np.float64(2.0), np.str_('x'), np.True_. Messages have the values.
_NUMPY: Final = re.compile(r"\bnp\.(?:(?:float|u?int|complex|bool|str|bytes)\w*\(([^()]*)\)|(True|False)_)")


def _shown(text: str, most: int) -> str:
    """A text as messages show it: what a damaged file holds may have no end."""
    return text if len(text) <= most else f"{text[:most]}..."


class InputError(GxfastError, ValueError):
    """A file, table, array or option that cannot be used as it is."""

    exit_code = 2


class ModelError(GxfastError):
    """A model, its card or its output does not keep the contract it declares."""

    exit_code = 2


class NotFiniteError(ModelError):
    """Effects in one window that are no numbers; other windows are not concerned."""


class DeviceError(GxfastError):
    """The device that was asked for is not there or cannot run the model."""

    exit_code = 2


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` with the known names that are nearest to one that is not, or nothing.

    Parameters
    ----------
    name : str
    known : iterable of str
    """
    import difflib

    by_lower: dict[str, str] = {}
    for one in known:
        by_lower.setdefault(one.lower(), one)
    wanted = name.lower()[:200]
    near = difflib.get_close_matches(wanted, by_lower, n=2, cutoff=0.7)
    near = near or [one for one in by_lower if len(wanted) > 2 and wanted in one][:2]
    return f"; did you mean {' or '.join(repr(by_lower[one]) for one in near)}?" if near else ""
