"""Room that workers share, and regions that are read piece by piece."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from gxfast._memory import Room
from gxfast.errors import InputError
from gxfast.io.stretches import read_pieces


def test_work_that_does_not_fit_waits_for_all_of_the_room() -> None:
    room, running, most = Room(1000, 4), 0, 0
    lock = threading.Lock()
    alone: list[int] = []

    def work(needed: int, allowed: int) -> str | None:
        nonlocal running, most
        if needed > allowed:
            return None
        with lock:
            running += 1
            most = max(most, running)
            if needed > 250:
                alone.append(running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return "done"

    found: list[str | None] = []

    def worker(needed: int) -> None:
        found.append(room.within(lambda allowed: work(needed, allowed), whole=True))

    threads = [threading.Thread(target=worker, args=(needed,)) for needed in [200, 900, 100, 250, 1000, 50, 10, 1001]]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found.count("done") == 7
    assert found.count(None) == 1  # more than there is
    assert alone == [1, 1]
    assert 1 < most <= 4


def test_work_that_can_be_cut_is_not_given_all_of_the_room() -> None:
    asked: list[int] = []
    assert Room(1000, 4).within(lambda allowed: asked.append(allowed), whole=False) is None
    assert asked == [250]


@pytest.mark.parametrize("seed", range(20))
def test_pieces_cover_a_region_once_and_stay_small(seed: int) -> None:
    random = np.random.default_rng(seed)
    places = np.sort(random.choice(20_000, 1500, replace=False))
    places = np.sort(np.concatenate([places, np.full(40, places[700])]))  # many records at one position
    start, end = 500, 19_000
    pieces = list(
        read_pieces(
            lambda low, high: places[(places >= low) & (places < high)], lambda found: 10 * len(found),
            ("c", start, end), max_bytes=400, per_record=10, source=lambda _: "file",
        )
    )  # fmt: skip
    assert [low for low, _, _ in pieces] == [start, *(high for _, high, _ in pieces[:-1])]
    assert pieces[-1][1] == end
    assert np.array_equal(np.concatenate([found for *_, found in pieces]), places[(places >= start) & (places < end)])
    assert max(10 * len(found) for *_, found in pieces) <= 800


def test_too_many_records_at_one_position() -> None:
    with pytest.raises(InputError, match="the records at one position need 1000 bytes") as caught:
        list(
            read_pieces(
                lambda low, high: [7] * 100 * (low <= 7 < high), lambda found: 10 * len(found), ("c", 0, 20),
                max_bytes=400, per_record=10, source=lambda _: "f.vcf.gz",
            )
        )  # fmt: skip
    assert caught.value.record == "c:8"
    assert str(caught.value.path) == "f.vcf.gz"


def test_an_empty_region_is_one_piece() -> None:
    pieces = read_pieces(lambda low, high: [], len, ("c", 5, 5), max_bytes=1, per_record=1, source=lambda _: "f")
    assert [(low, high) for low, high, _ in pieces] == [(5, 5)]
