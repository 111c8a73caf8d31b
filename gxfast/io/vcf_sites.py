"""VCF files without genotypes: lists of sites."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .genotypes import Genotypes
from .pgen import is_pgen
from .sources import VariantSource
from .symbols import describe, is_described
from .variants import reader_name
from .vcf import VariantFile
from .vcf_set import VariantFileSet
from .vcf_zarr import is_zarr

__all__ = ["SiteFile", "SiteFileSet", "has_genotypes"]


class SiteFile(VariantFile):
    """An indexed VCF/BCF read without its genotypes; people in it are not looked at."""

    def _choose(self, samples: Sequence[str] | None) -> tuple[str, ...]:
        return ()

    def _handle(self) -> Any:
        key = os.getpid()
        if getattr(self._local, "pid", None) != key:
            self._local.handle = self.opened(drop_samples=True)
            self._local.pid = key
        return self._local.handle

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Read the records that overlap [start, end) (0-based half-open), with nobody's calls.

        Raises
        ------
        InputError
            For a contig that the index does not know, or a damaged file.
        """
        if chrom not in self.contigs:
            raise InputError(
                f"contig {chrom!r} is not in the VCF (it has {', '.join(self.contigs[:3])}, ...)",
                path=self.path,
                remedy="rename contigs with: bcftools annotate --rename-chrs MAP",
            )
        try:
            found = [
                (record.start, record.stop - record.start, record.alleles or ("N",), list(record.filter.keys()),
                 str(record).split("\t")[7].strip())
                for record in self._handle().fetch(chrom, max(start, 0), max(end, 0))
            ]  # fmt: skip
        except (OSError, ValueError) as error:
            raise InputError(
                f"records cannot be read ({error})", path=self.path, record=f"{chrom}:{start + 1}-{end}",
                remedy="check the file with: bcftools view FILE > /dev/null",
            ) from None  # fmt: skip
        texts = [text.encode() for _, _, alleles, _, _ in found for text in alleles]
        n = len(found)
        read = Genotypes(
            chrom, start, end, (),
            np.array([position for position, _, _, _, _ in found], np.int64),
            np.array([length for _, length, _, _, _ in found], np.int64),
            np.cumsum([0, *(len(alleles) for _, _, alleles, _, _ in found)], dtype=np.int64),
            np.cumsum([0, *map(len, texts)], dtype=np.int64),
            np.frombuffer(b"".join(texts), np.uint8),
            np.empty((n, 0, 2), np.int8), np.empty((n, 0), np.bool_),
            np.array([not set(names) - {"PASS"} for _, _, _, names, _ in found], np.bool_), str(self.path),
        )  # fmt: skip
        info = [text for _, _, alleles, _, text in found if any(map(is_described, alleles))]
        return describe(read, info, self._version) if info else read


class SiteFileSet(VariantFileSet):
    """Sites-only files read as one."""

    def _open(self, path: str | Path) -> VariantSource:
        if is_pgen(path):
            raise InputError(
                "a PGEN has genotypes; lists of sites are read from VCF and BCF", path=path,
                remedy="bcftools view -G, or plink2 --pfile NAME --make-just-pvar",
            )  # fmt: skip
        if is_zarr(path):
            raise InputError(
                "lists of sites are read from VCF and BCF, not from a Zarr store", path=path,
                remedy=f"vcztools view -G {Path(path).name} > sites.vcf",
            )  # fmt: skip
        if reader_name(path):
            raise InputError(
                "lists of sites are read from VCF and BCF, not by plug-ins", path=path, remedy="write them as a VCF"
            )
        return SiteFile(path)

    def _choose(self, samples: Sequence[str]) -> None:
        self.samples = ()


def has_genotypes(paths: Sequence[Path]) -> bool:
    """Whether the files have sample columns (all of them, or none).

    Raises
    ------
    InputError
        If some have and others have not.
    """
    with_people = [
        is_pgen(path) or is_zarr(path) or bool(reader_name(path) or SiteFile(path).all_samples) for path in paths
    ]
    if any(with_people) != all(with_people):
        raise InputError(
            "some of the VCF files have genotypes, others are sites only",
            path=paths[with_people.index(False)],
            remedy="give files of one kind",
        )
    return all(with_people)
