"""Figures of mutagenesis scans: sequence logo and heat map of a window."""

from __future__ import annotations

from ...workflow.scans.stretch import ScannedStretch, read_stretch, scan_stretch, write_stretch
from .logo import draw_heatmap, draw_logo, plot_scan, reference_heights

__all__ = [
    "ScannedStretch",
    "draw_heatmap",
    "draw_logo",
    "plot_scan",
    "read_stretch",
    "reference_heights",
    "scan_stretch",
    "write_stretch",
]
