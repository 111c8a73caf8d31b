"""``check``, ``predict`` and ``run``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from .command import Command, command
from .jobs import steps_of
from .kinds import FILE, Words
from .naming import as_options
from .options import (
    common_options,
    driver_options,
    evaluate_options,
    finemapped_option,
    input_options,
    input_paths,
    policy_from,
    policy_options,
    run_options,
    set_verbosity,
    step_options,
)
from .progress import ProgressLine, say, talk
from .summary import summary_lines

__all__ = ["check", "drivers", "execute", "predict", "run"]

_OUTPUT = click.option("-o", "--output", type=FILE, required=True, metavar="DIR", help="Run directory to write.")
_RESUME = click.option("--resume", is_flag=True, help="Go on with an interrupted run in DIR.")


@command()
@input_options
@policy_options
@finemapped_option
@common_options
def check(**options: Any) -> int:
    """Look at all inputs together: naming, REF, phase, samples, ploidy, windows, models.

    Says all that is wrong, not the first of it; exit code 2 if anything would make a run fail. The TSSs of an
    expression BED suffice; predictions need strands.
    """
    from ..workflow.preflight import check_files

    set_verbosity(options["verbose"], options["quiet"])
    findings = check_files(
        input_paths(options), policy_from(options), finemapped=options["finemapped"], strands=False
    )  # fmt: skip
    failed = any(f.level == "error" for f in findings)
    if options["as_json"]:
        rows = [
            {"level": f.level, "what": f.what, "message": as_options(f.message), "remedy": as_options(f.remedy)}
            for f in findings
        ]
        click.echo(json.dumps({"ok": not failed, "findings": rows}, indent=1))
    else:
        _print_findings(findings, say)
    return 2 if failed else 0


def _print_findings(findings: Sequence[Any], say: Callable[[str], None], *, skip_ok: bool = False) -> None:
    for f in findings:
        if skip_ok and f.level == "ok":
            continue
        say(f"{f.level:<8} {f.what:<10} {as_options(f.message)}")
        if f.remedy:
            say(f"{'':<8} {'':<10} remedy: {as_options(f.remedy)}")


@command()
@input_options
@policy_options
@_OUTPUT
@_RESUME
@click.option("--explain", is_flag=True, help="Say where windows are cut into tiles, and what that saved.")
@common_options
def predict(**options: Any) -> int:
    """Predict every gene for every person; write predictions/MODEL.bed.gz and genes.tsv."""
    return execute({**options, "transform": "none", "residualise": "expression"}, steps_of("predict", options))


@command()
@input_options
@policy_options
@evaluate_options
@_OUTPUT
@_RESUME
@driver_options
@common_options
def drivers(**options: Any) -> int:
    """Find the SNVs that drive a model's differences between people, and whether eQTLs support them."""
    return execute(options, steps_of("drivers", options))


def _steps() -> tuple[str, ...]:
    from ..workflow.run import STEPS

    return STEPS


class _RunCommand(Command):
    """``run OPTIONS``; ``run DIR`` does what was planned in a directory."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the arguments of either."""
        from ..workflow.journal import STATE

        named = any(arg.startswith(("--config", "--fasta", "--vcf", "--model", "-o", "--output")) for arg in args)
        first = bool(args) and not args[0].startswith("-")
        if not named and (first or any((Path(arg) / STATE).is_dir() for arg in args)):
            from .planned import run_planned

            return run_planned.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@command(cls=_RunCommand)
@input_options
@policy_options
@evaluate_options
@step_options
@_OUTPUT
@_RESUME
@click.option(
    "--steps", type=Words(_steps, listed=True), metavar="A,B", help="Steps to do; all that the inputs allow by default."
)
@click.option(
    "--gene", "report_genes", multiple=True, metavar="ID[,ID...]", help="Genes that the report draws person by person."
)
@click.option("--predictdb", is_flag=True, help="Write effects as weights of PredictDB, too: effects/NAME.db.")
@click.option("--i-have-the-right", is_flag=True, help="... of scores whose terms of use are not open.")
@common_options
def run(**options: Any) -> int:
    """Check, predict, evaluate, baselines, eQTLs, drivers and report, into one run directory.

    gxfast run DIR [--shard i/N] does what gxfast plan has planned in DIR.
    """
    return execute(options, steps_of("run", options))


def execute(
    options: dict[str, Any],
    steps: tuple[str, ...],
    *,
    before_report: Callable[[Path], None] | None = None,
) -> int:
    """Run the steps into the run directory, print the summary; return the exit code."""
    from ..workflow.run import run_job
    from ..workflow.shard import WHOLE

    part = options.get("part", WHOLE)
    set_verbosity(options["verbose"], options["quiet"])
    started = time.monotonic()

    def tell_findings(findings: Sequence[Any]) -> None:
        if not options["quiet"]:
            _print_findings(findings, talk, skip_ok=True)

    with ProgressLine(quiet=options["quiet"]) as progress:
        result = run_job(
            input_paths(options), policy_from(options), run_options(options), options["output"], steps=steps,
            n_threads=options["threads"], resume=options["resume"], command=sys.argv[1:], progress=progress,
            tell_findings=tell_findings, before_report=before_report, part=part,
            explain=talk if options.get("explain") else None, tell_step=progress.begin,
            tell_costs=progress.expect if progress.on_terminal else None,
        )  # fmt: skip
    if not part.whole:
        return 0
    _print_summary(result, options, time.monotonic() - started)
    for line in result.failed:
        talk(f"gxfast: not predicted: {as_options(line)}")
    return 3 if result.failed else 0


def _print_summary(result: Any, options: dict[str, Any], seconds: float) -> None:
    if options["as_json"]:
        click.echo(json.dumps({**result.summary, "failed": list(result.failed)}, indent=1))
        return
    if options["quiet"]:
        return
    for line in summary_lines(result.summary):
        say(line)
    say(f"wrote {options['output']} in {seconds:.1f} s")
