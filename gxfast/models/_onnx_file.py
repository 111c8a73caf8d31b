"""Writing a model that was built here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import InputError

__all__ = ["write_model"]


def write_model(model: Any, target: Path) -> None:
    """Check a model and write it beside the target, then rename: nobody ever sees half a file.

    Raises
    ------
    InputError
        If the output cannot be written.
    """
    from onnx import checker

    checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot write the model: {error.strerror or error}", path=target) from None
