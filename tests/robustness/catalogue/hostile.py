"""Names that want to be paths or markup, and content that wants to be large."""

from __future__ import annotations

import gzip
import io

import numpy as np

from .case import Case, Spoil, refused, same
from .project import Project

__all__ = ["CASES"]

MARKUP = "<script>alert(1)</script>"


def gene(name: str) -> Spoil:
    """Rename a gene everywhere."""

    def spoil(p: Project) -> None:
        p.change_cell(p.genes, 3, 0, name)
        p.change_cell(p.expression, 3, 3, name)

    return spoil


def person(name: str) -> Spoil:
    def spoil(p: Project) -> None:
        p.put_vcf(header=[*p.header[:-1], p.header[-1].replace("P03", name)])
        head, *rows = p.rows(p.expression)
        p.put_rows(p.expression, [[name if cell == "P03" else cell for cell in head], *rows])

    return spoil


def packed(which: str, *, line: bool) -> Spoil:
    """One cell, or many lines, of 3 GB in a gzip file of a few MB."""

    def spoil(p: Project) -> None:
        path = p.path(which)
        there = p.replace(which, path.name + ".gz")
        one = b"A" * (1 << 20) if line else b"G\tchr1\t100\t+\n" * 80_000
        member = gzip.compress(one, 6)
        with there.open("wb") as out:
            out.write(gzip.compress(path.read_bytes()))
            for _ in range((3 << 30) // len(one)):
                out.write(member)

    return spoil


def npz(p: Project) -> None:
    """An array of objects, which NumPy would unpickle."""
    content = io.BytesIO()
    np.savez(content, values=np.array([{"a": 1}], object))
    p.expression.write_bytes(content.getvalue())


def long_header(p: Project) -> None:
    """A header of 64 MB."""
    header = p.header
    p.put_vcf(header=[*header[:-1], *("##x=" + "y" * (1 << 20) for _ in range(64)), header[-1]])


def many_samples(p: Project) -> None:
    """Names of 200,000 people in the expression alone."""
    head, *rows = p.rows(p.expression)
    more = [f"Q{i}" for i in range(20_000)]
    p.put_rows(p.expression, [[*head, *more], *([*r, *("1" for _ in more)] for r in rows)])


def long_allele(p: Project) -> None:
    at = 8_003
    p.add_records([p.record("chr1", at, p.base("chr1", at), p.base("chr1", at) + "ACGT" * 5_000_000, {"P03": "0|1"})])


def many_alleles(p: Project) -> None:
    p.change_record(lambda r: [*r[:4], ",".join(["ACGT"[(i + 1) % 4] * (2 + i) for i in range(200)]), *r[5:]])


CASES = [
    Case("gene named as a path", gene("../../../evil"), "inside"),
    Case("gene named as an absolute path", gene("/tmp/evil"), "inside"),
    Case("gene named as markup", gene(MARKUP), "inside"),
    Case("gene named as a formula", gene("=cmd|' /C calc'!A0"), "inside"),
    Case("gene of 5,000 letters", gene("G" * 5_000), "inside"),
    Case("gene of other scripts", gene("ген日本"), "inside"),
    refused("gene read from right to left", gene("ген日本\u202e"), "line 4", "U+202E"),
    refused("gene with a control character", gene("G\x1b[31m"), "line 4", "U+001B"),
    Case("person named as a path", person("../../../evil"), "inside"),
    Case("person named as markup", person(MARKUP), "inside"),
    refused("person with a comma", person("a,b"), "cohort.vcf.gz", "a,b"),
    refused("expression that is npz with objects", npz, "expression.bed"),
    refused("genes of one endless line", packed("genes", line=True), "genes.tsv.gz", child=True),
    refused("genes of endless lines", packed("genes", line=False), "genes.tsv.gz", "line", child=True),
    refused(
        "expression of one endless line",
        packed("expression", line=True),
        "expression.bed.gz",
        child=True,
    ),
    same("vcf header of 64 MB", long_header, child=True),
    same("20,000 people without genotypes", many_samples),
    Case("allele of 20 million letters", long_allele, "finite", child=True, genes=("G00",)),
    Case("record with 200 alleles", many_alleles, "finite", genes=("G00",)),
]
