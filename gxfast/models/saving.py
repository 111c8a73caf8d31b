"""Every model file that gxfast writes is checked and written here, with its card."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ..errors import InputError, ModelError
from ..io.files import atomic_write, publish
from .card import METADATA_KEY, ModelCard, card_from_json

__all__ = ["MESSAGE_LIMIT", "save_model", "serialized", "set_metadata", "with_card"]

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


def save_model(model: Any, card: ModelCard, output: str | Path, *, limit: int = MESSAGE_LIMIT) -> Path:
    """Check a model and write it with its card; nobody ever sees half a file.

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

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ModelError
        If the model or the card is not valid.
    InputError
        If the output cannot be written.
    """
    target = Path(output)
    card = card_from_json(card.to_json(), source=str(target))
    target = target / f"{card.name}.onnx" if target.is_dir() else target
    if with_card(model, card).ByteSize() > limit:
        _save_in_two(model, target)
    else:
        atomic_write(target, serialized(model), remedy="make room, or name a file in another folder")
    return target


def _save_in_two(model: Any, target: Path) -> None:
    import onnx

    weights = f"{target.name}.data"
    try:
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            inside = Path(folder) / target.name
            onnx.save_model(model, inside, save_as_external_data=True, location=weights, size_threshold=0)
            _check(inside)
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
