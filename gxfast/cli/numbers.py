"""Numbers among the options: read as those of tables are, by `gxfast.io.numbers`."""

from __future__ import annotations

from typing import Any

import click

from ..io.numbers import LAST_POSITION, finite_number, whole_number

__all__ = ["Number", "Whole"]


class Whole(click.IntRange):
    """A whole number in digits, by default up to the last position that a genome can have.

    What Python would also take (1_000, digits of other scripts) is none.
    """

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        last = LAST_POSITION if self.max is None else int(self.max)
        if isinstance(value, str) and whole_number(value, last=last) is None:
            self.fail(f"{value[:40]!r} is not a whole number in digits, up to {last}", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A finite decimal number: NaN would lie in every range."""

    name = "X"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and finite_number(value) is None:
            self.fail(f"{value[:40]!r} is not a finite number", param, ctx)
        return super().convert(value, param, ctx)
