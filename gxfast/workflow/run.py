"""A run: its steps in order, into one run directory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .._objects import options_of
from .._threads import one_blas_thread, resolve_threads
from ..errors import GxfastError, InputError, did_you_mean
from ..evaluation.across_people import Residualise, Transform
from ..io.files import sha256_of
from ..personal.dosage_sources import conventions
from ..personal.policy import HaplotypePolicy
from ..reporting import write_report
from ..reporting.drawn import named_genes
from ..reporting.multiqc import FILE as MULTIQC_FILE
from ..reporting.multiqc import write_multiqc
from ..stats.drivers import Rule
from ..types import Progress
from .effects import refuse_closed_terms
from .inputs import Inputs, open_inputs, require_predictors
from .naming import contigs_of_plan
from .options import DriverOptions, EvaluateOptions, InputPaths, MappingOptions, RunOptions, TrainingOptions
from .preflight import Finding, preflight, require_ok
from .provenance import digest, hash_inputs, plan_of
from .rundir import RunDirectory
from .shard import WHOLE, Part
from .step import Job, Results, Step
from .steps.agree import AGREE
from .steps.baseline import BASELINE
from .steps.cells import CELLS
from .steps.certificate import CERTIFICATE
from .steps.drivers import DRIVERS
from .steps.effects import EFFECTS
from .steps.eqtl import EQTL
from .steps.evaluate import EVALUATE, GENES
from .steps.explain import EXPLAIN
from .steps.heads import HEADS
from .steps.phase import PHASE
from .steps.predict import PREDICT

if TYPE_CHECKING:
    from ..ism.tiled_model import TiledModel

__all__ = ["STEPS", "run", "run_job"]

# What --steps may name.
STEPS: Final = ("check", "predict", "evaluate", "baseline", "eqtl", "ism", "drivers", "heads", "report")
_WORTH_COSTING: Final = 5_000  # genes times people
_REPORT_SECONDS: Final = 6.0  # of the figures of a demo; those of more genes are hardly more
_COSTING_SECONDS: Final = 0.5  # of a measurement
_NEED_EXPRESSION: Final = ("evaluate", "baseline", "eqtl", "heads", "report")


def run(
    output: str | Path,
    *,
    fasta: str | Path,
    vcf: str | Path | Sequence[str | Path],
    model: str | Path | Sequence[str | Path] = (),
    effects: str | Path | Sequence[str | Path] = (),
    card: str | Path | Sequence[str | Path] = (),
    genes: str | Path | None = None,
    sites: str | Path | None = None,
    regions: str | Sequence[str] = (),
    expression: str | Path | None = None,
    covariates: str | Path | None = None,
    n_covariates: int | None = None,
    samples: str | Sequence[str] = (),
    device: str = "auto",
    window: int | None = None,
    batch_size: int | None = None,
    max_mem: int | None = None,
    contigs: str | Path | None = None,
    populations: str | Path | None = None,
    gene_split: str | Path | None = None,
    exons: str | Path | None = None,
    tiles: bool = True,
    policy: HaplotypePolicy | None = None,
    expression_transform: Transform = "none",
    residualise: Residualise = "expression",
    cis_window: int = 1_000_000,
    min_maf: float = 0.01,
    permutations: int = 1000,
    independent: bool = False,
    susie: bool = False,
    seed: int = 0,
    driver_rule: Rule = "published",
    motif_reach: int = 0,
    finemapped: str | Path | None = None,
    steps: Sequence[str] = STEPS,
    gene: str | Sequence[str] = (),
    predictdb: bool = False,
    i_have_the_right: bool = False,
    threads: int = 0,
    resume: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Do what ``gxfast run`` does, with its options: the same files, and what they hold as values.

    Parameters
    ----------
    output : str or Path
        Run directory to write; new, empty, or with ``resume`` one of the same run.
    fasta, vcf, model, card, genes, sites, expression, covariates, finemapped
        Files; ``vcf``, ``model`` and ``card`` may be several, ``vcf`` a pattern with ``{chrom}``.
    effects : str, Path or sequence
        Tables of variant effects on genes, each ``FILE`` or ``"NAME=FILE"``: beside models, or in place of them.
    regions : str or sequence of str
        ``chr:beg-end``, 1-based inclusive.
    samples : str or sequence of str
        People to use; with a leading ``^`` everybody but these.
    max_mem : int, optional
        Bytes.
    contigs : str or Path, optional
        Table of contig names, or ``"strict"``.
    populations, gene_split : str or Path, optional
        Tables with ``sample`` and ``population``, and ``gene_id`` and ``split`` (train, valid, test): correlations are
        then given by population, and for genes that models have or have not seen.
    exons : str or Path, optional
        GTF of exons, for models that read out those of each gene; by default ``genes``, where that is a GTF.
    tiles : bool
        Predict windows in tiles where that saves: values within 1e-5 of whole windows.
    policy : HaplotypePolicy, optional
        What is done with unusual records.
    gene : str or sequence of str
        Genes (id or name) that the report shows person by person.
    predictdb : bool
        Write effects as weights of PredictDB, too: refused where their terms of use are not open, unless
        ``i_have_the_right``.
    threads : int
        0: all that this process may use. Results do not depend on it.
    progress : callable, optional
        Called with (task, done, total).
    n_covariates, device, window, batch_size, expression_transform, residualise, cis_window, min_maf, permutations, \
independent, susie, seed, driver_rule, motif_reach, steps, resume
        As the options of the command.

    Returns
    -------
    Results
        ``path`` is the directory; a step that was not done leaves its fields empty.

    Raises
    ------
    GxfastError
        From the step that failed; finished blocks stay for ``resume``.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> files = {"fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "model": cohort.model}
    >>> result = gx.run("out", **files, expression=cohort.expression, steps=("predict", "evaluate"))
    >>> len(result.genes), (result.path / "genes.tsv").is_file()
    (9, True)
    """
    paths = InputPaths(
        fasta=str(fasta), vcf=_texts(vcf), models=_texts(model), cards=_texts(card), genes=_text(genes),
        expression=_text(expression), covariates=_text(covariates), n_covariates=n_covariates, samples=_texts(samples),
        regions=_texts(regions), device=device, batch_size=batch_size, max_mem=max_mem, length=window,
        sites=_text(sites), contigs=_text(contigs), exons=_text(exons), tiles=tiles, effects=_texts(effects),
        populations=_text(populations), gene_split=_text(gene_split),
    )  # fmt: skip
    options = RunOptions(
        evaluation=EvaluateOptions(expression_transform, residualise),
        baseline=TrainingOptions(window=cis_window, min_maf=min_maf, seed=seed),
        eqtl=MappingOptions(cis_window, min_maf, permutations, seed, independent=independent, susie=susie),
        drivers=DriverOptions(driver_rule, motif_reach=motif_reach),
        finemapped=_text(finemapped),
        report_genes=_texts(gene),
        predictdb=predictdb,
        with_right=i_have_the_right,
    )
    policy = options_of(HaplotypePolicy, policy, "policy")
    try:
        return run_job(
            paths, replace(policy, seed=policy.seed or seed), options, output,
            steps=tuple(steps), n_threads=threads, resume=resume, progress=progress,
        )  # fmt: skip
    except GxfastError as error:  # what `Model` calls the length is the window here
        error.remedy = error.remedy and error.remedy.replace("`length", "`window")
        raise


def _text(value: str | Path | None) -> str | None:
    return None if value is None else str(value)


def _texts(value: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    return (str(value),) if isinstance(value, str | Path) else tuple(str(one) for one in value)


def run_job(
    paths: InputPaths,
    policy: HaplotypePolicy,
    options: RunOptions,
    output: str | Path,
    *,
    steps: tuple[str, ...] = STEPS,
    n_threads: int = 0,
    resume: bool = False,
    part: Part = WHOLE,
    command: Sequence[str] = (),
    progress: Progress | None = None,
    tell_findings: Callable[[Sequence[Finding]], None] | None = None,
    before_report: Callable[[Path], None] | None = None,
    explain: Callable[[str], None] | None = None,
    tell_step: Callable[[str, int, int], None] | None = None,
    tell_costs: Callable[[Mapping[str, float]], None] | None = None,
) -> Results:
    """Open the inputs and do the steps, as `run`, from typed options.

    ``tell_findings`` is called with what the check found, ``before_report`` with the directory once all tables are
    written, to add to it; ``explain`` with what tiles have saved; ``tell_step`` with (step, its number, how many) as
    each begins; ``tell_costs`` with the seconds that tasks are expected to take, which are measured for it where the
    run is not small. ``command`` is noted in the directory. ``part``: only that is done; a shard makes its blocks of
    every step that has some.
    """
    _check_steps(steps)
    chosen = {*steps}
    threads = resolve_threads(n_threads)
    require_predictors(paths)
    inputs = open_inputs(paths, policy, finemapped=options.finemapped)
    if options.predictdb:
        refuse_closed_terms(inputs.effects, with_right=options.with_right)
    _check_report_genes(inputs, paths, options)
    if inputs.expression is None:
        steps = tuple(name for name in steps if name not in _NEED_EXPRESSION)
    if chosen == {*STEPS}:  # nothing was chosen
        steps = _without_effects(inputs, steps)
    tiles = tiled_models(inputs, paths)
    plan = _plan(paths, inputs, options, steps) | {
        "tiles": {name: one.tiling.facts for name, one in tiles.items() if not isinstance(one, str)}
    }
    with one_blas_thread(), RunDirectory(output, plan, resume=resume, part=part) as directory:
        if part.whole:
            directory.note_run({"command": list(command), "threads": threads, "resumed_blocks": directory.resumed})
        job = Job(
            directory, inputs, options, steps,
            n_threads=threads, progress=progress, tell_findings=tell_findings, before_report=before_report,
            tiled=tiles,
        )  # fmt: skip
        if not part.whole:
            _do_part(job)
            return job.results
        asked = [step for step in _ORDER if step.asked(job)]
        for number, step in enumerate(asked, 1):
            if step is PREDICT and tell_costs:
                tell_costs(_expected_seconds(job, paths.tiles))
            if step.applies(job):
                if tell_step:
                    tell_step(step.name, number, len(asked))
                step.run(job)
        directory.finish(job.results.manifest)
    if explain:
        explain("\n".join(job.explain_tiles()))
    return job.results


def _expected_seconds(job: Job, tiles: bool) -> dict[str, float]:
    """What the tasks of a run take by the plan's costs; nothing of a small one, that would be done meanwhile."""
    from .forecast import run_costs

    if len(job.inputs.genes) * len(job.inputs.genotypes.samples) < _WORTH_COSTING:
        return {}
    cohort = job.linear_cohort() if {"baseline", "eqtl"} & {*job.steps} else None
    try:
        costs = run_costs(job.inputs, job.options, job.steps, cohort, tiles=tiles, seconds=_COSTING_SECONDS)
    except GxfastError:  # the step itself will say so
        return {}
    found = {one.step: 3600 * one.hours / job.n_threads for one in (cost(None) for cost in costs)}
    return found | ({"report": _REPORT_SECONDS} if "report" in job.steps else {})


def tiled_models(inputs: Inputs, paths: InputPaths) -> dict[str, TiledModel | str]:
    """Return what predicts in tiles, by the name of the model, or why none does."""
    from ..ism.tiled import tiled_or_why

    if not paths.tiles:
        return {model.card.name: "no tiles were asked for" for model in inputs.models}
    return {model.card.name: tiled_or_why(model, max_mem=paths.max_mem) for model in inputs.models}


def _do_part(job: Job) -> None:
    """Look at the inputs where a plan is made; make the blocks of a shard."""
    if job.directory.part.planning:
        if "check" in job.steps:
            check_inputs(job)
        return
    for step in _ORDER:
        if step.blocks and step.asked(job):
            step.blocks(job)


def _check_steps(steps: tuple[str, ...]) -> None:
    unknown = [name for name in steps if name not in STEPS]
    if unknown or "predict" not in steps:
        raise InputError(
            f"unknown step {unknown[0]!r}{did_you_mean(unknown[0], STEPS)}"
            if unknown
            else "the steps must include predict",
            remedy=f"choose from {', '.join(STEPS)}",
        )


def _without_effects(inputs: Inputs, steps: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the steps that take a pass per SNV, where a model reads out the exons of each gene."""
    masked = [model for model in inputs.models if model.card.gene_mask is not None]
    wanted = [name for name in ("ism", "drivers") if name in steps]
    if not (masked and wanted):
        return steps
    logging.getLogger("gxfast").warning(
        "%s reads out the %s of each gene, which takes a pass per SNV: the steps %s are left out unless `steps=` "
        "names them",
        masked[0].card.name, masked[0].card.gene_mask.over, " and ".join(wanted),  # type: ignore[union-attr]
    )  # fmt: skip
    return tuple(name for name in steps if name not in wanted)


def _check_report_genes(inputs: Inputs, paths: InputPaths, options: RunOptions) -> None:
    known = {*inputs.genes.gene_id, *inputs.genes.name}
    unknown = set(named_genes(options.report_genes, known)) - known
    if unknown:
        raise InputError(
            f"gene {min(unknown)!r} of `gene=` is not among the genes{did_you_mean(min(unknown), known)}",
            path=paths.genes or paths.expression,
            remedy="name it as in the columns gene_id or name",
        )


def _plan(paths: InputPaths, inputs: Inputs, options: RunOptions, steps: tuple[str, ...]) -> dict[str, Any]:
    """What guards a resumed run; options of steps that are not done may change."""
    used = {"baseline": "baseline", "eqtl": "eqtl", "ism": "drivers", "drivers": "drivers"}
    names = sorted({used[step] for step in steps if step in used})
    # A seed that nothing is drawn with may change too.
    policy = inputs.policy if inputs.policy.n_phasings else replace(inputs.policy, seed=0)
    chosen: dict[str, Any] = {
        **asdict(policy),
        **asdict(options.evaluation),
        "samples": list(inputs.genotypes.samples),
        "genes": digest(inputs.genes.gene_id),
        "providers": {model.card.name: model.provider for model in inputs.models},
        "steps": list(steps),
        "n_covariates": len(inputs.covariates.name) if inputs.covariates else 0,
        **{name: asdict(getattr(options, name)) for name in names},
    }
    if inputs.effects:
        chosen["effects"] = [
            {"name": one.name, "tracks": list(one.tracks), "terms": one.terms} for one in inputs.effects
        ]
        chosen["predictdb"] = options.predictdb and {"with_right": options.with_right}
    if names or inputs.effects:
        chosen |= conventions("GT")
    if "drivers" in names:
        chosen["drivers"]["haploid_dosage"] = "as the card's haplotypes"
    chosen |= contigs_of_plan(paths, inputs.renamed)
    if options.finemapped and "drivers" in names:
        chosen["finemapped"] = sha256_of(options.finemapped)
    hashes = hash_inputs(paths, inputs.genotypes.paths, inputs.models)
    return plan_of(hashes, models=inputs.models, options=chosen)


def check_inputs(job: Job) -> None:
    """Look at all inputs together, and stop where a step would fail."""
    job.results.findings += preflight(job.inputs)
    if job.tell_findings:
        job.tell_findings(job.results.findings)
    require_ok(job.results.findings)


def draw_report(job: Job) -> None:
    """Draw the figures and write ``report.html``, from the files of the directory."""
    job.directory.write_provisional_manifest(job.results.manifest)
    write_report(job.directory.path, genes=job.options.report_genes)


def tell_multiqc(job: Job) -> None:
    """Write the key numbers as a section of MultiQC."""
    write_multiqc(job.directory.path, job.directory.plan, job.results.summary)


def call_before_report(job: Job) -> None:
    """Let the caller add to the directory."""
    if job.before_report:
        job.before_report(job.directory.path)


_ORDER: Final = (
    Step("check", check_inputs),
    PREDICT,
    EFFECTS,
    EVALUATE,
    PHASE,
    CERTIFICATE,
    BASELINE,
    EQTL,
    DRIVERS,
    HEADS,
    CELLS,
    EXPLAIN,
    GENES,
    AGREE,
    Step("multiqc", tell_multiqc, needs=("predictions",), writes=(MULTIQC_FILE,), asked_by=("*",)),
    Step("before_report", call_before_report, asked_by=("*",)),
    Step("report", draw_report, needs=("predictions",), writes=("figures/", "report.html")),
)
