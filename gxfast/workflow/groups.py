"""Populations of the people of a job, and the sets of its genes."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError
from ..evaluation.alignment import strip_version
from ..io.tables.groups import read_gene_split, read_populations
from ..io.vcf_set import VariantFileSet
from ..types import GeneTable

__all__ = ["open_gene_split", "open_populations"]


def open_populations(path: str, cohort: VariantFileSet | None) -> Mapping[str, str]:
    """Populations of the people of a job; nobody of them in the table is refused."""
    found = read_populations(path)
    if cohort is not None and not any(name in found for name in cohort.samples):
        raise InputError(
            f"nobody of the VCF ({', '.join(cohort.samples[:3])}, ...) is in the table of populations "
            f"({', '.join(list(found)[:3])}, ...)",
            path=path, remedy="use the names of the samples",
        )  # fmt: skip
    return found


def open_gene_split(path: str, genes: GeneTable | None) -> Mapping[str, str]:
    """Sets of the genes of a job, by id, Ensembl ids also without version; no gene in the table is refused."""
    found = read_gene_split(path)
    if genes is None:
        return found
    stems: dict[str, str] = {}
    apart = {stem for gene, name in found.items() if stems.setdefault(stem := strip_version(gene), name) != name}
    unsure = next((gene for gene in genes.gene_id if gene not in found and strip_version(gene) in apart), None)
    if unsure is not None:
        raise InputError(
            f"versions of {strip_version(unsure)} are in two sets of the split", path=path, record=unsure,
            remedy="keep one row of each gene",
        )  # fmt: skip
    mine = {gene: name for gene in genes.gene_id if (name := found.get(gene) or stems.get(strip_version(gene)))}
    if not mine:
        raise InputError(
            f"no gene ({', '.join(genes.gene_id[:3])}, ...) is in the split ({', '.join(list(found)[:3])}, ...)",
            path=path, remedy="use the ids of the genes",
        )  # fmt: skip
    return mine
