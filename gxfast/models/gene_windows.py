"""What a model reads for a gene, whether it can be read at all, and which bins of the output are the gene's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.fasta import Genome
from ..io.tables.exons import ExonTable
from ..personal.lifting import on_haplotypes, within
from ..personal.presence import absent_from
from ..personal.windows import WindowHaplotypes
from ..types import GeneTable, Windows
from .gene_bins import BinPlaces

if TYPE_CHECKING:
    from .card import ModelCard

__all__ = [
    "NO_EXONS", "NO_EXON_INSIDE", "TSS_OUTSIDE", "GeneBins", "gene_statuses", "model_windows", "require_genes",
]  # fmt: skip

Int64Array = NDArray[np.int64]
TSS_OUTSIDE: Final = "TSS past the end of the contig"
NO_EXONS: Final = "no exons in the GTF, on its contig and strand"
NO_EXON_INSIDE: Final = "no exon in the bins that the model gives"
_STEP_BYTES: Final = 64 << 20  # of positions and counts at a time


def model_windows(card: ModelCard, genes: GeneTable) -> Windows:
    """Return the reference windows that a model reads for some genes.

    Raises
    ------
    InputError
        If there are no genes, as where an expression BED names no strands.
    """
    require_genes(genes)
    # A gene without a strand has a status of its own; its window is never read.
    strands = [strand.replace(".", "+") for strand in genes.strand]
    spans = [card.window(int(tss), strand) for tss, strand in zip(genes.tss, strands, strict=True)]
    return Windows(
        genes.chrom,
        np.array([start for start, _, _ in spans], np.int64),
        card.read_length,
        genes.tss,
        np.array([reverse for _, _, reverse in spans], bool),
    )


def require_genes(genes: GeneTable | None) -> None:
    """Refuse to go on without genes."""
    if genes is None:
        raise InputError("genes is None: the expression file names no strands", remedy="take gxfast.read_genes(FILE)")


def gene_statuses(genes: GeneTable, genome: Genome, genotypes: Any = None) -> list[str]:
    """Say of each gene whether it can be read at all: ``"ok"``, or why not.

    Parameters
    ----------
    genes : GeneTable
    genome : Genome
    genotypes : source of genotypes, optional
        One that knows its ``contigs``, and perhaps who is ``absent`` from them.
    """
    known = getattr(genotypes, "contigs", None)
    reasons = {chrom: _contig_status(chrom, genome, genotypes, known) for chrom in set(genes.chrom)}
    return [
        reasons[chrom] if reasons[chrom] != "ok"
        else TSS_OUTSIDE if not 0 <= tss < genome.contigs[chrom]
        else "no strand" if strand == "."
        else "ok"
        for chrom, tss, strand in zip(genes.chrom, genes.tss.tolist(), genes.strand, strict=True)
    ]  # fmt: skip


def _contig_status(chrom: str, genome: Genome, genotypes: Any, known: Sequence[str] | None) -> str:
    if chrom not in genome.contigs:
        return "contig not in the FASTA"
    if known is not None and chrom not in known:
        return "contig not in the VCF"
    absent = absent_from(genotypes, chrom) if genotypes is not None else np.empty(0, np.bool_)
    return "nobody is in the VCF of the contig" if absent.size and absent.all() else "ok"


@dataclass(frozen=True, slots=True, eq=False)
class GeneBins:
    """The bins of some genes, for a card that reads them out.

    Attributes
    ----------
    places : BinPlaces
    windows : Windows
        As `model_windows` gives them.
    spans : tuple of int64 arrays, shape (E, 2)
        What is read out of each gene, 0-based half-open: its exons, or all of it.
    """

    places: BinPlaces
    windows: Windows
    spans: tuple[Int64Array, ...]

    @staticmethod
    def of(model: Any, genes: GeneTable, exons: ExonTable | None) -> GeneBins | None:
        """Return the bins of genes; None where the model's card reads the same bins for all of them.

        Raises
        ------
        InputError
            If the card needs exons and there are none.
        """
        mask = model.card.gene_mask
        if mask is None:
            return None
        if exons is None:
            raise InputError(
                f"{model.card.name} reads out the {mask.over} of each gene, and no exons were given",
                path=model.path, record="output.gene_mask", remedy="give a GTF with `exons=`",
            )  # fmt: skip
        spans = [exons.of(*key) for key in zip(genes.gene_id, genes.chrom, genes.strand, strict=True)]
        if mask.over == "gene_body":
            spans = [one[[0, -1], [0, 1]][np.newaxis] if len(one) else one for one in spans]
        return GeneBins(model.places, model_windows(model.card, genes), tuple(spans))

    def settle(self, status: list[str]) -> Counter[str]:
        """Say in ``status`` which genes have no bin on the reference; return how many have bases outside the bins."""
        counts: Counter[str] = Counter()
        for g, why in enumerate(status):
            if why != "ok":
                continue
            bases = int((self.spans[g][:, 1] - self.spans[g][:, 0]).sum())
            inside = int(self._bases_inside(g).sum())
            if not inside:
                status[g] = NO_EXON_INSIDE if bases else NO_EXONS
            elif inside < bases:
                counts["genes_partly_outside_bins"] += 1
        return counts

    def _bases_inside(self, g: int) -> Int64Array:
        """How many of the gene's bases lie in each bin on the reference, int64 (B,); without a look at every base."""
        first, size = self.places.first, self.places.mask.bin_size
        first = int(self.windows.start[g]) + (self.windows.length - size - first if self.windows.reverse[g] else first)
        start, end = self.spans[g].T
        before = np.concatenate([[0], np.cumsum(end - start)])

        def upto(position: Int64Array) -> Int64Array:
            exon = np.searchsorted(start, position, side="right")
            past = np.where(exon > 0, np.maximum(0, end[np.maximum(exon, 1) - 1] - position), 0)
            return np.asarray(before[exon] - past)

        return upto(first + size) - upto(first) if len(start) else np.zeros(len(first), np.int64)

    def genic(self, g: int) -> NDArray[np.bool_]:
        """Return which bases of the reference window are the gene's, as the model reads it, (L,)."""
        return within(self.positions(g), self.spans[g])

    def positions(self, g: int) -> Int64Array:
        """Return the reference positions of the window, as the model reads it, (L,)."""
        found = int(self.windows.start[g]) + np.arange(self.windows.length)
        return found[::-1] if self.windows.reverse[g] else found

    def weights(
        self, g: int, plan: WindowHaplotypes, letters: NDArray[np.uint8], first: int, n_threads: int
    ) -> NDArray[np.float64]:
        """Return how much each bin of haplotypes [first, first + n) counts, float64 (n, B): lifted to their bases."""
        step = max(1, _STEP_BYTES // (16 * letters.shape[1]))
        parts = range(0, len(letters), step)
        found = [on_haplotypes(plan, self.spans[g], letters[i : i + step], first + i, n_threads) for i in parts]
        return np.concatenate([self.places.weights(part) for part in found])
