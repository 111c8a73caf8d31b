"""Figures of single genes: observed against predicted, loci, surroundings of drivers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..io.npz import npz_row
from .data import ModelTable, RunData
from .drawn import DrawnGenes, PeopleRows, Variants
from .parts import Figure, Section, p_text, stem
from .plots import drivers as figures
from .plots.overview import person_scatter
from .plots.style import Drawing, digest, save

__all__ = ["add_gene_figures"]


def add_gene_figures(
    run: RunData, table: ModelTable, section: Section, picks: list[tuple[int, str]], drawn: DrawnGenes, *, log: bool
) -> None:
    """Draw the picked genes (row in the table, title) of one model; expression on a log scale if ``log``."""
    predictions, observed = drawn.predicted.get(table.model), drawn.observed
    if predictions is None or observed is None:
        section.left_out.append(
            ("each", "the figures person by person need predictions/ and evaluation/ in the run directory")
        )
        return
    variants = drawn.variants.get(table.model, {})
    for i, title in picks:
        gene = table.columns["gene_id"][i]
        heading = f"{title}: {_name(table, i)}"
        figure = _person_figure(run, table, predictions, observed, i, heading, log=log)
        if figure is None:
            section.left_out.append(
                ("each", f"{gene}: fewer than three people have a prediction and an expression value")
            )
            continue
        section.genes.append(figure)
        section.genes.extend(_variant_figures(run, table, i, heading, variants.get(gene)))


def _name(table: ModelTable, i: int) -> str:
    return table.columns.get("name", table.columns["gene_id"])[i]


def _figure(run: RunData, table: ModelTable, i: int, drawing: Drawing, title: str, caption: str) -> Figure:
    anchor = f"figure-{digest(drawing.name)}"
    return Figure(save(drawing, run.path / "figures").svg, title, caption, caption, table.own_id[i], anchor)


def _shared_values(
    predictions: PeopleRows, gene: str, observed: PeopleRows, own_id: str
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]] | None:
    """People who have both values of a gene, and these; None where fewer than three have."""
    if gene not in predictions.row or own_id not in observed.row:
        return None
    where = {sample: s for s, sample in enumerate(predictions.samples)}
    there = [s for s, sample in enumerate(observed.samples) if sample in where]
    x = predictions.row[gene][[where[observed.samples[s]] for s in there]]
    y = observed.row[own_id][there]
    both = ~np.isnan(x) & ~np.isnan(y)
    if both.sum() < 3:
        return None
    return [observed.samples[there[k]] for k in np.flatnonzero(both)], x[both], y[both]


def _person_figure(
    run: RunData, table: ModelTable, predictions: PeopleRows, observed: PeopleRows, i: int, title: str, *, log: bool
) -> Figure | None:
    gene, name = table.columns["gene_id"][i], _name(table, i)
    found = _shared_values(predictions, gene, observed, table.own_id[i])
    if found is None:
        return None
    people, x, y = found
    log = log and bool((y > 0).any())
    r, p, q = (float(table.numbers(column)[i]) for column in ("pearson_r", "pearson_p", "pearson_q"))
    label = "expression, covariates regressed out" if run.corrected else "observed expression"
    drawing = person_scatter(f"{stem(table)}.person.{table.own_id[i]}", people, x, y, r, label, log=log)
    test = f"undefined: {table.columns['status'][i]}"
    if not np.isnan(r):
        test = f"r = {r:.3f}, two-sided p = {p_text(p)}, q = {p_text(q)}"
    shown = gene if name == gene else f"{name} ({gene})"
    caption = f"{shown}, one dot a person (n = {len(people)}): Pearson {test}." + _covariate_note(run)
    caption += " Expression on a log scale; r is of the values themselves." if log else ""
    return _figure(run, table, i, drawing, title, caption)


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


def _variant_figures(run: RunData, own: ModelTable, i: int, title: str, rows: Variants | None) -> list[Figure]:
    """Effects against eQTLs, the locus, and the surroundings of the main driver, of one gene."""
    if rows is None or len(rows["pos"]) < 2:
        return []
    effect, slope, p = (np.array([float(c) if c else np.nan for c in rows[n]]) for n in ("ism", "eqtl_slope", "eqtl_p"))
    driver = np.array([cell == "yes" for cell in rows["is_driver"]])
    name = _name(own, i)
    there = np.isfinite(slope)
    found = []
    if there.sum() > 1:
        drawing = figures.effects_and_eqtls(
            f"{stem(own)}.effects.{own.own_id[i]}", [v for v, k in zip(rows["variant_id"], there, strict=True) if k],
            effect[there], slope[there], driver[there],
        )  # fmt: skip
        n_same = int((effect * slope > 0)[driver & there].sum())
        caption = (
            f"{name}: predicted effect of each of {int(there.sum())} SNVs in the model's window against its eQTL "
            f"slope (least squares over people). Large dots: {int(driver.sum())} driver(s), {n_same} of them in the "
            "direction of the eQTL (blue; orange: against it)."
        )
        found.append(_figure(run, own, i, drawing, f"{title}: effects and eQTLs", caption))
    with np.errstate(divide="ignore"):
        log10p = -np.log10(np.where(p > 0, p, 1e-300))
    drawing = figures.locus(
        f"{stem(own)}.locus.{own.own_id[i]}", rows["variant_id"], np.array(rows["pos"], float), effect, log10p, driver,
        int(own.columns["tss"][i]), own.columns["chrom"][i],
    )  # fmt: skip
    caption = (
        f"{name}: SNVs along the model's window, predicted effect on the reference; drivers in blue, the heads grow "
        "with -log10 p of the eQTL. Dashed: the TSS."
    )
    found.append(_figure(run, own, i, drawing, f"{title}: the locus", caption))
    found += _surroundings(run, own, i, title)
    return found


def _surroundings(run: RunData, own: ModelTable, i: int, title: str) -> list[Figure]:
    path = run.file(f"ism/{own.model}.main_drivers.npz")
    if path is None:
        return []
    with np.load(path, allow_pickle=False) as stored:
        rows = np.flatnonzero(stored["gene_id"] == own.columns["gene_id"][i])
        if not rows.size:
            return []
        k = int(rows[0])
        pos, variant = int(stored["pos"][k]), str(stored["variant_id"][k])
    effects, bases = npz_row(path, "effects", k).astype(np.float64), npz_row(path, "bases", k)
    reach = len(bases[0]) // 2
    *_, ref, alt = variant.split("_")
    name = _name(own, i)
    drawing = figures.surroundings(
        f"{stem(own)}.surroundings.{own.own_id[i]}", np.arange(pos - reach, pos + reach + 1), effects, bases, (ref, alt)
    )
    caption = (
        f"{name}: what the model reads around its main driver {variant}: minus the mean effect of the three changes "
        f"of each base, with {ref} and with {alt} in the middle (grey), and every change of the reference (heat map; "
        "dots: the base that is there; rows A, C, G, T). Forward strand."
    )
    return [_figure(run, own, i, drawing, f"{title}: around the main driver", caption)]
