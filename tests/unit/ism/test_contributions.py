"""Contributions: typed examples, a slow twin, ensembles and transforms, what is refused, and what does not add up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.plain_deeplift import Net, drawn, hypothetical, layers

import gxfast as gx
from gxfast.errors import InputError, ModelError
from gxfast.ism.ops import operator_of, register
from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model

LENGTH = 23
HOT = np.vstack([np.eye(4), np.zeros((1, 4))])
MODELS = (
    ("beluga", None), ("bpnet", "counts"), ("bpnet", "profile"), ("chrombpnet", "logcounts"), ("legnet", None),
    ("malinois", None), ("borzoi_unet", None),
)  # fmt: skip


def saved(writer: GraphWriter, y: str, length: int, folder: Path, name: str = "net", **card: Any) -> gx.Model:
    writer.output(y, ["n", 1])
    made = ModelCard(name=name, length=length, layout="NCL", tss_index={"+": 0, "-": 0}, **card)
    return gx.Model(save_model(writer.model(name), made, folder / f"{name}.onnx"), device="cpu")


def two_bases(folder: Path, batch: int | str = "n", **card: Any) -> gx.Model:
    """relu(2 for A at 0, 1 for C at 1, -1 in all)."""
    writer = GraphWriter()
    x = writer.input("sequence", [batch, 4, 2])
    weights = np.zeros((4, 2), np.float32)
    weights[0, 0], weights[1, 1] = 2, 1
    flat = writer.add("Flatten", x)
    total = writer.add("MatMul", flat, writer.constant(weights.reshape(8, 1)))
    y = writer.add("Relu", writer.add("Add", total, writer.constant(np.float32([-1]))))
    return saved(writer, y, 2, folder, **card)


def network(net: Net, folder: Path, **card: Any) -> gx.Model:
    writer = GraphWriter()
    x = writer.input("sequence", ["n", 4, LENGTH])
    weights = [writer.constant(np.float32(each)) for each in (net.conv, net.conv_bias)]
    found = writer.add("Relu", writer.add("Conv", x, *weights, kernel_shape=[net.conv.shape[2]]))
    pooled = writer.add("MaxPool", found, kernel_shape=[net.pool], strides=[net.pool])
    dense = [writer.constant(np.float32(each)) for each in (net.dense, net.dense_bias)]
    h = writer.add("Relu", writer.add("Gemm", writer.add("Flatten", pooled), *dense))
    y = writer.add("MatMul", h, writer.constant(np.float32(net.last[:, None])))
    return saved(writer, y, LENGTH, folder, **card)


def letters(n: int, seed: int = 0, top: int = 4, length: int = LENGTH) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, top, (n, length)).astype(np.uint8)


def test_two_bases_by_hand(tmp_path: Path) -> None:
    # AC gives 2 + 1 - 1 = 2, GG relu(-1) = 0: the Relu passes 2 / 3 of a change of 3, which is 2 of A and 1 of C.
    model = two_bases(tmp_path)
    expected = np.zeros((1, 2, 4), np.float32)
    expected[0, 0, 0], expected[0, 1, 1] = 4 / 3, 2 / 3
    assert gx.ism.deeplift(model, "AC", references=["GG"]) == pytest.approx(expected)
    assert gx.ism.deeplift(model, "AC", references=["GG"], hypothetical=True) == pytest.approx(expected)
    # Against GC, relu(0) = 0, all is A's; the C is there in both, so every other base would take away from it.
    both = gx.ism.deeplift(model, "AC", references=["GC"], hypothetical=True)
    assert both[0] == pytest.approx(np.array([[2, 0, 0, 0], [-1, 0, -1, -1]]))
    mean = gx.ism.deeplift(model, "AC", references=["GG", "GC"])[0]
    assert mean == pytest.approx(np.array([[5 / 3, 0, 0, 0], [0, 1 / 3, 0, 0]]))


def test_a_reference_that_is_the_sequence_gives_the_gradient(tmp_path: Path) -> None:
    found = gx.ism.deeplift(two_bases(tmp_path), "AC", references=["AC"], hypothetical=True)
    assert found[0] == pytest.approx(np.array([[0, -2, -2, -2], [-1, 0, -1, -1]]))


def test_the_transform_is_rescaled_too(tmp_path: Path) -> None:
    # log(1 + y) goes from 0 to log 3 while y goes from 0 to 2.
    found = gx.ism.deeplift(two_bases(tmp_path, transform="ln1p"), "AC", references=["GG"])
    assert found[0, 0, 0] == pytest.approx(np.log(3) * 2 / 3)
    assert found[0, 1, 1] == pytest.approx(np.log(3) / 3)


@pytest.mark.parametrize("seed", range(6))
def test_same_as_the_slow_twin(seed: int, tmp_path: Path) -> None:
    net = drawn(LENGTH, seed)
    model = network(net, tmp_path)
    rows, references = letters(3, seed, top=5), letters(12, seed + 50, top=5).reshape(3, 4, LENGTH)
    found = gx.ism.deeplift(model, rows, references=references, hypothetical=True)
    for row, own, own_references in zip(rows, found, references, strict=True):
        expected = hypothetical(net, HOT[row], HOT[own_references])
        assert own == pytest.approx(expected, abs=2e-5)
    projected = gx.ism.deeplift(model, rows, references=references)
    assert np.array_equal(projected, found * HOT[rows].astype(np.float32))


def test_both_strands_are_averaged(tmp_path: Path) -> None:
    net = drawn(LENGTH, 3)
    model = network(net, tmp_path, ensemble_reverse_complement=True)
    rows, references = letters(2), letters(6, 9).reshape(2, 3, LENGTH)
    found = gx.ism.deeplift(model, rows, references=references, hypothetical=True)
    for row, own, others in zip(rows, found, references, strict=True):
        forward = hypothetical(net, HOT[row], HOT[others])
        back = hypothetical(net, HOT[3 - row[::-1]], HOT[3 - others[:, ::-1]])[::-1, ::-1]
        assert own == pytest.approx((forward + back) / 2, abs=2e-5)


def test_shuffles_are_those_of_the_function_and_shared_references_are_repeated(tmp_path: Path) -> None:
    model, rows = network(drawn(LENGTH), tmp_path), letters(2, 4)
    given = gx.dinucleotide_shuffle(rows, 7, seed=5)
    assert np.array_equal(gx.ism.deeplift(model, rows, n_references=7, seed=5),
                          gx.ism.deeplift(model, rows, references=given))  # fmt: skip
    shared = letters(3, 8)
    repeated = np.repeat(shared[None], 2, axis=0)
    assert np.array_equal(gx.ism.deeplift(model, rows, references=shared),
                          gx.ism.deeplift(model, rows, references=repeated))  # fmt: skip


def test_bits_of_a_row_are_its_own(tmp_path: Path) -> None:
    rows = letters(5, 1)
    model = network(drawn(LENGTH), tmp_path)
    all_rows = gx.ism.deeplift(model, rows, hypothetical=True)
    for i in (0, 3):
        assert np.array_equal(gx.ism.deeplift(model, rows[i : i + 1], hypothetical=True)[0], all_rows[i])


def test_contributions_add_up_whatever_the_number_of_references(tmp_path: Path) -> None:
    net, (row,) = drawn(LENGTH, 2), letters(1, 6)
    model = network(net, tmp_path)
    for n in (1, 2, 33, 70):  # also more than fit into a run
        shuffled = gx.codes(gx.dinucleotide_shuffle(row, n)[0])
        mean = np.mean([layers(net, HOT[one])["y"] for one in shuffled])
        total = gx.ism.deeplift(model, row, n_references=n).sum()
        assert total == pytest.approx(layers(net, HOT[row])["y"] - mean, abs=1e-4)


@pytest.mark.parametrize(("name", "output"), MODELS)
def test_models_of_the_field_add_up(name: str, output: str | None, data_dir: Path, tmp_path: Path) -> None:
    source = data_dir / "cases" / "models" / f"{name}.onnx"
    if not source.is_file():
        pytest.skip(f"no {source}")
    path = Path(shutil.copy(source, tmp_path))
    if output:
        path.with_suffix(".card.json").write_text(json.dumps({"gxfast_card": 1, "output": {"name": output}}))
    model = gx.Model(path, device="cpu")
    row = np.load(source.with_suffix(".npz"))["codes"].astype(np.uint8)[0]
    references = gx.dinucleotide_shuffle(row, 4)[0]
    found = gx.ism.deeplift(model, row, references=references)
    values = model.predict(np.concatenate([gx.codes(row)[None], gx.codes(references)]))[:, 0]
    expected = values[0] - values[1:].mean()
    unknown = (row == 4).any()  # whose own share is not in the projected ones; shuffles keep them where they are
    assert not unknown or model.card.unknown == 0.0
    assert found.sum() == pytest.approx(expected, abs=1e-5 + 2e-3 * abs(expected))


@pytest.mark.parametrize(("name", "operator"), [("danq_lstm", "LSTM"), ("gru_ceil", "GRU")])
def test_recurrent_layers_are_refused_by_name(name: str, operator: str, data_dir: Path) -> None:
    path = data_dir / "cases" / "models" / f"{name}.onnx"
    if not path.is_file():
        pytest.skip(f"no {path}")
    model = gx.Model(path, device="cpu")
    with pytest.raises(ModelError, match=f"through operator {operator}: there is no rule") as error:
        gx.ism.deeplift(model, np.zeros((1, model.card.read_length), np.uint8))
    assert "gxfast.ism.saturate" in str(error.value.remedy)


def test_one_row_per_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="fixes the batch at one row") as error:
        gx.ism.deeplift(two_bases(tmp_path, batch=1), "AC")
    assert "dynamic batch" in str(error.value.remedy)


def test_a_fixed_batch_is_filled(tmp_path: Path) -> None:
    found = gx.ism.deeplift(two_bases(tmp_path, batch=3), "AC", references=["GG", "GC", "GG"])[0]
    assert found == pytest.approx(np.array([[14 / 9, 0, 0, 0], [0, 4 / 9, 0, 0]]))


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ("uniform", "must be 'dinucleotide' or an array"),
        (np.zeros((2, 3, 2), np.uint8), "of 2 sequences, 1 are given"),
        (np.zeros((3, 5), np.uint8), "uint8 of 2 bases"),
        (np.zeros((1, 3, 2)), "found float64"),
        (np.zeros((0, 2), np.uint8), r"shape \(0, 2\)"),
    ],
)
def test_wrong_references(references: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        gx.ism.deeplift(two_bases(tmp_path), "AC", references=references)


@pytest.mark.parametrize("arguments", [{"n_references": 0}, {"seed": -1}, {"track": "other"}, {"track": 1}])
def test_wrong_arguments(arguments: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        gx.ism.deeplift(two_bases(tmp_path), "AC", **arguments)


def test_a_transform_without_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not finite"):
        gx.ism.deeplift(two_bases(tmp_path, transform="log2"), "AC", references=["GG"])


def test_a_wrong_rule_is_told(tmp_path: Path) -> None:
    relu = operator_of("Relu")
    register(replace(relu, multiplier=relu.gradient))
    try:
        with pytest.warns(RuntimeWarning, match="add up to 0, the prediction changes by 2"):
            gx.ism.deeplift(two_bases(tmp_path), "AC", references=["GG"])
    finally:
        register(relu)


def test_names_of_operators_without_a_rule(tmp_path: Path) -> None:
    def clipped(names: Sequence[str]) -> None:
        writer = GraphWriter()
        flat = writer.add("Flatten", writer.input("sequence", ["n", 4, 2]))
        for name in names:
            flat = writer.add(name, flat)
        gx.ism.deeplift(saved(writer, writer.sum(flat, [1]), 2, tmp_path, names[0]), "AC")

    for name in ("Floor", "Sign"):
        with pytest.raises(ModelError, match=f"operator {name}: there is no rule"):
            clipped([name])
