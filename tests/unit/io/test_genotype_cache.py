"""What is kept of genotypes gives the same regions as the file, and is read once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.genotype_cache import GenotypeCache
from gxfast.io.vcf import Genotypes, VariantFile
from gxfast.io.vcf_set import VariantFileSet

LENGTH = 2000
SAMPLES = ("ann", "bob", "cy", "dee")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, make_world: Callable[..., Any]) -> VariantFileSet:
    """Records of one base, deletions of up to 60, and symbolic ones of up to 300; some positions have two."""
    rng = np.random.default_rng(4)
    letters = "".join(rng.choice(list("ACGT"), LENGTH))
    records: list[Any] = []
    for chrom in ("c1", "c2"):
        for pos in sorted(rng.integers(1, LENGTH - 400, 300).tolist()):
            ref, calls = letters[pos - 1], [f"{a}|{b}" for a, b in rng.integers(0, 2, (4, 2)).tolist()]
            kind = rng.integers(4)
            if kind == 0:
                records.append((chrom, pos, letters[pos - 1 : pos + int(rng.integers(1, 60))], ref, calls))
            elif kind == 1:
                end = pos + int(rng.integers(1, 300))
                records.append((chrom, pos, ref, "<DEL>", calls, "PASS", f"SVTYPE=DEL;END={end}"))
            else:
                records.append((chrom, pos, ref, "ACGT".replace(ref, "")[0], calls))
    world = make_world(tmp_path_factory.mktemp("kept"), {"c1": letters, "c2": letters}, records, SAMPLES)
    return VariantFileSet([world.vcf])


def regions(seed: int, n: int = 120) -> list[tuple[str, int, int]]:
    rng = np.random.default_rng(seed)
    starts, sizes = rng.integers(-20, LENGTH, n), rng.integers(0, 400, n)
    return [(f"c{i % 2 + 1}", int(a), int(a + b)) for i, (a, b) in enumerate(zip(starts, sizes, strict=True))]


def assert_equal(found: Genotypes, expected: Genotypes) -> None:
    for name in Genotypes.__slots__:
        one, two = getattr(found, name), getattr(expected, name)
        assert np.array_equal(one, two), name


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("max_mem", [None, 0, 40_000])
def test_any_order_of_regions_gives_what_the_file_holds(source: VariantFileSet, seed: int, max_mem: int | None) -> None:
    kept = GenotypeCache(source, max_mem)
    for region in regions(seed):
        assert_equal(kept.region(*region), source.region(*region))


def test_a_base_is_read_once(source: VariantFileSet, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = np.zeros((2, LENGTH + 500), int)
    region = VariantFile.region

    def counting(self: VariantFile, chrom: str, start: int, end: int) -> Genotypes:
        reads[int(chrom[1]) - 1, max(start, 0) : end] += 1
        return region(self, chrom, start, end)

    monkeypatch.setattr(VariantFile, "region", counting)
    kept = GenotypeCache(source)
    for wanted in regions(1):
        kept.region(*wanted)
    assert reads.max() == 1


def test_people_of_a_subset_share_what_is_kept(source: VariantFileSet, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = GenotypeCache(source.subset(("dee", "ann", "cy")))
    some = kept.subset(("cy", "dee")).subset(("dee",))
    kept.region("c1", 0, LENGTH)
    expected = source.subset(("dee",)).region("c1", 100, 900)
    monkeypatch.setattr(VariantFile, "region", None)  # nothing is read again
    found = some.region("c1", 100, 900)
    assert (found.samples, some.samples) == (("dee",), ("dee",))
    assert np.array_equal(found.calls, expected.calls)
    assert np.array_equal(found.unphased, expected.unphased)
    with pytest.raises(InputError, match="'bob' is not among the people"):
        kept.subset(("bob",))


def test_threads_see_the_same(source: VariantFileSet) -> None:
    kept, wanted = GenotypeCache(source), regions(2)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda region: kept.region(*region), wanted))
    for region, genotypes in zip(wanted, found, strict=True):
        assert_equal(genotypes, source.region(*region))


def test_what_the_file_refuses_is_refused(source: VariantFileSet) -> None:
    with pytest.raises(InputError, match="contig 'c9' is not in the VCF"):
        GenotypeCache(source).region("c9", 0, 10)


def test_paths_and_people(source: VariantFileSet) -> None:
    kept = GenotypeCache(source)
    assert [Path(path).name for path in kept.paths] == ["cohort.vcf.gz"]
    assert (kept.samples, kept.all_samples, kept.contigs) == (SAMPLES, SAMPLES, source.contigs)
