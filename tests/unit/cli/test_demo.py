"""The command that the demo ends with names gxfast as it can be called from there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gxfast.cli import demo


@pytest.mark.parametrize("on_path", [True, False])
def test_the_program_has_its_path_unless_the_shell_finds_it(
    on_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, elsewhere = tmp_path / "env" / "bin" / "gxfast", tmp_path / "other"
    program.parent.mkdir(parents=True)
    elsewhere.mkdir()
    for file in (program, elsewhere / "gxfast"):  # another gxfast is found first
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["env/bin/gxfast", "demo"])
    monkeypatch.setenv("PATH", str(program.parent if on_path else elsewhere))
    assert demo._program() == ["gxfast" if on_path else "env/bin/gxfast"]


def test_a_module_is_called_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/gxfast/__main__.py", "demo"])
    assert demo._program() == [sys.executable, "-m", "gxfast"]
