"""Case K4: a model fed with codes or edits instead of floats: the same bits, and how many bytes it takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encode.edits import apply_edits, saturation_edits
from .data import make_sequences, scratch_folder
from .measure import Contestant, Field, UnavailableError, compare, same_array
from .peers import missing
from .result import Goal, Row

__all__ = ["cases"]

_ROWS = {"tiny": 6, "small": 24, "real": 96}
# Three mutants each: whole batches, since a last batch that is filled up would count its filling.
_POSITIONS, _BATCH = {"tiny": 16, "small": 16, "real": 32}, 16
_ONE_HOT = "the same model fed with one-hot"
_SHARE = "bytes fed / bytes of float32 one-hot"
_PER_MUTANT = "bytes fed per mutant, beyond one sequence per batch"
_FILTERS, _WIDTH, _STRIDE = 16, 15, 8


def _write_model(path: Path, length: int) -> None:
    """A convolution, pooling and a linear layer with weights from a seed: rounding shows any other input."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(4)
    weights = {"kernel": rng.normal(0, 0.3, (_FILTERS, 4, _WIDTH)), "linear": rng.normal(0, 0.1, (_FILTERS, 3))}
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["t", "kernel"], ["c"], strides=[_STRIDE]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("MatMul", ["f", "linear"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "bench",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", length, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _open_model(length: int, feed: str) -> Any:
    """Open the model, on the CPU, with a count of the bytes and batches that are fed to it."""
    remedy = missing("gxfast[cpu]", "onnxruntime")
    if remedy:
        raise UnavailableError(remedy)
    from ..models.card import ModelCard
    from ..models.session import Model

    class Counted(Model):
        fed, batches = 0, 0

        def run_batch(self, session: Any, feeds: dict[str, NDArray[Any]], n_rows: int, options: Any) -> NDArray[Any]:
            self.fed += sum(array.nbytes for array in feeds.values())
            self.batches += 1
            return super().run_batch(session, feeds, n_rows, options)

    path = scratch_folder("model") / f"model-{length}.onnx"
    if not path.exists():
        _write_model(path, length)
    middle = {"+": length // 2, "-": length // 2}
    card = ModelCard(name="bench", layout="NLC", length=length, tss_index=middle)
    return Counted(path, card=card, device="cpu", feed=feed, batch_size=_BATCH, n_threads=1)


def _codes_case(length: int, size: str) -> Row:
    letters = make_sequences(_ROWS[size], length, seed=6)
    floats, coded = _open_model(length, "one_hot"), _open_model(length, "codes")
    expected = floats.predict(letters)
    coded.predict(letters)
    share = coded.fed / floats.fed
    field = Field(Contestant("gxfast", lambda: coded.predict(letters), len(letters), same_array(expected)))
    field.peers = [Contestant(_ONE_HOT, lambda: floats.predict(letters), len(letters), same_array(expected))]
    goals = [Goal("K4", _SHARE, 1 / 16, at_least=False)]
    return compare(
        f"model-input-codes-{length}", field, size=size, goals=goals, figures={_SHARE: share},
        note="CPU: bits and bytes; what a GPU saves is measured elsewhere",
    )  # fmt: skip


def _mutants_case(length: int, size: str) -> Row:
    from ..models.mutants import MutantPredictor

    letters = make_sequences(1, length, seed=6, unknown=0.0)[0]
    n = _POSITIONS[size]
    positions, bases = saturation_edits(letters, start=length // 2, end=length // 2 + n)
    floats, model = _open_model(length, "one_hot"), _open_model(length, "one_hot")
    predictor = MutantPredictor(model)
    expected = floats.predict(apply_edits(letters, positions, bases))
    predictor.predict(letters, positions, bases)
    per_mutant = (model.fed - length * model.batches) / len(positions)
    own = Contestant(
        "gxfast", lambda: predictor.predict(letters, positions, bases), len(positions), same_array(expected)
    )
    field = Field(own)
    field.peers = [
        Contestant(
            _ONE_HOT, lambda: floats.predict(apply_edits(letters, positions, bases)), len(positions),
            same_array(expected),
        )
    ]  # fmt: skip
    return compare(
        f"model-input-mutants-{length}", field, size=size, goals=[Goal("K4", _PER_MUTANT, 16, at_least=False)],
        figures={_PER_MUTANT: per_mutant, _SHARE: model.fed / floats.fed},
    )  # fmt: skip


def cases() -> dict[str, Callable[[str], Row]]:
    """Return the cases by name."""
    found: dict[str, Callable[[str], Row]] = {}
    for length in (10_500, 196_608):
        found[f"model-input-codes-{length}"] = partial(_codes_case, length)
        found[f"model-input-mutants-{length}"] = partial(_mutants_case, length)
    return found
