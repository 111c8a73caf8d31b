"""Benchmarks of variant scores: do models find causal variants, and the direction and size of their effects?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from .._objects import Brief, Rows
from ..errors import InputError, did_you_mean
from ..io.variant_tables import join
from ..types import VariantTable
from .variant_controls import MatchedVariant, match_table
from .variant_labels import Labelled, LabelRules, canonical_ranks, effect_column, labelled
from .variant_null import null_percentiles
from .variant_rows import BenchmarkOptions, MetricRows, VariantMetric
from .variant_strata import ALL

if TYPE_CHECKING:
    from ..stats import CovariateAudit

__all__ = ["VariantBenchmark", "benchmark_variants", "evaluate_variants"]

# Columns of labels: any other of numbers is a score, where labels and scores stand in one table.
_LABELS: Final = (
    "beta", "se", "p", "pip", "causal", "af", "maf", "tss_distance", "ld_score", "beta_posterior", "z",
)  # fmt: skip
Scores = VariantTable | Mapping[str, VariantTable] | None


@dataclass(frozen=True, slots=True, repr=False)
class VariantBenchmark(Brief):
    """What was found.

    Attributes
    ----------
    rows : rows of VariantMetric
    matched : rows of MatchedVariant
        Positives with their controls, and positives without.
    audit : rows of CovariateAudit
        Each covariate that was matched, as a score of matched variants.
    counts : dict of str to int
        Rows left out, by why.
    warnings : tuple of str
    models : tuple of str
    """

    rows: Rows[VariantMetric]
    matched: Rows[MatchedVariant]
    audit: Rows[CovariateAudit]
    counts: dict[str, int]
    warnings: tuple[str, ...]
    models: tuple[str, ...]

    def _facts(self) -> str:
        return f"{len(self.models)} models, {len(self.rows)} rows, {len(self.warnings)} warnings"


def evaluate_variants(
    labels: VariantTable, scores: Scores = None, *, models: Sequence[str] = (), controls: int = 0,
    tissues: Sequence[str] = (), strata: Sequence[str] = (), compare: Sequence[tuple[str, str]] = (),
    pip: tuple[float, float] = (0.9, 0.01), p_limit: float = 5e-8, n_bootstraps: int = 100, seed: int = 0,
    nulls: Scores = None,
) -> VariantBenchmark:  # fmt: skip
    """Benchmark scores of variants: direction and size at causal variants, causal variants against others.

    Parameters
    ----------
    labels : VariantTable
        What is known of variants, as `gxfast.io.variant_tables.read_labels` returns it; alleles oriented
        (`gxfast.io.variant_tables.orient`).
    scores : VariantTable, or mapping of str to VariantTable, optional
        Each column of numbers is a model; of a mapping, columns are called by its keys: ``KEY``, or ``KEY:column`` of
        several. None where the scores are columns of ``labels``. Only variants that all tables have are used.
    models : sequence of str, optional
        Columns of scores to use; all by default.
    controls : int
        Matched controls per causal variant; 0: none, or the sets of a column ``match_group``.
    tissues : sequence of str
        Rows to use; all by default.
    strata : sequence of str
        ``distance``, ``frequency``, ``effect``, ``pip``, ``ancestry``, ``consequence`` or another column, with edges
        (``distance:0/1000/10000``) or a number of quantiles (``effect:q4``).
    compare : sequence of (str, str)
        Pairs of models whose directions are compared.
    pip : pair of float
        PIP above which a variant is causal, and below which it is not.
    p_limit : float
        Variants of high PIP and larger p are neither.
    n_bootstraps : int
        Within class, of areas under curves; 0 for analytic errors.
    seed : int
    nulls : VariantTable, or mapping of str to VariantTable, optional
        Scores of null SNVs, at least 100: of all models, or by the name of a model or of its table of ``scores``.

    Returns
    -------
    VariantBenchmark

    Raises
    ------
    InputError
        If nothing can be joined, rows disagree, a score is infinite, or an option names what is not there.

    Examples
    --------
    >>> import numpy as np
    >>> from gxfast.types import VariantTable
    >>> n = np.arange(8)
    >>> table = VariantTable(
    ...     np.repeat("chr1", 8), 100 * n, np.repeat("A", 8), np.repeat("G", 8),
    ...     {"pip": np.repeat([0.95, 0.001], 4), "beta": np.resize([0.5, -0.5], 8), "toy": (8.0 - n) * (-1.0) ** n},
    ... )
    >>> found = evaluate_variants(table)
    >>> {row.metric: row.value for row in found.rows if row.metric in ("sign_share", "auroc")}
    {'sign_share': 1.0, 'auroc': 1.0}
    """
    rules = LabelRules(*pip, p_limit)
    pairs = tuple((one, other) for one, other in compare)
    options = BenchmarkOptions(rules, controls, tuple(tissues), tuple(strata), pairs, n_bootstraps, seed)
    return benchmark_variants(labels, scores, options, models, nulls)


def benchmark_variants(
    labels: VariantTable, scores: Scores, options: BenchmarkOptions, models: Sequence[str] = (), nulls: Scores = None
) -> VariantBenchmark:
    """Do what `evaluate_variants` does, with its options in one object."""
    table, named = _joined(labels, scores)
    sources = dict(zip(named, _sources(scores, named), strict=True))
    named = _chosen_models(named, models)
    if not named:
        raise InputError("there is no column of scores", path=labels.source or None, remedy="name a table of scores")
    for pair in options.compare:
        _chosen_models(named, pair)
    table = _of_tissues(table, options.tissues)
    known = _in_order(labelled(table, options.rules))
    effect = effect_column(known.table)
    if effect is None and not known.has_labels:
        raise InputError(
            "labels have neither effects nor PIPs",
            path=labels.source or None,
            remedy="name columns beta, pip or causal",
        )
    _refuse_infinite(known.table, named)
    ranked = null_percentiles(known.table, {name: sources[name] for name in named}, nulls)
    matched, audit, groups, told = match_table(known, options.controls)
    controls = "matched" if options.controls else "given"
    rows = list(MetricRows(known, named, effect, groups, controls, options, ranked).rows())
    warnings = (*known.warnings, *told, *_without_scores(known.table, named), *_reversed(rows))
    others = {f"null SNVs of {name}: no SNV, or no score": one.n_others for name, one in ranked.items() if one.n_others}
    counts = {**table.counts, **known.counts, **others}
    return VariantBenchmark(Rows(VariantMetric, rows), matched, audit, counts, warnings, tuple(named))


def _joined(labels: VariantTable, scores: Scores) -> tuple[VariantTable, list[str]]:
    """Labels with scores, and the columns of scores."""
    if scores is None:
        numbers = [name for name, values in labels.columns.items() if values.dtype.kind == "f"]
        return labels, [name for name in numbers if name not in _LABELS and not name.startswith("pip_")]
    if isinstance(scores, VariantTable):
        return join(labels, scores), _numbers_of(labels, scores)
    table, named, without = labels, list[str](), dict[str, int]()
    for key, one in scores.items():
        own = [name for name, values in one.columns.items() if values.dtype.kind == "f"]
        new = {name: key if len(own) == 1 else f"{key}:{name}" for name in own}
        columns = {new.get(name, name): values for name, values in one.columns.items()}
        one = replace(one, columns=columns, signed=tuple(new.get(name, name) for name in one.signed))
        named += _numbers_of(table, one)
        before = len(table)
        table = join(table, one)
        without[f"labels without scores of {key}"] = before - len(table)
    counts = {name: n for name, n in table.counts.items() if not name.startswith("labels with")}
    return replace(table, counts=counts | {name: n for name, n in without.items() if n}), named


def _sources(scores: Scores, named: Sequence[str]) -> list[tuple[str, str]]:
    """Name of the table of scores, if any, and column there, of each model."""
    if scores is None:
        return [("", name) for name in named]
    tables = {"": scores} if isinstance(scores, VariantTable) else scores
    return [(key, name) for key, one in tables.items() for name, v in one.columns.items() if v.dtype.kind == "f"]


def _numbers_of(labels: VariantTable, scores: VariantTable) -> list[str]:
    """What `join` calls the columns of scores."""
    numbers = [name for name, values in scores.columns.items() if values.dtype.kind == "f"]
    return [f"score.{name}" if name in labels.columns else name for name in numbers]


def _chosen_models(named: Sequence[str], wanted: Sequence[str]) -> list[str]:
    for name in wanted:
        if name not in named:
            raise InputError(
                f"no score is called {name!r}{did_you_mean(name, named)}", remedy=f"scores are {', '.join(named)}"
            )
    return list(dict.fromkeys(wanted or named))


def _of_tissues(table: VariantTable, tissues: Sequence[str]) -> VariantTable:
    if not tissues:
        return table
    there = set(table.columns["tissue"].tolist()) if "tissue" in table.columns else set()
    for tissue in tissues:
        if tissue not in there:
            raise InputError(
                f"no row is of tissue {tissue!r}{did_you_mean(tissue, there)}", path=table.source or None,
                remedy=f"tissues are {', '.join(sorted(there)[:10]) or 'not told'}",
            )  # fmt: skip
    return table.take(np.isin(table.columns["tissue"], list(tissues)))


def _in_order(known: Labelled) -> Labelled:
    """Rows by what they are of, so that sums are the same bits whatever the order of the file."""
    order = np.argsort(canonical_ranks(known.table))
    return replace(known, table=known.table.take(order), label=known.label[order])


def _refuse_infinite(table: VariantTable, named: Sequence[str]) -> None:
    for name in named:
        bad = np.isinf(table.columns[name])
        if bad.any():
            raise InputError(
                f"score {name!r} is infinite", path=table.source or None, record=table.take(bad).variant_id[0],
                remedy="leave it out, or mend what made it",
            )  # fmt: skip


def _without_scores(table: VariantTable, named: Sequence[str]) -> Iterator[str]:
    for name in named:
        if np.isnan(table.columns[name]).all():
            yield f"{name}: none of {len(table)} variants has a score"


def _reversed(rows: Sequence[VariantMetric]) -> Iterator[str]:
    """Shares of equal signs that are clearly below one half: alleles may stand the other way round."""
    for row in rows:
        if row.metric == "sign_share" and row.tissue == row.stratum == ALL and row.high < 0.5:
            yield (
                f"{row.model}: signs are equal at {100 * row.value:.1f} % of {row.n} variants, fewer than by chance: "
                "effects may be of the other allele (`gxfast.io.variant_tables.orient` compares them with the FASTA)"
            )
