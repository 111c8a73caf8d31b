"""The example of a new importer in docs/model_cards.md: it runs, and gives what NumPy gives."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gxfast.cli.main import main
from gxfast.models import IMPORTERS, Model

PAGE = Path(__file__).parents[4] / "docs" / "model_cards.md"


@pytest.fixture
def linear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not PAGE.is_file():
        pytest.skip("the documentation is not beside the tests")
    found = re.search(r"## A new importer.*?```python\n(.*?)```", PAGE.read_text(), re.S)
    assert found is not None
    (tmp_path / "linear_of_the_docs.py").write_text(found[1])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(IMPORTERS, "linear", "linear_of_the_docs:import_linear")


@pytest.mark.usefixtures("linear")
def test_the_example_is_found_and_computes_the_product(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(12, 4)), rng.normal(size=1)
    np.savez(tmp_path / "w.npz", weight=weight, bias=bias)
    assert main(["model", "import", "linear", str(tmp_path / "w.npz"), "-o", str(tmp_path), "--name", "mine"]) == 0
    model = Model(tmp_path / "mine.onnx", device="cpu")
    assert (model.length, model.tracks, model.card.tss_index["+"]) == (12, ("expression",), 6)
    bases = rng.integers(0, 4, (5, 12))
    expected = (np.eye(4)[bases] * weight).sum(axis=(1, 2)) + bias
    found = model.predict(np.frombuffer(b"ACGT", np.uint8)[bases])
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


@pytest.mark.usefixtures("linear")
def test_the_example_refuses_another_file_and_options_it_has_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "w.npz", weight=np.zeros((3, 4)))
    command = ["model", "import", "linear", str(tmp_path / "w.npz"), "-o", str(tmp_path)]
    assert main(command) == 2
    assert main([*command, "--length", "3"]) == 2
    shown = capsys.readouterr().err
    assert "weight and bias are expected" in shown
    assert "--length is not for linear" in shown
    assert not list(tmp_path.glob("*.onnx"))
