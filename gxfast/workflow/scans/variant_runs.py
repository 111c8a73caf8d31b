"""``gxfast ism variants``: what it reads, and its blocks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from ..._memory import require_bytes
from ...errors import InputError
from ...io.contigs import ContigNames
from ...io.fasta import Genome
from ...io.tables import ExonTable
from ...io.vcf_set import expand_patterns
from ...io.vcf_sites import SiteFileSet, has_genotypes
from ...ism import Plan
from ...models.gene_windows import GeneBins
from ...personal.observed import AlleleSource
from ...personal.policy import HaplotypePolicy
from ...types import GeneTable
from ..inputs import named_genes, open_exons, open_genotypes, open_plans
from ..naming import contig_names, contigs_of_plan, tell_renamed, tell_vcf
from ..options import EngineOptions, InputPaths
from ..provenance import digest, hash_inputs, plan_of
from .background_cache import BackgroundCache
from .backgrounds import BackgroundScan
from .gene_scores import GeneScorer
from .observed import VariantOptions, VariantScan, compute_variants, people_of, predictor_of
from .opening import outputs_facts
from .targets import Layout, gene_layout
from .work import Compute

__all__ = ["VariantInputs", "open_variants", "variant_scan"]

# Alleles per window that are reckoned with when work is cut into blocks.
_TYPICAL_ALLELES = 2000


@dataclass(frozen=True, slots=True)
class VariantInputs:
    """A scan of observed variants, opened: one `VariantScan` per model, and its `BackgroundScan` where one is asked."""

    scans: tuple[VariantScan, ...]
    options: VariantOptions
    samples: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, Any] = field(default_factory=dict)
    backgrounds: tuple[BackgroundScan, ...] = ()

    @property
    def computing(self) -> list[Compute]:
        """What computes a block, per model."""
        return [partial(compute_variants, scan) for scan in self.scans]


def open_variants(
    paths: InputPaths, policy: HaplotypePolicy, options: VariantOptions, engine: EngineOptions, *, hashes: bool = True,
    background_cache: str | None = None,
) -> VariantInputs:  # fmt: skip
    """Open everything that a scan of observed variants reads.

    Backgrounds are kept in ``background_cache``, where ``hashes`` say what they are of.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    genome = Genome(paths.fasta)
    names = contig_names(paths, genome)
    genes, told = named_genes(paths, names=names)
    files = expand_patterns(paths.vcf, list(dict.fromkeys(genes.chrom)), names)
    if not files:
        raise InputError("no VCF given", remedy="name one with `vcf=`")
    alleles: AlleleSource
    if has_genotypes(files):
        alleles = open_genotypes(paths, genes.chrom, names)
        told += tell_vcf(alleles)
    elif paths.samples or options.on == "haplotypes" or options.allele == "most-common":
        what = (
            "people were named" if paths.samples else f'`on="{options.on}"` `allele="{options.allele}"` was asked for'
        )
        raise InputError(
            f"{what}, but the file has no genotypes (sites only)", path=files[0],
            remedy="give the VCF with the sample columns",
        )  # fmt: skip
    else:
        alleles = SiteFileSet(files).named_by(names)
        told += tell_vcf(alleles)
    tell_renamed(told)
    plans = open_plans(paths, engine, of_genes=True)
    exons = open_exons(paths, [one.model for one in plans], names)
    _refuse_options(plans, options)
    found = hash_inputs(paths, files, [one.model for one in plans]) if hashes else {}
    backgrounds: tuple[BackgroundScan, ...] = ()
    if options.background:
        backgrounds = _open_backgrounds(paths, names, genome, plans, engine, options.background)
        if background_cache and hashes:
            for one in backgrounds:
                one.cache = BackgroundCache(background_cache, one.plan.model.card.name, _settings(one, engine, found))
    share = None if paths.max_mem is None else paths.max_mem // 4
    ranked = [one.edges for one in backgrounds] if backgrounds else [None] * len(plans)
    laid_out = [_laid_out(one, genes, genome, alleles, exons, options.align) for one in plans]
    people = [people_of(options, genome, alleles, policy, share) for _ in plans]
    scans = tuple(
        VariantScan(one, layout, genome, alleles, source, policy, options, edges, scorer)
        for one, source, edges, (layout, scorer) in zip(plans, people, ranked, laid_out, strict=True)
    )
    facts = {
        "genes": digest(genes.gene_id), "policy": asdict(policy),
        **asdict(options), **contigs_of_plan(paths, told),
    }  # fmt: skip
    return VariantInputs(scans, options, tuple(alleles.samples), facts, found, backgrounds)


def _refuse_options(plans: Sequence[Plan], options: VariantOptions) -> None:
    """Refuse what is not possible where a card reads out the exons of each gene, and what has a meaning there alone."""
    masked = [one.model for one in plans if one.model.card.gene_mask is not None]
    given = {
        f'on="{options.on}"': options.on != "reference", f"background={options.background}": options.background > 0
    }  # fmt: skip
    for argument in (name for name, yes in given.items() if yes and masked):
        raise InputError(
            f"{masked[0].card.name} reads out the exons of each gene: `{argument}` is not possible",
            path=masked[0].path, record="output.gene_mask", remedy="leave it out",
        )  # fmt: skip
    if not masked and options.align != "reference":
        raise InputError(
            f'`align="{options.align}"` belongs to a card that reads out the exons of each gene (output.gene_mask)',
            remedy="leave it out",
        )


def _laid_out(
    plan: Plan, genes: GeneTable, genome: Genome, alleles: AlleleSource, exons: ExonTable | None, align: str
) -> tuple[Layout, GeneScorer | None]:
    """Lay out the windows of genes, and what scores by their bins; a gene without exons has a status."""
    layout = gene_layout(plan.model.card, genes, genome, window=None, genotypes=alleles, clip=False)
    model = predictor_of(plan)
    bins = GeneBins.of(model, genes, exons)
    if bins is None:
        return layout, None
    status = list(layout.status)
    partly = bins.settle(status)["genes_partly_outside_bins"]
    if "ok" not in status:
        remedy = "give the GTF of the genes' assembly, with the same ids, with `exons=`"
        raise InputError(f"no gene can be scanned: {status[0]} for the first of them", remedy=remedy)
    if partly:
        logging.getLogger("gxfast").warning(
            "%s: %d of %d genes have exons outside the bins that the model gives; the rest of them is read out",
            plan.model.card.name, partly, len(status),
        )  # fmt: skip
    layout = replace(layout, status=tuple(status))
    return layout, GeneScorer(model, genome, layout, bins, align)


def _open_backgrounds(
    paths: InputPaths, names: ContigNames, genome: Genome, plans: Sequence[Plan], engine: EngineOptions, n: int
) -> tuple[BackgroundScan, ...]:
    """Lay out the backgrounds: of all genes of the list, whichever regions are scanned.

    Raises
    ------
    InputError
        If their effects would not fit into memory.
    """
    genes = named_genes(replace(paths, regions=()), names=names)[0]
    for one in plans:
        needed = 20 * n * len(one.tracks)  # float32: in blocks, as one array, sorted, sorted by size, the largest part
        remedy = "take fewer tracks (`track=`), or a smaller `background=`"
        require_bytes(needed, f"{one.model.path}: the background", remedy, paths.max_mem)
    found = tuple(
        BackgroundScan(one, gene_layout(one.model.card, genes, genome, window=None, clip=False), genome, n)
        for one in plans
    )
    for scan in found:
        drawn = scan.facts["drawn"]
        if drawn < n:
            logging.getLogger("gxfast").warning(
                "%s: the background has %d random SNVs, not %d: some strata of %d windows have no more known bases",
                scan.plan.model.card.name, drawn, n, len(scan.windows),
            )  # fmt: skip
    return found


def _settings(scan: BackgroundScan, engine: EngineOptions, hashes: dict[str, Any]) -> dict[str, Any]:
    """Everything that a background depends on: contents of files, not their names."""
    model = scan.plan.model
    return plan_of(
        {"fasta": [file["sha256"] for file in hashes["fasta"]], "model": sorted(model.files.values())},
        models=[model], card=model.card.to_json(), outputs=outputs_facts(engine), tracks=list(scan.plan.tracks),
        mode=scan.plan.mode, provider=model.provider, background=scan.facts,
    )  # fmt: skip


def variant_scan(inputs: VariantInputs) -> dict[str, Any]:
    """Return what the outputs are made by, JSON-serialisable."""
    models = [
        {
            "name": scan.plan.model.card.name,
            "tracks": list(scan.plan.tracks),
            "positions": 1,
            "windows": len(scan.layout),
            "values": len(scan.plan.tracks) * _TYPICAL_ALLELES,
            "max_rows": scan.people.max_rows,
            **({"background": one.facts} if one else {}),
        }
        for scan, one in zip(inputs.scans, inputs.backgrounds or [None] * len(inputs.scans), strict=True)
    ]
    return {"kind": "variants", "models": models, "samples": list(inputs.samples), **inputs.facts}
