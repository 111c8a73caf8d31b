"""What a scan reads, opened once, and the plan that guards a resumed run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..inputs import InputPaths, _genes, _hash_all
from ..io.fasta import Genome
from ..io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ..ism import Outputs, Plan, plan
from ..personal import HaplotypePolicy
from ..rundir import sha256_of
from .sources import HaplotypeSource, ReferenceSource, RowSource, SequenceSource, read_sequences
from .targets import DEFAULT_REACH, Layout, gene_layout, read_regions, region_layout, sequence_layout

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = [
    "EngineOptions",
    "SaturationInputs",
    "WindowChoice",
    "open_cohort",
    "open_plans",
    "open_saturation",
    "run_plan",
]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How mutants are computed.

    Attributes
    ----------
    outputs : Outputs
    mode : str
    n_threads : int
    check : bool
        Whether each plan is compared with the plain model before its first use.
    """

    outputs: Outputs = field(default_factory=Outputs)
    mode: str = "auto"
    n_threads: int = 1
    check: bool = True


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """Which windows, and which part of each, to scan; one source of windows.

    Attributes
    ----------
    genes : bool
        Windows of the genes; ``reach`` bases on either side of the TSS, None for all.
    reach : int or None
    regions : tuple of str
    sequences : str or None
    positions : (int, int) or None
        Of the sequences, 0-based half-open.
    """

    genes: bool = True
    reach: int | None = DEFAULT_REACH
    regions: tuple[str, ...] = ()
    sequences: str | None = None
    positions: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SaturationInputs:
    """A scan of everything, opened: a plan, the windows, and where sequences come from, per model."""

    plans: tuple[Plan, ...]
    layouts: tuple[Layout, ...]
    sources: tuple[RowSource, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, Any] = field(default_factory=dict)


def open_plans(paths: InputPaths, engine: EngineOptions) -> tuple[Plan, ...]:
    """Open the models and plan their scans.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..models.session import Model

    if len(paths.cards) not in (0, len(paths.models)):
        raise InputError(
            f"{len(paths.cards)} cards for {len(paths.models)} models", remedy="give one --card per --model"
        )
    plans = []
    for path, card in zip(paths.models, paths.cards or (None,) * len(paths.models), strict=True):
        model = Model(
            path, card=card, device=paths.device, batch_size=paths.batch_size, n_threads=engine.n_threads,
            max_bytes=None if paths.max_mem is None else max(1, paths.max_mem // 2), length=paths.length,
        )  # fmt: skip
        plans.append(plan(model, engine.outputs, engine.mode, check=64 if engine.check else 0))
    names = [one.model.card.name for one in plans]
    if len(set(names)) != len(names):
        raise InputError(f"two models have one name ({', '.join(names)})", remedy="change the name in one of the cards")
    return tuple(plans)


def open_cohort(paths: InputPaths, chroms: Sequence[str]) -> VariantFileSet:
    """Open the VCF files with the people that were chosen.

    Raises
    ------
    InputError
    """
    files = expand_patterns(paths.vcf, list(dict.fromkeys(chroms)))
    cohort = VariantFileSet(files)
    return cohort.subset(
        choose_samples(cohort.all_samples, paths.samples, source=", ".join(str(file) for file in files))
    )


def open_saturation(
    paths: InputPaths, choice: WindowChoice, policy: HaplotypePolicy, engine: EngineOptions, *, hashes: bool = True
) -> SaturationInputs:
    """Open everything that a saturation scan reads.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    plans = open_plans(paths, engine)
    models = [one.model for one in plans]
    if choice.sequences is not None:
        return _of_sequences(paths, choice, plans, hashes)
    genome = Genome(paths.fasta)
    facts: dict[str, Any] = {}
    files: list[Path] = []
    source: RowSource = ReferenceSource(genome)
    if choice.regions:
        regions = read_regions(choice.regions)
        facts["regions"] = _digest(f"{r.name} {r.chrom} {r.start} {r.end} {r.strand}" for r in regions)
        layouts = [region_layout(model.card, regions, genome) for model in models]
    else:
        genes = _genes(paths, None)
        contigs = None
        if paths.vcf:
            cohort = open_cohort(paths, genes.chrom)
            files, contigs = [file.path for file in cohort.files], cohort.contigs
            source = HaplotypeSource(genome, cohort, policy, None if paths.max_mem is None else paths.max_mem // 4)
            facts["policy"] = asdict(policy)
        facts["genes"] = _digest(genes.gene_id)
        layouts = [
            gene_layout(
                model.card, genes, genome, window=choice.reach, contigs=contigs, clip=not paths.vcf
            )
            for model in models
        ]  # fmt: skip
    found = _hash_all(paths, files, models) if hashes else {}
    return SaturationInputs(plans, tuple(layouts), (source,) * len(plans), facts, found)


def _of_sequences(paths: InputPaths, choice: WindowChoice, plans: tuple[Plan, ...], hashes: bool) -> SaturationInputs:
    path = str(choice.sequences)
    layouts, sources = [], []
    for one in plans:
        names, letters = read_sequences(path, one.model.card.read_length)
        layouts.append(sequence_layout(one.model.card, names, choice.positions))
        sources.append(SequenceSource(letters))
    found: dict[str, Any] = {}
    if hashes:
        file = {"file": Path(path).name, "size": Path(path).stat().st_size, "sha256": sha256_of(path)}
        found = {"sequences": [file], "models": _hash_models([one.model for one in plans])}
    facts = {"sequences": _digest(layouts[0].name)}
    return SaturationInputs(plans, tuple(layouts), tuple(sources), facts, found)


def _hash_models(models: Sequence[Model]) -> list[dict[str, Any]]:
    return [{"name": model.card.name, "files": dict(model.files), "card": model.card.to_json()} for model in models]


def _digest(texts: Any) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def run_plan(
    plans: Sequence[Plan], engine: EngineOptions, hashes: dict[str, Any], scan: dict[str, Any]
) -> dict[str, Any]:
    """Return everything that changes numbers, for the manifest and to guard a resumed run."""
    from .. import __version__
    from ..models.session import runtime_facts

    outputs = engine.outputs
    return {
        "gxfast": __version__,
        "versions": {"numpy": np.__version__, "onnxruntime": runtime_facts()["version"]},
        "inputs": hashes,
        "scan": {
            **scan,
            "outputs": {
                "tracks": None if outputs.tracks is None else list(outputs.tracks),
                "bins": None if outputs.bins is None else list(outputs.bins),
                "reduce": outputs.reduce,
            },
            "modes": {one.model.card.name: one.mode for one in plans},
            "providers": {one.model.card.name: one.model.provider for one in plans},
        },
    }
