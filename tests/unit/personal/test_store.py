"""Haplotypes from a store: the same sequences as from the file, for every haplotype and in every form."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import InputError

CONTIG = "AACCGGTTACGATTACAGGCTTAACCGGATATCCGGTTAACGCGTATA" * 60
SAMPLES = ("ann", "bob", "cy")
SNV = gx.HaplotypePolicy(variants="snv")


def random_records(seed: int, *, indels: bool) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(seed)
    records, position = [], 3
    while position < len(CONTIG) - 20:
        ref, kind = CONTIG[position - 1], rng.random()
        if indels and kind < 0.15:
            ref, alt = CONTIG[position - 1 : position + int(rng.integers(1, 9))], CONTIG[position - 1]
            if ref == alt:
                alt += "G"
        elif indels and kind < 0.3:
            alt = ref + "".join(rng.choice(list("ACGT"), int(rng.integers(1, 7))))
        else:
            alt = "ACGT"["ACGT".index(ref) - 1]
        calls = [f"{a}|{b}" for a, b in rng.integers(0, 2, (len(SAMPLES), 2))]
        records.append(("c", position, ref, alt, calls))
        position += int(rng.integers(1, 14))
    return records


@pytest.fixture(params=["snv", "indels"])
def world(request: pytest.FixtureRequest, tmp_path: Any, make_world: Callable[..., Any]) -> Any:
    return make_world(tmp_path, {"c": CONTIG}, random_records(5, indels=request.param == "indels"), SAMPLES)


def by_haplotypes(world: Any, start: int, end: int, anchor: int, reverse: bool, **policy: Any) -> np.ndarray:
    windows = gx.Windows(("c",), np.array([start]), end - start, np.array([anchor]), np.array([reverse]))
    batch = gx.haplotypes(world.genome, world.variants, windows, **policy)
    return batch.sequences[batch.carriers.reshape(-1)]


WINDOWS = [(0, 300, 0), (1000, 1500, 1200), (2500, len(CONTIG), 2600), (-40, 60, 10), (2800, 2950, 2810)]


@pytest.mark.parametrize(("start", "end", "anchor"), WINDOWS)
@pytest.mark.parametrize("reverse", [False, True])
def test_letters_equal_haplotypes_from_the_file(
    world: Any, start: int, end: int, anchor: int, reverse: bool, backend: str
) -> None:
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c", max_mem=2000)
    expected = by_haplotypes(world, start, end, anchor, reverse)
    assert np.array_equal(store.letters(start, end, anchor=anchor, reverse_complement=reverse), expected)
    some = store.letters(start, end, anchor=anchor, haplotypes=[4, 0, 4], reverse_complement=reverse, n_threads=2)
    assert np.array_equal(some, expected[[4, 0, 4]])
    encoded = store.one_hot(start, end, anchor=anchor, layout="NCL", dtype="float16", reverse_complement=reverse)
    assert np.array_equal(encoded, gx.one_hot(expected, layout="NCL", dtype="float16"))


def test_a_store_is_a_source_of_haplotypes(world: Any) -> None:
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c")
    windows = gx.Windows(("c",) * 2, np.array([700, 1800]), 200, np.array([750, 1999]), np.array([True, False]))
    from_file = gx.haplotypes(world.genome, world.variants, windows)
    from_store = gx.haplotypes(world.genome, store, windows)
    for name in ("sequences", "window", "carriers", "n_variants", "n_haplotypes"):
        assert np.array_equal(getattr(from_file, name), getattr(from_store, name)), name
    with pytest.raises(InputError, match="the store was read with"):
        gx.haplotypes(world.genome, store, windows, policy=SNV)


@pytest.mark.parametrize("max_mem", [200, 3000, None])
def test_blocks_do_not_change_what_is_read(world: Any, max_mem: int | None) -> None:
    whole = gx.HaplotypeStore.read(world.genome, world.variants, "c", max_mem=1 << 30)
    blocks = gx.HaplotypeStore.read(world.genome, world.variants, "c", max_mem=max_mem)
    assert len(whole) == len(blocks) == len(world.variants.region("c", 0, len(CONTIG)))
    assert whole.counts == blocks.counts
    assert whole.nbytes == blocks.nbytes
    assert np.array_equal(whole.letters(100, 2000), blocks.letters(100, 2000))


@pytest.mark.parametrize("batch_size", [1, 4, 6, 50])
def test_batches_reuse_one_buffer(world: Any, batch_size: int) -> None:
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c")
    expected = store.one_hot(500, 900, dtype="uint8")
    seen, places = [], set()
    for rows, batch in store.one_hot_batches(500, 900, batch_size=batch_size, dtype="uint8"):
        assert np.array_equal(batch, expected[rows])
        seen += range(rows.start, rows.stop)
        places.add(batch.__array_interface__["data"][0])
    assert seen == list(range(6))
    assert len(places) == 1


@pytest.mark.parametrize("reverse", [False, True])
def test_edits_give_the_same_batches(world: Any, reverse: bool, backend: str) -> None:
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c", policy=SNV)
    edits = store.edits(500, 900, reverse_complement=reverse)
    expected = gx.one_hot(by_haplotypes(world, 500, 900, 500, reverse, policy=SNV), layout="NCL")
    reference = store.reference(500, 900, reverse_complement=reverse)
    batches = gx.EditedBatches(reference, edits, batch_size=4, layout="NCL")
    for rows, batch in batches:
        assert np.array_equal(batch, expected[rows])
    assert len(batches) == 2


def test_edits_refuse_what_shifts_positions(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    world = make_world(tmp_path, {"c": CONTIG}, [("c", 50, CONTIG[49:52], CONTIG[49], ["0|1"] * 3)], SAMPLES)
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c")
    assert len(store.edits(100, 200).position) == 0
    with pytest.raises(InputError, match=r"positions shift.*c:50|c:50.*positions shift"):
        store.edits(0, 100)


def test_overlaps_are_refused_where_the_policy_says_so(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    records = [("c", 50, CONTIG[49:54], CONTIG[49], ["1|0"] * 3), ("c", 52, CONTIG[51], "G", ["1|1"] * 3)]
    world = make_world(tmp_path, {"c": CONTIG}, records, SAMPLES)
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c", policy=gx.HaplotypePolicy(overlap="error"))
    with pytest.raises(InputError, match="3 overlapping variants"):
        store.letters(0, 100)


def test_haploid_people_are_told(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    records = [("c", p, CONTIG[p - 1], "ACGT"["ACGT".index(CONTIG[p - 1]) - 1], ["1", "0|1", "1|1"]) for p in (9, 1900)]
    world = make_world(tmp_path, {"c": CONTIG}, records, SAMPLES)
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c", max_mem=100)
    assert store.absent.tolist() == [[False, True], [False, False], [False, False]]


def test_a_deletion_that_reaches_far_draws_in_personal_sequence(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    records = [
        ("c", 101, CONTIG[100:1501], CONTIG[100], ["1|0", "0|0", "0|0"]),
        ("c", 1600, CONTIG[1599], "ACGT"["ACGT".index(CONTIG[1599]) - 1], ["1|0", "0|0", "0|0"]),
    ]
    world = make_world(tmp_path, {"c": CONTIG}, records, SAMPLES)
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c")
    assert np.array_equal(store.letters(90, 290), by_haplotypes(world, 90, 290, 90, False))
    part = gx.HaplotypeStore.read(world.genome, world.variants, "c", 0, 900)
    with pytest.raises(InputError, match="was not read"):
        part.letters(90, 290)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda s: s.letters(50, 50), "start <= anchor < end"),
        (lambda s: s.letters(50, 60, anchor=60), "start <= anchor < end"),
        (lambda s: s.letters(50, 60, haplotypes=[6]), "0 to 5"),
        (lambda s: s.letters(50, 60, haplotypes=[-1]), "0 to 5"),
        (lambda s: s.letters(50, 60, haplotypes=[0.5]), "whole numbers"),
        (lambda s: s.letters(50, 60, out=np.empty((6, 9), np.uint8)), "out must be"),
        (lambda s: s.one_hot(50, 60, dtype="int32"), "dtype must be"),
        (lambda s: s.one_hot(50, 60, dtype="uint8", unknown="quarter"), "fractions"),
        (lambda s: next(s.one_hot_batches(50, 60, batch_size=0)), "batch_size"),
        (lambda s: gx.HaplotypeStore.read(s.genome, s, "d"), "contig 'd'"),
        (lambda s: s.records_in("d", 0, 10), "was not read"),
    ],
)
def test_refusals(tmp_path: Any, make_world: Callable[..., Any], call: Any, match: str) -> None:
    world = make_world(tmp_path, {"c": CONTIG}, random_records(1, indels=False), SAMPLES)
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c")
    with pytest.raises(InputError, match=match):
        call(store)


def test_reading_keeps_to_the_memory_it_is_given(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    people = tuple(f"p{i}" for i in range(3000))
    records = [
        ("c", p, CONTIG[p - 1], "ACGT"["ACGT".index(CONTIG[p - 1]) - 1], ["0|0"] * 2999 + ["0|1"])
        for p in range(10, len(CONTIG) - 10, 5)
    ]
    world = make_world(tmp_path, {"c": CONTIG}, records, people)
    peaks = []
    for max_mem in (100_000, 100_000_000):
        tracemalloc.start()
        gx.HaplotypeStore.read(world.genome, world.variants, "c", max_mem=max_mem)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Dense, all genotypes are 3000 x 573 x 3 bytes and more.
    assert peaks[0] < peaks[1] / 2
    with pytest.raises(InputError, match="allow more memory"):
        gx.HaplotypeStore.read(world.genome, world.variants, "c", max_mem=10)


def test_predictions_from_a_store_equal_those_from_the_file(cohort: Any) -> None:
    genome, genotypes = gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf)
    genes = gx.read_genes(cohort.genes)
    chrom = genes.chrom[0]
    genes = genes.take([g for g in range(len(genes)) if genes.chrom[g] == chrom])
    model = gx.Model(cohort.model)
    from_file = gx.predict(model, genome, genotypes, genes)
    store = gx.HaplotypeStore.read(genome, genotypes, chrom)
    from_store = gx.predict(model, genome, store, genes)
    bounded = gx.predict(model, genome, genotypes, genes, max_mem=30_000)
    for other in (from_store, bounded):
        assert np.array_equal(from_file.values, other.values, equal_nan=True)
        assert np.array_equal(from_file.n_haplotypes, other.n_haplotypes)
        assert from_file.status == other.status
