"""What the report says beyond correlations: baselines, drivers, support, explainers, models against each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..evaluation.drivers import LINEAR_R
from .data import ModelTable, RunData
from .parts import Axis, Dots, Figure, Section, number_text, p_text, stem
from .plots import drivers as figures
from .plots.style import Frame, save

__all__ = ["add_model_panels", "lead_p_values", "pair_figures", "supported_fractions"]

_MOST_PAIRS: Final = 6
_LEAST_P: Final = 1e-300
_MOST_DRIVER_DOTS: Final = 2000  # of a figure: each has columns of its own


def add_model_panels(run: RunData, table: ModelTable, section: Section) -> None:
    """Add the figures of one model that the tables of the run allow."""
    r, ids = table.numbers("pearson_r"), table.columns["gene_id"]
    _against_baseline(run, table, section, ids, r)
    _support(run, table, section)
    _distances(run, table, section)
    _explained(run, table, section, r)


def lead_p_values(run: RunData, own: ModelTable) -> list[str]:
    """P of the lead eQTL of each gene, by permutation; empty where there is none."""
    lead = run.tables.get("eqtl")
    if not lead or "pval_beta" not in lead:
        return [""] * len(own)
    p = dict(zip(lead["phenotype_id"], lead["pval_beta"], strict=True))
    return [p.get(gene, "") for gene in own.own_id]


def supported_fractions(run: RunData, own: ModelTable) -> list[str]:
    """Fraction of each gene's drivers that eQTLs support; empty where it has none."""
    table, rows = _rows(run, "support", own.model)
    fraction = {table["gene_id"][i]: table["supported_fraction"][i] for i in rows}
    return [fraction.get(gene, "") for gene in own.columns["gene_id"]]


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
    answer = (
        f"Mean r {r[both].mean():.3f} of the model, {held_out[both].mean():.3f} of the elastic net, which is above in "
        f"{better:,} of {int(both.sum()):,} genes."
    )
    saved = save(drawing, run.path / "figures")
    dots = Dots(
        table.own_id, saved.frame, Axis("r of the model", table.columns["pearson_r"]),
        Axis("r of the elastic net", table.columns["baseline_r"]),
    )  # fmt: skip
    section.figures.append(
        Figure(saved.svg, "Against the elastic net", caption, caption, question="baseline", answer=answer, dots=dots)
    )


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
    ids = [table["gene_id"][rows[i]] for i in np.flatnonzero(kept)]
    drawing = figures.support_by_success(f"{stem(own)}.support", ids, fraction[kept], r[kept])
    caption = (
        f"Fraction of each gene's drivers whose predicted direction the eQTL supports, in {test.n_positive} genes of "
        f"positive and {test.n_negative} of negative r (all genes with a driver and a linear approximation of r > "
        f"{LINEAR_R:g}): means {number_text(test.mean_positive)} and {number_text(test.mean_negative)}, two-sided "
        f"Mann-Whitney p = {p_text(test.p)}. Lines: means."
    )
    answer = (
        f"eQTLs support {100 * test.mean_positive:.0f} % of the drivers where r > 0, {100 * test.mean_negative:.0f} % "
        "where r < 0."
        if test.n_positive and test.n_negative
        else ""
    )
    saved = save(drawing, run.path / "figures")
    place = dict(zip(ids, figures.apart(r[kept]).tolist(), strict=True))
    dots = Dots(
        own.own_id, saved.frame,
        Axis("", [f"{place[gene]:.3f}" if gene in place else "" for gene in own.columns["gene_id"]]),
        Axis("supported fraction", supported_fractions(run, own)), {"r": own.columns["pearson_r"]},
    )  # fmt: skip
    section.figures.append(
        Figure(saved.svg, "Support of the drivers", caption, caption, question="drivers", answer=answer, dots=dots)
    )


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
    answer = f"The main drivers' median distance to the TSS is {middle:,.0f} bases." if main.any() else ""
    saved = save(drawing, run.path / "figures")
    dots = _driver_dots(table, rows, own, saved.frame) if len(rows) <= _MOST_DRIVER_DOTS else None
    section.figures.append(
        Figure(saved.svg, "Drivers along the gene", caption, caption, question="drivers", answer=answer, dots=dots)
    )


def _driver_dots(table: dict[str, list[str]], rows: list[int], own: ModelTable, frame: Frame) -> Dots:
    own_id = dict(zip(own.columns["gene_id"], own.own_id, strict=True))
    size = [f"{max(abs(float(table['tss_distance'][i])), 1):g}" for i in rows]
    more = {"driver": "variant_id", "bases from the TSS": "tss_distance", "effect": "ism", "eQTL": "support"}
    return Dots(
        [own_id[table["gene_id"][i]] for i in rows], frame, Axis("", size, "log"),
        more={label: [table[name][i] for i in rows] for label, name in more.items() if name in table},
    )  # fmt: skip


def _explained(run: RunData, own: ModelTable, section: Section, r: NDArray[np.float64]) -> None:
    p = lead_p_values(run, own)
    value = np.array([-np.log10(max(float(cell), _LEAST_P)) if cell else np.nan for cell in p])
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
    answer = f"Spearman of |r| with the strength of the lead eQTL: {number_text(float(found.rho))}."
    saved = save(drawing, run.path / "figures")
    dots = Dots(
        own.own_id, saved.frame, Axis("p of the lead eQTL", p, "minus_log", _LEAST_P),
        Axis("r", own.columns["pearson_r"], "abs"),
    )  # fmt: skip
    section.figures.append(
        Figure(saved.svg, "Genes with strong eQTLs", caption, caption, question="success", answer=answer, dots=dots)
    )


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
        answer = f"r correlates {number_text(direction)}, |r| {number_text(magnitude)}."
        saved = save(drawing, run.path / "figures")
        of_b = dict(zip(b.own_id, b.columns["pearson_r"], strict=True))
        dots = Dots(
            a.own_id, saved.frame, Axis(a.label, a.columns["pearson_r"]),
            Axis(b.label, [of_b.get(gene, "") for gene in a.own_id]),
        )  # fmt: skip
        title = f"{a.label} and {b.label}"
        found.append(Figure(saved.svg, title, caption, caption, question="agree", answer=answer, dots=dots))
    return found


def _pearson(x: Any, y: Any) -> float:
    from ..stats import pearson

    return float(pearson(x, y).r)
