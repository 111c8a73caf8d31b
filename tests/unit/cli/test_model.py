"""`gxfast model` on the command line: options that fit a kind, tracks, and weights beside the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from gxfast.cli.main import main
from gxfast.demo.model import MODEL_FILE, packaged_model
from gxfast.models import Model
from gxfast.models.saving import save_model


@pytest.mark.parametrize(
    ("kind", "option", "shown"),
    [
        ("xpresso", ["--track", "3"], "--track is not for xpresso"),
        ("xpresso", ["--tracks-table", "t.txt"], "--tracks-table is not for xpresso"),
        ("basenji2", ["--head", "x.save"], "--head is not for basenji2"),
        ("keras", ["--no-check"], "--no-check is not for keras"),
        ("malinois", [], "no importer is named 'malinois'"),
    ],
)
def test_options_of_another_kind(
    tmp_path: Path, kind: str, option: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "import", kind, "w.h5", "-o", str(tmp_path / "m.onnx"), *option]) == 2
    assert shown in capsys.readouterr().err


def test_tracks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "targets.txt"
    table.write_text("index\tidentifier\tdescription\n0\ta\tDNASE:liver\n1\tb\tCAGE:liver\n2\tc\tCAGE:brain\n")
    assert main(["model", "tracks", str(table), "cage"]) == 0
    assert capsys.readouterr().out == "1\tb\tCAGE:liver\n2\tc\tCAGE:brain\n"
    assert main(["model", "tracks", str(table)]) == 0
    assert capsys.readouterr().out.count("\n") == 3
    assert main(["model", "tracks", str(table), "spleen"]) == 2


def test_large_models_keep_their_weights_beside_them(tmp_path: Path) -> None:
    whole = tmp_path / MODEL_FILE
    whole.write_bytes(packaged_model())
    target = tmp_path / "split" / "m.onnx"
    target.parent.mkdir()
    save_model(onnx.load(whole), Model(whole, device="cpu").card, target, limit=0)
    assert sorted(path.name for path in target.parent.iterdir()) == ["m.onnx", "m.onnx.data"]
    model, parted = Model(whole, device="cpu"), Model(target, device="cpu")
    rows = np.random.default_rng(1).choice(np.frombuffer(b"ACGT", np.uint8), (3, model.card.read_length))
    assert model.predict(rows).tobytes() == parted.predict(rows).tobytes()
