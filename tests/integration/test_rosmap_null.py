"""Null tests and false discovery rate on the published table of the ROSMAP paper, 6,820 genes."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from gxfast.stats import fdr, null_test, significant
from gxfast.stats.tails import correlation_p

DATA = Path(os.environ.get("GXFAST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "rosmap_published"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real data absent: {DATA}")

TRACK = "CAGE,adult,brain"


@pytest.fixture(scope="module")
def table():
    with open(DATA / "SupplementaryTable1.tsv", newline="") as handle:
        header, *rows = csv.reader(handle, delimiter="\t")
    columns = {"r": f"PearsonR{TRACK}", "mean": "RmeanRandom", "sd": "Rstdrandom", "t": f"Tstat{TRACK}"}
    columns |= {
        "log10p": f"Log10PvalueTstat{TRACK}",
        "log10q": f"Log10BHPvalueTstat{TRACK}",
        "gene": "gene_id",
    }
    columns |= {"pearson_p": f"PvalueR{TRACK}"}
    at = {name: header.index(column) for name, column in columns.items()}
    found = {name: np.array([row[i] for row in rows]) for name, i in at.items()}
    return {name: v if name == "gene" else v.astype(np.float64) for name, v in found.items()}


@pytest.fixture(scope="module")
def published(table):
    # the released script counts an undefined correlation as 0
    return null_test(np.nan_to_num(table["r"]), table["mean"], table["sd"])


def _mismatches(ours, theirs):
    same = np.isnan(ours) & np.isnan(theirs)
    # the table prints 3 decimals
    return int(np.count_nonzero(~same & ~(np.abs(ours - theirs) <= 0.0005 + 1e-9)))


def test_every_statistic(table, published):
    assert table["r"].size == 6820
    # some of them with a null without spread: 0 / 0 is undefined here and there
    assert np.isnan(table["t"]).sum() == np.isnan(published.t).sum() > 0
    assert _mismatches(published.t, table["t"]) == 0
    assert _mismatches(-np.log10(published.p), table["log10p"]) == 0
    assert _mismatches(-np.log10(fdr(np.nan_to_num(published.p, nan=1.0))), table["log10q"]) == 0


def test_counts_of_both_rules(table, published):
    p, r = np.nan_to_num(published.p, nan=1.0), np.nan_to_num(table["r"])
    for strict, expected in ((True, (403, 195)), (False, (404, 195))):
        found = significant(p, strict=strict)
        assert (np.sum(found & (r > 0)), np.sum(found & (r < 0))) == expected


@pytest.mark.parametrize(("method", "expected"), [("textbook", (1747, 1253)), ("z", (138, 56))])
def test_counts_of_the_other_tests(table, method, expected):
    # here undefined correlations stay undefined
    found = significant(null_test(table["r"], table["mean"], table["sd"], method=method).p)
    assert (np.sum(found & (table["r"] > 0)), np.sum(found & (table["r"] < 0))) == expected


def test_plain_pearson_p(table):
    p, _ = correlation_p(table["r"], 839 - 2)
    found = significant(p)
    assert (np.sum(found & (table["r"] > 0)), np.sum(found & (table["r"] < 0))) == (956, 667)
    assert round(float(np.nanmean(table["r"])), 6) == 0.010748


def test_gene_set_of_the_mutagenesis(table, published):
    listed = next(DATA.glob("*set0.2.list")).read_text().split()
    chosen = significant(np.nan_to_num(published.p, nan=1.0), strict=True) & (np.abs(table["r"]) > 0.2)
    assert len(listed) == 256
    assert sorted(table["gene"][chosen]) == sorted(listed)
