"""What a job will cost, before it is started: some genes are counted and measured, and the others are taken for like.

Costs for another number of people are extrapolated: what is read and fitted per person grows with the people; distinct
haplotypes and SNVs grow with a power of them, that of the last doubling among the people at hand.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._memory import worker_room
from .._threads import one_blas_thread
from ..io.tables import rows_text
from ..ism.tiled import tiled
from ..ism.tiled_model import TiledModel
from ..models.gene_bins import predict_whole
from ..models.people import combine, gene_statuses, model_windows
from ..personal.dosage_sources import open_dosages
from ..personal.dosages import snvs_in
from ..personal.presence import people_on
from ..personal.windows import WindowHaplotypes, plan_window
from ..stats import split_people
from .blocks import GeneBlock, gene_blocks
from .cohort import LinearCohort, too_few_people
from .inputs import Inputs
from .options import MappingOptions, RunOptions, TrainingOptions
from .scans.costing import clock_of, size_text
from .scans.observed import VariantOptions, VariantScan
from .scans.sources import ReferenceSource
from .scans.targets import gene_layout
from .scans.variant_costing import window_costs
from .steps.baseline import train_one
from .steps.eqtl import map_block
from .steps.nominal import pairs_format

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["Cost", "StepCost", "baseline_cost", "eqtl_cost", "forecast_lines", "run_costs", "summed"]

T = TypeVar("T")

_PILOT: Final = 16  # genes whose haplotypes are counted
_SECONDS: Final = 2.0  # that a measurement lasts, where there is so much to measure
_LETTERS: Final = 256 << 20  # bytes of sequences on their way to a model, at most
_CACHE: Final = 256 << 20  # of genotypes that are kept, where no --max-mem is given
_OWN: Final = 200 << 20  # of the process itself


@dataclass(frozen=True, slots=True)
class StepCost:
    """What a step costs.

    Attributes
    ----------
    step : str
    people, genes : int
    model_calls : int
        Sequences that a model reads; mutants that share a pass count one by one.
    hours : float
        Of one thread of this machine; CPU time, where nothing runs on another device.
    bytes : int
        On disk.
    memory : int
        Bytes.
    """

    step: str
    people: int
    genes: int
    model_calls: int
    hours: float
    bytes: int
    memory: int


Cost = Callable[[int | None], StepCost]  # for so many people; None: for those at hand


def run_costs(
    inputs: Inputs, options: RunOptions, steps: Sequence[str], cohort: LinearCohort | None, *, tiles: bool = True,
    seconds: float = _SECONDS,
) -> list[Cost]:  # fmt: skip
    """Cost the steps of a run that read sequences or genotypes; those that only put tables together are left out.

    Parameters
    ----------
    inputs : Inputs
    options : RunOptions
    steps : sequence of str
    cohort : LinearCohort or None
        Of the linear models.
    tiles : bool
        Whether windows are predicted in tiles, where that saves.
    seconds : float
        That a measurement lasts, where there is so much to measure.
    """
    found = []
    for model in inputs.models:
        found.append(_predict_cost(inputs, model, tiles, seconds))
        if {"ism", "drivers"} & {*steps} and model.card.gene_mask is None:
            found.append(_effects_cost(inputs, model))
    if cohort is not None and not too_few_people(cohort, options.baseline.folds):
        if "baseline" in steps:
            found.append(baseline_cost(cohort, options.baseline, inputs.max_mem, seconds=seconds))
        if "eqtl" in steps:
            found.append(eqtl_cost(cohort, options.eqtl, inputs.max_mem, seconds=seconds))
    return found


def _pilot(usable: Sequence[T], n: int = _PILOT) -> list[T]:
    """Some of them, evenly spread."""
    return [usable[i] for i in np.unique(np.linspace(0, len(usable) - 1, min(n, len(usable))).astype(int)).tolist()]


def _usable(inputs: Inputs) -> list[int]:
    status = gene_statuses(inputs.genes, inputs.genome, inputs.genotypes)
    return [g for g, why in enumerate(status) if why == "ok"]


def _growth(of_half: float, of_all: float, people: int | None, n: int) -> float:
    """How many times more there are among so many people, by what the last doubling has brought."""
    if people is None or not of_half:
        return 1.0
    power = min(1.0, max(0.0, math.log2(of_all / of_half)))
    return float((people / n) ** power)


def _half(n: int) -> NDArray[np.int64]:
    """Half of the people, at random."""
    return np.sort(np.random.default_rng(0).permutation(n)[: max(1, n // 2)])


def _predict_cost(inputs: Inputs, model: Model, tiles: bool, least: float) -> Cost:
    n, usable = len(inputs.genotypes.samples), _usable(inputs)
    name, n_tracks, card = f"predict {model.card.name}", len(model.tracks), model.card
    if not usable:
        return lambda people: StepCost(name, people or n, 0, 0, 0.0, 0, _OWN)
    started = time.process_time()
    plans = [_haplotypes(inputs, model, g) for g in _pilot(usable)]
    reading = (time.process_time() - started) / len(plans)
    few, scale = _half(n), len(usable) / len(plans)
    distinct, of_half = sum(map(len, plans)), sum(np.unique(plan.carriers[few]).size for plan in plans)
    members = len(card.members)
    a_sequence = _seconds_a_sequence(model, plans, tiles, least)
    of_values = scale * sum(_text_bytes(plan, n_tracks) for plan in plans)

    def cost(people: int | None) -> StepCost:
        per_person = 1.0 if people is None else people / n
        calls = scale * distinct * _growth(of_half, distinct, people, n)
        seconds = len(usable) * reading * per_person + calls * a_sequence
        stored = len(usable) * 8 * n * per_person + calls * (8 * n_tracks + 4) + of_values * per_person
        held = len(usable) * n * per_person * (8 * n_tracks + 1)
        letters = min(_LETTERS, calls / len(usable) * 32 * card.read_length)
        return StepCost(
            name, people or n, len(usable), round(calls * members), seconds / 3600, round(stored),
            round(_OWN + _cache(inputs.max_mem) + held + letters),
        )  # fmt: skip

    return cost


def _cache(max_mem: int | None) -> int:
    return _CACHE if max_mem is None else max_mem // 4


def _haplotypes(inputs: Inputs, model: Model, g: int) -> WindowHaplotypes:
    windows = model_windows(model.card, inputs.genes.take([g]))
    present, _ = people_on(inputs.genotypes, windows.chrom[0])
    return plan_window(
        inputs.genome, present, windows.chrom[0], int(windows.start[0]), windows.length, int(windows.anchor[0]),
        bool(windows.reverse[0]), inputs.policy, None if inputs.max_mem is None else inputs.max_mem // 4,
    )  # fmt: skip


def _seconds_a_sequence(model: Model, plans: Sequence[WindowHaplotypes], tiles: bool, least: float) -> float:
    """Run haplotypes of the pilot, twice as many each time, until they can be timed."""
    plan = max(plans, key=len)
    letters = np.empty((len(plan), model.card.read_length), np.uint8)
    plan.write_letters(letters, 0, 1)
    in_tiles = tiled(model) if tiles else None
    if in_tiles is not None:
        return _in_tiles(in_tiles, letters)
    size = 2
    predict_whole(model, letters[:1])  # the first run allocates
    clock = clock_of(model)
    while True:
        rows = letters[np.arange(size) % len(letters)]
        started = clock()
        predict_whole(model, rows)
        seconds = clock() - started
        if seconds >= least / 4 or size >= 1 << 14:
            return seconds / size
        size *= 2


def _in_tiles(model: TiledModel, letters: NDArray[np.uint8]) -> float:
    """Seconds of one of the haplotypes of a gene: its share of the distinct tiles, and what is behind the cut."""
    some = letters[:4]
    model.predict(some)
    clock = clock_of(model.model)
    started = clock()
    model.predict(some)  # its tiles are kept
    behind = (clock() - started) / len(some)
    missing = list(dict.fromkeys(key for keys in model.keys(letters) for key in keys))
    n = min(len(missing), 64)
    model.forget()
    started = clock()
    model.compute([missing[:n]])
    return behind + (clock() - started) / n * len(missing) / len(letters)


def _text_bytes(plan: WindowHaplotypes, n_tracks: int) -> int:
    """Compressed bytes of a gene's predictions, as many values as there are distinct haplotypes."""
    values = np.random.default_rng(0).normal(size=(len(plan), 1))
    of_people = combine(values, plan.carriers[np.newaxis], "mean")[0, :, 0]
    return len(zlib.compress(rows_text([of_people], of_people.size), 6)) * n_tracks


def _effects_cost(inputs: Inputs, model: Model) -> Cost:
    from ..ism import plan

    n, usable, name = len(inputs.genotypes.samples), _usable(inputs), f"effects {model.card.name}"
    layout = gene_layout(model.card, inputs.genes, inputs.genome, window=None, clip=False)
    scan = VariantScan(
        plan(model, check=0), layout, inputs.genome, inputs.genotypes, ReferenceSource(inputs.genome), inputs.policy,
        VariantOptions(indels="skip"),
    )  # fmt: skip
    costs = window_costs(scan, usable)
    few, of_half, of_all = _half(n), 0, 0
    for g in _pilot(usable):
        start = int(layout.start[g])
        snvs = snvs_in(inputs.genotypes, layout.chrom[g], start, start + layout.length)
        of_all, of_half = of_all + len(snvs.position), of_half + int((snvs.among(few).n_carriers > 0).sum())
    a_row = 100 + 12 * len(model.tracks)

    def cost(people: int | None) -> StepCost:
        more = _growth(of_half, of_all, people, n)
        return StepCost(
            name, people or n, len(usable), round(costs["model_calls"] * more), costs["seconds"] * more / 3600,
            round(costs["mutants"] * more * a_row), _OWN + _cache(inputs.max_mem),
        )  # fmt: skip

    return cost


def _until_timed(work: Callable[[T], None], some: Sequence[T], seconds: float) -> tuple[float, list[T]]:
    """Seconds for as many of some as it takes to time them; the first is done before, too, and loads what it needs."""
    with one_blas_thread():
        work(some[0])
        started, done = time.process_time(), list[T]()
        for one in some:
            work(one)
            done.append(one)
            if time.process_time() - started >= seconds:
                break
        return time.process_time() - started, done


def eqtl_cost(
    cohort: LinearCohort, options: MappingOptions, max_mem: int | None = None, *, seconds: float = _SECONDS
) -> Cost:  # fmt: skip
    """Cost the mapping of eQTLs: some blocks of genes are mapped, and forgotten.

    Parameters
    ----------
    cohort : LinearCohort
    options : MappingOptions
    max_mem : int, optional
    seconds : float
        That the measurement lasts, where there is so much to measure.
    """
    source, form = open_dosages(cohort.genotypes, options.dosage), pairs_format(options.format, cohort)
    n, n_genes, room = len(cohort.people), len(cohort.genes), worker_room(max_mem, 1)
    sizes_of: dict[int, tuple[int, int]] = {}

    def work(block: GeneBlock) -> None:
        found = map_block(cohort, source, block, options, room)
        arrays, sizes = form.pack([found.pairs.get(g) for g in block.genes])
        sizes_of[block.number] = sum(n_pairs for n_pairs, _ in sizes), sum(one.nbytes for one in arrays.values())

    taken, done = _until_timed(work, _pilot(gene_blocks(cohort.genes, window=options.window)), seconds)
    measured = sum(len(block.genes) for block in done)
    scale = n_genes / measured
    pairs, stored = (scale * sum(size[i] for size in sizes_of.values()) for i in (0, 1))

    def cost(people: int | None) -> StepCost:
        per_person = 1.0 if people is None else people / n
        widest = pairs / n_genes * n * per_person * 8
        return StepCost(
            "eqtl", people or n, n_genes, 0, taken * scale * per_person / 3600, round(stored), _held(max_mem, widest)
        )

    return cost


def _held(max_mem: int | None, widest: float) -> int:
    """Memory of linear models: what is allowed, or what the widest window takes."""
    return round(_OWN + (_CACHE + widest if max_mem is None else max_mem))


def baseline_cost(
    cohort: LinearCohort, options: TrainingOptions, max_mem: int | None = None, *, seconds: float = _SECONDS
) -> Cost:  # fmt: skip
    """Cost the training of baselines: some genes are trained, and forgotten; parameters as of `eqtl_cost`."""
    n, n_genes, room = len(cohort.people), len(cohort.genes), worker_room(max_mem, 1)
    folds, source = (
        split_people(cohort.people, options.folds, options.seed),
        open_dosages(cohort.genotypes, options.dosage),
    )
    variants: list[int] = []

    def work(g: int) -> None:
        variants.append(train_one(cohort, source, folds, options, g, room)[0].n_variants)

    taken, done = _until_timed(work, _pilot(range(n_genes)), seconds)

    def cost(people: int | None) -> StepCost:
        per_person, most = 1.0 if people is None else people / n, max(variants)
        widest = most * n * per_person * 36 + 32 * min(most, n * per_person) ** 2
        return StepCost(
            "baseline", people or n, n_genes, 0, taken / len(done) * n_genes * per_person / 3600,
            round(len(options.models) * n_genes * n * per_person * 9), _held(max_mem, widest),
        )  # fmt: skip

    return cost


def summed(costs: Sequence[StepCost]) -> dict[str, Any]:
    """Return the costs as JSON: each step, and all together (of memory, the most)."""
    total = {name: sum(getattr(one, name) for one in costs) for name in ("model_calls", "hours", "bytes")}
    return {
        "steps": [asdict(one) for one in costs],
        "total": total | {"memory": max((one.memory for one in costs), default=0)},
    }


def forecast_lines(costs: Sequence[StepCost]) -> list[str]:
    """Return the costs as text."""
    lines = [
        f"{one.step}: {one.people} people, {one.genes} genes"
        + (f", {one.model_calls} model calls" if one.model_calls else "")
        + f"; {_hours(one.hours)} on one thread, {size_text(one.bytes)} on disk, {size_text(one.memory)} of memory"
        for one in costs
    ]
    total = summed(costs)["total"]
    return [*lines, f"total: {_hours(total['hours'])} on one thread, {size_text(total['bytes'])} on disk, "
                    f"{size_text(total['memory'])} of memory at most"]  # fmt: skip


def _hours(hours: float) -> str:
    return f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min"
