"""The figures: matplotlib without global state, the same bytes for the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .style import BLUE, GREY, INK, MANY, ORANGE, Drawing, on_log_scale

__all__ = ["across_genes", "histogram", "person_scatter"]

Float64Array = NDArray[np.float64]


def _line(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Least-squares line over the range of x."""
    centred = x - x.mean()
    slope = float((centred * (y - y.mean())).sum() / (centred**2).sum())
    ends = np.array([x.min(), x.max()])
    return ends, y.mean() + slope * (ends - x.mean())


def across_genes(
    name: str, gene_id: list[str], predicted: Float64Array, observed: Float64Array, label: str, *, log: bool = False
) -> Drawing:
    """Mean observed expression against the reference prediction, one dot a gene; the line is of what is drawn."""

    def draw(ax: Any) -> None:
        size = 26 if len(predicted) < 500 else 6
        high = on_log_scale(observed)[0] if log else observed
        if log:
            ax.set_yscale("log")
        ax.scatter(predicted, high, s=size, color=BLUE, alpha=0.65, linewidths=0, rasterized=len(predicted) > MANY)
        if len(predicted) > 2 and np.ptp(predicted) > 0:
            ends, line = _line(predicted, np.log10(high) if log else high)
            ax.plot(ends, 10**line if log else line, color=INK, linewidth=1)
        ax.set_xlabel("predicted from the reference")
        ax.set_ylabel(label)

    return Drawing(name, draw, {"gene_id": gene_id, "predicted": predicted.tolist(), "observed": observed.tolist()})


def histogram(
    name: str, gene_id: list[str], r: Float64Array, q: Float64Array, fdr_cut: float, freedom: float = 0
) -> Drawing:
    """R across people per gene, with the FDR cuts, the counts beyond them, and what chance would give.

    ``freedom``: degrees of freedom of r, for chance; with less than one it is not drawn.
    """
    significant = q <= fdr_cut
    low = r[significant & (r < 0)].max() if (significant & (r < 0)).any() else None
    high = r[significant & (r > 0)].min() if (significant & (r > 0)).any() else None

    def draw(ax: Any) -> None:
        reach = max(0.1, float(np.abs(r).max()) * 1.05)
        edges = np.linspace(-reach, reach, 41 if len(r) > 200 else 25)
        groups = [
            (r[~significant], GREY, "not significant"),
            (r[significant & (r > 0)], BLUE, f"positive: {int((significant & (r > 0)).sum())}"),
            (r[significant & (r < 0)], ORANGE, f"negative: {int((significant & (r < 0)).sum())}"),
        ]
        ax.hist(
            [values for values, _, _ in groups], bins=edges, stacked=True,
            color=[colour for _, colour, _ in groups], label=[text for _, _, text in groups],
        )  # fmt: skip
        if freedom >= 1:
            expected = len(r) * np.diff(_chance(edges, freedom))
            ax.stairs(expected, edges, color=INK, linewidth=1, label="by chance")
        for cut in (low, high):
            if cut is not None:
                ax.axvline(cut, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        ax.axvline(0, color=INK, linewidth=0.6)
        ax.set_xlabel("Pearson r across people")
        ax.set_ylabel("genes")
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.legend(frameon=False, fontsize=8.5, handlelength=1)

    table = {"gene_id": gene_id, "pearson_r": r.tolist(), "pearson_q": q.tolist()}
    return Drawing(name, draw, table)


def _chance(r: Float64Array, freedom: float) -> Float64Array:
    """Probability of a smaller correlation of two normal variables that have nothing to do with each other."""
    from scipy.special import stdtr

    inside = np.clip(r, -1 + 1e-12, 1 - 1e-12)
    return np.asarray(stdtr(freedom, inside * np.sqrt(freedom / (1 - inside**2))), dtype=np.float64)


def person_scatter(
    name: str,
    samples: list[str],
    predicted: Float64Array,
    observed: Float64Array,
    r: float,
    label: str,
    *,
    log: bool = False,
) -> Drawing:
    """One gene, one dot a person; no line on a log scale, since r is of the values themselves."""
    colour = GREY if np.isnan(r) else BLUE if r >= 0 else ORANGE

    def draw(ax: Any) -> None:
        high = on_log_scale(observed)[0] if log else observed
        if log:
            ax.set_yscale("log")
        ax.scatter(predicted, high, s=14, color=colour, alpha=0.55, linewidths=0, rasterized=len(predicted) > MANY)
        # An undefined correlation has no line: what spread there is may be rounding.
        if not log and not np.isnan(r) and np.ptp(predicted) > 0:
            ax.plot(*_line(predicted, observed), color=INK, linewidth=1)
        ax.ticklabel_format(axis="x", useOffset=False)
        ax.locator_params(axis="x", nbins=5)
        ax.set_xlabel("predicted")
        ax.set_ylabel(label)

    table = {"sample": samples, "predicted": predicted.tolist(), "observed": observed.tolist()}
    return Drawing(name, draw, table, (3.7, 3.2))
