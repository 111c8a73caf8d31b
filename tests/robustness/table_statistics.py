"""Functions of ``gxfast.stats``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast import stats
from gxfast.stats.motifs import cluster_enrichment, cluster_sequences, motif_sizes, sequence_distances
from gxfast.stats.personal_heads import fit_personal_heads
from gxfast.stats.tails import correlation_p

from .target import Expected, Target

__all__ = ["targets"]

GENES, PEOPLE, SNPS = 4, 12, 5
_RNG = np.random.default_rng(7)


def _numbers(*shape: int) -> NDArray[np.float64]:
    """Multiples of 1/8, which float16 holds as they are."""
    return np.round(_RNG.normal(0, 2, shape) * 8) / 8


X, Y = _numbers(GENES, PEOPLE), _numbers(GENES, PEOPLE)
LINE, OTHER = _numbers(PEOPLE), _numbers(PEOPLE)
DOSAGES = np.array(_RNG.integers(0, 3, (SNPS, PEOPLE)), np.int8)
IMPUTED = DOSAGES / 1.0
COVARIATES = _numbers(2, PEOPLE)
FOLDS = np.arange(PEOPLE, dtype=np.int64) % 3
SHARES = _RNG.permutation(np.arange(PEOPLE) / 16)
LABELS = np.array([f"p{i % 3}" for i in range(PEOPLE)])
FIRST, LAST = np.array([0, 1, 2, 0]), np.array([5, 4, 3, 5])
TRACKS = _numbers(PEOPLE, 6)
LONG, LONG_DOSAGES = _numbers(30), np.array(_RNG.integers(0, 3, (SNPS, 30)), np.int8)
NAN = float("nan")


def _changed(call: Callable[..., Any], argument: str, change: Callable[[Any], Any]) -> Expected:
    return lambda clean: call(**{**clean, argument: change(clean[argument])})


_NAN = ("nan", "nan in float32", "nan in float16", "nan in a list")


def _gap_counts(call: Callable[..., Any], names: tuple[str, ...]) -> dict[tuple[str, str], Expected]:
    """NaN at [0, 1] leaves that pair out: as NaN at the same place of the other matrix."""

    def mirrored(argument: str) -> Expected:
        (other,) = set(names) - {argument}
        return _changed(call, other, lambda x: np.where(np.arange(x.size).reshape(x.shape) == 1, NAN, x))

    return {(argument, kind): mirrored(argument) for argument in names for kind in _NAN}


def _undefined(call: Callable[..., Any], names: tuple[str, ...]) -> dict[tuple[str, str], Expected]:
    """Nothing but NaN is the same in either matrix."""
    nothing: dict[tuple[str, str], Expected] = {}
    for argument in names:
        (other,) = set(names) - {argument}
        nothing[argument, "all nan"] = _changed(call, other, lambda x: np.full(x.shape, NAN))
    return nothing


def _rows(name: str, call: Callable[..., Any], **more: Any) -> Target:
    """Pairs of matrices: a vector goes with every row of the other one."""
    both = ("x", "y")
    means = {
        **_gap_counts(call, both),
        **_undefined(call, both),
        **{(a, "an axis less"): _changed(call, a, lambda x: np.repeat(x[:1], GENES, axis=0)) for a in both},
    }
    return Target(name, call, {"x": X, "y": Y}, dict.fromkeys(both, "numbers"), means=means, **more)


def _many(argument: str, kinds: Iterable[str], expected: Expected) -> dict[tuple[str, str], Expected]:
    return {(argument, kind): expected for kind in kinds}


ABOVE = ("127", "128", "255", "256", "2^31 - 1", "2^31", "2^32", "2^32 + 1", "2^40", "2^63 - 1", "big-endian 2^40")


def _correlations() -> list[Target]:
    found = [
        _rows(f"stats.{function.__name__}[{backend}]", partial(function, backend=backend))
        for backend in ("compiled", "numba", "numpy")
        for function in (stats.pearson, stats.spearman)
    ]

    def pearson(n_covariates: Any) -> Any:
        return stats.pearson(X, Y, n_covariates=n_covariates)

    means = _many("n_covariates", ("0-d", "0-d array", "an axis less"), lambda _: pearson(0))
    means |= _many("n_covariates", ABOVE, lambda _: pearson(np.array([0, 12, 2, 1])))  # more than there are people
    arguments = {"n_covariates": np.array([0, 1, 2, 1])}
    found.append(Target("stats.pearson", pearson, arguments, {"n_covariates": "whole"}, means=means))
    return found


# Axes that may be of any length.
FIRST_AXIS = ("first axis short", "first axis long", "twice", "nothing")
LAST_AXIS = ("one short", "one long", "nothing behind")
ONLY_AXIS = (*FIRST_AXIS, *LAST_AXIS, "no element", "empty list", "one element")
GAPS = (*_NAN, "all nan")
OTHER_FOLDS = ("-1", "-2^31", "-2^63", *ABOVE)
HALVES = tuple(f"fractions {dtype}" for dtype in ("f2", "f4", "f8", "g", ">f4"))


# What messages call some arguments: by what one row of them is.
WORDS = {"covariates": "covariate row", "tracks": "no track", "folds": "n_folds"}


def _target(
    name: str, call: Callable[..., Any], arguments: dict[str, Any], *roles: str, **legal: Collection[str]
) -> Target:
    return Target(name, call, arguments, dict(zip(arguments, roles, strict=True)), words=WORDS, legal=legal)


def _tests() -> list[Target]:
    found, p = [], {"p": SHARES}
    free = (*ONLY_AXIS, *GAPS)
    for method in ("bh", "by", "storey"):
        for backend in ("compiled", "numba", "numpy"):
            call = partial(stats.fdr, method=method, backend=backend)
            found.append(_target(f"stats.fdr[{method}, {backend}]", call, p, "numbers", p=free))
    found.append(_target("stats.null_share", stats.null_share, p, "numbers", p=free))
    found.append(_target("stats.significant", partial(stats.significant, alpha=0.5), p, "numbers", p=free))
    free_r = (
        *ONLY_AXIS,
        *GAPS,
        "0-d",
        "0-d array",
        "an axis less",
        "an axis more in front",
        "an axis more behind",
        "flat",
        "two axes more",
        "five axes more",
        "transposed",
        "list of empty list",
        "2^31 of nothing",
        "2^32 of nothing",
        "nothing of 2^31",
        "nothing of 2^32",
    )
    call = partial(correlation_p, df=9)
    found.append(_target("stats.tails.correlation_p", call, {"r": SHARES / 2}, "numbers", r=free_r))
    call = partial(correlation_p, SHARES / 2)
    free_df = (*GAPS, "0-d", "0-d array", "an axis less", "one element", "inf", "-inf", "all inf", "all -inf")
    found.append(_target("stats.tails.correlation_p", call, {"df": FOLDS + 7.0}, "numbers", df=free_df))
    nulls = {"r": LINE / 32, "null_mean": SHARES, "null_sd": SHARES + 0.125}
    broadcast = (
        *GAPS,
        "0-d",
        "0-d array",
        "one element",
        "an axis less",
        "an axis more in front",
        "an axis more behind",
        "two axes more",
        "five axes more",
        "flat",
        "transposed",
    )
    for method in ("published", "textbook", "z"):
        call = partial(stats.null_test, method=method)
        found.append(
            _target(f"stats.null_test[{method}]", call, nulls, *["numbers"] * 3, **dict.fromkeys(nulls, broadcast))
        )
    return found


def _effects() -> list[Target]:
    two, both = {"a": LINE, "b": OTHER}, ("numbers", "numbers")
    gaps: Any = {"a": GAPS, "b": GAPS}
    has = OTHER > 0
    return [
        _target("stats.direction_test", partial(stats.direction_test, n_bootstrap=20), two, *both, **gaps),
        _target("stats.rank_agreement", stats.rank_agreement, two, *both, **gaps),
        _target("stats.sign_agreement", partial(stats.sign_agreement, strata=2), two, *both, **gaps),
        _target(
            "stats.driver_support",
            stats.driver_support,
            {"effects": LINE, "slopes": OTHER},
            *both,
            effects=GAPS,
            slopes=GAPS,
        ),
        _target(
            "stats.support_test", stats.support_test, {"fractions": SHARES, "r": OTHER}, *both, fractions=GAPS, r=GAPS
        ),
        _intervals("stats.correlation_interval[fisher]", stats.correlation_interval),
        _intervals(
            "stats.correlation_interval[bootstrap]", partial(stats.correlation_interval, method="bootstrap", n_draws=10)
        ),
        _intervals("stats.permutation_p", partial(stats.permutation_p, n_draws=10)),
        _target(
            "stats.motif_sizes",
            partial(motif_sizes, centre=3, scale=2.0),
            {"attribution": LINE},
            "numbers",
            attribution=(*ONLY_AXIS, *GAPS),
        ),
        _target(
            "stats.cluster_enrichment",
            cluster_enrichment,
            {"clusters": FOLDS, "has": has},
            "whole",
            "truths",
            clusters=OTHER_FOLDS,
        ),
        _target(
            "stats.residualise",
            stats.residualise,
            {"y": Y, "covariates": COVARIATES},
            *both,
            y=(*FIRST_AXIS, *GAPS),
            covariates=FIRST_AXIS,
        ),
        _target("stats.flat_rows", stats.flat_rows, {"y": Y, "residuals": X}, *both, y=GAPS, residuals=GAPS),
    ]


def _certificates() -> list[Target]:
    """One value per gene, or one for all; NaN leaves a gene, a phasing or a statement out."""
    several = {"r": X / 32, "n": np.arange(GENES) + 20, "n_covariates": np.arange(GENES)}
    effects = {
        "effects": LINE[:SNPS], "covariance": np.cov(IMPUTED), "slope": LINE[:SNPS] / 8, "slope_se": np.ones(SNPS),
    }  # fmt: skip
    said = {"probability": SHARES, "right": OTHER > 0}
    r_free, whole = (*ONLY_AXIS, *GAPS, "an axis less"), ("0-d", "0-d array", "an axis less", *ABOVE)
    free: Any = {"r": r_free, "n": whole, "n_covariates": whole}
    summary = partial(stats.correlation_from_effects, n=40)
    call = stats.direction_certificate
    return [
        _target("stats.direction_certificate", call, several, "numbers", "whole", "whole", **free),
        _target("stats.correlation_from_effects", summary, effects, *["numbers"] * 4, covariance=("transposed",)),
        _target("stats.calibration", stats.calibration, said, "numbers", "truths", probability=GAPS),
    ]  # fmt: skip


def _cells() -> list[Target]:
    """NaN leaves a person of a gene, or a gene, out."""
    groups = partial(stats.within_groups, n_groups=3)
    both: Any = {"predicted": X, "observed": Y}
    summary = {"r": SHARES, "h2": SHARES, "noise": SHARES}
    gaps: Any = dict.fromkeys(("predicted", "observed"), GAPS)
    return [
        _target("stats.within_groups", groups, {**both, "groups": FOLDS}, "numbers", "numbers", "whole", **gaps,
                groups=OTHER_FOLDS),
        _target("stats.across_genes", stats.across_genes, both, "numbers", "numbers", **gaps),
        _target("stats.cell_summary", partial(stats.cell_summary, n_draws=10), summary, *["numbers"] * 3,
                r=GAPS, h2=(*GAPS, "None"), noise=(*GAPS, "None")),
    ]  # fmt: skip


def _intervals(name: str, call: Callable[..., Any]) -> Target:
    means = {**_gap_counts(call, ("x", "y")), **_undefined(call, ("x", "y"))}
    return Target(name, call, {"x": X, "y": Y}, {"x": "numbers", "y": "numbers"}, means=means)


def _genotypes() -> list[Target]:
    one = {"dosages": DOSAGES, "y": LINE, "covariates": COVARIATES}
    three: Any = ["numbers"] * 3
    fewer: Any = {"dosages": FIRST_AXIS, "covariates": (*FIRST_AXIS, "None")}
    drivers = {"dosages": IMPUTED, "effects": LINE[:SNPS], "predictions": IMPUTED.T @ LINE[:SNPS]}

    def scan(dosages: Any, covariates: Any, phenotypes: Any, first: Any, last: Any) -> Any:
        made = stats.CisScan(dosages, covariates=covariates)
        found = made.associations(phenotypes, first, last)
        return found, made.permutations(phenotypes, first, last, n_permutations=12, beta=False)

    scanned = {"dosages": DOSAGES, "covariates": COVARIATES, "phenotypes": Y, "first": FIRST, "last": LAST}
    return [
        _target("stats.eqtl", stats.eqtl, one, *three, **fewer),
        _target("stats.eqtl_permutations", partial(stats.eqtl_permutations, n_permutations=20), one, *three, **fewer),
        _target("stats.conditional_eqtl", partial(stats.conditional_eqtl, n_permutations=20), one, *three, **fewer),
        _target("stats.susie", stats.susie, one, *three, **fewer),
        _target("stats.cis_heritability", stats.cis_heritability, one, *three, **fewer),
        _target(
            "stats.blup",
            stats.blup,
            {"dosages": DOSAGES, "y": LINE, "new_dosages": DOSAGES[:, :4]},
            *three,
            new_dosages=LAST_AXIS,
        ),
        _target(
            "stats.random_null",
            stats.random_null,
            {"dosages": DOSAGES, "observed": LINE},
            "whole",
            "numbers",
            dosages=FIRST_AXIS,
        ),
        _target("stats.select_drivers", stats.select_drivers, drivers, *three),
        _target(
            "stats.select_drivers[backward]", partial(stats.select_drivers, rule="backward", alpha=0.9), drivers, *three
        ),
        _target(
            "stats.CisScan",
            scan,
            scanned,
            "whole",
            "numbers",
            "numbers",
            "whole",
            "whole",
            dosages=("first axis long", "twice"),
            covariates=(*FIRST_AXIS, "None"),
        ),
        *_nets(),
    ]


def _nets() -> list[Target]:
    def net(dosages: Any, y: Any, folds: Any) -> Any:
        return stats.elastic_net_cv(dosages, y, folds=folds, n_lambdas=8, gap=1e-6)

    def on_grid(lambdas: Any) -> Any:
        return stats.elastic_net_cv(LONG_DOSAGES, LONG, folds=3, lambdas=lambdas)

    whole = {"dosages": LONG_DOSAGES, "y": LONG, "folds": np.arange(30, dtype=np.int64) % 3}
    fit = on_grid([1e-3])
    crossed = {
        "dosages": LONG_DOSAGES,
        "y": LONG,
        "distance": LINE[:SNPS],
        "folds": np.arange(30, dtype=np.int64) % 2,
        "covariates": _numbers(1, 30),
    }
    imputed = Target(
        "stats.elastic_net_cv[imputed]",
        net,
        {**whole, "dosages": LONG_DOSAGES / 1.0},
        {"y": "numbers", "folds": "whole"},
    )
    return [
        imputed,
        _target("stats.elastic_net_cv", net, whole, "whole", "numbers", "whole", dosages=(*FIRST_AXIS, *HALVES)),
        _target(
            "stats.elastic_net_cv",
            on_grid,
            {"lambdas": np.array([1.0, 0.5, 0.25])},
            "numbers",
            lambdas=(*FIRST_AXIS, "one short", "one element", "None"),
        ),
        _target(
            "stats.ElasticNetFit.predict", fit.predict, {"dosages": LONG_DOSAGES[:, :4]}, "numbers", dosages=LAST_AXIS
        ),
        _target(
            "stats.cross_predict",
            partial(stats.cross_predict, inner_folds=3),
            crossed,
            "whole",
            "numbers",
            "numbers",
            "whole",
            "numbers",
            dosages=HALVES,
            folds=OTHER_FOLDS,
            covariates=(*FIRST_AXIS, "None"),
        ),
    ]


def _heads() -> list[Target]:
    def fit(tracks: Any, y: Any, folds: Any) -> Any:
        return stats.fit_tracks(tracks, y, folds=folds, n_lambdas=5)

    def validated(validation: Any) -> Any:
        return stats.fit_tracks(TRACKS, LINE, validation=validation, n_lambdas=5)

    fitted = fit(TRACKS, LINE, 3)
    trained = {"tracks": TRACKS, "y": LINE, "folds": FOLDS}
    heads = {
        "features": _numbers(GENES, PEOPLE, 3),
        "expression": Y,
        "people_folds": FOLDS,
        "gene_folds": np.arange(GENES) % 2,
    }
    return [
        _target("stats.fit_tracks", fit, trained, "numbers", "numbers", "whole", tracks=("one short", "one long")),
        _target("stats.fit_tracks", validated, {"validation": FOLDS == 1}, "truths", validation=("None",)),
        _target("stats.TrackFit.predict", fitted.predict, {"tracks": TRACKS}, "numbers", tracks=FIRST_AXIS),
        _target(
            "stats.fit_personal_heads",
            fit_personal_heads,
            heads,
            "numbers",
            "numbers",
            "whole",
            "whole",
            features=("one short", "one long"),
            expression=GAPS,
            people_folds=OTHER_FOLDS,
            gene_folds=OTHER_FOLDS,
        ),
    ]


def _names() -> list[Target]:
    ids = np.array([f"person{i}" for i in _RNG.permutation(PEOPLE)])
    labels = np.array([f"p{i % 3}" for i in range(PEOPLE)])
    people, loose = {"ids": ids, "labels": labels}, frozenset({"a generator"})
    short = np.array(["ACGTA", "ACGTT", "TTTTT", "AAAAA", "ACGTA"])
    split = partial(stats.split_people, n_folds=3)
    any_number = ("one short", "nothing", "empty list")
    apart = partial(stats.split_by_lists, lists={"train": ids[:5].tolist(), "test": ids[5:9].tolist()})
    return [
        Target(
            "stats.split_people",
            split,
            people,
            {"ids": "texts", "labels": "texts"},
            loose=loose,
            legal={"labels": ("None",)},
        ),
        Target("stats.split_by_label", stats.split_by_label, people, {"ids": "texts", "labels": "texts"}),
        Target(
            "stats.split_by_lists",
            apart,
            {"genes": ids},
            {"genes": "texts"},
            words={"genes": "ids"},
            legal={"genes": ("one short", "one long")},
        ),
        Target(
            "stats.cluster_sequences",
            cluster_sequences,
            {"sequences": short},
            {"sequences": "texts"},
            legal={"sequences": any_number},
        ),
        Target(
            "stats.sequence_distances",
            sequence_distances,
            {"sequences": short},
            {"sequences": "texts"},
            legal={"sequences": any_number},
        ),
    ]


def _variants() -> list[Target]:
    labels, places = np.arange(PEOPLE) % 3 / 2 // 1, np.array([f"chr{i % 2}" for i in range(PEOPLE)])
    scored, both = {"scores": LINE, "effects": OTHER}, ("numbers", "numbers")
    labelled = {"scores": LINE, "labels": labels}
    gaps: Any = dict.fromkeys(("scores", "effects", "labels", "a", "b", "null"), GAPS)

    def matched(positive: Any, chrom: Any, covariate: Any) -> Any:
        return stats.match_controls(positive, {"chrom": chrom}, {"covariate": covariate}, k=1)

    def audited(positive: Any, covariate: Any) -> Any:
        return stats.covariate_audit(positive, {"covariate": covariate})

    return [
        _target("stats.sign_share", stats.sign_share, scored, *both, **gaps),
        _target("stats.sign_auroc", partial(stats.sign_auroc, n_bootstraps=5), scored, *both, **gaps),
        _target("stats.ranking", partial(stats.ranking, n_bootstraps=5), labelled, *both, **gaps),
        _target("stats.ranking[analytic]", partial(stats.ranking, n_bootstraps=0), labelled, *both, **gaps),
        _target("stats.effect_correlation", stats.effect_correlation, scored, *both, **gaps),
        _target("stats.effect_correlation[pearson]", partial(stats.effect_correlation, method="pearson"), scored, *both,
                **gaps),
        *(
            _target(
                f"stats.auprc_by_chromosome[{resample}]",
                partial(stats.auprc_by_chromosome, resample=resample, n_bootstraps=5),
                {**labelled, "chrom": places}, *both, "texts", **gaps,
            )
            for resample in ("chromosomes", "class")
        ),
        _target(
            "stats.pairwise_accuracy", stats.pairwise_accuracy, {**labelled, "sets": places}, *both, "texts", **gaps
        ),
        _target("stats.direction_odds", stats.direction_odds, {"a": LINE, "b": OTHER, "effects": SHARES - 0.5},
                *["numbers"] * 3, **gaps),
        _target("stats.null_percentile", stats.null_percentile, {"scores": LINE, "null": OTHER}, *both,
                scores=(*GAPS, *ONLY_AXIS), null=(*GAPS, *ONLY_AXIS)),
        _target("stats.match_controls", matched, {"positive": FOLDS == 0, "chrom": places, "covariate": LINE},
                "truths", "texts", "numbers", covariate=GAPS),
        _target("stats.covariate_audit", audited, {"positive": FOLDS == 0, "covariate": LINE}, "truths", "numbers",
                covariate=GAPS),
        _target("stats.scaled_covariates", stats.scaled_covariates,
                {"tss_distance": LINE, "frequency": SHARES, "ld_score": OTHER}, *["numbers"] * 3,
                **dict.fromkeys(("tss_distance", "frequency", "ld_score"), (*GAPS, *ONLY_AXIS, "None"))),
    ]  # fmt: skip


def targets() -> list[Target]:
    """Return one entry per function, and per backend or method where other code runs."""
    return [
        *_correlations(), *_tests(), *_effects(), *_certificates(), *_cells(), *_genotypes(), *_heads(), *_names(),
        *_variants(),
    ]  # fmt: skip
