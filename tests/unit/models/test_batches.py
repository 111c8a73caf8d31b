"""Batches: the same bits for any size, order and thread count; memory; workers; Ctrl-C."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import gxfast.demo
from gxfast.errors import ModelError
from gxfast.models._batches import OutOfMemoryError, padded
from gxfast.models.session import Model
from gxfast.models.workers import run_tasks

DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")
Node = tuple[str, list[str], list[str], dict[str, Any]]


def save(path: Path, nodes: list[Node], constants: dict[str, NDArray[Any]], *, length: int, output: list[Any]) -> Path:
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, **attributes) for op, ins, outs, attributes in nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", length, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def random_rows(n: int, length: int = 2048) -> NDArray[np.uint8]:
    bases = np.frombuffer(b"ACGTN", np.uint8)
    return bases[np.random.default_rng(1).integers(0, 5, (n, length))]


def cpu(path: Path, **options: Any) -> Model:
    return Model(path, device="cpu", **options)


def attention_model(path: Path, length: int = 32) -> Path:
    """One self-attention layer with softmax, then a linear head: reductions that depend on every base."""
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in {"q": (4, 24), "k": (4, 24), "v": (4, 24), "h": (24 * length, 3)}.items()
    }
    nodes: list[Node] = [
        ("MatMul", ["x", "q"], ["Q"], {}),
        ("MatMul", ["x", "k"], ["K"], {}),
        ("MatMul", ["x", "v"], ["V"], {}),
        ("Transpose", ["K"], ["Kt"], {"perm": [0, 2, 1]}),
        ("MatMul", ["Q", "Kt"], ["S"], {}),
        ("Softmax", ["S"], ["P"], {"axis": -1}),
        ("MatMul", ["P", "V"], ["O"], {}),
        ("Flatten", ["O"], ["F"], {"axis": 1}),
        ("MatMul", ["F", "h"], ["y"], {}),
    ]
    return save(path, nodes, weights, length=length, output=["b", 3])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_bits_do_not_depend_on_batch_order_or_threads(tmp_path: Path, n_threads: int) -> None:
    path, rows = attention_model(tmp_path / "m.onnx"), random_rows(150, 32)
    expected = cpu(path, batch_size=2).predict(rows)
    assert np.unique(expected, axis=0).shape == expected.shape
    for batch_size in (1, 2, 3, 7, 32, 200):
        model = cpu(path, batch_size=batch_size, n_threads=n_threads)
        assert model.batch_size == max(2, batch_size)
        assert model.predict(rows).tobytes() == expected.tobytes()
    tuned = cpu(path, n_threads=n_threads)
    assert tuned.predict(rows).tobytes() == expected.tobytes()
    order = np.random.default_rng(2).permutation(len(rows))
    assert tuned.predict(rows[order]).tobytes() == expected[order].tobytes()
    assert tuned.predict(rows[5:6]).tobytes() == expected[5:6].tobytes()


def test_automatic_batch_stays_within_the_byte_budget(tmp_path: Path) -> None:
    path, rows = attention_model(tmp_path / "m.onnx"), random_rows(200, 32)
    per_row = 4 * 32 * 4 * 64
    model = cpu(path, max_bytes=5 * per_row)
    model.predict(rows)
    assert model.batch_size in (2, 4)
    small = cpu(path, max_bytes=1)
    small.predict(rows)
    assert small.batch_size == 2


def test_a_size_that_changes_bits_is_not_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = cpu(DEMO)
    honest = model._runner._evaluate

    def depends_on_size(rows: NDArray[np.uint8], options: Any) -> NDArray[np.float64]:
        return honest(rows, options) + (1e-9 if len(rows) > 2 else 0.0)

    monkeypatch.setattr(model._runner, "_evaluate", depends_on_size)
    rows = random_rows(300)
    assert np.array_equal(model.predict(rows), cpu(model.path).predict(rows))
    assert model.batch_size == 2


class Greedy:
    """A session that has memory for a few rows only, speaking as onnxruntime does."""

    def __init__(self, raw: Any, rows: int) -> None:
        self.raw, self.rows = raw, rows

    def run(self, names: list[str], feeds: dict[str, Any], options: Any) -> Any:
        if len(feeds["sequence"]) > self.rows:
            raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested buffer")
        return self.raw.run(names, feeds, options)


def with_memory_for(model: Model, rows: int) -> Model:
    model._session = replace(model._session, raw=Greedy(model._session.raw, rows))
    return model


def test_out_of_memory_halves_the_batch_and_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, rows = DEMO, random_rows(50)
    model = with_memory_for(cpu(path, batch_size=32), 8)
    with caplog.at_level(logging.WARNING, "gxfast"):
        assert np.array_equal(model.predict(rows, n_threads=2), cpu(path).predict(rows))
    assert model.batch_size == 8
    assert [record.getMessage().split("size ")[1] for record in caplog.records] == [
        "32; going on with 16",
        "16; going on with 8",
    ]
    caplog.clear()
    model.predict(rows)
    assert not caplog.records


def test_out_of_memory_at_the_smallest_batch_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="batch of 2, the smallest possible: Failed to allocate"):
        with_memory_for(cpu(DEMO, batch_size=8), 1).predict(random_rows(9))


def test_out_of_memory_with_a_fixed_batch_is_an_error(tmp_path: Path) -> None:
    model = onnx.load(str(DEMO))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(model, str(tmp_path / "fixed.onnx"))
    with pytest.raises(ModelError, match="batch of 4, the smallest possible"):
        with_memory_for(cpu(tmp_path / "fixed.onnx"), 2).predict(random_rows(9))


def test_automatic_choice_survives_running_out_of_memory(tmp_path: Path) -> None:
    path, rows = DEMO, random_rows(300)
    model = with_memory_for(cpu(path), 4)
    assert np.array_equal(model.predict(rows), cpu(path).predict(rows))
    assert model.batch_size <= 4


def test_a_real_allocation_that_cannot_succeed(tmp_path: Path) -> None:
    nodes: list[Node] = [
        ("Unsqueeze", ["x", "last"], ["u"], {}),
        ("Expand", ["u", "wide"], ["t"], {}),
        ("ReduceSum", ["t", "axes"], ["y"], {"keepdims": 0}),
    ]
    constants = {"last": np.array([3]), "wide": np.array([1, 1, 1, 2**38]), "axes": np.array([2, 3])}
    path = save(tmp_path / "m.onnx", nodes, constants, length=6, output=["b", 6])  # 48 TiB
    with pytest.raises(ModelError, match="not enough memory"):
        cpu(path).predict(random_rows(2, 6))


def test_padding_repeats_the_first_row() -> None:
    rows = np.array([[65, 67], [71, 84]], np.uint8)
    assert padded(rows, 4).tolist() == [[65, 67], [71, 84], [65, 67], [65, 67]]
    assert padded(rows[:, ::-1], 2).flags.c_contiguous


class Options:
    """As onnxruntime's, told when ``terminate`` is set."""

    def __init__(self) -> None:
        self.set = threading.Event()

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "terminate":
            self.set.set()


def test_workers_run_every_task_once_and_raise_the_first_error() -> None:
    seen: list[int] = []
    run_tasks(seen.append, 100, n_threads=4, options=Options())
    assert sorted(seen) == list(range(100))
    run_tasks(seen.append, 0, n_threads=4, options=Options())

    def fail(i: int) -> None:
        if i == 3:
            raise OutOfMemoryError("task 3")

    with pytest.raises(OutOfMemoryError, match="task 3"):
        run_tasks(fail, 10, n_threads=2, options=Options())


def test_an_interrupt_stops_the_workers() -> None:
    options, started = Options(), threading.Event()

    def task(_: int) -> None:
        started.set()
        options.set.wait(10)

    def interrupt() -> None:
        started.wait(10)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(task, 100, n_threads=2, options=options)
    assert time.monotonic() - begin < 5


@pytest.mark.slow
def test_ctrl_c_ends_a_run_of_minutes_in_its_first_batch(tmp_path: Path) -> None:
    length, steps = 256, 400
    weight = (np.eye(512) * 0.5).astype(np.float32)
    nodes: list[Node] = [("MatMul", ["x", "first"], ["t0"], {})]
    nodes += [("MatMul", [f"t{i}", "w"], [f"t{i + 1}"], {}) for i in range(steps)]
    nodes += [("ReduceMax", [f"t{steps}"], ["y"], {"axes": [1], "keepdims": 0})]
    constants = {"first": np.zeros((4, 512), np.float32), "w": weight}
    path = save(tmp_path / "m.onnx", nodes, constants, length=length, output=["b", 512])
    script = f"""
        import numpy as np
        from gxfast.models.session import Model
        model = Model({str(path)!r}, device="cpu", batch_size=16)
        print("ready", flush=True)
        model.predict(np.full((40_000, {length}), 65, np.uint8))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors.rstrip().endswith(b"KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT
