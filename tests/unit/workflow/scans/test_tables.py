"""What scans write: text whose bytes depend on the text alone, numbers that read back, chunks of any size."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import InputError
from gxfast.io.bgzf import bgzf_text, write_bgzf
from gxfast.io.tables.plain import number_texts
from gxfast.workflow import scans
from gxfast.workflow.rundir import RunDirectory
from gxfast.workflow.scans.cubes import chunk_shape, write_cube
from gxfast.workflow.scans.saturation import compute_block
from gxfast.workflow.scans.tables import rows_of_scan
from gxfast.workflow.scans.work import StoredBlocks, cut, do_blocks


def test_text_does_not_depend_on_how_it_is_handed_over(tmp_path: Path) -> None:
    text = "".join(f"{i}\t{i * i}\n" for i in range(30_000))
    whole = write_bgzf(tmp_path / "whole.gz", text.encode()).read_bytes()
    for step in (7, 4096, 200_000):
        with bgzf_text(tmp_path / "parts.gz") as out:
            for first in range(0, len(text), step):
                out.write(text[first : first + step])
        assert (tmp_path / "parts.gz").read_bytes() == whole
    assert gzip.decompress(whole).decode() == text


def test_a_table_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with bgzf_text(tmp_path / "t.gz") as out:
            out.write("x" * 100_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="cannot write"), bgzf_text(tmp_path / "no" / "t.gz"):
        pass


def test_numbers_read_back() -> None:
    values = np.random.default_rng(0).normal(0, 1, 1000).astype(np.float32) * np.float32(10) ** np.arange(-20, 20, 0.04)
    values = values.astype(np.float32)
    np.testing.assert_array_equal(np.array(number_texts(values), np.float32), values)
    assert number_texts(np.array([-0.0, np.nan, 0.1], np.float32)) == ["0.0", "", "0.1"]


def test_chunks_hold_whole_windows() -> None:
    assert chunk_shape(20_000, 2001, 1, 2001) == (131, 2001, 4, 1)
    assert chunk_shape(5, 2001, 1, 2001) == (5, 2001, 4, 1)
    assert chunk_shape(20_000, 196_608, 1, 196_608)[0] == 1
    assert chunk_shape(10, 1000, 5313, 197) == (1, 197, 4, 5313)


@pytest.mark.parametrize("per_chunk", [1, 2, 4, 100])
def test_cubes_hold_the_same_numbers_in_any_chunks(
    cohort: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_chunk: int
) -> None:
    zarr = pytest.importorskip("zarr")
    model, genome, genes = gx.Model(cohort.model), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    plan = gx.ism.plan(model)
    layout = scans.gene_layout(model.card, genes, genome, window=500)
    assert layout.low.max() > 0  # a window that a contig end cuts
    monkeypatch.setattr("gxfast.workflow.scans.work.BLOCK_WINDOWS", 2)
    monkeypatch.setattr("gxfast.workflow.scans.cubes.CHUNK_VALUES", per_chunk * 1001 * 4)
    blocks = cut((0, len(genes)), layout.n_positions, 4, 1)
    assert len(blocks) == 5
    source = scans.ReferenceSource(genome)
    with RunDirectory(tmp_path / "run", {}, resume=False) as run:
        do_blocks(run, "m", blocks, partial(compute_block, plan, layout, source), lambda *_: None)
        stored = StoredBlocks([run.path], "m", [blocks])
        rows = rows_of_scan(stored)
        write_cube(
            tmp_path / "m.zarr", stored, rows, n_positions=layout.n_positions, tracks=plan.tracks, samples=(),
            attributes={},
        )  # fmt: skip
    group = zarr.open_group(str(tmp_path / "m.zarr"), mode="r")
    assert group["effects"].chunks[0] == min(per_chunk, 9)
    expected = np.full((9, 1001, 4, 1), np.nan, np.float32)
    for window, _, effects in scans.saturate_blocks(plan, layout, source):
        expected[window.window, window.axis] = effects
    np.testing.assert_array_equal(group["effects"][:], expected)
    assert not list(tmp_path.glob(".*.gxfast"))
