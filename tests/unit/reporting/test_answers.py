"""What the report answers to each question in numbers, and what it says would change them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from oracles.report_runs import make_run, text_of

DIRECTION = (
    "model\ttrack\tstratum\tlow\thigh\tn\tequal_sign\tequal_sign_low\tequal_sign_high\tequal_sign_p\tsigned_rho\t"
    "signed_p\tabsolute_rho\tabsolute_p\n"
    "m\tm\tall\t\t\t103\t0.55\t0.45\t0.65\t0.3\t0.1\t0.3\t0.3\t0.002\n"
    "m\tm\tpip\t0.9\t1.0\t20\t0.8\t0.56\t0.94\t0.01\t0.4\t0.1\t0.2\t0.4\n"
    "m\tm\tdistance\t1\t100\t0\t\t\t\t\t\t\t\t\n"
)
CELLS = (
    "model\tkind\tgenes\tpeople\tpopulation\tn_people\tn_genes\tmean_r\tmean_r_low\tmean_r_high\tmedian_r\t"
    "share_positive\tsigned_r2\tn_h2\th2\th2_se\tceiling_ratio\tceiling_low\tceiling_high\n"
    "m\tmodel\tunknown\tany\tall\t4\t3\t0.067\t-0.8\t0.9\t0.1\t0.6\t0.05\t3\t0.2\t0.03\t0.25\t-1\t1.5\n"
    "elastic_net\tlinear\tseen\tsame\tall\t4\t3\t0.4\t0.2\t0.6\t0.4\t1\t0.17\t3\t0.2\t0.03\t0.85\t0.4\t1.2\n"
    "elastic_net\tlinear\tseen\tsame\tA\t2\t3\t0.4\t0.2\t0.6\t0.4\t1\t0.17\t3\t0.2\t0.03\t0.85\t0.4\t1.2\n"
)


@pytest.fixture
def text(tmp_path: Path) -> str:
    folder = make_run(tmp_path / "run")
    (folder / "direction.tsv").write_text(DIRECTION)
    (folder / "cells.tsv").write_text(CELLS)
    return text_of(folder)


def section(text: str, key: str) -> str:
    found = re.search(rf'<section id="{key}">.*?</section>', text, re.DOTALL)
    assert found, key
    return found[0]


def facts(text: str, key: str) -> list[list[str]]:
    table = re.search(r'<table class="facts">.*?</table>', section(text, key), re.DOTALL)
    assert table, key
    rows = re.findall(r"<tr>(.*?)</tr>", table[0], re.DOTALL)[1:]
    return [[re.sub("<.*?>", "", cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def test_direction_says_how_many_genes_it_would_take(text: str) -> None:
    assert facts(text, "direction") == [
        ["m", "lead SNVs", "103", "0.550", "0.450 to 0.650"], ["m", "pip 0.9 to 1", "20", "0.800", "0.560 to 0.940"]
    ]  # fmt: skip
    # half of 1.96 standard errors of a share of one half is 0.05
    needed = math.ceil((1.959963984540054 * 0.5 / 0.05) ** 2)
    assert f"would differ from one half with about {needed} genes" in section(text, "direction")


def test_strength_has_the_interval_of_a_rank_correlation(text: str) -> None:
    half = 1.959963984540054 * math.sqrt(1 + 0.3**2 / 2) / 10  # Bonett and Wright
    low, high = (math.tanh(math.atanh(0.3) + side * half) for side in (-1, 1))
    assert facts(text, "variants") == [["m", "lead SNVs", "103", "0.300", f"{low:.3f} to {high:.3f}"]]


def test_cells_are_told_together_and_what_was_not_asked_is_said(text: str) -> None:
    assert facts(text, "generalise") == [
        ["m", "all genes", "3", "0.067", "-0.800 to 0.900"],
        ["elastic_net", "seen genes, same population", "3", "0.400", "0.200 to 0.600"],
    ]
    said = section(text, "generalise")
    assert "20.0 % of the variance" in said
    assert "`populations=`" in said
    assert "`gene_split=`" in said


def test_people_say_how_far_one_gene_can_be_told(text: str) -> None:
    (row,) = facts(text, "people")
    assert row[:4] == ["m", "mean r over genes", "3", "0.067"]
    assert "standard error of 1.00" in section(text, "people")  # 1 / sqrt(4 - 3)
    assert "1 genes are undefined" in section(text, "people")


def test_without_tables_there_is_no_such_question(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"))
    for key in ("direction", "variants", "generalise", "baseline"):
        assert f'<section id="{key}">' not in text
