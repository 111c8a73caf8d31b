"""What a hostile first user does: refused with file and remedy before work is done, or handled without harm."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf


def arguments(world: dict[str, Path], output: Path) -> list[str]:
    named = [part for key in ("fasta", "vcf", "genes", "expression", "model") for part in (f"--{key}", str(world[key]))]
    return ["run", "--threads", "1", "-o", str(output), *named]


def refusal(world: dict[str, Path], output: Path, capfd: pytest.CaptureFixture[str], *extra: str) -> str:
    code = main([*arguments(world, output), "-q", *extra])
    message = capfd.readouterr().err
    assert code == 2, message
    assert "remedy:" in message
    assert "Traceback" not in message
    for name in ("manifest.json", "genes.tsv", "report.html"):
        assert not (output / name).exists()
    return message


def change_record(path: Path, change: Callable[[list[str]], list[str]], *, number: int = 3) -> None:
    """Rewrite one record and the index."""
    with gzip.open(path, "rt") as handle:
        lines = handle.read().splitlines()
    at = next(i for i, line in enumerate(lines) if not line.startswith("#")) + number
    lines[at] = "\t".join(change(lines[at].split("\t")))
    write_bgzf(path, ("\n".join(lines) + "\n").encode())
    path.with_name(path.name + ".tbi").unlink(missing_ok=True)
    index_vcf(path)


@pytest.mark.parametrize("which", ["fasta", "vcf", "genes", "expression", "model"])
@pytest.mark.parametrize("what", ["missing", "folder", "empty"])
def test_file_is_not_there(world: dict[str, Path], tmp_path: Path, capfd: Any, which: str, what: str) -> None:
    world[which].unlink()
    if what == "folder":
        world[which].mkdir()
    elif what == "empty":
        world[which].touch()
    assert world[which].name in refusal(world, tmp_path / "out", capfd)


@pytest.mark.parametrize(("alt", "part"), [("", "allele '.' is no sequence"), ("same", "ALT equals REF")])
def test_alt_says_nothing(world: dict[str, Path], tmp_path: Path, capfd: Any, alt: str, part: str) -> None:
    change_record(world["vcf"], lambda f: [*f[:4], f[3].lower() if alt else "", *f[5:]])
    message = refusal(world, tmp_path / "out", capfd)
    assert world["vcf"].name in message
    assert part in message
    assert "chr1:" in message


def test_position_zero(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    change_record(world["vcf"], lambda f: [f[0], "0", *f[2:]], number=0)
    assert "chr1:0: POS must be at least 1" in refusal(world, tmp_path / "out", capfd)


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
    bad = [row if row[2] == "tss" else [*row[:2], "99999", *row[3:]] for row in rows]
    world["genes"].write_text("\n".join("\t".join(row) for row in bad) + "\n")
    assert "lies outside chr1" in refusal(world, tmp_path / "all", capfd)


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        (["--samples", ""], "--samples lists nothing"),
        (["--samples", ","], "--samples lists nothing"),
        (["--regions", ""], "--regions lists nothing"),
        (["--samples-file", "EMPTY"], "the list of samples is empty"),
        (["--samples-file", "ABSENT"], "cannot open the list of samples"),
        (["--samples", "^person01", "--samples-file", "PEOPLE"], "people are chosen twice"),
        (["--max-mem", "8X"], "not a size: '8X'"),
        (["--max-mem", "9" * 400 + "T"], "not a size: '999"),
        (["--max-mem", "٣G"], "not a size: '٣G'"),
        (["--max-mem", "0.0001"], "not a size"),
        (["--regions", "chr1:0-5"], "region 'chr1:0-5' is not valid"),
        (["--regions", "chr1:" + "9" * 5000], "is not valid"),
        (["--regions", "chr1:²"], "no gene has its TSS in"),
        (["--device", "tpu"], "found 'tpu'"),
        (["--gene", "NOPE"], "gene 'NOPE' of --gene is not among the genes"),
        (["--window", "7"], "7 was asked for"),
        (["--card", "ABSENT"], "not a readable file"),
        (["--card", "EMPTY"], "not a valid JSON model card"),
    ],
)
def test_options(world: dict[str, Path], tmp_path: Path, capfd: Any, extra: list[str], part: str) -> None:
    (tmp_path / "EMPTY").touch()
    (tmp_path / "PEOPLE").write_text("person02\nperson03\n")
    named = [str(tmp_path / text) if text in ("EMPTY", "ABSENT", "PEOPLE") else text for text in extra]
    if extra[0] == "--window":
        from onnx import load, save

        model = load(world["model"])
        del model.metadata_props[:]
        save(model, world["model"])
    assert part in refusal(world, tmp_path / "out", capfd, *named)


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


def test_paths_in_utf8_under_an_ascii_locale(world: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "ä 日本"
    world["fasta"].parent.rename(folder)
    moved = {key: folder / path.name for key, path in world.items()}
    line = quoted([*arguments(moved, tmp_path / "out"), "-q", "--steps", "check,predict"])
    done = command(line, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stderr


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
