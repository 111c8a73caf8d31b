"""Letters, stacks, colours and coordinates of the scan figures, read back from what matplotlib will draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gxfast.errors import InputError
from gxfast.reporting.plots.logo import draw_heatmap, draw_logo, plot_scan, reference_heights


def new_axes() -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def drawn_letters(ax: Any) -> dict[tuple[str, float], tuple[float, float]]:
    """(base, centre) -> (lowest, highest) of every letter on the axes, from its outline."""
    found = {}
    for collection in ax.collections:
        if collection.get_label() not in tuple("ACGT"):
            continue
        for path in collection.get_paths():
            outline = path.vertices[path.codes != path.CLOSEPOLY]
            centre = float((outline[:, 0].min() + outline[:, 0].max()) / 2)
            found[collection.get_label(), round(centre, 6)] = (outline[:, 1].min(), outline[:, 1].max())
    return found


heights_of = arrays(np.float64, st.tuples(st.integers(1, 6), st.just(4)), elements=st.floats(-5, 5, width=32))


@given(heights_of)
@settings(max_examples=40, deadline=None)
def test_letters_are_as_tall_as_their_heights_and_stack_from_zero_outwards(heights: Any) -> None:
    heights[np.abs(heights) < 1e-3] = 0
    ax = new_axes()
    draw_logo(ax, heights, positions=np.arange(len(heights)) + 100)
    found = drawn_letters(ax)
    assert len(found) == np.count_nonzero(heights)
    for i, row in enumerate(heights):
        for sign in (1, -1):
            stack = sorted((abs(h), b) for b, h in enumerate(row) if h * sign > 0)
            reached = 0.0
            for size, b in stack:
                low, high = found["ACGT"[b], float(100 + i)]
                near, far = (low, high) if sign > 0 else (-high, -low)
                assert near == pytest.approx(reached, abs=1e-9)
                assert far == pytest.approx(reached + size, abs=1e-9)
                reached += size


def test_nan_and_zero_draw_nothing_and_limits_hold_everything() -> None:
    ax = new_axes()
    draw_logo(ax, [[1, 0, np.nan, -2], [0, 0.5, 0, 0]], positions=[10, 11])
    assert drawn_letters(ax).keys() == {("A", 10.0), ("T", 10.0), ("C", 11.0)}
    assert ax.get_xlim() == (9.5, 11.5)
    low, high = ax.get_ylim()
    assert low < -2
    assert high > 1


def test_negative_letters_are_upside_down() -> None:
    ax = new_axes()
    draw_logo(ax, [[0, 0, 0, 1], [0, 0, 0, -1]], positions=[0, 1])
    up, down = (path.vertices for c in ax.collections for path in c.get_paths())
    np.testing.assert_allclose(down, up * [1, -1] + [1, 0], atol=1e-12)
    # The bar of a T is far from zero, in both.
    assert np.ptp(up[up[:, 1] > 0.9, 0]) > 0.8


def test_letters_do_not_reach_into_the_next_column() -> None:
    ax = new_axes()
    draw_logo(ax, np.ones((2, 4)), positions=[5, 6])
    for collection in ax.collections:
        for path, centre in zip(collection.get_paths(), (5, 6), strict=True):
            outline = path.vertices[path.codes != path.CLOSEPOLY, 0]
            assert centre - 0.5 < outline.min() < outline.max() < centre + 0.5


def test_heights_are_minus_the_mean_of_the_three_alternatives() -> None:
    effects = np.array([[0, -3, -6, 0], [1, 2, 0, 6], [4, 4, 4, 4], [np.nan] * 4], np.float32)
    heights = reference_heights(effects, np.array([0, 2, 4, 1], np.uint8))
    np.testing.assert_array_equal(heights[:3], [[3, 0, 0, 0], [0, 0, -3, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(heights[3], [0, np.nan, 0, 0])


@pytest.mark.parametrize(
    ("effects", "reference"),
    [
        (np.zeros((3, 5)), [0, 1, 2]),
        (np.zeros((3, 4)), [0, 1]),
        (np.zeros((0, 4)), np.empty(0, np.uint8)),
        (np.zeros((2, 4)), [0, 5]),
        (np.zeros((2, 4)), [0.0, 1.0]),
        (np.zeros((2, 4, 3)), [0, 1]),
        ([[np.inf, 0, 0, 0]], [1]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(effects: Any, reference: Any) -> None:
    with pytest.raises(InputError):
        reference_heights(effects, reference)
    with pytest.raises(InputError):
        plot_scan(effects, reference, start=0, name="x")
    with pytest.raises(InputError):
        draw_heatmap(new_axes(), effects, reference)


def test_wrong_logos_heat_maps_and_columns_are_refused() -> None:
    with pytest.raises(InputError, match="heights must be"):
        draw_logo(new_axes(), np.zeros((2, 3)), positions=[0, 1])
    with pytest.raises(InputError, match="positions"):
        draw_logo(new_axes(), np.zeros((2, 4)), positions=[0])
    with pytest.raises(InputError, match="infinite"):
        draw_logo(new_axes(), [[np.inf, 0, 0, 0]], positions=[0])
    with pytest.raises(InputError, match="one apart"):
        draw_heatmap(new_axes(), np.zeros((2, 4)), [0, 1], positions=[0, 2])
    with pytest.raises(InputError, match="limit"):
        draw_heatmap(new_axes(), np.zeros((2, 4)), [0, 1], limit=0)
    with pytest.raises(InputError, match="one position for each"):
        plot_scan(np.zeros((2, 4)), [0, 1], start=0, name="x", positions=[1])


def test_heat_map_is_centred_at_zero_with_dots_at_the_reference() -> None:
    effects = np.array([[0, -3, 1, 0.5], [1, 2, 0, 0], [np.nan] * 4])
    ax = new_axes()
    image = draw_heatmap(ax, effects, [0, 2, 4], positions=[7, 8, 9])
    assert image.get_clim() == (-3, 3)
    shown = image.get_array()
    np.testing.assert_array_equal(shown[:, :2], effects[:2].T)
    assert shown.mask[:, 2].all()
    assert image.get_extent() == [6.5, 9.5, 3.5, -0.5]
    dots = ax.collections[0].get_offsets()
    np.testing.assert_array_equal(dots, [[7, 0], [8, 2]])
    assert [label.get_text() for label in ax.get_yticklabels()] == list("ACGT")


def test_a_flat_scan_can_be_drawn() -> None:
    figure = plot_scan(np.zeros((5, 4)), [0, 1, 2, 3, 4], start=0, name="flat")
    figure.canvas.draw()
    assert figure.axes[1].images[0].get_clim() == (-1, 1)
    assert drawn_letters(figure.axes[0]) == {}


def tick_labels(figure: Any) -> dict[float, str]:
    figure.canvas.draw()
    axis = figure.axes[2].xaxis
    low, high = figure.axes[2].get_xlim()
    return {
        float(at): label.get_text()
        for at, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        if low <= at <= high
    }


def test_three_panels_share_an_axis_that_counts_from_one() -> None:
    rng = np.random.default_rng(1)
    reference = rng.integers(0, 4, 30)
    effects = rng.normal(size=(30, 4))
    effects[np.arange(30), reference] = 0
    figure = plot_scan(effects, reference, start=1_234_560, name="gene: track", chrom="chr2", strand="-", tss=1_234_570)
    logo, _, sequence = figure.axes[:3]
    found = drawn_letters(logo)
    for i, base in enumerate(reference):
        low, high = found["ACGT"[base], float(1_234_561 + i)]
        expected = -effects[i].sum() / 3
        assert (high if expected > 0 else low) == pytest.approx(expected)
    assert {(b, x) for b, x in drawn_letters(sequence)} == {
        ("ACGT"[base], float(1_234_561 + i)) for i, base in enumerate(reference)
    }
    labels = tick_labels(figure)
    assert len(labels) >= 3
    assert all(text == f"{round(at):,}" for at, text in labels.items())
    assert all(ax.get_xlim() == (1_234_560.5, 1_234_590.5) for ax in (logo, figure.axes[1], sequence))
    assert logo.get_title(loc="left") == "gene: track"
    assert "chr2" in sequence.get_xlabel()
    assert "minus" in sequence.get_xlabel()
    marked = [line for line in logo.lines if list(line.get_xdata()) == [1_234_571, 1_234_571]]
    assert len(marked) == 1


def test_inserted_bases_have_columns_but_no_coordinate() -> None:
    columns = [100, 101, -1, -1, 102, 110, 111, 112]
    figure = plot_scan(np.ones((8, 4)), [0, 1, 2, 3, 0, 1, 2, 3], start=0, name="x", positions=columns)
    labels = tick_labels(figure)
    expected = ["101", "102", "inserted", "inserted", "103", "111", "112", "113"]
    assert len(labels) >= 3
    assert all(text == expected[round(at)] for at, text in labels.items())
    assert "haplotype" in figure.axes[2].get_xlabel()


def test_a_tss_outside_the_window_is_not_marked() -> None:
    figure = plot_scan(np.ones((4, 4)), [0, 1, 2, 3], start=10, name="x", strand="+", tss=14)
    assert not figure.axes[0].texts


def test_five_hundred_positions_need_one_collection_per_base() -> None:
    ax = new_axes()
    draw_logo(ax, np.random.default_rng(0).normal(size=(500, 4)), positions=np.arange(500))
    assert len(ax.collections) == 4
    assert sum(len(collection.get_paths()) for collection in ax.collections) == 2000
