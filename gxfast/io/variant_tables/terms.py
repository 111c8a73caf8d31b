"""Terms of use of scores: as the file states them, or a file beside it does."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import Final

from ..bgzf import require_file
from ..tables.text import read_lines

__all__ = ["terms_file", "terms_of"]

BESIDE: Final = ".terms.txt"
_STATED: Final = re.compile(r"^#+\s*(?:terms(?: of use)?|licen[cs]e)\s*[:=]\s*(.+)$", re.IGNORECASE)
_MOST_LINES: Final = 200
_BINARY: Final = (b"\x89HDF", b"PAR1")
_MOST: Final = 2000  # characters that are kept
# Columns of tidy scores, whose terms hold wherever they are copied to.
_ALPHAGENOME: Final = ("variant_scorer", "raw_score", "quantile_score")
_OF_ALPHAGENOME: Final = "AlphaGenome: not for commercial use, and not to train other models"


def terms_file(path: Path) -> Path:
    """Return the name of the file that may state the terms of a file of scores."""
    return path.with_name(path.name + BESIDE)


def terms_of(path: str | Path) -> str:
    """Return the terms of use of a file of scores, "" where none are stated.

    They stand in ``FILE.terms.txt``, or before the header of a text table: ``## terms: ...`` or ``## license: ...``.
    Tidy scores of AlphaGenome have its terms where nothing else is said.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    path = Path(path)
    require_file(path, "file of scores")
    beside = terms_file(path)
    if os.path.lexists(beside):  # what cannot be read is refused: it may forbid
        return " ".join(line.strip() for _, line in read_lines(beside, "terms of use"))[:_MOST].strip()
    with path.open("rb") as handle:
        if handle.read(4) in _BINARY:
            return ""
    for _, line in islice(read_lines(path, "file of scores"), _MOST_LINES):
        if found := _STATED.match(line):
            return found[1].strip()[:_MOST]
        if not line.startswith("#"):
            return _OF_ALPHAGENOME if all(name in line for name in _ALPHAGENOME) else ""
    return ""
