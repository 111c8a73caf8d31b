"""The report of a benchmark of variant scores, from the tables of its run directory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ..evaluation.variant_rows import TOGETHER
from ..io.tables.text import read_lines
from .answers import Answers, Fact, fact_figures, needed, number_of, rows_of, whole_of
from .data import ResultFiles
from .page import mapping, write_page
from .page_data import PageData, PagedTable
from .parts import Figure
from .questions import Answer, Question

__all__ = ["METRICS", "render_benchmark"]

METRICS: Final = "variants/metrics.tsv"
_ALL, *_MEANS = TOGETHER
_MOST_ROWS: Final = 60  # of a figure: GTEx has 49 tissues
_MOST_TABLE: Final = 50_000  # rows of a table of the page
_NAMES: Final = {
    "auroc": "AUROC", "auprc": "AUPRC", "auprc_by_chromosome": "AUPRC by chromosome",
    "sign_share": "share of equal signs", "sign_auroc": "AUROC of the sign", "spearman": "Spearman of score and effect",
    "pearson": "Pearson of score and effect", "pairwise_accuracy": "pairs in which the causal one is larger",
    "pairwise_accuracy_macro": "the same, mean of consequences", "null_percentile": "percentile among null SNVs",
    "direction_odds_paired": "odds of the right sign, where they differ",
    "direction_odds_unpaired": "odds of the right sign, as of other variants",
}  # fmt: skip
_RANKING: Final = (
    "auroc", "pairwise_accuracy", "pairwise_accuracy_macro", "null_percentile", "auprc", "auprc_by_chromosome"
)  # fmt: skip
_DIRECTION: Final = ("sign_share", "sign_auroc", "spearman", "pearson")
_ODDS: Final = ("direction_odds_paired", "direction_odds_unpaired")
_RANKING_OF_HALF: Final = _RANKING[:4]

Rows = Sequence[Mapping[str, str]]


_SHOWN_WITH: Final = {"rank": ("metrics",), "strata": ("strata",), "controls": ("audit",)}
_TITLES: Final = {
    "metrics": "All metrics", "strata": "All strata", "audit": "Covariates as scores",
    "turned": "Rows that are not as written", "matched": "Causal variants and their controls",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """The first rows of a table, by column, and how many it has."""

    columns: dict[str, list[str]]
    n_rows: int


def render_benchmark(files: ResultFiles) -> Path:
    """Draw the figures of a benchmark, and write its report."""
    tables = {name: _table(files, name) for name in ("metrics", "strata", "matched", "audit", "turned")}
    metrics, strata, audit = (rows_of(tables[name].columns) for name in ("metrics", "strata", "audit"))
    page = PageData()
    answered: list[tuple[str, str, str, Answers | None]] = [
        ("rank", "Ranking", "Does it rank variants?", _ranking(files.path, metrics, audit)),
        ("direction", "Direction", "Does it know the direction?", _direction(files.path, metrics)),
        ("better", "Against another", "Is one better than the other?", _odds(files.path, metrics)),
        ("tissues", "Tissues", "Does it hold in every tissue?", _tissues(files.path, metrics)),
        ("strata", "Strata", "Does it hold for every kind of variant?", _strata(files.path, strata)),
        ("controls", "Controls", "Do the controls resemble the causal variants?", _audit(files.path, audit)),
    ]
    questions = []
    for key, short, title, known in answered:
        if known is None:
            continue
        views = [_view(page, name, tables[name]) for name in _SHOWN_WITH.get(key, ()) if tables[name].columns]
        answers = [Answer(None, figure, None) for figure in known.figures]
        left_out = _undefined(metrics, key)
        questions.append(Question(key, short, title, answers, views, left_out, known.facts, known.changes))
    questions.append(_left_out(page, tables, mapping(files.manifest.get("summary"))))
    return write_page(
        files.path, "benchmark.html.j2", page, files.manifest, of_genes=False, questions=questions,
        sentence=_sentence(metrics), method=_METHOD,
    )  # fmt: skip


_METHOD: Final = (
    "Causal variants are those of a large probability of a fine-mapping release (or of a label), the others those of a "
    "small one; rules and thresholds are in the options below. Direction is asked at causal variants, strength by the "
    "absolute value of scores.",
    "Areas under curves: of ROC with DeLong's or a bootstrap's interval, of precision and recall with that of an "
    "infinitesimal jackknife, within class. Shares: Clopper-Pearson. Correlations: Fisher's z. Definitions with their "
    "sources, and the traps of each: docs/metrics.md.",
)


def _table(files: ResultFiles, name: str) -> _Table:
    found = files.file(f"variants/{name}.tsv")
    if found is None:
        return _Table({}, 0)
    lines = (line.split("\t") for _, line in read_lines(found, "table"))
    header = next(lines)
    rows = list(islice(lines, _MOST_TABLE))
    columns = [list(cells) for cells in zip(*rows, strict=True)] if rows else [[] for _ in header]
    return _Table(dict(zip(header, columns, strict=True)), len(rows) + sum(1 for _ in lines))


def _chosen(rows: Rows, metrics: Iterable[str], keep: Callable[[Mapping[str, str]], bool]) -> list[Mapping[str, str]]:
    """Rows of some metrics that have a value: metric by metric, models side by side."""
    known = [row for row in rows if row["status"] == "ok" and keep(row)]
    return [row for metric in metrics for row in known if row["metric"] == metric]


def _fact(row: Mapping[str, str], what: str = "") -> Fact:
    name = _NAMES.get(row["metric"], row["metric"])
    if row["controls"]:
        name += f", {row['controls']} negatives"
    if row["metric"].startswith("auprc") and row["n"] != "0":
        name += f" (by chance {whole_of(row['n_positive']) / whole_of(row['n']):.3f})"
    bounds = (number_of(row[end]) for end in ("value", "low", "high"))
    return Fact(row["model"], what or name, whole_of(row["n"]), *bounds)


def _whole_table(row: Mapping[str, str]) -> bool:
    return row["tissue"] == _ALL


def _ranking(path: Path, metrics: Rows, audit: Rows) -> Answers | None:
    facts = [_fact(row) for row in _chosen(metrics, _RANKING, _whole_table)]
    half = [_fact(row) for row in _chosen(metrics, _RANKING_OF_HALF, _whole_table)]
    if not facts:
        return None
    leaks = [row["covariate"] for row in audit if row["flagged"] == "yes"]
    given = {row["controls"] for row in metrics}
    changes = (
        "Negatives: against all of a table, distance and frequency alone rank causal variants. "
        + ("" if given - {"", _ALL} else "Matched controls (`controls=`) would hold these equal. ")
        + (f"These controls differ in {', '.join(leaks)}: part of the ranking may be of that. " if leaks else "")
        + "A release that leaves out small probabilities has other negatives, and so another area. More causal "
        "variants would narrow the intervals."
    )
    label = "0.5: causal variants are not told from others"
    return Answers(facts, fact_figures(path, "rank", "Ranking of causal variants", "rank", half, 0.5, label), changes)


def _direction(path: Path, metrics: Rows) -> Answers | None:
    facts = [_fact(row) for row in _chosen(metrics, _DIRECTION, _whole_table)]
    half = [_fact(row) for row in _chosen(metrics, ("sign_share", "sign_auroc"), _whole_table)]
    if not facts:
        return None
    shares = [_fact(row) for row in _chosen(metrics, ("sign_share",), _whole_table)]
    changes = (
        "Labels of the wrong variant of a linked pair have its sign half of the time: a higher threshold (`pip=`) "
        "leaves fewer and surer ones. Alleles that are exchanged turn a sign: compare them with a FASTA (`fasta=`). "
        + needed(shares, "variants")
    )
    label = "0.5: signs are as of a coin"
    figures = fact_figures(path, "direction", "Signs at causal variants", "direction", half, 0.5, label)
    return Answers(facts, figures, changes)


def _odds(path: Path, metrics: Rows) -> Answers | None:
    facts = [_fact(row) for row in _chosen(metrics, _ODDS, _whole_table)]
    if not facts:
        return None
    finite = [one for one in facts if all(math.isfinite(v) for v in (one.value, one.low, one.high))]
    figures = fact_figures(path, "better", "Odds of direction", "better", finite, 1.0, "odds; 1: no difference")
    changes = (
        "Only variants at which one of the two is right and the other wrong tell them apart (paired); as of other "
        "variants, the intervals are wider than the data are, and comparable with papers that had two sets."
    )
    return Answers(facts, figures, changes)


def _primary(rows: Rows) -> str | None:
    """The metric that is shown where there is room for one: of direction, where it is asked."""
    there = {row["metric"] for row in rows if row["status"] == "ok"}
    return next((metric for metric in ("sign_share", "auroc", "null_percentile") if metric in there), None)


def _tissues(path: Path, metrics: Rows) -> Answers | None:
    metric = _primary(metrics)
    if metric is None:
        return None
    rows = _chosen(metrics, (metric,), lambda row: row["controls"] in ("", _controls(metrics)))
    of_tissues = [row for row in rows if row["tissue"] not in (_ALL, *_MEANS)]
    if not of_tissues:
        return None
    name = _NAMES[metric]
    facts = [_fact(row, f"{name}, {row['tissue']} over tissues") for row in rows if row["tissue"] in _MEANS]
    figures = _figure_of_each(path, "tissues", of_tissues, "model", "tissue", name, f"{{}}: {name} by tissue")
    facts = facts or [_fact(row, f"{name}, {row['tissue']}") for row in of_tissues]
    changes = (
        "Tissues share variants: their values are no independent tries. A tissue of few causal variants has a wide "
        "interval; the weighted mean counts variants, the mean tissues."
    )
    return Answers(facts, figures, changes)


def _figure_of_each(
    path: Path, question: str, rows: Rows, column: str, level: str, name: str, title: str
) -> list[Figure]:  # fmt: skip
    """A figure for each value of a column, with the rows that have it by their level."""
    found: list[Figure] = []
    for value in dict.fromkeys(row[column] for row in rows):
        facts = [_fact(row, row[level]) for row in rows if row[column] == value]
        label = title.replace("{}", value)
        found += fact_figures(path, f"{question}.{value}", label, question, facts, 0.5, name, most=_MOST_ROWS)
    return found


def _controls(rows: Rows) -> str:
    """Negatives that are shown where there is room for one kind: matched ones where there are some."""
    kinds = {row["controls"] for row in rows} - {"", _ALL}
    return min(kinds, default=_ALL)


def _strata(path: Path, strata: Rows) -> Answers | None:
    metric = _primary(strata)
    if metric is None:
        return None
    rows = _chosen(strata, (metric,), lambda row: row["tissue"] == _ALL and row["controls"] in ("", _controls(strata)))
    facts = [_fact(row, f"{row['stratum']} {row['level']}") for row in rows]
    name = _NAMES[metric]
    figures = _figure_of_each(path, "strata", rows, "stratum", "level", name, f"{name} by {{}}")
    changes = (
        "Strata of few variants differ by chance: compare intervals, and count how many strata were looked at. A model "
        "that is good near the TSS alone may know promoters, and not variants."
    )
    return Answers(facts, figures, changes) if facts else None


def _audit(path: Path, audit: Rows) -> Answers | None:
    facts = [
        Fact(
            "controls", f"AUROC of {row['covariate']} alone", whole_of(row["n"]),
            *(number_of(row[end]) for end in ("auroc", "low", "high")),
        )
        for row in audit
    ]  # fmt: skip
    if not facts:
        return None
    label = "AUROC; 0.5: nothing leaks"
    figures = fact_figures(path, "controls", "Covariates as scores", "controls", facts, 0.5, label)
    changes = (
        "A covariate whose interval leaves 0.5 tells causal variants from their controls by itself. More candidates, "
        "or fewer controls for each (`controls=`), make them more alike."
    )
    return Answers(facts, figures, changes)


def _undefined(metrics: Rows, key: str) -> list[str]:
    """What has no value over the whole table, and why."""
    of_key = {"rank": _RANKING, "direction": _DIRECTION, "better": _ODDS}.get(key, ())
    lacking: dict[str, list[str]] = {}
    for row in metrics:
        if row["tissue"] == _ALL and row["status"] != "ok" and row["metric"] in of_key:
            what = f"{_NAMES.get(row['metric'], row['metric'])} of {row['model']}"
            lacking.setdefault(row["status"], []).append(what)
    return [f"{', '.join(names)}: {why}" for why, names in lacking.items()]


def _left_out(page: PageData, tables: Mapping[str, _Table], summary: Mapping[str, Any]) -> Question:
    alleles = mapping(summary.get("alleles"))
    names = {
        "n_matched": "rows of the labels as the FASTA has them", "n_turned": "rows whose alleles were exchanged",
        "n_other_strand": "rows that fit the other strand alone", "n_refused": "rows that do not fit",
        "n_palindromic": "SNVs that are A/T or C/G, whose strand cannot be told",
    }  # fmt: skip
    counts = {what: alleles[name] for name, what in names.items() if name in alleles} | mapping(summary.get("counts"))
    for name, what in (("n_matched", "with"), ("n_unmatched", "without")):
        if summary.get(name):
            counts[f"causal variants {what} controls"] = summary[name]
    columns = {"what": list(counts), "rows": [str(n) for n in counts.values()]}
    told = " ".join(f"{str(one)[:1].upper()}{str(one)[1:]}." for one in summary.get("warnings", []))
    title = "What became of the rows"
    views: list[tuple[str, str, PagedTable]] = [(title, told, page.add(title, columns))]
    views += [_view(page, name, tables[name]) for name in ("turned", "matched") if tables[name].n_rows]
    return Question("left", "Left out", "What was turned, matched and left out?", [], views, [], [], "")


def _view(page: PageData, name: str, table: _Table) -> tuple[str, str, PagedTable]:
    file, n = f"variants/{name}.tsv", len(next(iter(table.columns.values())))
    more = f": the first {n:,} of {table.n_rows:,} rows" if n < table.n_rows else ""
    return _TITLES[name], f"{file}{more}.", page.add(_TITLES[name], table.columns, part_of=file if more else "")


def _sentence(metrics: Rows) -> str:
    """What each model comes to, in a line."""
    models = list(dict.fromkeys(row["model"] for row in metrics if row["metric"] not in _ODDS))
    if len(models) > 3:
        return f"{len(models)} models, side by side below."
    parts = []
    for model in models:
        told = [
            f"{_NAMES[row['metric']]} {number_of(row['value']):.3f} ({number_of(row['low']):.3f} to "
            f"{number_of(row['high']):.3f}, n = {whole_of(row['n']):,})"
            for row in _chosen(
                [row for row in metrics if row["model"] == model], ("auroc", "sign_share"),
                lambda row: row["tissue"] == _ALL and row["controls"] in ("", _controls(metrics)),
            )
        ]  # fmt: skip
        parts.append(f"{model}: {'; '.join(told) or 'no metric has a value'}.")
    return " ".join(parts)
