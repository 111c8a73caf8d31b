"""What is said and shown about each model."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .certificate_panel import add_certificate, right_probabilities
from .data import MOST_MODELS, ModelTable, RunData
from .drawn import choose_genes, read_drawn
from .gene_panels import add_gene_figures
from .model_panels import add_model_panels, lead_p_values, supported_fractions
from .parts import Axis, Dots, Figure, Section, number_text, p_text, stem
from .people import PeoplePoints, genes_with_room, pack_people
from .plots.overview import across_genes, histogram
from .plots.style import on_log_scale, save, spans_decades

__all__ = ["model_sections"]

# What tells whether a gene worked comes first, and why it did not; where it is comes last.
_TABLE_COLUMNS: Final = (
    "gene_id", "name", "status", "pearson_r", "pearson_p", "pearson_q", "spearman_rho", "baseline_r", "n_people",
    "n_variants", "n_haplotypes", "mean_observed", "reference_prediction", "chrom", "tss", "strand",
)  # fmt: skip


def model_sections(run: RunData, genes: tuple[str, ...], fdr_cut: float) -> tuple[list[Section], PeoplePoints | None]:
    """Draw and describe every model of a run; return also people's values of the genes for which there is room.

    Raises
    ------
    InputError
        If a chosen gene is not in the run.
    """
    picked = choose_genes(run, genes, MOST_MODELS)
    asked = [t.own_id[i] for t, picks in zip(run.models, picked, strict=False) for i, _ in picks]
    held = list(dict.fromkeys([*asked, *genes_with_room(run)]))
    drawn = read_drawn(run, picked, held)
    raw = any(spans_decades(table.numbers("mean_observed")) for table in run.models[:MOST_MODELS])
    log = raw and run.corrected is None
    sections = []
    for table, picks in zip_longest(run.models, picked):
        section = _section(run, table, fdr_cut, raw=raw, detailed=picks is not None)
        if picks is not None:
            add_gene_figures(run, table, section, picks, drawn, log=log)
        sections.append(section)
    label = "expression, covariates regressed out" if run.corrected else "observed expression"
    people = pack_people(run.models[:MOST_MODELS], drawn.predicted, drawn.observed, held, log=log, label=label)
    return sections, people


def _section(run: RunData, table: ModelTable, fdr_cut: float, *, raw: bool, detailed: bool) -> Section:
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
    _across_people(run, section, r, q, fdr_cut)
    add_certificate(run, table, section)
    _across_genes(run, section, raw=raw)
    add_model_panels(run, table, section)
    section.columns.update({column: table.columns[column] for column in _TABLE_COLUMNS if column in table.columns})
    further = {
        "p_right": right_probabilities(run, table), "eqtl_p": lead_p_values(run, table),
        "supported_fraction": supported_fractions(run, table),
    }  # fmt: skip
    section.columns.update({name: cells for name, cells in further.items() if any(cells)})
    return section


def _reasons(table: ModelTable, defined: NDArray[np.bool_]) -> list[tuple[str, int]]:
    """Why genes have no correlation, most frequent first."""
    counts = Counter(table.columns["status"][i] or "no reason given" for i in np.flatnonzero(~defined))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _across_people(
    run: RunData, section: Section, r: NDArray[np.float64], q: NDArray[np.float64], fdr_cut: float
) -> None:
    table = section.table
    defined = ~np.isnan(r)
    if not defined.any():
        section.left_out.append(("people", "no gene has a defined correlation across people"))
        return
    ids = [table.columns["gene_id"][i] for i in np.flatnonzero(defined)]
    freedom = _freedom(run, table)
    saved = save(
        histogram(f"{stem(table)}.r_histogram", ids, r[defined], q[defined], fdr_cut, freedom), run.path / "figures"
    )
    caption = (
        f"Across people: Pearson r between prediction and expression, per gene (n = {section.n_defined} genes, "
        f"mean r = {float(r[defined].mean()):.3f}). Coloured: q ≤ {fdr_cut:g} by Benjamini-Hochberg on the "
        f"two-sided p of t; {section.n_positive} positive, {section.n_negative} negative."
        + (" Dashed: the smallest significant |r| on each side." if section.n_positive + section.n_negative else "")
        + (f" Steps: what chance gives with {freedom:g} degrees of freedom." if freedom >= 1 else "")
    )
    more = {"q": table.columns["pearson_q"]} if "pearson_q" in table.columns else {}
    dots = Dots(table.own_id, saved.frame, Axis("r", table.columns["pearson_r"]), more=more)
    section.figures.append(Figure(saved.svg, "Across people", caption, caption, question="people", dots=dots))


def _freedom(run: RunData, table: ModelTable) -> float:
    """Degrees of freedom of r in the middle gene; 0 where it is not known how many people there are."""
    n_people = table.numbers("n_people")
    options = run.manifest.get("options")
    used = (options.get("n_covariates") or 0) if isinstance(options, dict) else 0
    if not np.isfinite(n_people).any() or not isinstance(used, int):
        return 0
    partial = isinstance(options, dict) and options.get("residualise") == "both"
    return float(np.nanmedian(n_people)) - 2 - (used if partial else 0)


def _across_genes(run: RunData, section: Section, *, raw: bool) -> None:
    table = section.table
    predicted, observed = table.numbers("reference_prediction"), table.numbers("mean_observed")
    both = ~np.isnan(predicted) & ~np.isnan(observed)
    if both.sum() <= 2:
        section.left_out.append(
            ("genes", "the figure across genes needs reference predictions and expression of three genes")
        )
        return
    pearson, p, spearman = _correlations(predicted[both], observed[both])
    kept = [table.columns["gene_id"][i] for i in np.flatnonzero(both)]
    label = "mean observed expression"
    saved = save(
        across_genes(f"{stem(table)}.across_genes", kept, predicted[both], observed[both], label, log=raw),
        run.path / "figures",
    )
    caption = (
        f"Across genes: mean observed expression against the prediction for the reference sequence, one dot a "
        f"gene (n = {int(both.sum())}). Pearson {number_text(pearson)} (two-sided p from t: {p_text(p)}), "
        f"Spearman {number_text(spearman)}. Line: least squares."
    )
    floor = 0.0
    if raw:
        high, floor = on_log_scale(observed[both])
        of_log, *_ = _correlations(predicted[both], np.log10(high))
        caption += f" Expression is raw, and on a log scale; Pearson with its logarithm {number_text(of_log)}."
    dots = Dots(
        table.own_id, saved.frame, Axis("predicted", table.columns["reference_prediction"]),
        Axis("mean observed", table.columns["mean_observed"], "log" if raw else "", floor),
        {"r across people": table.columns["pearson_r"]} if "pearson_r" in table.columns else {},
    )  # fmt: skip
    answer = f"Pearson {number_text(pearson)}, Spearman {number_text(spearman)} over {int(both.sum()):,} genes."
    section.figures.append(
        Figure(saved.svg, "Across genes", caption, caption, question="genes", answer=answer, dots=dots)
    )


def _correlations(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    from ..stats import pearson, spearman

    linear = pearson(x, y)
    return float(linear.r), float(linear.p), float(spearman(x, y).rho)
