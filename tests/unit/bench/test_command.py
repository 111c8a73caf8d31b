"""The command: which cases run, what is kept of them, what a checkout may add."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gxfast.bench import command, registry
from gxfast.bench.cases import all_cases
from gxfast.bench.instruction_sets import instruction_sets
from gxfast.bench.machine import machine_facts
from gxfast.bench.measure import Contender, Field, UnavailableError, compare
from gxfast.bench.peers import OneHotPeer, StatisticPeer, always
from gxfast.bench.record import record_name, unused_path
from gxfast.bench.registry import Case, add_cases, add_goals, add_peers, peers_of
from gxfast.bench.result import Goal, Row

FACTS = {"cpu": "AMD EPYC", "date": "2026-11-23", "commit": "70a7fbb", "versions": {"gxfast": "0.1.0"}}


@pytest.fixture(autouse=True)
def nothing_added(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, empty in (("_cases", {}), ("_peers", []), ("_goals", {})):
        monkeypatch.setattr(registry, name, empty)


def run_only(cases: dict[str, Case], monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    monkeypatch.setattr(command, "all_cases", lambda: cases)
    return CliRunner().invoke(command.main, ["--size", "tiny", *options], standalone_mode=False)


def right(size: str) -> Row:
    return Row("right", "", 1.0, equal=True)


def wrong(size: str) -> Row:
    return Row("wrong", "", None, equal=False)


def absent(size: str) -> Row:
    raise UnavailableError("pip install it")


def interrupted(size: str) -> Row:
    raise KeyboardInterrupt


def test_list_names_the_cases() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gxfast.bench", "--list", "-k", "10500-streaming"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = done.stdout.split()
    assert "one-hot-f32-nlc-10500-streaming" in names
    assert all("10500-streaming" in name for name in names)


def test_exit_code_is_1_where_a_result_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_only({"right": right, "absent": absent}, monkeypatch).return_value == 0
    assert run_only({"right": right, "wrong": wrong}, monkeypatch).return_value == 1
    assert run_only({"right": right, "wrong": wrong}, monkeypatch, "-k", "right").return_value == 0


def test_results_are_recorded_and_none_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        run_only({"right": right, "absent": absent}, monkeypatch, "--record", str(tmp_path / "results"))
    first, second = sorted((tmp_path / "results").iterdir(), key=lambda path: len(path.name))
    assert second.name == f"{first.stem}-2.json"
    content = json.loads(first.read_text())
    assert content["complete"]
    assert content["machine"]["size"] == "tiny"
    assert first.stem == record_name(content["machine"])
    assert [(row["case"], row["skipped"]) for row in content["cases"]] == [("right", ""), ("absent", "pip install it")]


def test_an_interrupted_run_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    cases = {"right": right, "interrupted": interrupted, "never": wrong}
    done = run_only(cases, monkeypatch, "--json", str(path), "--md", str(tmp_path / "results.md"))
    assert done.return_value == command.INTERRUPTED == 130
    content = json.loads(path.read_text())
    assert (content["complete"], content["interrupted"]) == (False, "interrupted")
    assert [row["case"] for row in content["cases"]] == ["right"]
    assert "| right | gxfast itself |" in done.output
    assert "Interrupted in interrupted: 1 of 3 cases." in (tmp_path / "results.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_what_it_has(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    words = [sys.executable, "-m", "gxfast.bench", "--size", "tiny", "-k", "one-hot", "--json", str(path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    printed, told = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in told
    content = json.loads(path.read_text())
    assert not content["complete"]
    assert content["interrupted"] == told.split()[-2]
    assert content["cases"]
    assert f"{content['cases'][0]['case']} | gxfast itself" in printed


def test_lesser_instruction_sets_run_beside_gxfast(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {"one": all_cases()["one-hot-f32-nlc-10500-cached"]}
    lesser = instruction_sets()[:-1]
    shown = run_only(cases, monkeypatch, "--instruction-sets").output
    assert [name for name in lesser if f"| gxfast, {name} alone |" in shown] == lesser
    assert "alone" not in run_only(cases, monkeypatch).output


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "2026-11-23-amd-epyc-70a7fbb"),
        ({"cpu": "Intel(R) Xeon(R) Processor @ 2.10GHz"}, "2026-11-23-intel-xeon-70a7fbb"),
        ({"cpu": "", "commit": None}, "2026-11-23-unknown-v0.1.0"),
    ],
)
def test_results_are_named_by_date_processor_and_commit(change: dict[str, Any], name: str, tmp_path: Path) -> None:
    assert record_name(FACTS | change) == name
    assert unused_path(tmp_path, name).name == f"{name}.json"


def test_the_commit_is_that_of_the_checkout(tmp_path: Path) -> None:
    assert machine_facts(tmp_path)["commit"] is None
    (tmp_path / ".git").write_text("not a repository")
    assert machine_facts(tmp_path)["commit"] is None


def test_a_checkout_adds_cases_peers_and_goals() -> None:
    before = list(all_cases())
    one = OneHotPeer("one", always, lambda sequences, form, out: None)
    other = StatisticPeer("other", "bh-", lambda: sum)
    add_cases({"added": right})
    add_peers(one, other)
    add_goals({"added": [Goal("a", "other", 2)]})
    add_goals({"added": [Goal("b", "other", 3)]})
    assert list(all_cases()) == [*before, "added"]
    assert peers_of(OneHotPeer) == [one]
    assert peers_of(StatisticPeer) == [other]
    row = compare("added", Field(Contender("gxfast", list, 1)), size="tiny", goals=[Goal("own", "other", 1)])
    assert [goal.id for goal in row.goals] == ["own", "a", "b"]
