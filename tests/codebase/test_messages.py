"""Messages of the library name arguments of Python; the command line alone knows options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path

import click
import pytest

import gxfast
from gxfast.cli.main import cli
from gxfast.cli.man import contexts
from gxfast.cli.naming import as_options, long_option

PACKAGE = Path(gxfast.__file__).parent
LIBRARY = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in ("cli", "bench", "patch.py")
]
CONTEXTS = [context for _, context in contexts(click.Context(cli, info_name="gxfast"))]
OPTIONS = {long_option(param) for context in CONTEXTS for param in context.command.params}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that is no docstring."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value) for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_message_of_the_library_names_an_option(path: Path) -> None:
    for line, text in texts(path):
        # A whole command that the reader may run has its options.
        options = {*re.findall(r"--[a-z-]+", text)} & OPTIONS if "gxfast " not in text else set()
        assert not options, f"line {line}: {text}"
        assert not re.search(r"\bwith -[a-z]\b", text), f"line {line}: {text}"


def test_packages_are_asked_for_in_one_form() -> None:
    """With gxfast installed it adds an extra's packages, and asks no index for gxfast."""
    root = PACKAGE.parent
    pages = [root / "README.md", *(root / "docs").rglob("*.md")] if (root / "docs").is_dir() else []
    extras = {*metadata("gxfast").get_all("Provides-Extra")}
    found = [(path, name) for path in (*PACKAGE.rglob("*.py"), *pages)
             for name in re.findall(r"pip install (?:-\S+ )*(\S*gxfast[^\s,;]*)", path.read_text())]  # fmt: skip
    assert len(found) > 8
    for path, name in found:
        extra = re.match(r"'gxfast\[(\w+)\]'(?!\w)", name)
        assert extra, f"{path}: {name}"
        assert extra[1] in extras, f"{path}: {name}"


def test_the_rule_sees_what_it_forbids(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('"""Of --this."""\nraise ValueError("go on with --resume")\n')
    with pytest.raises(AssertionError, match="line 2"):
        test_no_message_of_the_library_names_an_option(path)


def test_every_argument_that_is_named_is_an_option_of_some_command() -> None:
    named = {
        found for path in LIBRARY for _, text in texts(path) for found in re.findall(r"`[a-z_]+=[^`]*`?", text)
    }  # fmt: skip
    assert len(named) > 30
    for argument in named:
        name = re.match(r"`(?:[a-z_]+=[\w.]+\()?([a-z_]+)=", argument)
        assert name
        told = as_options(f"`{name[1]}=`")
        assert told in OPTIONS or any(param.name in (name[1], f"{name[1]}s") for context in CONTEXTS
                                      for param in context.command.params), argument  # fmt: skip
