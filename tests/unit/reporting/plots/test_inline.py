"""Figures as parts of a page: the same places with fewer letters."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gxfast.reporting.plots.inline import inline
from gxfast.reporting.plots.overview import across_genes
from gxfast.reporting.plots.style import Saved, on_log_scale, save, spans_decades


def drawn(folder: Path, n: int, *, log: bool = False) -> tuple[Saved, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=n), np.exp(rng.normal(size=n) * 2)
    return save(across_genes("m.across", [f"G{i}" for i in range(n)], x, y, "y", log=log), folder), x, y


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("n", [30, 300])
def test_dots_are_where_the_frame_says(tmp_path: Path, n: int, log: bool) -> None:
    saved, x, y = drawn(tmp_path, n, log=log)
    left, bottom, right, top = saved.frame.box
    height = np.log10(y) if log else y
    wanted = [
        (
            left + (v - saved.frame.x[0]) / (saved.frame.x[1] - saved.frame.x[0]) * (right - left),
            bottom + (w - saved.frame.y[0]) / (saved.frame.y[1] - saved.frame.y[0]) * (top - bottom),
        )
        for v, w in zip(x.tolist(), height.tolist(), strict=True)
    ]
    if n < 100:
        (group,) = re.findall(r"<g clip-path[^>]*>\n((?:<use [^>]*/>\n){5,})</g>", saved.svg)
        found = re.findall(r'x="([^"]+)" y="([^"]+)"', group)
    else:
        found = re.findall(r"M([\d.]+) ([\d.]+)h0", saved.svg)
        assert saved.svg.count("stroke-linecap: round") == 1  # the style of all is said once
    assert len(found) == n
    away = np.linalg.norm(np.array(found, float)[:, None] - np.array(wanted)[None], axis=2)
    assert max(away.min(axis=0).max(), away.min(axis=1).max()) < 0.12


def test_paths_end_where_they_ended() -> None:
    rng = np.random.default_rng(5)
    places = rng.uniform(-5, 500, (200, 2))
    absolute = "\n".join(f"{'ML'[k > 0]} {x:.6f} {y:.6f}" for k, (x, y) in enumerate(places.tolist()))
    svg = inline(f'<svg width="9pt" height="8pt"><path d="{absolute} \n"/></svg>', "0" * 12)
    (path,) = re.findall(r' d="([^"]+)"', svg)
    steps = np.array(re.findall(r"-?[\d.]+", path), float).reshape(-1, 2)
    assert np.abs(steps.cumsum(axis=0) - places).max() < 0.0501
    assert len(path) < 0.5 * len(absolute)
    assert "width" not in svg


def test_every_reference_has_its_target(tmp_path: Path) -> None:
    svg = drawn(tmp_path, 30)[0].svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids)) > 0
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg)) == set(ids)
    assert svg.count("<g") == svg.count("</g>")
    assert set(re.findall(r'class="([^"]+)"', svg)) == set(re.findall(r"\.(f[\w-]+) \{", svg))


@pytest.mark.parametrize(
    ("values", "raw"),
    [
        ([0, 0.2, 1, 2, 300], True),
        ([0.0, 0.2, 1, 2, 20], False),  # logarithms of counts
        ([-0.1, 0.2, 1, 2, 300], False),
        ([100, 110, 120, 130], False),
        ([], False),
    ],
)
def test_what_is_shown_on_a_log_scale(values: list[float], raw: bool) -> None:
    assert spans_decades(np.array([*values, np.nan])) == raw


def test_zeros_lie_below_the_smallest_value() -> None:
    values, floor = on_log_scale(np.array([0, 4.0, np.nan, 100]))
    assert floor == 2
    np.testing.assert_array_equal(values, [2, 4, np.nan, 100])
    assert np.isnan(on_log_scale(np.zeros(3))[0]).all()
