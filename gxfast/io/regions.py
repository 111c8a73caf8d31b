"""Regions as users write them: ``chr``, ``chr:pos``, ``chr:beg-end``, 1-based inclusive."""

from __future__ import annotations

import re

from ..errors import InputError
from .numbers import LAST_POSITION, whole_number

__all__ = ["parse_region"]

_END_OF_CONTIG = LAST_POSITION - 1
_SPAN = re.compile(r"[0-9,]+(-[0-9,]*)?|-[0-9,]+")


def parse_region(text: str) -> tuple[str, int, int]:
    """Translate a region to (contig, start, end), 0-based half-open.

    ``chr`` is the whole contig, ``chr:pos`` one base, ``chr:beg-`` everything from ``beg`` on. Thousands
    separators are allowed; a contig name may itself hold colons.

    Raises
    ------
    InputError
        For numbers that are not a valid interval.
    """
    name, colon, span = text.rpartition(":")
    if not colon or not _SPAN.fullmatch(span):
        return text, 0, _END_OF_CONTIG
    first, dash, last = span.replace(",", "").partition("-")
    begin = whole_number(first, 1)
    end = _END_OF_CONTIG if dash and not last else whole_number(last if dash else first, 1)
    if begin is None or end is None or end < begin or not name:
        raise InputError(f"region {text[:80]!r} is not valid", remedy="write chr:beg-end, 1-based inclusive")
    return name, begin - 1, end
