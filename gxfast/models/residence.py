"""Tensors that stay on a session's device between runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .session import Session, _onnxruntime

__all__ = ["resident", "run_bound"]


def _place(session: Session) -> tuple[str, int]:
    kind, _, index = session.device.partition(":")
    return kind, int(index or 0)


def resident(session: Session, array: NDArray[Any]) -> Any:
    """Copy an array to the device of a session, once.

    Returns
    -------
    onnxruntime.OrtValue
        For `run_bound`.
    """
    return _onnxruntime().OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), *_place(session))


def run_bound(
    session: Session, outputs: Sequence[str], feeds: Mapping[str, Any], options: Any = None, *, keep: bool = False
) -> list[Any]:
    """Run a session by IOBinding.

    Parameters
    ----------
    session : Session
    outputs : sequence of str
    feeds : mapping of str to array or OrtValue
        Arrays are copied to the device in this run; what is `resident` is not.
    options : onnxruntime.RunOptions, optional
    keep : bool
        Leave the outputs on the device.

    Returns
    -------
    list
        Arrays; OrtValues with ``keep``.
    """
    binding = session.raw.io_binding()
    for name, value in feeds.items():
        if isinstance(value, np.ndarray):
            binding.bind_cpu_input(name, np.ascontiguousarray(value))
        else:
            binding.bind_ortvalue_input(name, value)
    for name in outputs:
        binding.bind_output(name, *(_place(session) if keep else ("cpu", 0)))
    session.raw.run_with_iobinding(binding, options)
    values = binding.get_outputs()
    return list(values) if keep else [value.numpy() for value in values]
