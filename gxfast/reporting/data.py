"""What the report shows, read from the files of a run directory."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.tables import read_predictions, read_table

__all__ = ["Matrix", "ModelTable", "RunData", "load_run"]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Values of genes (rows) in people, shape (R, S)."""

    row: dict[str, int]
    samples: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The rows of genes.tsv that belong to one model; numbers are NaN where the cell is empty."""

    model: str
    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.columns["gene_id"])

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column as float64; all NaN if the table does not have it."""
        cells = self.columns.get(column, [""] * len(self))
        return np.array([float(cell) if cell else math.nan for cell in cells])


@dataclass(frozen=True, slots=True)
class RunData:
    """A run directory in memory."""

    path: Path
    manifest: dict[str, Any]
    models: tuple[ModelTable, ...]
    predictions: dict[str, Matrix]
    observed: Matrix | None
    corrected: Matrix | None
    truth: dict[str, list[str]] | None


def load_run(path: Path) -> RunData:
    """Read a run directory.

    Raises
    ------
    InputError
        If ``manifest.json`` or ``genes.tsv`` is missing or cannot be read.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"this is no run directory with a manifest ({error})",
            path=path,
            remedy="give the directory that gxfast run or gxfast evaluate wrote, or finish it with --resume",
        ) from None
    table = read_table(path / "genes.tsv")
    names = list(dict.fromkeys(table["model"]))
    models = tuple(_of_model(table, name) for name in names)
    predictions = {}
    for name in names:
        file = path / "predictions" / f"{name}.bed.gz"
        if file.exists():
            predictions[name] = _matrix(file)
    folder = path / "evaluation"
    truth = path / "demo_truth.tsv"
    return RunData(
        path,
        manifest,
        models,
        predictions,
        _matrix(folder / "observed.bed.gz"),
        _matrix(folder / "observed.residual.bed.gz"),
        read_table(truth) if truth.exists() else None,
    )


def _of_model(table: dict[str, list[str]], model: str) -> ModelTable:
    keep = [i for i, name in enumerate(table["model"]) if name == model]
    return ModelTable(model, {column: [cells[i] for i in keep] for column, cells in table.items()})


def _matrix(file: Path) -> Any:
    if not file.exists():
        return None
    ids, samples, values = read_predictions(file)
    return Matrix({name: i for i, name in enumerate(ids)}, tuple(samples), values)
