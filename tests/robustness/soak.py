"""Many rounds of predictions and mutagenesis in one process: does memory grow?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import gxfast as gx
from gxfast.demo import simulate_cohort


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def soak(folder: Path, rounds: int) -> tuple[float, float]:
    """Return bytes per round over the last 70 %: the slope, and the median of the slopes of seven parts of them.

    What is leaked grows in all parts; pools and tables that grow in steps do so in some.
    """
    cohort = simulate_cohort(folder, n_people=20, n_genes=9)
    genome, model, genes = gx.Genome(cohort.fasta), gx.Model(cohort.model, device="cpu"), gx.read_genes(cohort.genes)
    plan = gx.ism.plan(model)
    letters = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(0).integers(0, 4, (1, model.card.read_length))]
    seen = []
    for _ in range(rounds):
        people = gx.VariantFile(cohort.vcf)
        gx.predict(model, genome, people, genes.take(range(2)), n_threads=2)
        gx.ism.saturate(plan, letters, start=1000, end=1010)
        seen.append(resident())
    tail = np.array(seen[round(0.3 * rounds) :], float)
    return slope(tail), float(np.median([slope(part) for part in np.array_split(tail, 7)]))


def slope(values: NDArray[np.float64]) -> float:
    """Per step."""
    return float(np.polyfit(np.arange(values.size), values, 1)[0])
