"""Phase sets by hand: which calls are of one set, who is refused, and how sets are joined.

One contig, positions 0-19:   AACCGGTTACGATTACAGGC; windows of 12 bases from position 2, anchored on position 4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.genotype_cache import GenotypeCache
from gxfast.io.vcf import VariantFile
from gxfast.io.vcf_set import VariantFileSet
from gxfast.personal.phase import PhaseCalls
from gxfast.personal.policy import HaplotypePolicy
from gxfast.personal.store import HaplotypeStore
from gxfast.personal.windows import plan_window

CONTIG = "AACCGGTTACGATTACAGGC"
Build = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def build(tmp_path: Path, make_world: Callable[..., Any]) -> Build:
    """Records as (POS, REF, ALT, FORMAT, columns)."""

    def make(*records: tuple[Any, ...], samples: tuple[str, ...] = ("s1",), contig: str = CONTIG) -> Any:
        full = [("c", pos, ref, alt, [columns] if isinstance(columns, str) else columns, "PASS", ".", form)
                for pos, ref, alt, form, columns in records]  # fmt: skip
        return make_world(tmp_path, {"c": contig}, full, samples)

    return make


def letters(world: Any, **policy: Any) -> list[str]:
    found: list[str] = world.sequences("c", 2, 12, 4, **policy)
    return found


# C>T at 4 and A>C at 9 stand on different haplotypes as written.
TRANS = ["CTGGTTACGATT", "CCGGTTCCGATT"]
CIS = ["CCGGTTACGATT", "CTGGTTCCGATT"]


def two(first: str, second: str, form: str = "GT:PS", other: str | None = None) -> tuple[Any, ...]:
    return (4, "C", "T", form, first), (9, "A", "C", other or form, second)


@pytest.mark.parametrize(
    "records",
    [
        two("1|0:7", "0|1:7"),
        (*two("1|0:.", "0|1:."), (13, "T", "A", "GT", "1|1")),
        two("1|0", "0|1:.", "GT", "GT:PS"),
        two("1|0:a_b", "0|1:a_b", "GT:PID"),
        two("1|0:1|0:a_b:7", "0|1:0|1:a_c:7", "GT:PGT:PID:PS"),  # PS before PID
        two("0/1:1|0:a_b", "0/1:0|1:a_b", "GT:PGT:PID"),
        two("1|0:7,7", "0|1:7,7", "GT:PSL"),
    ],
)
def test_one_set(build: Build, records: Any) -> None:
    world = build(*records)
    expected = [text[:10] + ("A" if len(records) > 2 else text[10]) + text[11:] for text in TRANS]
    assert letters(world) == expected
    assert letters(world, phase="as_one") == expected


@pytest.mark.parametrize(
    "records",
    [
        two("1|0:7", "0|1:8"),
        two("1|0:7", "0|1:."),
        two("1|0:7", "0|1", "GT:PS", "GT"),
        two("1|0", "0|1:8", "GT", "GT:PS"),
        two("1|0:a_b", "0|1:a_c", "GT:PID"),
        two("1|0:1|0:a_b:7", "0|1:0|1:a_b:8", "GT:PGT:PID:PS"),
        two("0/1:1|0:a_b", "0/1:0|1:a_c", "GT:PGT:PID"),
        two("1|0:7,7", "0|1:8,8", "GT:PSL"),
    ],
)
@pytest.mark.parametrize("max_mem", [None, 24])
def test_two_sets(build: Build, records: Any, max_mem: int | None) -> None:
    world = build(*records)
    with pytest.raises(InputError, match=r"c:4 C>T and c:9 A>C.*sample s1 .*different phase sets") as caught:
        letters(world, max_mem=max_mem)
    assert "`policy=gx.HaplotypePolicy(phase=" in str(caught.value)
    assert letters(world, phase="as_one", max_mem=max_mem) == TRANS
    assert letters(world, phase="per_set", max_mem=max_mem) == CIS
    batch = world.fixed("c", 2, 12, 4, phase="as_one", max_mem=max_mem)
    assert batch.counts["between_phase_sets"] == 1
    assert world.consensus("c", 2, 14, phase="per_set") == CIS
    with pytest.raises(InputError, match="different phase sets"):
        world.consensus("c", 2, 14)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (two("1|1:7", "0|1:8"), ["CTGGTTACGATT", "CTGGTTCCGATT"]),  # homozygous calls carry no phase
        (two("0|0:7", "0|1:8"), ["CCGGTTACGATT", "CCGGTTCCGATT"]),
        (two("1|0:7", "0|0:8"), ["CTGGTTACGATT", "CCGGTTACGATT"]),
        ((*two("1|0:7", "1|1:8"), (16, "C", "T", "GT:PS", "0|1:9")), ["CTGGTTCCGATT", "CCGGTTCCGATT"]),  # beyond
    ],
)
def test_one_heterozygous_call(build: Build, records: Any, expected: list[str]) -> None:
    assert letters(build(*records)) == expected


def test_sets_of_different_people(build: Build) -> None:
    world = build(*two(["1|0:7", "0|0:8"], ["0|0:8", "0|1:9"]), samples=("he", "she"))
    assert letters(world)[:2] == ["CTGGTTACGATT", "CCGGTTACGATT"]


def test_a_set_turns_as_a_whole(build: Build) -> None:
    records = ((3, "C", "G", "GT:PS", "0|1:7"), (5, "G", "A", "GT:PS", "1|0:8"), (9, "A", "C", "GT:PS", "0|1:8"))
    world = build(*records)
    assert letters(world, phase="as_one") == ["CCAGTTACGATT", "GCGGTTCCGATT"]
    assert letters(world, phase="per_set") == ["CCGGTTCCGATT", "GCAGTTACGATT"]


def test_what_a_deletion_draws_in(build: Build) -> None:
    records = ((4, "CGGTTA", "C", "GT:PS", "0|1:7"), (16, "C", "T", "GT:PS", "0|1:8"))
    assert letters(build(records[1])) == ["CCGGTTACGATT"] * 2
    with pytest.raises(InputError, match=r"c:4 CGGTTA>C and c:16 C>T"):
        letters(build(*records))


def test_store(build: Build) -> None:
    world = build(*two("1|0:7", "0|1:8"), (16, "C", "T", "GT:PS", "1|0:8"))
    stores = {phase: HaplotypeStore.read(world.genome, world.variants, "c", policy=HaplotypePolicy(phase=phase))
              for phase in ("error", "as_one", "per_set")}  # fmt: skip
    with pytest.raises(InputError, match="c:4 C>T and c:9 A>C"):
        stores["error"].letters(2, 14)
    assert [row.tobytes().decode() for row in stores["error"].letters(6, 18)] == ["TTACGATTATAG", "TTCCGATTACAG"]
    for phase, expected in (("as_one", TRANS), ("per_set", CIS)):
        assert [row.tobytes().decode() for row in stores[phase].letters(2, 14)] == expected
        (second,) = stores[phase].letters(2, 14, haplotypes=[1])
        assert second.tobytes().decode() == expected[1]
        assert letters(world, phase=phase) == expected


def test_draws(build: Build) -> None:
    """Both phasings are drawn about as often, whoever else is there, and each haplotype is made once."""
    columns = [["1|0:7", "0/1:.", "1|1:7", "1:."], ["0|1:8", "0/1:.", "0|1:8", "0:."]]
    world = build(*two(*columns), samples=("set", "loose", "one", "haploid"))
    policy = HaplotypePolicy(phase="sample:400", seed=5)
    plan = plan_window(world.genome, world.variants, "c", 2, 12, 4, False, policy)
    assert plan.drawn.tolist() == [0, 1]
    assert plan.draws.shape == (400, 2, 2)
    assert len(plan) == 4
    assert plan.carriers[3, 1] == -1
    out = np.empty((4, 12), np.uint8)
    plan.write_letters(out, 0, 1)
    texts = [row.tobytes().decode() for row in out]
    for person in (0, 1):
        pairs = [frozenset(texts[row] for row in pair) for pair in plan.draws[:, person].tolist()]
        assert set(pairs) == {frozenset(CIS), frozenset(TRANS)}
        assert 150 < sum(pair == frozenset(CIS) for pair in pairs) < 250
    alone = plan_window(world.genome, VariantFile(world.vcf, samples=("loose",)), "c", 2, 12, 4, False, policy)
    small = plan_window(world.genome, world.variants, "c", 2, 12, 4, False, policy, 100)
    assert np.array_equal(small.draws, plan.draws)
    same = [[texts[row] for row in pair] for pair in plan.draws[:, 1].tolist()]
    alone.write_letters(out[: len(alone)], 0, 1)
    texts = [row.tobytes().decode() for row in out[: len(alone)]]
    assert [[texts[row] for row in pair] for pair in alone.draws[:, 0].tolist()] == same


def test_draws_need_a_place(build: Build) -> None:
    world = build(*two("1|0:7", "0|1:8"))
    with pytest.raises(InputError, match="one is needed here"):
        letters(world, phase="sample:5")
    with pytest.raises(InputError, match="phase must be one of"):
        letters(world, phase="sample:1")


def test_a_cache_keeps_the_sets(build: Build) -> None:
    world = build(*two(["1|0:7", "0|1:3"], ["0|1:8", "0|1:3"]), samples=("he", "she"))
    cache = GenotypeCache(VariantFileSet([world.vcf]))
    cache.region("c", 0, 6)
    found = cache.region("c", 0, 20)
    assert found.phase_set is not None
    assert found.phase_set.tolist() == [[8, 4], [9, 4]]
    (column,) = cache.subset(["she"]).region("c", 0, 20).phase_set.T.tolist()  # type: ignore[union-attr]
    assert column == [4, 4]
    assert cache.subset(["she"]).region("c", 0, 20).take(np.array([0]), 0, 6).phase_set.tolist() == [[4]]  # type: ignore[union-attr]


def test_first_two() -> None:
    numbers = np.arange(3)
    calls = PhaseCalls(numbers, np.zeros(3, np.int64), np.array([4, 4, 9]), np.ones(3, bool), numbers, numbers + 1)
    assert calls.first_two() == (0, 0, 2)
    assert calls.within(0, 2).ambiguous().size == 0
