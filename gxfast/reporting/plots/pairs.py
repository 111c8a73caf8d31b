"""Dependency maps: how strongly two positions depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_pairs"]


def draw_pairs(
    strength: NDArray[np.float32], positions: NDArray[np.int64], title: str, ax: Axes
) -> None:  # fmt: skip
    """Draw a square of positions against positions.

    Parameters
    ----------
    strength : float array, shape (K, K)
        Not negative; the diagonal is 0.
    positions : int64 array, shape (K,)
        0-based; shown from 1 on.
    title : str
    ax : matplotlib Axes
    """
    ends = (0.5, len(strength) + 0.5) if not positions.size else (positions[0] + 0.5, positions[-1] + 1.5)
    image = ax.imshow(
        strength, cmap="viridis", origin="lower", extent=(*ends, *ends), interpolation="none", vmin=0,
        vmax=float(strength.max(initial=0.0)) or 1.0,
    )  # fmt: skip
    ax.ticklabel_format(style="plain", useOffset=False)
    ax.locator_params(nbins=4, integer=True)
    ax.figure.colorbar(image, ax=ax, label="largest absolute interaction")
    ax.set_title(title)
    ax.set_xlabel("position")
    ax.set_ylabel("position")
