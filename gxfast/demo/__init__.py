"""The offline demonstration: a simulated cohort with planted truth and a small constructed model.

Submodules are loaded on first use, so that ``python -m gxfast.demo.model`` and the command line stay light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .simulate import DemoCohort, simulate_cohort
    from .truth import DemoComparison, compare

__all__ = ["DemoCohort", "DemoComparison", "compare", "simulate_cohort"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "simulate": ("DemoCohort", "simulate_cohort"),
        "truth": ("DemoComparison", "compare"),
    },
)
