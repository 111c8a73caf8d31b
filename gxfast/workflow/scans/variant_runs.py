"""``gxfast ism variants``: what it reads, and its blocks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from ...errors import InputError
from ...io.fasta import Genome
from ...io.vcf_set import expand_patterns
from ...io.vcf_sites import SiteFileSet, has_genotypes
from ...personal.observed import AlleleSource
from ...personal.policy import HaplotypePolicy
from ..inputs import named_genes, open_genotypes, open_plans
from ..naming import contig_names, contigs_of_plan, tell_renamed, tell_vcf
from ..options import EngineOptions, InputPaths
from ..provenance import digest, hash_inputs
from .observed import VariantOptions, VariantScan, compute_variants, people_of
from .targets import gene_layout
from .work import Compute

__all__ = ["VariantInputs", "open_variants", "variant_scan"]

# Alleles per window that are reckoned with when work is cut into blocks.
_TYPICAL_ALLELES = 2000


@dataclass(frozen=True, slots=True)
class VariantInputs:
    """A scan of observed variants, opened: one `VariantScan` per model."""

    scans: tuple[VariantScan, ...]
    options: VariantOptions
    samples: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, Any] = field(default_factory=dict)

    @property
    def computing(self) -> list[Compute]:
        """What computes a block, per model."""
        return [partial(compute_variants, scan) for scan in self.scans]


def open_variants(
    paths: InputPaths, policy: HaplotypePolicy, options: VariantOptions, engine: EngineOptions, *, hashes: bool = True
) -> VariantInputs:
    """Open everything that a scan of observed variants reads.

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
    plans = open_plans(paths, engine)
    share = None if paths.max_mem is None else paths.max_mem // 4
    scans = tuple(
        VariantScan(
            one, gene_layout(one.model.card, genes, genome, window=None, genotypes=alleles, clip=False), genome,
            alleles, people_of(options, genome, alleles, policy, share), policy, options,
        )
        for one in plans
    )  # fmt: skip
    facts = {
        "genes": digest(genes.gene_id), "policy": asdict(policy),
        **asdict(options), **contigs_of_plan(paths, told),
    }  # fmt: skip
    found = hash_inputs(paths, files, [one.model for one in plans]) if hashes else {}
    return VariantInputs(scans, options, tuple(alleles.samples), facts, found)


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
        }
        for scan in inputs.scans
    ]
    return {"kind": "variants", "models": models, "samples": list(inputs.samples), **inputs.facts}
