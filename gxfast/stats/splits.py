"""Folds of people and of genes: deterministic, balanced, independent of the order of the input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..kernels.arguments import texts, whole_number

__all__ = ["split_by_label", "split_by_lists", "split_people"]

Int64Array = NDArray[np.int64]


def split_people(ids: Sequence[str], n_folds: int, seed: int = 0, labels: Sequence[str] | None = None) -> Int64Array:
    """Assign people to folds at random, sizes differing by one at most.

    The sorted ids are shuffled, so that a person's fold does not depend on the order of the input.

    Parameters
    ----------
    ids : sequence of str, length N
        Distinct names.
    n_folds : int
        Between 2 and N.
    seed : int, default 0
    labels : sequence of str, length N, optional
        A label per person, such as the population; each label is then spread evenly over the folds.

    Returns
    -------
    array of int64, shape (N,)
        Fold of each person, 0 to ``n_folds - 1``, in the order of ``ids``.

    Raises
    ------
    InputError
        If an id is repeated, or ``n_folds`` or the length of ``labels`` does not fit.
    """
    names = _distinct(ids)
    if not 2 <= whole_number(n_folds, "n_folds", 0) <= len(names):
        message = f"n_folds must lie between 2 and the {len(names)} people, found {n_folds}"
        raise InputError(message, remedy="ask for fewer folds")
    groups = np.zeros(len(names), dtype=np.int64) if labels is None else _codes(labels, len(names))[0]
    order = np.argsort(names, kind="stable")
    order = order[np.random.default_rng(seed).permutation(len(order))]
    # dealing one label after the other keeps every label and the whole within one of even
    order = order[np.argsort(groups[order], kind="stable")]
    folds = np.empty(len(names), dtype=np.int64)
    folds[order] = np.arange(len(names)) % n_folds
    return folds


def split_by_label(ids: Sequence[str], labels: Sequence[str]) -> tuple[Int64Array, list[str]]:
    """Leave one label out: one fold per label, such as a population.

    Parameters
    ----------
    ids, labels : sequences of str, length N

    Returns
    -------
    folds : array of int64, shape (N,)
    names : list of str
        Label of each fold, sorted.

    Raises
    ------
    InputError
        If an id is repeated, the lengths differ or there is one label only.
    """
    codes, names = _codes(labels, len(_distinct(ids)))
    if len(names) < 2:
        raise InputError("leaving one label out takes at least two labels", remedy="use split_people")
    return codes, names


def split_by_lists(genes: Sequence[str], lists: Mapping[str, Iterable[str]]) -> tuple[Int64Array, list[str]]:
    """Fold of each gene by named lists, such as train, validation and test.

    Parameters
    ----------
    genes : sequence of str, length G
    lists : mapping of str to iterable of str
        Genes of every set; names that are not in ``genes`` are ignored.

    Returns
    -------
    folds : array of int64, shape (G,)
        Index into ``names``; -1 for a gene in no list.
    names : list of str
        Names of the lists, in their order.

    Raises
    ------
    InputError
        If a gene is repeated or stands in two lists, which would leak from training into testing.
    """
    at = {name: i for i, name in enumerate(_distinct(genes).tolist())}
    folds = np.full(len(at), -1, dtype=np.int64)
    home: dict[str, str] = {}
    for fold, (name, members) in enumerate(lists.items()):
        for gene in members:
            if home.setdefault(gene, name) != name:
                raise InputError(f"in both {home[gene]} and {name}", record=gene, remedy="keep it in one list")
            if gene in at:
                folds[at[gene]] = fold
    return folds, list(lists)


def _distinct(ids: Sequence[str]) -> NDArray[np.str_]:
    names = texts(ids, "ids", ("N",))
    if not len(names):
        raise InputError("ids must be a list of at least one name")
    unique, counts = np.unique(names, return_counts=True)
    if len(unique) < len(names):
        raise InputError("stands more than once in the ids", record=str(unique[counts > 1][0]))
    return names


def _codes(labels: Sequence[str], n: int) -> tuple[Int64Array, list[str]]:
    found = texts(labels, "labels", (n,))
    names, codes = np.unique(found, return_inverse=True)
    return codes.astype(np.int64), names.tolist()
