"""Small inputs of the kinds that people have: each with the value that must come out (``cases/`` of the shared data).

Each case stands for its kind; tests of other members of the kind are beside the code that decides it.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.models import ModelCard, card_from_json, inspect_model

Case = Callable[[str], Path]


@pytest.fixture
def case(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Copy a case by its name and go there."""

    def open_case(name: str) -> Path:
        source = data_dir / "cases" / name
        if not source.is_dir():
            pytest.skip(f"{source} is absent")
        folder = tmp_path / name
        shutil.copytree(source, folder)
        monkeypatch.chdir(folder)
        return folder

    return open_case


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def predict(*options: str, genes: str = "genes.tsv", vcf: str = "c.vcf.gz") -> int:
    """Run ``gxfast predict`` on the files of a case, into ``out``."""
    return main(["predict", "-q", "--fasta", "ref.fa", "--vcf", vcf, "--genes", genes, "--model", "m.onnx",
                 "-o", "out", *options])  # fmt: skip


def values_of(gene: str, folder: str = "out") -> dict[str, float]:
    """Predictions of a gene by person."""
    (file,) = Path(folder, "predictions").glob("*.bed.gz")
    (row,) = [row for row in rows_of(file) if row["gene_id"] == gene]
    return {name: float(value) for name, value in row.items() if name not in ("#chr", "start", "end", "gene_id")}


# -- records and phase


def test_haploid_calls(case: Case) -> None:
    case("02-chrX-haploid")
    assert predict() == 0
    (gene,) = {row["gene_id"] for row in rows_of(Path("out/genes.tsv"))}
    expected = {"M1": -17.810465, "F1": -18.140425, "M2": -18.470385, "F2": -17.810465}
    assert values_of(gene) == pytest.approx(expected, abs=1e-5)


# -- ploidy, dosages and weights


# -- names, genes and files


# -- models

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
Published = Callable[[str], dict[str, Any]]


@pytest.fixture
def published(data_dir: Path) -> Published:
    """What torch gives: sequences, outputs, and the gradient of the first value of the last axis."""

    def read(name: str) -> dict[str, Any]:
        path = data_dir / "cases" / name
        if not path.is_file():
            pytest.skip(f"{path} is absent")
        with np.load(path) as file:
            return {**file, "letters": LETTERS[file["codes"]]}

    return read


def one_output(name: str) -> ModelCard:
    return card_from_json(json.dumps({"gxfast_card": 1, "output": {"name": name}}), source="a test")


def gradient_error(model: gx.Model, torch: dict[str, Any]) -> float:
    """Largest difference, as a share of the largest gradient."""
    expected = torch["grad_first_of_last"]
    found = gx.ism.input_gradient(model, torch["letters"], track=0)
    return float(np.abs(found - expected).max() / np.abs(expected).max())


NETWORKS = {
    "beluga": ("out",), "borzoi_unet": ("out",), "bpnet": ("profile", "counts"), "chrombpnet": ("logits", "logcounts"),
    "danq_lstm": ("out",), "gru_ceil": ("out",), "legnet": ("out",), "malinois": ("out",),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_field(name: str, data_dir: Path, published: Published) -> None:
    torch, path = published(f"models/{name}.npz"), data_dir / f"cases/models/{name}.onnx"
    for output in NETWORKS[name]:
        model = gx.Model(path, card=one_output(output), device="cpu")
        assert model.rows_seen
        expected = torch[f"y_{output}"].reshape(len(torch["letters"]), -1)
        found = model.predict(torch["letters"])
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * max(1.0, np.abs(expected).max()))
        assert gx.ism.plan(model).verify(torch["letters"][0]) < 1e-5
    assert gradient_error(gx.Model(path, card=one_output(NETWORKS[name][-1]), device="cpu"), torch) < 1e-5


def test_rows_of_a_batch_are_independent(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    folder = case("47-quantised-model")
    shutil.copy(folder / "q.onnx", folder / "m.onnx")
    for size in ("2", "16"):
        assert predict("--batch-size", size, genes="g5.tsv") == 2
        told = capsys.readouterr().err
        assert "seq_QuantizeLinear" in told
        assert "rows of a batch are not independent" in told
        assert "quantize_static" in told
    shutil.copy(folder / "float.onnx", folder / "m.onnx")
    assert predict(genes="g5.tsv") == 0
    alone = [-0.25561, -0.25564, -0.25519, -0.25508, -0.25497, -0.25465, -0.25554, -0.25573]
    assert list(values_of("G0:track0").values()) == pytest.approx(alone, abs=5e-3)  # of the quantised model, one by one


@pytest.mark.parametrize("name", ["m.onnx", "named.onnx"])
def test_left_out_outputs(name: str, case: Case) -> None:
    import onnxruntime

    folder = case("50-lstm-y-left-out")
    assert main(["ism", "saturate", "--model", name, "--sequences", "s.fa", "--positions", "40-60", "--format", "tsv",
                 "-o", "scan", "-q"]) == 0  # fmt: skip
    letters = np.frombuffer("".join((folder / "s.fa").read_text().split("\n")[1:]).encode(), np.uint8)[:96]
    model = gx.Model(name, device="cpu")
    session = onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"])
    mutants = np.repeat(letters[None], 4, axis=0)
    mutants[:, 50] = LETTERS[:4]
    values = session.run(["out"], {"seq": gx.one_hot(mutants, layout="NCL")})[0]
    expected = values - values[mutants[:, 50] == letters[50]]
    for mode in ("auto", "naive", "packed", "delta"):
        effects = gx.ism.saturate(gx.ism.plan(model, mode=mode), letters[None], start=50, end=51)[0, 0]
        np.testing.assert_allclose(effects, expected, rtol=0, atol=1e-6)
    gradient = gx.ism.input_gradient(model, letters[None])
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 1e-4


def test_two_heads(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    folder = case("54-two-heads")
    assert main(["model", "inspect", "m.onnx"]) == 0
    told = capsys.readouterr().out
    assert "output.name: logits or logcounts" in told
    draft = json.loads(told[told.index("\n{\n") :])
    for name, n in (("logits", 250), ("logcounts", 1)):
        draft["output"]["name"] = name
        for card in (draft, {"gxfast_card": 1, "output": {"name": name}}):
            (folder / "m.card.json").write_text(json.dumps(card))
            assert gx.Model("m.onnx", device="cpu").n_tracks == n


def test_height_of_bases_and_width_of_one(case: Case, published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    case("55-basset-ncl1")
    torch = published("55-basset-ncl1/expected.npz")
    assert main(["model", "inspect", "m.onnx"]) == 0
    assert "600 bases as NCL1" in capsys.readouterr().out
    for feed in ("one_hot", "codes"):
        model = gx.Model("m.onnx", device="cpu", feed=feed)
        np.testing.assert_allclose(model.predict(torch["letters"]), torch["y_out"], rtol=0, atol=1e-6)
    assert gradient_error(model, torch) < 1e-5


def test_constant_channels(case: Case, published: Published) -> None:
    case("56-legnet-extra-channels")
    torch = published("56-legnet-extra-channels/expected.npz")
    with pytest.raises(gx.ModelError) as error:
        gx.Model("m.onnx", device="cpu")
    assert '"extra_channels": [0, 0]' in str(error.value.remedy)
    Path("m.card.json").write_text('{"gxfast_card": 1, "input": {"extra_channels": [0, 0]}}')
    model = gx.Model("m.onnx", device="cpu")
    np.testing.assert_allclose(model.predict(torch["letters"])[:, 0], torch["y_out"], rtol=0, atol=5e-6)
    assert gradient_error(model, torch) < 1e-5


def test_two_dimensional_output(case: Case) -> None:
    case("57-orca-2d")
    found = inspect_model("m.onnx")
    assert found["problems"] == []
    assert found["card"]["output"]["layout"] == "NT"
    assert gx.Model("m.onnx", device="cpu").tracks[17] == "track1:1"
    assert main(["ism", "saturate", "--model", "m.onnx", "--sequences", "s.fa", "-o", "scan", "-q"]) == 0


def test_gradient_through_resize(case: Case, published: Published) -> None:
    case("58-borzoi-unet-gradient")
    assert gradient_error(gx.Model("m.onnx", device="cpu"), published("58-borzoi-unet-gradient/expected.npz")) < 1e-5
