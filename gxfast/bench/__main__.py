"""``python -m gxfast.bench``."""

from __future__ import annotations

import sys

from .command import run

if __name__ == "__main__":
    sys.exit(run())
