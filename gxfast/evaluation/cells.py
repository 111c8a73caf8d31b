"""Does a prediction generalise: to genes that were not seen, and to people of another population?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..io.tables.groups import ALL
from ..stats.cells import CellSummary, across_genes, cell_summary, signed_r2, within_groups

__all__ = [
    "FEWEST_PEOPLE",
    "CellGenes",
    "CellRow",
    "Groups",
    "PersonRow",
    "Predicted",
    "cell_rows",
    "person_rows",
    "population_groups",
]  # fmt: skip

Float64Array = NDArray[np.float64]
FEWEST_PEOPLE: Final = 10  # of a population, for a correlation within it


@dataclass(frozen=True, slots=True, repr=False)
class Predicted(Brief):
    """Predictions of G genes and S people by one predictor, under one condition.

    Attributes
    ----------
    model, kind : str
        ``kind``: model, effects, linear, head per gene or head over genes.
    people : str
        "same": it learned from other people of the same populations; "other": from other populations only; "any":
        it learned from nobody's own genome.
    values : float64 array, shape (G, S)
        NaN where nothing is predicted.
    seen : str array, shape (G,)
        Of each gene: "seen", "unseen" or "unknown".
    folds : int64 array, shape (S,), or None
        Who was predicted by one fit: people of several are not compared with each other.
    """

    model: str
    kind: str
    people: str
    values: Float64Array
    seen: NDArray[np.str_]
    folds: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Groups(Brief):
    """People by population: ``code`` of each (int64, shape (S,); -1: in none), and the names."""

    code: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class CellRow(Brief):
    """A row of ``cells.tsv``: one predictor, genes it has or has not seen, people it has or has not learned from.

    ``population``: one of them, or "all": the mean over populations of each gene's r, weighted by people. The other
    columns are those of `gxfast.stats.CellSummary`.
    """

    model: str
    kind: str
    genes: str
    people: str
    population: str
    n_people: int
    n_genes: int
    mean_r: float
    mean_r_low: float
    mean_r_high: float
    median_r: float
    share_positive: float
    signed_r2: float
    n_h2: int
    h2: float
    h2_se: float
    ceiling_ratio: float
    ceiling_low: float
    ceiling_high: float


@dataclass(frozen=True, slots=True, repr=False)
class CellGenes(Brief):
    """Rows of ``cells.genes.tsv``: r of some genes in one cell, beside their heritability in cis.

    Attributes
    ----------
    cell : tuple of str
        model, kind, genes, people and population, as in `CellRow`.
    gene : int64 array, shape (R,)
        Rows of the gene table.
    r, signed_r2, h2, h2_se : float64 arrays, shape (R,)
    """

    cell: tuple[str, ...]
    gene: NDArray[np.int64]
    r: Float64Array
    signed_r2: Float64Array
    h2: Float64Array
    h2_se: Float64Array


@dataclass(frozen=True, slots=True, repr=False)
class PersonRow(Brief):
    """A row of ``people.tsv``: correlation across genes of one person, of values as they are and of what is special.

    ``centred_r``: of both sides less the gene's mean over people, and by its deviation. ``genes``: as in ``cells.tsv``,
    or "all" where the predictor has seen some of them.
    """

    model: str
    kind: str
    genes: str
    sample: str
    population: str
    n_genes: int
    r: float
    centred_r: float


def population_groups(samples: Sequence[str], populations: Mapping[str, str] | None) -> tuple[Groups, dict[str, int]]:
    """Return the populations of some people that are large enough, and how many people have none or a small one."""
    if populations is None:
        return Groups(np.zeros(len(samples), np.int64), (ALL,)), {}
    labels = [populations.get(name, "") for name in samples]
    sizes = Counter(labels)
    names = tuple(sorted(name for name, n in sizes.items() if name and n >= FEWEST_PEOPLE))
    code = np.array([names.index(label) if label in names else -1 for label in labels], np.int64)
    left = {name or "no population": n for name, n in sorted(sizes.items()) if name not in names}
    return Groups(code, names), left


def cell_rows(
    predicted: Predicted, observed: Float64Array, groups: Groups, gene_id: Sequence[str],
    h2: Mapping[str, tuple[float, float]], *, seed: int = 0,
) -> tuple[list[CellRow], list[CellGenes]]:  # fmt: skip
    """Return the rows of one predictor: populations one by one, and together.

    Parameters
    ----------
    predicted : Predicted
    observed : float64 array, shape (G, S)
    groups : Groups
    gene_id : sequence of str, length G
    h2 : mapping of str to (float, float)
        Heritability of genes and its standard error, where they are known.
    seed : int
        Of the bootstrap over genes.
    """
    r, noise = _within_populations(predicted, observed, groups)
    sizes = np.bincount(groups.code[groups.code >= 0], minlength=len(groups.names))
    columns = dict(zip(groups.names, zip(r.T, noise.T, strict=True), strict=True))
    if len(columns) > 1:
        columns = {ALL: _together(r, noise, sizes), **columns}
    n_people = {**dict(zip(groups.names, sizes.tolist(), strict=True)), ALL: int(sizes.sum())}
    unknown = (np.nan, np.nan)
    known = np.array([h2.get(gene, unknown) for gene in gene_id], np.float64).reshape(len(gene_id), 2)
    rows, of_genes = list[CellRow](), list[CellGenes]()
    for population, (values, chance) in columns.items():
        signed = signed_r2(values, chance)
        for seen in dict.fromkeys(predicted.seen.tolist()):
            mine = np.flatnonzero((predicted.seen == seen) & np.isfinite(values))
            if not mine.size:
                continue
            found = cell_summary(values[mine], known[mine, 0], noise=chance[mine], seed=seed)
            which = predicted.model, predicted.kind, seen, predicted.people, population
            rows.append(
                CellRow(*which, n_people[population], *(getattr(found, one.name) for one in fields(CellSummary)))
            )
            of_genes.append(CellGenes(which, mine, values[mine], signed[mine], *known[mine].T))
    return rows, of_genes


def _within_populations(
    predicted: Predicted, observed: Float64Array, groups: Groups
) -> tuple[Float64Array, Float64Array]:
    """Correlation of each gene within each population, (G, P), and its variance where nothing is predicted.

    Within folds, where several fits predict a gene. What was trained and predicts the same for everybody found nothing,
    and counts as 0: left out, such genes would flatter the others.
    """
    n, constant = len(groups.names), np.nan if predicted.people == "any" else 0.0
    fold = np.zeros(len(groups.code), np.int64)
    if predicted.folds is not None:
        fold = np.unique(predicted.folds, return_inverse=True)[1].reshape(-1)
    k = int(fold.max(initial=0)) + 1
    code = np.where(groups.code >= 0, groups.code * k + fold, -1)
    r = within_groups(predicted.values, observed, code, n * k, constant=constant)
    noise = _noise(r, np.isfinite(predicted.values) & np.isfinite(observed), code)
    if k == 1:
        return r, noise
    sizes = np.bincount(code[code >= 0], minlength=n * k)
    own = [slice(p * k, (p + 1) * k) for p in range(n)]
    means = np.array([_together(r[:, mine], noise[:, mine], sizes[mine]) for mine in own])
    return means[:, 0].T, means[:, 1].T


def _noise(r: Float64Array, there: NDArray[np.bool_], code: NDArray[np.int64]) -> Float64Array:
    """Variance of each r where nothing is predicted, 1 / (n - 1); 0 of those that are set to 0."""
    n = np.stack([there[:, code == p].sum(axis=1) for p in range(r.shape[1])], axis=1)
    return np.where(np.isnan(r), np.nan, np.where(r == 0, 0.0, 1 / np.maximum(n - 1, 1)))


def _together(r: Float64Array, noise: Float64Array, sizes: NDArray[np.int64]) -> tuple[Float64Array, Float64Array]:
    """Mean over the groups in which a gene's r is defined, weighted by their people, and its variance by chance."""
    weight = np.where(np.isfinite(r), sizes, 0).astype(np.float64)
    total = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (np.nan_to_num(r) * weight).sum(axis=1) / total
        chance = (np.nan_to_num(noise) * weight**2).sum(axis=1) / total**2
    return np.where(total > 0, mean, np.nan), np.where(total > 0, chance, np.nan)


def person_rows(
    predicted: Predicted, observed: Float64Array, samples: Sequence[str], populations: Mapping[str, str] | None
) -> list[PersonRow]:
    """Return one row per person."""
    found = across_genes(predicted.values, observed, predicted.folds)
    seen = set(predicted.seen.tolist())
    genes = seen.pop() if len(seen) == 1 else ALL
    return [
        PersonRow(
            predicted.model, predicted.kind, genes, name, (populations or {}).get(name, ""), int(found.n_genes[s]),
            float(found.r[s]), float(found.centred_r[s]),
        )
        for s, name in enumerate(samples)
    ]  # fmt: skip
