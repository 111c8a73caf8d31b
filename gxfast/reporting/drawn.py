"""The genes that get figures of their own, and what is read for them: each file once, a few rows of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from ..io.tables import read_phenotype_rows
from ..io.tables.text import read_lines
from .data import ModelTable, RunData

__all__ = ["DrawnGenes", "PeopleRows", "choose_genes", "named_genes", "read_drawn"]

Picks = list[tuple[int, str]]
Variants = dict[str, list[str]]
_VARIANT_COLUMNS: Final = ("variant_id", "pos", "ism", "eqtl_slope", "eqtl_p", "is_driver")


@dataclass(frozen=True, slots=True)
class PeopleRows:
    """Values of some genes in people, each of shape (S,)."""

    samples: tuple[str, ...]
    row: dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class DrawnGenes:
    """What is drawn of the chosen genes; predictions and variants by model, variants then by gene."""

    predicted: dict[str, PeopleRows] = field(default_factory=dict)
    observed: PeopleRows | None = None
    variants: dict[str, dict[str, Variants]] = field(default_factory=dict)


def choose_genes(run: RunData, asked: tuple[str, ...], most_tables: int) -> list[Picks]:
    """Return row and title of the genes to draw, for each of the first ``most_tables`` tables of the run.

    Raises
    ------
    InputError
        If a gene that is asked for is not in the run.
    """
    known = {cell for t in run.models for c in ("gene_id", "name") for cell in t.columns.get(c, [])}
    known |= {own for t in run.models for own in t.own_id}
    genes = named_genes(asked, known)
    for gene in genes:
        if gene not in known:
            raise InputError(
                f"gene {gene!r} is not in this run{did_you_mean(gene, known)}",
                path=run.path / "genes.tsv",
                remedy="choose from its columns gene_id and name",
            )
    return [_choose(table, frozenset(genes)) for table in run.models[:most_tables]]


def named_genes(asked: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the genes that texts name; a comma separates genes, unless it is part of the name of one."""
    return [part for text in asked for part in ([text] if text in known else text.split(",")) if part]


def _choose(table: ModelTable, chosen: frozenset[str]) -> Picks:
    """Best, worst, and the chosen genes (by default the one whose r is nearest to 0)."""
    r = table.numbers("pearson_r")
    defined = np.flatnonzero(~np.isnan(r))
    if not defined.size:
        return []
    picked = {int(defined[np.argmax(r[defined])]): "Best gene"}
    picked.setdefault(int(defined[np.argmin(r[defined])]), "Worst gene")
    ids, names = table.columns["gene_id"], table.columns.get("name", table.columns["gene_id"])
    asked = [i for i in range(len(table)) if {ids[i], names[i], table.own_id[i]} & chosen]
    for i in asked:
        picked.setdefault(i, "Chosen gene")
    if not asked:
        picked.setdefault(int(defined[np.argmin(np.abs(r[defined]))]), "A gene near r = 0")
    return list(picked.items())


def read_drawn(run: RunData, picked: list[Picks], held: Collection[str] = ()) -> DrawnGenes:
    """Read what is drawn of the picked genes (as from `choose_genes`), and people's values of the genes ``held``."""
    of_model: dict[str, set[str]] = {}
    own, held = set(held), frozenset(held)
    people: dict[str, set[str]] = {}
    for table, picks in zip(run.models, picked, strict=False):
        of_model.setdefault(table.model, set()).update(table.columns["gene_id"][i] for i, _ in picks)
        own.update(table.own_id[i] for i, _ in picks)
        also = [gene for gene, of in zip(table.columns["gene_id"], table.own_id, strict=True) if of in held]
        people.setdefault(table.model, set()).update(of_model[table.model], also)
    expression = run.corrected or run.observed
    predicted = {m: _people(run.predictions[m], genes) for m, genes in people.items() if m in run.predictions}
    files = {model: run.file(f"ism/{model}.variants.tsv.gz") for model in of_model}
    return DrawnGenes(
        predicted,
        _people(expression, own) if expression else None,
        {model: _variants(file, of_model[model]) for model, file in files.items() if file},
    )


def _people(path: Path, genes: Collection[str]) -> PeopleRows:
    return PeopleRows(*read_phenotype_rows(path, genes))


def _variants(path: Path, genes: Collection[str]) -> dict[str, Variants]:
    """The rows of some genes; the table is read line by line, for it may be long."""
    found: dict[str, Variants] = {gene: {name: [] for name in _VARIANT_COLUMNS} for gene in genes}
    lines = read_lines(path, "table of variants")
    names = next(lines)[1].split("\t")
    at = {name: names.index(name) for name in _VARIANT_COLUMNS if name in names}
    if len(at) < len(_VARIANT_COLUMNS):
        return found  # what `gxfast ism variants` wrote: no eQTLs in it
    for _, line in lines:
        columns = found.get(line.partition("\t")[0])
        if columns is not None:
            cells = line.split("\t")
            for name, k in at.items():
                columns[name].append(cells[k])
    return found
