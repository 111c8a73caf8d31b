"""``gxfast demo``: the whole job on a simulated cohort whose truth is known."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from .command import command
from .config import config_text
from .kinds import FILE
from .numbers import Whole
from .options import common_options
from .progress import say, talk

__all__ = ["demo"]


@command()
@click.option(
    "-o", "--output", type=FILE, default="gxfast-demo", show_default=True, metavar="DIR", help="Folder to write."
)
@click.option("--seed", default=7, show_default=True, type=Whole(0, 2**63 - 1), help="Of the simulation.")
@click.option("--people", default=80, show_default=True, type=Whole(20))
@click.option("--genes", "n_genes", default=36, show_default=True, type=Whole(9))
@common_options
def demo(output: str, seed: int, people: int, n_genes: int, **options: Any) -> int:
    """Offline: simulate a cohort with planted effects, run everything on it, compare with what was planted.

    Exit code 1 if the result does not bear out the planted truth.
    """
    from ..demo import compare, simulate_cohort
    from ..workflow.run import STEPS
    from ..workflow.rundir import repeated_by
    from .run import execute, run

    folder = Path(output)
    started = time.monotonic()
    cohort = simulate_cohort(_make_folder(folder), seed=seed, n_people=people, n_genes=n_genes)
    if not options["quiet"]:
        talk(
            f"made {cohort.n_people} people, {cohort.n_genes} genes, {cohort.n_variants} variants "
            f"(seed {seed}): {cohort.n_right} genes right, {cohort.n_wrong} wrong, {cohort.n_missed} missed"
        )
    inputs = [
        "--fasta", cohort.fasta, "--vcf", cohort.vcf, "--genes", cohort.genes, "--expression", cohort.expression,
        "--model", cohort.model,
    ]  # fmt: skip
    chosen = ["--cis-window", "100000", "--permutations", "200", "--independent", "--susie", "--motif-reach", "200"]
    context = run.make_context("run", [*map(str, inputs), *chosen, "-o", str(folder)])
    arguments = {**context.params, **options}

    def compared(directory: Path) -> Any:
        return compare(
            cohort.truth, directory / "genes.tsv", drivers_tsv=directory / "drivers.tsv",
            certificate_tsv=directory / "certificate.tsv",
        )  # fmt: skip

    def write_truth(directory: Path) -> None:
        compared(directory).write_truth(directory)

    with repeated_by(config_text("run", run.params, arguments)):
        code = execute(arguments, STEPS, before_report=write_truth)
    comparison = compared(folder)
    if not options["quiet"] and not options["as_json"]:
        say(comparison.text())
        say(f"wrote {folder / 'report.html'} ({time.monotonic() - started:.1f} s in all); open it in a browser")
        click.echo(f"next: {shlex.join(map(str, [*_program(), 'run', *inputs, '-o', 'mine']))}")
    if not comparison.ok:
        talk(f"gxfast: not as planted: {'; '.join(comparison.problems)} (a small cohort may miss effects)")
    return code or (0 if comparison.ok else 1)


def _program() -> list[str]:
    """How this program is called from here: by its name only where the PATH leads to it."""
    called = Path(sys.argv[0])
    if called.name != "gxfast":
        return [sys.executable, "-m", "gxfast"]
    found = shutil.which("gxfast")
    return ["gxfast"] if found and Path(found).samefile(called) else [str(called)]


def _make_folder(folder: Path) -> Path:
    """Make the run directory with a folder for the cohort in it; never into somebody's files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("the output is not an empty folder", path=folder, remedy="choose another with -o")
    try:
        # The state folder marks it as a run directory, so that the run accepts the cohort beside it.
        (folder / ".gxfast").mkdir(parents=True)
        cohort = folder / "cohort"
        cohort.mkdir()
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", path=folder, remedy="choose another with -o") from None
    return cohort
