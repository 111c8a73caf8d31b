"""Print how far gxfast is from the goldens: the accuracy figures of the README.

Usage: GXFAST_DATA=../shared/data python bench/validation/geuvadis.py
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

import gxfast as gx
from gxfast.models.importers.xpresso import import_xpresso

DATA = Path(os.environ.get("GXFAST_DATA", "../shared/data")) / "geuvadis_chr22"
WEIGHTS = {
    "gm12878": "GM12878_trainepoch.06-0.5062.h5",
    "k562": "K562_trainepoch.11-0.4917.h5",
    "humanmedian": "humanMedian_trainepoch.11-0.426.h5",
}


def rows_of(name: str) -> list[dict[str, str]]:
    path = DATA / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as handle:
        return list(csv.DictReader(handle, delimiter="," if path.suffix == ".csv" else "\t"))


def genes_of(rows: list[dict[str, str]], chrom: str, gene: str, tss: str) -> gx.GeneTable:
    ids = tuple(row[gene] for row in rows)
    at = np.array([int(row[tss]) - 1 for row in rows], np.int64)
    return gx.GeneTable(ids, ids, (chrom,) * len(ids), at, tuple(row["strand"] for row in rows))


def published(model: gx.Model) -> float:
    """Largest difference to the published reference predictions."""
    worst = 0.0
    for number, contig, fasta in (("22", "chr22", "chr22.hg19.to20Mb.fa.gz"), ("20", "20", "20.b37.fa.gz")):
        rows = [row for row in rows_of("published/ref_preds.hg19.csv") if row["chrom"].removeprefix("chr") == number]
        genome, genes = gx.Genome(DATA / "ref" / fasta), genes_of(rows, contig, "ensembl", "tss_hg19")
        windows = gx.model_windows(model.card, genes)
        forward = [
            genome.fetch(c, int(s), int(s) + windows.length) for c, s in zip(genes.chrom, windows.start, strict=True)
        ]
        read = [gx.reverse_complement(s) if r else s for s, r in zip(forward, windows.reverse, strict=True)]
        values = model.predict(np.frombuffer(b"".join(read), np.uint8).reshape(len(read), -1))[:, 0]
        worst = max(worst, float(np.abs(values - [float(row["Xpresso"]) for row in rows]).max()))
    return worst


def equal_windows(genome: gx.Genome, people: gx.VariantFile) -> tuple[int, int]:
    """Haplotype windows equal to bcftools consensus by MD5, and how many there are."""
    rows = rows_of("golden/bcftools_consensus_snp_haplotypes.tsv")
    equal = 0
    for region in dict.fromkeys(row["region"] for row in rows):
        chrom, _, span = region.partition(":")
        start, end = int(span.split("-")[0]) - 1, int(span.split("-")[1])
        sequences, carriers = gx.consensus(genome, people, chrom, start, end)
        for row in (row for row in rows if row["region"] == region):
            found = sequences[carriers[people.samples.index(row["sample"]), int(row["haplotype"]) - 1]]
            equal += hashlib.md5(found, usedforsecurity=False).hexdigest() == row["md5_forward_strand"]
    return equal, len(rows)


def main() -> int:
    genome = gx.Genome(DATA / "ref" / "chr22.hg19.to20Mb.fa.gz")
    people = gx.VariantFile(DATA / "geno" / "geuvadis358.chr22.vcf.gz")
    equal, n = equal_windows(genome, people)
    print(f"haplotype windows equal to bcftools consensus: {equal} of {n}")
    good = equal == n
    with tempfile.TemporaryDirectory() as folder:
        for name, weights in WEIGHTS.items():
            model = gx.Model(import_xpresso(DATA / "models" / weights, Path(folder) / f"{name}.onnx"))
            if name == "gm12878":
                worst = published(model)
                print(f"published reference predictions: largest difference {worst:.1e}")
                good = good and worst <= 1e-5
            rows = rows_of(f"golden/xpresso_{name}.personal.tsv.gz")
            predictions = gx.predict(model, genome, people, genes_of(rows, "chr22", "gene", "tss"), n_threads=0)
            golden = np.array([[float(row[sample]) for sample in people.samples] for row in rows])
            worst = float(np.abs(predictions.values[:, :, 0] - golden).max())
            print(f"{name}: {golden.size} personal predictions, largest difference {worst:.1e}")
            good = good and worst <= 1e-4
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
