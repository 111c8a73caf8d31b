"""Regions as users write them: ``chr``, ``chr:pos``, ``chr:beg-end``, 1-based inclusive."""

from __future__ import annotations

from ..errors import InputError

__all__ = ["parse_region"]

_END_OF_CONTIG = 2**31 - 2


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
    digits = span.replace(",", "")
    if not colon or not digits.replace("-", "", 1).isdigit():
        return text, 0, _END_OF_CONTIG
    first, dash, last = digits.partition("-")
    begin = int(first) if first else 0
    end = (int(last) if last else _END_OF_CONTIG) if dash else begin
    if begin < 1 or end < begin:
        raise InputError(f"region {text!r} is not valid", remedy="write chr:beg-end, 1-based inclusive")
    return name, begin - 1, end
