"""What is known of the SNVs in the window of one gene: effect, eQTL, and whether they drive predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..personal.dosages import Dosages

__all__ = ["LINEAR_R", "GeneDrivers"]


Float64Array = NDArray[np.float64]
# Genes whose linear approximation correlates less with the model are left out of what is said about drivers.
LINEAR_R: Final = 0.2


@dataclass(frozen=True, slots=True)
class GeneDrivers:
    """One gene and track: V SNVs in the model's window that differ between people.

    Attributes
    ----------
    gene, track : int
        Row of the predictions, and track.
    dosages : Dosages
    effect, slope, eqtl_r, eqtl_p : float64 arrays, shape (V,)
        Predicted effect on the reference; OLS of the expression that was evaluated on the dosage, without covariates;
        NaN without expression.
    selection : gxfast.stats.DriverSelection
    support : str array, shape (V,)
    """

    gene: int
    track: int
    dosages: Dosages
    effect: Float64Array
    slope: Float64Array
    eqtl_r: Float64Array
    eqtl_p: Float64Array
    selection: Any
    support: NDArray[np.str_]
