"""The site, built and opened from disk: it searches, loads nothing from elsewhere, and has pages of the interface."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from oracles.browser import BROWSER, seen_in

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.skipif(not (ROOT / "mkdocs.yml").exists(), reason="the pages are not beside an installed wheel"),
    pytest.mark.skipif(not importlib.util.find_spec("material"), reason="Material for MkDocs is not installed"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True)
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not re.search(r'src="?(https?:)?//|<link[^>]* href="?(https?:)?//', page.read_text()), page


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("gxfast.torch_data", ["PersonalHaplotypes", "world_size", "torch.utils.data.DataLoader"]),
        ("gxfast.demo", ["simulate_cohort", "n_people"]),
        ("gxfast.io.variant_tables", ["read_labels", "most_unfit"]),
    ],
)
def test_the_interface_has_its_pages(page: str, names: list[str], site: Path) -> None:
    text = (site / "api" / f"{page}.html").read_text()
    assert [name for name in names if name not in text] == []
    assert f"api/{page}.html" in (site / "index.html").read_text()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
def test_it_searches_from_disk(site: Path) -> None:
    script = """
      const [box] = all(".md-search__input");
      seen.width = box.getBoundingClientRect().width;
      box.focus();
      box.value = "haplotype";
      box.dispatchEvent(new Event("keyup", { bubbles: true }));
      for (let i = 0; i < 100 && !all(".md-search-result__item").length; i++) {
        await new Promise((done) => setTimeout(done, 50));
      }
      seen.found = all(".md-search-result__item").length;
    """
    seen = seen_in(site / "quickstart.html", script)
    assert seen["width"] > 100
    assert seen["found"] > 5
    assert seen["errors"] == []
