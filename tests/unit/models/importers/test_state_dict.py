"""Parameters from files: numbers, no code, nothing that float32 cannot hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.models.importers._state_dict import read_state_dict
from gxfast.models.importers._torch_export import pretrained
from gxfast.models.importers.outputs import OutputOptions, choose_outputs


def test_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.arange(3.0), b=np.arange(4, dtype=np.int64))
    found = read_state_dict(tmp_path / "w.npz")
    assert {name: (values.dtype, values.tolist()) for name, values in found.items()} == {
        "a": (np.float32, [0, 1, 2]), "b": (np.float32, [0, 1, 2, 3]),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1.0, np.nan]), "w: it holds values that are not finite"),
        (np.array([1e300]), "w: it holds a value that is too large for float32"),
        (np.array(["1.5"]), "w: it holds <U3, not numbers"),
        (np.array([1 + 2j]), "w: it holds complex128, not numbers"),
        (np.array([{}], object), "not a readable file of parameters: Object arrays cannot be loaded"),
    ],
)
def test_values_of_no_use(tmp_path: Path, values: np.ndarray, message: str) -> None:
    np.savez(tmp_path / "w.npz", w=values, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        read_state_dict(tmp_path / "w.npz")


def test_damaged_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.arange(300.0))
    whole = (tmp_path / "w.npz").read_bytes()
    for content in (whole[:200], whole[:-30], whole[:100] + b"\xff" * 60 + whole[160:], b"<html>", b""):
        (tmp_path / "w.npz").write_bytes(content)
        with pytest.raises(InputError):
            read_state_dict(tmp_path / "w.npz")


def test_packages_that_load_weights_load_tensors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch reads this variable wherever it loads a file."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    monkeypatch.setenv(name, "0")
    assert pretrained(lambda folder: (folder, os.environ[name]), "here", "package", "") == ("here", "1")
    assert os.environ[name] == "0"
    monkeypatch.delenv(name)
    with pytest.raises(InputError, match="package cannot load it"):
        pretrained(lambda folder: {}[folder], "here", "package", "")
    assert name not in os.environ


_OF_FIVE: dict[str, Any] = {
    "n_bins": 5, "n_tracks": 3, "default_bins": (2,), "flipped": False, "bin_size": 1, "bin_start": 0
}  # fmt: skip


@pytest.mark.parametrize("bins", ["0-99999999999999", "5", "-1", "²", "٣", "9" * 5000, "1-0", "", "1,1", "1_0"])
def test_bins_that_are_none(bins: str) -> None:
    with pytest.raises(InputError, match=r"bins must lie in 0-4|not a list of bins"):
        choose_outputs(OutputOptions(("0",), bins=bins), **_OF_FIVE)


@pytest.mark.parametrize("track", ["3", "²", "٣", "9" * 5000, "1_0", "-1", "nan"])
def test_tracks_that_are_none(track: str) -> None:
    with pytest.raises(InputError, match=r"does not exist|tracks are named by description"):
        choose_outputs(OutputOptions((track,)), **_OF_FIVE)
