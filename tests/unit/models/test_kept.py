"""Models that a process keeps open: as long as their files and all of their cards are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gxfast.models import kept


def test_a_change_at_the_end_of_a_card_is_another_model(
    cohort: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repr of a card is cut short; what tells cards apart is all that they say."""
    import onnx

    metadata = {entry.key: entry.value for entry in onnx.load(cohort.model).metadata_props}
    card = json.loads(metadata["gxfast.card"])
    paths = [tmp_path / "a" / "m.json", tmp_path / "b" / "m.json"]
    for path, source in zip(paths, ("here", "there"), strict=True):
        path.parent.mkdir()
        path.write_text(json.dumps(card | {"source": source}))
    opened: list[object] = []

    def model(path: Path) -> Any:
        return kept.kept_model(str(cohort.model), str(path), (), lambda: opened.append(path) or object())  # type: ignore[arg-type]

    monkeypatch.setattr(kept, "_kept", {})
    first = model(paths[0])
    assert model(paths[0]) is first
    other = model(paths[1])
    paths[0].write_text(json.dumps(card | {"source": "nowhere"}))
    assert model(paths[1]) is other
    assert model(paths[0]) is not first
    assert len(opened) == 3
