"""Statistics on plain arrays: correlation, false discovery rate, residuals, null tests.

Names are loaded on first use (PEP 562), so that importing the package costs neither Numba nor SciPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from ._beta_fit import BetaApproximation
    from .agreement import DirectionTest, RankAgreement, SignAgreement, direction_test, rank_agreement, sign_agreement
    from .association import Association, PermutedAssociation, eqtl, eqtl_permutations
    from .cells import CellSummary, PeopleAcrossGenes, across_genes, cell_summary, within_groups
    from .certificate import (
        Calibration,
        DirectionCertificate,
        DirectionPrior,
        calibration,
        correlation_from_effects,
        direction_certificate,
    )
    from .cis_scan import CisScan, WindowAssociations
    from .conditional import ConditionalSignal, ForwardBackward, conditional_eqtl, forward_backward
    from .correlation import Correlation, RankCorrelation, pearson, spearman
    from .drivers import DriverSelection, SupportTest, driver_support, select_drivers, support_test
    from .elastic_net import ElasticNetFit, elastic_net_cv
    from .estimate import Estimate
    from .false_discovery import fdr, null_share, significant
    from .fine_mapping import CredibleSet, SusieFit, susie
    from .intervals import CorrelationInterval, correlation_interval, permutation_p
    from .linear_models import LINEAR_MODELS, HeldOut, cross_predict
    from .matching import CovariateAudit, Matches, covariate_audit, match_controls, scaled_covariates
    from .nulls import NullTest, null_test
    from .random_weights import RandomNull, random_null
    from .relatedness import Heritability, blup, cis_heritability
    from .residual import Residuals, flat_rows, residualise
    from .splits import split_by_label, split_by_lists, split_people
    from .track_fit import TrackFit, fit_tracks
    from .variant_metrics import (
        auprc,
        auprc_by_chromosome,
        auroc,
        effect_correlation,
        ranking,
        sign_auroc,
        sign_share,
        tissue_mean,
    )
    from .variant_pairs import DirectionOdds, direction_odds, macro_mean, null_percentile, pairwise_accuracy

__all__ = [
    "LINEAR_MODELS",
    "Association",
    "BetaApproximation",
    "Calibration",
    "CellSummary",
    "CisScan",
    "ConditionalSignal",
    "Correlation",
    "CorrelationInterval",
    "CovariateAudit",
    "CredibleSet",
    "DirectionCertificate",
    "DirectionOdds",
    "DirectionPrior",
    "DirectionTest",
    "DriverSelection",
    "ElasticNetFit",
    "Estimate",
    "ForwardBackward",
    "HeldOut",
    "Heritability",
    "Matches",
    "NullTest",
    "PeopleAcrossGenes",
    "PermutedAssociation",
    "RandomNull",
    "RankAgreement",
    "RankCorrelation",
    "Residuals",
    "SignAgreement",
    "SupportTest",
    "SusieFit",
    "TrackFit",
    "WindowAssociations",
    "across_genes",
    "auprc",
    "auprc_by_chromosome",
    "auroc",
    "blup",
    "calibration",
    "cell_summary",
    "cis_heritability",
    "conditional_eqtl",
    "correlation_from_effects",
    "correlation_interval",
    "covariate_audit",
    "cross_predict",
    "direction_certificate",
    "direction_odds",
    "direction_test",
    "driver_support",
    "effect_correlation",
    "elastic_net_cv",
    "eqtl",
    "eqtl_permutations",
    "fdr",
    "fit_tracks",
    "flat_rows",
    "forward_backward",
    "macro_mean",
    "match_controls",
    "null_percentile",
    "null_share",
    "null_test",
    "pairwise_accuracy",
    "pearson",
    "permutation_p",
    "random_null",
    "rank_agreement",
    "ranking",
    "residualise",
    "scaled_covariates",
    "select_drivers",
    "sign_agreement",
    "sign_auroc",
    "sign_share",
    "significant",
    "spearman",
    "split_by_label",
    "split_by_lists",
    "split_people",
    "support_test",
    "susie",
    "tissue_mean",
    "within_groups",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_beta_fit": ("BetaApproximation",),
        "agreement": (
            "DirectionTest",
            "RankAgreement",
            "SignAgreement",
            "direction_test",
            "rank_agreement",
            "sign_agreement",
        ),
        "association": ("Association", "PermutedAssociation", "eqtl", "eqtl_permutations"),
        "cells": ("CellSummary", "PeopleAcrossGenes", "across_genes", "cell_summary", "within_groups"),
        "certificate": (
            "Calibration",
            "DirectionCertificate",
            "DirectionPrior",
            "calibration",
            "correlation_from_effects",
            "direction_certificate",
        ),
        "cis_scan": ("CisScan", "WindowAssociations"),
        "conditional": ("ConditionalSignal", "ForwardBackward", "conditional_eqtl", "forward_backward"),
        "correlation": ("Correlation", "RankCorrelation", "pearson", "spearman"),
        "drivers": ("DriverSelection", "SupportTest", "driver_support", "select_drivers", "support_test"),
        "elastic_net": ("ElasticNetFit", "elastic_net_cv"),
        "estimate": ("Estimate",),
        "false_discovery": ("fdr", "null_share", "significant"),
        "fine_mapping": ("CredibleSet", "SusieFit", "susie"),
        "intervals": ("CorrelationInterval", "correlation_interval", "permutation_p"),
        "linear_models": ("HeldOut", "LINEAR_MODELS", "cross_predict"),
        "matching": ("CovariateAudit", "Matches", "covariate_audit", "match_controls", "scaled_covariates"),
        "nulls": ("NullTest", "null_test"),
        "random_weights": ("RandomNull", "random_null"),
        "relatedness": ("Heritability", "blup", "cis_heritability"),
        "residual": ("Residuals", "flat_rows", "residualise"),
        "splits": ("split_by_label", "split_by_lists", "split_people"),
        "track_fit": ("TrackFit", "fit_tracks"),
        "variant_metrics": (
            "auprc",
            "auprc_by_chromosome",
            "auroc",
            "effect_correlation",
            "ranking",
            "sign_auroc",
            "sign_share",
            "tissue_mean",
        ),
        "variant_pairs": (
            "DirectionOdds",
            "direction_odds",
            "macro_mean",
            "null_percentile",
            "pairwise_accuracy",
        ),
    },
)
