"""R's cv.glmnet, timed inside R: neither its start nor reading counts."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GlmnetFit", "cv_glmnet", "missing_glmnet"]

_SCRIPT = """
suppressMessages(library(glmnet))
con <- file(commandArgs(TRUE)[1], "rb")
d <- readBin(con, "integer", 2, size = 4)
x <- matrix(readBin(con, "double", d[1] * d[2], size = 4), nrow = d[1])
y <- readBin(con, "double", d[1])
fold <- readBin(con, "integer", d[1], size = 4) + 1
t <- proc.time()
fit <- cv.glmnet(x, y, alpha = 0.5, foldid = fold, nlambda = 100, lambda.min.ratio = 0.01)
t <- proc.time() - t
cat(t[1] + t[2], which(fit$lambda == fit$lambda.min) - 1, min(fit$cvm), "\\n")
"""


@dataclass(frozen=True, slots=True)
class GlmnetFit:
    """CPU seconds, index of the chosen lambda, and the smallest error."""

    seconds: float
    chosen: int
    error: float


def missing_glmnet() -> str:
    """Return the remedy if R is not installed, else an empty text."""
    return "" if shutil.which("Rscript") else "install r-cran-glmnet"


def cv_glmnet(x: NDArray[Any], y: NDArray[np.float64], folds: NDArray[np.int32]) -> GlmnetFit:
    """Fit rows of ``x``, shape (N, P), with l1_ratio 0.5 and 100 lambdas down to a hundredth of the largest."""
    with tempfile.TemporaryDirectory() as name:
        data, script = Path(name) / "data.bin", Path(name) / "fit.R"
        with open(data, "wb") as out:
            np.array(x.shape, np.int32).tofile(out)
            np.ascontiguousarray(x.T, np.float32).tofile(out)
            y.astype(np.float64).tofile(out)
            folds.astype(np.int32).tofile(out)
        script.write_text(_SCRIPT)
        found = subprocess.run(["Rscript", str(script), str(data)], capture_output=True, text=True, check=True)
    seconds, chosen, error = found.stdout.split()
    return GlmnetFit(float(seconds), int(chosen), float(error))
