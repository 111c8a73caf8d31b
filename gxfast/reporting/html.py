"""``report.html``: one file with everything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..rundir import atomic_write
from .data import RunData
from .sections import Section

__all__ = ["render"]


def render(run: RunData, sections: list[Section], fdr_cut: float) -> Path:
    """Fill the template and write the report."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    summary = run.manifest.get("summary", {})
    text = environment.get_template("report.html.j2").render(
        sections=sections,
        sentence=_sentence(summary, sections, fdr_cut),
        sharing=_sharing(summary),
        truth=_truth(run),
        options=_flat(run.manifest.get("options", {})),
        versions=_flat({"gxfast": run.manifest.get("gxfast", ""), **run.manifest.get("versions", {})}),
        inputs=_inputs(run.manifest.get("inputs", {})),
        counts=_counts(run.manifest.get("counts", {})),
        method=_method(run.manifest.get("options", {}), fdr_cut),
    )
    path = run.path / "report.html"
    atomic_write(path, text.encode("utf-8"))
    return path


def _sentence(summary: dict[str, Any], sections: list[Section], fdr_cut: float) -> str:
    parts = [f"{summary.get('n_people', '?')} people, {summary.get('n_genes', '?')} genes."]
    for s in sections:
        mean = "no defined correlation" if s.mean_r is None else f"mean r across people {s.mean_r:.3f}"
        parts.append(
            f"{s.model}: {mean}; at FDR {100 * fdr_cut:g} % {s.n_positive} genes are predicted in the right "
            f"direction and {s.n_negative} in the wrong one."
        )
    return " ".join(parts)


def _sharing(summary: dict[str, Any]) -> list[str]:
    lines = []
    for name, entry in summary.get("models", {}).items():
        if entry.get("unique_haplotypes"):
            lines.append(
                f"{name} read {entry['unique_haplotypes']:,} distinct haplotypes instead of "
                f"{entry['sequences_without_sharing']:,} sequences ({entry['fold_fewer']}x fewer; "
                f"{entry['model_calls']:,} model calls with the references)."
            )
    return lines


def _truth(run: RunData) -> dict[str, Any] | None:
    if run.truth is None:
        return None
    columns = list(run.truth)
    rows = [list(cells) for cells in zip(*run.truth.values(), strict=True)]
    agree = sum(cell == "yes" for cell in run.truth["agrees"])
    return {
        "columns": columns,
        "rows": rows,
        "sentence": f"This cohort was simulated: the effect of every gene is known. {agree} of {len(rows)} genes came "
        "out as planted (right: the model's direction is the truth; wrong: the opposite is; missed: the model "
        "does not see the causal variant).",
    }


def _method(options: dict[str, Any], fdr_cut: float) -> list[str]:
    transform = {"none": "as given", "log2p1": "log2(value + 1)", "inverse_normal": "normal quantiles of ranks"}
    used = transform.get(options.get("transform", ""), options.get("transform", "as given"))
    n_covariates = options.get("n_covariates") or 0
    side = "expression and prediction" if options.get("residualise") == "both" else "expression"
    return [
        "Each person's two haplotypes are built from the reference and the phased variants in the window the model "
        "reads. Every distinct haplotype is run through the model once; a person's prediction is the mean (or sum, as "
        "the model's card says) over their haplotypes.",
        f"Expression: {used}. "
        + (f"{n_covariates} covariates regressed out of {side}." if n_covariates else "No covariates."),
        f"Per gene: Pearson correlation across people, two-sided p from t, Benjamini-Hochberg over the genes with a "
        f"defined correlation; significant at q ≤ {fdr_cut:g}. A gene whose people all have one haplotype, one "
        "prediction or one expression value has no correlation: it stays in the table with the reason, and out of "
        "the FDR.",
    ]


def _flat(values: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for key, value in values.items():
        if isinstance(value, list) and len(value) > 6:
            text = f"{', '.join(str(v) for v in value[:3])}, ... ({len(value)})"
        elif isinstance(value, dict):
            text = ", ".join(f"{k}: {v}" for k, v in value.items())
        else:
            text = ", ".join(str(v) for v in value) if isinstance(value, list) else str(value)
        rows.append((key, text))
    return rows


def _inputs(inputs: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for what, entries in inputs.items():
        for entry in entries:
            files = entry.get("files") or {entry.get("file", ""): entry.get("sha256", "")}
            rows += [(what, name, digest) for name, digest in files.items()]
    return rows


def _counts(counts: dict[str, Any]) -> list[tuple[str, str, int]]:
    rows = []
    for model, entry in counts.items():
        rows += [(model, key, value) for key, value in entry.items() if value]
    return rows
