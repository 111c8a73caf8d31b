"""What cross-validated paths of elastic nets are given: folds, and the options of the grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..kernels.arguments import whole_number, whole_numbers

__all__ = ["check_path_options", "fold_ids"]


def fold_ids(folds: int | ArrayLike, count: int, seed: int, *, of: str = "people") -> NDArray[np.int32]:
    """Return the fold of each person (or of what ``of`` names), drawn with ``seed`` or checked.

    Raises
    ------
    InputError
    """
    if isinstance(folds, (int, np.integer)):
        if not 2 <= folds <= count:
            raise InputError(f"folds must be 2 to the number of {of} ({count}), found {folds}")
        # Sizes differ by one at most; who is where is drawn.
        return np.random.default_rng(seed).permutation(np.arange(count, dtype=np.int32) % np.int32(folds))
    ids = whole_numbers(folds, "folds", (count,))
    present = np.unique(ids)
    if present.size < 2 or not np.array_equal(present, np.arange(present.size)):
        raise InputError(
            f"folds must be numbered 0 to K - 1 with {of} in each, found {present[:10].tolist()}",
            remedy="renumber them, for example with np.unique(folds, return_inverse=True)[1]",
        )
    return np.ascontiguousarray(ids, np.int32)


def check_path_options(l1_ratio: float, n_lambdas: int, lambda_ratio: float, gap: float) -> None:
    """Raise InputError if an option lies outside its range."""
    if not 0 < l1_ratio <= 1:
        raise InputError(f"l1_ratio must be in (0, 1], found {l1_ratio}")
    whole_number(n_lambdas, "n_lambdas", 1, 100_000)
    if not 0 < lambda_ratio < 1:
        raise InputError(f"lambda_ratio must be in (0, 1), found {lambda_ratio}")
    if not 0 < gap < 1:
        raise InputError(f"gap must be in (0, 1), found {gap}")
