"""Rows of cells: what chance adds to r^2 depends on how many people each r is of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as peer

from gxfast.evaluation.cells import Groups, Predicted, cell_rows

CODE = np.repeat([0, 1], [11, 21])


def signed_by_population(folds: np.ndarray | None) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 1, 32))
    predicted = Predicted("m", "linear", "same", x, np.array(["seen"]), folds)
    rows, of_genes = cell_rows(predicted, y, Groups(CODE, ("A", "B")), ["G1"], {"G1": (0.5, 0.1)})
    found = {row.population: row.signed_r2 for row in rows}
    assert found == {part.cell[-1]: part.signed_r2[0] for part in of_genes}
    return found, x[0], y[0]


def test_r_within_and_over_populations() -> None:
    found, x, y = signed_by_population(None)
    a, b = (peer.pearsonr(x[mine], y[mine]).statistic for mine in (slice(11), slice(11, 32)))
    assert found["A"] == pytest.approx(np.sign(a) * (a**2 - (1 - a**2) / 9))
    assert found["B"] == pytest.approx(np.sign(b) * (b**2 - (1 - b**2) / 19))
    r = (11 * a + 21 * b) / 32
    chance = (11**2 / 10 + 21**2 / 20) / 32**2
    assert found["all"] == pytest.approx(np.sign(r) * (r**2 - chance) / (1 - chance))


def test_r_within_folds() -> None:
    folds = np.concatenate([np.arange(11) >= 5, np.arange(21) >= 10]).astype(np.int64)
    found, x, y = signed_by_population(folds)
    one, two = (peer.pearsonr(x[:11][mine], y[:11][mine]).statistic for mine in (slice(5), slice(5, 11)))
    r = (5 * one + 6 * two) / 11
    chance = (5**2 / 4 + 6**2 / 5) / 11**2
    assert found["A"] == pytest.approx(np.sign(r) * (r**2 - chance) / (1 - chance))
