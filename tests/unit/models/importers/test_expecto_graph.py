"""ExPecto as one model against Beluga in each window, written out."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.expecto_files import save_bytes

from gxfast.cli.main import main
from gxfast.errors import InputError
from gxfast.models.importers.expecto import SHIFTS, expecto_features, read_gblinear
from gxfast.models.importers.expecto_graph import LENGTH, WINDOW, beluga_layers, import_expecto

CHANNELS, HIDDEN, OUTPUTS = (6, 5, 7, 4, 5, 6), 9, 8
KEYS = ("0.0", "0.2", "0.6", "0.8", "0.12", "0.14", "1.2.1", "1.4.1")


def _state(seed=0):
    """A narrow Beluga under the names of the published one."""
    rng = np.random.default_rng(seed)
    shapes = [(c, before, 1, 8) for c, before in zip(CHANNELS, (4, *CHANNELS[:-1]), strict=True)]
    shapes += [(HIDDEN, CHANNELS[-1] * 106), (OUTPUTS, HIDDEN)]
    state = {}
    for key, shape in zip(KEYS, shapes, strict=True):
        scale = 1.5 / np.sqrt(np.prod(shape[1:]))
        state[f"model.{key}.weight"] = (rng.normal(size=shape) * scale).astype(np.float32)
        state[f"model.{key}.bias"] = (rng.normal(size=shape[0]) * 0.1).astype(np.float32)
    return state


def _beluga(state, x):
    """Outputs of one window: ``x`` is (4, 2000), channels A, G, C, T."""
    at = x.astype(np.float64)
    for k, key in enumerate(KEYS[:6]):
        weight, bias = (state[f"model.{key}.{what}"].astype(np.float64) for what in ("weight", "bias"))
        columns = np.lib.stride_tricks.sliding_window_view(at, 8, axis=1)
        at = np.maximum(np.einsum("clk,ock->ol", columns, weight[:, :, 0]) + bias[:, None], 0)
        if k in (1, 3):
            at = at[:, : at.shape[1] // 4 * 4].reshape(len(at), -1, 4).max(axis=2)
    at = at.reshape(-1)
    for key in KEYS[6:]:
        at = state[f"model.{key}.weight"] @ at + state[f"model.{key}.bias"]
        at = np.maximum(at, 0) if key == KEYS[6] else 1 / (1 + np.exp(-at))
    return at


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expecto")
    np.savez(folder / "beluga.npz", **_state())
    head = np.random.default_rng(1).normal(size=10 * (1 + OUTPUTS) + 1)
    (folder / "brain.save").write_bytes(save_bytes(head))
    return folder


def test_one_model_equals_every_window_by_itself(files):
    from gxfast.models import Model

    path = import_expecto(files / "beluga.npz", files, head=files / "brain.save")
    assert path.name == "expecto-brain.onnx"
    model = Model(path)
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, (2, LENGTH))
    letters = np.frombuffer(b"AGCT", np.uint8)[codes]
    one_hot = (codes[:, None, :] == np.arange(4)[:, None]).astype(np.float32)
    one_hot[1, :, 500:900], letters[1, 500:900] = 0, ord("N")
    found = np.asarray(model.predict(letters)).reshape(-1)
    outputs = np.empty((2, len(SHIFTS), OUTPUTS))
    for i in range(2):
        for w in range(len(SHIFTS)):
            window = one_hot[i, :, 200 * w : 200 * w + WINDOW]
            outputs[i, w] = (_beluga(_state(), window) + _beluga(_state(), window[::-1, ::-1])) / 2
    expected = read_gblinear(files / "brain.save").predict(expecto_features(outputs))
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_windows_of_genes_on_both_strands(files):
    from gxfast.models import Model

    card = Model(import_expecto(files / "beluga.npz", files / "m.onnx", head=files / "brain.save")).card
    tss = 1_000_000
    for strand in "+-":
        start, end, reverse = card.window(tss, strand)
        sign = 1 if strand == "+" else -1
        windows = [(tss + sign * shift - 999, tss + sign * shift + 1001) for shift in SHIFTS]  # half-open
        assert (start, end) == (min(a for a, _ in windows), max(b for _, b in windows))
        assert reverse == (strand == "-")


def test_command_line_and_refusals(files, tmp_path):
    beluga, head, out = (str(path) for path in (files / "beluga.npz", files / "brain.save", tmp_path / "m.onnx"))
    assert main(["model", "import", "expecto", beluga, "--head", head, "-o", out]) == 0
    assert main(["model", "import", "expecto", beluga, "-o", out]) == 2
    assert main(["model", "import", "xpresso", beluga, "--head", head, "-o", out]) == 2
    assert main(["model", "import", "expecto", head, "--head", head, "-o", out]) == 2
    (tmp_path / "other.save").write_bytes(save_bytes(np.ones(21)))
    with pytest.raises(InputError, match="20 features"):
        import_expecto(beluga, out, head=tmp_path / "other.save")
    for change in ({"model.0.0.weight": np.ones((6, 4, 1, 7), "f4")}, {"model.9.weight": np.ones((3, 3), "f4")}):
        with pytest.raises(InputError, match="not the Beluga network"):
            beluga_layers({**_state(), **change}, "x")
    np.savez(tmp_path / "pickled.npz", a=np.array([{}], object))
    with pytest.raises(InputError, match="not a readable file"):
        import_expecto(tmp_path / "pickled.npz", out, head=head)
