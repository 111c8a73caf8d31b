"""Linear baselines: trained on a cohort, kept as PredictDB files, applied to genotypes."""

from __future__ import annotations

from .predictdb import GeneWeights, read_predictdb, write_predictdb
from .training import GeneBaseline, TrainingOptions, train_gene

__all__ = ["GeneBaseline", "GeneWeights", "TrainingOptions", "read_predictdb", "train_gene", "write_predictdb"]
