"""Association of many phenotypes with the variants around each: what covariates leave of a variant is computed once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import array_of, numbers, whole_numbers
from ..kernels.compiled import associate, largest_products, residual_squares
from ._design import design_basis, explained, project_out
from .association import Association, PermutedAssociation, are_counts, judge, people_orders
from .tails import correlation_p

__all__ = ["CisScan", "WindowAssociations"]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

_ROWS = 256  # variants made ready for permutations together
_KEPT = 64 << 20  # bytes of what is ready that are kept for the next phenotypes


@dataclass(frozen=True, slots=True, repr=False)
class WindowAssociations(Brief):
    """Associations of G phenotypes, one after the other: those of g are at ``begin[g]`` to ``begin[g + 1]``.

    Attributes
    ----------
    begin : int64 array, shape (G + 1,)
    r, slope, slope_se, p, log10p : float64 arrays, shape (pairs,)
        As in `Association`.
    df : int
    """

    begin: Int64Array
    r: Float64Array
    slope: Float64Array
    slope_se: Float64Array
    p: Float64Array
    log10p: Float64Array
    df: int

    def of(self, g: int) -> Association:
        """Return the associations of one phenotype; its arrays are views."""
        pairs = slice(self.begin[g], self.begin[g + 1])
        return Association(
            self.r[pairs], self.slope[pairs], self.slope_se[pairs], self.p[pairs], self.log10p[pairs], self.df
        )


class CisScan:
    """cis-eQTL mapping of many phenotypes on one stretch of variants.

    A phenotype's residual is orthogonal to the covariates, so that products with the raw dosages serve, and the
    variance that covariates leave of a variant is the same for every phenotype. Products are made by a compiled
    kernel in float64; results equal those of `eqtl`, one phenotype at a time, within 1e-12, and are bitwise the
    same for any ``n_threads``.

    Parameters
    ----------
    dosages : int8 array-like, shape (V, S)
        0, 1 or 2; in the order of their positions.
    covariates : array-like of float, shape (K, S), optional
    n_threads : int

    Raises
    ------
    InputError
        If dosages are others, or covariates are incomplete, collinear or too many.

    References
    ----------
    Shabalin (2012), Matrix eQTL, Bioinformatics 28; Ongen et al. (2016), FastQTL, Bioinformatics 32.
    """

    def __init__(self, dosages: ArrayLike, *, covariates: ArrayLike | None = None, n_threads: int = 1) -> None:
        x = array_of(dosages, "dosages", ("V", "S"))
        if not are_counts(x):
            raise InputError("dosages must have shape (V, S) and be 0, 1 or 2", remedy="use eqtl for other values")
        self._x = np.ascontiguousarray(x, np.int8)
        self._n_threads = n_threads
        self._basis, self.df = design_basis(covariates, x.shape[1])
        self._tiles: dict[int, NDArray[np.float32]] = {}
        self.squares = np.empty(x.shape[0])
        # the intercept is the sums, which are whole numbers
        residual_squares(self._x, np.ascontiguousarray(self._basis.T[1:]), self.squares, n_threads)

    def associations(self, phenotypes: ArrayLike, first: ArrayLike, last: ArrayLike) -> WindowAssociations:
        """Test every variant of each phenotype's window.

        Parameters
        ----------
        phenotypes : array-like of float, shape (G, S)
            Complete.
        first, last : array-like of int, shape (G,)
            Window of each: variants ``first`` to ``last - 1``.

        Returns
        -------
        WindowAssociations
        """
        y, start, end = self._checked(phenotypes, first, last)
        # one at a time: the bits of a phenotype must not depend on which others are there
        left = np.array([project_out(row, self._basis) for row in y]).reshape(y.shape)
        variance = np.array([row @ row for row in left])
        variance[explained(y, variance)] = np.nan
        begin = np.concatenate([[0], np.cumsum(end - start)])
        r, slope, slope_se = (np.empty(int(begin[-1])) for _ in range(3))
        associate(self._x, self.squares, left, variance, start, end, begin[:-1].copy(), float(self.df),
                  self._n_threads, r, slope, slope_se)  # fmt: skip
        p, log10p = correlation_p(r, self.df)
        return WindowAssociations(begin, r, slope, slope_se, p, log10p, self.df)

    def permutations(
        self,
        phenotypes: ArrayLike,
        first: ArrayLike,
        last: ArrayLike,
        *,
        found: WindowAssociations | None = None,
        n_permutations: int = 1000,
        seed: int = 0,
        shared: bool = False,
        beta: bool = True,
        orders: ArrayLike | None = None,
    ) -> list[PermutedAssociation]:
        """Permute each phenotype among people and keep the best variant of its window each time.

        Parameters
        ----------
        phenotypes, first, last
            As in `associations`.
        found : WindowAssociations, optional
            What `associations` returned for them, where that is there already.
        n_permutations, seed, beta
            As in `eqtl_permutations`. All phenotypes see the same orders of the people.
        shared : bool
            Permute once for all phenotypes that have the same set of values, as inverse normal transformed ones
            without ties have: each variant then meets each permutation once, however many windows it is in. Each
            phenotype's p is as good as without, but the noise of the permutations is common to all. Phenotypes
            with other values are permuted on their own.
        orders : array-like of int, shape (P, S), optional
            These orders of the people instead of drawn ones.

        Returns
        -------
        list of PermutedAssociation, length G
        """
        y, start, end = self._checked(phenotypes, first, last)
        if found is None:
            found = self.associations(y, start, end)
        elif not np.array_equal(np.diff(found.begin), end - start):
            raise InputError("the associations found are those of other windows")
        leads = [found.of(g).lead for g in range(len(y))]
        orders = people_orders(orders, n_permutations, y.shape[1], seed)
        common = _same_values(y) if shared else np.zeros(len(y), np.bool_)
        together = np.flatnonzero(common)
        best_of = dict(zip(together.tolist(), self._shared_best(y, start, end, together, orders), strict=True))
        out = []
        for g, lead in enumerate(leads):
            if lead is None:
                out.append(PermutedAssociation(np.full(orders.shape[1], np.nan), float("nan"), None))
                continue
            r2 = best_of.get(g)
            if r2 is None:
                r2 = self._best(self._permuted(y[g], orders), np.array([start[g], end[g]]))[0]
            out.append(judge(r2, float(found.of(g).r[lead]) ** 2, self.df, beta=beta))
        return out

    def _tile(self, number: int) -> NDArray[np.float32]:
        """Residuals of `_ROWS` variants with length 1; 0 where they cannot be tested, and after the last one."""
        found = self._tiles.get(number)
        if found is None:
            rows = slice(number * _ROWS, min((number + 1) * _ROWS, len(self._x)))
            # always as many rows: the bits of a product must not depend on where a variant stands
            x = np.zeros((_ROWS, self._x.shape[1]))
            n = rows.stop - rows.start
            x[:n] = self._x[rows] - self._x[rows].mean(axis=1, dtype=np.float64, keepdims=True)
            x -= (x @ self._basis) @ self._basis.T
            x[:n] /= np.sqrt(self.squares[rows, None])
            x[:n][np.isnan(self.squares[rows])] = 0
            found = x.astype(np.float32)
            if (len(self._tiles) + 1) * found.nbytes <= _KEPT:
                self._tiles[number] = found
        return found

    def _permuted(self, y: Float64Array, orders: Int64Array) -> NDArray[np.float32]:
        """Permuted phenotype over the length of its residual, people x permutations."""
        centred = (y - y.mean()).astype(np.float32)
        drawn: NDArray[np.float32] = centred[orders]
        fitted = self._basis.T[1:].astype(np.float32) @ drawn
        length = float(centred @ centred) - (fitted * fitted).sum(axis=0)
        drawn /= np.sqrt(length).astype(np.float32)
        return drawn

    def _best(self, permuted: NDArray[np.float32], cuts: Int64Array) -> Float64Array:
        """Largest squared correlation of each permutation with the variants between each two cuts."""
        largest = np.zeros((cuts.size - 1, permuted.shape[1]), np.float32)
        for number in range(int(cuts[0]) // _ROWS, -(-int(cuts[-1]) // _ROWS)):
            at = np.clip(cuts - number * _ROWS, 0, _ROWS)
            first, last = max(0, int(np.searchsorted(at, 0, "right")) - 1), int(np.searchsorted(at, at[-1], "left"))
            found = np.empty((last - first, permuted.shape[1]), np.float32)
            largest_products(self._tile(number), permuted, at[first : last + 1], self._n_threads, found)
            np.maximum(largest[first:last], found, out=largest[first:last])
        return largest.astype(np.float64) ** 2

    def _shared_best(
        self, y: Float64Array, first: Int64Array, last: Int64Array, together: Int64Array, orders: Int64Array
    ) -> list[Float64Array]:
        """`_best` of phenotypes with the same values: the best of the stretches between all ends of windows."""
        if not together.size:
            return []
        permuted = self._permuted(np.sort(y[together[0]]), orders)
        cuts = np.unique(np.concatenate([first[together], last[together]]))
        stretches = self._best(permuted, cuts)
        spans = zip(np.searchsorted(cuts, first[together]), np.searchsorted(cuts, last[together]), strict=True)
        return [stretches[a:b].max(axis=0, initial=0) for a, b in spans]

    def _checked(
        self, phenotypes: ArrayLike, first: ArrayLike, last: ArrayLike
    ) -> tuple[Float64Array, Int64Array, Int64Array]:
        y = numbers(phenotypes, "phenotypes", ("G", self._x.shape[1]), finite=True)
        start, end = whole_numbers(first, "first", (len(y),)), whole_numbers(last, "last", (len(y),))
        if (start < 0).any() or (end < start).any() or (end > len(self._x)).any():
            raise InputError(f"first and last must be {len(y)} stretches of the {len(self._x)} variants")
        return y, start, end


def _same_values(y: Float64Array) -> NDArray[np.bool_]:
    """Rows that are orders of the values that most rows have."""
    if not len(y):
        return np.zeros(0, np.bool_)
    _, which, count = np.unique(np.sort(y, axis=1), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(which.reshape(-1) == count.argmax())
