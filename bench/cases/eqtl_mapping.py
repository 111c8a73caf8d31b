"""Cases of cis-eQTL mapping beside tensorQTL: nominal pairs, permutations, permutations shared by genes."""

from __future__ import annotations

import contextlib
import io
import tempfile
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.cases.statistics.data import make_genotypes
from gxfast.bench.measure import Contender, Field, compare
from gxfast.bench.packages import load
from gxfast.bench.registry import Case
from gxfast.bench.result import Goal, Row
from gxfast.stats import CisScan

__all__ = ["cases"]

_TENSOR, _CORE = "tensorQTL map_nominal", "tensorQTL functions"
_MAP_CIS = "tensorQTL map_cis"
_INSTALL = "tensorqtl pandas_plink qtl"
# genes, SNPs of the stretch, SNPs of a window: +-98 kb of 421 people, +-500 kb of 839
_SIZES = {"421": (421, 100, 30_456, 998), "839": (839, 40, 7_200, 2_983)}
_SMALLER = {"tiny": 20, "small": 5, "real": 1}


@dataclass(frozen=True, slots=True)
class _Cohort:
    x: NDArray[np.int8]
    y: NDArray[np.float64]
    covariates: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @property
    def pairs(self) -> int:
        return int((self.last - self.first).sum())


@lru_cache(maxsize=2)
def _cohort(name: str, size: str) -> _Cohort:
    from scipy.special import ndtri

    people, genes, snps, window = _SIZES[name]
    genes, snps, window = (max(2, n // _SMALLER[size]) for n in (genes, snps, window))
    rng = np.random.default_rng(7)
    x = make_genotypes(people, snps, 7)
    x[:, 0], x[:, 1] = 0, 1  # nobody is left out for a SNP that does not vary
    values = ndtri((np.arange(people) + 0.5) / people)
    first = np.linspace(0, snps - window, genes).astype(np.int64)
    y = np.empty((genes, people))
    for g in range(genes):
        effect = rng.choice([0.0, 0.3, 0.8], p=[0.4, 0.4, 0.2])
        raw = effect * x[first[g] + rng.integers(window)] + rng.normal(size=people)
        y[g, np.argsort(raw)] = values
    return _Cohort(x, y, rng.normal(size=(20, people)), first, first + window)


def _frames(cohort: _Cohort, genes: int) -> tuple[Any, ...]:
    """What tensorQTL reads: one base between SNPs, windows around the middle of each."""
    pandas = load("pandas", "pandas")
    people = [f"p{i}" for i in range(cohort.x.shape[1])]
    snps = [f"s{v}" for v in range(len(cohort.x))]
    names = [f"g{g}" for g in range(genes)]
    genotypes = pandas.DataFrame(cohort.x, index=snps, columns=people)
    variants = pandas.DataFrame({"chrom": "chr1", "pos": np.arange(1, len(snps) + 1)}, index=snps)
    phenotypes = pandas.DataFrame(cohort.y[:genes], index=names, columns=people)
    # an even window has no middle: tensorQTL sees one SNP more at the ends, on 1 in 1,000 of the pairs
    middle = (cohort.first[:genes] + cohort.last[:genes]) // 2 + 1
    places = pandas.DataFrame({"chr": "chr1", "pos": middle}, index=names)
    covariates = pandas.DataFrame(cohort.covariates.T, index=people)
    return genotypes, variants, phenotypes, places, covariates


def _tensorqtl() -> tuple[Any, Any]:
    torch = load("torch", "torch")
    with contextlib.redirect_stdout(io.StringIO()):
        module = load("tensorqtl.cis", _INSTALL)
    torch.set_num_threads(1)
    return module, torch


def _half(cohort: _Cohort) -> int:
    return int(cohort.last[0] - cohort.first[0]) // 2


def _map_nominal(cohort: _Cohort) -> Contender:
    cis, _ = _tensorqtl()
    genotypes, variants, phenotypes, places, covariates = _frames(cohort, len(cohort.y))
    folder = tempfile.mkdtemp()

    def call() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            cis.map_nominal(genotypes, variants, phenotypes, places, "bench", covariates_df=covariates,
                            window=_half(cohort), output_dir=folder, write_top=False, verbose=False)  # fmt: skip
        return load("pandas", "pandas").read_parquet(f"{folder}/bench.cis_qtl_pairs.chr1.parquet")

    truth = CisScan(cohort.x, covariates=cohort.covariates).associations(cohort.y, cohort.first, cohort.last)

    def check(found: Any) -> str:
        rows = found[found.phenotype_id == "g0"].set_index("variant_id")
        own = {f"s{cohort.first[0] + i}": value for i, value in enumerate(truth.of(0).slope)}
        shared = [name for name in rows.index if name in own]
        worst = max(abs(float(rows.slope[name]) - own[name]) for name in shared)
        few = len(shared) < 0.9 * len(own) or len(found) < 0.9 * cohort.pairs
        return "pairs are missing" if few else "" if worst < 1e-5 else f"slopes differ by {worst:.1e}"

    return Contender(_TENSOR, call, cohort.pairs, check)


def _nominal_functions(cohort: _Cohort) -> Contender:
    """Its calculation alone, without tables and files."""
    cis, torch = _tensorqtl()
    x = torch.tensor(cohort.x, dtype=torch.float32)
    y = torch.tensor(cohort.y, dtype=torch.float32)
    covariates = torch.tensor(cohort.covariates.T, dtype=torch.float32)

    def call() -> Any:
        residualizer = cis.Residualizer(covariates)
        out = []
        for g in range(len(y)):
            found = cis.calculate_cis_nominal(x[cohort.first[g] : cohort.last[g]], y[g], residualizer)
            slope, se = found[1].numpy(), found[2].numpy()
            out.append((slope, se, cis.get_t_pval(found[0].numpy(), residualizer.dof)))
        return out

    truth = CisScan(cohort.x, covariates=cohort.covariates).associations(cohort.y, cohort.first, cohort.last)

    def check(found: Any) -> str:
        worst = max(float(np.abs(slope - truth.of(g).slope).max()) for g, (slope, *_) in enumerate(found))
        return "" if worst < 1e-5 else f"slopes differ by {worst:.1e}"

    return Contender(_CORE, call, cohort.pairs, check)


def _nominal(name: str, size: str) -> Row:
    cohort = _cohort(name, size)

    def own() -> Any:
        return CisScan(cohort.x, covariates=cohort.covariates).associations(cohort.y, cohort.first, cohort.last)

    def check(found: Any) -> str:
        from gxfast.stats import eqtl

        for g in range(0, len(cohort.y), 10):
            alone = eqtl(cohort.x[cohort.first[g] : cohort.last[g]], cohort.y[g], covariates=cohort.covariates)
            worst = float(np.nanmax(np.abs(found.of(g).r - alone.r)))
            if worst > 1e-12:
                return f"r differs by {worst:.1e}"
        return ""

    field = Field(Contender("gxfast", own, cohort.pairs, check))
    field.add(_TENSOR, partial(_map_nominal, cohort))
    field.add(_CORE, partial(_nominal_functions, cohort))
    goal = {"421": 45.0, "839": 90.0}[name]  # products in float64 alone, at the speed of BLAS, are two thirds
    return compare(f"eqtl-nominal-{name}", field, size=size, goals=[Goal("cis-eQTL", _TENSOR, goal)])


def _map_cis(cohort: _Cohort, genes: int) -> Contender:
    cis, _ = _tensorqtl()
    genotypes, variants, phenotypes, places, covariates = _frames(cohort, genes)
    own = CisScan(cohort.x, covariates=cohort.covariates).permutations(
        cohort.y[:genes], cohort.first[:genes], cohort.last[:genes], seed=1
    )

    def call() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return cis.map_cis(genotypes, variants, phenotypes, places, covariates_df=covariates, nperm=1000,
                               window=_half(cohort), seed=5, verbose=False, warn_monomorphic=False)  # fmt: skip

    def check(found: Any) -> str:
        theirs = np.log10(found.pval_beta.to_numpy(float))
        ours = np.log10([one.beta.pval_beta if one.beta else np.nan for one in own])
        same = float(np.corrcoef(theirs, ours)[0, 1]) if genes > 2 else 1.0
        return "" if same > 0.99 else f"log10 of the beta p values correlate {same:.4f}"

    return Contender(_MAP_CIS, call, genes, check)


def _permutations(name: str, shared: bool, size: str) -> Row:
    cohort = _cohort(name, size)
    genes = len(cohort.y)

    def own() -> Any:
        scan = CisScan(cohort.x, covariates=cohort.covariates)
        return scan.permutations(cohort.y, cohort.first, cohort.last, shared=shared)

    def check(found: Any) -> str:
        from gxfast.stats import eqtl_permutations

        x = cohort.x[cohort.first[1] : cohort.last[1]]
        y = np.sort(cohort.y[1]) if shared else cohort.y[1]
        alone = eqtl_permutations(x, y, covariates=cohort.covariates)
        worst = float(np.abs(found[1].r2 - alone.r2).max())
        return "" if worst < 1e-6 else f"squared correlations differ by {worst:.1e}"

    field = Field(Contender("gxfast", own, genes, check))
    field.add(_MAP_CIS, partial(_map_cis, cohort, genes))
    case = f"eqtl-permutations-{'shared-' if shared else ''}{name}"
    return compare(case, field, size=size, goals=[Goal("permutations", _MAP_CIS, 8 if shared else 2)])


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    found: dict[str, Case] = {}
    for name in _SIZES:
        found[f"eqtl-nominal-{name}"] = partial(_nominal, name)
        found[f"eqtl-permutations-{name}"] = partial(_permutations, name, False)
        found[f"eqtl-permutations-shared-{name}"] = partial(_permutations, name, True)
    return found
