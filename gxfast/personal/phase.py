"""Heterozygous calls of one person in several phase sets: who has them in a window, and how the sets are joined."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.genotypes import Genotypes
from .alleles import Rows, Table
from .haploid import HaploidCalls
from .policy import HaplotypePolicy

__all__ = ["Draws", "PhaseCalls", "draw_phasings", "refuse_several_sets", "several_sets", "turn_sets"]

NameOf = Callable[[int], str]
Int64Array = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class PhaseCalls(NamedTuple):
    """Heterozygous calls with the phase set of each, by record and person.

    Attributes
    ----------
    record : int64 array, shape (P,)
        Row of the variant table, ascending.
    person : int64 array, shape (P,)
    phase_set : int64 array, shape (P,)
        As in `Genotypes`; a call without phase is a set of its own.
    smaller_first : bool array, shape (P,)
        The smaller allele is on the first haplotype, as written.
    start, end : int64 arrays, shape (P,)
        Reference interval of the record.
    """

    record: Int64Array
    person: Int64Array
    phase_set: Int64Array
    smaller_first: BoolArray
    start: Int64Array
    end: Int64Array

    @classmethod
    def of(
        cls, genotypes: Genotypes, policy: HaplotypePolicy, table: Table, calls: NDArray[np.int8], rows: Int64Array
    ) -> PhaseCalls | None:
        """Find them; None where all calls of everybody are of the set of the whole contig.

        ``calls`` and ``table`` are those after the policies; row ``i`` came from record ``rows[i]``.
        """
        loose = genotypes.unphased if policy.draws_unphased else np.zeros_like(genotypes.unphased)
        if genotypes.phase_set is None and not loose.any():
            return None
        record, person = np.nonzero((calls[:, :, 0] != calls[:, :, 1]) & (genotypes.calls[rows, :, 1] != -2))
        source = rows[record]
        named = np.zeros(len(source), np.int64) if genotypes.phase_set is None else genotypes.phase_set[source, person]
        phase_set = np.where(loose[source, person], _own_set(genotypes, source), named)
        start = table[0][record]
        pair = calls[record, person]
        return cls(record, person, phase_set, pair[:, 0] < pair[:, 1], start, start + table[1][record])

    @classmethod
    def of_contig(cls, carried: Rows, table: Table, haploid: HaploidCalls) -> PhaseCalls:
        """Find the heterozygous calls of a block whose calls are all of the set of the whole contig."""
        n_people = carried.n // 2
        row = carried.row_of_each()
        record = np.searchsorted(table[2], carried.values, side="right") - 1
        keys, call = np.unique(record * n_people + row // 2, return_inverse=True)
        pair = np.zeros((len(keys), 2), np.int64)
        pair[call, row % 2] = carried.values - table[2][record]
        record, person = keys // max(n_people, 1), keys % max(n_people, 1)
        keep = pair[:, 0] != pair[:, 1]
        if haploid.calls is not None:
            keep &= ~haploid.calls[record, person]
        record, person, pair = record[keep], person[keep], pair[keep]
        start = table[0][record]
        nothing = np.zeros(len(record), np.int64)
        return cls(record, person, nothing, pair[:, 0] < pair[:, 1], start, start + table[1][record])

    @classmethod
    def concatenate(cls, parts: Sequence[PhaseCalls], n_records: Sequence[int]) -> PhaseCalls:
        """Join those of consecutive blocks with so many rows of the table each."""
        shifts = np.cumsum([0, *n_records])
        found = [part._replace(record=part.record + shift) for part, shift in zip(parts, shifts, strict=False)]
        return cls(*(np.concatenate(columns) for columns in zip(*found, strict=True)))

    def take(self, chosen: BoolArray) -> PhaseCalls:
        """Return some of the calls."""
        columns: Any = [column[chosen] for column in self]
        return PhaseCalls(*columns)

    def within(self, low: int | Int64Array, high: int | Int64Array) -> PhaseCalls:
        """Return the calls of records that touch [low, high), which may differ by call."""
        return self.take((self.start < high) & (self.end > low))

    def ambiguous(self) -> Int64Array:
        """Return the people with calls of several sets, ascending."""
        pairs = np.unique(np.stack([self.person, self.phase_set]), axis=1)
        people, n_sets = np.unique(pairs[0], return_counts=True)
        return people[n_sets > 1]

    def first_two(self) -> tuple[int, int, int]:
        """Return the first person with several sets, and the first call of each of the first two of them."""
        person = int(self.ambiguous()[0])
        mine = np.flatnonzero(self.person == person)
        other = mine[self.phase_set[mine] != self.phase_set[mine[0]]]
        return person, int(mine[0]), int(other[0])


def _own_set(genotypes: Genotypes, records: Int64Array) -> Int64Array:
    """A set for each record: of its position and its place among the records there, whatever else was read."""
    position = genotypes.position[records]
    place = records - np.searchsorted(genotypes.position, position)
    mixed: Int64Array = _mix(position.astype(np.uint64) * np.uint64(1024) + place.astype(np.uint64)).view(np.int64)
    return mixed


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64: numbers that are close together become unrelated ones."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return result


def several_sets(calls: PhaseCalls | None, person_of_row: Int64Array, extents: Int64Array) -> PhaseCalls | None:
    """Return the calls of people with several sets, as far as a haplotype of theirs reaches; None without any.

    ``extents`` (N, 2 or more): reference interval of each haplotype, of the person ``person_of_row``.
    """
    if calls is None:
        return None
    n_people = int(max(calls.person.max(initial=-1), person_of_row.max(initial=-1))) + 1
    low, high = np.full(n_people, 2**62), np.full(n_people, -1)
    np.minimum.at(low, person_of_row, extents[:, 0])
    np.maximum.at(high, person_of_row, extents[:, 1])
    reached = calls.within(low[calls.person], high[calls.person])
    several = reached.take(np.isin(reached.person, reached.ambiguous()))
    return several if len(several.person) else None


def refuse_several_sets(calls: PhaseCalls, samples: Sequence[str], source: str, chrom: str, name_of: NameOf) -> None:
    """Raise InputError for the first person with calls of several sets; ``name_of`` describes a row of the table."""
    person, one, other = calls.first_two()
    names = [name_of(int(calls.record[i])) for i in (one, other)]
    sets = [_set_name(int(calls.phase_set[i])) for i in (one, other)]
    raise InputError(
        f"sample {samples[person]} is heterozygous at both in different phase sets ({sets[0]}, {sets[1]}): whether "
        "they stand on one chromosome is not known",
        path=source,
        record=f"{chrom}:{names[0]} and {chrom}:{names[1]}",
        remedy="phase the VCF with a panel (SHAPEIT, Beagle), draw phasings with "
        '`policy=gx.HaplotypePolicy(phase="sample:10")`, or take `policy=gx.HaplotypePolicy(phase="as_one")` '
        "(the order as written) or per_set (each set turned to its first call)",
    )


def _set_name(phase_set: int) -> str:
    if phase_set == 0:
        return "none named: the whole contig's"
    return f"PS {phase_set - 1}" if phase_set > 0 else "a named one"


def turn_sets(carried: Rows, first_allele: Int64Array, calls: PhaseCalls, core: tuple[int, int]) -> Rows:
    """Turn each set of each person so that its first heterozygous call has the smaller allele first.

    The first call is looked for in the core, and beyond it where the set has none there.
    """
    touches = (calls.start < core[1]) & (calls.end > core[0])
    order = np.lexsort((calls.record, ~touches, calls.phase_set, calls.person))
    pairs = np.stack([calls.person, calls.phase_set])
    _, first, of_pair = np.unique(pairs[:, order], axis=1, return_index=True, return_inverse=True)
    turned = np.empty(len(order), np.bool_)
    turned[order] = ~calls.smaller_first[order][first][of_pair.reshape(-1)]
    return _exchange(carried, _call_of_each(carried, first_allele, calls), turned)


def _call_of_each(carried: Rows, first_allele: Int64Array, calls: PhaseCalls) -> Int64Array:
    """The heterozygous call that each carried allele is of; -1 where it is of none."""
    n_people = carried.n // 2
    record = np.searchsorted(first_allele, carried.values, side="right") - 1
    keys, wanted = calls.record * n_people + calls.person, record * n_people + carried.row_of_each() // 2
    at = np.searchsorted(keys, wanted)
    found = np.append(keys, -1)[at] == wanted
    result: Int64Array = np.where(found, at, -1)
    return result


def _exchange(carried: Rows, call_of_each: Int64Array, turned: BoolArray) -> Rows:
    """Give the alleles of the calls that are turned to the other haplotype of the same person."""
    row = carried.row_of_each() ^ np.append(turned, False)[call_of_each]
    order = np.lexsort((carried.values, row))
    offset = np.zeros(carried.n + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=carried.n), out=offset[1:])
    return Rows(offset, carried.values[order])


class Draws(NamedTuple):
    """Haplotypes of the people whose phase is drawn.

    Attributes
    ----------
    people : int64 array, shape (A,)
    rows : Rows, K x A x 2 of them
        Alleles that each of their haplotypes carries in each draw.
    """

    people: Int64Array
    rows: Rows


def draw_phasings(
    carried: Rows, first_allele: Int64Array, calls: PhaseCalls, samples: Sequence[str], policy: HaplotypePolicy
) -> Draws:
    """Draw which way round each set of each person lies, ``policy.n_phasings`` times.

    A draw depends on the seed, its number, the person's name and the set alone: a set lies the same way round in every
    window, whoever else is there.
    """
    people = calls.ambiguous()
    of_people = np.isin(calls.person, people)
    calls = calls.take(of_people)._replace(person=np.searchsorted(people, calls.person[of_people]))
    base = carried.take(np.stack([2 * people, 2 * people + 1], axis=1).reshape(-1))
    call_of_each = _call_of_each(base, first_allele, calls)
    names = np.array([_number_of(samples[person]) for person in people.tolist()], np.uint64)
    draws = [
        _exchange(base, call_of_each, _turned(calls, names, policy.seed, number)) for number in range(policy.n_phasings)
    ]
    offsets = np.cumsum([0, *(len(draw.values) for draw in draws)])
    offset = np.concatenate([draw.offset[:-1] + shift for draw, shift in zip(draws, offsets, strict=False)])
    rows = Rows(np.append(offset, offsets[-1]), np.concatenate([draw.values for draw in draws]))
    return Draws(people, rows)


def _turned(calls: PhaseCalls, names: NDArray[np.uint64], seed: int, number: int) -> BoolArray:
    start = _mix(_mix(np.array([seed], np.uint64)) + np.uint64(number))
    mixed = _mix(_mix(names[calls.person] ^ start) + calls.phase_set.view(np.uint64))
    turned: BoolArray = (mixed >> np.uint64(63)).astype(np.bool_)
    return turned


def _number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
