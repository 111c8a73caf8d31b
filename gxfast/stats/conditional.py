"""Conditionally independent eQTLs of a gene: forward selection of lead variants, then each given all the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import array_of, numbers
from ._design import checked_covariates
from .association import Association, PermutedAssociation, are_counts, eqtl, eqtl_permutations
from .cis_scan import CisScan

__all__ = ["ConditionalSignal", "ForwardBackward", "conditional_eqtl", "forward_backward", "passing_signals"]

Float64Array = NDArray[np.float64]


class _Signal(Protocol):
    @property
    def pval_beta(self) -> float: ...
    @property
    def lead(self) -> Any: ...


S = TypeVar("S", bound=_Signal)


@dataclass(frozen=True, slots=True, repr=False)
class ConditionalSignal(Brief):
    """The lead variant of one of a gene's signals, given the others.

    Attributes
    ----------
    rank : int
        From 1: the place of the signal in the forward selection.
    lead : int
        Row of the dosages.
    r, slope, slope_se, p : float
        Of the lead, with the leads of the other signals among the covariates; as in `Association`.
    df : int
    permuted : PermutedAssociation
        ``permuted.beta.pval_beta`` is the p that is compared with the threshold.
    """

    rank: int
    lead: int
    r: float
    slope: float
    slope_se: float
    p: float
    df: int
    permuted: PermutedAssociation

    @property
    def pval_beta(self) -> float:
        """The beta-approximated p; NaN without one."""
        return float("nan") if self.permuted.beta is None else self.permuted.beta.pval_beta


@dataclass(frozen=True, slots=True, repr=False)
class ForwardBackward(Brief):
    """What `forward_backward` found down to a loose threshold, from which any stricter one is answered.

    Attributes
    ----------
    forward : tuple of ConditionalSignal
        Signal k given those before it.
    backward : tuple of tuple of ConditionalSignal
        Entry k - 2: the k signals, each given the other leads of the first k of ``forward``.
    """

    forward: tuple[ConditionalSignal, ...]
    backward: tuple[tuple[ConditionalSignal, ...], ...]

    def signals(self, threshold: float) -> tuple[ConditionalSignal, ...]:
        """Return the signals at a threshold of the beta-approximated p.

        Forward selection ends before the first p above it. A signal whose p is above it given all the others, or
        whose lead is then that of an earlier signal, is left out, as by tensorQTL.
        """
        return tuple(passing_signals(self.forward, self.backward, threshold))


def passing_signals(forward: Sequence[S], backward: Sequence[Sequence[S]], threshold: float) -> list[S]:
    """Return what `ForwardBackward.signals` does, of any signals with a beta-approximated p and a lead."""
    passed = 0
    while passed < len(forward) and forward[passed].pval_beta <= threshold:
        passed += 1
    if passed < 2:
        return list(forward[:passed])
    kept: list[S] = []
    for signal in backward[passed - 2]:
        if signal.pval_beta <= threshold and signal.lead not in [one.lead for one in kept]:
            kept.append(signal)
    return kept


def conditional_eqtl(
    dosages: ArrayLike,
    y: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    threshold: float = 0.05,
    n_permutations: int = 1000,
    seed: int = 0,
    orders: ArrayLike | None = None,
) -> tuple[ConditionalSignal, ...]:
    """Find the conditionally independent eQTLs of one gene.

    Forward: while the beta-approximated permutation p of the lead variant is at most ``threshold``, its dosages join
    the covariates, and the window is tested again. Backward: for each lead the window is tested once more with all
    the other leads among the covariates. Definitions are those of tensorQTL's ``cis.map_independent``.

    Parameters
    ----------
    dosages : array-like of numbers, shape (V, S)
        Complete.
    y : array-like of float, shape (S,)
    covariates : array-like of float, shape (K, S), optional
    threshold : float
        Of the beta-approximated p. For many genes, tensorQTL takes the largest p among the genes with q <= 0.05.
    n_permutations, seed
        As in `eqtl_permutations`; every test sees the same orders of the people.
    orders : array-like of int, shape (P, S), optional
        These orders of the people instead of drawn ones.

    Returns
    -------
    tuple of ConditionalSignal
        By rank; empty where the lead variant does not pass.

    Raises
    ------
    InputError
        As from `eqtl`; or if the threshold is not in (0, 1).

    References
    ----------
    GTEx Consortium (2020), Science 369, 1318; Taylor-Weiner et al. (2019), tensorQTL, Genome Biology 20.
    """
    if not 0 < threshold < 1:
        raise InputError("threshold must be in (0, 1)")
    found = forward_backward(
        dosages, y, covariates=covariates, threshold=threshold, n_permutations=n_permutations, seed=seed,
        orders=orders, every=False,
    )  # fmt: skip
    return found.signals(threshold)


def forward_backward(
    dosages: ArrayLike,
    y: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    threshold: float = 0.05,
    n_permutations: int = 1000,
    seed: int = 0,
    orders: ArrayLike | None = None,
    first: tuple[Association, PermutedAssociation] | None = None,
    every: bool = True,
) -> ForwardBackward:
    """Select forward down to ``threshold``, and go backward from every number of signals, or from the last alone.

    Parameters
    ----------
    dosages, y, covariates, threshold, n_permutations, seed, orders
        As in `conditional_eqtl`.
    first : (Association, PermutedAssociation), optional
        The test without conditions, where it was made already.
    every : bool
        With False, ``backward`` holds signals of its last entry only; the others are empty.
    """
    y = numbers(y, "y", ("S",), finite=True)
    x = array_of(dosages, "dosages", ("V", y.size))
    gene = _Gene(x, y, checked_covariates(covariates, y.size), n_permutations, seed, orders)
    forward: list[ConditionalSignal] = []
    signal = gene.signal(1, (), first)
    while signal is not None and signal.pval_beta <= threshold:
        forward.append(signal)
        signal = gene.signal(len(forward) + 1, [one.lead for one in forward])
    counts = range(2, len(forward) + 1)
    backward = [gene.backward(forward[:n]) if every or n == len(forward) else () for n in counts]
    return ForwardBackward(tuple(forward), tuple(backward))


class _Gene:
    """One gene and its window, tested under different conditions."""

    def __init__(
        self, x: NDArray[np.int8] | Float64Array, y: Float64Array, covariates: Float64Array, n_permutations: int,
        seed: int, orders: ArrayLike | None,
    ) -> None:  # fmt: skip
        self._x, self._y, self._covariates = x, y, covariates
        self._n, self._seed, self._orders = n_permutations, seed, orders
        self._counts = are_counts(x)

    def backward(self, forward: Sequence[ConditionalSignal]) -> tuple[ConditionalSignal, ...]:
        """Return each signal given the other leads; none where nothing is left to test."""
        leads = [one.lead for one in forward]
        found = (self.signal(one.rank, [lead for lead in leads if lead != one.lead]) for one in forward[:-1])
        # the last one was found given all the others
        return (*(one for one in found if one is not None), forward[-1])

    def signal(
        self, rank: int, given: Sequence[int], tested: tuple[Association, PermutedAssociation] | None = None
    ) -> ConditionalSignal | None:
        """Return the lead variant given others; None where nothing is left to test."""
        # one slope, an intercept, and a degree of freedom
        if self._y.size < len(self._covariates) + len(given) + 3:
            return None
        one, permuted = tested or self._tested(given)
        v = one.lead
        if v is None:
            return None
        return ConditionalSignal(
            rank, v, float(one.r[v]), float(one.slope[v]), float(one.slope_se[v]), float(one.p[v]), one.df, permuted
        )

    def _tested(self, given: Sequence[int]) -> tuple[Association, PermutedAssociation]:
        covariates = np.concatenate([self._covariates, self._x[list(given)].astype(np.float64)])
        if not self._counts:
            one = eqtl(self._x, self._y, covariates=covariates)
            return one, eqtl_permutations(
                self._x, self._y, covariates=covariates, n_permutations=self._n, seed=self._seed, orders=self._orders
            )
        scan, window = CisScan(self._x, covariates=covariates), ([0], [len(self._x)])
        found = scan.associations(self._y[None], *window)
        permuted = scan.permutations(
            self._y[None], *window, found=found, n_permutations=self._n, seed=self._seed, orders=self._orders
        )
        return found.of(0), permuted[0]
