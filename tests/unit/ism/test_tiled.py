"""Predictions in tiles: those of whole windows, with bits of their own letters alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from oracles.ism_networks import people, random_network

from gxfast.bench.cases.ism.networks import basenji2, basset, xpresso
from gxfast.errors import ModelError
from gxfast.ism import plan
from gxfast.ism.graph.fold import stored_array
from gxfast.ism.graph.intervals import analyse, needed
from gxfast.ism.graph.view import load_graph
from gxfast.ism.tiled import tiled
from gxfast.ism.tiled_model import TiledModel
from gxfast.ism.tiling import tilings
from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model
from gxfast.models.session import Model

SEEDS = range(60)


def _random(seed: int, folder: Path, length: int = 6001) -> Model:
    path = folder / f"net{seed}.onnx"
    onnx.save(random_network(seed, length=length, wide=seed % 2 == 1), path)
    return Model(path)


def _away(own: NDArray[Any], expected: NDArray[Any]) -> float:
    return float((np.abs(own - expected) / np.maximum(1, np.abs(expected))).max())


@pytest.mark.parametrize("seed", SEEDS)
def test_any_network(seed: int, tmp_path: Path) -> None:
    model = _random(seed, tmp_path)
    found = tiled(model)
    if found is None:
        pytest.skip("whole windows are as good")
    found.check()
    rows = people(model.card.read_length, 7, seed)
    assert _away(found.predict(rows), model.predict(rows)) <= 1e-5


def test_most_random_networks_have_tiles(tmp_path: Path) -> None:
    assert sum(tiled(_random(seed, tmp_path)) is not None for seed in range(20)) >= 8


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> TiledModel:
    folder = tmp_path_factory.mktemp("net")
    made = xpresso(8_000, (16, 8))
    save_model(made.model, made.card, folder / "m.onnx")
    found = tiled(Model(folder / "m.onnx"))
    assert found is not None
    return found


def test_bits_depend_on_the_letters_alone(net: TiledModel) -> None:
    rows = people(8_000, 40)
    expected = net.predict(rows)
    shuffled = np.random.default_rng(2).permutation(40)
    fresh = tiled(net.model)
    assert fresh is not None
    assert fresh.predict(rows[shuffled], n_threads=3).tobytes() == expected[shuffled].tobytes()
    assert np.concatenate([fresh.predict(rows[i : i + 1]) for i in range(40)]).tobytes() == expected.tobytes()
    assert _away(expected, net.model.predict(rows)) <= 1e-5


def test_tiles_that_were_met_are_not_computed_again(net: TiledModel) -> None:
    fresh = tiled(net.model)
    assert fresh is not None
    rows, n = people(8_000, 40), len(net.tiling.tiles)
    fresh.predict(np.repeat(rows[:1], 9, axis=0))
    assert (fresh.n_tiles, fresh.n_distinct) == (9 * n, n)
    fresh.predict(rows[:1])
    assert fresh.n_distinct == n
    fresh.predict(rows)
    assert n < fresh.n_distinct < 40 * n / 2
    assert "times fewer multiply-adds" in fresh.explain()


def test_memory_changes_no_bit(net: TiledModel) -> None:
    rows = people(8_000, 70)
    small = tiled(net.model, max_mem=100_000)
    assert small is not None
    assert small.predict(rows).tobytes() == net.predict(rows).tobytes()
    held = sum(one.nbytes for one in small._tiles.values())
    assert held <= 100_000 // 8
    assert all(one.base is None for one in [*small._tiles.values(), *net._tiles.values()])  # no batch is kept by a tile
    assert small.n_distinct >= net.n_distinct / 2


def test_tiles_cover_the_window_once() -> None:
    for made, length in ((basset(20_000, (8, 8, 8), 16, 4), 20_000), (basenji2(
        16_384, first=8, tower=(8,) * 6, inner=4, layers=2, last=8, tracks=5, crop=8), 16_384)):  # fmt: skip
        from gxfast.ism.graph.view import build_graph

        card = made.card
        graph = build_graph(
            made.model, input_name="sequence", output_name="prediction", layout=card.layout, length=length
        )
        tiling = tilings(graph)[0]
        first, last = needed(graph, analyse(graph))[tiling.tensor]
        starts, ends = ([getattr(tile, name) for tile in tiling.tiles] for name in ("first", "last"))
        assert starts[1:] == ends[:-1]
        assert starts[0] <= first
        assert ends[-1] > last
        assert all(tile.start + tiling.length <= length for tile in tiling.tiles)
        assert all(tile.start % tiling.stride == 0 for tile in tiling.tiles)
        assert tiling.promise > 1.3


@pytest.mark.parametrize("change", [{"ensemble_reverse_complement": True}, {"shifts": (-3, 0, 4)}, {"tracks": (2, 0)}])
def test_ensembles_and_selections(tmp_path: Path, change: dict[str, Any]) -> None:
    made = basset(9_000, (12, 8, 8), 16, 4)
    save_model(made.model, replace(made.card, **change), tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx")
    found = tiled(model)
    assert found is not None
    rows = people(model.card.read_length, 9)
    assert found.predict(rows).shape == (9, len(model.tracks))
    assert _away(found.predict(rows), model.predict(rows)) <= 1e-5


def test_bins_of_a_profile(tmp_path: Path) -> None:
    made = basenji2(16_384, first=8, tower=(8,) * 6, inner=4, layers=2, last=8, tracks=5, crop=8)
    card = replace(made.card, bins=(54, 55, 56), tracks=(3,), reduce="mean", ensemble_reverse_complement=True)
    save_model(made.model, card, tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx")
    found = tiled(model)
    assert found is not None
    # only what these bins, and their mirror images, depend on
    assert found.tiling.window < 16_384
    rows = people(16_384, 9)
    assert _away(found.predict(rows), model.predict(rows)) <= 1e-5


def test_where_nothing_is_saved(tmp_path: Path) -> None:
    """A short window; a crop by whole numbers, which is another one in a tile, is not taken for local."""
    made = xpresso(3_000, (8, 8))
    save_model(made.model, made.card, tmp_path / "m.onnx")
    assert tiled(Model(tmp_path / "m.onnx")) is None
    model = _random(58, tmp_path)
    found = tiled(model)
    assert found is not None
    assert found.tiling.tensor != tilings(load_graph(model))[0].tensor


def test_weights_of_a_large_model_stay_in_its_file(net: TiledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = people(8_000, 20)
    whole, expected = net.model.predict(rows), net.predict(rows)
    n_bytes = net.model.proto().ByteSize()
    monkeypatch.setattr("gxfast.models._file.LARGE_FILE", 0)
    monkeypatch.setattr("gxfast.models._file._LARGE_TENSOR", 64)
    light = net.model.proto()
    assert light.ByteSize() < n_bytes / 10
    external = [tensor for tensor in light.graph.initializer if tensor.data_location == tensor.EXTERNAL]
    stored = {tensor.name: tensor for tensor in onnx.load(net.model.path).graph.initializer}
    assert len(external) >= 4
    for tensor in external:
        np.testing.assert_array_equal(
            stored_array(tensor, net.model.path), onnx.numpy_helper.to_array(stored[tensor.name])
        )
    again = Model(net.model.path)
    fresh = tiled(again)
    assert fresh is not None
    assert fresh.predict(rows).tobytes() == expected.tobytes()
    assert again.predict(rows).tobytes() == whole.tobytes()
    effects = [plan(model, check=8).runner.reference(np.zeros(8_000, np.uint8)) for model in (again, net.model)]
    assert effects[0].tobytes() == effects[1].tobytes()


def test_a_linked_model_is_read_whole(net: TiledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gxfast.models._file.LARGE_FILE", 0)
    (tmp_path / "m.onnx").symlink_to(net.model.path)
    rows = people(8_000, 5)
    linked = tiled(Model(tmp_path / "m.onnx"))
    assert linked is not None
    assert linked.predict(rows).tobytes() == net.predict(rows).tobytes()


def _ends_in(kind: str, layout: str) -> Any:
    """Two convolutions, a pool over all positions, and a dense layer."""
    random, graph = np.random.default_rng(8), GraphWriter(opset=17)
    x = graph.input("sequence", ["n", 4, 6_007])
    for n, width, pads in ((6, 7, [3, 3]), (5, 4, [0, 2])):
        channels = 4 if n == 6 else 6
        x = graph.add("Conv", x, graph.constant(random.normal(size=(n, channels, width)).astype(np.float32)), pads=pads)
        x = graph.add("Relu", x)
    x = graph.add("Transpose", x, perm=[0, 2, 1]) if layout == "NLC" else x
    axis = 1 if layout == "NLC" else 2
    if kind == "ReduceSum":
        x = graph.add(kind, x, graph.sizes([axis]), keepdims=0)
    elif kind.startswith("Global"):
        x = graph.add(kind, x)
    else:
        x = graph.add(kind, x, axes=[axis], keepdims=1)
    x = graph.add("Flatten", x, axis=1)
    weights = graph.constant((random.normal(size=(3, 5)) / (6_007 if kind == "ReduceSum" else 1)).astype(np.float32))
    graph.add("Gemm", x, weights, transB=1, name=graph.output("prediction", ["n", 3]))
    middle = {"+": 3_000, "-": 3_000}
    return graph.model("net"), ModelCard(name="net", layout="NCL", length=6_007, tss_index=middle)


@pytest.mark.parametrize(
    ("kind", "layout"),
    [
        ("GlobalAveragePool", "NCL"), ("GlobalMaxPool", "NCL"), ("ReduceMean", "NLC"), ("ReduceMax", "NLC"),
        ("ReduceSum", "NCL"), ("ReduceSum", "NLC"),
    ],
)  # fmt: skip
def test_a_pool_over_all_positions_is_shared_too(tmp_path: Path, kind: str, layout: str) -> None:
    made, card = _ends_in(kind, layout)
    model = Model(save_model(made, card, tmp_path / "m.onnx"))
    found = tiled(model)
    assert found is not None
    assert found.tiling.pool is not None
    assert found.tiling.pool.largest == kind.endswith(("Max", "MaxPool"))
    assert found.tiling.head < found.tiling.whole / 50
    rows = people(6_007, 9)
    found.check()
    assert _away(found.predict(rows), model.predict(rows)) <= 1e-5
    assert all(one.size == 5 for one in found._tiles.values())  # a tile keeps what the pool makes of it
    assert found.predict(rows[4:5]).tobytes() == found.predict(rows)[4:5].tobytes()


def test_a_pool_takes_the_positions_of_each_place(tmp_path: Path) -> None:
    # the letters of the first, an inner and the last tile are the same; what each of them gives is not
    made, card = _ends_in("ReduceSum", "NCL")
    model = Model(save_model(made, card, tmp_path / "m.onnx"))
    found = tiled(model)
    assert found is not None
    rows = np.full((2, 6_007), ord("A"), np.uint8)
    # onnxruntime's sum of 6,007 equal float32 is off by 2e-5; that of tiles is in float64
    assert _away(found.predict(rows), model.predict(rows)) <= 5e-5
    assert 2 <= found.n_distinct <= 4


def test_other_predictions_are_refused(net: TiledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = tiled(net.model)
    assert fresh is not None
    right = fresh._head_part.run
    monkeypatch.setattr(fresh._head_part, "run", lambda *a, **k: [right(*a, **k)[0] + 0.1])
    with pytest.raises(ModelError, match="predictions in tiles differ from whole ones"):
        fresh.check()


def test_input_is_checked(net: TiledModel) -> None:
    from gxfast.errors import InputError

    with pytest.raises(InputError, match="takes sequences of"):
        net.predict(np.zeros((2, 7), np.uint8))
    text = "ACGT" * (net.model.card.read_length // 4)
    rows = np.frombuffer(text.encode(), np.uint8)[np.newaxis]
    for same in (text, text.encode(), [text], rows[0]):
        assert np.array_equal(net.predict(same), net.predict(rows))
    assert load_graph(net.model, length=net.tiling.length, output=net.tiling.tensor).length == net.tiling.length
