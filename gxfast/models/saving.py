"""Every model file that gxfast writes is checked and written here, with its card."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, InputError, ModelError
from ..io.files import atomic_write, publish
from ._batches import OutOfMemoryError
from .card import AXES, METADATA_KEY, ModelCard, card_from_json
from .runtime import open_session, run, run_options

__all__ = ["MESSAGE_LIMIT", "save_model", "serialized", "set_metadata", "with_card"]

_LOG = logging.getLogger("gxfast")
_DTYPES: Final = {"tensor(float16)": np.float16, "tensor(double)": np.float64} | {
    f"tensor({name})": np.dtype(name) for name in ("int8", "uint8", "int32", "int64", "bool")
}
_SMALL: Final = 100  # bytes of axes and shapes, which the checker must see
MESSAGE_LIMIT: Final = 2**31 - 2**20  # protobuf holds no more in one message


def set_metadata(model: Any, key: str, text: str) -> None:
    """Set one entry of a model's metadata."""
    for entry in model.metadata_props:
        if entry.key == key:
            entry.value = text
            return
    model.metadata_props.add(key=key, value=text)


def with_card(model: Any, card: ModelCard) -> Any:
    """Put a card into a model's metadata; returns the model."""
    set_metadata(model, METADATA_KEY, card.to_json())
    return model


def serialized(model: Any) -> bytes:
    """Return the bytes of a model, always the same ones.

    Raises
    ------
    ModelError
        If it is no valid model.
    """
    content = bytes(model.SerializeToString(deterministic=True))
    _check(content)
    return content


def save_model(
    model: Any, card: ModelCard, output: str | Path, *, limit: int = MESSAGE_LIMIT, trial: bool = True
) -> Path:
    """Check a model, run it once, and write it with its card; nobody ever sees half a file.

    Parameters
    ----------
    model : onnx.ModelProto
        The card is put into its metadata.
    card : ModelCard
        Checked as one that is read from a file.
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    limit : int
        Bytes above which the weights go to ``FILE.data``, which must stay beside the model.
    trial : bool
        Run it on one sequence, where onnxruntime is installed; without it is loaded only.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ModelError
        If the model or the card is not valid, or onnxruntime refuses the model.
    InputError
        If the output cannot be written.
    """
    target = Path(output)
    card = card_from_json(card.to_json(), source=str(target))
    target = target / f"{card.name}.onnx" if target.is_dir() else target
    if with_card(model, card).ByteSize() > limit:
        _save_in_two(model, card, target, trial)
    else:
        content = serialized(model)
        _try(content, card, target, trial)
        atomic_write(target, content, remedy="make room, or name a file in another folder")
    return target


def _save_in_two(model: Any, card: ModelCard, target: Path, trial: bool) -> None:
    import onnx

    weights = f"{target.name}.data"
    try:
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            inside = Path(folder) / target.name
            onnx.save_model(model, inside, save_as_external_data=True, location=weights, size_threshold=_SMALL)
            _check(inside)
            _try(inside, card, target, trial)
            for name in (weights, target.name):  # the model last: without it the weights are nothing
                publish(Path(folder) / name, target.with_name(name))
    except OSError as error:
        raise InputError(f"cannot write the model: {error.strerror or error}", path=target) from None


def _check(model: bytes | Path) -> None:
    from onnx import checker, shape_inference

    try:
        checker.check_model(model, full_check=True)
    except (checker.ValidationError, shape_inference.InferenceError) as error:
        raise ModelError(f"the graph that was made is no valid ONNX model: {error}") from None


def _try(model: bytes | Path, card: ModelCard, target: Path, trial: bool) -> None:
    """Load a model in onnxruntime, and run it on one sequence: what it refuses later it refuses now."""
    try:
        session = open_session(model, device="cpu", path=target).raw
    except DeviceError:  # not installed, and not needed to write a file
        return
    inputs = {value.name: value for value in session.get_inputs()}
    outputs = {value.name: value.shape for value in session.get_outputs()}
    name = str(card.output_name)
    if not trial or name not in outputs or card.input_name not in inputs or not (card.length and card.layout):
        return  # a card that leaves it open what the model reads
    feeds = {key: _example(value, card) for key, value in inputs.items()}
    try:
        values = run(session, name, feeds, run_options(), n_rows=len(feeds[card.input_name]), path=target)
    except OutOfMemoryError as error:
        _LOG.warning("%s: not tried, for it does not fit into memory here (%s)", target, error)
        return
    declared = outputs[name]
    fit = len(declared) == values.ndim and all(
        size == n for size, n in zip(declared, values.shape, strict=True) if isinstance(size, int)
    )
    if not fit or not np.isfinite(values).all():
        wrong = f"shape {list(values.shape)}, not {declared}" if not fit else "a value that is not finite"
        raise ModelError(f"the graph that was made gives {wrong}", path=target, remedy="check the weights")


def _example(value: Any, card: ModelCard) -> NDArray[Any]:
    """Return something that an input takes: a sequence, or the constant that the card has for it."""
    dtype = _DTYPES.get(value.type, np.float32)
    layout = AXES.get(card.layout, (1, None)) if value.name == card.input_name else (None, None)
    shape = [
        n if isinstance(n, int) else (card.length if axis == layout[0] else 1) for axis, n in enumerate(value.shape)
    ]
    example = np.zeros(shape, dtype)
    if value.name == card.input_name and None not in layout and len(shape) > max(AXES[card.layout]):
        letters = np.random.default_rng(5).integers(0, 4, shape[AXES[card.layout][0]])
        np.moveaxis(example, AXES[card.layout], (-2, -1))[..., np.arange(letters.size), letters] = 1
    constant = card.extra_inputs.get(value.name)
    return example if constant is None else np.resize(np.asarray(constant, dtype), shape)
