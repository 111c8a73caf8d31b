"""What is a number in text, and what is none."""

from __future__ import annotations

import pytest

from gxfast.io.numbers import finite_number, natural_key, whole_number
from gxfast.io.regions import parse_region

# Python's int() or float() would take most of these, or fail in a way of their own.
NO_NUMBERS = [
    "",
    " ",
    "-",
    "²",
    "٣",
    "1_000",
    "0x10",
    "0x1p3",
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "1,000",
    "½",
    "1e",
    "e5",
]


@pytest.mark.parametrize("text", [*NO_NUMBERS, "-1", "+1", "1.0", "1e3", "9" * 5000, str(2**31)])
def test_no_whole_number(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1e400", "-1e400", "9" * 5000, "1d5"])
def test_no_finite_number(text: str) -> None:
    assert finite_number(text) is None


def test_numbers() -> None:
    assert [whole_number(text) for text in ("0", " 7 ", "007", str(2**31 - 1))] == [0, 7, 7, 2**31 - 1]
    assert (whole_number("5", 6), whole_number("5", 0, 4), whole_number(str(2**62), last=2**62)) == (None, None, 2**62)
    assert [finite_number(text) for text in ("1", "-2.5", "+.5", "3.", "1e-3", "1E+2", "1e-999")] == [
        1, -2.5, 0.5, 3, 0.001, 100, 0,
    ]  # fmt: skip


def test_natural_order() -> None:
    names = ["conv10.weight", "conv2.weight", "conv²", "conv" + "9" * 5000, "a"]
    assert sorted(names, key=natural_key)[:3] == ["a", "conv2.weight", "conv10.weight"]


@pytest.mark.parametrize(
    "text", ["chr1:0", "chr1:5-4", "chr1:-5", f"chr1:1-{2**31}", "chr1:" + "9" * 5000, ":5-6", "chr1:,"]
)
def test_regions_that_are_none(text: str) -> None:
    from gxfast.errors import InputError

    with pytest.raises(InputError, match="is not valid"):
        parse_region(text)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("chr1:1,000-2,000", ("chr1", 999, 2000)),
        ("chr1:7", ("chr1", 6, 7)),
        ("chr1:7-", ("chr1", 6, 2**31 - 2)),
        ("chr1", ("chr1", 0, 2**31 - 2)),
        ("chr1:²", ("chr1:²", 0, 2**31 - 2)),  # a contig may hold colons
        ("HLA:A-1", ("HLA:A-1", 0, 2**31 - 2)),
    ],
)
def test_regions(text: str, region: tuple[str, int, int]) -> None:
    assert parse_region(text) == region
