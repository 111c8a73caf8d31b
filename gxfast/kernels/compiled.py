"""What the compiled module offers beside the sequence kernels; ``numpy_stats`` holds twins of the statistics."""

from __future__ import annotations

from .._kernels import (
    DeltaProgram,
    DeltaReference,
    ElasticNetPath,
    associate,
    correlation_p,
    elastic_net_cv,
    largest_products,
    pearson_rows,
    residual_squares,
    spearman_rows,
    susie,
    table_text,
)
from .._kernels import step_up as step_up_unsorted

__all__ = [
    "DeltaProgram",
    "DeltaReference",
    "ElasticNetPath",
    "associate",
    "correlation_p",
    "elastic_net_cv",
    "largest_products",
    "pearson_rows",
    "residual_squares",
    "spearman_rows",
    "step_up_unsorted",
    "susie",
    "table_text",
]
