"""What htslib says on the standard error stream while it opens a file, told in our log instead."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["htslib_told"]

_LOGGER = logging.getLogger("gxfast")
_LOCK = threading.Lock()
_WARNINGS = 3  # htslib's level
_OWN = re.compile(rb"\[([EW])::\w+\] ?(.*)")


@contextmanager
def htslib_told(path: Path) -> Iterator[None]:
    """Log the warnings and errors of htslib about a file; what others write meanwhile is passed on."""
    import pysam

    with _LOCK, tempfile.TemporaryFile() as kept:
        stream = os.dup(2)
        level = pysam.set_verbosity(_WARNINGS)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            pysam.set_verbosity(level)
            kept.seek(0)
            _tell(path, kept.read().splitlines())


def _tell(path: Path, lines: list[bytes]) -> None:
    found: dict[str, None] = {}
    for line in lines:
        if own := _OWN.match(line):
            found[own[2].decode(errors="replace")] = None
        else:
            os.write(2, line + b"\n")
    for text in found:
        _LOGGER.warning("%s: htslib: %s", path, text)
