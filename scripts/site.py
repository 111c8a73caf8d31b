"""What the site has beyond the pages in docs/: files of the repository, options of commands, the Python interface.

A hook of MkDocs (mkdocs.yml). Nothing that it makes is kept in the repository, so that nothing of it can go stale:

- a link from a page to a file outside docs/ (``../SECURITY.md``) is kept, and the file becomes part of the site;
- ``<!-- options: run -->`` in docs/commands/run.md becomes the table of options that the command itself declares; a
  command without a page gets one that has its help alone; pages and markers of commands that there are not, are errors;
- each package with public names has a page of them, by the modules that they are in.
"""

from __future__ import annotations

import ast
import html
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

import click
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
MARKER = re.compile(r"<!-- options: ([a-z ]+) -->")
ROOMS = {
    "workflow": "A run",
    "reporting": "Report",
    "evaluation": "Predictions against expression",
    "models": "Models and predictions",
    "ism": "Mutagenesis",
    "personal": "Haplotypes of people",
    "encode": "Letters, codes, one-hot",
    "io": "Files",
    "stats": "Statistics",
    "compat": "In the place of other tool kits",
    "demo": "Demonstration",
    "types": "Types",
    "errors": "Errors",
}
PACKAGES = ("gxfast", "gxfast.stats", "gxfast.ism", "gxfast.io.variant_tables", "gxfast.demo")

sys.path.insert(0, str(ROOT))


# Files of the repository


def repository_path(uri: str) -> str:
    """Where a page of the site lies in the repository."""
    return uri.removeprefix("repository/") if uri.startswith("repository/") else f"docs/{uri}"


def site_uri(path: str) -> str:
    """Where a file of the repository lies in the site."""
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"


def linked(path: str, text: str) -> Iterator[str]:
    """Files of the repository that a page links to."""
    for found in LINK.finditer(FENCE.sub("", text)):
        target = normpath(PurePosixPath(path).parent / found[1])
        if not target.startswith("..") and (ROOT / target).is_file():
            yield target


def outside_files() -> list[str]:
    """All files outside docs/ that pages link to, and those that such pages link to."""
    todo = [page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md")]
    seen = set(todo) | {"CHANGELOG.md"}
    todo.append("CHANGELOG.md")
    while todo:
        path = todo.pop()
        if not path.endswith(".md"):
            continue
        found = {*linked(path, (ROOT / path).read_text(encoding="utf-8"))} - seen
        seen |= found
        todo += found
    return sorted(path for path in seen if not path.startswith("docs/"))


# Commands


def commands() -> dict[str, click.Command]:
    """Every command by what is typed: ``run``, ``ism saturate``, ..."""
    from gxfast.cli.main import cli

    found: dict[str, click.Command] = {}

    def walk(name: str, command: click.Command) -> None:
        if isinstance(command, click.Group):
            for part in command.list_commands(click.Context(command)):
                child = command.get_command(click.Context(command), part)
                assert child is not None
                walk(f"{name} {part}".strip(), child)
        else:
            found[name] = command

    walk("", cli)
    return found


def option_table(name: str, command: click.Command) -> str:
    """Usage and options, as the command declares them."""
    context = click.Context(command, info_name=f"gxfast {name}")
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record:
            option, text = (html.escape(part).replace("|", "&#124;") for part in record)
            rows.append(f"<tr><td><code>{option}</code></td><td>{text}</td></tr>")
    usage = "\n".join(line.strip() for line in command.get_usage(context).removeprefix("Usage: ").splitlines())
    table = "<table class='options'><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"
    return f"```text\n{usage}\n```\n\n{table}"


def command_page(top: str, parts: dict[str, click.Command]) -> str:
    """A page for a command that nobody wrote one for."""
    text = [f"# gxfast {top}"]
    for name, command in parts.items():
        if name != top:
            text.append(f"## gxfast {name}")
        text += [" ".join((command.help or "").split()), f"<!-- options: {name} -->"]
    return "\n\n".join(text) + "\n"


def command_groups() -> dict[str, dict[str, click.Command]]:
    """Commands by their first word."""
    groups: dict[str, dict[str, click.Command]] = {}
    for name, command in commands().items():
        groups.setdefault(name.split()[0], {})[name] = command
    return groups


def command_pages() -> dict[str, str]:
    """Texts of the pages that are not in docs/commands, and a check of those that are."""
    from gxfast.cli.main import _COMMANDS

    groups = command_groups()
    folder = ROOT / "docs" / "commands"
    pages = {}
    for top, parts in groups.items():
        path = folder / f"{top}.md"
        if not path.exists():
            pages[f"commands/{top}.md"] = command_page(top, parts)
        elif {*MARKER.findall(path.read_text(encoding="utf-8"))} != {*parts}:
            raise PluginError(f"{path.name} must have a line <!-- options: NAME --> for each of: {', '.join(parts)}")
    if odd := sorted({page.stem for page in folder.glob("*.md")} - {*groups}):
        raise PluginError(f"docs/commands has pages of commands that there are not: {', '.join(odd)}")
    rows = "\n".join(f"| [`gxfast {name}`]({name}.md) | {what} |" for name, (_, _, what) in _COMMANDS.items())
    pages["commands/index.md"] = f"# Commands\n\n| | |\n|---|---|\n{rows}\n\n{COMMON}"
    return pages


COMMON = """What all of them share: `gxfast COMMAND --help` says what is on these pages, `--json` prints what a program
wants to read, and [exit codes](../files.md#exit-codes) tell what happened. The examples run in a folder in which
`gxfast demo -o demo` was run once.
"""


# The Python interface


def homes(package: str) -> dict[str, str]:
    """Module of each public name of a package, read from its imports."""
    file = importlib.import_module(package).__file__
    assert file is not None
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module]
    found = {
        alias.asname or alias.name: f"{package}.{node.module}.{alias.name}" for node in imports for alias in node.names
    }
    names = importlib.import_module(package).__all__
    return {name: found[name] for name in names if name in found}


def directive(target: str, level: int, name: str) -> str:
    """What mkdocstrings replaces by an object's documentation, under the name that it has in the package."""
    renamed = "" if target.endswith(f".{name}") else f"\n      heading: {name}\n      toc_label: {name}"
    return f"::: {target}\n    options:\n      heading_level: {level}{renamed}"


def api_pages() -> dict[str, str]:
    """A page of directives for each package, and one of the drop-in functions."""
    pages = {}
    for package in PACKAGES:
        groups: dict[str, list[str]] = {}
        names = {target: name for name, target in homes(package).items()}
        for _, target in sorted(homes(package).items(), key=lambda item: item[0][0].isupper()):  # functions, then types
            groups.setdefault(target.split(".")[1], []).append(target)
        text = [f"# {package}", " ".join((importlib.import_module(package).__doc__ or "").split("\n\n")[0].split())]
        for room in sorted(groups, key=[*ROOMS].index):
            if len(groups) > 1:
                text.append(f"## {ROOMS[room]}")
            level = 3 if len(groups) > 1 else 2
            text += [directive(target, level, names[target]) for target in groups[room]]
        pages[f"api/{package}.md"] = "\n\n".join(text) + "\n"
    pages["api/gxfast.torch_data.md"] = torch_data_page()
    tools = importlib.import_module("gxfast.compat").__all__
    text = ["# gxfast.compat", "What each does and hands on: [drop-in replacements](../drop_in.md)."]
    text += [f"::: gxfast.compat.{tool}\n    options:\n      show_root_full_path: true" for tool in tools]
    pages["api/gxfast.compat.md"] = "\n\n".join(text) + "\n"
    return pages


def torch_data_page() -> str:
    """The page of a class that is made where torch is imported, which mkdocstrings does not see."""
    tree = ast.parse((ROOT / "gxfast" / "torch_data.py").read_text(encoding="utf-8"))
    made = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    init = next(node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    named = [arg.arg for arg in init.args.kwonlyargs]
    text = ast.get_docstring(made) or ""
    text = re.sub(r"^(\w+)\n-+$", r"**\1**\n", text, flags=re.M)  # headings of sections
    text = re.sub(r"^(\S.*)\n    ", r"`\1`\n:   ", text, flags=re.M)  # what has a description below it
    call = f"PersonalHaplotypes(genome, genotypes, windows, *, ..., {', '.join(f'{name}=None' for name in named)})"
    top = f"# gxfast.torch_data\n\n{ast.get_docstring(tree)}\n\n## PersonalHaplotypes\n\n```python\n{call}\n```\n\n"
    return top + text.replace("``", "`") + "\n"


# Hooks


def on_config(config: Any) -> Any:
    """Put the pages of commands and packages into the navigation."""
    filled = {
        "Commands": ["commands/index.md", *({f"gxfast {top}": f"commands/{top}.md"} for top in command_groups())],
        "Python interface": [{name: f"api/{name}.md"} for name in (*PACKAGES, "gxfast.torch_data", "gxfast.compat")],
    }

    def fill(items: list[Any]) -> None:
        for item in items:
            if isinstance(item, dict):
                for title, value in item.items():
                    if title in filled:
                        item[title] = filled[title]
                    elif isinstance(value, list):
                        fill(value)

    fill(config.nav)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add what does not lie in docs/."""
    for path in outside_files():
        files.append(File.generated(config, site_uri(path), abs_src_path=str(ROOT / path)))
    for uri, text in {**command_pages(), **api_pages()}.items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Turn links to where files lie in the site, and markers into tables of options."""
    del config
    uri = page.file.src_uri
    path = repository_path(uri)

    def turn(found: re.Match[str]) -> str:
        target = normpath(PurePosixPath(path).parent / found[1])
        inside = site_uri(target)
        return relpath(inside, PurePosixPath(uri).parent) if files.get_file_from_path(inside) else found[0]

    markdown = LINK.sub(turn, markdown)
    if uri.startswith("commands/"):
        known = commands()
        markdown = MARKER.sub(lambda found: option_table(found[1], known[found[1]]), markdown)
    return markdown
