"""What a checkout adds to ``gxfast.bench``: peers, the cases that need them, goals; also validation and GPU runs."""

from __future__ import annotations

__all__ = ["add_everything"]


def add_everything() -> None:
    """Add the peers, cases and goals of the checkout to the benchmark of the package."""
    from gxfast.bench.registry import add_cases, add_goals, add_peers

    from .cases import cases
    from .goals import goals
    from .peers import peers

    add_cases(cases())
    add_peers(*peers())
    add_goals(goals())
