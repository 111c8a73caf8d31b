"""Models against each other."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

import gxfast as gx
from gxfast.cli.main import main
from gxfast.errors import InputError
from gxfast.evaluation.agreement import ModelGenes, agreement, side_by_side
from gxfast.stats import direction_test


def _effects(n=400, seed=0):
    """Sizes agree, signs are tossed: the X of both papers."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return a, a * rng.choice([-1, 1], n) + rng.normal(size=n) * 0.1


def test_direction_against_magnitude():
    a, b = _effects()
    found = direction_test(np.append(a, np.nan), np.append(b, 1.0))
    assert found.n == 400
    assert found.direction == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-12)
    assert found.magnitude == pytest.approx(stats.pearsonr(abs(a), abs(b)).statistic, abs=1e-12)
    assert found.low < found.difference < found.high
    assert found.p < 0.01
    assert found == direction_test(a, b)
    # against the textbook: samples drawn one by one
    rng, differences = np.random.default_rng(1), []
    for _ in range(1000):
        k = rng.integers(0, 400, 400)
        differences.append(np.corrcoef(abs(a[k]), abs(b[k]))[0, 1] - np.corrcoef(a[k], b[k])[0, 1])
    assert (found.low, found.high) == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.02)


def test_no_difference_has_no_small_p():
    rng = np.random.default_rng(3)
    a = np.abs(rng.normal(size=300)) + 1
    found = direction_test(a, a + rng.normal(size=300) * 0.1)
    assert found.difference == 0
    assert found.p == 1
    assert np.isnan(direction_test([1.0, 2.0], [1.0, 2.0]).p)


def test_pairs_of_models():
    a, b = _effects(50)
    genes = [f"g{i}" for i in range(50)]
    models = [
        ModelGenes("a", dict(zip(genes, a, strict=True)), dict(zip(genes, a, strict=True))),
        ModelGenes("b", dict(zip(genes[:40], b, strict=False)), dict(zip(genes, b, strict=True))),
        ModelGenes("c", {}, {"g1": 1.0, "g2": 2.0}),
    ]
    ab, ac, _ = gx.agreement(models, n_bootstrap=50)
    assert (ab.model_a, ab.model_b, ab.n_genes, ab.n_reference) == ("a", "b", 40, 50)
    same = np.sign(a[:40]) == np.sign(b[:40])
    assert ab.equal_sign == same.mean()
    clear = (abs(a[:40]) > 0.2) & (abs(b[:40]) > 0.2)
    assert (ab.n_strong, ab.strong_equal_sign) == (clear.sum(), same[clear].mean())
    assert ac.n_genes == 0
    assert np.isnan(ac.direction_r)
    table = side_by_side(models)
    assert table["c_reference_prediction"][1] == 1.0
    assert table["c_reference_prediction"][0] is None
    assert "c_pearson_r" not in table
    for wrong in (models[:1], [models[0], models[0]]):
        with pytest.raises(InputError, match="two or more models"):
            agreement(wrong)


def test_compare_on_the_command_line(tmp_path, capsys):
    a, b = (np.tanh(values) for values in _effects(60))
    table = tmp_path / "t.csv"
    rows = "\n".join(f"gene{i},{x},{y if i else 'NA'}" for i, (x, y) in enumerate(zip(a, b, strict=True)))
    table.write_text(f"gene_id,one,two\n{rows}\n")
    out = tmp_path / "o.tsv"
    sources = [f"{table}#one", f"{table}#two"]
    assert main(["compare", *sources, "-o", str(out), "--side-by-side", str(tmp_path / "w.tsv"), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["n_genes"] == 59
    assert found["direction_r"] == pytest.approx(stats.pearsonr(a[1:], b[1:]).statistic)
    assert found["reference_pearson"] is None
    assert out.read_text().splitlines()[0].startswith("model_a\tmodel_b\tn_reference")
    assert main(["compare", f"{table}#one", f"{table}#three"]) == 2
    assert "choose from gene_id, one, two" in capsys.readouterr().err
    assert main(["compare", str(table), str(table)]) == 2
