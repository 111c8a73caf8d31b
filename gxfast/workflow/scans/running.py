"""``gxfast ism saturate`` and ``merge``: blocks into a run directory, then the outputs from the blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...errors import ModelError
from ...types import Progress
from ..rundir import RunDirectory
from ..shard import Shard
from .backgrounds import BackgroundScan, background_blocks, compute_background, read_background, stored_as
from .cubes import require_zarr, write_cube
from .opening import SaturationInputs
from .tables import rows_of_scan, write_saturation, write_windows
from .variant_tables import failed_windows, stored_rows, write_variants
from .work import NOT_FINITE, Block, Compute, StoredBlocks, counts_of, cut, do_blocks, finished_parts

__all__ = [
    "FORMATS",
    "MutantProgress",
    "ScanResult",
    "blocks_of",
    "merge",
    "run_scan",
    "saturation_scan",
    "write_outputs",
]

FORMATS = ("zarr", "tsv")


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found.

    Attributes
    ----------
    summary : dict
        As in ``manifest.json``.
    failed : tuple of str
        Windows that could not be scanned, with the reason.
    """

    summary: dict[str, Any]
    failed: tuple[str, ...]


def saturation_scan(inputs: SaturationInputs, formats: Sequence[str]) -> dict[str, Any]:
    """Return what the outputs are made by, JSON-serialisable: all that `merge` knows of a scan."""
    models = [
        {
            "name": one.model.card.name,
            "tracks": list(one.tracks),
            "positions": layout.n_positions,
            "windows": len(layout),
            "values": len(one.tracks) * 4,
            "max_rows": source.max_rows,
        }
        for one, layout, source in zip(inputs.plans, inputs.layouts, inputs.sources, strict=True)
    ]
    return {
        "kind": "saturate", "models": models, "formats": sorted(formats),
        "samples": list(inputs.sources[0].samples), **inputs.facts,
    }  # fmt: skip


def blocks_of(model: Mapping[str, Any], shard: Shard) -> list[Block]:
    """Cut one model's share of the work, from what the plan of the run says."""
    return cut(shard.windows(model["windows"]), model["positions"], model["values"], model["max_rows"])


def run_scan(
    run: RunDirectory, computing: Sequence[Compute], shard: Shard, progress: Progress | None,
    backgrounds: Sequence[BackgroundScan] = (),
) -> ScanResult | None:  # fmt: skip
    """Do what is left of a scan and write its outputs; ``computing``: what computes a block, per model.

    Backgrounds are done first. A scan whose parts have directories of their own has the whole background in each: their
    tables are complete.

    ``shard`` is of a scan whose parts have directories of their own; where ``run`` itself is done in parts, that of the
    run is done, and nothing is returned.

    Raises
    ------
    GxfastError
        From the block that failed; finished blocks stay for ``--resume``.
    """
    scan = run.plan["scan"]
    if "zarr" in scan.get("formats", ()):
        require_zarr()
    for model, one in zip(scan["models"] if backgrounds else (), backgrounds, strict=True):
        _do_background(run, model, one, progress)
    for model, compute in zip(scan["models"], computing, strict=True):
        blocks = blocks_of(model, shard)
        teller = MutantProgress(f"ism {model['name']}", blocks, progress)
        do_blocks(run, model["name"], blocks, compute, teller.done)
    return write_outputs(run, [run.path], [shard]) if run.part.whole else None


def _do_background(
    run: RunDirectory, model: Mapping[str, Any], scan: BackgroundScan, progress: Progress | None
) -> None:
    """Do what is left of the background of a model, and keep it in the cache once it is whole."""
    blocks = background_blocks(model)
    teller = MutantProgress(f"background {model['name']}", blocks, progress if scan.kept is None else None)
    do_blocks(run, stored_as(model["name"]), blocks, partial(compute_background, scan), teller.done)
    if scan.cache is not None and scan.kept is None and run.part.whole:
        scan.cache.write(read_background(run.path, model)[1])


class MutantProgress:
    """Turns finished blocks into mutants done, and an estimate of all of them."""

    def __init__(self, task: str, blocks: Sequence[Block], progress: Progress | None) -> None:
        self._task, self._progress = task, progress
        self._sizes = {block: block.size for block in blocks}
        self._all, self._finished, self._mutants = sum(self._sizes.values()), 0, 0

    def done(self, block: Block, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Count a finished block."""
        counts = dict(zip(arrays["count_names"].tolist(), arrays["count_values"].tolist(), strict=True))
        self._mutants += int(counts["mutants"])
        self._finished += self._sizes[block]
        if self._progress:
            self._progress(self._task, self._mutants, round(self._mutants * self._all / max(1, self._finished)))


def write_outputs(run: RunDirectory, folders: Sequence[Path], shards: Sequence[Shard]) -> ScanResult:
    """Make tables, arrays and manifest of finished blocks, wherever they lie."""
    scan = run.plan["scan"]
    folder = run.subdirectory("ism")
    counts, failed, models = {}, {}, {}
    for model in scan["models"]:
        stored = StoredBlocks(folders, model["name"], [blocks_of(model, shard) for shard in shards])
        write = _write_saturation if scan["kind"] == "saturate" else _write_variants
        models[model["name"]], failed[model["name"]] = write(folder, scan, model, stored)
        counts[model["name"]] = counts_of(stored)
        if len(shards) == shards[0].total:
            _refuse_all(model["name"], models[model["name"]], failed[model["name"]])
    summary = {"n_windows": scan["models"][0]["windows"], "models": models}
    run.finish({"summary": summary, "counts": counts, "failed": failed})
    return ScanResult(summary, tuple(failed[scan["models"][0]["name"]]))


def _refuse_all(name: str, entry: Mapping[str, Any], failed: Sequence[str]) -> None:
    """Refuse a scan of which nothing is left, because no effect is a number."""
    bad = [line for line in failed if NOT_FINITE in line]
    if bad and not entry.get("n_rows", entry["n_windows"]):
        raise ModelError(
            f"no window could be scanned: {bad[0]}",
            record=name,
            remedy="check the model's weights and the transform in its card (a log of a negative value?)",
        )


def _write_saturation(
    folder: Path, scan: Mapping[str, Any], model: Mapping[str, Any], stored: StoredBlocks
) -> tuple[dict[str, Any], list[str]]:
    name, rows = model["name"], rows_of_scan(stored)
    failed = write_windows(folder / f"{name}.windows.tsv", stored, scan["samples"])
    if "tsv" in scan["formats"]:
        write_saturation(folder / f"{name}.saturation.tsv.gz", stored, rows, model["tracks"])
    if "zarr" in scan["formats"]:
        attributes = {"format": "gxfast.ism.saturate", "version": 1, "model": name}
        write_cube(
            folder / f"{name}.zarr", stored, rows, n_positions=model["positions"], tracks=model["tracks"],
            samples=scan["samples"], attributes=attributes,
        )  # fmt: skip
    n_mutants = counts_of(stored).get("mutants", 0)
    entry = {"n_windows": len({row.window for row in rows}), "n_sequences": len(rows), "n_mutants": n_mutants}
    return entry, failed


def _write_variants(
    folder: Path, scan: Mapping[str, Any], model: Mapping[str, Any], stored: StoredBlocks
) -> tuple[dict[str, Any], list[str]]:
    haplotypes = scan["on"] == "haplotypes"
    path = folder / f"{model['name']}.variants.tsv.gz"
    background = read_background(stored.folders[0], model)[0] if "background" in model else None
    rows = stored_rows(stored, haplotypes, background)
    ranked = background is not None
    n_rows = write_variants(path, model["tracks"], rows, haplotypes=haplotypes, ranked=ranked)
    parts = [stored.read(block, "name", "status") for block in stored.blocks]
    failed = [line for part in parts for line in failed_windows(part)]
    n_windows = sum(part["status"].tolist().count("ok") for part in parts)
    entry = {"n_windows": n_windows, "n_rows": n_rows}
    if background is not None:
        entry["n_background"] = len(background)
    return entry, failed


def merge(output: str | Path, folders: Sequence[str | Path], *, resume: bool = False) -> ScanResult:
    """Put the parts of a scan together: the files are those of the scan that was not parted.

    Parameters
    ----------
    output : str or Path
    folders : sequence of str or Path
        Finished parts, in any order.
    resume : bool

    Raises
    ------
    InputError
        If a part is missing, given twice, not finished, damaged, or of another scan.
    """
    plan, ordered = finished_parts([Path(folder) for folder in folders])
    if "zarr" in plan["scan"].get("formats", ()):
        require_zarr()
    shards = [Shard(i + 1, len(ordered)) for i in range(len(ordered))]
    with RunDirectory(output, plan, resume=resume) as run:
        return write_outputs(run, ordered, shards)
