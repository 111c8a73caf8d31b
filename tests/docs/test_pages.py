"""Every block of the pages of docs/ runs as it stands, in a folder with the files that it names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(str(page.relative_to(REPOSITORY)) for page in (REPOSITORY / "docs").rglob("*.md"))

if not PAGES:
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


@pytest.mark.parametrize("page", [page for page in PAGES if "```" in (REPOSITORY / page).read_text()])
def test_page(
    page: str, read_page: Callable[[str, Path], None], study: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder, text = study, (REPOSITORY / page).read_text()
    if (
        re.search(r"\bdemo/|(report|verify) demo\b", text) and "gxfast demo" not in text
    ):  # it goes on from a demo in a folder of this name
        folder = tmp_path / "with_demo"
        shutil.copytree(study, folder)
        shutil.copytree(request.getfixturevalue("demo_run") / "gxfast-demo", folder / "demo")
    read_page(page, folder)
