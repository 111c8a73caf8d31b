"""The compiled readers on pysam's own htslib, where they load."""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any

__all__ = ["compiled_readers"]

_LOGGER = logging.getLogger("gxfast")


@functools.cache
def compiled_readers() -> Any:
    """Return ``gxfast.io._htslib``, or None, said once, where it does not fit the pysam that is installed.

    Its twins on pysam's Python interface give the same values then, slower.
    """
    try:
        return importlib.import_module("gxfast.io._htslib")
    except ImportError as error:
        from importlib.metadata import requires

        wanted = next(text for text in requires("gxfast") or [] if text.startswith("pysam"))
        _LOGGER.warning(
            "the compiled VCF and FASTA readers do not load (%s); pysam reads instead, which is slower\n"
            "  remedy: pip install --force-reinstall --no-deps '%s'",
            error,
            wanted,
        )
        return None
