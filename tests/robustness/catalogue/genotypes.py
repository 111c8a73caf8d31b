"""Calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from .case import Case, refused, same
from .project import PEOPLE, Project

__all__ = ["CASES"]

NAME = "cohort.vcf.gz"
VALUES = "predictions/*.bed.gz"


def call(text: str) -> Callable[[Project], str]:
    """Give P03 a call at one record of G00."""
    column = 9 + PEOPLE.index("P03")
    return lambda p: p.change_record(lambda r: [*r[:column], text, *r[column + 1 :]])


@cache
def quiet_call(text: str) -> Callable[[Project], None]:
    """The same, whose place need not be said."""
    return lambda p: call(text)(p) and None


def unphased(only: str, *extra: str) -> Callable[[Project], None]:
    """Write ``/`` for ``|`` in heterozygous or in homozygous calls."""

    def spoil(p: Project) -> None:
        def written(text: str) -> str:
            kind = "hom" if text[0] == text[2] else "het"
            return text.replace("|", "/") if kind == only else text

        p.put_vcf([[*r[:9], *map(written, r[9:])] for r in p.records])
        p.extra = list(extra)

    return spoil


CASES = [
    refused("het without phase", call("0/1"), NAME, "P03", "--unphased"),
    refused("hets without phase", unphased("het"), NAME, "P0", "--unphased"),
    same(
        "hets taken as phased",
        unphased("het", "--unphased", "as_phased"),
        counted=('"unphased_heterozygous": ',),
        only=VALUES,
    ),
    same("homs without phase", unphased("hom")),
    same("hets without phase", unphased("het")).of("eqtl")[0],
    same("missing call", quiet_call(".|."), counted=('"missing_calls": 1',), twin=quiet_call("0|0"), only=VALUES),
    same("missing call, one dot", quiet_call("."), twin=quiet_call("0|0"), only=VALUES),
    same("half call", quiet_call(".|1"), counted=('"half_calls": 1',), twin=quiet_call("0|1"), only=VALUES),
    same("half call turned", quiet_call("1|."), counted=('"half_calls": 1',), twin=quiet_call("1|0"), only=VALUES),
    Case("haploid call", quiet_call("1"), "finite", counted=('"haploid_calls": 1',), genes=("G00",)),
    refused("half call without phase", call("./1"), NAME, "P03"),
    *refused("ploidy 3", call("0|1|1"), NAME, "two alleles").of("run", "eqtl"),
    *refused("index out of range", call("0|7"), NAME, "allele").of("run", "eqtl"),
    *refused("index of two digits", call("11|0"), NAME, "allele").of("run", "eqtl"),
    *refused("index negative", quiet_call("-1|0"), NAME, "chr1:").of("run", "eqtl"),
    *refused("index past a byte", quiet_call("0|300"), NAME, "chr1:").of("run", "eqtl"),
    *refused("junk call", quiet_call("x|y"), NAME, "chr1:").of("run", "eqtl"),
    *refused("letters call", quiet_call("A|G"), NAME, "chr1:").of("run", "eqtl"),
    *refused("empty call", quiet_call(""), NAME, "chr1:").of("run", "eqtl"),
    *refused("call without end", quiet_call("0|"), NAME, "chr1:").of("run", "eqtl"),
]
