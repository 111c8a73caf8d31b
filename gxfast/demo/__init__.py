"""The offline demonstration: a simulated cohort with planted truth and a small constructed model.

Submodules are loaded on first use, so that ``python -m gxfast.demo.model`` and the command line stay light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .simulate import DemoCohort, simulate_cohort
    from .truth import DemoComparison, compare

__all__ = ["DemoCohort", "DemoComparison", "compare", "simulate_cohort"]

_HOME = {
    "DemoCohort": "simulate",
    "DemoComparison": "truth",
    "compare": "truth",
    "simulate_cohort": "simulate",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
