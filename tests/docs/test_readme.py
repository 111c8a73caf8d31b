"""Every block of the README runs as it stands, after the demo that it begins with."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

if not (REPOSITORY / "README.md").is_file():
    pytest.skip("the README is not beside these tests", allow_module_level=True)


def test_readme(read_page: Callable[[str, Path], None], demo_run: Path) -> None:
    read_page("README.md", demo_run)


def test_its_first_commands_are_run_by_ci() -> None:
    """They are too long for the test above."""
    for page, before in (("README.md", "```sh\n"), (".ci/run", "\n./")):
        text = (REPOSITORY / page).read_text()
        assert all(f"{before}scripts/{name}.sh" in text for name in ("demo", "test")), page


def test_what_the_demo_says_can_be_pasted(demo_run: Path) -> None:
    (line,) = [line for line in (demo_run / "said.txt").read_text().splitlines() if line.startswith("next: ")]
    command = f"{line.removeprefix('next: ')} --steps predict,evaluate"
    subprocess.run(["bash", "-c", command], cwd=demo_run, check=True)
    assert (demo_run / "mine" / "genes.tsv").is_file()
