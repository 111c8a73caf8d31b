"""Contributions against tangermeme's and captum's, where torch and both are installed."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import gxfast as gx

torch = pytest.importorskip("torch", reason="torch is not installed")
deep_lift_shap = pytest.importorskip(
    "tangermeme.deep_lift_shap", reason="tangermeme is not installed: pip install tangermeme captum"
)
from oracles import torch_attributed  # noqa: E402

NETWORKS = torch_attributed.networks()
# Captum 0.9 has no rule for Exp, Log, products and LayerNorm, and its own contributions do not add up (its convergence
# delta says so) through its softmax, or where a max pool follows an activation.
CAPTUM = {"bpnet counts", "basset with mean pools", "basset elu, sigmoid"}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("hypothetical", [True, False])
def test_same_as_tangermeme_and_captum(name: str, hypothetical: bool, tmp_path: Path) -> None:
    module = NETWORKS[name].eval()
    model = gx.Model(torch_attributed.exported(module, tmp_path / "net.onnx"), length=300, device="cpu")
    letters = np.random.default_rng(3).integers(0, 4, (3, 300)).astype(np.uint8)
    shuffled = gx.codes(gx.dinucleotide_shuffle(letters, 7, seed=1).reshape(21, 300)).reshape(3, 7, 300)
    own = gx.ism.deeplift(model, letters, references=shuffled, hypothetical=hypothetical)
    x, references = torch_attributed.one_hot(letters), torch_attributed.one_hot(shuffled)
    rules = dict.fromkeys((torch_attributed.Exp, torch_attributed.Log), deep_lift_shap._nonlinear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = deep_lift_shap.deep_lift_shap(
            module, x, references=references, hypothetical=hypothetical, additional_nonlinear_ops=rules, device="cpu"
        )
    largest = float(np.abs(own).max())
    assert largest > 5e-3
    assert np.abs(own - theirs.numpy().transpose(0, 2, 1)).max() <= 2e-5 + 1e-4 * largest
    if name in CAPTUM:
        pytest.importorskip("captum", reason="captum is not installed")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = deep_lift_shap._captum_deep_lift_shap(
                module, x, references=references, hypothetical=hypothetical, device="cpu"
            )
        assert np.abs(own - found.detach().numpy().transpose(0, 2, 1)).max() <= 2e-5 + 1e-4 * largest
