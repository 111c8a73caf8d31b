"""Percentiles among null SNVs: by hand, in strata of distance, which table is of which model, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp

import gxfast as gx
from gxfast.errors import InputError
from gxfast.evaluation.variant_rows import VariantMetric
from gxfast.types import VariantTable

NAN = math.nan


def table(n: int, ref: str = "A", **columns: Any) -> VariantTable:
    known = {name: np.array(values) for name, values in columns.items()}
    return VariantTable(np.repeat("chr1", n), 10 * np.arange(n), np.repeat(ref, n), np.repeat("G", n), known)


# Absolute scores 1 to 100, of both signs.
NULL = table(100, m=np.arange(1.0, 101) * np.resize([1, -1], 100))
LABELS = table(
    5, pip=[0.95, 0.95, 0.95, 0.95, 0.001], beta=[1.0, -1.0, 1.0, 1.0, NAN], m=[0.5, 50.0, -100.5, NAN, 7.0],
    tissue=["x", "x", "y", "y", "y"],
)  # fmt: skip


def rows_of(*args: Any, **options: Any) -> dict[tuple[str, str], VariantMetric]:
    found = gx.evaluate_variants(*args, n_bootstraps=0, **options)
    return {(row.model, row.tissue): row for row in found.rows if row.metric == "null_percentile"}


def test_mean_of_causal_variants_by_hand() -> None:
    """(smaller + half of the equal + 1/2) / 101: 0.5, 50 and 100.5 have 1/202, 100/202 and 201/202."""
    found = rows_of(LABELS, nulls=NULL)
    row = found["m", "all"]
    assert row.value == pytest.approx(302 / 606)
    interval = ttest_1samp([1 / 202, 100 / 202, 201 / 202], 0).confidence_interval(0.95)
    assert (row.low, row.high) == pytest.approx((max(0, interval.low), min(1, interval.high)))
    assert (row.n, row.n_positive, row.n_dropped, row.controls, row.status) == (3, 3, 1, "", "ok")
    assert row.method == "Student's t; among 100 null SNVs"
    assert found["m", "x"].value == pytest.approx(101 / 404)
    of_one = found["m", "y"]
    assert (of_one.value, of_one.n) == (pytest.approx(201 / 202), 1)
    assert math.isnan(of_one.low)
    assert of_one.method == "no interval of one variant; among 100 null SNVs"
    assert found["m", "weighted mean"].value == pytest.approx(101 / 404)  # tissues of one variant are left out
    assert not rows_of(LABELS)


def test_all_rows_where_none_is_labelled() -> None:
    bare = replace(LABELS, columns={name: LABELS.columns[name] for name in ("beta", "m")})
    row = rows_of(bare, nulls=NULL)["m", "all"]
    assert row.value == pytest.approx((1 + 100 + 201 + 14) / 202 / 4)
    assert (row.n, row.n_positive, row.n_dropped) == (4, 0, 1)


def test_strata_of_distance() -> None:
    """Near null SNVs score 1 to 100, far ones 1001 to 1100; of [1000, 10000) there are none, of the last too few."""
    null = table(
        250, m=[*range(1, 101), *range(1001, 1101), *[0.0] * 50],
        tss_distance=[*[-500.0] * 100, *[50_000.0] * 100, *[1e6] * 49, NAN],
    )  # fmt: skip
    null.columns["m"] = null.columns["m"].astype(np.float64)
    labels = table(
        5, causal=[1.0] * 5, m=[50.0, 50.0, 1050.0, 50.0, 50.0], tss_distance=[999.0, 1000.0, -99_999.0, 2e5, NAN]
    )
    row = rows_of(labels, nulls=null)["m", "all"]
    assert row.value == pytest.approx(100 / 202)
    assert (row.n, row.n_dropped) == (2, 3)
    assert row.method == "Student's t; among 200 null SNVs of 2 strata of distance to the TSS"
    del null.columns["tss_distance"]
    assert rows_of(labels, nulls=null)["m", "all"].n == 5


def test_names_of_tables_and_models() -> None:
    labels = replace(LABELS, columns={"pip": LABELS.columns["pip"]})
    a, b = table(5, m=[0.5, 50.0, -100.5, 1.0, 1.0]), table(5, u=[200.0] * 5, v=[0.0] * 5)
    null_b = table(100, u=np.arange(1.0, 101), v=np.arange(1.0, 101))
    other = replace(NULL, columns={"called otherwise": NULL.columns["m"]})
    found = rows_of(labels, {"A": a, "B": b}, nulls={"A": other, "B": null_b})
    assert {model for model, _ in found} == {"A", "B:u", "B:v"}
    assert found["A", "all"].value == pytest.approx((1 + 100 + 201 + 2) / 202 / 4)
    assert found["B:u", "all"].value == pytest.approx(201 / 202)
    assert found["B:v", "all"].value == pytest.approx(1 / 202)
    assert {model for model, _ in rows_of(labels, {"A": a, "B": b}, nulls={"B:v": null_b})} == {"B:v"}
    assert {model for model, _ in rows_of(labels, b, nulls={"u": other})} == {"u"}


def test_rows_that_are_no_snvs_are_left_out_and_counted() -> None:
    parts = NULL, table(3, ref="AT", m=[0.1, 0.1, 0.1]), table(1, ref="C", m=[NAN])
    null = VariantTable(
        *(np.concatenate([getattr(one, name) for one in parts]) for name in ("chrom", "position", "ref", "alt")),
        {"m": np.concatenate([one.columns["m"] for one in parts])},
    )
    assert rows_of(LABELS, nulls=null)["m", "all"].value == pytest.approx(302 / 606)
    assert gx.evaluate_variants(LABELS, nulls=null).counts["null SNVs of m: no SNV, or no score"] == 4


@pytest.mark.parametrize(
    ("nulls", "what"),
    [
        (NULL.take(slice(99)), "99 null SNVs have a score of 'm', fewer than 100"),
        (NULL.take(np.resize(np.arange(99), 300)), "99 null SNVs"),
        ({"n": NULL}, "null SNVs are called 'n', and no model is"),
        (replace(NULL, columns={"x": NULL.columns["m"]}), "no column 'm' for the model 'm'"),
        ({"m": NULL, "": NULL}, "two tables of null SNVs are of 'm'"),
        ({"m": replace(NULL, columns={"x": NULL.columns["m"], "y": NULL.columns["m"]})}, "no column 'm'"),
    ],
)
def test_refused(nulls: Any, what: str) -> None:
    with pytest.raises(InputError, match=what):
        gx.evaluate_variants(LABELS, nulls=nulls)
