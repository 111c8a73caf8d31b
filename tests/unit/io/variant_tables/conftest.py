"""A table by hand, and a small genome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gxfast.io.fasta import Genome
from gxfast.io.indexing import index_fasta
from gxfast.types import VariantTable


def make_table(
    *variants: str, signed: tuple[str, ...] = (), frequencies: tuple[str, ...] = (), **columns
) -> VariantTable:
    """Variants as ``chr1:5:A:G``, with the 1-based position, and columns."""
    parts = [variant.split(":") for variant in variants]
    chrom, pos, ref, alt = (list(part) for part in zip(*parts, strict=True))
    arrays = {name: np.array(column) for name, column in columns.items()}
    return VariantTable(
        np.array(chrom),
        np.array(pos, np.int64) - 1,
        np.array(ref),
        np.array(alt),
        arrays,
        signed,
        frequencies,
        "table.tsv",
    )


@pytest.fixture
def fasta(tmp_path: Path) -> Callable[..., Genome]:
    def write(**contigs: str) -> Genome:
        path = tmp_path / "g.fa"
        path.write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
        index_fasta(path)
        return Genome(path)

    return write
