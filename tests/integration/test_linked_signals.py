"""Two causal SNVs in linkage: the conditional signal is there, and its slope is not the marginal one."""

from __future__ import annotations

import csv
from pathlib import Path

import gxfast as gx
from gxfast.demo import simulate_cohort


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_conditional_signals_are_those_that_were_planted(tmp_path: Path) -> None:
    cohort = simulate_cohort(tmp_path / "c", n_linked=12)
    run = gx.run(
        tmp_path / "run", fasta=cohort.fasta, vcf=cohort.vcf, genes=cohort.genes, expression=cohort.expression,
        covariates=cohort.covariates, model=cohort.model, steps=("predict", "evaluate", "eqtl", "ism", "drivers"),
        independent=True, susie=True, permutations=200,
    )  # fmt: skip
    planted = {row["gene_id"] for row in rows_of(cohort.truth) if row["linked_variant"]}
    second = {row["phenotype_id"] for row in rows_of(run.path / "eqtl/independent.tsv") if row["rank"] == "2"}
    assert len(second & planted) >= 3
    assert len(second & planted) > len(second - planted)
    rows = rows_of(run.path / "direction.tsv")
    assert {"all", "signal", "susie_pip"} <= {row["stratum"] for row in rows}
    signals = [row for row in rows if row["stratum"] == "signal"]
    assert any(row["signed_rho"] != row["conditional_signed_rho"] for row in signals)
