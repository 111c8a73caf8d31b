"""Backgrounds that are kept from one run to the next, in a folder that the user names."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.files import atomic_write, opened_lock
from ...io.npz import npz_bytes

__all__ = ["BackgroundCache"]

Arrays = dict[str, NDArray[Any]]
_REMEDY: Final = "name a folder that you may write to with `background_cache=`"


class BackgroundCache:
    """One background in a folder; its file is named by the model and by the hash of everything that it depends on.

    Parameters
    ----------
    folder : str or Path
        Made if absent.
    name : str
        Of the model.
    settings : mapping
        Everything that changes a number, JSON-serialisable.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """

    def __init__(self, folder: str | Path, name: str, settings: Mapping[str, Any]) -> None:
        self._settings = json.dumps(settings, sort_keys=True).encode()
        self.path = Path(folder) / f"{name}.{hashlib.sha256(self._settings).hexdigest()[:32]}.npz"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(opened_lock(self.path.parent / ".lock"))
        except OSError as error:
            raise InputError(f"cannot write: {error.strerror}", path=folder, remedy=_REMEDY) from None

    def read(self) -> Arrays | None:
        """Return the arrays; None where there is no file, or one that is damaged, which is told."""
        try:
            with self.path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
                found = {name: stored[name] for name in stored.files}
            if found.pop("sha256").tobytes() != self._digest(found):
                raise ValueError("the sum is another")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
            logging.getLogger("gxfast").warning("%s: damaged (%s); the background is made again", self.path, error)
            return None
        return found

    def write(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays; of several runs that do, one waits for the other.

        Raises
        ------
        InputError
            If there is no room.
        """
        found = dict(arrays)
        content = npz_bytes({**found, "sha256": np.frombuffer(self._digest(found), np.uint8)})
        lock = opened_lock(self.path.parent / ".lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            atomic_write(self.path, content, remedy=_REMEDY)
        finally:
            os.close(lock)

    def _digest(self, arrays: Mapping[str, NDArray[Any]]) -> bytes:
        """One SHA-256 of what the arrays depend on, their names, kinds, shapes and contents."""
        found = hashlib.sha256(self._settings)
        for name, values in sorted(arrays.items()):
            found.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
            found.update(np.ascontiguousarray(values).tobytes())
        return found.digest()
