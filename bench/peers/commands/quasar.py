"""quasar 1.1, linear model; it wants contigs that are numbers and covariates, and has no permutations.

It maps the residuals of the expression, ranked to normal values, by a score test: p values of its own, on purpose.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gxfast.bench.cases.commands.eqtl import NOMINAL, Pairs
from gxfast.bench.cases.commands.people import WINDOW, PeopleFiles
from gxfast.bench.packages import need_programs
from gxfast.bench.peers import CommandPeer

__all__ = ["peers"]


def _words(files: PeopleFiles, folder: Path) -> list[str | Path]:
    assert files.covariates_by_people is not None
    return [
        "quasar", "--plink", files.plink_numbers, "--bed", files.expression_numbers,
        "--cov", files.covariates_by_people, "--mode", "cis", "--model", "lm", "--window", str(WINDOW),
        "--out", "out",
    ]  # fmt: skip


def _read(files: PeopleFiles, folder: Path) -> Pairs:
    rows = [line.split("\t") for line in (folder / "out-quasar-cis-variant.txt").read_text().splitlines()[1:]]
    return {(gene, f"{files.chrom}_{pos}_{ref}_{alt}"): float(p) for gene, _, _, pos, alt, ref, *_, p in rows}


def peers() -> list[CommandPeer]:
    """Return the nominal pass."""
    there = partial(need_programs, "build github.com/jeffreypullin/quasar and put it on the PATH", "quasar")
    return [CommandPeer("quasar", NOMINAL, there, _words, _read, lambda files: files.covariates is not None)]
