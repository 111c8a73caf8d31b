"""The measuring code itself: a wrong or failing contender is told, and never gets a ratio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gxfast.bench.data import make_cohort, make_sequences
from gxfast.bench.measure import Contender, Field, UnavailableError, compare, same_array
from gxfast.bench.memory import peak_increase
from gxfast.bench.report import markdown
from gxfast.bench.result import LIMIT, VALUE, Goal, Row
from gxfast.bench.timing import calls_for, interleave

RIGHT = np.arange(1000)
FACTS = {"cpu": "c", "cores": 1, "date": "d", "load": 0.0, "size": "tiny"}


def contender(name: str, result: object = RIGHT, loops: int = 1) -> Contender:
    def call() -> object:
        for _ in range(loops):
            np.sort(RIGHT[::-1])
        return result

    return Contender(name, call, 1, same_array(RIGHT))


def raises() -> object:
    raise RuntimeError("broken\npeer")


def test_slower_peer_has_a_ratio_above_one_and_goals_are_judged() -> None:
    field = Field(contender("gxfast"), peers=[contender("slow", loops=30)], limits=[contender("floor")])
    goals = [Goal("a", "slow", 3), Goal("b", "slow", 1e9), Goal("c", "nobody", 1), Goal("d", VALUE, 1, at_least=False)]
    row = compare("case", field, size="tiny", goals=[*goals, Goal("e", LIMIT, 1e-6)])
    assert row.equal
    assert row.peers["slow"] > 3
    assert row.spread["slow"][0] <= row.peers["slow"] <= row.spread["slow"][1]
    assert [verdict["held"] for verdict in row.verdicts()] == [True, False, None, True, True]
    assert row.as_json()["best_peer"] == "slow"


def test_peer_that_differs_or_raises_gets_no_ratio_and_does_not_stop_the_others() -> None:
    field = Field(contender("gxfast"), peers=[contender("wrong", RIGHT + 1), contender("right")])
    field.peers.append(Contender("broken", raises, 1))
    field.add("absent", lambda: (_ for _ in ()).throw(UnavailableError("pip install it")))
    field.add("cannot be built", raises)  # type: ignore[arg-type]
    row = compare("case", field, size="tiny")
    assert row.equal
    assert set(row.peers) == {"right"}
    assert row.differ == {"wrong": "1000 of 1000 values differ"}
    assert row.failed == {"broken": "RuntimeError: broken peer", "cannot be built": "RuntimeError: broken peer"}
    assert row.absent == {"absent": "pip install it"}
    table = markdown([row], FACTS)
    assert "| case | wrong | | 1000 of 1000 values differ | NO |" in table
    assert "- absent: pip install it" in table


@pytest.mark.parametrize("own", [contender("gxfast", RIGHT[:-1]), Contender("gxfast", raises, 1)])
def test_wrong_own_result_gives_no_ratio_at_all(own: Contender) -> None:
    row = compare("case", Field(own, peers=[contender("right")]), size="tiny", goals=[Goal("a", "right", 0)])
    assert not row.equal
    assert row.value is None
    assert row.peers == {}
    assert row.verdicts()[0]["held"] is None
    assert "no right result" in markdown([row], FACTS)


def test_skipped_case_is_told() -> None:
    assert "skipped: because" in markdown([Row("case", "", None, equal=True, skipped="because")], FACTS)


def test_rounds_and_calls() -> None:
    counts = {"a": 0, "b": 0}

    def count(name: str) -> None:
        counts[name] += 1

    timed = interleave(
        {"a": lambda: count("a"), "b": lambda: count("b")}, rounds=5, calls={"a": 3}, rounds_of={"b": 2}, warm_up=False
    )
    assert counts == {"a": 15, "b": 2}
    assert [len(timed[name].seconds) for name in "ab"] == [5, 2]
    assert calls_for(lambda: None, at_least=0.002) > 100


def test_peak_increase_sees_what_a_call_takes_and_gives_back() -> None:
    size = 64 << 20

    def temporary() -> int:
        return int(np.ones(size, np.uint8)[::4096].sum())

    assert 0.9 * size < peak_increase(temporary) < 1.3 * size
    assert peak_increase(lambda: None) < size // 16


def test_sequences_come_from_their_seed() -> None:
    assert np.array_equal(make_sequences(3, 100), make_sequences(3, 100))
    assert not np.array_equal(make_sequences(3, 100), make_sequences(3, 100, seed=2))


@pytest.mark.parametrize("kind", ["snv", "mix"])
def test_cohort_has_the_densities_of_the_design(kind: str, tmp_path: Path) -> None:
    cohort = make_cohort(tmp_path, kind, "tiny")
    per_kb = 1000 * len(cohort.position) / len(cohort.reference)
    assert 7.5 < per_kb < 8.5
    upper = cohort.reference & 0xDF
    assert abs(np.isin(upper, [ord("G"), ord("C")]).mean() - 0.41) < 0.01
    assert 0.4 < (cohort.reference > 96).mean() < 0.6
    ends = cohort.position + [len(alleles[0]) for alleles in cohort.alleles]
    assert (cohort.position[1:] >= ends[:-1]).all()
    snvs = np.mean([all(len(allele) == 1 for allele in alleles) for alleles in cohort.alleles])
    assert snvs == 1 if kind == "snv" else abs(snvs - 0.9) < 0.02
    for position, alleles in zip(cohort.position.tolist(), cohort.alleles, strict=True):
        assert upper[position : position + len(alleles[0])].tobytes() == alleles[0]
