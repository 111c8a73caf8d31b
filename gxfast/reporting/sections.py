"""What is said and shown about each model."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from .data import ModelTable, RunData
from .drawn import choose_genes, read_drawn
from .gene_panels import add_gene_figures
from .model_panels import add_model_panels
from .parts import Figure, Section, number_text, p_text, stem
from .plots.overview import across_genes, histogram
from .plots.style import save

__all__ = ["model_sections"]

# A model may have thousands of tracks: those beyond appear in the table of models only.
_MOST_SECTIONS = 12

_TABLE_COLUMNS = (
    "gene_id", "name", "chrom", "tss", "strand", "n_variants", "n_haplotypes", "n_people", "pearson_r", "pearson_p",
    "pearson_q", "spearman_rho", "baseline_r", "mean_observed", "reference_prediction", "status",
)  # fmt: skip


def model_sections(run: RunData, genes: tuple[str, ...], fdr_cut: float) -> list[Section]:
    """Draw and describe every model of a run.

    Raises
    ------
    InputError
        If a chosen gene is not in the run.
    """
    picked = choose_genes(run, genes, _MOST_SECTIONS)
    drawn = read_drawn(run, picked)
    sections = []
    for table, picks in zip_longest(run.models, picked):
        section = _section(run, table, fdr_cut, detailed=picks is not None)
        if picks is not None:
            add_gene_figures(run, table, section, picks, drawn)
        sections.append(section)
    return sections


def _section(run: RunData, table: ModelTable, fdr_cut: float, *, detailed: bool) -> Section:
    r, q = table.numbers("pearson_r"), table.numbers("pearson_q")
    defined = ~np.isnan(r)
    significant = np.nan_to_num(q, nan=1.0) <= fdr_cut
    section = Section(
        table, len(table), int(defined.sum()), float(r[defined].mean()) if defined.any() else None,
        int((significant & (r > 0)).sum()), int((significant & (r < 0)).sum()),
        reasons=_reasons(table, defined), detailed=detailed,
    )  # fmt: skip
    if not detailed:
        return section
    _add_overview(run, table, section, r, q, fdr_cut)
    add_model_panels(run, table, section)
    section.columns.extend(column for column in _TABLE_COLUMNS if column in table.columns)
    return section


def _reasons(table: ModelTable, defined: NDArray[np.bool_]) -> list[tuple[str, int]]:
    """Why genes have no correlation, most frequent first."""
    counts = Counter(table.columns["status"][i] or "no reason given" for i in np.flatnonzero(~defined))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _add_overview(
    run: RunData, table: ModelTable, section: Section, r: NDArray[np.float64], q: NDArray[np.float64], fdr_cut: float
) -> None:
    ids = table.columns["gene_id"]
    predicted, observed = table.numbers("reference_prediction"), table.numbers("mean_observed")
    both = ~np.isnan(predicted) & ~np.isnan(observed)
    if both.sum() > 2:
        pearson, p, spearman = _correlations(predicted[both], observed[both])
        kept = [ids[i] for i in np.flatnonzero(both)]
        drawing = across_genes(
            f"{stem(table)}.across_genes", kept, predicted[both], observed[both], "mean observed expression"
        )
        caption = (
            f"Across genes: mean observed expression against the prediction for the reference sequence, one dot a "
            f"gene (n = {int(both.sum())}). Pearson {number_text(pearson)} (two-sided p from t: {p_text(p)}), "
            f"Spearman {number_text(spearman)}. "
            "Line: least squares."
        )
        section.overview.append(Figure(save(drawing, run.path / "figures"), "Across genes", caption, caption))
    else:
        section.left_out.append("the figure across genes needs reference predictions and expression of three genes")
    defined = ~np.isnan(r)
    if defined.any():
        drawing = histogram(
            f"{stem(table)}.r_histogram", [ids[i] for i in np.flatnonzero(defined)], r[defined], q[defined], fdr_cut
        )
        caption = (
            f"Across people: Pearson r between prediction and expression, per gene (n = {int(defined.sum())} genes, "
            f"mean r = {float(r[defined].mean()):.3f}). Coloured: q ≤ {fdr_cut:g} by Benjamini-Hochberg on the "
            f"two-sided p of t; {section.n_positive} positive, {section.n_negative} negative."
            + (" Dashed: the smallest significant |r| on each side." if section.n_positive + section.n_negative else "")
        )
        section.overview.append(Figure(save(drawing, run.path / "figures"), "Across people", caption, caption))
    else:
        section.left_out.append("no gene has a defined correlation across people")


def _correlations(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    from ..stats import pearson, spearman

    linear = pearson(x, y)
    return float(linear.r), float(linear.p), float(spearman(x, y).rho)
