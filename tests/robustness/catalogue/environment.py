"""Where a run writes, and what it runs in. Disks that fill, limits and kills have tests of their own."""

from __future__ import annotations

import os
from typing import Any

from .case import Case, refused, same
from .project import Project

__all__ = ["CASES"]


def output_a_file(p: Project) -> None:
    (p.folder / "mine").write_text("mine")
    p.extra = ["-o", str(p.folder / "mine")]


def output_in_a_file(p: Project) -> None:
    (p.folder / "mine").write_text("mine")
    p.extra = ["-o", str(p.folder / "mine" / "out")]


def output_of_another(p: Project) -> None:
    (p.folder / "thesis").mkdir()
    (p.folder / "thesis" / "chapter1.txt").write_text("years of work")
    p.extra = ["-o", str(p.folder / "thesis")]


def output_is_the_input(p: Project) -> None:
    p.extra = ["-o", str(p.folder)]


def output_unwritable(p: Project) -> None:
    (p.folder / "locked").mkdir(mode=0o555)
    p.extra = ["-o", str(p.folder / "locked" / "out")]


def odd_paths(p: Project) -> None:
    """Spaces, quotes, and letters of other scripts."""
    there = p.folder / 'it\'s "ä" 日本 $HOME'
    there.mkdir()
    for path in list(p.folder.iterdir()):
        if path.is_file():
            path.rename(there / path.name)
    p.folder = there


def nothing(p: Project) -> None: ...


def outside(name: str, **environment: str) -> Case:
    """The same files in another environment."""
    return same(name, nothing, child=True, environment=environment)


WHAT: list[tuple[str, Any, str]] = [
    ("output is a file", output_a_file, "mine"),
    ("output lies in a file", output_in_a_file, "mine"),
    ("output holds files of another", output_of_another, "thesis"),
    ("output is the folder of the inputs", output_is_the_input, "lies in the folder to be written"),
]
if os.geteuid():
    WHAT.append(("output unwritable", output_unwritable, "locked"))
CASES = [
    *(
        one
        for name, spoil, part in WHAT
        for one in refused(name, spoil, part, checked=False).of("run", "predict", "eqtl", "evaluate", "variants")
    ),
    same("odd paths", odd_paths),
    outside("no home", HOME="UNSET"),
    outside("c locale", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
    outside("odd locale", LC_ALL="tr_TR.UTF-8", LANG="xx_YY"),
    outside("optimised", PYTHONOPTIMIZE="2"),
    outside("another hash seed", PYTHONHASHSEED="7"),
    outside("one thread for blas", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
    Case(
        "optimised, wrong ref",
        lambda p: p.change_record(lambda r: [*r[:3], "ACGT"[("ACGT".index(r[3]) + 1) % 4], *r[4:]]),
        "refused",
        ("REF",),
        checked=False,
        child=True,
        environment={"PYTHONOPTIMIZE": "2"},
    ),
]
