"""What the report says beyond correlations: baselines, drivers, support, explainers, models against each other."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..driver_snvs import LINEAR_R
from ..io.tables._text import read_lines
from . import driver_figures as figures
from .data import ModelTable, RunData
from .figures import Drawing, save
from .sections import Figure, Section, number_text, p_text, shown_cell, stem

__all__ = ["add_further", "gene_figures", "pair_figures", "table_views"]

_MOST_PAIRS: Final = 6
_MOST_ROWS: Final = 2000  # of a table: more make the page slow
_TABLES: Final = {
    "drivers": ("Driver SNVs", ("model", "gene_id", "variant_id", "tss_distance", "ism", "own_r", "increase", "is_main",
                                "carrier_freq", "allele_freq", "eqtl_slope", "eqtl_p", "support")),
    "motifs": ("Motifs of the main drivers", ("model", "gene_id", "variant_id", "kmer", "cluster", "support", "scale",
                                              "size_5", "size_10", "size_20", "size_50", "distance_10")),
    "direction": ("Direction at the lead SNV of each window", (
        "model", "stratum", "low", "high", "n", "equal_sign", "equal_sign_low", "equal_sign_high", "equal_sign_p",
        "signed_rho", "absolute_rho")),
    "explainers": ("What goes with success", ("model", "what", "n", "rho", "p", "rho_abs", "p_abs")),
    "learned": ("Heads learned from people's own genomes", (
        "gene_id", "name", "people_r", "people_p", "people_q", "genes_r", "genes_p", "genes_q", "baseline_r")),
    "agreement": ("Models against each other", (
        "model_a", "model_b", "n_genes", "direction_r", "magnitude_r", "difference", "difference_p", "equal_sign",
        "equal_sign_p", "n_strong", "strong_equal_sign", "reference_pearson")),
}  # fmt: skip
_NOTES: Final = {
    "drivers": "Variants that make the differences between people that a model predicts; effects by mutagenesis on the "
    "reference, eQTL slopes by least squares on the expression that was evaluated. supported: both have one sign. "
    "Full table: drivers.tsv; per gene: support.tsv.",
    "motifs": "Around each main driver, on the reference: 13 bases, their cluster (alike in a stretch with at most one "
    "mismatch, complete linkage), bases in a row whose attribution has the driver's sign and at least 5, 10, 20, 50 % "
    "of the scale (the largest effect nearby). Support by cluster: motif_clusters.tsv.",
    "direction": "Per gene the SNV in the model's window with the smallest eQTL p: share of genes in which predicted "
    "effect and eQTL slope have one sign (95 % Clopper-Pearson interval, exact binomial test against one half), and "
    "Spearman's rho of the two with and without sign; then in thirds by distance, frequency and effect.",
    "explainers": "Spearman's rho, over genes, of r across people (rho) and of its absolute value (rho_abs) with "
    "properties of the gene; two-sided p.",
    "learned": "Ridge regression of expression on all models' predictions for each person. people_r: a head per gene, "
    "tested on people it did not see. genes_r: one head for all genes, tested on genes it did not see. Beside them the "
    "elastic net's held-out r; the models' own r are in learned.tsv.",
    "agreement": "Per pair of models, over genes: Pearson of their r (direction) and of the absolute values "
    "(magnitude), the difference with its bootstrap p, the share of equal signs with the exact binomial test, the same "
    "where both |r| > 0.2, and Pearson of the predictions for the reference.",
}


def table_views(run: RunData) -> list[tuple[str, str, list[str], list[list[str]]]]:
    """Title, note, columns and rows of each further table that the run has."""
    views = []
    for name, (title, wanted) in _TABLES.items():
        table = run.tables.get(name)
        if not table or not next(iter(table.values())):
            continue
        columns = [column for column in wanted if column in table]
        rows, note = list(range(len(table[columns[0]]))), _NOTES[name]
        if len(rows) > _MOST_ROWS and "is_main" in table:
            rows = [i for i in rows if table["is_main"][i] == "yes"]
            note += f" Main drivers only: there are {len(table[columns[0]]):,} in all."
        if len(rows) > _MOST_ROWS:
            note += f" The first {_MOST_ROWS:,} of {len(rows):,} rows."
            rows = rows[:_MOST_ROWS]
        views.append((title, note, columns, [[shown_cell(c, table[c][i]) for c in columns] for i in rows]))
    return views


def add_further(run: RunData, table: ModelTable, section: Section) -> None:
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
    section.further.append(_figure(run, drawing, "Against the linear baseline", caption))


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
    section.further.append(_figure(run, drawing, "Support of the drivers", caption))


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
    section.further.append(_figure(run, drawing, "Drivers along the gene", caption))


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
    section.further.append(_figure(run, drawing, "Genes with strong eQTLs", caption))


def gene_figures(run: RunData, own: ModelTable, i: int, title: str) -> list[Figure]:
    """Effects against eQTLs, and the locus, of one gene."""
    gene = own.columns["gene_id"][i]
    rows = _variants(run.path / "ism" / f"{own.model}.variants.tsv.gz", gene)
    if len(rows["pos"]) < 2:
        return []
    effect, slope, p = (np.array([float(c) if c else np.nan for c in rows[n]]) for n in ("ism", "eqtl_slope", "eqtl_p"))
    driver = np.array([cell == "yes" for cell in rows["is_driver"]])
    name = own.columns.get("name", own.columns["gene_id"])[i]
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
        found.append(_figure(run, drawing, f"{title}: effects and eQTLs", caption))
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
    found.append(_figure(run, drawing, f"{title}: the locus", caption))
    found += _surroundings(run, own, i, title)
    return found


def _surroundings(run: RunData, own: ModelTable, i: int, title: str) -> list[Figure]:
    path = run.path / "ism" / f"{own.model}.main_drivers.npz"
    if not path.exists():
        return []
    with np.load(path, allow_pickle=False) as stored:
        rows = np.flatnonzero(stored["gene_id"] == own.columns["gene_id"][i])
        if not rows.size:
            return []
        k = int(rows[0])
        effects, bases = stored["effects"][k].astype(np.float64), stored["bases"][k]
        pos, variant = int(stored["pos"][k]), str(stored["variant_id"][k])
    reach = len(bases[0]) // 2
    *_, ref, alt = variant.split("_")
    name = own.columns.get("name", own.columns["gene_id"])[i]
    drawing = figures.surroundings(
        f"{stem(own)}.surroundings.{own.own_id[i]}", np.arange(pos - reach, pos + reach + 1), effects, bases, (ref, alt)
    )
    caption = (
        f"{name}: what the model reads around its main driver {variant}: minus the mean effect of the three changes "
        f"of each base, with {ref} and with {alt} in the middle (grey), and every change of the reference (heat map; "
        "dots: the base that is there; rows A, C, G, T). Forward strand."
    )
    return [_figure(run, drawing, f"{title}: around the main driver", caption)]


def _variants(path: Path, gene: str) -> dict[str, list[str]]:
    """The rows of one gene; the table is read line by line, for it may be long."""
    columns: dict[str, list[str]] = {
        "variant_id": [],
        "pos": [],
        "ism": [],
        "eqtl_slope": [],
        "eqtl_p": [],
        "is_driver": [],
    }
    if not path.exists():
        return columns
    lines = read_lines(path, "table of variants")
    names = next(lines)[1].split("\t")
    at = {name: names.index(name) for name in columns if name in names}
    if len(at) < len(columns):
        return columns  # what `gxfast ism variants` wrote: no eQTLs in it
    for _, line in lines:
        if line.startswith(f"{gene}\t"):
            cells = line.split("\t")
            for name, k in at.items():
                columns[name].append(cells[k])
    return columns


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
