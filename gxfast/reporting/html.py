"""The report of predictions of people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..io.tables import read_phenotype_rows
from .answers import answers_of
from .data import RunData
from .model_panels import pair_figures
from .page import mapping, write_page
from .page_data import PageData, PagedTable
from .parts import Section
from .people import PeoplePoints
from .questions import questions
from .tables import table_views

__all__ = ["render"]


def render(run: RunData, sections: list[Section], people: PeoplePoints | None, fdr_cut: float) -> Path:
    """Fill the template and write the report."""
    manifest = run.manifest
    summary = mapping(manifest.get("summary"))
    options = mapping(manifest.get("options"))
    page = PageData(people=people)
    several = sum(section.detailed for section in sections) > 1
    for section in sections:
        for figure in section.genes:
            page.add_figure(figure, f"{section.model}: {figure.title}" if several else figure.title)
    n_genes = len({own for table in run.models for own in table.own_id})
    return write_page(
        run.path,
        "people.html.j2",
        page,
        manifest,
        of_genes=True,
        sections=sections,
        sentence=_sentence(run, n_genes, summary, sections, fdr_cut),
        sharing=_sharing(summary),
        overview=_overview(page, sections),
        genes=[_genes_of(page, s) if s.detailed else None for s in sections],
        questions=questions(page, sections, pair_figures(run), table_views(run), answers_of(run, sections)),
        held=_held(people, n_genes),
        truth=_truth(page, run),
        method=_method(options, fdr_cut),
    )


def _genes(n: int) -> str:
    return f"{n:,} gene" if n == 1 else f"{n:,} genes"


def _sentence(run: RunData, n_genes: int, summary: dict[str, Any], sections: list[Section], fdr_cut: float) -> str:
    n_people = summary.get("n_people", len(read_phenotype_rows(run.observed, ())[0]) if run.observed else None)
    people = "" if n_people is None else f"{n_people} people, "
    parts = [f"{people}{_genes(n_genes)}."]
    if len(sections) > 3:
        parts.append(f"{len(sections)} models or tracks, side by side below.")
        return " ".join(parts)
    for s in sections:
        mean = "no defined correlation" if s.mean_r is None else f"mean r across people {s.mean_r:.3f}"
        verb = "is" if s.n_positive == 1 else "are"
        parts.append(
            f"{s.model}: {mean}; at FDR {100 * fdr_cut:g} % {_genes(s.n_positive)} {verb} predicted in the right "
            f"direction and {s.n_negative:,} in the wrong one."
        )
    return " ".join(parts)


def _held(people: PeoplePoints | None, n_genes: int) -> str:
    """What is said of genes whose people are not in the page."""
    if people is None or len(people.genes) >= n_genes:
        return ""
    return (
        f"This page holds the people of {len(people.genes):,} of {n_genes:,} genes, those with the largest |r|; it "
        "has the numbers of all."
    )


def _overview(page: PageData, sections: list[Section]) -> PagedTable | None:
    if len(sections) < 2:
        return None
    columns: dict[str, list[Any]] = {
        "model": [s.model for s in sections],
        "genes": [s.n_genes for s in sections],
        "defined r": [s.n_defined for s in sections],
        "mean r": ["" if s.mean_r is None else str(s.mean_r) for s in sections],
        "positive": [s.n_positive for s in sections],
        "negative": [s.n_negative for s in sections],
    }
    return page.add("models", columns)


def _genes_of(page: PageData, section: Section) -> PagedTable:
    own = section.table
    return page.add(f"genes of {section.model}", section.columns, genes=own.own_id, model=section.model)


def _sharing(summary: dict[str, Any]) -> list[str]:
    lines = []
    for name, entry in mapping(summary.get("models")).items():
        numbers = [mapping(entry).get(key) for key in ("unique_haplotypes", "sequences_without_sharing")]
        unique, without = numbers
        if not isinstance(unique, int) or not isinstance(without, int) or not unique:
            continue
        calls = entry.get("model_calls")
        tail = f"; {calls:,} model calls with the references" if isinstance(calls, int) else ""
        lines.append(
            f"{name} read {unique:,} distinct haplotypes instead of {without:,} sequences "
            f"({without / unique:.1f}x fewer{tail})."
        )
    return lines


def _truth(page: PageData, run: RunData) -> dict[str, Any] | None:
    if run.truth is None:
        return None
    n_rows = len(next(iter(run.truth.values())))
    sentence = "This cohort was simulated: the effect of every gene is known."
    if "agrees" in run.truth:
        agree = sum(cell == "yes" for cell in run.truth["agrees"])
        sentence += (
            f" {agree} of {_genes(n_rows)} came out as planted (right: the model's direction is the truth; wrong: "
            "the opposite is; missed: the model does not see the causal variant)."
        )
    return {"table": page.add("planted truth", run.truth, genes=run.truth.get("gene_id")), "sentence": sentence}


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
