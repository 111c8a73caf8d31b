"""Nasty arrays for every public kernel and statistic: the clean twin's result, or an error naming the argument.

Each table of cases runs in a process of its own, which says before each case which one it is: a crash or a hang is
the outcome of that case, and a new process goes on behind it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# How many outcomes each table has at least: a table that shrinks by mistake must be seen.
TABLES = {
    "table_sequences": 3500,
    "table_statistics": 11600,
    "table_models": 2350,
    "table_kernels": 7000,
    "table_sizes": 1600,
}


def environment() -> dict[str, str]:
    """Return the environment of a child: it finds the tests as this process does."""
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def outcomes_of(table: str) -> dict[str, str]:
    """Outcome by case; a crash is one."""
    found: dict[str, str] = {}
    first, n_cases = 0, 1
    while first < n_cases:
        done = subprocess.run(
            [sys.executable, "-m", "robustness.child", table, str(first)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        name = None
        for line in map(json.loads, done.stdout.splitlines()):
            n_cases = line.get("cases", n_cases)
            if "begins" in line:
                first, name = line["begins"] + 1, line["case"]
            elif name is not None and "outcome" in line:
                found[name], name = line["outcome"], None
        if name is not None:
            found[name] = f"WRONG: the process ended with {done.returncode}: {done.stderr[-300:]}"
        else:
            assert done.returncode == 0, done.stderr
    assert len(found) == n_cases
    return found


@pytest.mark.parametrize("table", TABLES)
def test_nasty_arrays_are_read_as_their_twins_or_refused(table: str) -> None:
    found = outcomes_of(table)
    wrong = [f"{name}: {outcome}" for name, outcome in found.items() if outcome not in ("equal", "refused", "legal")]
    assert not wrong, f"{len(wrong)} of {len(found)}:\n" + "\n".join(wrong[:100])
    assert len(found) >= TABLES[table], Counter(found.values())
