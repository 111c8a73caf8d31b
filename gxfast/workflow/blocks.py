"""Genes of a step cut into blocks: each is computed by itself, kept as one file, and found again by ``--resume``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._threads import worker_pool
from ..io.numbers import natural_key
from ..types import GeneTable
from .rundir import RunDirectory

__all__ = ["GeneBlock", "do_gene_blocks", "gene_blocks", "packed_rows", "unpacked_rows"]

Row = TypeVar("Row")
# Genes of a block at most: some seconds of a linear model, and what is lost when a run is killed.
_MOST: Final = 32
_SPAN: Final = 1_000_000  # bases between the first and the last gene of a block: their windows are read together


@dataclass(frozen=True, slots=True)
class GeneBlock:
    """Neighbouring genes of a contig.

    Attributes
    ----------
    number : int
        From 0, in the order of the blocks.
    genes : tuple of int
        Rows of the gene table, by TSS.
    """

    number: int
    genes: tuple[int, ...]

    def file(self, step: str, ending: str = "npz") -> str:
        """Return the name under which a step keeps it."""
        return f"{step}/{self.number:05d}.{ending}"


def gene_blocks(genes: GeneTable, *, window: int = 0) -> list[GeneBlock]:
    """Cut genes into blocks, by contig (``chr2`` before ``chr10``), TSS and id: the order of no file matters.

    Parameters
    ----------
    genes : GeneTable
    window : int
        Bases around each gene that the step reads: far genes share a block where their windows do.
    """
    rank = {chrom: i for i, chrom in enumerate(sorted(set(genes.chrom), key=natural_key))}
    order = sorted(range(len(genes)), key=lambda g: (rank[genes.chrom[g]], int(genes.tss[g]), genes.gene_id[g]))
    parts: list[list[int]] = []
    for g in order:
        first = parts[-1][0] if parts else g
        near = genes.chrom[g] == genes.chrom[first] and genes.tss[g] - genes.tss[first] <= 2 * window + _SPAN
        if parts and near and len(parts[-1]) < _MOST:
            parts[-1].append(g)
        else:
            parts.append([g])
    return [GeneBlock(i, tuple(part)) for i, part in enumerate(parts)]


def do_gene_blocks(
    run: RunDirectory,
    blocks: Sequence[GeneBlock],
    finished: Callable[[GeneBlock], bool],
    compute: Callable[[GeneBlock], None],
    *,
    n_threads: int,
    tell: Callable[[int, int], None],
) -> None:
    """Compute the blocks that are to be made here, several at a time; ``compute`` keeps what it finds.

    Parameters
    ----------
    run : RunDirectory
    blocks : sequence of GeneBlock
    finished, compute : callable
    n_threads : int
    tell : callable
        Called with genes done, and all genes.
    """
    todo = run.todo(blocks, finished)
    total = sum(len(block.genes) for block in run.part.of(blocks))
    if not total:
        return
    done = total - sum(len(block.genes) for block in todo)
    tell(done, total)
    with worker_pool(n_threads) as pool:
        running = [pool.submit(compute, block) for block in todo]
        try:
            for block, one in zip(todo, running, strict=True):
                one.result()
                done += len(block.genes)
                tell(done, total)
        finally:
            for one in running:
                one.cancel()


def packed_rows(rows: Sequence[Any]) -> NDArray[np.uint8]:
    """Return dataclass rows as an array for `RunDirectory.write_block`; numbers read back as the same."""
    return np.frombuffer(json.dumps([asdict(row) for row in rows]).encode(), np.uint8)


def unpacked_rows(kind: Callable[..., Row], stored: Mapping[str, NDArray[Any]], name: str = "rows") -> list[Row]:
    """Return what `packed_rows` packed under ``name`` of a block."""
    return [kind(**row) for row in json.loads(stored[name].tobytes())]
