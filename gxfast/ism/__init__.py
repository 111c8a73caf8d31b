"""In-silico mutagenesis: every single-base change of a sequence, or the SNVs of haplotypes, through a model.

``plan`` looks at the graph and chooses a mode; ``saturate``, ``scan`` and ``variants`` compute effects (mutant
minus reference). All modes give the numbers of the model itself, up to the last bits; each plan checks that once.
"""

from __future__ import annotations

from .planning import Plan, plan
from .readout import Outputs
from .scanning import saturate, scan, variants

__all__ = ["Outputs", "Plan", "plan", "saturate", "scan", "variants"]
