"""Write a cohort of any size whose people copy the haplotypes of real ones, with expression: to measure growth.

    GXFAST_DATA=... python bench/validation/mosaic.py FOLDER --people 10000 [--genes 16] [--start 20]
        [--megabases 3] [--seed 1] [--indels 0.1 --fasta chr22.fa]

``FOLDER/people.vcf.gz`` (phased, indexed), ``genes.tsv``, ``expression.bed.gz`` and ``covariates.tsv``. Each haplotype
of a person changes the one that it copies every 200 kb or so; a tenth of a gene's variance is due to a variant near it.
With ``--indels`` a share of the SNPs are insertions and deletions of 1 to 4 bases instead.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import pysam
from numpy.typing import NDArray

import gxfast
from gxfast.io.bgzf import bgzf_text

CHANGES = 200_000  # bases between two changes of what a haplotype copies


def copied(position: NDArray[np.int64], haplotypes: int, people: int, random: np.random.Generator) -> Any:
    """Return the haplotype that each new one copies at each record, shape (records, 2 x people), row by row."""
    now = random.integers(0, haplotypes, 2 * people)
    before = int(position[0]) if position.size else 0
    for at in position.tolist():
        change = random.random(2 * people) < 1 - np.exp(-(at - before) / CHANGES)
        now[change] = random.integers(0, haplotypes, int(change.sum()))
        before = at
        yield now


def as_indel(alleles: tuple[str, ...], at: int, genome: Any, contig: str, random: np.random.Generator) -> Any:
    """Return an insertion behind the first base of a record, or a deletion of the bases behind it."""
    n = int(random.integers(1, 5))
    if random.random() < 0.5:
        return alleles[0][:1], alleles[0][:1] + "".join(random.choice(list("ACGT"), n))
    longer = genome.fetch_array(contig, at, at + 1 + n).tobytes().decode().upper()
    return longer, longer[:1]


def write_people(
    source: Path, out: Path, people: int, span: tuple[int, int], random: np.random.Generator,
    indels: float = 0.0, genome: Any = None,
) -> Any:  # fmt: skip
    """Write the VCF; return positions and dosages of some of the common variants, to make expression of."""
    file = gxfast.VariantFile(source)
    contig = file.contigs[0]
    found = file.region(contig, *span)
    cells = np.array([list(b"0|0\t"), list(b"0|1\t"), list(b"1|0\t"), list(b"1|1\t")], np.uint8)
    names = [f"P{i:05d}" for i in range(people)]
    kept_at, kept = [], []
    with bgzf_text(out) as vcf:
        vcf.write('##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        vcf.write(f"##contig=<ID={contig},length={file.contig_lengths.get(contig, 50_818_468)}>\n")
        vcf.write("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]) + "\n")
        inside = found.position >= span[0]
        copies = copied(found.position[inside], 2 * len(found.samples), people, random)
        for v, source_of in zip(np.flatnonzero(inside).tolist(), copies, strict=True):
            alleles = found.alleles(v)
            if len(alleles) != 2 or found.calls[v].min() < 0:
                continue
            mine = found.calls[v].reshape(-1)[source_of].reshape(people, 2)
            code = mine[:, 0] * 2 + mine[:, 1]
            row = cells[code].tobytes()[:-1].decode()
            at = int(found.position[v])
            if indels and random.random() < indels:
                alleles = as_indel(alleles, at, genome, contig, random)
            vcf.write(f"{contig}\t{at + 1}\t.\t{alleles[0]}\t{alleles[1]}\t.\tPASS\t.\tGT\t{row}\n")
            dosage = mine.sum(axis=1)
            if 0.1 < dosage.mean() / 2 < 0.9:
                kept_at.append(at)
                kept.append(dosage.astype(np.int8))
    pysam.tabix_index(str(out), preset="vcf", force=True)
    return contig, names, np.array(kept_at), np.array(kept)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--genes", type=int, default=16)
    parser.add_argument("--start", type=float, default=20.0, help="of chromosome 22, in megabases")
    parser.add_argument("--megabases", type=float, default=3.0)
    parser.add_argument("--indels", type=float, default=0.0, help="share of the records")
    parser.add_argument("--fasta", type=Path, help="of chromosome 22, for deletions")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    random = np.random.default_rng(chosen.seed)
    folder, span = chosen.folder, (int(chosen.start * 1e6), int((chosen.start + chosen.megabases) * 1e6))
    folder.mkdir(parents=True, exist_ok=True)
    (source,) = sorted(Path(os.environ["GXFAST_DATA"]).glob("geuvadis_chr22/geno/*.vcf.gz"))[:1]
    contig, names, at, dosages = write_people(
        source,
        folder / "people.vcf.gz",
        chosen.people,
        span,
        random,
        chosen.indels,
        gxfast.Genome(chosen.fasta) if chosen.fasta else None,
    )
    places = np.linspace(*span, chosen.genes + 2)[1:-1].astype(int)
    with bgzf_text(folder / "expression.bed.gz") as bed:
        bed.write("\t".join(["#chr", "start", "end", "phenotype_id", *names]) + "\n")
        for g, tss in enumerate(places.tolist()):
            near = np.argsort(np.abs(at - tss))[:200]
            x = dosages[random.choice(near)].astype(float)
            y = np.sqrt(0.1) * (x - x.mean()) / x.std() + np.sqrt(0.9) * random.normal(size=len(names))
            bed.write("\t".join([contig, str(tss), str(tss + 1), f"G{g:04d}", *map(repr, y.tolist())]) + "\n")
    pysam.tabix_index(str(folder / "expression.bed.gz"), preset="bed", force=True)
    with (folder / "genes.tsv").open("w") as table:
        print("gene_id", "chrom", "tss", "strand", sep="\t", file=table)
        for g, tss in enumerate(places.tolist()):
            print(f"G{g:04d}", contig, tss + 1, "+-"[g % 2], sep="\t", file=table)
    with (folder / "covariates.tsv").open("w") as table:
        print("id", *names, sep="\t", file=table)
        for k in range(13):
            print(f"c{k}", *map(repr, random.normal(size=len(names)).tolist()), sep="\t", file=table)


if __name__ == "__main__":
    main()
