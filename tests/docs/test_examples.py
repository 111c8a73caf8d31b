"""Examples in docstrings are true, and the functions that are used most have one."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import gxfast as gx

PACKAGE = Path(gx.__file__).parent
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>>" in path.read_text()]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_examples(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = ".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts)
    found = [test for test in doctest.DocTestFinder().find(importlib.import_module(name)) if test.examples]
    assert found, f"{name} has examples, and none of them is in a docstring"
    said: list[str] = []
    for i, test in enumerate(found):
        folder = tmp_path / str(i)
        folder.mkdir()
        monkeypatch.chdir(folder)
        doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize(
    "name",
    [
        "Genome", "Model", "VariantFile", "apply_edits", "codes", "drivers", "evaluate", "haplotypes", "one_hot",
        "predict", "read_expression", "read_genes", "reverse_complement", "run",
    ],
)  # fmt: skip
def test_what_is_used_most_has_an_example(name: str) -> None:
    assert ">>> " in (getattr(gx, name).__doc__ or "")
