"""Windows of fixed length: anchor, refill, contig ends, deduplication, carriers. Typed by hand.

One contig throughout, positions 0-19:   AACCGGTTACGATTACAGGC
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.personal.batch import haplotypes
from gxfast.types import Windows

Build = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("backend")


class TestAnchor:
    def test_deletion_draws_in_personal_sequence(self, build: Build) -> None:
        # GG deleted inside the window; the SNV at 10 (G>T) lies outside it on the reference, inside after refill
        world = build((4, "CGG", "C", "1|1"), (11, "G", "T", "1|0"))
        assert world.sequences("c", 2, 8, 3) == ["CCTTACTA", "CCTTACGA"]
        batch = world.fixed("c", 2, 8, 3, positions=True)
        assert batch.positions[batch.carriers[0, 0, 0]].tolist() == [2, 3, 6, 7, 8, 9, 10, 11]
        assert batch.n_variants.tolist() == [1]

    def test_deletion_left_of_the_tss_draws_in_from_the_left(self, build: Build) -> None:
        world = build((2, "A", "T", "1|0"), (4, "CGG", "C", "1|1"))
        assert world.sequences("c", 3, 6, 7) == ["TCCTTA", "ACCTTA"]

    def test_insertion_pushes_out(self, build: Build) -> None:
        world = build((4, "C", "CAA", "1|0"))
        assert world.sequences("c", 2, 6, 3) == ["CCAAGG", "CCGGTT"]
        assert world.sequences("c", 2, 6, 4) == ["AAGGTT", "CCGGTT"]
        assert world.sequences("c", 4, 4, 4) == ["GGTT", "GGTT"]  # anchored before the window: not in it
        assert world.sequences("c", 1, 3, 2) == ["ACC", "ACC"]  # anchored on the last base: cut off
        assert world.sequences("c", 1, 4, 2) == ["ACCA", "ACCG"]

    def test_deletion_over_the_edges(self, build: Build) -> None:
        world = build((4, "CGGT", "C", "1|0"))  # removes 4, 5, 6
        assert world.sequences("c", 5, 5, 7) == ["CCTAC", "GTTAC"]
        assert world.sequences("c", 1, 5, 2) == ["ACCTA", "ACCGG"]

    def test_deleted_tss(self, build: Build) -> None:
        world = build((4, "CGGT", "C", "1|0"))
        assert world.sequences("c", 3, 6, 5) == ["CCTACG", "CGGTTA"]  # 7 stands at the index of 5
        assert world.fixed("c", 3, 6, 5).counts["anchor_deleted"] == 1
        assert world.fixed("c", 3, 6, 3).counts["anchor_deleted"] == 0

    def test_deletion_of_the_whole_window(self, build: Build) -> None:
        world = build((4, "CGGTT", "C", "1|0"))
        assert world.sequences("c", 4, 3, 4) == ["ACG", "GGT"]
        end = build((17, "AGGC", "A", "1|0"))
        assert end.sequences("c", 17, 4, 17) == ["NNNN", "GGCN"]

    def test_start_and_end_anchors(self, build: Build) -> None:
        world = build((4, "C", "CAA", "1|0"), (7, "TT", "T", "1|0"))
        assert world.sequences("c", 2, 6, 5, anchor="start") == ["CCAAGG", "CCGGTT"]
        assert world.sequences("c", 1, 6, 5, anchor="end") == ["CAAGGT", "ACCGGT"]
        with pytest.raises(InputError, match="anchor must be"):
            world.fixed("c", 2, 6, 5, anchor="middle")
        with pytest.raises(InputError, match="outside its window"):
            world.fixed("c", 2, 6, 8)

    def test_contig_ends(self, build: Build) -> None:
        world = build((1, "A", "T", "1|0"), (18, "GGC", "G", "1|0"))
        assert world.sequences("c", -3, 6, 0) == ["NNNTAC", "NNNAAC"]
        assert world.sequences("c", 15, 7, 16) == ["CAGNNNN", "CAGGCNN"]

    def test_far_refill(self, build: Build) -> None:
        """A deletion longer than the margin that is read at first."""
        contig = "A" * 10 + "C" * 2000 + "GATTACAGATTACA"
        world = build((10, "A" + "C" * 2000, "A", "1|0"), (2013, "T", "C", "1|0"), contig=contig)
        assert world.sequences("c", 5, 10, 7) == ["AAAAAGACTA", "AAAAACCCCC"]
        assert world.sequences("c", 2005, 10, 2012) == ["AAAAAGACTA", "CCCCCGATTA"]

    def test_reverse(self, build: Build) -> None:
        world = build((4, "C", "T", "1|0"))
        assert world.sequences("c", 2, 6, 4, reverse=True) == ["AACCAG", "AACCGG"]
        batch = world.fixed("c", 2, 6, 4, reverse=True, positions=True)
        assert batch.positions[0].tolist() == [7, 6, 5, 4, 3, 2]


class TestBatch:
    def test_unique_and_carriers(self, build: Build) -> None:
        world = build(
            (4, "C", "T", ["0|1", "1|0", "0|0"]),
            (6, "G", "A", ["0|0", "1|0", "0|0"]),
            samples=("a", "b", "c"),
        )
        batch = world.fixed("c", 2, 6, 4)
        rows = [row.tobytes().decode() for row in batch.sequences]
        assert rows[0] == "CCGGTT"
        assert sorted(rows) == ["CCGGTT", "CTGATT", "CTGGTT"]
        by_person = [[rows[r] for r in person] for person in batch.carriers[0]]
        assert by_person == [["CCGGTT", "CTGGTT"], ["CTGATT", "CCGGTT"], ["CCGGTT", "CCGGTT"]]
        assert batch.samples == ("a", "b", "c")
        assert (batch.n_variants.tolist(), batch.n_haplotypes.tolist()) == ([2], [3])

    def test_reference_comes_first_even_if_nobody_has_it(self, build: Build) -> None:
        batch = build((4, "C", "T", "1|1")).fixed("c", 2, 6, 4)
        assert [row.tobytes() for row in batch.sequences] == [b"CCGGTT", b"CTGGTT"]
        assert batch.carriers.tolist() == [[[1, 1]]]
        assert batch.n_haplotypes.tolist() == [1]

    @pytest.mark.parametrize(
        "record",
        [
            (2, "A", "T"),  # SNV on the base before the window
            (2, "A", "AGG"),  # insertion just before the window
            (1, "AA", "A"),  # deletion of the base before the window
            (8, "T", "TGG"),  # insertion after the last base of the window
            (8, "TA", "T"),  # deletion after it
            (9, "A", "G"),  # SNV on the base after it
        ],
    )
    def test_variants_beside_the_window_make_no_haplotype(self, build: Build, record: tuple[Any, ...]) -> None:
        records = sorted([(*record, "1|0"), (5, "G", "A", "0|1")])
        batch = build(*records).fixed("c", 2, 6, 4)  # window 2-7
        assert [row.tobytes() for row in batch.sequences] == [b"CCGGTT", b"CCAGTT"]
        assert batch.n_haplotypes.tolist() == [2]

    @pytest.mark.parametrize(
        ("record", "expected"),
        [((4, "C", "CAA"), b"AGGTTA"), ((7, "T", "TCC"), b"CGGTCC"), ((9, "A", "ACC"), None)],
    )
    def test_insertions_at_the_edges_do_count(
        self, build: Build, record: tuple[Any, ...], expected: bytes | None
    ) -> None:
        """Window 3-8, anchored on 4: an insertion that shows only in part still is a haplotype."""
        batch = build((*record, "1|0")).fixed("c", 3, 6, 4)
        assert [row.tobytes() for row in batch.sequences] == [b"CGGTTA", *([expected] if expected else [])]

    def test_variants_pushed_out_make_no_haplotype(self, build: Build) -> None:
        world = build((4, "C", "CAAAA", ["1|1", "1|1"]), (8, "T", "A", ["1|0", "0|0"]), samples=("a", "b"))
        batch = world.fixed("c", 2, 6, 3)
        assert batch.n_haplotypes.tolist() == [1]
        assert batch.n_variants.tolist() == [2]

    def test_several_windows_and_contig_order(self, build: Build) -> None:
        world = build((4, "C", "T", "1|0"))
        windows = Windows(("c",) * 3, np.array([12, 2, 0]), 4, np.array([13, 3, 1]), np.array([0, 0, 1], np.bool_))
        batch = haplotypes(world.genome, world.variants, windows)
        assert batch.window.tolist() == [0, 1, 1, 2, 2]
        assert [row.tobytes() for row in batch.sequences] == [b"TTAC", b"CCGG", b"CTGG", b"GGTT", b"AGTT"]
        assert batch.carriers.tolist() == [[[0, 0]], [[2, 1]], [[4, 3]]]

    def test_no_windows(self, build: Build) -> None:
        world = build((4, "C", "T", "1|0"))
        none = Windows((), np.empty(0, np.int64), 7, np.empty(0, np.int64), np.empty(0, np.bool_))
        batch = haplotypes(world.genome, world.variants, none)
        assert (batch.sequences.shape, batch.carriers.shape) == ((0, 7), (0, 1, 2))

    def test_genotypes_in_memory_and_threads(self, build: Build) -> None:
        world = build((4, "CGG", "C", "1|0"), (6, "G", "A", "0|1"), (13, "T", "TA", "1|1"))
        windows = Windows(("c",) * 2, np.array([-1, 4]), 12, np.array([2, 9]), np.array([False, True]))
        on_demand = haplotypes(world.genome, world.variants, windows, positions=True)
        in_memory = haplotypes(
            world.genome, world.variants.region("c", 0, 10_000), windows, positions=True, n_threads=3
        )
        for name in ("sequences", "window", "carriers", "n_variants", "n_haplotypes", "positions"):
            assert np.array_equal(getattr(on_demand, name), getattr(in_memory, name)), name
        assert on_demand.counts == in_memory.counts
        with pytest.raises(InputError, match="outside the genotypes at hand"):
            haplotypes(world.genome, world.variants.region("c", 0, 10), windows)
