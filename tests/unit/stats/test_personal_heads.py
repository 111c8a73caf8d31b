"""Heads on people's own predictions: what each kind of split can and cannot learn."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import split_people
from gxfast.stats.personal_heads import fit_personal_heads, head_per_gene, heads_over_genes

G, S = 30, 150


def _world(signs, noise=1.0, seed=0):
    """Two features: the truth with a sign per gene, and noise."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(G, S))
    features = np.stack([truth * np.asarray(signs)[:, None] * 0.01 + 5, rng.normal(size=(G, S))], axis=2)
    return features, truth + noise * rng.normal(size=(G, S)), split_people([f"p{i}" for i in range(S)], 5, 0)


def test_a_direction_that_all_genes_share_is_learned_from_other_genes():
    features, expression, folds = _world(-np.ones(G))
    found = fit_personal_heads(features, expression, folds, np.arange(G) % 3)
    assert np.nanmean(found.genes_r) > 0.6
    assert np.nanmean(found.people_r) > 0.6


def test_a_direction_of_its_own_is_learned_from_people_only():
    """The failure both papers found: signs tossed gene by gene."""
    signs = np.where(np.arange(G) % 2, 1, -1)
    features, expression, folds = _world(signs)
    found = fit_personal_heads(features, expression, folds, np.arange(G) // 10)
    assert np.nanmean(found.people_r) > 0.6
    assert abs(np.nanmean(found.genes_r)) < 0.1


def test_nothing_leaks_from_held_out_people():
    rng = np.random.default_rng(4)
    found = fit_personal_heads(
        rng.normal(size=(G, S, 20)), rng.normal(size=(G, S)), split_people([str(i) for i in range(S)], 5, 1),
        np.arange(G) % 3,
    )  # fmt: skip
    assert abs(np.nanmean(found.people_r)) < 0.1
    assert abs(np.nanmean(found.genes_r)) < 0.1


def test_gaps_and_constants():
    features, expression, folds = _world(np.ones(G))
    features[0] = 3.0  # nobody differs
    expression[1, :40] = np.nan
    expression[2] = np.nan
    found = fit_personal_heads(features, expression, folds, np.arange(G) % 3)
    assert np.isnan(found.people_r[[0, 2]]).all()
    assert np.isnan(found.genes_r[[0, 2]]).all()
    assert found.people_r[1] > 0.5
    assert np.isfinite(found.people_r[3:]).all()


def test_refusals():
    features, expression, folds = _world(np.ones(G))
    with pytest.raises(InputError, match="expression must have shape"):
        fit_personal_heads(features, expression[:, 1:], folds, np.arange(G))
    with pytest.raises(InputError, match="people_folds must name two folds"):
        fit_personal_heads(features, expression, np.zeros(S, int), np.arange(G))
    features[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="finite"):
        fit_personal_heads(features, expression, folds, np.arange(G))


def test_four_cells_of_one_head():
    """A direction of its own is known for seen genes alone; nobody is predicted by a head that saw them."""
    features, expression, folds = _world(np.ones(G))
    genes = np.where(np.arange(G) < 6, 0, -1)
    seen, unseen = heads_over_genes(features, expression, folds, genes)
    assert np.isnan(seen[:6]).all()
    assert np.isnan(unseen[6:]).all()
    assert np.isfinite(seen[6:]).all()
    assert np.corrcoef(unseen[:6].ravel(), expression[:6].ravel())[0, 1] > 0.6
    changed = expression.copy()
    changed[:, folds == 2] += 100 * np.random.default_rng(0).normal(size=(G, int((folds == 2).sum())))
    again, _ = heads_over_genes(features, changed, folds, genes)
    np.testing.assert_array_equal(again[6:, folds == 2], seen[6:, folds == 2])


def test_head_per_gene_is_what_is_judged():
    features, expression, folds = _world(np.ones(G))
    values = head_per_gene(features, expression, folds)
    r = [np.corrcoef(values[g], expression[g])[0, 1] for g in range(G)]
    np.testing.assert_allclose(fit_personal_heads(features, expression, folds, np.arange(G) % 3).people_r, r)


def test_folds_of_genes_see_the_one_before():
    features, expression, folds = _world(np.ones(G))
    seen, unseen = heads_over_genes(features, expression, folds, np.arange(G) % 3)
    assert np.isfinite(seen).all()
    assert np.isfinite(unseen).all()
    assert not np.array_equal(seen, unseen)
