"""Tables of variant effects as predictors of people: the sum of effect times dosage, gene by gene."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..errors import InputError
from ..io.alleles import shortest_arrays
from ..io.predictdb import GeneWeights
from ..io.tables.exons import strip_version
from ..personal.allele_match import AlleleFinder, Match
from ..personal.dosage_sources import DosageSource
from ..personal.dosages import Dosages
from ..types import VariantTable

__all__ = [
    "ELSEWHERE",
    "NO_SCORE",
    "EffectsTable",
    "GeneEffects",
    "effects_table",
    "gene_effects",
    "is_open",
    "weights_of",
]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
# Licences under which anybody may make models of scores.
_OPEN: Final = re.compile(
    r"\b(CC0|CC[ -]BY(?![ -]?(NC|ND))|MIT(?! and\b)|BSD|Apache|public domain|ODC|PDDL)\b", re.IGNORECASE
)
# What takes a licence back, or part of it.
_CLOSED: Final = re.compile(
    r"\bnon[ -]?commercial|\bnot (?:for|permitted|allowed|to be)\b|\bno commercial|\bmay not (?:train|be used "
    r"(?:for|to train))|\bprohibit|\bforbid|\bN[CD]\b|\bno derivatives?\b|\b(?:academic|research) (?:use|purposes)\b",
    re.IGNORECASE,
)
USED: Final = "used"
NO_SCORE: Final = "score missing"
ELSEWHERE: Final = "on another contig than the gene"


@dataclass(frozen=True, slots=True, repr=False)
class EffectsTable(Brief):
    """Effects of variants on genes, from any source: our mutagenesis, published scores, weights.

    Attributes
    ----------
    name : str
        As a model is named in a run.
    path : str
    tracks : tuple of str, length T
        The columns of scores.
    table : VariantTable
        Alleles as the FASTA has them, in their shortest form; sorted by gene, position and alleles.
    rows : mapping of str to (int, int)
        First row of each gene, and that behind its last.
    stems : mapping of str to (int, int)
        The same by Ensembl id without version, of genes of which there is one version.
    terms : str
        Terms of use of the scores, as far as they are stated.
    turned : dict of str to int
        What became of the alleles when they were compared with the FASTA.
    """

    name: str
    path: str
    tracks: tuple[str, ...]
    table: VariantTable
    rows: Mapping[str, tuple[int, int]]
    stems: Mapping[str, tuple[int, int]]
    terms: str = ""
    turned: Mapping[str, int] | None = None

    def _facts(self) -> str:
        return f"{self.name!r}, {len(self.table)} effects on {len(self.rows)} genes, tracks {', '.join(self.tracks)}"

    def of_gene(self, gene_id: str) -> VariantTable:
        """Return the rows of a gene, none where it has no effects."""
        return self.table.take(slice(*self._span(gene_id)))

    def knows(self, gene_id: str) -> bool:
        """Whether there are effects on a gene: by its id, or an Ensembl id with another version or none."""
        return self._span(gene_id) != (0, 0)

    def _span(self, gene_id: str) -> tuple[int, int]:
        return self.rows.get(gene_id) or self.stems.get(strip_version(gene_id), (0, 0))


@dataclass(frozen=True, slots=True, repr=False)
class GeneEffects(Brief):
    """The effects of one gene on the people of some genotypes.

    Attributes
    ----------
    dosages : Dosages
        V variants that were found, counted by the allele that effects are of.
    effect : float64 array, shape (V, T)
    counts : dict of str to int
        What became of the gene's effects.
    """

    dosages: Dosages
    effect: Float64Array
    counts: Mapping[str, int]

    def predict(self) -> Float64Array:
        """Return the sum of effect times dosage, shape (S, T), added up in the order of the variants."""
        total = np.zeros((self.dosages.values.shape[1], self.effect.shape[1]))
        for dosage, effect in zip(self.dosages.values, self.effect, strict=True):
            total += dosage[:, np.newaxis].astype(np.float64) * effect
        return total


def effects_table(
    name: str, table: VariantTable, tracks: Sequence[str], *, terms: str = "", turned: Mapping[str, int] | None = None
) -> EffectsTable:
    """Sort effects by gene; one that is there twice, however it is spelled, counts once.

    Parameters
    ----------
    name : str
    table : VariantTable
        With a column ``gene_id`` and the tracks.
    tracks : sequence of str
    terms, turned
        As in `EffectsTable`.

    Raises
    ------
    InputError
        If rows have no gene, there is no track, a value is infinite, or a variant of a gene has two effects.
    """
    genes = table.columns.get("gene_id")
    if genes is None or not tracks:
        missing = "no column gene_id" if genes is None else "no column of scores"
        raise InputError(
            f"effects on the expression of genes are asked for, and the table has {missing}", path=table.source,
            remedy="name for each row the gene that the effect is on (gene_id), and give a score",
        )  # fmt: skip
    position, ref, alt = shortest_arrays(table.position, table.ref, table.alt)
    table = replace(table, position=position, ref=ref, alt=alt)
    table = table.take(np.lexsort((alt, ref, position, table.chrom, genes)))
    table = table.take(_distinct(table, tracks))
    genes = table.columns["gene_id"]
    if (genes == "").any():
        row = int(np.flatnonzero(genes == "")[0])
        raise InputError(
            "the row names no gene", path=table.source, record=table.variant_id[row], remedy="leave such rows out"
        )
    names, first, n = np.unique(genes, return_index=True, return_counts=True)
    rows = dict(zip(names.tolist(), zip(first.tolist(), (first + n).tolist(), strict=True), strict=True))
    n_versions = Counter(map(strip_version, rows))
    stems = {stem: span for gene, span in rows.items() if n_versions[stem := strip_version(gene)] == 1}
    return EffectsTable(name, table.source, tuple(tracks), table, rows, stems, terms, turned)


def _distinct(table: VariantTable, tracks: Sequence[str]) -> NDArray[np.bool_]:
    """Rows of a sorted table that do not repeat the one before."""
    values = np.stack([np.asarray(table.columns[track], np.float64) for track in tracks], axis=1)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values).any(axis=1))[0])
        raise InputError(
            "an effect is infinite", path=table.source, record=table.variant_id[row], remedy="mend the row"
        )
    keys = (table.columns["gene_id"], table.chrom, table.position, table.ref, table.alt)
    same = np.ones(max(len(table) - 1, 0), np.bool_)
    for key in keys:
        same &= key[1:] == key[:-1]
    other = ~((values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))).all(axis=1)
    twice = np.flatnonzero(same & other)
    if twice.size:
        row = int(twice[0])
        raise InputError(
            f"the variant has two effects on {table.columns['gene_id'][row]}", path=table.source,
            record=table.variant_id[row], remedy="keep one row of each variant and gene (one haplotype, one tissue)",
        )  # fmt: skip
    return np.concatenate([np.ones(min(len(table), 1), np.bool_), ~same])


def gene_effects(effects: EffectsTable, source: DosageSource, gene_id: str, chrom: str, n_people: int) -> GeneEffects:
    """Find the variants of a gene among the records of some genotypes, by place and alleles.

    Missing calls take the most frequent dosage of their variant (of imputed dosages the mean), a haploid call counts
    double, as in all linear models of gxfast. What is written for the other strand, or has no score in some track, is
    not used, and counted.

    Parameters
    ----------
    effects : EffectsTable
    source : DosageSource
        Of S people.
    gene_id, chrom : str
    n_people : int

    Returns
    -------
    GeneEffects
    """
    mine = effects.of_gene(gene_id)
    effect = np.stack([np.asarray(mine.columns[track], np.float64) for track in effects.tracks], axis=1)
    status = np.full(len(mine), USED, dtype="U40")
    status[mine.chrom != chrom] = ELSEWHERE
    status[np.isnan(effect).any(axis=1)] = NO_SCORE
    rows, dosages = np.flatnonzero(status == USED), list[NDArray[np.float64]]()
    n_missing: list[int] = []
    if rows.size:
        records = source.records(chrom, np.unique(mine.position[rows]))
        finder = AlleleFinder(records.position.tolist(), records.alleles)
        for v in rows.tolist():
            found = finder.find(int(mine.position[v]), str(mine.ref[v]), str(mine.alt[v]))
            status[v] = _told(found)
            if status[v] == USED:
                values, missing = records.of(found.record, found.allele)
                dosages.append(values)
                n_missing.append(missing)
    used = np.flatnonzero(status == USED)
    kept, ids = mine.take(used), mine.take(used).variant_id
    values = np.array(dosages).reshape(len(used), n_people)
    counted = Dosages(
        chrom, kept.position, tuple(ids), tuple(kept.ref.tolist()), tuple(kept.alt.tolist()), values,
        np.array(n_missing, np.int64),
    )  # fmt: skip
    return GeneEffects(counted, effect[used], dict(sorted(Counter(status.tolist()).items())))


def _told(found: Match) -> str:
    """What became of an effect: alleles agree with the FASTA already, so that others are other variants."""
    return USED if found.status == "matched" else found.status


def is_open(terms: str) -> bool:
    """Whether terms of use let anybody make models of scores; what is not stated is not forbidden.

    Terms that name an open licence and a restriction, as of code and of weights, are not open.
    """
    return not terms.strip() or (bool(_OPEN.search(terms)) and not _CLOSED.search(terms))


def weights_of(effects: EffectsTable, track: int, names: Mapping[str, str]) -> list[GeneWeights]:
    """Return one track as weights for a PredictDB, gene by gene; rows without a score are left out.

    Parameters
    ----------
    effects : EffectsTable
    track : int
    names : mapping of str to str
        Names of genes by id.
    """
    found = []
    for gene in effects.rows:
        mine = effects.of_gene(gene)
        mine = mine.take(np.isfinite(np.asarray(mine.columns[effects.tracks[track]], np.float64)))
        ids = tuple(mine.variant_id)
        weight = np.asarray(mine.columns[effects.tracks[track]], np.float64)
        found.append(
            GeneWeights(
                gene, names.get(gene, gene), ids, ids, tuple(mine.ref.tolist()), tuple(mine.alt.tolist()), weight,
                np.empty((0, 0)),
            )
        )  # fmt: skip
    return found
