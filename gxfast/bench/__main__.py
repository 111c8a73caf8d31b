"""Run the cases, check that results agree, print the ratios."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from . import cohort_sequences
from .machine import machine_facts
from .result import Row

CASES = {"cohort-sequences": cohort_sequences.run}


@click.command()
@click.option("-k", "filter_text", default="", metavar="TEXT", help="Only cases whose name holds TEXT.")
@click.option("--size", type=click.Choice(["tiny", "small", "real"]), default="small", show_default=True)
@click.option("--json", "json_path", metavar="F", help="Write the results as JSON.")
@click.option("--md", "md_path", metavar="F", help="Write the table as Markdown.")
def main(filter_text: str, size: str, json_path: str | None, md_path: str | None) -> int:
    """Compare gxfast with installed peers, interleaved in one run; exit code 1 if results differ.

    Real data is used where the environment variable GXFAST_DATA names its folder.
    """
    data = cohort_sequences.data_folder()
    rows = [case(size, data) for name, case in CASES.items() if filter_text in name]
    facts = {**machine_facts(), "size": size}
    table = markdown(rows, facts)
    click.echo(table)
    content: dict[str, Any] = {"machine": facts, "cases": [row.as_json() for row in rows]}
    if json_path:
        Path(json_path).write_text(json.dumps(content, indent=1) + "\n")
    if md_path:
        Path(md_path).write_text(table + "\n")
    return 0 if all(row.equal for row in rows) else 1


def markdown(rows: list[Row], facts: dict[str, Any]) -> str:
    """The table that is printed: a row per case and peer, ratios only where the results agree."""
    lines = [
        f"{facts['cpu']}, {facts['cores']} cores, {facts['date']}, load {facts['load']}, size {facts['size']}; "
        "CPU seconds, one thread, medians of interleaved rounds",
        "",
        "| case | peer | gxfast is faster by | spread | equal | goal |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        for name, ratio in row.peers.items():
            low, high = row.spread[name]
            shown = f"{ratio:.1f}x | {low:.1f}-{high:.1f}" if row.equal else "results differ |"
            lines.append(f"| {row.case} | {name} | {shown} | {'yes' if row.equal else 'NO'} | {row.goal} |")
        lines += [f"| {row.case} | {name} | absent: {remedy} | | | |" for name, remedy in row.absent.items()]
    return "\n".join([*lines, "", *(f"{row.case}: {row.note}" for row in rows)])


if __name__ == "__main__":
    sys.exit(main(standalone_mode=False))
