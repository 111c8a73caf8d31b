"""Numbers in text: what a table, a region or an option may hold, and nothing that Python alone would take for one."""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["LAST_POSITION", "finite_number", "natural_key", "whole_number"]

# VCF and BCF hold positions as signed 32-bit numbers, so no variant can lie past this.
LAST_POSITION: Final = 2**31 - 1
_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def whole_number(text: str, first: int = 0, last: int = LAST_POSITION) -> int | None:
    """Return a number written in the digits 0 to 9 alone, from ``first`` to ``last``; None for any other text.

    Signs, fractions, exponents, digit groups (1_000) and digits of other scripts are none.
    """
    cell = text.strip()
    value = int(cell) if _DIGITS.fullmatch(cell) else -1
    return value if value >= 0 and first <= value <= last else None


def finite_number(text: str) -> float | None:
    """Return a decimal number; None for any other text, for NaN and for what is too large for a float64."""
    cell = text.strip()
    value = float(cell) if _NUMBER.fullmatch(cell) else math.inf
    return value if math.isfinite(value) else None


def natural_key(name: str) -> str:
    """Return a text by which names sort in the order of the numbers in them: ``layer2`` before ``layer10``."""
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(20), name)
