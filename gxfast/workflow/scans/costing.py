"""What a scan will cost, before it is started: one window is measured, the others are counted."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..._memory import require_bytes
from ...ism import Plan
from ...ism.mutants import all_mutants, one_sequence
from ...ism.scanning import BLOCK_BYTES
from ..shard import Shard
from .opening import SaturationInputs
from .running import blocks_of, saturation_scan
from .sources import RowSource
from .tables import saturation_lines
from .targets import Layout
from .work import Block

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["block_memory", "check_memory", "clock_of", "cost_lines", "scan_costs", "size_text"]

SAMPLE_SECONDS = 0.5


def clock_of(model: Model) -> Callable[[], float]:
    """Return what times a model: CPU time where it runs there, so that other processes do not count; else the wall."""
    return time.process_time if model.device == "cpu" else time.perf_counter


def scan_costs(inputs: SaturationInputs, formats: Sequence[str], shard: Shard) -> dict[str, Any]:
    """Cost a saturation scan without doing it; only its first window is read.

    Parameters
    ----------
    inputs : SaturationInputs
    formats : sequence of str
    shard : Shard

    Returns
    -------
    dict
        ``models`` (per model: see docs/scans.md) and ``total``. Mutants and model calls are exact for windows
        without unknown bases; with people they are upper limits, as if no two haplotypes were the same.
    """
    scan = saturation_scan(inputs, formats)
    models = {}
    for model, one, layout, source in zip(scan["models"], inputs.plans, inputs.layouts, inputs.sources, strict=True):
        blocks = blocks_of(model, shard)
        models[model["name"]] = _model_costs(one, layout, source, blocks, formats)
    summed = ("windows", "mutants", "model_calls", "passes", "hours")
    total: dict[str, Any] = {name: sum(entry[name] for entry in models.values()) for name in summed}
    total["bytes"] = sum(sum(entry["bytes"].values()) for entry in models.values())
    total["memory"] = max(entry["memory"] for entry in models.values())
    return {"models": models, "total": total, "at_most": inputs.sources[0].max_rows > 1}


def _model_costs(
    one: Plan, layout: Layout, source: RowSource, blocks: Sequence[Block], formats: Sequence[str]
) -> dict[str, Any]:
    first, last = blocks[0].windows[0] if blocks else 0, blocks[-1].windows[1] if blocks else 0
    usable = [w for w in range(first, last) if layout.status[w] == "ok"]
    positions = int((layout.high - layout.low)[usable].sum()) * source.max_rows if usable else 0
    mutants, scans = 3 * positions, _n_scans(one, layout, blocks) * source.max_rows
    card = one.readout.card
    members = len(card.members)
    share = 1.0 if one.mode == "naive" else getattr(one.costs, one.mode) / one.costs.naive
    fixed, per_mutant, sample = _measured(one, layout, source, usable)
    seconds = scans * fixed + mutants * per_mutant
    return {
        "mode": one.mode,
        "windows": len(usable),
        "sequences": len(usable) * source.max_rows,
        "mutants": mutants,
        "model_calls": members * (mutants + scans),
        "passes": round(members * (mutants * share + scans)),
        "seconds_per_mutant": float(f"{seconds / mutants:.3g}") if mutants else 0.0,
        "hours": float(f"{seconds / 3600:.3g}"),
        "bytes": _sizes(one, positions, sample, formats),
        "memory": block_memory(one, source, blocks),
    }


def _n_scans(one: Plan, layout: Layout, blocks: Sequence[Block]) -> int:
    """References that are computed: one per block that `gxfast.ism.scan` makes of a window."""
    size = max(1, BLOCK_BYTES // (32 * one.readout.values_per_row))
    n = 0
    for block in blocks:
        windows = np.arange(*block.windows)
        low = np.maximum(layout.low[windows], block.axis[0])
        high = np.minimum(layout.high[windows], block.axis[1])
        ok = np.array([layout.status[w] == "ok" for w in windows.tolist()], bool)
        n += int(-(-np.maximum(high - low, 0)[ok] // size).sum())
    return n


class _Sample:
    """Effects of some positions of the first window."""

    def __init__(self, lead: tuple[str, str, str, str], reference: NDArray[np.uint8], first: int, effects: Any) -> None:
        self.lead, self.reference, self.first, self.effects = lead, reference, first, effects


def _measured(
    one: Plan, layout: Layout, source: RowSource, usable: Sequence[int]
) -> tuple[float, float, _Sample | None]:
    """Seconds per scan and per mutant, from samples of the first window that grow until they can be timed."""
    if not usable:
        return 0.0, 0.0, None
    w = usable[0]
    rows = source.rows(layout, w)
    sequence = one_sequence(rows.sequences[0], layout.length)
    begin, end = (int(layout.axis[w] + edge[w]) for edge in (layout.low, layout.high))
    if layout.reverse[w]:
        begin, end = layout.length - end, layout.length - begin

    order, clock = _representative(one, begin, end), clock_of(one.model)

    def timed(n: int) -> tuple[float, int, NDArray[np.int64], NDArray[Any], NDArray[np.uint8]]:
        at, bases = all_mutants(sequence, np.sort(order[:n]))
        started = clock()
        effects = one.runner.effects(sequence, at, bases)
        return clock() - started, len(at), at, effects, bases

    timed(1)  # the first run allocates
    unseen = []
    for _ in range(3):
        one.runner.forget()
        unseen.append(timed(1)[0])
    # Whole batches, or whole passes: padded ones would be taken for mutants.
    n = {"naive": getattr(one.runner, "batch", 1), "packed": -(-(end - begin) // one.frontier.distance)}.get(
        one.mode, 4
    )
    small, large = timed(1), timed(n)
    while large[0] < SAMPLE_SECONDS and n < order.size:
        n *= 4
        large = timed(n)
    per_mutant, fixed = large[0] / large[1], 0.0
    if one.mode == "delta" and large[1] > small[1]:
        # What the reference costs is shared by all mutants of a scan.
        per_mutant = max(0.0, (large[0] - small[0]) / (large[1] - small[1]))
        fixed = max(0.0, large[0] - per_mutant * large[1])
    if one.mode != "naive":
        fixed += max(0.0, float(np.median(unseen)) - small[0])  # the reference, which was kept in between
    _, _, at, effects, bases = large
    positions = np.unique(at)
    cube = np.zeros((positions.size, 4, effects.shape[1]), np.float32)
    cube[np.searchsorted(positions, at), bases] = effects
    lead = layout.name[w], layout.chrom[w], layout.strand[w], rows.labels[0]
    sample = _Sample(lead, sequence[positions], int(layout.start[w]) + begin, cube)
    return fixed, per_mutant, sample


def _representative(one: Plan, begin: int, end: int) -> NDArray[np.int64]:
    """Positions of which the first ones stand for all: from the middle, or far apart where these share passes."""
    positions = np.arange(begin, end)
    if one.mode == "packed":
        return positions[np.argsort((positions - begin) % one.frontier.distance, kind="stable")]
    return positions[np.argsort(np.abs(positions - (begin + end) // 2), kind="stable")]


def _sizes(one: Plan, positions: int, sample: _Sample | None, formats: Sequence[str]) -> dict[str, int]:
    """Bytes of the outputs, from how far the sample can be compressed; of the blocks, as they are stored."""
    if sample is None:
        return dict.fromkeys((*formats, "blocks"), 0)
    n, tracks = len(sample.reference), one.tracks
    raw = 16 * len(tracks) * positions
    sizes = {"blocks": raw + 9 * positions}
    if "tsv" in formats:
        where = np.arange(sample.first, sample.first + n)
        text = saturation_lines(sample.lead, where, sample.reference, sample.effects, tracks).encode()
        sizes["tsv"] = round(len(zlib.compress(text, 6)) / n * positions)
    if "zarr" in formats:
        where = sample.first + np.arange(n)
        shares = [_packed_share(values) for values in (sample.effects, sample.reference, where)]
        per_position = 16 * len(tracks) * shares[0] + shares[1] + 8 * shares[2]
        sizes["zarr"] = round(per_position * positions)
    return sizes


def _packed_share(values: NDArray[Any]) -> float:
    """Compressed bytes per byte, with what the arrays are compressed with."""
    content = np.ascontiguousarray(values).tobytes()
    if find_spec("numcodecs") is None:
        return 1.0
    from numcodecs import Zstd

    return len(Zstd(level=3).encode(content)) / len(content)


def block_memory(one: Plan, source: RowSource, blocks: Sequence[Block]) -> int:
    """Bytes that a block takes at most while it is computed and stored, the model itself left aside."""
    largest = max((block.size for block in blocks), default=0) * source.max_rows
    scanned = max((block.axis[1] - block.axis[0] for block in blocks), default=0)
    # Effects as they come, as an array, and as the file that is written; values of one block of mutants, before
    # and after the reduction over bins.
    stored = 4 * largest * (16 * len(one.tracks) + 9)
    computed = 3 * min(scanned * 24 * one.readout.values_per_row, max(BLOCK_BYTES, 24 * one.readout.values_per_row))
    letters = 10 * source.max_rows * one.model.card.read_length
    return stored + computed + letters


def check_memory(inputs: SaturationInputs, scan: dict[str, Any], shard: Shard, max_mem: int | None) -> None:
    """Refuse a scan whose blocks do not fit into what is allowed, or free.

    Raises
    ------
    InputError
    """
    for model, one, source in zip(scan["models"], inputs.plans, inputs.sources, strict=True):
        needed = block_memory(one, source, blocks_of(model, shard))
        remedy = f"`max_mem={-(-needed // 2**20) << 20}`, or fewer tracks (`track=`), bins or people"
        require_bytes(needed, f"{one.model.path}: a block of the scan", remedy, max_mem)


def cost_lines(costs: dict[str, Any]) -> list[str]:
    """Return the costs as text."""
    most = "at most " if costs["at_most"] else ""
    lines = []
    for name, entry in costs["models"].items():
        sizes = ", ".join(f"{what} {size_text(n)}" for what, n in sorted(entry["bytes"].items()))
        lines += [
            f"{name}: mode {entry['mode']}; {entry['windows']} windows, {most}{entry['sequences']} sequences, "
            f"{most}{entry['mutants']} mutants",
            f"{name}: {entry['model_calls']} model calls if every mutant went through the model; the mode costs as "
            f"much as {entry['passes']}",
            f"{name}: {entry['seconds_per_mutant']:g} s per mutant, {entry['hours']:g} hours",
            f"{name}: about {sizes}; memory {size_text(entry['memory'])} beside the model",
        ]
    total = costs["total"]
    lines.append(
        f"total: {total['windows']} windows, {total['mutants']} mutants, {total['hours']:.3g} hours, "
        f"{size_text(total['bytes'])} on disk; nothing was written"
    )
    return lines


def size_text(n: float) -> str:
    """Return a number of bytes as text."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if n < 1024:
            return f"{n:.3g} {unit}" if unit != "bytes" else f"{n:.0f} bytes"
        n = n / 1024
    return f"{n:.3g} TiB"
