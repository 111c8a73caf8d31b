"""``plan``, ``status``, ``merge``, and ``run DIR``: a job in shards, on any machines that see one directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from ..io.numbers import finite_number
from .command import command
from .config import HERE, absolute
from .jobs import PLANNED, do_part, make_shard, perform, planned_command, steps_of
from .kinds import FILE
from .numbers import Whole
from .options import input_paths, policy_from, run_options, set_verbosity
from .progress import ProgressLine, say

__all__ = ["merge", "plan", "run_planned", "status"]


@command(context_settings={"ignore_unknown_options": True})
@click.option("--shards", type=Whole(1, 100_000), help="Into how many parts the work is cut.")
@click.option("-o", "--output", type=FILE, metavar="DIR", help="Run directory to make.")
@click.option("--dry-run", is_flag=True, help="Say what it costs, from a few genes, and write nothing.")
@click.option("--people", type=Whole(2), metavar="N", help="With --dry-run: for so many people, too, extrapolated.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND] OPTIONS...")
def plan(
    shards: int | None, output: str | None, dry_run: bool, people: int | None, arguments: tuple[str, ...]
) -> int:  # fmt: skip
    """Plan a job that is done in shards: COMMAND (run by default, predict, drivers, eqtl, baseline,
    ism saturate, ism variants) and its options.

    Then: gxfast run DIR --shard i/N for every i, anywhere, in any order; gxfast merge DIR.
    """
    from ..workflow.planned import PlannedJob, write_job
    from ..workflow.shard import Part

    name, rest = _named(arguments)
    command = planned_command(name)
    if dry_run:
        options = command.make_context(name, [*rest, "-o", output or "none"]).params
        if "dry_run" in options:  # of a scan, which tells its own costs
            return int(command.callback(**{**options, "dry_run": True})) if command.callback else 0
        return _tell_costs(name, options, people)
    if shards is None or output is None:
        missing = "-o" if output is None else "--shards"
        raise click.UsageError(f"Missing option '{missing}'.")
    if people is not None:
        raise InputError("--people without --dry-run", remedy="a plan is for the people of the VCF")
    context = command.make_context(name, [*rest, "-o", output])
    if context.params.get("database"):
        raise InputError("--apply has no shards", remedy="run gxfast baseline --apply as it is")
    if context.params.get("shard"):
        raise InputError("--shard belongs to the parts", remedy=f"gxfast run {output} --shard i/{shards}")
    named = {param.name: param for param in command.params}
    kept = {key: absolute(named[key], value) for key, value in context.params.items() if key not in HERE}
    code = perform(command, {**context.params, **kept}, Part(planning=True))
    write_job(Path(output), PlannedJob(name, kept, shards))
    if not context.params["quiet"]:
        say(f"planned {name} in {shards} shards: gxfast run {output} --shard i/{shards} for i from 1 to {shards}")
    return code


def _named(arguments: tuple[str, ...]) -> tuple[str, list[str]]:
    """The command that is planned, of one word or two, and its options."""
    i = next((i for i, one in enumerate(arguments) if not one.startswith("-")), len(arguments))
    for n in (2, 1):
        if (name := " ".join(arguments[i : i + n])) in PLANNED:
            return name, [*arguments[:i], *arguments[i + n :]]
    if arguments and not arguments[0].startswith("-"):
        planned_command(arguments[0])  # says that it is none
    return "run", list(arguments)


def _tell_costs(name: str, options: dict[str, Any], people: int | None) -> int:
    """Print what a job costs, for its people and for another number of them."""
    from ..workflow.forecast import forecast_lines, summed

    set_verbosity(options["verbose"], options["quiet"])
    costs = _costs(name, options)
    found = {"costs": [cost(None) for cost in costs]}
    if people:
        found["extrapolated"] = [cost(people) for cost in costs]
    if options["as_json"]:
        click.echo(json.dumps({what: summed(one) for what, one in found.items()}, indent=1))
        return 0
    for what, one in found.items():
        if what == "extrapolated":
            say(f"for {people} people, extrapolated from those at hand:")
        say("\n".join(forecast_lines(one)))
    say("tables, figures and the report are not counted; nothing was written")
    return 0


def _costs(name: str, options: dict[str, Any]) -> list[Any]:
    """Open the inputs of a command and measure what its steps cost."""
    from ..workflow.cohort import linear_cohort
    from ..workflow.forecast import baseline_cost, eqtl_cost, run_costs
    from ..workflow.inputs import open_inputs, open_people
    from .baseline import training_options
    from .eqtl import mapping_options

    paths = input_paths({"fasta": "", **options})
    if name in ("eqtl", "baseline"):
        if not options["expression"]:
            raise InputError("nothing to train on", remedy="give --expression")
        cohort = linear_cohort(open_people(paths, strands=False), options["transform"])
        if name == "eqtl":
            return [eqtl_cost(cohort, mapping_options(options), paths.max_mem)]
        return [baseline_cost(cohort, training_options(options), paths.max_mem)]
    inputs = open_inputs(paths, policy_from(options))
    chosen = run_options({"transform": "none", "residualise": "expression", **options})
    linear = None if inputs.expression is None else linear_cohort(inputs, chosen.evaluation.transform)
    return run_costs(inputs, chosen, steps_of(name, options), linear, tiles=paths.tiles)


@command()
@click.argument("directory", type=FILE, metavar="DIR")
@click.option("--shard", metavar="i/N", help="Make this part; by default that of SLURM_ARRAY_TASK_ID, or all of it.")
@click.option("--threads", default=0, show_default="all", type=Whole(0), help="Threads.")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable summary on stdout.")
@click.option("--resume", is_flag=True, help="As without: what is finished is never done again.")
@click.option("--dask", metavar="ADDRESS", help="All of it on this Dask cluster: its scheduler's address; or local:N.")
@click.option("--resources", multiple=True, metavar="NAME=N", help="With --dask, what a task needs, as GPU=1.")
def run_planned(
    directory: str, shard: str | None, dask: str | None, resources: tuple[str, ...], **options: Any
) -> int:  # fmt: skip
    """Do a part of a job that gxfast plan has planned in DIR, or all that is left of it."""
    from ..workflow.planned import read_job
    from ..workflow.shard import WHOLE, parse_shard

    job = read_job(Path(directory))
    if dask:
        if shard:
            raise InputError("--shard and --dask are both given", remedy="--dask makes all shards")
        return _on_cluster(directory, dask, resources, options)
    if resources:
        raise InputError("--resources without --dask", remedy="name the cluster with --dask ADDRESS")
    text = shard or _of_slurm(job.shards)
    if text is None:
        return do_part(directory, options, WHOLE)
    mine = parse_shard(text)
    if mine.total != job.shards:
        raise InputError(
            f"--shard {text}: the job has {job.shards} shards", path=directory, remedy=f"write i/{job.shards}"
        )
    code = make_shard(directory, mine, options)
    if not options["quiet"]:
        click.echo(f"shard {mine} is done", err=True)
    return code


def _on_cluster(directory: str, address: str, resources: tuple[str, ...], options: dict[str, Any]) -> int:
    from ..workflow.shard import Part
    from .on_dask import connected, on_dask

    needed = dict(_amount(text) for text in resources)
    with connected(address) as client, ProgressLine(quiet=options["quiet"], unit="shards") as progress:
        on_dask(directory, client, threads=options["threads"] or 1, resources=needed, progress=progress)
    return do_part(directory, options, Part(merging=True))


def _amount(text: str) -> tuple[str, float]:
    name, _, amount = text.partition("=")
    number = finite_number(amount)
    if not name or number is None or number <= 0:
        raise InputError(f"--resources {text[:40]!r} is no amount", remedy="write NAME=N, as GPU=1")
    return name, number


@command()
@click.argument("directory", type=FILE, metavar="DIR")
@click.option("--threads", default=0, show_default="all", type=Whole(0), help="Threads.")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable summary on stdout.")
def merge(directory: str, **options: Any) -> int:
    """Put the shards of a planned job together: the files are those of the job done at once.

    Refused while a block is missing; parts of ``gxfast ism`` are merged by ``gxfast ism merge``.
    """
    from ..workflow.shard import Part

    return do_part(directory, options, Part(merging=True))


@command()
@click.argument("directory", type=FILE, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="On stdout, by shard.")
def status(directory: str, as_json: bool) -> int:
    """Say how far the shards of a planned job are; exit code 0 if it is finished, 1 if something is left."""
    from ..workflow.planned import read_job, shard_states
    from ..workflow.rundir import is_finished

    path = Path(directory)
    job = read_job(path)
    finished = is_finished(path)
    states = [] if finished else shard_states(path, job.shards)
    if as_json:
        rows = [{"shard": str(one.shard), "state": one.state, "blocks": one.n_blocks} for one in states]
        click.echo(json.dumps({"command": job.command, "finished": finished, "shards": rows}, indent=1))
    elif finished:
        click.echo(f"{job.command}: finished")
    else:
        for one in states:
            click.echo(f"shard {one.shard}\t{one.state}\t{one.n_blocks} blocks")
        left = [str(one.shard.index) for one in states if one.state != "done"]
        click.echo(f"to do: {','.join(left)}" if left else f"all shards are done: gxfast merge {directory}")
    return 0 if finished else 1


def _of_slurm(n_shards: int) -> str | None:
    """The shard of a SLURM array task: its tasks are numbered from 1 to N."""
    task = os.environ.get("SLURM_ARRAY_TASK_ID")
    if not task:
        return None
    return f"{task}/{n_shards}"
