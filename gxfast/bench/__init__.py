"""``python -m gxfast.bench``: gxfast beside the physical limit and plain scripts, in one interleaved run.

A checkout adds other packages as peers: ``python bench/run.py``.
"""
