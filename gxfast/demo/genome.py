"""The demonstration genome: two contigs, genes on both strands, planted motifs and causal alleles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import LENGTH, MOTIFS, TSS_INDEX, Motif, predict, reverse_complement

__all__ = ["DemoGene", "DemoGenome", "Planted", "build_genome", "window"]

Bases = NDArray[np.uint8]

SPACING = 6000
FIRST_TSS = (400, 4000)  # the first window of chr1 hangs over the edge of the contig
TAIL = 3500
N_TAIL = 500
SLOT = 24
SLOTS = np.arange(-360, 121, SLOT)
CAUSAL_SLOTS = (-120, 24)
DISTAL = (1500, 1700)  # outside the window (1,024 either side) and in another haplotype block
UNKNOWN = Motif("gata", "AGATAAGATA", "1122222211", 0, 1, 0.0)  # works in the people, not in the model


@dataclass(slots=True)
class Planted:
    """A common SNV placed on purpose: 0-based position and upper-case bases on the forward strand."""

    position: int
    ref: str
    alt: str
    model_effect: float = 0.0


@dataclass(slots=True)
class DemoGene:
    """One gene with what was planted for it.

    ``truth`` is ``right`` (expression follows the model), ``wrong`` (the opposite sign) or ``missed`` (the
    causal variant is not in what the model knows); ``story`` says how. ``decoy`` changes the prediction but
    not the expression.
    """

    gene_id: str
    name: str
    contig: int
    tss: int
    strand: str
    truth: str
    story: str
    causal: Planted | None = None
    decoy: Planted | None = None


@dataclass(slots=True)
class DemoGenome:
    """Contigs (upper-case ASCII), their names, the genes, and the bases that must not mutate further."""

    names: tuple[str, ...]
    contigs: list[Bases]
    genes: list[DemoGene]
    reserved: list[NDArray[np.bool_]]


def build_genome(rng: np.random.Generator, n_genes: int) -> DemoGenome:
    """Lay out the genes, draw the bases, plant the motifs and choose the causal alleles."""
    genes = _lay_out(rng, n_genes)
    contigs = [_draw_contig(rng, [g for g in genes if g.contig == c]) for c in (0, 1)]
    reserved = [contig == ord("N") for contig in contigs]
    genome = DemoGenome(("chr1", "chr2"), contigs, genes, reserved)
    for gene in genes:
        _plant(rng, genome, gene)
    return genome


def window(contig: Bases, tss: int, strand: str) -> Bases:
    """Return the 2,048 bases the model reads, N past the ends, reverse-complemented on the minus strand."""
    before = TSS_INDEX if strand == "+" else LENGTH - 1 - TSS_INDEX
    start = tss - before
    bases = np.full(LENGTH, ord("N"), np.uint8)
    low, high = max(start, 0), min(start + LENGTH, len(contig))
    bases[low - start : high - start] = contig[low:high]
    return bases if strand == "+" else reverse_complement(bases)


def _lay_out(rng: np.random.Generator, n_genes: int) -> list[DemoGene]:
    n_right, n_wrong = round(n_genes / 3), round(n_genes * 2 / 9)
    n_missed = n_genes - n_right - n_wrong
    stories = [("right", "motif")] * (n_right - 1) + [("wrong", "motif")] * n_wrong
    stories += [("missed", "no_variant")]
    stories += [("missed", ("decoy", "unknown_motif", "distal")[i % 3]) for i in range(n_missed - 1)]
    order = [("right", "motif")] + [stories[i] for i in rng.permutation(len(stories))]
    half = (n_genes + 1) // 2
    genes = []
    for i, (truth, story) in enumerate(order):
        contig, rank = (0, i) if i < half else (1, i - half)
        jitter = int(rng.integers(-250, 251)) if rank else 0
        strand = "+" if i == 0 else "+-"[int(rng.integers(2))]
        tss = FIRST_TSS[contig] + rank * SPACING + jitter
        genes.append(DemoGene(f"DEMO{i + 1:04d}", f"gene{i + 1}", contig, tss, strand, truth, story))
    return genes


def _draw_contig(rng: np.random.Generator, genes: list[DemoGene]) -> Bases:
    length = genes[-1].tss + TAIL
    gc = np.full(length, 0.41)
    for gene in genes:
        gc[max(gene.tss - 300, 0) : gene.tss + 300] = 0.55
    strong = rng.random(length) < gc
    second = rng.random(length) < 0.5
    contig = np.where(strong, np.where(second, ord("C"), ord("G")), np.where(second, ord("A"), ord("T")))
    contig[length - N_TAIL :] = ord("N")
    gap = genes[len(genes) // 2].tss + 640  # a short assembly gap inside one window
    contig[gap : gap + 25] = ord("N")
    return contig.astype(np.uint8)


def _plant(rng: np.random.Generator, genome: DemoGenome, gene: DemoGene) -> None:
    """Plant the motifs of the promoter, then the causal SNV (and the decoy) that the story asks for."""
    slots = [int(slot) for slot in rng.permutation(SLOTS)]
    near = [slot for slot in slots if CAUSAL_SLOTS[0] <= slot <= CAUSAL_SLOTS[1]]
    special = near[0]
    slots.remove(special)
    activators = [motif for motif in MOTIFS if motif.weight > 0]
    repressors = [motif for motif in MOTIFS if motif.weight < 0]
    for pool, most in ((activators, 5), (repressors, 2)):
        for _ in range(int(rng.integers(0, most + 1))):
            motif = pool[int(rng.integers(len(pool)))]
            _place(genome.contigs[gene.contig], gene, slots.pop(), _instance(rng, motif)[0])
    if gene.story == "motif":
        gene.causal = _plant_snv(rng, genome, gene, offset=special, motifs=MOTIFS)
    elif gene.story == "unknown_motif":
        gene.causal = _plant_snv(rng, genome, gene, offset=special, motifs=(UNKNOWN,))
    else:
        side = -1 if rng.random() < 0.5 else 1
        distance = side * int(rng.integers(*DISTAL))
        gene.causal = _plant_snv(rng, genome, gene, offset=distance, motifs=MOTIFS)
    if gene.story == "decoy":
        gene.decoy = _plant_snv(rng, genome, gene, offset=special, motifs=MOTIFS)
    if gene.story == "no_variant":
        genome.reserved[gene.contig][gene.tss - 1100 : gene.tss + 1100] = True


def _instance(rng: np.random.Generator, motif: Motif) -> tuple[Bases, list[int]]:
    """Return the motif on a random strand and the indices of its core bases there."""
    bases = np.frombuffer(motif.bases.encode(), np.uint8)
    if rng.random() < 0.5:
        return bases, motif.core_positions()
    return reverse_complement(bases), [len(bases) - 1 - i for i in motif.core_positions()]


def _place(contig: Bases, gene: DemoGene, offset: int, bases: Bases) -> int:
    """Write bases at an offset from the TSS in model orientation; return the forward start."""
    if gene.strand == "+":
        start = gene.tss + offset
        contig[start : start + len(bases)] = bases
    else:
        start = gene.tss - offset - len(bases) + 1
        contig[start : start + len(bases)] = reverse_complement(bases)
    return start


def _plant_snv(
    rng: np.random.Generator, genome: DemoGenome, gene: DemoGene, *, offset: int, motifs: tuple[Motif, ...]
) -> Planted:
    """Plant a motif at ``offset`` with an SNV in its core; the reference has it intact or broken.

    The model must see the SNV where it should (in a known motif near the TSS) and must not elsewhere, so
    instances are redrawn until it does.
    """
    contig = genome.contigs[gene.contig]
    visible = abs(offset) < TSS_INDEX and motifs is MOTIFS
    while True:
        bases, core = _instance(rng, motifs[int(rng.integers(len(motifs)))])
        start = _place(contig, gene, offset, bases)
        index = core[int(rng.integers(len(core)))]
        position = start + (index if gene.strand == "+" else len(bases) - 1 - index)
        intact = int(contig[position])
        broken = int(rng.choice([base for base in b"ACGT" if base != intact]))
        effect = _allele_effect(contig, gene, position, intact, broken)
        if (abs(effect) >= 0.3) if visible else (effect == 0.0):
            break
    ref, alt = (intact, broken) if rng.random() < 0.5 else (broken, intact)
    contig[position] = ref
    genome.reserved[gene.contig][start - 12 : start + len(bases) + 12] = True
    return Planted(position, chr(ref), chr(alt), effect if ref == intact else 0.0 - effect)


def _allele_effect(contig: Bases, gene: DemoGene, position: int, ref: int, alt: int) -> float:
    """Return the model's prediction with ``alt`` minus with ``ref`` at ``position``; restores the contig."""
    saved = int(contig[position])
    pair = []
    for base in (ref, alt):
        contig[position] = base
        pair.append(window(contig, gene.tss, gene.strand))
    contig[position] = saved
    low, high = predict(np.stack(pair))
    return float(high - low)
