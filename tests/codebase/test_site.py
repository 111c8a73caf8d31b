"""What the site's pages promise: a page for each command, files that are there, one version everywhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "mkdocs.yml").exists(), reason="the pages are not beside an installed wheel"
)


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_command_has_a_page_with_its_options_and_an_example() -> None:
    from gxfast.cli.main import cli

    folder = ROOT / "docs" / "commands"
    for name in commands(cli):
        text = (folder / f"{name.split()[0]}.md").read_text()
        assert f"<!-- options: {name} -->" in text, name
        assert f"gxfast {name}" in text, name
        assert "```bash" in text, name
    assert {page.stem for page in folder.glob("*.md")} == {name.split()[0] for name in commands(cli)}


def test_every_page_is_in_the_navigation_and_there() -> None:
    named = set(re.findall(r"(?<=: )[\w/.]+\.md$", (ROOT / "mkdocs.yml").read_text(), re.M))
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    ours = {name for name in named if not name.startswith("repository/")}
    assert ours == {page for page in pages if not page.startswith("commands/")}
    for name in named - ours:
        assert (ROOT / name.removeprefix("repository/")).is_file(), name


def test_the_version_is_one() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"version = {{{version}}}" in (ROOT / "docs" / "citation.md").read_text()
    assert f'{{% set version = "{version}" %}}' in (ROOT / "conda" / "meta.yaml").read_text()


def test_the_recipe_asks_for_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    recipe = (ROOT / "conda" / "meta.yaml").read_text().partition("\n  run:\n")[2].partition("\ntest:")[0]
    asked = dict(re.findall(r"^    - ([\w-]+) ?(\S*)$", recipe, re.M))
    for text in project["dependencies"]:
        name, bounds = re.fullmatch(r"([\w-]+)(.*)", text).groups()  # type: ignore[union-attr]
        other = "matplotlib-base" if name == "matplotlib" else name
        assert asked[other] == bounds, name
