"""What is said and shown about each model."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .data import Matrix, ModelTable, RunData
from .parts import Figure, Section, number_text, p_text, shown_cell, stem
from .plots.overview import across_genes, histogram, person_scatter
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
    known = {cell for t in run.models for c in ("gene_id", "name") for cell in t.columns.get(c, [])}
    known |= {own for t in run.models for own in t.own_id}
    for gene in genes:
        if gene not in known:
            raise InputError(
                f"gene {gene!r} is not in this run",
                path=run.path / "genes.tsv",
                remedy="choose from its columns gene_id and name",
            )
    return [_section(run, table, genes, fdr_cut, k < _MOST_SECTIONS) for k, table in enumerate(run.models)]


def _section(run: RunData, table: ModelTable, chosen: tuple[str, ...], fdr_cut: float, detailed: bool) -> Section:
    r, q = table.numbers("pearson_r"), table.numbers("pearson_q")
    defined = ~np.isnan(r)
    significant = np.nan_to_num(q, nan=1.0) <= fdr_cut
    section = Section(
        table.label, len(table), int(defined.sum()), float(r[defined].mean()) if defined.any() else None,
        int((significant & (r > 0)).sum()), int((significant & (r < 0)).sum()),
        reasons=_reasons(table, defined), detailed=detailed,
    )  # fmt: skip
    if not detailed:
        return section
    from .model_panels import add_model_panels

    _add_overview(run, table, section, r, q, fdr_cut)
    add_model_panels(run, table, section)
    _add_genes(run, table, section, r, chosen)
    section.columns.extend(column for column in _TABLE_COLUMNS if column in table.columns)
    section.rows.extend(
        [shown_cell(column, table.columns[column][i]) for column in section.columns] for i in range(len(table))
    )
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


def _choose(table: ModelTable, r: NDArray[np.float64], chosen: tuple[str, ...]) -> list[tuple[int, str]]:
    """Best, worst, and the chosen genes (by default the one whose r is nearest to 0)."""
    defined = np.flatnonzero(~np.isnan(r))
    if not defined.size:
        return []
    picked = {int(defined[np.argmax(r[defined])]): "Best gene"}
    picked.setdefault(int(defined[np.argmin(r[defined])]), "Worst gene")
    ids, names = table.columns["gene_id"], table.columns.get("name", table.columns["gene_id"])
    asked = [i for i in range(len(table)) if {ids[i], names[i], table.own_id[i]} & set(chosen)]
    for i in asked:
        picked.setdefault(i, "Chosen gene")
    if not asked:
        picked.setdefault(int(defined[np.argmin(np.abs(r[defined]))]), "A gene near r = 0")
    return list(picked.items())


def _add_genes(
    run: RunData, table: ModelTable, section: Section, r: NDArray[np.float64], chosen: tuple[str, ...]
) -> None:
    predictions = run.predictions.get(table.model)
    observed = run.corrected or run.observed
    if predictions is None or observed is None:
        section.left_out.append("the figures person by person need predictions/ and evaluation/ in the run directory")
        return
    from .gene_panels import gene_figures

    label = "expression, covariates regressed out" if run.corrected else "observed expression"
    for i, title in _choose(table, r, chosen):
        figure = _person_figure(run, table, predictions, observed, i, label, title)
        if figure is None:
            gene = table.columns["gene_id"][i]
            section.left_out.append(f"{gene}: fewer than three people have a prediction and an expression value")
        else:
            section.genes.append(figure)
            section.genes.extend(gene_figures(run, table, i, figure.title))


def _person_figure(
    run: RunData, table: ModelTable, predictions: Matrix, observed: Matrix, i: int, label: str, title: str
) -> Figure | None:
    gene = table.columns["gene_id"][i]
    name = table.columns.get("name", table.columns["gene_id"])[i]
    row, other = predictions.row.get(gene), observed.row.get(table.own_id[i])
    if row is None or other is None:
        return None
    where = {sample: s for s, sample in enumerate(predictions.samples)}
    shared = [sample for sample in observed.samples if sample in where]
    x = predictions.values[row, [where[sample] for sample in shared]]
    y = observed.values[other, [s for s, sample in enumerate(observed.samples) if sample in where]]
    both = ~np.isnan(x) & ~np.isnan(y)
    if both.sum() < 3:
        return None
    numbers: dict[str, Any] = {c: table.numbers(c)[i] for c in ("pearson_r", "pearson_p", "pearson_q")}
    drawing = person_scatter(
        f"{stem(table)}.person.{table.own_id[i]}", [shared[k] for k in np.flatnonzero(both)], x[both], y[both],
        float(numbers["pearson_r"]), label,
    )  # fmt: skip
    status = table.columns["status"][i]
    test = (
        f"r = {numbers['pearson_r']:.3f}, two-sided p = {p_text(numbers['pearson_p'])}, "
        f"q = {p_text(numbers['pearson_q'])}"
        if not np.isnan(numbers["pearson_r"])
        else f"undefined: {status}"
    )
    shown = gene if name == gene else f"{name} ({gene})"
    caption = f"{shown}, one dot a person (n = {int(both.sum())}): Pearson {test}." + _covariate_note(run)
    return Figure(save(drawing, run.path / "figures"), f"{title}: {name}", caption, caption)


def _covariate_note(run: RunData) -> str:
    if run.corrected is None:
        return ""
    options = run.manifest.get("options")
    if isinstance(options, dict) and options.get("residualise") == "both":
        return (
            " Shown: expression without the covariates, and the prediction as it is; r is the partial correlation, "
            "without the covariates on either side, so that the dots and the line need not show the same r."
        )
    return " Shown: expression without the covariates, and the prediction as it is."
