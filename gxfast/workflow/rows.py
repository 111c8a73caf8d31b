"""Rows of the tables that linear models and motifs write; those of an evaluation are in `gxfast.evaluation`."""

from __future__ import annotations

from dataclasses import dataclass

from .._objects import Brief
from ..io.tables import optional_column

__all__ = ["BaselineRow", "ClusterRow", "EffectsRow", "LeadRow", "MotifRow", "PairsRow"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BaselineRow(Brief):
    """A row of ``elastic_net.tsv``: a gene and model; ``lambda`` and ``n_nonzero`` are of the elastic net alone."""

    gene_id: str
    name: str
    chrom: str
    tss: int
    model: str
    n_people: int
    n_variants: int
    n_nonzero: int | None
    lambda_: float | None
    cv_r: float | None
    cv_p: float | None
    cv_q: float | None = None
    pearson_r: float | None
    pearson_p: float | None
    pearson_q: float | None = None
    h2: float | None
    h2_se: float | None
    h2_p: float | None
    folds: int
    inner_folds: int
    seed: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeadRow(Brief):
    """A row of ``permutation.tsv``: the lead variant of a gene, with the column names of tensorQTL."""

    phenotype_id: str
    num_var: int | None = None
    beta_shape1: float | None = None
    beta_shape2: float | None = None
    true_df: float | None = None
    pval_true_df: float | None = None
    variant_id: str | None = None
    start_distance: int | None = None
    end_distance: int | None = optional_column()
    ma_samples: int | None = None
    ma_count: int | None = None
    af: float | None = None
    pval_nominal: float | None = None
    slope: float | None = None
    slope_se: float | None = None
    pval_perm: float | None = None
    pval_beta: float | None = None
    qval: float | None = None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignalRow(Brief):
    """A row of ``independent.tsv``: the lead variant of one of a gene's signals, with tensorQTL's column names."""

    phenotype_id: str
    num_var: int
    beta_shape1: float
    beta_shape2: float
    true_df: float
    pval_true_df: float
    variant_id: str
    start_distance: int
    end_distance: int | None = optional_column()
    ma_samples: int
    ma_count: int
    af: float
    pval_nominal: float
    slope: float
    slope_se: float
    pval_perm: float
    pval_beta: float
    rank: int

    @property
    def lead(self) -> str:
        """What `gxfast.stats.conditional` compares signals by."""
        return self.variant_id


@dataclass(frozen=True, slots=True, repr=False)
class SusieRow(Brief):
    """A row of ``susie.tsv``: a variant of a credible set; the first five columns are tensorQTL's.

    ``slope``: posterior mean per copy, if the variant is the one of its set. ``lbf``: log Bayes factor of the set's
    effect; ``min_abs_corr``: smallest absolute correlation between two variants of the set.
    """

    phenotype_id: str
    variant_id: str
    pip: float
    af: float
    cs_id: int
    alpha: float
    slope: float
    lbf: float
    min_abs_corr: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SusieGeneRow(Brief):
    """A row of ``susie.genes.tsv``: what the fine-mapping of a gene came to."""

    phenotype_id: str
    num_var: int | None = None
    n_sets: int | None = None
    n_iterations: int | None = None
    residual_variance: float | None = None
    status: str


@dataclass(frozen=True, slots=True, repr=False)
class EffectsRow(Brief):
    """A row of ``effects/NAME.genes.tsv``: how many effects of a table a gene has, and how many the VCF has."""

    gene_id: str
    n_effects: int
    n_used: int
    n_varying: int
    status: str


@dataclass(frozen=True, slots=True, repr=False)
class PairsRow(Brief):
    """A row of ``nominal.genes.tsv``: ``bgzip -b OFFSET -s SIZE nominal.tsv.gz`` prints the pairs of a gene."""

    phenotype_id: str
    n_pairs: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, repr=False)
class MotifRow(Brief):
    """A row of ``motifs.tsv``: the 13 bases around a main driver, their cluster, and the motif that it lies in.

    ``size_5``: bases in a row whose attribution has the driver's sign and at least 5 % of the scale; ``distance_5``:
    from the driver to the nearest base with as much attribution of either sign, 20 (the reach) where there is none.
    """

    model: str
    gene_id: str
    variant_id: str
    kmer: str
    cluster: int | None
    support: str
    scale: float
    size_5: int | None
    distance_5: int | None
    size_10: int | None
    distance_10: int | None
    size_20: int | None
    distance_20: int | None
    size_50: int | None
    distance_50: int | None


@dataclass(frozen=True, slots=True, repr=False)
class ClusterRow(Brief):
    """A row of ``motif_clusters.tsv``: are the drivers of a cluster supported by eQTLs more often than the others?"""

    model: str
    cluster: int
    n: int
    n_supported: int
    odds_ratio: float
    p: float
    q: float
