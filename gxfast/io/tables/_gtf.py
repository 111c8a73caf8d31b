"""One TSS per gene from a GTF: the collapsed-gene rule of the eQTL world."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...types import GeneTable
from ..numbers import whole_number
from .text import at, parse_position

__all__ = ["GTF_REMEDY", "looks_like_gtf", "parse_feature", "read_gtf"]

_PARTS = frozenset({"transcript", "mRNA", "exon"})
_GENE_ID = re.compile(r'(?:^|;)\s*gene_id\s+"?([^";]*)"?')
_GENE_NAME = re.compile(r'(?:^|;)\s*gene_name\s+"?([^";]*)"?')
# UCSC's refGene names the second place of NM_1 NM_1_2.
_UCSC_COPY = re.compile(r'transcript_id\s+"[A-Z]{2}_\d+(?:\.\d+)?_\d+"')
# Contigs beside the chromosomes, as UCSC, Ensembl, RefSeq and GenBank name them.
_ALTERNATE = re.compile(r"_(alt|fix|random|hap\d+)$|^chrUn|^N[TW]_|HSCHR|^HG\d|^[GK][LINQZV]\d|^Y$|^chrY$|^NC_000024")
GTF_REMEDY = "give a GTF (GENCODE, Ensembl) with nine tab-separated columns, or turn GFF3 into it: gffread -T"


@dataclass(slots=True)
class _Locus:
    gene_id: str
    name: str
    chrom: str
    start: int
    end: int
    strand: str
    line: int
    whole: bool  # from a gene feature, so that its transcripts and exons change nothing
    copy: bool  # from transcripts that UCSC numbers as further copies of one that it has mapped before


def looks_like_gtf(line: str) -> bool:
    """Whether a line has the nine columns of a GTF and names a gene."""
    cells = line.split("\t")
    placed = len(cells) == 9 and whole_number(cells[3]) is not None and whole_number(cells[4]) is not None
    return placed and "gene_id" in cells[8]


def read_gtf(path: Path, lines: Iterator[tuple[int, str]]) -> GeneTable:
    """Collapse the features of each gene, in order of appearance; ``tss`` is 0-based.

    A gene_id that stands at several places (X and Y, alternate contigs, copies of one gene as UCSC has them) has a
    row for each. The one on a chromosome keeps the id, X before Y; the others are named ``GENE_chrY``.

    Raises
    ------
    InputError
        Naming file and line.
    """
    loci: dict[str, list[_Locus]] = {}
    last = ("", "")  # contig and gene of the lines before, once its own feature is read: skips its parts fast
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) < 9:
            raise InputError(
                f"expected 9 tab-separated columns, found {len(cells)}",
                path=path,
                record=at(number),
                remedy=GTF_REMEDY,
            )
        feature, attributes = cells[2], cells[8]
        if feature != "gene" and (
            feature not in _PARTS or (last[1] and cells[0] == last[0] and attributes.startswith(last[1]))
        ):
            continue
        found = parse_feature(path, number, cells)
        known = loci.setdefault(found.gene_id, [])
        _merge(path, known, found)
        whole = any(one.whole and one.chrom == found.chrom for one in known)
        last = (found.chrom, f'gene_id "{found.gene_id}";') if whole else ("", "")
    if not loci:
        raise InputError(
            "the file holds no gene, transcript or exon feature", path=path, record="all lines", remedy=GTF_REMEDY
        )
    return _table(loci)


def _table(loci: dict[str, list[_Locus]]) -> GeneTable:
    """One row per locus; the first of a gene, on a chromosome if there is one, has the gene's id."""
    ids: dict[int, str] = {}
    taken = set(loci)
    for gene_id, found in loci.items():
        for i, one in enumerate(sorted(found, key=lambda one: bool(_ALTERNATE.search(one.chrom)))):
            ids[id(one)] = _free_name(gene_id, one.chrom, taken) if i else gene_id
    rows = [one for found in loci.values() for one in found]
    return GeneTable(
        tuple(ids[id(one)] for one in rows),
        tuple(one.name for one in rows),
        tuple(one.chrom for one in rows),
        np.array([one.end if one.strand == "-" else one.start for one in rows], np.int64) - 1,
        tuple(one.strand for one in rows),
    )


def _free_name(gene_id: str, chrom: str, taken: set[str]) -> str:
    """``GENE_chrY``, or with a number where that is taken."""
    names = (f"{gene_id}_{chrom}{suffix}" for suffix in chain([""], (f"_{n}" for n in count(2))))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name


def parse_feature(path: Path, number: int, cells: list[str]) -> _Locus:
    """Read a line of nine columns or more; InputError, naming it, where it is no feature of a gene."""
    chrom, feature, strand, attributes = cells[0], cells[2], cells[6], cells[8]
    named = _GENE_ID.search(attributes)
    gene_id = named.group(1).strip() if named else ""
    if not gene_id:
        raise InputError(f"the {feature} has no gene_id attribute", path=path, record=at(number), remedy=GTF_REMEDY)
    start = parse_position(cells[3], what="start", first=1, path=path, number=number)
    end = parse_position(cells[4], what="end", first=1, path=path, number=number)
    if strand not in {"+", "-", ".", "?"} or end < start or not chrom:
        raise InputError(
            f"gene {gene_id!r}: expected a contig, start <= end and strand +, - or ., found {chrom!r}, {start}, "
            f"{end}, {strand!r}",
            path=path,
            record=at(number),
            remedy="mend the line, or leave the gene out",
        )
    label = _GENE_NAME.search(attributes)
    name = (label.group(1).strip() if label else "") or gene_id
    copy = bool(_UCSC_COPY.search(attributes))
    return _Locus(gene_id, name, chrom, start, end, strand.replace("?", "."), number, feature == "gene", copy)


def _merge(path: Path, loci: list[_Locus], found: _Locus) -> None:
    """Add a feature to the loci of its gene: one per contig and strand, and per copy on it."""
    here = [one for one in loci if one.chrom == found.chrom]
    wholes = [one for one in here if one.whole]
    if wholes and not found.whole:
        return
    same = [one for one in here if one.strand == found.strand]
    twice = next((one for one in wholes if one in same and _overlap(one, found)), None)
    if twice:
        raise InputError(
            f"gene {found.gene_id!r} is there twice (first on line {twice.line})",
            path=path,
            record=at(found.line),
            remedy="keep one gene feature per gene_id",
        )
    known = next((one for one in same if not one.whole and _is_one(one, found)), None)
    if known is None:
        loci.append(found)
    elif found.whole:  # a gene feature after its parts keeps the place in the order
        loci[loci.index(known)] = found
    else:
        known.start, known.end = min(known.start, found.start), max(known.end, found.end)
        if known.name == found.gene_id:
            known.name = found.name


def _is_one(known: _Locus, found: _Locus) -> bool:
    """Whether a feature is part of a locus: all are that are no copies, and of copies what overlaps."""
    return (not found.copy and not known.copy) or found.whole or _overlap(known, found)


def _overlap(one: _Locus, other: _Locus) -> bool:
    return one.start <= other.end and other.start <= one.end
