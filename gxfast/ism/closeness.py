"""How far two ways to compute the same values are apart, beside how large the values of a model are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["TOLERANCE", "random_rows", "share_of_outputs", "size_of"]

TOLERANCE: Final = {"float16": 5e-3, "float32": 1e-5, "float64": 1e-5}
_MORE: Final = 4  # sequences that tell how large the values of a model are, where those at hand may all be small


def share_of_outputs(
    found: NDArray[Any], expected: NDArray[Any], outputs: NDArray[Any], more: Callable[[], NDArray[Any]], allowed: float
) -> float:
    """Return the largest difference, as a share of what the output that it is of comes to.

    That is the largest absolute value that the output has in ``outputs``; 1 where it lies between 0.1 and 1, ten times
    the value below, as small outputs may be differences of larger numbers. Of few sequences it may happen to be small,
    so that others are predicted before a difference is taken for too large. Values that are not finite have to be the
    same; infinity where they are not.

    Parameters
    ----------
    found, expected : arrays, shape (N, T)
    outputs : array, shape (M, T)
    more : callable
        Predicts other sequences, (K, T).
    allowed : float
    """
    with np.errstate(invalid="ignore"):
        away = np.abs(np.asarray(found, np.float64) - expected)
    alike = (found == expected) | (np.isnan(found) & np.isnan(expected))
    away = np.where(alike, 0.0, np.where(np.isnan(away), np.inf, away))
    worst = _share(away, outputs)
    return worst if worst <= allowed else _share(away, np.concatenate([outputs, more()]))


def _share(away: NDArray[np.float64], outputs: NDArray[Any]) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.where(away == 0, 0.0, away / size_of(outputs)).max(initial=0.0))


def size_of(outputs: NDArray[Any]) -> NDArray[np.float64]:
    """Return what differences of outputs (M, T) are compared with, (T,): see `share_of_outputs`."""
    size = np.abs(np.where(np.isfinite(outputs), outputs, 0.0)).max(axis=0, initial=0.0)
    return np.asarray(np.maximum(size, np.minimum(1.0, 10 * size)))


def random_rows(model: Model, n: int = _MORE) -> NDArray[np.uint8]:
    """Return sequences of random letters, (N, L), always the same."""
    return np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (n, model.card.read_length))
