"""Predictions of many sequences that have most of their tiles in common: each distinct tile is computed once.

A tile is known by its letters, so that insertions, deletions, genes that overlap and people who agree are one case.
Tiles have one length and go through the first layers in batches of one size; what is behind the cut runs for every
sequence. The bits of a prediction depend on its own letters alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._threads import resolve_threads
from ..encode.one_hot import one_hot, reverse_complement
from ..errors import ModelError
from ..models.runtime import run_options
from ..models.workers import run_tasks
from .graph.intervals import analyse
from .graph.slicing import sliced_proto
from .graph.view import Graph, load_graph
from .graph.windows import Window
from .modes.naive import largest_row
from .modes.readout import Outputs, Readout
from .modes.runner import Part, rows_per_run
from .tiling import Tile, Tiling, best_tiling, stride_of

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["TiledModel", "tiled"]

_BYTES: Final = 256 << 20  # of tiles that the next sequences may have, too; and of those at work
_TOLERANCE: Final = 1e-5


def tiled(model: Model, *, max_mem: int | None = None) -> TiledModel | None:
    """Return a model that computes each distinct tile of its windows once; None where that promises little.

    Its predictions are within 1e-5 of the model's (of the larger of 1 and the value); `TiledModel.check` compares some.
    Which tiles there are depends on the model alone.

    Parameters
    ----------
    model : Model
    max_mem : int, optional
        Bytes for a job: an eighth keeps tiles, and as much is at work; 256 MiB each by default.

    Returns
    -------
    TiledModel or None
        Takes the model's place in `gxfast.predict`.
    """
    graph = load_graph(model)
    readout = Readout(model, Outputs(), graph.shape(graph.output_name))
    proto = None
    if readout.kept_tracks is not None or readout.kept_bins is not None:
        proto = sliced_proto(model.proto(), graph, readout.card.output_layout, readout.kept_tracks, readout.kept_bins)
        readout.slice()
        graph = load_graph(model, proto=proto)
    tiling = best_tiling(graph)
    if tiling is None or model.fixed_batch is not None:
        return None
    try:
        return TiledModel(model, graph, readout, tiling, proto, _BYTES if max_mem is None else max_mem // 8)
    except ModelError:  # the first layers are others for a sequence of another length
        return None


def _reached(window: Window, shift: int, tile: Tile) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of a tile's positions each base alters, half-open; (0, 0) for none."""
    low = np.maximum(window.lo + shift, tile.first)
    high = np.minimum(window.hi + shift + 1, tile.last)
    some = (high > low) & (window.hi >= window.lo)
    return np.where(some, low, 0), np.where(some, high, 0)


class TiledModel:
    """Predicts as `Model` does, in tiles; made by `tiled`.

    Attributes
    ----------
    model : Model
    tiling : Tiling
    n_tiles, n_distinct : int
        Of all sequences so far.
    """

    def __init__(
        self, model: Model, graph: Graph, readout: Readout, tiling: Tiling, proto: Any = None, n_bytes: int = _BYTES
    ) -> None:  # fmt: skip
        self.model, self.tiling, self._readout, self._bytes = model, tiling, readout, n_bytes
        self.n_tiles = self.n_distinct = 0
        short = load_graph(model, proto=proto, length=tiling.length, output=tiling.tensor)
        self._require_local(graph, short)
        nodes = short.between([short.input_name], [tiling.tensor])
        self._tile_batch = rows_per_run(largest_row(short, nodes), model.device)
        nodes = graph.between([tiling.tensor], [graph.output_name])
        self._head_batch = rows_per_run(largest_row(graph, nodes), model.device)
        short = load_graph(model, batch=self._tile_batch, proto=proto, length=tiling.length, output=tiling.tensor)
        whole = load_graph(model, batch=self._head_batch, proto=proto)
        self._input = short.input_name
        self._tile_part = Part(short.subgraph([short.input_name], [tiling.tensor]), model, [tiling.tensor])
        self._head_part = Part(whole.subgraph([tiling.tensor], [whole.output_name]), model, [whole.output_name])
        self._tile_shape = short.shape(tiling.tensor)[1:]
        self._shape, self._dtype = whole.shape(tiling.tensor), whole.dtype(tiling.tensor)
        self._tiles: OrderedDict[bytes, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def _require_local(self, whole_graph: Graph, short_graph: Graph) -> None:
        """Refuse a cut where a tile is no piece of the window: a crop or padding that depends on the length does that.

        Every tensor before the cut has to be shorter by the bases that are missing, and a base of a tile has to reach
        the positions that it reaches as a base of the window.
        """
        tensor, tiles, missing = self.tiling.tensor, self.tiling.tiles, whole_graph.length - short_graph.length
        of_whole, of_short = analyse(whole_graph).windows, analyse(short_graph).windows
        for node in short_graph.between([short_graph.input_name], [tensor]):
            for name in node.made:
                stride = stride_of(of_whole[name])
                if stride is None or (of_whole[name].length - of_short[name].length) * stride != missing:
                    raise ModelError(f"{name} is not the same in a tile", path=self.model.path)
        whole, short = of_whole[tensor], of_short[tensor]
        for tile in (tiles[0], tiles[len(tiles) // 2], tiles[-1]):
            at = tile.first - tile.skipped
            own = _reached(short, at, tile)
            expected = _reached(whole, 0, tile)
            inside = np.arange(tile.start, tile.start + self.tiling.length)
            same = all(np.array_equal(one, other[inside]) for one, other in zip(own, expected, strict=True))
            reaching = expected[1] > expected[0]
            reaching[inside] = False
            if not same or reaching.any():
                raise ModelError(f"{tensor} is not the same in a tile", path=self.model.path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def predict(
        self, sequences: NDArray[np.uint8], *, n_threads: int | None = None, check_finite: bool = False
    ) -> NDArray[np.float64]:
        """As `Model.predict`, within 1e-5 of it."""
        rows = self.model.checked(sequences)
        threads = self.model.n_threads if n_threads is None else resolve_threads(n_threads)
        per_row = int(np.prod(self._shape[1:])) * self._dtype.itemsize
        step = max(self._head_batch, self._bytes // per_row // self._head_batch * self._head_batch)
        result = np.empty((len(rows), self.model.n_tracks))
        for first in range(0, len(rows), step):
            result[first : first + step] = self._predicted(rows[first : first + step], threads)
        if check_finite:
            self.model.refuse_not_finite(result)
        return result

    def _predicted(self, rows: NDArray[np.uint8], threads: int) -> NDArray[np.float64]:
        card = self._readout.card

        def member(shift: int, reverse: bool) -> NDArray[np.float64]:
            start = shift - min(card.shifts)
            letters = np.ascontiguousarray(rows[:, start : start + card.length])
            letters = np.asarray(reverse_complement(letters)) if reverse else letters
            return self._values(letters, reverse, threads)

        return self._readout.rule.ensemble(member)

    def keys(self, letters: NDArray[np.uint8]) -> list[list[bytes]]:
        """Return the letters of every tile of windows (N, L)."""
        length = self.tiling.length
        return [[row[tile.start : tile.start + length].tobytes() for tile in self.tiling.tiles] for row in letters]

    def _values(self, letters: NDArray[np.uint8], flipped: bool, threads: int) -> NDArray[np.float64]:
        """Selected values of sequences that one member of the ensemble reads, (N, B, T)."""
        keys = self.keys(letters)
        found = self.compute(keys, threads)
        size, options = self._head_batch, run_options()
        parts: list[Any] = [None] * -(-len(letters) // size)

        def task(i: int) -> None:
            raw = self._head(keys[i * size : (i + 1) * size], found, options)
            parts[i] = self._readout.values(raw, flipped=flipped)

        run_tasks(task, len(parts), n_threads=threads, options=options)
        return np.concatenate(parts)

    def compute(self, keys: Sequence[Sequence[bytes]], n_threads: int = 1) -> dict[bytes, NDArray[Any]]:
        """Return the tensor at the cut of each distinct tile; those that were met lately are not computed again."""
        wanted = dict.fromkeys(key for of_row in keys for key in of_row)
        with self._lock:
            found = {key: self._tiles[key] for key in wanted if key in self._tiles}
        missing = [key for key in wanted if key not in found]
        size, options = self._tile_batch, run_options()

        def task(i: int) -> None:
            mine = missing[i * size : (i + 1) * size]
            letters = np.frombuffer(b"".join([*mine, *mine[:1] * (size - len(mine))]), np.uint8)
            encoded = one_hot(
                letters.reshape(size, -1), dtype=self.model.dtype, **self._readout.card.encoding
            )  # fmt: skip
            (made,) = self._tile_part.run({self._input: encoded}, options)
            found.update(zip(mine, made, strict=False))

        run_tasks(task, -(-len(missing) // size), n_threads=n_threads, options=options)
        self.n_tiles += sum(map(len, keys))
        self._keep(found, missing)
        return found

    def _keep(self, found: dict[bytes, NDArray[Any]], missing: Sequence[bytes]) -> None:
        most = self._bytes // max(1, int(np.prod(self._tile_shape)) * self._dtype.itemsize)
        with self._lock:
            self.n_distinct += len(missing)
            for key in found:
                self._tiles[key] = found[key] if key not in self._tiles else self._tiles.pop(key)
            while len(self._tiles) > most:
                self._tiles.popitem(last=False)

    def _head(self, keys: Sequence[Sequence[bytes]], found: dict[bytes, NDArray[Any]], options: Any) -> NDArray[Any]:
        """Put the tiles of some sequences together, and run what is behind the cut."""
        whole = np.zeros(self._shape, self._dtype)
        axis = self.tiling.axis
        along = np.moveaxis(whole, axis, 1)
        for row, of_row in enumerate(keys):
            for tile, key in zip(self.tiling.tiles, of_row, strict=True):
                own = np.moveaxis(found[key], axis - 1, 0)
                along[row, tile.first : tile.last] = own[tile.skipped : tile.skipped + tile.last - tile.first]
        (raw,) = self._head_part.run({self.tiling.tensor: whole}, options)
        return np.asarray(raw[: len(keys)])

    def check(self) -> None:
        """Compare a few sequences with whole passes.

        Raises
        ------
        ModelError
            If they differ by more than 1e-5 of the larger of 1 and the value.
        """
        rows = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (1, self.model.card.read_length))
        rows, middle = np.repeat(rows, 2, axis=0), rows.shape[1] // 2
        rows[1, middle : middle + 7], rows[1, : rows.shape[1] // 8] = ord("N"), ord("N")
        expected, own = self.model.predict(rows), self.predict(rows)
        away = np.abs(own - expected) / np.maximum(1.0, np.abs(expected))
        if not (away <= _TOLERANCE).all():
            raise ModelError(
                f"predictions in tiles differ from whole ones by {np.nanmax(away):.1e}", path=self.model.path,
                record=f"cut at {self.tiling.tensor}", remedy="please report it (CONTRIBUTING.md) with the model",
            )  # fmt: skip
        self.n_tiles = self.n_distinct = 0
        self.forget()

    def forget(self) -> None:
        """Drop the tiles that are kept, and their memory."""
        with self._lock:
            self._tiles.clear()

    def explain(self) -> str:
        """Return where windows are cut, what that promises, and what it has saved so far."""
        tiling, card = self.tiling, self.model.card
        lines = [
            f"{card.name}: cut at {tiling.tensor} ({tiling.stride} bases a position); {len(tiling.tiles)} tiles of "
            f"{tiling.length} bases for a window of {card.length}, {tiling.overhead:.2f} times its bases",
            f"{card.name}: {tiling.local / tiling.whole:.0%} of the multiply-adds are before the cut; if "
            f"{tiling.expected_share:.1%} of the tiles are distinct, {tiling.promise:.1f} times fewer are left",
        ]
        if self.n_tiles:
            share = self.n_distinct / self.n_tiles
            left = tiling.local * tiling.overhead * share + tiling.head
            lines.append(
                f"{card.name}: {self.n_tiles} tiles, {self.n_distinct} distinct ({share:.1%}): "
                f"{tiling.whole / left:.1f} times fewer multiply-adds"
            )
        return "\n".join(lines)
