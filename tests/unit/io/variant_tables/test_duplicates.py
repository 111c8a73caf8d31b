"""Rows that are there twice, and where PIPs end."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.variant_tables import find_duplicates, in_one_spelling, pip_floor
from gxfast.io.variant_tables.codes import combined

from .conftest import make_table


def test_duplicates():
    table = make_table(
        "1:5:A:G", "1:5:A:T", "1:5:A:G", "1:5:A:G", "1:5:A:G",
        gene_id=["a", "a", "b", "a", "a"], pip=[0.5, 0.5, 0.5, np.nan, np.nan],
    )  # fmt: skip
    found = find_duplicates(table)
    assert (found.rows.tolist(), found.first.tolist(), found.keys) == ([3, 4], [0, 0], ("gene_id",))
    assert find_duplicates(table, ()).rows.tolist() == [2, 3, 4]
    assert find_duplicates(table, ("gene_id", "pip")).first.tolist() == [3]
    assert "2 rows repeat an earlier one in chrom, pos, ref, alt, gene_id" in repr(found)
    with pytest.raises(InputError, match="no column 'gene'; did you mean 'gene_id'"):
        find_duplicates(table, ("gene",))


def test_planted_duplicates_are_counted():
    rng = np.random.default_rng(0)
    names = [f"chr1:{i + 1}:A:G" for i in range(1000)]
    again = rng.choice(1000, 37, replace=False)
    found = find_duplicates(make_table(*names, *[names[i] for i in again]))
    assert found.rows.tolist() == list(range(1000, 1037))
    assert found.first.tolist() == again.tolist()


def test_pip_floor():
    table = make_table(*[f"1:{i + 1}:A:G" for i in range(6)], pip=[0.9, 2e-4, 1e-4, 0.0, np.nan, 1e-3])
    found = pip_floor(table)
    assert (found.smallest, found.n, found.n_below) == (1e-4, 5, 3)
    assert found.text == "the smallest positive PIP is 0.0001; 3 of 5 are below 0.001"
    assert np.isnan(pip_floor(make_table("1:1:A:G", pip=[0.0])).smallest)
    with pytest.raises(InputError, match="no column pip"):
        pip_floor(make_table("1:1:A:G"))


def test_contigs_and_snvs_in_two_spellings_are_one():
    table = make_table(
        "chr1:5:A:G", "1:5:A:G", "1:5:G:A", "chr1:7:A:AT", "chr1:7:AT:A", "chrM:9:C:T", "MT:9:T:C", "1:9:AC:GT",
        "1:9:GT:AC", beta=[1.0, 1, -1, 2, 2, 3, -3, 4, -4], af=[0.25, 0.25, 0.75, 0.5, 0.5, 0.5, 0.5, 0.125, 0.875],
        signed=("beta",), frequencies=("af",),
    )  # fmt: skip
    found = find_duplicates(table)
    assert (found.rows.tolist(), found.first.tolist()) == ([1, 2, 6, 8], [0, 0, 5, 7])
    one = in_one_spelling(table)
    assert one.chrom.tolist() == ["1", "1", "1", "1", "1", "MT", "MT", "1", "1"]
    assert one.columns["beta"].tolist() == [1, 1, 1, 2, 2, 3, 3, 4, 4]
    assert one.columns["af"].tolist() == [0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.5, 0.125, 0.125]
    alone = make_table("chr1:5:G:A", "chr2:5:C:A")
    assert in_one_spelling(alone).variant_id == alone.variant_id


def test_numbers_of_rows_are_equal_where_all_columns_are():
    """Also where the product of sizes does not fit 64 bits."""
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, 3, 500) for _ in range(4)]
    key = combined([(one * 2**40, 2**42) for one in columns])
    rows = list(zip(*(one.tolist() for one in columns), strict=True))
    ranks = {row: i for i, row in enumerate(sorted(set(rows)))}
    assert np.unique(key, return_inverse=True)[1].tolist() == [ranks[row] for row in rows]
