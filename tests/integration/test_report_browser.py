"""The report of the demonstration in a real browser: sorting, filtering, nothing fetched, no wide page on a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

# Clicks through the page as a reader does, and leaves what was seen in the page for --dump-dom.
SCRIPT = """
<script>
addEventListener("load", () => {
  const seen = { errors: [], tables: [] };
  addEventListener("error", (event) => seen.errors.push(event.message));
  for (const table of document.querySelectorAll("table.sortable")) {
    const label = table.closest(".scroll").getAttribute("aria-label");
    const heads = [...table.tHead.rows[0].cells];
    const column = Math.max(0, heads.findIndex((head) => head.textContent.trim() === "pearson_r"));
    const cells = () => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent);
    heads[column].querySelector("button").click();
    const up = cells();
    heads[column].querySelector("button").click();
    const down = cells();
    const search = table.closest(".scroll").previousElementSibling;
    const word = table.tBodies[0].rows.length ? table.tBodies[0].rows[0].cells[0].textContent : "";
    search.value = word;
    search.dispatchEvent(new Event("input"));
    const shown = [...table.tBodies[0].rows].filter((row) => !row.hidden).length;
    search.value = "";
    search.dispatchEvent(new Event("input"));
    seen.tables.push({ label, column: heads[column].textContent.trim(), up, down, shown, all: up.length });
  }
  const all = (what) => [...document.querySelectorAll(what)];
  seen.links = all("nav a").map((a) => Boolean(document.querySelector(a.getAttribute("href"))));
  seen.figures = document.querySelectorAll("figure").length;
  seen.alt = all('figure [role="img"]').every((box) => box.getAttribute("aria-label").length > 20);
  seen.captions = all("figcaption").every((caption) => caption.textContent.length > 20);
  seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.outside = performance.getEntriesByType("resource").map((entry) => entry.name);
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
});
</script>
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert main(["demo", "-q", "-o", str(folder), "--people", "60", "--genes", "15"]) in (0, 1)
    page = folder / "clicked.html"
    page.write_text((folder / "report.html").read_text().replace("</body>", SCRIPT + "</body>"))
    return page


def browse(page: Path, width: int) -> dict[str, Any]:
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000",
        f"--window-size={width},900", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-500:]
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen


@pytest.mark.parametrize("width", [1280, 800, 500])
def test_a_reader_clicks_through(report: Path, width: int) -> None:
    seen = browse(report, width)
    assert seen["errors"] == []
    assert seen["outside"] == []
    assert all(seen["links"])
    assert len(seen["links"]) >= 5
    assert seen["figures"] >= 9
    assert seen["alt"]
    assert seen["captions"]
    assert seen["wide"] <= 0
    labels = [table["label"] for table in seen["tables"]]
    assert {"Driver SNVs", "planted truth"} <= set(labels)
    (genes,) = [table for table in seen["tables"] if table["label"].startswith("genes of")]
    up = [float(cell) for cell in genes["up"] if cell]
    down = [float(cell) for cell in genes["down"] if cell]
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert genes["shown"] == 1 < genes["all"]
