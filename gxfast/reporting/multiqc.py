"""The key numbers of a run as a section of MultiQC: its custom content, one row per model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..io.files import atomic_write

__all__ = ["FILE", "multiqc_section", "write_multiqc"]

FILE: Final = "gxfast_mqc.json"
# key of `multiqc_section`: title, description, and what else MultiQC wants to know of a column
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "n_people": {"title": "People", "description": "People with predictions", "format": "{:,.0f}", "hidden": True},
    "n_genes": {"title": "Genes", "description": "Genes, or genes and tracks", "format": "{:,.0f}"},
    "n_defined": {"title": "Defined", "description": "Rows with a correlation across people", "format": "{:,.0f}"},
    "median_r": {"title": "Median r", "description": "Pearson's r across people, median over rows", "format": "{:.3f}",
                 "min": -1, "max": 1, "scale": "RdBu"},
    "n_positive": {"title": "r > 0", "description": "Rows with r > 0 at the false discovery rate", "format": "{:,.0f}",
                   "scale": "Blues"},
    "n_negative": {"title": "r < 0", "description": "Rows with r < 0 at the false discovery rate", "format": "{:,.0f}",
                   "scale": "Reds"},
    "across_genes_r": {"title": "r across genes", "format": "{:.3f}", "min": -1, "max": 1, "scale": "RdBu",
                       "description": "Reference prediction against mean expression, Pearson, first track"},
    "unique_haplotypes": {"title": "Haplotypes", "description": "Distinct haplotype sequences", "format": "{:,.0f}",
                          "hidden": True},
    "n_drivers": {"title": "Drivers", "description": "Driver SNVs", "format": "{:,.0f}"},
}  # fmt: skip


def multiqc_section(plan: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a ``*_mqc.json`` file: a table with the columns that the run has.

    A row is called after its model and the file of expression, so that runs of several tissues or cohorts stand below
    each other.

    Parameters
    ----------
    plan : mapping
        Of the run directory: the names of the inputs.
    summary : mapping
        As in ``manifest.json``.
    """
    of = "".join(f" | {one['file']}" for one in plan["inputs"].get("expression", ()))
    rows = {f"{name}{of}": _row(name, entry, summary) for name, entry in summary["models"].items()}
    there = {key for row in rows.values() for key in row}
    return {
        "id": "gxfast",
        "section_name": "gxfast",
        "description": "Predictions from personal genomes against expression, by model.",
        "plot_type": "table",
        "pconfig": {"id": "gxfast_table", "title": "gxfast: models", "col1_header": "Model | data"},
        "headers": {key: header for key, header in _HEADERS.items() if key in there},
        "data": rows,
    }


def _row(name: str, entry: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, float]:
    people = entry.get("across_people", {})
    found = {
        "n_people": summary["n_people"],
        "n_genes": people.get("n_genes", summary["n_genes"]),
        "across_genes_r": next((one["reference_pearson"] for one in entry.get("across_genes", ())), None),
        "unique_haplotypes": entry.get("unique_haplotypes"),
        "n_drivers": summary.get("drivers", {}).get(name, {}).get("n_drivers"),
        **{key: people.get(key) for key in ("n_defined", "median_r", "n_positive", "n_negative")},
    }
    return {key: value for key, value in found.items() if value is not None and value == value}


def write_multiqc(directory: Path, plan: Mapping[str, Any], summary: Mapping[str, Any]) -> Path:
    """Write `multiqc_section` into a run directory; return the path."""
    path = directory / FILE
    atomic_write(path, (json.dumps(multiqc_section(plan, summary), indent=1) + "\n").encode())
    return path
