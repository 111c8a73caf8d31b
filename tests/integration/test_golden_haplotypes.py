"""Real people: sequences and counts that were made by bcftools and by the published Xpresso pipeline."""

from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from gxfast.io.fasta import Genome
from gxfast.io.regions import parse_region
from gxfast.io.vcf import VariantFile
from gxfast.personal.batch import haplotypes
from gxfast.types import Windows


@pytest.fixture(scope="module")
def folder(data_dir: Path) -> Path:
    path = data_dir / "geuvadis_chr22"
    if not path.is_dir():
        pytest.skip(f"no {path}")
    return path


@pytest.fixture(scope="module")
def genome(folder: Path) -> Genome:
    return Genome(folder / "ref" / "chr22.hg19.to20Mb.fa.gz")


@pytest.fixture(scope="module")
def variants(folder: Path) -> VariantFile:
    return VariantFile(folder / "geno" / "geuvadis358.chr22.vcf.gz")


def test_sequences_are_those_of_bcftools(folder: Path, genome: Genome, variants: VariantFile) -> None:
    with (folder / "golden" / "bcftools_consensus_snp_haplotypes.tsv").open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    spans = {row["gene"]: parse_region(row["region"]) for row in rows}
    equal = 0
    for gene, (chrom, start, end) in spans.items():
        middle = np.array([(start + end) // 2])
        windows = Windows((chrom,), np.array([start]), end - start, middle, np.array([False]))
        batch = haplotypes(genome, variants, windows)
        for row in rows:
            if row["gene"] == gene:
                person = batch.samples.index(row["sample"])
                sequence = batch.sequences[batch.carriers[0, person, int(row["haplotype"]) - 1]]
                equal += hashlib.md5(sequence.tobytes()).hexdigest() == row["md5_forward_strand"]
    assert (equal, len(rows)) == (340, 340)


def test_counts_are_those_of_the_published_pipeline(folder: Path, genome: Genome, variants: VariantFile) -> None:
    with gzip.open(folder / "golden" / "xpresso_gm12878.personal.tsv.gz", "rt", newline="") as handle:
        reader = csv.reader(handle, delimiter="\t")
        next(reader)
        rows = [row[:5] for row in reader]
    assert len(rows) > 10
    tss = np.array([int(row[1]) - 1 for row in rows])
    minus = np.array([row[2] == "-" for row in rows])
    # 10,500 bases; the TSS is base 6,999 as the model reads them
    starts = tss - np.where(minus, 10_500 - 1 - 6_999, 6_999)
    windows = Windows(("chr22",) * len(rows), starts, 10_500, tss, minus)
    batch = haplotypes(genome, variants, windows)
    expected = [(int(row[3]), int(row[4])) for row in rows]
    assert list(zip(batch.n_variants.tolist(), batch.n_haplotypes.tolist(), strict=True)) == expected
