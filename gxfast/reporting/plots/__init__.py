"""Figures: of a run, of driver SNVs, of mutagenesis scans."""

from __future__ import annotations

from .logo import draw_heatmap, draw_logo, plot_scan, reference_heights

__all__ = ["draw_heatmap", "draw_logo", "plot_scan", "reference_heights"]
