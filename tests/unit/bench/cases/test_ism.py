"""The benchmark of in-silico mutagenesis: its networks, its sample, its yardstick, its cases at size tiny."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import gxfast as gx
from gxfast.bench.cases import ism as ism_cases
from gxfast.bench.cases.ism import networks, scan_case, subjects
from gxfast.bench.cases.ism.plain import PlainScan, best_batch
from gxfast.bench.cases.ism.sample import make_sample, packed_block
from gxfast.bench.cases.ism.subjects import Subject
from gxfast.bench.measure import UnavailableError
from gxfast.ism.costs import node_macs
from gxfast.ism.graph.view import load_graph
from gxfast.models.saving import save_model
from gxfast.models.session import Model

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
TINY = {
    "basset": networks.basset(301, (30, 20, 20), 32, 7),
    "bpnet": networks.bpnet(301, 8, 4),
    "xpresso": networks.xpresso(1_050, (16, 8)),
    "basenji2": networks.basenji2(
        4_096, first=8, tower=(8, 8, 12, 12, 12, 16), inner=8, layers=3, last=16, tracks=6, crop=2
    ),
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from gxfast.bench.data import scratch_folder

    monkeypatch.setenv("GXFAST_BENCH_CACHE", str(tmp_path))
    scratch_folder.cache_clear()
    yield tmp_path
    scratch_folder.cache_clear()


def parameters(model: Any) -> int:
    """Numbers that training sets: weights, and scale and bias of normalisations."""
    statistics = {name for node in model.graph.node if node.op_type == "BatchNormalization" for name in node.input[3:]}
    floats = [one for one in model.graph.initializer if one.data_type == onnx.TensorProto.FLOAT and one.dims]
    return sum(int(np.prod(one.dims)) for one in floats if one.name not in statistics)


def test_sizes_are_those_of_the_published_networks() -> None:
    basenji2 = networks.basenji2().model
    onnx.checker.check_model(basenji2)
    assert parameters(basenji2) == 30_088_228
    assert [d.dim_value for d in basenji2.graph.output[0].type.tensor_type.shape.dim[1:]] == [896, 5313]
    basset = networks.basset(600).model
    # Basset has 600 bases, unpadded convolutions: its first dense layer reads 10 positions instead of 12.
    convolutions = sum((4 * 300 * 19, 300 * 200 * 11, 200 * 200 * 7, 300 + 200 + 200, 2 * (300 + 200 + 200)))
    dense = 12 * 200 * 1000 + 1000 + 1000 * 1000 + 1000 + 1000 * 164 + 164
    assert parameters(basset) == convolutions + dense
    dilations = [
        a.ints[0] for n in networks.bpnet(1_000).model.graph.node for a in n.attribute if a.name == "dilations"
    ]
    assert dilations == [1, 2, 4, 8, 16, 32, 64, 128, 256]


def test_multiply_adds_are_those_of_the_architectures(tmp_path: Path) -> None:
    # basset at 1,000 bases by hand: 1000 x 300 x 4 x 19, then 333 and 83 positions, then the dense layers.
    path = save_model(*networks.basset(1_000), tmp_path / "basset.onnx")
    graph = load_graph(Model(path, device="cpu"))
    by_hand = 1_000 * 300 * 76 + 333 * 200 * 3_300 + 83 * 200 * 1_400 + 4_000 * 1_000 + 1_000 * 1_000 + 164 * 1_000
    assert sum(node_macs(graph, node) for node in graph.nodes) == by_hand


@pytest.mark.parametrize("name", TINY)
def test_outputs_are_of_order_one_and_every_mode_agrees_with_plain_onnxruntime(tmp_path: Path, name: str) -> None:
    path = save_model(*TINY[name], tmp_path / "model.onnx")
    model = Model(path, device="cpu")
    sample = make_sample(model.card.length, 30, 24)
    plain = PlainScan(path, model.card, sample.codes)
    assert 0.01 < np.abs(plain.reference).max() < 30
    expected = plain.effects(sample.few, 5)
    assert np.abs(expected).max() > 1e-3
    letters = LETTERS[sample.codes]
    rows = np.repeat(letters[None], len(sample.few), axis=0)
    rows[np.arange(len(rows)), sample.few.positions] = LETTERS[sample.few.bases]
    predicted = model.predict(rows) - model.predict(letters[None])
    np.testing.assert_allclose(expected, predicted, rtol=0, atol=2e-6)
    for mode in ("naive", "packed", "delta"):
        made = gx.ism.plan(model, mode=mode, check=0)
        found = made.runner.effects(sample.codes, sample.few.positions, sample.few.bases)
        assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(plain.reference).max())
    assert best_batch(plain, sample.few, 1) in (1, 4, 16)
    assert best_batch(plain, sample.few, 2**30) == 1


def test_sample_holds_edges_an_unknown_base_and_a_repeat() -> None:
    sample = make_sample(500, 63, 20)
    assert (sample.codes == 4).sum() == 1
    assert {0, 499, 249, 250} <= set(sample.few.positions.tolist())
    assert sample.codes[249] == 4
    assert (sample.codes[250:256] == sample.codes[256:262]).all()
    assert len(sample.block) == 62 * 3 + 4
    assert (np.diff(sample.block.positions) <= 1).all()
    assert (sample.codes[sample.block.positions] != sample.block.bases).all()
    block = set(zip(sample.block.positions.tolist(), sample.block.bases.tolist(), strict=True))
    few = list(zip(sample.few.positions.tolist(), sample.few.bases.tolist(), strict=True))
    assert len(set(few)) == len(few) == 20
    inside = sample.in_block()
    assert len(inside) == 16
    assert [one for one in few if one in block] == [few[i] for i in inside]
    whole = make_sample(300, 10_000, 4)
    assert len(whole.block) == 299 * 3 + 4
    assert set(whole.few.positions.tolist()) == {0, 299, 149, 150}


def test_packed_block_is_what_a_whole_scan_runs_at_a_time(tmp_path: Path) -> None:
    path = save_model(*TINY["basset"], tmp_path / "model.onnx")
    made = gx.ism.plan(Model(path, device="cpu"), mode="packed", check=0)
    sample = make_sample(301, 30, 8)
    block = packed_block(made, sample.codes, 8)
    classes = np.unique(block.positions % made.frontier.distance)
    assert len(classes) * 3 < len(block)
    together = np.flatnonzero(np.isin(np.arange(301) % made.frontier.distance, classes))
    assert np.array_equal(np.unique(block.positions), together)
    assert len(block) >= 8


def tiny(name: str) -> Subject:
    return next(subject for subject in subjects.SUBJECTS if subject.name == name)


@pytest.mark.parametrize("name", ["ism-basset-1000", "ism-bpnet-2114", "ism-xpresso-10500", "ism-basenji2-131072"])
def test_case_at_size_tiny(cache: Path, name: str) -> None:
    row = ism_cases.cases()[name]("tiny")
    assert row.equal
    assert row.value is not None
    assert row.figures[scan_case.EXACTNESS] <= scan_case.TOLERANCE
    assert row.figures["largest effect"] > 10 * scan_case.TOLERANCE
    chosen = row.note.split("which chose ")[1].split(".")[0]
    modes = {f"gxfast mode {mode}" for mode in ("naive", "packed", "delta") if mode != chosen}
    assert set(row.peers) == {scan_case.NAIVE, *modes}
    assert not row.failed
    assert not row.differ
    assert row.verdicts()[0]["held"] is True
    assert list(cache.glob("ism-v1/*.onnx"))


def test_sliced_case_keeps_ten_bins_and_one_track(cache: Path) -> None:
    row = ism_cases.cases()["ism-basenji2-10-bins-131072"]("tiny")
    assert row.equal
    assert not row.failed
    sizes = {"tiny": onnx.load(tiny("ism-basenji2-131072").file("tiny")), "real": networks.basenji2().model}
    for size, model in sizes.items():
        n_bins = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
        bins = subjects._MIDDLE[size]
        assert len(bins) == 10
        assert bins.start + bins.stop == n_bins


def test_wrong_effects_of_gxfast_leave_no_ratio(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gxfast.bench.command import run_case
    from gxfast.ism.modes.runner import Runner

    right = Runner.effects
    monkeypatch.setattr(Runner, "effects", lambda self, *args: right(self, *args) + 1e-3)
    row = run_case("ism-bpnet-1000", ism_cases.cases()["ism-bpnet-1000"], "tiny")
    assert not row.equal
    assert not row.peers
    assert "effects differ by" in row.failed["the case"]


def test_a_model_that_does_not_react_is_refused(cache: Path) -> None:
    def silent(folder: Path) -> Path:
        network = networks.bpnet(301, 8, 4)
        for weight in network.model.graph.initializer:
            zeros = np.zeros(tuple(weight.dims), np.float32)
            weight.CopyFrom(onnx.numpy_helper.from_array(zeros, weight.name))
        return save_model(*network, folder / "silent.onnx")

    subject = Subject("silent", {"real": silent}, {"tiny": subjects.Amount(10, 8)})
    with pytest.raises(ValueError, match="too small to tell right from wrong"):
        scan_case.scan(subject, "tiny")


def test_absent_data_are_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GXFAST_DATA", raising=False)
    with pytest.raises(UnavailableError, match="GXFAST_DATA"):
        tiny("ism-xpresso-10500").file("real")
    monkeypatch.setenv("GXFAST_DATA", str(cache))
    with pytest.raises(UnavailableError, match="below GXFAST_DATA"):
        tiny("ism-xpresso-10500").file("real")


def test_plan_that_would_fill_the_memory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_model(*TINY["bpnet"], tmp_path / "model.onnx")
    made = gx.ism.plan(Model(path, device="cpu"), mode="delta", check=0)
    scan_case._refuse_to_run_out_of_memory(made)
    monkeypatch.setattr(scan_case, "_free_bytes", lambda: 100.0)
    with pytest.raises(UnavailableError, match="mode delta runs 192 mutants at once"):
        scan_case._refuse_to_run_out_of_memory(made)
