"""Strata of the distance from the TSS, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.workflow.scans.strata import reach_of, strata_edges, stratum_of, tss_distance
from gxfast.workflow.scans.targets import Layout


@pytest.mark.parametrize(
    ("upstream", "downstream", "edges"),
    [
        (1024, 1024, (-500, -250, 0, 250, 500)),
        (7000, 3500, (-4000, -2000, -1000, -500, -250, 0, 250, 500, 1000, 2000)),
        (374, 375, (0, 250)),  # 124 bases are less than half of 250
        (32, 32, (0,)),
        (0, 100, ()),
    ],
)
def test_edges_double(upstream: int, downstream: int, edges: tuple[int, ...]) -> None:
    assert strata_edges(upstream, downstream) == edges


def test_an_edge_belongs_to_what_lies_after_it() -> None:
    distance = np.array([-9000, -251, -250, -1, 0, 249, 250, 9000])
    assert stratum_of((-250, 0, 250), distance).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert stratum_of((), distance).tolist() == [0] * 8


@pytest.mark.parametrize(("strand", "distance", "reach"), [("+", [-10, 0, 3], (60, 40)), ("-", [10, 0, -3], (39, 61))])
def test_distances_run_along_the_gene(strand: str, distance: list[int], reach: tuple[int, int]) -> None:
    zero, one = np.zeros(1, np.int64), np.array([400])
    layout = Layout(
        ("g",), ("chr1",), (strand,), one, one + 60, np.array([strand == "-"]), zero, zero, zero + 100, 100, 100,
        ("ok",),
    )  # fmt: skip
    assert tss_distance(layout, 0, np.array([450, 460, 463])).tolist() == distance
    assert reach_of(layout, 0) == reach
