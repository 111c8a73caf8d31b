"""A process that goes on for long keeps its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
from robustness.soak import soak
print(soak(Path(sys.argv[1]), 300)[1])
"""


def test_memory_does_not_grow(tmp_path: Path) -> None:
    # In a process of its own: what tests before it freed would be given out again. NumPy still fills its store of small
    # blocks, about 1 KiB a round; after 1,000 rounds that is over, and `scripts/faults.py` asks for less than 1 KiB.
    path = f"sys.path[:0] = {[str(Path(__file__).parents[1]), *sys.path]!r}"
    program = [sys.executable, "-c", f"import sys; {path}\n{PROGRAM}", str(tmp_path)]
    assert float(subprocess.run(program, capture_output=True, text=True, check=True).stdout) < 4096
