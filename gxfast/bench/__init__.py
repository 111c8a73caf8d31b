"""``python -m gxfast.bench``: gxfast beside its peers and the physical limit, in one interleaved run."""
