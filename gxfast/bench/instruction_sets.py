"""gxfast held to a lesser instruction set than the processor has: how its kernels do on other machines."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["beside", "held_to", "instruction_sets"]

# The sets that run beside gxfast itself, in the same rounds.
beside: list[str] = []


def instruction_sets() -> list[str]:
    """Return those that kernels are written for and this processor has, the best last."""
    kernels: Any = importlib.import_module("gxfast._kernels")
    found: list[str] = kernels.instruction_sets()
    return found


def held_to(name: str, call: Callable[[], Any]) -> Callable[[], Any]:
    """Return the call with kernels of one instruction set."""
    kernels: Any = importlib.import_module("gxfast._kernels")
    best = instruction_sets()[-1]

    def held() -> Any:
        kernels.limit_instruction_set(name)
        try:
            return call()
        finally:
            kernels.limit_instruction_set(best)

    return held
