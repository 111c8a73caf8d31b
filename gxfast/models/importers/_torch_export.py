"""From a PyTorch module to an ONNX file that was compared with it."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...errors import InputError, ModelError
from ..card import ModelCard
from ..onnx_writer import OPSET
from ..saving import save_model

__all__ = ["CHECK_TOLERANCE", "export_module", "first_line", "kept_rows", "loaded", "needed", "pretrained", "replaced"]

_WEIGHTS_ONLY: Final = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
CHECK_TOLERANCE: Final = 1e-3  # of the largest output; a wrong export is wrong by more


def needed(module: str, package: str) -> Any:
    """Import what an exporter needs.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(f"this exporter needs {package}: {error}", remedy=f"pip install {package}") from None


def loaded(module: Any, state: dict[str, Any], path: str | Path) -> None:
    """Give a module its parameters; none may be missing, and none of another shape.

    Raises
    ------
    InputError
    """
    torch = needed("torch", "torch")
    own = module.state_dict()
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    wrong = [name for name in own if name in state and tuple(own[name].shape) != np.shape(state[name])]
    if missing or wrong:
        what = f"{missing[0]} is missing" if missing else f"{wrong[0]} has shape {np.shape(state[wrong[0]])}"
        raise InputError(
            f"the parameters are those of another network: {what}", path=path,
            remedy=f"shape {tuple(own[wrong[0]].shape)} is expected" if wrong else f"{len(missing)} are missing",
        )  # fmt: skip
    fitting = {name: torch.from_numpy(np.array(state[name])) for name in own if name in state}
    module.load_state_dict(fitting, strict=False)


def first_line(error: Exception) -> str:
    """Return what an error of another package says, on one line; some say nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def pretrained(from_pretrained: Callable[[str], Any], weights: str | Path, package: str, remedy: str) -> Any:
    """Return a package's model with the weights of a folder or of a name on the hub; InputError where it has none.

    Whatever the versions of PyTorch and of the package, no code in the weights runs.
    """
    try:
        with _weights_only():
            return from_pretrained(str(weights))
    except Exception as error:
        message = f"{package} cannot load it: {first_line(error)}"
        raise InputError(
            message, path=weights, remedy=f"name a folder written by save_pretrained, or {remedy}"
        ) from error


@contextmanager
def replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """Let a module have another function of this name, while it lasts."""
    own = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, own)


@contextmanager
def _weights_only() -> Iterator[None]:
    """Let every ``torch.load`` load tensors alone, while it lasts."""
    before = os.environ.get(_WEIGHTS_ONLY)
    os.environ[_WEIGHTS_ONLY] = "1"
    try:
        yield
    finally:
        del os.environ[_WEIGHTS_ONLY]
        os.environ.update({} if before is None else {_WEIGHTS_ONLY: before})


def kept_rows(layer: Any, made: Any, rows: Sequence[int]) -> Any:
    """Give a layer that was ``made`` for them some rows of another one's parameters."""
    with needed("torch", "torch").no_grad():
        made.weight.copy_(layer.weight[list(rows)])
        made.bias.copy_(layer.bias[list(rows)])
    return made


def export_module(
    module: Any, card: ModelCard, shape: tuple[int, ...], output: Path, *, check: bool = True
) -> tuple[Path, float | None]:
    """Trace a module, write the ONNX file with its card, and compare the two on two random sequences.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode; one input, one output.
    card : ModelCard
        With the names of the input and the output.
    shape : tuple of int
        Of the input, without the batch.
    output : Path
        File to write, or a folder to write ``NAME.onnx`` into.
    check : bool
        Compare on a batch of two, which the export has not seen.

    Returns
    -------
    path : Path
    difference : float or None
        Largest, between the module and the file; None where it was not compared.

    Raises
    ------
    ModelError
        If the module cannot be traced, or the file computes something else; nothing is written then.
    InputError
        If the output cannot be written.
    """
    import onnx

    torch = needed("torch", "torch")
    names = str(card.input_name), str(card.output_name)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        path = Path(folder) / "traced.onnx"
        try:
            torch.onnx.export(
                module, (torch.zeros(1, *shape),), str(path), input_names=[names[0]], output_names=[names[1]],
                dynamic_axes={name: {0: "batch"} for name in names}, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
        except Exception as error:
            raise ModelError(
                f"PyTorch cannot export the module: {first_line(error)}",
                remedy="export it to ONNX yourself, and write a card beside it",
            ) from error
        difference = _difference(torch, module, path, card) if check else None
        model = onnx.load(path)
    return save_model(model, card, output, trial=False), difference


def _difference(torch: Any, module: Any, path: Path, card: ModelCard) -> float:
    from ...encode.one_hot import one_hot
    from ..runtime import open_session

    codes = np.random.default_rng(1).integers(0, 4, (2, card.length)).astype(np.uint8)
    x = one_hot(codes, layout=card.layout)
    expected = module(torch.from_numpy(x)).numpy()
    session = open_session(path, device="cpu").raw
    found = session.run(None, {str(card.input_name): x})[0]
    if found.shape != expected.shape:
        raise ModelError(f"the export returns shape {found.shape}, the module {expected.shape}")
    difference = float(np.abs(found - expected).max())
    if not difference <= CHECK_TOLERANCE * max(float(np.abs(expected).max()), 1e-30):
        raise ModelError(
            f"the export differs from the module by {difference:.2g}",
            remedy="put the module into evaluation mode; or export it yourself and compare",
        )
    return difference
