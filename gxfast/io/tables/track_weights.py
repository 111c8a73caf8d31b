"""Weights of a head over a model's tracks: one row per track, and the offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .plain import read_table, write_table
from .text import parse_number

__all__ = ["TrackWeights", "read_track_weights", "write_track_weights"]

_OFFSET = "offset"


@dataclass(frozen=True, slots=True)
class TrackWeights:
    """A linear head: names and weights of T tracks, float64, and the intercept."""

    track: tuple[str, ...]
    weight: NDArray[np.float64]
    offset: float

    def predict(self, tracks: ArrayLike) -> NDArray[np.float64]:
        """Return values, shape (N,), for tracks of shape (N, T), transformed as the head was fitted."""
        x = np.asarray(tracks, np.float64)
        if x.ndim != 2 or x.shape[1] != self.weight.size:
            raise InputError(f"tracks must have shape (N, {self.weight.size}), found {x.shape}")
        return np.asarray(x @ self.weight + self.offset)


def write_track_weights(path: str | Path, track: Sequence[str], weight: ArrayLike, offset: float) -> Path:
    """Write a TSV with the columns ``track`` and ``weight``; the last row is ``offset``.

    Raises
    ------
    InputError
        If a name comes twice or is ``offset``, or there is not one finite weight for each.
    """
    values = np.asarray(weight, np.float64)
    if values.shape != (len(track),) or not np.isfinite(values).all() or not np.isfinite(offset):
        raise InputError(f"{len(track)} finite weights expected, found shape {values.shape}", path=path)
    if len({*track, _OFFSET}) <= len(track):
        raise InputError("names of tracks must differ, and none may be 'offset'", path=path)
    return write_table(path, {"track": [*track, _OFFSET], "weight": [*values.tolist(), float(offset)]})


def read_track_weights(path: str | Path) -> TrackWeights:
    """Read what `write_track_weights` writes.

    Raises
    ------
    InputError
        If the file is no such table: a column or the offset is missing, a name comes twice, a weight is no number.
    """
    columns = read_table(path)
    for name in ("track", "weight"):
        if name not in columns:
            raise InputError(f"column {name} is missing", path=path, remedy="write columns track and weight")
    weights: dict[str, float] = {}
    for number, (name, text) in enumerate(zip(columns["track"], columns["weight"], strict=True), start=2):
        if name in weights:
            raise InputError(f"track {name} is there twice", path=path, record=f"line {number}")
        weights[name] = parse_number(text, what=f"the weight of {name}", path=path, number=number)
    if _OFFSET not in weights:
        raise InputError("the row of the offset is missing", path=path, remedy="end with a row: offset, number")
    offset = weights.pop(_OFFSET)
    return TrackWeights(tuple(weights), np.array(list(weights.values()), np.float64), offset)
