"""Columns of the page: what is stored shows what is in the file, and sorts as it does."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from oracles.page_file import unpacked

from gxfast.reporting.page_data import PageData
from gxfast.reporting.parts import Axis, Dots, shown_number
from gxfast.reporting.plots.style import Frame


def page_of(columns: dict[str, list[str]]) -> dict[str, Any]:
    page = PageData()
    page.add("t", columns)
    return unpacked(page.packed())


def stored(name: str, cells: list[str]) -> dict[str, Any]:
    (column,) = page_of({name: cells})["columns"]
    return dict(column)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0.123456789", "0.123"), ("-12345.678901", "-12345.679"), ("1e-7", "1.00E-7"), ("123456789", "123456789"),
        ("0.99996", "1.000"), ("1", "1"), ("-0.0", "0"), ("0.0009996", "0.00100"), ("1234567.25", "1234567.250"),
        ("0.0625", "0.062"), ("0.1875", "0.188"), ("-0.3125", "-0.312"), ("-0.9993", "-0.999"),
        ("3.4e-310", "3.40E-310"), ("0", "0"), ("-7", "-7"), ("999999999999", "999999999999"),
    ],
)  # fmt: skip
def test_a_number_is_the_digits_that_are_shown(cell: str, number: str) -> None:
    column = stored("x", [cell, "", "5.5"])  # a wide column: three decimals
    assert column["numbers"][1] is None
    assert str(column["numbers"][0]) == str(Decimal(number))
    assert column["decimals"] == 3


@pytest.mark.parametrize(
    ("cells", "decimals", "first"),
    [
        (["0.5012345", "0.5212345"], 4, "0.5012"),
        (["0.00123", "0.00341"], 5, "0.00123"),
        (["0.5012342", "0.5012343"], 6, "0.501234"),
        (["0.25", "0.25"], 3, "0.250"),
        (["0.1", "0.9"], 3, "0.100"),
    ],
)
def test_a_narrow_column_has_more_digits(cells: list[str], decimals: int, first: str) -> None:
    column = stored("x", cells)
    assert column["decimals"] == decimals
    assert str(column["numbers"][0]) == first


def test_columns_of_several_bytes() -> None:
    cells = [str(v) for v in (0, 127, 128, 255, 256, 65535, 65536, 2**24, 2**40, 10**14)]
    assert [int(v) for v in stored("n", cells)["numbers"]] == [int(cell) for cell in cells]
    words = [f"w{k:05d}" for k in range(70_000)]
    column = stored("name", words[::-1])
    assert column["planes"] == 3
    assert column["words"] == words[::-1]


def test_the_same_data_give_the_same_block() -> None:
    blocks = {json.dumps(page_with_dots().packed()) for _ in range(2)}
    assert len(blocks) == 1


def page_with_dots() -> PageData:
    page = PageData()
    page.add("t", {"gene_id": ["G1", "G2"], "pearson_r": ["0.5", "-0.25"]}, genes=["G1", "G2"], model="m")
    frame = Frame((10, 90, 110, 10), (-1, 1), (0, 2))
    r = Axis("r", ["0.5", "-0.25"])
    page.add_dots(Dots(["G1", "G2"], frame, r, Axis("other", ["1.5", ""], "log", 0.1)))
    return page


def test_dots_share_the_columns_of_tables() -> None:
    data = unpacked(page_with_dots().packed())
    (dots,) = data["dots"]
    (table,) = data["tables"]
    assert dots["gene"] == table["gene"]
    assert dots["x"]["column"] == {name: k for name, k, _ in table["columns"]}["pearson_r"]
    assert (dots["x"]["ends"], dots["y"]["ends"]) == ([10, 110], [90, 10])
    assert (dots["y"]["how"], dots["y"]["floor"]) == ("log", 0.1)


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
        ("gene_id", ["1", "-0"], True),
        ("gene_id", ["1", "1_0"], True),
        ("name", ["1E3"], True),
        ("tss", ["1234567", ""], False),
    ],
)
def test_a_column_is_text_where_numbers_would_not_show_it(name: str, cells: list[str], text: bool) -> None:
    assert ("words" in stored(name, cells)) == text


def test_words_are_in_the_order_in_which_tables_sort() -> None:
    page = PageData()
    page.add("t", {"name": ["chr10", "chr2", "", "b", "A", "chrX", "chr1"]})
    assert unpacked(page.packed())["words"] == ["", "A", "b", "chr1", "chr2", "chr10", "chrX"]


def test_long_runs_of_digits_sort_too() -> None:
    page = PageData()
    long = "9" * 5000
    page.add("t", {"name": [long, "8", "007"]})
    assert unpacked(page.packed())["words"] == ["", "007", "8", long]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e6, "1000000"), (0.5, "0.500"), (1e-5, "1.00e-05"), (-0.0, "0"), (0.0009996, "1.00e-03"),
     (2.5e15, "2500000000000000.000")],
)  # fmt: skip
def test_how_numbers_are_shown(value: float, text: str) -> None:
    assert shown_number(value) == text
