"""Work in blocks: killed and resumed, in shards, merged: always the bytes of one undisturbed run."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from oracles.directories import block_states, fingerprint

from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.io.tables import read_table

COMMANDS = ("eqtl", "baseline", "run", "drivers", "ism saturate", "ism variants")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), n_people=40, n_genes=150)


def arguments(cohort: Any, command: str) -> list[str]:
    if command.startswith("ism"):
        scanned = ["--window", "40"] if command == "ism saturate" else ["--vcf", str(cohort.vcf)]
        return ["--fasta", str(cohort.fasta), "--genes", str(cohort.genes), "--model", str(cohort.model), *scanned]
    if command == "drivers":
        scanned = ["--expression", str(cohort.expression), "--vcf", str(cohort.vcf)]
        return ["--fasta", str(cohort.fasta), "--genes", str(cohort.genes), "--model", str(cohort.model), *scanned]
    shared = ["--vcf", str(cohort.vcf), "--expression", str(cohort.expression), "--genes", str(cohort.genes)]
    if command == "run":
        model = ["--fasta", str(cohort.fasta), "--model", str(cohort.model), "--cis-window", "50000"]
        return [*shared, *model, "--permutations", "20", "--steps", "check,predict,evaluate,baseline,eqtl"]
    signals = ["--permutations", "50", "--independent", "--susie"]
    return [*shared, "--window", "100000", *(signals if command == "eqtl" else [])]


def program(*words: str) -> list[str]:
    return [sys.executable, "-m", "gxfast", *words]


@pytest.fixture(scope="module")
def expected(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("whole")
    for command in COMMANDS:
        assert (
            main([*command.split(), "-q", *arguments(cohort, command), "-o", str(folder / command), "--threads", "1"])
            == 0
        )
    return {command: fingerprint(folder / command) for command in COMMANDS}


def kill_after(process: subprocess.Popen[bytes], journal: Path, n_blocks: int) -> None:
    """Kill it once the journal names so many blocks."""
    for _ in range(3000):
        if process.poll() is not None:
            break
        if journal.exists() and len(journal.read_bytes().splitlines()) > n_blocks:
            process.kill()
            break
        time.sleep(0.005)
    process.wait()


@pytest.mark.parametrize("command", ["eqtl", "baseline"])
def test_killed_and_resumed(
    cohort: Any, expected: dict[str, dict[str, str]], tmp_path: Path, command: str
) -> None:  # fmt: skip
    """What was finished is not done again, and the results are the same."""
    out = tmp_path / "out"
    words = program(command, "-q", *arguments(cohort, command), "-o", str(out), "--threads", "1")
    kill_after(subprocess.Popen(words), out / ".gxfast" / "journal.tsv", 3)
    before = block_states(out)
    assert before
    assert not (out / "manifest.json").exists()
    torn = out / ".gxfast" / "journal.tsv"
    torn.write_bytes(torn.read_bytes() + b"eqtl/00007.npz\tabc")
    # Until the last moment: what is superseded goes when the run is finished.
    subprocess.run([*words, "--resume"], check=True)
    after = block_states(out)
    assert {name: state for name, state in before.items() if "pairs" not in name}.items() <= after.items()
    assert fingerprint(out) == expected[command]


@pytest.mark.parametrize("command", COMMANDS)
def test_in_shards(cohort: Any, expected: dict[str, dict[str, str]], tmp_path: Path, command: str) -> None:
    """Planned in one folder, done in others, one shard killed and done again."""
    out = tmp_path / "out"
    assert main(["plan", "-q", *command.split(), *arguments(cohort, command), "--shards", "3", "-o", str(out)]) == 0
    journal = out / ".gxfast" / "shards" / "00002-of-00003.tsv"
    shard = [program("run", str(out), "-q", "--shard", f"{i}/3", "--threads", "1") for i in (1, 2, 3)]
    kill_after(subprocess.Popen(shard[1], cwd=tmp_path), journal, 1)
    before = block_states(out)
    running = [subprocess.Popen(one, cwd="/") for one in shard]
    assert [one.wait() for one in running] == [0, 0, 0]
    done = block_states(out)
    assert before.items() <= done.items()
    assert main(["status", str(out)]) == 1
    assert main(["merge", "-q", str(out), "--threads", "2"]) == 0
    kept = block_states(out)
    assert kept
    assert kept.items() <= done.items()
    assert fingerprint(out) == expected[command]
    assert main(["status", str(out)]) == 0
    assert main(["verify", "-q", str(out)]) == 0


def test_merge_names_what_is_missing(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    out = tmp_path / "out"
    assert (
        main(["plan", *arguments(cohort, "eqtl")[:-2], "--shards", "4", "-o", str(out)]) == 2
    )  # a run has no --window
    plan = ["plan", "eqtl", *arguments(cohort, "eqtl"), "--shards", "4", "-o", str(out)]
    assert main(plan) == 0
    assert main(plan) == 2
    assert "already holds a run" in capfd.readouterr().err
    assert main(["run", str(out), "-q", "--shard", "2/4"]) == 0
    assert main(["merge", str(out)]) == 2
    told = capfd.readouterr().err
    assert "blocks of a step are missing" in told
    assert "gxfast status" in told
    assert not (out / "manifest.json").exists()
    assert main(["status", str(out)]) == 1
    assert "to do: 1,3,4" in capfd.readouterr().out
    assert main(["run", str(out), "--shard", "1/3"]) == 2
    assert "the job has 4 shards" in capfd.readouterr().err
    assert main(["run", str(out), "--shard", "5/4"]) == 2
    # Without a shard, all that is left is made here.
    before = block_states(out)
    assert main(["run", str(out), "-q"]) == 0
    assert {name: state for name, state in before.items() if "pairs" not in name}.items() <= block_states(out).items()
    assert main(["run", str(out), "--shard", "1/4"]) == 2
    assert "finished" in capfd.readouterr().err


def test_what_a_report_reads_is_no_finished_run(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    """A merge that was killed while it drew left a manifest; the shards can still be made."""
    out = tmp_path / "out"
    assert main(["plan", "-q", "eqtl", *arguments(cohort, "eqtl"), "--shards", "2", "-o", str(out)]) == 0
    (out / "manifest.json").write_text('{"complete": false}')
    assert main(["status", str(out)]) == 1
    assert "to do: 1,2" in capfd.readouterr().out
    assert main(["run", str(out), "-q", "--shard", "1/2"]) == 0


def test_tasks_of_slurm(cohort: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    out = tmp_path / "out"
    assert main(["plan", "-q", "eqtl", *arguments(cohort, "eqtl"), "--shards", "2", "-o", str(out)]) == 0
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    assert main(["run", str(out), "-q"]) == 0
    assert main(["status", str(out)]) == 1
    assert "to do: 1" in capfd.readouterr().out
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    assert main(["run", str(out), "-q"]) == 2


def test_one_shard_is_made_once_at_a_time(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    import fcntl

    out = tmp_path / "out"
    assert main(["plan", "-q", "eqtl", *arguments(cohort, "eqtl"), "--shards", "2", "-o", str(out)]) == 0
    assert main(["run", str(out), "-q", "--shard", "1/2"]) == 0
    with (out / ".gxfast" / "shards" / "00001-of-00002.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert main(["run", str(out), "--shard", "1/2"]) == 2
        assert "making shard 1/2" in capfd.readouterr().err
        assert main(["run", str(out), "-q", "--shard", "2/2"]) == 0


def test_options_without_files_are_not_a_directory(capfd: Any) -> None:
    assert main(["run", "--genes", "x"]) == 2
    assert "Missing option '--fasta'" in capfd.readouterr().err
    assert main(["run", "nowhere", "--shard", "1/2"]) == 2
    assert "no job was planned in this directory" in capfd.readouterr().err


def test_a_directory_without_a_plan(tmp_path: Path, capfd: Any) -> None:
    for words in (["run", str(tmp_path), "--shard", "1/2"], ["merge", str(tmp_path)], ["status", str(tmp_path)]):
        assert main(words) == 2
        assert "no job was planned" in capfd.readouterr().err
    assert main(["plan", "eqtl", "--shards", "2", "-o", str(tmp_path / "x"), "--nonsense", "1"]) == 2


def test_pairs_are_kept_once_and_found_by_gene(cohort: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["eqtl", "-q", *arguments(cohort, "eqtl"), "-o", str(out)]
    assert main(words) == 0
    assert block_states(out)
    assert not [name for name in block_states(out) if "pairs" in name]
    whole = fingerprint(out)
    nominal = out / "eqtl" / "nominal.tsv.gz"
    text, starts = gzip.decompress(nominal.read_bytes()), (out / "eqtl" / "nominal.tsv.gz.gzi").read_bytes()
    genes = read_table(out / "eqtl" / "nominal.genes.tsv")
    numbers = struct.unpack(f"<{len(starts) // 8}Q", starts)
    of_text = dict(zip(numbers[2::2], numbers[1::2], strict=True))
    assert numbers[0] == len(of_text)
    for gene, n, offset, size in zip(*genes.values(), strict=True):
        lines = text[int(offset) : int(offset) + int(size)].decode().splitlines()
        assert len(lines) == int(n)
        assert all(line.startswith(f"{gene}\t") for line in lines)
        if lines:  # a gene begins a block
            with nominal.open("rb") as handle:
                handle.seek(of_text[int(offset)])
                with gzip.open(handle) as block:
                    assert block.readline().decode().startswith(f"{gene}\t")
    assert main([*words, "--resume"]) == 0
    assert fingerprint(out) == whole
    content = bytearray(nominal.read_bytes())
    content[len(content) // 2] ^= 1
    nominal.write_bytes(content)
    assert main([*words, "--resume"]) == 0
    assert fingerprint(out) == whole
    assert main(["verify", "-q", str(out)]) == 0


def test_cpus_of_two_kinds_are_told(cohort: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    out = tmp_path / "out"
    assert main(["plan", "-q", "eqtl", *arguments(cohort, "eqtl"), "--shards", "2", "-o", str(out)]) == 0
    for i in (1, 2):
        assert main(["run", str(out), "-q", "--shard", f"{i}/2"]) == 0
    note = out / ".gxfast" / "shards" / "00002-of-00002.json"
    note.write_text('{"cpu": "another one"}')
    assert main(["merge", "-q", str(out)]) == 0
    assert "processors of 2 kinds" in caplog.text
    assert os.path.exists(out / "manifest.json")
