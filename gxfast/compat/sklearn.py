"""Twin of ``sklearn.linear_model.ElasticNetCV``: its paths by leaps to the optimum, everything else by scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..kernels.compiled import ElasticNetPath
from ._hosts import host_original

__all__ = ["ElasticNetCV", "enet_path", "fit_cross_validated"]  # noqa: F822 - the class is made on first use

_MODULE = "sklearn.linear_model._coordinate_descent"
# The host looks at its gap only when coefficients have settled and so ends well below its tolerance, as we do.
_SHARE_OF_TOLERANCE = 0.01
_LARGEST_L1 = 0.999  # without a squared penalty the host's screening is as fast


def enet_path(X: Any, y: Any, **options: Any) -> Any:
    """Follow a path of elastic nets as ``sklearn.linear_model.enet_path`` does.

    Parameters
    ----------
    X : float array, shape (N, F)
    y : float array, shape (N,)
    **options
        Those of the host. A grid of ``alphas`` > 0 and 0 < ``l1_ratio`` <= 0.999 are followed here, whatever
        ``precompute``, ``selection``, ``coef_init`` and ``copy_X`` say (the optimum is one); sparse or missing data,
        several targets, ``positive``, grids to be made and lassos are handed to scikit-learn.

    Returns
    -------
    alphas : float array, shape (Q,)
        Descending.
    coefs : array, shape (F, Q), of the dtype of ``X``
    dual_gaps : float64 array, shape (Q,)
    n_iters : list of int
        Sweeps over the working set; only with ``return_n_iter``.

    Raises
    ------
    ValueError
        As the host.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` sweeps do not reach ``tol``.
    """
    grid = _grid(X, y, options)
    if grid is None:
        return host_original("scikit-learn", _MODULE, "enet_path", "this path")(X, y, **options)
    tol, most = float(options.get("tol", 1e-4)), int(options.get("max_iter", 1000))
    columns = np.ascontiguousarray(X.T, np.float64)
    target = np.ascontiguousarray(y, np.float64)
    gap = max(2 * tol * _SHARE_OF_TOLERANCE, 1e-14)
    path = ElasticNetPath(columns, target, float(options.get("l1_ratio", 0.5)), gap, most)
    coefs = np.empty((X.shape[1], grid.size), X.dtype)
    gaps, sweeps = np.empty(grid.size), [0]
    for k, alpha in enumerate(grid.tolist()):
        coefs[:, k] = path.advance(alpha)
        gaps[k] = path.gap
        sweeps.append(path.sweeps)
    allowed = tol * float(target @ target) / max(target.size, 1)
    if (gaps > allowed).any():
        from sklearn.exceptions import ConvergenceWarning

        worst = int(np.argmax(gaps))
        warnings.warn(
            f"the gap is {gaps[worst]:.3g} and not {allowed:.3g} after {most} sweeps at alpha {grid[worst]:.3g}; "
            "increase max_iter or alpha",
            ConvergenceWarning,
            stacklevel=2,
        )
    found = (grid, coefs, gaps)
    return (*found, np.diff(sweeps).tolist()) if options.get("return_n_iter") else found


def _grid(X: Any, y: Any, options: dict[str, Any]) -> Any:
    """Return the alphas, descending, of a path that is followed here; else None."""
    numeric = all(type(values) is np.ndarray and values.dtype.kind == "f" for values in (X, y))
    if not numeric or X.ndim != 2 or y.shape != X.shape[:1] or not X.size or options.get("positive", False):
        return None
    alphas = options.get("alphas")
    if (
        alphas is None
        or isinstance(alphas, str | int | np.integer)
        or not 0 < options.get("l1_ratio", 0.5) <= _LARGEST_L1
    ):
        return None
    grid = np.sort(np.asarray(alphas, np.float64))[::-1]
    usable = grid.ndim == 1 and grid.size and grid[-1] > 0 and np.isfinite(grid[0])
    return grid if usable and np.isfinite(X).all() and np.isfinite(y).all() else None


def fit_cross_validated(estimator: Any, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Any:
    """Fit an ``ElasticNetCV`` as its own ``fit`` does, its paths by `enet_path`.

    Grid, folds, errors, choice and attributes are the host's; ``coef_``, ``mse_path_`` are within its tolerance, and
    ``n_iter_`` counts sweeps over a working set. Other estimators are handed to scikit-learn.
    """
    fit = host_original("scikit-learn", _MODULE, "LinearModelCV.fit", "this fit")
    if (
        estimator.path is not host_original("scikit-learn", _MODULE, "enet_path", "this path")
        or estimator._is_multitask()
    ):
        return fit(estimator, X, y, sample_weight, **params)
    estimator.path = enet_path
    try:
        return fit(estimator, X, y, sample_weight, **params)
    finally:
        del estimator.path


def __getattr__(name: str) -> Any:
    # The class is a subclass of the host's, which must not be imported with this module.
    if name != "ElasticNetCV":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sklearn import linear_model

    class ElasticNetCV(linear_model.ElasticNetCV):  # type: ignore[misc]
        """scikit-learn's class: same parameters, attributes, methods; paths by gxfast (`fit_cross_validated`)."""

        def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Any:
            """Fit; see the host's documentation."""
            return fit_cross_validated(self, X, y, sample_weight, **params)

    ElasticNetCV.__module__, ElasticNetCV.__qualname__ = __name__, name
    globals()[name] = ElasticNetCV
    return ElasticNetCV
