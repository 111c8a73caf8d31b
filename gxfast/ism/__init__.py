"""In-silico mutagenesis: every single-base change of a sequence, or the SNVs of haplotypes, through a model.

``plan`` looks at the graph and chooses a mode; ``saturate``, ``scan`` and ``variants`` compute effects (mutant
minus reference), ``pairs`` those of two changes at a time, ``deletions`` and ``insertions`` those of each length. All
modes give the numbers of the model itself, up to the last bits; each plan checks that once. ``input_gradient``,
``input_x_gradient`` and ``gradient_x_variant`` are the first-order approximation of them. ``deeplift``
shares the difference between a prediction and those of references out among the bases.
"""

from __future__ import annotations

from .contributions import deeplift
from .gradient import gradient_x_variant, input_gradient, input_x_gradient
from .lengths import deletions, insertions
from .modes.readout import Outputs
from .pairing import Pairs, pairs, scan_pairs
from .planning import Plan, plan
from .scanning import saturate, scan, variants

__all__ = [
    "Outputs",
    "Pairs",
    "Plan",
    "deeplift",
    "deletions",
    "gradient_x_variant",
    "input_gradient",
    "input_x_gradient",
    "insertions",
    "pairs",
    "plan",
    "saturate",
    "scan",
    "scan_pairs",
    "variants",
]
