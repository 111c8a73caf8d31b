"""Case K4: a model fed with codes instead of floats: the same bits, and how many bytes it takes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import make_sequences, scratch_folder
from ..measure import Contender, Field, UnavailableError, compare, same_array
from ..packages import missing
from ..registry import Case
from ..result import Goal, Row

__all__ = ["cases"]

_ROWS, _BATCH = {"tiny": 6, "small": 24, "real": 96}, 16
_ONE_HOT = "the same model fed with one-hot"
_SHARE = "bytes fed / bytes of float32 one-hot"
_FILTERS, _WIDTH, _STRIDE = 16, 15, 8


def _write_model(path: Path, length: int) -> None:
    """A convolution, pooling and a linear layer with weights from a seed: rounding shows any other input."""
    from ...models.card import ModelCard
    from ...models.onnx_writer import GraphWriter
    from ...models.saving import save_model

    rng = np.random.default_rng(4)
    graph = GraphWriter()
    channels_first = graph.transpose(graph.input("x", ["n", length, 4]), [0, 2, 1])
    kernel = graph.constant(rng.normal(0, 0.3, (_FILTERS, 4, _WIDTH)), np.float32)
    active = graph.add("Relu", graph.add("Conv", channels_first, kernel, strides=[_STRIDE]))
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", active))
    linear = graph.constant(rng.normal(0, 0.1, (_FILTERS, 3)), np.float32)
    graph.add("MatMul", pooled, linear, name=graph.output("y", ["n", 3]))
    middle = {"+": length // 2, "-": length // 2}
    card = ModelCard(name="bench", layout="NLC", length=length, tss_index=middle)
    save_model(graph.model("bench"), card, path)


def _open_model(length: int, feed: str) -> Any:
    """Open the model, on the CPU, with a count of the bytes that are fed to it."""
    remedy = missing("gxfast[cpu]", "onnxruntime")
    if remedy:
        raise UnavailableError(remedy)
    from ...models.session import Model

    class Counted(Model):
        fed = 0

        def run_batch(self, feeds: dict[str, NDArray[Any]], n_rows: int, options: Any) -> NDArray[Any]:
            self.fed += sum(array.nbytes for array in feeds.values())
            return super().run_batch(feeds, n_rows, options)

    path = scratch_folder("model") / f"model-{length}.onnx"
    if not path.exists():
        _write_model(path, length)
    return Counted(path, device="cpu", feed=feed, batch_size=_BATCH, n_threads=1)


def _codes_case(length: int, size: str) -> Row:
    letters = make_sequences(_ROWS[size], length, seed=6)
    floats, coded = _open_model(length, "one_hot"), _open_model(length, "codes")
    expected = floats.predict(letters)
    coded.predict(letters)
    share = coded.fed / floats.fed
    field = Field(Contender("gxfast", lambda: coded.predict(letters), len(letters), same_array(expected)))
    field.peers = [Contender(_ONE_HOT, lambda: floats.predict(letters), len(letters), same_array(expected))]
    goals = [Goal("K4", _SHARE, 1 / 16, at_least=False)]
    return compare(
        f"model-input-codes-{length}", field, size=size, goals=goals, figures={_SHARE: share},
        note="CPU: bits and bytes; what a GPU saves is measured elsewhere",
    )  # fmt: skip


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {f"model-input-codes-{length}": partial(_codes_case, length) for length in (10_500, 196_608)}
