"""`gxfast baseline --apply`: weights of others on a VCF, with what became of every weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.contigs import ContigNames
from ...io.genotype_cache import GenotypeCache
from ...io.predictdb import GeneWeights, build_of, place_of, read_predictdb
from ...io.tables import write_table
from ...io.variants import imputed_fields, places_of_ids
from ...io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ...personal.allele_match import MATCHED, AlleleFinder, Match
from ...personal.dosage_sources import AlleleDosages, DosageSource, conventions, open_dosages
from ..naming import tell_renamed, tell_vcf

__all__ = ["predict_with", "tables_beside"]

Float64Array = NDArray[np.float64]
Place = tuple[str, int]  # contig as the VCF names it, 0-based position

_NO_CONTIG: Final = "contig not in the VCF"
_NO_PLACE: Final = "id not in the VCF"
_HUMAN: Final = (*map(str, range(1, 23)), "X", "Y", "MT")  # where the ids of weights name no place
# What is probably wrong, by the status that most weights have.
_CAUSES: Final = {
    _NO_CONTIG: ("the contigs of the weights ({theirs}) are not in the VCF ({ours})",
                 "rename contigs with: bcftools annotate --rename-chrs MAP"),
    _NO_PLACE: ("the ids of the weights ({ids}) name no place, and no record of the VCF has one of them",
                "put rsids into the VCF with: bcftools annotate -c ID -a dbsnp.vcf.gz"),
    "not in the VCF": ("the VCF has no record at their places ({ids}): another build{build}, or other variants",
                       "use a VCF of the build that the weights were trained on"),
    "other alleles": ("the VCF has other alleles at their places ({ids}): another build{build}, or other alleles",
                      "use a VCF of the build that the weights were trained on; split alleles are no hindrance"),
}  # fmt: skip


@dataclass(slots=True)
class _Applied:
    """The prediction of a gene, and what became of its weights in their order."""

    values: Float64Array
    status: list[str] = field(default_factory=list)
    n_missing: int = 0

    @property
    def n_matched(self) -> int:
        return sum(status in MATCHED for status in self.status)


def predict_with(
    database: str, vcf: Sequence[str], output: str, *, samples: Sequence[str] = (), dosage: str = "GT",
    min_matched: float = 0.0, weights_table: str | None = None, contigs: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Apply a PredictDB file to genotypes (PrediXcan); write a genes x people TSV and return counts.

    Weights find their variants by allele, see `gxfast.personal.allele_match`; places are those of ``varID``, or of
    the record of the VCF whose ID is the rsid. What became of each weight is written beside the output
    (``OUT.weights.tsv``), and the share matched per gene (``OUT.genes.tsv``). A gene of which no variant is there has
    no prediction.

    Parameters
    ----------
    database, output : str
    vcf : sequence of str
    samples : sequence of str
        People; everybody by default.
    dosage : {"GT", "DS", "GP"}
    min_matched : float
        Refuse if a smaller share of all weights is matched; none at all is always refused.
    weights_table : str, optional
        Another name for the table of weights.
    contigs : str, optional
        Names of contigs, as ``--contigs``.

    Raises
    ------
    InputError
        If a file cannot be read, or too few weights are matched: then the table of weights is there and says why.
    """
    genes = read_predictdb(database)
    places = [place_of(name) for gene in genes for name in gene.variant_id]
    named = list(dict.fromkeys(place[0] for place in places if place))
    anywhere = () if all(places) else (text for name in _HUMAN for text in (f"chr{name}", name))
    chroms = list(dict.fromkeys([*named, *anywhere]))
    files = expand_patterns(vcf, chroms, ContigNames(dict.fromkeys(chroms), contigs))
    cohort = VariantFileSet(files).named_for(named, contigs)
    tell_renamed(tell_vcf(cohort))
    people = choose_samples(cohort.all_samples, list(samples), source=vcf[0])
    genotypes = GenotypeCache(cohort.subset(people))
    source, found = open_dosages(genotypes, dosage), _Places(genotypes, genes, contigs)
    applied = [_apply(gene, [found.of(gene, i) for i in range(len(gene.rsid))], source, len(people)) for gene in genes]
    beside, of_genes = tables_beside(output)
    table = weights_table or beside
    _write_weights(table, genes, applied)
    counts = Counter(status for one in applied for status in one.status)
    _refuse_few(counts, min_matched, genes, genotypes, database, table)
    _write_genes(of_genes, genes, applied)
    values = np.array([one.values for one in applied]).reshape(len(genes), len(people))
    columns: dict[str, Sequence[Any]] = {"gene_id": [gene.gene for gene in genes]}
    write_table(output, {**columns, **{name: values[:, i].tolist() for i, name in enumerate(people)}})
    n_missing = sum(one.n_missing for one in applied)
    return {
        "n_genes": len(genes),
        "n_predicted": sum(one.n_matched > 0 for one in applied),
        "n_weights": sum(counts.values()),
        "n_weights_used": sum(one.n_matched for one in applied),
        "n_people": len(people),
        "n_missing_calls": n_missing,
        "dosage": dosage,
        **conventions(dosage),
        "weights": dict(sorted(counts.items())),
        "matched_by": [status for status in MATCHED if counts[status]],
        "share_matched": {gene.gene: _share(one) for gene, one in zip(genes, applied, strict=True)},
        "tables": [table, of_genes],
        "notes": _notes(genotypes, dosage, n_missing),
    }


def tables_beside(output: str) -> tuple[str, str]:
    """Return the names of the tables of weights and of genes that `predict_with` writes beside its output."""
    stem = output.removesuffix(".tsv")
    return f"{stem}.weights.tsv", f"{stem}.genes.tsv"


class _Places:
    """Where the weights are in the VCF: by the place that an id names, else by the ID of a record."""

    def __init__(self, genotypes: GenotypeCache, genes: Sequence[GeneWeights], contigs: str | None) -> None:
        self._names = ContigNames({name: genotypes.length_of(name) for name in genotypes.contigs}, contigs)
        names = {name for gene in genes for i, name in enumerate(gene.rsid) if place_of(gene.variant_id[i]) is None}
        self._of_id = places_of_ids(genotypes.paths, names) if names else {}

    def of(self, gene: GeneWeights, i: int) -> Place | str:
        """Return a weight's place, or why it has none."""
        named = place_of(gene.variant_id[i])
        if named is None:
            named = self._of_id.get(gene.rsid[i])
        if named is None:
            return _NO_PLACE
        contig = self._names.find(named[0])
        return _NO_CONTIG if contig is None else (contig, named[1])


def _apply(gene: GeneWeights, places: Sequence[Place | str], source: DosageSource, n_people: int) -> _Applied:
    """Add up weight x dosage in the order of the weights."""
    records = {chrom: source.records(chrom, at) for chrom, at in _by_contig(places).items()}
    finders = {chrom: AlleleFinder(one.position.tolist(), one.alleles) for chrom, one in records.items()}
    result, total = _Applied(np.full(n_people, np.nan)), np.zeros(n_people)
    for i, place in enumerate(places):
        found = Match(place) if isinstance(place, str) else finders[place[0]].find(place[1], gene.ref[i], gene.alt[i])
        result.status.append(found.status)
        if not isinstance(place, str) and found.record >= 0:
            total += gene.weight[i] * _dosage(records[place[0]], found, result)
    if result.n_matched:
        result.values = total
    return result


def _dosage(records: AlleleDosages, found: Match, result: _Applied) -> NDArray[Any]:
    values, n_missing = records.of(found.record, found.allele)
    result.n_missing += n_missing
    return values


def _by_contig(places: Iterable[Place | str]) -> dict[str, NDArray[np.int64]]:
    of: dict[str, set[int]] = {}
    for place in places:
        if not isinstance(place, str):
            of.setdefault(place[0], set()).add(place[1])
    return {chrom: np.array(sorted(at), np.int64) for chrom, at in of.items()}


def _write_weights(path: str, genes: Sequence[GeneWeights], applied: Sequence[_Applied]) -> None:
    rows = [
        (gene.gene, gene.variant_id[i], gene.rsid[i], gene.ref[i], gene.alt[i], float(gene.weight[i]), status)
        for gene, one in zip(genes, applied, strict=True)
        for i, status in enumerate(one.status)
    ]
    names = ("gene", "varID", "rsid", "ref", "eff", "weight", "status")
    write_table(path, dict(zip(names, zip(*rows, strict=True) if rows else ((),) * len(names), strict=True)))


def _write_genes(path: str, genes: Sequence[GeneWeights], applied: Sequence[_Applied]) -> None:
    write_table(path, {
        "gene_id": [gene.gene for gene in genes],
        "n_weights": [len(one.status) for one in applied],
        "n_matched": [one.n_matched for one in applied],
        "share_matched": [_share(one) for one in applied],
        "n_missing_calls": [one.n_missing for one in applied],
    })  # fmt: skip


def _share(one: _Applied) -> float:
    return one.n_matched / len(one.status)


def _refuse_few(
    counts: Counter[str], least: float, genes: Sequence[GeneWeights], genotypes: GenotypeCache, database: str,
    table: str,
) -> None:  # fmt: skip
    """Refuse where too few weights are matched, with the probable cause.

    Raises
    ------
    InputError
    """
    n, matched = sum(counts.values()), sum(counts[status] for status in MATCHED)
    if not n or (matched and matched >= least * n):
        return
    worst = max(_CAUSES, key=lambda status: counts[status])
    cause, remedy = _CAUSES[worst]
    ids = [name for gene in genes for name in gene.variant_id]
    place, build = place_of(ids[0]), build_of(ids[0])
    cause = cause.format(
        ids=f"{ids[0]}, ..." if len(ids) > 1 else ids[0], theirs=place[0] if place else "", ours=genotypes.contigs[0],
        build=f" than {build}" if build else "",
    )  # fmt: skip
    raise InputError(
        f"{matched} of {n} weights are in the VCF; why {counts[worst]} are not: {cause}",
        path=database,
        remedy=f"{remedy}; {table} says what became of each weight",
    )


def _notes(genotypes: GenotypeCache, dosage: str, n_missing: int) -> list[str]:
    """What should be known of the numbers."""
    notes = []
    if n_missing:
        rule = "the most frequent dosage" if dosage == "GT" else "the mean dosage"
        notes.append(f"missing calls: {n_missing}, each took {rule} of its variant")
    if dosage == "GT" and (imputed := imputed_fields(Path(genotypes.paths[0]))):
        notes.append(f'calls (GT) were counted; the VCF has {" and ".join(imputed)} too: `dosage="{imputed[0]}"`')
    return notes
