"""LSTM, GRU and RNN: every position depends on all; their gradients are two loops over the steps.

The first loop repeats the forward pass and keeps the gates of every step, the second goes back through them. Both are
a Scan, whatever the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...models.onnx_writer import GraphWriter
from .context import Gradients, Reverse
from .registry import Operator, register

__all__: list[str] = []

Array = NDArray[Any]
_ACTIVATIONS: Final = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
_GATES: Final = {"LSTM": 4, "GRU": 3, "RNN": 1}


class _Cell(NamedTuple):
    """One direction of a node: its constants, and the sizes of a step (rows, hidden numbers)."""

    r: Reverse
    w: Array  # (gates * H, I)
    u: Array  # (gates * H, H)
    from_input: Array  # (gates * H), biases
    from_state: Array
    backwards: bool
    shape: tuple[int, int]

    def constant(self, values: Any) -> str:
        return self.r.emit.constant(values, self.r.dtype)

    def part(self, values: Array, i: int, n: int = 1) -> Array:
        """Rows of some gates."""
        size = self.shape[1]
        return np.ascontiguousarray(values[i * size : (i + n) * size])


class _Body(GraphWriter):
    """The graph of one step, with names that nothing outside has."""

    def __init__(self, cell: _Cell, states: list[str], steps: dict[str, int]) -> None:
        emit, (n, size) = cell.r.emit, cell.shape
        super().__init__(opset=emit.opset, prefix=f"{emit.name('step')}/")
        self._cell = cell
        self.one = self.constant(1.0, cell.r.dtype)
        self.states = [self.input(f"{self.prefix}{name}", [n, size], cell.r.dtype) for name in states]
        self.steps = [
            self.input(f"{self.prefix}{name}", [n, width * size], cell.r.dtype) for name, width in steps.items()
        ]

    def split(self, x: str, n: int) -> list[str]:
        """Cut gates that lie side by side apart."""
        size = self._cell.shape[1]
        return [self.slice(x, 1, i * size, (i + 1) * size) for i in range(n)]

    def less(self, x: str) -> str:
        """1 - x."""
        return self.add("Sub", self.one, x)

    def product(self, *factors: str) -> str:
        found = factors[0]
        for factor in factors[1:]:
            found = self.add("Mul", found, factor)
        return found

    def bent(self, gradient: str, y: str) -> str:
        """Back through a sigmoid that gave y."""
        return self.product(gradient, y, self.less(y))

    def bent_tanh(self, gradient: str, y: str) -> str:
        """Back through a tanh that gave y."""
        return self.product(gradient, self.less(self.product(y, y)))

    def times(self, x: str, weight: Array) -> str:
        return self.add("MatMul", x, self._cell.constant(weight))

    def scan(self, first: list[str], steps: list[str], kept: list[tuple[str, int]], *, backwards: bool) -> list[str]:
        """Append the Scan to the outer graph; return what is kept of every step, (T, n, width * H).

        Parameters
        ----------
        first : list of str
            The states before the first step.
        steps : list of str
            Tensors of all steps.
        kept : list of (str, int)
            Tensors of a step, the new states first, with their width in hidden sizes.
        backwards : bool
            From the last step to the first.
        """
        emit, (n, size) = self._cell.r.emit, self._cell.shape
        for name, width in kept:
            out = self.add("Identity", name)
            self.output(out, [n, width * size], self._cell.r.dtype)
        made = [emit.name("scanned") for _ in kept]
        count, way = len(kept) - len(first), int(backwards)
        emit.append(
            "Scan", [*first, *steps], made, name=emit.name("scan"), body=self.model("step").graph,
            num_scan_inputs=len(steps), scan_input_directions=[way] * len(steps),
            scan_output_directions=[way] * count,
        )  # fmt: skip
        return made[len(first) :]


Parts = tuple[str, str, str]  # gradients of all steps' hidden states, of the last one, and of the last cell


def _lstm(cell: _Cell, a: str, states: list[str], given: Parts) -> str:
    """Gradient of what enters the gates i, o, f and c, (T, n, 4 H)."""
    back = cell.backwards
    body = _Body(cell, ["h", "c"], {"a": 4})
    (h, c), (entering,) = body.states, body.steps
    i, o, f, g = body.split(body.add("Add", entering, body.times(h, cell.u.T)), 4)
    i, o, f = (body.add("Sigmoid", x) for x in (i, o, f))
    g = body.add("Tanh", g)
    new = body.add("Add", body.product(f, c), body.product(i, g))
    bounded = body.add("Tanh", new)
    gates = body.add("Concat", i, o, f, g, axis=1)
    kept = [(body.product(o, bounded), 1), (new, 1), (gates, 4), (c, 1), (bounded, 1)]
    steps = body.scan(states, [a], kept, backwards=back)

    body = _Body(cell, ["dh", "dc"], {"gates": 4, "c": 1, "bounded": 1, "dy": 1})
    (dh, dc), (gates, c, bounded, dy) = body.states, body.steps
    i, o, f, g = body.split(gates, 4)
    dh = body.add("Add", dh, dy)
    dc = body.add("Add", dc, body.bent_tanh(body.product(dh, o), bounded))
    parts = [
        body.bent(body.product(dc, g), i), body.bent(body.product(dh, bounded), o), body.bent(body.product(dc, c), f),
        body.bent_tanh(body.product(dc, i), g),
    ]  # fmt: skip
    da = body.add("Concat", *parts, axis=1)
    kept = [(body.times(da, cell.u), 1), (body.product(dc, f), 1), (da, 4)]
    return body.scan([given[1], given[2]], [*steps, given[0]], kept, backwards=not back)[0]


def _gru(cell: _Cell, a: str, states: list[str], given: Parts) -> str:
    """Gradient of what enters the gates z, r and h, (T, n, 3 H)."""
    late, back = bool(cell.r.attribute("linear_before_reset", 0)), cell.backwards
    u, last = cell.part(cell.u, 0, 2), cell.part(cell.u, 2)
    body = _Body(cell, ["h"], {"a": 3})
    (h,), (entering,) = body.states, body.steps
    x, y, n = body.split(entering, 3)
    hz, hr = body.split(body.times(h, u.T), 2)
    z, r = body.add("Sigmoid", body.add("Add", x, hz)), body.add("Sigmoid", body.add("Add", y, hr))
    if late:
        q = body.add("Add", body.times(h, last.T), cell.constant(cell.part(cell.from_state, 2)))
        new = body.add("Tanh", body.add("Add", n, body.product(r, q)))
    else:
        q = body.product(r, h)
        new = body.add("Tanh", body.add("Add", n, body.times(q, last.T)))
    state = body.add("Add", body.product(body.less(z), new), body.product(z, h))
    kept = [(state, 1), (body.add("Concat", z, r, new, axis=1), 3), (h, 1), (q, 1)]
    steps = body.scan(states[:1], [a], kept, backwards=back)

    body = _Body(cell, ["dh"], {"gates": 3, "h": 1, "q": 1, "dy": 1})
    (dh,), (gates, h, q, dy) = body.states, body.steps
    z, r, new = body.split(gates, 3)
    dh = body.add("Add", dh, dy)
    dn = body.bent_tanh(body.product(dh, body.less(z)), new)
    dz = body.bent(body.product(dh, body.add("Sub", h, new)), z)
    if late:
        dr, reset = body.product(dn, q), body.times(body.product(dn, r), last)
    else:
        dq = body.times(dn, last)
        dr, reset = body.product(dq, h), body.product(dq, r)
    dr = body.bent(dr, r)
    before = body.times(body.add("Concat", dz, dr, axis=1), u)
    before = body.add("Sum", before, reset, body.product(dh, z))
    kept = [(before, 1), (body.add("Concat", dz, dr, dn, axis=1), 3)]
    return body.scan([given[1]], [*steps, given[0]], kept, backwards=not back)[0]


def _rnn(cell: _Cell, a: str, states: list[str], given: Parts) -> str:
    """Gradient of what enters the tanh, (T, n, H)."""
    body = _Body(cell, ["h"], {"a": 1})
    (h,), (entering,) = body.states, body.steps
    new = body.add("Tanh", body.add("Add", entering, body.times(h, cell.u.T)))
    steps = body.scan(states[:1], [a], [(new, 1), (new, 1)], backwards=cell.backwards)
    body = _Body(cell, ["dh"], {"h": 1, "dy": 1})
    (dh,), (h, dy) = body.states, body.steps
    da = body.bent_tanh(body.add("Add", dh, dy), h)
    kept = [(body.times(da, cell.u), 1), (da, 1)]
    return body.scan([given[1]], [*steps, given[0]], kept, backwards=not cell.backwards)[0]


_CELLS: Final[dict[str, Callable[[_Cell, str, list[str], Parts], str]]] = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}


def gradient(r: Reverse) -> Gradients:
    """Of the steps; weights and first states are constants."""
    _check(r)
    w, directions = r.constant(1), r.attribute("direction", "forward")
    assert w is not None
    parts = [_direction(r, d, directions == "reverse" or d == 1) for d in range(len(w))]
    return [parts[0] if len(parts) == 1 else r.emit.add("Add", *parts)]


def _check(r: Reverse) -> None:
    """Refuse what is not the plain cell."""
    for index in range(1, len(r.node.inputs)):
        r.constant(index)
    lengths, peepholes = r.known(4), r.known(7)
    if lengths is not None and (lengths != r.shape()[0]).any():
        raise r.refusal("sequence_lens is set")
    if peepholes is not None and peepholes.any():
        raise r.refusal("it has peepholes")
    for name in ("layout", "clip", "input_forget"):
        if r.attribute(name, 0):
            raise r.refusal(f"{name} is set")
    given = [str(each.decode() if isinstance(each, bytes) else each).lower() for each in r.attribute("activations", [])]
    wanted = _ACTIVATIONS[r.node.op_type]
    if given and given != wanted * (len(given) // len(wanted)):
        raise r.refusal(f"activations {', '.join(given)}")


def _direction(r: Reverse, d: int, backwards: bool) -> str:
    """Gradient of the input through one direction, (T, n, I)."""
    e, kind, (steps, n, _) = r.emit, r.node.op_type, r.shape()
    w, u, b = (r.constant(index) for index in (1, 2, 3))
    assert w is not None
    assert u is not None
    size, gates = u.shape[2], _GATES[kind]
    biases = np.zeros((2, gates * size)) if b is None else b[d].reshape(2, -1)
    cell = _Cell(r, w[d], u[d], biases[0], biases[1], backwards, (n, size))
    offset = cell.from_input + cell.from_state
    if kind == "GRU" and r.attribute("linear_before_reset", 0):
        offset[2 * size :] = cell.from_input[2 * size :]
    a = e.add("Add", e.add("MatMul", r.name(), cell.constant(cell.w.T)), cell.constant(offset))
    states = [_state(cell, r.known(index), d) for index in (5, 6)]
    given = (
        _seed(cell, 0, d, (steps, n, size), axis=1),
        _seed(cell, 1, d, (n, size), axis=0),
        _seed(cell, 2, d, (n, size), axis=0),
    )
    return e.add("MatMul", _CELLS[kind](cell, a, states, given), cell.constant(cell.w))


def _state(cell: _Cell, value: Array | None, d: int) -> str:
    return cell.constant(np.zeros(cell.shape) if value is None else value[d])


def _seed(cell: _Cell, index: int, d: int, shape: tuple[int, ...], *, axis: int) -> str:
    """The gradient of one direction of an output, (T, D, n, H) or (D, n, H); zeros where it is not used."""
    outputs, emit = cell.r.node.outputs, cell.r.emit
    name = outputs[index] if index < len(outputs) else ""
    if name not in cell.r.seeds:
        return emit.add("Expand", cell.constant(0.0), emit.sizes(shape))
    return emit.reshape(emit.take(cell.r.seeds[name], [d], axis), shape)


def steps_mix(context: object) -> str:
    """Every step depends on the ones before it."""
    return "a recurrent layer mixes all positions"


register(Operator(("LSTM", "GRU", "RNN"), reach=steps_mix, gradient=gradient))
