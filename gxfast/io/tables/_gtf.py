"""One TSS per gene from a GTF: the collapsed-gene rule of the eQTL world."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...types import GeneTable
from .text import at, parse_position

__all__ = ["looks_like_gtf", "read_gtf"]

_PARTS = frozenset({"transcript", "mRNA", "exon"})
_GENE_ID = re.compile(r'(?:^|;)\s*gene_id\s+"?([^";]*)"?')
_GENE_NAME = re.compile(r'(?:^|;)\s*gene_name\s+"?([^";]*)"?')
_REMEDY = "give a GTF (GENCODE, Ensembl) with nine tab-separated columns, or turn GFF3 into it: gffread -T"


@dataclass(slots=True)
class _Gene:
    name: str
    chrom: str
    start: int
    end: int
    strand: str
    line: int
    whole: bool  # from a gene feature, so that its transcripts and exons change nothing


def looks_like_gtf(line: str) -> bool:
    """Whether a line has the nine columns of a GTF and names a gene."""
    cells = line.split("\t")
    return len(cells) == 9 and cells[3].isdigit() and cells[4].isdigit() and "gene_id" in cells[8]


def read_gtf(path: Path, lines: Iterator[tuple[int, str]]) -> GeneTable:
    """Collapse the features of each gene, in order of appearance; ``tss`` is 0-based.

    Raises
    ------
    InputError
        Naming file and line.
    """
    genes: dict[str, _Gene] = {}
    last = ""  # the gene the lines before belonged to, once its own feature is read: skips its parts fast
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) < 9:
            raise InputError(
                f"expected 9 tab-separated columns, found {len(cells)}",
                path=path,
                record=at(number),
                remedy=_REMEDY,
            )
        feature, attributes = cells[2], cells[8]
        if feature != "gene" and (feature not in _PARTS or (last and attributes.startswith(last))):
            continue
        gene_id, found = _parse(path, number, cells)
        _merge(path, genes, gene_id, found)
        last = f'gene_id "{gene_id}";' if genes[gene_id].whole else ""
    if not genes:
        raise InputError(
            "the file holds no gene, transcript or exon feature", path=path, record="all lines", remedy=_REMEDY
        )
    found_genes = list(genes.values())
    return GeneTable(
        tuple(genes),
        tuple(gene.name for gene in found_genes),
        tuple(gene.chrom for gene in found_genes),
        np.array([gene.start if gene.strand == "+" else gene.end for gene in found_genes], np.int64) - 1,
        tuple(gene.strand for gene in found_genes),
    )


def _parse(path: Path, number: int, cells: list[str]) -> tuple[str, _Gene]:
    chrom, feature, strand, attributes = cells[0], cells[2], cells[6], cells[8]
    named = _GENE_ID.search(attributes)
    gene_id = named.group(1).strip() if named else ""
    if not gene_id:
        raise InputError(f"the {feature} has no gene_id attribute", path=path, record=at(number), remedy=_REMEDY)
    start = parse_position(cells[3], what="start", first=1, path=path, number=number)
    end = parse_position(cells[4], what="end", first=1, path=path, number=number)
    if strand not in {"+", "-"} or end < start or not chrom:
        raise InputError(
            f"gene {gene_id!r}: expected a contig, start <= end and strand + or -, found {chrom!r}, {start}, "
            f"{end}, {strand!r}",
            path=path,
            record=at(number),
            remedy="mend the line, or leave the gene out",
        )
    label = _GENE_NAME.search(attributes)
    name = (label.group(1).strip() if label else "") or gene_id
    return gene_id, _Gene(name, chrom, start, end, strand, number, feature == "gene")


def _merge(path: Path, genes: dict[str, _Gene], gene_id: str, found: _Gene) -> None:
    known = genes.get(gene_id)
    if known is None:
        genes[gene_id] = found
        return
    if known.whole and found.whole:
        raise InputError(
            f"gene {gene_id!r} is there twice (first on line {known.line})",
            path=path,
            record=at(found.line),
            remedy="keep one gene feature per gene_id",
        )
    if (known.chrom, known.strand) != (found.chrom, found.strand):
        raise InputError(
            f"gene {gene_id!r} lies on {known.chrom} {known.strand} (line {known.line}) and on {found.chrom} "
            f"{found.strand}",
            path=path,
            record=at(found.line),
            remedy="give each locus a gene_id of its own, or keep one",
        )
    if found.whole:  # a gene feature after its parts keeps the place in the order
        genes[gene_id] = found
    elif not known.whole:
        known.start, known.end = min(known.start, found.start), max(known.end, found.end)
        if known.name == gene_id:
            known.name = found.name
