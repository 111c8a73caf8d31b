"""The gene mask of a card: its fields, its refusals, and the readouts."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from gxfast.errors import ModelError
from gxfast.models.card import card_from_json
from gxfast.models.gene_mask import GeneMask, readout

MASK = {"over": "exons", "bin_size": 32, "bin_start": 163840}


def card(**output: Any) -> Any:
    value = {"gxfast_card": 1, "output": {"layout": "NTB", "reduce": "mean", **output}}
    return card_from_json(json.dumps(value), source="c.json")


def test_the_fields() -> None:
    found = card(gene_mask=MASK, reduce="lfc")
    assert found.gene_mask == GeneMask("exons", 32, 163840, "any")
    assert found.reduce == "lfc"
    assert card_from_json(found.to_json(), source="again") == found
    other = card(gene_mask={**MASK, "over": "gene_body", "overlap": "fraction"})
    assert other.gene_mask == GeneMask("gene_body", 32, 163840, "fraction")
    assert card(gene_mask=None).gene_mask is None
    assert "gene_mask" not in card().to_json()


@pytest.mark.parametrize(
    ("output", "field", "message"),
    [
        ({"gene_mask": {**MASK, "over": "introns"}}, "output.gene_mask.over", "exons, gene_body"),
        ({"gene_mask": {"over": "exons", "bin_size": 32}}, "output.gene_mask.bin_start", "missing"),
        ({"gene_mask": {**MASK, "bin_size": 0}}, "output.gene_mask.bin_size", "from 1"),
        ({"gene_mask": {**MASK, "size": 1}}, "output.gene_mask.size", "unknown field"),
        ({"gene_mask": {**MASK, "overlap": "most"}}, "output.gene_mask.overlap", "any, fraction"),
        ({"gene_mask": MASK, "reduce": "none"}, "output.reduce", "a gene mask is reduced over"),
        ({"gene_mask": MASK, "transform": "log2"}, "output.transform", "no number"),
        ({"gene_mask": MASK, "layout": "NT", "reduce": "none"}, "output.gene_mask", "no bins"),
        ({"reduce": "lfc"}, "output.reduce", "it takes a gene mask"),
    ],
)
def test_refusals_name_the_field(output: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        card(**output)
    assert caught.value.record == field


def test_readouts() -> None:
    total, weight = np.array([[6.0, 0.0]]), 4.0
    np.testing.assert_array_equal(readout("mean", total, weight), [[1.5, 0.0]])
    np.testing.assert_array_equal(readout("sum", total, weight), [[6.0, 0.0]])
    np.testing.assert_allclose(readout("lfc", total, weight), [[math.log(1.501), math.log(0.001)]], rtol=1e-14)
    np.testing.assert_allclose(readout("logsed", total, weight), [[math.log2(7), 0.0]], rtol=1e-14)
    assert np.isnan(readout("mean", np.zeros(1), 0.0)[0])
