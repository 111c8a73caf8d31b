"""Evaluated models beside the linear baselines, one row per gene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..io.tables import read_table

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
            raise InputError(f"gene {gene} is there twice", path=path, record=f"line {number}")
        try:
            r, p, q = (float(text) if text else None for text in texts)
        except ValueError as error:
            raise InputError(f"no number: {error}", path=path, record=f"line {number}") from error
        genes[gene] = r, p, q
    return [EvaluatedModel(name, genes) for name, genes in models.items()]


def beside_columns(
    trained: dict[str, list[Any]], evaluated: Sequence[EvaluatedModel]
) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    """Return the table, one row per gene with ``<model>_r``, ``_p`` and ``_q``, and each evaluated model's summary.

    ``trained`` is the table of the baselines, one row per gene and model: their r is that of held-out people.

    Raises
    ------
    InputError
        If a model has the name of another, or none of its genes is among those of the baselines.
    """
    first = trained["model"].count(trained["model"][0])
    columns: dict[str, list[Any]] = {name: trained[name][:first] for name in ("gene_id", "name")}
    for start in range(0, len(trained["model"]), first):
        model = trained["model"][start]
        for ending in "rpq":
            columns[f"{model}_{ending}"] = trained[f"cv_{ending}"][start : start + first]
    summary = {}
    for one in evaluated:
        if f"{one.name}_r" in columns:
            raise InputError(f"two models are called {one.name!r}", remedy="evaluate one under another --name")
        found = [one.genes.get(gene, (None, None, None)) for gene in columns["gene_id"]]
        if not any(gene in one.genes for gene in columns["gene_id"]):
            raise InputError(f"no gene of model {one.name!r} is among the genes of the baselines")
        for at, ending in enumerate("rpq"):
            columns[f"{one.name}_{ending}"] = [values[at] for values in found]
        r, q = (np.array([np.nan if v[at] is None else v[at] for v in found], np.float64) for at in (0, 2))
        mean = float(np.nanmean(r)) if np.isfinite(r).any() else None
        summary[one.name] = {"mean_r": mean, "n_significant": int(np.count_nonzero(q <= 0.05))}
    return columns, summary
