"""QTLtools cis (Debian: qtltools), nominal pass and permutation pass.

It takes the covariates out of the expression only, not out of the genotypes: with covariates its p values are others.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gxfast.bench.cases.commands.eqtl import NOMINAL, PERMUTATIONS, Lead, Leads, Pairs
from gxfast.bench.cases.commands.people import WINDOW, PeopleFiles
from gxfast.bench.packages import need_programs
from gxfast.bench.peers import CommandPeer

__all__ = ["peers"]


def _words(files: PeopleFiles, folder: Path, *, mode: tuple[str, ...]) -> list[str | Path]:
    extra: list[str | Path] = [] if files.covariates is None else ["--cov", files.covariates]
    return [
        "QTLtools", "cis", "--silent", "--vcf", files.vcf, "--bed", files.expression_six, *extra,
        "--window", str(WINDOW), "--seed", "9", *mode, "--out", folder / "out.txt",
    ]  # fmt: skip


def _rows(folder: Path) -> list[list[str]]:
    """Rows without the header, which some versions write."""
    rows = [line.split() for line in (folder / "out.txt").read_text().splitlines()]
    return rows[1:] if rows and rows[0][0] == "phe_id" else rows


def _read_pairs(files: PeopleFiles, folder: Path) -> Pairs:
    return {(row[0], row[7]): float(row[11]) for row in _rows(folder)}


def _read_leads(files: PeopleFiles, folder: Path) -> Leads:
    """Of the columns: phenotype, lead variant, its nominal p, and last the p by the beta distribution."""
    return {row[0]: Lead(row[7], float(row[15]), float(row[-1])) for row in _rows(folder)}


def peers() -> list[CommandPeer]:
    """Return both passes."""
    there = partial(need_programs, "apt-get install qtltools", "QTLtools")
    return [
        CommandPeer("QTLtools", NOMINAL, there, partial(_words, mode=("--nominal", "1")), _read_pairs),
        CommandPeer("QTLtools", PERMUTATIONS, there, partial(_words, mode=("--permute", "1000")), _read_leads),
    ]
