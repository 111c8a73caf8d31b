"""Plain containers passed between the stages: frozen dataclasses of NumPy arrays.

Letters used for shapes throughout the project: V variants, S people, 2 haplotypes, N sequences,
L length, C = 4 channels, G genes, T tracks, W windows. Coordinates are 0-based half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._objects import Brief, Columns, Table, anndata_of, by_person, plural

__all__ = [
    "PHENOTYPE_COLUMNS",
    "CovariateTable",
    "ExpressionTable",
    "GeneTable",
    "PredictionSet",
    "Progress",
    "VariantTable",
    "Windows",
]

# The columns before those of people in the tables of values that are written.
PHENOTYPE_COLUMNS: Final = ("#chr", "start", "end", "gene_id")
Int64Array = NDArray[np.int64]
Float64Array = NDArray[np.float64]
# How far a task is; called with (task, units done, units in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, repr=False)
class GeneTable(Table):
    """Genes with their transcription start sites, in input order.

    Attributes
    ----------
    gene_id, name, chrom, strand : tuple of str, length G
        ``strand`` is ``"+"`` or ``"-"``; ``name`` equals ``gene_id`` where the input names none.
    tss : int64 array, shape (G,)
        0-based position of the first transcribed base.
    end : int64 array, shape (G,), or None
        Of phenotypes that are intervals (peaks, introns): ``tss`` is the start, and this the 0-based end, exclusive.
    """

    gene_id: tuple[str, ...]
    name: tuple[str, ...]
    chrom: tuple[str, ...]
    tss: Int64Array
    strand: tuple[str, ...]
    end: Int64Array | None = None

    def __len__(self) -> int:
        return len(self.gene_id)

    def take(self, indices: Any) -> GeneTable:
        """Return the genes at ``indices`` (any integer sequence), in that order."""
        rows = [int(i) for i in indices]
        return GeneTable(
            tuple(self.gene_id[i] for i in rows),
            tuple(self.name[i] for i in rows),
            tuple(self.chrom[i] for i in rows),
            self.tss[rows] if rows else self.tss[:0],
            tuple(self.strand[i] for i in rows),
            None if self.end is None else self.end[rows] if rows else self.end[:0],
        )

    def on(self, chrom: tuple[str, ...]) -> GeneTable:
        """Return the same genes with other names of their contigs."""
        return replace(self, chrom=chrom)

    @property
    def last(self) -> Int64Array:
        """Last base (0-based) of what is measured: the end of a phenotype's interval, or the TSS; shape (G,)."""
        return self.tss if self.end is None else self.end - 1

    def _facts(self) -> str:
        return f"{plural(len(self), 'gene')} on {plural(len(set(self.chrom)), 'contig')}"

    def _columns(self) -> Columns:
        """As tables of genes are written and read: positions are 1-based."""
        columns: Columns = {
            "gene_id": (str, self.gene_id), "name": (str, self.name), "chrom": (str, self.chrom),
            "tss": self.tss + 1, "strand": (str, self.strand),
        }  # fmt: skip
        return columns if self.end is None else {**columns, "end": self.end}

    def phenotype_columns(
        self, rows: Sequence[int], ids: Sequence[str], samples: Sequence[str], values: Float64Array
    ) -> Columns:
        """Return the columns of a phenotype BED: those of `PHENOTYPE_COLUMNS`, and one per person.

        Parameters
        ----------
        rows : sequence of int, length R
            The gene of each row.
        ids : sequence of str, length R
        samples : sequence of str, length S
        values : float64 array, shape (R, S)
        """
        genes = self.take(rows)
        leading = ((str, genes.chrom), genes.tss, genes.last + 1, (str, ids))
        return by_person(dict(zip(PHENOTYPE_COLUMNS, leading, strict=True)), samples, values)


@dataclass(frozen=True, slots=True, repr=False)
class Windows(Brief):
    """Sequence windows on the reference, one per gene (or region).

    Attributes
    ----------
    chrom : tuple of str, length W
    start : int64 array, shape (W,)
        0-based start on the forward strand; may be negative (N-padded).
    length : int
        Bases per window, the same for all.
    anchor : int64 array, shape (W,)
        Reference position (0-based) that keeps its index in every haplotype: the TSS.
    reverse : bool array, shape (W,)
        Whether the model reads the reverse complement of the window.
    """

    chrom: tuple[str, ...]
    start: Int64Array
    length: int
    anchor: Int64Array
    reverse: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.chrom)

    def _facts(self) -> str:
        where = f", first {self.chrom[0]}:{self.start[0] + 1}-{self.start[0] + self.length}" if len(self) else ""
        return f"{plural(len(self), 'window')} of {self.length} bases{where}"


@dataclass(frozen=True, slots=True, repr=False)
class ExpressionTable(Table):
    """Expression (or any per-person readout) of G genes in S people.

    Attributes
    ----------
    gene_id : tuple of str, length G
    samples : tuple of str, length S
    values : float64 array, shape (G, S)
        NaN where the value is missing.
    genes : GeneTable or None
        Coordinates, where the file gives TSS and strand of every gene (BED of QTLtools); else None, and
        `gxfast.read_genes` reads them from another file.
    source : str
        The file it was read from, for messages.
    places : GeneTable or None
        The same without strands (``"."``), as tensorQTL and FastQTL have them: enough for linear models, not for a
        sequence. With ``end`` where an interval is longer than one base (peaks, introns).
    """

    gene_id: tuple[str, ...]
    samples: tuple[str, ...]
    values: Float64Array
    genes: GeneTable | None = None
    source: str = ""
    places: GeneTable | None = None

    def _facts(self) -> str:
        missing = int(np.isnan(self.values).sum())
        return f"{plural(len(self.gene_id), 'gene')} x {len(self.samples)} people, {missing} values missing"

    def _columns(self) -> Columns:
        located = self.genes or self.places
        if located is None:
            return by_person({"gene_id": (str, self.gene_id)}, self.samples, self.values)
        return located.phenotype_columns(range(len(located)), self.gene_id, self.samples, self.values)

    def to_anndata(self) -> Any:
        """Return an ``anndata.AnnData``: people x genes, ``var`` with the columns of the genes where they are known.

        Raises
        ------
        InputError
            If anndata is not installed.
        """
        located = self.genes or self.places
        return anndata_of(self.samples, self.gene_id, {} if located is None else located._columns(), {"": self.values})


@dataclass(frozen=True, slots=True, repr=False)
class PredictionSet(Table):
    """Per-person predictions of one model.

    Attributes
    ----------
    model : str
        Name of the model (from its card).
    genes : GeneTable
        The G genes.
    samples : tuple of str, length S
    tracks : tuple of str, length T
    values : float64 array, shape (G, S, T)
        Mean (or sum, by the card) over the haplotypes a person has. NaN only where ``status`` says why.
    reference : float64 array, shape (G, T)
        Prediction for the reference sequence.
    n_variants, n_haplotypes : int64 arrays, shape (G,)
        Variants in the window used for somebody; distinct haplotype sequences (1 = nobody differs, so
        no correlation across people is defined).
    status : tuple of str, length G
        ``"ok"`` or the reason why the row is undefined.
    ploidy : int8 array, shape (G, S), or None
        Haplotypes that a person has in the gene's window; None where the values do not come from haplotypes.
    """

    model: str
    genes: GeneTable
    samples: tuple[str, ...]
    tracks: tuple[str, ...]
    values: Float64Array
    reference: Float64Array
    n_variants: Int64Array
    n_haplotypes: Int64Array
    status: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)
    ploidy: NDArray[np.int8] | None = None

    def track_name(self, track: int) -> str:
        """Return the model's name, as ``model:track`` where it has several tracks."""
        return f"{self.model}:{self.tracks[track]}" if len(self.tracks) > 1 else self.model

    def row_name(self, gene: int, track: int) -> str:
        """Return the gene's id, as ``gene:track`` where the model has several tracks."""
        gene_id = self.genes.gene_id[gene]
        return f"{gene_id}:{self.tracks[track]}" if len(self.tracks) > 1 else gene_id

    @property
    def rows(self) -> list[tuple[int, int]]:
        """Gene and track of each row of a table: gene by gene, track by track."""
        return [(g, t) for g in range(len(self.genes)) for t in range(len(self.tracks))]

    def _facts(self) -> str:
        size = f"{plural(len(self.genes), 'gene')} x {len(self.samples)} people x {plural(len(self.tracks), 'track')}"
        return f"{self.model!r}, {size}, {self.status.count('ok')} ok, {int(self.n_haplotypes.sum())} haplotypes"

    def _columns(self) -> Columns:
        """As ``predictions/MODEL.bed.gz``, gene by gene, track by track."""
        rows = self.rows
        values = self.values.transpose(0, 2, 1).reshape(len(rows), -1)
        ids = [self.row_name(g, t) for g, t in rows]
        return self.genes.phenotype_columns([g for g, _ in rows], ids, self.samples, values)

    def to_anndata(self) -> Any:
        """Return an ``anndata.AnnData``: people x genes.

        ``X`` is the first track; where there are several, each is a layer of its name. ``var`` has the columns of the
        genes, ``n_variants``, ``n_haplotypes``, ``status``, and the prediction for the reference by track.

        Raises
        ------
        InputError
            If anndata is not installed.
        """
        several = len(self.tracks) > 1
        references = {f"reference:{name}" if several else "reference": t for t, name in enumerate(self.tracks)}
        columns: Columns = {
            **self.genes._columns(), "n_variants": self.n_variants, "n_haplotypes": self.n_haplotypes,
            "status": (str, self.status), **{name: self.reference[:, t] for name, t in references.items()},
        }  # fmt: skip
        layers = {name if several else "": self.values[:, :, t] for t, name in enumerate(self.tracks)}
        return anndata_of(self.samples, self.genes.gene_id, columns, layers, model=self.model)


@dataclass(frozen=True, slots=True, repr=False)
class CovariateTable(Table):
    """K covariates of S people.

    Attributes
    ----------
    name : tuple of str, length K
    samples : tuple of str, length S
    values : float64 array, shape (K, S)
    source : str
        The file it was read from, for messages.
    transposed : bool
        The file has people x covariates.
    """

    name: tuple[str, ...]
    samples: tuple[str, ...]
    values: Float64Array
    source: str = ""
    transposed: bool = False

    def _facts(self) -> str:
        return f"{plural(len(self.name), 'covariate')} x {len(self.samples)} people"

    def _columns(self) -> Columns:
        return by_person({"id": (str, self.name)}, self.samples, self.values)


@dataclass(frozen=True, slots=True, repr=False)
class VariantTable(Table):
    """V rows of variants, and what is said of them: scores of models, effects, probabilities, labels.

    A variant may stand in several rows: one per gene, tissue or study.

    Attributes
    ----------
    chrom, ref, alt : str arrays, shape (V,)
        ``alt`` is the allele that effects and scores are of.
    position : int64 array, shape (V,)
        0-based position of the first base of ``ref``.
    columns : dict of str to array, shape (V,)
        float64 (NaN: not known) or str (empty: not known).
    signed : tuple of str
        Columns that change their sign where alleles are exchanged: effects of ``alt``, signed scores.
    frequencies : tuple of str
        Columns of frequencies of ``alt``: they become 1 - f where alleles are exchanged.
    source : str
        The file that was read, for messages.
    counts : dict of str to int
        What was left out, turned or not found on the way here, by what it was.
    notes : tuple of str
        What readers decided, in sentences.
    """

    chrom: NDArray[np.str_]
    position: Int64Array
    ref: NDArray[np.str_]
    alt: NDArray[np.str_]
    columns: dict[str, NDArray[Any]]
    signed: tuple[str, ...] = ()
    frequencies: tuple[str, ...] = ()
    source: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: Any) -> VariantTable:
        """Return some rows: whole numbers or a mask."""
        return replace(
            self, chrom=self.chrom[rows], position=self.position[rows], ref=self.ref[rows], alt=self.alt[rows],
            columns={name: values[rows] for name, values in self.columns.items()},
        )  # fmt: skip

    @property
    def variant_id(self) -> list[str]:
        """``chrom_pos_ref_alt`` of every row, ``pos`` 1-based."""
        places = zip(self.chrom.tolist(), self.position.tolist(), self.ref.tolist(), self.alt.tolist(), strict=True)
        return [f"{chrom}_{position + 1}_{ref}_{alt}" for chrom, position, ref, alt in places]

    def _facts(self) -> str:
        return f"{plural(len(self), 'row')} of variants, columns {', '.join(self.columns)}"

    def _columns(self) -> Columns:
        leading: Columns = {
            "chrom": (str, self.chrom.tolist()), "pos": self.position + 1, "ref": (str, self.ref.tolist()),
            "alt": (str, self.alt.tolist()),
        }  # fmt: skip
        said = {name: (str, v.tolist()) if v.dtype.kind == "U" else v for name, v in self.columns.items()}
        return {**leading, **said}
