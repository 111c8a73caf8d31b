"""``report.html``: one file with everything in it, from a template and the manifest of its run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ..io.files import atomic_write
from .page_data import PAGE_ROWS, PageData, PagedTable

__all__ = ["mapping", "write_page"]


def write_page(folder: Path, template: str, page: PageData, manifest: dict[str, Any], **values: Any) -> Path:
    """Fill a template that extends ``page.html.j2`` and write the report of a run.

    Parameters
    ----------
    folder : Path
        The run directory.
    template : str
    page : PageData
        With all tables that ``values`` show.
    manifest : dict
        For the provenance and the counts.
    **values
        What the template shows; ``of_genes`` says whether genes can be searched.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    options = mapping(manifest.get("options", manifest.get("variants")))
    text = environment.get_template(template).render(
        options=_flat(options),
        versions=_flat({"gxfast": manifest.get("gxfast", ""), **mapping(manifest.get("versions"))}),
        inputs=_inputs(mapping(manifest.get("inputs"))),
        counts=_counts(page, mapping(manifest.get("counts"))),
        command=_command(manifest.get("command")),
        data=page.packed,
        page_rows=PAGE_ROWS,
        shown=lambda value: "" if value != value else f"{value:.3f}",
        **values,
    )
    path = folder / "report.html"
    atomic_write(path, text.encode("utf-8"))
    return path


def mapping(value: Any) -> dict[str, Any]:
    """A part of the manifest, or nothing: a report must not fail over what an older run left out."""
    return value if isinstance(value, dict) else {}


def _command(value: Any) -> str:
    return shlex.join(str(v) for v in value) if isinstance(value, list) else str(value or "")


def _flat(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, _words(value)) for key, value in values.items()]


def _words(value: Any) -> str:
    if isinstance(value, list) and len(value) > 6 and all(isinstance(v, str) for v in value):
        return f"{', '.join(value[:3])}, ... ({len(value)})"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_words(v)}" for k, v in value.items())
    return ", ".join(_words(v) for v in value) if isinstance(value, list) else str(value)


def _inputs(inputs: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for what, entries in inputs.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, dict):
                rows.append((what, str(entry), ""))
                continue
            single = {str(entry.get("file", entry.get("path", ""))): entry.get("sha256", "")}
            files = mapping(entry.get("files")) or single
            rows += [(what, name, str(digest)) for name, digest in files.items()]
    return rows


def _counts(page: PageData, counts: dict[str, Any]) -> PagedTable:
    """Model, what, how many; counts of no model have an empty first cell."""
    rows: list[tuple[str, str, Any]] = []
    for model, entry in counts.items():
        if isinstance(entry, dict):
            rows += [(model, key, value) for key, value in entry.items() if value]
        elif entry:
            rows.append(("", model, entry))
    columns = {name: [row[k] for row in rows] for k, name in enumerate(("model", "what", "count"))}
    return page.add("counts of records", columns)
