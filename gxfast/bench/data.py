"""Data of the cases, made from seeds: sequences, and a cohort with its files.

The cohort has the densities of a simulated European panel: 8 sites per kb, allele frequencies of a neutral
population (1/i), linkage that decays along the chromosome, GC 0.41, half of the reference soft-masked. No two
carried variants of a haplotype overlap, and indels are left-aligned, so all correct tools must agree.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CHROM", "SIZES", "Cohort", "CohortSize", "make_cohort", "make_sequences", "open_cohort", "scratch_folder",
    "temporary_folder",
]  # fmt: skip

UInt8Array = NDArray[np.uint8]
Int64Array = NDArray[np.int64]

CHROM: Final = "chr1"
_BASES: Final = np.frombuffer(b"ACGT", np.uint8)
_SITES_PER_BASE: Final = 0.0081  # before sites that overlap are dropped
# Shares of the cohort `mix`: SNV, insertion, deletion, MNV, tri-allelic SNV.
_MIX: Final = (0.885, 0.04, 0.045, 0.015, 0.015)
_SNV, _INSERTION, _DELETION, _MNV, _TRIALLELIC = range(5)
_LONGEST_INDEL: Final = 60
_GENE_SPACING: Final = 330_000
_VERSION: Final = 1  # part of the cache's key: raise it when the data change


@dataclass(frozen=True, slots=True)
class CohortSize:
    """How large a cohort is."""

    people: int
    genes: int

    @property
    def length(self) -> int:
        """Length of the chromosome."""
        return _GENE_SPACING * self.genes + 270_000


SIZES: Final = {"tiny": CohortSize(30, 2), "small": CohortSize(200, 6), "real": CohortSize(839, 20)}


def make_sequences(n: int, length: int, *, seed: int = 1, unknown: float = 0.001) -> UInt8Array:
    """Return upper-case letters, shape (n, length): uniform ACGT with a share of N."""
    rng = np.random.default_rng(seed)
    letters = _BASES[rng.integers(0, 4, (n, length), dtype=np.uint8)]
    hidden = rng.integers(0, n * length, int(unknown * n * length))
    letters.reshape(-1)[hidden] = ord("N")
    return letters


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """A cohort in memory, as it was drawn, and its files.

    Attributes
    ----------
    fasta, vcf, bcf : Path
        FASTA + .fai, VCF.gz + .tbi, BCF + .csi.
    reference : uint8 array, shape (L,)
        Letters, partly lower-case.
    position : int64 array, shape (V,)
        0-based position of the first REF base, ascending.
    alleles : list of tuple of bytes
        REF, ALT, and a second ALT at tri-allelic sites.
    calls : uint8 array, shape (V, H)
        Allele index of each haplotype; H = 2 * people, haplotype = 2 * person + copy.
    samples : tuple of str
    tss : int64 array
        One per gene.
    reverse : bool array
        Genes on the minus strand.
    """

    fasta: Path
    vcf: Path
    bcf: Path
    reference: UInt8Array
    position: Int64Array
    alleles: list[tuple[bytes, ...]]
    calls: UInt8Array
    samples: tuple[str, ...]
    tss: Int64Array
    reverse: NDArray[np.bool_]

    @property
    def n_haplotypes(self) -> int:
        """Two per person."""
        return int(self.calls.shape[1])

    @property
    def carried(self) -> int:
        """Calls other than the reference."""
        return int(np.count_nonzero(self.calls))

    def window(self, gene: int, length: int) -> tuple[int, int]:
        """Return the window of one gene, the TSS in its middle."""
        start = int(self.tss[gene]) - length // 2
        return start, start + length

    def expected(self, haplotype: int, start: int, end: int) -> bytes:
        """Return the letters of one haplotype: ``end - start`` bases from ``start`` on, straight from the draw.

        A deletion that removes ``start`` moves the first base to the right; sequence that a deletion takes away
        is made up for from the right with the haplotype's own bases.
        """
        parts, at, missing = [], start, end - start
        first = int(np.searchsorted(self.position, start - 4 * _LONGEST_INDEL))
        for v in range(first, len(self.position)):
            if missing <= 0:
                break
            allele = int(self.calls[v, haplotype])
            site = int(self.position[v])
            ref, alt = self.alleles[v][0], self.alleles[v][allele]
            if not allele or site + len(ref) <= start:
                continue
            if site < start:
                # The record begins before the window: its REF bases inside are replaced by the rest of ALT.
                parts.append(alt[start - site :])
                at = site + len(ref)
            else:
                parts.append(self.reference[at:site].tobytes()[:missing])
                missing -= len(parts[-1])
                parts.append(alt[: max(missing, 0)])
                at = site + len(ref)
            missing -= len(parts[-1])
        parts.append(self.reference[at : at + max(missing, 0)].tobytes())
        return b"".join(parts).upper()


def temporary_folder(name: str) -> Path:
    """Return a new folder that is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"gxfast-bench-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=8)
def scratch_folder(name: str) -> Path:
    """Return a folder for files: kept under GXFAST_BENCH_CACHE if that is set, else removed at the end."""
    cache = os.environ.get("GXFAST_BENCH_CACHE")
    if not cache:
        return temporary_folder(name)
    folder = Path(cache) / f"{name}-v{_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@lru_cache(maxsize=1)
def open_cohort(kind: str, size: str) -> Cohort:
    """Return the cohort of the cases; the last one asked for stays in memory."""
    return make_cohort(scratch_folder(f"cohort-{kind}-{size}"), kind, size)


def make_cohort(folder: Path, kind: str, size: str, *, seed: int = 5) -> Cohort:
    """Draw a cohort and write its files, unless the folder has them already.

    Parameters
    ----------
    folder : Path
    kind : {"snv", "mix"}
    size : {"tiny", "small", "real"}
    seed : int

    Returns
    -------
    Cohort
    """
    rng = np.random.default_rng([seed, kind == "mix"])
    shape = SIZES[size]
    reference = _draw_reference(rng, shape.length)
    position, alleles = _draw_sites(rng, reference, _MIX if kind == "mix" else (1.0, 0, 0, 0, 0))
    n_alts = np.array([len(a) - 1 for a in alleles], np.uint8)
    calls = _draw_calls(rng, position, n_alts, 2 * shape.people)
    genes = np.arange(shape.genes)
    cohort = Cohort(
        folder / "reference.fa", folder / "cohort.vcf.gz", folder / "cohort.bcf", reference, position, alleles, calls,
        tuple(f"S{i:04d}" for i in range(shape.people)), 300_000 + _GENE_SPACING * genes, genes % 2 == 1,
    )  # fmt: skip
    done = folder / "done"
    if not done.exists():
        _write_fasta(cohort)
        _write_variants(cohort)
        done.touch()
    return cohort


def _draw_reference(rng: np.random.Generator, length: int) -> UInt8Array:
    letters = _BASES[rng.choice(4, length, p=(0.295, 0.205, 0.205, 0.295)).astype(np.uint8)]
    # Runs of 300 bases, every second one soft-masked at random: half of the sequence.
    masked = np.repeat(rng.random(length // 300 + 1) < 0.5, 300)[:length]
    letters[masked] += 32
    for start in rng.integers(0, length - 200, length // 400_000 + 1):
        letters[start : start + 50] = ord("N")
    return letters


def _draw_sites(
    rng: np.random.Generator, reference: UInt8Array, shares: tuple[float, ...]
) -> tuple[Int64Array, list[tuple[bytes, ...]]]:
    """Draw sites that do not overlap, with their alleles."""
    length = len(reference)
    upper = reference & 0xDF
    n = int(length * _SITES_PER_BASE)
    sites = np.sort(rng.choice(np.arange(500, length - 500), n, replace=False))
    kinds = rng.choice(5, n, p=shares)
    sizes = np.minimum(rng.geometric(0.25, n), _LONGEST_INDEL)
    draws = rng.integers(0, 3, (n, 2))
    free, position, alleles = 0, [], []
    for site, kind, size, draw in zip(sites.tolist(), kinds.tolist(), sizes.tolist(), draws.tolist(), strict=True):
        ref_length = {_DELETION: size + 1, _MNV: 2 + size % 2}.get(kind, 1)
        ref = upper[site : site + ref_length].tobytes()
        if site < free or b"N" in ref:
            continue
        alts = _alternatives(rng, ref, kind, size, draw)
        if alts is None:
            continue
        free = site + ref_length
        position.append(site)
        alleles.append((ref, *alts))
    return np.array(position, np.int64), alleles


def _alternatives(
    rng: np.random.Generator, ref: bytes, kind: int, size: int, draw: list[int]
) -> tuple[bytes, ...] | None:
    """Return the ALT alleles; None where the record would not be left-aligned."""
    others = [b"ACGT".replace(ref[i : i + 1], b"") for i in range(len(ref))]
    if kind == _SNV:
        return (others[0][draw[0] : draw[0] + 1],)
    if kind == _TRIALLELIC:
        left = bytes(c for i, c in enumerate(others[0]) if i != draw[0])
        return (others[0][draw[0] : draw[0] + 1], left[draw[1] % 2 : draw[1] % 2 + 1])
    if kind == _MNV:
        return (bytes(o[(draw[0] + i) % 3] for i, o in enumerate(others)),)
    if kind == _INSERTION:
        inserted = bytes(_BASES[rng.integers(0, 4, size - 1)]) + others[0][draw[0] : draw[0] + 1]
        return (ref + inserted,)
    # A deletion whose last base equals the base before it could be shifted to the left.
    return None if ref[-1] == ref[0] else (ref[:1],)


def _draw_calls(rng: np.random.Generator, position: Int64Array, n_alts: UInt8Array, n_haplotypes: int) -> UInt8Array:
    """Carriers of each site: neighbours in an order of the haplotypes that changes slowly along the chromosome.

    Allele counts follow the neutral spectrum 1/i; sites near each other share the order and so are linked.
    """
    weights = 1.0 / np.arange(1, n_haplotypes)
    counts = rng.choice(np.arange(1, n_haplotypes), len(position), p=weights / weights.sum())
    calls = np.zeros((len(position), n_haplotypes), np.uint8)
    order = rng.permutation(n_haplotypes)
    begins = rng.integers(0, n_haplotypes, len(position))
    for v, (count, begin) in enumerate(zip(counts.tolist(), begins.tolist(), strict=True)):
        if v % 4 == 0:
            # A block of haplotypes moves elsewhere in the order, as after a recombination.
            a, b = np.sort(rng.integers(0, n_haplotypes, 2))
            order = np.concatenate([order[:a], order[b:], order[a:b]])
        carriers = order[np.arange(begin, begin + count) % n_haplotypes]
        calls[v, carriers] = 1
        if n_alts[v] == 2:
            calls[v, carriers[: (count + 1) // 2]] = 2
    return calls


def _write_fasta(cohort: Cohort) -> None:
    import pysam

    width = 60
    text = cohort.reference.tobytes()
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    cohort.fasta.write_bytes(b">" + CHROM.encode() + b"\n" + b"\n".join(lines) + b"\n")
    pysam.faidx(str(cohort.fasta))


def _write_variants(cohort: Cohort) -> None:
    """VCF.gz + .tbi and BCF + .csi; the text of all genotypes is built by NumPy."""
    import pysam
    import pysam.bcftools

    plain = cohort.vcf.with_suffix("")
    n = len(cohort.samples)
    header = (
        "##fileformat=VCFv4.3\n"
        f"##contig=<ID={CHROM},length={len(cohort.reference)}>\n"
        '##FILTER=<ID=PASS,Description="All filters passed">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(cohort.samples) + "\n"
    )
    with plain.open("wb") as handle:
        handle.write(header.encode())
        for begin in range(0, len(cohort.position), 4096):
            block = cohort.calls[begin : begin + 4096].reshape(-1, n, 2)
            text = np.empty((len(block), n, 4), np.uint8)
            text[..., 0], text[..., 1] = block[..., 0] + ord("0"), ord("|")
            text[..., 2], text[..., 3] = block[..., 1] + ord("0"), ord("\t")
            text[:, -1, 3] = ord("\n")
            for i in range(len(block)):
                ref, *alts = cohort.alleles[begin + i]
                fixed = f"{CHROM}\t{cohort.position[begin + i] + 1}\t.\t{ref.decode()}\t{b','.join(alts).decode()}"
                handle.write(fixed.encode() + b"\t.\tPASS\t.\tGT\t")
                handle.write(text[i].tobytes())
    pysam.tabix_compress(str(plain), str(cohort.vcf), force=True)
    plain.unlink()
    pysam.tabix_index(str(cohort.vcf), preset="vcf", force=True)
    pysam.bcftools.view("-Ob", "-o", str(cohort.bcf), str(cohort.vcf), catch_stdout=False)
    pysam.bcftools.index("-f", str(cohort.bcf), catch_stdout=False)
