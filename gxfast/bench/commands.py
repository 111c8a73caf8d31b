"""Whole commands against whole commands, files to files: CPU time and peak memory of children, as the kernel says.

A command is started by a small process of its own, because the kernel's maximum of a child begins with what its
parent had: nothing that was computed here is counted. The floor is that process, about 10 MiB. Of a command that
starts others (a loop of a shell), seconds are those of all that were waited for, memory is that of the largest one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from .data import temporary_folder
from .measure import Contender, Field, goals_text, short_error
from .peers import CommandPeer
from .registry import goals_of, peers_of
from .result import Goal, Row, Used

__all__ = [
    "COMMAND_ROUNDS", "ONE_THREAD", "STDOUT", "Command", "CommandError", "Ran", "compare_commands", "field_of",
    "gxfast_words", "own_environment", "run_command", "used_of",
]  # fmt: skip

# One thread for everybody; the packages read these when they are first imported.
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
     "POLARS_MAX_THREADS", "NUMEXPR_NUM_THREADS", "TOKIO_WORKER_THREADS"), "1",
)  # fmt: skip
COMMAND_ROUNDS: Final = {"tiny": 1, "small": 3, "real": 3}
STDOUT: Final = "stdout.txt"  # beside the results, in the folder of a command
_STDERR: Final = "stderr.txt"
_PACKAGE_ROOT: Final = str(Path(__file__).resolve().parents[2])
_LAUNCHER: Final = """
import os, sys, time
report, words = sys.argv[1], sys.argv[2:]
began = time.monotonic()
child = os.fork()
if not child:
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
    os._exit(127)
_, status, used = os.wait4(child, 0)
passed = time.monotonic() - began
code = os.waitstatus_to_exitcode(status)
with open(report, "w") as out:
    print(code, used.ru_utime + used.ru_stime, passed, used.ru_maxrss, file=out)
"""


class CommandError(Exception):
    """A command that ended with an error; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that writes its results into a folder.

    Attributes
    ----------
    name : str
    words : callable
        Takes the folder, returns the words.
    read : callable
        Takes the folder, returns the results in the form in which those of a row are compared.
    environment : mapping
        Variables beside those of one thread.
    """

    name: str
    words: Callable[[Path], Sequence[str | Path]]
    read: Callable[[Path], Any]
    environment: Mapping[str, str] = field(default_factory=dict)


class Ran(NamedTuple):
    """What a command took, and where its results are."""

    seconds: float
    wall: float
    memory: int
    folder: Path


def gxfast_words(*words: str | Path) -> list[str | Path]:
    """Return the command line of this gxfast, with one thread and nothing on the terminal."""
    return [sys.executable, "-m", "gxfast", *words, "--threads", "1", "-q"]


def own_environment() -> dict[str, str]:
    """Return the variables with which a child imports this package and no other one of the name."""
    return {"PYTHONPATH": _PACKAGE_ROOT}


def run_command(command: Command, folder: Path) -> Ran:
    """Run a command in a child with one thread; its working directory and its results are ``folder``.

    Raises
    ------
    CommandError
        If it does not end with 0.
    """
    report = folder.with_name(f"{folder.name}.usage")
    words = [str(word) for word in command.words(folder)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with open(folder / STDOUT, "wb") as told, open(folder / _STDERR, "wb") as complained:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(report), *words], stdin=subprocess.DEVNULL, stdout=told,
            stderr=complained, cwd=folder, env={**inherited, **ONE_THREAD, **command.environment}, check=True,
        )  # fmt: skip
    code, seconds, wall, kibibytes = report.read_text().split()
    report.unlink()
    if code != "0":
        text = (folder / _STDERR).read_text(errors="replace") or (folder / STDOUT).read_text(errors="replace")
        raise CommandError(f"exit code {code}: {' '.join(text.split())[-120:]}")
    return Ran(float(seconds), float(wall), 1024 * int(kibibytes), folder)


def _call(command: Command, scratch: Path) -> Ran:
    return run_command(command, Path(tempfile.mkdtemp(dir=scratch)))


def _checked(command: Command, check: Callable[[Any], str], ran: Ran) -> str:
    return check(command.read(ran.folder))


def contender(command: Command, check: Callable[[Any], str]) -> Contender:
    """Return the command as a contender; ``check`` takes what it wrote and returns what is wrong."""
    scratch = temporary_folder("commands")
    return Contender(command.name, partial(_call, command, scratch), 1, partial(_checked, command, check))


def field_of(
    job: str, files: Any, own: Command, own_check: Callable[[Any], str], check: Callable[[Any], str],
    scripts: Sequence[CommandPeer] = (),
) -> Field:  # fmt: skip
    """Return the contenders of one job: gxfast, plain scripts, and the peers that a checkout added.

    Parameters
    ----------
    job : str
    files : Any
        What the peers of the job get.
    own : Command
    own_check, check : callable
        Of gxfast's results, and of everybody else's.
    scripts : sequence of CommandPeer
        Peers that the package brings.
    """
    found = Field(contender(own, own_check))
    for peer in [*scripts, *(one for one in peers_of(CommandPeer) if one.job == job)]:
        found.add(peer.name, partial(_peer, peer, files, check))
    return found


def _peer(peer: CommandPeer, files: Any, check: Callable[[Any], str]) -> Contender | None:
    if not peer.serves(files):
        return None
    peer.available()
    return contender(Command(peer.name, partial(peer.words, files), partial(peer.read, files)), check)


def _first_round(contenders: Field) -> tuple[dict[str, list[Ran]], dict[str, str], dict[str, str]]:
    """Run everybody once and compare; return what the right ones took, who failed, who differs."""
    failed, differ = dict(contenders.failed), {}
    took: dict[str, list[Ran]] = {}
    for one in [contenders.own, *contenders.peers]:
        try:
            ran = one.call()
            problem = one.check(ran) if one.check else ""
        except Exception as error:
            failed[one.name] = short_error(error)
            continue
        shutil.rmtree(ran.folder, ignore_errors=True)
        if problem:
            differ[one.name] = problem
        else:
            took[one.name] = [ran]
    return took, failed, differ


def _later_rounds(contenders: Field, took: dict[str, list[Ran]], failed: dict[str, str], rounds: int) -> None:
    """Run those that were right in turn; one that fails now is told and leaves."""
    for _ in range(1, rounds):
        for one in [contenders.own, *contenders.peers]:
            if one.name not in took:
                continue
            try:
                ran = one.call()
            except Exception as error:
                failed[one.name] = short_error(error)
                del took[one.name]
                continue
            shutil.rmtree(ran.folder, ignore_errors=True)
            took[one.name].append(ran)


def used_of(runs: Sequence[Ran]) -> Used:
    """Return medians and spreads of the rounds of one command."""
    seconds = [ran.seconds for ran in runs]
    wall = float(np.median([ran.wall for ran in runs]))
    return Used(float(np.median(seconds)), (min(seconds), max(seconds)), wall, max(ran.memory for ran in runs) / 2**20)


def compare_commands(
    case: str,
    contenders: Field,
    *,
    size: str,
    goals: Sequence[Goal] = (),
    figures: Mapping[str, float] | None = None,
    note: str = "",
) -> Row:
    """Run the commands of one row in turn, results first: who gives other ones, or fails, gets no ratio.

    Without a right result of gxfast there is no ratio at all. Ratios are of CPU seconds, between medians.

    Returns
    -------
    Row
    """
    goals = (*goals, *goals_of(case))
    took, failed, differ = _first_round(contenders)
    name = contenders.own.name
    if name in took:
        _later_rounds(contenders, took, failed, COMMAND_ROUNDS[size])
    own = took.get(name, [])
    row_of: dict[str, Any] = {
        "case": case, "goal": goals_text(goals), "goals": goals, "absent": contenders.absent,
        "failed": failed, "differ": differ, "figures": dict(figures or {}), "note": note,
    }  # fmt: skip
    if not own:
        return Row(value=None, equal=False, **row_of)
    used = {one: used_of(runs) for one, runs in took.items()}
    by_round = {
        one: [theirs.seconds / ours.seconds for theirs, ours in zip(runs, own, strict=True)]
        for one, runs in took.items()
        if one != name
    }
    return Row(
        value=used[name].seconds,
        equal=True,
        peers={one: used[one].seconds / used[name].seconds for one in by_round},
        spread={one: (min(ratios), max(ratios)) for one, ratios in by_round.items()},
        used=used,
        **row_of,
    )
