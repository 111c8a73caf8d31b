"""Run the code blocks of a Markdown page, as a reader who types one after the other.

``python markdown.py PAGE FOLDER REPORT`` does it in FOLDER and writes what became of each block to REPORT (JSON).
Python blocks share one namespace, and the folder that a shell block has changed to is that of the next block. A block
is run, or has ``<!-- not run: why -->`` on the line before it; JSON and TOML are parsed, and ``text`` is no code.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
import tomllib
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

SHELL: Final = frozenset({"sh", "bash", "console"})
RUNNABLE: Final = SHELL | {"python", "json", "toml"}
TEXT: Final = frozenset({"text", "bibtex"})
_FENCE: Final = re.compile(r"^( *)(`{3,}|~{3,})\s*([^\s`]*)\s*$")
_MARK: Final = re.compile(r"^<!-- not run: (.+) -->$")
_COMMAND: Final = re.compile(
    r"^\s*(\$ |gxfast [a-z]|python3? \S*(-m|\.py) |pip install |import |from \S+ import )", re.M
)
# Files of the real data, which are not everywhere: what GXFAST_DATA has.
_REAL: Final = re.compile(r"geuvadis358|chr22\.hg19|_trainepoch|SupplementaryTable")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, the line of its fence (from 1), and the reason if it is marked as not run."""

    page: str
    line: int
    language: str
    code: str
    reason: str | None = None

    @property
    def fault(self) -> str | None:
        """What is wrong with it before it is run."""
        if self.language in TEXT:
            return "commands in a block of text" if _COMMAND.search(self.code) else None
        if self.language not in RUNNABLE and self.reason is None:
            return f"a block of {self.language or 'no language'}, and not marked as not run"
        return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a block: ``run``, ``not run`` (``why`` says it), ``text``, or ``failed`` (``why`` has the output).

    ``seconds`` are those of the CPU, children's included.
    """

    page: str
    line: int
    kind: str
    why: str = ""
    seconds: float = 0.0


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """Yield the fenced blocks; a mark that no block follows is an error, as is a fence without an end."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        mark = _MARK.match(lines[at])
        opened = _FENCE.match(lines[at + 1] if mark else lines[at])
        if mark and not opened:
            raise ValueError(f"{page}:{at + 1}: no block on the line after this mark")
        if not opened:
            if "<!-- not run" in lines[at]:
                raise ValueError(f"{page}:{at + 1}: a mark reads <!-- not run: why -->, on a line of its own")
            at += 1
            continue
        first = at + 2 if mark else at + 1
        indent, fence = opened[1], opened[2]
        closing = re.compile(rf"^ *{fence}+\s*$")
        end = next((i for i in range(first, len(lines)) if closing.match(lines[i])), None)
        if end is None:
            raise ValueError(f"{page}:{first}: a fence without an end")
        code = "\n".join(line.removeprefix(indent) for line in lines[first:end]) + "\n"
        yield Block(page, first, opened[3].lower(), code, mark[1] if mark else None)
        at = end + 1


def run_page(text: str, page: str, data: Path | None) -> Iterator[Outcome]:
    """Run the blocks in the current folder; ``data`` has the real data, and None means that there are none."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(text, page):
        started = sum(os.times()[:4])
        if (fault := block.fault) is not None:
            yield Outcome(page, block.line, "failed", fault)
        elif block.language in TEXT:
            yield Outcome(page, block.line, "text")
        elif block.reason is not None:
            yield Outcome(page, block.line, "not run", block.reason)
        elif data is None and _REAL.search(block.code):
            yield Outcome(page, block.line, "not run", "no real data here (GXFAST_DATA)")
        else:
            if data is not None:
                _link(data, block.code)
            failure = _run(block, names)
            kind = "run" if failure is None else "failed"
            yield Outcome(page, block.line, kind, failure or "", sum(os.times()[:4]) - started)


def _link(data: Path, code: str) -> None:
    """Put the files of the real data that a block names into the current folder, with their indexes."""
    if _REAL.search(code):
        for file in data.glob("*/**/*"):
            stem = re.sub(r"\.(tbi|fai|gzi)$", "", file.name)
            if file.is_file() and stem in code and not Path(file.name).exists():
                Path(file.name).symlink_to(file.resolve())


def _run(block: Block, names: dict[str, Any]) -> str | None:
    """Return what went wrong."""
    if block.language in SHELL:
        return _run_shell(block)
    try:
        if block.language == "json":
            value = json.loads(block.code)
            if "gxfast_card" in value:
                from gxfast.models.card import card_from_json

                card_from_json(block.code, source=block.page)
        elif block.language == "toml":
            tomllib.loads(block.code)
        elif block.code.startswith(">>> "):
            return _run_session(block, names)
        else:
            exec(compile("\n" * block.line + block.code, block.page, "exec", dont_inherit=True), names)
    except BaseException:
        return traceback.format_exc()
    return None


def _run_session(block: Block, names: dict[str, Any]) -> str | None:
    """Run a block that shows what Python answers, and compare."""
    test = doctest.DocTestParser().get_doctest(block.code, names, block.page, block.page, block.line)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    return "".join(said) or None


def _run_shell(block: Block) -> str | None:
    code = block.code
    if block.language == "console":
        code = "".join(f"{line[2:]}\n" for line in code.splitlines() if line.startswith("$ "))
    place = Path(".place").absolute()
    script = f"set -euo pipefail\ntrap 'pwd > {place}' EXIT\nset -v\n{code}"
    done = subprocess.run(
        ["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    where = place.read_text().rstrip("\n")
    place.unlink()
    os.chdir(where)
    return None if done.returncode == 0 else f"exit code {done.returncode}\n{done.stdout}"


if __name__ == "__main__":
    page_, folder_, report_ = (Path(name).resolve() for name in sys.argv[1:])
    os.chdir(folder_)
    data_ = Path(os.environ["GXFAST_DATA"]) if "GXFAST_DATA" in os.environ else None
    outcomes_ = list(run_page(page_.read_text(encoding="utf-8"), page_.name, data_))
    report_.write_text(json.dumps([asdict(outcome) for outcome in outcomes_]))
