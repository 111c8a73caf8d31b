"""`gxfast baseline --beside`: models that were evaluated elsewhere, next to the baselines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ...io.tables import read_table
from ..rows import BaselineRow

__all__ = ["EvaluatedModel", "beside_columns", "read_evaluated"]

_NEEDED = ("gene_id", "model", "pearson_r", "pearson_p", "pearson_q")


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """Correlation across people, p and FDR of each gene; None where undefined."""

    name: str
    genes: dict[str, tuple[float | None, float | None, float | None]]


def read_evaluated(path: str) -> list[EvaluatedModel]:
    """Read the models of a ``genes.tsv`` that `gxfast evaluate` or `gxfast run` wrote.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, has a gene twice, or a value is no number.
    """
    columns = read_table(path)
    absent = [name for name in _NEEDED if name not in columns]
    if absent:
        raise InputError(
            f"column {absent[0]} is missing", path=path, remedy="name a genes.tsv of gxfast evaluate or gxfast run"
        )
    models: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {}
    for number, (gene, model, *texts) in enumerate(zip(*(columns[name] for name in _NEEDED), strict=True), start=2):
        genes = models.setdefault(model, {})
        if gene in genes:
            raise InputError(
                f"gene {gene} is there twice",
                path=path,
                record=f"line {number}",
                remedy="keep one row per gene and model",
            )
        r, p, q = (_share(text, low, path, number) for text, low in zip(texts, (-1, 0, 0), strict=True))
        genes[gene] = r, p, q
    return [EvaluatedModel(name, genes) for name, genes in models.items()]


def _share(text: str, low: int, path: str, number: int) -> float | None:
    """Read a correlation (from -1) or a p (from 0); None where there is none."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if low <= value <= 1:
        return value
    raise InputError(
        f"expected a number from {low} to 1, or nothing, found {text!r}", path=path, record=f"line {number}",
        remedy="name a genes.tsv of gxfast evaluate or gxfast run",
    )  # fmt: skip


def beside_columns(
    trained: Sequence[BaselineRow], evaluated: Sequence[EvaluatedModel]
) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    """Return the table, one row per gene with ``<model>_r``, ``_p`` and ``_q``, and each evaluated model's summary.

    ``trained``: one row per gene and model; their r is that of held-out people.

    Raises
    ------
    InputError
        If a model has the name of another, or none of its genes is among those of the baselines.
    """
    models = dict.fromkeys(row.model for row in trained)
    of = {model: [row for row in trained if row.model == model] for model in models}
    first = next(iter(of.values()))
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in first] for name in ("gene_id", "name")}
    for model, rows in of.items():
        columns |= {f"{model}_{ending}": [getattr(row, f"cv_{ending}") for row in rows] for ending in "rpq"}
    summary = {}
    for one in evaluated:
        if f"{one.name}_r" in columns:
            raise InputError(f"two models are called {one.name!r}", remedy="evaluate one under another `name=`")
        found = [one.genes.get(gene, (None, None, None)) for gene in columns["gene_id"]]
        if not any(gene in one.genes for gene in columns["gene_id"]):
            raise InputError(
                f"no gene of model {one.name!r} is among the genes of the baselines",
                remedy="evaluate and train with the same gene ids",
            )
        columns |= {f"{one.name}_{ending}": [values[at] for values in found] for at, ending in enumerate("rpq")}
        r, q = (np.array([np.nan if v[at] is None else v[at] for v in found], np.float64) for at in (0, 2))
        mean = float(np.nanmean(r)) if np.isfinite(r).any() else None
        summary[one.name] = {"mean_r": mean, "n_significant": int(np.count_nonzero(q <= 0.05))}
    return columns, summary
