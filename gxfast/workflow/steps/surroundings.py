"""What a model sees around the main driver of each gene: mutagenesis of 41 bases, with either allele."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import codes, complement_bases
from ...io.files import atomic_write, npz_bytes
from ...stats.motifs import THRESHOLDS, cluster_enrichment, cluster_sequences, motif_sizes
from ..rundir import RunDirectory

if TYPE_CHECKING:
    from ...evaluation.drivers import GeneDrivers
    from ...io.fasta import Genome
    from ...ism import Plan
    from ...models.session import Model
    from ...types import PredictionSet

__all__ = ["REACH", "scan_surroundings"]


REACH: Final = 20  # bases on either side, as Sasse et al. 2023
_KMER: Final = 13
_UNKNOWN: Final = 4


def scan_surroundings(
    run: RunDirectory, model: Model, genome: Genome, predictions: PredictionSet, found: list[GeneDrivers],
    motif_reach: int = 0,
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:  # fmt: skip
    """Write ``ism/MODEL.main_drivers.npz``; return the rows of ``motifs.tsv`` and ``motif_clusters.tsv``.

    ``effects`` (D, 2, 41, 4) float32: every single-base change around the driver, mutant minus the sequence that was
    changed, which holds the reference or the alternative allele (axis 1); A, C, G, T of the forward strand; NaN
    outside the model's window. ``bases`` (D, 2, 41): that sequence as codes 0-3, 4 unknown. ``gene_id``,
    ``variant_id``, ``pos`` (1-based): whose. ``scale`` (D,): largest absolute effect, see `DriverOptions`.
    """
    mains = [one for one in found if one.selection.main is not None]
    if not mains:
        return _motif_rows(predictions.model, [], [], {}), _cluster_rows(predictions.model, [], np.empty(0, np.int64))
    shard = f"{model.card.name}/main-drivers.npz"
    if not run.has_shard(shard):
        from ...ism import plan

        the_plan = plan(model)
        scanned = [_scan(the_plan, genome, predictions, one, motif_reach) for one in mains]
        effects, bases, scale = (np.stack(arrays) for arrays in zip(*scanned, strict=True))
        run.write_shard(shard, {"effects": effects, "bases": bases, "scale": scale})
    stored = run.read_shard(shard)
    several = len(predictions.tracks) > 1
    names = [
        predictions.genes.gene_id[one.gene] + (f":{predictions.tracks[one.track]}" if several else "") for one in mains
    ]
    arrays: dict[str, Any] = {
        **stored, "gene_id": np.array(names, np.str_),
        "variant_id": np.array([one.dosages.variant_id[one.selection.main] for one in mains], np.str_),
        "pos": np.array([one.dosages.position[one.selection.main] + 1 for one in mains], np.int64),
    }  # fmt: skip
    atomic_write(run.subdirectory("ism") / f"{predictions.model}.main_drivers.npz", npz_bytes(arrays))
    motifs = _motif_rows(predictions.model, mains, names, arrays)
    return motifs, _cluster_rows(predictions.model, mains, np.array(motifs["cluster"], np.int64))


def _scan(
    the_plan: Plan, genome: Genome, predictions: PredictionSet, one: GeneDrivers, motif_reach: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8], np.float64]:
    from ...ism import scan

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
    scale = float(np.nanmax(np.abs(effects[0])))
    if motif_reach:
        tss = int(genes.tss[one.gene])
        first, last = max(0, tss - motif_reach - start), min(length, tss + motif_reach + 1 - start)
        read = np.ascontiguousarray(complement_bases(forward)[::-1]) if reverse else forward
        span = (length - last, length - first) if reverse else (first, last)
        scale = max(
            float(np.abs(e[:, :, one.track]).max()) for _, e in scan(the_plan, read, start=span[0], end=span[1])
        )
    return effects, bases, np.float64(scale)


def _motif_rows(model: str, mains: list[GeneDrivers], names: list[str], arrays: dict[str, Any]) -> dict[str, list[Any]]:
    """One row per main driver: the 13 bases around it, their cluster, and the size of the motif it lies in."""
    from ...reporting.plots.logo import reference_heights

    columns: dict[str, list[Any]] = {
        name: [] for name in ("model", "gene_id", "variant_id", "kmer", "cluster", "support", "scale")
    }
    columns |= {f"{what}_{round(100 * t)}": [] for t in THRESHOLDS for what in ("size", "distance")}
    around = slice(REACH - _KMER // 2, REACH + _KMER // 2 + 1)
    kmers = ["".join("ACGTN"[code] for code in arrays["bases"][k, 0, around]) for k in range(len(mains))]
    clusters = cluster_sequences(kmers)
    for k, one in enumerate(mains):
        z = reference_heights(arrays["effects"][k, 0].astype(np.float64), arrays["bases"][k, 0]).sum(axis=1)
        scale = float(arrays["scale"][k])
        sizes, distances = motif_sizes(z, REACH, scale) if scale > 0 else ([None] * len(THRESHOLDS),) * 2
        v = one.selection.main
        row = [model, names[k], one.dosages.variant_id[v], kmers[k], int(clusters[k]), str(one.support[v]), scale]
        for size, distance in zip(sizes, distances, strict=True):
            row += [size, distance if distance is None or distance >= 0 else None]
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    return columns


def _cluster_rows(model: str, mains: list[GeneDrivers], clusters: NDArray[np.int64]) -> dict[str, list[Any]]:
    """Clusters of two or more: are their main drivers supported by eQTLs more often than the others?"""
    found = cluster_enrichment(clusters, [one.support[one.selection.main] == "supported" for one in mains])
    return {
        "model": [model] * len(found), "cluster": [row.cluster for row in found], "n": [row.n for row in found],
        "n_supported": [row.n_with for row in found], "odds_ratio": [row.odds_ratio for row in found],
        "p": [row.p for row in found], "q": [row.q for row in found],
    }  # fmt: skip
