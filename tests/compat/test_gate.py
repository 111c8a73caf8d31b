"""The gate of speeds: every replaced function has its arguments, and each verdict closes the gate or does not."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gxfast.bench import drop_in
from gxfast.bench.drop_in_work import WORKS, Work, letters
from gxfast.compat import binding
from gxfast.compat.targets import TOOLS, Target, Tool

HOME = """
from functools import lru_cache
import time
import numpy as np
from gxfast.compat.crested import one_hot_encode_sequence as right

def one_hot_encode_sequence(sequence, expand_dim=True):
    {body}
"""
SLOW = "start = time.process_time()\n    while time.process_time() < start + 2e-3: pass\n    return right(sequence)"
FAST = "return KNOWN.setdefault(sequence, right(sequence, expand_dim)) if sequence not in KNOWN else KNOWN[sequence]"
WRONG = "return right(sequence, expand_dim) * 2"


def test_every_replaced_function_has_arguments() -> None:
    named = [tool for tool in TOOLS.values() if not tool.by_name]  # statistics are measured by dropin_ratios.py
    assert {target.name for tool in named for target in tool.targets} == set(WORKS)


def test_letters_are_the_same_at_every_call() -> None:
    assert letters(1_000) == letters(1_000)
    assert set(letters(5_000)) == set("ACGTN")


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """``gate(body)`` runs the gate on a host with that one function."""

    def run(body: str, listed: bool = True) -> int:
        (tmp_path / "gatehost.py").write_text(HOME.format(body=body) + "\nKNOWN = {}\n")
        info = tmp_path / "gatehost-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gatehost\nVersion: 1.0\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        target = Target("gatehost", "one_hot_encode_sequence", "crested:one_hot_encode_sequence")
        tools = {"gatehost": Tool("gatehost", "1.0", "2.0", (target,))}
        monkeypatch.setattr(drop_in, "TOOLS", tools)
        monkeypatch.setitem(TOOLS, "gatehost", tools["gatehost"])
        works = {target.name: (Work("float32", lambda length, folder: ((letters(length),), {})),)}
        monkeypatch.setattr(drop_in, "WORKS", works if listed else {})
        importlib.invalidate_caches()
        return drop_in.run_gate("", "tiny")

    yield run
    sys.modules.pop("gatehost", None)


@pytest.mark.parametrize(("body", "code", "word"), [(SLOW, 0, "ok"), (FAST, 1, "SLOWER"), (WRONG, 1, "DIFFERS")])
def test_verdicts(
    gate: Callable[..., int], capsys: pytest.CaptureFixture[str], body: str, code: int, word: str
) -> None:
    assert gate(body) == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[1:3]] == [word, word]
    assert lines[-1].startswith(
        f"2 comparisons, {2 * (word == 'SLOWER')} slower, {2 * (word == 'DIFFERS')} other problems"
    )


def test_a_function_that_is_not_listed_closes_it(gate: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert gate(SLOW, listed=False) == 1
    assert "not measured: no arguments" in capsys.readouterr().out


def test_a_gate_that_compared_nothing_is_closed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = Tool("nowhere-host", "1", "2", (Target("nowhere_host.home", "f", "crested:one_hot_encode_sequence"),))
    monkeypatch.setattr(drop_in, "TOOLS", {"nowhere_host": absent})
    assert drop_in.run_gate("", "tiny") == 1
    told = capsys.readouterr().out
    assert "not here: pip install nowhere-host" in told
    assert told.splitlines()[-1].startswith("nothing was compared")


def test_a_host_that_is_here_and_not_patched_closes_it(
    gate: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(name: str) -> None:
        warnings.warn(binding.PatchWarning(f"{name} is left as it is"), stacklevel=1)

    monkeypatch.setattr(binding, "patch", told)
    assert gate(SLOW) == 1
    assert "gatehost is left as it is" in capsys.readouterr().out
