"""The compiled modules are hardened: read-only relocations, stack protection, nothing exported but the entry point."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="modules of Linux are ELF files"),
    pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf (binutils)"),
]

MODULES = ["gxfast._kernels", "gxfast.io._htslib"]


def readelf(module: str, *options: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return subprocess.run(
        ["readelf", "--wide", *options, spec.origin], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("module", MODULES)
def test_relocations_are_bound_at_load_and_then_read_only(module: str) -> None:
    dynamic = readelf(module, "--dynamic")
    assert "BIND_NOW" in dynamic or "NOW" in dynamic.partition("(FLAGS_1)")[2].partition("\n")[0]
    assert "GNU_RELRO" in readelf(module, "--program-headers")


@pytest.mark.parametrize("module", MODULES)
def test_the_stack_is_protected_and_not_executable(module: str) -> None:
    assert "__stack_chk_fail" in readelf(module, "--dyn-syms")
    stack = next(line for line in readelf(module, "--program-headers").splitlines() if "GNU_STACK" in line)
    assert " RWE " not in stack
    assert " RW " in stack


@pytest.mark.parametrize("module", MODULES)
def test_no_relocation_in_code(module: str) -> None:
    assert "TEXTREL" not in readelf(module, "--dynamic")


@pytest.mark.parametrize("module", MODULES)
def test_only_the_entry_point_is_exported(module: str) -> None:
    exported = []
    for line in readelf(module, "--dyn-syms").splitlines():
        fields = line.split()  # Num: Value Size Type Bind Vis Ndx Name
        if len(fields) >= 8 and fields[4] in {"GLOBAL", "WEAK"} and fields[6] != "UND":
            exported.append(fields[7].partition("@")[0])
    assert exported == [f"PyInit_{module.rpartition('.')[2]}"]
