"""What a report is made of: sections, figures, and numbers as text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .data import ModelTable

__all__ = ["Figure", "Section", "number_text", "p_text", "shown_cell", "shown_number", "stem"]


@dataclass(frozen=True, slots=True)
class Figure:
    """An inline SVG with its caption and the words for those who do not see it.

    One of a single gene has the gene's id, and a name within the page (``anchor``) that the search for it leads to.
    """

    svg: str
    title: str
    caption: str
    alt: str
    gene: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One model, or one track of it: key numbers, figures, and the columns to show of its table of genes."""

    table: ModelTable
    n_genes: int
    n_defined: int
    mean_r: float | None
    n_positive: int
    n_negative: int
    overview: list[Figure] = field(default_factory=list)
    explanations: list[Figure] = field(default_factory=list)
    genes: list[Figure] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
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


def shown_cell(column: str, cell: str) -> str:
    """Numbers short enough to read; the full ones are in genes.tsv."""
    if not cell or column in _AS_IS:
        return cell
    try:
        value = float(cell)
    except ValueError:
        return cell
    if not math.isfinite(value):
        return "" if math.isnan(value) else cell
    return shown_number(value)


def shown_number(value: float) -> str:
    """A finite number as the report shows it; ``report.js.j2`` has the same rule."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.2e}" if abs(value) < 1e-3 else f"{value:.3f}"


def number_text(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.3f}"


def p_text(value: float) -> str:
    if np.isnan(value):
        return "undefined"
    return f"{value:.2g}" if value > 0 else "< 1e-300"


def stem(table: ModelTable) -> str:
    return f"{table.model}.{table.track}" if table.track else table.model
