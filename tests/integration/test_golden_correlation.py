"""Cross-individual correlation of real predictions with real expression, to the golden's printed digits.

The golden's raw columns use log2(RPKM + 1). Its corrected columns use normal quantiles of the RPKM,
(rank - 0.5) / n, with 13 covariates regressed out of expression only, and n - 2 degrees of freedom.
"""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from gxfast.evaluation.across_people import evaluate
from gxfast.evaluation.result import summary
from gxfast.types import CovariateTable, ExpressionTable, GeneTable, PredictionSet

DATA = Path(os.environ.get("GXFAST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "geuvadis_chr22"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real data absent: {DATA}")


def _read(path, delimiter="\t"):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.reader(handle, delimiter=delimiter))


def _floats(rows):
    return np.array(rows, dtype=np.float64)


@pytest.fixture(scope="module")
def predictions():
    header, *rows = _read(DATA / "golden" / "xpresso_gm12878.personal.tsv.gz")
    ids = tuple(row[0] for row in rows)
    tss = np.array([int(row[1]) - 1 for row in rows])
    return PredictionSet(
        model="xpresso",
        genes=GeneTable(ids, ids, ("chr22",) * len(ids), tss, tuple(row[2] for row in rows)),
        samples=tuple(header[5:]),
        tracks=("rna",),
        values=_floats([row[5:] for row in rows])[:, :, None],
        reference=np.zeros((len(ids), 1)),
        n_variants=np.array([int(row[3]) for row in rows]),
        n_haplotypes=np.array([int(row[4]) for row in rows]),
        status=("ok",) * len(ids),
    )


@pytest.fixture(scope="module")
def expression():
    header, *rows = _read(DATA / "expr" / "geuvadis358.chr22.rpkm.bed.gz")
    values = _floats([row[6:] for row in rows])
    return ExpressionTable(tuple(row[3] for row in rows), tuple(header[6:]), values)


@pytest.fixture(scope="module")
def covariates():
    header, *rows = _read(DATA / "expr" / "geuvadis358.covariates.pc50.txt.gz", " ")
    kept = rows[:13]
    return CovariateTable(tuple(row[0] for row in kept), tuple(header[1:]), _floats([row[1:] for row in kept]))


@pytest.fixture(scope="module")
def golden():
    header, *rows = _read(DATA / "golden" / "xpresso_gm12878.cross_individual_correlation.tsv")
    assert header == ["gene", "r_raw", "p_raw", "r_resid", "p_resid", "q_raw", "q_resid"]
    return [row[0] for row in rows], _floats([row[1:] for row in rows]).T


def _assert_same(result, genes, r, p, q):
    row = {gene: i for i, gene in enumerate(result.gene_id)}
    at = [row[gene] for gene in genes]
    for ours, theirs in ((result.pearson_r, r), (result.pearson_p, p), (result.pearson_q, q)):
        # to the last printed digit
        assert [f"{value:.8g}" for value in ours[at]] == [f"{value:.8g}" for value in theirs]
    assert np.count_nonzero(~np.isnan(result.pearson_r)) == len(genes)


def test_raw(predictions, expression, golden):
    genes, (r, p, _, _, q, _) = golden
    result = evaluate(predictions, expression, transform="log2p1")
    _assert_same(result, genes, r, p, q)
    assert round(summary(result)["mean_r"], 3) == 0.031


def test_corrected(predictions, expression, covariates, golden):
    genes, (_, _, r, p, _, q) = golden
    result = evaluate(predictions, expression, covariates=covariates, transform="inverse_normal")
    _assert_same(result, genes, r, p, q)
    found = summary(result)
    assert round(found["mean_r"], 3) == 0.053
    assert (found["n_positive"], found["n_negative"]) == (11, 3)


def test_other_conventions_are_told_apart(predictions, expression, covariates, golden):
    genes, (_, _, r, _, _, _) = golden
    for options in ({"transform": "log2p1"}, {"transform": "inverse_normal", "residualise": "both"}):
        result = evaluate(predictions, expression, covariates=covariates, **options)
        row = {gene: i for i, gene in enumerate(result.gene_id)}
        difference = np.abs(result.pearson_r[[row[gene] for gene in genes]] - r).max()
        assert difference > 0.01
