"""What a report is made of: sections, figures, and numbers as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .data import ModelTable
from .plots.style import Frame

__all__ = [
    "Axis", "Dots", "Figure", "Section", "decimals_of", "number_text", "p_text", "shown_cell", "shown_number", "stem",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows: a column as it is in a file, and ``how`` it is drawn: "", "log", "minus_log" or "abs".

    ``floor`` is the value that what lies below it is drawn at.
    """

    label: str
    cells: list[str]
    how: str = ""
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class Dots:
    """Where the genes are on a figure: all of length R; rows that are undefined on an axis have no dot.

    ``genes`` are ids without track; ``y`` is None where every gene is a line up from its place on the x axis; ``more``
    are columns to name beside the two axes.
    """

    genes: list[str]
    frame: Frame
    x: Axis
    y: Axis | None = None
    more: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """An inline SVG with its caption, the words for those who do not see it, and in one line what it says.

    One of a single gene has the gene's id, and a name within the page (``anchor``) that the search for it leads to; one
    of many genes has the question that it answers, and their dots.
    """

    svg: str
    title: str
    caption: str
    alt: str
    gene: str = ""
    anchor: str = ""
    question: str = ""
    answer: str = ""
    dots: Dots | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One model, or one track of it: key numbers, figures, and the columns to show of its table of genes."""

    table: ModelTable
    n_genes: int
    n_defined: int
    mean_r: float | None
    n_positive: int
    n_negative: int
    figures: list[Figure] = field(default_factory=list)
    genes: list[Figure] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    reasons: list[tuple[str, int]] = field(default_factory=list)
    detailed: bool = True

    @property
    def model(self) -> str:
        """Name of the model, and of its track."""
        return self.table.label


# Columns of names and places: shown as they are.
_AS_IS: Final = frozenset(
    ("gene_id", "name", "chrom", "tss", "strand", "status", "variant_id", "model", "model_a", "model_b")
)
# A column whose values span less is shown with more digits: with three, its values would look alike.
_NARROW: Final = 0.2


def shown_cell(column: str, cell: str, decimals: int = 3) -> str:
    """Numbers short enough to read; the full ones are in genes.tsv."""
    if not cell or column in _AS_IS:
        return cell
    try:
        value = float(cell)
    except ValueError:
        return cell
    if not math.isfinite(value):
        return "" if math.isnan(value) else cell
    return shown_number(value, decimals)


def shown_number(value: float, decimals: int = 3) -> str:
    """A finite number as the report shows it; ``report.js.j2`` has the same rule."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.2e}" if abs(value) < 10.0**-decimals else f"{value:.{decimals}f}"


def decimals_of(cells: Iterable[str]) -> int:
    """Decimals with which the values of a column can be told apart: three, or up to six where they span little."""
    values = []
    for cell in cells:
        try:
            value = float(cell or "nan")
        except ValueError:
            return 3
        if math.isfinite(value):
            values.append(value)
    span = max(values) - min(values) if values else 0.0
    return 3 if span <= 0 or span >= _NARROW else min(6, 3 + math.ceil(math.log10(_NARROW / span)))


def number_text(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.3f}"


def p_text(value: float) -> str:
    if np.isnan(value):
        return "undefined"
    return f"{value:.2g}" if value > 0 else "< 1e-300"


def stem(table: ModelTable) -> str:
    return f"{table.model}.{table.track}" if table.track else table.model
