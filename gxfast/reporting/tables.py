"""Tables of a run as the report shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .data import RunData

__all__ = ["TableView", "table_views"]

# Of a table that is not of genes: about two bytes of page a cell. Where there are more genes, whose tables are shown
# whole, there is less room.
_MOST_CELLS: Final = 1_000_000
_LEAST_CELLS: Final = 100_000
_CELLS_A_GENE: Final = 16
_TABLES: Final = {
    "drivers": ("Driver SNVs", ("model", "gene_id", "name", "variant_id", "support", "tss_distance", "ism", "own_r",
                                "increase", "is_main", "carrier_freq", "allele_freq", "eqtl_slope", "eqtl_p", "signal",
                                "signal_r", "signal_support")),
    "motifs": ("Motifs of the main drivers", ("model", "gene_id", "name", "variant_id", "kmer", "cluster", "support",
                                              "scale", "size_5", "size_10", "size_20", "size_50", "distance_10")),
    "cells": ("Seen and unseen genes, the same and other populations", (
        "model", "kind", "genes", "people", "population", "n_people", "n_genes", "mean_r", "mean_r_low", "mean_r_high",
        "share_positive", "signed_r2", "h2", "h2_se", "ceiling_ratio", "ceiling_low", "ceiling_high")),
    "direction": ("Direction at the lead SNV of each window", (
        "model", "stratum", "low", "high", "n", "equal_sign", "equal_sign_low", "equal_sign_high", "equal_sign_p",
        "signed_rho", "absolute_rho", "conditional_equal_sign", "conditional_equal_sign_p")),
    "explainers": ("What goes with success", ("model", "what", "n", "rho", "p", "rho_abs", "p_abs")),
    "learned": ("Heads learned from people's own genomes", (
        "gene_id", "name", "people_r", "people_p", "people_q", "genes_r", "genes_p", "genes_q", "baseline_r")),
    "agreement": ("Models against each other", (
        "model_a", "model_b", "n_genes", "direction_r", "magnitude_r", "difference", "difference_p", "equal_sign",
        "equal_sign_p", "n_strong", "strong_equal_sign", "reference_pearson")),
}  # fmt: skip
_QUESTIONS: Final = {
    "drivers": "drivers", "motifs": "drivers", "direction": "direction", "cells": "generalise",
    "explainers": "success", "learned": "baseline", "agreement": "agree",
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
    "cells": "Pearson r across the people of a population, averaged over genes (95 % bootstrap interval over genes). "
    "people: same, it learned from others of these populations (people of one fold are compared with each other); "
    "other, from other populations only; any, from nobody's own genome. genes: seen or unseen in training; a trained "
    "model that predicts the same for everybody counts as r = 0. signed_r2: mean of sign(r) times adjusted r^2; "
    "ceiling_ratio: its sum over that of the heritability in cis. By gene: cells.genes.tsv; by person, across genes: "
    "people.tsv.",
    "explainers": "Spearman's rho, over genes, of r across people (rho) and of its absolute value (rho_abs) with "
    "properties of the gene; two-sided p.",
    "learned": "Ridge regression of expression on all models' predictions for each person. people_r: a head per gene, "
    "tested on people it did not see. genes_r: one head for all genes, tested on genes it did not see. Beside them the "
    "elastic net's held-out r; the models' own r are in learned.tsv.",
    "agreement": "Per pair of models, over genes: Pearson of their r (direction) and of the absolute values "
    "(magnitude), the difference with its bootstrap p, the share of equal signs with the exact binomial test, the same "
    "where both |r| > 0.2, and Pearson of the predictions for the reference.",
}


@dataclass(frozen=True, slots=True)
class TableView:
    """A table to show: its cells as in the file, by column, and the gene of each row where it has genes.

    ``part_of`` is the name of the file where the page has only some of its rows.
    """

    question: str
    title: str
    note: str
    columns: dict[str, list[str]]
    genes: list[str] | None
    part_of: str = ""


def table_views(run: RunData) -> list[TableView]:
    """Return the tables that the run has, in the order in which they are shown."""
    own_id = {gene: own for t in run.models for gene, own in zip(t.columns["gene_id"], t.own_id, strict=True)}
    symbols = {
        gene: name
        for t in run.models
        for gene, name in zip(t.columns["gene_id"], t.columns.get("name", t.columns["gene_id"]), strict=True)
    }
    taken = _CELLS_A_GENE * sum(map(len, run.models))
    least = min(_LEAST_CELLS, _MOST_CELLS)
    views = []
    for name, (title, wanted) in _TABLES.items():
        table = run.tables.get(name)
        if not table or not next(iter(table.values())):
            continue
        if "gene_id" in table:
            table = {"name": [symbols.get(gene, "") for gene in table["gene_id"]], **table}
        columns = [column for column in wanted if column in table]
        most = len(own_id) if name == "learned" else max(least, _MOST_CELLS - taken) // len(columns)
        rows, told = _bounded(table, most)
        cells = {column: [table[column][i] for i in rows] for column in columns}
        genes = [own_id.get(gene, gene) for gene in cells["gene_id"]] if "gene_id" in cells else None
        views.append(
            TableView(_QUESTIONS[name], title, _NOTES[name] + told, cells, genes, f"{name}.tsv" if told else "")
        )
    return views


def _bounded(table: dict[str, list[str]], most: int) -> tuple[Sequence[int], str]:
    """Rows that the page can hold, and what is said of those it cannot."""
    n_rows = len(next(iter(table.values())))
    if n_rows <= most:
        return range(n_rows), ""
    rows: Sequence[int] = range(n_rows)
    told = ""
    if "is_main" in table:
        rows = [i for i in rows if table["is_main"][i] == "yes"]
        told = f" Main drivers only: there are {n_rows:,} in all."
    if len(rows) > most and "eqtl_p" in table:
        told += f" The {most:,} with the smallest eQTL p: a page does not hold more."
        smallest = sorted(rows, key=lambda i: (float(table["eqtl_p"][i] or "inf"), i))[:most]
        return sorted(smallest), told
    if len(rows) > most:
        told += f" The first {most:,} of {len(rows):,} rows: a page does not hold more."
    return rows[:most], told
