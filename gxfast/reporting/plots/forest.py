"""Estimates with their intervals, one below the other; see `overview` for the style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .style import BLUE, GREY, INK, ORANGE, Drawing

__all__ = ["forest"]

Float64Array = NDArray[np.float64]


def forest(
    name: str, labels: Sequence[str], value: Float64Array, low: Float64Array, high: Float64Array, nothing: float,
    axis: str,
) -> Drawing:  # fmt: skip
    """Draw estimates against what there would be if nothing was known; grey where the interval holds it.

    Parameters
    ----------
    name : str
    labels : sequence of str, length R
    value, low, high : float64 arrays, shape (R,)
        NaN bounds are not drawn.
    nothing : float
    axis : str
    """
    rows = np.arange(len(labels))[::-1]
    colour = np.where(np.nan_to_num(low, nan=nothing) > nothing, BLUE, GREY)
    colour = np.where(np.nan_to_num(high, nan=nothing) < nothing, ORANGE, colour)

    def draw(ax: Any) -> None:
        ax.axvline(nothing, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        for y, at, left, right, mine in zip(rows, value, low, high, colour, strict=True):
            if np.isfinite(left) and np.isfinite(right):
                ax.plot([left, right], [y, y], color=mine, linewidth=1.6, solid_capstyle="butt")
            ax.plot([at], [y], "o", color=mine, markersize=4.5)
        ax.set_yticks(rows, [_short(label) for label in labels])
        ax.set_ylim(-0.6, len(labels) - 0.4)
        ax.set_xlabel(axis)
        ax.tick_params(axis="y", length=0)

    table: dict[str, list[Any]] = {"label": list(labels), "value": value.tolist(), "low": low.tolist()}
    return Drawing(name, draw, table | {"high": high.tolist()}, (5.6, max(1.8, 0.9 + 0.24 * len(labels))))


def _short(label: str) -> str:
    return label if len(label) <= 48 else f"{label[:45]}..."
