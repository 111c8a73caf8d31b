"""Scans of windows: the numbers of gx.ism and of the plain model, on both strands, on haplotypes, in blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import InputError
from gxfast.workflow import scans
from gxfast.workflow.scans.work import Block, cut
from gxfast.workflow.shard import Shard, parse_shard

WINDOW = 30


@pytest.fixture(scope="module")
def opened(cohort: Any) -> tuple[Any, Any, Any, Any]:
    model = gx.Model(cohort.model)
    return model, gx.ism.plan(model), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)


def mutated(sequence: np.ndarray, at: int, letter: int) -> np.ndarray:
    copy = sequence.copy()
    copy[at] = letter
    return copy


def test_reference_windows_equal_those_of_predict_and_the_plain_model(cohort: Any, opened: Any) -> None:
    model, plan, genome, genes = opened
    assert set(genes.strand) == {"+", "-"}
    layout = scans.gene_layout(model.card, genes, genome, window=WINDOW)
    windows = gx.model_windows(model.card, genes)
    people = gx.haplotypes(genome, gx.VariantFile(cohort.vcf), windows)
    first = np.searchsorted(people.window, np.arange(len(genes)))
    found = {w.window: (w, p, e) for w, p, e in scans.saturate_blocks(plan, layout, scans.ReferenceSource(genome))}
    assert sorted(found) == list(range(len(genes)))
    complement = {65: 84, 67: 71, 71: 67, 84: 65}
    for g, (window, positions, effects) in found.items():
        tss, minus = int(genes.tss[g]), genes.strand[g] == "-"
        assert positions.tolist() == list(range(tss - WINDOW, tss + WINDOW + 1))
        assert (window.name, window.strand, window.haplotype) == (genes.gene_id[g], genes.strand[g], "reference")
        sequence = people.sequences[first[g]]  # the reference, as predict reads it
        tss_index = model.card.tss_index[genes.strand[g]]
        whole = gx.ism.saturate(plan, sequence, start=tss_index - WINDOW, end=tss_index + WINDOW + 1)[0]
        expected = whole[::-1, ::-1] if minus else whole
        np.testing.assert_array_equal(effects, expected)
        assert (
            "".join("ACGTN"[c] for c in window.reference)
            == genome.fetch(genes.chrom[g], tss - WINDOW, tss + WINDOW + 1).decode()
        )
        for j, base in ((3, b"A"), (WINDOW, b"C"), (2 * WINDOW, b"T")):
            at = tss_index - (j - WINDOW) if minus else tss_index + j - WINDOW
            letter = complement[base[0]] if minus else base[0]
            both = model.predict(np.stack([sequence, mutated(sequence, at, letter)]))
            np.testing.assert_allclose(effects[j, b"ACGT".index(base)], both[1] - both[0], atol=1e-5)


def test_haplotypes_are_scanned_once_each_with_reference_coordinates(cohort: Any, opened: Any) -> None:
    model, _, genome, genes = opened
    plan = gx.ism.plan(model, mode="naive")
    names = list(cohort.samples[:3])
    cohort_file = gx.VariantFile(cohort.vcf, samples=names)
    layout = scans.gene_layout(model.card, genes, genome, window=WINDOW, clip=False)
    batch = gx.haplotypes(genome, cohort_file, gx.model_windows(model.card, genes), positions=True)
    assert batch.positions is not None
    n_seen = np.zeros(len(genes), int)
    for window, positions, effects in scans.saturate_blocks(
        plan, layout, scans.HaplotypeSource(genome, cohort_file), windows=range(4)
    ):
        g = window.window
        person, copy = np.argwhere(window.carriers == window.row)[0]
        assert window.haplotype == f"{names[person]}|{copy + 1}"
        row = batch.carriers[g, person, copy]
        mine = batch.carriers[g] == row
        np.testing.assert_array_equal(window.carriers == window.row, mine)
        minus = genes.strand[g] == "-"
        at = model.card.tss_index[genes.strand[g]]
        part = slice(at - WINDOW, at + WINDOW + 1)
        mapped = batch.positions[row, part]
        np.testing.assert_array_equal(positions, mapped[::-1] if minus else mapped)
        whole = gx.ism.saturate(plan, batch.sequences[row], start=part.start, end=part.stop)[0]
        np.testing.assert_array_equal(effects, whole[::-1, ::-1] if minus else whole)
        n_seen[g] += 1
    np.testing.assert_array_equal(n_seen[:4], batch.n_haplotypes[:4])
    assert n_seen[:4].max() > 1


def test_an_axis_in_parts_gives_the_same_effects(opened: Any) -> None:
    model, plan, genome, genes = opened
    layout = scans.gene_layout(model.card, genes, genome, window=WINDOW)
    source = scans.ReferenceSource(genome)
    whole = next(scans.saturate_blocks(plan, layout, source, windows=[1]))
    parts = [next(scans.saturate_blocks(plan, layout, source, windows=[1], axis=axis)) for axis in ((0, 20), (20, 61))]
    assert [window.axis for window, _, _ in parts] == [slice(0, 20), slice(20, 61)]
    np.testing.assert_array_equal(np.concatenate([p for _, p, _ in parts]), whole[1])
    np.testing.assert_allclose(np.concatenate([e for _, _, e in parts]), whole[2], atol=1e-6)


def test_positions_past_the_contig_end_are_left_out(opened: Any) -> None:
    model, plan, genome, genes = opened
    layout = scans.gene_layout(model.card, genes.take([0]), genome, window=1000)
    assert genes.tss[0] < 1000
    [(window, positions, effects)] = scans.saturate_blocks(plan, layout, scans.ReferenceSource(genome))
    assert positions[0] == 0
    assert window.axis.start == 1000 - int(genes.tss[0])
    assert len(effects) == len(positions) == int(genes.tss[0]) + 1001


def test_regions_are_read_from_the_middle_of_the_input(opened: Any) -> None:
    model, plan, genome, _ = opened
    regions = scans.read_regions(["chr1:3001-3040,chr1:5000-5009"])
    assert [(r.start, r.end) for r in scans.read_regions(["chr1:3,001-3,040"])] == [(3000, 3040)]
    layout = scans.region_layout(model.card, regions, genome)
    found = list(scans.saturate_blocks(plan, layout, scans.ReferenceSource(genome)))
    assert [(p[0], p[-1]) for _, p, _ in found] == [(3000, 3039), (4999, 5008)]
    for (_, positions, effects), region in zip(found, regions, strict=True):
        start = (region.start + region.end) // 2 - model.card.length // 2
        sequence = genome.fetch_array("chr1", start, start + model.card.length)
        first = int(positions[0]) - start
        np.testing.assert_array_equal(
            effects, gx.ism.saturate(plan, sequence, start=first, end=first + len(positions))[0]
        )


def test_bed_regions_have_names_and_strands(tmp_path: Path, opened: Any) -> None:
    model, plan, genome, _ = opened
    bed = tmp_path / "peaks.bed"
    bed.write_text("# comment\nchr1\t3000\t3010\tone\t0\t-\nchr1\t4000\t4020\n")
    regions = scans.read_regions([str(bed)])
    assert [(r.name, r.start, r.end, r.strand) for r in regions] == [
        ("one", 3000, 3010, "-"), ("chr1:4001-4020", 4000, 4020, "."),
    ]  # fmt: skip
    layout = scans.region_layout(model.card, regions, genome)
    assert layout.reverse.tolist() == [True, False]
    (_, positions, effects), *_ = scans.saturate_blocks(plan, layout, scans.ReferenceSource(genome))
    start = 3005 - model.card.length // 2
    sequence = gx.reverse_complement(genome.fetch_array("chr1", start, start + model.card.length))
    first = start + model.card.length - 3010
    np.testing.assert_array_equal(positions, np.arange(3000, 3010))
    np.testing.assert_array_equal(effects, gx.ism.saturate(plan, sequence, start=first, end=first + 10)[0, ::-1, ::-1])


@pytest.mark.parametrize(
    ("text", "what"),
    [("chr1\t10\n", "line 1"), ("chr1\t10\t5\n", "no interval"), ("chr1\t1\t5\tx\nchr1\t1\t5\tx\n", "given twice")],
)
def test_bed_refusals(tmp_path: Path, text: str, what: str) -> None:
    bed = tmp_path / "bad.bed"
    bed.write_text(text)
    with pytest.raises(InputError, match=what):
        scans.read_regions([str(bed)])


def test_sequences_keep_their_length_and_names(tmp_path: Path) -> None:
    path = tmp_path / "s.fa"
    path.write_text(">one text\nACg\nT\n>two\nNNNN\n")
    assert scans.read_sequences(path, 4) == (("one", "two"), (b"ACGT", b"NNNN"))
    for content, what in (
        (">one\nACG\n", "3 bases"), (">one\nACGT\n>one\nACGT\n", "twice"), ("ACGT\n", "header"), (">a\nAC!T\n", "'!'"),
    ):  # fmt: skip
        path.write_text(content)
        with pytest.raises(InputError, match=what):
            scans.read_sequences(path, 4)


def test_work_is_cut_without_gaps() -> None:
    for n, positions, values, rows in ((37, 2001, 4, 1), (3, 200_000, 4 * 5313, 1), (5, 2001, 4, 900)):
        blocks = cut((0, n), positions, values, rows)
        covered = np.zeros((n, positions), int)
        for block in blocks:
            covered[slice(*block.windows), slice(*block.axis)] += 1
            assert block.size * values * rows <= 2**22 or block.size == 1
        assert (covered == 1).all()
    assert cut((4, 4), 10, 4, 1) == []
    assert len({block.name for block in blocks}) == len(blocks)
    assert Block((0, 1), (0, 5)).size == 5


@pytest.mark.parametrize("total", [1, 2, 3, 7, 9])
def test_shards_are_contiguous_and_balanced(total: int) -> None:
    parts = [Shard(i, total).windows(9) for i in range(1, total + 1)]
    assert [w for a, b in parts for w in range(a, b)] == list(range(9))
    sizes = [b - a for a, b in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["5/4", "0/4", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_bad_shards(text: str) -> None:
    with pytest.raises(InputError, match="i/N"):
        parse_shard(text)
