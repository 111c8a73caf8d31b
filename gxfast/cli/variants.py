"""``gxfast variants``: benchmarks of variant scores from tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from ..errors import InputError
from ..io.numbers import finite_number
from .command import command
from .config import config_option
from .kinds import FILE, NAMED_FILE, File, split_name
from .naming import as_options
from .numbers import Number, Whole
from .options import set_verbosity
from .progress import say, talk

__all__ = ["variants"]


@command()
@config_option
@click.option(
    "--labels", type=FILE, required=True, metavar="L",
    help="What is known of variants: alleles, beta, pip or causal, gene_id, tissue, tss_distance, af.",
)  # fmt: skip
@click.option(
    "--scores", type=NAMED_FILE, multiple=True, metavar="[NAME=]S",
    help="Scores, a column per model; repeatable with names. Other columns of the labels by default.",
)  # fmt: skip
@click.option(
    "--null", "nulls", type=NAMED_FILE, multiple=True, metavar="[NAME=]S",
    help="Scores of null SNVs of the model NAME, read as --scores: percentiles among them; repeatable.",
)  # fmt: skip
@click.option("--column", "columns", multiple=True, metavar="C", help="Column of scores, or a pattern; repeatable.")
@click.option("--label-format", default="auto", show_default=True, metavar="F", help="Of the labels.")
@click.option("--score-format", default="auto", show_default=True, metavar="F", help="Of the scores.")
@click.option("--fasta", type=FILE, metavar="F", help="Reference FASTA with .fai: turn alleles that are exchanged.")
@click.option(
    "--contigs", type=File("strict"), metavar="FILE|strict",
    help="Names of contigs that mean one (TSV, a row each); strict: names are what they are.",
)  # fmt: skip
@click.option("--strands", is_flag=True, help="Take labels of the other strand (--fasta). Left out by default.")
@click.option(
    "--method", "methods", multiple=True, metavar="M", help="Of fine-mapping: rows to use, of one or two; repeatable."
)
@click.option("--tissue", "tissues", multiple=True, metavar="T", help="Tissue to use; repeatable. All by default.")
@click.option("--controls", default=0, show_default=True, type=Whole(0, 1000), help="Matched per causal variant.")
@click.option("--compare", multiple=True, metavar="A,B", help="Models whose directions are compared; repeatable.")
@click.option(
    "--pip", default="0.9,0.01", show_default=True, metavar="HIGH,LOW",
    help="PIP above which a variant is causal, and below which it is not.",
)  # fmt: skip
@click.option("--pip-inclusive", is_flag=True, help="A PIP of HIGH itself is causal too (Borzoi; TraitGym: above).")
@click.option(
    "--p-limit", default=5e-8, show_default=True, type=Number(0, 1),
    help="Variants of high PIP and larger p are neither.",
)  # fmt: skip
@click.option(
    "--strata", metavar="A,B",
    help="distance, frequency, effect, pip, ancestry, consequence or a column; distance:0/1000/10000, effect:q4.",
)  # fmt: skip
@click.option(
    "--bootstraps", type=Whole(0, 100_000), help="100 within class, 1000 of chromosomes by default; 0: analytic errors."
)
@click.option("--seed", default=0, show_default=True, type=Whole(0, 2**63 - 1), help="Of bootstraps.")
@click.option("-o", "--output", type=FILE, required=True, metavar="DIR", help="Run directory to write.")
@click.option("--resume", is_flag=True, help="Write into the same run again.")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable summary on stdout.")
def variants(**options: Any) -> int:
    """Do scores of variants find the causal ones, and their direction?

    Labels are fine-mapped or classified variants; scores are those of any model, gxfast ism variants among them.
    """
    from ..workflow.variants import VariantPaths, benchmark_tables

    set_verbosity(options["verbose"], options["quiet"])
    paths = VariantPaths(
        options["labels"], tuple(split_name(one) for one in options["scores"]), options["fasta"], options["contigs"],
        options["columns"], options["label_format"], options["score_format"],
        tuple(split_name(one) for one in options["nulls"]), options["methods"], options["strands"],
    )  # fmt: skip
    summary = benchmark_tables(paths, options["output"], _chosen(options), resume=options["resume"])
    if options["as_json"]:
        click.echo(json.dumps(summary, indent=1))
    elif not options["quiet"]:
        say("\n".join(_lines(summary)))
        say(f"wrote {options['output']}")
    alleles = summary.get("alleles", {"n_refused": 0, "n_other_strand": 0})
    refused = alleles["n_refused"] + (0 if options["strands"] else alleles["n_other_strand"])
    for n, what in ((refused, "variants do not fit the FASTA: turned.tsv lists them"),
                    (summary["n_unmatched"], "causal variants have no controls: matched.tsv lists them")):  # fmt: skip
        if n:
            talk(f"gxfast: {n} {what}")
    for warning in summary["warnings"]:
        talk(f"gxfast: {as_options(warning)}")
    return 3 if refused or summary["n_unmatched"] else 0


def _chosen(options: dict[str, Any]) -> Any:
    from ..evaluation.variant_labels import LabelRules
    from ..evaluation.variant_rows import BenchmarkOptions

    thresholds = [finite_number(part) for part in options["pip"].split(",")]
    if len(thresholds) != 2 or thresholds[0] is None or thresholds[1] is None:
        raise InputError(f"--pip {options['pip'][:40]!r} is no pair of numbers", remedy="write --pip 0.9,0.01")
    rules = LabelRules(thresholds[0], thresholds[1], options["p_limit"], inclusive=options["pip_inclusive"])
    strata = [part.strip() for part in (options["strata"] or "").split(",") if part.strip()]
    if options["strata"] is not None and not strata:
        raise InputError("--strata lists nothing", remedy="name some, or leave the option out")
    return BenchmarkOptions(
        rules, options["controls"], options["tissues"], tuple(strata), tuple(map(_pair, options["compare"])),
        options["bootstraps"], options["seed"],
    )  # fmt: skip


def _pair(text: str) -> tuple[str, str]:
    one, mark, other = (part.strip() for part in text.partition(","))
    if not (mark and one and other) or one == other:
        raise InputError(f"--compare {text[:80]!r} is no pair of models", remedy="write --compare A,B")
    return one, other


def _lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the main figures as lines: per model direction and size, then causality."""
    from ..evaluation.variant_rows import TOGETHER

    lines = []
    for model, rows in summary["models"].items():
        tissues = sorted({row["tissue"] for row in rows}, key=TOGETHER.index)
        for tissue in tissues[:2]:
            parts = [_part(row) for row in rows if row["tissue"] == tissue and row["status"] == "ok"]
            where = "" if tissue == TOGETHER[0] else f" ({tissue} over tissues)"
            if parts:
                lines.append(f"{model}{where}: {'; '.join(parts)}")
        lacking: dict[str, dict[str, None]] = {}
        for row in rows:
            if row["status"] != "ok":
                lacking.setdefault(row["status"], {})[row["metric"]] = None
        lines += [f"{model}: no {', '.join(metrics)}: {why}" for why, metrics in lacking.items()]
    return lines + _counts(summary)


def _counts(summary: Mapping[str, Any]) -> list[str]:
    """Return what was done to the rows of the labels: turned, left out, there twice."""
    alleles, lines = summary.get("alleles"), []
    if alleles:
        n = sum(alleles[name] for name in ("n_matched", "n_turned", "n_other_strand", "n_refused"))
        where = ": turned.tsv lists them" if alleles["n_turned"] else ""
        lines.append(f"alleles: REF and ALT exchanged in {alleles['n_turned']} of {n} rows of the labels{where}")
    counts = {name: n for name, n in summary["counts"].items() if not (alleles and name == "exchanged")}
    return [*lines, f"rows: {', '.join(f'{name} {n}' for name, n in counts.items())}"] if counts else lines


def _part(row: Mapping[str, Any]) -> str:
    controls = f", {row['controls']} negatives" if row["controls"] else ""
    low, high = (("?" if row[side] is None else f"{row[side]:.3f}") for side in ("low", "high"))
    value = "infinite" if row["value"] is None else f"{row['value']:.3f}"
    return f"{row['metric']} {value} ({low} to {high}, n {row['n']}{controls})"
