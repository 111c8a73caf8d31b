"""Exons of genes from a GTF: the union over all transcripts of a gene."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..._objects import Brief, plural
from ...errors import InputError
from ._gtf import GTF_REMEDY, parse_feature
from .text import at, read_lines, stem_suffix

__all__ = ["ExonTable", "is_gtf_name", "read_exons", "strip_version"]

Int64Array = NDArray[np.int64]
# Only Ensembl: in names such as RP11-34P13.7 or AC004556.1 the number after the dot is no version.
_VERSIONED: Final = re.compile(r"(ENS[A-Z]*G\d+)\.\d+")
_SUFFIXES: Final = {".gtf", ".gff", ".gff2"}
_Key = tuple[str, str, str]  # gene, contig, strand
_NONE: Final = np.empty((0, 2), np.int64)


def strip_version(gene_id: str) -> str:
    """Return an Ensembl gene id without its version; any other id (``_PAR_Y`` too) as it is."""
    found = _VERSIONED.fullmatch(gene_id)
    return found.group(1) if found else gene_id


@dataclass(frozen=True, slots=True, repr=False)
class ExonTable(Brief):
    """The exons of genes; those of all transcripts of a gene merged.

    Attributes
    ----------
    gene_id, chrom, strand : tuple of str, length G
        A gene that stands on several contigs (X and Y), or on both strands of one, has a row for each.
    offset : int64 array, shape (G + 1,)
        The exons of gene g are ``spans[offset[g] : offset[g + 1]]``.
    spans : int64 array, shape (E, 2)
        0-based half-open, ascending within a gene; exons that overlap or touch are one.
    source : str
        The file, for messages.
    """

    gene_id: tuple[str, ...]
    chrom: tuple[str, ...]
    strand: tuple[str, ...]
    offset: Int64Array
    spans: Int64Array
    source: str = ""
    _rows: dict[_Key, int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        rows: dict[_Key, int] = {}
        without: dict[_Key, list[int]] = {}
        for g, key in enumerate(zip(self.gene_id, self.chrom, self.strand, strict=True)):
            rows[key] = g
            without.setdefault((strip_version(key[0]), *key[1:]), []).append(g)
        # An id without its version finds the gene, where there is but one.
        rows = {key: found[0] for key, found in without.items() if len(found) == 1} | rows
        object.__setattr__(self, "_rows", rows)

    def __len__(self) -> int:
        return len(self.gene_id)

    def _facts(self) -> str:
        return f"{plural(len(self), 'gene')}, {plural(len(self.spans), 'exon')}"

    def of(self, gene_id: str, chrom: str, strand: str) -> Int64Array:
        """Return the exons of a gene, int64 (E, 2), 0-based half-open; none where the gene is not there.

        A gene is found by its id, or by its Ensembl id whatever the version; ``GENE_chrY``, as `read_genes` names the
        second place of a gene, as ``GENE`` on chrY.
        """
        for name in dict.fromkeys((gene_id, gene_id.removesuffix(f"_{chrom}"))):
            for key in ((name, chrom, strand), (strip_version(name), chrom, strand)):
                if key in self._rows:
                    g = self._rows[key]
                    return self.spans[self.offset[g] : self.offset[g + 1]]
        return _NONE

    def renamed(self, find: Callable[[str], str | None]) -> ExonTable:
        """Return the same exons with other names of their contigs; what has none keeps its own."""
        names = {chrom: find(chrom) or chrom for chrom in dict.fromkeys(self.chrom)}
        return replace(self, chrom=tuple(names[chrom] for chrom in self.chrom))


def read_exons(path: str | Path) -> ExonTable:
    """Read the exons of all genes of a GTF.

    The exons of a gene are the union over its transcripts, as baskerville (Borzoi) and alphagenome_research have them,
    whatever the type of the transcript: filter the GTF where only coding transcripts are to count.

    Parameters
    ----------
    path : str or Path
        GTF, plain, gzip- or bgzip-compressed; of its features only ``exon`` is read.

    Returns
    -------
    ExonTable
        Genes in order of their first exon.

    Raises
    ------
    InputError
        Naming file and line: no GTF, no exon, or a line that cannot be read.
    """
    path = Path(path)
    if stem_suffix(path) == ".gff3":
        raise InputError("GFF3 is not read", path=path, remedy=f"gffread -T {path} -o genes.gtf")
    number_of: dict[_Key, int] = {}
    gene, start, end = array("q"), array("q"), array("q")
    for number, line in read_lines(path, "GTF"):
        cells = line.split("\t")
        if line.startswith("#") or not line.strip() or (len(cells) > 8 and cells[2] != "exon"):
            continue
        if len(cells) < 9:
            what = f"expected 9 tab-separated columns, found {len(cells)}"
            raise InputError(what, path=path, record=at(number), remedy=GTF_REMEDY)
        found = parse_feature(path, number, cells)
        gene.append(number_of.setdefault((found.gene_id, found.chrom, found.strand), len(number_of)))
        start.append(found.start - 1)
        end.append(found.end)
    if not gene:
        remedy = "give the GTF with its exon features (GENCODE, Ensembl)"
        raise InputError("the file holds no exon", path=path, record="all lines", remedy=remedy)
    rows, spans = _merged(*(np.frombuffer(one, np.int64) for one in (gene, start, end)))
    offset = np.searchsorted(rows, np.arange(len(number_of) + 1)).astype(np.int64)
    ids, chroms, strands = zip(*number_of, strict=True)
    return ExonTable(ids, chroms, strands, offset, spans, str(path))


def is_gtf_name(path: str | Path) -> bool:
    """Whether a file is named as a GTF."""
    return stem_suffix(Path(path)) in _SUFFIXES


def _merged(gene: Int64Array, start: Int64Array, end: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Sort intervals by gene and merge those that overlap or touch; genes (E,) and intervals (E, 2)."""
    order = np.lexsort((end, start, gene))
    gene, start, end = gene[order], start[order], end[order]
    # Positions of one gene lie behind those of the one before, so that one running maximum serves all.
    shift = gene * (int(end.max()) + 2)
    reach = np.maximum.accumulate(end + shift)
    first = np.concatenate([[True], start[1:] + shift[1:] > reach[:-1]])
    last = np.append(np.flatnonzero(first)[1:], len(gene)) - 1
    return gene[first], np.stack([start[first], (reach - shift)[last]], axis=1)
