"""Bars and summaries on a terminal of 80 columns, and the estimate of a whole run."""

from __future__ import annotations

import fcntl
import io
import math
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence

import pytest

from gxfast.cli.bars import Forecast, _Work
from gxfast.cli.summary import across_line, summary_lines
from gxfast.cli.wording import fitted

SCRIPT = """
import sys, time
from gxfast.cli.progress import ProgressLine, say
with ProgressLine(quiet=False) as line:
    line.begin("check", 1, 4)
    line.expect({"predict a-model-with-a-name-that-is-quite-long": 4.0, "eqtl": 4.0})
    line.begin("predict", 2, 4)
    for done in range(13):
        line("predict a-model-with-a-name-that-is-quite-long", done, 12)
        time.sleep(0.25)
    line.begin("eqtl", 3, 4)
    line("eqtl", 0, 5)
    line("eqtl", 5, 5)
    line.begin("report", 4, 4)
    time.sleep(2.6)
say("word " * 40 + "long-word-with-hyphens " * 8 + "at FDR 5 %")
"""


def on_terminal(words: Sequence[str], columns: int = 80) -> str:
    """What a program writes on a terminal, without its control sequences."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        words, stdout=child, stderr=child, stdin=child, env={**environment, "TERM": "xterm"}
    ) as process:
        os.close(child)
        written = b""
        while True:
            try:
                part = os.read(parent, 1 << 16)
            except OSError:
                break
            if not part:
                break
            written += part
        assert process.wait() == 0, written.decode()
    os.close(parent)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


@pytest.mark.slow
def test_bars_of_slow_tasks_and_one_estimate() -> None:
    lines = [
        line.rstrip() for line in re.split(r"[\r\n]+", on_terminal([sys.executable, "-c", SCRIPT])) if line.strip()
    ]
    assert max(map(len, lines)) <= 80
    whole = [line for line in lines if line.startswith("whole run")]
    assert any(re.search(r"step 2/4 +\d+ s left$", line) for line in whole), whole
    assert re.search(r"step 4/4 +\d+ s$", whole[-1])
    # The long task has a bar with its count and its rest, the report one without a count; what was quick has none.
    assert any(re.match(r"predict a-model.* 1?\d/12 genes +\d+ s left$", line) for line in lines)
    assert any(re.match(r"report .* +\d s$", line) for line in lines)
    assert not any(line.startswith(("check", "eqtl")) for line in lines)
    known = {"word", "long-word-with-hyphens", "at", "FDR", "5", "%"}
    said = [line for line in lines if {*line.split()} <= known]
    assert " ".join(said).split() == ["word"] * 40 + ["long-word-with-hyphens"] * 8 + ["at", "FDR", "5", "%"]


def test_what_is_left_of_a_whole_run() -> None:
    forecast = Forecast({"predict": 100.0, "baseline": 50.0, "eqtl": 50.0})
    assert Forecast().left({}, 0.0) is None
    assert forecast.left({}, 0.0) == 200.0
    # A quarter of the first took 50 s, not 25: it takes 150 more, and the others twice what was expected.
    works = {"predict": _Work(0.0, 0, 10, 40)}
    assert forecast.left(works, 50.0) == pytest.approx(150 + 100 + 100)
    # What was found finished tells nothing of the pace: 20 of 40 were there, 10 more took 25 s.
    assert forecast.left({"predict": _Work(0.0, 20, 30, 40)}, 25.0) == pytest.approx(25 + 50 + 50)
    works = {"predict": _Work(0.0, 0, 40, 40, ended=100.0), "baseline": _Work(100.0, 0, 0, 8)}
    assert forecast.left(works, 110.0) == pytest.approx(40 + 50)
    # A task that no plan knows counts with its own rest.
    works |= {"motifs": _Work(110.0, 0, 1, 4)}
    assert forecast.left(works, 120.0) == pytest.approx(30 + 50 + 30)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_broken_between_words_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "ok       naming     nothing that is-hyphenated is broken\n\nin two at FDR 5 % of " + "x" * 50
    assert fitted(text, io.StringIO()) == text
    found = fitted(text, _Terminal())
    assert found.split("\n") == [
        "ok       naming     nothing that", "    is-hyphenated is broken", "",
        "in two at FDR 5 % of", "    " + "x" * 50,
    ]  # fmt: skip
    assert found.split() == text.split()
    assert fitted("", _Terminal()) == ""


def test_the_answer_comes_first() -> None:
    across = {"mean_r": 0.0604, "n_defined": 28, "n_positive": 10, "n_negative": 7, "n_undefined": 8}
    assert across_line(across) == (
        "mean r across people 0.060 in 28 genes; 17 genes at FDR 5 %, 7 of them negative (41 %); 8 undefined"
    )
    nothing = {"mean_r": None, "n_defined": 0, "n_positive": 0, "n_negative": 0, "n_undefined": 3}
    assert across_line(nothing) == "mean r across people undefined in 0 genes; 0 genes at FDR 5 %; 3 undefined"
    entry = {
        "unique_haplotypes": 5, "sequences_without_sharing": 50, "fold_fewer": 10.0, "model_calls": 6,
        "across_people": across,
    }  # fmt: skip
    summary = {
        "models": {"m": entry}, "n_people": 80, "n_genes": 36, "eqtl": {"n_egenes": 3, "n_done": 36, "n_pairs": 100},
    }  # fmt: skip
    lines = summary_lines(summary)
    assert lines[0] == f"m: {across_line(across)}"
    assert lines[1] == "eQTLs: 3 of 36 genes at FDR 5 %, 100 pairs"
    assert lines[2] == "80 people, 36 genes"
    assert lines[3].startswith("m: 5 distinct haplotypes instead of 50")
    silent = {"n_genes": 0, "reference_pearson": math.nan, "reference_spearman": math.nan}
    assert summary_lines(summary | {"models": {"m": entry | {"across_genes": [silent]}}})[:2] == lines[:2]
    cells = {"populations": {"B": 10}, "left_out": {"A": 9, "no population": 61}}
    assert summary_lines(summary | {"cells": cells})[3] == (
        "cells: populations B (10); left out: A (9), no population (61)"
    )
    said = {"n_right": 1, "n_wrong": 7, "n_certain": 5, "n_undecided": 11, "n_undefined": 8, "expected": 6.6}
    assert summary_lines(summary | {"certificate": {"m": said}})[1] == (
        "m: direction right in 1 gene and wrong in 7, of which 7 of 8 are expected to hold; nothing can be said of 11"
    )
