"""Which allele of a VCF a weight counts: by place and alleles, whatever their order, strand and spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ..io.alleles import shortest

__all__ = ["MATCHED", "AlleleFinder", "Match"]

Key = tuple[int, str, str]
MATCHED: Final = ("matched", "swapped", "other strand", "other strand, swapped")
_COMPLEMENT: Final = str.maketrans("ACGT", "TGCA")


class Match(NamedTuple):
    """What became of a weight: record and allele to count (0: REF), where there is one."""

    status: str
    record: int = -1
    allele: int = -1


class AlleleFinder:
    """Finds weights among records.

    Parameters
    ----------
    position : sequence of int
        0-based.
    alleles : sequence of tuple of str
        Of each record, REF first; any number of alternative ones.
    """

    def __init__(self, position: Sequence[int], alleles: Sequence[tuple[str, ...]]) -> None:
        self._known: dict[Key, tuple[int, int]] = {}
        self._places = set(position)
        for record, (at, texts) in enumerate(zip(position, alleles, strict=True)):
            for number, alt in enumerate(texts[1:], start=1):
                key = shortest(at, texts[0], alt)
                self._known.setdefault(key, (record, number))
                self._places.add(key[0])

    def find(self, position: int, ref: str, effect: str) -> Match:
        """Look for an effect allele and the allele that it is compared with.

        Alleles may be swapped, which counts REF, or those of the other strand. SNVs that read the same on both (A/T,
        C/G) are taken as they are written, and so is everything that is no SNV.
        """
        pairs = [("", ref, effect)]
        other = ref.translate(_COMPLEMENT), effect.translate(_COMPLEMENT)
        if len(ref) == len(effect) == 1 and other != (effect, ref):
            pairs.append(("other strand", *other))
        for strand, one, two in pairs:
            if (at := self._known.get(shortest(position, one, two))) is not None:
                return Match(strand or "matched", *at)
            if (at := self._known.get(shortest(position, two, one))) is not None:
                return Match(f"{strand}, swapped" if strand else "swapped", at[0], 0)
        return Match("other alleles" if position in self._places else "not in the VCF")
