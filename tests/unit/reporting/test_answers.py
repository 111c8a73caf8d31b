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
SUPPORT = (
    "model\tgene_id\tname\tpearson_r\tpearson_q\tlinear_r\tsupported_fraction\tmain_driver\tmain_support\t"
    "main_signal_support\n"
    "m\tG1\tUP\t0.9\t0.004\t1\t1\tv1\tsupported\tsupported\n"
    "m\tG2\tDOWN\t-0.8\t0.004\t1\t0\tv2\tunsupported\tuntagged\n"
    "m\tG3\tFLAT\t0.1\t0.8\t0.1\t1\tv3\tsupported\tuntagged\n"  # hardly linear
)
EXPLAINERS = "model\texplainer\twhat\tn\trho\tp\trho_abs\tp_abs\nm\th2\theritability\t103\t0.1\t0.3\t0.3\t0.002\n"
AGREEMENT = (
    "model_a\tmodel_b\tn_genes\tdirection_r\tmagnitude_r\tdifference\tdifference_low\tdifference_high\tn_signed\t"
    "equal_sign\tequal_sign_low\tequal_sign_high\nm\tw\t40\t0.1\t0.5\t0.4\t0.2\t0.6\t38\t0.5\t0.33\t0.67\n"
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
    assert "1 without a defined r" in section(text, "people")


def test_without_tables_there_is_no_such_question(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"))
    for key in ("direction", "variants", "generalise", "baseline"):
        assert f'<section id="{key}">' not in text


def test_genes_have_both_correlations_with_intervals(text: str) -> None:
    # predictions 1, 2, 3, 2 and expression 1.5, 2.5, 3, 4: r = 1.5 / sqrt(2 * 3.25), rho = 3 / sqrt(4.5 * 5)
    r, rho, z = 1.5 / math.sqrt(6.5), 3 / math.sqrt(22.5), 1.959963984540054
    linear, ranks = facts(text, "genes")
    widths = (r, 1.0), (rho, math.sqrt(1 + rho**2 / 2))  # of ranks as Bonett and Wright (2000)
    bounds = [(math.tanh(math.atanh(v) - w * z), math.tanh(math.atanh(v) + w * z)) for v, w in widths]
    assert linear == ["m", "Pearson", "4", f"{r:.3f}", "{:.3f} to {:.3f}".format(*bounds[0])]
    assert ranks == ["m", "Spearman", "4", f"{rho:.3f}", "{:.3f} to {:.3f}".format(*bounds[1])]
    assert "says nothing of people" in section(text, "genes")


def test_further_questions_have_numbers_and_what_would_change_them(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    for name, table in (("support", SUPPORT), ("explainers", EXPLAINERS), ("agreement", AGREEMENT)):
        (folder / f"{name}.tsv").write_text(table)
    text = text_of(folder)
    # Clopper-Pearson of 1 of 1 and of 0 of 1
    assert facts(text, "drivers") == [
        ["m", "main drivers that eQTLs support, genes of r &gt; 0", "1", "1.000", "0.025 to 1.000"],
        ["m", "main drivers that eQTLs support, genes of r &lt; 0", "1", "0.000", "0.000 to 0.975"],
    ]
    assert "1 of these 2 main drivers tag no eQTL signal" in section(text, "drivers")
    half = 1.959963984540054 * math.sqrt(1.045) / 10  # variance of z: 1 + 0.3^2 / 2
    low, high = (math.tanh(math.atanh(0.3) + side * half) for side in (-1, 1))
    assert facts(text, "success") == [
        ["m", "Spearman of |r| and heritability", "103", "0.300", f"{low:.3f} to {high:.3f}"]
    ]
    assert facts(text, "agree") == [
        ["m and w", "correlation of |r| less that of r", "40", "0.400", "0.200 to 0.600"],
        ["m and w", "share of genes of equal sign", "38", "0.500", "0.330 to 0.670"],
    ]
