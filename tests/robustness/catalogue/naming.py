"""Contigs that go by other names in one of the files."""

from __future__ import annotations

import re
from collections.abc import Callable

from .case import listed, refused, same
from .project import Project

__all__ = ["CASES"]


def bare(name: str) -> str:
    return name.removeprefix("chr")


def accession(name: str) -> str:
    return f"NC_00000{bare(name)}.11"


def vcf_as(change: Callable[[str], str], *extra: str) -> Callable[[Project], None]:
    def spoil(p: Project) -> None:
        header = [re.sub(r"(##contig=<ID=)([^,>]+)", lambda m: m[1] + change(m[2]), line) for line in p.header]
        p.put_vcf([[change(r[0]), *r[1:]] for r in p.records], header)
        p.extra = list(extra)

    return spoil


def fasta_as(change: Callable[[str], str]) -> Callable[[Project], None]:
    return lambda p: p.put_fasta({change(name): bases for name, bases in p.sequences.items()})


def genes_as(change: Callable[[str], str], *, all_of_them: bool = True) -> Callable[[Project], None]:
    def spoil(p: Project) -> None:
        head, *rows = p.rows(p.genes)
        n = len(rows) if all_of_them else 1
        p.put_rows(p.genes, [head, *([r[0], change(r[1]), *r[2:]] for r in rows[:n]), *rows[n:]])

    return spoil


def expression_as(change: Callable[[str], str]) -> Callable[[Project], None]:
    def spoil(p: Project) -> None:
        head, *rows = p.rows(p.expression)
        p.put_rows(p.expression, [head, *([change(r[0]), *r[1:]] for r in rows)])

    return spoil


def told(p: Project) -> None:
    """Accessions, and a table that says what they are."""
    vcf_as(accession)(p)
    (p.folder / "names.tsv").write_text("".join(f"{name}\t{accession(name)}\n" for name in ("chr1", "chr2")))
    p.extra = ["--contigs", str(p.folder / "names.tsv")]


def fasta_twin(p: Project) -> None:
    """Everything is named as in the FASTA."""
    for spoil in (vcf_as(bare), fasta_as(bare), genes_as(bare)):
        spoil(p)


PREFIX = '"by": "prefix"'
CASES = [
    *same("vcf 1 for chr1", vcf_as(bare), "1 as chr1", counted=(PREFIX,)).of("run", "drivers"),
    *same("vcf 1 for chr1", vcf_as(bare), "1 as chr1", counted=(PREFIX,)).of("eqtl", "baseline", "variants"),
    same("genes 1 for chr1", genes_as(bare), "1 as chr1", counted=(PREFIX,)),
    same("fasta 1 for chr1", fasta_as(bare), "chr1 as 1", counted=(PREFIX,), twin=fasta_twin),
    same("expression 1 for chr1", expression_as(bare)),
    refused("vcf 1 for chr1, strict", vcf_as(bare, "--contigs", "strict"), "cohort.vcf.gz", "'chr1'", "--rename-chrs"),
    refused("vcf accessions", vcf_as(accession), "cohort.vcf.gz", "NC_000001.11", "--rename-chrs"),
    same("vcf accessions, told", told, "NC_000001.11 as chr1", counted=('"by": "names.tsv"',)),
    *refused("vcf accessions", vcf_as(accession), "cohort.vcf.gz", "--contigs").of("eqtl", "baseline"),
    refused("fasta accessions", fasta_as(accession), "genome.fa", "NC_000001.11", "--contigs"),
    refused("genes accessions", genes_as(accession), "NC_000001.11"),
    listed(
        "one gene on another contig",
        genes_as(lambda _: "chrUn_7", all_of_them=False),
        "G00",
        "not in the FASTA",
        genes=("G00",),
    ),
]
