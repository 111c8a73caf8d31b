"""What the demo must give, computed slowly from the cohort's files with the standard library and NumPy.

It shares no code with the readers, the haplotype builder or the model runner of the package, so that it can
be used to check them.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gxfast.demo.model import LENGTH, TSS_INDEX, predict
from gxfast.demo.simulate import DemoCohort

__all__ = ["OraclePredictions", "haplotype_sequence", "person_predictions", "read_expression", "read_fasta"]

Floats = NDArray[np.float64]
Edit = tuple[int, str, str]  # 0-based position, REF, ALT carried

_PAIRS = str.maketrans("ACGTN", "TGCAN")


@dataclass(frozen=True, slots=True)
class OraclePredictions:
    """Predictions of the demo model for everybody.

    Attributes
    ----------
    gene_id, samples : tuple of str, length G and S
    haplotypes : float64 array, shape (G, S, 2)
        Prediction for each copy; the person's value is the mean over the last axis.
    reference : float64 array, shape (G,)
    n_variants : tuple of int, length G
        Records with REF inside the window that somebody carries.
    n_haplotypes : tuple of int, length G
        Distinct sequences among the people.
    """

    gene_id: tuple[str, ...]
    samples: tuple[str, ...]
    haplotypes: Floats
    reference: Floats
    n_variants: tuple[int, ...]
    n_haplotypes: tuple[int, ...]


def person_predictions(cohort: DemoCohort) -> OraclePredictions:
    """Read the cohort's FASTA, VCF and genes and predict for every haplotype of every person."""
    genome = read_fasta(cohort.fasta)
    samples, records = _read_vcf(cohort.vcf)
    rows = [line.split("\t") for line in cohort.genes.read_text().splitlines()[1:]]
    haplotypes = np.empty((len(rows), len(samples), 2))
    reference, n_variants, n_haplotypes = np.empty(len(rows)), [], []
    for g, (_, chrom, tss, strand, _) in enumerate(rows):
        position = int(tss) - 1
        low, high = position - LENGTH, position + LENGTH  # wide enough for any indel of the cohort
        near = [record for record in records[chrom] if low <= record[0] < high]
        index: dict[str, int] = {haplotype_sequence(genome[chrom], [], position, strand): 0}
        which = np.empty((len(samples), 2), np.int64)
        for s in range(len(samples)):
            for copy in (0, 1):
                edits = _edits(near, s, copy)
                text = haplotype_sequence(genome[chrom], edits, position, strand)
                which[s, copy] = index.setdefault(text, len(index))
        values = predict(np.stack([np.frombuffer(text.encode(), np.uint8) for text in index]))
        haplotypes[g], reference[g] = values[which], values[0]
        start = position - (TSS_INDEX if strand == "+" else LENGTH - 1 - TSS_INDEX)
        n_variants.append(sum(start <= at and at + len(a[0]) <= start + LENGTH for at, a, _ in near))
        n_haplotypes.append(len(np.unique(which)))
    gene_id = tuple(row[0] for row in rows)
    return OraclePredictions(gene_id, samples, haplotypes, reference, tuple(n_variants), tuple(n_haplotypes))


def haplotype_sequence(contig: str, edits: list[Edit], tss: int, strand: str) -> str:
    """Return the model's window on a haplotype, keeping the TSS at its index whatever the indels.

    Parameters
    ----------
    contig : str
        Reference, upper case.
    edits : list of (position, ref, alt)
        0-based, sorted, not overlapping, none across the TSS.
    tss : int
        0-based.
    strand : str
        ``"+"`` or ``"-"``.

    Returns
    -------
    str
        2,048 upper-case bases in the orientation of the model, N past the ends of the contig.
    """
    left, right = [], []
    at = 0
    for position, ref, alt in edits:
        if position + len(ref) <= tss:
            left += [contig[at:position], alt]
            at = position + len(ref)
    left.append(contig[at:tss])
    at = tss
    for position, ref, alt in edits:
        if position >= tss:
            right += [contig[at:position], alt]
            at = position + len(ref)
    right.append(contig[at : at + LENGTH])
    before = TSS_INDEX if strand == "+" else LENGTH - 1 - TSS_INDEX
    text = "".join(left).rjust(LENGTH, "N")[-before:] + "".join(right).ljust(LENGTH, "N")[: LENGTH - before]
    return text if strand == "+" else text[::-1].translate(_PAIRS)


def read_fasta(path: str | Path) -> dict[str, str]:
    """Return the contigs of a (compressed) FASTA as upper-case text."""
    result: dict[str, str] = {}
    for part in _text(path).split(">")[1:]:
        name, _, bases = part.partition("\n")
        result[name.split()[0]] = bases.replace("\n", "").upper()
    return result


def read_expression(path: str | Path, samples: tuple[str, ...]) -> Floats:
    """Return the table of a FastQTL BED as (G, S), people in the order asked for."""
    lines = _text(path).splitlines()
    header = lines[0].split("\t")
    columns = [header.index(sample) for sample in samples]
    return np.array([[float(line.split("\t")[c]) for c in columns] for line in lines[1:]])


def _text(path: str | Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return handle.read()


_Record = tuple[int, list[str], list[list[int]]]


def _read_vcf(path: str | Path) -> tuple[tuple[str, ...], dict[str, list[_Record]]]:
    samples: tuple[str, ...] = ()
    records: dict[str, list[_Record]] = {}
    for line in _text(path).splitlines():
        if line.startswith("##"):
            continue
        fields = line.split("\t")
        if line.startswith("#"):
            samples = tuple(fields[9:])
            continue
        alleles = [fields[3], *fields[4].split(",")]
        calls = [[int(allele) for allele in call.split("|")] for call in fields[9:]]
        records.setdefault(fields[0], []).append((int(fields[1]) - 1, alleles, calls))
    return samples, records


def _edits(records: list[_Record], sample: int, copy: int) -> list[Edit]:
    carried = [(at, alleles, calls[sample][copy]) for at, alleles, calls in records]
    return [(at, alleles[0], alleles[number]) for at, alleles, number in carried if number]
