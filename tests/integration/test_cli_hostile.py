"""What a hostile first user does: refused with file and remedy before work is done, or handled without harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main


def arguments(world: dict[str, Path], output: Path) -> list[str]:
    named = [part for key in ("fasta", "vcf", "genes", "expression", "model") for part in (f"--{key}", str(world[key]))]
    return ["run", "--threads", "1", "-o", str(output), *named]


def test_tss_past_the_contig_end(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    rows = [line.split("\t") for line in world["genes"].read_text().splitlines()]
    # More genes than `check` looks at closely, the bad one where it does not look.
    extra = [[f"X{i}", "chr1", str(9_000 + i), "+", f"x{i}"] for i in range(90)]
    extra[50][2] = "99999"
    world["genes"].write_text("\n".join("\t".join(row) for row in [*rows, *extra]) + "\n")
    code = main([*arguments(world, tmp_path / "out"), "--steps", "check,predict"])
    message = capfd.readouterr().err
    assert code == 3
    assert "gene X50: TSS 99999 lies outside chr1" in message
    assert "X50: TSS past the end of the contig" in message


def command(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env={**os.environ, **environment}, capture_output=True, text=True,
        errors="replace", check=False, timeout=60,
    )  # fmt: skip


def quoted(parts: list[str]) -> str:
    return " ".join(f"'{part}'" for part in [sys.executable, "-m", "gxfast", *parts])


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(world: dict[str, Path], tmp_path: Path, closed: str) -> None:
    out = tmp_path / "out"
    done = command(f"{quoted([*arguments(world, out), '--steps', 'check,predict'])} {closed}")
    assert done.returncode == 0, done.stderr
    assert (out / "manifest.json").exists()


def test_output_into_head(world: dict[str, Path], tmp_path: Path) -> None:
    parts = ["check", *arguments(world, tmp_path)[5:]]
    done = command(f"{quoted(parts)} | head -c 1 > /dev/null")
    assert (done.returncode, done.stderr) == (0, "")


def test_model_path_that_is_not_utf8(world: dict[str, Path], tmp_path: Path) -> None:
    odd = world["model"].with_name(os.fsdecode(b"m\xff.onnx"))
    world["model"].rename(odd)
    world["model"] = odd
    line = " ".join(f"'{part}'" for part in [sys.executable, "-m", "gxfast", *arguments(world, tmp_path / "out")])
    done = command(line)
    assert done.returncode == 2
    assert "rename the file" in done.stderr
