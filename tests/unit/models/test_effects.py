"""Tables of effects by gene, and the terms of use under which weights may be made of them."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.models.effects import effects_table, is_open
from gxfast.types import VariantTable

MIT = (
    "MIT License. Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to "
    "deal in the Software without restriction. IN NO EVENT SHALL THE AUTHORS BE LIABLE; it is not warranted."
)
BSD = "BSD 3-Clause: neither the name of the holder nor of contributors may be used to endorse products"


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


@pytest.mark.parametrize(
    "terms", ["", " ", "CC0", "CC BY 4.0", "CC-BY-SA 4.0", "Apache 2.0", "public domain", MIT, BSD]
)
def test_open_terms(terms: str) -> None:
    assert is_open(terms)


@pytest.mark.parametrize(
    "terms",
    [
        "all rights reserved", "CC BY-NC 4.0", "CC-BY-ND", "CC BY-SA-NC", "permitted",
        "Non-commercial use only. (c) Broad Institute of MIT and Harvard",
        "MIT and Harvard", "CC BY 4.0; not for commercial use", "Apache 2.0 code; scores may not train other models",
        "CC0 for academic use", "public domain text, noncommercial scores",
    ],
)  # fmt: skip
def test_closed_terms(terms: str) -> None:
    assert not is_open(terms)


def make_genes(*genes: str) -> VariantTable:
    n = len(genes)
    places = np.full(n, "1"), np.arange(n), np.full(n, "A"), np.full(n, "G")
    return VariantTable(*places, {"gene_id": np.array(genes), "ism": np.arange(n) - 0.5}, ("ism",))


def test_genes_are_found_with_another_version_where_there_is_one():
    one = effects_table("t", make_genes("ENSG00000000001.5", "ENSG00000000002.1", "ENSG00000000002.2", "X.1"), ["ism"])
    assert one.knows("ENSG00000000001")
    assert one.of_gene("ENSG00000000001.7").variant_id == ["1_1_A_G"]
    assert one.of_gene("ENSG00000000002.2").variant_id == ["1_3_A_G"]
    assert not one.knows("ENSG00000000002")  # of which version is not known
    assert not one.knows("X.2")
