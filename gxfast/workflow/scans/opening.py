"""What a scan reads, opened once, and the plan that guards a resumed run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...io.fasta import Genome
from ...ism import Plan
from ...personal.policy import HaplotypePolicy
from ..inputs import named_genes, open_genotypes, open_plans
from ..naming import contig_names, contigs_of_plan, tell_renamed, tell_vcf
from ..options import InputPaths
from ..provenance import digest, hash_files, hash_inputs, hash_models, plan_of
from .saturation import compute_block
from .sources import HaplotypeSource, ReferenceSource, RowSource, SequenceSource, read_sequences
from .targets import Layout, gene_layout, named_regions, read_regions, region_layout, sequence_layout
from .work import Compute

if TYPE_CHECKING:
    from ..options import EngineOptions, WindowChoice

__all__ = ["SaturationInputs", "open_saturation", "outputs_facts", "scan_plan"]


@dataclass(frozen=True, slots=True)
class SaturationInputs:
    """A scan of everything, opened: a plan, the windows, and where sequences come from, per model."""

    plans: tuple[Plan, ...]
    layouts: tuple[Layout, ...]
    sources: tuple[RowSource, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, Any] = field(default_factory=dict)

    @property
    def computing(self) -> list[Compute]:
        """What computes a block, per model."""
        parts = zip(self.plans, self.layouts, self.sources, strict=True)
        return [partial(compute_block, plan, layout, source) for plan, layout, source in parts]


def open_saturation(
    paths: InputPaths,
    choice: WindowChoice,
    policy: HaplotypePolicy | None,
    engine: EngineOptions,
    *,
    hashes: bool = True,
) -> SaturationInputs:
    """Open everything that a saturation scan reads.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    plans = open_plans(paths, engine)
    models = [one.model for one in plans]
    if choice.sequences is not None:
        return _of_sequences(choice, plans, hashes)
    genome = Genome(paths.fasta)
    names = contig_names(paths, genome)
    facts: dict[str, Any] = {}
    files: list[Path] = []
    source: RowSource = ReferenceSource(genome)
    if choice.regions:
        regions = read_regions(choice.regions)
        told = names.renamed("regions", [region.chrom for region in regions])
        regions = named_regions(regions, names)
        facts["regions"] = digest(f"{r.name} {r.chrom} {r.start} {r.end} {r.strand}" for r in regions)
        layouts = [region_layout(model.card, regions, genome) for model in models]
    else:
        genes, told = named_genes(paths, names=names)
        cohort = None
        if paths.vcf:
            cohort = open_genotypes(paths, genes.chrom, names)
            told += tell_vcf(cohort)
            files = [file.path for file in cohort.files]
            source = HaplotypeSource(genome, cohort, policy, None if paths.max_mem is None else paths.max_mem // 4)
            facts["policy"] = asdict(policy or HaplotypePolicy())
        facts["genes"] = digest(genes.gene_id)
        layouts = [
            gene_layout(
                model.card, genes, genome, window=choice.reach, genotypes=cohort, clip=not paths.vcf
            )
            for model in models
        ]  # fmt: skip
    tell_renamed(told)
    facts |= contigs_of_plan(paths, told)
    found = hash_inputs(paths, files, models) if hashes else {}
    return SaturationInputs(plans, tuple(layouts), (source,) * len(plans), facts, found)


def _of_sequences(choice: WindowChoice, plans: tuple[Plan, ...], hashes: bool) -> SaturationInputs:
    path = str(choice.sequences)
    layouts, sources = [], []
    for one in plans:
        names, letters = read_sequences(path, one.model.card.read_length)
        layouts.append(sequence_layout(one.model.card, names, choice.positions))
        sources.append(SequenceSource(letters))
    found: dict[str, Any] = {}
    if hashes:
        found = {**hash_files({"sequences": path}), "models": hash_models([one.model for one in plans])}
    facts = {"sequences": digest(layouts[0].name)}
    return SaturationInputs(plans, tuple(layouts), tuple(sources), facts, found)


def outputs_facts(engine: EngineOptions) -> dict[str, Any]:
    """Return the outputs that were chosen, JSON-serialisable."""
    outputs = engine.outputs
    return {
        "tracks": None if outputs.tracks is None else list(outputs.tracks),
        "bins": None if outputs.bins is None else list(outputs.bins),
        "reduce": outputs.reduce,
    }


def scan_plan(
    plans: Sequence[Plan], engine: EngineOptions, hashes: dict[str, Any], scan: dict[str, Any]
) -> dict[str, Any]:
    """Return what guards a resumed scan, see `plan_of`."""
    models = [one.model for one in plans]
    how = {
        "outputs": outputs_facts(engine),
        "modes": {one.model.card.name: one.mode for one in plans},
        "providers": {model.card.name: model.provider for model in models},
    }
    return plan_of(hashes, models=models, scan={**scan, **how})
