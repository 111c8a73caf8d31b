"""Rules of labels: thresholds, two methods, weak p values, repeated rows, cut releases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.evaluation.variant_labels import LabelRules, canonical_ranks, labelled
from gxfast.types import VariantTable

NAN = math.nan


def table(n: int, position: Any = None, **columns: Any) -> VariantTable:
    places = np.arange(n) * 10 if position is None else np.array(position)
    known = {name: np.array(values) for name, values in columns.items()}
    return VariantTable(np.repeat("chr1", n), places, np.repeat("A", n), np.repeat("G", n), known)


def test_thresholds_and_weak_p_values() -> None:
    found = labelled(
        table(7, pip=[0.95, 0.9, 0.5, 0.01, 0.009, NAN, 0.95], p=[1e-9, 1e-9, 1, 1, 1, 1, 1e-7]), LabelRules()
    )
    assert found.label == pytest.approx([1, NAN, NAN, NAN, 0, NAN, NAN], nan_ok=True)
    assert found.counts == {"no PIP": 1, "PIP between": 3, "PIP above 0.9, p above 5e-08": 1}
    others = labelled(table(3, pip=[0.5, 0.2, 0.1], p=[NAN, 1, 1]), LabelRules(0.4, 0.2))
    assert others.label == pytest.approx([1, NAN, 0], nan_ok=True)


def test_causal_is_taken_as_it_is() -> None:
    found = labelled(table(3, causal=[1.0, 0.0, NAN], pip=[0.0, 1.0, 1.0]), LabelRules())
    assert found.label == pytest.approx([1, 0, NAN], nan_ok=True)
    assert not labelled(table(2, beta=[1.0, 2.0]), LabelRules()).has_labels
    with pytest.raises(InputError, match="0 and 1"):
        labelled(table(1, causal=[0.5]), LabelRules())


def test_two_methods_as_rows() -> None:
    """The mean counts where both are there and differ by less than 0.05."""
    found = labelled(
        table(
            7, position=[0, 0, 10, 20, 20, 30, 30], method=["FINEMAP", "SUSIE", "SUSIE", *["SUSIE", "FINEMAP"] * 2],
            pip=[0.88, 0.94, 0.99, 0.92, 0.89, 0.001, 0.003], beta=[1.0, 1, 2, 3, 3, 4, 4],
        ),
        LabelRules(),
    )  # fmt: skip
    assert found.table.position.tolist() == [0, 10, 20, 30]
    assert found.label == pytest.approx([NAN, NAN, 1, 0], nan_ok=True)
    assert found.table.columns["beta"].tolist() == [1, 2, 3, 4]
    assert found.table.columns["pip"][2:] == pytest.approx([0.905, 0.002])
    assert found.counts["PIP of one method only"] == 1
    assert found.counts["PIPs of two methods differ"] == 1


def test_two_methods_as_columns_and_three_are_refused() -> None:
    found = labelled(table(3, pip_a=[0.95, 0.0, NAN], pip_b=[0.93, 0.0, 0.0]), LabelRules())
    assert found.label == pytest.approx([1, 0, NAN], nan_ok=True)
    with pytest.raises(InputError, match="3 methods"):
        labelled(table(3, method=["a", "b", "c"], pip=[0.1, 0.1, 0.1]), LabelRules())


def test_repeated_rows_are_counted_and_refused_where_they_disagree() -> None:
    same = table(3, position=[0, 0, 10], pip=[0.95, 0.95, 0.0], beta=[NAN, NAN, 1.0])
    found = labelled(same, LabelRules())
    assert len(found.table) == 2
    assert found.counts["repeated rows"] == 1
    with pytest.raises(InputError, match=r"have beta 1\.0 and nan") as error:
        labelled(table(2, position=[5, 5], beta=[1.0, NAN]), LabelRules())
    assert error.value.record == "chr1_6_A_G"
    several = table(2, position=[5, 5], beta=[1.0, 2.0], gene_id=["g", "h"])
    assert len(labelled(several, LabelRules()).table) == 2


def test_a_variant_in_two_credible_sets_counts_once() -> None:
    """Of rows that differ in the set alone that of the first name stays, in whatever order they are."""
    rows = table(
        7, position=[0, 0, 0, 5, 5, 9, 9], cs_id=["2", "1", "1", "1", "2", "1", "2"],
        pip=[0.95, 0.95, 0.95, 0.95, 0.5, 0.001, 0.001], beta=[NAN, NAN, NAN, 1, 1, 2, 2],
        gene_id=["g", "g", "g", "g", "g", "g", "h"],
    )  # fmt: skip
    for order in ([0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0]):
        found = labelled(rows.take(order), LabelRules())
        sets = zip(found.table.position.tolist(), found.table.columns["cs_id"].tolist(), strict=True)
        assert sorted(sets) == [(0, "1"), (5, "1"), (5, "2"), (9, "1"), (9, "2")]
        assert found.counts["repeated rows"] == 2


def test_a_release_that_leaves_small_probabilities_out_is_told() -> None:
    cut = np.concatenate([np.linspace(1e-4, 9e-3, 1500), [0.95]])
    for pips, said in (
        (cut, "none of 1500 negatives has a PIP below 5e-05"),
        ([*cut, 1e-7], "1 of 1501 negatives has a PIP below 5e-05"),
        ([*cut[:899], 0.95], "none of 899 negatives has a PIP below 5e-05"),
    ):
        (warning,) = labelled(table(len(pips), pip=pips), LabelRules()).warnings
        assert warning.startswith(said)
    whole = [*np.linspace(1e-6, 9e-3, 1500), *np.repeat(1e-5, 100), 0.95]
    assert labelled(table(1601, pip=whole), LabelRules()).warnings == ()
    assert labelled(table(11, pip=[*cut[:10], 0.95]), LabelRules()).warnings == ()


def test_a_pip_of_the_threshold_is_causal_where_that_is_asked_for() -> None:
    rows = table(3, pip=[0.9, 0.95, 0.0])
    found = labelled(rows, LabelRules())
    assert found.label == pytest.approx([NAN, 1, 0], nan_ok=True)
    assert found.warnings[0].startswith("1 PIPs are exactly 0.9, and not causal")
    other = labelled(rows, LabelRules(inclusive=True))
    assert other.label.tolist() == [1, 1, 0]
    assert other.warnings == ()


def test_a_variant_that_is_causal_and_not_is_told() -> None:
    found = labelled(table(2, position=[5, 5], pip=[0.95, 0.001], gene_id=["g", "h"]), LabelRules())
    assert found.warnings == ("1 variants are causal in one row and a negative in another (of another gene or tissue)",)


def test_ranks_are_those_of_contents() -> None:
    rows = table(4, position=[30, 10, 20, 10], gene_id=["a", "b", "a", "a"])
    assert canonical_ranks(rows).tolist() == [3, 1, 2, 0]


@pytest.mark.parametrize("pip", [(0.1, 0.9), (1.1, 0.0), (0.5, -0.1)])
def test_thresholds_that_are_none(pip: tuple[float, float]) -> None:
    with pytest.raises(InputError):
        LabelRules(*pip)
