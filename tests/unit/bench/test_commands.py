"""Whole commands in children: what they take is theirs alone; who gives other results is named and gets no ratio."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gxfast.bench import command, registry
from gxfast.bench.cases import all_cases, command_cases
from gxfast.bench.cases.commands import eqtl, haplotypes
from gxfast.bench.cases.commands.baseline import differing_predictions
from gxfast.bench.cases.commands.haplotypes import JOB, RegionFiles, drawn_letters, read_fasta
from gxfast.bench.commands import Command, CommandError, contender, field_of, run_command
from gxfast.bench.data import open_cohort
from gxfast.bench.measure import UnavailableError
from gxfast.bench.peers import CommandPeer, always
from gxfast.bench.registry import add_peers
from gxfast.bench.report import markdown

FACTS = {"cpu": "c", "cores": 1, "date": "d", "load": 0.0, "size": "tiny"}


@pytest.fixture(autouse=True)
def nothing_added(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, empty in (("_cases", {}), ("_peers", []), ("_goals", {})):
        monkeypatch.setattr(registry, name, empty)


def python(name: str, code: str) -> Command:
    return Command(name, lambda folder: [sys.executable, "-c", code], lambda folder: None)


def taken(tmp_path: Path, code: str) -> Any:
    folder = tmp_path / "run"
    folder.mkdir()
    return run_command(python("one", code), folder)


def test_memory_is_that_of_the_child_not_of_its_parent(tmp_path: Path) -> None:
    held = np.ones(40_000_000)  # 320 MB here
    ran = taken(tmp_path, "pass")
    assert ran.memory < 60 * 2**20
    assert held.size


def test_memory_and_seconds_of_grandchildren_count(tmp_path: Path) -> None:
    work = "import time; x = bytearray(200 << 20); n = time.process_time() + 0.5\nwhile time.process_time() < n: pass"
    ran = taken(tmp_path, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}], check=True)")
    assert ran.memory > 200 * 2**20
    assert 0.5 < ran.seconds < 10


def test_children_have_one_thread_and_no_variables_of_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    taken(tmp_path, "import os; print(os.environ['OMP_NUM_THREADS'], os.environ.get('PYTHONPATH'))")
    assert (tmp_path / "run" / "stdout.txt").read_text() == "1 None\n"


@pytest.mark.parametrize(
    ("code", "told"),
    [("raise SystemExit('no such file')", "1: no such file"), ("import os; os.kill(os.getpid(), 9)", "-9")],
)
def test_a_command_that_fails_says_why(tmp_path: Path, code: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        taken(tmp_path, code)


def test_a_program_that_is_not_there_fails(tmp_path: Path) -> None:
    tmp_path.joinpath("run").mkdir()
    with pytest.raises(CommandError, match="127"):
        run_command(Command("one", lambda folder: ["no-such-program"], lambda folder: None), tmp_path / "run")


# gxfast's own script, whose output is altered on the way.
ALTERED = """
import sys
from gxfast.bench.scripts.personal_fasta import main
main(*sys.argv[1:])
path = sys.argv[-1]
text = open(path).read()
at = len(text) // 2
other = "ACGT"["ACGT".index(text[at]) - 1] if text[at] in "ACGT" else "A"
open(path, "w").write({text})
"""


def fake(name: str, text: str) -> CommandPeer:
    def words(files: RegionFiles, folder: Path) -> list[str | Path]:
        root = str(Path(command.__file__).parents[2])
        code = f"import sys; sys.path.insert(0, {root!r})" + ALTERED.replace("{text}", text)
        return [sys.executable, "-c", code, files.fasta, files.vcf, files.regions, files.people, folder / "out.fa"]

    return CommandPeer(name, JOB, lambda: None, words, lambda files, folder: read_fasta(folder / "out.fa"))


def absent() -> None:
    raise UnavailableError("install it so")


def run_commands(*options: str) -> Any:
    return CliRunner().invoke(command.main, ["--commands", "--size", "tiny", *options], standalone_mode=False)


def test_a_wrong_contender_gets_no_ratio_and_an_absent_one_its_remedy(tmp_path: Path) -> None:
    one = fake("right", "text")
    add_peers(one, fake("one letter", "text[:at] + other + text[at + 1:]"), fake("half", "text[:at]"))
    add_peers(CommandPeer("not here", JOB, absent, one.words, one.read))
    add_peers(CommandPeer("other job", "eqtl-nominal", absent, one.words, one.read))
    broken = CommandPeer("broken", JOB, lambda: None, lambda files, folder: ["false"], one.read)
    add_peers(broken)
    path = tmp_path / "results.json"
    done = run_commands("-k", "haplotypes", "--json", str(path))
    assert done.return_value == 0
    (row,) = json.loads(path.read_text())["cases"]
    assert set(row["peers"]) == {"right"}
    assert row["differ"]["one letter"].startswith("1 of 24 sequences differ, the first gene")
    assert set(row["differ"]) == {"one letter", "half"}
    assert row["failed"] == {"broken": "CommandError: exit code 1:"}
    assert row["absent"] == {"not here": "install it so"}
    assert set(row["used"]) == {"gxfast", "right"}
    assert 10 < row["used"]["gxfast"]["mebibytes"] < 1000
    assert row["used"]["gxfast"]["seconds"] > 0.01
    assert "| haplotypes | one letter | | 1 of 24 sequences differ" in done.output
    assert "- not here: install it so" in done.output
    assert "peak memory, MiB" in done.output


def test_without_a_right_result_of_gxfast_there_is_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    add_peers(fake("right", "text"))
    drawn = haplotypes.drawn_letters
    monkeypatch.setattr(haplotypes, "drawn_letters", lambda *where: drawn(*where)[::-1])
    row = command.run_case("haplotypes", command_cases()["haplotypes"], "tiny")
    assert not row.equal
    assert not row.peers
    assert not row.used
    assert "gxfast" in row.differ
    assert run_commands("-k", "haplotypes").return_value == 1
    assert "no right result" in markdown([row], FACTS)


def test_letters_of_the_draw_are_those_of_the_fixed_window() -> None:
    cohort = open_cohort("snv", "tiny")
    start, end = cohort.window(1, 5000)
    for haplotype in range(4):
        assert drawn_letters(cohort, haplotype, start, end) == cohort.expected(haplotype, start, end)


PAIRS = {("g", f"v{i}"): 10.0**-i for i in range(1, 2001)} | {("h", "v0"): 0.5}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({("g", "v3"): 1.01e-3}, ""),
        ({("g", "v3"): 1.1e-3}, "1 of 2001 nominal p differ, the most g v3"),
        ({(f"x{i}", "v"): 0.5 for i in range(9)}, "2010 pairs, gxfast 2001, 2001 in both"),
    ],
)
def test_pairs_that_differ_are_named(change: dict[tuple[str, str], float], told: str) -> None:
    found = eqtl.differing_pairs(PAIRS, PAIRS | change)
    assert found.startswith(told)
    assert bool(found) is bool(told)


def test_leads_that_differ_are_named() -> None:
    own = {f"g{i}": eqtl.Lead("v", 10.0**-i, 10.0**-i) for i in range(1, 9)}
    assert eqtl.differing_leads(own, own) == ""
    assert eqtl.differing_leads(own, own | {"g2": eqtl.Lead("w", 1e-2, 1e-2)}) == ""  # as good a variant
    assert eqtl.differing_leads(own, own | {"g2": eqtl.Lead("w", 2e-2, 1e-2)}).startswith("g2: lead w, p 0.02")
    turned = {gene: lead._replace(beta=1 - lead.beta) for gene, lead in own.items()}
    assert eqtl.differing_leads(own, turned) == "beta p correlate -1.000 by rank"


def test_predictions_that_differ_are_named() -> None:
    own = {"g": np.sin(np.arange(100.0)), "h": np.cos(np.arange(100.0))}
    assert differing_predictions(own, {gene: 1.02 * values for gene, values in own.items()}) == ""
    assert "spread is 1.50" in differing_predictions(own, {gene: 1.5 * values for gene, values in own.items()})
    assert "correlate" in differing_predictions(own, {"g": own["h"], "h": own["g"]})
    assert differing_predictions(own, {"g": own["g"]}) == "1 genes, gxfast 2"


def test_cases_of_commands_are_apart_from_those_of_calls() -> None:
    assert not set(command_cases()) & set(all_cases())
    assert run_commands("--list").output.split() == list(command_cases())


def test_eqtls_are_right_and_their_files_those_of_the_draw(tmp_path: Path) -> None:
    done = run_commands("-k", "eqtl-nominal", "--json", str(tmp_path / "r.json"))
    assert done.return_value == 0, done.output
    rows = json.loads((tmp_path / "r.json").read_text())["cases"]
    assert [row["case"] for row in rows] == ["eqtl-nominal", "eqtl-nominal-plain"]
    assert all(row["equal"] and not row["failed"] for row in rows)


def test_dry_runs_say_the_mutants_that_are_made() -> None:
    for name in ("dry-run-variants", "dry-run-saturate"):
        row = command.run_case(name, command_cases()[name], "tiny")
        assert row.equal, row.failed
        assert row.figures["mutants, said"] == row.figures["mutants, made"] > 0
        assert row.figures["seconds, said"] > 0


def test_a_field_has_the_scripts_and_the_peers_of_its_job() -> None:
    one = fake("peer", "text")
    add_peers(one, CommandPeer("not with these files", JOB, absent, one.words, one.read, lambda files: False))
    script = CommandPeer("script", "any", always, one.words, one.read)
    found = field_of(JOB, None, python("gxfast", "pass"), str, str, [script])
    assert [peer.name for peer in found.peers] == ["script", "peer"]
    assert not found.absent
    assert contender(python("gxfast", "pass"), lambda said: "").items == 1
