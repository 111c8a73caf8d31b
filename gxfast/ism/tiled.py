"""Whether a model's windows are worth cutting into tiles, and the model that computes each distinct tile once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ..errors import ModelError
from .costs import graph_work
from .graph.intervals import analyse
from .graph.lasting import same_constants
from .graph.view import Graph, load_graph
from .graph.windows import Window
from .modes.readout import Outputs, Readout
from .tiled_device import DeviceTiledModel
from .tiled_model import TiledModel
from .tiling import Tile, Tiling, reached, stride_of, tilings
from .trimming import Trimmed, trimmed

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["tiled", "tiled_or_why"]

_OTHER: Final = "its first layers do other things in a tile than in a window: they know of its length or its ends"
_TOO_LITTLE: Final = (
    "no cut of it promises 1.3 times fewer multiply-adds: its windows are short, or its layers read all of them"
)
_BYTES: Final = 256 << 20  # of tiles that the next sequences may have, too; and of those at work


def tiled(model: Model, *, max_mem: int | None = None, on_device: bool | None = None) -> TiledModel | None:
    """Return a model that computes each distinct tile of its windows once; None where that promises little.

    Its predictions are within 1e-5 of the model's outputs; before the first, `TiledModel.check` compares some. Which
    tiles there are depends on the model alone.

    Parameters
    ----------
    model : Model
    max_mem : int, optional
        Bytes for a job: an eighth keeps tiles, and as much is at work; 256 MiB each by default.
    on_device : bool, optional
        Whether tiles stay on the model's device, and are put together there; default: unless that is the CPU.

    Returns
    -------
    TiledModel or None
        Takes the model's place in `gxfast.predict`.
    """
    found = tiled_or_why(model, max_mem=max_mem, on_device=on_device)
    return None if isinstance(found, str) else found


def tiled_or_why(
    model: Model, *, max_mem: int | None = None, on_device: bool | None = None
) -> TiledModel | str:  # fmt: skip
    """Return what `tiled` does, or why windows are predicted whole."""
    if model.fixed_batch is not None:
        return f"the model takes batches of {model.fixed_batch} alone"
    if model.card.gene_mask is not None:
        return "the card reads out the bins of each gene"
    graph = load_graph(model)
    work = graph_work(graph)
    readout = Readout(model, Outputs(), graph.shape(graph.output_name))
    part = trimmed(model, graph, readout)
    fewest = 4 if part.graph.length == model.card.length else 1  # a part of the window is worth one tile already
    cuts = tilings(part.graph, read=model.card.length, fewest=fewest)
    for tiling in cuts:
        short = _short_graph(model, part, tiling)
        if short is not None:
            stay = model.device != "cpu" if on_device is None else on_device
            # what a pool makes of a tile is small enough to travel
            kind = DeviceTiledModel if stay and tiling.pool is None else TiledModel
            n_bytes = _BYTES if max_mem is None else max_mem // 8
            return kind(model, part, readout, tiling, short, work, n_bytes)
    return _OTHER if cuts else _TOO_LITTLE


def _short_graph(model: Model, part: Trimmed, tiling: Tiling) -> Graph | None:
    """The first layers for a tile; None where a tile is no piece of the window.

    A crop, padding or constant that depends on the length makes it something else. Every tensor before the cut has to
    be shorter by the bases that are missing, every constant the same, and a base of a tile has to reach what it reaches
    as a base of the window.
    """
    try:
        short = load_graph(model, proto=part.proto, length=tiling.length, output=tiling.tensor)
    except ModelError:
        return None
    missing = part.graph.length - tiling.length
    whole, own = analyse(part.graph).windows, analyse(short).windows
    nodes = short.between([short.input_name], [tiling.tensor])
    if not same_constants(short, part.graph, nodes):
        return None
    for node in nodes:
        for name in node.made:
            stride = stride_of(whole[name]) if name in whole and name in own else None
            if stride is None or (whole[name].length - own[name].length) * stride != missing:
                return None
    tiles = tiling.tiles[0], tiling.tiles[len(tiling.tiles) // 2], tiling.tiles[-1]
    return short if all(_is_piece(whole[tiling.tensor], own[tiling.tensor], tile) for tile in tiles) else None


def _is_piece(whole: Window, own: Window, tile: Tile) -> bool:
    """Whether the bases of a tile, and no others, reach its positions as they do in the window."""
    mine = reached(own, tile.first, tile.last, tile.first - tile.skipped)
    expected = reached(whole, tile.first, tile.last)
    inside = slice(tile.start, tile.start + len(own.lo))
    reaching = expected[1] > expected[0]
    reaching[inside] = False
    same = all(np.array_equal(one, other[inside]) for one, other in zip(mine, expected, strict=True))
    return same and not bool(reaching.any())
