"""The house: rooms on floors, no import circle, no private name across rooms, one writer of each kind.

Imports are read from the source, wherever they stand: at module level, inside functions, and for types only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

import gxfast

PACKAGE = Path(gxfast.__file__).parent
# From the ground up; a room imports from rooms below it only.
FLOORS = (
    ("errors", "_lazy", "_kernels"),
    ("_objects", "_plugins"),
    ("types", "_memory", "_threads"),
    ("kernels",),
    ("io", "encode", "stats"),
    ("personal",),
    ("models",),
    ("ism", "evaluation"),
    ("reporting",),
    ("workflow",),
    ("demo", "compat", "torch_data"),
    ("cli", "patch", "bench"),
    ("", "__main__"),  # names that users import
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Rooms that a first-person reader opens: a file is small enough to be read at once.
MOST_LINES = 420


class Import(NamedTuple):
    """``module`` imports ``name`` (None: the module itself) from ``target``."""

    module: str
    target: str
    name: str | None


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def found_in(module: str, path: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not (node.level or (node.module or "").startswith("gxfast")):
            continue
        base = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        base = base[: len(base) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            inner = f"{source}.{alias.name}"
            yield Import(module, inner, None) if inner in FILES else Import(module, source, alias.name)


@lru_cache(maxsize=1)
def imports() -> tuple[Import, ...]:
    return tuple(one for module, path in FILES.items() for one in found_in(module, path))


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in FILES} | {"_kernels"} == set(FLOOR)


@pytest.mark.parametrize("name", sorted(FLOOR))
def test_a_room_imports_from_rooms_below_it_only(name: str) -> None:
    mine = [one for one in imports() if room(one.module) == name and room(one.target) != name]
    wrong = [one for one in mine if one.name != "__version__" and FLOOR[room(one.target)] >= FLOOR[name]]
    assert not wrong


def test_the_compiled_module_is_reached_through_its_room() -> None:
    users = {room(one.module) for one in imports() if one.target.startswith("gxfast._kernels")}
    assert users == {"kernels"}


def test_there_is_no_import_circle() -> None:
    leads: dict[str, set[str]] = {module: set() for module in FILES}
    for one in imports():
        if one.target in FILES and one.target != one.module:
            leads[one.module].add(one.target)
    done: set[str] = set()
    while ready := {module for module, targets in leads.items() if module not in done and targets <= done}:
        done |= ready
    assert sorted(set(FILES) - done) == []


def test_no_private_name_crosses_rooms() -> None:
    ground = {"_lazy", "_memory", "_objects", "_plugins", "_threads", "_kernels"}
    wrong = [
        one
        for one in imports()
        if room(one.module) != room(one.target)
        and (
            ((one.name or "").startswith("_") and one.name != "__version__")
            or any(part.startswith("_") and part not in ground for part in one.target.split(".")[1:])
        )
    ]  # fmt: skip
    assert not wrong


def calls(path: Path) -> set[str]:
    """Dotted names of what a file calls, and the modes of ``open`` that write."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found.add(name.rpartition(".")[2] if name.rpartition(".")[2] in ("write_text", "write_bytes") else name)
            modes = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
            if name.rpartition(".")[2] == "open" and any(mode in ("w", "wb", "x", "xb", "a", "ab") for mode in modes):
                found.add("open to write")
    return found


# Where files are made otherwise, and why.
WRITERS = {
    "io/files.py": "the one writer",
    "io/bgzf.py": "opens the partial file that the one writer names",
    "io/npz.py": "archives into the partial file that the one writer names",
}


def test_there_is_one_way_to_write_a_file() -> None:
    making = {"open to write", "write_text", "write_bytes", "os.replace", "os.rename", "os.fsync", "shutil.rmtree"}
    outside = ("bench", "compat")
    files = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in outside]
    users = {path.relative_to(PACKAGE).as_posix() for path in files if calls(path) & making}
    assert users == set(WRITERS)


def test_there_is_one_writer_of_graphs() -> None:
    making = {"helper.make_node", "helper.make_graph", "helper.make_model", "onnx.helper.make_node"}
    users = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if calls(path) & making}
    assert users == {"models/onnx_writer.py"}


def test_files_stay_small() -> None:
    long = {module: n for module, path in FILES.items() if (n := len(path.read_text().splitlines())) > MOST_LINES}
    assert not long


def test_one_word_for_one_thing() -> None:
    words = ("further_", "FurtherOptions", "the_plan", "residence", "MutantPredictor", "Piece")
    wrong = {(module, word) for module, path in FILES.items() for word in words if word in path.read_text()}
    assert not wrong
