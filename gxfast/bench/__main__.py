"""Run the cases, check that results agree, print the ratios."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import (
    cohort_haplotypes,
    cohort_preparation,
    cohort_sequences,
    edited,
    encoding,
    ism,
    memory,
    model_input,
    statistics,
)
from .machine import machine_facts
from .measure import UnavailableError, short_error
from .report import markdown
from .result import Row

# One thread for everybody; the packages read these when they are first imported, NumPy with gxfast itself.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
            "POLARS_MAX_THREADS", "NUMEXPR_NUM_THREADS", "TOKIO_WORKER_THREADS")  # fmt: skip


def all_cases() -> dict[str, Callable[[str], Row]]:
    """Return every case by name, in the order in which they run."""
    found: dict[str, Callable[[str], Row]] = {}
    families = (encoding, edited, cohort_haplotypes, memory, cohort_preparation, model_input, cohort_sequences, ism,
                statistics)  # fmt: skip
    for family in families:
        found |= family.cases()
    return found


def run_case(name: str, case: Callable[[str], Row], size: str) -> Row:
    """Run one case; what goes wrong in it is told in its row."""
    try:
        return case(size)
    except UnavailableError as reason:
        return Row(name, "", None, equal=True, skipped=str(reason))
    except Exception as error:
        return Row(name, "", None, equal=False, failed={"the case": short_error(error)})


@click.command()
@click.option("-k", "filter_text", default="", metavar="TEXT", help="Only cases whose name holds TEXT.")
@click.option("--size", type=click.Choice(["tiny", "small", "real"]), default="small", show_default=True)
@click.option("--json", "json_path", metavar="F", help="Write the results as JSON.")
@click.option("--md", "md_path", metavar="F", help="Write the table as Markdown.")
@click.option("--list", "names_only", is_flag=True, help="Print the names of the cases and stop.")
def main(filter_text: str, size: str, json_path: str | None, md_path: str | None, names_only: bool) -> int:
    """Compare gxfast with installed peers and physical limits; exit code 1 if a result of gxfast is wrong.

    Real data is used where the environment variable GXFAST_DATA names its folder. GXFAST_BENCH_CACHE names a
    folder that keeps the simulated files between runs.
    """
    chosen = {name: case for name, case in all_cases().items() if filter_text in name}
    if names_only:
        click.echo("\n".join(chosen))
        return 0
    rows = []
    for name, case in chosen.items():
        click.echo(name, err=True)
        rows.append(run_case(name, case, size))
    facts = {**machine_facts(), "size": size}
    table = markdown(rows, facts)
    click.echo(table)
    content: dict[str, Any] = {"machine": facts, "cases": [row.as_json() for row in rows]}
    if json_path:
        Path(json_path).write_text(json.dumps(content, indent=1) + "\n")
    if md_path:
        Path(md_path).write_text(table + "\n")
    return 0 if all(row.equal for row in rows) else 1


def _start_again_with_one_thread() -> None:
    """Replace this process by one that has the variables from the start."""
    if all(os.environ.get(variable) == "1" for variable in _THREADS):
        return
    one = dict.fromkeys(_THREADS, "1")
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **one})


if __name__ == "__main__":
    _start_again_with_one_thread()
    sys.exit(main(standalone_mode=False))
