"""How figures look, and how they are saved: the same bytes from the same numbers."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...io.files import atomic_write, written_whole
from ...io.tables import write_table
from .inline import inline

__all__ = ["Drawing", "Frame", "Saved", "digest", "on_log_scale", "save", "spans_decades"]

# Above this many dots an SVG of paths is too heavy for a page: they become one bitmap in it.
MANY: Final = 2000

# Okabe & Ito (2008): told apart by readers with any colour vision.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREY: Final = "#8A8F98"
INK: Final = "#22272E"

STYLE: Final = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.parse_math": False,  # names are names: one with two dollars is no formula
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


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the axes of a figure are in its SVG: left, bottom, right, top; and what their ends mean.

    On a log scale the ends are logarithms to the base of ten.
    """

    box: tuple[float, float, float, float]
    x: tuple[float, float]
    y: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved figure for the report: its SVG, the ids in it unique, and its frame."""

    svg: str
    frame: Frame


def spans_decades(values: NDArray[np.float64]) -> bool:
    """Whether these are raw amounts such as TPM, to be shown on a log scale: none negative, skewed, some large.

    No logarithm of a count is larger than 25: values in logarithms are left as they are.
    """
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() >= 0 and known.max() > 25 and known.mean() > 2 * np.median(known))


def on_log_scale(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Values that have a logarithm, and the lowest: zeros are half of the smallest value above zero."""
    positive = values[values > 0]
    if not positive.size:
        return np.full(values.shape, np.nan), float("nan")
    floor = float(positive.min()) / 2 if (values == 0).any() else float(positive.min())
    return np.where(np.isnan(values), np.nan, np.maximum(values, floor)), floor


def save(drawing: Drawing, folder: Path) -> Saved:
    """Write NAME.svg, NAME.png and NAME.tsv; return the SVG for the report."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(exist_ok=True)
    stem = _file_stem(drawing.name)
    style: Any = {**STYLE, "svg.hashsalt": drawing.name}
    with mpl.rc_context(style):
        figure = Figure(figsize=drawing.size, layout="constrained")
        FigureCanvasAgg(figure)
        if drawing.rows == 1:
            drawing.draw(figure.add_subplot())
        else:
            drawing.draw(figure.subplots(drawing.rows, 1, sharex=True))
        buffer = io.StringIO()
        # The resolution is that of the bitmaps in it, where dots are too many for paths.
        figure.savefig(buffer, format="svg", dpi=150, metadata={"Date": None}, transparent=True)
        svg = buffer.getvalue()
        frame = _frame(figure)
        atomic_write(folder / f"{stem}.svg", svg.encode())
        with written_whole(folder / f"{stem}.png") as partial:
            figure.savefig(partial, format="png", dpi=200, metadata={"Software": None}, facecolor="white")
    write_table(folder / f"{stem}.tsv", drawing.table)
    return Saved(inline(svg, digest(drawing.name)), frame)


def _frame(figure: Any) -> Frame:
    """As it was drawn last: layouts differ a little between formats."""
    ax = figure.axes[0]
    width, height = 72 * figure.get_size_inches()
    place = ax.get_position()
    box = (place.x0 * width, (1 - place.y0) * height, place.x1 * width, (1 - place.y1) * height)
    left, bottom, right, top = (round(float(v), 2) for v in box)
    x, y = (
        tuple(float(np.log10(v)) if axis.get_scale() == "log" else float(v) for v in ends)
        for axis, ends in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim()))
    )
    return Frame((left, bottom, right, top), (x[0], x[1]), (y[0], y[1]))


def _file_stem(name: str) -> str:
    """Gene and model names never become paths as they are, nor names longer than file systems take."""
    stem = "".join(c if c.isalnum() or c in "._-" else f"%{ord(c):02X}" for c in name)
    stem = re.sub(r"^\.", "%2E", stem)
    if len(stem.encode()) <= 200:
        return stem
    return stem.encode()[:150].decode(errors="ignore") + "-" + digest(name)


def digest(name: str) -> str:
    """Return a short name for a figure that is a valid id, file name and prefix."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]
