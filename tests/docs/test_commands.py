"""Commands in the text and in blocks that are not run: their options exist, and so do the files that they name."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from oracles.markdown import SHELL, blocks_of

from gxfast.cli.main import cli
from gxfast.cli.planned import run_planned

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]

if not PAGES[0].is_file():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


def commands_of(page: Path) -> list[str]:
    """Lines of shell blocks (continued ones joined) and code in the text."""
    text = page.read_text()
    shell = [block.code.replace("\\\n", " ") for block in blocks_of(text, page.name) if block.language in SHELL]
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [*"".join(shell).splitlines(), *re.findall(r"`([^`]+)`", prose)]
    return [re.sub(r"^([A-Z_]+=\S+ )+", "", " ".join(line.split())) for line in lines]


def fault(words: list[str]) -> str | None:
    """What gxfast has not, of a command line of it."""
    command: click.Command = cli
    context = click.Context(cli, info_name="gxfast")
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-") and rest[0].islower():
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]}"
        command, rest = found, rest[1:]
    if command.name == "plan":  # what follows is of the command that is planned
        return None
    if command.name == "run" and rest and not rest[0].startswith("-"):
        command = run_planned
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if re.match(r"--?[a-z]", word) and word.split("=")[0] not in {*known, "--help"}]
    return f"no option {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page: Path) -> None:
    wrong = []
    for line in commands_of(page):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # code in the text that is no command
        if words[:1] == ["gxfast"]:
            why = fault(words)
        else:
            named = words[:3] if words[:1] == ["python"] else words[:1]
            files = [word for word in named if re.fullmatch(r"(bench|scripts|tests/robustness)/\S+\.(py|sh)", word)]
            why = next((f"no file {name}" for name in files if not (REPOSITORY / name).exists()), None)
        if why:
            wrong.append(f"{page.name}: {line}: {why}")
    assert not wrong, "\n".join(wrong)


def test_what_is_not_there_is_found() -> None:
    assert fault(["gxfast", "model", "import", "xpresso", "w.h5", "-o", "m.onnx"]) is None
    assert fault(["gxfast", "ism", "saturat"]) == "no command saturat"
    assert fault(["gxfast", "eqtl", "--vcff", "v", "-o", "out"]) == "no option --vcff"
