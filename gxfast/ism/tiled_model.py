"""Predictions of many sequences that have most of their tiles in common: each distinct tile is computed once.

A tile is known by its letters, so that insertions, deletions, genes that overlap and people who agree are one case.
Tiles have one length and go through the first layers in batches of one size; what is behind the cut runs for every
sequence. The bits of a prediction depend on its own letters alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from .._threads import resolve_threads
from ..encode.alphabet import Sequences as Letters
from ..encode.one_hot import one_hot, reverse_complement
from ..errors import ModelError
from ..models.runtime import run_options
from ..models.workers import run_tasks
from .closeness import TOLERANCE, random_rows, share_of_outputs
from .graph.view import Graph, load_graph
from .modes.naive import largest_row
from .modes.readout import Readout
from .modes.runner import Part, rows_per_run
from .tiling import Tiling
from .trimming import Trimmed

if TYPE_CHECKING:
    from ..models.session import Model
    from ..personal.batch import HaplotypeBatch

__all__ = ["TiledModel"]


class TiledModel(Brief):
    """Predicts as `Model` does, in tiles; made by `tiled`.

    Attributes
    ----------
    model : Model
    tiling : Tiling
    work : float
        Multiply-adds of the model with all of its window and outputs.
    n_tiles, n_distinct : int
        Of all sequences so far.
    """

    def _facts(self) -> str:
        return f"{self.model!r}, {len(self.tiling.tiles)} tiles of {self.tiling.length} bases"

    def __init__(
        self, model: Model, part: Trimmed, readout: Readout, tiling: Tiling, short: Graph, work: float, n_bytes: int
    ) -> None:  # fmt: skip
        self.work = work
        self.model, self.tiling, self._readout, self._bytes = model, tiling, readout, n_bytes
        self._bases = slice(part.start, part.start + part.graph.length)
        self.n_tiles = self.n_distinct = 0
        cut, graph = tiling.tensor, part.graph
        nodes = short.between([short.input_name], [cut])
        self._tile_batch = rows_per_run(largest_row(short, nodes), model.device)
        nodes = graph.between([cut], [graph.output_name])
        self._head_batch = rows_per_run(largest_row(graph, nodes), model.device)
        # a graph holds the weights: one of the right batch is not read again
        if short.batch != self._tile_batch:
            short = load_graph(model, batch=self._tile_batch, proto=part.proto, length=tiling.length, output=cut)
        whole = graph
        if graph.batch != self._head_batch:
            whole = load_graph(model, batch=self._head_batch, proto=part.proto, length=graph.length)
        self._input, pool = short.input_name, tiling.pool
        self._read = cut if pool is None else pool.tensor  # by what is behind the tiles
        self._shape, self._dtype = whole.shape(self._read), whole.dtype(cut)
        kept, itemsize = (short.shape(cut), self._dtype.itemsize) if pool is None else (self._shape, 8)
        self._tile_bytes = int(np.prod(kept[1:])) * itemsize + tiling.length  # with the letters
        # Sequences at a time: their tensors, and the letters of their tiles.
        per_row = max(int(np.prod(self._shape[1:])) * self._dtype.itemsize, len(tiling.tiles) * tiling.length)
        self._rows = max(self._head_batch, n_bytes // per_row // self._head_batch * self._head_batch)
        # Of calls in several threads: found tiles stay what they are.
        self._together: AbstractContextManager[Any] = nullcontext()
        self._open(short, whole)
        # Letters say what is computed, but not which positions of it a pool takes.
        parts = [(tile.skipped, tile.skipped + tile.last - tile.first) for tile in tiling.tiles]
        self._parts = list(dict.fromkeys(parts)) if pool is not None else []
        self._part_of = [self._parts.index(part) if pool is not None else 0 for part in parts]
        self._tiles: OrderedDict[bytes, NDArray[Any]] = OrderedDict()
        self._lock, self._checking, self._checked = threading.Lock(), threading.Lock(), False

    def _open(self, short: Graph, whole: Graph) -> None:
        """Open the sessions: of a batch of tiles, and of what is behind them."""
        cut = self.tiling.tensor
        self._tile_part = Part(short.subgraph([short.input_name], [cut]), self.model, [cut])
        self._head_part = Part(whole.subgraph([self._read], [whole.output_name]), self.model, [whole.output_name])

    def __getattr__(self, name: str) -> Any:
        if name == "model":  # a part of one that is being made
            raise AttributeError(name)
        return getattr(self.model, name)

    def predict(
        self, sequences: Letters | HaplotypeBatch, *, n_threads: int | None = None, check_finite: bool = False
    ) -> NDArray[np.float64]:
        """As `Model.predict`; `check` goes before the first.

        Raises
        ------
        ModelError
            See `check`.
        """
        rows = self.model.checked(sequences)
        with self._checking:
            if not self._checked:
                self.check()
        result = self._whole(rows, n_threads)
        if check_finite:
            self.model.refuse_not_finite(result)
        return result

    def _whole(self, rows: NDArray[np.uint8], n_threads: int | None = None) -> NDArray[np.float64]:
        threads = self.model.n_threads if n_threads is None else resolve_threads(n_threads)
        result = np.empty((len(rows), self.model.n_tracks))
        for first in range(0, len(rows), self._rows):
            part = slice(first, first + self._rows)
            result[part] = self._predicted(rows[part], threads)
        return result

    def _predicted(self, rows: NDArray[np.uint8], threads: int) -> NDArray[np.float64]:
        def member(shift: int, reverse: bool) -> NDArray[np.float64]:
            letters = self.model.letters(rows, shift)
            letters = np.asarray(reverse_complement(letters)) if reverse else letters
            return self._values(letters, reverse, threads)

        return self._readout.rule.ensemble(member)

    def keys(self, letters: NDArray[np.uint8]) -> list[list[bytes]]:
        """Return what every tile of windows (N, L) is known by: its letters, and a byte."""
        first, length = self._bases.start, self.tiling.length
        starts = [first + tile.start for tile in self.tiling.tiles]
        parts = [bytes([part]) for part in self._part_of]
        return [
            [row[start : start + length].tobytes() + part for start, part in zip(starts, parts, strict=True)]
            for row in letters
        ]

    def _values(self, letters: NDArray[np.uint8], flipped: bool, threads: int) -> NDArray[np.float64]:
        """Selected values of sequences that one member of the ensemble reads, (N, B, T)."""
        keys = self.keys(letters)
        with self._together:
            return self._behind(keys, self.compute(keys, threads), flipped, threads)

    def _behind(
        self, keys: Sequence[Sequence[bytes]], found: Mapping[bytes, Any], flipped: bool, threads: int
    ) -> NDArray[np.float64]:
        """Values of sequences whose tiles were computed."""
        size, options = self._head_batch, run_options()
        parts: list[Any] = [None] * -(-len(keys) // size)

        def task(i: int) -> None:
            raw = self._head(keys[i * size : (i + 1) * size], found, options)
            parts[i] = self._readout.values(raw, flipped=flipped)

        run_tasks(task, len(parts), n_threads=threads, options=options)
        return np.concatenate(parts)

    def compute(self, keys: Sequence[Sequence[bytes]], n_threads: int = 1) -> Mapping[bytes, Any]:
        """Return the tensor at the cut of each distinct tile, or what a pool makes of its positions.

        Tiles that were met lately are not computed again.
        """
        wanted = dict.fromkeys(key for of_row in keys for key in of_row)
        with self._lock:
            found = {key: self._tiles[key] for key in wanted if key in self._tiles}
        missing = [key for key in wanted if key not in found]
        size, options = self._tile_batch, run_options()

        def task(i: int) -> None:
            mine = missing[i * size : (i + 1) * size]
            encoded = one_hot(self._letters(mine), dtype=self.model.dtype, **self._readout.card.encoding)
            (made,) = self._tile_part.run({self._input: encoded}, options)
            found.update((key, self._kept_of(key, one)) for key, one in zip(mine, made, strict=False))

        run_tasks(task, -(-len(missing) // size), n_threads=n_threads, options=options)
        self.n_tiles += sum(map(len, keys))
        self._keep(found, missing)
        return found

    def _letters(self, keys: list[bytes]) -> NDArray[np.uint8]:
        """Return the letters of a batch of tiles, filled up with the first of them."""
        rows = np.frombuffer(b"".join([*keys, *keys[:1] * (self._tile_batch - len(keys))]), np.uint8)
        return np.ascontiguousarray(rows.reshape(self._tile_batch, -1)[:, :-1])

    def _kept_of(self, key: bytes, tile: NDArray[Any]) -> NDArray[Any]:
        """What is kept of a tile's tensor: its part of the pool, or a copy that does not hold the whole batch."""
        pool, axis = self.tiling.pool, self.tiling.axis - 1
        if pool is None:
            return tile.copy()
        own = np.moveaxis(tile, axis, 0)[slice(*self._parts[key[-1]])]
        made: NDArray[Any] = own.max(axis=0) if pool.largest else own.sum(axis=0, dtype=np.float64)
        return made

    def _keep(self, found: dict[bytes, NDArray[Any]], missing: Sequence[bytes]) -> None:
        most = self._bytes // self._tile_bytes
        with self._lock:
            self.n_distinct += len(missing)
            for key in found:
                self._tiles[key] = found[key] if key not in self._tiles else self._tiles.pop(key)
            while len(self._tiles) > most:
                self._tiles.popitem(last=False)

    def _head(self, keys: Sequence[Sequence[bytes]], found: Mapping[bytes, Any], options: Any) -> NDArray[Any]:
        """Put the tiles of some sequences together, and run what is behind the cut."""
        whole = np.zeros(self._shape, self._dtype)
        for row, of_row in zip(whole, keys, strict=False):
            self._join(row, [found[key] for key in of_row])
        (raw,) = self._head_part.run({self._read: whole}, options)
        return np.asarray(raw[: len(keys)])

    def _join(self, whole: NDArray[Any], tiles: Sequence[NDArray[Any]]) -> None:
        """Write what a sequence's tiles give into the tensor that is read behind them."""
        axis, pool = self.tiling.axis - 1, self.tiling.pool
        if pool is not None:
            pooled = np.max(tiles, axis=0) if pool.largest else np.sum(tiles, axis=0) * pool.scale
            whole[...] = pooled.reshape(whole.shape)
            return
        along = np.moveaxis(whole, axis, 0)
        for tile, own in zip(self.tiling.tiles, tiles, strict=True):
            part = np.moveaxis(own, axis, 0)[tile.skipped : tile.skipped + tile.last - tile.first]
            along[tile.first : tile.last] = part

    def check(self) -> None:
        """Compare a few sequences with whole passes.

        Raises
        ------
        ModelError
            If they differ by more than 1e-5 of an output (5e-3 in float16); see `share_of_outputs`.
        """
        rows = np.repeat(random_rows(self.model, 1), 2, axis=0)
        middle = rows.shape[1] // 2
        rows[1, middle : middle + 7], rows[1, : rows.shape[1] // 8] = ord("N"), ord("N")
        expected, allowed = self.model.predict(rows), TOLERANCE[self.model.dtype]

        def more() -> NDArray[np.float64]:
            return self.model.predict(random_rows(self.model))

        away = share_of_outputs(self._whole(rows), expected, expected, more, allowed)
        if away > allowed:
            raise ModelError(
                f"predictions in tiles differ from whole ones by {away:.1e} of the output", path=self.model.path,
                record=f"cut at {self.tiling.tensor}",
                remedy="predict with the model itself, and please report it (CONTRIBUTING.md) with the model",
            )  # fmt: skip
        self.n_tiles = self.n_distinct = 0
        self.forget()
        self._checked = True

    def trust(self) -> None:
        """Take a comparison for made, as it was by the run that is gone on with."""
        self._checked = True

    def forget(self) -> None:
        """Drop the tiles that are kept, and their memory."""
        with self._lock:
            self._tiles.clear()

    def explain(self) -> str:
        """Return where windows are cut, what that promises, and what it has saved so far."""
        tiling, card = self.tiling, self.model.card
        haplotypes = tiling.expected_haplotypes
        promise = haplotypes * self.work / tiling.left(tiling.expected_share, haplotypes)
        lines = [
            f"{card.name}: cut at {tiling.tensor} ({tiling.stride} bases a position); {len(tiling.tiles)} tiles of "
            f"{tiling.length} bases, {tiling.overhead:.2f} times the {tiling.window} that the output depends on, of "
            f"{card.length}",
            f"{card.name}: {tiling.local / tiling.whole:.0%} of the multiply-adds are before the cut; if "
            f"{tiling.expected_share:.1%} of the tiles and {haplotypes:.0%} of the haplotypes are distinct, "
            f"{promise:.1f} times fewer are left than of distinct haplotypes in full",
        ]
        if self.n_tiles:
            share = self.n_distinct / self.n_tiles
            lines.append(
                f"{card.name}: {self.n_tiles} tiles, {self.n_distinct} of them computed ({share:.1%}): "
                f"{self.work / tiling.left(share):.1f} times fewer multiply-adds than their windows in full, as counted"
            )
        return "\n".join(lines)
