"""FastQTL (Debian: fastqtl, the GTEx build), nominal pass and permutation pass."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

from gxfast.bench.cases.commands.eqtl import NOMINAL, PERMUTATIONS, Lead, Leads, Pairs
from gxfast.bench.cases.commands.people import WINDOW, PeopleFiles
from gxfast.bench.packages import need_programs
from gxfast.bench.peers import CommandPeer

__all__ = ["peers"]


def _words(files: PeopleFiles, folder: Path, *, mode: tuple[str, ...]) -> list[str | Path]:
    extra: list[str | Path] = [] if files.covariates is None else ["--cov", files.covariates]
    region = f"{files.chrom}:1-{files.length}"
    return [
        "fastQTL", "--silent", "--vcf", files.vcf, "--bed", files.expression, *extra, "--window", str(WINDOW),
        "--region", region, "--seed", "9", *mode, "--out", folder / "out.txt.gz", "--log", folder / "log",
    ]  # fmt: skip


def _rows(folder: Path) -> list[list[str]]:
    content = (folder / "out.txt.gz").read_bytes()
    text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    return [line.split() for line in text.splitlines()]


def _read_pairs(files: PeopleFiles, folder: Path) -> Pairs:
    return {(gene, variant): float(p) for gene, variant, _, _, _, _, p, *_ in _rows(folder)}


def _read_leads(files: PeopleFiles, folder: Path) -> Leads:
    """Of the columns: gene, lead variant, its nominal p, and last the p by the beta distribution."""
    return {row[0]: Lead(row[6], float(row[12]), float(row[-1])) for row in _rows(folder)}


def peers() -> list[CommandPeer]:
    """Return both passes."""
    there = partial(need_programs, "apt-get install fastqtl", "fastQTL")
    permute = partial(_words, mode=("--permute", "1000"))
    return [
        CommandPeer("fastQTL", NOMINAL, there, partial(_words, mode=()), _read_pairs),
        CommandPeer("fastQTL", PERMUTATIONS, there, permute, _read_leads),
    ]
