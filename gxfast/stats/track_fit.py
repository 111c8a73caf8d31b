"""Elastic net of average expression on a model's tracks: the fine-tuning head of the papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels import load_kernels
from ..kernels.arguments import numbers, truths
from ._path_options import check_path_options, fold_ids

__all__ = ["TrackFit", "fit_tracks"]

Float64Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
_ROWS = 2000  # genes whose products are added in float32
_ROWS_IN_CACHE = 16


@dataclass(frozen=True, slots=True, repr=False)
class TrackFit(Brief):
    """A cross-validated path; Q lambdas, T tracks, G genes.

    Attributes
    ----------
    lambdas, cv_error, cv_error_se : float64 arrays, shape (Q,)
        Descending; mean squared error of held-out genes and its standard error over folds.
    chosen : int
        Index of the smallest ``cv_error``, the first of equal ones.
    held_out : float64 array, shape (G,)
        Prediction of each gene at the chosen lambda by the fit that did not see it; NaN for genes that no fit
        leaves out.
    coefficients : float64 array, shape (T,)
        At the chosen lambda, per unit of the track.
    intercept : float
    folds : int32 array, shape (G,)
    gap : float
        Largest (objective - optimum) / (objective without tracks) over all fits.
    """

    lambdas: Float64Array
    cv_error: Float64Array
    cv_error_se: Float64Array
    chosen: int
    held_out: Float64Array
    coefficients: Float64Array
    intercept: float
    folds: NDArray[np.int32]
    gap: float

    def predict(self, tracks: ArrayLike) -> Float64Array:
        """Return predictions, shape (N,), for tracks of shape (N, T)."""
        x = numbers(tracks, "tracks", ("N", self.coefficients.size), finite=True)
        return np.asarray(x @ self.coefficients + self.intercept)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sums over some genes of standardised tracks and the response."""

    n: int
    gram: NDArray[np.floating]
    products: Float64Array
    sums: Float64Array
    y_sum: float
    y_square: float
    left_out: NDArray[np.floating] | None = None

    def less(self, part: _Moments) -> _Moments:
        """Return the sums without a part; `gram` holds what is taken off it apart, as it is large."""
        return _Moments(
            self.n - part.n, self.gram, self.products - part.products, self.sums - part.sums,
            self.y_sum - part.y_sum, self.y_square - part.y_square, part.gram,
        )  # fmt: skip

    def diagonal(self) -> Float64Array:
        own = np.diagonal(self.gram).astype(np.float64)
        return own if self.left_out is None else own - np.diagonal(self.left_out)

    def correlations(self, mean: Float64Array, scale: Float64Array) -> Float32Array:
        """Return the correlations of tracks, from few rows at a time: they stay in the caches."""
        out = np.empty(self.gram.shape, np.float32)
        shift = mean * scale
        for begin in range(0, len(out), _ROWS_IN_CACHE):
            rows = slice(begin, begin + _ROWS_IN_CACHE)
            block = self.gram[rows] * (scale / self.n)
            if self.left_out is not None:
                block -= self.left_out[rows] * (scale / self.n)
            block *= scale[rows, None]
            block -= shift[rows, None] * shift
            out[rows] = block
        return out


def fit_tracks(
    tracks: ArrayLike,
    y: ArrayLike,
    *,
    folds: int | ArrayLike = 10,
    validation: ArrayLike | None = None,
    seed: int = 0,
    l1_ratio: float = 0.5,
    n_lambdas: int = 100,
    lambda_ratio: float = 0.01,
    gap: float = 1e-3,
) -> TrackFit:
    """Fit an elastic net over thousands of tracks, its penalty chosen by cross-validation over genes.

    The objective is that of `elastic_net_cv`. Products of tracks are made once per fold by BLAS, in float32 of
    standardised tracks with float64 sums over blocks; all fits then run on sums of these. Takes memory for one
    float32 T x T matrix per fold and three more.

    Parameters
    ----------
    tracks : array-like of float, shape (G, T)
        One row per gene, transformed as the model's head wants it (e.g. log2 of sums over bins).
    y : array-like of float, shape (G,)
        Average expression.
    folds : int or int array-like, shape (G,)
        Number of folds, drawn with ``seed``; or the fold of each gene.
    validation : bool array-like, shape (G,), optional
        Instead of folds: lambda is chosen on these genes by the fit to the others, which is what is returned.
    seed, l1_ratio, n_lambdas, lambda_ratio
        As in `elastic_net_cv`.
    gap : float
        Every objective ends within this share of the objective without tracks from its optimum; glmnet ends at
        about as much for tracks that resemble each other. Below 1e-6 the float32 of the products is what limits.

    Returns
    -------
    TrackFit

    Raises
    ------
    InputError
        If shapes do not agree, a value is not finite, a fold is empty or an option is out of its range.

    References
    ----------
    Zou and Hastie (2005), J. R. Stat. Soc. B 67; Sasse et al. (2023), Nature Genetics 55 (fine-tuned Enformer).
    """
    x, target, fold_of = _checked(tracks, y, folds, validation, seed)
    check_path_options(l1_ratio, n_lambdas, lambda_ratio, gap)
    mean, sd = _mean_and_sd(x)
    center = float(target.mean())
    z, response = _standardised(x, mean, sd), target - center
    left_out = [np.flatnonzero(fold_of == k) for k in range(int(fold_of.max()) + 1)]
    parts = [_moments(z[rows], response[rows]) for rows in left_out]
    whole = _sum(parts) if validation is None else _moments(z[fold_of < 0], response[fold_of < 0])
    lambdas = _grid(whole, l1_ratio, n_lambdas, lambda_ratio)
    b, b0, worst = _path(whole, lambdas, l1_ratio, gap)
    held_out = np.full((lambdas.size, len(z)), np.nan)
    for rows, part in zip(left_out, parts, strict=True):
        fold_b, fold_b0, found = (b, b0, worst) if validation is not None else _path(
            whole.less(part), lambdas, l1_ratio, gap
        )  # fmt: skip
        held_out[:, rows] = (fold_b.astype(np.float32) @ z[rows].T) + fold_b0[:, None]
        worst = max(worst, found)
    errors = np.array([((response[rows] - held_out[:, rows]) ** 2).mean(axis=1) for rows in left_out])
    sizes = np.array([rows.size for rows in left_out], np.float64)
    error = sizes @ errors / sizes.sum()
    spread = np.sqrt((sizes @ (errors - error) ** 2 / sizes.sum()) / max(len(left_out) - 1, 1))
    chosen = int(np.argmin(error))
    coefficients = np.divide(b[chosen], sd, out=np.zeros_like(sd), where=sd > 0)
    intercept = center + float(b0[chosen]) - float(coefficients @ mean)
    return TrackFit(
        lambdas, error, spread, chosen, held_out[chosen] + center, coefficients, intercept, fold_of, worst
    )  # fmt: skip


def _checked(
    tracks: ArrayLike, y: ArrayLike, folds: int | ArrayLike, validation: ArrayLike | None, seed: int
) -> tuple[NDArray[np.floating], Float64Array, NDArray[np.int32]]:
    x = numbers(tracks, "tracks", ("G", "T"), exact=True)
    target = numbers(y, "y", x.shape[:1], finite=True)
    if x.shape[1] == 0 or len(target) < 4:
        raise InputError(f"tracks and y must be of at least 4 genes and a track, found {x.shape}")
    if not all(np.isfinite(rows).all() for _, rows in _blocks(x)):
        raise InputError("tracks and y must be finite", remedy="leave out the genes with missing values")
    if target.min() == target.max():
        raise InputError("y is the same for all genes")
    if validation is not None:
        chosen = truths(validation, "validation", target.shape)
        if not 0 < chosen.sum() < len(target) - 2:
            raise InputError("validation must be bool of shape (G,), with genes on both sides")
        return x, target, np.where(chosen, 0, -1).astype(np.int32)
    return x, target, fold_ids(folds, len(target), seed, of="genes")


def _blocks(x: NDArray[np.floating]) -> Iterator[tuple[slice, NDArray[np.floating]]]:
    for begin in range(0, len(x), _ROWS):
        rows = slice(begin, begin + _ROWS)
        yield rows, x[rows]


def _mean_and_sd(x: NDArray[np.floating]) -> tuple[Float64Array, Float64Array]:
    """Over all genes; sd 0 for tracks without variation."""
    mean = x.mean(axis=0, dtype=np.float64)
    square = np.zeros_like(mean)
    for _, rows in _blocks(x):
        square += ((rows - mean) ** 2).sum(axis=0)
    sd = np.sqrt(square / len(x))
    sd[x.min(axis=0) == x.max(axis=0)] = 0
    return mean, sd


def _standardised(x: NDArray[np.floating], mean: Float64Array, sd: Float64Array) -> Float32Array:
    z = np.empty(x.shape, np.float32)
    scale = np.divide(1, sd, out=np.zeros_like(sd), where=sd > 0)
    for rows, block in _blocks(x):
        z[rows] = (block - mean) * scale
    return z


def _moments(z: Float32Array, y: Float64Array) -> _Moments:
    gram = np.zeros((z.shape[1], z.shape[1]), np.float32 if len(z) <= 4 * _ROWS else np.float64)
    products = np.zeros(z.shape[1])
    for rows, block in _blocks(z):
        gram += block.T @ block
        products += (block * y[rows, None]).sum(axis=0, dtype=np.float64)
    return _Moments(len(z), gram, products, z.sum(axis=0, dtype=np.float64), float(y.sum()), float(y @ y))


def _sum(parts: list[_Moments]) -> _Moments:
    gram = np.zeros(parts[0].gram.shape)
    for part in parts:
        gram += part.gram
    return _Moments(
        sum(part.n for part in parts), gram, np.sum([part.products for part in parts], axis=0),
        np.sum([part.sums for part in parts], axis=0), sum(part.y_sum for part in parts),
        sum(part.y_square for part in parts),
    )  # fmt: skip


def _centred(of: _Moments) -> tuple[Float64Array, Float64Array, Float64Array, float]:
    """Means and deviations of tracks among these genes, products with the response, its mean square."""
    mean = of.sums / of.n
    variance = of.diagonal() / of.n - mean * mean
    sd = np.sqrt(np.where(variance > 1e-6, variance, 0))  # of tracks with variance about 1: nothing is left
    y_mean = of.y_sum / of.n
    correlation = of.products / of.n - mean * y_mean
    correlation = np.divide(correlation, sd, out=np.zeros_like(sd), where=sd > 0)
    return mean, sd, correlation, of.y_square / of.n - y_mean * y_mean


def _grid(of: _Moments, l1_ratio: float, n: int, ratio: float) -> Float64Array:
    largest = float(np.abs(_centred(of)[2]).max()) / l1_ratio
    if not largest > 0:
        raise InputError("no track varies between genes")
    return np.asarray(largest * ratio ** (np.arange(n) / max(n - 1, 1)))


def _path(of: _Moments, lambdas: Float64Array, l1_ratio: float, gap: float) -> tuple[Float64Array, Float64Array, float]:
    """Coefficients, (Q, T), and intercepts for the tracks as standardised over all genes; the gap."""
    mean, sd, correlation, yy = _centred(of)
    scale = np.divide(1, sd, out=np.zeros_like(sd), where=sd > 0)
    gram = of.correlations(mean, scale)
    b, worst = load_kernels("numba").gram_path(gram, correlation, yy, lambdas, l1_ratio, gap)
    b *= scale
    return b, of.y_sum / of.n - b @ mean, float(worst)
