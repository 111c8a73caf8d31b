"""Running models: values worked out by hand for every field of the card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from gxfast.errors import InputError, ModelError
from gxfast.models.card import ModelCard
from gxfast.models.runtime import CPU
from gxfast.models.session import Model

L = 6
# Weight of base c at position i: 10 ** i times 1, 2, 3, 4 for A, C, G, T; so a value spells the sequence.
PLACE = 10.0 ** np.arange(L)
CARD = ModelCard(name="m", layout="NLC", length=L, tss_index={"+": 3, "-": 3})
Node = tuple[str, list[str], list[str], dict[str, Any]]


def save(
    path: Path,
    nodes: list[Node],
    constants: dict[str, NDArray[Any]],
    *,
    inputs: dict[str, list[Any]],
    output: list[Any],
    dtype: int = TensorProto.FLOAT,
) -> Path:
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, **attributes) for op, ins, outs, attributes in nodes],
        "g",
        [helper.make_tensor_value_info(name, dtype, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", dtype, output)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def spelling(path: Path, *, shape: list[Any], dtype: int = TensorProto.FLOAT, channels: str = "ACGT") -> Path:
    """A linear model in the layout of ``shape``: digit i of the output is 1, 2, 3, 4 for A, C, G, T."""
    digits = ["ACGT".index(base) + 1 for base in channels]
    weights = np.outer(PLACE, digits)
    if shape[1] == 4:
        weights = weights.T
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    if dtype == TensorProto.FLOAT16:
        weights = np.where(weights < 5000, weights, 0)  # float16 ends at 65,504
    nodes: list[Node] = [
        ("Flatten", ["x"], ["f"], {"axis": 1}),
        ("MatMul", ["f", "w"], ["y"], {}),
    ]
    constants = {"w": weights.reshape(-1, 1).astype(kind)}
    return save(path, nodes, constants, inputs={"x": shape}, output=[shape[0], 1], dtype=dtype)


def bins_model(path: Path, *, tracks_first: bool = False) -> Path:
    """Bins of 2 bases, tracks = counts of A, C, G, T: (N, 3, 4), or (N, 4, 3) with tracks first."""
    nodes: list[Node] = [
        ("Reshape", ["x", "shape"], ["r"], {}),
        ("ReduceSum", ["r", "axis"], ["s"], {"keepdims": 0}),
        ("Transpose", ["s"], ["y"], {"perm": [0, 2, 1] if tracks_first else [0, 1, 2]}),
    ]
    constants = {"shape": np.array([0, 3, 2, 4]), "axis": np.array([2])}
    output = ["b", 4, 3] if tracks_first else ["b", 3, 4]
    return save(path, nodes, constants, inputs={"x": ["b", L, 4]}, output=output)


def ascii_rows(*sequences: str) -> NDArray[np.uint8]:
    return np.stack([np.frombuffer(sequence.encode(), np.uint8) for sequence in sequences])


def random_rows(n: int, length: int = L, seed: int = 1) -> NDArray[np.uint8]:
    bases = np.frombuffer(b"ACGTN", np.uint8)
    return bases[np.random.default_rng(seed).integers(0, 5, (n, length))]


def cpu(path: Path, card: ModelCard | None = None, **options: Any) -> Model:
    return Model(path, card=card, device="cpu", **options)


@pytest.mark.parametrize("shape", [["b", L, 4], ["b", 4, L], ["b", 4, 1, L]])
def test_every_layout_spells_the_sequence(tmp_path: Path, shape: list[Any]) -> None:
    model = cpu(spelling(tmp_path / "m.onnx", shape=shape))
    assert model.predict(ascii_rows("ACGTNA", "TTTTTT")).tolist() == [[104321.0], [444444.0]]
    assert (model.length, model.n_tracks, model.tracks) == (L, 1, ("track0",))
    assert (model.device, model.provider, model.provider_options) == ("cpu", CPU, {})
    assert "length=6" in repr(model)


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_float_types(tmp_path: Path, dtype: int) -> None:
    model = cpu(spelling(tmp_path / "m.onnx", shape=["b", L, 4], dtype=dtype))
    assert model.predict(ascii_rows("CATCAT")).tolist() == [[412412.0]]
    assert model.predict(ascii_rows("CATCAT")).dtype == np.float64


def test_float16(tmp_path: Path) -> None:
    path = spelling(tmp_path / "m.onnx", shape=["b", L, 4], dtype=TensorProto.FLOAT16)
    assert cpu(path).predict(ascii_rows("CANNNN")).tolist() == [[12.0]]


def test_card_channels_and_unknown_value(tmp_path: Path) -> None:
    path = spelling(tmp_path / "m.onnx", shape=["b", L, 4], channels="AGCT")
    card = replace(CARD, channels="AGCT")
    assert cpu(path, card).predict(ascii_rows("ACGTNN")).tolist() == [[4321.0]]
    quarter = cpu(path, replace(card, unknown=0.25)).predict(ascii_rows("ACGTNN"))
    assert quarter.tolist() == [[4321.0 + 2.5 * 110_000]]


def test_reverse_complement_ensemble_is_the_mean_of_both_strands(tmp_path: Path) -> None:
    path = spelling(tmp_path / "m.onnx", shape=["b", L, 4])
    model = cpu(path, replace(CARD, ensemble_reverse_complement=True))
    # AACGTT is its own reverse complement; AAAAAA reads TTTTTT
    assert model.predict(ascii_rows("AACGTT", "AAAAAA")).tolist() == [[443211.0], [(111111 + 444444) / 2]]


def test_shifts_read_real_flanking_bases(tmp_path: Path) -> None:
    path = spelling(tmp_path / "m.onnx", shape=["b", L, 4])
    model = cpu(path, replace(CARD, shifts=(-1, 0, 2)))
    assert model.card.read_length == 9
    # windows of CAAAAAAGT at offsets 0, 1, 3: CAAAAA, AAAAAA, AAAAGT
    expected = (111112 + 111111 + 431111) / 3
    assert model.predict(ascii_rows("CAAAAAAGT")).tolist() == [[pytest.approx(expected, rel=1e-15)]]
    with pytest.raises(InputError, match=r"\(N, 9\)"):
        model.predict(ascii_rows("CAAAAA"))


SEQUENCE = "AACCGT"  # bins AA, CC, GT


@pytest.mark.parametrize("tracks_first", [False, True])
@pytest.mark.parametrize(
    ("options", "names", "expected"),
    [
        ({"reduce": "sum"}, ("track0", "track1", "track2", "track3"), [2, 2, 1, 1]),
        ({"reduce": "mean", "tracks": (1, 0)}, ("track1", "track0"), [2 / 3, 2 / 3]),
        ({"bins": (2, 0), "tracks": (0, 2), "reduce": "sum"}, ("track0", "track2"), [2, 1]),
        ({"bins": (1,), "tracks": (1,)}, ("track1",), [2]),
        ({"bins": (1, 0), "tracks": (0, 1)}, ("track0:bin1", "track1:bin1", "track0:bin0", "track1:bin0"),
         [0, 2, 2, 0]),
        ({"tracks": (3,), "track_names": ("T",)}, ("T:bin0", "T:bin1", "T:bin2"), [0, 0, 1]),
        ({"reduce": "sum", "transform": "log2p1", "tracks": (0, 2)}, ("track0", "track2"),
         [np.log2(3), 1.0]),
        ({"reduce": "sum", "transform": "ln1p", "tracks": (0,)}, ("track0",), [np.log(3)]),
        ({"reduce": "mean", "transform": "log10p1", "tracks": (0,)}, ("track0",), [np.log10(3) / 3]),
        ({"bins": (0,), "tracks": (0,), "transform": "log2"}, ("track0",), [1.0]),
    ],
)  # fmt: skip
def test_selection_then_transform_then_reduction(
    tmp_path: Path, tracks_first: bool, options: dict[str, Any], names: tuple[str, ...], expected: list[float]
) -> None:
    path = bins_model(tmp_path / "m.onnx", tracks_first=tracks_first)
    card = replace(CARD, output_layout="NTB" if tracks_first else "NBT", **options)
    model = cpu(path, card)
    assert model.tracks == names
    np.testing.assert_allclose(model.predict(ascii_rows(SEQUENCE))[0], expected, rtol=1e-15)


def test_bins_of_the_reverse_complement_are_flipped_back(tmp_path: Path) -> None:
    card = replace(CARD, output_layout="NBT", bins=(0,), tracks=(0, 3), ensemble_reverse_complement=True)
    model = cpu(bins_model(tmp_path / "m.onnx"), card)
    # first bin AA forward: A 2, T 0; on the other strand the same bin reads TT: A 0, T 2
    assert model.predict(ascii_rows(SEQUENCE)).tolist() == [[1.0, 1.0]]


def test_ensemble_is_averaged_before_the_transform(tmp_path: Path) -> None:
    card = replace(
        CARD, output_layout="NBT", bins=(0,), tracks=(0,), ensemble_reverse_complement=True, transform="log2"
    )
    assert cpu(bins_model(tmp_path / "m.onnx"), card).predict(ascii_rows(SEQUENCE)).tolist() == [[0.0]]


def test_default_card_makes_every_value_a_track(tmp_path: Path) -> None:
    model = cpu(bins_model(tmp_path / "m.onnx"))
    assert model.card.origin == "default"
    assert model.n_tracks == 12
    assert model.predict(ascii_rows(SEQUENCE))[0].tolist() == [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1]


def test_too_many_values_need_a_selection(tmp_path: Path) -> None:
    nodes: list[Node] = [("Flatten", ["x"], ["f"], {"axis": 1}), ("MatMul", ["f", "w"], ["y"], {})]
    path = save(
        tmp_path / "m.onnx",
        nodes,
        {"w": np.zeros((24, 100_001), np.float32)},
        inputs={"x": ["b", L, 4]},
        output=["b", 100_001],
    )
    with pytest.raises(ModelError, match="100001 values per sequence"):
        cpu(path)
    assert cpu(path, replace(CARD, tracks=(7,))).n_tracks == 1


def test_extra_inputs_reach_every_sequence(tmp_path: Path) -> None:
    nodes: list[Node] = [
        ("Flatten", ["x"], ["f"], {"axis": 1}),
        ("Concat", ["f", "z"], ["c"], {"axis": 1}),
        ("MatMul", ["c", "w"], ["y"], {}),
    ]
    weights = np.concatenate([np.zeros(24), [1, 10]])[:, None].astype(np.float32)
    path = save(tmp_path / "m.onnx", nodes, {"w": weights}, inputs={"x": ["b", L, 4], "z": ["b", 2]}, output=["b", 1])
    model = cpu(path, replace(CARD, extra_inputs={"z": (3.0, 4.0)}))
    assert model.predict(random_rows(5)).tolist() == [[43.0]] * 5


def test_undeclared_output_shape_is_measured(tmp_path: Path) -> None:
    nodes: list[Node] = [("Flatten", ["x"], ["y"], {"axis": 1})]
    path = save(tmp_path / "m.onnx", nodes, {}, inputs={"x": ["b", L, 4]}, output=["b", "values"])
    assert cpu(path).n_tracks == 24


def test_output_without_a_row_per_sequence_is_refused(tmp_path: Path) -> None:
    nodes: list[Node] = [("ReduceSum", ["x", "axes"], ["y"], {"keepdims": 0})]
    path = save(tmp_path / "m.onnx", nodes, {"axes": np.array([0, 1])}, inputs={"x": ["b", L, 4]}, output=["t"])
    with pytest.raises(ModelError, match="no row per sequence"):
        cpu(path)


@pytest.mark.parametrize("fixed", [1, 3])
def test_fixed_batch_is_honoured(tmp_path: Path, fixed: int, caplog: pytest.LogCaptureFixture) -> None:
    path = spelling(tmp_path / "m.onnx", shape=[fixed, L, 4])
    model = cpu(path, batch_size=8)
    assert model.batch_size == fixed
    assert f"fixes the batch at {fixed}" in caplog.text
    rows = random_rows(200)
    flexible = cpu(spelling(tmp_path / "f.onnx", shape=["b", L, 4]))
    assert np.array_equal(model.predict(rows, n_threads=2), flexible.predict(rows))


def test_a_graph_that_hides_its_batch_size_is_explained(tmp_path: Path) -> None:
    nodes: list[Node] = [("Reshape", ["x", "s"], ["y"], {})]
    path = save(tmp_path / "m.onnx", nodes, {"s": np.array([1, 24])}, inputs={"x": ["b", L, 4]}, output=["b", 24])
    with pytest.raises(ModelError, match=r"fails on a batch of 2[\s\S]*dynamic batch axis"):
        cpu(path).predict(random_rows(1))


def test_empty_and_strided_sequences(tmp_path: Path) -> None:
    model = cpu(spelling(tmp_path / "m.onnx", shape=["b", L, 4]))
    assert model.predict(np.empty((0, L), np.uint8)).shape == (0, 1)
    rows = random_rows(40)
    wide = np.zeros((40, 2 * L), np.uint8)
    wide[:, ::2] = rows
    assert np.array_equal(model.predict(wide[:, ::2]), model.predict(rows))
    assert np.array_equal(model.predict(np.asfortranarray(rows)), model.predict(rows))


@pytest.mark.parametrize(
    "sequences",
    [
        "ACGTN",
        ["ACGTNA", "ACGTN"],
        "ACGTN\N{LATIN SMALL LETTER E WITH ACUTE}",
        [[65] * L],
        65,
        np.zeros((1, L), np.int64),
        np.zeros((1, L), np.float32),
        np.zeros(L - 1, np.uint8),
        np.zeros((1, L + 1), np.uint8),
        np.zeros((1, L, 4), np.uint8),
        np.ma.masked_array(np.zeros((1, L), np.uint8)),
    ],
)
def test_refuses_other_sequences(tmp_path: Path, sequences: Any) -> None:
    model = cpu(spelling(tmp_path / "m.onnx", shape=["b", L, 4]))
    with pytest.raises(InputError, match=r"^model m(: sequences| takes sequences of 6 bases)"):
        model.predict(sequences)


@pytest.mark.parametrize(
    "sequences",
    [
        ["ACGTNA", "TTTTTT"],
        [b"ACGTNA", b"TTTTTT"],
        ("acgtna", "TTTTTT"),
        ascii_rows("ACGTNA", "TTTTTT")[:, ::-1][:, ::-1],
    ],
)
def test_takes_text_as_sequences(tmp_path: Path, sequences: Any) -> None:
    model = cpu(spelling(tmp_path / "m.onnx", shape=["b", L, 4]))
    assert model.predict(sequences).tolist() == [[104321.0], [444444.0]]
    for one in ("ACGTNA", b"ACGTNA", ascii_rows("ACGTNA")[0]):
        assert model.predict(one).tolist() == [[104321.0]]


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    nodes: list[Node] = [
        ("Flatten", ["x"], ["f"], {"axis": 1}),
        ("MatMul", ["f", "w"], ["s"], {}),
        ("Log", ["s"], ["y"], {}),
    ]
    weights = np.tile([1.0, 1, 1, -1], L)[:, None].astype(np.float32)  # more T than others: log of < 0
    path = save(tmp_path / "m.onnx", nodes, {"w": weights}, inputs={"x": ["b", L, 4]}, output=["b", 1])
    rows = ascii_rows("AAAAAA", "CCCCCA", "TTTTTA", "AAATTT")
    values = cpu(path).predict(rows)
    assert np.isnan(values[2, 0])
    assert values[3, 0] == -np.inf
    assert values[0, 0] == pytest.approx(np.log(6), rel=1e-6)
    with pytest.raises(ModelError, match="not finite") as error:
        cpu(path).predict(rows, check_finite=True)
    assert error.value.record == "sequence 2"
    cpu(path).predict(rows[:2], check_finite=True)


def test_errors_of_the_model_are_wrapped(tmp_path: Path) -> None:
    model = cpu(spelling(tmp_path / "m.onnx", shape=["b", L, 4]))

    class Broken:
        def run(self, *_: Any) -> Any:
            raise RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : something\nwent wrong")

    model._session = replace(model._session, raw=Broken())
    with pytest.raises(ModelError, match="batch of 2: something went wrong"):
        model.predict(random_rows(3))


@pytest.mark.parametrize("option", ["batch_size", "max_bytes"])
def test_refuses_options_that_are_not_positive(tmp_path: Path, option: str) -> None:
    path = spelling(tmp_path / "m.onnx", shape=["b", L, 4])
    with pytest.raises(InputError, match=f"{option} must be positive"):
        cpu(path, **{option: 0})
    with pytest.raises(InputError, match="n_threads"):
        cpu(path, n_threads=-1)
