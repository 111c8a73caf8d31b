"""Whole commands: personal FASTA, two haplotypes of every person in the windows of genes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from ...commands import Command, compare_commands, field_of, own_environment
from ...data import CHROM, Cohort, open_cohort, temporary_folder
from ...registry import Case
from ...result import Row

__all__ = ["JOB", "RegionFiles", "Sequences", "cases", "differing_sequences", "read_fasta"]

JOB: Final = "haplotypes"
_LENGTH: Final = 20_000
_AMOUNT: Final = {"tiny": (3, 4), "small": (10, 20), "real": (50, 50)}  # genes, people

Sequences = Mapping[str, bytes]  # by gene|person|copy


@dataclass(frozen=True, slots=True)
class RegionFiles:
    """FASTA and VCF with their indices; regions (``name chrom start end``, 0-based) and people, a line each."""

    fasta: Path
    vcf: Path
    regions: Path
    people: Path


def read_fasta(path: Path) -> Sequences:
    """Read sequences by name, in upper case."""
    found: dict[str, list[bytes]] = {}
    parts: list[bytes] = []
    for line in path.read_bytes().splitlines():
        if line.startswith(b">"):
            parts = found.setdefault(line[1:].decode(), [])
        else:
            parts.append(line)
    return {name: b"".join(lines).upper() for name, lines in found.items()}


def differing_sequences(expected: Sequences, found: Sequences) -> str:
    """Return what differs; ``""``: nothing."""
    missing = [name for name in expected if name not in found]
    if missing or len(found) != len(expected):
        return f"{len(found)} sequences, expected {len(expected)}"
    wrong = [name for name, letters in expected.items() if found[name] != letters]
    return f"{len(wrong)} of {len(expected)} sequences differ, the first {wrong[0]}" if wrong else ""


def drawn_letters(cohort: Cohort, haplotype: int, start: int, end: int) -> bytes:
    """Return a haplotype as long as it comes out, straight from the draw; no record lies over an edge."""
    parts, at = [], start
    low, high = np.searchsorted(cohort.position, [start, end])
    for v in range(int(low), int(high)):
        allele = int(cohort.calls[v, haplotype])
        if allele:
            site = int(cohort.position[v])
            parts += [cohort.reference[at:site].tobytes(), cohort.alleles[v][allele]]
            at = site + len(cohort.alleles[v][0])
    parts.append(cohort.reference[at:end].tobytes())
    return b"".join(parts).upper()


def _free(cohort: Cohort, at: int) -> int:
    """Return the first base from ``at`` on that no record covers."""
    covered = {
        base
        for v in np.flatnonzero(np.abs(cohort.position - at) < 200).tolist()
        for base in range(int(cohort.position[v]), int(cohort.position[v]) + len(cohort.alleles[v][0]) + 1)
    }
    return next(base for base in range(at, at + 200) if base not in covered)


def _files(size: str) -> tuple[RegionFiles, dict[str, bytes], str]:
    cohort = open_cohort("mix", size)
    n_genes, n_people = _AMOUNT[size]
    folder = temporary_folder("regions")
    files = RegionFiles(cohort.fasta, cohort.vcf, folder / "regions.tsv", folder / "people.txt")
    starts = np.linspace(10_000, len(cohort.reference) - _LENGTH - 10_000, n_genes).astype(np.int64).tolist()
    regions = [(f"gene{g}", _free(cohort, at), _free(cohort, at + _LENGTH)) for g, at in enumerate(starts)]
    files.regions.write_text("".join(f"{name}\t{CHROM}\t{start}\t{end}\n" for name, start, end in regions))
    files.people.write_text("\n".join(cohort.samples[:n_people]) + "\n")
    expected = {
        f"{name}|{person}|{copy + 1}": drawn_letters(cohort, 2 * p + copy, start, end)
        for name, start, end in regions
        for p, person in enumerate(cohort.samples[:n_people])
        for copy in (0, 1)
    }
    return files, expected, f"{n_genes} windows of {_LENGTH:,} bp x {n_people} of {len(cohort.samples)} people"


def _words(files: RegionFiles, folder: Path) -> list[str | Path]:
    script = "gxfast.bench.scripts.personal_fasta"
    return [sys.executable, "-m", script, files.fasta, files.vcf, files.regions, files.people, folder / "out.fa"]


def _case(size: str) -> Row:
    files, expected, amount = _files(size)
    own = Command("gxfast", partial(_words, files), lambda folder: read_fasta(folder / "out.fa"), own_environment())
    check = partial(differing_sequences, expected)
    field = field_of(JOB, files, own, check, check)
    note = f"{amount}, SNVs, indels, MNVs; gxfast: a script of a few lines around gxfast.consensus"
    return compare_commands(JOB, field, size=size, note=note)


def cases() -> dict[str, Case]:
    """Return the case by name."""
    return {JOB: _case}
