"""Layers of a Keras HDF5 file, by name, without TensorFlow and without executing anything in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.hdf5 import open_hdf5, read_dataset

__all__ = ["KerasFile", "Layer", "layers_in_order", "read_config", "read_keras"]

_REMEDY: Final = 'download it again; write .h5 files, not .keras, with model.save("m.h5")'


@dataclass(frozen=True, slots=True)
class KerasFile:
    """Weights by layer and by name (``kernel``, ``gamma``, ...), and the description of the model if there is one."""

    weights: dict[str, dict[str, NDArray[np.float32]]]
    config: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as the description of a model has it, with the names of the layers that feed it."""

    name: str
    kind: str
    config: dict[str, Any]
    inputs: tuple[str, ...]


def read_keras(path: str | Path) -> KerasFile:
    """Read a Keras file (``model.save("m.h5")``), or one of weights only.

    Raises
    ------
    InputError
        If h5py is missing, the file is not of this kind, or a weight is not a finite number.
    """
    path = Path(path)
    weights: dict[str, dict[str, NDArray[np.float32]]] = {}

    def visit(name: str, item: Any) -> None:
        if getattr(item, "dtype", np.dtype(object)).kind != "f" or name.startswith("optimizer_weights"):
            return
        *folders, leaf = name.split("/")
        with np.errstate(over="ignore"):
            values = np.asarray(read_dataset(item, path), np.float32)
        if not np.isfinite(values).all():
            raise InputError(f"{name} holds values that are not finite", path=path)
        layer = folders[1] if folders[0] == "model_weights" and len(folders) > 1 else folders[0] if folders else ""
        weights.setdefault(layer, {})[leaf.removesuffix(":0")] = values

    with open_hdf5(path, "Keras weight file", remedy=_REMEDY) as file:
        text = file.attrs.get("model_config")
        file.visititems(visit)
    if not weights:
        raise InputError("the file holds no weights", path=path, remedy='save the model with model.save("m.h5")')
    return KerasFile(weights, None if text is None else read_config(text, path))


def read_config(text: Any, path: Path) -> dict[str, Any]:
    """Return the description of a model.

    Raises
    ------
    InputError
        If it describes none, in the form that Keras writes.
    """
    try:
        config: dict[str, Any] = json.loads(text if isinstance(text, str) else bytes(text).decode())
    except (TypeError, ValueError, RecursionError):
        raise InputError("its model_config cannot be read", path=path, remedy=_REMEDY) from None
    described = config.get("config") if isinstance(config, dict) else None
    rows = described.get("layers") if isinstance(described, dict) else described
    if not isinstance(rows, list) or not all(map(_is_layer, rows)):
        raise InputError("its model_config describes no model", path=path, remedy=_REMEDY)
    return config


def _is_layer(row: Any) -> bool:
    kind, config = (row.get("class_name", ""), row.get("config")) if isinstance(row, dict) else (None, None)
    return isinstance(kind, str) and isinstance(config, dict) and isinstance(config.get("name", row.get("name")), str)


def layers_in_order(file: KerasFile, path: str | Path) -> tuple[list[Layer], str]:
    """Return a model's layers, inputs first, and the name of the last one.

    Raises
    ------
    InputError
        If the file holds weights alone, an input is missing, or there are several outputs.
    """
    if file.config is None:
        raise InputError(
            "the file describes no model (weights only)", path=path, remedy='save it with model.save("m.h5")'
        )
    described = file.config["config"]
    rows = described["layers"] if isinstance(described, dict) else described
    if not rows:
        raise InputError("the model has no layers", path=path)
    if file.config.get("class_name") == "Sequential":
        layers = _in_sequence(rows)
        last = layers[-1].name
    else:
        layers = [_layer(row, _inbound(row)) for row in rows]
        last = _only_output(described.get("output_layers") if isinstance(described, dict) else None, path)
    names = [layer.name for layer in layers]
    if last not in names or len(set(names)) < len(names):
        raise InputError("two layers have one name, or the output is none of them", path=path)
    return _inputs_first(layers, path), last


def _layer(row: dict[str, Any], inputs: tuple[str, ...]) -> Layer:
    config = row["config"]
    return Layer(config.get("name", row.get("name")), row.get("class_name", ""), config, inputs)


def _in_sequence(rows: list[dict[str, Any]]) -> list[Layer]:
    if rows and rows[0].get("class_name") != "InputLayer":
        first = rows[0]["config"]
        shape = first.get("batch_input_shape") or first.get("batch_shape")
        rows = [{"class_name": "InputLayer", "config": {"name": "(input)", "batch_shape": shape}}, *rows]
    layers: list[Layer] = []
    for row in rows:
        before = (layers[-1].name,) if layers else ()
        layers.append(_layer(row, before))
    return layers


def _inputs_first(waiting: list[Layer], path: str | Path) -> list[Layer]:
    ordered: list[Layer] = []
    while waiting:
        known = {layer.name for layer in ordered}
        ready = [layer for layer in waiting if known.issuperset(layer.inputs)]
        if not ready:
            raise InputError(f"the inputs of layer {waiting[0].name} are not in the model", path=path)
        ordered += ready
        waiting = [layer for layer in waiting if layer not in ready]
    return ordered


def _only_output(outputs: Any, path: str | Path) -> str:
    outputs = [outputs] if outputs and isinstance(outputs, list) and isinstance(outputs[0], str) else outputs
    if not isinstance(outputs, list) or len(outputs) != 1 or not isinstance(outputs[0], list) or not outputs[0]:
        n = len(outputs) if isinstance(outputs, list) else "no"
        raise InputError(f"the model has {n} outputs, one is expected", path=path)
    return str(outputs[0][0])


def _inbound(row: dict[str, Any]) -> tuple[str, ...]:
    """Names of the layers that feed a layer, as Keras 2 and as Keras 3 write them."""
    names: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            history = value.get("config", {}).get("keras_history") if isinstance(value.get("config"), dict) else None
            if isinstance(history, list) and history:
                names.append(str(history[0]))
            else:
                for part in value.values():
                    walk(part)
        elif isinstance(value, list | tuple):
            if len(value) >= 3 and isinstance(value[0], str) and all(isinstance(k, int) for k in value[1:3]):
                names.append(value[0])
            else:
                for part in value:
                    walk(part)

    walk(row.get("inbound_nodes", []))
    return tuple(names)
