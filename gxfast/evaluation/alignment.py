"""Bringing predictions, expression and covariates onto the same people and genes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.tables.exons import strip_version

__all__ = ["NO_GENE", "match_genes", "shared_people", "strip_version"]

NO_GENE = -1


def shared_people(tables: Sequence[tuple[str, tuple[str, ...], str]]) -> list[NDArray[np.int64]]:
    """Find the people all tables have.

    Parameters
    ----------
    tables : sequence of (what, samples, source)
        ``what`` and ``source`` name the table in messages.

    Returns
    -------
    list of int64 arrays, one per table
        Indices of the shared people, in the order of the first table.

    Raises
    ------
    InputError
        If a table names somebody twice, or fewer than three people are shared.
    """
    where = []
    for what, samples, source in tables:
        twice = [name for name, count in Counter(samples).items() if count > 1]
        if twice:
            raise InputError(
                f"{what}: sample {twice[0]!r} is there {Counter(samples)[twice[0]]} times",
                path=source or None,
                remedy="keep one column per person",
            )
        where.append({name: i for i, name in enumerate(samples)})
    shared = [name for name in tables[0][1] if all(name in index for index in where)]
    if len(shared) < 3:
        listing = "; ".join(f"{what}: {_examples(samples)}" for what, samples, _ in tables)
        have = "no person is" if not shared else f"only {len(shared)} of at least 3 people are"
        raise InputError(
            f"{have} in all of {', '.join(what for what, _, _ in tables)} ({listing})",
            path=tables[1][2] or None if len(tables) > 1 else None,
            remedy="use the same sample names everywhere (gxfast check shows both sides)",
        )
    return [np.array([index[name] for name in shared], dtype=np.int64) for index in where]


def match_genes(
    wanted: tuple[str, ...], present: tuple[str, ...], *, match_versions: bool = True, source: str = ""
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Find the row of each wanted gene: by exact id, else by Ensembl id without version.

    Parameters
    ----------
    wanted, present : tuple of str
        Gene ids to find, and the ids of the table's rows.
    match_versions : bool, default True
        Whether the second way is tried; it is used only where one id of either side fits.
    source : str
        The table's file, for messages.

    Returns
    -------
    rows : int64 array, length of ``wanted``
        Row in ``present``, or -1.
    counts : dict
        ``genes_exact``, ``genes_without_version``, ``genes_ambiguous``, ``genes_without_expression``.

    Raises
    ------
    InputError
        If ``present`` has an id twice, or nothing matches.
    """
    twice = [gene for gene, count in Counter(present).items() if count > 1]
    if twice:
        raise InputError(
            f"gene {twice[0]!r} is there more than once ({len(twice)} such genes)",
            path=source or None,
            remedy="keep one row per gene",
        )
    exact = {gene: i for i, gene in enumerate(present)}
    rows = np.array([exact.get(gene, NO_GENE) for gene in wanted], dtype=np.int64)
    counts = {"genes_exact": int(np.count_nonzero(rows != NO_GENE)), "genes_without_version": 0}
    counts["genes_ambiguous"] = 0
    if match_versions:
        _match_stems(wanted, present, rows, counts)
    counts["genes_without_expression"] = int(np.count_nonzero(rows == NO_GENE))
    if len(wanted) and counts["genes_without_expression"] == len(wanted):
        raise InputError(
            f"no gene is in both predictions and expression (predictions: {_examples(wanted)}; "
            f"expression: {_examples(present)})",
            path=source or None,
            remedy="use the same kind of gene id in both; Ensembl versions (.1) may differ",
        )
    return rows, counts


def _match_stems(
    wanted: tuple[str, ...], present: tuple[str, ...], rows: NDArray[np.int64], counts: dict[str, int]
) -> None:
    by_stem: dict[str, list[int]] = {}
    for i, gene in enumerate(present):
        by_stem.setdefault(strip_version(gene), []).append(i)
    askers: dict[str, set[str]] = {}
    for gene in wanted:
        askers.setdefault(strip_version(gene), set()).add(gene)
    for g, gene in enumerate(wanted):
        stem = strip_version(gene)
        candidates = by_stem.get(stem, [])
        if rows[g] != NO_GENE or not candidates:
            continue
        if len(candidates) == 1 and len(askers[stem]) == 1:
            rows[g] = candidates[0]
            counts["genes_without_version"] += 1
        else:
            counts["genes_ambiguous"] += 1


def _examples(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    return ", ".join(names[:3]) + (f", ... ({len(names)} in all)" if len(names) > 3 else "")
