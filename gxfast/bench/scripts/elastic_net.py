"""The careful user's script: nested cross-validation of an elastic net per gene with scikit-learn, table to table.

    python elastic_net.py DOSAGES EXPRESSION FOLDS WINDOW OUT

DOSAGES has ``variant_id chrom pos`` and people; EXPRESSION is a BED.gz with four columns before the people; FOLDS has
``sample outer`` and a column of inner folds for each outer fold that is held out, -1 for those people. OUT gets a row
per gene: held-out predictions, as deviations from the mean of the training people.
"""

from __future__ import annotations

import gzip
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["main"]

Float64Array = NDArray[np.float64]


def _fit(x: Float64Array, y: Float64Array, inner: NDArray[np.int64]) -> tuple[Any, Float64Array, Float64Array]:
    """Return the model with the mean and spread that its columns are standardised by."""
    from sklearn.linear_model import ElasticNetCV
    from sklearn.model_selection import PredefinedSplit

    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1
    net = ElasticNetCV(l1_ratio=0.5, eps=0.01, alphas=100, cv=PredefinedSplit(inner), max_iter=10_000, tol=1e-4)
    return net.fit((x - mean) / spread, y), mean, spread


def held_out(
    x: Float64Array, y: Float64Array, outer: NDArray[np.int64], inner: NDArray[np.int64]
) -> Float64Array:  # fmt: skip
    """Predict every person from the others; ``x`` (S, V), ``inner`` (S, outer folds)."""
    found = np.empty(len(y))
    for fold in np.unique(outer).tolist():
        out = outer == fold
        net, mean, spread = _fit(x[~out], y[~out], inner[~out, fold])
        found[out] = net.predict((x[out] - mean) / spread) - y[~out].mean()
    return found


def main(dosages: str, expression: str, folds: str, window: str, out: str) -> None:
    """Read the tables, fit every gene, write the predictions."""
    warnings.simplefilter("ignore")
    table = np.loadtxt(folds, dtype=str, skiprows=1, ndmin=2)
    outer, inner = table[:, 1].astype(np.int64), table[:, 2:].astype(np.int64)
    with open(dosages) as handle:
        next(handle)
        rows = [line.rstrip("\n").split("\t") for line in handle]
    position = np.array([row[2] for row in rows], np.int64)
    matrix = np.array([row[3:] for row in rows], np.float64)
    with gzip.open(expression, "rt") as bed:
        people = next(bed).rstrip("\n").split("\t")[4:]
        genes = [line.rstrip("\n").split("\t") for line in bed]
    lines = ["\t".join(["gene", *people])]
    for _, start, _, name, *values in genes:
        near = np.abs(position - 1 - int(start)) <= int(window)
        predicted = held_out(matrix[near].T, np.array(values, np.float64), outer, inner)
        lines.append("\t".join([name, *map(repr, predicted.tolist())]))
    Path(out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
