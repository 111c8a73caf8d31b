"""Metrics of each model, tissue and stratum of a table of variants, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..errors import InputError
from ..stats.estimate import factored
from .variant_labels import Labelled, LabelRules
from .variant_null import NullPercentiles, mean_percentile
from .variant_strata import ALL, Stratum, strata_of

if TYPE_CHECKING:
    from ..stats import Estimate

__all__ = ["TOGETHER", "BenchmarkOptions", "MetricRows", "VariantMetric"]

Float64Array = NDArray[np.float64]
_WEIGHTED: Final = "weighted mean"
_UNWEIGHTED: Final = "mean"
TOGETHER: Final = (ALL, _WEIGHTED, _UNWEIGHTED)  # what rows of several tissues say of the tissue
_CORRELATIONS: Final = ("spearman", "pearson")
_ODDS: Final = ("direction_odds_paired", "direction_odds_unpaired")
# Of fewer, a bootstrap of chromosomes is too narrow: of 2 its intervals hold in 64 % of samples, of 10 in 91 %.
_ENOUGH_CHROMOSOMES: Final = 10
_NO_SIGN: Final = "the score has no negative value: it is of impact, without a sign"


@dataclass(frozen=True, slots=True)
class BenchmarkOptions:
    """What is computed.

    Attributes
    ----------
    rules : LabelRules
    controls : int
        Matched controls per positive; 0: none, or the sets of a column ``match_group``.
    tissues : tuple of str
        All by default.
    strata : tuple of str
        See `gxfast.evaluation.variant_strata.strata_of`.
    compare : tuple of (str, str)
        Pairs of models whose directions are compared.
    n_bootstraps : int, optional
        Of areas under curves: by default 100 within class, and 1000 of chromosomes where there are ten; 0 for analytic
        errors.
    seed : int
    min_pairs : int
        Of a consequence, for the macro mean of pairwise accuracy.
    """

    rules: LabelRules = field(default_factory=LabelRules)
    controls: int = 0
    tissues: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    compare: tuple[tuple[str, str], ...] = ()
    n_bootstraps: int | None = None
    seed: int = 0
    min_pairs: int = 30


@dataclass(frozen=True, slots=True, repr=False)
class VariantMetric(Brief):
    """A row of ``metrics.tsv`` and ``strata.tsv``.

    Attributes
    ----------
    model : str
        Column of scores, or ``A/B`` of two that are compared.
    tissue : str
        One of the table, ``all`` rows together, or the ``weighted mean`` and ``mean`` over tissues.
    stratum, level : str
        By what variants are cut, and which part; ``all`` of them.
    controls : str
        Negatives: ``all`` of the table, ``matched`` ones, those ``given`` by match_group; empty where none are needed.
    metric : str
    value, low, high, se : float
        See `gxfast.stats.Estimate`.
    n, n_positive, n_dropped : int
    method : str
        Of the interval.
    status : str
        ``ok``, or why there is no value.
    """

    model: str
    tissue: str
    stratum: str
    level: str
    controls: str
    metric: str
    value: float
    low: float
    high: float
    se: float
    n: int
    n_positive: int
    n_dropped: int
    method: str
    status: str


class MetricRows:
    """Rows of all models, tissues and strata.

    Parameters
    ----------
    known : Labelled
    named : sequence of str
        Columns of scores.
    effect : str or None
        Column of effects.
    groups : str array, shape (V,), or None
        Matched set of each row, empty outside.
    controls : str
        What rows on them say of their negatives.
    options : BenchmarkOptions
    nulls : mapping of str to NullPercentiles
        Of models that have null SNVs.
    """

    def __init__(
        self, known: Labelled, named: Sequence[str], effect: str | None, groups: NDArray[np.str_] | None, controls: str,
        options: BenchmarkOptions, nulls: Mapping[str, NullPercentiles],
    ) -> None:  # fmt: skip
        from ..stats.variant_metrics import N_BOOTSTRAPS

        table = known.table
        self.nulls = nulls
        self._n_within = N_BOOTSTRAPS if options.n_bootstraps is None else options.n_bootstraps
        self.table, self.label, self.named, self.options = table, known.label, named, options
        self.groups, self.group, self.controls, self.has_labels = groups, _numbered(groups), controls, known.has_labels
        self.effect = None if effect is None else np.array(table.columns[effect], np.float64)
        among = known.label == 1 if known.has_labels else np.ones(len(table), np.bool_)
        self.directed = among
        self.strata = strata_of(table, options.strata, among)
        signed = {name for name in named if name in table.signed or (table.columns[name] < 0).any()}
        self.unsigned = set(named) - signed
        tissue = table.columns.get("tissue", np.full(len(table), "", np.str_))
        self.of_tissue = {name: tissue == name for name in sorted(set(tissue.tolist()) - {""})}

    def rows(self) -> Iterator[VariantMetric]:
        """Yield the rows: model by model, stratum by stratum, all tissues together first, then their means."""
        tissues = list(self.of_tissue)
        if taken := {*TOGETHER} & {*tissues}:
            raise InputError(
                f"a tissue is called {taken.pop()!r}, as rows of several tissues are", path=self.table.source or None,
                remedy="rename it",
            )  # fmt: skip
        for model in self.named:
            for stratum in self.strata:
                yield from self._stratum(model, stratum, tissues)
        for pair in self.options.compare:
            for stratum in self.strata:
                for tissue in [ALL, *tissues]:
                    yield from self._compared(pair, stratum, tissue)

    def _stratum(self, model: str, stratum: Stratum, tissues: Sequence[str]) -> Iterator[VariantMetric]:
        whole = list(self._cell(model, stratum, stratum.rows))
        yield from (_row(model, ALL, stratum, *one) for one in whole)
        cells = {t: list(self._cell(model, stratum, stratum.rows & self.of_tissue[t])) for t in tissues}
        if len(tissues) > 1:
            yield from self._means(model, stratum, [one[:2] for one in whole], cells)
        for tissue, cell in cells.items():
            yield from (_row(model, tissue, stratum, *one) for one in cell)

    def _means(
        self, model: str, stratum: Stratum, metrics: Sequence[tuple[str, str]],
        cells: Mapping[str, Sequence[tuple[str, str, Estimate]]],
    ) -> Iterator[VariantMetric]:  # fmt: skip
        from ..stats import tissue_mean

        for controls, metric in metrics:
            of_tissues = [one for cell in cells.values() for c, m, one in cell if (c, m) == (controls, metric)]
            bounds = (-1.0, 1.0) if metric in _CORRELATIONS else (0.0, 1.0)
            for name, weighted in ((_WEIGHTED, True), (_UNWEIGHTED, False)):
                mean = tissue_mean(of_tissues, weighted=weighted, bounds=bounds)
                yield _row(model, name, stratum, controls, metric, mean)

    def _cell(self, model: str, stratum: Stratum, rows: NDArray[np.bool_]) -> Iterator[tuple[str, str, Estimate]]:
        score = self.table.columns[model]
        if self.effect is not None:
            yield from self._direction(model, rows & self.directed)
        if model in self.nulls:
            yield "", "null_percentile", mean_percentile(self.nulls[model], rows & self.directed, self.has_labels)
        if self.has_labels:
            if stratum.of_negatives:
                yield from self._causality(score, rows & ~np.isnan(self.label), "all")
            if self.groups is not None:
                inside = self._in_groups(rows & (self.label == 1))
                yield from self._causality(score, inside, self.controls)
                yield from self._pairwise(np.abs(score), rows & (self.label == 1))

    def _in_groups(self, positives: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows of the matched sets of some positives."""
        chosen = np.zeros(int(self.group.max(initial=0)) + 1, np.bool_)
        chosen[self.group[positives & (self.group >= 0)]] = True
        return chosen[self.group] & (self.group >= 0)

    def _direction(self, model: str, rows: NDArray[np.bool_]) -> Iterator[tuple[str, str, Estimate]]:
        from ..stats import effect_correlation, sign_auroc, sign_share
        from ..stats.estimate import undefined

        assert self.effect is not None
        names = ("sign_share", "sign_auroc", *_CORRELATIONS)
        mine, effect = self.table.columns[model][rows], self.effect[rows]
        if model in self.unsigned:
            yield from (("", name, undefined(0, 0, effect.size, _NO_SIGN)) for name in names)
            return
        yield "", names[0], sign_share(mine, effect)
        yield "", names[1], sign_auroc(mine, effect, n_bootstraps=self._n_within, seed=self.options.seed)
        yield "", names[2], effect_correlation(mine, effect, method="spearman")
        yield "", names[3], effect_correlation(mine, effect, method="pearson")

    def _causality(
        self, score: Float64Array, rows: NDArray[np.bool_], controls: str
    ) -> Iterator[tuple[str, str, Estimate]]:
        from ..stats import auprc_by_chromosome, ranking

        size, label, options = np.abs(score[rows]), self.label[rows], self.options
        for name, one in zip(
            ("auroc", "auprc"), ranking(size, label, n_bootstraps=self._n_within, seed=options.seed), strict=True
        ):
            yield controls, name, one
        chrom = self.table.chrom[rows]
        resample: Literal["chromosomes", "class"]
        many = len(np.unique(chrom[label == 1])) >= _ENOUGH_CHROMOSOMES and options.n_bootstraps != 0
        resample = "chromosomes" if many else "class"
        one = auprc_by_chromosome(
            size, label, chrom, resample=resample, n_bootstraps=options.n_bootstraps, seed=options.seed
        )
        yield controls, "auprc_by_chromosome", one

    def _pairwise(self, size: Float64Array, positives: NDArray[np.bool_]) -> Iterator[tuple[str, str, Estimate]]:
        from ..stats import macro_mean, pairwise_accuracy

        assert self.groups is not None
        groups = self.groups

        def accuracy(mine: NDArray[np.bool_]) -> Estimate:
            inside = self._in_groups(mine)
            return pairwise_accuracy(size[inside], self.label[inside], groups[inside])

        yield self.controls, "pairwise_accuracy", accuracy(positives)
        if "consequence" in self.table.columns:
            classes = self.table.columns["consequence"]
            there = sorted(set(classes[positives].tolist()) - {""})
            subsets = [accuracy(positives & (classes == one)) for one in there]
            yield self.controls, "pairwise_accuracy_macro", macro_mean(subsets, min_pairs=self.options.min_pairs)

    def _compared(self, pair: tuple[str, str], stratum: Stratum, tissue: str) -> Iterator[VariantMetric]:
        from ..stats import direction_odds
        from ..stats.estimate import Estimate, undefined

        if self.effect is None:
            return
        rows = self.directed & stratum.rows & (self.of_tissue[tissue] if tissue != ALL else True)
        effect = self.effect[rows]
        if self.unsigned & set(pair):
            for metric in _ODDS:
                yield _row("/".join(pair), tissue, stratum, "", metric, undefined(0, 0, effect.size, _NO_SIGN))
            return
        one, other = (self.table.columns[name][rows] for name in pair)
        odds = direction_odds(one, other, effect)
        signs = np.sign(np.stack([one, other, effect]))
        n_positive = int(((np.abs(signs) == 1).all(axis=0) & (signs[2] > 0)).sum())
        counts = odds.n, n_positive, odds.n_dropped
        paired = odds.paired, odds.paired_low, odds.paired_high
        unpaired = odds.unpaired, odds.unpaired_low, odds.unpaired_high
        found: list[tuple[str, Any, str, str]] = [
            (_ODDS[0], paired, "McNemar conditional, exact", "no variant tells the models apart"),
            (
                _ODDS[1],
                unpaired,
                "Woolf, as of different variants",
                "a model is right, or wrong, at none",
            ),
        ]
        for metric, (value, low, high), method, why in found:
            defined = Estimate(value, low, high, float("nan"), *counts, method)
            estimate = defined if value == value else undefined(*counts, why)
            yield _row("/".join(pair), tissue, stratum, "", metric, estimate)


def _numbered(groups: NDArray[np.str_] | None) -> NDArray[np.int64]:
    """Number of each row's set, -1 outside."""
    if groups is None:
        return np.empty(0, np.int64)
    names, code = factored(groups)
    return code - 1 if "" in names else code


def _row(
    model: str, tissue: str, stratum: Stratum, controls: str, metric: str, one: Estimate
) -> VariantMetric:  # fmt: skip
    why = one.method.removeprefix("undefined: ")
    method, status = ("", why) if why != one.method else (one.method, "ok")
    return VariantMetric(
        model, tissue, stratum.name, stratum.level, controls, metric, one.value, one.low, one.high, one.se, one.n,
        one.n_positive, one.n_dropped, method, status,
    )  # fmt: skip
