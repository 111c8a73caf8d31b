"""Other packages' commands, run as children from files to files (`gxfast.bench.commands`)."""

from __future__ import annotations

from gxfast.bench.peers import CommandPeer

from . import consensus, fastqtl, glmnet, metaxcan, qtltools, quasar, tensorqtl

__all__ = ["peers"]


def peers() -> list[CommandPeer]:
    """Return every peer."""
    families = (tensorqtl, fastqtl, qtltools, quasar, glmnet, metaxcan, consensus)
    return [peer for family in families for peer in family.peers()]
