"""Tables of genes."""

from __future__ import annotations

from collections.abc import Callable

from .case import Spoil, listed, refused, same
from .files import bom, crlf, empty, fifo, folder, missing, page, put
from .project import SIZE, Project

__all__ = ["CASES"]

NAME = "genes.tsv"


def cell(column: int, text: str, row: int = 3) -> Spoil:
    return lambda p: p.change_cell(p.genes, row, column, text)


def everywhere(column: int, text: str) -> Spoil:
    def spoil(p: Project) -> None:
        head, *rows = p.rows(p.genes)
        p.put_rows(p.genes, [head, *([*r[:column], text, *r[column + 1 :]] for r in rows)])

    return spoil


def without(column: int) -> Spoil:
    return lambda p: p.put_rows(p.genes, [[*r[:column], *r[column + 1 :]] for r in p.rows(p.genes)])


def rows(change: Callable[[list[list[str]]], list[list[str]]]) -> Spoil:
    return lambda p: p.put_rows(p.genes, change(p.rows(p.genes)))


def as_bed(p: Project) -> None:
    p.put_rows(
        p.replace("genes", "genes.bed"),
        [[r[1], str(int(r[2]) - 1), r[2], r[0], "0", r[3]] for r in p.rows(p.genes)[1:]],
    )


def bed_with(change: Callable[[list[str]], list[str]]) -> Spoil:
    def spoil(p: Project) -> None:
        as_bed(p)
        first, *others = p.rows(p.folder / "genes.bed")
        p.put_rows(p.folder / "genes.bed", [change(first), *others])

    return spoil


CASES = [
    refused("genes missing", missing("genes"), NAME),
    refused("genes empty", empty("genes"), NAME),
    refused("genes a folder", folder("genes"), NAME),
    refused("genes a pipe", fifo("genes"), NAME, child=True),
    refused("genes a web page", page("genes"), NAME),
    refused("genes binary", put("genes", bytes(range(256)) * 30), NAME),
    refused("genes not utf-8", put("genes", b"gene_id\tchrom\ttss\tstrand\nG\xff\tchr1\t9\t+\n"), NAME, "UTF-8"),
    *(
        refused(f"genes without {what}", without(i), NAME)
        for i, what in enumerate(("gene_id", "chrom", "tss", "strand"))
    ),
    refused("genes without rows", rows(lambda r: r[:1]), NAME),
    *refused("gene twice", rows(lambda r: [*r, r[3]]), NAME, "line 10", "G02").of("run", "eqtl", "variants"),
    refused("gene without a name", cell(0, ""), NAME, "line 4"),
    refused("gene row cut", rows(lambda r: [*r[:3], r[3][:2], *r[4:]]), NAME, "line 4"),
    refused("gene row too long", rows(lambda r: [*r[:3], [*r[3], "x", "y"], *r[4:]]), NAME, "line 4"),
    refused("strand x", cell(3, "x"), NAME, "line 4"),
    refused("strand empty", cell(3, ""), NAME, "line 4"),
    *(
        one
        for text in (
            "0",
            "-3",
            "here",
            "1.5e4",
            "15000.0",
            "1_000",
            "",
            "NA",
            "inf",
            str(10**18),
            str(2**31 + 5),
            "٣٣٠٠٠",
        )
        for one in refused(f"tss {text or 'empty'}", cell(2, text), NAME, "line 4").of("run", "eqtl")
    ),
    listed("tss past the end", cell(2, str(SIZE + 1)), "G02", genes=("G02",)),
    refused("every tss past the end", everywhere(2, "99999"), "G00", "99999"),
    refused("every gene on an unknown contig", everywhere(1, "chr7"), "chr7"),
    listed("contig empty or unknown", cell(1, "chr7"), "G02", genes=("G02",)),
    refused("contig empty", cell(1, ""), NAME, "line 4"),
    same("genes with bom", bom("genes")),
    same("genes with crlf", crlf("genes")),
    same("genes as bed", as_bed),
    refused("bed with start after end", bed_with(lambda r: [r[0], r[2], r[1], *r[3:]]), "genes.bed", "line 1"),
    refused("bed with negative start", bed_with(lambda r: [r[0], "-4", *r[2:]]), "genes.bed", "line 1"),
    refused("bed of four columns", bed_with(lambda r: r[:4]), "genes.bed"),
]
