"""What a scan of observed variants will cost, before it is started: alleles are counted, some windows are measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...personal.observed import Allele
from ..shard import Shard
from .costing import SAMPLE_SECONDS, clock_of
from .observed import VariantScan, scan_window, snv_effects, window_alleles
from .running import blocks_of
from .variant_runs import VariantInputs, variant_scan

__all__ = ["variant_cost_lines", "variant_costs", "window_costs"]

# Windows whose alleles are counted, evenly spread; with more windows the counts are scaled.
MOST_COUNTED = 256
# A window that takes longer is not scanned whole for the measurement.
MOST_SECONDS = 5.0


class _Work(NamedTuple):
    """Of one window, or of many: mutants, model calls of the plain way, and multiply-adds of the mode."""

    mutants: float
    calls: float
    macs: float


def variant_costs(inputs: VariantInputs, shard: Shard) -> dict[str, Any]:
    """Cost a scan of observed variants without doing it.

    Parameters
    ----------
    inputs : VariantInputs
    shard : Shard

    Returns
    -------
    dict
        ``models`` (per model: see docs/scans.md) and ``total``. Alleles are exact for up to 256 windows, else those of
        256 of them scaled; on haplotypes mutants are upper limits, as if no two haplotypes were the same.
    """
    found = variant_scan(inputs)
    models = {}
    for model, scan in zip(found["models"], inputs.scans, strict=True):
        windows = [w for block in blocks_of(model, shard) for w in range(*block.windows)]
        usable = [w for w in windows if scan.layout.status[w] == "ok"]
        models[model["name"]] = window_costs(scan, usable, model.get("background"))
    summed = ("windows", "alleles", "mutants", "model_calls", "multiply_adds", "seconds", "hours")
    total = {name: sum(entry[name] for entry in models.values()) for name in summed}
    exact = all(entry["windows_counted"] == entry["windows"] for entry in models.values())
    return {"models": models, "total": total, "exact": exact, "at_most": inputs.options.on == "haplotypes"}


def window_costs(
    scan: VariantScan, windows: Sequence[int], background: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what scanning some windows of a model costs, and its background, see docs/scans.md."""
    chosen = np.linspace(0, len(windows) - 1, min(len(windows), MOST_COUNTED)).astype(np.int64).tolist()
    counted = {windows[i]: _count(scan, windows[i]) for i in chosen}
    scale = len(windows) / max(1, len(counted))
    works = {w: _work(scan, *numbers) for w, numbers in counted.items()}
    mutants, calls, macs = (round(scale * sum(work[i] for work in works.values())) for i in range(3))
    rate = _seconds_per_mac(scan, works)
    if background:
        beside = _background_work(scan, background)
        mutants, calls, macs = mutants + round(beside.mutants), calls + round(beside.calls), macs + round(beside.macs)
        rate = rate or (_of_some_alleles(scan, windows[0]) if windows else 0.0)
    seconds = macs * rate
    return {
        **({"background": background["drawn"]} if background else {}),
        "mode": scan.plan.mode,
        "windows": len(windows),
        "windows_counted": len(counted),
        "alleles": round(scale * sum(single + other for single, other in counted.values())),
        "indels": round(scale * sum(other for _, other in counted.values())),
        "mutants": mutants,
        "model_calls": calls,
        "multiply_adds": macs,
        "seconds_per_mutant": float(f"{seconds / mutants:.3g}") if mutants else 0.0,
        "seconds": float(f"{seconds:.3g}"),
        "hours": float(f"{seconds / 3600:.3g}"),
    }


def _count(scan: VariantScan, w: int) -> tuple[int, int]:
    """Count the alleles that will be rows: single bases, and those that are predicted in a window of their own."""
    alleles = window_alleles(scan, w, Counter())
    single = sum(allele.snv >= 0 for allele in alleles)
    return single, 0 if scan.skips_indels else len(alleles) - single


def _work(scan: VariantScan, single: int, others: int) -> _Work:
    """Of one window: its reference once for the single bases, once for every batch of other alleles."""
    costs, mode = scan.plan.costs, scan.plan.mode
    card = scan.plan.readout.card
    members = len(card.members)
    rows = scan.people.max_rows if scan.options.on == "haplotypes" else 1
    put = 2 if scan.options.on == "haplotypes" else 1  # ALT and REF, whichever is carried
    mutants = put * rows * single
    references = put * rows * (single > 0) + (others > 0)
    macs = mutants * float(getattr(costs, mode)) + (references + others) * costs.naive
    return _Work(mutants + others, members * (mutants + others + references), members * macs)


def _background_work(scan: VariantScan, background: Mapping[str, Any]) -> _Work:
    """Of random SNVs: always on the reference, which is run once in each of their windows."""
    costs, members = scan.plan.costs, len(scan.plan.readout.card.members)
    mutants, references = background["drawn"], background["windows"]
    macs = mutants * float(getattr(costs, scan.plan.mode)) + references * costs.naive
    return _Work(mutants, members * (mutants + references), members * macs)


def _seconds_per_mac(scan: VariantScan, works: dict[int, _Work]) -> float:
    """Measure whole windows until they can be timed; of a large model, some alleles of one window."""
    order = sorted((w for w in works if works[w].mutants), key=lambda w: works[w].mutants)
    if not order:
        return 0.0
    middle = order[len(order) // 2]
    _timed(scan, middle, 1)  # the first run allocates
    if _timed(scan, middle, 1) * works[middle].mutants > MOST_SECONDS:
        return _of_some_alleles(scan, middle)
    scan_window(scan, middle, Counter())
    seconds, macs, clock = 0.0, 0.0, clock_of(scan.plan.model)
    spread = np.random.default_rng(0).permutation([w for w in order if w != middle] or order).tolist()
    for done, w in enumerate(spread):
        started = clock()
        scan_window(scan, w, Counter())
        seconds += clock() - started
        macs += works[w].macs
        if seconds >= 2 * SAMPLE_SECONDS and done >= 3:
            break
    return seconds / macs


def _timed(scan: VariantScan, w: int, n: int) -> float:
    """Seconds of ``n`` changes of single bases of the window's middle."""
    layout = scan.layout
    middle = int(layout.start[w]) + layout.length // 2
    position = np.arange(middle - n // 2, middle - n // 2 + n)
    letters = np.frombuffer(b"ACGT", np.uint8)[position % 4]
    clock = clock_of(scan.plan.model)
    if scan.scorer is not None:
        known = scan.genome.fetch_array(layout.chrom[w], int(position[0]), int(position[-1]) + 1)
        alleles = _changes(position, known)
        started = clock()
        scan.scorer.effects(w, alleles)
        return clock() - started
    started = clock()
    snv_effects(scan.plan, scan.genome, layout, w, position, letters)
    return clock() - started


def _changes(position: NDArray[np.int64], reference: NDArray[np.uint8]) -> list[Allele]:
    """Substitutions of some bases that are known."""
    pairs = zip(position.tolist(), reference.tobytes().upper(), strict=True)
    return [
        Allele(at, bytes([ref]), b"C" if ref == ord("A") else b"A", 1, float("nan"), 0)
        for at, ref in pairs
        if ref in b"ACGT"
    ]


def _of_some_alleles(scan: VariantScan, w: int) -> float:
    """Measure a batch of alleles of a window, its reference with them."""
    plan = scan.plan
    n = int(getattr(plan.runner, "batch", 4)) if plan.mode == "naive" else 16
    plan.runner.forget()
    seconds = _timed(scan, w, n)
    members = len(plan.readout.card.members)
    macs = n * float(getattr(plan.costs, plan.mode)) + plan.costs.naive
    return seconds / (macs * members)


def variant_cost_lines(costs: dict[str, Any]) -> list[str]:
    """Return the costs as text."""
    about = "at most " if costs["at_most"] else "" if costs["exact"] else "about "
    lines = []
    for name, entry in costs["models"].items():
        lines += [
            f"{name}: mode {entry['mode']}; {entry['windows']} windows ({entry['windows_counted']} counted), "
            f"{about}{entry['alleles']} alleles ({entry['indels']} no single bases), {about}{entry['mutants']} mutants",
            f"{name}: {about}{entry['model_calls']} model calls if every mutant went through the model; the mode takes "
            f"{entry['multiply_adds']:.3g} multiply-adds",
            *([f"{name}: {entry['background']} of the mutants are the background's"] if "background" in entry else []),
            f"{name}: {entry['seconds_per_mutant']:g} s per mutant, {entry['seconds']:g} s, {entry['hours']:g} hours",
        ]
    total = costs["total"]
    lines.append(
        f"total: {total['windows']} windows, {about}{total['mutants']} mutants, {total['hours']:.3g} hours; "
        "nothing was written"
    )
    return lines
