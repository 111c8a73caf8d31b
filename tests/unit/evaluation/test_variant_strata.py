"""Strata of variants: edges, quantiles, texts, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.evaluation.variant_strata import strata_of
from gxfast.types import VariantTable

N = 6
TABLE = VariantTable(
    np.repeat("chr1", N), np.arange(N), np.repeat("A", N), np.repeat("G", N),
    {
        "tss_distance": np.array([0.0, -999, 1000, -50_000, 2e6, np.nan]),
        "af": np.array([0, 0.99, 0.02, 0.05, 0.5, 1]),
        "beta": np.array([-4.0, 1, -2, 3, 100, 0]), "ancestry": np.array(["EUR", "AFR", "", "EUR", "EUR", "AFR"]),
        "pip": np.array([0.91, 0.95, 0.99, 1.0, 0.001, 0.5]),
    },
)  # fmt: skip
ALL = np.ones(N, np.bool_)


def levels(*wanted: str, among: np.ndarray = ALL) -> dict[str, list[int]]:
    found = strata_of(TABLE, wanted, among)
    assert (found[0].name, found[0].level, found[0].rows.tolist()) == ("all", "", [True] * N)
    return {f"{one.name} {one.level}": np.flatnonzero(one.rows).tolist() for one in found[1:]}


def test_edges_by_default() -> None:
    assert levels("distance") == {
        "distance [0, 1000)": [0, 1], "distance [1000, 10000)": [2], "distance [10000, 100000)": [3],
        "distance [100000, inf]": [4],
    }  # fmt: skip
    assert levels("frequency") == {
        "frequency [0, 0.01)": [0, 5], "frequency [0.01, 0.05)": [1, 2], "frequency [0.05, 0.5]": [3, 4],
    }  # fmt: skip
    assert levels("pip") == {"pip [0.9, 0.95)": [0], "pip [0.95, 0.99)": [1], "pip [0.99, 1]": [2, 3]}


def test_quantiles_are_of_some_rows() -> None:
    found = levels("effect:q2", among=np.arange(N) < 4)
    assert found == {"effect [1, 2.5)": [1, 2], "effect [2.5, 4]": [0, 3]}


def test_texts_and_edges_that_are_given() -> None:
    assert levels("ancestry") == {"ancestry AFR": [1, 5], "ancestry EUR": [0, 3, 4]}
    assert levels("beta:-5/0/5") == {"beta [-5, 0)": [0, 2], "beta [0, 5]": [1, 3, 5]}


def test_negatives_have_no_stratum_of_effects() -> None:
    found = {one.name: one.of_negatives for one in strata_of(TABLE, ("effect", "pip", "distance", "ancestry"), ALL)}
    assert found == {"all": True, "effect": False, "pip": False, "distance": True, "ancestry": True}


@pytest.mark.parametrize("wanted", ["gene", "consequence", "distance:5", "distance:5/1", "distance:a/b", "pip:q1"])
def test_refusals(wanted: str) -> None:
    with pytest.raises(InputError):
        strata_of(TABLE, (wanted,), ALL)
