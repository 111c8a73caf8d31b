"""Random SNVs and ranks among them: by hand, by prediction of hand-made mutants, and over many draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

import gxfast as gx
from gxfast.errors import InputError
from gxfast.workflow import scans
from gxfast.workflow.scans.backgrounds import (
    Background,
    BackgroundScan,
    background_blocks,
    compute_background,
    join_parts,
    shared_out,
)
from gxfast.workflow.scans.work import Block

LENGTH = 2048
EDGES = (-500, -250, 0, 250, 500)
# Other processes of the machine are no fault of what is tested.
AT_ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def plan(cohort: Any) -> Any:
    return gx.ism.plan(gx.Model(cohort.model, device="cpu"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: Any, make_world: Any) -> Any:
    """A contig of 20,000 bases, one of unknown bases, and one of 1,500 bases, 700 of them unknown."""
    random = np.random.default_rng(3)
    known = {name: "".join(random.choice(list("ACGT"), n)) for name, n in (("chr1", 20_000), ("short", 800))}
    contigs = {"chr1": known["chr1"], "chrN": "N" * 5000, "short": known["short"] + "N" * 700}
    record = ("chr1", 100, known["chr1"][99], "A" if known["chr1"][99] != "A" else "C", ("0|1",))
    return make_world(tmp_path_factory.mktemp("world"), contigs, [record], ("a",))


def genes_at(*places: tuple[str, int, str]) -> gx.GeneTable:
    names = tuple(f"g{i}" for i in range(len(places)))
    chrom, tss, strand = zip(*places, strict=True)
    return gx.GeneTable(names, names, chrom, np.array(tss), strand)


PLACES = (("chr1", 5000, "+"), ("chr1", 9000, "-"), ("chr1", 13_000, "+"), ("chr1", 40, "-"), ("chrN", 2500, "+"))


def scan_of(plan: Any, world: Any, places: Any, n: int, seed: int = 0) -> BackgroundScan:
    layout = scans.gene_layout(plan.model.card, genes_at(*places), world.genome, window=None, clip=False)
    return BackgroundScan(plan, layout, world.genome, n, seed)


def drawn(scan: BackgroundScan) -> set[tuple[str, int, str, int, int]]:
    """Every SNV: TSS, strand, position, base."""
    return {
        (scan.layout.chrom[w], int(scan.layout.anchor[w]), scan.layout.strand[w], p, b)
        for i, w in enumerate(scan.windows)
        for p, b in zip(*(values.tolist() for values in scan.draw(i)[:2]), strict=True)
    }


def computed(scan: BackgroundScan) -> Any:
    blocks = background_blocks({"tracks": scan.plan.tracks, "background": scan.facts})
    return join_parts([compute_background(scan, block) for block in blocks])


def test_ranks_by_hand() -> None:
    effects = np.array([[3.0], [-1.0], [-2.0], [-1.0], [5.0]])
    found = Background.of((0, 10), np.array([0, 0, 0, 0, 1], np.int16), effects)
    assert len(found) == 5
    values = np.array([-1.0, 10.0, -5.0, 3.0, np.nan, 5.0, 5.0])[:, np.newaxis]
    distance = np.array([-3, -1, -9, -1, -1, 4, 10])
    quantile, absolute = found.quantiles(values, distance)
    # Among -2, -1, -1, 3: (smaller + equal / 2 + 1 / 2) / 5; among 5 alone: / 2; among none: nothing.
    np.testing.assert_allclose(quantile[:, 0], [0.5, 0.9, 0.1, 0.8, np.nan, 0.5, np.nan])
    np.testing.assert_allclose(absolute[:, 0], [0.3, 0.9, 0.9, 0.8, np.nan, 0.5, np.nan])
    assert np.isnan(found.ranked(values, np.full(7, -1, np.int16))[0]).all()


def test_tracks_are_ranked_apart() -> None:
    effects = np.array([[1.0, -10.0], [2.0, -20.0], [3.0, -30.0]])
    found = Background.of((), np.zeros(3, np.int16), effects)
    quantile, absolute = found.quantiles(np.array([[2.5, -15.0]]), np.array([0]))
    np.testing.assert_allclose(quantile, [[5 / 8, 5 / 8]])
    np.testing.assert_allclose(absolute, [[5 / 8, 3 / 8]])
    assert repr(found) == "Background(3 SNVs, 1 strata, tracks=2)"


@AT_ANY_PACE
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.lists(st.integers(-4, 4), min_size=1, max_size=10))
def test_ranks_keep_the_order_and_stay_inside(null: list[int], values: list[int]) -> None:
    found = Background.of((), np.zeros(len(null), np.int16), np.array(null, float)[:, np.newaxis])
    zero = np.zeros(len(values), np.int64)
    quantile, absolute = (part[:, 0] for part in found.quantiles(np.array(values, float)[:, np.newaxis], zero))
    for one in (quantile, absolute):
        assert ((one >= 0.5 / (len(null) + 1)) & (one <= 1 - 0.5 / (len(null) + 1))).all()
    for i, value in enumerate(values):
        share = sum((0.5 * (other == value) + (other < value)) for other in null)
        assert quantile[i] == pytest.approx((share + 0.5) / (len(null) + 1))
        share = sum((0.5 * (abs(other) == abs(value)) + (abs(other) < abs(value))) for other in null)
        assert absolute[i] == pytest.approx((share + 0.5) / (len(null) + 1))


@pytest.mark.parametrize(
    ("n", "possible", "shares"),
    [
        (10, [5, 5, 5], [4, 3, 3]),
        (10, [1, 9, 2], [1, 7, 2]),
        (10, [1, 2], [1, 2]),
        (0, [3, 3], [0, 0]),
        (2, [0, 5, 5, 5], [0, 1, 1, 0]),
        (3, [], []),
    ],
)
def test_shares_by_hand(n: int, possible: list[int], shares: list[int]) -> None:
    assert shared_out(n, np.array(possible, np.int64)).tolist() == shares


@AT_ANY_PACE
@given(st.integers(0, 200), st.lists(st.integers(0, 40), max_size=12))
def test_shares_are_even(n: int, possible: list[int]) -> None:
    shares = shared_out(n, np.array(possible, np.int64)).tolist()
    assert sum(shares) == min(n, sum(possible))
    largest = max(shares, default=0)
    for share, most in zip(shares, possible, strict=True):
        assert share <= most
        assert share == most or share >= largest - 1


def test_what_is_drawn(plan: Any, world: Any) -> None:
    scan = scan_of(plan, world, PLACES, 600)
    assert scan.edges == EDGES
    assert len(scan.windows) == 4  # of chrN no base is known
    assert len(drawn(scan)) == 600  # none twice
    letters = {base: ord(base) for base in "ACGT"}
    shares = []
    for i, w in enumerate(scan.windows):
        position, base, stratum = scan.draw(i)
        start = int(scan.layout.start[w])
        assert (np.diff(position) >= 0).all()
        assert ((position >= max(0, start)) & (position < start + LENGTH)).all()
        for p, b in zip(position.tolist(), base.tolist(), strict=True):
            assert b in letters.values()
            assert b != ord(world.genome.fetch("chr1", p, p + 1))
        sign = -1 if scan.layout.strand[w] == "-" else 1
        distance = sign * (position - int(scan.layout.anchor[w]))
        assert stratum.tolist() == [sum(edge <= d for edge in EDGES) for d in distance.tolist()]
        shares.append((int(scan.layout.anchor[w]) == 40, np.bincount(stratum, minlength=6)))
    # Downstream of the gene at the start of the contig are 40 bases: there the other three have its share.
    [at_the_end] = [share for near, share in shares if near]
    assert at_the_end.tolist()[:4] == [25, 25, 25, 25]
    assert at_the_end.tolist()[4:] == [0, 0]
    for _, share in (one for one in shares if not one[0]):
        assert share.tolist()[:4] == [25, 25, 25, 25]
        assert set(share.tolist()[4:]) <= {33, 34}
    assert sum(share for _, share in shares).tolist() == [100] * 6


def test_few_genes_of_many_are_enough(plan: Any, world: Any) -> None:
    places = [("chr1", 2000 + 97 * i, "+-"[i % 2]) for i in range(60)]
    scan = scan_of(plan, world, places, 400)
    assert len(scan.windows) == 20  # 20 SNVs share a reference
    assert scan.facts["drawn"] == 400
    assert len(scan_of(plan, world, [*places, *places], 400).windows) == 20
    assert drawn(scan_of(plan, world, [*places, *places], 400)) == drawn(scan)


@AT_ANY_PACE
@given(order=st.permutations(PLACES), seed=st.integers(0, 3))
def test_the_order_of_genes_does_not_matter(plan: Any, world: Any, order: Any, seed: int) -> None:
    assert drawn(scan_of(plan, world, order, 90, seed)) == drawn(scan_of(plan, world, PLACES, 90, seed))


def test_seeds_differ(plan: Any, world: Any) -> None:
    one, other = (drawn(scan_of(plan, world, PLACES, 600, seed)) for seed in (0, 1))
    assert len(one & other) < 60


def test_blocks_do_not_matter(plan: Any, world: Any) -> None:
    scan = scan_of(plan, world, PLACES, 90)
    apart = join_parts([compute_background(scan, Block((i, i + 1), (0, 1))) for i in range(len(scan.windows))])
    for name, values in computed(scan).items():
        np.testing.assert_array_equal(apart[name], values)


def test_more_than_there_are(plan: Any, world: Any) -> None:
    scan = scan_of(plan, world, [("short", 400, "+")], 100_000)
    position, base, stratum = scan.draw(0)
    assert position.size == scan.facts["drawn"] == scan.facts["most"] == 3 * 800  # each base into the three others
    assert len(set(zip(position.tolist(), base.tolist(), strict=True))) == 2400
    assert np.bincount(stratum).tolist() == [0, 450, 750, 750, 450]  # 150 and 250 bases on either side
    found = Background.of(scan.edges, computed(scan)["stratum"], computed(scan)["effects"])
    assert [len(part) for part in found.signed] == [0, 450, 750, 750, 450, 0]


def test_nothing_to_draw(plan: Any, world: Any) -> None:
    with pytest.raises(InputError, match="no random SNV can be drawn"):
        scan_of(plan, world, [("chrN", 2500, "+")], 100)


def test_effects_are_those_of_hand_made_mutants(plan: Any, world: Any) -> None:
    scan = scan_of(plan, world, PLACES, 60)
    found = computed(scan)
    assert {scan.layout.strand[w] for w in scan.windows} == {"+", "-"}
    for i in range(0, 60, 3):
        w = scan.windows[found["window"][i]]
        start = int(scan.layout.start[w])
        letters = world.genome.fetch_array(scan.layout.chrom[w], start, start + LENGTH)
        mutant = letters.copy()
        mutant[found["position"][i] - start] = found["base"][i]
        rows = np.stack([letters, mutant])
        values = plan.model.predict(np.asarray(gx.reverse_complement(rows)) if scan.layout.reverse[w] else rows)
        assert found["effects"][i, 0] == pytest.approx(values[1, 0] - values[0, 0], abs=1e-5)


def test_fresh_random_snvs_are_uniform(plan: Any, cohort: Any) -> None:
    genome, genes = gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    layout = scans.gene_layout(plan.model.card, genes, genome, window=None, clip=False)
    null = scans.background(plan, layout, genome, 6000)
    fresh = BackgroundScan(plan, layout, genome, 1500, seed=1)
    drawn = computed(fresh)
    random = np.random.default_rng(0)
    for parts, ranks, sign in zip(
        (null.signed, null.absolute), null.ranked(drawn["effects"], drawn["stratum"]), (lambda x: x, np.abs),
        strict=True,
    ):  # fmt: skip
        # Most effects of this model are 0. A rank is the middle of those that equal effects share; anywhere between the
        # first and the last of them, by chance, ranks are uniform.
        spread = np.empty(len(ranks))
        for i, (effect, stratum) in enumerate(zip(sign(drawn["effects"][:, 0]), drawn["stratum"], strict=True)):
            n, below, same = (
                len(parts[stratum]),
                int((parts[stratum] < effect).sum()),
                int((parts[stratum] == effect).sum()),
            )
            assert ranks[i, 0] == pytest.approx((below + same / 2 + 0.5) / (n + 1))
            spread[i] = (below + random.uniform() * (same + 1)) / (n + 1)
        assert kstest(spread, "uniform").pvalue > 0.01


def test_what_is_no_number_is_left_out(tmp_path: Path, world: Any) -> None:
    import onnx
    from oracles.ism_networks import random_network

    network = random_network(3, length=64)
    for tensor in network.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            values = np.full(tuple(tensor.dims), np.nan, np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.save(network, tmp_path / "nan.onnx")
    plan = gx.ism.plan(gx.Model(tmp_path / "nan.onnx", device="cpu"), check=0)
    layout = scans.gene_layout(plan.model.card, genes_at(*PLACES[:2]), world.genome, window=None, clip=False)
    null = scans.background(plan, layout, world.genome, 100)
    assert len(null) == 0
    assert np.isnan(null.quantiles(np.zeros((2, len(plan.tracks))), np.array([-1, 1]))).all()
