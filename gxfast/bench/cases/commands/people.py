"""Genotypes and expression of people as the files that commands read: VCF, BED, covariates, PLINK, a table of dosages.

Everybody gets the same people, genes and variants: biallelic, minor allele frequency of 0.02 or more (so that nobody's
own threshold decides), named ``chrom_pos_ref_alt``. Simulated, or the real chromosome 22 where GXFAST_DATA has it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....io.bgzf import write_bgzf
from ....io.indexing import index_bed
from ...data import CHROM, Cohort, open_cohort, temporary_folder

__all__ = ["WINDOW", "PeopleFiles", "people_files", "write_dosages"]

Float64Array = NDArray[np.float64]

WINDOW: Final = 100_000
_MIN_FREQUENCY: Final = 0.02
_REAL_COVARIATES: Final = 13
_GENES: Final = {"tiny": 12, "small": 40, "real": 200}
_COVARIATES: Final = {"tiny": 2, "small": 10, "real": 20}


@dataclass(frozen=True, slots=True)
class _People:
    """Before the files are written: genotypes in a VCF, and numbers.

    ``genes`` are ids; ``tss`` (G,) 0-based, ascending; ``values`` (G, S); ``covariates`` (K, S).
    """

    vcf: Path
    chrom: str
    names: tuple[str, ...]
    genes: tuple[str, ...]
    tss: NDArray[np.int64]
    values: Float64Array
    covariates: Float64Array
    source: str


@dataclass(frozen=True, eq=False)
class PeopleFiles:
    """The files, and what is in them.

    Attributes
    ----------
    folder, vcf, expression : Path
        VCF.gz + .tbi with an ID for every record; BED.gz + .tbi with four columns before the people.
    expression_six : Path
        The same with ``id group strand``, as QTLtools reads it.
    covariates : Path or None
        Covariates x people, tab-separated; None without any.
    covariates_by_people : Path or None
        The same, people x covariates.
    plink, plink_numbers : Path
        Prefixes of .bed, .bim and .fam; in the second one, and in the plain BED ``expression_numbers``, contigs are
        numbers.
    dosages : Path
        Table of ``variant_id chrom pos`` and a dosage per person.
    chrom : str
    length : int
        Of the contig.
    people, genes, variants : tuple of str
    position, tss : int64 arrays
        0-based.
    values : float64 array, shape (G, S)
    matrix : int8 array, shape (V, S)
        Copies of the alternative allele, read from the VCF by bcftools.
    covariate_values : float64 array, shape (K, S)
    source : str
        In words.
    """

    folder: Path
    vcf: Path
    expression: Path
    expression_six: Path
    covariates: Path | None
    covariates_by_people: Path | None
    plink: Path
    plink_numbers: Path
    expression_numbers: Path
    dosages: Path
    chrom: str
    length: int
    people: tuple[str, ...]
    genes: tuple[str, ...]
    variants: tuple[str, ...]
    position: NDArray[np.int64]
    tss: NDArray[np.int64]
    values: Float64Array
    matrix: NDArray[np.int8]
    covariate_values: Float64Array
    source: str

    def near(self, gene: int) -> NDArray[np.int64]:
        """Return the variants of a gene's window, by index."""
        return np.flatnonzero(np.abs(self.position - self.tss[gene]) <= WINDOW)


@lru_cache(maxsize=2)
def people_files(size: str, genes: int | None = None, *, covariates: bool = True) -> PeopleFiles:
    """Write the files of one size: all genes with covariates, or the first ``genes`` with or without."""
    people = _real_people() if size == "real" and _real_folder() else _simulated_people(size)
    n = genes or len(people.genes)
    chosen = np.sort(np.linspace(0, len(people.genes) - 1, n).astype(np.int64))
    folder = temporary_folder("people")
    vcf, length = _named_variants(people, folder)
    position, names, matrix, fixed = _read(vcf)
    kept = people.covariates if covariates else people.covariates[:0]
    files = PeopleFiles(
        folder, vcf, folder / "expression.bed.gz", folder / "expression.six.bed.gz",
        folder / "covariates.txt" if covariates else None, folder / "covariates.people.tsv" if covariates else None,
        folder / "plink", folder / "numbers", folder / "expression.numbers.bed", folder / "dosages.tsv", people.chrom,
        length, people.names, tuple(people.genes[g] for g in chosen), names, position, people.tss[chosen],
        people.values[chosen], matrix, kept, people.source,
    )  # fmt: skip
    _write_expression(files)
    _write_covariates(files)
    _write_plink(files, fixed)
    return files


def _simulated_people(size: str) -> _People:
    """Genes all over the simulated chromosome; expression of three SNPs of the window, covariates and noise."""
    cohort = open_cohort("snv", size)
    rng = np.random.default_rng(17)
    genes, length = _GENES[size], len(cohort.reference)
    tss = np.sort(rng.choice(np.arange(WINDOW, length - WINDOW), genes, replace=False)).astype(np.int64)
    covariates = np.round(rng.normal(size=(_COVARIATES[size], len(cohort.samples))), 6)
    values = np.array([_expression(rng, cohort, int(at), covariates) for at in tss])
    names = tuple(f"GENE{g:04d}" for g in range(genes))
    source = f"simulated, {genes} genes of {len(cohort.samples)} people"
    return _People(cohort.vcf, CHROM, cohort.samples, names, tss, np.round(values, 6), covariates, source)


def _expression(rng: np.random.Generator, cohort: Cohort, tss: int, covariates: Float64Array) -> Float64Array:
    low, high = np.searchsorted(cohort.position, [tss - WINDOW, tss + WINDOW])
    dosage = (cohort.calls[low:high] > 0).reshape(high - low, -1, 2).sum(axis=2).astype(np.float64)
    common = np.flatnonzero(np.minimum(dosage.mean(axis=1), 2 - dosage.mean(axis=1)) > 0.2)
    signal = rng.normal(size=3) @ dosage[rng.choice(common, 3)]
    share = rng.choice([0.0, 0.05, 0.2, 0.4])
    signal = np.sqrt(share) * (signal - signal.mean()) / max(float(signal.std()), 1e-9)
    noise = rng.normal(size=dosage.shape[1])
    loading = 0.3 * rng.normal(size=len(covariates))
    return np.asarray(signal + np.sqrt(1 - share) * noise + loading @ covariates)


def _real_folder() -> Path | None:
    named = os.environ.get("GXFAST_DATA")
    folder = Path(named) / "geuvadis_chr22" if named else None
    return folder if folder and folder.is_dir() else None


def _real_people() -> _People:
    """Geuvadis, all of chromosome 22 (some tools read the whole file); expression by ranks to normal values."""
    from ....workflow.cohort import linear_cohort
    from ....workflow.inputs import open_people
    from ....workflow.options import InputPaths

    folder = _real_folder()
    assert folder is not None
    vcf = folder / "geno" / "geuvadis358.chr22.vcf.gz"
    paths = InputPaths(
        fasta="", vcf=(str(vcf),), models=(), expression=str(folder / "expr" / "geuvadis358.chr22.rpkm.bed.gz"),
        covariates=str(folder / "expr" / "geuvadis358.covariates.pc50.txt.gz"), n_covariates=_REAL_COVARIATES,
    )  # fmt: skip
    cohort = linear_cohort(open_people(paths, strands=False), "inverse_normal")
    order = np.lexsort((np.array(cohort.genes.gene_id), cohort.genes.tss))
    assert cohort.covariates is not None
    return _People(
        vcf, "chr22", tuple(cohort.people), tuple(cohort.genes.gene_id[g] for g in order), cohort.genes.tss[order],
        np.round(cohort.values[order], 6), np.round(cohort.covariates, 6),
        f"Geuvadis chromosome 22, {len(order)} genes of {len(cohort.people)} people",
    )  # fmt: skip


def _named_variants(people: _People, folder: Path) -> tuple[Path, int]:
    """Write the VCF with the variants that are used, each with a name; return its path and the contig's length."""
    import pysam
    import pysam.bcftools

    common, named, listed = folder / "common.bcf", folder / "people.vcf.gz", folder / "people.txt"
    listed.write_text("\n".join(people.names) + "\n")
    choice = ["-m2", "-M2", "-q", f"{_MIN_FREQUENCY}:minor", "-S", str(listed)]
    pysam.bcftools.view(*choice, "-Ob", "-o", str(common), str(people.vcf), catch_stdout=False)
    names = "%CHROM\\_%POS\\_%REF\\_%FIRST_ALT"
    pysam.bcftools.annotate("--set-id", names, "-Oz", "-o", str(named), str(common), catch_stdout=False)
    common.unlink()
    pysam.tabix_index(str(named), preset="vcf", force=True)
    with pysam.VariantFile(str(named)) as opened:
        return named, int(opened.header.contigs[people.chrom].length or 2**29)


def _read(vcf: Path) -> tuple[NDArray[np.int64], tuple[str, ...], NDArray[np.int8], list[tuple[str, str]]]:
    """Read 0-based positions, names, copies of the alternative allele, and REF and ALT."""
    import pysam.bcftools

    position, names, rows, fixed = [], [], [], []
    for line in pysam.bcftools.query("-f", "%POS\t%ID\t%REF\t%ALT[\t%GT]\n", str(vcf)).splitlines():
        at, name, ref, alt, calls = line.split("\t", 4)
        position.append(int(at) - 1)
        names.append(name)
        fixed.append((ref, alt))
        rows.append((np.frombuffer(calls.encode() + b"\t", np.uint8).reshape(-1, 4)[:, [0, 2]] == ord("1")).sum(axis=1))
    return np.array(position, np.int64), tuple(names), np.array(rows, np.int8), fixed


def _write_expression(files: PeopleFiles) -> None:
    """BED files; numbers as they are compared, six digits."""
    for path, more in ((files.expression, ""), (files.expression_six, "\tgroup\tstrand")):
        lines = ["\t".join(["#chr\tstart\tend\tphenotype_id" + more, *files.people])]
        for gene, tss, values in zip(files.genes, files.tss.tolist(), files.values.tolist(), strict=True):
            lead = f"{files.chrom}\t{tss}\t{tss + 1}\t{gene}" + (f"\t{gene}\t+" if more else "")
            lines.append("\t".join([lead, *(repr(value) for value in values)]))
        text = "\n".join(lines) + "\n"
        write_bgzf(path, text.encode())
        index_bed(path)
        if not more:
            files.expression_numbers.write_text(text.replace(f"\n{files.chrom}\t", f"\n{_number(files.chrom)}\t"))


def _number(chrom: str) -> str:
    return chrom.removeprefix("chr")


def _write_covariates(files: PeopleFiles) -> None:
    if files.covariates is None or files.covariates_by_people is None:
        return
    rows: list[list[Any]] = [["id", *files.people]]
    rows += [[f"c{k}", *values] for k, values in enumerate(files.covariate_values.tolist())]
    turned = [
        ["sample_id", *(row[0] for row in rows[1:])],
        *(list(column) for column in list(zip(*rows, strict=True))[1:]),
    ]
    for path, table in ((files.covariates, rows), (files.covariates_by_people, turned)):
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in table))


def _write_plink(files: PeopleFiles, fixed: list[tuple[str, str]]) -> None:
    """PLINK 1: two bits per call, of copies of the first allele of .bim, which is ALT."""
    codes = np.array([3, 2, 0], np.uint8)[files.matrix]
    padded = np.zeros((len(codes), -(-codes.shape[1] // 4) * 4), np.uint8)
    padded[:, : codes.shape[1]] = codes
    four = padded.reshape(len(codes), -1, 4) << np.array([0, 2, 4, 6], np.uint8)
    content = bytes([0x6C, 0x1B, 0x01]) + np.bitwise_or.reduce(four, axis=2).tobytes()
    sites = list(zip(files.variants, files.position.tolist(), fixed, strict=True))
    for prefix, chrom in ((files.plink, files.chrom), (files.plink_numbers, _number(files.chrom))):
        bim = [f"{chrom}\t{name}\t0\t{at + 1}\t{alt}\t{ref}\n" for name, at, (ref, alt) in sites]
        prefix.with_suffix(".bed").write_bytes(content)
        prefix.with_suffix(".bim").write_text("".join(bim))
        prefix.with_suffix(".fam").write_text("".join(f"0\t{person}\t0\t0\t0\t-9\n" for person in files.people))


def write_dosages(files: PeopleFiles) -> None:
    """Write the table of dosages of the variants in the windows, as scripts read it."""
    near = np.unique(np.concatenate([files.near(g) for g in range(len(files.genes))]))
    lines = ["\t".join(["variant_id", "chrom", "pos", *files.people])]
    for v in near.tolist():
        lead = [files.variants[v], files.chrom, str(int(files.position[v]) + 1)]
        lines.append("\t".join([*lead, *map(str, files.matrix[v].tolist())]))
    files.dosages.write_text("\n".join(lines) + "\n")
