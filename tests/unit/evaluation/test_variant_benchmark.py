"""The benchmark of a table: which rows go into which metric, tissues, strata, controls, two models."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import gxfast as gx
from gxfast.errors import InputError
from gxfast.evaluation.variant_benchmark import VariantBenchmark
from gxfast.evaluation.variant_rows import VariantMetric
from gxfast.types import VariantTable

RNG = np.random.default_rng(3)
N = 900
CAUSAL = RNG.random(N) < 0.15
LABELS = VariantTable(
    RNG.choice(["chr1", "chr2", "chr3"], N), RNG.choice(10**6, N, replace=False), np.repeat("A", N), np.repeat("G", N),
    {
        "pip": np.where(CAUSAL, 0.97, 0.001), "beta": np.where(CAUSAL, RNG.normal(size=N), np.nan),
        "tissue": RNG.choice(["Brain", "Liver"], N), "consequence": RNG.choice(["intron", "utr"], N),
        "tss_distance": RNG.normal(0, 20_000, N) * np.where(CAUSAL, 0.3, 1), "af": RNG.random(N),
    },
    ("beta",), ("af",),
)  # fmt: skip
BETA, TISSUE = LABELS.columns["beta"], LABELS.columns["tissue"]
NOISE = RNG.normal(size=N)
SCORES = VariantTable(
    LABELS.chrom, LABELS.position, LABELS.ref, LABELS.alt,
    {
        "A": np.where(CAUSAL, np.nan_to_num(BETA) + NOISE, 0.5 * NOISE), "B": RNG.normal(size=N),
        "impact": np.abs(NOISE) + CAUSAL,
    },
    ("A", "B"),
)  # fmt: skip
A = SCORES.columns["A"]


def cell(found: VariantBenchmark, model: str, metric: str, **where: str) -> VariantMetric:
    where = {"tissue": "all", "stratum": "all", "level": "", **where}
    rows = [
        row for row in found.rows
        if (row.model, row.metric) == (model, metric) and all(getattr(row, key) == one for key, one in where.items())
    ]  # fmt: skip
    assert len(rows) == 1, rows
    return rows[0]


@pytest.fixture(scope="module")
def found() -> VariantBenchmark:
    return gx.evaluate_variants(
        LABELS, SCORES, controls=3, strata=("distance:0/10000/100000", "effect:q2"), compare=[("A", "B")]
    )


def test_causality_is_of_sizes_and_direction_of_causal_variants(found: VariantBenchmark) -> None:
    auroc = cell(found, "A", "auroc", controls="all")
    assert auroc.value == pytest.approx(roc_auc_score(CAUSAL, np.abs(A)), abs=1e-12)
    assert (auroc.n, auroc.n_positive, auroc.status) == (N, CAUSAL.sum(), "ok")
    auprc = cell(found, "impact", "auprc", controls="all")
    assert auprc.value == pytest.approx(average_precision_score(CAUSAL, SCORES.columns["impact"]), abs=1e-12)
    sign = cell(found, "A", "sign_auroc")
    assert sign.value == pytest.approx(roc_auc_score(BETA[CAUSAL] > 0, A[CAUSAL]), abs=1e-12)
    assert (sign.n, sign.controls) == (CAUSAL.sum(), "")
    assert cell(found, "A", "sign_share").value == pytest.approx(np.mean(A[CAUSAL] * BETA[CAUSAL] > 0))


def test_tissues_and_their_means(found: VariantBenchmark) -> None:
    parts = {t: cell(found, "A", "sign_auroc", tissue=t) for t in ("Brain", "Liver")}
    brain = CAUSAL & (TISSUE == "Brain")
    assert parts["Brain"].value == pytest.approx(roc_auc_score(BETA[brain] > 0, A[brain]), abs=1e-12)
    sizes = [parts[t].n for t in parts]
    weighted = np.average([parts[t].value for t in parts], weights=sizes)
    assert cell(found, "A", "sign_auroc", tissue="weighted mean").value == pytest.approx(weighted, abs=1e-12)
    mean = np.mean([parts[t].value for t in parts])
    assert cell(found, "A", "sign_auroc", tissue="mean").value == pytest.approx(mean, abs=1e-12)


def test_impact_scores_have_no_direction(found: VariantBenchmark) -> None:
    for metric in ("sign_share", "sign_auroc", "spearman", "pearson"):
        row = cell(found, "impact", metric)
        assert math.isnan(row.value)
        assert row.method == ""
        assert row.status == "the score has no negative value: it is of impact, without a sign"
    assert cell(found, "impact", "auroc", controls="all").status == "ok"


def test_controls_are_of_the_same_contig_class_and_tissue(found: VariantBenchmark) -> None:
    known = dict(zip(LABELS.variant_id, range(N), strict=True))
    groups: dict[str, list[Any]] = {}
    for row in found.matched:
        groups.setdefault(row.match_group, []).append(row)
    without = groups.pop("", [])
    assert len(groups) + len(without) == CAUSAL.sum()
    for rows in groups.values():
        assert [row.causal for row in rows] == [1, 0, 0, 0]
        for column in (LABELS.chrom, TISSUE, LABELS.columns["consequence"]):
            assert len({column[known[row.variant_id]] for row in rows}) == 1
    used = [row.variant_id for row in found.matched]
    assert len(set(used)) == len(used)
    pairs = cell(found, "A", "pairwise_accuracy", controls="matched")
    assert (pairs.n, pairs.n_positive) == (3 * len(groups), len(groups))
    size = {name: abs(A[row]) for name, row in known.items()}
    wins = [size[rows[0].variant_id] > size[row.variant_id] for rows in groups.values() for row in rows[1:]]
    assert pairs.value == pytest.approx(np.mean(wins))
    assert {one.covariate for one in found.audit} == {"tss_distance", "frequency"}


def test_strata(found: VariantBenchmark) -> None:
    near = np.abs(LABELS.columns["tss_distance"]) < 10_000
    row = cell(found, "A", "auroc", controls="all", stratum="distance", level="[0, 10000)")
    assert row.value == pytest.approx(roc_auc_score(CAUSAL[near], np.abs(A[near])), abs=1e-12)
    assert row.n == near.sum()
    levels = {row.level for row in found.rows if row.stratum == "effect"}
    assert len(levels) == 2
    assert not [row for row in found.rows if row.stratum == "effect" and row.controls == "all"]
    sizes = [row.n for row in found.rows
             if (row.model, row.tissue, row.stratum, row.metric) == ("A", "all", "effect", "sign_share")]  # fmt: skip
    assert sum(sizes) == CAUSAL.sum()


def test_two_models_on_the_same_variants(found: VariantBenchmark) -> None:
    right = {name: SCORES.columns[name][CAUSAL] * BETA[CAUSAL] > 0 for name in "AB"}
    only_a, only_b = (right["A"] & ~right["B"]).sum(), (~right["A"] & right["B"]).sum()
    assert cell(found, "A/B", "direction_odds_paired").value == pytest.approx(only_a / only_b)
    odds = [one.sum() / (~one).sum() for one in right.values()]
    assert cell(found, "A/B", "direction_odds_unpaired").value == pytest.approx(odds[0] / odds[1])


def test_the_order_of_rows_is_nothing(found: VariantBenchmark) -> None:
    order = RNG.permutation(N)
    other = gx.evaluate_variants(
        LABELS.take(order), SCORES.take(RNG.permutation(N)), controls=3,
        strata=("distance:0/10000/100000", "effect:q2"), compare=[("A", "B")],
    )  # fmt: skip
    for one, its in zip(found.rows, other.rows, strict=True):
        assert (one.model, one.tissue, one.level, one.metric, one.n) == (
            its.model, its.tissue, its.level, its.metric, its.n,
        )  # fmt: skip
        assert (one.value, one.se) == pytest.approx((its.value, its.se), rel=1e-12, nan_ok=True)
    assert {(row.variant_id, row.causal) for row in found.matched} == {(r.variant_id, r.causal) for r in other.matched}


def test_scores_among_the_labels_and_given_groups() -> None:
    groups = np.array([str(i // 3) for i in range(N)])
    columns = LABELS.columns | {"A": A, "match_group": groups}
    table = VariantTable(LABELS.chrom, LABELS.position, LABELS.ref, LABELS.alt, columns)
    found = gx.evaluate_variants(table)
    assert found.models == ("A",)
    pairs = cell(found, "A", "pairwise_accuracy", controls="given")
    n = sum(int(CAUSAL[i : i + 3].sum() * (~CAUSAL[i : i + 3]).sum()) for i in range(0, N, 3))
    assert pairs.n == n
    assert any(one.covariate == "tss_distance" and one.flagged for one in found.audit)
    assert any("tss_distance alone" in warning for warning in found.warnings)


def test_chromosomes_are_drawn_where_there_are_enough(found: VariantBenchmark) -> None:
    few = cell(found, "A", "auprc_by_chromosome", controls="all")
    assert few.method == "100 bootstraps within class, 3 of 3 chromosomes"
    chrom = np.array([f"chr{1 + i % 10}" for i in range(N)])
    labels, scores = (VariantTable(chrom, t.position, t.ref, t.alt, t.columns, t.signed) for t in (LABELS, SCORES))
    many = cell(gx.evaluate_variants(labels, scores), "A", "auprc_by_chromosome", controls="all")
    assert many.method == "1000 bootstraps of chromosomes, 10 of 10 chromosomes"


def test_tables_by_name_and_missing_scores() -> None:
    a = VariantTable(*(getattr(SCORES.take(slice(None)), n) for n in ("chrom", "position", "ref", "alt")), {"s": A})
    found = gx.evaluate_variants(LABELS, {"one": a.take(CAUSAL), "two": SCORES.take(slice(None))})
    assert found.models == ("one", "two:A", "two:B", "two:impact")
    assert found.counts["labels without scores of one"] == (~CAUSAL).sum()
    assert cell(found, "one", "auroc", controls="all").status == "one class only"
    gaps = VariantTable(a.chrom, a.position, a.ref, a.alt, {"s": np.where(np.arange(N) < 40, np.nan, A)})
    row = cell(gx.evaluate_variants(LABELS, gaps), "s", "auroc", controls="all")
    assert (row.n, row.n_dropped) == (N - 40, 40)


def test_reversed_effects_are_told() -> None:
    turned = VariantTable(SCORES.chrom, SCORES.position, SCORES.ref, SCORES.alt, {"A": -A})
    warning = gx.evaluate_variants(LABELS, turned).warnings[-1]
    assert warning.startswith("A: signs are equal at")
    assert "the other allele" in warning


def test_directions_of_impact_are_not_compared() -> None:
    found = gx.evaluate_variants(LABELS, SCORES, compare=[("A", "impact")])
    rows = [row for row in found.rows if row.model == "A/impact"]
    assert {row.metric for row in rows} == {"direction_odds_paired", "direction_odds_unpaired"}
    assert all(math.isnan(row.value) and "without a sign" in row.status for row in rows)


def test_tissues_can_be_chosen() -> None:
    found = gx.evaluate_variants(LABELS, SCORES, models=["A"], tissues=["Brain"])
    assert {row.tissue for row in found.rows} == {"all", "Brain"}
    assert {row.model for row in found.rows} == {"A"}
    assert cell(found, "A", "auroc", controls="all").n == (TISSUE == "Brain").sum()


def test_refusals() -> None:
    bad = VariantTable(SCORES.chrom, SCORES.position, SCORES.ref, SCORES.alt, {"A": np.where(CAUSAL, np.inf, A)})
    for call, match in (
        (lambda: gx.evaluate_variants(LABELS, bad), "infinite"),
        (lambda: gx.evaluate_variants(LABELS), "no column of scores"),
        (lambda: gx.evaluate_variants(LABELS, SCORES, models=["C"]), "no score is called 'C'"),
        (lambda: gx.evaluate_variants(LABELS, SCORES, compare=[("A", "C")]), "no score is called 'C'"),
        (lambda: gx.evaluate_variants(LABELS, SCORES, tissues=["Lung"]), "no row is of tissue 'Lung'"),
        (lambda: gx.evaluate_variants(LABELS, SCORES, controls=2, pip=(0.99, 0.01)), "no variant is causal"),
    ):
        with pytest.raises(InputError, match=match):
            call()


def test_a_variant_of_several_genes_is_one_control() -> None:
    n = 40
    position = np.repeat(np.arange(20) * 50, 2)
    causal = position < 200  # of gene a; the same variants are none of gene b
    genes = np.resize(["a", "b"], n)
    table = VariantTable(
        np.repeat("chr1", n), position, np.repeat("A", n), np.repeat("G", n),
        {
            "gene_id": genes, "pip": np.where(causal & (genes == "a"), 0.95, 0.0), "toy": np.arange(40.0) - 20,
            "tss_distance": np.arange(40.0),
        },
    )  # fmt: skip
    found = gx.evaluate_variants(table, controls=4)
    controls = [row.variant_id for row in found.matched if not row.causal]
    assert len(controls) == len(set(controls)) == 16
    assert not {row.variant_id for row in found.matched if row.causal} & set(controls)


def test_the_macro_mean_takes_the_class_of_the_positive() -> None:
    groups = np.repeat(np.arange(60).astype(str), 2)
    label = np.resize([1.0, 0.0], 120)
    kind = np.where(np.arange(120) < 80, np.where(label == 1, "utr", "intron"), "missense")
    won = np.concatenate([np.repeat([1.0, -1.0], [30, 10]), np.ones(20)])
    scores = np.where(label == 1, np.repeat(won, 2) + 2, 2)
    table = VariantTable(
        np.repeat("chr1", 120), np.arange(120), np.repeat("A", 120), np.repeat("G", 120),
        {"causal": label, "match_group": groups, "consequence": kind, "toy": scores},
    )  # fmt: skip
    found = gx.evaluate_variants(table)
    assert cell(found, "toy", "pairwise_accuracy", controls="given").value == pytest.approx(50 / 60)
    macro = cell(found, "toy", "pairwise_accuracy_macro", controls="given")
    assert (macro.value, macro.n, macro.n_dropped) == (0.75, 40, 20)  # 40 pairs of utr; 20 of missense are too few


def test_odds_of_a_score_without_a_sign_are_empty() -> None:
    found = gx.evaluate_variants(LABELS, SCORES, compare=[("A", "impact"), ("A", "B")], n_bootstraps=0)
    for metric in ("direction_odds_paired", "direction_odds_unpaired"):
        assert math.isnan(cell(found, "A/impact", metric).value)
        assert "of impact" in cell(found, "A/impact", metric).status
        assert cell(found, "A/B", metric).status == "ok"


def test_the_order_of_labels_and_scores_changes_no_bit() -> None:
    order = np.random.default_rng(8).permutation(N)
    options: dict[str, Any] = {
        "controls": 2,
        "strata": ["distance", "effect"],
        "compare": [("A", "B")],
        "n_bootstraps": 20,
    }
    found = gx.evaluate_variants(LABELS, SCORES, **options)
    other = gx.evaluate_variants(LABELS.take(order), SCORES.take(order[::-1]), **options)
    assert repr(list(other.rows)) == repr(list(found.rows))
    assert repr(list(other.matched)) == repr(list(found.matched))


def test_what_leaves_a_metric_without_a_value_is_told() -> None:
    nothing = replace(SCORES, columns=SCORES.columns | {"B": np.full(N, np.nan)})
    assert f"B: none of {N} variants has a score" in gx.evaluate_variants(LABELS, nothing, n_bootstraps=0).warnings
    causal = LABELS.take(CAUSAL)
    n = len(causal)
    (said,) = gx.evaluate_variants(causal, SCORES, models=["A"], n_bootstraps=0).warnings
    assert said == f"none of {n} variants is a negative: what needs some is undefined"


def test_without_a_covariate_controls_are_drawn_within_contig_and_consequence() -> None:
    """As TraitGym's: any of the group, whatever the order of rows; not the first of the contig."""
    n = 400
    kind = np.where(np.arange(n) % 2, "missense", "synonymous")
    causal = (np.arange(n) % 40 < 2).astype(float)
    columns = {"causal": causal, "consequence": kind, "toy": np.arange(n) - 200.0}
    table = VariantTable(
        np.repeat(["chr1", "chr2"], n // 2), np.arange(n), np.repeat("A", n), np.repeat("G", n), columns
    )
    found = gx.evaluate_variants(table, controls=3, seed=1)
    assert any(one.startswith("controls are drawn of the same chrom, consequence") for one in found.warnings)
    place = {name: row for row, name in enumerate(table.variant_id)}
    rows = [(one.match_group, place[one.variant_id], one.causal) for one in found.matched]
    assert len(rows) == 4 * 20
    positive = {group: row for group, row, one in rows if one}
    for group, row, _ in rows:
        assert kind[row] == kind[positive[group]]
        assert table.chrom[row] == table.chrom[positive[group]]
    controls = [row for _, row, one in rows if not one]
    assert len(set(controls)) == 60
    assert max(row for row in controls if row < 200) > 150
    other = gx.evaluate_variants(table.take(np.arange(n)[::-1]), controls=3, seed=1)
    assert [one.variant_id for one in other.matched] == [one.variant_id for one in found.matched]
    assert len(found.audit) == 0


def test_directions_are_compared_in_every_stratum() -> None:
    columns = LABELS.columns | {"half": np.where(np.arange(N) % 2, "odd", "even")}
    labels = VariantTable(LABELS.chrom, LABELS.position, LABELS.ref, LABELS.alt, columns, LABELS.signed)
    found = gx.evaluate_variants(labels, SCORES, compare=[("A", "B")], strata=["half"])
    rows = [one for one in found.rows if one.model == "A/B" and one.metric == "direction_odds_paired"]
    assert {one.level for one in rows} == {"", "even", "odd"}
    for level, parity in (("even", 0), ("odd", 1)):
        (row,) = [one for one in rows if one.level == level and one.tissue == "all"]
        here = CAUSAL & (np.arange(N) % 2 == parity)
        right = [(np.sign(SCORES.columns[name]) == np.sign(LABELS.columns["beta"]))[here] for name in "AB"]
        assert row.value == pytest.approx((right[0] & ~right[1]).sum() / (right[1] & ~right[0]).sum())


def test_bootstraps_are_those_that_are_asked_for_by_chromosome_too() -> None:
    chrom = np.array([f"chr{1 + i % 10}" for i in range(N)])
    labels, scores = (VariantTable(chrom, t.position, t.ref, t.alt, t.columns, t.signed) for t in (LABELS, SCORES))
    for n, said in ((40, "40 bootstraps of chromosomes"), (0, "infinitesimal jackknife within class")):
        one = cell(gx.evaluate_variants(labels, scores, n_bootstraps=n), "A", "auprc_by_chromosome", controls="all")
        assert one.method == f"{said}, 10 of 10 chromosomes"


def test_labels_without_effects_and_effects_without_a_sign_are_told() -> None:
    bare = {name: values for name, values in LABELS.columns.items() if name != "beta"}
    ratio = LABELS.columns | {"beta": np.exp(LABELS.columns["beta"])}
    for columns, said in ((bare, "labels have no effects (beta, afc"), (ratio, "effects (beta) is negative")):
        labels = VariantTable(LABELS.chrom, LABELS.position, LABELS.ref, LABELS.alt, columns)
        assert any(said in one for one in gx.evaluate_variants(labels, SCORES).warnings)


def test_rows_of_two_spellings_count_once() -> None:
    """Contigs with and without chr, SNVs with exchanged alleles, whose effects, frequencies and scores are turned."""
    table = VariantTable(
        np.array(["chr1", "1", "chr1", "chr1"]), np.array([5, 5, 5, 9]), np.array(["A", "A", "C", "A"]),
        np.array(["C", "C", "A", "AT"]),
        {
            "pip": np.repeat(0.95, 4), "beta": np.array([0.5, 0.5, -0.5, 1]), "af": np.array([0.1, 0.1, 0.9, 0.2]),
            "toy": np.array([1.0, 1.0, -1.0, -1.0]),
        },
        signed=("beta", "toy"), frequencies=("af",),
    )  # fmt: skip
    found = gx.evaluate_variants(table)
    assert found.counts["repeated rows"] == 2
    row = cell(found, "toy", "sign_share")
    assert (row.n, row.value) == (2, 0.5)


@pytest.mark.parametrize("controls", [0, 2])
def test_the_order_of_rows_in_credible_sets_is_nothing(controls: int) -> None:
    """A variant in two sets has two probabilities: rows that are alike in all else."""
    random, n = np.random.default_rng(3), 400
    columns = {
        "pip": np.where(np.arange(n) // 2 % 8 == 0, 0.95, 0.001) * random.uniform(0.999, 1, n),
        "beta": random.normal(size=n), "toy": random.normal(size=n), "cs_id": np.array([f"L{i % 2}" for i in range(n)]),
    }  # fmt: skip
    place = np.repeat(100 * np.arange(n // 2), 2)
    table = VariantTable(
        np.repeat("chr1", n), place, np.repeat("A", n), np.repeat("G", n), columns, signed=("beta", "toy")
    )
    order = np.random.default_rng(9).permutation(n)
    one, other = (
        gx.evaluate_variants(given, models=["toy"], controls=controls) for given in (table, table.take(order))
    )
    for mine, theirs in zip(one.rows, other.rows, strict=True):
        assert repr(mine.value) == repr(theirs.value)
