"""A script of a user of gxfast: FASTA of every person's two haplotypes of some regions.

    python -m gxfast.bench.scripts.personal_fasta FASTA VCF REGIONS PEOPLE OUT

REGIONS has ``name chrom start end`` (0-based, half-open) a line, PEOPLE a name a line. There is no command for it:
the commands feed models.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gxfast as gx

__all__ = ["main"]


def main(fasta: str, vcf: str, regions: str, people: str, out: str) -> None:
    """Write ``>name|person|1`` and ``>name|person|2``, a line of letters each."""
    genome = gx.Genome(fasta)
    genotypes = gx.VariantFile(vcf, samples=Path(people).read_text().split())
    with open(out, "wb") as written:
        for line in Path(regions).read_text().splitlines():
            name, chrom, start, end = line.split("\t")
            sequences, carriers = gx.consensus(genome, genotypes, chrom, int(start), int(end))
            for person, rows in zip(genotypes.samples, carriers.tolist(), strict=True):
                for copy, row in enumerate(rows, 1):
                    written.write(b">%s|%s|%d\n%s\n" % (name.encode(), person.encode(), copy, sequences[row]))


if __name__ == "__main__":
    main(*sys.argv[1:])
