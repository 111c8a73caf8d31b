"""PGEN file sets made of the calls of a VCF, for tests."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING = -9


def lines_of(vcf: Path) -> tuple[list[str], list[list[str]]]:
    """Header lines, and the cells of the records, of a bgzip VCF."""
    lines = gzip.decompress(vcf.read_bytes()).decode().splitlines()
    header = [line for line in lines if line.startswith("#")]
    return header, [line.split("\t") for line in lines if not line.startswith("#")]


def pgen_of_vcf(
    vcf: Path, pgen: Path, *, phase: bool = True, columns: int = 8, edit: Callable[[str], str] = str,
    dosages: NDArray[np.float64] | None = None,
) -> Path:  # fmt: skip
    """Write what plink2 --vcf --make-pgen would: half-missing calls are missing, haploid ones doubled.

    ``columns``: of the .pvar; ``edit``: its text; ``dosages``: of the alternative allele, instead of calls.
    """
    import pgenlib

    header, records = lines_of(vcf)
    people = header[-1].split("\t")[9:]
    n_alleles = [1 + max(1, cells[4].count(",") + 1) for cells in records]
    options: dict[str, Any] = {
        "variant_ct": len(records), "nonref_flags": False, "allele_ct_limit": max(2, *n_alleles),
        "hardcall_phase_present": phase and dosages is None, "dosage_present": dosages is not None,
    }  # fmt: skip
    writer = pgenlib.PgenWriter(bytes(pgen), len(people), **options)
    for row, (cells, n) in enumerate(zip(records, n_alleles, strict=True)):
        if dosages is not None:
            writer.append_dosages(dosages[row])
            continue
        calls, phased = zip(*(_call(text.split(":")[0]) for text in cells[9:]), strict=True)
        alleles = np.array(calls, np.int32).ravel()
        if phase:
            writer.append_partially_phased(alleles, np.array(phased, np.bool_), allele_ct=n)
        else:
            writer.append_alleles(alleles, allele_ct=n)
    writer.close()
    names = header[-1].split("\t")[:columns]
    text = [*header[:-1], "\t".join(names), *("\t".join(cells[:columns]) for cells in records)]
    pgen.with_suffix(".pvar").write_text(edit("\n".join(text) + "\n"))
    pgen.with_suffix(".psam").write_text("#IID\tSEX\n" + "".join(f"{name}\tNA\n" for name in people))
    return pgen


def _call(text: str) -> tuple[tuple[int, int], bool]:
    parts = text.replace("|", "/").split("/")
    if "." in parts:
        return (MISSING, MISSING), False
    first, last = int(parts[0]), int(parts[-1])
    if "|" not in text:
        first, last = min(first, last), max(first, last)
    return (first, last), "|" in text
