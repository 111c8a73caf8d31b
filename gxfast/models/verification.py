"""Does a converted model give the predictions that were published for it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from ..errors import InputError
from ..io.contigs import ContigNames

if TYPE_CHECKING:
    from ..io.fasta import Genome
    from ..types import GeneTable
    from .session import Model

__all__ = ["Verification", "join_verifications", "verify_model"]

_KNOWN: Final = np.frombuffer(b"ACGTacgt", np.uint8)
_LEAST_KNOWN: Final = 0.5  # of a window: a reference that is masked there cannot give the published value


@dataclass(frozen=True, slots=True, repr=False)
class Verification(Brief):
    """Predictions for the reference beside published ones.

    Attributes
    ----------
    gene_id : tuple of str, length G
    predicted, published : float64 array, shape (G,)
    n_elsewhere : int
        Published genes that are not in the gene table, on no contig of the genome, or where it is mostly unknown.
    """

    gene_id: tuple[str, ...]
    predicted: NDArray[np.float64]
    published: NDArray[np.float64]
    n_elsewhere: int

    def _facts(self) -> str:
        largest = f"largest difference {self.largest_difference:.2g}, {self.n_elsewhere} elsewhere"
        return f"{plural(len(self.gene_id), 'gene')}, {largest}"

    @property
    def largest_difference(self) -> float:
        """Largest absolute difference."""
        return float(np.abs(self.predicted - self.published).max())

    @property
    def pearson(self) -> float:
        """Correlation across the genes; NaN for fewer than two."""
        return float(np.corrcoef(self.predicted, self.published)[0, 1]) if len(self.gene_id) > 1 else float("nan")

    @property
    def worst(self) -> str:
        """The gene with the largest difference."""
        return self.gene_id[int(np.abs(self.predicted - self.published).argmax())]


def verify_model(model: Model, genome: Genome, genes: GeneTable, published: Mapping[str, float]) -> Verification:
    """Predict genes on the reference and put the published values beside them.

    Parameters
    ----------
    model : Model
        Its first value per gene is compared.
    genome : Genome
        The genes may have any of the names of its contigs, see `gxfast.io.contigs.ContigNames`.
    genes : GeneTable
    published : mapping of str to float
        By gene id or name, whatever their case: ``all_models_ref_preds.csv`` of Huang et al. 2023 has lower-case names.

    Raises
    ------
    InputError
        If no gene is in all three.
    """
    values = {gene.lower(): value for gene, value in published.items()}
    genes = ContigNames(genome.contigs).genes(genes)
    rows, windows, known = [], [], []
    for g in range(len(genes)):
        key = next((k for k in (genes.gene_id[g].lower(), genes.name[g].lower()) if k in values), None)
        if key is None or genes.chrom[g] not in genome.contigs:
            continue
        window = _window(model, genome, genes, g)
        if np.isin(window, _KNOWN).mean() >= _LEAST_KNOWN:
            rows.append(g)
            windows.append(window)
            known.append(values[key])
    if not rows:
        raise InputError(
            f"none of {len(published)} published genes is in the gene table and on a contig of the genome",
            path=genome.path, remedy="give the genome and the genes of the publication",
        )  # fmt: skip
    predicted = np.empty(len(rows))
    for first in range(0, len(rows), 32):
        part = np.stack(windows[first : first + 32])
        predicted[first : first + len(part)] = model.predict(part).reshape(len(part), -1)[:, 0]
    return Verification(tuple(genes.gene_id[g] for g in rows), predicted, np.array(known), len(published) - len(rows))


def join_verifications(parts: Sequence[Verification], published: Mapping[str, float]) -> Verification:
    """Put genes of several genomes (a FASTA per contig) together."""
    genes = tuple(gene for part in parts for gene in part.gene_id)
    predicted = np.concatenate([part.predicted for part in parts])
    values = np.concatenate([part.published for part in parts])
    return Verification(genes, predicted, values, len(published) - len(genes))


def _window(model: Model, genome: Genome, genes: GeneTable, g: int) -> NDArray[np.uint8]:
    from ..encode.one_hot import reverse_complement

    start, end, reverse = model.card.window(int(genes.tss[g]), genes.strand[g])
    letters = genome.fetch(genes.chrom[g], start, end)
    return np.frombuffer(reverse_complement(letters) if reverse else letters, np.uint8)
