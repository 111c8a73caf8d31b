"""Whole commands: what ``--dry-run`` of a scan says, beside what the scan then takes.

Mutants are exact. Seconds are those of the scanned genes: CPU time of the whole scan less that of a scan of its first
gene alone, per further gene; what is opened, checked and started once is no part of what a dry run promises.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import numpy as np

from ....models.saving import save_model
from ...commands import (
    COMMAND_ROUNDS,
    STDOUT,
    Command,
    Ran,
    gxfast_words,
    own_environment,
    run_command,
    used_of,
)
from ...data import CHROM, open_cohort, scratch_folder, temporary_folder
from ...measure import goals_text
from ...registry import Case
from ...result import Goal, Row
from ..ism import networks

__all__ = ["ERROR", "cases"]

ERROR: Final = "error of the seconds, %"
DRY, SCAN, FIRST = "gxfast --dry-run", "gxfast", "gxfast, one gene"
_WITHIN: Final = 20.0
# Genes, and bases of the model that is scanned; of saturate, bases on either side of the TSS.
_AMOUNT: Final = {"tiny": (4, 600, 20), "small": (40, 10_500, 50), "real": (100, 10_500, 150)}


@dataclass(frozen=True, slots=True)
class _Files:
    model: Path
    genes: Path
    first_gene: Path
    n_genes: int
    words: tuple[str | Path, ...]


def _model(length: int) -> Path:
    path = scratch_folder("ism") / f"dry-run-{length}.onnx"
    if not path.exists():
        small: dict[str, Any] = {"filters": (16, 16, 16), "dense": 32, "tracks": 2} if length < 1000 else {"tracks": 1}
        save_model(*networks.basset(length, **small), path)
    return path


def _files(kind: str, size: str) -> _Files:
    cohort = open_cohort("mix", size)
    n_genes, length, reach = _AMOUNT[size]
    folder = temporary_folder("dry-run")
    tss = np.linspace(length, len(cohort.reference) - length, n_genes).astype(np.int64).tolist()
    lines = ["gene_id\tchrom\ttss\tstrand\n"]
    lines += [f"G{g:04d}\t{CHROM}\t{at + 1}\t{'+-'[g % 2]}\n" for g, at in enumerate(tss)]
    for name, chosen in (("genes.tsv", lines), ("first.tsv", lines[:2])):
        (folder / name).write_text("".join(chosen))
    more: tuple[str | Path, ...] = ("--vcf", cohort.vcf) if kind == "variants" else ("--window", str(reach))
    words = ("ism", kind, "--model", _model(length), "--fasta", cohort.fasta, *more)
    return _Files(_model(length), folder / "genes.tsv", folder / "first.tsv", n_genes, words)


def _words(files: _Files, genes: Path, folder: Path, *, dry: bool) -> list[str | Path]:
    return gxfast_words(*files.words, "--genes", genes, "--json", *(["--dry-run"] if dry else ["-o", folder / "run"]))


def _said(folder: Path) -> Any:
    return json.loads((folder / STDOUT).read_text())


def _rounds(files: _Files, size: str) -> dict[str, list[tuple[Ran, Any]]]:
    """Run the dry run, the scan, and that of the first gene in turn."""
    runs = {
        DRY: partial(_words, files, files.genes, dry=True),
        SCAN: partial(_words, files, files.genes, dry=False),
        FIRST: partial(_words, files, files.first_gene, dry=False),
    }
    scratch = temporary_folder("dry-run")
    found: dict[str, list[tuple[Ran, Any]]] = {name: [] for name in runs}
    for _ in range(COMMAND_ROUNDS[size]):
        for name, words in runs.items():
            ran = run_command(Command(name, words, _said, own_environment()), Path(mkdtemp(dir=scratch)))
            found[name].append((ran, _said(ran.folder)))
    return found


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def _case(kind: str, size: str) -> Row:
    files = _files(kind, size)
    found = _rounds(files, size)
    said = [one["total"] for _, one in found[DRY]]
    model = next(iter(found[SCAN][0][1]["models"].values()))
    made = model["n_mutants" if kind == "saturate" else "n_rows"]
    seconds = _median(3600 * one["hours"] for one in said)
    further = _median(ran.seconds for ran, _ in found[SCAN]) - _median(ran.seconds for ran, _ in found[FIRST])
    taken = further * files.n_genes / (files.n_genes - 1)
    figures = {
        "mutants, said": said[0]["mutants"], "mutants, made": made, "model calls, said": said[0]["model_calls"],
        "seconds, said": seconds, "seconds, taken": taken, ERROR: 100 * abs(seconds / taken - 1),
    }  # fmt: skip
    if "multiply_adds" in said[0]:
        figures["multiply-adds, said"] = said[0]["multiply_adds"]
    used = {name: used_of([ran for ran, _ in found[name]]) for name in (SCAN, DRY)}
    goals = (Goal("dry run", ERROR, _WITHIN, at_least=False),)
    name = f"dry-run-{kind}"
    note = f"{files.n_genes} windows; one thread, taken are CPU seconds; {SCAN} and {DRY} are whole commands"
    return Row(
        name, goals_text(goals), used[SCAN].seconds, equal=said[0]["mutants"] == made, figures=figures, goals=goals,
        note=note, used=used,
    )  # fmt: skip


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {f"dry-run-{kind}": partial(_case, kind) for kind in ("variants", "saturate")}
