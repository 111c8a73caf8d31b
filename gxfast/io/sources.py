"""What a file of genotypes is to those who read it, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from ..errors import InputError
from .genotypes import Genotypes
from .vcf_dosages import ImputedRecords

__all__ = ["GenotypeFile", "ImputedSource", "VariantSource", "named_people", "order_in_file"]


class GenotypeFile(Brief):
    """Gives a file of genotypes its repr."""

    path: Path
    samples: tuple[str, ...]
    contigs: tuple[str, ...]

    def _facts(self) -> str:
        return f"'{self.path}', {len(self.samples)} people, {plural(len(self.contigs), 'contig')}"


class ImputedSource(Protocol):
    """Dosages by region."""

    def region(self, chrom: str, start: int, end: int) -> ImputedRecords:
        """Return every record that overlaps [start, end) (0-based half-open) of a contig."""
        ...


class VariantSource(Protocol):
    """A file of genotypes that is read by region; see `gxfast.VariantFile`, `gxfast.PgenFile`, `gxfast.VcfZarrFile`."""

    path: Path
    samples: tuple[str, ...]
    all_samples: tuple[str, ...]
    contigs: tuple[str, ...]
    contig_lengths: dict[str, int]

    def subset(self, samples: Sequence[str]) -> VariantSource:
        """Return the same file restricted to some people."""
        ...

    def has_records(self, chrom: str) -> bool:
        """Whether the contig holds any record that can be read."""
        ...

    def require_readable(self, chrom: str) -> None:
        """Refuse a contig that the format cannot tell the truth about."""
        ...

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Return every record that overlaps [start, end) (0-based half-open) of a contig."""
        ...

    def imputed(self, samples: Sequence[str], field: str) -> ImputedSource:
        """Return the dosages of some people, by a field other than GT."""
        ...


def named_people(
    all_samples: Sequence[str], samples: Sequence[str] | None, path: Path, listing: str
) -> tuple[str, ...]:
    """Return the people to read; ``listing`` is how the names of a file are listed.

    Raises
    ------
    InputError
        If a sample is not in the file or named twice, or none is named.
    """
    if samples is None:
        return tuple(all_samples)
    if not len(samples):
        raise InputError("no samples were chosen", path=path, remedy="name at least one, or leave samples out")
    known = set(all_samples)
    unknown = [name for name in samples if name not in known]
    if unknown:
        raise InputError(
            f"{len(unknown)} samples are not in the file, first {unknown[0]!r} "
            f"(the file has {', '.join(all_samples[:3])}, ...)",
            path=path,
            remedy=f"list its samples with: {listing}",
        )
    if len(set(samples)) != len(samples):
        raise InputError("a sample is named twice", path=path, remedy="name each sample once")
    return tuple(samples)


def order_in_file(all_samples: Sequence[str], samples: Sequence[str]) -> NDArray[np.int64] | None:
    """Return where each chosen sample stands among the chosen ones in file order; None if the same."""
    chosen = set(samples)
    in_file = {name: i for i, name in enumerate(n for n in all_samples if n in chosen)}
    order = np.array([in_file[name] for name in samples], np.int64)
    return None if np.array_equal(order, np.arange(len(order))) else order
