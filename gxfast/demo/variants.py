"""Phased variants of the demonstration cohort: one coalescent tree per haplotype block.

Every block has its own genealogy of all haplotypes plus the reference; mutations fall on its branches. That
gives the two things real promoters have: a skewed frequency spectrum, and few distinct haplotypes per window.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .genome import DemoGenome, Planted

__all__ = ["DemoVariant", "simulate_variants"]

MUTATION_RATE = 0.0012  # per base, scaled by population size (theta)
COMMON = (0.3, 0.7)  # frequency of planted alternate alleles
TSS_GUARD = 12  # no indel so close to a TSS that it could remove it
_SHARE_SNV, _SHARE_INDEL, _SHARE_MNV = 0.90, 0.06, 0.02  # the rest is multi-allelic

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class DemoVariant:
    """One VCF record: contig index, 0-based position, alleles, and ``(S, 2)`` allele numbers."""

    contig: int
    position: int
    ref: str
    alts: tuple[str, ...]
    alleles: NDArray[np.int8]

    def variant_id(self, names: tuple[str, ...]) -> str:
        """Return ``chrom_pos_ref_alt`` (1-based), alternates joined by commas."""
        return f"{names[self.contig]}_{self.position + 1}_{self.ref}_{','.join(self.alts)}"


@dataclass(slots=True)
class _Tree:
    """Branches of one genealogy: which haplotypes differ from the reference below each, and its length."""

    carriers: Mask  # (branches, 2 * people)
    length: NDArray[np.float64]


def simulate_variants(rng: np.random.Generator, genome: DemoGenome, n_people: int) -> list[DemoVariant]:
    """Return all variants of the cohort, sorted by contig and position, planted ones included."""
    planted: dict[tuple[int, int], Planted] = {}
    for gene in genome.genes:
        for variant in (gene.causal, gene.decoy):
            if variant is not None:
                planted[gene.contig, variant.position] = variant
    result: list[DemoVariant] = []
    for contig in range(len(genome.contigs)):
        free = ~genome.reserved[contig]
        near_tss = np.zeros(len(free), bool)
        for gene in genome.genes:
            if gene.contig == contig:
                near_tss[gene.tss - TSS_GUARD : gene.tss + TSS_GUARD] = True
        painter = _Painter(rng, genome.contigs[contig], contig, free, near_tss)
        for low, high in _blocks(rng, genome, contig):
            here = [v for (c, p), v in planted.items() if c == contig and low <= p < high]
            tree, branches = _tree_for(rng, 2 * n_people, len(here))
            for variant, branch in zip(here, branches, strict=True):
                alleles = tree.carriers[branch].astype(np.int8).reshape(n_people, 2)
                result.append(DemoVariant(contig, variant.position, variant.ref, (variant.alt,), alleles))
            result += painter.mutate(tree, low, high)
    return sorted(result, key=lambda v: (v.contig, v.position))


def _blocks(rng: np.random.Generator, genome: DemoGenome, contig: int) -> list[tuple[int, int]]:
    """Cut a contig into haplotype blocks: one around each TSS, one or two between neighbours."""
    length = len(genome.contigs[contig])
    cuts = {0, length}
    for gene in genome.genes:
        if gene.contig == contig:
            left, right = (int(x) for x in rng.integers(700, 1300, size=2))
            cuts |= {max(gene.tss - left, 0), min(gene.tss + right, length)}
            cuts |= {min(gene.tss + 3000, length)}
    return list(pairwise(sorted(cuts)))


def _tree_for(rng: np.random.Generator, n_leaves: int, n_common: int) -> tuple[_Tree, list[int]]:
    """Draw trees until one has a branch of common frequency for the planted variants; pick their branches."""
    while True:
        tree = _coalescent(rng, n_leaves)
        if n_common == 0:
            return tree, []
        frequency = tree.carriers.mean(axis=1)
        common = np.flatnonzero((frequency >= COMMON[0]) & (frequency <= COMMON[1]))
        if len(common):
            return tree, [int(b) for b in rng.choice(common, size=n_common)]


def _coalescent(rng: np.random.Generator, n_leaves: int) -> _Tree:
    """Draw a standard coalescent of ``n_leaves`` haplotypes and one reference (the last leaf)."""
    n = n_leaves + 1
    masks = np.zeros((2 * n - 2, n), bool)
    masks[np.arange(n), np.arange(n)] = True
    length = np.zeros(2 * n - 2)
    active = list(range(n))
    for new in range(n, 2 * n):
        k = len(active)
        length[active] += rng.exponential(2.0 / (k * (k - 1)))
        if k == 2:
            break
        first = active.pop(int(rng.integers(k)))
        second = active.pop(int(rng.integers(k - 1)))
        masks[new] = masks[first] | masks[second]
        active.append(new)
    # the reference allele is whatever the reference leaf carries
    carriers = masks[:, :-1] ^ masks[:, -1:]
    return _Tree(carriers, length)


class _Painter:
    """Turns branches into variants of all kinds on bases that are still free."""

    def __init__(
        self, rng: np.random.Generator, bases: NDArray[np.uint8], contig: int, free: Mask, near_tss: Mask
    ) -> None:
        self.rng, self.bases, self.contig, self.free, self.near_tss = rng, bases, contig, free, near_tss

    def mutate(self, tree: _Tree, low: int, high: int) -> list[DemoVariant]:
        rng = self.rng
        total = float(tree.length.sum())
        count = int(rng.poisson(MUTATION_RATE / 2 * total * (high - low)))
        result = []
        for _ in range(count):
            position = int(rng.integers(low, high))
            kind = float(rng.random())
            if kind < _SHARE_SNV:
                alleles = self._snv(position)
            elif kind < _SHARE_SNV + _SHARE_INDEL:
                alleles = self._indel(position, high)
            elif kind < _SHARE_SNV + _SHARE_INDEL + _SHARE_MNV:
                alleles = self._mnv(position, high)
            else:
                alleles = self._snv(position, n_alts=2)
            if alleles is None:
                continue
            ref, alts = alleles
            numbers = self._numbers(tree, total, len(alts))
            alts = alts[: int(numbers.max())]
            result.append(DemoVariant(self.contig, position, ref, alts, numbers.reshape(-1, 2)))
        return result

    def _numbers(self, tree: _Tree, total: float, n_alts: int) -> NDArray[np.int8]:
        """Draw who carries which allele; a second allele needs a branch apart from the first."""
        share = tree.length / total
        first = int(self.rng.choice(len(share), p=share))
        numbers: NDArray[np.int8] = tree.carriers[first].astype(np.int8)
        if n_alts == 2:
            apart = ~(tree.carriers & tree.carriers[first]).any(axis=1)
            if apart.any():
                weight = np.where(apart, share, 0.0)
                second = int(self.rng.choice(len(share), p=weight / weight.sum()))
                numbers[tree.carriers[second]] = 2
        return numbers

    def _take(self, start: int, end: int, *, indel: bool) -> str | None:
        """Claim bases ``[start, end)`` with a margin of one; None where something else is there."""
        low, high = max(start - 1, 0), end + 1
        if high > len(self.free) or not self.free[low:high].all():
            return None
        if indel and self.near_tss[low:high].any():
            return None
        self.free[low:high] = False
        return bytes(self.bases[start:end]).decode()

    def _other(self, base: str) -> str:
        return "ACGT".replace(base, "")[int(self.rng.integers(3))]

    def _snv(self, position: int, n_alts: int = 1) -> tuple[str, tuple[str, ...]] | None:
        ref = self._take(position, position + 1, indel=False)
        if ref is None:
            return None
        others = "ACGT".replace(ref, "")
        return ref, tuple(others[int(i)] for i in self.rng.permutation(3)[:n_alts])

    def _indel(self, position: int, high: int) -> tuple[str, tuple[str, ...]] | None:
        """Insert or delete 1 to 8 bases, written as VCF wants it: left-most, with the base before."""
        size = min(int(self.rng.geometric(0.4)), 8)
        if self.rng.random() < 0.5:
            if position + size + 1 > high:
                return None
            anchor, last = int(self.bases[position]), int(self.bases[position + size])
            ref = None if anchor == last else self._take(position, position + size + 1, indel=True)
            return None if ref is None else (ref, (ref[0],))
        ref = self._take(position, position + 1, indel=True)
        if ref is None:
            return None
        inserted = ["ACGT"[int(i)] for i in self.rng.integers(4, size=size)]
        inserted[-1] = self._other(ref)
        return ref, (ref + "".join(inserted),)

    def _mnv(self, position: int, high: int) -> tuple[str, tuple[str, ...]] | None:
        if position + 2 > high:
            return None
        ref = self._take(position, position + 2, indel=False)
        return None if ref is None else (ref, ("".join(self._other(base) for base in ref),))
