"""Whole commands: weights of a PredictDB file applied to people."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....io.tables import read_table
from ...commands import Command, compare_commands, field_of, gxfast_words, own_environment
from ...data import temporary_folder
from ...registry import Case
from ...result import Row
from .baseline import Predictions, differing_predictions
from .people import PeopleFiles, people_files

__all__ = ["JOB", "WeightFiles", "by_person", "cases"]

JOB: Final = "baseline-apply"
_SNPS: Final = 25  # per gene, as in GTEx's elastic nets


@dataclass(frozen=True, eq=False)
class WeightFiles:
    """People, and a PredictDB file with weights of some of their variants."""

    people: PeopleFiles
    database: Path


def _files(size: str) -> tuple[WeightFiles, Predictions]:
    """Draw weights; what they predict is a product of two small matrices."""
    people = people_files(size)
    rng = np.random.default_rng(23)
    rows, expected = [], {}
    for g, gene in enumerate(people.genes):
        near = people.near(g)
        chosen = np.sort(rng.choice(near, min(_SNPS, len(near)), replace=False))
        weights = np.round(rng.normal(size=len(chosen)), 6)
        expected[gene] = weights @ people.matrix[chosen]
        rows += [
            (*_alleles(people.variants[v]), gene, w) for v, w in zip(chosen.tolist(), weights.tolist(), strict=True)
        ]
    path = temporary_folder("weights") / "weights.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "CREATE TABLE weights (rsid TEXT, varID TEXT, ref_allele TEXT, eff_allele TEXT, gene TEXT, weight DOUBLE)"
        )
        base.executemany("INSERT INTO weights VALUES (?, ?, ?, ?, ?, ?)", rows)
        base.execute(
            'CREATE TABLE extra (gene TEXT, genename TEXT, "n.snps.in.model" INTEGER, "pred.perf.R2" DOUBLE, '
            '"pred.perf.pval" DOUBLE, "pred.perf.qval" DOUBLE)'
        )
        base.executemany(
            "INSERT INTO extra VALUES (?, ?, ?, 0.1, 0.01, 0.01)", [(gene, gene, _SNPS) for gene in people.genes]
        )
    return WeightFiles(people, path), expected


def _alleles(variant: str) -> tuple[str, str, str, str]:
    _, _, ref, alt = variant.rsplit("_", 3)
    return variant, variant, ref, alt


def _words(files: WeightFiles, folder: Path) -> list[str | Path]:
    return gxfast_words(
        "baseline", "--vcf", files.people.vcf, "--apply", files.database, "-o", folder / "predicted.tsv"
    )  # fmt: skip


def _read(files: WeightFiles, folder: Path) -> Predictions:
    """A row per gene, and a column per person."""
    table = read_table(folder / "predicted.tsv")
    values = np.array([table[name] for name in files.people.people], np.float64).T
    return dict(zip(table["gene_id"], values, strict=True))


def by_person(files: WeightFiles, path: Path) -> dict[str, NDArray[np.float64]]:
    """Read ``FID IID`` and a column per gene; people in the order of the files."""
    table = read_table(path)
    order = {name: row for row, name in enumerate(table["IID"])}
    rows = [order[name] for name in files.people.people]
    return {gene: np.array(table[gene], np.float64)[rows] for gene in table if gene not in ("FID", "IID")}


def _check(expected: Predictions, found: Predictions) -> str:
    """Sums of products: the same but for printed digits, and for a constant where predictions are centred."""
    problem = differing_predictions(expected, found, 0.999999)
    away = 0.0 if problem else max(float(np.abs(expected[gene] - found[gene]).max()) for gene in expected)
    return problem or ("" if away < 1e-3 else f"predictions differ by {away:.2g}")


def _case(size: str) -> Row:
    files, expected = _files(size)
    own = Command("gxfast", partial(_words, files), partial(_read, files), own_environment())
    check = partial(_check, expected)
    field = field_of(JOB, files, own, check, check)
    people = files.people
    note = f"{len(people.genes)} genes x {_SNPS} SNPs, {len(people.people)} people, {len(people.variants)} records"
    return compare_commands(JOB, field, size=size, note=note)


def cases() -> dict[str, Case]:
    """Return the case by name."""
    return {JOB: _case}
