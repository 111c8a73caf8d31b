"""The command: run the cases, check that results agree, print the ratios, keep them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from .cases import all_cases, command_cases
from .commands import ONE_THREAD
from .instruction_sets import beside, instruction_sets
from .machine import machine_facts
from .measure import UnavailableError, short_error
from .record import record_name, unused_path, write_results
from .registry import Case
from .report import markdown
from .result import Row

__all__ = ["INTERRUPTED", "main", "run", "run_case"]

INTERRUPTED = 130  # the exit code of a shell's command that Ctrl-C ended


def run_case(name: str, case: Case, size: str) -> Row:
    """Run one case; what goes wrong in it is told in its row."""
    try:
        return case(size)
    except UnavailableError as reason:
        return Row(name, "", None, equal=True, skipped=str(reason))
    except Exception as error:
        return Row(name, "", None, equal=False, failed={"the case": short_error(error)})


def _run_cases(chosen: dict[str, Case], facts: dict[str, Any], targets: list[Path]) -> tuple[list[Row], str]:
    """Run in order; after each case the files hold every row so far. Also return the case that was interrupted."""
    rows: list[Row] = []
    for name, case in chosen.items():
        click.echo(name, err=True)
        interrupted = ""
        try:
            rows.append(run_case(name, case, facts["size"]))
        except KeyboardInterrupt:
            interrupted = name
        for path in targets:
            write_results(path, facts, rows, complete=len(rows) == len(chosen), interrupted=interrupted)
        if interrupted:
            return rows, interrupted
    return rows, ""


@click.command()
@click.option("-k", "filter_text", default="", metavar="TEXT", help="Only cases whose name holds TEXT.")
@click.option("--commands", is_flag=True, help="Whole commands beside other programs' commands, files to files.")
@click.option("--drop-in", is_flag=True, help="The functions that gxfast.patch replaces beside the hosts' own.")
@click.option("--size", type=click.Choice(["tiny", "small", "real"]), default="small", show_default=True)
@click.option("--record", "folder", metavar="DIR", help="Keep the results as DIR/DATE-PROCESSOR-COMMIT.json.")
@click.option("--json", "json_path", metavar="F", help="Write the results to this JSON file.")
@click.option("--md", "md_path", metavar="F", help="Write the table as Markdown.")
@click.option("--instruction-sets", "sets", is_flag=True, help="gxfast with lesser instruction sets beside itself.")
@click.option("--list", "names_only", is_flag=True, help="Print the names of the cases and stop.")
@click.pass_obj
def main(
    checkout: Path | None,
    filter_text: str,
    commands: bool,
    drop_in: bool,
    size: str,
    folder: str | None,
    json_path: str | None,
    md_path: str | None,
    sets: bool,
    names_only: bool,
) -> int:
    """Compare gxfast with physical limits and peers; exit code 1 if a result of gxfast is wrong.

    With --drop-in the exit code is also 1 if a function that gxfast.patch replaces is slower than the host's own.

    Real data is used where the environment variable GXFAST_DATA names its folder. GXFAST_BENCH_CACHE names a
    folder that keeps the simulated files between runs. Files of results are whole after every case; a run that is
    interrupted (Ctrl-C, SIGTERM) prints and keeps what it has, and ends with exit code 130.
    """
    if drop_in:
        from .drop_in import run_gate

        return run_gate(filter_text, size)
    cases = command_cases() if commands else all_cases()
    chosen = {name: case for name, case in cases.items() if filter_text in name}
    if names_only:
        click.echo("\n".join(chosen))
        return 0
    facts = {**machine_facts(checkout), "size": size}
    targets = [Path(json_path)] if json_path else []
    if folder:
        targets.append(unused_path(Path(folder), record_name(facts)))
    beside[:] = instruction_sets()[:-1] if sets else []
    rows, interrupted = _run_cases(chosen, facts, targets)
    table = markdown(rows, facts)
    if interrupted:
        table += f"\n\nInterrupted in {interrupted}: {len(rows)} of {len(chosen)} cases."
    click.echo(table)
    if md_path:
        Path(md_path).write_text(table + "\n")
    for path in targets:
        click.echo(path, err=True)
    if interrupted:
        return INTERRUPTED
    return 0 if all(row.equal for row in rows) else 1


def run(checkout: Path | None = None) -> int:
    """Run the command in a process with one thread.

    Parameters
    ----------
    checkout : Path, optional
        Root of the repository that is measured, for its commit; else that of the package, if it lies in one.

    Returns
    -------
    int
        The exit code.
    """
    _start_again_with_one_thread()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code: int = main(standalone_mode=False, obj=checkout)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return code


def _start_again_with_one_thread() -> None:
    """Replace this process by one that has the variables from the start."""
    if all(os.environ.get(variable) == one for variable, one in ONE_THREAD.items()):
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **ONE_THREAD})
