"""Tables of effects by gene, and the terms of use under which weights may be made of them."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.models.effects import effects_table, is_open
from gxfast.types import VariantTable


def make_table(*effects: float) -> VariantTable:
    """One SNV, spelled alone and with the base behind it."""
    genes = np.array(["G1", "G1"])
    return VariantTable(
        np.array(["1", "1"]), np.array([4, 4]), np.array(["AC", "A"]), np.array(["GC", "G"]),
        {"gene_id": genes, "ism": np.array(effects)}, ("ism",),
    )  # fmt: skip


def test_a_variant_that_is_spelled_in_two_ways_counts_once():
    assert effects_table("t", make_table(0.5, 0.5), ["ism"]).of_gene("G1").variant_id == ["1_5_A_G"]
    with pytest.raises(InputError, match="two effects on G1"):
        effects_table("t", make_table(0.5, 0.25), ["ism"])


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("", True), ("CC BY 4.0", True), ("CC0", True), ("Apache 2.0", True), ("for research only", False),
        ("CC BY-NC 4.0", False), ("code MIT, scores CC BY-NC 4.0", False),
        ("CC BY 4.0 for academics, not for commercial use", False), ("MIT; non-commercial weights", False),
    ],
)  # fmt: skip
def test_terms_that_restrict_are_not_open(terms, expected):
    assert is_open(terms) is expected
