"""Fine-mapping of a window: posterior inclusion probabilities and credible sets, by a sum of single effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief, plural
from ..errors import InputError
from ..kernels.arguments import array_of, numbers, whole_number
from ..kernels.compiled import residual_squares
from ..kernels.compiled import susie as _compiled
from ._design import COLLINEAR, design_basis, explained, project_out
from ._susie_numpy import single_effects
from .association import are_counts

__all__ = ["CredibleSet", "SusieFit", "susie"]

Float64Array = NDArray[np.float64]
_NO_EFFECT: Final = 1e-9  # prior variances below it are 0
_ROWS: Final = 64  # variants whose correlations are looked at together


@dataclass(frozen=True, slots=True, repr=False)
class CredibleSet(Brief):
    """Variants one of which carries an effect.

    Attributes
    ----------
    effect : int
        Row of ``alpha``; tensorQTL's ``cs_id`` is one more.
    variants : int64 array
        In ascending order.
    lead : int
        The variant with the largest ``alpha``, the first of equal ones.
    coverage : float
        Sum of ``alpha``.
    min_abs_corr : float
        Smallest absolute correlation between two of them.
    lbf : float
        Logarithm of the Bayes factor of the effect.
    """

    effect: int
    variants: NDArray[np.int64]
    lead: int
    coverage: float
    min_abs_corr: float
    lbf: float

    def _facts(self) -> str:
        return f"{plural(self.variants.size, 'variant')}, lead {self.lead}, min_abs_corr={self.min_abs_corr:.3g}"


@dataclass(frozen=True, slots=True, repr=False)
class SusieFit(Brief):
    """A sum of L single effects on V variants.

    Attributes
    ----------
    pip : float64 array, shape (V,)
        Probability that a variant carries an effect; NaN where it does not vary, or covariates explain it.
    alpha : float64 array, shape (L, V)
        Of each effect, the probability that the variant carries it.
    slope : float64 array, shape (L, V)
        Posterior mean per copy of the allele, if the variant carries the effect.
    prior_variance, lbf : float64 arrays, shape (L,)
        0 and 0 where the phenotype has no such effect.
    residual_variance : float
    bound : float
        Evidence lower bound.
    n_iterations : int
    converged : bool
    sets : tuple of CredibleSet
        Of the effects in their order; none where the fit did not converge.
    """

    pip: Float64Array
    alpha: Float64Array
    slope: Float64Array
    prior_variance: Float64Array
    lbf: Float64Array
    residual_variance: float
    bound: float
    n_iterations: int
    converged: bool
    sets: tuple[CredibleSet, ...]

    def _facts(self) -> str:
        found = f"{plural(len(self.sets), 'credible set')} of {plural(self.pip.size, 'variant')}"
        return f"{found}, {plural(self.n_iterations, 'iteration')}{'' if self.converged else ', not converged'}"


def susie(
    dosages: ArrayLike,
    y: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    n_effects: int = 10,
    prior_variance: float = 0.2,
    coverage: float = 0.95,
    min_abs_corr: float = 0.5,
    max_iterations: int = 200,
    tolerance: float = 1e-3,
) -> SusieFit:
    """Fine-map the variants of a window against one phenotype.

    Covariates and an intercept are taken out of both sides; variants are standardised. The defaults and definitions
    are those of tensorQTL's ``susie.map``, on float64: prior variance of each effect and residual variance are
    estimated, all variants are as likely beforehand. Dosages 0, 1 and 2 go through a compiled kernel.

    Parameters
    ----------
    dosages : array-like of numbers, shape (V, S)
        Complete.
    y : array-like of float, shape (S,)
    covariates : array-like of float, shape (K, S), optional
    n_effects : int
        Effects at most.
    prior_variance : float
        Of each effect at the start, as a share of the variance of what covariates leave of ``y``.
    coverage : float
        Probability that a credible set holds the variant of its effect.
    min_abs_corr : float
        Sets with a smaller absolute correlation between two variants are left out.
    max_iterations : int
    tolerance : float
        The fit ends when the evidence lower bound rises by less.

    Returns
    -------
    SusieFit

    Raises
    ------
    InputError
        If shapes do not agree, values are missing, an option is out of range, or covariates are collinear, too many,
        or explain the phenotype.

    Notes
    -----
    Among equal ``alpha`` at the end of a credible set the first variants are taken (tensorQTL's sort takes any).
    Correlations of a set are of all its variants (tensorQTL draws 100 of a larger one), and of equal sets the first is
    kept, as susieR does.

    References
    ----------
    Wang et al. (2020), Journal of the Royal Statistical Society B 82, 1273.
    """
    target = numbers(y, "y", ("S",), finite=True)
    x = array_of(dosages, "dosages", ("V", target.size))
    n_effects = whole_number(n_effects, "n_effects", 1)
    max_iterations = whole_number(max_iterations, "max_iterations", 1)
    if not (prior_variance > 0 and 0 < coverage <= 1 and tolerance > 0 and 0 <= min_abs_corr <= 1):
        raise InputError("prior_variance and tolerance must be positive, coverage in (0, 1], min_abs_corr in [0, 1]")
    basis, _ = design_basis(covariates, target.size)
    residual = project_out(target, basis)
    if explained(target[None], np.array([residual @ residual]))[0]:
        raise InputError("y is constant, or the covariates explain it")
    variants = _Counts(x, basis) if are_counts(x) else _Numbers(x, basis)
    usable = np.flatnonzero(np.isfinite(variants.squares))
    size = min(n_effects, max(usable.size, 1))
    alpha, mean = np.zeros((size, usable.size)), np.zeros((size, usable.size))
    prior, lbf = np.zeros(size), np.zeros(size)
    end = (float("nan"), float("nan"), 0, True)
    if usable.size:
        options = float(prior_variance), float(tolerance), max_iterations
        end = variants.fit(usable, residual, options, (alpha, mean, prior, lbf))
    sets = _credible_sets(variants, usable, alpha, prior, lbf, coverage, min_abs_corr) if end[3] else ()
    spread = np.sqrt(variants.squares[usable] / (target.size - 1))
    pip, chosen, slope = np.full(len(x), np.nan), np.zeros((size, len(x))), np.zeros((size, len(x)))
    pip[usable] = 1 - np.prod(1 - alpha[prior > _NO_EFFECT], axis=0)
    chosen[:, usable], slope[:, usable] = alpha, mean / spread
    return SusieFit(pip, chosen, slope, prior, lbf, *end, sets)


class _Counts:
    """Dosages 0, 1 and 2: nothing is stored of what covariates leave."""

    def __init__(self, x: NDArray[Any], basis: Float64Array) -> None:
        self._x, self._basis = np.ascontiguousarray(x, np.int8), np.ascontiguousarray(basis.T)
        self.squares = np.empty(len(x))
        residual_squares(self._x, self._basis[1:], self.squares, 1)

    def fit(
        self, rows: NDArray[np.int64], y: Float64Array, options: tuple[float, float, int],
        out: tuple[Float64Array, ...],
    ) -> tuple[float, float, int, bool]:  # fmt: skip
        x = self._x if rows.size == len(self._x) else self._x[rows]
        return _compiled(x, self._basis, np.sqrt((y.size - 1) / self.squares[rows]), y, *options, *out)

    def unit(self, rows: NDArray[np.int64]) -> Float64Array:
        """What the basis leaves of variants, with length 1."""
        return _unit(self._x[rows].astype(np.float64), self._basis.T)[0]


class _Numbers:
    """Imputed dosages."""

    def __init__(self, x: NDArray[Any], basis: Float64Array) -> None:
        if not np.isfinite(x).all():
            raise InputError("dosages have missing values", remedy="fill missing calls first")
        self._unit, self.squares = _unit(x.astype(np.float64), basis)

    def fit(
        self, rows: NDArray[np.int64], y: Float64Array, options: tuple[float, float, int],
        out: tuple[Float64Array, ...],
    ) -> tuple[float, float, int, bool]:  # fmt: skip
        return single_effects(self._unit[rows] * np.sqrt(y.size - 1), y, *options, *out)

    def unit(self, rows: NDArray[np.int64]) -> Float64Array:
        return self._unit[rows]


def _unit(x: Float64Array, basis: Float64Array) -> tuple[Float64Array, Float64Array]:
    """What the basis leaves of each row, with length 1, and its square; NaN where nothing is left."""
    centred = x - x.mean(axis=1, keepdims=True)
    whole = np.einsum("vs,vs->v", centred, centred)
    for _ in range(2):
        centred -= (centred @ basis) @ basis.T
    left = np.einsum("vs,vs->v", centred, centred)
    squares = np.where((whole > 0) & (left > COLLINEAR * whole), left, np.nan)
    return centred / np.sqrt(squares)[:, None], squares


def _credible_sets(
    variants: _Counts | _Numbers, usable: NDArray[np.int64], alpha: Float64Array, prior: Float64Array,
    lbf: Float64Array, coverage: float, min_abs_corr: float,
) -> tuple[CredibleSet, ...]:  # fmt: skip
    found: list[CredibleSet] = []
    seen: set[bytes] = set()
    for effect in np.flatnonzero(prior > _NO_EFFECT).tolist():
        own = alpha[effect]
        order = np.argsort(-own, kind="stable")
        inside = np.sort(order[: int(np.count_nonzero(np.cumsum(own[order]) < coverage)) + 1])
        if inside.tobytes() in seen:
            continue
        seen.add(inside.tobytes())
        purity = _purity(variants, usable[inside], min_abs_corr)
        if purity is not None:
            lead = int(usable[np.argmax(own)])
            found.append(
                CredibleSet(effect, usable[inside], lead, float(own[inside].sum()), purity, float(lbf[effect]))
            )
    return tuple(found)


def _purity(variants: _Counts | _Numbers, rows: NDArray[np.int64], least: float) -> float | None:
    """Smallest absolute correlation between two variants; None where it is smaller than allowed."""
    spread = rows[:: -(-rows.size // _ROWS)]
    if spread.size < rows.size and _purity(variants, spread, least) is None:
        return None  # most large sets are impure, and some of their variants show it
    blocks, smallest = [rows[start : start + _ROWS] for start in range(0, rows.size, _ROWS)], 1.0
    for number, one in enumerate(blocks):
        unit = variants.unit(one)
        for other in blocks[number:]:
            smallest = min(smallest, float(np.abs(unit @ variants.unit(other).T).min()))
            if smallest < least:
                return None
    return smallest
