"""Check and time both ways to feed a model on CUDA: one-hot and codes. Writes one JSON file.

    python bench/gpu/measure.py --out DIR                 on a machine with a CUDA device; exit 3 where there is none
    python bench/gpu/measure.py --out DIR --rehearse      tiny, on the CPU: only to see that the script works

Exit 0: measured and every check held; 1: a check failed (the JSON says which); 3: no CUDA.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

import gxfast
import gxfast.demo
from gxfast.bench.cases.ism import networks
from gxfast.encode.one_hot import codes, one_hot
from gxfast.models.card import ModelCard
from gxfast.models.front import front_inputs, read_codes
from gxfast.models.runtime import CPU, CUDA, CUDA_OPTIONS, runtime_facts
from gxfast.models.saving import save_model
from gxfast.models.session import Model

DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")
LENGTHS = (131_072, 196_608)
SECONDS, WARM_UP = 5.0, 2
# CUDA may choose other convolution kernels than the CPU: relative to the largest value of the output.
CPU_TOLERANCE, FRONT_TOLERANCE = 1e-4, 1e-6


SMALL = {"first": 8, "tower": (8, 8, 12, 12, 12, 16), "inner": 8, "layers": 3, "last": 16, "tracks": 6, "crop": 2}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for gpu_feeds.json")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes on the CPU; no result of any meaning")
    options = parser.parse_args()
    problem = runtime_facts()["working"].get(CUDA, "onnxruntime is not installed")
    if problem is not None and not options.rehearse:
        print(f"no CUDA, nothing measured: {problem}", file=sys.stderr)
        return 3
    device = "cpu" if options.rehearse else "cuda:0"
    options.out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"rehearsal": options.rehearse, "machine": machine(), "models": {}, "failed": []}
    with tempfile.TemporaryDirectory() as folder:
        for name, path, card, n, batch in models(Path(folder), tiny=options.rehearse):
            print(f"{name} ...", file=sys.stderr)
            report["models"][name] = measure(path, card, n, batch, device, Path(folder), tiny=options.rehearse)
            report["failed"] += [f"{name}: {what}" for what in report["models"][name].pop("failed")]
        report["tiles"] = tiles(Path(folder), device, tiny=options.rehearse)
        report["failed"] += [f"tiles: {what}" for what in report["tiles"].pop("failed")]
    target = options.out / "gpu_feeds.json"
    target.write_text(json.dumps(report, indent=1) + "\n")
    print(target)
    for what in report["failed"]:
        print(f"FAILED {what}", file=sys.stderr)
    return 1 if report["failed"] else 0


def models(folder: Path, *, tiny: bool) -> list[tuple[str, Path, ModelCard | None, int, int]]:
    """Name, file, card, sequences per call, batch size."""
    found: list[tuple[str, Path, ModelCard | None, int, int]] = [
        ("demo", DEMO, None, *((8, 4) if tiny else (4096, 256)))
    ]
    for length in (4096,) if tiny else LENGTHS:
        path = folder / f"net{length}.onnx"
        save_model(*networks.basenji2(length, **(SMALL if tiny else {})), path)
        found.append((f"basenji2-{length}", path, None, *((4, 2) if tiny else (16, 4))))
    return found


def tiles(folder: Path, device: str, *, tiny: bool) -> dict[str, Any]:
    """Haplotypes of one window, each with a few SNVs of its own: in tiles and whole."""
    length, n = (16_384, 12) if tiny else (131_072, 400)
    path = folder / "tiles.onnx"
    save_model(*networks.basenji2(length, **(SMALL if tiny else {})), path)
    model = Model(path, device=device)
    rows = np.repeat(sequences_of(length, 1), n, axis=0)
    random = np.random.default_rng(2)
    for row in rows:
        row[random.integers(0, length, 20)] = random.choice(np.frombuffer(b"ACGT", np.uint8), 20)
    found = gxfast.tiled(model, on_device=True)  # on the CPU, too, where it is rehearsed
    if found is None:
        return {"failed": ["the network has none"]}
    some = rows[:2]
    away = float(np.abs(found.predict(some) - model.predict(some)).max()) / (
        float(np.abs(model.predict(some)).max()) or 1.0
    )

    def anew() -> Any:
        found.forget()
        return found.predict(rows)

    whole = rows[: max(2, n // 10)]
    seconds = 0.05 if tiny else SECONDS
    return {
        "largest_difference_from_whole": away,
        "tiles": timed(anew, n, seconds=seconds),
        "whole": timed(lambda: model.predict(whole), len(whole), seconds=seconds),
        "explain": found.explain(),
        "failed": [] if away <= CPU_TOLERANCE else ["other values than whole windows"],
    }


def machine() -> dict[str, Any]:
    """What it ran on: without this a number is worth nothing."""

    def answer(*command: str) -> str | None:
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return None

    here = str(Path(__file__).parent)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "gpu": answer("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"),
        "pcie": answer(
            "nvidia-smi", "--query-gpu=pcie.link.gen.current,pcie.link.width.current", "--format=csv,noheader"
        ),
        "cpu": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "gxfast": gxfast.__version__,
        "commit": answer("git", "-C", here, "rev-parse", "HEAD"),
        "changed_files": answer("git", "-C", here, "status", "--porcelain", "--untracked-files=no"),
        "cuda_options": CUDA_OPTIONS,
    }


def measure(
    path: Path, card: ModelCard | None, n: int, batch: int, device: str, folder: Path, *, tiny: bool
) -> dict[str, Any]:
    """Everything about one model."""
    host, graph = (Model(path, card=card, device=device, feed=feed, batch_size=batch) for feed in ("one_hot", "codes"))
    rows = sequences_of(host.card.read_length, n)
    ways: dict[str, Callable[[], np.ndarray[Any, Any]]] = {
        "one_hot": lambda: host.predict(rows),
        "codes": lambda: graph.predict(rows),
    }
    values = {way: predict() for way, predict in ways.items()}
    on_cpu = Model(path, card=card, device="cpu", batch_size=2).predict(rows[:2])
    scale = float(np.abs(on_cpu).max()) or 1.0
    result: dict[str, Any] = {
        "device": host.device,
        "length": host.length,
        "sequences": n,
        "batch": batch,
        "largest_difference_from_cpu": float(np.abs(values["one_hot"][:2] - on_cpu).max()) / scale,
        "failed": [],
        "ways": {},
    }
    if result["largest_difference_from_cpu"] > CPU_TOLERANCE:
        result["failed"].append("one-hot on the device differs from the CPU")
    baseline: Counter[str] = Counter()
    for way, predict in ways.items():
        same_bits = values[way].tobytes() == values["one_hot"].tobytes()
        facts: dict[str, Any] = {
            "same_bits_as_one_hot": same_bits,
            "largest_difference_from_one_hot": float(np.abs(values[way] - values["one_hot"]).max()) / scale,
        }
        # Same bits are expected (the same kernels read the same floats) and reported; only more is a failure.
        if facts["largest_difference_from_one_hot"] > FRONT_TOLERANCE:
            result["failed"].append(f"{way}: other values than one-hot")
        source, feeds = raw_feeds(way, host, rows[:batch])
        facts |= placed(source, feeds, host, folder)
        facts |= timed(predict, n, seconds=0.05 if tiny else SECONDS)
        copies = Counter(facts["memcpy_nodes"])
        baseline = copies if way == "one_hot" else baseline
        if added := copies - baseline:
            result["failed"].append(f"{way}: the front makes copies {dict(added)}")
        if device != "cpu" and facts["front_nodes_not_on_cuda"]:
            result["failed"].append(f"{way}: not on CUDA: {facts['front_nodes_not_on_cuda']}")
        result["ways"][way] = facts
    return result


def sequences_of(length: int, n: int) -> Any:
    """Random sequences with a few N."""
    rows = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(1).integers(0, 4, (n, length))]
    rows[:, :: max(2, length // 20)] = ord("N")
    return rows


def raw_feeds(way: str, model: Model, rows: Any) -> tuple[bytes, Any]:
    """The graph of one way and what one batch of it sends."""
    if way == "one_hot":
        return model.path.read_bytes(), {str(model.card.input_name): one_hot(rows, layout=model.card.layout)}
    proto = read_codes(model.proto(), model.card, model.path)
    return proto.SerializeToString(), {front_inputs(proto)["codes"]: codes(rows)}


def placed(source: bytes, feeds: dict[str, Any], model: Model, folder: Path) -> dict[str, Any]:
    """Bytes sent per batch; copies between host and device; where the nodes of the front really ran."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.enable_profiling = True
    settings.profile_file_prefix = str(folder / "profile")
    settings.optimized_model_filepath = str(folder / "optimized.onnx")
    settings.log_severity_level = 4
    providers: list[Any] = [CPU] if model.provider == CPU else [(CUDA, model.provider_options), CPU]
    session = onnxruntime.InferenceSession(source, settings, providers=providers)
    for _ in range(2):
        session.run(None, feeds)
    events = json.loads(Path(session.end_profiling()).read_text())
    ran = {
        event["name"].removesuffix("_kernel_time"): (event["args"]["op_name"], event["args"]["provider"])
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")
    }
    dumped = Counter(node.op_type for node in onnx.load(settings.optimized_model_filepath).graph.node)
    front = {node.name for node in onnx.load_from_string(source).graph.node if is_front(node, feeds, source)}
    return {
        "bytes_sent_per_batch": sum(array.nbytes for array in feeds.values()),
        "bytes_sent_per_sequence": sum(array.nbytes for array in feeds.values()) / model.batch_size,
        "memcpy_nodes": {name: count for name, count in dumped.items() if name.startswith("Memcpy")},
        "memcpy_nodes_run": sorted(name for name, (operator, _) in ran.items() if operator.startswith("Memcpy")),
        "front_nodes": {name: ran[name] for name in sorted(front) if name in ran},
        "front_nodes_not_on_cuda": sorted(name for name in front if name in ran and ran[name][1] != CUDA),
    }


def is_front(node: Any, feeds: dict[str, Any], source: bytes) -> bool:
    """Nodes of a front are named after the sequence input: INPUT_operator_node."""
    inputs = {name.rsplit("_", 1)[0] for name in feeds}
    return node.name.endswith("_node") and any(node.name.startswith(f"{name}_") for name in inputs)


def timed(predict: Callable[[], Any], n: int, *, seconds: float) -> dict[str, Any]:
    """Sequences per second of repeated calls: median, best and worst."""
    for _ in range(WARM_UP):
        predict()
    rates, end = [], time.perf_counter() + seconds
    while len(rates) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        predict()
        rates.append(n / (time.perf_counter() - start))
    return {
        "sequences_per_second": float(np.median(rates)),
        "fastest": max(rates),
        "slowest": min(rates),
        "calls": len(rates),
    }


if __name__ == "__main__":
    sys.exit(main())
