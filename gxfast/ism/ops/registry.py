"""The operators that mutagenesis and gradients know, in one table; anybody can add to it.

An `Operator` says up to four things about an operator of ONNX, or of another domain (``"domain::Name"``):

- ``reach``: which positions of its outputs a change of positions of its inputs can alter. Called with a `Context`;
  returns a `Span` (the same for every output), a list with one per output, or a text: why this node is a barrier,
  whose outputs may change everywhere. It works on whole arrays of intervals at once.
- ``step``: what the compiled executor does for it. Called with the `Builder` and the node; adds steps and declares
  the outputs, or raises `UnsupportedError` with the reason: then onnxruntime computes the node in full.
- ``gradient``: how the gradients of its outputs become gradients of its inputs. Called with a `Reverse`; appends
  nodes and returns one tensor per input, None where no gradient is wanted or none flows.
- ``multiplier``: the same for the contributions of `gxfast.ism.deeplift`, called with a `Rescale`. Of a linear operator
  it is its gradient; of others it says what the difference between a sequence and its reference becomes (`rescale`).

What is left out (None) is a barrier of its own, with a name: mutagenesis stays exact and saves what lies before it,
a gradient or a contribution through it is refused. An operator that doubles every number::

    from gxfast.ism.ops import Operator, register

    def step(builder, node):
        source = node.inputs[0]
        builder.scale(source, node.outputs[0], np.full(builder.channels(source), 2, np.float32))

    def gradient(r):
        return [r.emit.add("Mul", r.dy, r.scalar(2.0))]

    register(Operator("my.domain::Double", reach=Context.alone, step=step, gradient=gradient, multiplier=gradient))

A distribution adds operators for everybody who installs it by an entry point ``gxfast.ism_ops`` that is an `Operator`,
or a list of them; they are registered when a graph has an operator that is not known.

`register` replaces an entry as a whole; ``dataclasses.replace(operator_of("Relu"), step=...)`` changes a part of one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from ..._plugins import ISM_OPS, broken, plugin, plugin_names
from ...errors import GxfastError
from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, Reverse, Span
from .rescale import Multiplier

__all__ = ["Gradient", "Multiplier", "Operator", "Reach", "Step", "operator_of", "register"]

Reach: TypeAlias = Callable[[Context], "Span | Sequence[Span] | str"]
Step: TypeAlias = Callable[[Builder, Node], None]
Gradient: TypeAlias = Callable[[Reverse], Gradients]


@dataclass(frozen=True, slots=True)
class Operator:
    """What is known about one operator, or about several that are alike.

    Attributes
    ----------
    names : str or tuple of str
        ``"Conv"``; with its domain, ``"com.microsoft::Gelu"``, where that is not ONNX's own.
    reach, step, gradient, multiplier : function, optional
        See the module.
    """

    names: str | tuple[str, ...]
    reach: Reach | None = None
    step: Step | None = None
    gradient: Gradient | None = None
    multiplier: Multiplier | None = None

    def each(self) -> tuple[str, ...]:
        """Return the names."""
        return (self.names,) if isinstance(self.names, str) else self.names


_OPERATORS: Final[dict[str, Operator]] = {}


def register(*operators: Operator) -> None:
    """Add operators, instead of those of the same names."""
    for operator in operators:
        for name in operator.each():
            _OPERATORS[name] = operator


def operator_of(op_type: str) -> Operator:
    """Return the entry of an operator; an empty one, where nothing is known about it."""
    if op_type not in _OPERATORS:
        _add_plugins()
    return _OPERATORS.get(op_type) or Operator(op_type)


@cache
def _add_plugins() -> None:
    """Register what other distributions add; one that fails is named in a warning, and the others are taken."""
    for name in plugin_names(ISM_OPS):
        try:
            _add_plugin(name)
        except GxfastError as error:
            logging.getLogger("gxfast").warning("%s", error)


def _add_plugin(name: str) -> None:
    found = plugin(ISM_OPS, name)
    operators = found if isinstance(found, list | tuple) else [found]
    for operator in operators:
        if not isinstance(operator, Operator):
            raise broken(ISM_OPS, name, f"expected an Operator or a list of them, found {type(operator).__name__}")
        # its own entry is there where two threads came here at once
        known = [one for one in operator.each() if _OPERATORS.get(one, operator) is not operator]
        if known:
            raise broken(ISM_OPS, name, f"{known[0]} is known already; a program may replace it by register()")
    register(*operators)
