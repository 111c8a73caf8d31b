"""Compare `gxfast eqtl` with FastQTL on the real chromosome 22: nominal p of every pair, beta p of every gene.

Usage: python bench/validation/fastqtl.py RUN_DIRECTORY
where the run directory was written by the command in docs/statistics.md. Needs the programs fastQTL, bgzip and
tabix (Debian: fastqtl, tabix).
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from eqtl_data import WINDOW, cohort_of_the_run, rows_of, vcf_path

from gxfast.workflow.cohort import LinearCohort


def write_inputs(cohort: LinearCohort, folder: Path) -> None:
    """Write the transformed expression and the covariates as FastQTL reads them."""
    order = sorted(range(len(cohort.genes)), key=lambda g: int(cohort.genes.tss[g]))
    with open(folder / "expression.bed", "w") as bed:
        print("#chr", "start", "end", "id", *cohort.people, sep="\t", file=bed)
        for g in order:
            tss = int(cohort.genes.tss[g])
            values = (repr(float(value)) for value in cohort.values[g])
            print(cohort.genes.chrom[g], tss, tss + 1, cohort.genes.gene_id[g], *values, sep="\t", file=bed)
    subprocess.run(["bgzip", "-f", folder / "expression.bed"], check=True)
    subprocess.run(["tabix", "-p", "bed", folder / "expression.bed.gz"], check=True)
    assert cohort.covariates is not None
    with gzip.open(folder / "covariates.txt.gz", "wt") as table:
        print("id", *cohort.people, sep="\t", file=table)
        for k, row in enumerate(cohort.covariates):
            print(f"c{k}", *(repr(float(value)) for value in row), sep="\t", file=table)


def fast_qtl(vcf: str, folder: Path, *mode: str) -> list[list[str]]:
    """Run it on the region; rows of its output."""
    out = folder / "out.txt.gz"
    files = ["--vcf", vcf, "--bed", folder / "expression.bed.gz", "--cov", folder / "covariates.txt.gz"]
    options = ["--window", str(WINDOW), "--region", "chr22:16050001-20000000", "--maf-threshold", "0.01"]
    command = ["fastQTL", "--silent", *files, *options, "--seed", "9", *mode, "--out", out, "--log", folder / "log"]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    content = out.read_bytes()
    text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    return [line.split() for line in text.splitlines()]


def main() -> int:
    """Print how far the two are apart; exit code 1 where that is more than printed digits and chance explain."""
    run, vcf, cohort = Path(sys.argv[1]), vcf_path(), cohort_of_the_run()
    nominal, lead = (rows_of(run / "eqtl" / name) for name in ("nominal.tsv.gz", "permutation.tsv"))
    own: dict[tuple[str, str], list[float]] = {}
    for row in nominal:
        # FastQTL names a pair by the gene and the distance
        own.setdefault((row["phenotype_id"], row["start_distance"]), []).append(float(row["pval_nominal"]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(cohort, folder)
        pairs = fast_qtl(vcf, folder)
        permuted = fast_qtl(vcf, folder, "--permute", "1000")
    away = [
        min(abs(value / float(p) - 1) for value in own[gene, distance])
        for gene, _, distance, _, _, _, p, *_ in pairs
        if (gene, distance) in own
    ]
    print(f"{len(pairs)} pairs of FastQTL, {len(nominal)} of gxfast, {len(away)} found in both")
    print(f"nominal p: median relative difference {np.median(away):.1e}, largest {max(away):.1e}")
    beta = {row["phenotype_id"]: float(row["pval_beta"]) for row in lead if row["pval_beta"]}
    both = np.log10([(beta[row[0]], float(row[-1])) for row in permuted if row[0] in beta])
    r = float(np.corrcoef(both.T)[0, 1])
    same = float(np.mean((both[:, 0] < np.log10(0.05)) == (both[:, 1] < np.log10(0.05))))
    print(
        f"beta p of {len(both)} genes, other permutations: correlation of log10 {r:.4f}, "
        f"median ratio {np.median(10 ** (both[:, 0] - both[:, 1])):.3f}, on the same side of 0.05: {same:.2f}"
    )
    complete = len(away) == len(pairs) == len(nominal) and len(both) == len(lead)
    return int(not complete or np.median(away) > 1e-5 or r < 0.99)


if __name__ == "__main__":
    sys.exit(main())
