"""A command in a process of its own, and the memory it took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The kernel's maximum for a child begins with what its parent had; the one of its own memory does not.
_CODE = """
import sys
from gxfast.cli.main import main
code = main(sys.argv[2:])
with open("/proc/self/status") as status, open(sys.argv[1], "w") as out:
    out.write(next(line for line in status if line.startswith("VmHWM")).split()[1])
sys.exit(code)
"""


def run_measured(argv: Sequence[object], environment: Mapping[str, str] | None = None, **options: Any) -> Any:
    """Run ``gxfast`` with these arguments; return its exit code, what it printed, and its peak memory in kB.

    ``UNSET`` takes a variable out of the environment. A process that crashed has no peak, and a negative code.
    """
    variables = {**os.environ, **(environment or {})}
    with tempfile.TemporaryDirectory() as folder:
        peak = Path(folder) / "peak"
        done = subprocess.run(
            [sys.executable, "-c", _CODE, str(peak), *map(str, argv)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
            env={name: text for name, text in variables.items() if text != "UNSET"}, **options,
        )  # fmt: skip
        return done.returncode, done.stdout, int(peak.read_text()) if peak.exists() else 0
