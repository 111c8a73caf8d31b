"""Several VCF/BCF files read as one: one file per chromosome is how cohorts are shipped."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .vcf import Genotypes, VariantFile

__all__ = ["VariantFileSet", "choose_samples", "expand_patterns"]


def expand_patterns(patterns: Sequence[str], chroms: Sequence[str]) -> list[Path]:
    """Replace ``{chrom}`` in file names by each of ``chroms`` (those that exist), in order.

    Raises
    ------
    InputError
        If a pattern matches no file.
    """
    paths: list[Path] = []
    for pattern in patterns:
        if "{chrom}" not in pattern:
            paths.append(Path(pattern))
            continue
        found = [Path(pattern.replace("{chrom}", chrom)) for chrom in chroms]
        found = [path for path in found if path.exists()]
        if not found:
            raise InputError(
                f"no file matches the pattern for any of {', '.join(chroms[:5])}",
                path=pattern,
                remedy="check the folder and how the file names spell the chromosome",
            )
        paths += found
    return list(dict.fromkeys(paths))


def choose_samples(available: Sequence[str], wanted: Sequence[str] | None, *, source: str) -> list[str]:
    """Apply ``-s a,b`` or ``-s ^a,b`` (everybody but): the chosen people in file order.

    Raises
    ------
    InputError
        If a named sample is not there, or nobody is left.
    """
    if not wanted:
        return list(available)
    exclude = wanted[0].startswith("^")
    names = [wanted[0].removeprefix("^"), *wanted[1:]]
    unknown = [name for name in names if name not in set(available)]
    if unknown:
        raise InputError(
            f"{len(unknown)} of the named samples are not there, first {unknown[0]!r}",
            path=source,
            remedy="list the samples with: bcftools query -l FILE",
        )
    chosen = [name for name in available if (name in set(names)) != exclude]
    if not chosen:
        raise InputError("no sample is left after the selection", path=source, remedy="leave fewer people out")
    return chosen


class VariantFileSet:
    """VCF/BCF files of one cohort, each contig in exactly one of them.

    Parameters
    ----------
    paths : sequence of Path
    samples : sequence of str, optional
        People to read, in this order; all by default.

    Raises
    ------
    InputError
        If the files hold different people, or two files hold one contig; see also `VariantFile`.
    """

    def __init__(self, paths: Sequence[str | Path], *, samples: Sequence[str] | None = None) -> None:
        if not paths:
            raise InputError("no VCF given", remedy="name one with --vcf")
        self.files = [VariantFile(path, samples=samples) for path in paths]
        first = self.files[0]
        shared = set(first.all_samples)
        # Columns may stand in another order in every file: all are read in the order of the first.
        self.files[1:] = [
            file.subset(first.samples) if set(file.all_samples) == shared else file for file in self.files[1:]
        ]
        self._by_contig: dict[str, VariantFile] = {}
        for file in self.files:
            if set(file.all_samples) != set(first.all_samples):
                raise InputError(
                    f"the file holds other people than {first.path.name}",
                    path=file.path,
                    remedy="use files of one cohort, or select shared people with bcftools view -S",
                )
            for contig in file.contigs:
                if contig in self._by_contig and len(self.files) > 1 and file.has_records(contig):
                    other = self._by_contig[contig]
                    if other.has_records(contig):
                        raise InputError(
                            f"contig {contig} is also in {other.path.name}",
                            path=file.path,
                            remedy="give each contig once (merge with bcftools concat)",
                        )
                    self._by_contig[contig] = file
                self._by_contig.setdefault(contig, file)
        self.samples = tuple(samples) if samples is not None else first.samples
        self.all_samples = first.all_samples
        self.contigs = tuple(self._by_contig)

    def subset(self, samples: Sequence[str]) -> VariantFileSet:
        """Return the same files restricted to some people; see `VariantFile.subset`."""
        other = copy.copy(self)
        replaced = {id(file): file.subset(samples) for file in self.files}
        other.files = list(replaced.values())
        other._by_contig = {contig: replaced[id(file)] for contig, file in self._by_contig.items()}
        other.samples = tuple(samples)
        return other

    def path_of(self, chrom: str) -> Path:
        """Return the file that has a contig."""
        return self._by_contig[chrom].path

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Read [start, end) of a contig from the file that has it; see `VariantFile.region`."""
        file = self._by_contig.get(chrom, self.files[0])
        return file.region(chrom, start, end)
