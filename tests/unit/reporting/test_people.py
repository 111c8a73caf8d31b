"""People's values in the page: what the codes mean, and for which genes there is room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gxfast.reporting.data import ModelTable, RunData
from gxfast.reporting.drawn import PeopleRows
from gxfast.reporting.people import PeoplePoints, genes_with_room, pack_people

GENES = ["G1", "G2", "G3"]


def table(model: str, r: list[str], track: str = "") -> ModelTable:
    ids = [f"{gene}:{track}" if track else gene for gene in GENES]
    return ModelTable(model, track, GENES, {"gene_id": ids, "pearson_r": r})


def packed(*, log: bool = False) -> tuple[PeoplePoints, dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(1)
    observed = {gene: np.exp(rng.normal(size=50)) for gene in GENES}
    observed["G1"][[3, 4]] = np.nan, 0
    predicted = rng.normal(size=50)
    # the model has the people in another order, and not the first one
    order = rng.permutation(np.arange(1, 50))
    people = PeopleRows(tuple(f"P{s}" for s in order), {"G1:b": predicted[order], "G2:b": np.full(49, 2.5)})
    expression = PeopleRows(tuple(f"P{s}" for s in range(50)), observed)
    found = pack_people([table("m", ["", "", ""], "b")], {"m": people}, expression, ["G2", "G1"], log=log, label="e")
    assert found is not None
    return found, observed, predicted


def values_of(points: PeoplePoints, gene: str, row: int) -> np.ndarray:
    g = points.genes.index(gene)
    low, high = points.ends[g, row]
    codes = points.codes[g, row].astype(float)
    return np.where(codes == 255, np.nan, low + (high - low) * codes / 254)


def test_codes_give_the_values_back() -> None:
    points, observed, predicted = packed()
    assert (points.genes, points.models) == (["G2", "G1"], ["m, b"])
    assert points.codes.shape == (2, 2, 50)
    for gene in points.genes:
        step = np.ptp(observed[gene][~np.isnan(observed[gene])]) / 254
        np.testing.assert_allclose(values_of(points, gene, 0), observed[gene], atol=0.51 * step)
    found = values_of(points, "G1", 1)
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], predicted[1:], atol=0.51 * np.ptp(predicted[1:]) / 254)
    assert set(values_of(points, "G2", 1)[1:]) == {2.5}


def test_raw_expression_is_in_logarithms() -> None:
    points, observed, _ = packed(log=True)
    row = observed["G1"]
    wanted = np.log10(np.where(row == 0, row[row > 0].min() / 2, row))
    found = values_of(points, "G1", 0)
    assert np.isnan(found[3])
    np.testing.assert_allclose(found, wanted, atol=0.51 * np.ptp(wanted[~np.isnan(wanted)]) / 254)


def test_genes_without_expression_are_not_there() -> None:
    expression = PeopleRows(("a", "b"), {"G1": np.array([1.0, 2.0])})
    tables = [table("m", ["", "", ""])]
    found = pack_people(tables, {"m": PeopleRows(("a", "b"), {})}, expression, GENES, log=False, label="e")
    assert found is not None
    assert found.genes == ["G1"]
    assert (found.codes[0, 1] == 255).all()
    assert pack_people(tables, {}, expression, GENES, log=False, label="e") is None
    assert pack_people(tables, {"m": expression}, None, GENES, log=False, label="e") is None


def test_room_goes_to_the_largest_r(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    observed = tmp_path / "observed.bed"
    observed.write_text("#chr\tstart\tend\tgene_id\ta\tb\n")
    models = (table("m", ["0.1", "-0.9", ""]), table("n", ["0.5", "0.2", ""]))
    run = RunData(tmp_path, {}, None, models, {"m": observed, "n": observed}, observed, None, None)
    assert genes_with_room(run) == ["G2", "G1", "G3"]
    monkeypatch.setattr("gxfast.reporting.people._MOST_BYTES", 0)
    monkeypatch.setattr("gxfast.reporting.people._LEAST_BYTES", 2 * 2 * 3 + 5)  # two genes, people and rows of values
    assert genes_with_room(run) == ["G2", "G1"]
    assert genes_with_room(RunData(tmp_path, {}, None, models, {}, observed, None, None)) == []
