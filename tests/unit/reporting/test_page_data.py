"""Columns of the page: what is stored shows what is in the file, and sorts as it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gxfast.reporting.page_data import PageData
from gxfast.reporting.parts import shown_number


def stored(name: str, cells: list[str]) -> dict[str, Any]:
    page = PageData()
    page.add("t", {name: cells})
    data = json.loads(page.json())
    (column,) = data["columns"]
    return dict(column)


def test_numbers_have_five_digits_unless_they_are_shown_otherwise_then() -> None:
    cells = ["0.123456789", "-12345.678901", "", "1e-7", "123456789", "0.99996", "0.0009996", "1234567.25"]
    expected = [0.12346, -12346.0, None, 1e-7, 123456789, 0.99996, 0.0009996, 1234567.25]
    expected[1] = -12345.678901  # shown as -12345.679
    assert stored("x", cells) == {"numbers": expected}


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0.0625", 0.062), ("0.1875", 0.188), ("-0.3125", -0.312), ("0.125", 0.125),
        ("-0.812495857082116", -0.812495857082116), ("0.31250001", 0.31250001),
    ],
)  # fmt: skip
def test_what_scripts_would_round_otherwise_is_stored_otherwise(cell: str, number: float) -> None:
    assert stored("x", [cell]) == {"numbers": [number]}


@pytest.mark.parametrize(
    ("name", "cells", "text"),
    [
        ("x", ["1", "inf"], True),
        ("x", ["1", "n/a"], True),
        ("x", ["1", "nan"], False),
        ("x", ["", ""], True),
        ("x", ["1e300"], True),
        ("x", ["1_000"], False),
        ("gene_id", ["1", "20"], False),
        ("gene_id", ["1", "020"], True),
        ("gene_id", ["1", "2.50"], True),
        ("name", ["1E3"], True),
        ("tss", ["1234567", ""], False),
    ],
)
def test_a_column_is_text_where_numbers_would_not_show_it(name: str, cells: list[str], text: bool) -> None:
    assert ("words" in stored(name, cells)) == text


def test_words_are_in_the_order_in_which_tables_sort() -> None:
    page = PageData()
    page.add("t", {"name": ["chr10", "chr2", "", "b", "A", "chrX", "chr1"]})
    assert json.loads(page.json())["words"] == ["", "A", "b", "chr1", "chr2", "chr10", "chrX"]


def test_long_runs_of_digits_sort_too() -> None:
    page = PageData()
    long = "9" * 5000
    page.add("t", {"name": [long, "8", "007"]})
    assert json.loads(page.json())["words"] == ["", "007", "8", long]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e6, "1000000"), (0.5, "0.500"), (1e-5, "1.00e-05"), (-0.0, "0"), (0.0009996, "1.00e-03"),
     (2.5e15, "2500000000000000.000")],
)  # fmt: skip
def test_how_numbers_are_shown(value: float, text: str) -> None:
    assert shown_number(value) == text
