"""Pairs of changes, insertions and deletions beside a naive pass for each: results compared, then the ratio of times.

    python bench/validation/edits.py

The networks of the bench with random weights; CPU seconds of one thread, of samples of the sequences.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gxfast as gx
from gxfast.bench.cases.ism import networks
from gxfast.encode.edits import Edits
from gxfast.models.saving import save_model

LETTERS = np.frombuffer(b"ACGT", np.uint8)
NAIVE = 16  # sequences of a naive run


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it returns."""
    started = time.process_time()
    found = call()
    return time.process_time() - started, found


def told(what: str, model: gx.Model, n: int, seconds: float, rows: NDArray[np.uint8], own: NDArray[Any]) -> None:
    """Print how many naive passes fit into the time, and how far some results are from those of naive passes."""
    model.predict(rows)
    naive, values = seconds_of(lambda: model.predict(rows))
    away = np.abs(values[1:] - values[0] - own).max() / max(1.0, float(np.abs(values[0]).max()))
    if not away <= 1e-5:
        raise SystemExit(f"{what}: other results than naive passes, {away:.1e}")
    times, largest = naive / len(rows) * n / seconds, np.abs(own).max()
    print(f"{model.card.name}, {model.length} bases, {what}: {times:.1f} times; away {away:.1e} of {largest:.1e}")


def put(sequence: NDArray[np.uint8], position: NDArray[np.int64], base: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the sequence, and copies with a row of bases each."""
    rows = np.repeat(sequence[None], len(position) + 1, axis=0)
    rows[np.arange(1, len(rows))[:, None], position] = base
    return rows


def pairs(model: gx.Model, sequence: NDArray[np.uint8], random: np.random.Generator) -> None:
    """All pairs of 40 positions, and some that are 60 to 160 bases apart."""
    middle, k = model.length // 2, 40
    plan = gx.ism.plan(model)
    gx.ism.saturate(plan, sequence, start=0, end=2)  # checks the plan
    seconds, found = seconds_of(lambda: gx.ism.pairs(plan, sequence, start=middle, end=middle + k))
    i, j = np.sort(random.choice(k, (NAIVE, 2)), axis=1).T
    j = np.where(i == j, (j + 1) % k, j)
    a, b = random.integers(0, 4, (2, NAIVE))
    rows = put(sequence, middle + np.stack([i, j], axis=1), LETTERS[np.stack([a, b], axis=1)])
    told("pairs within 40 bases", model, 9 * k * (k - 1) // 2, seconds, rows, found.effects[i, a, j, b])
    n = 3000
    first = middle + random.integers(0, k, n)
    position = np.stack([first, first + random.integers(60, 160, n)], axis=1)
    base = LETTERS[random.integers(0, 4, (n, 2))]
    edits = Edits(np.arange(0, 2 * n + 1, 2), position.reshape(-1), base.reshape(-1))
    seconds, own = seconds_of(lambda: gx.ism.variants(plan, sequence, edits))
    rows = put(sequence, position[:NAIVE], base[:NAIVE])
    told("pairs 60 to 160 bases apart", model, n, seconds, rows, own[:NAIVE])


def lengths(model: gx.Model, sequence: NDArray[np.uint8]) -> None:
    """Deletions and insertions of 1 to 20 bases at 40 positions."""
    length, middle, k = model.length, model.length // 2, 40
    whole = sequence[:length]
    gx.ism.deletions(model, sequence[: length + 1], start=0, end=1, lengths=[1])  # opens and checks the tiles
    seconds, own = seconds_of(lambda: gx.ism.deletions(model, sequence, start=middle, end=middle + k))
    rows = [np.delete(sequence, slice(middle + i, middle + i + n + 1))[:length] for n, i in enumerate(range(NAIVE))]
    told("deletions", model, 20 * k, seconds, np.stack([whole, *rows]), own[np.arange(NAIVE), np.arange(NAIVE)])
    inserts = ["ACGTTGCAACGTTGCAACGT"[:n] for n in range(1, 21)]
    seconds, own = seconds_of(lambda: gx.ism.insertions(model, whole, start=middle, end=middle + k, inserts=inserts))
    rows = [np.insert(whole, middle + i, np.frombuffer(inserts[i].encode(), np.uint8))[:length] for i in range(NAIVE)]
    told("insertions", model, 20 * k, seconds, np.stack([whole, *rows]), own[np.arange(NAIVE), np.arange(NAIVE)])


def main() -> None:
    """Print what was measured."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for name, length, measure in (
            ("bpnet", 2_114, "pairs"), ("bpnet", 10_500, "pairs"), ("basset", 2_114, "lengths"),
            ("basset", 10_500, "lengths"), ("xpresso", 10_500, "lengths"),
        ):  # fmt: skip
            made = getattr(networks, name)(length)
            model = gx.Model(save_model(made.model, made.card, Path(folder) / f"{name}{length}.onnx"), device="cpu")
            if measure == "pairs":
                pairs(model, random.choice(LETTERS, length), random)
            else:
                lengths(model, random.choice(LETTERS, length + 20))


if __name__ == "__main__":
    main()
