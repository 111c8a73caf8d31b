"""Compare `gxfast eqtl` with tensorQTL on the real chromosome 22, pair by pair.

Usage: python bench/validation/eqtl.py RUN_DIRECTORY
where the run directory was written by the command in docs/statistics.md. Needs tensorqtl with torch and pandas.
tensorQTL's own functions are called with float64 tensors, so that what differs is not its float32.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from eqtl_data import WINDOW, cohort_of_the_run, rows_of
from tensorqtl import core

from gxfast.personal.dosages import count_alternative


def main() -> int:
    """Print the largest differences; exit code 1 where one is above 1e-6."""
    run = Path(sys.argv[1])
    cohort = cohort_of_the_run()
    nominal: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(run / "eqtl" / "nominal.tsv.gz"):
        nominal.setdefault(row["phenotype_id"], []).append(row)
    lead = {row["phenotype_id"]: row for row in rows_of(run / "eqtl" / "permutation.tsv")}
    residualizer = core.Residualizer(torch.tensor(cohort.covariates.T, dtype=torch.float64))
    df = len(cohort.people) - 2 - 13
    worst = dict.fromkeys(("r", "slope", "slope_se", "pval_nominal"), 0.0)
    pairs, betas = 0, []
    for g, gene in enumerate(cohort.genes.gene_id):
        tss = int(cohort.genes.tss[g])
        dosages = count_alternative(
            cohort.genotypes.region(cohort.genes.chrom[g], max(0, tss - WINDOW), tss + WINDOW + 1)
        )
        place = {name: v for v, name in enumerate(dosages.variant_id)}
        x = dosages.values[[place[row["variant_id"]] for row in nominal[gene]]]
        genotypes = torch.tensor(x, dtype=torch.float64)
        phenotype = torch.tensor(cohort.values[g][None], dtype=torch.float64)
        r, genotype_var, phenotype_var = core.calculate_corr(
            genotypes, phenotype, residualizer=residualizer, return_var=True
        )
        r = r.squeeze(1).numpy()
        slope = r * np.sqrt(phenotype_var.numpy().reshape(-1) / genotype_var.numpy().reshape(-1))
        p = core.pval_from_corr(r * r, df)
        theirs = {
            "r": r,
            "slope": slope,
            "slope_se": np.abs(slope) / np.sqrt(df * r * r / (1 - r * r)),
            "pval_nominal": p,
        }
        for name, values in theirs.items():
            own = np.array([float(row[name]) for row in nominal[gene]])
            away = np.abs(own - values) / np.maximum(np.abs(values), 1e-9 if name != "pval_nominal" else 1e-300)
            worst[name] = max(worst[name], float(away.max()))
        pairs += len(r)
        # permutation p by tensorQTL's recipe, with permutations of its own
        random = np.random.default_rng(100 + g)
        permuted = torch.tensor(np.array([random.permutation(cohort.values[g]) for _ in range(1000)]))
        r2 = (core.calculate_corr(genotypes, permuted, residualizer=residualizer) ** 2).max(0)[0].numpy()
        theirs_beta = core.calculate_beta_approx_pval(r2, float((r * r).max()), df)[0]
        betas.append((float(lead[gene]["pval_beta"]), float(theirs_beta)))
    print(f"{pairs} pairs of {len(cohort.genes)} genes")
    for name, value in worst.items():
        print(f"{name}: largest relative difference {value:.1e}")
    log = np.log10(np.array(betas))
    same = np.mean((log[:, 0] < np.log10(0.05)) == (log[:, 1] < np.log10(0.05)))
    print(
        f"pval_beta, other permutations: correlation of log10 {np.corrcoef(log.T)[0, 1]:.4f}, "
        f"median ratio {np.median(10 ** (log[:, 0] - log[:, 1])):.3f}, on the same side of 0.05: {same:.2f}"
    )
    return int(max(worst.values()) > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
