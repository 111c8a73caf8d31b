"""Check and time the modes of in-silico mutagenesis on CUDA. Writes one JSON file.

    python bench/gpu/mutagenesis.py --out DIR                 exit 3 where there is no CUDA device
    python bench/gpu/mutagenesis.py --out DIR --rehearse      tiny, on the CPU: only to see that the script works

Per model and mode: the largest difference from the same mutants on the CPU, mutants per second, the share of the
device's peak that the multiply-adds of the naive way would be, and bytes sent per mutant; the same with TF32, and of a
float16 copy of the model (not in mode delta); and torch on the same device, eager and compiled, where torch and the
twin of the model are there.

Exit 0: measured and every check held; 1: a check failed (the JSON says which); 3: no CUDA.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import machine

sys.path.append(str(Path(__file__).resolve().parents[2]))  # the checkout, behind an installed gxfast

from bench.cases import enformer
from bench.peers.torch_twin import torch_twin
from gxfast.bench.cases.ism import networks
from gxfast.bench.measure import UnavailableError
from gxfast.errors import ModelError
from gxfast.ism import Outputs, plan
from gxfast.ism.costs import node_macs
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.naive import NaiveRunner
from gxfast.ism.modes.packed_device import DevicePackedRunner
from gxfast.ism.modes.runner import Part, Runner
from gxfast.ism.mutants import all_mutants
from gxfast.ism.planning import Plan
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.runtime import CUDA, runtime_facts
from gxfast.models.saving import save_model
from gxfast.models.session import Model

SECONDS, WARM_UP = 5.0, 2
CPU_TOLERANCE = 1e-4  # of the largest output: CUDA may choose other convolution kernels
# Multiply-adds per second in float32 outside tensor cores, from the makers' data sheets (half the quoted FLOP/s).
PEAKS = {"H200": 33.5e12, "H100": 33.5e12, "A100": 9.75e12, "L40S": 45.8e12, "V100": 7.85e12, "T4": 4.05e12}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for gpu_ism.json")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes on the CPU; no result of any meaning")
    parser.add_argument("--enformer", type=Path, help="an export of bench/export_enformer.py, for where torch is not")
    options = parser.parse_args()
    problem = runtime_facts()["working"].get(CUDA, "onnxruntime is not installed")
    if problem is not None and not options.rehearse:
        print(f"no CUDA, nothing measured: {problem}", file=sys.stderr)
        return 3
    options.out.mkdir(parents=True, exist_ok=True)
    facts = machine()
    report: dict[str, Any] = {"rehearsal": options.rehearse, "machine": facts, "models": {}, "failed": []}
    peak = next((value for name, value in PEAKS.items() if name in str(facts["gpu"])), None)
    with tempfile.TemporaryDirectory() as folder:
        for name, build, outputs in models(options.rehearse, options.enformer):
            print(f"{name} ...", file=sys.stderr)
            try:
                path = build(Path(folder) / f"{name}.onnx")
                entry = measure(path, outputs, tiny=options.rehearse, peak=peak)
            except UnavailableError as reason:
                entry = {"skipped": str(reason), "failed": []}
            report["failed"] += [f"{name}: {what}" for what in entry.pop("failed")]
            report["models"][name] = entry
            gc.collect()
    target = options.out / "gpu_ism.json"
    target.write_text(json.dumps(report, indent=1) + "\n")
    print(target)
    for what in report["failed"]:
        print(f"FAILED {what}", file=sys.stderr)
    return 1 if report["failed"] else 0


def models(tiny: bool, exported: Path | None) -> list[tuple[str, Callable[[Path], Path], Outputs]]:
    """Name, what writes it, and what of its output is wanted."""

    def network(make: Callable[..., Any], *args: Any, **more: Any) -> Callable[[Path], Path]:
        return lambda path: save_model(*make(*args, **more), path)

    def attention(path: Path) -> Path:
        return exported or enformer.export(enformer.TINY if tiny else enformer.SMALL, path)

    if tiny:
        small = {
            "first": 8,
            "tower": (8, 8, 12, 12, 12, 16),
            "inner": 8,
            "layers": 3,
            "last": 16,
            "tracks": 6,
            "crop": 2,
        }
        return [
            ("xpresso", network(networks.xpresso, 1_050, filters=(16, 8)), Outputs()),
            ("basset-301", network(networks.basset, 301, (30, 20, 20), 32, 7), Outputs()),
            ("bpnet-301", network(networks.bpnet, 301, 8, 4), Outputs()),
            ("basenji2", network(networks.basenji2, 4_096, **small), Outputs([0], range(9, 19), "mean")),
            ("enformer", attention, Outputs()),
        ]
    return [
        ("xpresso", network(networks.xpresso, 10_500), Outputs()),
        *((f"basset-{length}", network(networks.basset, length), Outputs()) for length in (1_000, 2_114, 10_500)),
        *((f"bpnet-{length}", network(networks.bpnet, length), Outputs()) for length in (1_000, 2_114, 10_500)),
        ("basenji2", network(networks.basenji2), Outputs([0], range(443, 453), "mean")),
        ("enformer", attention, Outputs()),
    ]


def measure(path: Path, outputs: Outputs, *, tiny: bool, peak: float | None) -> dict[str, Any]:
    """Everything about one model."""
    on_cpu = Model(path, device="cpu")
    length = on_cpu.card.read_length
    codes = np.random.default_rng(5).integers(0, 4, length, dtype=np.uint8)
    codes[length // 3] = 4
    few = all_mutants(codes, np.array([0, length // 3, length // 2, length - 1]))
    yardstick = plan(on_cpu, outputs, mode="naive", check=0)
    expected = yardstick.runner.effects(codes, *few)
    scale = max(1.0, float(np.abs(yardstick.runner.reference(codes)).max()))
    whole = load_graph(on_cpu)
    macs = sum(node_macs(whole, node) for node in whole.nodes)
    result: dict[str, Any] = {
        "length": length,
        "multiply_adds": macs,
        "failed": [],
        "float32": {},
        "tf32": {},
        "float16": {},
    }
    for precision in ("float32", "float16") if tiny else ("float32", "tf32", "float16"):
        source = halved(path) if precision == "float16" else path
        try:
            model = Model(source, device="cpu" if tiny else "cuda:0", tf32=precision == "tf32")
        except ModelError as error:  # an operator may not exist in float16
            result[precision] = {"error": error.message[:300]}
            continue
        for mode, make in runners(plan(model, outputs, mode="naive", check=0)).items():
            if (precision, mode) == ("float16", "delta"):
                continue
            facts = measure_mode(make, mode, codes, few, expected, scale, tiny=tiny)
            if peak and mode == "naive" and "mutants_per_second" in facts:
                facts["share_of_float32_peak"] = facts["mutants_per_second"] * macs / peak
            if precision == "float32" and facts.get("largest_difference_from_cpu", 0) > CPU_TOLERANCE:
                result["failed"].append(f"{mode} differs from the CPU by {facts['largest_difference_from_cpu']:.3g}")
            result[precision][mode] = facts
            gc.collect()
    result["torch"] = torch_rates(path, codes, tiny=tiny)
    return result


def halved(path: Path) -> Path:
    """Write a copy with float16 weights and activations; sequence and output stay float32."""
    import onnx
    from onnx import TensorProto, numpy_helper

    model = onnx.load(path)
    graph, (source,) = model.graph, model.graph.input
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    del graph.value_info[:]
    result = graph.output[0].name
    for node in graph.node:
        for names, old, new in ((node.input, source.name, "half_input"), (node.output, result, "half_output")):
            for i, name in enumerate(names):
                names[i] = new if name == old else name
        for attribute in node.attribute:  # casts to float32 inside
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    for first, end, dtype in (
        (True, (source.name, "half_input"), "FLOAT16"),
        (False, ("half_output", result), "FLOAT"),
    ):
        cast = GraphWriter()
        cast.append("Cast", end[:1], end[1:], to=TensorProto.DataType.Value(dtype))
        cast.put_into(model, first=first)
    made = path.with_suffix(".half.onnx")
    onnx.save(model, made)
    return made


def runners(made: Plan) -> dict[str, Callable[[], Runner]]:
    """What a plan for CUDA makes; on the CPU these have to be named."""
    model, readout, proto = made.model, made.readout, made._proto
    return {
        "naive": partial(NaiveRunner, model, readout, 1, proto, in_graph=True),
        "packed": partial(DevicePackedRunner, model, readout, 1, proto),
    }


def measure_mode(
    make: Callable[[], Runner], mode: str, codes: Any, few: Any, expected: Any, scale: float, *, tiny: bool
) -> dict[str, Any]:
    """One mode of one model: compared, then timed on neighbouring positions around the middle."""
    sent = [0]
    plain = Part.run

    def counted(part: Part, feeds: Any, options: Any = None, *, keep: bool = False) -> Any:
        sent[0] += sum(value.nbytes for value in feeds.values() if isinstance(value, np.ndarray))
        return plain(part, feeds, options, keep=keep)

    try:
        runner = make()
        found = runner.effects(codes, *few)
        n = {"naive": 16, "packed": 200, "delta": 512}[mode] if not tiny else 8
        step = 1 if mode != "packed" else max(1, runner.frontier.distance)  # type: ignore[attr-defined]
        middle = len(codes) // 2
        positions = (middle + step * (np.arange(n) - n // 2)) % len(codes)
        mutants = all_mutants(codes, np.unique(positions))
        Part.run = counted  # type: ignore[method-assign]
        runner.effects(codes, *mutants)
    except Exception as error:  # a model that does not fit must not end the rest
        return {"error": " ".join(str(error).split())[:300]}
    finally:
        Part.run = plain  # type: ignore[method-assign]
    facts: dict[str, Any] = {
        "largest_difference_from_cpu": float(np.abs(found - expected).max()) / scale,
        "bytes_sent_per_mutant": sent[0] / len(mutants[0]),
        "mutants_timed": len(mutants[0]),
    }
    return facts | rates(lambda: runner.effects(codes, *mutants), len(mutants[0]), 0.05 if tiny else SECONDS)


def rates(call: Callable[[], Any], n: int, seconds: float) -> dict[str, Any]:
    """Mutants per second of repeated calls: median, best and worst."""
    for _ in range(WARM_UP):
        call()
    found, end = [], time.perf_counter() + seconds
    while len(found) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        found.append(n / (time.perf_counter() - start))
    return {"mutants_per_second": float(np.median(found)), "fastest": max(found), "slowest": min(found)}


def torch_rates(path: Path, codes: Any, *, tiny: bool) -> dict[str, Any]:
    """Full mutants through torch on the same device, in batches, eager and compiled."""
    try:
        import torch

        twin = torch_twin(path)
    except (ImportError, UnavailableError, KeyError) as reason:
        return {"skipped": f"no torch twin: {reason!r}"}
    device = "cpu" if tiny else "cuda"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    batch = max(2, min(64, 2**17 // len(codes)))
    one_hot = np.eye(5, 4, dtype=np.float32)[codes].T[np.newaxis].repeat(batch, axis=0)
    x = torch.from_numpy(np.ascontiguousarray(one_hot)).to(device)
    twin = twin.to(device)
    result: dict[str, Any] = {"version": torch.__version__, "batch": batch}
    for name in ("eager",) if tiny else ("eager", "compiled"):
        try:
            model = torch.compile(twin) if name == "compiled" else twin

            def call(run: Any = model) -> None:
                with torch.no_grad():
                    run(x).sum().item()  # waits for the device

            result[name] = rates(call, batch, 0.05 if tiny else SECONDS)
        except Exception as error:  # compilation may not be possible there
            result[name] = {"error": " ".join(str(error).split())[:300]}
    return result


if __name__ == "__main__":
    sys.exit(main())
