"""What is kept of predictions: values of distinct haplotypes and who carries them, by block and in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io.npz import Parts, mapped_npz, write_npz
from ...models.people import BlockPrediction
from ...types import PredictionSet
from ..rundir import RunDirectory

__all__ = ["StoredHaplotypes", "block_arrays", "haplotypes_file", "read_block", "texts_of", "write_haplotypes"]


def haplotypes_file(model: str) -> str:
    """Return the file of a model's haplotypes in a run directory."""
    return f"predictions/{model}.haplotypes.npz"


def block_arrays(block: BlockPrediction) -> dict[str, NDArray[Any]]:
    """Return what is stored of a block; people's values are made of it again."""
    return {
        "values": block.haplotype_values,
        "gene": block.haplotype_gene,
        "carriers": block.carriers,
        "n_variants": block.n_variants,
        "n_haplotypes": block.n_haplotypes,
        "status": np.array(block.status, np.str_),
        "drawn": block.drawn,
        "draws": block.draws,
        "count_names": np.array(list(block.counts), np.str_),
        "count_values": np.array(list(block.counts.values()), np.int64),
    }


def read_block(stored: Mapping[str, NDArray[Any]], rule: str) -> BlockPrediction:
    """Return the block that `block_arrays` stored; ``rule`` is the card's for haplotypes."""
    counts = dict(zip(texts_of(stored["count_names"]), stored["count_values"].tolist(), strict=True))
    names = ("carriers", "n_variants", "n_haplotypes", "drawn", "draws")
    return BlockPrediction.of_haplotypes(
        rule, haplotype_values=stored["values"], haplotype_gene=stored["gene"], status=texts_of(stored["status"]),
        counts=counts, **{name: stored[name] for name in names},
    )  # fmt: skip


def texts_of(values: NDArray[Any]) -> tuple[str, ...]:
    """Return an array of texts as texts."""
    return tuple(str(value) for value in values.tolist())


def write_haplotypes(run: RunDirectory, result: str, blocks: Sequence[str], predictions: PredictionSet) -> None:
    """Write the haplotypes of all blocks to one file; what is large is in memory a block at a time.

    ``values`` has a row per distinct haplotype, ``gene`` its gene (the first row of a gene is the reference);
    ``carriers`` the rows of each person's two haplotypes by gene, -1 where there is none. ``drawn`` and ``draws`` are
    as in `BlockPrediction`, with genes and rows of the whole.
    """
    small = [run.read_block(name, ("gene", "n_variants", "drawn", "draws")) for name in blocks]
    first_row, first_gene = (
        np.cumsum([0, *(len(one[name]) for one in small)]).tolist() for name in ("gene", "n_variants")
    )  # fmt: skip
    n_rows, n_genes, n_people = first_row[-1], first_gene[-1], len(predictions.samples)
    placed = list(zip(small, first_row, first_gene, strict=False))
    drawn = [(one, row, gene) for one, row, gene in placed if len(one["drawn"])]
    whose = [np.empty((0, 2), np.int32), *(one["drawn"] + np.array([gene, 0], np.int32) for one, _, gene in drawn)]
    draws = [_shifted(one["draws"], row) for one, row, _ in drawn] or [np.empty((0, 0, 2), np.int32)]

    def large(name: str) -> Iterator[NDArray[Any]]:
        return (run.read_block(block, (name,))[name] for block in blocks)

    arrays: dict[str, NDArray[Any] | Parts] = {
        "values": Parts(np.float64, (n_rows, len(predictions.tracks)), large("values")),
        "gene": np.concatenate([one["gene"] + np.int32(gene) for one, _, gene in placed]),
        "carriers": Parts(np.int32, (n_genes, n_people, 2), map(_shifted, large("carriers"), first_row)),
        "gene_id": np.array(predictions.genes.gene_id, np.str_),
        "samples": np.array(predictions.samples, np.str_),
        "tracks": np.array(predictions.tracks, np.str_),
        "n_variants": predictions.n_variants,
        "n_haplotypes": predictions.n_haplotypes,
        "status": np.array(predictions.status, np.str_),
        "drawn": np.concatenate(whose),
        "draws": np.concatenate(draws),
        "count_names": np.array(list(predictions.counts), np.str_),
        "count_values": np.array(list(predictions.counts.values()), np.int64),
    }  # fmt: skip
    write_npz(run.path / result, arrays)


def _shifted(rows: NDArray[np.int32], by: int) -> NDArray[np.int32]:
    """Rows of the whole; -1 stays."""
    return np.where(rows >= 0, rows + by, -1).astype(np.int32)


class StoredHaplotypes:
    """What `write_haplotypes` wrote, read from disk block by block.

    Raises
    ------
    InputError
        If the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._stored = mapped_npz(path)
        self.status = texts_of(self._stored["status"])

    def block(self, first: int, last: int, rule: str) -> BlockPrediction:
        """Return the genes ``first`` to ``last - 1``; counts are with the first gene."""
        stored = self._stored
        low, high = np.searchsorted(stored["gene"], [first, last]).tolist()
        mine = (stored["drawn"][:, 0] >= first) & (stored["drawn"][:, 0] < last)
        return read_block({
            **{name: stored[name][first:last] for name in ("n_variants", "n_haplotypes", "status")},
            "values": np.array(stored["values"][low:high]),
            "gene": stored["gene"][low:high] - np.int32(first),
            "carriers": _shifted(stored["carriers"][first:last], -low),
            "drawn": stored["drawn"][mine] - np.array([first, 0], np.int32),
            "draws": _shifted(stored["draws"][mine], -low),
            "count_names": stored["count_names"] if first == 0 else np.empty(0, np.str_),
            "count_values": stored["count_values"] if first == 0 else np.empty(0, np.int64),
        }, rule)  # fmt: skip
