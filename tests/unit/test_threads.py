"""The thread budget: workers, and BLAS under them."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from gxfast._threads import thread_budget, worker_pool
from gxfast.errors import InputError
from gxfast.kernels.streaming import stream_from


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_each_worker_has_one_thread_of_blas() -> None:
    with threadpool_limits(2, user_api="blas"):
        with worker_pool(3) as pool:
            assert set.union(*pool.map(lambda _: blas_threads(), range(6))) == {1}
        assert blas_threads() == {2}


@pytest.mark.parametrize("text", ["0", "-1", "²", "٣", "1_0", "9" * 5000, "two", " "])
def test_numbers_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GXFAST_NUM_THREADS", text)
    with pytest.raises(InputError, match="GXFAST_NUM_THREADS must be a positive whole number"):
        thread_budget()
    monkeypatch.setenv("GXFAST_STREAM_FROM", text)
    if text != "0":
        with pytest.raises(InputError, match="GXFAST_STREAM_FROM must be a number of bytes"):
            stream_from()
    monkeypatch.setenv("GXFAST_NUM_THREADS", "1")
    assert thread_budget() == 1
