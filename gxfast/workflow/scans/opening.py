"""What a scan reads, opened once, and the plan that guards a resumed run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...io.fasta import Genome
from ...io.files import sha256_of
from ...ism import Plan
from ...personal.policy import HaplotypePolicy
from ..inputs import _genes, open_genotypes, open_plans
from ..options import InputPaths
from ..provenance import _digest, _hash_all, _hash_models
from .sources import HaplotypeSource, ReferenceSource, RowSource, SequenceSource, read_sequences
from .targets import Layout, gene_layout, read_regions, region_layout, sequence_layout

if TYPE_CHECKING:
    from ..options import EngineOptions, WindowChoice

__all__ = ["SaturationInputs", "open_saturation"]


@dataclass(frozen=True, slots=True)
class SaturationInputs:
    """A scan of everything, opened: a plan, the windows, and where sequences come from, per model."""

    plans: tuple[Plan, ...]
    layouts: tuple[Layout, ...]
    sources: tuple[RowSource, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, Any] = field(default_factory=dict)


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
            cohort = open_genotypes(paths, genes.chrom)
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
