"""What the report shows, read from the files of a run directory."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.files import refuse_changed
from ..io.tables import read_phenotype_ids, read_table

__all__ = ["MOST_MODELS", "ModelTable", "ResultFiles", "RunData", "load_files", "load_run"]

# A model may have thousands of tracks: those beyond appear in the table of models only.
MOST_MODELS: Final = 12


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The rows of genes.tsv that belong to one track of one model; numbers are NaN where the cell is empty.

    ``track`` is empty where the model has one track; ``own_id`` is the gene's id without the track.
    """

    model: str
    track: str
    own_id: list[str]
    columns: dict[str, list[str]]

    @property
    def label(self) -> str:
        """Name of the model, and of the track where there are several."""
        return f"{self.model}, {self.track}" if self.track else self.model

    def __len__(self) -> int:
        return len(self.columns["gene_id"])

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column as float64; all NaN if the table does not have it."""
        cells = self.columns.get(column, [""] * len(self))
        try:
            return np.array([float(cell) if cell else math.nan for cell in cells])
        except ValueError as error:
            raise InputError(
                f"column {column!r} holds text where a number or nothing is expected ({error})",
                path="genes.tsv",
                remedy="leave undefined cells empty, or write the table again with gxfast evaluate",
            ) from None


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """A run directory: its manifest, and the names of its results; None while it is not finished."""

    path: Path
    manifest: dict[str, Any]
    recorded: frozenset[str] | None

    def file(self, name: str) -> Path | None:
        """Return a result by its name in the directory; None where the run wrote none of that name."""
        # Parts of names come from genes.tsv.
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        known = inside and (self.recorded is None or name in self.recorded)
        return self.path / name if known and (self.path / name).is_file() else None


@dataclass(frozen=True, slots=True)
class RunData(ResultFiles):
    """A run of predictions: its tables in memory, and where the values of people are, of which few rows are drawn.

    ``predictions`` (by model), ``observed`` and ``corrected`` are the files; ``tables`` holds those of the later steps,
    by name, where they were done.
    """

    models: tuple[ModelTable, ...]
    predictions: dict[str, Path]
    observed: Path | None
    corrected: Path | None
    truth: dict[str, list[str]] | None
    tables: dict[str, dict[str, list[str]]] = field(default_factory=dict)


_FURTHER = {
    "drivers": "drivers.tsv", "support": "support.tsv", "direction": "direction.tsv", "explainers": "explainers.tsv",
    "agreement": "agreement.tsv", "motifs": "motifs.tsv", "learned": "learned.tsv",
    "certificate": "certificate.tsv", "cells": "cells.tsv", "eqtl": "eqtl/permutation.tsv",
}  # fmt: skip


def load_files(path: Path) -> ResultFiles:
    """Read the manifest of a run directory.

    Raises
    ------
    InputError
        If ``manifest.json`` is missing or cannot be read, or a result is not as the run wrote it.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("expected a JSON object")
    except (OSError, ValueError) as error:
        raise InputError(
            f"this is no run directory with a manifest ({error})",
            path=path,
            remedy="give the directory that gxfast run or gxfast evaluate wrote, or finish it with `resume=True`",
        ) from None
    return ResultFiles(path, manifest, _recorded(path, manifest))


def load_run(files: ResultFiles) -> RunData:
    """Read the tables of a run of predictions.

    Raises
    ------
    InputError
        If ``genes.tsv`` is missing or cannot be read.
    """
    path, file = files.path, files.file
    table = read_table(path / "genes.tsv")
    lacking = [column for column in ("gene_id", "model", "status") if column not in table]
    if lacking:
        raise InputError(
            f"the table has no column {', '.join(lacking)}",
            path=path / "genes.tsv",
            remedy="write the table again with gxfast evaluate",
        )
    names = list(dict.fromkeys(table["model"]))

    def table_of(name: str) -> dict[str, list[str]] | None:
        found = file(name)
        return read_table(found) if found else None

    observed = file("evaluation/observed.bed.gz")
    colons = any(":" in gene for gene in table["gene_id"])
    known = frozenset(read_phenotype_ids(observed)) if observed and colons else frozenset[str]()
    models = tuple(part for name in names for part in _of_model(table, name, known))
    predictions = {name: found for name in names if (found := file(f"predictions/{name}.bed.gz")) is not None}
    return RunData(
        path,
        files.manifest,
        files.recorded,
        models,
        predictions,
        observed,
        file("evaluation/observed.residual.bed.gz"),
        table_of("demo_truth.tsv"),
        {name: rows for name, file in _FURTHER.items() if (rows := table_of(file)) is not None},
    )


def _recorded(path: Path, manifest: dict[str, Any]) -> frozenset[str] | None:
    """Names of the results of a finished run, all of which are as they were written; None while it is not finished.

    Figures and report may differ: they are drawn again.
    """
    if manifest.get("complete") is not True:
        return None
    results = manifest["results"]
    drawn = {name for name in results if name == "report.html" or name.startswith("figures/")}
    refuse_changed(path, {name: digest for name, digest in results.items() if name not in drawn})
    return frozenset(results)


def _of_model(table: dict[str, list[str]], model: str, known: frozenset[str]) -> list[ModelTable]:
    """One table per track: a gene must not be counted once per track, and q values are per track."""
    rows = [i for i, name in enumerate(table["model"]) if name == model]
    split = {i: _split(table["gene_id"][i], known) for i in rows}
    if not all(track for _, track in split.values()) or len({own for own, _ in split.values()}) == len(rows):
        split = {i: (table["gene_id"][i], "") for i in rows}
    of_track: dict[str, list[int]] = {}
    for i in rows:
        of_track.setdefault(split[i][1], []).append(i)
    return [
        ModelTable(
            model, track, [split[i][0] for i in keep],
            {column: [cells[i] for i in keep] for column, cells in table.items()},
        )
        for track, keep in of_track.items()
    ]  # fmt: skip


def _split(gene_id: str, known: frozenset[str]) -> tuple[str, str]:
    """``gene_id:track`` in two. Both may hold colons (``CAGE:brain``): a gene with expression decides."""
    if gene_id in known:
        return gene_id, ""
    ends = [k for k, letter in enumerate(gene_id) if letter == ":"]
    end = next((k for k in reversed(ends) if gene_id[:k] in known), ends[0] if ends else len(gene_id))
    return gene_id[:end], gene_id[end + 1 :]
