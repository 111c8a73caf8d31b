"""The figures: matplotlib without global state, the same bytes for the same numbers."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..io.tables import write_table

__all__ = ["Drawing", "across_genes", "histogram", "person_scatter", "save"]

Float64Array = NDArray[np.float64]

# Above this many dots an SVG of paths is too heavy for a page: they become one bitmap in it.
_MANY: Final = 2000

# Okabe & Ito (2008): told apart by readers with any colour vision.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREY: Final = "#8A8F98"
INK: Final = "#22272E"

_STYLE: Final = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "figure.dpi": 110,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure before it is saved: what draws it (given the axes, ``rows`` of them), and the table it is drawn from."""

    name: str
    draw: Any
    table: dict[str, list[Any]]
    size: tuple[float, float] = (4.6, 3.6)
    rows: int = 1


def save(drawing: Drawing, folder: Path) -> str:
    """Write NAME.svg, NAME.png and NAME.tsv; return the SVG for the report, its ids made unique."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(exist_ok=True)
    stem = _file_stem(drawing.name)
    style: Any = {**_STYLE, "svg.hashsalt": drawing.name}
    with mpl.rc_context(style):
        figure = Figure(figsize=drawing.size, layout="constrained")
        FigureCanvasAgg(figure)
        if drawing.rows == 1:
            drawing.draw(figure.add_subplot())
        else:
            drawing.draw(figure.subplots(drawing.rows, 1, sharex=True))
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
        svg = buffer.getvalue()
        (folder / f"{stem}.svg").write_text(svg, encoding="utf-8")
        figure.savefig(folder / f"{stem}.png", dpi=200, metadata={"Software": None}, facecolor="white")
    write_table(folder / f"{stem}.tsv", drawing.table)
    return _inline(svg, drawing.name)


def _file_stem(name: str) -> str:
    """Gene and model names never become paths as they are, nor names longer than file systems take."""
    stem = "".join(c if c.isalnum() or c in "._-" else f"%{ord(c):02X}" for c in name)
    stem = re.sub(r"^\.", "%2E", stem)
    if len(stem.encode()) <= 200:
        return stem
    return stem.encode()[:150].decode(errors="ignore") + "-" + _digest(name)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _inline(svg: str, name: str) -> str:
    body = svg[svg.index("<svg") :]
    # A digest, for names that differ only in characters that an id cannot hold.
    prefix = f"f{_digest(name)}-"
    body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', body)
    # The report's own style decides the size.
    return re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1))


def _line(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Least-squares line over the range of x."""
    centred = x - x.mean()
    slope = float((centred * (y - y.mean())).sum() / (centred**2).sum())
    ends = np.array([x.min(), x.max()])
    return ends, y.mean() + slope * (ends - x.mean())


def across_genes(name: str, gene_id: list[str], predicted: Float64Array, observed: Float64Array, label: str) -> Drawing:
    """Mean observed expression against the reference prediction, one dot a gene."""

    def draw(ax: Any) -> None:
        size = 26 if len(predicted) < 500 else 6
        ax.scatter(predicted, observed, s=size, color=BLUE, alpha=0.65, linewidths=0, rasterized=len(predicted) > _MANY)
        if len(predicted) > 2 and np.ptp(predicted) > 0:
            ax.plot(*_line(predicted, observed), color=INK, linewidth=1)
        ax.set_xlabel("predicted from the reference")
        ax.set_ylabel(label)

    return Drawing(name, draw, {"gene_id": gene_id, "predicted": predicted.tolist(), "observed": observed.tolist()})


def histogram(name: str, gene_id: list[str], r: Float64Array, q: Float64Array, fdr_cut: float) -> Drawing:
    """R across people per gene, with the FDR cuts and the counts beyond them."""
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


def person_scatter(
    name: str, samples: list[str], predicted: Float64Array, observed: Float64Array, r: float, label: str
) -> Drawing:
    """One gene, one dot a person."""
    colour = GREY if np.isnan(r) else BLUE if r >= 0 else ORANGE

    def draw(ax: Any) -> None:
        ax.scatter(predicted, observed, s=14, color=colour, alpha=0.55, linewidths=0, rasterized=len(predicted) > _MANY)
        # An undefined correlation has no line: what spread there is may be rounding.
        if not np.isnan(r) and np.ptp(predicted) > 0:
            ax.plot(*_line(predicted, observed), color=INK, linewidth=1)
        ax.ticklabel_format(axis="x", useOffset=False)
        ax.locator_params(axis="x", nbins=5)
        ax.set_xlabel("predicted")
        ax.set_ylabel(label)

    table = {"sample": samples, "predicted": predicted.tolist(), "observed": observed.tolist()}
    return Drawing(name, draw, table, (3.7, 3.2))
