"""One contig, and records typed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONTIG = "AACCGGTTACGATTACAGGC"


@pytest.fixture
def build(tmp_path: Path, make_world: Callable[..., Any]) -> Callable[..., Any]:
    """Make a world of records (POS, REF, ALT, one column or several[, FILTER, INFO[, FORMAT]]) on contig ``c``."""

    def make(*records: tuple[Any, ...], samples: tuple[str, ...] = ("s1",), contig: str = CONTIG) -> Any:
        full = [("c", pos, ref, alt, [calls] if isinstance(calls, str) else calls, *rest)
                for pos, ref, alt, calls, *rest in records]  # fmt: skip
        return make_world(tmp_path, {"c": contig}, full, samples)

    return make
