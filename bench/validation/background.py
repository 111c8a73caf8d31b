"""Random SNVs of Xpresso's published weights: seconds, effects beside naive mutants, ranks of other random SNVs.

    GXFAST_DATA=../shared/data python bench/validation/background.py [N]

CPU seconds of one thread for a background of N (20,000) SNVs: of the genes of chromosome 22 that the data have sequence
of, and of 1,200 made-up genes along chromosome 20. Nothing is printed unless every 40th effect is that of a whole
mutant within 1e-5 and the ranks of 2,000 SNVs of another seed are uniform (Kolmogorov and Smirnov, p > 0.01).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.stats import kstest

import gxfast as gx
from gxfast.models.importers.xpresso import import_xpresso
from gxfast.workflow import scans
from gxfast.workflow.scans.backgrounds import (
    Arrays,
    Background,
    BackgroundScan,
    background_blocks,
    compute_background,
    join_parts,
)

DATA = Path(os.environ.get("GXFAST_DATA", "../shared/data")) / "geuvadis_chr22"
EVERY = 40


def computed(scan: BackgroundScan) -> Arrays:
    blocks = background_blocks({"tracks": scan.plan.tracks, "background": scan.facts})
    return join_parts([compute_background(scan, block) for block in blocks])


def away_from_naive(scan: BackgroundScan, found: Arrays) -> float:
    """Largest difference of sampled effects from those of whole mutants."""
    layout, worst = scan.layout, 0.0
    for i in range(0, len(found["window"]), EVERY):
        w = scan.windows[int(found["window"][i])]
        start = int(layout.start[w])
        rows = np.repeat(scan.genome.fetch_array(layout.chrom[w], start, start + layout.length)[np.newaxis], 2, axis=0)
        rows[1, int(found["position"][i]) - start] = found["base"][i]
        values = scan.plan.model.predict(np.asarray(gx.reverse_complement(rows)) if layout.reverse[w] else rows)
        worst = max(worst, float(np.abs(values[1] - values[0] - found["effects"][i]).max()))
    return worst


def measured(what: str, model: gx.Model, genome: gx.Genome, genes: gx.GeneTable, n: int) -> None:
    plan = gx.ism.plan(model, n_threads=1)
    layout = scans.gene_layout(model.card, genes, genome, window=None, clip=False)
    started = time.process_time()
    scan = BackgroundScan(plan, layout, genome, n)
    found = computed(scan)
    null = Background.of(scan.edges, found["stratum"], found["effects"])
    seconds = time.process_time() - started
    away = away_from_naive(scan, found)
    fresh = computed(BackgroundScan(plan, layout, genome, 2000, seed=1))
    tests = [kstest(ranks[:, 0], "uniform") for ranks in null.ranked(fresh["effects"], fresh["stratum"])]
    if not (away <= 1e-5 and len(null) == n and min(test.pvalue for test in tests) > 0.01):
        raise SystemExit(f"{what}: {away:.1e} away from whole mutants, {len(null)} SNVs, {tests}")
    print(
        f"{model.card.name}, {what}: {n} random SNVs of {len(scan.windows)} windows in {seconds:.1f} CPU seconds; at "
        f"most {away:.1e} from whole mutants; ranks of {len(fresh['window'])} others: KS p {tests[0].pvalue:.2f} "
        f"(signed), {tests[1].pvalue:.2f} (absolute)"
    )


def main() -> None:
    """Print what was measured."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        (weights,) = (DATA / "models").glob("GM12878_*.h5")
        model = gx.Model(import_xpresso(weights, folder), device="cpu", n_threads=1)
        genes = gx.read_expression(DATA / "expr" / "geuvadis358.chr22.rpkm.bed.gz").genes
        if genes is None:
            raise SystemExit("the expression has no places")
        measured("chromosome 22", model, gx.Genome(DATA / "ref" / "chr22.hg19.to20Mb.fa.gz"), genes, n)
        genome = gx.Genome(DATA / "ref" / "20.b37.fa.gz")
        tss = np.arange(1, 1201) * (genome.contigs["20"] // 1300)
        names = tuple(f"gene{i}" for i in range(len(tss)))
        strands = tuple("+-"[i % 2] for i in range(len(tss)))
        made_up = gx.GeneTable(names, names, ("20",) * len(tss), tss, strands)
        measured("chromosome 20", model, genome, made_up, n)


if __name__ == "__main__":
    main()
