"""Genotypes as counts of the alternative allele, for linear models."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..io.vcf import Genotypes, GenotypeSource

__all__ = ["Dosages", "count_alternative", "snvs_in"]

_BASES = frozenset("ACGTN")


@dataclass(frozen=True, slots=True)
class Dosages:
    """Copies of the alternative allele at the biallelic records of a window.

    Attributes
    ----------
    chrom : str
    position : int64 array, shape (V,)
        0-based.
    variant_id : tuple of str, length V
        ``chrom_pos_ref_alt``, 1-based.
    ref, alt : tuple of str, length V
    values : int8 array, shape (V, S)
        0, 1 or 2. A person with one haplotype counts what it carries.
    n_missing : int64 array, shape (V,)
        Calls that were not there; their value is the most frequent dosage (the smaller of equal ones).
    n_skipped : int
        Records without exactly one alternative allele made of bases.
    """

    chrom: str
    position: NDArray[np.int64]
    variant_id: tuple[str, ...]
    ref: tuple[str, ...]
    alt: tuple[str, ...]
    values: NDArray[np.int8]
    n_missing: NDArray[np.int64]
    n_skipped: int = 0

    def take(self, rows: NDArray[np.int64]) -> Dosages:
        """Return the variants ``rows``."""
        ids, ref, alt = (tuple(names[i] for i in rows) for names in (self.variant_id, self.ref, self.alt))
        return Dosages(
            self.chrom, self.position[rows], ids, ref, alt, self.values[rows], self.n_missing[rows], self.n_skipped
        )


def count_alternative(genotypes: Genotypes) -> Dosages:
    """Count alternative alleles of the records that start in the region read.

    Parameters
    ----------
    genotypes : Genotypes

    Returns
    -------
    Dosages
    """
    inside = (genotypes.position >= genotypes.start) & (genotypes.position < genotypes.end)
    biallelic = inside & (np.diff(genotypes.first_allele) == 2)
    rows, texts = [], []
    for v in np.flatnonzero(biallelic):
        pair = tuple(genotypes.allele(int(v), i).decode("ascii", "replace").upper() for i in (0, 1))
        if _BASES.issuperset(pair[0] + pair[1]):
            rows.append(int(v))
            texts.append(pair)
    index = np.array(rows, np.int64)
    calls = genotypes.calls[index]
    values = (calls > 0).sum(axis=2, dtype=np.int8)
    missing = (calls == -1).any(axis=2)
    for v in np.flatnonzero(missing.any(axis=1)):
        known = values[v, ~missing[v]]
        values[v, missing[v]] = np.bincount(known, minlength=3).argmax() if known.size else 0
    ids = tuple(
        f"{genotypes.chrom}_{genotypes.position[v] + 1}_{ref}_{alt}" for v, (ref, alt) in zip(rows, texts, strict=True)
    )
    return Dosages(
        genotypes.chrom, genotypes.position[index], ids, tuple(pair[0] for pair in texts),
        tuple(pair[1] for pair in texts), values, missing.sum(axis=1).astype(np.int64), int(inside.sum()) - len(rows),
    )  # fmt: skip


def snvs_in(genotypes: GenotypeSource, chrom: str, start: int, end: int) -> Dosages:
    """Count alternative alleles of the biallelic SNVs in [start, end); ``n_skipped`` counts all other records."""
    dosages = count_alternative(genotypes.region(chrom, max(0, start), end))
    single = np.array([len(r) == 1 and len(a) == 1 for r, a in zip(dosages.ref, dosages.alt, strict=True)], bool)
    kept = dosages.take(np.flatnonzero(single))
    return replace(kept, n_skipped=dosages.n_skipped + int((~single).sum()))
