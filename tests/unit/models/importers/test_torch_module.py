"""The generic PyTorch importer; Enformer, Basenji2 and Borzoi against their ports are in bench/validation/models.py."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gxfast.errors import InputError, ModelError
from gxfast.models import Model, importer

torch = pytest.importorskip("torch", reason="torch is not installed")

SOURCE = """
import torch
from torch import nn
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 8, 7, padding=3), nn.BatchNorm1d(8), nn.ReLU(), nn.AdaptiveMaxPool1d(1),
                         nn.Flatten(), nn.Linear(8, 2))
def profile():
    return nn.Conv1d(4, 3, 5, padding=2)
def nothing():
    return 3
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_networks", raising=False)
    return tmp_path


def test_weights_are_data_and_the_export_is_the_module(made):
    import my_networks

    module = my_networks.network().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1.5)
    torch.save(module.state_dict(), made / "w.pth")
    path = importer("torch")("my_networks:network", made, weights=made / "w.pth", length=50)
    codes = np.random.default_rng(1).integers(0, 4, (3, 50))
    found = Model(path, device="cpu").predict(np.frombuffer(b"ACGT", np.uint8)[codes])
    x = torch.from_numpy(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())
    assert np.abs(found - module(x).detach().numpy()).max() < 1e-6


def test_an_output_of_three_axes_must_be_named(made):
    with pytest.raises(InputError, match="`output_layout=`"):
        importer("torch")("my_networks:profile", made, length=50)
    path = importer("torch")("my_networks:profile", made, length=50, output_layout="NTB")
    assert Model(path, device="cpu").card.output_layout == "NTB"


def test_refusals(made):
    run = importer("torch")
    for factory, message in (
        ("nowhere:f", "cannot be called"),
        ("x", "names no function"),
        ("my_networks:nothing", "int"),
    ):
        with pytest.raises(InputError, match=message):
            run(factory, made, length=50)
    with pytest.raises(InputError, match="`length=`"):
        run("my_networks:network", made)
    with pytest.raises(InputError, match="does not run"):
        run("my_networks:network", made, length=50, layout="NLC")
    torch.save({"0.weight": torch.zeros(3)}, made / "other.pth")
    with pytest.raises(InputError, match="another network"):
        run("my_networks:network", made, weights=made / "other.pth", length=50)


def test_a_pickle_that_runs_code_is_not_loaded(made):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(made / "boom"), "w"))

    (made / "bomb.pth").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError):
        importer("torch")("my_networks:network", made, weights=made / "bomb.pth", length=50)
    assert not (made / "boom").exists()


def test_a_module_that_is_not_what_was_traced(made):
    class Chance(torch.nn.Module):
        def forward(self, x):
            return x.mean(dim=(1, 2))[:, None] + float(torch.rand(()))

    from gxfast.models.card import ModelCard
    from gxfast.models.importers._torch_export import export_module

    card = ModelCard(name="c", layout="NCL", length=9, tss_index={"+": 4, "-": 4}, input_name="x", output_name="y")
    with pytest.raises(ModelError, match="differs from the module"):
        export_module(Chance().eval(), card, (4, 9), made)
    assert not list(made.glob("*.onnx"))
