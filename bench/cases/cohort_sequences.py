"""Case: the haplotype sequences of a cohort, from VCF to model-ready codes.

Work: 50 genes x 358 people x 2 haplotypes, 10,500 bp (SNVs), on the real chromosome 22 data where it is
present, else on a simulated cohort. gxfast returns the distinct sequences and who carries them; the peers make
one sequence per person and haplotype, as their users do.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.measure import ROUNDS, goals_text
from gxfast.bench.registry import Case
from gxfast.bench.result import Goal, Row
from gxfast.bench.timing import interleave
from gxfast.encode.one_hot import codes, reverse_complement
from gxfast.io.fasta import Genome
from gxfast.io.vcf import VariantFile
from gxfast.personal.batch import HaplotypeBatch, haplotypes
from gxfast.personal.policy import HaplotypePolicy
from gxfast.types import Windows

__all__ = ["cases"]

_SNV = HaplotypePolicy(variants="snv")
# bcftools processes per round; the whole job would be genes x people x 2 of them.
_SAMPLED = {"tiny": 6, "small": 20, "real": 60}
_GOALS = (
    Goal("processes", "bcftools consensus process", 500),
    Goal("loop", "pysam+numpy, one fetch per person", 30),
)


@dataclass(frozen=True, slots=True)
class _Work:
    fasta: Path
    vcf: Path
    windows: Windows
    source: str


def _run(size: str, data: Path | None) -> Row:
    """Measure the case at one size; ``data`` is the folder of real data, if there is one."""
    with tempfile.TemporaryDirectory() as scratch:
        work = _real_work(data, size) if data else _simulated_work(Path(scratch), size)
        batch = haplotypes(Genome(work.fasta), VariantFile(work.vcf), work.windows, policy=_SNV)
        n = 2 * len(batch.samples) * len(work.windows)
        few = range(0, len(batch.samples), max(1, len(batch.samples) // 5))
        contenders: dict[str, Callable[[], object]] = {
            "gxfast": lambda: _gxfast(work),
            "pysam+numpy, one fetch per person": lambda: deque(_fetch_per_person(work, few), maxlen=0),
            "pysam+numpy, people in a loop": lambda: deque(_person_loop(work), maxlen=0),
            "pysam+numpy, all people per record": lambda: deque(_record_loop(work), maxlen=0),
        }
        equal = _md5(_person_loop(work)) == _md5(_record_loop(work)) == _md5(_per_person(batch))
        equal = equal and _md5(_fetch_per_person(work, few)) == _md5(
            coded[carriers[person]] for coded, carriers in _coded(batch) for person in few
        )
        absent, sampled = {}, 0
        if shutil.which("bcftools") and shutil.which("samtools"):
            sampled = _SAMPLED[size]
            jobs = _sample_jobs(work, batch, sampled)
            equal = equal and all(_bcftools(work, job) == _expected(batch, job) for job in jobs)
            contenders["bcftools consensus process"] = lambda: [_bcftools(work, job) for job in jobs]
        else:
            absent["bcftools consensus process"] = "apt-get install bcftools samtools"
        timed = interleave(contenders, rounds=ROUNDS[size])
    own = timed["gxfast"]
    scale = {
        "bcftools consensus process": n / max(sampled, 1),
        "pysam+numpy, one fetch per person": len(batch.samples) / len(few),
    }
    peers, spread = {}, {}
    for name, measured in timed.items():
        if name == "gxfast":
            continue
        ratios = [p * scale.get(name, 1.0) / o for p, o in zip(measured.seconds, own.seconds, strict=True)]
        peers[name] = measured.median * scale.get(name, 1.0) / own.median
        spread[name] = (min(ratios), max(ratios))
    return Row(
        case="cohort-sequences",
        goal=goals_text(_GOALS),
        goals=_GOALS,
        value=own.median,
        equal=equal,
        peers=peers,
        spread=spread,
        absent=absent,
        note=f"{work.source}; {n} haplotypes, {int(batch.n_haplotypes.sum())} distinct; "
        f"bcftools: {sampled} processes timed, extrapolated to {n}; one fetch per person: {len(few)} people timed, "
        f"extrapolated to {len(batch.samples)}",
    )


def cases() -> dict[str, Case]:
    """Return the case by name."""
    return {"cohort-sequences": lambda size: _run(size, data_folder())}


def _gxfast(work: _Work) -> NDArray[np.uint8]:
    """Files opened, indices loaded and checked, sequences built: everything a user's first call does."""
    batch = haplotypes(Genome(work.fasta), VariantFile(work.vcf), work.windows, policy=_SNV)
    return codes(batch.sequences)


def _coded(batch: HaplotypeBatch) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    coded = codes(batch.sequences)
    for carriers in batch.carriers:
        yield coded, carriers


def _per_person(batch: HaplotypeBatch) -> Iterator[NDArray[np.uint8]]:
    for coded, carriers in _coded(batch):
        yield coded[carriers.reshape(-1)]


def _md5(arrays: Iterable[NDArray[np.uint8]]) -> str:
    check = hashlib.md5(usedforsecurity=False)
    for array in arrays:
        check.update(array.tobytes())
    return check.hexdigest()


def _codes_table() -> NDArray[np.uint8]:
    lut = np.full(256, 4, np.uint8)
    for code, base in enumerate("ACGT"):
        lut[[ord(base), ord(base.lower())]] = code
    return lut


def _flip(sequences: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flipped = sequences[..., ::-1]
    return np.where(flipped < 4, 3 - flipped, 4).astype(np.uint8)


def _fetch_per_person(work: _Work, people: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """The usual script, per gene and person: fetch the reference and the records, put this person's alleles in."""
    import pysam

    lut = _codes_table()
    with pysam.FastaFile(str(work.fasta)) as fasta, pysam.VariantFile(str(work.vcf)) as vcf:
        samples = list(vcf.header.samples)
        for w, chrom in enumerate(work.windows.chrom):
            start, end = int(work.windows.start[w]), int(work.windows.start[w]) + work.windows.length
            for person in people:
                reference = lut[np.frombuffer(fasta.fetch(chrom, start, end).encode(), np.uint8)]
                pair = np.stack([reference, reference])
                for record in vcf.fetch(chrom, start, end):
                    calls = record.samples[samples[person]]["GT"]
                    for copy in (0, 1):
                        if calls[copy] and all(len(a) == 1 for a in record.alleles):
                            pair[copy, record.pos - 1 - start] = lut[ord(record.alleles[calls[copy]])]
                yield _flip(pair) if work.windows.reverse[w] else pair


def _genes_with_records(work: _Work) -> Iterator[tuple[int, int, NDArray[np.uint8], Any, list[str]]]:
    """Per gene: window index, start, reference codes, its records (read once), sample names."""
    import pysam

    lut = _codes_table()
    with pysam.FastaFile(str(work.fasta)) as fasta, pysam.VariantFile(str(work.vcf)) as vcf:
        samples = list(vcf.header.samples)
        for w, chrom in enumerate(work.windows.chrom):
            start, end = int(work.windows.start[w]), int(work.windows.start[w]) + work.windows.length
            reference = lut[np.frombuffer(fasta.fetch(chrom, start, end).encode(), np.uint8)]
            snvs = (r for r in vcf.fetch(chrom, start, end) if all(len(allele) == 1 for allele in r.alleles))
            yield w, start, reference, snvs, samples


def _person_loop(work: _Work) -> Iterator[NDArray[np.uint8]]:
    """A better script: records of a gene kept in a list, then person by person."""
    lut = _codes_table()
    for w, start, reference, snvs, samples in _genes_with_records(work):
        records = list(snvs)
        for name in samples:
            for copy in (0, 1):
                sequence = reference.copy()
                for record in records:
                    allele = record.samples[name]["GT"][copy]
                    if allele:
                        sequence[record.pos - 1 - start] = lut[ord(record.alleles[allele])]
                yield _flip(sequence) if work.windows.reverse[w] else sequence


def _record_loop(work: _Work) -> Iterator[NDArray[np.uint8]]:
    """A careful script: genotypes of all people per record as an array, SNVs set by fancy indexing."""
    lut = _codes_table()
    for w, start, reference, snvs, samples in _genes_with_records(work):
        sequences = np.tile(reference, (2 * len(samples), 1))
        for record in snvs:
            letters = lut[np.frombuffer("".join(record.alleles).encode(), np.uint8)]
            calls = np.array([record.samples[name]["GT"] for name in samples]).reshape(-1)
            sequences[:, record.pos - 1 - start] = letters[calls]
        yield _flip(sequences) if work.windows.reverse[w] else sequences


_Job = tuple[int, int, int]


def _sample_jobs(work: _Work, batch: HaplotypeBatch, n: int) -> list[_Job]:
    rng = np.random.default_rng(11)
    return [
        (int(rng.integers(len(work.windows))), int(rng.integers(len(batch.samples))), int(rng.integers(2)))
        for _ in range(n)
    ]


def _expected(batch: HaplotypeBatch, job: _Job) -> bytes:
    w, person, copy = job
    row = int(batch.carriers[w, person, copy])
    return bytes(batch.sequences[row])


def _bcftools(work: _Work, job: _Job) -> bytes:
    """One sequence as the published pipelines make it: samtools faidx piped into bcftools consensus."""
    w, person, copy = job
    start = int(work.windows.start[w])
    region = f"{work.windows.chrom[w]}:{start + 1}-{start + work.windows.length}"
    sample = VariantSamples.of(work.vcf)[person]
    reference = subprocess.run(["samtools", "faidx", work.fasta, region], capture_output=True, check=True)
    consensus = subprocess.run(
        ["bcftools", "consensus", "-H", str(copy + 1), "-s", sample, work.vcf],
        input=reference.stdout, capture_output=True, check=True,
    )  # fmt: skip
    sequence = b"".join(consensus.stdout.splitlines()[1:]).upper()
    flipped: bytes = reverse_complement(sequence) if work.windows.reverse[w] else sequence
    return flipped


class VariantSamples:
    """Sample names of a VCF, read once (the peers' timing must not pay for it)."""

    _known: dict[Path, tuple[str, ...]] = {}  # noqa: RUF012

    @classmethod
    def of(cls, vcf: Path) -> tuple[str, ...]:
        if vcf not in cls._known:
            cls._known[vcf] = VariantFile(vcf).samples
        return cls._known[vcf]


def _windows(chrom: list[str], tss: list[int], strand: list[str], length: int) -> Windows:
    minus = np.array([s == "-" for s in strand])
    at = np.array(tss, np.int64)
    before = np.where(minus, length // 3, length - 1 - length // 3)
    return Windows(tuple(chrom), at - before, length, at, minus)


def _real_work(data: Path, size: str) -> _Work:
    folder = data / "geuvadis_chr22"
    with gzip.open(folder / "golden" / "xpresso_gm12878.personal.tsv.gz", "rt") as handle:
        next(handle)
        rows = [line.split("\t", 3)[:3] for line in handle]
    rows = rows[: {"tiny": 5, "small": 20, "real": 50}[size]]
    windows = _windows(["chr22"] * len(rows), [int(r[1]) - 1 for r in rows], [r[2] for r in rows], 10_500)
    source = f"Geuvadis chr22, {len(rows)} genes x 358 people"
    return _Work(
        folder / "ref" / "chr22.hg19.to20Mb.fa.gz",
        folder / "geno" / "geuvadis358.chr22.vcf.gz",
        windows,
        source,
    )


def _simulated_work(folder: Path, size: str) -> _Work:
    from gxfast.demo import simulate_cohort
    from gxfast.io.tables import read_genes

    people, n_genes = {"tiny": (20, 9), "small": (80, 20), "real": (358, 50)}[size]
    cohort = simulate_cohort(folder, n_people=people, n_genes=n_genes)
    genes = read_genes(cohort.genes)
    inside = [g for g in range(len(genes)) if genes.tss[g] > 4000]
    windows = _windows(
        [genes.chrom[g] for g in inside],
        [int(genes.tss[g]) for g in inside],
        [genes.strand[g] for g in inside],
        2048,
    )
    source = f"simulated, {len(inside)} genes x {people} people"
    return _Work(cohort.fasta, _snvs_of(cohort.vcf), windows, source)


def _snvs_of(vcf: Path) -> Path:
    """Copy the SNVs of a VCF: bcftools consensus, like the pipelines that use it, applies whatever is there."""
    import pysam.bcftools

    snvs = vcf.with_name("snvs.vcf.gz")
    pysam.bcftools.view("-v", "snps", "-Oz", "-o", str(snvs), str(vcf), catch_stdout=False)
    pysam.tabix_index(str(snvs), preset="vcf", force=True)
    return snvs


def data_folder() -> Path | None:
    """The folder of real data named by GXFAST_DATA, if it is there."""
    named = os.environ.get("GXFAST_DATA")
    return Path(named) if named and (Path(named) / "geuvadis_chr22").is_dir() else None
