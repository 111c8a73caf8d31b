"""Print the files of gxfast that an input passes through in a run of the demo, in the order in which it enters them.

Usage: python scripts/walk.py        (in an environment with gxfast; takes a minute)

A function counts where it is handed the input: as a path, as the object it was opened as, or inside a tuple, a dict
or a dataclass.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import gxfast
from gxfast.cli.main import main

PACKAGE = Path(gxfast.__file__).parent
INPUTS = {
    "vcf": ("cohort.vcf.gz", {"VariantFile", "VariantFileSet", "GenotypeCache", "Genotypes"}),
    "expression": ("expression.bed.gz", {"ExpressionTable"}),
    "model": ("demo_model.onnx", {"Model"}),
}


def parts_of(value: Any) -> list[Any]:
    """Return a value, and what a container of one level holds."""
    if isinstance(value, tuple | list):
        return [value, *value[:50]]
    if isinstance(value, dict):
        return [value, *list(value.values())[:50]]
    if is_dataclass(value) and not isinstance(value, type):
        return [value, *(getattr(value, one.name, None) for one in fields(value))]
    return [value]


def is_input(value: Any, name: str, types: set[str]) -> bool:
    return type(value).__name__ in types or (isinstance(value, str | Path) and str(value).endswith(name))


def walk() -> dict[str, list[str]]:
    """Run the demo and return the files by input."""
    entered: dict[str, dict[str, None]] = {what: {} for what in INPUTS}
    wanted = {what: (name, types) for what, (name, types) in INPUTS.items()}

    def look(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(PACKAGE)):
            return
        file = str(Path(code.co_filename).relative_to(PACKAGE))
        values = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
        for what, (name, types) in wanted.items():
            if file not in entered[what] and any(is_input(p, name, types) for v in values for p in parts_of(v)):
                entered[what][file] = None

    with tempfile.TemporaryDirectory() as folder:
        sys.setprofile(look)
        try:
            main(["demo", "-q", "--threads", "1", "-o", str(Path(folder) / "demo")])
        finally:
            sys.setprofile(None)
    return {what: [file for file in files if not file.startswith("demo/")] for what, files in entered.items()}


if __name__ == "__main__":
    for what, files in walk().items():
        print(f"{what}: {len(files)} files: {', '.join(files)}")
