"""The constructed model: hand-worked responses, the ONNX file against its NumPy twin, the shipped bytes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gxfast.demo import model as demo
from gxfast.errors import InputError

BASES = np.frombuffer(b"ACGT", np.uint8)


def blank(n: int = 1) -> np.ndarray:
    # poly-A scores below every detector's threshold
    return np.full((n, demo.LENGTH), ord("A"), np.uint8)


def put(row: np.ndarray, offset: int, text: str) -> None:
    start = demo.TSS_INDEX + offset
    row[start : start + len(text)] = np.frombuffer(text.encode(), np.uint8)


def run_onnx(sequences: np.ndarray) -> np.ndarray:
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is an optional dependency")
    session = onnxruntime.InferenceSession(demo.packaged_model(), providers=["CPUExecutionProvider"])
    one_hot = (sequences[..., None] == BASES).astype(np.float32)
    return np.asarray(session.run(["expression"], {"sequence": one_hot})[0])


class TestByHand:
    """ets = ACCGGAAGTG, weights 1/2 1/2 1 1 1 1 1 1 1/2 1/2, peak 0.5 at -40, gone 400 away."""

    # It starts at -40, so in bin (1024 - 40) // 8 = 123, whose centre is 123 * 8 + 4 - 1024 = -36: the
    # profile is 1 - 4 / 400 = 0.99 and the weight round(0.5 * 0.99 * 256) / 256 = 127 / 256.
    WEIGHT = 127 / 256

    @pytest.mark.parametrize(
        ("text", "response"),
        [
            ("ACCGGAAGTG", 2.5),  # perfect
            ("CACTTCCGGT", 2.5),  # its reverse complement
            ("CCCGGAAGTG", 1.5),  # one flank base wrong: 2 x 1/2 less
            ("ACCGTAAGTG", 0.5),  # one core base wrong: 2 x 1 less
            ("ACCGNAAGTG", 1.5),  # one core base unknown: 1 less
            ("ACCTTAAGTG", 0.0),  # two core bases wrong: below the threshold
        ],
    )
    def test_planted_ets(self, text: str, response: float) -> None:
        row = blank()
        put(row[0], -40, text)
        expected = 1.0 + response * self.WEIGHT
        assert demo.predict(row)[0] == expected
        assert run_onnx(row).tolist() == [[expected]]

    def test_repressor_lowers(self) -> None:
        # gfi1 in the same bin: profile 1 - 4 / 700, weight -round(0.45 * 0.994286 * 256) / 256 = -115 / 256
        row = blank()
        put(row[0], -40, "AAATCACAGC")
        assert demo.predict(row)[0] == 1.0 - 2.5 * 115 / 256
        assert run_onnx(row)[0, 0] == 1.0 - 2.5 * 115 / 256

    def test_out_of_reach(self) -> None:
        row = blank()
        put(row[0], 600, "ACCGGAAGTG")
        assert demo.predict(row)[0] == 1.0

    def test_unknown_bases_only(self) -> None:
        row = np.full((1, demo.LENGTH), ord("N"), np.uint8)
        assert demo.predict(row)[0] == 1.0
        assert run_onnx(row)[0, 0] == 1.0


def test_onnx_equals_twin_bit_for_bit_in_any_batch() -> None:
    rng = np.random.default_rng(3)
    sequences = rng.choice(np.frombuffer(b"ACGTN", np.uint8), (37, demo.LENGTH), p=[0.25, 0.25, 0.24, 0.24, 0.02])
    twin = demo.predict(sequences)
    whole = run_onnx(sequences)
    assert whole.shape == (37, 1)
    assert whole.dtype == np.float32
    assert len(np.unique(twin)) > 20
    np.testing.assert_array_equal(whole[:, 0], twin)
    np.testing.assert_array_equal(np.concatenate([run_onnx(row[None]) for row in sequences]), whole)


def test_shipped_file_is_what_the_script_builds(tmp_path, capsys) -> None:
    out = tmp_path / "m.onnx"
    assert demo.main([str(out)]) == 0
    assert out.read_bytes() == demo.packaged_model()
    assert len(demo.packaged_model()) <= 200_000
    assert demo.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_card_and_signature() -> None:
    import onnx

    model = onnx.load_from_string(demo.packaged_model())
    card = json.loads({entry.key: entry.value for entry in model.metadata_props}["gxfast.card"])
    assert card == demo.CARD
    assert card["input"] == {
        "name": "sequence",
        "layout": "NLC",
        "channels": "ACGT",
        "length": 2048,
        "unknown": 0.0,
    }
    assert card["window"] == {"tss_index": {"+": 1024, "-": 1024}, "reverse_complement_minus": True}
    assert [entry.version for entry in model.opset_import] == [17]
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert shape[0].dim_param == "batch"
    assert [d.dim_value for d in shape[1:]] == [2048, 4]
    assert model.graph.input[0].name == card["input"]["name"]
    assert model.graph.output[0].name == card["output"]["name"]


def test_palindromes_have_one_detector() -> None:
    owners = [motif.name for motif in demo.detectors()[2]]
    assert len(owners) == 12
    assert [owners.count(name) for name in ("nrf1", "creb", "ets")] == [1, 1, 2]


def test_reverse_complement() -> None:
    bases = np.frombuffer(b"AACGN", np.uint8)
    assert bytes(demo.reverse_complement(bases)) == b"NCGTT"


@pytest.mark.parametrize("bad", [np.zeros((1, 2047), np.uint8), np.zeros((1, 2048), np.int8)])
def test_predict_refuses(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="2048"):
        demo.predict(bad)
