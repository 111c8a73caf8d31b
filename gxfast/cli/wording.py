"""Texts as a terminal shows them: lines that end between words, and times in the unit that people use."""

from __future__ import annotations

import shutil
import textwrap
from typing import TextIO

__all__ = ["duration", "fitted"]


def fitted(text: str, stream: TextIO) -> str:
    """Return a text with its lines broken between words where it goes to a terminal; as it is where it does not."""
    if not stream.isatty():
        return text
    width = max(20, shutil.get_terminal_size().columns)
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        # A number stays with its per cent.
        kept = line.replace(" %", "\N{NO-BREAK SPACE}%")
        lines += textwrap.wrap(
            kept, width, subsequent_indent=indent + "    ", break_long_words=False, break_on_hyphens=False
        ) or [""]  # fmt: skip
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}%", " %")


def duration(seconds: float) -> str:
    """Return a time in the unit that people use: ``8 s``, ``12 min``, ``3.4 h``, ``2.5 days``."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
