"""Genotypes as counts of the alternative allele, for linear models: ploidy and missing calls are decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..io.vcf import Genotypes, GenotypeSource

__all__ = ["AlleleCalls", "Dosages", "count_alternative", "diploid", "first_of_each", "is_bases", "snvs_in"]

Float64Array = NDArray[np.float64]

_BASES = frozenset("ACGTN")


@dataclass(frozen=True, slots=True, repr=False)
class AlleleCalls(Brief):
    """What was called at V records of S people.

    Attributes
    ----------
    copies : int8 or float64 array, shape (V, S)
        Of the alternative allele, among the alleles that were called.
    called : int8 array, shape (V, S)
        Alleles called: 2, 1 (a haploid call, or a half-missing one), or 0.
    haploid : bool array, shape (V, S)
        Calls of one allele, missing or not.
    """

    copies: NDArray[Any]
    called: NDArray[np.int8]
    haploid: NDArray[np.bool_]

    def at(self, where: Any) -> AlleleCalls:
        """Return some of the records, or of the people, by an index of the arrays."""
        return AlleleCalls(self.copies[where], self.called[where], self.haploid[where])

    @staticmethod
    def of_diploid(values: NDArray[Any]) -> AlleleCalls:
        """Return the calls of dosages where everybody has two called alleles."""
        return AlleleCalls(values, np.full(values.shape, 2, np.int8), np.zeros(values.shape, np.bool_))

    @staticmethod
    def join(parts: Sequence[AlleleCalls]) -> AlleleCalls:
        """Return the calls of consecutive records, of the same people."""
        copies, called, haploid = ([getattr(one, name) for one in parts] for name in ("copies", "called", "haploid"))
        return AlleleCalls(np.concatenate(copies), np.concatenate(called), np.concatenate(haploid))


@dataclass(frozen=True, slots=True, repr=False)
class Dosages(Brief):
    """Copies of the alternative allele at the biallelic records of a window.

    Attributes
    ----------
    chrom : str
    position : int64 array, shape (V,)
        0-based.
    variant_id : tuple of str, length V
        ``chrom_pos_ref_alt``, 1-based.
    ref, alt : tuple of str, length V
    values : int8 array, shape (V, S); float64 of imputed dosages
        0, 1 or 2; a haploid call counts double, 0 or 2, as in the mean over the haplotypes a person has.
    n_missing : int64 array, shape (V,)
        Calls that were not there; their value is the most frequent dosage (the smaller of equal ones), the mean of
        imputed dosages.
    n_skipped : int
        Records without exactly one alternative allele made of bases.
    calls : AlleleCalls or None
        None where everybody has two called alleles at every record: then ``values`` are the copies.
    """

    chrom: str
    position: NDArray[np.int64]
    variant_id: tuple[str, ...]
    ref: tuple[str, ...]
    alt: tuple[str, ...]
    values: NDArray[Any]
    n_missing: NDArray[np.int64]
    n_skipped: int = 0
    calls: AlleleCalls | None = None

    def take(self, rows: NDArray[np.int64]) -> Dosages:
        """Return the variants ``rows``."""
        ids, ref, alt = (tuple(names[i] for i in rows) for names in (self.variant_id, self.ref, self.alt))
        return Dosages(
            self.chrom, self.position[rows], ids, ref, alt, self.values[rows], self.n_missing[rows], self.n_skipped,
            self.calls and self.calls.at(rows),
        )  # fmt: skip

    @staticmethod
    def join(parts: Sequence[Dosages]) -> Dosages:
        """Return the variants of consecutive pieces of a region, at least one, of the same people."""
        if len(parts) == 1:
            return parts[0]
        calls = None
        if any(part.calls is not None for part in parts):
            calls = AlleleCalls.join([part.calls or AlleleCalls.of_diploid(part.values) for part in parts])
        ids, ref, alt = (
            tuple(name for part in parts for name in getattr(part, of)) for of in ("variant_id", "ref", "alt")
        )
        return Dosages(
            parts[0].chrom, np.concatenate([part.position for part in parts]), ids, ref, alt,
            np.concatenate([part.values for part in parts]), np.concatenate([part.n_missing for part in parts]),
            sum(part.n_skipped for part in parts), calls,
        )  # fmt: skip

    @property
    def nbytes(self) -> int:
        """Bytes of dosages and calls."""
        calls = self.calls
        more = 0 if calls is None else calls.copies.nbytes + calls.called.nbytes + calls.haploid.nbytes
        return int(self.values.nbytes) + more

    def among(self, people: NDArray[Any]) -> Dosages:
        """Return the same variants of some people, by their index or a mask."""
        where = slice(None), people
        return replace(self, values=self.values[where], calls=self.calls and self.calls.at(where))

    @property
    def copies(self) -> NDArray[Any]:
        """Copies of the alternative allele among the alleles called, shape (V, S)."""
        return self.values if self.calls is None else self.calls.copies

    @property
    def n_called(self) -> NDArray[np.int64]:
        """Alleles called at each variant: 2 of a diploid call, 1 of a haploid one, shape (V,)."""
        if self.calls is None:
            return np.full(len(self.values), 2 * self.values.shape[1], np.int64)
        return np.asarray(self.calls.called.sum(axis=1, dtype=np.int64))

    @property
    def frequency(self) -> Float64Array:
        """Copies per called allele, as AF of ``bcftools +fill-tags``; NaN where nobody was called; shape (V,)."""
        copies, n = self._n_copies(), self.n_called
        return np.asarray(np.divide(copies, n, out=np.full(len(copies), np.nan), where=n > 0))

    @property
    def minor_frequency(self) -> Float64Array:
        """Frequency of the rarer allele, shape (V,)."""
        frequency = self.frequency
        return np.minimum(frequency, 1 - frequency)

    @property
    def minor_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """People with the rarer allele, and called copies of it, as tensorQTL counts them; shapes (V,)."""
        copies, n, mine = self._n_copies(), self.n_called, self.copies
        rare = copies * 2 <= n
        called = 2 if self.calls is None else self.calls.called
        least = self._least
        people = np.where(rare, np.count_nonzero(mine > least, axis=1), np.count_nonzero(called - mine > least, axis=1))
        return people, np.rint(np.where(rare, copies, n - copies)).astype(np.int64)

    @property
    def _least(self) -> float:
        """Carriers have more copies than this."""
        return 0 if self.copies.dtype.kind == "i" else 0.5

    def _n_copies(self) -> NDArray[Any]:
        mine = self.copies
        return np.asarray(mine.sum(axis=1, dtype=np.int64 if mine.dtype.kind == "i" else np.float64))

    @property
    def n_carriers(self) -> NDArray[np.int64]:
        """People with the alternative allele, shape (V,)."""
        return np.asarray((self.copies > self._least).sum(axis=1, dtype=np.int64))

    @property
    def n_people(self) -> NDArray[np.int64]:
        """People with a called allele, shape (V,)."""
        if self.calls is None:
            return np.full(len(self.values), self.values.shape[1], np.int64)
        return np.asarray((self.calls.called > 0).sum(axis=1, dtype=np.int64))

    def as_read(self, ploidy: NDArray[Any] | None, rule: str) -> Float64Array:
        """Return the dosages of a model's linear approximation, shape (V, S).

        They are the alternative alleles on a person's haplotypes: what was not called is the reference, and a haploid
        call counts once. Where a card takes the mean of haplotypes, they count double of a person who has one in the
        window (haploid at some of its records is diploid in the window).

        Parameters
        ----------
        ploidy : int array, shape (S,), or None
            Haplotypes that each person has in the window; None: two.
        rule : {"mean", "sum"}
            The card's.
        """
        values = self.copies.astype(np.float64)
        if ploidy is not None and rule == "mean":
            values[:, ploidy == 1] *= 2
        return values


def is_bases(*alleles: str) -> bool:
    """Whether alleles are made of bases, in upper case."""
    return _BASES.issuperset("".join(alleles))


def first_of_each(
    position: NDArray[np.int64], rows: Iterable[int], alleles_of: Callable[[int], Sequence[str]]
) -> tuple[list[int], list[tuple[str, str]]]:
    """Return which of some rows are biallelic records of bases, and their alleles; of equal records, the first."""
    found: dict[tuple[int, str, str], int] = {}
    for v in rows:
        alleles = alleles_of(v)
        if len(alleles) == 2 and is_bases(*alleles):
            found.setdefault((int(position[v]), alleles[0], alleles[1]), v)
    return list(found.values()), [(ref, alt) for _, ref, alt in found]


def diploid(copies: NDArray[Any], haploid: NDArray[np.bool_], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """Return dosages: a haploid call counts double, and missing ones get what is usual at their record.

    That is the most frequent dosage of whole numbers (the smaller of equal ones), the mean of others; 0 of none.

    Parameters
    ----------
    copies, haploid, missing : arrays, shape (V, S) or (S,)
    """
    result = np.where(haploid, 2 * copies, copies)
    _complete(np.atleast_2d(result), np.atleast_2d(missing))
    return result


def _complete(values: NDArray[Any], missing: NDArray[np.bool_]) -> None:
    for v in np.flatnonzero(missing.any(axis=1)):
        known = values[v, ~missing[v]]
        if values.dtype.kind == "f":
            values[v, missing[v]] = known.mean() if known.size else 0
        else:
            values[v, missing[v]] = np.bincount(known, minlength=3).argmax() if known.size else 0


def count_alternative(genotypes: Genotypes) -> Dosages:
    """Count alternative alleles of the records that start in the region read; one that is there twice counts once.

    Parameters
    ----------
    genotypes : Genotypes

    Returns
    -------
    Dosages
    """
    inside = (genotypes.position >= genotypes.start) & (genotypes.position < genotypes.end)
    biallelic = np.flatnonzero(inside & (np.diff(genotypes.first_allele) == 2)).tolist()
    alleles, first = genotypes.all_alleles(), genotypes.first_allele.tolist()
    rows, texts = first_of_each(genotypes.position, biallelic, lambda v: alleles[first[v] : first[v] + 2])
    index = np.array(rows, np.int64)
    values, missing, calls = _counted(genotypes.calls[index])
    ids = tuple(
        f"{genotypes.chrom}_{genotypes.position[v] + 1}_{ref}_{alt}" for v, (ref, alt) in zip(rows, texts, strict=True)
    )
    return Dosages(
        genotypes.chrom, genotypes.position[index], ids, tuple(pair[0] for pair in texts),
        tuple(pair[1] for pair in texts), values, missing, int(inside.sum()) - len(rows), calls,
    )  # fmt: skip


def _counted(calls: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int64], AlleleCalls | None]:
    """Dosages, missing calls by record, and what was called where that is not two alleles of everybody."""
    # a sum over an axis of two is ten times as slow
    copies = np.add(*((calls[:, :, i] > 0).view(np.int8) for i in (0, 1)))
    if not calls.size or calls.min() >= 0:
        return copies, np.zeros(len(calls), np.int64), None
    haploid, missing = calls[:, :, 1] == -2, (calls == -1).any(axis=2)
    values = diploid(copies, haploid, missing)
    made = AlleleCalls(copies, (calls >= 0).sum(axis=2, dtype=np.int8), haploid)
    return values, missing.sum(axis=1).astype(np.int64), made


def snvs_in(genotypes: GenotypeSource, chrom: str, start: int, end: int, *, passed: bool = False) -> Dosages:
    """Count alternative alleles of the biallelic SNVs in [start, end); ``n_skipped`` counts all other records.

    ``passed``: only records whose FILTER is PASS are looked at.
    """
    found = genotypes.region(chrom, max(0, start), end)
    if passed and not found.passed.all():
        found = found.take(np.flatnonzero(found.passed), found.start, found.end)
    dosages = count_alternative(found)
    single = np.array([len(r) == 1 and len(a) == 1 for r, a in zip(dosages.ref, dosages.alt, strict=True)], bool)
    kept = dosages.take(np.flatnonzero(single))
    return replace(kept, n_skipped=dosages.n_skipped + int((~single).sum()))
