"""Cases that exist for the comparison with peers, or need their packages; the others are in the package."""

from __future__ import annotations

from gxfast.bench.registry import Case

from . import cohort_sequences, elastic_net, enformer, eqtl_mapping, preparation, track_fit

__all__ = ["cases"]


def cases() -> dict[str, Case]:
    """Return the cases by name, in the order in which they run."""
    found: dict[str, Case] = {}
    for family in (preparation, cohort_sequences, enformer, eqtl_mapping, elastic_net, track_fit):
        found |= family.cases()
    return found
