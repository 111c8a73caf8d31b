"""Does a converted model give the predictions that were published for it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.tables._text import at, delimiter_of, read_lines, split

if TYPE_CHECKING:
    from ..io.fasta import Genome
    from ..types import GeneTable
    from .session import Model

__all__ = ["Verification", "join_verifications", "read_published", "verify_model"]

_KNOWN: Final = np.frombuffer(b"ACGTacgt", np.uint8)
_LEAST_KNOWN: Final = 0.5  # of a window: a reference that is masked there cannot give the published value


@dataclass(frozen=True, slots=True)
class Verification:
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


def read_published(path: str | Path, column: str) -> dict[str, float]:
    """Read published values: a table with a header, the gene in a column ``gene``, ``gene_id`` or ``name``, or first.

    Returns
    -------
    dict of str to float
        By lower-case gene, as in ``all_models_ref_preds.csv`` of Huang et al. 2023; empty cells are left out.

    Raises
    ------
    InputError
        If a column is missing or a value is no number.
    """
    lines = read_lines(Path(path), "table of published predictions")
    header = next(lines, (1, ""))[1]
    delimiter = delimiter_of(header)
    names = [name.strip() for name in split(header, delimiter)]
    if column not in names:
        raise InputError(f"the table has no column {column!r}", path=path, remedy=f"choose from {', '.join(names)}")
    gene = next((names.index(name) for name in ("gene", "gene_id", "name") if name in names), 0)
    value, found = names.index(column), {}
    for number, line in lines:
        cells = split(line, delimiter)
        if not line.strip() or not cells[value : value + 1] or not cells[value].strip():
            continue
        try:
            found[cells[gene].strip().lower()] = float(cells[value])
        except ValueError:
            raise InputError(f"not a number: {cells[value]!r}", path=path, record=at(number)) from None
    return found


def verify_model(model: Model, genome: Genome, genes: GeneTable, published: Mapping[str, float]) -> Verification:
    """Predict genes on the reference and put the published values beside them.

    Parameters
    ----------
    model : Model
        Its first value per gene is compared.
    genome : Genome
        Contigs may be called with or without ``chr``.
    genes : GeneTable
    published : mapping of str to float
        By lower-case gene id or name.

    Raises
    ------
    InputError
        If no gene is in all three.
    """
    rows, windows, known = [], [], []
    for g in range(len(genes)):
        key = next((k for k in (genes.gene_id[g].lower(), genes.name[g].lower()) if k in published), None)
        chrom = next((c for c in _spellings(genes.chrom[g]) if c in genome.contigs), None)
        if key is None or chrom is None:
            continue
        window = _window(model, genome, genes, g, chrom)
        if np.isin(window, _KNOWN).mean() >= _LEAST_KNOWN:
            rows.append(g)
            windows.append(window)
            known.append(published[key])
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


def _spellings(chrom: str) -> tuple[str, str]:
    return chrom, chrom.removeprefix("chr") if chrom.startswith("chr") else f"chr{chrom}"


def _window(model: Model, genome: Genome, genes: GeneTable, g: int, chrom: str) -> NDArray[np.uint8]:
    from ..encode import reverse_complement

    start, end, reverse = model.card.window(int(genes.tss[g]), genes.strand[g])
    letters = genome.fetch(chrom, start, end)
    return np.frombuffer(reverse_complement(letters) if reverse else letters, np.uint8)
