"""How genes are cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.types import GeneTable
from gxfast.workflow.blocks import gene_blocks


def table(rows: list[tuple[str, str, int]]) -> GeneTable:
    ids, chroms, tss = zip(*rows, strict=True)
    return GeneTable(ids, ids, chroms, np.array(tss, np.int64), ("+",) * len(ids))


def test_the_order_of_the_table_does_not_matter() -> None:
    rows = [("e", "chr10", 5), ("d", "chr2", 9), ("a", "chr2", 3), ("c", "chr2", 3), ("b", "chrX", 1)]
    expected = [["a", "c", "d"], ["e"], ["b"]]
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1]):
        genes = table([rows[i] for i in order])
        found = gene_blocks(genes)
        assert [[genes.gene_id[g] for g in block.genes] for block in found] == expected
        assert [block.number for block in found] == [0, 1, 2]


@pytest.mark.parametrize(("window", "sizes"), [(0, [2, 1]), (300_000, [3])])
def test_genes_whose_windows_are_apart_are_not_read_together(window: int, sizes: list[int]) -> None:
    genes = table([("a", "1", 0), ("b", "1", 900_000), ("c", "1", 1_500_000)])
    assert [len(block.genes) for block in gene_blocks(genes, window=window)] == sizes


def test_a_block_is_some_genes() -> None:
    genes = table([(f"g{i:03d}", "1", i) for i in range(100)])
    found = gene_blocks(genes, window=10)
    assert [len(block.genes) for block in found] == [32, 32, 32, 4]
    assert [g for block in found for g in block.genes] == list(range(100))
    assert found[1].file("eqtl") == "eqtl/00001.npz"
