"""Figures of the certificate of direction; see `overview` for the style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .style import BLUE, GREY, INK, MANY, ORANGE, Drawing

if TYPE_CHECKING:
    from ...stats import Calibration

__all__ = ["calibration", "certificate"]

_MOST_COLUMNS: Final = 100  # each the mean of neighbouring genes, where there are more
_COLOURS: Final = {"right": BLUE, "none": GREY, "wrong": ORANGE}


def certificate(name: str, gene_id: list[str], p: NDArray[np.float64], planted: Sequence[str]) -> Drawing:
    """Probabilities (3, G) of right, none and wrong, genes in order; marks of the planted direction below."""

    def draw(ax: Any) -> None:
        columns = np.array_split(np.arange(len(gene_id)), min(len(gene_id), _MOST_COLUMNS))
        edges = np.cumsum([0, *map(len, columns)]) + 0.5
        top = np.cumsum([p[:, column].mean(axis=1) for column in columns], axis=1).T
        below = np.vstack([np.zeros(len(columns)), top[:-1]])
        for (way, colour), low, high in zip(_COLOURS.items(), below, top, strict=True):
            ax.stairs(
                high, edges, baseline=low, fill=True, color=colour, alpha=0.75, label=way, linewidth=0,
                rasterized=len(gene_id) > MANY,
            )  # fmt: skip
        for way in ("right", "wrong"):
            places = [k + 1 for k, one in enumerate(planted) if one == way]
            if places:
                ax.scatter(places, [-0.04] * len(places), s=14, marker="|", color=_COLOURS[way], linewidths=1.6)
        ax.axhline(0.5, color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
        ax.set_xlim(edges[0], edges[-1])
        ax.set_ylim(-0.08 if any(planted) else 0, 1)
        ax.set_xlabel("genes, by probability of right")
        ax.set_ylabel("probability of the direction")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(frameon=False, fontsize=8.5, handlelength=1, loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3)

    table: dict[str, list[Any]] = {"gene_id": gene_id}
    table |= {f"p_{way}": row.tolist() for way, row in zip(_COLOURS, p, strict=True)}
    return Drawing(name, draw, table | ({"planted": list(planted)} if any(planted) else {}))


def calibration(name: str, found: Calibration) -> Drawing:
    """Share of statements that hold against how often they say that they do."""
    there = np.flatnonzero(found.n > 0)

    def draw(ax: Any) -> None:
        ax.plot([0.5, 1], [0.5, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        x, share = found.stated[there], found.share[there]
        reach = np.abs(np.stack([share - found.share_low[there], found.share_high[there] - share]))
        ax.errorbar(x, share, reach, fmt="o", color=BLUE, ecolor=INK, elinewidth=0.9, markersize=5)
        for i, at, held in zip(there, x, share, strict=True):
            ax.annotate(str(int(found.n[i])), (at, held), (5, -9), textcoords="offset points", fontsize=8.5)
        ax.set_xlim(0.48, 1.03)
        ax.set_ylim(min(0.45, float(found.share_low[there].min(initial=1.0)) - 0.02), 1.03)
        ax.set_xlabel("stated certainty")
        ax.set_ylabel("share of statements that hold")

    columns = ("low", "high", "n", "n_right", "stated", "share", "share_low", "share_high")
    return Drawing(name, draw, {column: getattr(found, column)[there].tolist() for column in columns}, (3.7, 3.4))
