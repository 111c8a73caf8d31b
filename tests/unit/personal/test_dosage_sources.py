"""Records at given places: what lies between them is read piece by piece, and forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gxfast.io.vcf_set import VariantFileSet
from gxfast.personal import dosage_sources
from gxfast.personal.dosage_sources import open_dosages


def test_records_do_not_depend_on_how_much_is_read_at_once(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # CONTIG is AACCGGTTACGATTACAGGC; the deletion at 2 reaches over 4, and the one at 9 over 11
    world = build(
        (2, "ACCG", "A", "0|1"), (5, "G", "T", "1|1"), (7, "T", "A,C", "2|1"), (9, "ACGA", "A", "1|0"),
        (14, "T", "G", "0|1"), (19, "G", "A", "1|1"),
    )  # fmt: skip
    sizes = []
    for size in (64 << 20, 8):
        monkeypatch.setattr(dosage_sources, "_PIECE_BYTES", size)
        genotypes = VariantFileSet([world.vcf])
        read = genotypes.region

        def region(chrom: str, start: int, end: int, read: Any = read) -> Any:
            sizes.append(end - start)
            return read(chrom, start, end)

        monkeypatch.setattr(genotypes, "region", region)
        found = open_dosages(genotypes).records("c", np.array([3, 6, 10, 18]))
        assert found.position.tolist() == [1, 6, 8, 18]
        assert found.alleles == [("ACCG", "A"), ("T", "A", "C"), ("ACGA", "A"), ("G", "A")]
        assert [found.of(i, 1)[0].tolist() for i in range(4)] == [[1], [1], [1], [2]]
    assert sizes[0] == 16
    assert min(sizes) < 16
