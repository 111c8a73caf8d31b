"""REF against the FASTA: what agrees, what the FASTA masks, and what is of another assembly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..io.genotypes import Genotypes

__all__ = ["AGREES", "DIFFERS", "MASKED", "KnownLetters", "compare_reference", "n_iupac"]

AGREES, MASKED, DIFFERS = range(3)

Uint8Array = NDArray[np.uint8]

# Which of A, C, G, T (bits 0 to 3) an IUPAC code may be.
_CODES: Final = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip


def _tables() -> tuple[Uint8Array, Uint8Array]:
    bits, first = np.zeros(256, np.uint8), np.arange(256, dtype=np.uint8)
    for code, letters in _CODES.items():
        bits[ord(code)] = sum(1 << "ACGT".index(letter) for letter in letters)
        # VCF 4.3: an IUPAC code of the reference is written as its first base in the alphabet; N stays N.
        first[ord(code)] = ord(code if code == "N" else letters[0])
    return bits, first


_BITS, _FIRST = _tables()
_AMBIGUOUS = np.array([bin(bits).count("1") > 1 for bits in _BITS.tolist()])


def n_iupac(letters: Uint8Array) -> int:
    """Return how many letters are IUPAC codes of two or three bases, which models read as unknown."""
    return int(np.count_nonzero(_AMBIGUOUS[letters] & (letters != ord("N"))))


def compare_reference(
    genotypes: Genotypes, bases: Uint8Array, reference: Uint8Array, reference_start: int, contig_end: int | None
) -> Uint8Array:
    """Compare each REF with the FASTA, as far as the fetched stretch covers it.

    Parameters
    ----------
    genotypes : Genotypes
    bases : uint8 array
        Its alleles in upper case.
    reference : uint8 array
        Upper-case bases from ``reference_start`` on; N past the end of the contig.
    reference_start : int
    contig_end : int or None
        Length of the contig; None: not known.

    Returns
    -------
    uint8 array, shape (V,)
        `AGREES`, also where REF is the first base of an IUPAC code, or N where the FASTA has any code; `MASKED` where
        the FASTA has N or an IUPAC code that may be the base of REF; `DIFFERS`.
    """
    ref_index = genotypes.first_allele[:-1]
    offsets, lengths = genotypes.allele_offset[ref_index], np.diff(genotypes.allele_offset)[ref_index]
    first = genotypes.position - reference_start
    verdicts = np.full(len(genotypes), AGREES, np.uint8)
    single = (lengths == 1) & (first >= 0) & (first < reference.size)
    verdicts[single] = _compare(bases[offsets[single]], reference[first[single]])
    for v in np.flatnonzero(lengths > 1).tolist():
        begin, end = max(0, int(first[v])), max(0, min(reference.size, int(first[v] + lengths[v])))
        letters = bases[offsets[v] : offsets[v] + lengths[v]][begin - first[v] : end - first[v]]
        verdicts[v] = _compare(letters, reference[begin:end]).max(initial=AGREES)
    if contig_end is not None:
        verdicts[genotypes.position + lengths > contig_end] = DIFFERS
    return verdicts


def _compare(letters: Uint8Array, found: Uint8Array) -> Uint8Array:
    """Verdict of every letter of REF against the letter of the FASTA."""
    ambiguous = _AMBIGUOUS[found]
    agrees = (letters == found) | (letters == _FIRST[found]) | (ambiguous & (letters == ord("N")))
    masked = ambiguous & ((_BITS[letters] & _BITS[found]) > 0)
    return np.where(agrees, AGREES, np.where(masked, MASKED, DIFFERS)).astype(np.uint8)


class KnownLetters(NamedTuple):
    """Bases that REF gives where the FASTA has N or an IUPAC code: who carries REF carries these.

    Attributes
    ----------
    position : int64 array, shape (K,)
    letter : uint8 array, shape (K,)
    """

    position: NDArray[np.int64]
    letter: Uint8Array

    @classmethod
    def of(cls, genotypes: Genotypes, bases: Uint8Array, reference: Uint8Array, reference_start: int) -> KnownLetters:
        """Find them; of two records the first counts."""
        unknown = np.flatnonzero(_AMBIGUOUS[reference]) + reference_start
        ref_index = genotypes.first_allele[:-1]
        offsets, lengths = genotypes.allele_offset[ref_index], np.diff(genotypes.allele_offset)[ref_index]
        first = np.searchsorted(unknown, genotypes.position)
        last = np.searchsorted(unknown, genotypes.position + lengths)
        found: dict[int, int] = {}
        for v in np.flatnonzero(last > first).tolist():
            for at in unknown[first[v] : last[v]].tolist():
                letter = int(bases[offsets[v] + at - genotypes.position[v]])
                if not _AMBIGUOUS[letter]:
                    found.setdefault(at, letter)
        return cls(np.array(list(found), np.int64), np.array(list(found.values()), np.uint8))

    @classmethod
    def concatenate(cls, parts: Sequence[KnownLetters]) -> KnownLetters:
        """Join those of consecutive blocks."""
        found = {at: letter for part in reversed(parts) for at, letter in zip(*(a.tolist() for a in part), strict=True)}
        return cls(np.array(list(found), np.int64), np.array(list(found.values()), np.uint8))

    def within(self, start: int, end: int) -> bool:
        """Whether any of them lies in [start, end)."""
        return bool(((self.position >= start) & (self.position < end)).any())

    def put_into(self, reference: Uint8Array, start: int) -> Uint8Array:
        """Return the stretch from ``start`` on with these letters."""
        inside = (self.position >= start) & (self.position < start + reference.size)
        if not inside.any():
            return reference
        known = reference.copy()
        known[self.position[inside] - start] = self.letter[inside]
        return known
