"""In-silico mutagenesis of whole models: every mode of gxfast beside plain onnxruntime and the other packages."""

from __future__ import annotations

from .scan_case import cases

__all__ = ["cases"]
