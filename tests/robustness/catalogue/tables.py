"""Tables beside a clean project: effects on genes, labels and scores of variants, populations, a split of genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

__all__ = ["REACH", "TABLES", "write_tables"]

REACH: Final = 1_000  # bases beside a TSS in which variants have an effect
TABLES: Final = ("effects", "labels", "scores", "populations", "split")
_SHARE_CAUSAL: Final = 0.3


def write_tables(
    folder: Path, records: Sequence[Sequence[str]], genes: Sequence[tuple[str, str, int]], people: Sequence[str]
) -> None:
    """Write ``effects.tsv``, ``labels.tsv``, ``scores.tsv``, ``populations.tsv`` and ``split.tsv``.

    ``records`` are those of the VCF, ``genes`` (id, contig, TSS).
    """
    random = np.random.default_rng(7)
    effects = [
        {"gene_id": gene, **_place(r), "score": f"{random.normal():.4f}"}
        for gene, chrom, tss in genes
        for r in records
        if r[0] == chrom and abs(int(r[1]) - tss) < REACH
    ]
    _write(folder / "effects.tsv", effects)
    snvs = [r for r in records if len(r[3]) == len(r[4]) == 1][::4]
    causal = random.random(len(snvs)) < _SHARE_CAUSAL
    beta = random.normal(size=len(snvs))
    labels = [
        {
            **_place(r), "pip": "0.95" if yes else "0.001", "beta": f"{b:.4f}", "af": f"{random.uniform(0.1, 0.5):.3f}",
            "tss_distance": str(int(random.integers(-50_000, 50_000))), "tissue": "Liver" if random.random() < 0.5
            else "Lung",
        }
        for r, yes, b in zip(snvs, causal.tolist(), beta.tolist(), strict=True)
    ]  # fmt: skip
    _write(folder / "labels.tsv", labels)
    noisy = beta + random.normal(size=len(snvs)) * np.where(causal, 0.5, 2)
    _write(folder / "scores.tsv", [{**_place(r), "one": f"{s:.4f}"} for r, s in zip(snvs, noisy.tolist(), strict=True)])
    _write(folder / "populations.tsv", [{"sample": name, "population": "AFR"} for name in people])
    split = [{"gene_id": gene, "split": "train" if i % 2 else "test"} for i, (gene, _, _) in enumerate(genes)]
    _write(folder / "split.tsv", split)


def _place(record: Sequence[str]) -> dict[str, str]:
    return dict(zip(("chrom", "pos", "ref", "alt"), (record[0], record[1], record[3], record[4]), strict=True))


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in [list(rows[0]), *(one.values() for one in rows)]))
