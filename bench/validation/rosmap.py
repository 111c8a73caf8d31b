"""Recompute the published numbers of the ROSMAP paper from its per-gene tables (Sasse et al. 2023).

    GXFAST_DATA=DATA python bench/validation/rosmap.py

Reads DATA/rosmap_published and prints, per recipe, what gxfast finds and what was published. Exit 1 if one differs.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.stats import direction_test, driver_support, fdr, null_test, pearson, significant, support_test

TRACK = "CAGE,adult,brain"
Float64Array = NDArray[np.float64]


class Table:
    """Columns of a tab-separated file by name; empty and ``NA`` are NaN."""

    def __init__(self, path: Path) -> None:
        with path.open(newline="", encoding="utf-8") as handle:
            header, *self._rows = csv.reader(handle, delimiter="\t")
        self._at = {name.removeprefix("# "): i for i, name in enumerate(header)}

    def text(self, name: str) -> list[str]:
        """Return a column as it stands."""
        return [row[self._at[name]] for row in self._rows]

    def numbers(self, name: str) -> Float64Array:
        """Return a column as float64."""
        return np.array([float(value) if value not in ("", "NA") else np.nan for value in self.text(name)])


def correlations(genes: Table) -> Iterator[tuple[str, Any, Any]]:
    """Supplementary table 1: people across genes, against the random null, and beside PrediXcan."""
    r, baseline = genes.numbers(f"PearsonR{TRACK}"), genes.numbers("PrediXcanR")
    # The released script counts an undefined correlation as 0, and tests the mean of the null.
    test = null_test(np.nan_to_num(r), genes.numbers("RmeanRandom"), genes.numbers("Rstdrandom"), method="published")
    p = np.nan_to_num(test.p, nan=1.0)
    signed = np.nan_to_num(r)
    for strict, expected in ((True, (403, 195)), (False, (404, 195))):
        found = significant(p, strict=strict)
        rule = "strict published rule" if strict else "correct BH rule"
        yield f"genes at FDR 5 %, {rule}: positive, negative", _signs(signed[found]), expected
    yield "mean r over genes with one", round(float(np.nanmean(r)), 6), 0.010748
    both = ~np.isnan(r) & ~np.isnan(baseline)
    yield "genes with both r", int(both.sum()), 1568
    yield "r > 0.2 among them: PrediXcan", int((baseline[both] > 0.2).sum()), 921
    yield "r > 0.2 among them: Enformer", int((r[both] > 0.2).sum()), 162
    against = direction_test(r, baseline, n_bootstrap=0)
    found_r = round(against.direction, 3), round(against.magnitude, 3)
    yield "r of Enformer's and PrediXcan's r, signed and absolute", found_r, (0.114, 0.591)
    # a correlation of exactly 0 counts as negative, as published
    yield "equal signs, %", round(100 * float(((r > 0) == (baseline > 0))[both].mean()), 1), 52.7
    for name, ours, column in (
        ("t", test.t, f"Tstat{TRACK}"),
        ("-log10 p", -np.log10(test.p), f"Log10PvalueTstat{TRACK}"),
        ("-log10 BH", -np.log10(fdr(p)), f"Log10BHPvalueTstat{TRACK}"),
    ):
        yield f"{name} of {len(r)} genes: values that differ at 3 decimals", _differing(ours, genes.numbers(column)), 0
    chosen = significant(p, strict=True) & (np.abs(signed) > 0.2)
    listed = (PUBLISHED / _LIST).read_text(encoding="utf-8").split()
    found_genes = {gene for gene, kept in zip(genes.text("gene_id"), chosen, strict=True) if kept}
    yield "genes for mutagenesis: found, not in the list, in the list only", (
        len(found_genes), len(found_genes - set(listed)), len(set(listed) - found_genes),
    ), (256, 0, 0)  # fmt: skip


_LIST = f"Prediction_correlations{'CageAdultBrain'}GeneSpecific_CorrelationtoObsRandomNull_tstats_set0.2.list"


def _signs(r: Float64Array) -> tuple[int, int]:
    return int((r > 0).sum()), int((r < 0).sum())


def _differing(ours: Float64Array, theirs: Float64Array) -> int:
    same = np.isnan(ours) & np.isnan(theirs)
    return int((~same & ~(np.abs(ours - theirs) <= 0.0005 + 1e-9)).sum())


def drivers(table: Table, r: dict[str, float]) -> Iterator[tuple[str, Any, Any]]:
    """Supplementary table 2: driver SNVs, their support by eQTL slopes, their distances."""
    effect, slope = table.numbers("ISM"), table.numbers("eQTL")
    distance = np.abs(table.numbers("DisttoTSS"))
    main = np.array(table.text("IsMainDriver")) == "True"
    genes = np.array(table.text("gene_id"))
    linear = table.numbers(f"SumISMPearsonRto{TRACK}") > 0.2
    increase = table.numbers(f"IncreasedFractionofSumPearonRbyrankedDriverto{TRACK}")
    support = driver_support(effect, slope)
    supported = support == "supported"
    chosen = list(dict.fromkeys(genes[linear].tolist()))
    of_gene = [genes == gene for gene in chosen]
    signs = [r[gene] for gene in chosen]
    yield "drivers", len(effect), 1091
    counts = tuple(int((support == kind).sum()) for kind in ("supported", "unsupported", "neither"))
    yield "supported, unsupported, neither", counts, (687, 393, 11)
    shares = {
        "unweighted": ([float(supported[rows].mean()) for rows in of_gene], (0.929, 0.055), "8.3e-45"),
        "weighted": (
            [float(np.average(supported[rows], weights=increase[rows])) for rows in of_gene], (0.939, 0.03), "5.2e-45",
        ),
    }  # fmt: skip
    for kind, (share, (right, wrong), p) in shares.items():
        test = support_test(share, signs)
        yield f"genes of positive and of negative r, {kind}", (test.n_positive, test.n_negative), (161, 87)
        yield f"mean supported fraction, positive genes, {kind}", round(test.mean_positive, 3), right
        yield f"mean supported fraction, negative genes, {kind}", round(test.mean_negative, 3), wrong
        yield f"Mann-Whitney p, {kind}", f"{test.p:.1e}", p
    for sign, name, expected in ((1, "positive", (154, 161)), (-1, "negative", (0, 87))):
        rows = main & np.array([gene in chosen and np.sign(r[gene]) == sign for gene in genes.tolist()])
        yield f"main drivers supported, {name} genes", (int(supported[rows].sum()), int(rows.sum())), expected
    yield "main drivers: median distance to the TSS, bp", float(np.median(distance[main])), 237.0
    yield "main drivers within 1 kb, %", round(100 * float((distance[main] <= 1000).mean()), 1), 81.7


def means(path: Path, held_out: Path) -> Iterator[tuple[str, Any, Any]]:
    """Mean expression over people against the fine-tuned reference prediction, across genes."""
    with path.open(newline="", encoding="utf-8") as handle:
        _, *rows = csv.reader(handle, delimiter="\t")
    observed, predicted = (np.array([float(row[i]) for row in rows]) for i in (1, 2))
    tested = {str(name) for name in np.load(held_out, allow_pickle=False).astype(str).ravel()}
    kept = np.array([row[0] in tested for row in rows])
    yield "genes with both means", len(rows), 12702
    yield "r across genes", round(float(pearson(observed, predicted).r), 4), 0.5765
    yield "r across the held-out genes", round(float(pearson(observed[kept], predicted[kept]).r), 4), 0.5125


PUBLISHED = Path(os.environ.get("GXFAST_DATA", "../shared/data")) / "rosmap_published"


def recipes() -> Iterator[tuple[str, Any, Any]]:
    """Every recipe as (what, found, published)."""
    genes = Table(PUBLISHED / "SupplementaryTable1.tsv")
    yield from correlations(genes)
    r = dict(zip(genes.text("gene_id"), genes.numbers(f"PearsonR{TRACK}").tolist(), strict=True))
    yield from drivers(Table(PUBLISHED / "SupplementaryTable2.tsv"), r)
    yield from means(PUBLISHED / "MeanGeXPredFineTuned.txt", PUBLISHED / "enformer_test_set_genes.npy")


def main(show: Callable[[str], None] = print) -> int:
    """Print all recipes; return how many differ."""
    if not PUBLISHED.is_dir():
        print(f"no {PUBLISHED}: set GXFAST_DATA to the folder with the published tables", file=sys.stderr)
        return 2
    differing = 0
    for what, found, published in recipes():
        same = found == published
        differing += not same
        show(f"{'ok  ' if same else 'DIFF'}  {what}: {found}" + ("" if same else f" (published {published})"))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
