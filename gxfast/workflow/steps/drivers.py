"""Drivers of a cohort: effects of the observed SNVs, their eQTLs, which of them drive predictions, and support.

Effects are computed once per gene and model (mutagenesis on the reference) and kept as shards of the run; the rest is
arithmetic on dosages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import Edits
from ...encode.one_hot import complement_bases
from ...errors import ModelError
from ...evaluation.direction import direction_columns
from ...evaluation.drivers import GeneDrivers
from ...io.bgzf import write_bgzf
from ...io.fasta import Genome
from ...io.tables import write_table
from ...io.tables.finemapped import read_finemapped
from ...personal.dosages import Dosages, count_alternative
from ...stats.drivers import driver_support, select_drivers
from ...types import GeneTable, PredictionSet
from ..inputs import Inputs
from ..rundir import RunDirectory
from .surroundings import scan_surroundings

if TYPE_CHECKING:
    from ...evaluation.drivers import Float64Array
    from ...evaluation.result import Evaluation, Observed
    from ...io.vcf import GenotypeSource
    from ...ism import Plan
    from ...models.session import Model
    from ..options import DriverOptions, FurtherOptions, Progress

__all__ = ["driver_step", "find_drivers", "write_driver_tables", "write_drivers"]


_BLOCK: Final = 32
_VARIANTS: Final = ("gene_id", "variant_id", "chrom", "pos", "ref", "alt", "dosage_freq", "ism", "eqtl_slope", "eqtl_r",
                    "eqtl_p", "is_driver")  # fmt: skip


def find_drivers(
    run: RunDirectory,
    model: Model,
    genome: Genome,
    genotypes: GenotypeSource,
    predictions: PredictionSet,
    observed: Observed | None,
    options: DriverOptions,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[GeneDrivers]:
    """Scan the observed SNVs of every gene and select drivers.

    Genes that could not be predicted, or where nothing differs between people, have no entry.

    Raises
    ------
    ModelError
        If an effect is not finite.
    """
    from ...ism import plan

    the_plan: Plan | None = None
    genes, found = predictions.genes, []
    for first in range(0, len(genes), _BLOCK):
        shard = f"{model.card.name}/effects-{first // _BLOCK:05d}.npz"
        last = min(first + _BLOCK, len(genes))
        if not run.has_shard(shard):
            the_plan = the_plan or plan(model)
            usable = [predictions.status[g] == "ok" for g in range(first, last)]
            part = genes.take(range(first, last))
            run.write_shard(shard, _effects(the_plan, genome, genotypes, part, usable))
        stored = run.read_shard(shard)
        for g in range(first, last):
            rows = slice(*stored["offset"][g - first : g - first + 2])
            found += list(_of_gene(model, genotypes, predictions, observed, g, stored["effect"][rows], options))
        if progress:
            progress(f"drivers {model.card.name}", last, len(genes))
    return found


def _snvs(model: Model, genotypes: GenotypeSource, genes: GeneTable, g: int) -> Dosages:
    """Biallelic SNVs in the window of a gene, all people."""
    start, end, _ = model.card.window(int(genes.tss[g]), genes.strand[g])
    dosages = count_alternative(genotypes.region(genes.chrom[g], max(0, start), end))
    single = np.array([len(r) == 1 and len(a) == 1 for r, a in zip(dosages.ref, dosages.alt, strict=True)], bool)
    kept = dosages.take(np.flatnonzero(single))
    return replace(kept, n_skipped=dosages.n_skipped + int((~single).sum()))


def _effects(
    the_plan: Plan, genome: Genome, genotypes: GenotypeSource, genes: GeneTable, usable: list[bool]
) -> dict[str, NDArray[Any]]:
    from ...ism import variants

    model, parts, offset = the_plan.model, [], [0]
    none = np.empty((0, len(the_plan.tracks)))
    for g in range(len(genes)):
        if not usable[g]:
            parts.append(none)
            offset.append(offset[-1])
            continue
        start, end, reverse = model.card.window(int(genes.tss[g]), genes.strand[g])
        snvs = _snvs(model, genotypes, genes, g)
        letters = genome.fetch_array(genes.chrom[g], start, end)
        bases = np.frombuffer("".join(snvs.alt).encode(), np.uint8)
        at = snvs.position - start
        if reverse:
            letters, bases, at = complement_bases(letters)[::-1], complement_bases(bases), end - 1 - snvs.position
        parts.append(variants(the_plan, np.ascontiguousarray(letters), Edits.single(at, bases)) if at.size else none)
        bad = np.flatnonzero(~np.isfinite(parts[-1]).all(axis=1))
        if bad.size:
            raise ModelError(
                f"the effect of {snvs.variant_id[bad[0]]} is not finite ({bad.size} of {at.size} SNVs)",
                path=model.path, record=genes.gene_id[g],
                remedy="check the model's weights and the transform in its card (a log of a negative value?)",
            )  # fmt: skip
        offset.append(offset[-1] + len(parts[-1]))
    return {"offset": np.array(offset, np.int64), "effect": np.concatenate(parts)}


def _of_gene(
    model: Model, genotypes: GenotypeSource, predictions: PredictionSet, observed: Observed | None, g: int,
    effects: Float64Array, options: DriverOptions,
) -> Iterator[GeneDrivers]:  # fmt: skip
    if predictions.status[g] != "ok" or not len(effects):
        return
    snvs = _snvs(model, genotypes, predictions.genes, g)
    x = snvs.values.astype(np.float64)
    slope, r, p = _eqtl(snvs, predictions, observed, g)
    for t in range(len(predictions.tracks)):
        effect = np.ascontiguousarray(effects[:, t])
        selection = select_drivers(
            x, effect, predictions.values[g, :, t], rule=options.rule, gain=options.gain, alpha=options.alpha
        )
        yield GeneDrivers(g, t, snvs, effect, slope, r, p, selection, driver_support(effect, slope))


def _eqtl(
    snvs: Dosages, predictions: PredictionSet, observed: Observed | None, g: int
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Each SNV against the expression that was evaluated."""
    from ...stats import eqtl

    nothing = np.full(len(snvs.position), np.nan)
    if observed is None:
        return nothing, nothing, nothing
    y = (observed.values if observed.residuals is None else observed.residuals)[g]
    there = np.isfinite(y)
    if there.sum() < 3 or np.ptp(y[there]) == 0:
        return nothing, nothing, nothing
    place = {name: i for i, name in enumerate(predictions.samples)}
    people = np.array([place[name] for name in observed.samples])[there]
    found = eqtl(snvs.values[:, people].astype(np.float64), y[there])
    return found.slope, found.r, found.p


def write_drivers(
    run: RunDirectory, predictions: PredictionSet, found: list[GeneDrivers], evaluation: Evaluation | None
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Write ``ism/MODEL.variants.tsv.gz``; return the rows of ``drivers.tsv`` and ``support.tsv``."""
    lines = ["\t".join(_VARIANTS)]
    for one in found:
        lines += _variant_lines(predictions, one)
    write_bgzf(run.subdirectory("ism") / f"{predictions.model}.variants.tsv.gz", ("\n".join(lines) + "\n").encode())
    return _driver_rows(predictions, found), _support_rows(predictions, found, evaluation)


def _id(predictions: PredictionSet, one: GeneDrivers) -> str:
    gene = predictions.genes.gene_id[one.gene]
    return f"{gene}:{predictions.tracks[one.track]}" if len(predictions.tracks) > 1 else gene


def _text(value: float) -> str:
    return "" if value != value else str(value)


def _variant_lines(predictions: PredictionSet, one: GeneDrivers) -> list[str]:
    snvs, name = one.dosages, _id(predictions, one)
    frequency = snvs.values.mean(axis=1) / 2
    return [
        "\t".join([
            name, snvs.variant_id[v], snvs.chrom, str(int(snvs.position[v]) + 1), snvs.ref[v], snvs.alt[v],
            str(float(frequency[v])), _text(float(one.effect[v])), _text(float(one.slope[v])),
            _text(float(one.eqtl_r[v])), _text(float(one.eqtl_p[v])), "yes" if one.selection.is_driver[v] else "no",
        ])
        for v in range(len(snvs.position))
    ]  # fmt: skip


def _driver_rows(predictions: PredictionSet, found: list[GeneDrivers]) -> dict[str, list[Any]]:
    genes, rows = predictions.genes, []
    for one in found:
        snvs, chosen = one.dosages, one.selection
        for v in np.flatnonzero(chosen.is_driver).tolist():
            carriers = int((snvs.values[v] > 0).sum())
            rows.append({
                "model": predictions.model, "gene_id": _id(predictions, one), "name": genes.name[one.gene],
                "chrom": snvs.chrom, "tss": int(genes.tss[one.gene]) + 1, "strand": genes.strand[one.gene],
                "variant_id": snvs.variant_id[v], "pos": int(snvs.position[v]) + 1, "ref": snvs.ref[v],
                "alt": snvs.alt[v], "tss_distance": int(snvs.position[v]) - int(genes.tss[one.gene]),
                "ism": float(one.effect[v]), "linear_r": chosen.linear_r, "own_r": float(chosen.own_r[v]),
                "own_p": float(chosen.own_p[v]), "increase": float(chosen.increase[v]), "drop": float(chosen.drop[v]),
                "is_main": "yes" if v == chosen.main else "no", "n_carriers": carriers,
                "carrier_freq": carriers / snvs.values.shape[1], "allele_freq": float(snvs.values[v].mean() / 2),
                "eqtl_slope": float(one.slope[v]), "eqtl_r": float(one.eqtl_r[v]), "eqtl_p": float(one.eqtl_p[v]),
                "support": str(one.support[v]),
            })  # fmt: skip
    return {name: [row[name] for row in rows] for name in _DRIVER_COLUMNS}


_DRIVER_COLUMNS: Final = (
    "model", "gene_id", "name", "chrom", "tss", "strand", "variant_id", "pos", "ref", "alt", "tss_distance", "ism",
    "linear_r", "own_r", "own_p", "increase", "drop", "is_main", "n_carriers", "carrier_freq", "allele_freq",
    "eqtl_slope", "eqtl_r", "eqtl_p", "support",
)  # fmt: skip


def _support_rows(
    predictions: PredictionSet, found: list[GeneDrivers], evaluation: Evaluation | None
) -> dict[str, list[Any]]:
    """One row per gene: the fraction of its drivers that eQTLs support, plain and weighted by increase."""
    genes, n_tracks = predictions.genes, len(predictions.tracks)
    columns: dict[str, list[Any]] = {
        name: []
        for name in ("model", "gene_id", "name", "pearson_r", "pearson_q", "linear_r", "n_snvs", "n_drivers",
                     "n_supported", "n_unsupported", "supported_fraction", "supported_fraction_weighted",
                     "main_driver", "main_support", "main_tss_distance")
    }  # fmt: skip
    for one in found:
        chosen, row = one.selection, one.gene * n_tracks + one.track
        drivers = np.flatnonzero(chosen.is_driver)
        supported, main = one.support[drivers] == "supported", chosen.main
        weight = chosen.increase[drivers]
        shares = (
            (float(supported.mean()), float(np.average(supported, weights=weight))) if drivers.size else (None,) * 2
        )
        values = (
            predictions.model, _id(predictions, one), genes.name[one.gene],
            None if evaluation is None else float(evaluation.pearson_r[row]),
            None if evaluation is None else float(evaluation.pearson_q[row]), chosen.linear_r,
            len(one.dosages.position), int(drivers.size), int(supported.sum()),
            int((one.support[drivers] == "unsupported").sum()), *shares,
            None if main is None else one.dosages.variant_id[main], None if main is None else str(one.support[main]),
            None if main is None else int(one.dosages.position[main]) - int(genes.tss[one.gene]),
        )  # fmt: skip
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return columns


def write_driver_tables(
    run: RunDirectory, drivers: list[dict[str, list[Any]]], support: list[dict[str, list[Any]]]
) -> None:
    """Write ``drivers.tsv`` and ``support.tsv``, all models in turn."""
    for name, parts in (("drivers", drivers), ("support", support)):
        write_table(run.path / f"{name}.tsv", {c: [v for part in parts for v in part[c]] for c in parts[0]})


def driver_step(
    run: RunDirectory, inputs: Inputs, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...],
    observed: Observed | None, options: FurtherOptions, progress: Progress | None,
) -> dict[str, Any]:  # fmt: skip
    """Write ``ism/``, tables of drivers, support, motifs and directions; return the numbers per model."""
    finemapped = read_finemapped(options.finemapped) if options.finemapped else None
    drivers, support, direction, motifs, clusters, summary = [], [], [], [], [], {}
    for i, (model, item) in enumerate(zip(inputs.models, predictions, strict=True)):
        found = find_drivers(run, model, inputs.genome, inputs.genotypes, item, observed, options.drivers, progress)
        rows = write_drivers(run, item, found, evaluations[i] if evaluations else None)
        around = scan_surroundings(run, model, inputs.genome, item, found, options.drivers.motif_reach)
        motifs.append(around[0])
        clusters.append(around[1])
        drivers.append(rows[0])
        support.append(rows[1])
        direction.append(direction_columns(item, found, finemapped))
        kinds = rows[0]["support"]
        summary[item.model] = {
            "n_snvs": sum(len(one.effect) for one in found), "n_genes": len(found), "n_drivers": len(kinds),
            "n_records_left_out": sum(one.dosages.n_skipped for one in found if one.track == 0),
            "n_supported": kinds.count("supported"), "n_unsupported": kinds.count("unsupported"),
        }  # fmt: skip
    write_driver_tables(run, drivers, support)
    write_table(run.path / "motifs.tsv", _stacked(motifs))
    write_table(run.path / "motif_clusters.tsv", _stacked(clusters))
    if any(part["model"] for part in direction):
        write_table(run.path / "direction.tsv", _stacked(direction))
    return summary


def _stacked(parts: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}
