"""A step of a run as an object, the job that it belongs to, and what steps hand on to each other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._objects import Brief, Rows
from ..errors import InputError, ModelError
from ..evaluation.agreement import PairAgreement
from ..evaluation.cells import CellRow, PersonRow
from ..evaluation.certificate import CertificateRow
from ..evaluation.direction import DirectionRow
from ..evaluation.drivers import DriverRow, SupportRow
from ..evaluation.explainers import ExplainerRow
from ..evaluation.result import GeneRow
from ..models.people import gene_statuses
from ..types import PredictionSet, Progress
from .cohort import LinearCohort, linear_cohort, too_few_people
from .findings import Finding
from .inputs import Inputs
from .options import RunOptions
from .rows import BaselineRow, ClusterRow, LeadRow, MotifRow, SignalRow, SusieRow
from .rundir import RunDirectory

if TYPE_CHECKING:
    from ..evaluation.result import Evaluation, Observed
    from ..ism import Plan
    from ..ism.tiled_model import TiledModel
    from ..models.session import Model

__all__ = ["Job", "Results", "Step"]


@dataclass(slots=True, repr=False)
class Results(Brief):
    """What the steps of a run found; a step that was not done leaves its fields empty.

    Attributes
    ----------
    path : Path
        The run directory.
    findings : list of Finding
        Of the check.
    predictions : tuple of PredictionSet
        One per model.
    evaluations : tuple of Evaluation
        One per model.
    observed : Observed or None
        The expression that was correlated.
    genes, certificate, baseline, eqtl, independent, susie, drivers, support, direction, motifs, motif_clusters, \
explainers, agreement, cells, people : list of rows
        The tables of the same names, each with ``to_pandas``, ``to_polars`` and ``to_parquet``; ``baseline`` is
        ``baseline/elastic_net.tsv``, ``eqtl`` ``eqtl/permutation.tsv``; ``independent`` and ``susie`` are in ``eqtl/``.
    summary : dict
        The key numbers, as in ``manifest.json``.
    counts : dict
        How often each policy and status was met, as in ``manifest.json``.
    undone : list of str
        Genes that a later step could not do, with the reason.
    """

    path: Path
    findings: Rows[Finding] = field(default_factory=partial(Rows, Finding))
    predictions: tuple[PredictionSet, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    observed: Observed | None = None
    genes: Rows[GeneRow] = field(default_factory=partial(Rows, GeneRow))
    certificate: Rows[CertificateRow] = field(default_factory=partial(Rows, CertificateRow))
    baseline: Rows[BaselineRow] = field(default_factory=partial(Rows, BaselineRow))
    eqtl: Rows[LeadRow] = field(default_factory=partial(Rows, LeadRow))
    independent: Rows[SignalRow] = field(default_factory=partial(Rows, SignalRow))
    susie: Rows[SusieRow] = field(default_factory=partial(Rows, SusieRow))
    drivers: Rows[DriverRow] = field(default_factory=partial(Rows, DriverRow))
    support: Rows[SupportRow] = field(default_factory=partial(Rows, SupportRow))
    direction: Rows[DirectionRow] = field(default_factory=partial(Rows, DirectionRow))
    motifs: Rows[MotifRow] = field(default_factory=partial(Rows, MotifRow))
    motif_clusters: Rows[ClusterRow] = field(default_factory=partial(Rows, ClusterRow))
    explainers: Rows[ExplainerRow] = field(default_factory=partial(Rows, ExplainerRow))
    agreement: Rows[PairAgreement] = field(default_factory=partial(Rows, PairAgreement))
    cells: Rows[CellRow] = field(default_factory=partial(Rows, CellRow))
    people: Rows[PersonRow] = field(default_factory=partial(Rows, PersonRow))
    summary: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)

    def _facts(self) -> str:
        models = ", ".join(repr(item) for item in self.evaluations or self.predictions)
        return f"{str(self.path)!r}, {models or 'no predictions'}"

    @property
    def manifest(self) -> dict[str, Any]:
        """What ``manifest.json`` says of the results."""
        return {"summary": self.summary, "counts": self.counts}

    @property
    def failed(self) -> tuple[str, ...]:
        """Genes that could not be done, with the reason; with the model where it was done by others."""
        found: dict[str, list[str]] = {}
        for item in self.predictions:
            for gene, why in zip(item.genes.gene_id, item.status, strict=True):
                if why != "ok":
                    found.setdefault(f"{gene}: {why}", []).append(item.model)
        everywhere = len(self.predictions)
        lines = [
            line if len(models) == everywhere else f"{line} ({', '.join(models)})" for line, models in found.items()
        ]
        return (*lines, *self.undone)


class Job:
    """A run as its steps see it: inputs that are open, options, the directory, and what was found so far.

    Parameters
    ----------
    directory : RunDirectory
    inputs : Inputs
    options : RunOptions
    steps : tuple of str
        Those that were asked for.
    n_threads : int
    progress : callable, optional
    tell_findings : callable, optional
        Called with what the check found.
    before_report : callable, optional
        Called with the directory before the report is drawn, to add to it.
    tiled : mapping of str to TiledModel or str, optional
        What predicts in tiles, by the name of the model, or why none does.
    """

    def __init__(
        self, directory: RunDirectory, inputs: Inputs, options: RunOptions, steps: tuple[str, ...], *,
        n_threads: int = 1, progress: Progress | None = None,
        tell_findings: Callable[[Sequence[Finding]], None] | None = None,
        before_report: Callable[[Path], None] | None = None, tiled: Mapping[str, TiledModel | str] | None = None,
    ) -> None:  # fmt: skip
        self.directory, self.inputs, self.options, self.steps = directory, inputs, options, steps
        self.n_threads, self.tell_findings, self.before_report = n_threads, tell_findings, before_report
        self.results = Results(directory.path)
        self._progress, self._plans = progress, dict[str, "Plan"]()
        self._cohort: LinearCohort | None = None
        self._tiled, self._whole = dict(tiled or {}), dict[str, str]()

    def predictor(self, model: Model) -> Model | TiledModel:
        """Return what predicts windows: the model in tiles, checked when it is first asked for, or the model itself."""
        found = self._tiled.get(model.card.name, "")
        return model if isinstance(found, str) or self._whole_because(model, found) else found

    def _whole_because(self, model: Model, tiled: TiledModel) -> str:
        """Why a model does not predict in tiles after all: kept, so that whoever resumes does as was done before."""
        name, run, shard = model.card.name, self.directory, self.directory.part.shard
        if name in self._whole:
            return self._whole[name]
        # Shards are made at once, by other machines perhaps: each writes what it found, and all have to have found one.
        block = f"{name}/tiles.npz" if shard is None else f"{name}/tiles-{shard.name}.npz"
        kept = [block] if shard is not None else run.blocks_named(f"{name}/tiles")
        found = {str(run.read_block(one)["whole_because"]) for one in kept if run.has_block(one)}
        if len(found) > 1:
            raise InputError(
                f"shards predicted {name} in tiles and in whole windows: their bits differ", path=run.path,
                remedy="begin the job anew in another directory, with `tiles=False`",
            )  # fmt: skip
        if found:
            tiled.trust()
        self._whole[name] = found.pop() if found else _found_to_differ(name, tiled)
        if block not in kept or not run.has_block(block):
            run.write_block(block, {"whole_because": np.array(self._whole[name])})
        return self._whole[name]

    def refused_tiles(self) -> dict[str, str]:
        """Return why models predict whole windows whose tiles were compared with these, by name."""
        found = {}
        for model in self.inputs.models:
            tiled = self._tiled.get(model.card.name, "")
            if not isinstance(tiled, str) and (why := self._whole_because(model, tiled)):
                found[model.card.name] = why
        return found

    def explain_tiles(self) -> list[str]:
        """Say of each model how it predicts windows."""
        refused, lines = self.refused_tiles(), []
        for name, tiled in self._tiled.items():
            told = tiled if isinstance(tiled, str) or name not in refused else refused[name]
            whole = f"{name}: windows are predicted whole: {told}"
            lines.append(whole if isinstance(told, str) else told.explain())
        return lines

    def tell(self, task: str, done: int, total: int) -> None:
        """Report how far a task is."""
        if self._progress:
            self._progress(task, done, total)

    def plan(self, model: Model) -> Plan:
        """Return the model's plan of mutagenesis, made and checked when it is first asked for."""
        from ..ism import plan

        name = model.card.name
        if name not in self._plans:
            self._plans[name] = plan(model)
        return self._plans[name]

    def linear_cohort(self) -> LinearCohort | None:
        """Return what baselines and eQTLs are fitted on; None, and a line in the summary, where people are too few.

        Genes that cannot be predicted are left out; that is known before they are, so that shards know it too.
        """
        if self._cohort is None and "left_out" not in self.results.summary:
            self._cohort = self._linear_cohort()
        return self._cohort

    def _linear_cohort(self) -> LinearCohort | None:
        cohort = linear_cohort(self.inputs, self.options.evaluation.transform)
        why_not = too_few_people(cohort, self.options.baseline.folds)
        status = gene_statuses(cohort.genes, self.inputs.genome, self.inputs.genotypes)
        rows = [g for g, why in enumerate(status) if why == "ok"]
        if not (why_not or rows):
            why_not = "baselines and eQTLs need a gene that can be predicted"
        if why_not:
            self.results.summary["left_out"] = [why_not]
            return None
        return cohort.take(rows)


def _found_to_differ(name: str, tiled: TiledModel) -> str:
    try:
        tiled.check()
    except ModelError as error:
        logging.getLogger("gxfast").warning("%s: windows are predicted whole: %s", name, error.message)
        return error.message
    return ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a run.

    Attributes
    ----------
    name : str
    run : callable
        Takes the `Job`; reads ``job.results``, adds to it, and writes files into ``job.directory``.
    needs : tuple of str
        Fields of `Results` that must not be empty; the step is passed over where one is.
    writes : tuple of str
        Files and folders of the run directory.
    asked_by : tuple of str
        Names in ``--steps`` that ask for it, any of them; its own by default. ``"*"``: always done.
    blocks : callable or None
        Takes the `Job` and makes the blocks of its part: what costs, and needs no other step's results.
    """

    name: str
    run: Callable[[Job], None]
    needs: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()
    blocks: Callable[[Job], None] | None = None

    def asked(self, job: Job) -> bool:
        """Whether it was asked for."""
        return bool({*(self.asked_by or (self.name,))} & {"*", *job.steps})

    def applies(self, job: Job) -> bool:
        """Whether it was asked for and has what it needs."""
        return self.asked(job) and all(_there(getattr(job.results, name)) for name in self.needs)


def _there(value: Any) -> bool:
    return value is not None and (not isinstance(value, list | tuple | dict) or bool(value))
