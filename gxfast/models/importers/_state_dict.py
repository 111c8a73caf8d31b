"""Parameters of a network from a file, without executing anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

__all__ = ["read_state_dict"]


def read_state_dict(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """Read parameters by name from ``.npz``, ``.safetensors`` or a PyTorch file.

    PyTorch files are loaded with ``weights_only=True``: tensors, no code. A dictionary that holds the parameters
    under ``state_dict`` is opened.

    Raises
    ------
    InputError
        If the file cannot be read, holds no parameters, or the package that reads it is missing.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("the weight file is not a readable file", path=path, remedy="check the path")
    try:
        if path.suffix == ".npz":
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
                found: dict[str, Any] = {name: file[name] for name in file.files}
        elif path.suffix == ".safetensors":
            found = _package("safetensors.numpy", "safetensors", path).load_file(path)
        else:
            found = _torch_tensors(path)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"not a readable file of parameters: {error}", path=path) from error
    if not found:
        raise InputError("no parameters are in the file", path=path)
    for name, value in found.items():
        if value.dtype.kind not in "fiu" or not np.isfinite(value).all():
            what = "values that are not finite" if value.dtype.kind == "f" else f"{value.dtype}, not numbers"
            raise InputError(f"it holds {what}", path=path, record=name, remedy="save the parameters again")
    with np.errstate(over="ignore"):
        state = {name: np.asarray(value, np.float32) for name, value in found.items()}
    large = next((name for name, value in state.items() if not np.isfinite(value).all()), None)
    if large is not None:
        raise InputError("it holds a value that is too large for float32", path=path, record=large)
    return state


def _torch_tensors(path: Path) -> dict[str, Any]:
    torch = _package("torch", "torch", path)
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise InputError("the file holds no dictionary of tensors", path=path, remedy="save model.state_dict()")
    return {str(name): value.numpy() for name, value in loaded.items()}


def _package(module: str, name: str, path: Path) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise InputError(
            f"reading it needs {name}", path=path, remedy=f"pip install {name}, or save the parameters with numpy.savez"
        ) from None
