"""The thread budget: workers, and BLAS under them."""

from __future__ import annotations

from threadpoolctl import threadpool_info, threadpool_limits

from gxfast._threads import worker_pool


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_each_worker_has_one_thread_of_blas() -> None:
    with threadpool_limits(2, user_api="blas"):
        with worker_pool(3) as pool:
            assert set.union(*pool.map(lambda _: blas_threads(), range(6))) == {1}
        assert blas_threads() == {2}
