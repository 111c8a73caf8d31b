"""The index arrays of a delta graph, for one batch of mutations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .delta_graph import Index
from .graph.windows import Analysis

__all__ = ["Places", "fits", "inside_everywhere", "make"]

Int64Array = NDArray[np.int64]


class Places:
    """Where the windows of one batch of mutations lie.

    Parameters
    ----------
    analysis : Analysis
    positions : int64 array, shape (M,)
        Mutated position of each.
    """

    def __init__(self, analysis: Analysis, positions: Int64Array) -> None:
        self.analysis, self.positions = analysis, positions

    def start(self, tensor: str) -> Int64Array:
        """First position of each window, (M, 1); may lie outside the tensor."""
        return self.analysis.windows[tensor].free_lo[self.positions][:, np.newaxis]

    def width(self, tensor: str) -> int:
        """Positions per window."""
        return self.analysis.windows[tensor].width

    def length(self, tensor: str) -> int:
        """Positions of the tensor."""
        return self.analysis.windows[tensor].length

    def at(self, tensor: str) -> Int64Array:
        """Every position of every window, (M, W)."""
        return self.start(tensor) + np.arange(self.width(tensor))

    def rows(self, tensor: str, wanted: Int64Array, otherwise: Any) -> Int64Array:
        """Rows of the flattened windows (M * W) that hold positions (M, ...); ``otherwise`` past those rows."""
        n, width = len(self.positions), self.width(tensor)
        extra = (1,) * (wanted.ndim - 2)
        relative = wanted - self.start(tensor).reshape(n, 1, *extra)
        own = np.arange(n).reshape(n, 1, *extra) * width + relative
        held = (relative >= 0) & (relative < width)
        return np.where(held, own, n * width + otherwise)

    def read_by(self, output: str, settings: tuple[int, ...], *, clip: bool) -> Int64Array:
        """Input positions that each output position of each window reads, (M, W, k)."""
        kernel, stride, dilation, before = settings
        outputs = self.at(output)
        if clip:
            outputs = np.clip(outputs, 0, self.length(output) - 1)
        return outputs[..., np.newaxis] * stride - before + np.arange(kernel) * dilation


def _clipped(places: Places, tensor: str) -> Int64Array:
    return np.clip(places.at(tensor), 0, places.length(tensor) - 1)


def _inside(places: Places, tensor: str) -> NDArray[np.float32]:
    at = places.at(tensor)
    return ((at >= 0) & (at < places.length(tensor))).astype(np.float32)[..., np.newaxis]


def _everywhere(places: Places, tensor: str) -> Int64Array:
    positions = np.broadcast_to(np.arange(places.length(tensor)), (len(places.positions), places.length(tensor)))
    return places.rows(tensor, positions, positions)


def _taps(places: Places, tensor: str, output: str, *settings: int) -> Int64Array:
    return places.rows(tensor, places.read_by(output, settings, clip=False), 0)


def _pool(places: Places, tensor: str, output: str, *settings: int) -> Int64Array:
    read, length = places.read_by(output, settings, clip=True), places.length(tensor)
    exists = (read >= 0) & (read < length)
    nowhere = len(places.positions) * places.width(tensor) + length
    return np.where(exists, places.rows(tensor, read, np.clip(read, 0, length - 1)), nowhere)


def _share(places: Places, tensor: str, output: str, *settings: int) -> NDArray[np.float32]:
    read = places.read_by(output, settings, clip=True)
    counted = ((read >= 0) & (read < places.length(tensor))).sum(axis=2, keepdims=True)
    share: NDArray[np.float32] = (1 / counted).astype(np.float32)
    return share


def _align(places: Places, tensor: str, output: str, form: str) -> Int64Array:
    wanted = places.at(output)
    outside = 0 if form == "delta" else np.clip(wanted, 0, places.length(tensor) - 1)
    return places.rows(tensor, wanted, outside)


def _first(places: Places, tensor: str, span: int) -> int:
    lowest = int(places.start(tensor).min())
    return min(max(lowest, 0), places.length(tensor) - span)


def _stretch(places: Places, tensor: str, span: int) -> Int64Array:
    positions = _first(places, tensor, span) + np.arange(span)
    return places.rows(tensor, np.broadcast_to(positions, (len(places.positions), span)), 0)


def _places(places: Places, tensor: str, span: int) -> Int64Array:
    return _first(places, tensor, span) + np.arange(span)


_KINDS: Final[dict[str, Callable[..., NDArray[Any]]]] = {
    "clipped": _clipped, "inside": _inside, "everywhere": _everywhere, "taps": _taps, "pool": _pool,
    "share": _share, "align": _align, "stretch": _stretch, "places": _places,
}  # fmt: skip


def make(index: Index, places: Places) -> NDArray[Any]:
    """Return the array that an input of the delta graph takes."""
    return np.ascontiguousarray(_KINDS[index.kind](places, *index.settings), index.dtype)


def fits(index: Index, places: Places) -> bool:
    """Whether all mutations of a batch lie close enough together for an index of kind ``stretch``."""
    if index.kind != "stretch":
        return True
    tensor, span = index.settings
    last = np.minimum(places.start(tensor) + places.width(tensor), places.length(tensor)).max()
    return bool(last <= _first(places, tensor, span) + span)


def inside_everywhere(places: Places) -> bool:
    """Whether no window reaches past the end of its tensor."""
    return all(
        int(places.start(tensor).min()) >= 0 and int(places.start(tensor).max()) + window.width <= window.length
        for tensor, window in places.analysis.windows.items()
    )
