"""What a model sees around the main driver of each gene: mutagenesis of 41 bases, with either allele."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .encode import codes, complement_bases
from .rundir import RunDirectory, atomic_write

if TYPE_CHECKING:
    from .driver_snvs import GeneDrivers
    from .io.fasta import Genome
    from .ism import Plan
    from .models.session import Model
    from .types import PredictionSet

__all__ = ["REACH", "scan_surroundings"]

REACH: Final = 20  # bases on either side, as Sasse et al. 2023
_UNKNOWN: Final = 4


def scan_surroundings(
    run: RunDirectory, model: Model, genome: Genome, predictions: PredictionSet, found: list[GeneDrivers]
) -> None:
    """Write ``ism/MODEL.main_drivers.npz``.

    ``effects`` (D, 2, 41, 4) float32: every single-base change around the driver, mutant minus the sequence that was
    changed, which holds the reference or the alternative allele (axis 1); A, C, G, T of the forward strand; NaN
    outside the model's window. ``bases`` (D, 2, 41): that sequence as codes 0-3, 4 unknown. ``gene_id``,
    ``variant_id``, ``pos`` (1-based): whose.
    """
    mains = [one for one in found if one.selection.main is not None]
    if not mains:
        return
    shard = f"{model.card.name}/main-drivers.npz"
    if not run.has_shard(shard):
        from .ism import plan

        the_plan = plan(model)
        scanned = [_scan(the_plan, genome, predictions, one) for one in mains]
        effects, bases = (np.stack(arrays) for arrays in zip(*scanned, strict=True))
        run.write_shard(shard, {"effects": effects, "bases": bases})
    stored = run.read_shard(shard)
    several = len(predictions.tracks) > 1
    names = [
        predictions.genes.gene_id[one.gene] + (f":{predictions.tracks[one.track]}" if several else "") for one in mains
    ]
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        **stored, "gene_id": np.array(names, np.str_),
        "variant_id": np.array([one.dosages.variant_id[one.selection.main] for one in mains], np.str_),
        "pos": np.array([one.dosages.position[one.selection.main] + 1 for one in mains], np.int64),
    }  # fmt: skip
    np.savez(buffer, **arrays)
    atomic_write(run.subdirectory("ism") / f"{predictions.model}.main_drivers.npz", buffer.getvalue())


def _scan(
    the_plan: Plan, genome: Genome, predictions: PredictionSet, one: GeneDrivers
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    from .ism import scan

    genes, snvs, v = predictions.genes, one.dosages, one.selection.main
    start, end, reverse = the_plan.model.card.window(int(genes.tss[one.gene]), genes.strand[one.gene])
    forward = genome.fetch_array(genes.chrom[one.gene], start, end)
    centre, length = int(snvs.position[v]) - start, end - start
    effects = np.full((2, 2 * REACH + 1, 4), np.nan, np.float32)
    bases = np.full((2, 2 * REACH + 1), _UNKNOWN, np.uint8)
    low, high = max(0, centre - REACH), min(length, centre + REACH + 1)
    inside = slice(low - centre + REACH, high - centre + REACH)
    for allele in (0, 1):
        letters = forward.copy()
        if allele:
            letters[centre] = ord(snvs.alt[v])
        bases[allele, inside] = codes(letters[low:high])
        read = np.ascontiguousarray(complement_bases(letters)[::-1]) if reverse else letters
        first, last = (length - high, length - low) if reverse else (low, high)
        for positions, part in scan(the_plan, read, start=first, end=last):
            # back to the forward strand: places turned round, and A, C, G, T to T, G, C, A
            at = length - 1 - positions if reverse else positions
            mine = part[:, :, one.track]
            effects[allele, at - centre + REACH] = mine[:, ::-1] if reverse else mine
    return effects, bases
