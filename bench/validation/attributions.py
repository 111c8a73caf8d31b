"""Contributions beside tangermeme's on one thread: compared first, then the ratio of CPU seconds.

    python bench/validation/attributions.py          # needs torch and tangermeme

The networks of the bench with random weights and the same weights in torch, whose functions are modules, as tangermeme
needs them. 20 shuffles per sequence; rounds are interleaved, and each tangermeme round is at its best batch size.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.ersatz import dinucleotide_shuffle

import gxfast as gx
from gxfast.bench.cases.ism import networks
from gxfast.models.saving import save_model

SHUFFLES, ROUNDS, SEQUENCES = 20, 5, 2
BATCHES = (20, 40, 80)


class Twin(torch.nn.Module):  # type: ignore[misc]
    """The network of an ONNX file of Conv, BatchNormalization, Relu, MaxPool, pools over everything, Gemm and Add."""

    def __init__(self, path: Path) -> None:
        import onnx
        from onnx import helper, numpy_helper

        super().__init__()
        graph = onnx.load(path).graph
        weights = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
        self.kept = torch.nn.ParameterDict({"first": torch.nn.Parameter(torch.zeros(1))})
        self.layers, self.steps, self.source = torch.nn.ModuleList(), [], graph.input[0].name
        for node in graph.node:
            given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            layer = _layer(node.op_type, [weights[name] for name in node.input if name in weights], given)
            self.layers.append(layer)
            self.steps.append(([name for name in node.input if name not in weights], node.output[0]))

    def forward(self, x: Any) -> Any:
        """Return the values of the last node."""
        values = {self.source: x}
        for layer, (inputs, output) in zip(self.layers, self.steps, strict=True):
            values[output] = layer(*(values[name] for name in inputs))
        return values[output].reshape(len(x), -1)


class Call(torch.nn.Module):  # type: ignore[misc]
    """A linear function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x: Any) -> Any:
        """Return what it gives."""
        return self.function(*x)


def _layer(kind: str, w: list[Any], a: dict[str, Any]) -> Any:
    nn, f = torch.nn, torch.nn.functional
    if kind == "Conv":
        pads, dilation = list(a["pads"]), a["dilations"][0]
        bias = w[1] if len(w) > 1 else None
        if pads[0] == pads[1]:
            return Call(lambda x: f.conv1d(x, w[0], bias, padding=pads[0], dilation=dilation))
        return Call(lambda x: f.conv1d(f.pad(x, pads), w[0], bias, dilation=dilation))
    return {
        "Relu": lambda: nn.ReLU(),
        "Sigmoid": lambda: nn.Sigmoid(),
        "MaxPool": lambda: nn.MaxPool1d(a["kernel_shape"][0], a["strides"][0]),
        "BatchNormalization": lambda: Call(lambda x: f.batch_norm(x, w[2], w[3], w[0], w[1], eps=1e-5)),
        "GlobalAveragePool": lambda: Call(lambda x: x.mean(dim=-1, keepdim=True)),
        "Flatten": lambda: nn.Flatten(),
        "Gemm": lambda: Call(lambda x: f.linear(x, w[0], w[1])),
        "Mul": lambda: Call(lambda x: x * w[0]),
        "Add": lambda: Call(lambda x, y=None: x + (w[0] if y is None else y)),
        "Identity": lambda: nn.Identity(),
    }[kind]()


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it returns."""
    started = time.process_time()
    found = call()
    return time.process_time() - started, found


def measure(name: str, length: int, folder: Path) -> None:
    """Compare and time one network."""
    made = getattr(networks, name)(length)
    path = save_model(made.model, made.card, folder / f"{name}{length}.onnx")
    model, twin = gx.Model(path, device="cpu", n_threads=1), Twin(path).eval()
    codes = np.random.default_rng(0).integers(0, 4, (SEQUENCES, length)).astype(np.uint8)
    x = torch.tensor(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())
    shuffled = gx.dinucleotide_shuffle(codes, SHUFFLES)
    references = torch.tensor(
        gx.one_hot(shuffled.reshape(-1, length), layout="NCL").reshape(SEQUENCES, SHUFFLES, 4, -1)
    )

    def theirs(batch: int, given: Any = dinucleotide_shuffle) -> Any:
        return deep_lift_shap(
            twin, x, references=given, n_shuffles=SHUFFLES, batch_size=batch, hypothetical=True, device="cpu",
            random_state=0,
        )  # fmt: skip

    def own() -> Any:
        return gx.ism.deeplift(model, codes, n_references=SHUFFLES, hypothetical=True)

    expected = theirs(BATCHES[0], references).numpy().transpose(0, 2, 1)
    found = own()
    away, largest = float(np.abs(found - expected).max()), float(np.abs(expected).max())
    if not away <= 1e-4 * max(1.0, largest) or largest < 1e-4:
        raise SystemExit(f"{name}: contributions differ by {away:.1e} of {largest:.1e}")
    best = min(BATCHES, key=lambda batch: seconds_of(lambda: theirs(batch))[0])
    times = [(seconds_of(own)[0], seconds_of(lambda: theirs(best))[0]) for _ in range(ROUNDS)]
    ours, peer = (statistics.median(column) / SEQUENCES for column in zip(*times, strict=True))
    print(
        f"{name}, {length} bases, {SHUFFLES} shuffles: {peer / ours:.2f} times fewer CPU seconds ({ours:.3f} against "
        f"{peer:.3f} a sequence, batch {best}); away {away:.1e} of {largest:.1e}", flush=True
    )  # fmt: skip


def shuffles(length: int) -> None:
    """Time the shuffles alone."""
    codes = np.random.default_rng(0).integers(0, 4, (1, length)).astype(np.uint8)
    x = torch.tensor(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())
    calls = (lambda: gx.dinucleotide_shuffle(codes, SHUFFLES),
             lambda: dinucleotide_shuffle(x, n=SHUFFLES, random_state=0))  # fmt: skip
    times = [[seconds_of(call)[0] for call in calls] for _ in range(21)]
    ours, peer = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
    print(f"{SHUFFLES} shuffles of {length} bases: {ours:.2f} ms, tangermeme {peer:.2f} ms", flush=True)


def main() -> None:
    """Print what was measured."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    shuffles(2_114)
    with tempfile.TemporaryDirectory() as folder:
        for name, length in (("bpnet", 1_000), ("bpnet", 2_114), ("basset", 1_000), ("basset", 2_114)):
            measure(name, length, Path(folder))


if __name__ == "__main__":
    main()
