"""The report of `gxfast variants`: what it says is what the tables say, drawn again to the byte, read in a browser."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.browser import BROWSER, seen_in

from gxfast.cli.main import main
from gxfast.errors import InputError
from gxfast.io.tables import read_table
from gxfast.reporting import write_report

N = 1_500
ODD = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder, random = tmp_path_factory.mktemp("benchmark"), np.random.default_rng(2)
    causal = random.random(N) < 0.3
    beta, place = random.normal(size=N), 100 + 7 * np.arange(N)
    tissues = np.array([ODD, "T$a_{$", *(f"Tissue {i:02d}" for i in range(8))])[random.integers(0, 10, N)]
    header = "chrom\tpos\tref\talt"
    at = [f"chr{1 + i % 12}\t{p}\tA\tG" for i, p in enumerate(place.tolist())]
    labels = [f"{header}\tbeta\tpip\ttissue\ttss_distance\taf"]
    distance, pip = random.integers(0, 50_000, N), np.where(causal, 0.95, 0.001)
    labels += [f"{at[i]}\t{beta[i]:.4f}\t{pip[i]}\t{tissues[i]}\t{distance[i]}\t0.2{i % 9}" for i in range(N)]
    scores = [f"{header}\tA\tfamily/B"]
    scores += [f"{at[i]}\t{beta[i] * causal[i] + random.normal():.4f}\t{random.normal():.4f}" for i in range(N)]
    for name, lines in (("labels", labels), ("scores", scores)):
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    return ["variants", "-q", "--labels", str(folder / "labels.tsv"), "--scores", str(folder / "scores.tsv")]


@pytest.fixture(scope="module")
def made(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    more = ["--controls", "1", "--strata", "distance:0/1000/20000", "--compare", "A,family/B", "--bootstraps", "20"]
    assert main([*inputs, *more, "-o", str(out)]) in (0, 3)
    return out


def _hashes(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file() and ".gxfast" not in file.parts]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_page_says_what_the_tables_say(made: Path) -> None:
    text = (made / "report.html").read_text()
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles[:7] == [
        "Does it rank variants?", "Does it know the direction?", "Is one better than the other?",
        "Does it hold in every tissue?", "Does it hold for every kind of variant?",
        "Do the controls resemble the causal variants?", "What was turned, matched and left out?",
    ]  # fmt: skip
    table = read_table(made / "variants" / "metrics.tsv")
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    shown = 0
    for row in rows:
        if row["tissue"] == "all" and row["status"] == "ok":
            n, value = f"{int(row['n']):,}", f"{float(row['value']):.3f}"
            assert f'<td class="n">{n}</td><td class="n">{value}</td>' in text
            shown += 1
    assert shown >= 20
    assert text.count("What would change the answer") == 6
    lead = re.search(r'<p class="lead">(.*?)</p>', text)
    assert lead is not None
    assert lead[1].count("AUROC") == 2
    assert "family/B: " in lead[1]
    assert ODD not in text
    assert "&lt;script&gt;alert(1)" in text
    figures = {file.stem for file in (made / "figures").glob("*.svg")}
    assert {"answers.rank", "answers.direction", "answers.tissues.A", "answers.strata.distance"} <= figures


def test_it_is_a_result_and_drawn_again_to_the_byte(made: Path, inputs: list[str], tmp_path: Path) -> None:
    before = _hashes(made)
    assert main(["verify", "-q", str(made)]) == 0
    assert main(["report", "-q", str(made)]) == 0
    assert _hashes(made) == before
    assert main(["verify", "-q", str(made)]) == 0
    with pytest.raises(InputError, match="no genes to draw"):
        write_report(made, genes=["G1"])
    (made / "variants" / "metrics.tsv").rename(tmp_path / "metrics.tsv")
    assert main(["report", "-q", str(made)]) == 2
    (tmp_path / "metrics.tsv").rename(made / "variants" / "metrics.tsv")


def test_tables_of_little(inputs: list[str], tmp_path: Path) -> None:
    """No label of causality, no tissue, one model: what was not asked has no section."""
    lines = (Path(inputs[3]).read_text()).splitlines()
    short = ["\t".join(line.split("\t")[:5]) for line in lines]
    (tmp_path / "labels.tsv").write_text("\n".join(short) + "\n")
    words = ["variants", "-q", "--labels", str(tmp_path / "labels.tsv"), *inputs[4:], "--column", "A"]
    assert main([*words, "-o", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "report.html").read_text()
    assert re.findall(r"<h2>(.*?)</h2>", text)[:2] == [
        "Does it know the direction?", "What was turned, matched and left out?"
    ]  # fmt: skip


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1280, 420])
def test_in_a_browser(made: Path, width: int) -> None:
    script = """
  seen.links = all("nav a").map((a) => Boolean(document.querySelector(a.getAttribute("href"))));
  seen.tables = all(".paged").map((box) => {
    const heads = all("th", box), at = heads.findIndex((head) => head.textContent.trim() === "value");
    if (at < 0) return [];
    heads[at].querySelector("button").click();
    return all("tbody tr", box).map((row) => row.cells[at].textContent);
  });
  seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.outside = performance.getEntriesByType("resource").map((entry) => entry.name);
  seen.alt = all('figure [role="img"]').every((box) => box.getAttribute("aria-label").length > 20);
"""
    seen: dict[str, Any] = seen_in(made / "report.html", script, width=width)
    assert seen["errors"] == []
    assert seen["outside"] == []
    assert all(seen["links"])
    assert len(seen["links"]) == 10
    assert seen["wide"] <= 0
    assert seen["alt"]
    values = [[float(cell) for cell in cells if cell] for cells in seen["tables"] if cells]
    assert values
    assert all(cells == sorted(cells) for cells in values)
