"""Where a model's first layers are local: a cut of the graph, and windows cut into tiles of one size before it.

Before the cut a position depends on a few hundred bases around it. So the tensor at the cut can be computed piece by
piece: a *tile* is a run of bases, a little longer than what its positions depend on, that goes through the first layers
as a sequence of its own. Positions near the ends of a tile see its padding and are left out; where the tile lies at the
end of the window this padding is the window's own, and they are kept. All tiles have one length, that of the window up
to whole strides, so that pools and strides fall on the same bases as in the window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .costs import graph_work, node_work
from .graph.intervals import analyse, needed
from .graph.view import Graph
from .graph.windows import Analysis, Window
from .ops.reduction import over_positions

__all__ = ["Pool", "Tile", "Tiling", "reached", "stride_of", "tilings"]

# Bases of a tile that are its own. Of 421 people, 0.027, 0.044 and 0.13 of the tiles of 1,024, 4,096 and 16,384 bases
# are distinct: a power of about 0.55 of their length. Of their haplotypes of 10,500, 131,072 and 196,608 bases, 0.09,
# 0.86 and 0.93 are: a power of about 0.85.
_SIZES: Final = (1024, 2048, 4096, 8192)
_SHARE, _POWER, _POWER_OF_WINDOWS = 0.044, 0.55, 0.85
_POOLS: Final = ("GlobalAveragePool", "GlobalMaxPool", "ReduceMax", "ReduceMean", "ReduceSum")
_NEARLY: Final = 0.95
_LEAST: Final = 1.3  # times fewer multiply-adds than distinct haplotypes in full, or it is not done


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of every window.

    Attributes
    ----------
    start : int
        Its first base in the window.
    first, last : int
        Positions of the tensor at the cut that it gives, half-open.
    skipped : int
        Positions of its own before ``first``.
    """

    start: int
    first: int
    last: int
    skipped: int


class Pool(NamedTuple):
    """Makes one position of all, right behind the cut: every tile does that for its own positions.

    Attributes
    ----------
    tensor : str
        That it gives.
    largest : bool
        The largest value instead of the sum.
    scale : float
        Of the sum.
    """

    tensor: str
    largest: bool
    scale: float


@dataclass(frozen=True, slots=True)
class Tiling:
    """How windows are cut.

    Attributes
    ----------
    tensor : str
        At the cut.
    axis : int
        Its sequence axis.
    length : int
        Bases of a tile.
    stride : int
        Bases per position.
    window : int
        Bases of a window, or of the part of it that the output depends on.
    read : int
        Bases that the model reads.
    tiles : tuple of Tile
        Those that the output depends on.
    local, head, whole : float
        Multiply-adds of a window before the cut, behind it, and of the whole model.
    pool : Pool or None
        What comes behind the cut, where that is one.
    """

    tensor: str
    axis: int
    length: int
    stride: int
    window: int
    read: int
    tiles: tuple[Tile, ...]
    local: float
    head: float
    whole: float
    pool: Pool | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What predictions depend on, JSON-serialisable."""
        return {
            "tensor": self.tensor, "bases": self.length, "stride": self.stride, "tiles": len(self.tiles),
            "window": self.window,
        }  # fmt: skip

    @property
    def overhead(self) -> float:
        """Bases of all tiles over those of a window."""
        return self.length * len(self.tiles) / self.window

    @property
    def promise(self) -> float:
        """Times fewer multiply-adds than distinct haplotypes in full, if as much is distinct as of 421 people."""
        haplotypes = self.expected_haplotypes
        return haplotypes * self.whole / self.left(self.expected_share, haplotypes)

    def left(self, share: float, haplotypes: float = 1.0) -> float:
        """Multiply-adds a window, if that share of the tiles, and of the windows, is distinct."""
        return self.local * self.overhead * share + self.head * haplotypes

    @property
    def expected_share(self) -> float:
        """Share of the tiles that are expected to be distinct."""
        return float(min(1.0, _SHARE * (self.length / 4096) ** _POWER))

    @property
    def expected_haplotypes(self) -> float:
        """Share of the windows that are expected to be distinct."""
        return float(min(1.0, _SHARE * (self.read / 4096) ** _POWER_OF_WINDOWS))


def tilings(graph: Graph, *, read: int | None = None, fewest: int = 4) -> list[Tiling]:
    """Return cuts with their tiles that promise fewer multiply-adds than whole windows, the best first; one per cut.

    They depend on the model alone, not on people: results must not depend on who else is predicted.

    Parameters
    ----------
    graph : Graph
    read : int, optional
        Bases that the model reads, where the graph is of a part of them.
    fewest : int
        Tiles of a window; people have few different haplotypes of a short one.
    """
    analysis = analyse(graph)
    wanted = needed(graph, analysis)
    found = []
    for name, local, head, pool in _cuts(graph, analysis):
        work = local, head, local + head
        of_cut = read or graph.length, name, analysis.windows[name], work, wanted.get(name), pool
        sizes = (_tiling(graph, size, *of_cut) for size in _SIZES)
        enough = [one for one in sizes if one is not None and one.promise >= _LEAST and len(one.tiles) >= fewest]
        found += _least_overhead(enough)
    return sorted(found, key=lambda one: -one.promise)


def _least_overhead(sizes: list[Tiling]) -> list[Tiling]:
    """Of the tilings that promise nearly as much as the best, the one that costs least where nothing is shared."""
    most = max((one.promise for one in sizes), default=0.0)
    return sorted((one for one in sizes if one.promise >= _NEARLY * most), key=lambda one: one.overhead)[:1]


def _cuts(graph: Graph, analysis: Analysis) -> Iterator[tuple[str, float, float, Pool | None]]:
    """Tensors with a sequence axis that everything behind them depends on, and nothing else before them.

    With multiply-adds before and behind them; a pool over all positions counts as before.
    """
    last_read = {name: i for i, node in enumerate(graph.nodes) for name in node.reads}
    whole = graph_work(graph)
    alive, done = {graph.input_name}, 0.0
    for i, node in enumerate(graph.nodes):
        done += node_work(graph, node)
        alive |= set(node.made)
        alive = {name for name in alive if last_read.get(name, -1) > i or name == graph.output_name}
        if len(alive) != 1:
            continue
        (name,) = alive
        if name in analysis.windows and name != graph.output_name:
            pool = _pool(graph, name, analysis.windows[name])
            before = done + (0.0 if pool is None else node_work(graph, graph.consumers(name)[0]))
            yield name, before, whole - before, pool


def _pool(graph: Graph, name: str, window: Window) -> Pool | None:
    """Return what makes one position of all positions of a tensor, if nothing else reads it."""
    readers = graph.consumers(name)
    if len(readers) != 1 or readers[0].op_type not in _POOLS or readers[0].made[0] == graph.output_name:
        return None
    (node,) = readers
    if not over_positions(graph, node, window.axis):
        return None
    mean = node.op_type in ("GlobalAveragePool", "ReduceMean")
    return Pool(node.made[0], node.op_type.endswith(("Max", "MaxPool")), 1 / window.length if mean else 1.0)


def _tiling(
    graph: Graph, size: int, read: int, name: str, window: Window, work: tuple[float, float, float],
    output: tuple[int, int] | None, pool: Pool | None,
) -> Tiling | None:  # fmt: skip
    """Cut windows into tiles of about so many bases of their own; only those that the output depends on are kept."""
    reach = _reach(window)
    if reach is None:
        return None
    stride, before, behind = reach
    left, own = max(0, -(-before // stride)), max(1, size // stride)
    wanted = (left + own) * stride + max(0, behind)
    length = graph.length - max(0, (graph.length - wanted) // stride) * stride
    last_seen = (length - 1 - behind) // stride  # the last position that does not see the tile's right end
    step = last_seen - left + 1
    if length >= graph.length or step < 1 or last_seen >= window.length:
        return None
    tiles, done, end = [], 0, (graph.length - length) // stride
    for at in [*range(0, end, step), end]:
        first = max(done, 0 if at == 0 else at + left)
        last = window.length if at == end else at + last_seen + 1
        if first != done or last <= first:
            if last <= first:
                continue
            return None
        tiles.append(Tile(at * stride, first, last, first - at))
        done = last
    first, last = output or (0, window.length - 1)
    kept = tuple(tile for tile in tiles if tile.last > first and tile.first <= last)
    return Tiling(name, window.axis, length, stride, graph.length, read, kept, *work, pool) if kept else None


def reached(window: Window, first: int, last: int, shift: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of the positions [first, last) each base alters, half-open; (0, 0) for none.

    ``shift`` is added to the positions of the tensor.
    """
    low, high = np.maximum(window.lo + shift, first), np.minimum(window.hi + shift + 1, last)
    some = (high > low) & (window.hi >= window.lo)
    return np.where(some, low, 0), np.where(some, high, 0)


def stride_of(window: Window) -> int | None:
    """Return how many bases a position is; None where that differs, or is less than one."""
    jumps = np.flatnonzero(np.diff(window.free_lo)) + 1
    if jumps.size < 3 or (np.diff(window.free_lo)[jumps - 1] != 1).any():
        return None
    strides = np.diff(jumps)
    return int(strides[0]) if (strides == strides[0]).all() else None


def _reach(window: Window) -> tuple[int, int, int] | None:
    """Bases per position, and how far before and behind its first base a position sees; None where that differs."""
    stride = stride_of(window)
    if stride is None:
        return None
    found = set()
    for position in (window.length // 2 - 1, window.length // 2, window.length // 2 + 1):
        sees = np.flatnonzero((window.free_lo <= position) & (window.free_hi >= position))
        if not sees.size or sees[0] == 0 or sees[-1] == len(window.free_lo) - 1:
            return None
        found.add((position * stride - int(sees[0]), int(sees[-1]) - position * stride))
    if len(found) != 1:
        return None
    before, behind = found.pop()
    return stride, before, behind
