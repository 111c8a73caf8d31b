"""What a run answers to each question, in numbers with their intervals, and what would change the answer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..evaluation.drivers import LINEAR_R
from ..stats.estimate import fisher_interval
from .data import RunData
from .parts import Figure, Section
from .plots.forest import forest
from .plots.style import save

__all__ = ["Answers", "Fact", "answers_of", "fact_figures", "needed", "number_of", "rows_of", "whole_of"]

Float64Array = NDArray[np.float64]
_Z: Final = 1.959963984540054
_MOST_ROWS: Final = 30  # of a figure
_STRATA: Final = {"all": "lead SNVs"}


@dataclass(frozen=True, slots=True)
class Fact:
    """An estimate: of whom, what, over how many, and its 95 % interval; NaN where a number is undefined."""

    who: str
    what: str
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said to one question: facts, a figure of them where there are several, and what would change them."""

    facts: list[Fact]
    figures: list[Figure]
    changes: str


def answers_of(run: RunData, sections: Sequence[Section]) -> dict[str, Answers]:
    """Return the answers by question; none where the run does not know one."""
    found = {
        "people": _people(run, sections), "genes": _genes(sections), "baseline": _baseline(sections),
        "direction": _direction(run), "variants": _variants(run), "drivers": _drivers(run),
        "generalise": _generalise(run), "success": _success(run), "agree": _agree(run),
    }  # fmt: skip
    return {key: one for key, one in found.items() if one is not None and one.facts}


def rows_of(table: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return the rows of a table by column; a column that another version did not write is empty."""
    return [defaultdict(str, zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def _rows(run: RunData, name: str) -> list[dict[str, str]]:
    return rows_of(run.tables.get(name, {}))


def number_of(cell: str | None) -> float:
    """Return the number in a cell, NaN for an empty one."""
    return float(cell) if cell else math.nan


def whole_of(cell: str) -> int:
    """Return the whole number in a cell, 0 for an empty one."""
    return int(cell) if cell else 0


def _cell_fact(row: dict[str, str], what: str) -> Fact:
    bounds = (number_of(row[name]) for name in ("mean_r", "mean_r_low", "mean_r_high"))
    return Fact(row["model"], what, whole_of(row["n_genes"]), *bounds)


def _cell_words(row: dict[str, str]) -> str:
    """A cell in words: what does not apply is left out."""
    genes = "" if row["genes"] == "unknown" else f"{row['genes']} genes"
    people = "" if row["people"] == "any" else f"{row['people']} population"
    parts = [row["kind"] if row["kind"].startswith("head ") else "", genes, people]
    return ", ".join(part for part in parts if part) or "all genes"


def _people(run: RunData, sections: Sequence[Section]) -> Answers | None:
    """Mean r of the models, with what it would take for a gene to be significant."""
    facts = []
    for s in sections:
        r = s.table.numbers("pearson_r")
        mean, low, high = _mean(r[np.isfinite(r)])
        facts.append(Fact(s.model, "mean r over genes", int(np.isfinite(r).sum()), mean, low, high))
    people = [n for s in sections for n in s.table.numbers("n_people").tolist() if np.isfinite(n)]
    if not people:
        return None
    n = float(np.median(people))
    undefined = sum(s.n_genes - s.n_defined for s in sections)
    changes = (
        f"More people: with {n:g}, r of one gene has a standard error of {1 / math.sqrt(max(n - 3, 1)):.2f}. "
        + (
            f"{undefined:,} without a defined r: a longer window, or more people, let them differ. "
            if undefined
            else ""
        )
        + "More covariates, where expression has noise that is known. A mean over genes near 0 hides genes of both "
        "signs: see how many are significant on either side."
    )
    return Answers(facts, [], changes)


def _mean(values: Float64Array) -> tuple[float, float, float]:
    """Mean, and its bootstrap interval over genes."""
    from ..stats import cell_summary

    found = cell_summary(values)
    return found.mean_r, found.mean_r_low, found.mean_r_high


def _genes(sections: Sequence[Section]) -> Answers:
    """Correlation across genes of the reference's prediction and mean expression."""
    from ..stats import correlation_interval, spearman

    facts = []
    for s in sections:
        x, y = s.table.numbers("reference_prediction"), s.table.numbers("mean_observed")
        both = np.isfinite(x) & np.isfinite(y)
        if both.sum() > 3:
            n, linear = int(both.sum()), correlation_interval(x[both], y[both])
            facts.append(Fact(s.model, "Pearson", n, *(v.item() for v in (linear.r, linear.low, linear.high))))
            facts.append(_rank_fact(s.model, "Spearman", n, float(spearman(x[both], y[both]).rho)))
    changes = (
        "Genes differ in everything, people in a few bases of each: a high value here says nothing of people. "
        "Expression of another tissue would change it, and so would genes of one kind only."
    )
    return Answers(facts, [], changes)


def _baseline(sections: Sequence[Section]) -> Answers | None:
    facts = []
    for s in sections:
        own, line = s.table.numbers("pearson_r"), s.table.numbers("baseline_r")
        both = np.isfinite(own) & np.isfinite(line)
        if both.sum() > 2:
            # differences of correlations may be below -1: halves are correlations again
            mean, low, high = (2 * one for one in _mean((own[both] - line[both]) / 2))
            what = "r less that of the elastic net, the same genes"
            facts.append(Fact(s.model, what, int(both.sum()), mean, low, high))
    changes = (
        "The elastic net has seen these genes in other people, and the model has seen none: it is the measure of what "
        "there was to predict. With fewer people it falls, the model does not; a model that is trained on people is to "
        "be held against it gene by gene, in the same folds."
    )
    return Answers(facts, [], changes)


def _generalise(run: RunData) -> Answers | None:
    rows = [row for row in _rows(run, "cells") if row["population"] == "all"]
    if not rows:
        return None
    facts = [_cell_fact(row, _cell_words(row)) for row in rows]
    peoples, genes = {row["people"] for row in rows}, {row["genes"] for row in rows}
    lacking = []
    if "other" not in peoples:
        lacking.append("populations (`populations=`) would tell of people who are not alike")
    if genes <= {"seen", "unknown"}:
        lacking.append("a split of the genes (`gene_split=`) would tell of genes that the model has not seen")
    h2 = next((row for row in rows if row["h2"]), None)
    ceiling = (
        f"Genotypes in cis explain {100 * float(h2['h2']):.1f} % of the variance on average (standard error over genes "
        f"{100 * number_of(h2['h2_se']):.1f} %): ceiling_ratio is how much of that was predicted. " if h2 else ""
    )  # fmt: skip
    changes = ceiling + (f"Not asked: {'; '.join(lacking)}." if lacking else "")
    return Answers(
        facts, fact_figures(run.path, "cells", "Mean r by cell", "generalise", facts, 0.0, "mean r over genes"), changes
    )


def _direction(run: RunData) -> Answers | None:
    facts = [
        Fact(
            _who(row),
            _where(row),
            whole_of(row["n"]),
            *(number_of(row[f"equal_sign{end}"]) for end in ("", "_low", "_high")),
        )
        for row in _rows(run, "direction")
        if whole_of(row["n"]) and number_of(row["equal_sign"]) == number_of(row["equal_sign"])
    ]
    leads = [fact for fact in facts if fact.what == _STRATA["all"]]
    changes = (
        "A lead SNV is the strongest association, often a neighbour of the causal variant: fine-mapped variants "
        "(`finemapped=`) ask the question without it. " + needed(leads)
    )
    figures = fact_figures(
        run.path,
        "direction",
        "Share of equal signs",
        "direction",
        facts,
        0.5,
        "share of effects and eQTL slopes of one sign",
    )
    return Answers(leads + [fact for fact in facts if fact not in leads and "pip" in fact.what], figures, changes)


def needed(facts: Sequence[Fact], of: str = "genes") -> str:
    """Say how many genes would make a share of equal signs stand out from one half."""
    open_ones = [fact for fact in facts if fact.low <= 0.5 <= fact.high and fact.value != 0.5]
    if not open_ones:
        return ""
    one = max(open_ones, key=lambda fact: abs(fact.value - 0.5))
    n = math.ceil((_Z * 0.5 / (one.value - 0.5)) ** 2)
    return f"The share of {one.who}, {one.value:.2f} of {one.n:,}, would differ from one half with about {n:,} {of}."


def _variants(run: RunData) -> Answers | None:

    facts = []
    for row in _rows(run, "direction"):
        n, rho = whole_of(row["n"]), number_of(row["absolute_rho"])
        if n > 3 and abs(rho) < 1:
            facts.append(_rank_fact(_who(row), _where(row), n, rho))
    changes = (
        "Strong effects and strong slopes are compared at one SNV a gene; common variants in linkage share their "
        "slopes. Fine-mapped variants against matched controls (`gxfast variants`) ask whether causal ones score "
        "higher, with distance and frequency held equal."
    )
    label = "Spearman of |effect| and |eQTL slope|"
    figures = fact_figures(run.path, "variants", "Strength of variants", "variants", facts, 0.0, label)
    return Answers([fact for fact in facts if fact.what == _STRATA["all"]], figures, changes)


def _rank_fact(who: str, what: str, n: int, rho: float) -> Fact:
    """A rank correlation with its interval by Fisher's z; none where it is 1, -1 or undefined."""
    if n < 4 or not abs(rho) < 1:
        return Fact(who, what, n, rho, math.nan, math.nan)
    return Fact(who, what, n, rho, *fisher_interval(rho, n, ranks=True)[:2])


def _drivers(run: RunData) -> Answers:
    """Share of genes whose main driver is supported, where r is positive and where it is negative."""
    from ..stats import sign_agreement

    rows = [
        row
        for row in _rows(run, "support")
        if row["main_support"] in ("supported", "unsupported") and number_of(row["linear_r"]) > LINEAR_R
    ]
    facts = []
    for model in dict.fromkeys(row["model"] for row in rows):
        for sign, side in ((1, "r > 0"), (-1, "r < 0")):
            own = [row for row in rows if row["model"] == model and sign * number_of(row["pearson_r"]) > 0]
            if own:
                supported = [1.0 if row["main_support"] == "supported" else -1.0 for row in own]
                (found,) = sign_agreement(supported, [1.0] * len(own))
                what = f"main drivers that eQTLs support, genes of {side}"
                facts.append(Fact(model, what, found.n, found.share, found.low, found.high))
    untagged = sum(row.get("main_signal_support") == "untagged" for row in rows)
    changes = (
        "Support is the sign of the marginal slope, however weak: where one variant makes all of a prediction it "
        f"follows the sign of r. {untagged:,} of these {len(rows):,} main drivers tag no eQTL signal "
        "(`signal_support`): more people would show more signals, fine-mapped variants which of the linked ones act."
    )
    return Answers(facts, [], changes)


def _success(run: RunData) -> Answers:
    """Rank correlations of |r| with what genes are like."""
    facts = [
        _rank_fact(row["model"], f"Spearman of |r| and {row['what']}", whole_of(row["n"]), number_of(row["rho_abs"]))
        for row in _rows(run, "explainers")
        if row["rho_abs"]
    ]
    changes = (
        "Where little can be predicted from genotypes, |r| is small for any model, and |r| is of both directions: "
        "the table has the rank correlation of r itself, too. More genes would narrow these intervals."
    )
    return Answers(facts, [], changes)


def _agree(run: RunData) -> Answers:
    """Do two models agree more in size than in direction, and in how many genes do they have one sign?"""
    facts = []
    for row in _rows(run, "agreement"):
        pair = f"{row['model_a']} and {row['model_b']}"
        for what, n, name in (
            ("correlation of |r| less that of r", "n_genes", "difference"),
            ("share of genes of equal sign", "n_signed", "equal_sign"),
        ):
            if row[name]:
                bounds = (number_of(row[name + end]) for end in ("", "_low", "_high"))
                facts.append(Fact(pair, what, whole_of(row[n]), *bounds))
    changes = (
        "Models agree in size where they see the same variants, whatever they make of them. More genes with a large "
        "|r| in both, where a sign is no chance (`n_strong` in agreement.tsv), would tell more of direction."
    )
    return Answers(facts, [], changes)


def _who(row: dict[str, str]) -> str:
    return row["model"] if row["track"] in ("", row["model"]) else f"{row['model']}, {row['track']}"


def _where(row: dict[str, str]) -> str:
    name = _STRATA.get(row["stratum"], row["stratum"])
    low, high = (number_of(row[end]) for end in ("low", "high"))
    if not math.isfinite(low):
        return name
    return f"{name} {low:.3g} to {high:.3g}" if math.isfinite(high) else f"{name} from {low:.3g}"


def fact_figures(
    path: Path, name: str, title: str, question: str, facts: Sequence[Fact], nothing: float, axis: str, *,
    most: int = _MOST_ROWS,
) -> list[Figure]:  # fmt: skip
    """Return a figure of the facts, of as many as it can hold; none of fewer than two."""
    shown = [fact for fact in facts if math.isfinite(fact.value)][:most]
    if len(shown) < 2:
        return []
    several = len({fact.who for fact in shown}) > 1
    labels = [f"{fact.who}: {fact.what}" if several else fact.what for fact in shown]
    value, low, high = (np.array([getattr(fact, end) for fact in shown]) for end in ("value", "low", "high"))
    saved = save(forest(f"answers.{name}", labels, value, low, high, nothing, axis), path / "figures")
    left = f" The first {len(shown)} of {len(facts)}." if len(shown) < len(facts) else ""
    caption = f"{title}, with 95 % intervals; dashed: nothing is known. Grey: the interval holds it.{left}"
    alt = f"{caption} {'; '.join(f'{label}: {fact.value:.3f}' for label, fact in zip(labels, shown, strict=True))}"
    return [Figure(saved.svg, title, caption, alt, question=question)]
