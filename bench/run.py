"""Run the benchmark with everything a checkout adds: the peers, the cases that need them, the goals against them.

    python bench/run.py --help          the options are those of `python -m gxfast.bench`

Peers are used where they are installed (bench/peers.sh); the others are named with what to install.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # behind an installed gxfast: that one is measured

from bench import add_everything
from gxfast.bench.command import run

if __name__ == "__main__":
    add_everything()
    sys.exit(run(checkout=Path(__file__).resolve().parents[1]))
