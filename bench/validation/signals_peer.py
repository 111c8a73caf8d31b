"""tensorQTL's part of `signals.py`, in an environment of its own: ``python signals_peer.py CASE.npz OUT.npz``.

Needs tensorqtl with torch and pandas, not gxfast. One thread; CPU seconds are of `map_cis` with `map_independent`, and
of `susie.map`, as they are called. The sums of single effects are fitted once more in float64, which is not timed.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
import torch
from tensorqtl import cis, core, susie


def main(case: str, out: str) -> None:
    """Write what tensorQTL finds."""
    torch.set_num_threads(1)
    data = np.load(case)
    genes, people = len(data["y"]), data["y"].shape[1]
    names, ids = [f"s{i}" for i in range(people)], [f"v{v}" for v in range(len(data["x"]))]
    dosages = pd.DataFrame(data["x"].astype(np.float32), index=ids, columns=names)
    variants = pd.DataFrame({"chrom": "1", "pos": data["position"] + 1}, index=ids)
    y = pd.DataFrame(data["y"], index=[f"g{g}" for g in range(genes)], columns=names)
    where = pd.DataFrame({"chr": "1", "pos": data["tss"] + 1}, index=y.index)
    study = dosages, variants
    rest = {"covariates_df": pd.DataFrame(data["covariates"].T, index=names), "window": int(data["window"])}
    permuted = {"nperm": 1000, "seed": 1, "verbose": False}
    found: dict[str, object] = {}
    started = time.process_time()
    lead = cis.map_cis(*study, y, where, **rest, **permuted)
    p = lead["pval_beta"].to_numpy()
    order = np.argsort(p)
    q = np.empty(genes)
    q[order] = np.minimum.accumulate((p[order] * genes / np.arange(1, genes + 1))[::-1])[::-1]
    signals = cis.map_independent(*study, lead.assign(qval=q), y, where, **rest, **permuted)
    found["independent_seconds"] = time.process_time() - started
    for name in ("phenotype_id", "variant_id"):
        found[name] = np.array([int(text[1:]) for text in signals[name]])
    for name in ("pval_nominal", "slope", "slope_se", "pval_perm", "pval_beta", "rank"):
        found[name] = signals[name].to_numpy(np.float64)
    started = time.process_time()
    single = susie.map(
        *study, y, where, rest["covariates_df"], window=rest["window"], summary_only=False, verbose=False
    )[1]
    found["susie_seconds"] = time.process_time() - started
    for gene, one in single.items():  # of genes with a credible set alone
        found[f"pip32_{gene[1:]}"] = one["pip"]["pip"].to_numpy(np.float64)
    torch.set_default_dtype(torch.float64)
    residual = core.Residualizer(torch.tensor(data["covariates"].T))
    for g in range(genes):
        first, last = data["first"][g], data["last"][g]
        x = residual.transform(torch.tensor(data["x"][first:last].astype(np.float64)))
        fit = susie.susie(x.T, residual.transform(torch.tensor(data["y"][g : g + 1])).T, max_iter=200)
        found[f"pip_{g}"], found[f"iterations_{g}"] = fit["pip"], fit["niter"]
        sets = fit["sets"]["cs"] or {}
        for name, members in sets.items():
            found[f"set_{g}_{name[1:]}"] = members
    np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
