"""Run the code blocks of a Markdown page, as a reader who types one after the other.

``python markdown.py PAGE FOLDER REPORT`` does it in FOLDER and writes what became of each block to REPORT (JSON).
Python blocks share one namespace; shell blocks their folder, and plain variables (``NAME=VALUE`` on a line). A block
is run, or has ``<!-- not run: why -->`` on the line before it; JSON and TOML are parsed. ``text`` is what a block
before it has printed: its lines are among those, in this order, times, sizes and paths aside, and ``...`` is any lines;
or it has ``<!-- not compared: why -->`` on the line before it.
"""

from __future__ import annotations

import contextlib
import doctest
import io
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
_MARK: Final = re.compile(r"^<!-- not (?:run|compared): (.+) -->$")
_COMMAND: Final = re.compile(
    r"^\s*(\$ |gxfast [a-z]|python3? \S*(-m|\.py) |pip install |import |from \S+ import )", re.M
)
_VARIABLE: Final = re.compile(r"^\w+=\S+\n", re.M)
# What differs from machine to machine, and from day to day.
_VARIES: Final = re.compile(r"\b\d[\d.e-]*(?= (s|ms|min|hours?|h|days?|[KMG]iB)\b)|(?<![\w.])/[\w./-]+")
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
    """What became of a block.

    ``run``; ``compared``, of text; ``not run`` and ``not compared`` (``why`` says why); or ``failed`` (``why`` has the
    output).

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
            if "<!-- not run" in lines[at] or "<!-- not compared" in lines[at]:
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
    variables: list[str] = []  # of the shell
    printed: list[str] = []  # by each block that was run
    ran = True  # the last block that might have
    for block in blocks_of(text, page):
        started = sum(os.times()[:4])
        if (fault := block.fault) is not None:
            yield Outcome(page, block.line, "failed", fault)
        elif block.reason is not None:
            kind = "not compared" if block.language in TEXT else "not run"
            ran = ran and kind != "not run"
            yield Outcome(page, block.line, kind, block.reason)
        elif block.language in TEXT:
            yield Outcome(page, block.line, *_compared(block.code, printed, ran=ran))
        elif data is None and _REAL.search(block.code):
            ran = False
            yield Outcome(page, block.line, "not run", "no real data here (GXFAST_DATA)")
        else:
            if data is not None:
                _link(data, block.code)
            failure, said = _run(block, names, variables)
            kind, ran = "run" if failure is None else "failed", True
            printed.append(said)
            yield Outcome(page, block.line, kind, failure or "", sum(os.times()[:4]) - started)


def _compared(text: str, printed: list[str], *, ran: bool) -> tuple[str, str]:
    """What becomes of a text: whether a block, the last one first, printed its lines in this order."""
    wanted = [_VARIES.sub("#", line.rstrip()) for line in text.splitlines() if line.strip() not in ("", "...")]
    missing = wanted[0]
    for said in reversed(printed):
        lines = iter(_VARIES.sub("#", line.rstrip()) for line in said.splitlines())
        left = [line for line in wanted if line not in lines]
        if not left:
            return "compared", ""
        missing = missing if missing != wanted[0] else left[0]
    if not ran:
        return "not compared", "what prints it was not run"
    return "failed", f"no block before it printed this line: {missing}\nThe last one printed:\n{''.join(printed[-1:])}"


def _link(data: Path, code: str) -> None:
    """Put the files of the real data that a block names into the current folder, with their indexes."""
    if _REAL.search(code):
        for file in data.glob("*/**/*"):
            stem = re.sub(r"\.(tbi|fai|gzi)$", "", file.name)
            if file.is_file() and stem in code and not Path(file.name).exists():
                Path(file.name).symlink_to(file.resolve())


def _run(block: Block, names: dict[str, Any], variables: list[str]) -> tuple[str | None, str]:
    """Return what went wrong, and what the block printed."""
    if block.language in SHELL:
        return _run_shell(block, variables)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        failure = _run_here(block, names)
    return failure, said.getvalue()


def _run_here(block: Block, names: dict[str, Any]) -> str | None:
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


def _run_shell(block: Block, variables: list[str]) -> tuple[str | None, str]:
    code = block.code
    if block.language == "console":
        code = "".join(f"{line[2:]}\n" for line in code.splitlines() if line.startswith("$ "))
    place = Path(".place").absolute()
    script = f"set -euo pipefail\ntrap 'pwd > {place}' EXIT\n{''.join(variables)}set -v\n{code}"
    variables += _VARIABLE.findall(code)
    done = subprocess.run(
        ["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    where = place.read_text().rstrip("\n")
    place.unlink()
    os.chdir(where)
    return (None if done.returncode == 0 else f"exit code {done.returncode}\n{done.stdout}"), done.stdout


if __name__ == "__main__":
    page_, folder_, report_ = (Path(name).resolve() for name in sys.argv[1:])
    os.chdir(folder_)
    data_ = Path(os.environ["GXFAST_DATA"]) if "GXFAST_DATA" in os.environ else None
    outcomes_ = list(run_page(page_.read_text(encoding="utf-8"), page_.name, data_))
    report_.write_text(json.dumps([asdict(outcome) for outcome in outcomes_]))
