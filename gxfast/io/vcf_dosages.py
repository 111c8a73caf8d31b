"""Expected copies of alleles from the FORMAT fields of imputed VCF and BCF files: DS and GP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from .._threads import PerThread
from ..errors import InputError
from .bgzf import htslib_name
from .indexing import verified_index
from .numbers import finite_number

__all__ = [
    "IMPUTED",
    "ImputedFile",
    "ImputedRecords",
    "expected_copies",
    "ids_of_vcf",
    "imputed_fields",
    "lacking",
    "without_calls",
]

Float64Array = NDArray[np.float64]

IMPUTED: Final = ("DS", "GP")
_ROUNDING: Final = 0.02  # what writers' digits may add to a dosage; probabilities may miss 1 by it per genotype
_COLUMNS: Final = 9  # before those of the people


def imputed_fields(path: str | Path) -> tuple[str, ...]:
    """Return which of DS and GP the first record of a file has; none where it cannot be read."""
    import pysam

    try:
        with pysam.VariantFile(htslib_name(path)) as handle:
            record = next(iter(handle), None)
            return tuple(name for name in IMPUTED if record is not None and name in record.format)
    except (OSError, ValueError):
        return ()


def ids_of_vcf(path: str | Path) -> Iterator[tuple[str, str, int]]:
    """Yield ID, contig and 0-based position of each record, from end to end."""
    import pysam

    with pysam.VariantFile(htslib_name(path), drop_samples=True) as handle:
        for record in handle:
            yield record.id or "", record.chrom, record.start


@dataclass(frozen=True, slots=True, repr=False)
class ImputedRecords(Brief):
    """V records with what was imputed for S people.

    Attributes
    ----------
    position : int64 array, shape (V,)
        0-based.
    alleles : tuple of tuple of str, length V
        REF first, upper-case.
    copies : tuple of float64 arrays, shape (A, S)
        Expected copies of each allele of a record, REF too: up to 2, up to 1 of a haploid person; NaN missing.
    haploid : bool array, shape (V, S)
        By GT, else by the number of probabilities in GP; without both everybody counts as diploid.
    """

    position: NDArray[np.int64]
    alleles: tuple[tuple[str, ...], ...]
    copies: tuple[Float64Array, ...]
    haploid: NDArray[np.bool_]


class ImputedFile:
    """One indexed VCF or BCF whose dosages are read by region; safe among threads.

    Parameters
    ----------
    path : str or Path
    samples : sequence of str
        People to read, in this order.
    field : {"DS", "GP"}
    index : Path, optional
        The index that was verified; found and verified by default.
    """

    def __init__(self, path: str | Path, samples: Sequence[str], field: str, *, index: Path | None = None) -> None:
        self.path, self.samples, self.field = Path(path), tuple(samples), field
        self._index = index or verified_index(self.path)
        self._local = PerThread()

    def region(self, chrom: str, start: int, end: int) -> ImputedRecords:
        """Read every record that overlaps [start, end) (0-based half-open) of a contig.

        Raises
        ------
        InputError
            For a record without the field, or values that are no dosages or probabilities.
        """
        handle, order = self._handle()
        position, alleles, copies, haploid = [], [], [], []
        for line in self._lines(handle, chrom, start, end):
            at, names, found, one_copy = self._parsed(line)
            position.append(at)
            alleles.append(names)
            copies.append(np.ascontiguousarray(found[:, order]))
            haploid.append(one_copy[order])
        return ImputedRecords(
            np.array(position, np.int64), tuple(alleles), tuple(copies),
            np.array(haploid, np.bool_).reshape(len(position), order.size),
        )  # fmt: skip

    def _lines(self, handle: Any, chrom: str, start: int, end: int) -> Iterator[str]:
        """Records as lines of a VCF, of the chosen people in the order of the file."""
        try:
            for record in handle.fetch(chrom, max(start, 0), max(end, 0)):
                yield str(record)
        except (OSError, ValueError) as error:
            raise InputError(
                f"records cannot be read ({error})", path=self.path, record=f"{chrom}:{start + 1}-{end}",
                remedy="check the file with: bcftools view FILE > /dev/null",
            ) from None  # fmt: skip

    def _handle(self) -> tuple[Any, NDArray[np.int64]]:
        if getattr(self._local, "pid", None) != os.getpid():
            import pysam

            handle = pysam.VariantFile(htslib_name(self.path), index_filename=htslib_name(self._index))
            handle.subset_samples(list(self.samples))
            chosen = set(self.samples)
            place = {name: i for i, name in enumerate(name for name in handle.header.samples if name in chosen)}
            self._local.opened = handle, np.array([place[name] for name in self.samples], np.int64)
            self._local.pid = os.getpid()
        opened: tuple[Any, NDArray[np.int64]] = self._local.opened
        return opened

    def _parsed(self, line: str) -> tuple[int, tuple[str, ...], Float64Array, NDArray[np.bool_]]:
        """Position, alleles, expected copies and who is haploid."""
        cells = line.rstrip("\n").split("\t")
        at = f"{cells[0]}:{cells[1]}"
        names = tuple(cells[3:4] if cells[4] == "." else [cells[3], *cells[4].split(",")])
        columns = _columns(cells[_COLUMNS - 1].split(":"), cells[_COLUMNS:])
        if self.field not in columns:
            raise lacking(self.field, [*columns], self.path, at)
        texts, haploid = columns[self.field], _haploid(columns, len(names))
        found = expected_copies(
            lambda people, width: _numbers([texts[s] for s in people.tolist()], width),
            self.field, haploid, len(names), (self.path, at),
        )  # fmt: skip
        return int(cells[1]) - 1, tuple(name.upper() for name in names), found, haploid


def _columns(names: Sequence[str], cells: Sequence[str]) -> dict[str, list[str]]:
    """Texts of the fields that matter, person by person; fields left out at the end of a cell are missing."""
    parts = [cell.split(":") for cell in cells]
    wanted = {name: k for k, name in enumerate(names) if name in ("GT", *IMPUTED)}
    return {name: [part[k] if k < len(part) else "." for part in parts] for name, k in wanted.items()}


def lacking(field: str, there: Sequence[str], path: Path, record: str | None = None) -> InputError:
    """Return the refusal of dosages by a field that is not there; ``there``: fields that are."""
    others = [name for name in ("GT", *IMPUTED) if name in there]
    return InputError(
        f"the {'record' if record else 'store'} has no {field} field", path=path, record=record,
        remedy=f"read {' or '.join(others)} with `field=\"{others[0]}\"`" if others else "give an imputed VCF",
    )  # fmt: skip


def without_calls(imputed: Sequence[str]) -> str:
    """Return the remedy where there are no calls (GT); ``imputed``: which of DS and GP are there."""
    haplotypes = "haplotypes are made of calls (GT): give a file that has them, phased"
    if not imputed:
        return haplotypes
    return (
        f"{haplotypes}; this one has {' and '.join(imputed)}, imputed dosages, which linear models read: "
        f"gxfast eqtl or gxfast baseline with --dosage {imputed[0]}"
    )


def expected_copies(
    numbers: Callable[[NDArray[np.int64], int], Float64Array], field: str, haploid: NDArray[np.bool_], n: int,
    where: tuple[Path, str],
) -> Float64Array:  # fmt: skip
    """Return the expected copies of the ``n`` alleles of a record, shape (n, S), from what was imputed.

    Parameters
    ----------
    numbers : callable
        From the numbers of some people, and how many values each has to have, to the values, shape (width, people).
    field : {"DS", "GP"}
    haploid : bool array, shape (S,)
    n : int
    where : (Path, str)
        File and record, for messages.

    Raises
    ------
    InputError
        If the values are no dosages or probabilities: among others, below 0 or more than a person has alleles.
    """
    try:
        found = _expected(numbers, field, haploid, n)
    except ValueError as error:
        raise InputError(f"{field}: {error}", path=where[0], record=where[1]) from None
    wrong = (found < -_ROUNDING) | (found > np.where(haploid, 1, 2) + _ROUNDING)
    if wrong.any():
        allele, person = (int(i[0]) for i in np.nonzero(wrong))
        what = "a haploid call (expected 0 to 1)" if haploid[person] else "a diploid call (expected 0 to 2)"
        raise InputError(
            f"{field} means {found[allele, person]:g} copies of allele {allele} of {what}", path=where[0],
            record=where[1], remedy="use `field=\"GT\"`, or dosages in copies of the allele",
        )  # fmt: skip
    return found


def _expected(
    numbers: Callable[[NDArray[np.int64], int], Float64Array], field: str, haploid: NDArray[np.bool_], n: int
) -> Float64Array:
    if field == "DS":
        others = numbers(np.arange(haploid.size), n - 1)
        return np.vstack([np.where(haploid, 1, 2) - others.sum(axis=0), others])
    copies = np.full((n, haploid.size), np.nan)
    for people, counts in ((haploid, np.eye(n)), (~haploid, _genotypes(n))):
        if people.any():
            shares = numbers(np.flatnonzero(people), len(counts))
            sums = shares.sum(axis=0)
            if (np.abs(sums - 1) > _ROUNDING * len(counts)).any():
                raise ValueError(f"probabilities add up to {sums[np.nanargmax(np.abs(sums - 1))]:g}")
            copies[:, people] = counts.T @ shares
    return copies


def _haploid(columns: dict[str, list[str]], n: int) -> NDArray[np.bool_]:
    if "GT" in columns:
        return np.array(["/" not in text and "|" not in text for text in columns["GT"]], bool)
    shares = columns.get("GP", columns.get("DS", []))
    return np.array(["GP" in columns and text.count(",") == n - 1 > 0 for text in shares], bool)


@cache
def _genotypes(n: int) -> Float64Array:
    """Copies of each of ``n`` alleles in each diploid genotype, in the order of GP."""
    pairs = [(j, k) for k in range(n) for j in range(k + 1)]
    return np.array([[(j == a) + (k == a) for a in range(n)] for j, k in pairs], np.float64)


def _numbers(texts: Sequence[str], width: int) -> Float64Array:
    """``width`` comma-separated numbers of each person, shape (width, S); NaN where they are missing."""
    none = [float("nan")] * width
    rows = [none if text in (".", "") else [_number(part) for part in text.split(",")] for text in texts]
    odd = next((text for text, row in zip(texts, rows, strict=True) if len(row) != width), None)
    if odd is not None:
        raise ValueError(f"expected {width} numbers, found {odd!r}")
    return np.array(rows, np.float64).reshape(len(rows), width).T


def _number(text: str) -> float:
    value = float("nan") if text.lower() in (".", "nan") else finite_number(text)
    if value is None:
        raise ValueError(f"{text[:40]!r} is no finite number")
    return value
