"""Boosters in the old binary format of xgboost, as ExPecto distributes them."""

from __future__ import annotations

import struct

import numpy as np


def save_bytes(weights, *, base_score=2.0, objective="reg:linear", booster="gblinear", features=None):
    """The documented layout."""
    n = len(weights) - 1 if features is None else features
    names = b"".join(struct.pack("<Q", len(name)) + name.encode() for name in (objective, booster))
    return (
        b"binf" + struct.pack("<fI", base_score, n) + bytes(128) + names + struct.pack("<Ii", n, 1) + bytes(128)
        + struct.pack("<Q", len(weights)) + np.asarray(weights, "<f4").tobytes()
    )  # fmt: skip
