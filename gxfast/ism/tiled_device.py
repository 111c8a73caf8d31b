"""Predictions in tiles whose tensors stay on the device.

All tiles that are kept lie in one tensor there. The letters of a batch go to the device as codes, its outputs are
written into slots of that tensor, and what is behind the cut reads the slots of its sequences, whose numbers alone
travel.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encode.one_hot import codes
from ..models.front import front_inputs, read_codes
from ..models.onnx_writer import GraphWriter, names_in
from ..models.runtime import run_options
from ..models.workers import run_tasks
from .graph.view import Graph
from .modes.runner import Part
from .tiled_model import TiledModel
from .tiling import Tiling

__all__ = ["DeviceTiledModel", "with_tiles"]

_AT_ONCE = 2  # batches: the letters of one are encoded while another runs


class DeviceTiledModel(TiledModel):
    """As `TiledModel`; for models on a device, where no pool makes one number of a tile's positions."""

    def _open(self, short: Graph, whole: Graph) -> None:
        import onnx

        cut, per_row = self.tiling.tensor, len(self.tiling.tiles)
        coded = read_codes(
            onnx.load_from_string(short.subgraph([short.input_name], [cut])), self._readout.card, self.model.path
        )
        self._codes = front_inputs(coded)["codes"]
        self._tile_part = Part(coded.SerializeToString(), self.model, [cut])
        n_slots = max(self._head_batch * per_row, self._bytes // self._tile_bytes)
        self._n_pages = -(-n_slots // self._tile_batch)
        shape = (self._n_pages * self._tile_batch, *short.shape(cut)[1:])
        self._kept = self._tile_part.empty(shape, self._dtype)
        content = with_tiles(whole, self.tiling, shape)
        self._head_part = Part(content, self.model, [whole.output_name])
        self._rows = min(self._rows, n_slots // per_row // self._head_batch * self._head_batch)
        self._slots: dict[bytes, int] = {}
        self._in_page: list[list[bytes]] = [[] for _ in range(self._n_pages)]
        self._next = 0
        self._together = threading.RLock()  # slots that are read must not be written meanwhile

    def compute(self, keys: Sequence[Sequence[bytes]], n_threads: int = 1) -> Mapping[bytes, int]:
        """Return the slot of each distinct tile."""
        with self._together:
            wanted = list(dict.fromkeys(key for of_row in keys for key in of_row))
            missing = [key for key in wanted if key not in self._slots]
            size, options = self._tile_batch, run_options()
            pages = self._pages(wanted, -(-len(missing) // size))
            if pages is None:  # what is wanted lies scattered: all of it anew
                self.forget()
                missing = wanted
                pages = list(range(-(-len(missing) // size)))
                self._next = len(pages) % self._n_pages

            def task(i: int) -> None:
                rows = codes(self._letters(missing[i * size : (i + 1) * size]))
                into = {self.tiling.tensor: (self._kept, pages[i] * size, size)}
                self._tile_part.run({self._codes: rows}, options, into=into)

            run_tasks(task, len(pages), n_threads=max(_AT_ONCE, n_threads), options=options)
            for i, page in enumerate(pages):
                self._in_page[page] = missing[i * size : (i + 1) * size]
                self._slots.update((key, page * size + k) for k, key in enumerate(self._in_page[page]))
            self.n_tiles += sum(map(len, keys))
            self.n_distinct += len(missing)
            return self._slots

    def _pages(self, wanted: Sequence[bytes], n: int) -> list[int] | None:
        """Free so many pages, the oldest first, that hold nothing that is wanted; None where there are not enough."""
        busy = {self._slots[key] // self._tile_batch for key in wanted if key in self._slots}
        free = [page % self._n_pages for page in range(self._next, self._next + self._n_pages)]
        pages = [page for page in free if page not in busy][:n]
        if len(pages) < n:
            return None
        for page in pages:
            for key in self._in_page[page]:
                del self._slots[key]
            self._in_page[page] = []
        self._next = (pages[-1] + 1) % self._n_pages if pages else self._next
        return pages

    def _head(self, keys: Sequence[Sequence[bytes]], found: Mapping[bytes, int], options: Any) -> NDArray[Any]:
        index = np.zeros((self._head_batch, len(self.tiling.tiles)), np.int64)
        for row, of_row in zip(index, keys, strict=False):
            row[:] = [found[key] for key in of_row]
        (raw,) = self._head_part.run({"tiles": self._kept, "index": index}, options)
        return np.asarray(raw[: len(keys)])

    def forget(self) -> None:
        """Drop what is known of the tiles that are kept; their tensor stays."""
        with self._together:
            self._slots.clear()
            self._in_page = [[] for _ in range(self._n_pages)]


def with_tiles(graph: Graph, tiling: Tiling, kept: Sequence[int]) -> bytes:
    """The part behind a cut, putting the tiles of its sequences together itself.

    Parameters
    ----------
    graph : Graph
        At the batch size of the part.
    tiling : Tiling
        Without a pool.
    kept : sequence of int
        Shape of the tensor that holds a tile in each row.

    Returns
    -------
    bytes
        A model with inputs ``tiles`` and ``index`` int64 (N, tiles of a window): their rows.
    """
    import onnx

    cut, axis = tiling.tensor, tiling.axis
    model = onnx.load_from_string(graph.subgraph([cut], [graph.output_name]))
    writer = GraphWriter(opset=graph.opset, prefix="tiles/", taken=names_in(model.graph))
    whole = graph.shape(cut)
    tiles = writer.input("tiles", kept, graph.dtype(cut))
    index = writer.input("index", [graph.batch, len(tiling.tiles)], np.int64)
    pieces, at = [], 0
    for (skipped, count), alike in groupby((tile.skipped, tile.last - tile.first) for tile in tiling.tiles):
        n = len(list(alike))
        mine = writer.reshape(writer.slice(index, 1, at, at + n), [graph.batch * n])
        piece = writer.slice(writer.add("Gather", tiles, mine, axis=0), axis, skipped, skipped + count)
        # (N x n, ..., count, ...): the tiles of a sequence one behind the other along its axis
        split = [graph.batch, n, *whole[1:axis], count, *whole[axis + 1 :]]
        order = [0, *range(2, axis + 1), 1, *range(axis + 1, len(split))]
        piece = writer.transpose(writer.reshape(piece, split), order)
        pieces.append(writer.reshape(piece, [graph.batch, *whole[1:axis], n * count, *whole[axis + 1 :]]))
        at += n
    joined = writer.add("Concat", *pieces, axis=axis)
    before, after = ([0] * len(whole) for _ in range(2))
    before[axis], after[axis] = tiling.tiles[0].first, whole[axis] - tiling.tiles[-1].last
    writer.append("Identity", [writer.pad(joined, before, after)], [cut])
    del model.graph.input[:]
    writer.put_into(model, first=True)
    return bytes(model.SerializeToString())
