"""A VCF of classified variants: ClinVar's."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import InputError
from ...types import VariantTable
from ..alleles import texts
from ..bgzf import require_file
from ..numbers import whole_number
from ..tables.text import at, read_lines
from ._columns import LONGEST_ALLELE

__all__ = ["is_vcf", "read_clinvar"]

_WHAT: Final = "VCF of classes"
_CAUSAL: Final = {"pathogenic": 1.0, "likely_pathogenic": 1.0, "benign": 0.0, "likely_benign": 0.0}
_INFO: Final = re.compile(r"(?:^|;)(CLNSIG|MC|CLNVC|GENEINFO)=([^;]*)")


def is_vcf(path: Path) -> bool:
    """Whether a file is a VCF by its first line."""
    require_file(path, "table of variants")
    with path.open("rb") as handle:
        head = handle.read(4)
    if head in (b"PAR1", b"\x89HDF"):
        return False
    return next(read_lines(path, "table of variants"), (1, ""))[1].startswith("##fileformat=VCF")


def read_clinvar(path: Path) -> VariantTable:
    """Read pathogenic (1) and benign (0) variants; what is uncertain, conflicting or no sequence is counted.

    Raises
    ------
    InputError
        Naming the line: too few columns, a position that is none; or if no variant has a class.
    """
    rows: list[tuple[str, int, str, str, float, str, str]] = []
    counts: Counter[str] = Counter()
    for number, line in read_lines(path, _WHAT):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t", 8)
        if len(cells) < 8:
            raise InputError(
                f"the record has {len(cells)} columns, expected 8 or more", path=path, record=at(number),
                remedy="check the file with: bcftools view FILE > /dev/null",
            )  # fmt: skip
        chrom, pos, _, ref, alt = cells[:5]
        position = whole_number(pos, 1)
        if position is None:
            raise InputError(
                f"POS must be a whole number from 1, found {pos!r}", path=path, record=at(number), remedy="mend the VCF"
            )
        info = dict(_INFO.findall(cells[7]))
        causal, why = _class_of(info.get("CLNSIG", ""))
        ref, alt = ref.upper(), alt.upper()
        if not why and (set(ref + alt) - set("ACGT") or not ref or not alt or ref == alt):
            why = "no alleles of A, C, G and T"
        if not why and max(len(ref), len(alt)) > LONGEST_ALLELE:
            why = f"an allele of more than {LONGEST_ALLELE} bases"
        if why:
            counts[why] += 1
            continue
        term = info.get("MC", "").split(",")[0].rpartition("|")[2]
        rows.append((chrom, position - 1, ref, alt, causal, term, info.get("CLNVC", "")))
    if not rows:
        raise InputError(
            "no record has a CLNSIG that says benign or pathogenic", path=path,
            remedy="give a VCF of ClinVar, or a table with a column `causal`",
        )  # fmt: skip
    chroms, positions, refs, alts, causals, terms, kinds = zip(*rows, strict=True)
    columns = {"causal": np.array(causals), "consequence": texts(terms), "variant_class": texts(kinds)}
    return VariantTable(
        texts(chroms), np.array(positions, np.int64), texts(refs), texts(alts), columns, source=str(path),
        counts={f"left out: {why}": n for why, n in sorted(counts.items())},
    )  # fmt: skip


def _class_of(text: str) -> tuple[float, str]:
    """1 for pathogenic, 0 for benign, or why it is neither; flags after ``|`` do not count."""
    if not text:
        return np.nan, "without CLNSIG"
    words = text.lower().partition("|")[0].split(",")[0]
    if "conflicting" in words:
        return np.nan, "conflicting"
    classes = {_CAUSAL.get(word) for word in words.split("/")}
    found = classes - {None}
    if len(found) != 1:
        return np.nan, "uncertain" if "uncertain" in words else "conflicting" if found else "another class"
    if None in classes:
        return np.nan, "another class"
    return next(one for one in found if one is not None), ""
