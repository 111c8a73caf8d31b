"""The compiled kernels under the names of the other backends; ``_numpy`` holds their readable twins."""

from __future__ import annotations

from .._kernels import pearson_rows, spearman_rows
from .._kernels import step_up as step_up_unsorted

__all__ = ["pearson_rows", "spearman_rows", "step_up_unsorted"]
