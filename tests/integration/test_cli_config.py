"""A file of options: what it may say, what the command line adds, and the file that a run leaves to be done again."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from oracles.directories import fingerprint

from gxfast.cli.main import main
from gxfast.errors import InputError
from gxfast.workflow import rundir


@pytest.fixture
def written(world: dict[str, Path], tmp_path: Path) -> Path:
    """A file beside the inputs, with names that are relative to it."""
    path = world["fasta"].parent / "run.toml"
    lines = [
        "# a comment", f'fasta = "{world["fasta"].name}"', f'vcf = ["{world["vcf"].name}"]',
        f'genes = "{world["genes"].name}"', f'expression = "{world["expression"].name}"',
        f'model = ["{world["model"].name}"]', "permutations = 20", "min-maf = 0.05", "tiles = false",
        'steps = "check,predict,evaluate,eqtl"', "seed = 3",
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


def changed(path: Path, line: str) -> Path:
    path.write_text(path.read_text() + line + "\n")
    return path


def test_a_run_from_a_file_and_once_more_from_the_one_it_wrote(
    written: Path, world: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert main(["run", "-q", "--config", str(written), "-o", str(tmp_path / "one")]) in (0, 3)
    kept = tomllib.loads((tmp_path / "one" / "config.toml").read_text())
    assert kept["fasta"] == str(world["fasta"])
    assert (kept["permutations"], kept["min-maf"], kept["tiles"], kept["seed"]) == (20, 0.05, False, 3)
    assert {"output", "threads", "resume", "quiet", "json", "config"}.isdisjoint(kept)
    again = ["run", "-q", "--config", str(tmp_path / "one" / "config.toml"), "-o", str(tmp_path / "two")]
    assert main([*again, "--threads", "1"]) in (0, 3)
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two")
    assert "genes.tsv" in fingerprint(tmp_path / "one")
    assert (tmp_path / "one" / "config.toml").read_bytes() == (tmp_path / "two" / "config.toml").read_bytes()
    assert main(["verify", "-q", str(tmp_path / "one")]) == 0
    # The same from the command line; and what it says wins over the file.
    options = ["--steps", "check,predict", "--seed", "3"]
    assert main(["run", "-q", "--config", str(written), *options, "-o", str(tmp_path / "three")]) in (0, 3)
    assert not (tmp_path / "three" / "eqtl").exists()
    assert tomllib.loads((tmp_path / "three" / "config.toml").read_text())["steps"] == "check,predict"


def test_what_looks_finished_has_its_configuration(
    world: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    line = ["eqtl", "-q", "--vcf", str(world["vcf"]), "--expression", str(world["expression"]), "-o", str(out)]
    write = rundir.atomic_write

    def stopped(path: Path, content: bytes) -> None:
        if path.name == "manifest.json":
            raise InputError("stopped", path=path)
        write(path, content)

    monkeypatch.setattr(rundir, "atomic_write", stopped)
    assert main(line) == 2
    assert (out / "config.toml").exists()
    assert not rundir.is_finished(out)
    monkeypatch.undo()
    assert main([*line, "--resume"]) == 0
    assert main(["verify", "-q", str(out)]) == 0


@pytest.mark.parametrize("command", ["evaluate", "eqtl", "baseline", "ism variants", "ism saturate", "predict"])
def test_other_commands_are_repeated(command: str, world: dict[str, Path], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    files = {key: str(world[key]) for key in ("fasta", "vcf", "genes", "expression", "model")}
    table = tmp_path / "theirs.tsv"
    linear = ["--vcf", files["vcf"], "--expression", files["expression"]]
    model = ["--fasta", files["fasta"], "--genes", files["genes"], "--model", files["model"]]
    options = {
        "evaluate": [str(table), "--expression", files["expression"], "--name", "theirs"],
        "eqtl": [*linear, "--permutations", "20"],
        "baseline": [*linear, "--folds", "2", "--inner-folds", "2", "--stop-after", "none"],
        "ism variants": [*model, "--vcf", files["vcf"], "--indels", "skip"],
        "ism saturate": [*model, "--window", "3", "--format", "tsv"],
        "predict": [*model, "--vcf", files["vcf"]],
    }[command]
    if command == "evaluate":
        _table_of_expression(world["expression"], table)
    assert main([*command.split(), "-q", *options, "-o", str(one)]) in (0, 3)
    assert main([*command.split(), "-q", "--config", str(one / "config.toml"), "-o", str(two)]) in (0, 3)
    assert fingerprint(one) == fingerprint(two)
    assert len(fingerprint(one)) > 1
    assert (one / "config.toml").read_bytes() == (two / "config.toml").read_bytes()


def _table_of_expression(bed: Path, table: Path) -> None:
    """Predictions that are the expression itself, as a table of genes and people."""
    from gxfast.io.tables import read_expression

    found = read_expression(bed)
    lines = ["\t".join(["gene_id", *found.samples])]
    lines += [
        "\t".join([gene, *(f"{value:.6g}" for value in row)])
        for gene, row in zip(found.gene_id, found.values, strict=True)
    ]
    table.write_text("\n".join(lines) + "\n")


def test_shards_leave_the_same_file(written: Path, tmp_path: Path) -> None:
    whole, planned = tmp_path / "whole", tmp_path / "planned"
    assert main(["run", "-q", "--config", str(written), "-o", str(whole)]) in (0, 3)
    assert main(["plan", "--shards", "2", "-o", str(planned), "run", "-q", "--config", str(written)]) in (0, 3)
    for i in (1, 2):
        assert main(["run", str(planned), "--shard", f"{i}/2", "-q"]) == 0
    assert main(["merge", str(planned), "-q"]) in (0, 3)
    assert fingerprint(whole) == fingerprint(planned)
    assert (whole / "config.toml").read_bytes() == (planned / "config.toml").read_bytes()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("permutatons = 5", ["run.toml", "permutatons", "unknown key; did you mean 'permutations'?"]),
        ("zzz = 5", ["zzz: unknown key; there are batch-size, card, cis-window"]),
        ("permutations = 5", ["run.toml", "this is no TOML"]),  # it is there twice
        ("threads = 1.5", ["run.toml: threads: '1.5' is not a whole number", "--threads"]),
        ('n-covariates = "x"', ["run.toml: n-covariates: 'x' is not a whole number"]),
        ('max-mem = "x"', ["run.toml: max-mem: --max-mem: not a size: 'x'"]),
        ('regions = ","', ["run.toml: regions: --regions lists nothing"]),
        ("threads = true", ["threads", "true is not a text or a number"]),
        ("resume = 1", ["resume", "1 is not true or false"]),
        ("verbose = true", ["verbose", "true is not a number"]),
        ('unphased = "as_phase"', ["run.toml: unphased: 'as_phase' is not", "--unphased", "did you mean 'as_phased'?"]),
        ("covariates = ['a', 'b']", ["covariates", "is not a text or a number"]),
        ("covariates = {a = 1}", ["covariates", "is not a text or a number"]),
        ("card = [1979-05-27]", ["card", "is not a text or a number or a list of them"]),
        ("motif-reach = nan", ["--motif-reach", "'nan' is not a whole number"]),
        ("= 5", ["this is no TOML"]),
    ],
)
def test_what_a_file_may_not_say(line: str, words: list[str], written: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["run", "--config", str(changed(written, line)), "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert all(word in error for word in words), error
    assert not (tmp_path / "out").exists()


def test_the_command_line_has_no_file(written: Path, tmp_path: Path, capsys: Any) -> None:
    line = ["run", "--config", str(written), "-o", str(tmp_path / "out")]
    assert main([*line, "--max-mem", "x"]) == 2
    assert "error: --max-mem: not a size" in capsys.readouterr().err
    assert main([*line, "--threads", "x"]) == 2
    assert "Invalid value for '--threads'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["eqtl", "ism saturate", "baseline"])
def test_a_file_of_another_command(command: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# gxfast run --config THIS_FILE -o NEW_FOLDER\n\nzzz = "g.fa"\n')
    assert main([*command.split(), "--config", str(path), "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert f"{path}: this file is of gxfast run, not of gxfast {command}\n" in error
    assert f"remedy: gxfast run --config {path} -o NEW_FOLDER" in error
    assert main(["run", "--config", str(path), "-o", str(tmp_path / "out")]) == 2
    assert "zzz: unknown key" in capsys.readouterr().err


def test_a_demo_is_repeated_as_a_run(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(["demo", "-q", "--people", "20", "--genes", "9", "-o", str(one)]) in (0, 1)
    assert main(["run", "-q", "--config", str(one / "config.toml"), "-o", str(two)]) == 0
    assert main(["verify", "-q", str(one)]) == 0
    of_demo = {name: value for name, value in fingerprint(one).items() if not name.startswith("cohort")}
    of_run = fingerprint(two)
    differ = {name for name in of_demo.keys() | of_run.keys() if of_demo.get(name) != of_run.get(name)}
    assert {"genes.tsv", "drivers.tsv", "eqtl/permutation.tsv"} <= of_run.keys() - differ
    # The demo adds what was planted.
    differ = {name for name in differ if not name.startswith("figures/demo-promoter.certificate")}
    assert differ == {"manifest.json", "report.html", "demo_truth.tsv"}


def test_a_file_that_is_not_there_or_no_text(written: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["run", "--config", str(written.with_name("rum.toml")), "-o", str(tmp_path / "out")]) == 2
    assert "did you mean 'run.toml'?" in capsys.readouterr().err
    written.write_bytes(b"fasta = '\xff'\n")
    assert main(["run", "--config", str(written), "-o", str(tmp_path / "out")]) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_names_that_need_quoting_come_back(world: dict[str, Path], tmp_path: Path) -> None:
    odd = world["fasta"].parent / 'a "b" \\ #c é\U0001f9ec.onnx'
    os.rename(world["model"], odd)
    words = [
        "--fasta", str(world["fasta"]), "--vcf", str(world["vcf"]), "--genes", str(world["genes"]), "--model", str(odd),
    ]  # fmt: skip
    assert main(["predict", "-q", *words, "-o", str(tmp_path / "one")]) in (0, 3)
    assert tomllib.loads((tmp_path / "one" / "config.toml").read_text())["model"] == [str(odd)]


def test_a_dry_run_writes_no_file(world: dict[str, Path], tmp_path: Path, capsys: Any) -> None:
    words = ["--fasta", str(world["fasta"]), "--genes", str(world["genes"]), "--model", str(world["model"])]
    assert main(["ism", "saturate", *words, "--window", "2", "--dry-run", "-o", str(tmp_path / "one")]) == 0
    assert not (tmp_path / "one").exists()
