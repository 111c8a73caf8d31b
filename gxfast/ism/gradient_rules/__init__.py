"""Reverse rules: how the gradient of each operator's output becomes gradients of its inputs, as ONNX nodes.

A rule takes a `Reverse` (the node, its sizes and constants, the gradients of its outputs, and what appends nodes
to the graph) and returns one tensor per input, None where no gradient is wanted or none flows. `register` adds a
rule for an operator, also from outside gxfast; the name is ``"domain::Operator"`` outside ONNX's own domain.

Where a derivative is not unique the rules do what PyTorch does: 0 for Relu at 0, the FIRST of several equal maxima
of a pool gets all of the gradient, and two equal inputs of Max or Min share it. ReduceMax and ReduceMin also give all
of it to the first (as ``torch.max`` over an axis; ``torch.amax`` would share).
"""

from __future__ import annotations

from . import activation, arithmetic, convolution, dense, movement, normalization, pooling, reduction
from ._context import Gradients, Reverse, Rule
from ._emitter import Emitter
from ._registry import register, rule_of

__all__ = [
    "Emitter",
    "Gradients",
    "Reverse",
    "Rule",
    "activation",
    "arithmetic",
    "convolution",
    "dense",
    "movement",
    "normalization",
    "pooling",
    "reduction",
    "register",
    "rule_of",
]
