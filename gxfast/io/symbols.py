"""What INFO says of symbolic alleles, by the rules of VCF 4.1 to 4.5: one answer per allele, not per record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from .genotypes import Genotypes, offsets_of
from .numbers import finite_number, whole_number

__all__ = ["describe", "is_deletion", "is_described", "repeat_letters", "told_length"]

# <DEL...>, <DUP...>, <CN0>, <CNV...>: the readers hand on INFO of records with one of these.
_DESCRIBED: Final = re.compile("<[CDcd]")
_REPEAT: Final = "<CNV:TR"
# Symbols of which SVLEN says the length, as htslib has it.
_LONG: Final = re.compile(rb"<(CNV|DEL|DUP|INV)(:.*)?>", re.DOTALL)
# From this version on SVLEN comes before END, which is the last base of the longest allele.
_PER_ALLELE: Final = (4, 4)

_LONGEST_REPEAT: Final = 10_000_000  # bases that are spelled out; the longest known tandem repeats have fewer

_Info = dict[str, list[str]]


def is_described(allele: str) -> bool:
    """Whether INFO of the record may say what the allele is."""
    return _DESCRIBED.match(allele) is not None


def is_deletion(allele: str) -> bool:
    """Whether an (upper-case) symbol is a deletion: ``<DEL>``, its subtypes, and ``<CN0>`` of 1000 Genomes."""
    return allele.startswith("<DEL") or allele == "<CN0>"


def repeat_letters(allele: str) -> str | None:
    """Return the letters of a ``<CNV:TR>`` whose repeats INFO spells out, as `describe` wrote them; else None."""
    return allele[len(_REPEAT) + 1 : -1] if allele.startswith(_REPEAT + "=") else None


def told_length(position: int, alts: Sequence[bytes], info: bytes) -> int:
    """Return how many bases END or SVLEN say that a record covers, by the rules of htslib; 0 where they do not say.

    Parameters
    ----------
    position : int
        0-based.
    alts : sequence of bytes
    info : bytes
    """
    pairs = (entry.partition(b"=") for entry in info.split(b";"))
    told = {name: text.split(b",") for name, _, text in pairs}
    found = max(0, _length(told.get(b"END", [b""])[0]) - position)
    for allele, text in zip(alts, told.get(b"SVLEN", []), strict=False):
        if _LONG.fullmatch(allele):
            found = max(found, 1 + _length(text.removeprefix(b"-")))
    return found


def _length(text: bytes) -> int:
    return whole_number(text.decode("utf-8", "replace")) or 0


def describe(read: Genotypes, info: list[str], version: str) -> Genotypes:
    """Put in what INFO says: how many reference bases each allele replaces, and the letters of tandem repeats.

    Parameters
    ----------
    read : Genotypes
    info : list of str
        INFO of the records with an allele that `is_described`, in order.
    version : str
        ``fileformat`` of the header.
    """
    found = re.search(r"([0-9]{1,3})\.([0-9]{1,3})", version)
    per_allele = found is not None and (int(found[1]), int(found[2])) >= _PER_ALLELE
    spans = read.allele_spans().copy()
    letters: dict[int, bytes] = {}
    for v, text in zip(_described_records(read), info, strict=True):
        first = int(read.first_allele[v])
        alleles = read.alleles(v)
        one = _Record(int(read.position[v]), alleles, text, per_allele)
        for number in range(1, len(alleles)):
            spans[first + number] = one.span(number)
            repeats = one.repeats(number)
            if repeats is not None:
                letters[first + number] = f"{_REPEAT}={repeats}>".encode()
    n_alleles = np.diff(read.first_allele)
    record_of = np.repeat(np.arange(len(read)), n_alleles)
    ref_length = read.ref_length.copy()
    np.maximum.at(ref_length, record_of, spans)
    return _with_letters(replace(read, spans=spans, ref_length=ref_length), letters).without_empty()


def _described_records(read: Genotypes) -> list[int]:
    padded = np.append(read.bases, np.zeros(2, np.uint8))
    first, second = padded[read.allele_offset[:-1]], padded[read.allele_offset[:-1] + 1]
    described = (first == ord("<")) & np.isin(second, [ord(letter) for letter in "CDcd"])
    described &= np.diff(read.allele_offset) > 1
    records = np.searchsorted(read.first_allele, np.flatnonzero(described), side="right") - 1
    return [int(v) for v in np.unique(records)]


def _with_letters(read: Genotypes, letters: dict[int, bytes]) -> Genotypes:
    """Replace the text of some alleles."""
    if not letters:
        return read
    offset, bases = read.allele_offset.tolist(), read.bases.tobytes()
    texts = [letters.get(i, bases[offset[i] : offset[i + 1]]) for i in range(len(offset) - 1)]
    lengths = np.array([len(text) for text in texts], np.int64)
    return replace(read, allele_offset=offsets_of(lengths), bases=np.frombuffer(b"".join(texts), np.uint8))


class _Record:
    """One record with symbolic alleles, and its INFO."""

    def __init__(self, position: int, alleles: tuple[str, ...], info: str, per_allele: bool) -> None:
        self.position, self.alleles, self.per_allele = position, alleles, per_allele
        pairs = (entry.partition("=") for entry in info.split(";"))
        self.info: _Info = {name: text.split(",") for name, _, text in pairs if text}

    def span(self, number: int) -> int:
        """Reference bases that allele ``number`` replaces; 1 (nothing is deleted) where INFO does not say."""
        allele = self.alleles[number]
        if not (is_deletion(allele) or allele.startswith(_REPEAT)):
            return len(self.alleles[0])
        by_end, by_length = self._by_end(), self._by_length(number)
        alone = sum(map(is_deletion, self.alleles)) == 1 and is_deletion(allele)
        order = (by_end, by_length) if alone and not self.per_allele else (by_length, by_end)
        return next((span for span in order if span), 1)

    def _by_end(self) -> int:
        end = _whole(self.info.get("END", ["."])[0])
        return max(0, end - self.position) if end is not None else 0

    def _by_length(self, number: int) -> int:
        length = _whole(self._entry("SVLEN", number))
        return 1 + abs(length) if length else 0

    def _entry(self, name: str, number: int) -> str:
        """Value of an alternative allele; one value alone is of all of them."""
        values = self.info.get(name, ["."])
        if len(values) == 1:
            return values[0]
        return values[number - 1] if number <= len(values) else "."

    def repeats(self, number: int) -> str | None:
        """Letters of a tandem repeat: RN units of RUS, RUC times each; None where INFO does not spell them out."""
        if not self.alleles[number].startswith(_REPEAT) or self.span(number) < 2 or "RUB" in self.info:
            return None
        first = sum(self._n_repeats(i) for i in range(1, number))
        last = first + self._n_repeats(number)
        if last > len(self.info.get("RUS", [])):
            return None
        units = [self._unit(i, number) for i in range(first, last)]
        return None if not units or None in units else "".join(map(str, units))

    def _n_repeats(self, number: int) -> int:
        written = _whole(self._entry("RN", number)) if "RN" in self.info else None
        return int(self.alleles[number].startswith(_REPEAT)) if written is None else written

    def _unit(self, index: int, number: int) -> str | None:
        unit = self._listed("RUS", index).upper()
        if not unit or not set(unit) <= set("ACGTN"):
            return None
        length = _whole(self._entry("RB", number)) if self._n_repeats(number) == 1 else None
        count = finite_number(self._listed("RUC", index))
        if count is not None:
            length = round(count * len(unit))
        if length is None or not 0 <= length <= _LONGEST_REPEAT:
            return None
        return (unit * (length // len(unit) + 1))[:length]

    def _listed(self, name: str, index: int) -> str:
        values = self.info.get(name, [])
        return values[index] if index < len(values) else ""


def _whole(text: str) -> int | None:
    value = whole_number(text[text[:1] in ("+", "-") :])
    return -value if value is not None and text[:1] == "-" else value
