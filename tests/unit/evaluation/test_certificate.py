"""Certificates of an evaluation: why nothing is said, tracks apart, phasings, and their counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gxfast.evaluation.certificate import NOTHING_TO_SAY, certificate_rows, certificate_summary
from gxfast.evaluation.result import Evaluation
from gxfast.stats import direction_certificate


def evaluation(r: Sequence[float], n: int = 200, tracks: Sequence[str] = ("t",), **options: object) -> Evaluation:
    """One row per gene and track; what is undefined is so because of the prediction."""
    values = np.array(r, np.float64)
    size = len(values)
    several = len(tracks) > 1
    gene = [f"g{i // len(tracks)}" for i in range(size)]
    track = tuple(tracks[i % len(tracks)] for i in range(size))
    undefined, ones = np.full(size, np.nan), np.ones(size, np.int64)
    return Evaluation(
        tuple(f"{g}:{t}" if several else g for g, t in zip(gene, track, strict=True)),
        tuple(gene), ("chr1",) * size, ones, ("+",) * size, "m", track, ones * n, ones, ones,
        values, *[undefined] * 7, tuple("constant prediction" if np.isnan(v) else "ok" for v in values),
        options={"residualise": "expression", "covariates": ("a", "b")} | options,
    )  # fmt: skip


def test_rows() -> None:
    rows = certificate_rows(evaluation([0.5, -0.4, 0.01, np.nan, 0.16]))
    assert [row.direction for row in rows] == ["right", "wrong", "", "", "right"]
    assert [row.status for row in rows] == [
        "ok", "ok", NOTHING_TO_SAY + "no relation to the genetic component is likelier than either direction",
        "constant prediction", "ok",
    ]  # fmt: skip
    first = rows[0]
    assert (first.gene_id, first.name, first.model, first.n_people) == ("g0", "g0", "m", 200)
    assert first.pearson_se == pytest.approx(np.sqrt((1 - 0.25) / 198))
    assert first.certainty == first.p_right > 0.999
    assert rows[1].certainty == rows[1].p_wrong
    assert first.p_right + first.p_wrong + first.p_none == pytest.approx(1)
    assert np.isnan([rows[3].pearson_r, rows[3].p_right, rows[3].certainty, rows[2].certainty]).all()
    assert np.isfinite(rows[2].p_right)
    counts = certificate_summary(rows)
    expected = rows[0].certainty + rows[1].certainty + rows[4].certainty
    assert counts.pop("expected") == pytest.approx(expected)
    assert counts == {"n_right": 2, "n_wrong": 1, "n_certain": 2, "n_undecided": 1, "n_undefined": 1}


def test_covariates_count_where_they_are_regressed_out_of_both() -> None:
    r = [0.3, 0.1, -0.2, 0.05]
    for how, used in (("expression", 0), ("both", 2)):
        rows = certificate_rows(evaluation(r, n=20, residualise=how))
        expected = direction_certificate(r, 20, n_covariates=used).p_right
        assert [row.p_right for row in rows] == expected.tolist()
        assert rows[0].pearson_se == pytest.approx(np.sqrt((1 - 0.09) / (18 - used)))


def test_two_people_too_few() -> None:
    rows = certificate_rows(evaluation([1.0, -1.0], n=2))
    assert [row.status for row in rows] == ["too few people"] * 2
    assert np.isnan([row.p_none for row in rows]).all()


def test_each_track_has_its_own_expectation() -> None:
    a, b = [0.5, 0.4, 0.3, 0.15], [-0.02, 0.01, 0.0, 0.15]
    rows = certificate_rows(evaluation(np.ravel([a, b], order="F").tolist(), tracks=("a", "b:c")))
    assert [row.gene_id for row in rows[:2]] == ["g0:a", "g0:b:c"]
    alone = certificate_rows(evaluation(a)), certificate_rows(evaluation(b))
    assert [row.p_right for row in rows[::2]] == [row.p_right for row in alone[0]]
    assert [row.p_right for row in rows[1::2]] == [row.p_right for row in alone[1]]
    assert rows[6].p_right > rows[7].p_right  # the same r where the others are right, and where they are nothing


def test_phasings_are_averaged() -> None:
    found = certificate_rows(
        evaluation([0.3, 0.1, -0.1, np.nan]), {1: np.array([0.3, -0.1, np.nan]), 3: np.array([0.5])}
    )
    assert found[1].pearson_r == pytest.approx(0.1)
    within, between = (0.91 + 0.99) / 2 / 198, 0.08
    assert found[1].pearson_se == pytest.approx(np.sqrt(within + 1.5 * between))
    assert found[2].p_right < found[1].p_right < found[0].p_right
    assert found[3].status == "constant prediction"
    assert np.isnan(found[3].p_right)


def test_nothing_to_do() -> None:
    assert certificate_rows(evaluation([])) == []
    rows = certificate_rows(evaluation([np.nan, np.nan]))
    assert certificate_summary(rows)["n_undefined"] == 2
