"""docs/migrating.md: every block of Python runs, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "migrating.md"


def test_the_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not PAGE.exists():
        pytest.skip("not run in a checkout")
    text = PAGE.read_text()
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = list(re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    for block in blocks:
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block[1], str(PAGE), "exec"), names)
    assert len(blocks) == text.count("\n## ") + 1


def test_nothing_is_here_and_not_here() -> None:
    """No function of a section's table is among what the section says is not here."""
    if not PAGE.exists():
        pytest.skip("not run in a checkout")

    def bare(text: str) -> str:
        return re.sub(r"[^a-z]", "", text.lower())

    for section in PAGE.read_text().split("\n## ")[1:]:
        calls = re.findall(r"(\w+)\(", "".join(re.findall(r"^\| ([^|]*) \|", section, re.MULTILINE)))
        there = bare(" ".join(calls))
        said = " ".join(section.split()).partition("Not here: ")[2].partition(".")[0]
        assert said or "Not here" not in section
        for item in re.sub(r" \([^)]*\)", "", said).split(", "):
            words = item.partition(" of ")[0].split()
            # "torch data loaders" is meant by to_dataloader too
            names = {bare("".join(words)), bare("".join(words[-2:]))}
            assert not [name for name in names if name and name.removesuffix("s") in there], f"{section[:20]}: {item}"
