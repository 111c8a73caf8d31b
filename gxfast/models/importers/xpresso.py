"""Convert the pretrained Xpresso networks (Agarwal and Shendure 2020) from Keras HDF5 to ONNX.

The graph is written directly, without TensorFlow. Two details decide whether the numbers agree: for an even
kernel TensorFlow's "same" padding puts the extra column on the right, and its Flatten runs over time first,
channels second.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.hdf5 import open_hdf5, read_dataset
from ..card import ModelCard
from ..onnx_writer import GraphWriter
from ..saving import save_model
from ._keras_file import read_config

__all__ = ["import_xpresso"]

LENGTH: Final = 10_500
N_HALFLIFE: Final = 6
TSS_INDEX: Final = 6_999  # window: 7,000 bases up to and with the TSS, 3,500 after it
POOLS: Final = (30, 10)
# Layer, kernel shape as Keras stores it; the bias has the last axis.
LAYERS: Final = {
    "conv1d_1": (6, 4, 128),
    "conv1d_2": (9, 128, 32),
    "dense_1": (35 * 32 + N_HALFLIFE, 64),
    "dense_2": (64, 2),
    "dense_3": (2, 1),
}
# Settings that the weights do not show, from the model description Keras stores beside them.
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "conv1d_1": {"padding": "same", "strides": [1], "dilation_rate": [1], "activation": "relu"},
    "conv1d_2": {"padding": "same", "strides": [1], "dilation_rate": [1], "activation": "relu"},
    "max_pooling1d_1": {"padding": "valid", "strides": [30], "pool_size": [30]},
    "max_pooling1d_2": {"padding": "valid", "strides": [10], "pool_size": [10]},
    "dense_1": {"activation": "linear"},
    "activation_1": {"activation": "relu"},
    "dense_2": {"activation": "linear"},
    "activation_2": {"activation": "relu"},
    "dense_3": {"activation": "linear"},
}
_SOURCE: Final = (
    "Xpresso, Agarwal V and Shendure J, Cell Reports 2020, doi:10.1016/j.celrep.2020.107663; "
    "weights as distributed by the user's copy"
)

Weights = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def import_xpresso(h5_path: str | Path, output: str | Path, *, name: str | None = None) -> Path:
    """Convert one Xpresso weight file to ONNX, with its card in the metadata.

    Parameters
    ----------
    h5_path : str or Path
        Keras HDF5 file, such as ``GM12878_trainepoch.06-0.5062.h5``.
    output : str or Path
        File to write (replaced in one step where it exists), or a folder to write ``NAME.onnx`` into.
    name : str, optional
        Name of the model; by default ``xpresso-`` and the cell type in the file name.

    Returns
    -------
    Path
        The file written; the same weights and name give the same bytes.

    Raises
    ------
    InputError
        If the file is not a Keras file with the Xpresso architecture, h5py is missing, or the output cannot
        be written.
    """
    h5_path = Path(h5_path)
    weights = _read_weights(h5_path)
    card = _card(name or _default_name(h5_path))
    return save_model(_build(weights, card.name), card, output)


def _default_name(h5_path: Path) -> str:
    """``GM12878_trainepoch.06-0.5062.h5`` -> ``xpresso-gm12878``."""
    return "xpresso-" + (re.sub(r"[^a-z0-9]+", "-", h5_path.stem.split("_")[0].lower()).strip("-") or "model")


def _card(name: str) -> ModelCard:
    return ModelCard(
        name=name,
        layout="NLC",
        length=LENGTH,
        tss_index={"+": TSS_INDEX, "-": TSS_INDEX},
        input_name="promoter",
        extra_inputs={"halflife": (0.0,) * N_HALFLIFE},
        output_name="expression",
        track_names=("expression",),
        license="MIT",
        source=_SOURCE,
    )


def _read_weights(path: Path) -> Weights:
    with open_hdf5(path, "Keras weight file", remedy="download the weights again") as file:
        _check_settings(file, path)
        return {layer: _layer(file, layer, shape, path) for layer, shape in LAYERS.items()}


def _other(path: Path, what: str) -> InputError:
    return InputError(
        f"not the Xpresso network: {what}",
        path=path,
        remedy="only the published Xpresso architecture is converted; export other models to ONNX yourself",
    )


def _check_settings(file: Any, path: Path) -> None:
    """Compare the stored model description with the network that `_build` writes."""
    text = file.attrs.get("model_config")
    if text is None or "model_weights" not in file:
        raise _other(path, "the file has no Keras model_config and model_weights (weights-only file?)")
    described = read_config(text, path)["config"]
    rows = described["layers"] if isinstance(described, dict) else described
    layers = {layer["config"].get("name", layer.get("name")): layer["config"] for layer in rows}
    for layer, settings in SETTINGS.items():
        if layer not in layers:
            raise _other(path, f"it has no layer {layer}")
        for key, expected in settings.items():
            if layers[layer].get(key) != expected:
                raise _other(path, f"layer {layer} has {key} {layers[layer].get(key)!r}, expected {expected!r}")
    unknown = [
        name
        for name, layer in layers.items()
        if name not in SETTINGS and not name.startswith(("dropout", "flatten", "concatenate"))
    ]
    if sorted(unknown) != ["halflife", "promoter"]:
        raise _other(path, f"it has the layers {sorted(unknown)} besides the known ones")


def _layer(
    file: Any, layer: str, shape: tuple[int, ...], path: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    arrays = []
    for part, expected in (("kernel", shape), ("bias", shape[-1:])):
        dataset = file["model_weights"].get(f"{layer}/{layer}/{part}:0")
        found = getattr(dataset, "shape", None)
        if found != expected or dataset.dtype.kind != "f":
            raise _other(path, f"{layer} {part} has shape {found}, expected {expected}")
        array = np.asarray(read_dataset(dataset, path), np.float32)
        if not np.isfinite(array).all():
            raise InputError(f"{layer} {part} holds values that are not finite", path=path)
        arrays.append(array)
    return arrays[0], arrays[1]


def _build(weights: Weights, name: str) -> Any:
    """Two convolutions with pooling, then the half-life features join three dense layers."""
    graph = GraphWriter()
    graph.input("promoter", ["batch", LENGTH, 4])
    graph.input("halflife", ["batch", N_HALFLIFE])
    graph.constant([0, -1], np.int64, name="flat_shape")
    for layer, (kernel, bias) in weights.items():
        # Keras stores convolutions as (width, in, out), ONNX wants (out, in, width).
        graph.constant(kernel.T if kernel.ndim == 3 else kernel, name=f"{layer}_kernel")
        graph.constant(bias, name=f"{layer}_bias")
    graph.append("Transpose", ["promoter"], ["sequence"], perm=[0, 2, 1])
    flow = "sequence"
    for layer, pool in zip(("conv1d_1", "conv1d_2"), POOLS, strict=True):
        flow = _convolution(graph, flow, layer, pool)
    graph.append("Transpose", [flow], ["time_major"], perm=[0, 2, 1])
    graph.append("Reshape", ["time_major", "flat_shape"], ["flat"])
    graph.append("Concat", ["flat", "halflife"], ["features"], axis=1)
    _dense(graph, "features", "dense_1", "dense_1")
    graph.append("Relu", ["dense_1"], ["dense_1_relu"])
    _dense(graph, "dense_1_relu", "dense_2", "dense_2")
    graph.append("Relu", ["dense_2"], ["dense_2_relu"])
    _dense(graph, "dense_2_relu", "dense_3", "expression")
    graph.output("expression", ["batch", 1])
    return graph.model(name)


def _convolution(graph: GraphWriter, x: str, layer: str, pool: int) -> str:
    width, pooled = LAYERS[layer][0], f"{layer}_pool"
    left = (width - 1) // 2
    operands = [x, f"{layer}_kernel", f"{layer}_bias"]
    graph.append("Conv", operands, [layer], kernel_shape=[width], pads=[left, width - 1 - left])
    graph.append("Relu", [layer], [f"{layer}_relu"])
    graph.append("MaxPool", [f"{layer}_relu"], [pooled], kernel_shape=[pool], strides=[pool])
    return pooled


def _dense(graph: GraphWriter, x: str, layer: str, output: str) -> None:
    graph.append("Gemm", [x, f"{layer}_kernel", f"{layer}_bias"], [output])
