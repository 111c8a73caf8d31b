"""Every published number of the ROSMAP paper that ``bench/validation/rosmap.py`` recomputes, as a test."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("GXFAST_DATA", ROOT.parent / "shared" / "data")) / "rosmap_published"
SCRIPT = ROOT / "bench" / "validation" / "rosmap.py"
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason=f"real data absent: {DATA}"),
    pytest.mark.skipif(not SCRIPT.is_file(), reason=f"script absent: {SCRIPT}"),
]


def test_every_recipe_gives_the_published_number(monkeypatch):
    spec = importlib.util.spec_from_file_location("rosmap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "PUBLISHED", DATA)
    found = list(script.recipes())
    assert len(found) >= 18
    assert {what: value for what, value, _ in found} == {what: value for what, _, value in found}
