"""Run independent pieces of work on a few threads, so that Ctrl-C reaches the caller at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["run_tasks"]

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 1.0


class _Queue:
    """Task numbers handed out in order until all are taken or something failed."""

    def __init__(self, n_tasks: int) -> None:
        self._lock = threading.Lock()
        self._n_tasks = n_tasks
        self._next = 0
        self.error: BaseException | None = None

    def take(self) -> int | None:
        with self._lock:
            if self.error is not None or self._next >= self._n_tasks:
                return None
            self._next += 1
            return self._next - 1

    def fail(self, error: BaseException) -> None:
        with self._lock:
            self.error = self.error or error


def run_tasks(task: Callable[[int], None], n_tasks: int, *, n_threads: int, options: Any) -> None:
    """Call ``task(i)`` for i in ``range(n_tasks)`` on ``n_threads`` threads.

    The calling thread only waits, in short steps: Python delivers signals between them, while a task may
    sit for seconds in native code.

    Parameters
    ----------
    task : callable
        Takes the number of the task. Its first error stops the handing out and is raised here.
    n_tasks, n_threads : int
    options : onnxruntime.RunOptions
        Of the runs inside the tasks. Where the wait is interrupted (Ctrl-C) ``terminate`` is set, which ends them
        soon: they are given one second, then the interrupt goes on to the caller.
    """
    queue = _Queue(n_tasks)
    # Not Thread.join: where that is interrupted, CPython 3.11 takes the thread for finished.
    finished = threading.Semaphore(0)

    def work() -> None:
        try:
            while (i := queue.take()) is not None:
                task(i)
        except BaseException as error:  # handed to the caller: no error may be lost in a thread
            queue.fail(error)
        finally:
            finished.release()

    running = 0
    try:
        for _ in range(max(1, min(n_threads, n_tasks))):
            threading.Thread(target=work).start()
            running += 1
        while running:
            running -= finished.acquire(timeout=_POLL_SECONDS)
    except BaseException as error:
        queue.fail(error)
        options.terminate = True
        deadline = time.monotonic() + _GRACE_SECONDS
        while running and (left := deadline - time.monotonic()) > 0:
            running -= finished.acquire(timeout=left)
        raise
    if queue.error is not None:
        raise queue.error
