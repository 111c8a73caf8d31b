"""People's values of the genes for which the page has room, one byte each: the script draws them on demand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..io.tables import read_phenotype_rows
from .data import MOST_MODELS, ModelTable, RunData
from .drawn import PeopleRows
from .plots.style import on_log_scale

__all__ = ["PeoplePoints", "genes_with_room", "pack_people"]

# Bytes of people's values: what is left of three megabytes, base64 included, beside the tables of genes.
_MOST_BYTES: Final = 1_400_000
_LEAST_BYTES: Final = 90_000
_BYTES_A_ROW: Final = 22
_LEVELS: Final = 254  # 255: undefined


@dataclass(frozen=True, slots=True)
class PeoplePoints:
    """Expression (row 0) and each model's prediction (rows from 1) of G genes in S people.

    ``codes`` is uint8 (G, 1 + M, S): of 255 equal steps from the lowest to the highest value, which ``ends`` (G, 1 + M,
    2) has; on a log scale (``log``), of the expression's logarithm.
    """

    genes: list[str]
    models: list[str]
    codes: NDArray[np.uint8]
    ends: NDArray[np.float64]
    log: bool
    label: str

    def described(self) -> dict[str, Any]:
        """What the script must know besides genes and codes."""
        ends = [None if np.isnan(v) else float(f"{v:.5g}") for v in self.ends.ravel().tolist()]
        n_people = self.codes.shape[2]
        return {"models": self.models, "n": n_people, "ends": ends, "log": self.log, "label": self.label}


def genes_with_room(run: RunData) -> list[str]:
    """Genes whose people the page holds: all, or those with the largest \\|r\\| of any model."""
    tables = [table for table in run.models[:MOST_MODELS] if table.model in run.predictions]
    if not tables or run.observed is None:
        return []
    n_people = len(read_phenotype_rows(run.observed, ())[0])
    rows = sum(len(table) for table in run.models[:MOST_MODELS])
    room = max(_LEAST_BYTES, _MOST_BYTES - _BYTES_A_ROW * rows)
    largest: dict[str, float] = {}
    for table in tables:
        size = np.nan_to_num(np.abs(table.numbers("pearson_r")), nan=-1.0)
        for gene, r in zip(table.own_id, size.tolist(), strict=True):
            largest[gene] = max(r, largest.get(gene, -1.0))
    return sorted(largest, key=lambda gene: (-largest[gene], gene))[: room // max(1, n_people * (1 + len(tables)))]


def pack_people(
    tables: Collection[ModelTable], predicted: dict[str, PeopleRows], observed: PeopleRows | None, genes: list[str],
    *, log: bool, label: str,
) -> PeoplePoints | None:  # fmt: skip
    """Values of the genes that have expression, in the order of the people of the table of expression."""
    tables = [table for table in tables if table.model in predicted]
    genes = [gene for gene in genes if observed is not None and gene in observed.row]
    if observed is None or not tables or not genes:
        return None
    n_people = len(observed.samples)
    values = np.full((len(genes), 1 + len(tables), n_people), np.nan)
    for g, gene in enumerate(genes):
        row = observed.row[gene]
        values[g, 0] = np.log10(on_log_scale(row)[0]) if log else row
    for m, table in enumerate(tables):
        people = predicted[table.model]
        where = {sample: s for s, sample in enumerate(people.samples)}
        there = [s for s, sample in enumerate(observed.samples) if sample in where]
        taken = [where[observed.samples[s]] for s in there]
        row_of = dict(zip(table.own_id, table.columns["gene_id"], strict=True))
        for g, own in enumerate(genes):
            known = people.row.get(row_of.get(own, ""))
            if known is not None:
                values[g, 1 + m, there] = known[taken]
    ends = np.stack([np.fmin.reduce(values, axis=2), np.fmax.reduce(values, axis=2)], axis=2)
    span = np.where(ends[..., 1] > ends[..., 0], ends[..., 1] - ends[..., 0], 1.0)[..., None]
    steps = np.rint((values - ends[..., :1]) / span * _LEVELS)
    codes = np.where(np.isnan(steps), _LEVELS + 1, np.nan_to_num(steps)).astype(np.uint8)
    return PeoplePoints(genes, [table.label for table in tables], codes, ends, log, label)
