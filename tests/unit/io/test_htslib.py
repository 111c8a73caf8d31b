"""Readers where the compiled ones do not load: pysam's, with the same values and one warning."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gxfast.io.fasta import Genome
from gxfast.io.htslib import compiled_readers
from gxfast.io.vcf import VariantFile


@pytest.fixture
def without_compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As with a pysam whose library is missing or another: the import fails."""
    compiled_readers.cache_clear()
    monkeypatch.setitem(sys.modules, "gxfast.io._htslib", None)
    yield
    compiled_readers.cache_clear()


def test_pysam_reads_where_the_compiled_readers_do_not_load(
    without_compiled: None, make_world: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    del without_compiled
    records = [("c", 5, "A", "C", ["0|1", "1|1"]), ("c", 9, "AG", "A", ["1|0", "0|0"])]
    world = make_world(tmp_path / "world", {"c": "ACGTACGTAGGTACGT"}, records, ("s1", "s2"))
    with caplog.at_level(logging.WARNING, "gxfast"):
        found = VariantFile(world.vcf).region("c", 0, 16)
        letters = Genome(world.fasta).fetch("c", 2, 12)
    assert letters == b"GTACGTAGGT"
    assert found.position.tolist() == [4, 8]
    assert found.calls.tolist() == [[[0, 1], [1, 1]], [[1, 0], [0, 0]]]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "pysam reads instead" in told[0]
    assert "pip install --force-reinstall --no-deps 'pysam" in told[0]


def test_the_compiled_readers_are_used_where_they_load() -> None:
    assert compiled_readers() is importlib.import_module("gxfast.io._htslib")
