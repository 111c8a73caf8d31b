"""Statistics on plain arrays: correlation, false discovery rate, residuals, null tests.

Names are loaded on first use (PEP 562), so that importing the package costs neither Numba nor SciPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._beta_fit import BetaApproximation
    from .agreement import DirectionTest, RankAgreement, SignAgreement, direction_test, rank_agreement, sign_agreement
    from .association import Association, PermutedAssociation, eqtl, eqtl_permutations
    from .cis_scan import CisScan, WindowAssociations
    from .correlation import Correlation, RankCorrelation, pearson, spearman
    from .drivers import DriverSelection, SupportTest, driver_support, select_drivers, support_test
    from .elastic_net import ElasticNetFit, elastic_net_cv
    from .false_discovery import fdr, null_share, significant
    from .intervals import CorrelationInterval, correlation_interval, permutation_p
    from .linear_models import LINEAR_MODELS, HeldOut, cross_predict
    from .nulls import NullTest, null_test
    from .random_weights import RandomNull, random_null
    from .relatedness import Heritability, blup, cis_heritability
    from .residual import Residuals, flat_rows, residualise
    from .splits import split_by_label, split_by_lists, split_people
    from .track_fit import TrackFit, fit_tracks

__all__ = [
    "LINEAR_MODELS",
    "Association",
    "BetaApproximation",
    "CisScan",
    "Correlation",
    "CorrelationInterval",
    "DirectionTest",
    "DriverSelection",
    "ElasticNetFit",
    "HeldOut",
    "Heritability",
    "NullTest",
    "PermutedAssociation",
    "RandomNull",
    "RankAgreement",
    "RankCorrelation",
    "Residuals",
    "SignAgreement",
    "SupportTest",
    "TrackFit",
    "WindowAssociations",
    "blup",
    "cis_heritability",
    "correlation_interval",
    "cross_predict",
    "direction_test",
    "driver_support",
    "elastic_net_cv",
    "eqtl",
    "eqtl_permutations",
    "fdr",
    "fit_tracks",
    "flat_rows",
    "null_share",
    "null_test",
    "pearson",
    "permutation_p",
    "random_null",
    "rank_agreement",
    "residualise",
    "select_drivers",
    "sign_agreement",
    "significant",
    "spearman",
    "split_by_label",
    "split_by_lists",
    "split_people",
    "support_test",
]

_HOME = {
    "Association": "association",
    "BetaApproximation": "_beta_fit",
    "CisScan": "cis_scan",
    "TrackFit": "track_fit",
    "fit_tracks": "track_fit",
    "WindowAssociations": "cis_scan",
    "PermutedAssociation": "association",
    "eqtl": "association",
    "eqtl_permutations": "association",
    "Heritability": "relatedness",
    "blup": "relatedness",
    "cis_heritability": "relatedness",
    "LINEAR_MODELS": "linear_models",
    "HeldOut": "linear_models",
    "cross_predict": "linear_models",
    "Correlation": "correlation",
    "ElasticNetFit": "elastic_net",
    "elastic_net_cv": "elastic_net",
    "CorrelationInterval": "intervals",
    "NullTest": "nulls",
    "RandomNull": "random_weights",
    "DirectionTest": "agreement",
    "DriverSelection": "drivers",
    "SupportTest": "drivers",
    "driver_support": "drivers",
    "select_drivers": "drivers",
    "support_test": "drivers",
    "direction_test": "agreement",
    "RankAgreement": "agreement",
    "rank_agreement": "agreement",
    "RankCorrelation": "correlation",
    "Residuals": "residual",
    "SignAgreement": "agreement",
    "correlation_interval": "intervals",
    "fdr": "false_discovery",
    "flat_rows": "residual",
    "null_share": "false_discovery",
    "null_test": "nulls",
    "pearson": "correlation",
    "permutation_p": "intervals",
    "random_null": "random_weights",
    "residualise": "residual",
    "sign_agreement": "agreement",
    "significant": "false_discovery",
    "spearman": "correlation",
    "split_by_label": "splits",
    "split_by_lists": "splits",
    "split_people": "splits",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    # no submodule may share a name with what it defines: importing it would hide the function
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
