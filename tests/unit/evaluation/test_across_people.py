"""Evaluation: matching of people and genes, undefined rows, covariates, tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.evaluation.across_people import cross_gene, evaluate, observed_values
from gxfast.evaluation.alignment import match_genes, strip_version
from gxfast.evaluation.result import GeneRow, summary, with_null
from gxfast.io.tables import read_table, write_rows
from gxfast.stats import fdr, pearson, residualise
from gxfast.types import CovariateTable, ExpressionTable, GeneTable, PredictionSet

PEOPLE = tuple(f"P{i}" for i in range(12))


def _predictions(values, *, genes=None, samples=PEOPLE, tracks=("t",), status=None, haplotypes=None):
    values = np.asarray(values, dtype=np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    n = values.shape[0]
    ids = tuple(genes or (f"G{g}" for g in range(n)))
    table = GeneTable(ids, tuple(f"n{i}" for i in ids), ("chr1",) * n, np.arange(n) * 100, ("+",) * n)
    return PredictionSet(
        model="m",
        genes=table,
        samples=samples,
        tracks=tracks,
        values=values,
        reference=np.arange(n * len(tracks), dtype=np.float64).reshape(n, -1),
        n_variants=np.full(n, 3),
        n_haplotypes=np.asarray(haplotypes if haplotypes is not None else [5] * n),
        status=tuple(status or ["ok"] * n),
    )


def _expression(values, *, genes=None, samples=PEOPLE):
    values = np.asarray(values, dtype=np.float64)
    ids = tuple(genes or (f"G{g}" for g in range(values.shape[0])))
    return ExpressionTable(ids, samples, values, source="expr.bed")


def _pair(n_genes=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_genes, 12)) + 3, rng.normal(size=(n_genes, 12)) + 1


def test_by_hand():
    predictions = _predictions([[1.0, 2.0, 3.0]], samples=("A", "B", "C"))
    expression = _expression([[3.0, 3.0, 1.0]], samples=("C", "B", "A"))
    result = evaluate(predictions, expression)
    # deviations -1 0 1 and -4/3 2/3 2/3
    assert result.pearson_r == pytest.approx([2 / np.sqrt(2 * 24 / 9)], abs=1e-15)
    assert result.mean_observed == pytest.approx([7 / 3])
    assert result.mean_predicted == pytest.approx([2.0])
    assert result.status == ("ok",)
    assert result.n_people.tolist() == [3]


def test_people_and_genes_are_found_by_name_not_by_place():
    predicted, observed = _pair()
    expected = evaluate(_predictions(predicted), _expression(observed))
    people = np.random.default_rng(1).permutation(12)
    genes = np.random.default_rng(2).permutation(6)
    shuffled = _expression(
        np.hstack([observed[genes][:, people], np.full((6, 2), 99.0)]),
        genes=[f"G{g}" for g in genes],
        samples=(*(PEOPLE[i] for i in people), "X", "Y"),
    )
    result = evaluate(_predictions(predicted), shuffled)
    assert np.array_equal(result.pearson_r, expected.pearson_r)
    assert result.counts["people_shared"] == 12
    assert result.counts["people_only_in_expression"] == 2
    assert result.counts["people_only_in_predictions"] == 0


def test_undefined_rows_say_why_and_stay_out_of_the_fdr():
    predicted, observed = _pair(9, seed=3)
    predicted[1] = 0.1
    observed[2] = 7.3
    predicted[4] = np.nan
    observed[6, 2:] = np.nan
    names = [f"G{g}" for g in range(9)]
    predictions = _predictions(
        predicted,
        status=["ok"] * 4 + ["window off the contig"] + ["ok"] * 4,
        haplotypes=[5, 5, 5, 1, 5, 5, 5, 5, 5],
    )
    result = evaluate(predictions, _expression(np.delete(observed, 5, 0), genes=names[:5] + names[6:]))
    assert result.status == (
        "ok",
        "constant prediction",
        "constant expression",
        "one haplotype in the cohort",
        "window off the contig",
        "no expression",
        "too few people",
        "ok",
        "ok",
    )
    undefined = [text != "ok" for text in result.status]
    for column in (
        result.pearson_r,
        result.pearson_p,
        result.pearson_log10p,
        result.pearson_q,
        result.spearman_rho,
    ):
        assert np.isnan(column).tolist() == undefined
    assert result.pearson_q[[0, 7, 8]].tolist() == fdr(result.pearson_p[[0, 7, 8]]).tolist()
    # what does not need a correlation is still told
    assert result.mean_predicted[3] == pytest.approx(predicted[3].mean())
    assert result.n_people.tolist() == [12, 12, 12, 12, 0, 0, 2, 12, 12]
    assert result.counts["genes_without_expression"] == 1


def test_one_haplotype_is_undefined_even_when_rounding_left_a_spread():
    predicted, observed = _pair(1)
    result = evaluate(_predictions(0.5 + 1e-8 * predicted, haplotypes=[1]), _expression(observed))
    assert np.isnan(result.pearson_r[0])
    assert result.status == ("one haplotype in the cohort",)


def test_versions_of_ensembl_ids():
    assert strip_version("ENSG00000215270.3") == "ENSG00000215270"
    assert strip_version("ENSMUSG00000000001.4") == "ENSMUSG00000000001"
    for other in ("RP11-34P13.7", "AC004556.1", "ENSG00000002586.18_PAR_Y", "G.1"):
        assert strip_version(other) == other


def test_genes_without_version_are_matched_only_where_one_fits():
    wanted = ("ENSG01.3", "ENSG02", "ENSG03.1", "ENSG04.1", "ENSG04.2", "ENSG05.1", "RP1-2.3")
    present = ("ENSG05.1", "ENSG01.9", "ENSG02.1", "ENSG03.7", "ENSG03.8", "ENSG04", "RP1-2.4")
    rows, counts = match_genes(wanted, present)
    assert rows.tolist() == [1, 2, -1, -1, -1, 0, -1]
    assert counts == {
        "genes_exact": 1,
        "genes_without_version": 2,
        "genes_ambiguous": 3,
        "genes_without_expression": 4,
    }
    rows, _ = match_genes(wanted, present, match_versions=False)
    assert rows.tolist() == [-1, -1, -1, -1, -1, 0, -1]


def test_log2p1_and_inverse_normal():
    predicted, _ = _pair(1)
    rpkm = np.arange(12.0)[None, ::-1] ** 2
    plain = evaluate(_predictions(predicted), _expression(np.log2(rpkm + 1)))
    logged = evaluate(_predictions(predicted), _expression(rpkm), transform="log2p1")
    assert logged.pearson_r == pytest.approx(plain.pearson_r, abs=1e-15)
    assert logged.mean_observed == plain.mean_observed
    # ranks 12..1, quantiles of (rank - 1/2) / 12: the first person has the upper one
    quantiles = evaluate(_predictions(predicted), _expression(rpkm), transform="inverse_normal")
    special = pytest.importorskip("scipy.special")
    normal = special.ndtri((np.arange(12, 0, -1) - 0.5) / 12)
    assert quantiles.pearson_r[0] == pytest.approx(float(pearson(predicted[0], normal).r), abs=1e-15)
    assert quantiles.mean_observed == pytest.approx([rpkm.mean()])


def _covariates(k=2, seed=5, samples=PEOPLE):
    values = np.random.default_rng(seed).normal(size=(k, len(samples)))
    return CovariateTable(tuple(f"C{i}" for i in range(k)), samples, values, "cov.txt")


def test_covariates_out_of_expression_or_of_both_sides():
    predicted, observed = _pair(4, seed=6)
    covariates = _covariates()
    left = residualise(observed, covariates.values).values
    one = evaluate(_predictions(predicted), _expression(observed), covariates=covariates)
    assert one.pearson_r.tolist() == pearson(predicted, left).r.tolist()
    assert one.pearson_p.tolist() == pearson(predicted, left).p.tolist()
    both = evaluate(_predictions(predicted), _expression(observed), covariates=covariates, residualise="both")
    other = residualise(predicted, covariates.values).values
    expected = pearson(other, left, n_covariates=2)
    assert both.pearson_r == pytest.approx(expected.r, abs=1e-15)
    assert both.pearson_p == pytest.approx(expected.p, rel=1e-13)
    # partial correlation with n - 2 - K degrees of freedom is the t test of multiple regression
    design = np.vstack([np.ones(12), covariates.values, predicted[0]]).T
    beta, rss, *_ = np.linalg.lstsq(design, observed[0], rcond=None)
    se = np.sqrt(rss[0] / 8 * np.linalg.inv(design.T @ design)[3, 3])
    t = both.pearson_r[0] * np.sqrt(8 / (1 - both.pearson_r[0] ** 2))
    assert t == pytest.approx(beta[3] / se, rel=1e-10)


def test_p_is_calibrated_when_only_expression_is_regressed():
    rng = np.random.default_rng(8)
    people = tuple(f"P{i}" for i in range(60))
    covariates = _covariates(13, samples=people)
    predictions = _predictions(rng.normal(size=(3000, 60)), samples=people)
    result = evaluate(predictions, _expression(rng.normal(size=(3000, 60)), samples=people), covariates=covariates)
    share = np.mean(result.pearson_p < 0.05)
    # three standard errors around 0.05
    assert abs(share - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 3000)


def test_people_without_covariates_are_left_out():
    predicted, observed = _pair(2)
    covariates = _covariates(samples=PEOPLE[:0:-1])
    result = evaluate(_predictions(predicted), _expression(observed), covariates=covariates)
    alone = evaluate(
        _predictions(predicted[:, 1:], samples=PEOPLE[1:]),
        _expression(observed[:, 1:], samples=PEOPLE[1:]),
        covariates=covariates,
    )
    assert result.pearson_r.tolist() == alone.pearson_r.tolist()
    assert result.counts["people_only_in_predictions"] == 1


def test_rows_that_the_covariates_explain():
    predicted, observed = _pair(2, seed=9)
    covariates = _covariates()
    observed[0] = 2 * covariates.values[0] - covariates.values[1]
    predicted[1] = covariates.values[1] + 5
    args = (_predictions(predicted), _expression(observed))
    result = evaluate(*args, covariates=covariates, residualise="both")
    assert result.status == (
        "constant expression after the covariates",
        "constant prediction after the covariates",
    )
    assert np.isnan(result.pearson_q).all()


def test_observed_values_are_those_correlated():
    predicted, observed = _pair(3, seed=14)
    people = PEOPLE[::-1]
    expression = _expression(observed[:2, ::-1], samples=people)
    found = observed_values(_predictions(predicted), expression)
    assert found.samples == PEOPLE
    assert found.values[:2].tolist() == observed[:2].tolist()
    assert np.isnan(found.values[2]).all()
    assert found.residuals is None
    covariates = _covariates()
    found = observed_values(_predictions(predicted), expression, covariates=covariates)
    result = evaluate(_predictions(predicted), expression, covariates=covariates)
    assert result.pearson_r[:2].tolist() == pearson(predicted, found.residuals).r[:2].tolist()


def test_several_tracks():
    rng = np.random.default_rng(10)
    values, observed = rng.normal(size=(3, 12, 2)), rng.normal(size=(3, 12))
    result = evaluate(_predictions(values, tracks=("a", "b")), _expression(observed))
    assert result.gene_id == ("G0:a", "G0:b", "G1:a", "G1:b", "G2:a", "G2:b")
    for t in (0, 1):
        single = evaluate(_predictions(values[:, :, t]), _expression(observed))
        assert result.pearson_r[t::2].tolist() == single.pearson_r.tolist()
        assert result.pearson_q[t::2].tolist() == single.pearson_q.tolist()
    assert result.reference_prediction.tolist() == [0, 1, 2, 3, 4, 5]


def test_rows_follow_the_contract(tmp_path):
    predicted, observed = _pair(2)
    result = evaluate(_predictions(predicted), _expression(observed))
    lead = (
        "gene_id name chrom tss strand model n_people n_variants n_haplotypes pearson_r pearson_p pearson_q "
        "spearman_rho"
    )
    tail = "mean_observed mean_predicted reference_prediction status"
    assert [row.tss for row in result.rows()] == [1, 101]
    table = read_table(write_rows(tmp_path / "genes.tsv", GeneRow, result.rows()))
    assert " ".join(table) == f"{lead} {tail}"
    tested = with_null(result, [0.1, 0.1], [0.05, 0.05])
    table = read_table(write_rows(tmp_path / "genes.tsv", GeneRow, tested.rows()))
    assert " ".join(table) == f"{lead} null_mean null_sd null_t null_p null_q {tail}"
    r = abs(result.pearson_r[0])
    assert tested.null_t[0] == pytest.approx((r - 0.1) / np.sqrt(0.05 / 50))
    with pytest.raises(InputError, match=r"shape \(2,\)"):
        with_null(result, [0.1], [0.05])


def test_summary_counts():
    rng = np.random.default_rng(11)
    observed = rng.normal(size=(5, 12))
    predicted = observed * np.array([[1.0], [1], [-1], [0], [0]]) + 0.01 * rng.normal(size=(5, 12))
    predicted[4] = 2.0
    found = summary(evaluate(_predictions(predicted), _expression(observed)))
    assert (found["n_genes"], found["n_defined"], found["n_undefined"]) == (5, 4, 1)
    assert (found["n_positive"], found["n_negative"]) == (2, 1)
    assert found["undefined_by_status"] == {"constant prediction": 1}
    nothing = summary(evaluate(_predictions(np.ones((1, 12))), _expression(observed[:1])))
    assert nothing["mean_r"] is None


def test_across_genes_needs_no_shared_people():
    rng = np.random.default_rng(12)
    predicted, observed = rng.normal(size=(5, 12)), rng.uniform(1, 9, size=(5, 4))
    predictions = _predictions(predicted, status=["ok"] * 4 + ["bad"])
    expression = _expression(observed, samples=("A", "B", "C", "D"))
    (result,) = cross_gene(predictions, expression, transform="log2p1")
    means = np.log2(observed + 1).mean(axis=1)
    assert result.n_genes == 5
    assert result.reference_pearson == pytest.approx(np.corrcoef(np.arange(5), means)[0, 1], abs=1e-14)
    assert result.predicted_pearson == pytest.approx(np.corrcoef(predicted.mean(axis=1), means)[0, 1], abs=1e-14)
    with pytest.raises(InputError, match="across genes"):
        cross_gene(predictions, expression, transform="inverse_normal")


def test_threads_change_nothing():
    rng = np.random.default_rng(13)
    args = _predictions(rng.normal(size=(200, 12))), _expression(rng.normal(size=(200, 12)))
    assert evaluate(*args).pearson_p.tobytes() == evaluate(*args, n_threads=2).pearson_p.tobytes()


def test_no_shared_people_shows_both_sides():
    predicted, observed = _pair(2)
    strangers = tuple(f"NA{i}" for i in range(12))
    with pytest.raises(InputError, match=r"(?s)no person is.*P0, P1.*NA0, NA1.*remedy"):
        evaluate(_predictions(predicted), _expression(observed, samples=strangers))
    with pytest.raises(InputError, match="only 2 of at least 3"):
        evaluate(_predictions(predicted), _expression(observed, samples=PEOPLE[:2] + strangers[2:]))


def test_no_shared_genes_shows_both_sides():
    predicted, observed = _pair(2)
    with pytest.raises(InputError, match=r"no gene is.*G0, G1.*ENSG1, ENSG2"):
        evaluate(_predictions(predicted), _expression(observed, genes=["ENSG1", "ENSG2"]))


def test_refusals():
    predicted, observed = _pair(2)
    predictions, expression = _predictions(predicted), _expression(observed)
    doubled = replace(expression, samples=("P0", *PEOPLE[:-1]))
    with pytest.raises(InputError, match=r"expr\.bed: expression: sample 'P0' is there 2 times"):
        evaluate(predictions, doubled)
    with pytest.raises(InputError, match="gene 'G0' is there more than once"):
        evaluate(predictions, replace(expression, gene_id=("G0", "G0")))
    with pytest.raises(InputError, match="values must have shape"):
        evaluate(predictions, replace(expression, gene_id=("G0",)))
    with pytest.raises(InputError, match="values must have shape"):
        evaluate(replace(predictions, tracks=("a", "b")), expression)
    with pytest.raises(InputError, match="transform"):
        evaluate(predictions, expression, transform="sqrt")
    with pytest.raises(InputError, match="residualise"):
        evaluate(predictions, expression, residualise="none")
    with pytest.raises(InputError, match=r"needs values >= 0, found -"):
        evaluate(predictions, _expression(-(observed**2)), transform="log2p1")


def test_covariates_that_cannot_be_used():
    predicted, observed = _pair(2)
    args = _predictions(predicted), _expression(observed)
    good = _covariates()
    gap = good.values.copy()
    gap[1, 4] = np.nan
    with pytest.raises(InputError, match=r"cov\.txt: covariate 'C1' has no finite value for P4"):
        evaluate(*args, covariates=replace(good, values=gap))
    twice = replace(good, values=np.vstack([good.values[0], good.values[0] * 2]))
    with pytest.raises(InputError, match="'C1' is constant or follows"):
        evaluate(*args, covariates=twice)
    with pytest.raises(InputError, match="10 covariates need at least 13 shared people, found 12"):
        evaluate(*args, covariates=_covariates(10))
