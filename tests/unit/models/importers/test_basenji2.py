"""The Basenji2 importer against the network written out in NumPy, from both kinds of file."""

from __future__ import annotations

import json
import math

import h5py
import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.models import Model, OutputOptions
from gxfast.models.gene_mask import GeneMask
from gxfast.models.importers.basenji2 import import_basenji2

LENGTH, CROP, TRACKS = 512, 8, 6
WIDTHS = (15, 5, 3, 1, 3, 1, 1)
CHANNELS = (4, 8, 10, 5, 10, 5, 10, 12)
DILATIONS = (1, 2)
BINS = LENGTH // 4 - 2 * CROP


def _parts(seed=0):
    rng = np.random.default_rng(seed)
    convolutions, norms = [], []
    for before, after, width in zip(CHANNELS[:-1], CHANNELS[1:], WIDTHS, strict=True):
        scale = np.sqrt(2 / (before * width))
        convolutions.append((rng.normal(size=(after, before, width)) * scale).astype(np.float32))
        rows = (
            rng.normal(1, 0.1, after),
            rng.normal(0, 0.1, after),
            rng.normal(0, 0.1, after),
            rng.uniform(0.5, 2, after),
        )
        norms.append(np.stack(rows).astype(np.float32))
    head = rng.normal(size=(TRACKS, CHANNELS[-1])).astype(np.float32), rng.normal(size=TRACKS).astype(np.float32)
    return convolutions, norms, head


def _h5(path, parts, *, dilations=None, prefix="model_weights/"):
    """Names as Keras numbers them, not in the order of the alphabet once there are more than ten."""
    convolutions, norms, (kernel, bias) = parts
    with h5py.File(path, "w") as file:
        for k, (weight, norm) in enumerate(zip(convolutions, norms, strict=True)):
            ending = f"_{k}" if k else ""
            file[f"{prefix}conv1d{ending}/conv1d{ending}/kernel:0"] = weight.transpose(2, 1, 0)
            for row, name in zip(norm, ("gamma", "beta", "moving_mean", "moving_variance"), strict=True):
                file[f"{prefix}batch_normalization{ending}/batch_normalization{ending}/{name}:0"] = row
        file[f"{prefix}dense/dense/kernel:0"] = kernel.T
        file[f"{prefix}dense/dense/bias:0"] = bias
        if dilations:
            wide = [k for k, width in enumerate(WIDTHS) if width == 3]
            layers = [
                {"class_name": "Conv1D", "config": {"name": f"conv1d_{k}", "kernel_size": [3], "dilation_rate": [d]}}
                for k, d in zip(wide, dilations, strict=True)
            ]
            file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": {"layers": layers}})
    return path


def _npz(path, parts):
    """Names as in the PyTorch port."""
    convolutions, norms, (kernel, bias) = parts
    state = {}
    for k, (weight, norm) in enumerate(zip(convolutions, norms, strict=True)):
        state[f"model.trunk.{k}.block.1.weight"] = weight
        for row, name in zip(norm, ("weight", "bias", "running_mean", "running_var"), strict=True):
            state[f"model.trunk.{k}.block.2.{name}"] = row
        state[f"model.trunk.{k}.block.2.num_batches_tracked"] = np.array(3)
    state |= {"model.head.final.block.1.weight": kernel, "model.head.final.block.1.bias": bias}
    np.savez(path, **state)
    return path


def _oracle(one_hot, parts, dilations, exact):
    """Bins x tracks of one sequence, (4, L), as the papers write the network."""
    erf = np.vectorize(math.erf)

    def gelu(x):
        return x * 0.5 * (1 + erf(x / math.sqrt(2))) if exact else x / (1 + np.exp(-1.702 * x))

    def block(x, k, dilation=1):
        weight, (gamma, beta, mean, variance) = parts[0][k].astype(float), parts[1][k].astype(float)
        pad = dilation * (weight.shape[2] // 2)
        padded = np.pad(gelu(x), ((0, 0), (pad, pad)))
        summed = sum(weight[:, :, i] @ padded[:, i * dilation :][:, : x.shape[1]] for i in range(weight.shape[2]))
        return (gamma * ((summed.T - mean) / np.sqrt(variance + 1e-3)) + beta).T

    x = one_hot.astype(float)
    for k in (0, 1):
        x = block(x, k).reshape(-1, x.shape[1] // 2, 2).max(axis=2)
    for k, dilation in zip((2, 4), dilations, strict=True):
        x = x + block(block(x, k, dilation), k + 1)
    x = gelu(block(x[:, CROP:-CROP], 6))
    return np.log1p(np.exp(x.T @ parts[2][0].T.astype(float) + parts[2][1]))


def _sequences():
    codes = np.random.default_rng(4).integers(0, 4, (2, LENGTH))
    return codes, (codes[:, None] == np.arange(4)[:, None]).astype(np.float32)


@pytest.mark.parametrize("kind", ["h5", "npz"])
def test_the_graph_is_the_network(tmp_path, kind):
    import onnxruntime

    parts = _parts()
    source = _h5(tmp_path / "m.h5", parts) if kind == "h5" else _npz(tmp_path / "m.npz", parts)
    outputs = OutputOptions(tracks=["4", "1"])
    path = import_basenji2(source, tmp_path, outputs=outputs, length=LENGTH, crop=CROP)
    assert path.name == "basenji2.onnx"
    _, one_hot = _sequences()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"sequence": one_hot})
    middle = slice(BINS // 2 - 5, BINS // 2 + 5)
    expected = np.stack([_oracle(x, parts, DILATIONS, kind == "npz")[middle][:, [4, 1]] for x in one_hot])
    assert found.shape == (2, 10, 2)
    assert np.ptp(expected) > 0.5
    assert np.abs(found - expected).max() < 1e-5


def test_dilations_stated_in_the_file_are_used(tmp_path):
    import onnxruntime

    parts = _parts()
    source = _h5(tmp_path / "m.h5", parts, dilations=(1, 4), prefix="model_weights/")
    path = import_basenji2(source, tmp_path, outputs=OutputOptions(tracks=["0"], bins="all"), length=LENGTH, crop=CROP)
    _, one_hot = _sequences()
    (found,) = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, {"sequence": one_hot[:1]}
    )
    assert np.abs(found[0, :, 0] - _oracle(one_hot[0], parts, (1, 4), False)[:, 0]).max() < 1e-5


def test_one_sided_bins_of_the_ensemble(tmp_path):
    """Bins that are not their own mirror image: the reverse complement's must be found at the other end."""
    parts = _parts()
    outputs = OutputOptions(tracks=["2"], bins="3-5")
    path = import_basenji2(_npz(tmp_path / "m.npz", parts), tmp_path, outputs=outputs, length=LENGTH, crop=CROP)
    model = Model(path, device="cpu")
    assert model.card.ensemble_reverse_complement
    assert model.card.shifts == (-1, 0, 1)
    assert model.card.tss_index == {"+": LENGTH // 2 - 1, "-": LENGTH // 2}
    codes = np.random.default_rng(5).integers(0, 4, LENGTH + 2)
    letters = np.frombuffer(b"ACGT", np.uint8)[codes]
    found = float(model.predict(letters[None]).reshape(-1)[0])
    values = []
    for shift in range(3):
        part = codes[shift : shift + LENGTH]
        for strand in (part, 3 - part[::-1]):
            whole = _oracle((strand == np.arange(4)[:, None]).astype(float), parts, DILATIONS, True)[:, 2]
            values.append(whole[3:6] if strand is part else whole[::-1][3:6])
    assert found == pytest.approx(np.mean(values), abs=1e-5)


def test_bins_of_genes_in_the_ensemble(tmp_path):
    """All bins stay, and those that are weighed are the same stretch of DNA in every member."""
    parts = _parts()
    outputs = OutputOptions(tracks=["2"], over="exons", reduce="sum")
    path = import_basenji2(_npz(tmp_path / "m.npz", parts), tmp_path, outputs=outputs, length=LENGTH, crop=CROP)
    model = Model(path, device="cpu")
    codes = np.random.default_rng(5).integers(0, 4, LENGTH + 2)
    values = []
    for shift in range(3):
        part = codes[shift : shift + LENGTH]
        for strand in (part, 3 - part[::-1]):
            whole = _oracle((strand == np.arange(4)[:, None]).astype(float), parts, DILATIONS, True)[:, 2]
            values.append(whole if strand is part else whole[::-1])
    n_bins = len(values[0])
    size = (LENGTH - 2 * model.card.gene_mask.bin_start) // n_bins
    assert model.card.gene_mask == GeneMask("exons", size, CROP * size)
    assert model.places.first[0] == CROP * size + 1  # the flank of the shifts
    weights = np.zeros((1, n_bins))
    weights[0, [0, 4]] = 1.0, 0.5
    found = float(model.predict(np.frombuffer(b"ACGT", np.uint8)[codes][None], weights=weights)[0, 0])
    mean = np.mean(values, axis=0)
    assert found == pytest.approx(mean[0] + 0.5 * mean[4], abs=1e-5)


def test_refusals(tmp_path):
    parts = _parts()
    source = _npz(tmp_path / "m.npz", parts)
    with pytest.raises(InputError, match="none is named"):
        import_basenji2(source, tmp_path, length=LENGTH, crop=CROP)
    with pytest.raises(InputError, match="track 6 does not exist"):
        import_basenji2(source, tmp_path, outputs=OutputOptions(tracks=["6"]), length=LENGTH, crop=CROP)
    with pytest.raises(InputError, match="do not fit"):
        import_basenji2(source, tmp_path, outputs=OutputOptions(tracks=["0"]), length=510, crop=CROP)
    del parts[0][3]
    with pytest.raises(InputError, match="not the Basenji2 network"):
        import_basenji2(_h5(tmp_path / "w.h5", (parts[0], parts[1][:-1], parts[2])), tmp_path)
    assert not list(tmp_path.glob("*.onnx"))
