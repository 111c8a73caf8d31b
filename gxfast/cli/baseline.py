"""``gxfast baseline``: linear models trained on the same people, or weights of others applied to them."""

from __future__ import annotations

import json
from typing import Any

import click

from ..errors import InputError
from ..io.numbers import whole_number
from .command import command
from .kinds import FILE
from .naming import as_options
from .numbers import Number, Whole
from .options import common_options, input_paths, linear_options, set_verbosity
from .outputs import refuse_overwriting
from .progress import ProgressLine, say

__all__ = ["baseline", "training_options"]


def training_options(options: dict[str, Any]) -> Any:
    """Build the `TrainingOptions` from parsed options."""
    from ..workflow.options import TrainingOptions

    return TrainingOptions(
        options["window"], options["min_maf"], options["folds"], options["inner_folds"],
        _stop_after(options["stop_after"]), options["seed"], dosage=options["dosage"],
    )  # fmt: skip


@command()
@linear_options(expression_required=False)
@click.option("--folds", default=5, show_default=True, type=Whole(2), help="Outer folds.")
@click.option("--inner-folds", default=10, show_default=True, type=Whole(2), help="To choose the penalty.")
@click.option("--stop-after", default="20", show_default=True, metavar="N|none", help="Lambdas past the best one.")
@click.option(
    "--beside",
    type=FILE,
    multiple=True,
    metavar="TSV",
    help="genes.tsv of evaluated models, into one table; repeatable.",
)
@click.option("--apply", "database", type=FILE, metavar="DB", help="Apply this PredictDB file instead of training.")
@click.option(
    "--min-matched",
    default=0.0,
    show_default=True,
    type=Number(0, 1),
    help="Refuse with --apply if a smaller share of the weights is in the VCF; none is always refused.",
)
@click.option(
    "--weights-table", type=FILE, metavar="TSV", help="What became of each weight of --apply; default OUT.weights.tsv."
)
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="DIR", help="Run directory; with --apply, the table to write."
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run in DIR.")
@common_options
def baseline(**options: Any) -> int:
    """Train elastic net, lead SNP, promoter SNP and BLUP with nested cross-validation; export PredictDB."""
    set_verbosity(options["verbose"], options["quiet"])
    paths = input_paths({**options, "fasta": ""})
    summary = _apply(options, paths.samples) if options["database"] else _train(options, paths)
    if not summary:  # a part was done
        return 0
    if options["as_json"]:
        click.echo(json.dumps(summary, indent=1))
    return 3 if summary.get("n_done", 0) < summary["n_genes"] and not options["database"] else 0


def _apply(options: dict[str, Any], samples: tuple[str, ...]) -> dict[str, Any]:
    from ..workflow.steps.predictdb import predict_with, tables_beside

    refuse_overwriting(tables_beside(options["output"]), options)
    found = predict_with(
        options["database"], options["vcf"], options["output"], samples=samples, dosage=options["dosage"],
        min_matched=options["min_matched"], weights_table=options["weights_table"], contigs=options["contigs"],
    )  # fmt: skip
    if not (options["quiet"] or options["as_json"]):
        say(
            f"{found['n_predicted']} of {found['n_genes']} genes, {found['n_weights_used']} of {found['n_weights']} "
            f"weights, {found['n_people']} people: wrote {options['output']}"
        )
        for line in [*_lost(found), *map(as_options, found["notes"])]:
            say(line)
    return found


def _lost(found: dict[str, Any]) -> list[str]:
    """A line on the weights that were not used, where there are any."""
    lost = [f"{n} {status}" for status, n in found["weights"].items() if status not in found["matched_by"]]
    return [f"weights not used: {', '.join(lost)} (see {found['tables'][0]})"] if lost else []


def _train(options: dict[str, Any], paths: Any) -> dict[str, Any]:
    from .._threads import resolve_threads
    from ..workflow.shard import WHOLE
    from ..workflow.steps.baseline import train

    part = options.get("part", WHOLE)
    if not options["expression"]:
        raise InputError("nothing to train on", remedy="give --expression, or --apply DB to use weights of others")
    with ProgressLine(quiet=options["quiet"]) as progress:
        summary = train(
            paths,
            options["output"],
            training_options(options),
            transform=options["transform"],
            beside=options["beside"],
            n_threads=resolve_threads(options["threads"]),
            resume=options["resume"],
            part=part,
            progress=progress,
        )
    if not part.whole:
        return {}
    if not (options["quiet"] or options["as_json"]):
        for model, found in summary["models"].items():
            mean = "undefined" if found["mean_cv_r"] is None else f"{found['mean_cv_r']:.3f}"
            say(f"{model}: mean held-out r {mean}, {found['n_significant']} genes at FDR 5 %")
        for model, found in summary.get("beside", {}).items():
            mean = "undefined" if found["mean_r"] is None else f"{found['mean_r']:.3f}"
            say(f"{model}: mean r {mean}, {found['n_significant']} genes at FDR 5 %")
        say(f"{summary['n_done']} of {summary['n_genes']} genes: wrote {options['output']}")
    return summary


def _stop_after(text: str) -> int | None:
    if text == "none":
        return None
    number = whole_number(text, 1)
    if number is None:
        raise InputError(f"--stop-after: expected a number or none, found {text[:40]!r}", remedy="write 100, or none")
    return number
