"""DeepLIFT of one small network, written out in NumPy: convolution, Relu, max pool, dense layer, Relu, dense layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Net(NamedTuple):
    """Weights: ``conv`` (F, 4, K), pools of ``pool``, ``dense`` (F * windows, H), ``last`` (H,)."""

    conv: Array
    conv_bias: Array
    pool: int
    dense: Array
    dense_bias: Array
    last: Array


def drawn(length: int, seed: int = 0, filters: int = 3, kernel: int = 4, pool: int = 3, hidden: int = 5) -> Net:
    rng = np.random.default_rng(seed)
    windows = (length - kernel + 1) // pool
    return Net(
        rng.normal(0, 1, (filters, 4, kernel)), rng.normal(0, 0.5, filters), pool,
        rng.normal(0, 1, (filters * windows, hidden)), rng.normal(0, 1, hidden), rng.normal(0, 1, hidden),
    )  # fmt: skip


def layers(net: Net, x: Array) -> dict[str, Any]:
    """Everything between a one-hot sequence (L, 4) and its prediction."""
    filters, _, kernel = net.conv.shape
    z = np.array([
        [(net.conv[f] * x[p : p + kernel].T).sum() + net.conv_bias[f] for p in range(len(x) - kernel + 1)]
        for f in range(filters)
    ])  # fmt: skip
    a = np.maximum(z, 0)
    n = z.shape[1] // net.pool
    windows = a[:, : n * net.pool].reshape(filters, n, net.pool)
    pooled, winner = windows.max(2), windows.argmax(2)
    h = pooled.reshape(-1) @ net.dense + net.dense_bias
    return {"z": z, "a": a, "pooled": pooled, "winner": winner, "h": h, "y": float(np.maximum(h, 0) @ net.last)}


def secant(x: float, r: float) -> float:
    """Of Relu."""
    return float(x > 0) if abs(x - r) < 1e-6 else (max(x, 0.0) - max(r, 0.0)) / (x - r)


def multipliers(net: Net, x: Array, r: Array) -> Array:
    """Multipliers of the input, (L, 4), between a sequence and one reference."""
    own, other = layers(net, x), layers(net, r)
    of_h = np.array([secant(a, b) for a, b in zip(own["h"], other["h"], strict=True)]) * net.last
    of_pooled = (net.dense @ of_h).reshape(own["pooled"].shape)
    of_a = np.zeros_like(own["a"])
    for f in range(len(of_pooled)):
        for w in range(of_pooled.shape[1]):
            side = own if own["pooled"][f, w] >= other["pooled"][f, w] else other
            at = w * net.pool + int(side["winner"][f, w])
            change = own["a"][f, at] - other["a"][f, at]
            if change == 0:  # nothing changes: the gradient at the sequence
                of_a[f, w * net.pool + int(own["winner"][f, w])] = of_pooled[f, w]
            else:
                of_a[f, at] = of_pooled[f, w] * (own["pooled"][f, w] - other["pooled"][f, w]) / change
    result = np.zeros(x.shape)
    for f in range(len(of_a)):
        for p in range(of_a.shape[1]):
            slope = of_a[f, p] * secant(own["z"][f, p], other["z"][f, p])
            result[p : p + net.conv.shape[2]] += slope * net.conv[f].T
    return result


def hypothetical(net: Net, x: Array, references: Array) -> Array:
    """Mean over references of what each base would contribute, (L, 4)."""
    found = []
    for r in references:
        m = multipliers(net, x, r)
        found.append(m - (m * r).sum(axis=1, keepdims=True))
    return np.mean(found, axis=0)
