"""Effects of the observed SNVs, their eQTLs, which of them drive predictions, and support.

Effects are computed once per gene and model (mutagenesis on the reference) and kept as blocks of the run; the rest is
arithmetic on dosages.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...evaluation.direction import DirectionRow, direction_rows
from ...evaluation.drivers import DriverRow, GeneDrivers, SupportRow, driver_rows, gene_drivers, support_rows
from ...io.tables import write_rows
from ...personal.dosages import Dosages, snvs_in
from ...types import PredictionSet
from ..rows import ClusterRow, MotifRow
from ..scans.observed import snv_effects
from ..scans.targets import Layout, gene_layout
from ..scans.variant_tables import VariantRows, write_variants
from ..step import Job, Step
from .surroundings import cluster_rows, motif_rows, scan_surroundings

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["DRIVERS", "find_drivers"]

Float64Array = NDArray[np.float64]
_BLOCK: Final = 32  # genes


def drive(job: Job) -> None:
    """Write ``ism/`` of every model, and the tables of drivers, support, direction and motifs."""
    results, folder = job.results, job.directory.path
    summary: dict[str, Any] = {}
    for i, (model, item) in enumerate(zip(job.inputs.models, results.predictions, strict=True)):
        found = find_drivers(job, model, item)
        n_before = len(results.drivers)
        results.drivers += driver_rows(item, found)
        results.support += support_rows(item, found, results.evaluations[i] if results.evaluations else None)
        results.direction += direction_rows(item, found, job.inputs.finemapped)
        path = job.directory.subdirectory("ism") / f"{item.model}.variants.tsv.gz"
        write_variants(path, item.tracks, _variant_rows(item, found))
        around = scan_surroundings(job, model, item, found)
        motifs = motif_rows(item, around)
        results.motifs += motifs
        results.motif_clusters += cluster_rows(item.model, motifs)
        summary[item.model] = _summary(found, results.drivers[n_before:])
        if job.inputs.finemapped is not None:
            summary[item.model]["n_finemapped"] = _n_finemapped(item, found, job.inputs.finemapped)
    results.summary["drivers"] = summary
    write_rows(folder / "drivers.tsv", DriverRow, results.drivers)
    write_rows(folder / "support.tsv", SupportRow, results.support)
    write_rows(folder / "motifs.tsv", MotifRow, results.motifs)
    write_rows(folder / "motif_clusters.tsv", ClusterRow, results.motif_clusters)
    if results.direction:
        write_rows(folder / "direction.tsv", DirectionRow, results.direction)


def _n_finemapped(
    predictions: PredictionSet, found: Sequence[GeneDrivers], pips: Mapping[tuple[str, str], float]
) -> int:
    """How many of the fine-mapped variants are SNVs that were looked at; told where they are few."""
    genes = predictions.genes.gene_id
    seen = {(genes[one.gene], variant) for one in found for variant in one.dosages.variant_id}
    n = len(pips.keys() & seen)
    if n < len(pips):
        message = "%s: %d of %d fine-mapped variants are SNVs of the people in the windows of their genes"
        logging.getLogger("gxfast").warning(message, predictions.model, n, len(pips))
    return n


def _summary(found: Sequence[GeneDrivers], drivers: Sequence[DriverRow]) -> dict[str, int]:
    kinds = [row.support for row in drivers]
    return {
        "n_snvs": sum(len(one.effect) for one in found),
        "n_genes": len(found),
        "n_drivers": len(kinds),
        "n_records_left_out": sum(one.dosages.n_skipped for one in found if one.track == 0),
        "n_supported": kinds.count("supported"),
        "n_unsupported": kinds.count("unsupported"),
    }


def find_drivers(job: Job, model: Model, predictions: PredictionSet) -> list[GeneDrivers]:
    """Scan the observed SNVs of every gene and select drivers.

    Genes that could not be predicted, or where nothing differs between people, have no entry; nor have those with
    effects that are not finite, which are listed.

    Raises
    ------
    ModelError
        If all have such effects.
    """
    run, name, found, options = job.directory, model.card.name, list[GeneDrivers](), job.options.drivers
    undone: list[str] = []
    layout = gene_layout(model.card, predictions.genes, job.inputs.genome, window=None, clip=False)
    for first in range(0, len(layout), _BLOCK):
        file, genes = f"{name}/effects-{first // _BLOCK:05d}.npz", range(first, min(first + _BLOCK, len(layout)))
        snvs = {g: _snvs(job, layout, g) for g in genes if predictions.status[g] == "ok"}
        if not run.has_block(file):
            run.write_block(file, _effects(job, model, layout, genes, snvs))
        stored = run.read_block(file)
        for g, dosages in snvs.items():
            effects = stored["effect"][slice(*stored["offset"][g - first : g - first + 2])]
            if len(dosages.position) > len(effects):
                undone.append(f"{layout.name[g]}: the effects of its SNVs are not finite ({name})")
            if len(effects):
                found += gene_drivers(
                    predictions, job.results.observed, g, dosages, effects,
                    haplotypes=model.card.haplotypes, rule=options.rule, gain=options.gain, alpha=options.alpha,
                )  # fmt: skip
        job.tell(f"drivers {name}", genes.stop, len(layout))
    if undone and not found:
        raise ModelError(f"no gene has drivers: {undone[0]}", path=model.path, remedy="check the model's weights")
    job.results.undone += undone
    return found


def _snvs(job: Job, layout: Layout, g: int) -> Dosages:
    start = int(layout.start[g])
    passed = job.inputs.policy.filter == "pass"
    return snvs_in(job.inputs.genotypes, layout.chrom[g], start, start + layout.length, passed=passed)


def _effects(job: Job, model: Model, layout: Layout, genes: range, snvs: dict[int, Dosages]) -> dict[str, NDArray[Any]]:
    """Effects of the SNVs of some genes, one gene after the other."""
    plan, parts = job.plan(model), []
    none = np.empty((0, len(plan.tracks)))
    for g in genes:
        effects = none
        if g in snvs:
            bases = np.frombuffer("".join(snvs[g].alt).encode(), np.uint8)
            effects = snv_effects(plan, job.inputs.genome, layout, g, snvs[g].position, bases)
            effects = effects if np.isfinite(effects).all() else none
        parts.append(effects)
    offset = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return {"offset": offset, "effect": np.concatenate(parts)}


def _variant_rows(predictions: PredictionSet, found: Sequence[GeneDrivers]) -> Iterator[VariantRows]:
    """The SNVs of each gene, its tracks side by side."""
    n_tracks = len(predictions.tracks)
    for first in range(0, len(found), n_tracks):
        tracks = found[first : first + n_tracks]
        one = tracks[0]
        yield VariantRows(
            gene_id=predictions.genes.gene_id[one.gene],
            chrom=one.dosages.chrom,
            position=one.dosages.position,
            ref=one.dosages.ref,
            alt=one.dosages.alt,
            frequency=one.allele_freq,
            effects=np.stack([track.effect for track in tracks], axis=1),
            slope=one.slope,
            r=one.eqtl_r,
            p=one.eqtl_p,
            is_driver=np.stack([track.selection.is_driver for track in tracks], axis=1),
        )


DRIVERS = Step(
    "drivers",
    drive,
    needs=("predictions",),
    writes=("ism/", "drivers.tsv", "support.tsv", "direction.tsv", "motifs.tsv", "motif_clusters.tsv"),
    asked_by=("ism", "drivers"),
)
