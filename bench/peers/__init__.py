"""Other packages that do the same work, one file each: how they are called, and what to install."""

from __future__ import annotations

from typing import Any

from . import (
    array_packages,
    commands,
    fastism,
    genvarloader,
    kipoiseq,
    mutants,
    pyconsensus,
    statistics,
    tangermeme,
    torch_packages,
)  # fmt: skip

__all__ = ["peers"]


def peers() -> list[Any]:
    """Return every peer of the package's cases; their types say of which."""
    families = (
        array_packages, torch_packages, pyconsensus, genvarloader, kipoiseq, mutants, tangermeme, fastism, statistics,
        commands,
    )  # fmt: skip
    return [peer for family in families for peer in family.peers()]
