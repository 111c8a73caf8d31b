"""How figures look, and how they are saved: the same bytes from the same numbers."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...io.files import atomic_write, written_whole
from ...io.tables import write_table

__all__ = ["Drawing", "digest", "save"]

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
        atomic_write(folder / f"{stem}.svg", svg.encode())
        with written_whole(folder / f"{stem}.png") as partial:
            figure.savefig(partial, format="png", dpi=200, metadata={"Software": None}, facecolor="white")
    write_table(folder / f"{stem}.tsv", drawing.table)
    return _inline(svg, drawing.name)


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


def _inline(svg: str, name: str) -> str:
    body = svg[svg.index("<svg") :]
    # A digest, for names that differ only in characters that an id cannot hold.
    prefix = f"f{digest(name)}-"
    body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', body)
    # The report's own style decides the size.
    return re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1))
