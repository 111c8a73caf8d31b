"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence

from ._context import Gradients, Reverse
from ._registry import register

__all__: list[str] = []


def _swapped(r: Reverse, x: str, rank: int) -> str:
    return r.emit.transpose(x, [*range(rank - 2), rank - 1, rank - 2])


def _broadcast(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    n = max(len(a), len(b))
    padded = [(1,) * (n - len(shape)) + tuple(shape) for shape in (a, b)]
    return tuple(y if x == 1 else x for x, y in zip(*padded, strict=True))


@register("MatMul")
def matmul(r: Reverse) -> Gradients:
    """A @ B: dY @ B' and A' @ dY, summed over broadcast axes; a vector counts as a matrix of one row or column."""
    e, a, b = r.emit, r.shape(0), r.shape(1)
    rows, columns = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    left = e.reshape(r.name(0), rows) if len(a) == 1 else r.name(0)
    right = e.reshape(r.name(1), columns) if len(b) == 1 else r.name(1)
    lead = _broadcast(rows[:-2], columns[:-2])
    dy = e.reshape(r.dy, (*lead, rows[-2], columns[-1])) if 1 in (len(a), len(b)) else r.dy
    first = second = None
    if r.wanted(0):
        first = e.op("MatMul", dy, _swapped(r, right, len(columns)))
        first = e.unbroadcast(first, (*lead, *rows[-2:]), rows)
        first = e.reshape(first, a) if len(a) == 1 else first
    if r.wanted(1):
        second = e.op("MatMul", _swapped(r, left, len(rows)), dy)
        second = e.unbroadcast(second, (*lead, *columns[-2:]), columns)
        second = e.reshape(second, b) if len(b) == 1 else second
    return [first, second]


@register("Gemm")
def gemm(r: Reverse) -> Gradients:
    """alpha * A' @ B' + beta * C."""
    e, flip_a, flip_b = r.emit, bool(r.attribute("transA", 0)), bool(r.attribute("transB", 0))
    alpha, beta = float(r.attribute("alpha", 1.0)), float(r.attribute("beta", 1.0))
    gradients: list[str | None] = [None, None, None]
    if r.wanted(0):
        pair = (r.name(1), r.dy) if flip_a else (r.dy, r.name(1))
        turns = {"transA": int(flip_b), "transB": 1} if flip_a else {"transA": 0, "transB": int(not flip_b)}
        gradients[0] = e.op("Gemm", *pair, alpha=alpha, **turns)
    if r.wanted(1):
        pair = (r.dy, r.name(0)) if flip_b else (r.name(0), r.dy)
        turns = {"transA": 1, "transB": int(flip_a)} if flip_b else {"transA": int(not flip_a), "transB": 0}
        gradients[1] = e.op("Gemm", *pair, alpha=alpha, **turns)
    if r.wanted(2):
        gradients[2] = e.unbroadcast(e.op("Mul", r.dy, r.scalar(beta)), r.output_shape, r.shape(2))
    return gradients[: len(r.node.inputs)]


@register("Einsum")
def einsum(r: Reverse) -> Gradients:
    """The same sum with the output and one input exchanged; explicit output, letters once per term."""
    equation = str(r.attribute("equation")).replace(" ", "")
    left, arrow, result = equation.partition("->")
    terms = left.split(",")
    if not arrow or "." in equation or any(len(set(term)) < len(term) for term in (*terms, result)):
        raise r.refusal(f"equation {equation!r} has an ellipsis, a repeated letter or no output")
    gradients: list[str | None] = []
    for i, term in enumerate(terms):
        others = [other for j, other in enumerate(terms) if j != i]
        if not r.wanted(i):
            gradients.append(None)
            continue
        if not set(term) <= set(result).union(*others):
            raise r.refusal(f"equation {equation!r} sums over a letter of one input alone")
        names = [r.name(j) for j in range(len(terms)) if j != i]
        gradients.append(r.emit.op("Einsum", r.dy, *names, equation=f"{','.join([result, *others])}->{term}"))
    return gradients
