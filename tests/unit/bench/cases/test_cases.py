"""One case of each family at size tiny; the benchmark itself runs them all (``.ci/run``)."""

from __future__ import annotations

import pytest

from gxfast.bench.cases import cases
from gxfast.bench.command import run_case

NAMES = [
    "one-hot-f32-nlc-10500-streaming",
    "one-hot-u8-ncl-rc-10500-cached",
    "call-overhead-16-bases",
    "haplotype-edits-snv-10500",
    "mutants-written-10500",
    "mutants-edits-10500",
    "haplotype-strings-snv-10500",
    "haplotype-one-hot-mix-10500-streaming",
    "haplotype-one-hot-mix-10500-batches",
    "memory-strings-mix-10500",
    "model-input-codes-10500",
    "pearson-gaps-float32",
    "spearman-ties",
    "p-values",
    "bh-1e6-ties",
    "random-null",
    "nested-cv",
]


@pytest.mark.parametrize("name", NAMES)
def test_results_agree_and_nothing_has_to_be_installed(name: str) -> None:
    row = run_case(name, cases()[name], "tiny")
    assert row.equal, (row.failed, row.differ)
    assert (row.failed, row.differ, row.absent, row.skipped) == ({}, {}, {}, "")
    assert row.limits or row.peers or row.figures or name == "call-overhead-16-bases"


def test_names_are_those_of_the_rows() -> None:
    for name in ("one-hot-f32-ncl-196608-cached", "haplotype-strings-mix-49152", "nested-cv"):
        assert name in cases()
