"""Compiled kernels against their NumPy twins on generated inputs: equal to the last byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.kernels import backend
from gxfast.personal.alleles import Rows

CPP, TWIN = backend("cpp"), backend("numpy")
START = 100  # reference position of the first base given
modest = settings(derandomize=True, max_examples=300, deadline=None)
LETTERS = st.text("ACGTN", min_size=1, max_size=5)


def as_bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[Any, ...], np.ndarray, np.ndarray]:
    """A variant table, alleles per haplotype and the reference; overlapping records on purpose."""
    reference = draw(st.text("ACGT", min_size=1, max_size=40))
    end = START + len(reference)
    texts, first, positions, ref_lengths = [], [0], [], []
    position = START - 2
    for step in draw(st.lists(st.integers(0, 7), max_size=9)):
        position += step
        if position >= end + 3:
            break
        ref_length = draw(st.sampled_from([1, 1, 1, 2, 3, 6]))
        ref = "".join(reference[p - START] if START <= p < end else "N" for p in range(position, position + ref_length))
        anchored = st.builds(lambda tail, ref=ref: ref[0] + tail, st.text("ACGT", max_size=4))
        alts = draw(st.lists(st.one_of(anchored, LETTERS, st.just(ref[0])), min_size=1, max_size=3))
        # A symbolic record has a REF of one letter but covers more.
        texts += [ref if draw(st.integers(0, 5)) else ref[0], *alts]
        first.append(len(texts))
        positions.append(position)
        ref_lengths.append(ref_length)
    offsets = np.cumsum([0] + [len(t) for t in texts])
    table = (
        np.array(positions, np.int64), np.array(ref_lengths, np.int64), np.array(first, np.int64),
        offsets.astype(np.int64), as_bytes("".join(texts)),
    )  # fmt: skip
    n_haplotypes = draw(st.integers(0, 4))
    n_alleles = np.diff(first)
    alleles = [[draw(st.integers(0, int(n) - 1)) for n in n_alleles] for _ in range(n_haplotypes)]
    return table, np.array(alleles, np.int8).reshape(n_haplotypes, len(positions)), as_bytes(reference)


def equal(found: Any, expected: Any) -> bool:
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def carried(table: tuple[Any, ...], alleles: np.ndarray) -> Rows:
    """What each haplotype carries, overlaps unresolved."""
    return Rows(*CPP.carried_alleles(np.ascontiguousarray(alleles.T), table[2]))


def resolved(table: tuple[Any, ...], alleles: np.ndarray) -> Rows:
    """The alleles in effect after both backends resolved the overlaps, which must agree."""
    rows = carried(table, alleles)
    found, expected = (k.resolve_overlaps(k.Variants(*table), *rows) for k in (CPP, TWIN))
    assert equal(found, expected)
    return Rows(*found)


class TestHaplotypes:
    @modest
    @given(worlds(), st.integers(START - 10, START + 50), st.integers(0, 30), st.integers(1, 30))
    def test_anchored(self, world: Any, anchor: int, left: int, right: int) -> None:
        table, raw, reference = world
        rows = resolved(table, raw)
        found = {}
        for kernels in (CPP, TWIN):
            where = (kernels.Variants(*table), *rows, reference, START, anchor, left, right)
            extents = np.full((rows.n, 3), -9, np.int64)
            bases = np.zeros((rows.n, left + right), np.uint8)
            positions = np.full((rows.n, left + right), -9, np.int64)
            kernels.haplotype_extents(*where, extents)
            kernels.haplotype_bases(*where, bases, 2)
            kernels.haplotype_positions(*where, positions, 1)
            encoded = np.zeros((rows.n, 4, left + right), np.uint16)
            letters = np.arange(1024, dtype=np.uint16).reshape(256, 4)
            kernels.haplotype_one_hot(*where, letters, True, True, False, encoded, 2)
            found[kernels] = extents, bases, positions, encoded
        for name, compiled, twin in zip(
            ("extents", "bases", "positions", "one-hot"), found[CPP], found[TWIN], strict=True
        ):
            assert np.array_equal(compiled, twin), name

    @modest
    @given(worlds(), st.integers(0, 30), st.integers(1, 30), st.integers(START - 5, START + 45))
    def test_extents_say_which_edits_show(self, world: Any, left: int, right: int, anchor: int) -> None:
        """Dropping the edits outside the extents changes no base: what merging haplotypes relies on."""
        table, raw, reference = world
        rows = resolved(table, raw)
        where = (reference, START, anchor, left, right)
        extents = np.empty((rows.n, 3), np.int64)
        variants = CPP.Variants(*table)
        CPP.haplotype_extents(variants, *rows, *where, extents)
        twin = TWIN.Variants(*table)
        shows = []
        for row, allele in zip(rows.row_of_each(), rows.values.tolist(), strict=True):
            v, a = twin.record_of(allele)
            start = table[0][v] + twin.extends_after_anchor(v, a)
            shows.append(start < extents[row, 1] and table[0][v] + table[1][v] > extents[row, 0])
        kept = rows.where(np.array(shows, bool))
        before, after = (np.empty((rows.n, left + right), np.uint8) for _ in range(2))
        CPP.haplotype_bases(variants, *rows, *where, before, 1)
        CPP.haplotype_bases(variants, *kept, *where, after, 1)
        assert np.array_equal(before, after)

    @modest
    @given(worlds(), st.integers(START - 5, START + 40), st.integers(0, 40))
    def test_consensus(self, world: Any, start: int, length: int) -> None:
        table, raw, reference = world
        rows = resolved(table, raw)
        results = [k.consensus(k.Variants(*table), *rows, reference, START, start, start + length) for k in (CPP, TWIN)]
        assert results[0] == results[1]

    def test_threads_do_not_change_a_byte(self) -> None:
        rng = np.random.default_rng(4)
        n, width = 300, 60
        table = (
            np.arange(110, 110 + 3 * width, 3), np.ones(width, np.int64), np.arange(0, 2 * width + 1, 2),
            np.cumsum(np.r_[0, np.tile([1, 2], width)]), as_bytes("AAT" * width),
        )  # fmt: skip
        alleles = rng.integers(0, 2, (n, width)).astype(np.int8)
        where = (CPP.Variants(*table), *carried(table, alleles), as_bytes("A" * 400), 100, 200, 90, 110)
        one, three = (np.empty((n, 200), np.uint8) for _ in range(2))
        CPP.haplotype_bases(*where, one, 1)
        CPP.haplotype_bases(*where, three, 3)
        assert np.array_equal(one, three)


class TestOthers:
    @modest
    @given(
        st.integers(0, 5), st.integers(0, 200), st.sampled_from(["u1", "u2", "u4", "u8"]), st.booleans(),
        st.booleans(), st.booleans(), st.booleans(), st.integers(1, 3), st.integers(0, 2**32 - 1),
    )  # fmt: skip
    def test_one_hot_and_translate(
        self, n: int, length: int, dtype: str, first: bool, reverse: bool, stream: bool, regular: bool,
        threads: int, seed: int,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng(seed)
        sequences = rng.integers(0, 256, (n, length), np.uint8)
        table = rng.integers(0, np.iinfo(dtype).max, (256, 4), dtype)
        if regular:  # one set channel per byte, or all four alike: what the vector kernels take
            table = np.where(rng.permuted(np.tile(np.eye(4, dtype=bool), (64, 1)), axis=1), table[0, 0] | 1, 0)
            table[rng.random(256) < 0.3] = table[0, 1]
            table = table.astype(dtype)
        letters = rng.integers(0, 256, 256, np.uint8)
        outs, texts = [], []
        for kernels in (CPP, TWIN):
            outs.append(np.empty((n, 4, length) if first else (n, length, 4), dtype))
            kernels.one_hot(sequences, table, first, reverse, stream, outs[-1], threads)
            texts.append(np.empty((n, length), np.uint8))
            kernels.translate(sequences, letters, reverse, texts[-1], threads)
        assert np.array_equal(*outs)
        assert np.array_equal(*texts)

    @modest
    @given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 4), st.integers(0, 2**32 - 1))
    def test_carried_and_unique(self, n_variants: int, n_haplotypes: int, values: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        calls = rng.integers(0, values, (n_variants, n_haplotypes)).astype(np.int8)
        calls[rng.random(calls.shape) < 0.8] = 0
        first_allele = np.arange(0, 4 * n_variants + 1, 4)
        rows = CPP.carried_alleles(calls, first_allele)
        assert equal(rows, TWIN.carried_alleles(calls, first_allele))
        assert equal(CPP.unique_rows(*rows), TWIN.unique_rows(*rows))

    @modest
    @given(st.integers(1, 4), st.integers(0, 5), st.integers(0, 2**32 - 1))
    def test_join_rows(self, n_parts: int, n_rows: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        parts = []
        for _ in range(n_parts):
            offset = np.concatenate([[0], np.cumsum(rng.integers(0, 4, n_rows))])
            parts.append((offset, rng.integers(0, 99, offset[-1], np.int32)))
        shifts = rng.integers(0, 1000, n_parts)
        assert equal(CPP.join_rows(parts, shifts), TWIN.join_rows(parts, shifts))

    @modest
    @given(worlds(), st.integers(START - 5, START + 45), st.integers(0, 20), st.data())
    def test_rows_in_window(self, world: Any, low: int, length: int, data: st.DataObject) -> None:
        table, raw, _ = world
        rows = carried(table, raw)
        chosen = np.array(data.draw(st.lists(st.integers(0, rows.n - 1), max_size=5)) if rows.n else [], np.int64)
        found, expected = (k.rows_in_window(k.Variants(*table), *rows, chosen, low, low + length) for k in (CPP, TWIN))
        assert equal(found, expected)

    @modest
    @given(st.text("ACGTNR", min_size=1, max_size=30), st.data())
    def test_mutagenesis(self, text: str, data: st.DataObject) -> None:
        sequence = as_bytes(text)
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, len(text)))
        found = []
        for kernels in (CPP, TWIN):
            positions = np.full(4 * (end - start), -1, np.int64)
            bases = np.zeros(4 * (end - start), np.uint8)
            n = kernels.list_saturation_edits(sequence, start, end, positions, bases)
            mutants = np.zeros((n, len(text)), np.uint8)
            kernels.write_mutants(sequence, positions[:n].copy(), bases[:n].copy(), mutants, 2)
            found.append((n, positions, bases, mutants))
        for compiled, twin in zip(*found, strict=True):
            assert np.array_equal(compiled, twin)


class TestBindingsRefuse:
    """What the compiled side checks again, because memory depends on it."""

    table = (
        np.array([101]), np.array([1]), np.array([0, 2]), np.array([0, 1, 2]), as_bytes("AC"),
    )  # fmt: skip

    def test_alleles_outside_the_table(self) -> None:
        variants = CPP.Variants(*self.table)
        for bad in ([-1], [2], [1, 1], [1, 0]):
            with pytest.raises(IndexError, match="row 1"):
                CPP.resolve_overlaps(variants, np.array([0, 0, len(bad)]), np.array(bad, np.int32))

    def test_rows_that_do_not_fit(self) -> None:
        variants = CPP.Variants(*self.table)
        for offset in ([0, 2], [-1, 1], [0, 5, 1], []):
            with pytest.raises(ValueError, match="rows"):
                CPP.resolve_overlaps(variants, np.array(offset, np.int64), np.array([1], np.int32))
        with pytest.raises(IndexError, match="row 7"):
            CPP.rows_in_window(variants, np.array([0, 1]), np.array([1], np.int32), np.array([7]), 0, 9)

    def test_tables_that_do_not_fit(self) -> None:
        for k, bad in [
            (1, np.array([1, 1])), (2, np.array([0, 3])), (2, np.array([0])), (2, np.array([0, -1])),
            (3, np.array([0, 1, 9])), (3, np.array([0, 5, 2])), (3, np.array([-4, 1, 2])), (1, np.array([-3])),
        ]:  # fmt: skip
            with pytest.raises(ValueError, match="Variants"):
                CPP.Variants(*self.table[:k], bad, *self.table[k + 1 :])

    def test_alleles_that_still_overlap(self) -> None:
        table = (
            np.array([101, 101]), np.array([5, 2]), np.array([0, 2, 4]), np.array([0, 5, 6, 8, 9]),
            as_bytes("CCCCCCCCC"),
        )  # fmt: skip
        where = (
            CPP.Variants(*table),
            *carried(table, np.ones((1, 2), np.int8)),
            as_bytes("CCCCCCCCCCC"),
            100,
            101,
            1,
            4,
        )
        with pytest.raises(ValueError, match="resolve them first"):
            CPP.haplotype_bases(*where, np.empty((1, 5), np.uint8), 1)

    def test_outputs(self) -> None:
        rows = np.array([0, 1]), np.array([1], np.int32)
        where = (CPP.Variants(*self.table), *rows, as_bytes("ACGT"), 100, 102, 2, 2)
        for bad in (np.empty((1, 5), np.uint8), np.empty((2, 4), np.uint8), np.empty(4, np.uint8)):
            with pytest.raises(ValueError):
                CPP.haplotype_bases(*where, bad, 1)
        for bad in (np.empty((1, 4), np.int8), np.empty((1, 8), np.uint8)[:, ::2]):
            with pytest.raises(TypeError):
                CPP.haplotype_bases(*where, bad, 1)
        readonly = np.empty((1, 4), np.uint8)
        readonly.flags.writeable = False
        with pytest.raises(ValueError):
            CPP.haplotype_bases(*where, readonly, 1)
        with pytest.raises(ValueError, match="negative"):
            CPP.haplotype_bases(*where[:-2], -1, 5, np.empty((1, 4), np.uint8), 1)

    def test_mutants(self) -> None:
        for position in (-1, 4):
            with pytest.raises(IndexError, match=f"position {position} of edit 0"):
                CPP.write_mutants(as_bytes("ACGT"), np.array([position]), as_bytes("A"), np.empty((1, 4), np.uint8), 1)
        with pytest.raises(ValueError, match="no room"):
            CPP.list_saturation_edits(as_bytes("ACGT"), 0, 4, np.empty(15, np.int64), np.empty(16, np.uint8))
        with pytest.raises(ValueError, match="bad range"):
            CPP.list_saturation_edits(as_bytes("ACGT"), 2, 5, np.empty(16, np.int64), np.empty(16, np.uint8))
