"""Models that stay open between the tasks of a worker process, which would open the same ones again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._file import read_model_file
from .card import find_card

if TYPE_CHECKING:
    from .session import Model

__all__ = ["keep_models", "kept_model"]

_kept: dict[Any, Model] | None = None
_lock = threading.Lock()


def keep_models() -> None:
    """Keep every model that `kept_model` opens in this process, for as long as it runs."""
    global _kept
    with _lock:
        _kept = {} if _kept is None else _kept


def kept_model(path: str, card: str | None, options: Any, opened: Callable[[], Model]) -> Model:
    """Return a model that was opened by this thread before, or open it.

    It is the same while the content of its files and its card are, with equal options.

    Parameters
    ----------
    path : str
    card : str or None
    options : hashable
        What else it is opened with.
    opened : callable
        Opens it.
    """
    if _kept is None:
        return opened()
    file = read_model_file(path)
    own = find_card(file.path, explicit=card, metadata=file.card_text)
    said = None if own is None else (own.origin, own.to_json())
    key = threading.get_ident(), path, said, options, tuple(sorted(file.files.items()))
    if key not in _kept:
        _kept[key] = opened()
    return _kept[key]
