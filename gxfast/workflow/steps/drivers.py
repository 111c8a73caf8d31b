"""Effects of the observed SNVs, their eQTLs, which of them drive predictions, and support.

Effects are computed once per gene and model (mutagenesis on the reference) and kept as blocks of the run; the rest is
arithmetic on dosages. Genes pass a block at a time: dosages are dropped once the rows of the tables are made.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...evaluation.direction import DirectionRow, Directions
from ...evaluation.drivers import DriverRow, GeneDrivers, SupportRow, driver_rows, gene_drivers, support_rows
from ...evaluation.signals import EqtlSignals
from ...io.tables import write_rows
from ...models.gene_windows import GeneBins
from ...personal.dosages import Dosages, snvs_in
from ...personal.observed import Allele
from ...types import PredictionSet
from ..eqtl_signals import DriverTags, signals_of
from ..rows import ClusterRow, MotifRow
from ..scans.gene_scores import GeneScorer
from ..scans.observed import snv_effects
from ..scans.targets import Layout, gene_layout
from ..scans.variant_tables import VariantRows, write_variants
from ..step import Job, Step
from .effects import find_effect_drivers
from .predict import gene_parts, part_of_predictions
from .surroundings import (
    MainDriver,
    cluster_rows,
    main_driver,
    main_drivers_file,
    motif_rows,
    scan_block,
    scan_surroundings,
)

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation, Observed
    from ...models.session import Model

__all__ = ["DRIVERS"]

Float64Array = NDArray[np.float64]
EffectsOf = Callable[[int, Dosages], Float64Array]


def drive(job: Job) -> None:
    """Write ``ism/`` of every model, and the tables of drivers, support, direction and motifs."""
    results, folder = job.results, job.directory.path
    summary: dict[str, Any] = {}
    signals = signals_of(job)
    for i, item in enumerate(results.predictions):
        model = job.inputs.models[i] if i < len(job.inputs.models) else None
        evaluation = results.evaluations[i] if results.evaluations else None
        found = _Collected(item, evaluation, job.inputs.finemapped, signals)
        path = job.directory.subdirectory("ism") / f"{item.model}.variants.tsv.gz"
        by_gene = (
            find_drivers(job, model, item) if model
            else find_effect_drivers(job, job.inputs.effects[i - len(job.inputs.models)], item)
        )  # fmt: skip
        write_variants(path, item.tracks, found.variant_rows(_tagged(job, item, by_gene, signals)))
        results.drivers += found.drivers
        results.support += found.support
        results.direction += found.directions.rows()
        summary[item.model] = found.summary()
        if not _looks_around(model):
            continue
        around = scan_surroundings(job, model, item, found.mains)
        motifs = motif_rows(item, around)
        results.motifs += motifs
        results.motif_clusters += cluster_rows(item.model, motifs)
    results.summary["drivers"] = summary
    write_rows(folder / "drivers.tsv", DriverRow, results.drivers)
    write_rows(folder / "support.tsv", SupportRow, results.support)
    write_rows(folder / "motifs.tsv", MotifRow, results.motifs)
    write_rows(folder / "motif_clusters.tsv", ClusterRow, results.motif_clusters)
    if results.direction:
        write_rows(folder / "direction.tsv", DirectionRow, results.direction)


def _looks_around(model: Model | None) -> TypeGuard[Model]:
    """Whether there is a sequence model, and mutagenesis of it, to look around drivers with."""
    return model is not None and model.card.gene_mask is None


class _Collected:
    """What is kept of genes as they pass: rows of tables, and where their main drivers are; no dosages."""

    def __init__(
        self, predictions: PredictionSet, evaluation: Evaluation | None,
        finemapped: Mapping[tuple[str, str], float] | None, signals: EqtlSignals | None,
    ) -> None:  # fmt: skip
        self._predictions, self._evaluation, self._pips = predictions, evaluation, finemapped
        self.drivers: list[DriverRow] = []
        self.support: list[SupportRow] = []
        self.mains: list[MainDriver] = []
        self.directions = Directions(predictions, finemapped, signals)
        self._n_snvs = self._n_left_out = self._n_entries = 0

    def variant_rows(self, blocks: Iterable[list[GeneDrivers]]) -> Iterator[VariantRows]:
        """Take what is kept of each block of genes, and pass on the SNVs of each gene, its tracks side by side."""
        n_tracks = len(self._predictions.tracks)
        for found in blocks:
            self.drivers += driver_rows(self._predictions, found)
            self.support += support_rows(self._predictions, found, self._evaluation)
            self.directions.add(found)
            self.mains += [main for one in found if (main := main_driver(one)) is not None]
            self._n_entries += len(found)
            self._n_snvs += sum(len(one.effect) for one in found)
            self._n_left_out += sum(one.dosages.n_skipped for one in found if one.track == 0)
            for first in range(0, len(found), n_tracks):
                yield _rows_of_gene(self._predictions, found[first : first + n_tracks])

    def summary(self) -> dict[str, int]:
        """Return the counts of the model, for the manifest."""
        kinds = [row.support for row in self.drivers]
        counts = {
            "n_snvs": self._n_snvs,
            "n_genes": self._n_entries,
            "n_drivers": len(kinds),
            "n_records_left_out": self._n_left_out,
            "n_supported": kinds.count("supported"),
            "n_unsupported": kinds.count("unsupported"),
        }
        tagged = [row.signal_support for row in self.drivers if row.signal_support is not None]
        if tagged:
            counts |= {f"n_signal_{kind}": tagged.count(kind) for kind in ("supported", "unsupported", "untagged")}
        if self._pips is None:
            return counts
        n = self.directions.n_finemapped
        if n < len(self._pips):
            message = "%s: %d of %d fine-mapped variants are SNVs of the people in the windows of their genes"
            logging.getLogger("gxfast").warning(message, self._predictions.model, n, len(self._pips))
        return counts | {"n_finemapped": n}


def _tagged(
    job: Job, predictions: PredictionSet, blocks: Iterable[list[GeneDrivers]], signals: EqtlSignals | None
) -> Iterator[list[GeneDrivers]]:
    """Say of the SNVs of each block which signals they tag, where the run looked for signals."""
    tags = None if signals is None else DriverTags(job, signals)
    for found in blocks:
        by_gene = groupby(found, lambda one: one.gene)
        yield (
            found
            if tags is None
            else [one for g, tracks in by_gene for one in tags.add(predictions.genes.gene_id[g], list(tracks))]
        )


def find_drivers(job: Job, model: Model, predictions: PredictionSet) -> Iterator[list[GeneDrivers]]:
    """Scan the observed SNVs of every gene and select drivers, a block of genes at a time.

    Genes that could not be predicted, or where nothing differs between people, have no entry; nor have those with
    effects that are not finite, which are listed.

    Raises
    ------
    ModelError
        If all have such effects.
    """
    run, name = job.directory, model.card.name
    undone: list[str] = []
    n_found = 0
    layout = gene_layout(model.card, predictions.genes, job.inputs.genome, window=None, clip=False)
    effects_of = cache(partial(_effects_of, job, model, layout))
    parts = list(enumerate(gene_parts(job, model)))
    run.todo(parts, lambda part: run.has_block(_file(model, part[0])))  # refused where parts are merged
    for number, (first, last) in parts:
        status = predictions.status[first:last]
        snvs = _scanned(job, model, layout, effects_of, number, range(first, last), status)
        of_gene = _effects_by_gene(run.read_block(_file(model, number)), first)
        undone += [
            f"{layout.name[g]}: the effects of its SNVs are not finite ({name})"
            for g, dosages in snvs.items()
            if len(dosages.position) > len(of_gene(g))
        ]
        found = _select(job, model, predictions, job.results.observed, {g: (snvs[g], of_gene(g)) for g in snvs})
        n_found += len(found)
        yield found
        job.tell(f"drivers {name}", last, len(layout))
    if undone and not n_found:
        raise ModelError(f"no gene has drivers: {undone[0]}", path=model.path, remedy="check the model's weights")
    job.results.undone += undone


def _effects_by_gene(stored: Mapping[str, NDArray[Any]], first: int) -> Callable[[int], Float64Array]:
    """Effects of a block's SNVs by gene; none where they are not finite."""
    offset, effect = stored["offset"], stored["effect"]
    return lambda g: effect[offset[g - first] : offset[g - first + 1]]


def _select(
    job: Job, model: Model, predictions: PredictionSet, observed: Observed | None,
    snvs: Mapping[int, tuple[Dosages, Float64Array]],
) -> list[GeneDrivers]:  # fmt: skip
    """Select drivers of genes (rows of the predictions) by the dosages and effects of their SNVs."""
    options = job.options.drivers
    return [
        one
        for g, (dosages, effects) in snvs.items()
        if len(effects)
        for one in gene_drivers(
            predictions, observed, g, dosages, effects, haplotypes=model.card.haplotypes, rule=options.rule,
            gain=options.gain, alpha=options.alpha,
        )
    ]  # fmt: skip


def effect_blocks(job: Job) -> None:
    """Scan the observed SNVs of every gene with every model, and around the main drivers, block by block."""
    for model in job.inputs.models:
        _do_effects(job, model)


def _do_effects(job: Job, model: Model) -> None:
    run, name = job.directory, model.card.name
    layout = gene_layout(model.card, job.inputs.genes, job.inputs.genome, window=None, clip=False)
    effects_of = cache(partial(_effects_of, job, model, layout))
    around = _looks_around(model)

    def finished(part: tuple[int, tuple[int, int]]) -> bool:
        return run.has_block(_file(model, part[0])) and (not around or run.has_block(main_drivers_file(model, part[0])))

    todo = run.todo(list(enumerate(gene_parts(job, model))), finished)
    for done, (number, (first, last)) in enumerate(todo):
        job.tell(f"effects {name}", done, len(todo))
        # Which driver is the main one follows from the predictions: no other genes, and no expression, are needed.
        predictions = part_of_predictions(job, model, number)
        snvs = _scanned(job, model, layout, effects_of, number, range(first, last), predictions.status)
        of_gene = _effects_by_gene(run.read_block(_file(model, number)), first)
        found = _select(job, model, predictions, None, {g - first: (snvs[g], of_gene(g)) for g in snvs})
        mains = [main for one in found if (main := main_driver(one)) is not None]
        if around:
            scan_block(job, model, number, predictions.genes, mains)
    job.tell(f"effects {name}", len(todo), len(todo))


def _scanned(
    job: Job, model: Model, layout: Layout, effects_of: Callable[[], EffectsOf], number: int, genes: range,
    status: Sequence[str],
) -> dict[int, Dosages]:  # fmt: skip
    """The SNVs of the genes of a block, whose effects are in the run directory afterwards."""
    snvs = {g: _snvs(job, layout, g) for g, why in zip(genes, status, strict=True) if why == "ok"}
    if not job.directory.has_block(_file(model, number)):
        job.directory.write_block(_file(model, number), _effects(model, effects_of, genes, snvs))
    return snvs


def _file(model: Model, number: int) -> str:
    return f"{model.card.name}/effects-{number:05d}.npz"


def _snvs(job: Job, layout: Layout, g: int) -> Dosages:
    start = int(layout.start[g])
    passed = job.inputs.policy.filter == "pass"
    return snvs_in(job.inputs.genotypes, layout.chrom[g], start, start + layout.length, passed=passed)


def _effects(
    model: Model, effects_of: Callable[[], EffectsOf], genes: range, snvs: dict[int, Dosages]
) -> dict[str, NDArray[Any]]:
    """Effects of the SNVs of some genes, one gene after the other."""
    none, parts = np.empty((0, model.n_tracks)), []
    for g in genes:
        effects = effects_of()(g, snvs[g]) if g in snvs else none
        parts.append(effects if np.isfinite(effects).all() else none)
    offset = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return {"offset": offset, "effect": np.concatenate(parts)}


def _effects_of(job: Job, model: Model, layout: Layout) -> EffectsOf:
    return _by_prediction(job, model, layout) if model.card.gene_mask else _by_mutagenesis(job, model, layout)


def _by_mutagenesis(job: Job, model: Model, layout: Layout) -> EffectsOf:
    plan = job.plan(model)

    def effects_of(g: int, snvs: Dosages) -> Float64Array:
        bases = np.frombuffer("".join(snvs.alt).encode(), np.uint8)
        return snv_effects(plan, job.inputs.genome, layout, g, snvs.position, bases)

    return effects_of


def _by_prediction(job: Job, model: Model, layout: Layout) -> EffectsOf:
    """A pass per SNV: what is read out differs from gene to gene."""
    bins = GeneBins.of(model, job.inputs.genes, job.inputs.exons)
    assert bins is not None  # the card has a gene mask
    scorer = GeneScorer(model, job.inputs.genome, layout, bins, "reference")

    def effects_of(g: int, snvs: Dosages) -> Float64Array:
        start = int(layout.start[g])
        bases = job.inputs.genome.fetch_array(layout.chrom[g], start, start + layout.length)[snvs.position - start]
        # As by mutagenesis: ALT in place of what the FASTA has, whatever REF says; nothing where it has ALT.
        alleles = [
            Allele(position, base if base in b"ACGT" else ref.encode(), alt.encode(), 1, math.nan, 0)
            for position, base, ref, alt in zip(
                snvs.position.tolist(), map(_base, bases.tolist()), snvs.ref, snvs.alt, strict=True
            )
        ]
        changes = np.array([one.ref != one.alt for one in alleles], np.bool_)
        found = np.zeros((len(alleles), model.n_tracks))
        found[changes] = scorer.effects(g, [one for one in alleles if one.ref != one.alt])
        return found

    return effects_of


def _base(letter: int) -> bytes:
    return bytes([letter]).upper()


def _rows_of_gene(predictions: PredictionSet, tracks: Sequence[GeneDrivers]) -> VariantRows:
    """The SNVs of a gene, its tracks side by side."""
    one = tracks[0]
    return VariantRows(
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
    blocks=effect_blocks,
)
