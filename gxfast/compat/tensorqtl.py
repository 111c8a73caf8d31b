"""Twins of tensorQTL's ``cis.map_nominal`` and ``cis.map_cis``: its tables, from the kernels of `CisScan`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._threads import thread_budget
from ..errors import InputError
from ..stats import CisScan
from ._hosts import host_original, pandas_module

__all__ = ["map_cis", "map_nominal"]

Int64Array = NDArray[np.int64]

_TOGETHER = 256  # phenotypes tested at a time
_DTYPES = {
    "num_var": np.int32, "beta_shape1": np.float32, "beta_shape2": np.float32, "true_df": np.float32,
    "pval_true_df": np.float64, "variant_id": str, "start_distance": np.int32, "end_distance": np.int32,
    "ma_samples": np.int32, "ma_count": np.int32, "af": np.float32, "pval_nominal": np.float64, "slope": np.float32,
    "slope_se": np.float32, "pval_perm": np.float64, "pval_beta": np.float64,
}  # fmt: skip


@dataclass(frozen=True)
class _Chromosome:
    """The phenotypes of one chromosome, in their order, and the variants of all of their windows."""

    chrom: Any
    rows: Int64Array  # of phenotypes
    start: Int64Array  # of phenotypes: the places that distances are counted from
    end: Int64Array
    first: Int64Array  # windows, as places in `kept`
    last: Int64Array
    kept: Int64Array  # rows of variants
    positions: Int64Array
    dosages: NDArray[np.int8]


def map_nominal(
    genotype_df: Any,
    variant_df: Any,
    phenotype_df: Any,
    phenotype_pos_df: Any,
    prefix: str,
    covariates_df: Any = None,
    paired_covariate_df: Any = None,
    maf_threshold: float = 0,
    interaction_df: Any = None,
    maf_threshold_interaction: float = 0.05,
    group_s: Any = None,
    window: int = 1000000,
    run_eigenmt: bool = False,
    logp: bool = False,
    output_dir: Any = ".",
    write_top: bool = True,
    write_stats: bool = True,
    logger: Any = None,
    verbose: bool = True,
) -> Any:
    """Map all variant-phenotype pairs as ``tensorqtl.cis.map_nominal`` does.

    Parameters
    ----------
    genotype_df : DataFrame, shape (V, S)
        0, 1 or 2. Other dosages and missing calls are handed to tensorQTL.
    variant_df, phenotype_df, phenotype_pos_df, covariates_df
        As tensorQTL's; complete.
    prefix, output_dir : str
        One ``<output_dir>/<prefix>.cis_qtl_pairs.<chr>.parquet`` is written per chromosome.
    maf_threshold, window, write_stats, logger, verbose
        As tensorQTL's.
    paired_covariate_df, interaction_df, maf_threshold_interaction, group_s, run_eigenmt, logp, write_top
        Handed on where they are not at their defaults.

    Raises
    ------
    ValueError, AssertionError
        As tensorQTL.
    NotImplementedError
        For what is handed on, if tensorQTL is not installed.

    Notes
    -----
    Computed in float64 where tensorQTL has float32; columns have its dtypes.
    """
    plain = all(value is None for value in (paired_covariate_df, interaction_df, group_s)) and not (logp or run_eigenmt)
    made = _study(genotype_df, variant_df, phenotype_df, covariates_df) if plain else None
    if made is None:
        original = host_original("tensorqtl", "tensorqtl.cis", "map_nominal", "this mapping")
        return original(
            genotype_df, variant_df, phenotype_df, phenotype_pos_df, prefix, covariates_df=covariates_df,
            paired_covariate_df=paired_covariate_df, maf_threshold=maf_threshold, interaction_df=interaction_df,
            maf_threshold_interaction=maf_threshold_interaction, group_s=group_s, window=window,
            run_eigenmt=run_eigenmt, logp=logp, output_dir=output_dir, write_top=write_top, write_stats=write_stats,
            logger=logger, verbose=verbose,
        )  # fmt: skip
    say = _speaker(logger, verbose)
    say(f"cis-QTL mapping: {phenotype_df.shape[0]} phenotypes, {variant_df.shape[0]} variants, window {window:,}")
    for part in _chromosomes(made[0], variant_df, phenotype_df, phenotype_pos_df, window, maf_threshold, False, say):
        say(f"  * chromosome {part.chrom}: {part.rows.size} phenotypes")
        table = _pairs(part, made[1], variant_df, phenotype_df, "pos" not in phenotype_pos_df)
        if write_stats:
            table.to_parquet(os.path.join(output_dir, f"{prefix}.cis_qtl_pairs.{part.chrom}.parquet"))
    return None


def map_cis(
    genotype_df: Any,
    variant_df: Any,
    phenotype_df: Any,
    phenotype_pos_df: Any,
    covariates_df: Any = None,
    group_s: Any = None,
    paired_covariate_df: Any = None,
    maf_threshold: float = 0,
    beta_approx: bool = True,
    nperm: int = 10000,
    window: int = 1000000,
    random_tiebreak: bool = False,
    logger: Any = None,
    seed: int | None = None,
    logp: bool = False,
    verbose: bool = True,
    warn_monomorphic: bool = True,
) -> Any:
    """Test the best variant of each phenotype by permutations as ``tensorqtl.cis.map_cis`` does.

    Parameters
    ----------
    genotype_df, variant_df, phenotype_df, phenotype_pos_df, covariates_df, maf_threshold, window, logger, verbose
        As in `map_nominal`.
    group_s, paired_covariate_df, random_tiebreak, logp
        Handed to tensorQTL where they are not at their defaults.
    beta_approx : bool
        Fit the beta distribution too.
    nperm, seed : int
        The same permutations as tensorQTL's are drawn, from NumPy's global generator.
    warn_monomorphic : bool
        Say how many variants do not vary.

    Returns
    -------
    DataFrame, one row per phenotype, with tensorQTL's columns and dtypes

    Raises
    ------
    ValueError, AssertionError
        As tensorQTL.
    NotImplementedError
        For what is handed on, if tensorQTL is not installed.
    """
    plain = group_s is None and paired_covariate_df is None and not (logp or random_tiebreak)
    made = _study(genotype_df, variant_df, phenotype_df, covariates_df) if plain else None
    if made is None:
        original = host_original("tensorqtl", "tensorqtl.cis", "map_cis", "this mapping")
        return original(
            genotype_df, variant_df, phenotype_df, phenotype_pos_df, covariates_df=covariates_df, group_s=group_s,
            paired_covariate_df=paired_covariate_df, maf_threshold=maf_threshold, beta_approx=beta_approx, nperm=nperm,
            window=window, random_tiebreak=random_tiebreak, logger=logger, seed=seed, logp=logp, verbose=verbose,
            warn_monomorphic=warn_monomorphic,
        )  # fmt: skip
    say = _speaker(logger, verbose)
    say(f"cis-QTL mapping: {phenotype_df.shape[0]} phenotypes, {variant_df.shape[0]} variants, window {window:,}")
    if seed is not None:
        np.random.seed(seed)  # noqa: NPY002
    orders = np.array([np.random.permutation(phenotype_df.shape[1]) for _ in range(nperm)])  # noqa: NPY002
    warn = say if warn_monomorphic else (lambda text: None)
    parts = _chromosomes(made[0], variant_df, phenotype_df, phenotype_pos_df, window, maf_threshold, True, warn)
    rows = [row for part in parts for row in _best(part, made[1], variant_df, phenotype_df, orders, beta_approx)]
    if not rows:
        raise ValueError("No valid phenotypes found.")
    table = pandas_module().DataFrame([row for _, row in rows], index=[name for name, _ in rows])
    table.index.name = "phenotype_id"
    # tensorQTL's order is that of the phenotypes
    return table.loc[[name for name in phenotype_df.index if name in table.index]].astype(_DTYPES)


def _speaker(logger: Any, verbose: bool) -> Callable[[str], Any]:
    if logger is not None:
        write: Callable[[str], Any] = logger.write
        return write
    return print if verbose else lambda text: None


def _study(genotype_df: Any, variant_df: Any, phenotype_df: Any, covariates_df: Any) -> Any:
    """Return dosages of the phenotypes' people as int8, and covariates (K, S) or None; None if they are not ours."""
    assert (genotype_df.index == variant_df.index).all(), "genotypes and variants differ"
    assert phenotype_df.index.is_unique, "phenotypes are named twice"
    if covariates_df is not None:
        assert covariates_df.index.equals(phenotype_df.columns), "people of phenotypes and covariates differ"
    people = genotype_df.columns.get_indexer(phenotype_df.columns)
    values = genotype_df.to_numpy()
    if (people < 0).any() or values.dtype.kind not in "iuf" or values.size == 0:
        return None
    values = values if np.array_equal(people, np.arange(values.shape[1])) else values[:, people]
    if not values.min() >= 0 or not values.max() <= 2:
        return None
    dosages = values.astype(np.int8)
    covariates = None if covariates_df is None else covariates_df.to_numpy(np.float64).T
    complete = np.isfinite(phenotype_df.to_numpy(np.float64)).all() and (
        covariates is None or np.isfinite(covariates).all()
    )
    if not complete or (values.dtype.kind == "f" and not np.array_equal(dosages, values)):
        return None
    try:
        CisScan(dosages[:1], covariates=covariates)
    except InputError:  # collinear covariates, of which tensorQTL makes what it can
        return None
    return dosages, covariates


def _chromosomes(
    dosages: NDArray[np.int8], variant_df: Any, phenotype_df: Any, phenotype_pos_df: Any, window: int,
    maf_threshold: float, varying: bool, say: Callable[[str], Any],
) -> Iterator[_Chromosome]:  # fmt: skip
    """Yield what is to be tested, chromosome by chromosome; varying: without variants that do not vary."""
    begin, end = ("pos", "pos") if "pos" in phenotype_pos_df else ("start", "end")
    starts, ends = (phenotype_pos_df[name].to_numpy(np.int64) for name in (begin, end))
    of_phenotype, of_variant = phenotype_pos_df["chr"].to_numpy(), variant_df["chrom"].to_numpy()
    y = phenotype_df.to_numpy()
    tested = ~(y == y[:, :1]).all(axis=1)
    positions = variant_df["pos"].to_numpy(np.int64)
    for chrom in dict.fromkeys(of_phenotype.tolist()):
        here = np.flatnonzero(of_variant == chrom)
        rows = np.flatnonzero((of_phenotype == chrom) & tested)
        first = np.searchsorted(positions[here], starts[rows] - window, "left")
        last = np.searchsorted(positions[here], ends[rows] + window, "right")
        rows, first, last = (values[first < last] for values in (rows, first, last))
        if not rows.size:
            continue
        kept = np.ones(here.size, np.bool_)
        if maf_threshold > 0:
            af = (dosages[here].sum(axis=1, dtype=np.int64) / (2 * dosages.shape[1])).astype(np.float32)
            kept &= np.minimum(af, 1 - af) >= np.float32(maf_threshold)
        if varying:
            constant = (dosages[here] == dosages[here, :1]).all(axis=1)
            if (constant & kept).any():
                say(f"    * WARNING: excluding {(constant & kept).sum()} monomorphic variants of {chrom}")
            kept &= ~constant
        place = np.concatenate([[0], np.cumsum(kept)])
        first, last = place[first], place[last]
        rows, first, last = (values[first < last] for values in (rows, first, last))
        if rows.size:
            yield _Chromosome(
                chrom, rows, starts[rows], ends[rows], first, last, here[kept], positions[here[kept]],
                np.ascontiguousarray(dosages[here[kept]]),
            )  # fmt: skip


def _frequencies(dosages: NDArray[np.int8]) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """Allele frequency, carriers and copies of the minor allele, by tensorQTL's rules."""
    copies = dosages.sum(axis=1, dtype=np.int64)
    whole = 2 * dosages.shape[1]
    af = copies.astype(np.float32) / np.float32(whole)
    minor = af <= 0.5
    carriers = np.where(minor, (dosages > 0).sum(axis=1), (dosages < 2).sum(axis=1))
    return af, carriers.astype(np.int32), np.where(minor, copies, whole - copies).astype(np.int32)


def _pairs(part: _Chromosome, covariates: Any, variant_df: Any, phenotype_df: Any, with_end: bool) -> Any:
    scan = CisScan(part.dosages, covariates=covariates, n_threads=thread_budget())
    y = phenotype_df.to_numpy(np.float64)
    sizes = part.last - part.first
    variant = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(part.first, sizes)
    af, carriers, copies = _frequencies(part.dosages)
    found = [
        scan.associations(y[part.rows[some]], part.first[some], part.last[some])
        for some in (slice(k, k + _TOGETHER) for k in range(0, part.rows.size, _TOGETHER))
    ]
    columns = {
        "phenotype_id": np.repeat(phenotype_df.index.to_numpy()[part.rows], sizes),
        "variant_id": variant_df.index.to_numpy()[part.kept[variant]],
        "start_distance": (part.positions[variant] - np.repeat(part.start, sizes)).astype(np.int32),
    }
    if with_end:
        columns["end_distance"] = (part.positions[variant] - np.repeat(part.end, sizes)).astype(np.int32)
    columns |= {"af": af[variant], "ma_samples": carriers[variant], "ma_count": copies[variant]}
    columns |= {
        "pval_nominal": np.concatenate([each.p for each in found]),
        "slope": np.concatenate([each.slope for each in found]).astype(np.float32),
        "slope_se": np.concatenate([each.slope_se for each in found]).astype(np.float32),
    }
    return pandas_module().DataFrame(columns)


def _best(
    part: _Chromosome, covariates: Any, variant_df: Any, phenotype_df: Any, orders: Int64Array, beta_approx: bool
) -> Iterator[tuple[Any, dict[str, Any]]]:
    scan = CisScan(part.dosages, covariates=covariates, n_threads=thread_budget())
    y = phenotype_df.to_numpy(np.float64)
    af, carriers, copies = _frequencies(part.dosages)
    names, ids = phenotype_df.index.to_numpy(), variant_df.index.to_numpy()
    for begin in range(0, part.rows.size, _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        first, last = part.first[some], part.last[some]
        found = scan.associations(y[part.rows[some]], first, last)
        judged = scan.permutations(y[part.rows[some]], first, last, found=found, orders=orders, beta=beta_approx)
        for g, (row, permuted) in enumerate(zip(part.rows[some], judged, strict=True)):
            pairs = found.of(g)
            if pairs.lead is None:
                raise ValueError("All correlations resulted in NaN. Please check phenotype values.")
            at, beta = int(first[g]) + pairs.lead, permuted.beta
            shape = (beta.shape1, beta.shape2, beta.true_df, beta.pval_true_df) if beta else (np.nan,) * 4
            place = part.positions[at]
            yield names[row], {
                "num_var": last[g] - first[g], "beta_shape1": shape[0], "beta_shape2": shape[1], "true_df": shape[2],
                "pval_true_df": shape[3], "variant_id": ids[part.kept[at]],
                "start_distance": place - part.start[begin + g], "end_distance": place - part.end[begin + g],
                "ma_samples": carriers[at], "ma_count": copies[at], "af": af[at], "pval_nominal": pairs.p[pairs.lead],
                "slope": pairs.slope[pairs.lead], "slope_se": pairs.slope_se[pairs.lead],
                "pval_perm": permuted.pval_perm, "pval_beta": beta.pval_beta if beta else np.nan,
            }  # fmt: skip
