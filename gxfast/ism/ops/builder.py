"""Lowers the nodes of a graph to steps of the compiled executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Graph, Node, features
from ..graph.windows import Analysis, Window
from .errors import UnsupportedError

if TYPE_CHECKING:
    from ...kernels.compiled import DeltaProgram

__all__ = ["Builder", "Output", "Program", "Rows", "position_rows"]


def position_rows(tensor: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """A tensor (1, ...) as one row per position, (L, C)."""
    rows = np.moveaxis(tensor[0], axis - 1, 0)
    return np.ascontiguousarray(rows.reshape(len(rows), -1))


@dataclass(frozen=True, slots=True)
class Output:
    """What the program gives for one tensor of the graph.

    Attributes
    ----------
    tensor : str
    axis : int
        Its sequence axis; 0 where the program gives the change of a tensor without one.
    """

    tensor: str
    axis: int


@dataclass(frozen=True, slots=True)
class Rows:
    """A tensor of the graph, and how its value (1, ...) becomes one row per position, (L, C)."""

    tensor: str
    of: Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(slots=True)
class Program:
    """A program with what it reads and gives.

    Attributes
    ----------
    executor : DeltaProgram
    references : list of Rows
        What a `DeltaReference` takes, in order.
    outputs : list of Output
        In order.
    barriers : dict of str to str
        Tensor to why it and everything after it is left to onnxruntime.
    behind : list of Node
        Those nodes.
    """

    executor: DeltaProgram
    references: list[Rows] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    barriers: dict[str, str] = field(default_factory=dict)
    behind: list[Node] = field(default_factory=list)


class Builder:
    """Collects steps.

    Parameters
    ----------
    graph : Graph
    analysis : Analysis
    needed : mapping of str to (first, last)
        Positions of each tensor that the output depends on; others are not computed.

    Attributes
    ----------
    executor : DeltaProgram
        Takes the steps.
    skipped : set of str
        Outputs of nodes that a step of another node has taken care of.
    """

    def __init__(self, graph: Graph, analysis: Analysis, needed: Mapping[str, tuple[int, int]]) -> None:
        from ...kernels.compiled import DeltaProgram

        self.graph, self.analysis, self._needed = graph, analysis, needed
        self.executor = DeltaProgram(graph.length)
        self.result = Program(self.executor)
        self.skipped: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._rows: list[Rows] = []
        self.declare(graph.input_name)

    def window(self, tensor: str) -> Window:
        """Return where changes of a tensor lie.

        Raises
        ------
        UnsupportedError
            If they may lie everywhere.
        """
        if tensor not in self.analysis.windows:
            made = self.graph.producer(tensor)
            raise UnsupportedError(
                self.analysis.barriers.get(made, "all positions are mixed") if made else "a constant"
            )
        return self.analysis.windows[tensor]

    def features(self, tensor: str) -> tuple[int, ...]:
        """Sizes of the axes that hold the features of a position."""
        return features(self.graph, tensor, self.window(tensor).axis)

    def channels(self, tensor: str) -> int:
        """Return the values per position."""
        return int(np.prod(self.features(tensor), dtype=np.int64))

    def number(self, tensor: str) -> int:
        """Return the number of a tensor that a step has made.

        Raises
        ------
        UnsupportedError
            If it is a constant.
        """
        if tensor not in self._numbers:
            raise UnsupportedError("a constant takes the place of the sequence")
        return self._numbers[tensor]

    def has(self, tensor: str) -> bool:
        """Return whether a step has taken care of a tensor."""
        return tensor in self._numbers or tensor in self.skipped

    def constant(self, tensor: str) -> NDArray[Any]:
        """Return the value of a constant.

        Raises
        ------
        UnsupportedError
            If it depends on the sequence.
        """
        if not self.graph.is_constant(tensor):
            raise UnsupportedError("a setting depends on the sequence")
        return self.graph.constant(tensor)

    def declare(self, tensor: str, like: str = "", rows: Rows | None = None) -> int:
        """Return a new number for a tensor that the next step makes.

        Parameters
        ----------
        tensor : str
        like : str, optional
            Has the positions and channels instead, where ``tensor`` holds them in another form.
        rows : Rows, optional
            How the reference's rows are got in that case.
        """
        window = self.window(like or tensor)
        first, last = self._needed.get(like or tensor, (0, window.length - 1))
        lo, hi = np.maximum(window.lo, first), np.minimum(window.hi, last)
        empty = hi < lo
        lo, hi = np.where(empty, 0, lo), np.where(empty, -1, hi)
        channels = self.channels(like or tensor)
        number = self.executor.tensor(window.length, channels, lo.astype(np.int32), hi.astype(np.int32))
        self._numbers[tensor] = number
        self._rows.append(rows or Rows(tensor, partial(position_rows, axis=window.axis)))
        return number

    def scale(self, tensor: str, output: str, factors: NDArray[np.float32]) -> None:
        """Multiply each channel of a tensor by a factor of its own."""
        self.executor.scale(self.number(tensor), self.declare(output), np.ascontiguousarray(factors))

    def rename(self, tensor: str, output: str) -> None:
        """Let an output be a tensor that is there, of the same values."""
        self._numbers[output] = self._numbers[tensor]

    def give_change(self, tensor: str) -> None:
        """Record that the step just added gives the change of a tensor without positions."""
        self.result.outputs.append(Output(tensor, 0))
        self.skipped.add(tensor)

    def give_whole(self, tensor: str) -> None:
        """Write a tensor out in full, once."""
        if all(output.tensor != tensor for output in self.result.outputs):
            self.executor.whole(self.number(tensor))
            self.result.outputs.append(Output(tensor, self.window(tensor).axis))

    def per_channel(self, value: NDArray[Any], tensor: str) -> NDArray[np.float32]:
        """A constant that is combined with a tensor, as one value per channel.

        Raises
        ------
        UnsupportedError
            If it differs between positions.
        """
        axis, shape = self.window(tensor).axis, list(self.graph.shape(tensor))
        full = np.asarray(value)
        full = full.reshape((1,) * (len(shape) - full.ndim) + full.shape)
        if full.ndim != len(shape) or full.shape[axis] != 1 or full.shape[0] != 1:
            raise UnsupportedError("a constant differs between positions")
        shape[0] = shape[axis] = 1
        return np.ascontiguousarray(np.broadcast_to(full, shape).reshape(-1), np.float32)

    def finish(self) -> Program:
        """Say what of the reference is needed."""
        self.result.references = [self._rows[number] for number in self.executor.referenced()]
        return self.result
