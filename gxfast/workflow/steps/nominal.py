"""Pairs of eQTLs on their way to a file: kept by block, put together in the order of the genes, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Protocol
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from ...io.bgzf import bgzf_blocks, bgzf_text, write_gzi
from ...io.tables import RepeatedTexts, TextCells, require_pyarrow, rows_text, write_parquet, write_rows
from ..blocks import GeneBlock
from ..cohort import LinearCohort
from ..rows import PairsRow
from ..rundir import RunDirectory

__all__ = ["GenePairs", "PairsFormat", "pairs_format", "pairs_of"]

_TEXT: Final = "eqtl/nominal.tsv.gz"
# tensorQTL's columns; in Parquet with its types, but no number loses digits.
_COLUMNS: Final[dict[str, Any]] = {
    "phenotype_id": str, "variant_id": str, "start_distance": np.int32, "end_distance": np.int32,
    "af": np.float64, "ma_samples": np.int32, "ma_count": np.int32, "pval_nominal": np.float64, "slope": np.float64,
    "slope_se": np.float64, "r": np.float64, "log10_pval_nominal": np.float64,
}  # fmt: skip
Blocks = Sequence[tuple[GeneBlock, NDArray[np.int64]]]


@dataclass(frozen=True, slots=True)
class GenePairs:
    """Pairs of a gene, by column; ``end_distance`` is there where phenotypes are intervals."""

    n_pairs: int
    columns: Mapping[str, TextCells | NDArray[Any]]


class PairsFormat(Protocol):
    """A format of the pairs."""

    def result(self, contig: str) -> str:
        """Return the file, in the run directory, with the pairs of a contig's genes."""
        ...

    def pack(self, genes: Sequence[GenePairs | None]) -> tuple[dict[str, NDArray[Any]], list[tuple[int, int]]]:
        """Return what a block keeps of its genes' pairs; and of each gene how many there are, and their bytes."""
        ...

    def write(self, run: RunDirectory, blocks: Blocks) -> None:
        """Put the pairs of all blocks together; of each block, the sizes that `pack` returned."""
        ...


def pairs_format(name: str, cohort: LinearCohort) -> PairsFormat:
    """Return the format named ``tsv`` or ``parquet``.

    Raises
    ------
    InputError
        If a library that it needs is not installed.
    """
    names = [name for name in _COLUMNS if name != "end_distance" or cohort.genes.end is not None]
    if name == "tsv":
        return _Text(cohort, names)
    require_pyarrow('`format="parquet"`')
    return _Parquet(cohort, names)


def pairs_of(block: GeneBlock) -> str:
    """Return the name under which the pairs of a block are kept."""
    return block.file("eqtl", "pairs.npz")


class _Text:
    """``nominal.tsv.gz``: BGZF with an index of its blocks, and a table that says where the pairs of a gene are."""

    def __init__(self, cohort: LinearCohort, names: Sequence[str]) -> None:
        self._genes, self._names = cohort.genes, names

    def result(self, contig: str) -> str:
        return _TEXT

    def pack(self, genes: Sequence[GenePairs | None]) -> tuple[dict[str, NDArray[Any]], list[tuple[int, int]]]:
        texts = [rows_text([one.columns[name] for name in self._names], one.n_pairs) if one else b"" for one in genes]
        # A gene begins a block of the file: its pairs are found by themselves, and a cut between genes changes no byte.
        pairs = b"".join(map(bgzf_blocks, texts))
        sizes = [(one.n_pairs if one else 0, len(text)) for one, text in zip(genes, texts, strict=True)]
        return {"bgzf": np.frombuffer(pairs, np.uint8)}, sizes

    def write(self, run: RunDirectory, blocks: Blocks) -> None:
        if run.has_result(_TEXT):
            return
        index: list[PairsRow] = []
        with bgzf_text(run.path / _TEXT) as out:
            out.write("\t".join(self._names) + "\n")
            for block, sizes in blocks:
                at = out.text_size
                for g, (n_pairs, size) in zip(block.genes, sizes.tolist(), strict=True):
                    index.append(PairsRow(self._genes.gene_id[g], n_pairs, at, size))
                    at += size
                out.join(run.read_block(pairs_of(block))["bgzf"].tobytes())
        write_gzi(run.path / f"{_TEXT}.gzi", out.starts)
        write_rows(run.path / "eqtl" / "nominal.genes.tsv", PairsRow, index)
        run.supersede(_TEXT, [pairs_of(block) for block, _ in blocks])


class _Parquet:
    """``nominal.cis_qtl_pairs.CONTIG.parquet``, as tensorQTL names it with the prefix ``nominal``."""

    def __init__(self, cohort: LinearCohort, names: Sequence[str]) -> None:
        self._genes, self._types = cohort.genes, {name: _COLUMNS[name] for name in names}

    def result(self, contig: str) -> str:
        return f"eqtl/nominal.cis_qtl_pairs.{quote(contig, safe='*:|')}.parquet"

    def pack(self, genes: Sequence[GenePairs | None]) -> tuple[dict[str, NDArray[Any]], list[tuple[int, int]]]:
        there = [one.columns for one in genes if one]
        ids = TextCells.join([one for columns in there if isinstance(one := columns["variant_id"], TextCells)])
        numbers = {
            name: np.concatenate(
                [np.empty(0, kind), *(columns[name] for columns in there)], dtype=kind, casting="same_kind"
            )
            for name, kind in self._types.items()
            if kind is not str
        }
        return {"letters": ids.letters, "offset": ids.offset, **numbers}, [
            (one.n_pairs if one else 0, 0) for one in genes
        ]

    def write(self, run: RunDirectory, blocks: Blocks) -> None:
        for contig, some in groupby(blocks, lambda one: self._genes.chrom[one[0].genes[0]]):
            mine, result = list(some), self.result(contig)
            if not run.has_result(result):
                write_parquet(run.path / result, self._types, self._tables(run, mine))
                run.supersede(result, [pairs_of(block) for block, _ in mine])

    def _tables(self, run: RunDirectory, blocks: Blocks) -> Iterator[dict[str, Any]]:
        for block, sizes in blocks:
            stored = run.read_block(pairs_of(block))
            genes = RepeatedTexts([self._genes.gene_id[g] for g in block.genes], sizes[:, 0])
            yield {
                "phenotype_id": genes,
                "variant_id": TextCells(stored.pop("letters"), stored.pop("offset")),
                **stored,
            }
