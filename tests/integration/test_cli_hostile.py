"""What a hostile first user does: refused with file and remedy before work is done, or handled without harm."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf


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


def test_names_that_could_be_paths_or_options(world: dict[str, Path], tmp_path: Path) -> None:
    """Genes and people may be called anything that can be seen; files are made in the run directory alone."""
    names = ["../../up", "/etc/x", "-rf", "..", ".hidden", "a b", "é" * 300, "x" * 3000, "a%2Fb", "CON", "$(touch x)"]
    header, *rows = world["genes"].read_text().splitlines()
    known = [row.split("\t")[0] for row in rows]
    renamed = dict(zip(known, names, strict=False))
    lines = ["\t".join([renamed.get(cells[0], cells[0]), *cells[1:]]) for cells in (row.split("\t") for row in rows)]
    world["genes"].write_text("\n".join([header, *lines]) + "\n")
    with gzip.open(world["expression"], "rt") as handle:
        first, *values = [line.split("\t") for line in handle.read().splitlines()]
    first = [f"-{cell}" if cell == "person01" else f"../{cell}" if cell == "person02" else cell for cell in first]
    values = [[*cells[:3], renamed.get(cells[3], cells[3]), *cells[4:]] for cells in values]
    write_bgzf(world["expression"], ("\n".join("\t".join(cells) for cells in [first, *values]) + "\n").encode())
    with gzip.open(world["vcf"], "rt") as handle:
        text = handle.read().replace("\tperson01", "\t-person01").replace("\tperson02", "\t../person02")
    write_bgzf(world["vcf"], text.encode())
    index_vcf(world["vcf"])
    before = {path for path in tmp_path.parent.rglob("*") if tmp_path not in path.parents}
    out = tmp_path / "deep" / "er" / "out"
    assert main([*arguments(world, out), "-q"]) == 0
    assert set(tmp_path.iterdir()) == {tmp_path / "deep", world["fasta"].parent}
    assert {path for path in tmp_path.parent.rglob("*") if tmp_path not in path.parents} == before
    found = [line.split("\t")[0] for line in (out / "genes.tsv").read_text().splitlines()]
    assert set(renamed.values()) <= set(found)
    (predictions,) = (out / "predictions").glob("*.bed.gz")
    assert "../person02" in gzip.decompress(predictions.read_bytes()).decode().partition("\n")[0]
