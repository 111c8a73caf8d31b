"""``gxfast evaluate``: predictions of any origin against expression."""

from __future__ import annotations

import json
from typing import Any

import click

from .command import command
from .config import config_option
from .kinds import FILE
from .options import common_options, covariate_options, evaluate_options, n_covariates, set_verbosity
from .progress import say
from .summary import across_line, certificate_lines

__all__ = ["evaluate"]


@command()
@click.argument("predictions", type=FILE, metavar="PREDICTIONS")
@config_option
@click.option("--expression", type=FILE, required=True, metavar="E", help="Expression BED or table.")
@covariate_options
@click.option("--genes", type=FILE, metavar="G", help="TSS of the genes, for the table; optional.")
@click.option("--name", default="predictions", show_default=True, help="Name of the model in the table.")
@evaluate_options
@click.option("-o", "--output", type=FILE, required=True, metavar="DIR", help="Run directory to write.")
@click.option("--resume", is_flag=True, help="Write into the same run again.")
@common_options
def evaluate(predictions: str, **options: Any) -> int:
    """Correlate PREDICTIONS (a phenotype BED or a table of genes and people) with expression."""
    from .._threads import resolve_threads
    from ..workflow.options import EvaluateOptions
    from ..workflow.steps.evaluate import evaluate_table

    set_verbosity(options["verbose"], options["quiet"])
    summary = evaluate_table(
        predictions,
        options["expression"],
        options["output"],
        covariates=options["covariates"],
        n_covariates=n_covariates(options),
        genes=options["genes"],
        name=options["name"],
        options=EvaluateOptions(options["transform"], options["residualise"]),
        n_threads=resolve_threads(options["threads"]),
        resume=options["resume"],
    )
    if options["as_json"]:
        click.echo(json.dumps(summary, indent=1))
    elif not options["quiet"]:
        across = summary["models"][options["name"]]["across_people"]
        say(f"{options['name']}: {across_line(across)}")
        for line in certificate_lines(summary):
            say(line)
        say(f"{across['n_genes']} genes: wrote {options['output']}")
    return 0
