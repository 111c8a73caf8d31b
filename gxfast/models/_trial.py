"""A few sequences through a model when it is opened, alone and with others: the rows of a batch are independent.

One sequence among copies of itself and among others gives the same bits, at any place of the batch, and nearly the
same values in a batch that is larger by a row. What is found is named by running the model again with every tensor as
an output.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ._batches import OutOfMemoryError
from .card import ModelCard
from .graphs import node_text
from .runtime import open_session, run_options

__all__ = ["Tried", "check_rows"]

_ROWS_REMEDY: Final = "export the model so that every row of a batch is computed by itself, or for a batch of 1"
SAME: Final = 1e-6  # of the largest value: other rows in a batch of the same size
NEAR: Final = {"float16": 3e-2, "float32": 1e-3, "float64": 1e-3}  # a batch of another size
LONG: Final = 5.0  # seconds of a run beyond which the larger batch is not tried

_SEEN: dict[Any, bool] = {}
_SEEN_LOCK = threading.Lock()


class Tried(Protocol):
    """What is run: a `Model`, by the parts of it that this needs."""

    path: Path
    files: dict[str, str]
    card: ModelCard
    device: str
    provider: str
    feed: str

    @property
    def fixed_batch(self) -> int | None:
        """Rows per run, where the graph fixes them."""

    @property
    def smallest_batch(self) -> int:
        """Rows that a run has at least."""

    @property
    def dtype(self) -> str:
        """Type of what is fed."""

    def feeds(self, rows: NDArray[np.uint8], shift: int, reverse: bool) -> dict[str, NDArray[Any]]:
        """Return what the session takes."""

    def extra_inputs(self, n_rows: int) -> dict[str, NDArray[Any]]:
        """Return the constant inputs."""

    def run_batch(self, feeds: dict[str, NDArray[Any]], n_rows: int, options: Any) -> NDArray[Any]:
        """Run the session."""

    def session_proto(self) -> Any:
        """Return the graph that it runs."""


def check_rows(model: Tried) -> bool:
    """Run a model on a few sequences, alone and with others; once per process for a file with its card.

    Returns
    -------
    bool
        False where it could not be seen, for the model has no run that works: `Model.predict` says why.

    Raises
    ------
    ModelError
        If a row depends on the others, or a batch cannot have another size; with the node.
    """
    key = (tuple(model.files.items()), model.card.to_json(), model.provider, model.feed)
    with _SEEN_LOCK:
        if key in _SEEN:
            return _SEEN[key]
    seen = model.smallest_batch == 1 or _Trial(model).passed()  # where it is one, every run has one row
    with _SEEN_LOCK:
        _SEEN[key] = seen
    return seen


class _Trial:
    """The runs of one model: a sequence ``a`` with copies of itself (same), before others, and behind others."""

    def __init__(self, model: Tried) -> None:
        self._model, self._size = model, model.fixed_batch or 2
        rng, length = np.random.default_rng(4), model.card.read_length
        letters = np.frombuffer(b"ACGT", np.uint8)
        self._a = letters[rng.integers(0, 4, length)]
        self._b = letters[rng.choice(4, length, p=(0.1, 0.4, 0.45, 0.05))]

    def _rows(self, order: str) -> NDArray[np.uint8]:
        return np.stack([self._a if row == "a" else self._b for row in order])

    def _feeds(self, order: str) -> dict[str, NDArray[Any]]:
        return self._model.feeds(self._rows(order), self._model.card.shifts[0], False)

    def _run(self, order: str) -> NDArray[Any]:
        return self._model.run_batch(self._feeds(order), len(order), run_options())

    @property
    def _orders(self) -> tuple[str, str, str]:
        n = self._size
        return "a" * n, "a" + "b" * (n - 1), "b" * (n - 1) + "a"

    def passed(self) -> bool:
        """Return whether the runs could be made; ModelError where they say that rows are not independent."""
        start = time.perf_counter()
        try:
            same, before, behind = (self._run(order) for order in self._orders)
        except (ModelError, OutOfMemoryError):
            return False
        if not (_close(same[0], before[0], SAME) and _close(same[-1], behind[-1], SAME)):
            raise self._error("the rows of a batch are not independent", _ROWS_REMEDY, self._culprit())
        if not _close(same[0], same[-1], NEAR[self._model.dtype]):
            raise self._error("a sequence's values depend on its place in the batch", _ROWS_REMEDY)
        if self._model.fixed_batch is None and time.perf_counter() - start < LONG:
            self._other_size(before)
        return True

    def _other_size(self, before: NDArray[Any]) -> None:
        try:
            larger = self._run(self._orders[1] + "b")
        except OutOfMemoryError:
            return
        except ModelError as error:
            message = f"the model runs on a batch of {self._size} alone: {error.message}"
            raise self._error(
                message, "export it with a dynamic batch axis, or declare the batch of its input"
            ) from None
        if not _close(before[0], larger[0], NEAR[self._model.dtype]):
            raise self._error("a row depends on how many there are in the batch", _ROWS_REMEDY)

    def _error(self, message: str, remedy: str, node: str | None = None) -> ModelError:
        return ModelError(message, path=self._model.path, record=node, remedy=remedy)

    def _culprit(self) -> str | None:
        """Return the first node whose output mixes rows, where that can be found out."""
        from onnx import helper

        proto = self._model.session_proto()
        names = [name for node in proto.graph.node for name in node.output if name]
        known = {value.name for value in proto.graph.output}
        proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names if name not in known)
        try:
            session = open_session(proto.SerializeToString(), device=self._model.device, path=self._model.path)
            extra = self._model.extra_inputs(self._size)
            runs = [session.raw.run(names, self._feeds(order) | extra) for order in self._orders]
        except Exception:  # whatever it is: the fault is known, its place is not
            return None
        mixed = {name for name, *arrays in zip(names, *runs, strict=True) if not self._apart(*arrays)}
        return next((node_text(node) for node in proto.graph.node if not mixed.isdisjoint(node.output)), None)

    def _apart(self, same: Any, before: Any, behind: Any) -> bool:
        """Whether some axis of a tensor holds the rows, independent of each other; what has no such axis passes."""
        if not isinstance(same, np.ndarray) or same.dtype.kind not in "fiub":
            return True
        if np.array_equal(same, before, equal_nan=same.dtype.kind == "f"):
            return True
        views = zip(*(list(_by_row(each, self._size)) for each in (same, before, behind)), strict=True)
        return any(_close(s[0], b[0], SAME) and _close(s[-1], e[-1], SAME) for s, b, e in views)


def _by_row(array: NDArray[Any], n: int) -> Iterator[NDArray[Any]]:
    """Yield views with n rows first: every axis that may hold them, alone or together with another one."""
    for axis, size in enumerate(array.shape):
        if size % n == 0:
            moved = np.moveaxis(array, axis, 0)
            yield moved.reshape(n, size // n, *moved.shape[1:])
            yield moved.reshape(size // n, n, *moved.shape[1:]).swapaxes(0, 1)


def _close(a: NDArray[Any], b: NDArray[Any], share: float) -> bool:
    if a.dtype.kind != "f":
        return a.dtype.kind in "iub" and np.array_equal(a, b)
    size = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    return np.allclose(a.astype(np.float64), b.astype(np.float64), rtol=0, atol=share * size, equal_nan=True)
