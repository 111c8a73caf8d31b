"""Tables of variant effects beside models: linear predictions of every person, and the drivers that follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from ...errors import InputError
from ...evaluation.drivers import GeneDrivers, gene_drivers
from ...io.predictdb import write_predictdb
from ...io.tables import write_phenotype_bed, write_rows, write_table
from ...models.card import clean_name
from ...models.effects import ELSEWHERE, NO_SCORE, EffectsTable, GeneEffects, gene_effects, weights_of
from ...personal.dosage_sources import open_dosages
from ...types import PredictionSet
from ..inputs import NO_CONTIG
from ..rows import EffectsRow
from ..step import Job, Step

__all__ = ["EFFECTS", "effects_of", "find_effect_drivers"]

_GENES: Final = 32  # of a block
_NO_EFFECTS: Final = "no effect on the gene in the table"
_NONE_FOUND: Final = "none of its variants is in the VCF"
# What is the matter with a gene of whose effects none is used: most of them, by what became of them.
_NOT_USED: Final = {NO_SCORE: "no score of its variants", ELSEWHERE: "its effects are on another contig"}


def predict_with_effects(job: Job) -> None:
    """Predict every gene for every person with every table of effects; write ``predictions/`` and ``effects/``."""
    job.results.predictions += tuple(_predicted(job, one) for one in job.inputs.effects)
    for one, item in zip(job.inputs.effects, job.results.predictions[len(job.inputs.models) :], strict=True):
        job.results.counts[item.model] = item.counts
        if job.options.predictdb:
            _write_weights(job, one)


def effect_blocks(job: Job) -> None:
    """Predict every gene with every table of effects, block by block."""
    for effects in job.inputs.effects:
        _do_blocks(job, effects)


def effects_of(job: Job, effects: EffectsTable, g: int) -> GeneEffects:
    """Return what a table says of the variants of a gene (row of the job's genes), and their dosages."""
    genes, genotypes = job.inputs.genes, job.inputs.genotypes
    source = open_dosages(genotypes, "GT")
    return gene_effects(effects, source, genes.gene_id[g], genes.chrom[g], len(genotypes.samples))


def _parts(job: Job) -> list[tuple[int, tuple[int, int]]]:
    n = len(job.inputs.genes)
    return [(number, (first, min(first + _GENES, n))) for number, first in enumerate(range(0, n, _GENES))]


def _file(effects: EffectsTable, number: int) -> str:
    return f"{effects.name}/linear-{number:05d}.npz"


def _do_blocks(job: Job, effects: EffectsTable) -> None:
    run, task = job.directory, f"predict {effects.name}"
    todo = run.todo(_parts(job), lambda part: run.has_block(_file(effects, part[0])))
    for done, (number, (first, last)) in enumerate(todo):
        job.tell(task, done, len(todo))
        run.write_block(_file(effects, number), _block(job, effects, range(first, last)))
    job.tell(task, len(todo), len(todo))


def _block(job: Job, effects: EffectsTable, genes: range) -> dict[str, Any]:
    n_people = len(job.inputs.genotypes.samples)
    values = np.full((len(genes), n_people, len(effects.tracks)), np.nan)
    status, n_used, n_varying, n_given = [], [], [], []
    for i, g in enumerate(genes):
        found, why = _gene(job, effects, g)
        status.append(why)
        n_given.append(len(effects.of_gene(job.inputs.genes.gene_id[g])))
        n_used.append(0 if found is None else len(found.effect))
        varies = None if found is None else found.dosages.values.min(axis=1) < found.dosages.values.max(axis=1)
        n_varying.append(0 if varies is None else int(varies.sum()))
        if found is not None and why == "ok":
            values[i] = found.predict()
            values[i, job.inputs.genotypes.absent(job.inputs.genes.chrom[g])] = np.nan
    numbers = {"n_given": n_given, "n_used": n_used, "n_varying": n_varying}
    return {"values": values, "status": np.array(status, np.str_)} | {k: np.array(v) for k, v in numbers.items()}


def _gene(job: Job, effects: EffectsTable, g: int) -> tuple[GeneEffects | None, str]:
    """The effects of a gene, and "ok" or why nothing is predicted."""
    genes = job.inputs.genes
    if not effects.knows(genes.gene_id[g]):
        return None, _NO_EFFECTS
    if genes.chrom[g] not in job.inputs.genotypes.contigs:
        return None, NO_CONTIG
    found = effects_of(job, effects, g)
    most = max(found.counts, key=lambda status: found.counts[status])
    return found, "ok" if len(found.effect) else _NOT_USED.get(most, _NONE_FOUND)


def _predicted(job: Job, effects: EffectsTable) -> PredictionSet:
    run, genes, samples = job.directory, job.inputs.genes, job.inputs.genotypes.samples
    _do_blocks(job, effects)
    stored = [run.read_block(_file(effects, number)) for number, _ in _parts(job)]
    joined = {name: np.concatenate([one[name] for one in stored]) for name in stored[0]}
    status = tuple(joined["status"].tolist())
    _refuse_none(effects, status)
    n = len(genes)
    counts = {f"genes: {why}": many for why, many in sorted(Counter(status).items())}
    counts |= {"effects": int(joined["n_given"].sum()), "effects_used": int(joined["n_used"].sum())}
    item = PredictionSet(
        effects.name, genes, samples, effects.tracks, joined["values"], np.full((n, len(effects.tracks)), np.nan),
        joined["n_varying"].astype(np.int64), np.full(n, 2, np.int64), status, counts | dict(effects.turned or {}),
    )  # fmt: skip
    rows = item.rows
    values = item.values.transpose(0, 2, 1).reshape(len(rows), -1)
    bed = run.subdirectory("predictions") / f"{effects.name}.bed.gz"
    write_phenotype_bed(bed, genes, samples, [item.row_name(g, t) for g, t in rows], values, [g for g, _ in rows])
    table = [
        EffectsRow(gene, int(joined["n_given"][g]), int(joined["n_used"][g]), int(joined["n_varying"][g]), status[g])
        for g, gene in enumerate(genes.gene_id)
    ]
    write_rows(run.subdirectory("effects") / f"{effects.name}.genes.tsv", EffectsRow, table)
    return item


def _refuse_none(effects: EffectsTable, status: tuple[str, ...]) -> None:
    if "ok" in status:
        return
    why, _ = Counter(status).most_common(1)[0]
    remedies = {
        _NO_EFFECTS: "use one kind of gene ids in `effects=` and `genes=`",
        _NONE_FOUND: "use a VCF of the people with the variants of the table, on the same build",
        _NOT_USED[NO_SCORE]: "give scores of the variants beside the genes",
        _NOT_USED[ELSEWHERE]: "use `genes=` of the table's build, and its gene ids",
    }
    raise InputError(
        f"no gene can be predicted from the effects: {why} for most of {len(status)} genes", path=effects.path,
        remedy=remedies.get(why, "see gxfast check"),
    )  # fmt: skip


def _write_weights(job: Job, effects: EffectsTable) -> None:
    names = dict(zip(job.inputs.genes.gene_id, job.inputs.genes.name, strict=True))
    folder = job.directory.subdirectory("effects")
    for t, suffix in enumerate(_suffixes(effects.tracks)):
        weights = weights_of(effects, t, names)
        write_predictdb(folder / f"{effects.name}{suffix}.db", weights, [float("nan")] * len(weights))
    if effects.terms:
        write_table(folder / f"{effects.name}.terms.tsv", {"terms": [effects.terms]})


def _suffixes(tracks: Sequence[str]) -> list[str]:
    """What names of files say of each of several tracks, whatever they are called; numbered where that is one."""
    if len(tracks) == 1:
        return [""]
    names = [clean_name(track) for track in tracks]
    apart = len({name.casefold() for name in names}) == len(names)
    return [f".{name}" if apart else f".{number}-{name}" for number, name in enumerate(names, 1)]


def find_effect_drivers(job: Job, effects: EffectsTable, predictions: PredictionSet) -> Iterator[list[GeneDrivers]]:
    """Select the drivers of a table's linear predictions, a gene at a time; see `gxfast.evaluation.drivers`."""
    options, observed = job.options.drivers, job.results.observed
    for g, why in enumerate(predictions.status):
        if why == "ok":
            found = effects_of(job, effects, g)
            yield gene_drivers(
                predictions, observed, g, found.dosages, found.effect, haplotypes="sum", rule=options.rule,
                gain=options.gain, alpha=options.alpha,
            )  # fmt: skip


EFFECTS = Step(
    "effects", predict_with_effects, writes=("predictions/", "effects/"), asked_by=("predict",), blocks=effect_blocks
)
