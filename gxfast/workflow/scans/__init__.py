"""Mutagenesis scans of many windows: genes, regions, sequences or haplotypes through `gxfast.ism`, in blocks."""

from __future__ import annotations

from .backgrounds import Background, background
from .saturation import ScannedWindow, saturate_blocks
from .sources import HaplotypeSource, ReferenceSource, SequenceSource, read_sequences
from .strata import tss_distance
from .targets import Layout, Region, gene_layout, read_regions, region_layout, sequence_layout

__all__ = [
    "Background",
    "HaplotypeSource",
    "Layout",
    "ReferenceSource",
    "Region",
    "ScannedWindow",
    "SequenceSource",
    "background",
    "gene_layout",
    "read_regions",
    "read_sequences",
    "region_layout",
    "saturate_blocks",
    "sequence_layout",
    "tss_distance",
]
