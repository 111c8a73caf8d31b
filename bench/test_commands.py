"""Other programs' commands at size tiny where they are installed; those that are absent are named with the remedy."""

from __future__ import annotations

import pytest

from bench.peers.commands import peers
from gxfast.bench.cases import command_cases
from gxfast.bench.cases.commands.baseline import SKLEARN
from gxfast.bench.command import run_case

pytestmark = pytest.mark.usefixtures("everything")

# Who gives other results on purpose: covariates are not taken out of the genotypes; ranks and a score test; columns
# standardised once, not in every fold, which 30 people feel.
OTHER_RESULTS = {
    "eqtl-nominal": {"QTLtools", "quasar"},
    "eqtl-permutations": {"QTLtools"},
    "baseline": {SKLEARN},
}
REMEDIES = {
    "tensorQTL": "GXFAST_BENCH_TENSORQTL", "fastQTL": "fastqtl", "QTLtools": "qtltools", "quasar": "quasar",
    "R cv.glmnet": "r-cran-glmnet", "MetaXcan Predict.py": "METAXCAN",
    "samtools faidx, bcftools consensus": "samtools bcftools",
}  # fmt: skip


@pytest.mark.parametrize("name", command_cases())
def test_commands_agree(name: str) -> None:
    row = run_case(name, command_cases()[name], "tiny")
    assert row.equal, (row.failed, row.differ)
    assert not row.failed
    assert set(row.differ) <= OTHER_RESULTS.get(name, set()), row.differ
    assert {"gxfast", *row.peers} <= {*row.used}
    if row.absent:
        told = "; ".join(f"{peer}: {remedy}" for peer, remedy in row.absent.items())
        pytest.skip(f"gxfast is right; not compared with {told}")


@pytest.mark.parametrize("name", ["eqtl-nominal", "baseline-apply", "haplotypes"])
def test_absent_programs_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("GXFAST_BENCH_TENSORQTL", "/bin/false")
    monkeypatch.delenv("METAXCAN", raising=False)
    row = run_case(name, command_cases()[name], "tiny")
    assert row.equal, (row.failed, row.differ)
    assert set(row.absent) == {peer.name for peer in peers() if peer.job == name}
    for peer, remedy in row.absent.items():
        assert REMEDIES[peer] in remedy


def test_every_command_has_a_case() -> None:
    assert {peer.job for peer in peers()} <= set(command_cases())
    assert {peer.name for peer in peers()} == set(REMEDIES)
