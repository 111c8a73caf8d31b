"""The head of ExPecto (Zhou et al. 2018): spatial features of Beluga's outputs, and a linear booster's weights.

Everything behind Beluga is linear, so that features and booster fold into one matrix over windows and outputs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError

__all__ = ["SHIFTS", "ExpectoHead", "expecto_features", "read_gblinear", "spatial_weights"]

Float64Array = NDArray[np.float64]

# Windows of 2,000 bp around the TSS, in bases along the strand of the gene; position 999 of each is TSS + shift.
SHIFTS: Final = tuple(range(-20_000, 20_000, 200))
_DECAYS: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
_HEADER: Final = 136  # bytes of the fixed part of the learner, and of the booster
_REMEDY: Final = "name a .save file of a linear booster as ExPecto distributes it"


@dataclass(frozen=True, slots=True)
class ExpectoHead:
    """A linear booster: ``base_score`` + ``bias`` + ``weight`` . features.

    ``weight`` has shape (F,), float64 copies of the float32 numbers of the file.
    """

    weight: Float64Array
    bias: float
    base_score: float

    def predict(self, features: ArrayLike) -> Float64Array:
        """Return predictions, shape (N,), for features of shape (N, F)."""
        x = np.asarray(features, np.float64)
        if x.ndim != 2 or x.shape[1] != self.weight.size:
            raise InputError(f"features must have shape (N, {self.weight.size}), found {x.shape}")
        return np.asarray(x @ self.weight + (self.base_score + self.bias))

    def folded(self) -> Float64Array:
        """Return the weights of the O outputs (Beluga: 2,002) in every window, shape (200, O).

        Raises
        ------
        InputError
            If the number of features is not 10 x (1 + O).
        """
        spatial = spatial_weights()
        if self.weight.size % len(spatial) or self.weight.size < 2 * len(spatial):
            raise InputError(f"a head over {len(spatial)} x (1 + outputs) features expected, found {self.weight.size}")
        return np.asarray(spatial.T @ self.weight.reshape(len(spatial), -1)[:, 1:])


def spatial_weights() -> Float64Array:
    """Return the weight of each window in each kind of feature, shape (10, 200).

    exp(-k |shift| / 200) for five k, first over the windows up to the TSS, then over those from it on; the window
    at the TSS counts in both.
    """
    shifts = np.array(SHIFTS, np.float64)
    decay = np.exp(-np.array(_DECAYS)[:, None] * np.abs(shifts) / 200)
    return np.concatenate([decay * (shifts <= 0), decay * (shifts >= 0)])


def expecto_features(outputs: ArrayLike) -> Float64Array:
    """Assemble the features of ExPecto's boosters.

    Parameters
    ----------
    outputs : array-like of float, shape (N, 200, O)
        Beluga's 2,002 outputs in the windows of `SHIFTS`, the mean of both strands.

    Returns
    -------
    float64 array, shape (N, 10 x (1 + O))
        For each kind of `spatial_weights` a column of zeros, then the weighted sums of the outputs.

    Raises
    ------
    InputError
        If the shape is another.
    """
    x = np.asarray(outputs, np.float64)
    if x.ndim != 3 or x.shape[1] != len(SHIFTS):
        raise InputError(f"outputs must have shape (N, {len(SHIFTS)}, O), found {x.shape}")
    sums = np.einsum("kw,nwo->nko", spatial_weights(), x)
    return np.pad(sums, ((0, 0), (0, 0), (1, 0))).reshape(len(x), -1)


def read_gblinear(path: str | Path) -> ExpectoHead:
    """Read a linear booster from the binary format of old versions of xgboost, to the last byte.

    "binf", a header of 136 bytes (base score, number of features), the names of objective and booster, another
    header, and the float32 weights with the bias last. Current versions of xgboost no longer read it; nothing in
    it is executed.

    Raises
    ------
    InputError
        If the file cannot be read, is cut short, goes on after the weights, or holds another booster.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    at = 0

    def take(n: int, what: str) -> bytes:
        nonlocal at
        if n > len(data) - at:
            raise InputError(f"the file ends within {what}", path=path, record=f"byte {at}", remedy=_REMEDY)
        at += n
        return data[at - n : at]

    def text(what: str) -> str:
        (length,) = struct.unpack("<Q", take(8, what))
        return take(length, what).decode("ascii", "replace")

    if take(4, "the magic number") != b"binf":
        raise InputError("does not begin with 'binf'", path=path, remedy=_REMEDY)
    base_score, n_features = struct.unpack("<fI", take(_HEADER, "the header")[:8])
    objective, booster = text("the objective's name"), text("the booster's name")
    if booster != "gblinear":
        raise InputError(f"the booster is {booster!r}, not 'gblinear'", path=path, remedy=_REMEDY)
    if objective not in {"reg:linear", "reg:squarederror"}:
        raise InputError(f"the objective is {objective!r}, not 'reg:linear'", path=path, remedy=_REMEDY)
    features_again, groups = struct.unpack("<Ii", take(_HEADER, "the booster's header")[:8])
    (count,) = struct.unpack("<Q", take(8, "the number of weights"))
    if groups != 1 or features_again != n_features or count != n_features + 1:
        raise InputError(
            f"{n_features} and {features_again} features, {groups} groups and {count} weights do not fit together",
            path=path, remedy=_REMEDY,
        )  # fmt: skip
    weights = np.frombuffer(take(4 * count, "the weights"), "<f4").astype(np.float64)
    if at != len(data):
        raise InputError(f"{len(data) - at} bytes follow the weights", path=path, record=f"byte {at}", remedy=_REMEDY)
    if not np.isfinite(weights).all() or not np.isfinite(base_score):
        raise InputError("a weight is not finite", path=path)
    return ExpectoHead(weights[:-1], float(weights[-1]), float(base_score))
