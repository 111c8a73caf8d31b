"""What the report says beyond correlations: baselines, drivers, support, explainers, models against each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..evaluation.drivers import LINEAR_R
from .data import ModelTable, RunData
from .parts import Figure, Section, number_text, p_text, stem
from .plots import drivers as figures
from .plots.style import Drawing, save

__all__ = ["add_model_panels", "pair_figures"]

_MOST_PAIRS: Final = 6


def add_model_panels(run: RunData, table: ModelTable, section: Section) -> None:
    """Add the figures of one model that the tables of the run allow."""
    r, ids = table.numbers("pearson_r"), table.columns["gene_id"]
    _against_baseline(run, table, section, ids, r)
    _support(run, table, section)
    _distances(run, table, section)
    _explained(run, table, section, r)


def _figure(run: RunData, drawing: Drawing, title: str, caption: str) -> Figure:
    return Figure(save(drawing, run.path / "figures"), title, caption, caption)


def _against_baseline(
    run: RunData, table: ModelTable, section: Section, ids: list[str], r: NDArray[np.float64]
) -> None:
    held_out = table.numbers("baseline_r")
    both = np.isfinite(held_out) & np.isfinite(r)
    if both.sum() < 3:
        return
    better = int((held_out[both] > r[both]).sum())
    drawing = figures.against(
        f"{stem(table)}.against_baseline", [ids[i] for i in np.flatnonzero(both)], r[both], held_out[both],
        ("r of the model", "held-out r of the elastic net"), diagonals=True,
    )  # fmt: skip
    caption = (
        f"The same people, predicted by the model and by an elastic net that never saw them (n = {int(both.sum())} "
        f"genes): mean r {r[both].mean():.3f} and {held_out[both].mean():.3f}; the elastic net is above in {better}. "
        "Corners: genes per quadrant. Dashed: equal r, and equal |r|."
    )
    section.explanations.append(_figure(run, drawing, "Against the linear baseline", caption))


def _rows(run: RunData, name: str, model: str) -> tuple[dict[str, list[str]], list[int]]:
    table = run.tables.get(name, {})
    return table, [i for i, value in enumerate(table.get("model", [])) if value == model]


def _numbers(cells: list[str], rows: list[int]) -> NDArray[np.float64]:
    return np.array([float(cells[i]) if cells[i] else np.nan for i in rows])


def _of_track(table: dict[str, list[str]], rows: list[int], own: ModelTable) -> list[int]:
    known = set(own.columns["gene_id"])
    return [i for i in rows if table["gene_id"][i] in known]


def _support(run: RunData, own: ModelTable, section: Section) -> None:
    from ..stats import support_test

    table, rows = _rows(run, "support", own.model)
    rows = _of_track(table, rows, own)
    if not rows:
        return
    r, linear = _numbers(table["pearson_r"], rows), _numbers(table["linear_r"], rows)
    fraction = _numbers(table["supported_fraction"], rows)
    kept = np.isfinite(fraction) & np.isfinite(r) & (r != 0) & (linear > LINEAR_R)
    if kept.sum() < 3:
        return
    test = support_test(fraction[kept], r[kept])
    drawing = figures.support_by_success(
        f"{stem(own)}.support", [table["gene_id"][rows[i]] for i in np.flatnonzero(kept)], fraction[kept], r[kept]
    )
    caption = (
        f"Fraction of each gene's drivers whose predicted direction the eQTL supports, in {test.n_positive} genes of "
        f"positive and {test.n_negative} of negative r (all genes with a driver and a linear approximation of r > "
        f"{LINEAR_R:g}): means {number_text(test.mean_positive)} and {number_text(test.mean_negative)}, two-sided "
        f"Mann-Whitney p = {p_text(test.p)}. Lines: means."
    )
    section.explanations.append(_figure(run, drawing, "Support of the drivers", caption))


def _distances(run: RunData, own: ModelTable, section: Section) -> None:
    table, rows = _rows(run, "drivers", own.model)
    rows = [i for i in _of_track(table, rows, own) if float(table["linear_r"][i]) > LINEAR_R]
    if not rows:
        return
    distance = _numbers(table["tss_distance"], rows)
    main = np.array([table["is_main"][i] == "yes" for i in rows])
    drawing = figures.distances(f"{stem(own)}.distances", [table["variant_id"][i] for i in rows], distance, main)
    near = 100 * float((np.abs(distance[main]) <= 1000).mean()) if main.any() else float("nan")
    middle = float(np.median(np.abs(distance[main]))) if main.any() else float("nan")
    caption = (
        f"Distance of {len(rows)} driver SNVs to the TSS; main drivers ({int(main.sum())}): median {middle:,.0f} "
        f"bases, {near:.1f} % within 1 kb."
    )
    section.explanations.append(_figure(run, drawing, "Drivers along the gene", caption))


def _explained(run: RunData, own: ModelTable, section: Section, r: NDArray[np.float64]) -> None:
    lead = run.tables.get("eqtl")
    if not lead or "pval_beta" not in lead:
        return
    p = {gene: float(cell) for gene, cell in zip(lead["phenotype_id"], lead["pval_beta"], strict=True) if cell}
    value = np.array([-np.log10(max(p[gene], 1e-300)) if gene in p else np.nan for gene in own.own_id])
    both = np.isfinite(value) & np.isfinite(r)
    if both.sum() < 3:
        return
    from ..stats import spearman

    found = spearman(value[both], np.abs(r[both]))
    drawing = figures.explained(
        f"{stem(own)}.explained", [own.own_id[i] for i in np.flatnonzero(both)], value[both], r[both],
        "-log10 p of the lead eQTL",
    )  # fmt: skip
    caption = (
        f"|r| of the model against the strength of the gene's lead eQTL (n = {int(both.sum())} genes): Spearman "
        f"{number_text(float(found.rho))}, two-sided p = {p_text(float(found.p))}. "
        "Blue: right direction, orange: wrong."
    )
    section.explanations.append(_figure(run, drawing, "Genes with strong eQTLs", caption))


def pair_figures(run: RunData) -> list[Figure]:
    """r of every two models, gene by gene: an X where they agree in size and not in direction."""
    found = []
    for a, b in list(combinations(run.models, 2))[:_MOST_PAIRS]:
        r = [dict(zip(t.own_id, t.numbers("pearson_r").tolist(), strict=True)) for t in (a, b)]
        genes = [g for g in r[0] if np.isfinite(r[0][g]) and np.isfinite(r[1].get(g, np.nan))]
        if len(genes) < 3:
            continue
        x, y = (np.array([values[g] for g in genes]) for values in r)
        drawing = figures.against(
            f"{stem(a)}.against.{stem(b)}", genes, x, y, (f"r of {a.label}", f"r of {b.label}"), diagonals=True
        )
        direction, magnitude = (_pearson(*pair) for pair in ((x, y), (np.abs(x), np.abs(y))))
        caption = (
            f"r across people of {a.label} and {b.label}, one dot a gene (n = {len(genes)}): Pearson "
            f"{number_text(direction)}, of the absolute values {number_text(magnitude)}; equal signs in "
            f"{int((x * y > 0).sum())}. Corners: genes per quadrant. An X means: one size, two directions."
        )
        found.append(_figure(run, drawing, f"{a.label} and {b.label}", caption))
    return found


def _pearson(x: Any, y: Any) -> float:
    from ..stats import pearson

    return float(pearson(x, y).r)
