"""Ids of weights."""

from __future__ import annotations

import pytest

from gxfast.io.predictdb import build_of, place_of


@pytest.mark.parametrize(
    ("text", "place", "build"),
    [
        ("chr1_990_T_A_b38", ("chr1", 989), "b38"),
        ("1_990_T_A_b37", ("1", 989), "b37"),
        ("chr1_990_T_A", ("chr1", 989), ""),
        ("chr1:990:T:A", ("chr1", 989), ""),
        ("1:990:TA:T", ("1", 989), ""),
        ("X:990_T/A", ("X", 989), ""),
        ("1-990-T-A", ("1", 989), ""),
        ("chr1_990", ("chr1", 989), ""),
        ("chr1_KI270706v1_random_1000_A_G_b38", ("chr1_KI270706v1_random", 999), "b38"),
        ("NC_000001.11:990:T:A", ("NC_000001.11", 989), ""),
        ("rs123", None, ""),
        ("", None, ""),
        ("chr1_x_T_A", None, ""),
    ],
)
def test_places(text, place, build):
    assert place_of(text) == place
    assert build_of(text) == build
