"""Figures of single genes: observed against predicted, loci, surroundings of drivers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..io.tables.text import read_lines
from .data import ModelTable, RunData
from .model_panels import _figure
from .parts import Figure, stem
from .plots import drivers as figures

__all__ = ["gene_figures"]


def gene_figures(run: RunData, own: ModelTable, i: int, title: str) -> list[Figure]:
    """Effects against eQTLs, and the locus, of one gene."""
    gene = own.columns["gene_id"][i]
    file = run.file(f"ism/{own.model}.variants.tsv.gz")
    rows = _variants(file, gene) if file else {"pos": []}
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
    path = run.file(f"ism/{own.model}.main_drivers.npz")
    if path is None:
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
