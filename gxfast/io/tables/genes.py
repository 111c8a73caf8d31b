"""Genes and their transcription start sites: BED, tables with a header, and GTF."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...types import GeneTable
from ..numbers import whole_number
from ._gtf import looks_like_gtf, read_gtf
from .text import (
    BED_REMEDY,
    at,
    delimiter_of,
    is_bed_header,
    lower_names,
    parse_position,
    read_lines,
    split,
    stem_suffix,
)

__all__ = ["read_genes"]

_COLUMNS = "gene_id (or gene), chrom, tss (1-based), strand, and optionally name"
_FORMATS = (
    f"give a table with a header naming {_COLUMNS}; or a BED with columns chrom, start = TSS - 1, end = TSS, "
    "gene_id, score, strand (named .bed or .bed.gz); or a GTF"
)


def read_genes(path: str | Path) -> GeneTable:
    """Read genes with their TSS and strand.

    The format follows from the name and the first line:

    - ``.gtf``, ``.gff``, ``.gff2`` (or content that looks like it): one TSS per gene, the start of the gene
      feature on the plus strand and its end on the minus strand; genes without a gene feature span their
      transcripts and exons. ``gene_name`` gives the name;
    - a header beginning ``#chr start end``: BED, column 4 the gene, column 6 named ``strand``, such as the
      gene columns of a QTLtools expression BED;
    - ``.bed`` without header: BED6 or wider, ``start`` is the 0-based TSS, column 4 the gene, column 6 the
      strand;
    - rows ``gene_id,chrom,tss,name,strand`` without header, comma-separated: the gene list of Huang et al. 2023;
    - anything else: a tab-, comma- or space-separated table with a header naming ``gene_id`` (or ``gene``),
      ``chrom``, ``tss`` (1-based), ``strand`` and optionally ``name``.

    Parameters
    ----------
    path : str or Path
        Plain, gzip- or bgzip-compressed.

    Returns
    -------
    GeneTable
        In file order; ``tss`` is 0-based whatever the format.

    Raises
    ------
    InputError
        Naming file and line: missing columns, no rows, a gene twice, a strand other than + or -, a position
        that is no whole number or none a genome has, and a minus-strand BED interval longer than one base,
        of which the start is not the TSS. Contigs are checked against the genome elsewhere.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> genes = gx.read_genes(cohort.genes)
    >>> len(genes), genes.gene_id[0], genes.chrom[0], int(genes.tss[0]), genes.strand[0]
    (9, 'DEMO0001', 'chr1', 400, '+')
    """
    path = Path(path)
    suffix = stem_suffix(path)
    if suffix == ".gff3":
        raise InputError("GFF3 is not read", path=path, remedy=f"gffread -T {path} -o genes.gtf")
    lines = read_lines(path, "gene table")
    number, line = _first_line(lines)
    if suffix in {".gtf", ".gff", ".gff2"} or looks_like_gtf(line):
        return read_gtf(path, chain([(number, line)], lines))
    delimiter = delimiter_of(line)
    names = split(line, delimiter)
    if is_bed_header(names):
        if len(names) < 6 or lower_names(names)[5] != "strand":
            raise InputError(
                "the BED names no strand in column 6, so it is not known which way the genes read",
                path=path,
                record=at(number),
                remedy=_FORMATS,
            )
        return _read_bed(path, lines, delimiter)
    if suffix == ".bed":
        return _read_bed(path, chain([(number, line)], lines), delimiter)
    if delimiter == "," and len(names) == 5 and whole_number(names[2]) and names[4].strip() in ("+", "-"):
        columns = ["gene_id", "chrom", "tss", "name", "strand"]
        return _read_named(path, chain([(number, line)], lines), number, columns, delimiter)
    return _read_named(path, lines, number, names, delimiter)


class _Collector:
    """Checks genes one by one and keeps them in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line: dict[str, int] = {}
        self._rows: list[tuple[str, str, str, int, str]] = []

    def add(self, number: int, gene: str, name: str, chrom: str, tss: int, strand: str) -> None:
        for what, text in (("gene_id", gene), ("chrom", chrom)):
            if not text:
                raise InputError(
                    f"the {what} is empty", path=self._path, record=at(number), remedy=f"fill the {what} in"
                )
        if strand not in {"+", "-"}:
            raise InputError(
                f"gene {gene!r}: strand must be + or -, found {strand!r}",
                path=self._path,
                record=at(number),
                remedy="write the strand of the gene as + or -",
            )
        if gene in self._line:
            raise InputError(
                f"gene {gene!r} is there twice (first on line {self._line[gene]})",
                path=self._path,
                record=at(number),
                remedy="keep one row per gene, or give each TSS a gene_id of its own",
            )
        self._line[gene] = number
        self._rows.append((gene, name or gene, chrom, tss, strand))

    def table(self) -> GeneTable:
        if not self._rows:
            raise InputError("the file holds no gene", path=self._path, record="after its header", remedy=_FORMATS)
        gene, name, chrom, tss, strand = zip(*self._rows, strict=True)
        return GeneTable(gene, name, chrom, np.array(tss, np.int64), strand)


def _first_line(lines: Iterator[tuple[int, str]]) -> tuple[int, str]:
    for number, line in lines:
        if line.strip() and not line.startswith(("##", "#!", "track ", "browser ")):
            return number, line
    return 1, ""


def _read_bed(path: Path, lines: Iterator[tuple[int, str]], delimiter: str) -> GeneTable:
    genes = _Collector(path)
    for number, line in lines:
        if not line.strip() or line.startswith(("#", "track ", "browser ")):
            continue
        # Expression values may follow; they are not looked at here.
        cells = split(line, delimiter)[:6]
        if len(cells) < 6:
            raise InputError(
                f"expected 6 or more columns (chrom, start, end, gene_id, score, strand), found {len(cells)}",
                path=path,
                record=at(number),
                remedy=_FORMATS,
            )
        chrom, start_text, end_text, gene, _, strand = (cell.strip() for cell in cells)
        start = parse_position(start_text, what="start", first=0, path=path, number=number)
        end = parse_position(end_text, what="end", first=1, path=path, number=number)
        if end <= start or (strand == "-" and end != start + 1):
            raise InputError(
                f"gene {gene!r}: the interval {start}-{end} on strand {strand} does not begin at a TSS",
                path=path,
                record=at(number),
                remedy=BED_REMEDY,
            )
        genes.add(number, gene, gene, chrom, start, strand)
    return genes.table()


def _read_named(
    path: Path, lines: Iterator[tuple[int, str]], number: int, names: list[str], delimiter: str
) -> GeneTable:
    where = _columns(path, number, names)
    genes = _Collector(path)
    for row_number, line in lines:
        if not line.strip():
            continue
        cells = [cell.strip() for cell in split(line, delimiter)]
        if len(cells) != len(names):
            raise InputError(
                f"the row has {len(cells)} cells, the header has {len(names)}",
                path=path,
                record=at(row_number),
                remedy="write every row with as many cells as the header",
            )
        gene = cells[where["gene_id"]]
        tss = parse_position(cells[where["tss"]], what="tss", first=1, path=path, number=row_number)
        name = cells[where["name"]] if "name" in where else gene
        genes.add(row_number, gene, name, cells[where["chrom"]], tss - 1, cells[where["strand"]])
    return genes.table()


def _columns(path: Path, number: int, names: list[str]) -> dict[str, int]:
    """Return the index of each column that is read; names are not guessed."""
    found = lower_names(names)
    wanted = ["gene_id" if "gene_id" in found else "gene", "chrom", "tss", "strand", "name"]
    missing = [name for name in wanted[:4] if name not in found]
    twice = [name for name in wanted if found.count(name) > 1]
    if missing or twice:
        what = f"names no column {', '.join(missing)}" if missing else f"names {twice[0]} twice"
        raise InputError(
            f"the header {what}; it must name {_COLUMNS}; found {', '.join(names[:8])}"
            f"{', ...' if len(names) > 8 else ''}",
            path=path,
            record=at(number),
            remedy=_FORMATS,
        )
    where = {name: found.index(name) for name in wanted if name in found}
    where["gene_id"] = where.pop(wanted[0])
    return where
