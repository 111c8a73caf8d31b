"""What is kept of predictions: values of distinct haplotypes and who carries them, by block and in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def block_arrays(block: BlockPrediction) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return what is stored of a block: its haplotypes, and what is small; people's values are made of it again."""
    large: dict[str, NDArray[Any]] = {
        "values": block.haplotype_values, "gene": block.haplotype_gene, "carriers": block.carriers
    }  # fmt: skip
    return large, {
        "n_variants": block.n_variants,
        "n_haplotypes": block.n_haplotypes,
        "status": np.array(block.status, np.str_),
        "drawn": block.drawn,
        "draws": block.draws,
        "count_names": np.array(list(block.counts), np.str_),
        "count_values": np.array(list(block.counts.values()), np.int64),
    }


def read_block(large: Mapping[str, NDArray[Any]], small: Mapping[str, NDArray[Any]], rule: str) -> BlockPrediction:
    """Return the block that `block_arrays` stored; ``rule`` is the card's for haplotypes."""
    counts = dict(zip(texts_of(small["count_names"]), small["count_values"].tolist(), strict=True))
    names = ("n_variants", "n_haplotypes", "drawn", "draws")
    return BlockPrediction.of_haplotypes(
        rule, haplotype_values=large["values"], haplotype_gene=large["gene"], carriers=large["carriers"],
        status=texts_of(small["status"]), counts=counts, **{name: small[name] for name in names},
    )  # fmt: skip


def texts_of(values: NDArray[Any]) -> tuple[str, ...]:
    """Return an array of texts as texts."""
    return tuple(str(value) for value in values.tolist())


def write_haplotypes(
    run: RunDirectory, result: str, blocks: Mapping[str, int], predictions: PredictionSet
) -> None:  # fmt: skip
    """Write the haplotypes of all blocks, each with its first gene, to one file, a block in memory at a time.

    ``values`` has a row per distinct haplotype, ``gene`` its gene (the first row of a gene is the reference);
    ``carriers`` the rows of each person's two haplotypes by gene, -1 where there is none.
    """
    genes = [run.read_block(name, ("gene",))["gene"] for name in blocks]
    first_row = np.cumsum([0, *map(len, genes)]).tolist()

    def large(name: str) -> Iterator[NDArray[Any]]:
        return (run.read_block(block, (name,))[name] for block in blocks)

    arrays: dict[str, NDArray[Any] | Parts] = {
        "values": Parts(np.float64, (first_row[-1], len(predictions.tracks)), large("values")),
        "gene": np.concatenate([gene + np.int32(first) for gene, first in zip(genes, blocks.values(), strict=True)]),
        "carriers": Parts(
            np.int32, (len(predictions.genes), len(predictions.samples), 2), map(_shifted, large("carriers"), first_row)
        ),
        "gene_id": np.array(predictions.genes.gene_id, np.str_),
        "samples": np.array(predictions.samples, np.str_),
        "tracks": np.array(predictions.tracks, np.str_),
    }
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

    def block(self, first: int, last: int) -> dict[str, NDArray[Any]]:
        """Return the haplotypes of the genes ``first`` to ``last - 1``, as their block held them."""
        stored = self._stored
        low, high = np.searchsorted(stored["gene"], [first, last]).tolist()
        return {
            "values": np.array(stored["values"][low:high]),
            "gene": stored["gene"][low:high] - np.int32(first),
            "carriers": _shifted(stored["carriers"][first:last], -low),
        }
