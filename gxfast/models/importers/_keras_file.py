"""Layers of a Keras HDF5 file, by name, without TensorFlow and without executing anything in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

__all__ = ["KerasFile", "read_keras"]


@dataclass(frozen=True, slots=True)
class KerasFile:
    """Weights by layer and by name (``kernel``, ``gamma``, ...), and the description of the model if there is one."""

    weights: dict[str, dict[str, NDArray[np.float32]]]
    config: dict[str, Any] | None


def read_keras(path: str | Path) -> KerasFile:
    """Read a Keras file (``model.save("m.h5")``), or one of weights only.

    Raises
    ------
    InputError
        If h5py is missing, the file is not of this kind, or a weight is not a finite number.
    """
    path = Path(path)
    try:
        import h5py
    except ImportError:
        raise InputError("reading Keras weights needs h5py", path=path, remedy='pip install "gxfast[models]"') from None
    if not path.is_file():
        raise InputError("the weight file is not a readable file", path=path, remedy="check the path")
    weights: dict[str, dict[str, NDArray[np.float32]]] = {}

    def visit(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype.kind != "f" or name.startswith("optimizer_weights"):
            return
        *folders, leaf = name.split("/")
        values = np.asarray(item[()], np.float32)
        if not np.isfinite(values).all():
            raise InputError(f"{name} holds values that are not finite", path=path)
        layer = folders[1] if folders[0] == "model_weights" and len(folders) > 1 else folders[0] if folders else ""
        weights.setdefault(layer, {})[leaf.removesuffix(":0")] = values

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            file.visititems(visit)
    except OSError as error:
        raise InputError(f"not a readable HDF5 file: {error}", path=path, remedy="download the weights again") from None
    if not weights:
        raise InputError("the file holds no weights", path=path, remedy='save the model with model.save("m.h5")')
    return KerasFile(weights, None if text is None else _config(text, path))


def _config(text: Any, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(text if isinstance(text, str) else bytes(text).decode())
    except (ValueError, RecursionError):
        raise InputError("its model_config cannot be read", path=path) from None
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict | list):
        raise InputError("its model_config describes no model", path=path)
    return config
