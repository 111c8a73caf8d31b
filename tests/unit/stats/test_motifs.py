"""Motif sizes, distances of short sequences, clusters and their enrichment."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import plain_motifs
from scipy import stats

from gxfast.errors import InputError
from gxfast.stats.motifs import cluster_enrichment, cluster_sequences, motif_sizes, sequence_distances


def test_sizes_and_distances():
    z = np.array([0.0, 0.3, 0.6, 1.0, 0.2, -0.9, 0.04, np.nan, 0.5])
    sizes, distances = motif_sizes(z, 3, 1.0)
    assert sizes.tolist() == [4, 4, 4, 2]
    assert distances.tolist() == [0, 0, 0, 0]
    # a motif has the sign of its centre, the nearest attribution any sign
    sizes, distances = motif_sizes(z, 6, 1.0)
    assert sizes.tolist() == [0, 0, 0, 0]
    assert distances.tolist() == [1, 1, 1, 1]
    sizes, distances = motif_sizes(z, 5, 1.0, (0.5, 0.95, 1.5))
    assert (sizes.tolist(), distances.tolist()) == ([1, 0, 0], [0, 2, 5])
    # a smaller scale makes smaller attributions count
    assert motif_sizes(z, 3, 0.1, (0.5,))[0].tolist() == [4]
    for centre, scale in ((9, 1.0), (-1, 1.0), (3, 0.0)):
        with pytest.raises(InputError):
            motif_sizes(z, centre, scale)


@pytest.mark.parametrize("centre", [0.0, np.nan])
def test_a_centre_without_attribution_is_no_motif(centre):
    z = np.array([-0.4, 0.0, centre, 0.01, 0.0])
    sizes, distances = motif_sizes(z, 2, 1.0, (0.05, 0.5))
    assert (sizes.tolist(), distances.tolist()) == ([0, 0], [2, 2])


def _slow(a, b):
    """Every alignment, every stretch."""
    n, best = len(a), 0
    for shift in range(-(n // 2), n // 2 + 1):
        pairs = [(a[i], b[i - shift]) for i in range(n) if 0 <= i - shift < n]
        same = [x == y != "N" for x, y in pairs]
        for first in range(len(same)):
            for last in range(first, len(same)):
                if same[first : last + 1].count(False) <= 1:
                    best = max(best, same[first : last + 1].count(True))
    return max(0.0, 1 - best / 5)


def test_distances():
    rng = np.random.default_rng(2)
    sequences = ["".join(rng.choice(list("ACGTN"), 9, p=[0.3, 0.3, 0.2, 0.15, 0.05])) for _ in range(12)]
    found = sequence_distances(sequences)
    for i, a in enumerate(sequences):
        for j, b in enumerate(sequences):
            assert found[i, j] == pytest.approx(_slow(a, b) if i != j else _slow(a, a)), (a, b)
    with pytest.raises(InputError, match="odd length"):
        sequence_distances(["ACGT"])
    with pytest.raises(InputError, match="at most 63"):
        sequence_distances(["A" * 65])


def test_clusters():
    first, second = "AAACGTACAAAAA", "GGGTTCTTGGGCC"
    found = cluster_sequences([first, second, first.replace("AAAAA", "ATAAA"), second])
    assert found.tolist() == [0, 1, 0, 1]
    assert cluster_sequences(["ACG"]).tolist() == [0]
    assert cluster_sequences([]).size == 0


def test_enrichment():
    clusters = np.array([0] * 6 + [1] * 5 + [2])
    has = np.array([True] * 6 + [False] * 4 + [True] * 2)
    one, two = cluster_enrichment(clusters, has)
    assert (one.cluster, one.n, one.n_with) == (0, 6, 6)
    assert one.p == stats.fisher_exact([[6, 0], [2, 4]]).pvalue
    assert (two.n, two.n_with) == (5, 1)
    assert two.q >= two.p
    assert cluster_enrichment([], []) == []


@pytest.mark.parametrize(
    ("n", "length", "letters"),
    [
        (300, 13, "ACGT"),
        (200, 13, "ACGTN"),
        (150, 7, "AC"),
        (60, 17, "ACGT"),
        (50, 41, "ACGT"),
        (30, 63, "AC"),
        (40, 1, "ACGT"),
        (250, 13, "ACGTRYKM"),
    ],
)
@pytest.mark.parametrize("cut", [0.0, 0.25, 0.6])
def test_clusters_are_those_of_scipy(n, length, letters, cut):
    """Ties, too: few distances, many equal ones, some sequences twice or nearly so."""
    rng = np.random.default_rng(n + length)
    rows = ["".join(rng.choice(list(letters), length)) for _ in range(n)]
    for k in range(0, n - 1, 5):
        rows[k + 1] = rows[k][1:] + "A"
    assert sequence_distances(rows).tolist() == plain_motifs.distances(rows).tolist()
    assert cluster_sequences(rows, cut=cut).tolist() == plain_motifs.clusters(rows, cut).tolist()
