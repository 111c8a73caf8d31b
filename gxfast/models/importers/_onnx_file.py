"""Writing a model that was built or exported here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

from ...errors import InputError

__all__ = ["MESSAGE_LIMIT", "write_model"]

MESSAGE_LIMIT: Final = 2**31 - 2**20  # protobuf holds no more in one message


def write_model(model: Any, target: Path, *, limit: int = MESSAGE_LIMIT) -> None:
    """Check a model and write it beside the target, then rename: nobody ever sees half a file.

    Parameters
    ----------
    model : onnx.ModelProto
    target : Path
    limit : int
        Bytes above which the weights go to ``TARGET.data``, which must stay beside the model.

    Raises
    ------
    InputError
        If the output cannot be written.
    """
    import onnx

    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.mkdir()
        inside = partial / target.name
        if model.ByteSize() > limit:
            onnx.save_model(model, inside, save_as_external_data=True, location=f"{target.name}.data", size_threshold=0)
        else:
            inside.write_bytes(model.SerializeToString(deterministic=True))
        onnx.checker.check_model(inside, full_check=True)
        # the model last: without it the weights are nothing
        for file in sorted(partial.iterdir(), key=lambda file: file == inside):
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
            os.replace(file, target.with_name(file.name))
    except OSError as error:
        raise InputError(f"cannot write the model: {error.strerror or error}", path=target) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
