"""Mistakes that a reader found once."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import InputError
from gxfast.io.vcf_set import VariantFileSet

CONTIG = "AACCGGTTACGATTACAGGCTTAACCGGATATCCGGTTAACGCGTATA" * 60


def other(position: int) -> str:
    return "ACGT"["ACGT".index(CONTIG[position - 1]) - 1]


def snv(contig: str, position: int, calls: list[str]) -> tuple[Any, ...]:
    return (contig, position, CONTIG[position - 1], other(position), calls)


def test_files_with_columns_in_another_order(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    contigs = {"c": CONTIG, "d": CONTIG}
    one = make_world(tmp_path / "1", contigs, [snv("c", 50, ["1|1", "0|0"])], ("x", "y"))
    two = make_world(tmp_path / "2", contigs, [snv("d", 50, ["0|0", "1|1"])], ("y", "x"))
    both = VariantFileSet([one.vcf, two.vcf])
    assert both.samples == ("x", "y")
    assert both.region("c", 0, 99).calls.tolist() == both.region("d", 0, 99).calls.tolist() == [[[1, 1], [0, 0]]]


def test_a_missing_symbolic_deletion_keeps_the_length(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    record = ("c", 100, CONTIG[99], "<DEL>", [".|0", "1|0"], ".", "SVTYPE=DEL;END=120")
    world = make_world(tmp_path, {"c": CONTIG}, [record], ("x", "y"))
    found, carriers = gx.consensus(world.genome, world.variants, "c", 0, 200, policy=gx.HaplotypePolicy(missing="N"))
    sequences = [found[row] for row in carriers.ravel()]
    assert [len(s) for s in sequences] == [200, 200, 180, 200]
    assert [s.count(b"N") for s in sequences] == [1, 0, 0, 0]


def test_a_store_knows_haploid_people_by_window(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    world = make_world(
        tmp_path, {"c": CONTIG}, [snv("c", 100, ["0|1", "0|1"]), snv("c", 2000, ["1", "0|1"])], ("x", "y")
    )
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c")
    for start in (0, 800, 1500):
        windows = gx.Windows(("c",), np.array([start]), 700, np.array([start]), np.array([False]))
        from_file, from_store = (gx.haplotypes(world.genome, s, windows) for s in (world.variants, store))
        assert np.array_equal(from_file.carriers, from_store.carriers), start
    assert not store.absent.any()


def test_two_loops_over_one_batch() -> None:
    batches = gx.EditedBatches("AAAA", gx.Edits.single([0, 1, 2], "CGT"), batch_size=1)
    first = iter(batches)
    next(first)
    next(first)
    found = np.concatenate([batch.copy() for _, batch in batches])
    assert np.array_equal(found, gx.one_hot(["CAAA", "AGAA", "AATA"]))
    with pytest.raises(RuntimeError, match="another loop"):
        next(first)


def test_edits_obey_the_overlap_policy(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    records = [("c", 50, CONTIG[49], base, ["1|0"]) for base in "ACGT" if base != CONTIG[49]][:2]
    world = make_world(tmp_path, {"c": CONTIG}, records, ("x",))
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c", policy=gx.HaplotypePolicy(overlap="error"))
    with pytest.raises(InputError, match="1 overlapping"):
        store.edits(0, 100)


@pytest.mark.parametrize(
    "make",
    [
        lambda: gx.Edits.single([1.7], "C"),
        lambda: gx.EditedBatches("ACGT", gx.Edits(np.array([0, 1]), np.array([1.0]), np.array([65], np.uint8))),
        lambda: gx.EditedBatches("ACGT", gx.Edits(np.array([0, 1]), np.array([1]), np.array([321]))),
    ],
)
def test_edits_that_are_no_whole_numbers(make: Any) -> None:
    with pytest.raises(InputError):
        make()


def test_uracil_is_thymine_in_mutants_too() -> None:
    assert gx.saturation_edits("U")[1].tobytes() == b"ACG"


@pytest.mark.parametrize("layout", ["NLC", "NCL"])
def test_an_output_off_its_alignment_is_refused(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GXFAST_STREAM_FROM", "0")
    shape = (100, 4) if layout == "NLC" else (4, 100)
    out = np.zeros(1601, np.uint8)[1:].view(np.float32).reshape(shape)
    with pytest.raises(InputError, match="aligned"):
        gx.one_hot("A" * 100, layout=layout, out=out)
    for offset in range(0, 64, 4):
        memory = np.zeros(1600 + 64, np.uint8)[offset : offset + 1600].view(np.float32).reshape(shape)
        assert np.array_equal(
            gx.one_hot("ACGTN" * 20, layout=layout, out=memory), gx.one_hot("ACGTN" * 20, layout=layout)
        )


def test_fewer_threads_than_asked_for_are_enough() -> None:
    code = f"""
import resource, numpy as np, gxfast as gx
sequences = np.full((64, 65536), 65, np.uint8)
gx.codes(sequences[:2])
used = int(open("/proc/self/statm").read().split()[0]) * {resource.getpagesize()}
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), -1))
assert (gx.codes(sequences, n_threads=200) == 0).all()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr


def test_sample_names_that_htslib_cannot_select(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    world = make_world(tmp_path, {"c": CONTIG}, [snv("c", 50, ["1|0", "0|0"])], ("a,b", "c"))
    with pytest.raises(InputError, match="comma"):
        gx.VariantFile(world.vcf)


def test_no_samples(tmp_path: Any, make_world: Callable[..., Any]) -> None:
    world = make_world(tmp_path, {"c": CONTIG}, [snv("c", 50, ["1|0", "0|0"])], ("a", "c"))
    with pytest.raises(InputError, match="no samples were chosen"):
        gx.VariantFile(world.vcf, samples=[])


@pytest.mark.parametrize("max_mem", [80, 400, None])
def test_the_share_of_mismatches_does_not_depend_on_blocks(
    tmp_path: Any, make_world: Callable[..., Any], max_mem: int | None
) -> None:
    wrong = {500, 501}
    records = [
        ("c", p, other(p) if p in wrong else CONTIG[p - 1], CONTIG[p - 1] if p in wrong else other(p), ["0|1"])
        for p in range(1, 1001)
    ]
    world = make_world(tmp_path, {"c": CONTIG}, records, ("a",))
    skip = gx.HaplotypePolicy(ref_mismatch="skip")
    store = gx.HaplotypeStore.read(world.genome, world.variants, "c", policy=skip, max_mem=max_mem)
    assert len(store) == 998
