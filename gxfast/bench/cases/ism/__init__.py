"""In-silico mutagenesis of whole models: every mode of gxfast beside plain onnxruntime."""

from __future__ import annotations

from .scan_case import cases

__all__ = ["cases"]
