"""Effects of mutants: every mode against Model.predict of the mutated sequences, on random networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast import ism
from gxfast.encode.edits import Edits
from gxfast.errors import InputError, ModelError
from gxfast.ism.planning import Plan
from gxfast.models.session import Model

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
SEEDS = range(42)


def random_model(folder: Path, seed: int, card: dict[str, Any] | None = None, **options: Any) -> Model:
    path = folder / f"random{seed}.onnx"
    proto = random_network(seed)
    if card is not None:
        import json

        merged = json.loads(proto.metadata_props[0].value)
        for key, value in card.items():
            merged[key] = {**merged.get(key, {}), **value}
        proto.metadata_props[0].value = json.dumps(merged)
    onnx.save(proto, path)
    return Model(path, device="cpu", batch_size=16, **options)


def sequence_for(model: Model, seed: int) -> NDArray[np.uint8]:
    """Random letters with unknown bases, one of them at an edge, and a repeated k-mer: ties in max-pools."""
    length = model.card.read_length
    letters = LETTERS[np.random.default_rng(seed).choice(5, length, p=[0.24, 0.24, 0.24, 0.24, 0.04])]
    letters[length // 3 : length // 3 + 12] = np.tile(letters[length // 3 : length // 3 + 4], 3)
    letters[0 if seed % 2 else -1] = ord("N")
    return letters


def brute(model: Model, letters: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mutant minus reference, (L, 4, T), by predicting all mutants as they are."""
    length = len(letters)
    mutants = np.repeat(letters[None], 4 * length, axis=0)
    mutants[np.arange(4 * length), np.repeat(np.arange(length), 4)] = np.tile(LETTERS[:4], length)
    effects = model.predict(mutants) - model.predict(letters[None])
    return effects.reshape(length, 4, -1)


def tolerance(model: Model, letters: NDArray[np.uint8]) -> NDArray[np.float64]:
    return 1e-5 * np.maximum(1.0, np.abs(model.predict(letters[None])[0]))


@pytest.mark.parametrize("seed", SEEDS)
def test_naive_and_packed_equal_brute_force(tmp_path: Path, seed: int) -> None:
    model = random_model(tmp_path, seed)
    letters = sequence_for(model, seed)
    expected, allowed = brute(model, letters), tolerance(model, letters)
    same = letters[:, None] == LETTERS[:4]
    for mode in ("naive", "packed", "auto"):
        found = ism.saturate(ism.plan(model, mode=mode), letters)
        assert found.shape == (1, *expected.shape)
        assert found.dtype == np.float32
        assert (np.abs(found[0] - expected) <= allowed).all(), mode
        assert (found[0][same] == 0).all()
    assert np.abs(expected).max() > 1e-4


@pytest.mark.parametrize("seed", range(0, 42, 4))
def test_rows_of_several_snvs_equal_brute_force(tmp_path: Path, seed: int) -> None:
    model = random_model(tmp_path, seed)
    letters = sequence_for(model, seed)
    rng = np.random.default_rng(seed)
    counts = np.array([0, 1, 2, 5, 1, 0, 3, len(letters)])
    position = np.concatenate([rng.permutation(len(letters))[:n] for n in counts])
    edits = Edits(np.concatenate([[0], np.cumsum(counts)]), position, LETTERS[rng.integers(0, 5, counts.sum())])
    rows = np.repeat(letters[None], len(counts), axis=0)
    rows[np.repeat(np.arange(len(counts)), counts), position] = edits.base
    expected = model.predict(rows) - model.predict(letters[None])
    for mode in ("naive", "packed", "delta"):
        plan = ism.plan(model, mode=mode)
        found = ism.variants(plan, letters, edits)
        assert (np.abs(found - expected) <= tolerance(model, letters)).all()
        assert (found[[0, 5]] == 0).all()
        contexts = np.stack([sequence_for(model, i % 3) for i in range(len(counts))])
        edited = contexts.copy()
        edited[np.repeat(np.arange(len(counts)), counts), position] = edits.base
        expected_there = model.predict(edited) - model.predict(contexts)
        scale = np.maximum(1.0, np.abs(model.predict(contexts)))
        assert (np.abs(ism.variants(plan, contexts, edits) - expected_there) <= 1e-5 * scale).all()


@pytest.mark.parametrize("seed", range(1, 30, 3))
def test_ensembles_and_channel_orders(tmp_path: Path, seed: int) -> None:
    card = {
        "ensemble": {"reverse_complement": True, "shifts": [-2, 0, 3]},
        "input": {"channels": "TACG", "unknown": 0.25},
    }
    model = random_model(tmp_path, seed, card)
    letters = sequence_for(model, seed)
    expected, allowed = brute(model, letters), tolerance(model, letters)
    for mode in ("naive", "packed"):
        found = ism.saturate(ism.plan(model, mode=mode), letters)[0]
        assert (np.abs(found - expected) <= allowed).all(), mode


@pytest.mark.parametrize("seed", [*range(0, 21, 2), *range(3, 42, 7), *range(4, 42, 7)])
def test_slicing_the_graph_equals_slicing_afterwards(tmp_path: Path, seed: int) -> None:
    model = random_model(tmp_path, seed)
    letters = sequence_for(model, seed)
    full = brute(model, letters)
    allowed = tolerance(model, letters).max()
    layout = model.card.output_layout
    bins = None if layout == "NT" else [3, 0]
    for mode in ("naive", "packed"):
        plan = ism.plan(model, ism.Outputs(tracks=[2, 0], bins=bins), mode=mode)
        found = ism.saturate(plan, letters)[0]
        by_bin = full.reshape(len(letters), 4, -1, 3)[:, :, [0] if bins is None else bins][..., [2, 0]]
        np.testing.assert_allclose(found, by_bin.reshape(found.shape), rtol=0, atol=allowed)
        assert plan.verify(letters, n=20, seed=3) <= 1e-5
        assert plan.graph.shape(plan.graph.output_name)[{"NT": 1, "NBT": 2, "NTB": 1}[layout]] == 2
    if bins is not None:
        summed = ism.saturate(ism.plan(model, ism.Outputs(bins=bins, reduce="sum"), mode="packed"), letters)[0]
        expected = full.reshape(len(letters), 4, -1, 3)[:, :, bins].sum(axis=2)
        np.testing.assert_allclose(summed, expected, rtol=0, atol=2 * allowed)


def test_sliced_bins_with_a_flipped_ensemble(tmp_path: Path) -> None:
    card = {"ensemble": {"reverse_complement": True}, "output": {"bins": [1, 2], "reduce": "mean"}}
    model = random_model(tmp_path, 3, card)
    letters = sequence_for(model, 3)
    for mode in ("naive", "packed"):
        found = ism.saturate(ism.plan(model, mode=mode), letters)[0]
        assert (np.abs(found - brute(model, letters)) <= tolerance(model, letters)).all()


def test_the_weights_of_the_last_layer_are_sliced(tmp_path: Path) -> None:
    model = random_model(tmp_path, 0)  # dense head
    graph = ism.plan(model, 1).graph
    last = [node for node in graph.nodes if node.op_type == "Gemm"][-1]
    assert graph.shape(last.inputs[1]) == (1, 8)
    assert all(node.op_type != "Gather" for node in graph.nodes)


def test_scan_blocks_make_the_whole_and_ranges_are_cut_out(tmp_path: Path) -> None:
    model = random_model(tmp_path, 7)
    letters = sequence_for(model, 7)
    for mode in ("naive", "packed"):
        plan = ism.plan(model, mode=mode)
        whole = ism.saturate(plan, letters)[0]
        seen = np.zeros(len(letters), int)
        for positions, effects in ism.scan(plan, letters, block=5):
            seen[positions] += 1
            np.testing.assert_allclose(effects, whole[positions], rtol=0, atol=1e-5)
        assert (seen == 1).all()
        part = ism.saturate(plan, np.stack([letters, letters]), start=4, end=21)
        np.testing.assert_allclose(part[0], whole[4:21], rtol=0, atol=1e-5)
        assert part[0].tobytes() == part[1].tobytes()
        assert ism.saturate(plan, letters, start=5, end=5).shape == (1, 0, 4, 3)


@pytest.mark.parametrize("mode", ["naive", "packed"])
def test_bits_do_not_depend_on_threads_nor_on_the_run(tmp_path: Path, mode: str) -> None:
    for seed in (0, 3, 8):
        model = random_model(tmp_path, seed)
        letters = sequence_for(model, seed)
        results = {
            ism.saturate(ism.plan(model, mode=mode, n_threads=threads), letters).tobytes() for threads in (1, 2, 3, 1)
        }
        assert len(results) == 1


@pytest.mark.parametrize("batch", [1, 3])
def test_fixed_batch_and_extra_inputs(tmp_path: Path, batch: int) -> None:
    proto = random_network(0)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    nodes, helper = proto.graph.node, onnx.helper
    nodes[-1].output[0] = "before"
    nodes.append(helper.make_node("Mul", ["before", "gain"], ["y"]))
    proto.graph.input.append(helper.make_tensor_value_info("gain", onnx.TensorProto.FLOAT, [batch, 3]))
    text = proto.metadata_props[0].value
    proto.metadata_props[0].value = text[:-1] + ',"extra_inputs":{"gain":[1.5,-2.0,0.5]}}'
    onnx.save(proto, tmp_path / "fixed.onnx")
    model = Model(tmp_path / "fixed.onnx", device="cpu")
    letters = sequence_for(model, 0)
    for mode in ("naive", "packed"):
        found = ism.saturate(ism.plan(model, mode=mode), letters)[0]
        assert (np.abs(found - brute(model, letters)) <= tolerance(model, letters)).all()


def test_demo_model() -> None:
    model = Model(Path(gx.__file__).parent / "demo" / "demo_model.onnx", device="cpu")
    letters = LETTERS[np.random.default_rng(1).integers(0, 4, model.length)]
    plan = ism.plan(model)
    assert plan.mode != "naive"
    found = ism.saturate(plan, letters, start=900, end=960)
    naive = ism.saturate(ism.plan(model, mode="naive"), letters, start=900, end=960)
    np.testing.assert_allclose(found, naive, rtol=0, atol=1e-5)
    text = plan.explain()
    for word in ("needed", "in full for every mutation", "MaxPool", "predicted speed-up", plan.mode):
        assert word in text
    assert "cut here" in ism.plan(model, mode="packed").explain()


def test_verify_finds_a_wrong_mode(tmp_path: Path) -> None:
    model = random_model(tmp_path, 0)
    letters = sequence_for(model, 0)
    plan = ism.plan(model, mode="packed")
    assert plan.verify(letters) <= 1e-5
    runner: Any = plan.runner
    runner.frontier.hi[:] = np.maximum(runner.frontier.hi - 1, runner.frontier.lo)  # windows cut too short
    with pytest.raises(ModelError, match="differs from the plain model by"):
        ism.saturate(plan, letters)


def test_bad_input_is_refused(tmp_path: Path) -> None:
    model = random_model(tmp_path, 0)
    letters = sequence_for(model, 0)
    with pytest.raises(InputError, match="mode must be one of"):
        ism.plan(model, mode="quick")
    with pytest.raises(InputError, match="reads"):
        ism.plan(model, length=7)
    with pytest.raises(InputError, match="no track is named"):
        ism.plan(model, ["liver"])
    with pytest.raises(ModelError, match="outside the model's output"):
        ism.plan(model, [3])
    with pytest.raises(InputError, match="has none"):
        ism.plan(model, ism.Outputs(bins=[0]))
    plan: Plan = ism.plan(model)
    with pytest.raises(InputError, match="one sequence of"):
        ism.saturate(plan, letters[:-1])
    with pytest.raises(InputError, match="start"):
        ism.saturate(plan, letters, start=4, end=2)
    with pytest.raises(InputError, match="two edits at position 3"):
        ism.variants(plan, letters, Edits(np.array([0, 2]), np.array([3, 3]), LETTERS[:2].copy()))
    with pytest.raises(InputError, match="lies outside"):
        ism.variants(plan, letters, Edits.single([len(letters)], "A"))


@pytest.mark.parametrize(("dense", "first"), [(88.0, "packed"), (60.0, "delta"), (300.0, "packed")])
def test_a_little_less_work_is_not_worth_the_memory_of_delta(dense, first):
    from types import SimpleNamespace

    from gxfast.ism.costs import Costs
    from gxfast.ism.planning import Plan

    costs = Costs(whole=1e12, local=0.91e12, head=0.09e12, copied=0.0, per_pass=300.0, windows=0.0, dense=dense * 1e9)
    ranked = {
        long: Plan._ranking(SimpleNamespace(costs=costs, model=SimpleNamespace(is_long=long)), "auto")
        for long in (True, False)
    }
    assert ranked[True][0][0] == first
    assert ranked[False][0][0] == ("delta" if dense < 93 else "packed")  # in short windows it is no memory
    assert ranked[True][-1][0] == ranked[False][-1][0] == "naive"
