"""Mutagenesis scans of many windows: genes, regions, sequences or haplotypes through `gxfast.ism`, in blocks."""

from __future__ import annotations

from .saturation import ScannedWindow, saturate_blocks
from .sources import HaplotypeSource, ReferenceSource, SequenceSource, read_sequences
from .targets import Layout, Region, gene_layout, read_regions, region_layout, sequence_layout

__all__ = [
    "HaplotypeSource",
    "Layout",
    "ReferenceSource",
    "Region",
    "ScannedWindow",
    "SequenceSource",
    "gene_layout",
    "read_regions",
    "read_sequences",
    "region_layout",
    "saturate_blocks",
    "sequence_layout",
]
