"""Names and spellings of variants: ``chrom_pos_ref_alt``, shortest alleles, the other strand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["VariantNames", "is_palindromic", "other_strand", "parse_names", "shortest", "shortest_arrays", "texts"]

Texts = NDArray[np.str_]
_NAME: Final = re.compile(
    r"(?P<chrom>[^\s:]+?)[:_-](?P<pos>\d{1,10})[:_-](?P<ref>[A-Za-z*.]+)[:_>/-](?P<alt>[A-Za-z*.]+)"
    r"(?:[:_](?P<build>b3[78]|hg19|hg38|GRCh3[78]))?"
)
_BUILD: Final = {"hg19": "b37", "hg38": "b38", "grch37": "b37", "grch38": "b38"}
_COMPLEMENT: Final = str.maketrans("ACGT", "TGCA")


def shortest(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Leave out what both alleles end and begin with, but one base of each: multi-allelic records spell SNVs longer."""
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def shortest_arrays(position: NDArray[np.int64], ref: Texts, alt: Texts) -> tuple[NDArray[np.int64], Texts, Texts]:
    """Return what `shortest` makes of every variant, arrays of shape (V,)."""
    long = np.flatnonzero((np.char.str_len(ref) > 1) & (np.char.str_len(alt) > 1))
    if not long.size:
        return position, ref, alt
    position, ref, alt = position.copy(), ref.copy(), alt.copy()
    for v in long.tolist():
        position[v], ref[v], alt[v] = shortest(int(position[v]), str(ref[v]), str(alt[v]))
    return position, ref, alt


def other_strand(allele: str) -> str:
    """Return the reverse complement of an allele of A, C, G and T."""
    return allele[::-1].translate(_COMPLEMENT)


def is_palindromic(ref: Texts, alt: Texts) -> NDArray[np.bool_]:
    """Whether each variant is A/T or C/G: the same on both strands, so that alleles do not tell which one was meant."""
    pairs = np.char.add(ref.astype("U2"), alt.astype("U2"))
    single = (np.char.str_len(ref) == 1) & (np.char.str_len(alt) == 1)
    found: NDArray[np.bool_] = single & np.isin(pairs, ["AT", "TA", "CG", "GC"])
    return found


def texts(values: Sequence[str]) -> Texts:
    """Return an array of texts, at least one character wide, also of none."""
    return np.array(values, np.str_) if len(values) else np.empty(0, "U1")


class VariantNames(NamedTuple):
    """Parts of names of variants, arrays of shape (V,), texts as objects.

    ``position`` is 1-based, as written, and 0 where the name is none; ``bad`` is the first such.
    """

    chrom: NDArray[np.object_]
    position: NDArray[np.int64]
    ref: NDArray[np.object_]
    alt: NDArray[np.object_]
    builds: tuple[str, ...]
    bad: int | None


def parse_names(names: Sequence[str]) -> VariantNames:
    """Take apart ``chr1_123_A_G``, ``chr1:123:A:G``, ``1-123-A-G`` and ``chr1:123:A>G``, with ``_b38`` or without."""
    parts: list[tuple[Any, ...]] = []
    bad: int | None = None
    builds: dict[str, None] = {}
    for v, name in enumerate(names):
        found = _NAME.fullmatch(name)
        if found is None:
            bad = v if bad is None else bad
            parts.append(("", 0, "", ""))
            continue
        chrom, pos, ref, alt, build = found.groups()
        parts.append((chrom, int(pos), ref, alt))
        if build is not None:
            builds[_BUILD.get(build.lower(), build)] = None
    chroms, positions, refs, alts = zip(*parts, strict=True) if parts else ((), (), (), ())
    objects = (np.array(one, object) for one in (chroms, refs, alts))
    chrom, ref, alt = objects
    return VariantNames(chrom, np.array(positions, np.int64), ref, alt, tuple(sorted(builds)), bad)
