"""Genotypes of a PLINK 2 file set: a .pgen with its .pvar and .psam, read by region through pgenlib."""

from __future__ import annotations

import copy
import os
import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._threads import PerThread
from ..errors import InputError
from ._assemblies import ASSEMBLIES
from .bgzf import require_file
from .genotypes import Genotypes
from .pvar import Pvar, Sites
from .sources import GenotypeFile, named_people, order_in_file
from .symbols import describe
from .tables.text import at, check_id, read_lines
from .vcf_dosages import ImputedRecords

__all__ = ["PgenDosages", "PgenFile", "is_pgen", "pgen_companions", "pvar_of"]

Int64Array = NDArray[np.int64]
Float64Array = NDArray[np.float64]
_MAGIC: Final = b"\x6c\x1b"
_BED: Final = 1
_MODES: Final = (2, 3, 4, 0x10, 0x11)  # those with the counts in the file itself
_HEAD: Final = struct.Struct("<2sBII")
_AT_ONCE: Final = 1 << 24  # calls that are decoded at once
_MOST_ALLELES: Final = 127  # that calls of int8 can name
_VALIDATE: Final = "check the file with: plink2 --pfile NAME --validate"
_AGAIN: Final = "make or copy the three files again; they are written together by plink2 --make-pgen"
# What PLINK calls the chromosomes on which people may be haploid; and their alternate contigs.
_HAPLOID: Final = re.compile(r"(chr)?(X|Y|XY|M|MT|PAR1|PAR2|23|24|25|26)(_.*)?", re.IGNORECASE)
_LAST_HUMAN: Final = 26


def is_pgen(path: str | Path) -> bool:
    """Whether a file is a PGEN, by its name."""
    return Path(path).suffix.lower() == ".pgen"


def pvar_of(pgen: str | Path) -> Path:
    """Return the .pvar of a PGEN, or the .pvar.zst where there is none."""
    plain = Path(pgen).with_suffix(".pvar")
    packed = plain.with_name(plain.name + ".zst")
    return packed if os.path.exists(packed) and not os.path.exists(plain) else plain


def pgen_companions(pgen: str | Path) -> tuple[Path, Path]:
    """Return the files that are read with a PGEN: its variants and its people."""
    return pvar_of(pgen), Path(pgen).with_suffix(".psam")


class PgenFile(GenotypeFile):
    """A PLINK 2 PGEN with its .pvar (or .pvar.zst) and .psam, read region by region; as `gxfast.VariantFile`.

    Safe to share between threads and over fork: each thread opens its own handle. A PGEN keeps no haploid calls, so
    the contigs X, Y and MT are refused. Half-missing calls were made missing by PLINK 2.

    Parameters
    ----------
    pgen : str or Path
    samples : sequence of str, optional
        People to read, in this order; all by default.

    Raises
    ------
    InputError
        If pgenlib is not installed, one of the files is missing, cut off or damaged, they are not of one file set,
        records are not sorted, or a sample is not there.

    Attributes
    ----------
    samples, all_samples : tuple of str
    contigs : tuple of str
    contig_lengths : dict of str to int
        Of those that the header of the .pvar gives one.
    """

    def __init__(self, pgen: str | Path, *, samples: Sequence[str] | None = None) -> None:
        self.path = Path(pgen)
        self._local = PerThread()
        _pgenlib(self.path)
        pvar, psam = pgen_companions(self.path)
        n_variants, n_people = _counts(self.path)
        self.all_samples = _people(psam)
        if len(self.all_samples) != n_people:
            raise _unlike(self.path, n_people, "people", len(self.all_samples), psam)
        self._sites = Pvar(pvar)
        if self._sites.n_variants != n_variants:
            raise _unlike(self.path, n_variants, "variants", self._sites.n_variants, pvar)
        self.contigs, self.contig_lengths = self._sites.contigs, self._sites.contig_lengths
        self.samples = self._choose(samples)
        self._order = order_in_file(self.all_samples, self.samples)
        # Where the file is cut off, it is the last record that cannot be read.
        self._read_calls(np.array([n_variants - 1], np.uint32))

    def _choose(self, samples: Sequence[str] | None) -> tuple[str, ...]:
        return named_people(self.all_samples, samples, self.path, f"cut -f1,2 {self.path.with_suffix('.psam').name}")

    def subset(self, samples: Sequence[str]) -> PgenFile:
        """Return the same file restricted to some people, without reading its variants again.

        Raises
        ------
        InputError
            If a sample is not in the file, or named twice.
        """
        other = copy.copy(self)
        other._local = PerThread()
        other.samples = other._choose(samples)
        other._order = order_in_file(other.all_samples, other.samples)
        return other

    def has_records(self, chrom: str) -> bool:
        """Whether the contig holds any record that can be read: none, where people may be haploid."""
        return chrom in self.contigs and not self._may_be_haploid(chrom)

    def _may_be_haploid(self, chrom: str) -> bool:
        meant = {assembly.chromosome.get(chrom) for assembly in ASSEMBLIES}
        if not (_HAPLOID.fullmatch(chrom) or meant & {"X", "Y", "MT"}):
            return False
        # In a genome with chromosomes 27 and up, 23 to 26 are chromosomes as all others.
        return not _number(chrom) or all(_number(name) <= _LAST_HUMAN for name in self.contigs)

    def require_readable(self, chrom: str) -> None:
        """Refuse a contig on which people may be haploid.

        Raises
        ------
        InputError
        """
        if chrom in self.contigs and self._may_be_haploid(chrom):
            raise InputError(
                f"contig {chrom}: a PGEN keeps no haploid calls, people would count as diploid there",
                path=self.path,
                remedy="give this contig as VCF beside the PGEN: from the VCF it was made of (bcftools view -r), or by "
                f"plink2 --pfile {self.path.stem} --chr {chrom} --export vcf bgz; or leave its genes out with "
                "`regions=`",
            )

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Read every record that overlaps [start, end) (0-based half-open) of a contig.

        Raises
        ------
        InputError
            For a contig that the .pvar does not have, or on which people may be haploid, and a damaged record.
        """
        sites = self.sites(chrom, start, end)
        calls, unphased = self._read_calls(sites.row)
        self._refuse_unknown_alleles(chrom, sites, calls)
        read = Genotypes(
            chrom, start, end, self.samples, sites.position, sites.ref_length, sites.first_allele,
            sites.allele_offset, sites.bases, calls, unphased, sites.passed, str(self.path),
        )  # fmt: skip
        return describe(read, sites.info, self._sites.version) if sites.info else read

    def sites(self, chrom: str, start: int, end: int) -> Sites:
        """Return the records of a region, see `region`, without the calls."""
        if chrom not in self.contigs:
            raise InputError(
                f"contig {chrom!r} is not in the PGEN (it has {', '.join(self.contigs[:3])}, ...)",
                path=self.path,
                remedy="rename contigs with: plink2 --pfile NAME --output-chr chrM --make-pgen --out OTHER",
            )
        self.require_readable(chrom)
        return self._sites.overlapping(chrom, max(start, 0), max(end, 0))

    def imputed(self, samples: Sequence[str], field: str) -> PgenDosages:
        """Return the dosages of some people; ``field`` is DS.

        Raises
        ------
        InputError
            For GP: a PGEN has dosages, no probabilities.
        """
        if field != "DS":
            raise InputError(
                f"a PGEN keeps dosages, not the probabilities of {field}", path=self.path, remedy='use `field="DS"`'
            )
        return PgenDosages(self.subset(samples))

    def _reader(self) -> Any:
        key = os.getpid()
        if getattr(self._local, "pid", None) != key:
            options: dict[str, Any] = {}
            if len(self.samples) < len(self.all_samples):
                chosen = set(self.samples)
                rows = [i for i, name in enumerate(self.all_samples) if name in chosen]
                options["sample_subset"] = np.array(rows, np.uint32)
            if self._sites.allele_offsets is not None:
                options["allele_idx_offsets"] = self._sites.allele_offsets
            try:
                self._local.reader = _pgenlib(self.path).PgenReader(os.fsencode(self.path), **options)
            except (RuntimeError, AssertionError) as error:
                raise self._damaged(error) from None
            self._local.pid = key
        return self._local.reader

    def _damaged(self, error: Exception) -> InputError:
        """What pgenlib says, as text; its words for a record that has more alleles than the .pvar are a number."""
        first = error.args[0] if error.args else ""
        text = " ".join((first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)).split())
        return InputError(
            f"the PGEN is cut off, damaged, or of another .pvar: {text or type(error).__name__}",
            path=self.path, remedy=_VALIDATE,
        )  # fmt: skip

    def _read_calls(self, rows: NDArray[np.uint32]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        """Calls (V, S, 2) and which of them have no phase (V, S), in the order of the people."""
        n, s = len(rows), len(self.samples)
        calls, unphased = np.empty((n, s, 2), np.int8), np.empty((n, s), np.bool_)
        for part in self._parts(n):
            found = np.empty((part.stop - part.start, 2 * s), np.int32)
            phased = np.empty((part.stop - part.start, s), np.uint8)
            try:
                self._reader().read_alleles_and_phasepresent_list(rows[part], found, phased)
            except RuntimeError as error:
                raise self._damaged(error) from None
            pairs, phase = found.reshape(-1, s, 2), phased.astype(np.bool_)
            if self._order is not None:
                pairs, phase = pairs[:, self._order], phase[:, self._order]
            # Missing alleles are -9; what int8 cannot hold is refused, never wrapped.
            calls[part] = np.clip(pairs, -1, _MOST_ALLELES)
            unphased[part] = (pairs[:, :, 0] != pairs[:, :, 1]) & ~phase
        return calls, unphased

    def _parts(self, n: int) -> Iterator[slice]:
        step = max(1, _AT_ONCE // (2 * len(self.samples)))
        return (slice(first, min(first + step, n)) for first in range(0, n, step))

    def _refuse_unknown_alleles(self, chrom: str, sites: Sites, calls: NDArray[np.int8]) -> None:
        most = np.minimum(sites.n_alleles(), _MOST_ALLELES)
        wrong = calls.max(axis=(1, 2), initial=-1) >= most
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                "a call names an allele that the record does not have (or more than 126 alleles)", path=self.path,
                record=f"{chrom}:{int(sites.position[row]) + 1}", remedy=_VALIDATE,
            )  # fmt: skip

    def read_copies(self, sites: Sites) -> list[Float64Array]:
        """Return the expected copies of each allele of some records, (A, S) each; NaN where missing.

        They are the dosages, or the calls where a record or a person has none.
        """
        copies = [np.empty((int(n), len(self.samples))) for n in sites.n_alleles()]
        for allele in range(1, int(sites.n_alleles().max(initial=1))):
            mine = np.flatnonzero(sites.n_alleles() > allele)
            for part in self._parts(len(mine)):
                for v, values in zip(mine[part], self._dosages(sites.row[mine[part]], allele), strict=True):
                    copies[v][allele] = values
        for one in copies:
            one[0] = 2 - one[1:].sum(axis=0)
        return copies

    def _dosages(self, rows: NDArray[np.uint32], allele: int) -> Float64Array:
        found = np.empty((len(rows), len(self.samples)))
        try:
            self._reader().read_dosages_list(rows, found, allele_idx=allele)
        except RuntimeError as error:
            raise self._damaged(error) from None
        found[found < 0] = np.nan
        return found if self._order is None else found[:, self._order]


class PgenDosages:
    """Dosages of a PGEN by region, as `gxfast.io.vcf_dosages.ImputedFile` gives those of a VCF."""

    def __init__(self, file: PgenFile) -> None:
        self._file = file

    def region(self, chrom: str, start: int, end: int) -> ImputedRecords:
        """Read every record that overlaps [start, end) (0-based half-open) of a contig; nobody is haploid."""
        sites = self._file.sites(chrom, start, end)
        letters, ends = sites.bases.tobytes().decode("ascii", "replace").upper(), sites.allele_offset.tolist()
        texts = [letters[low:high] for low, high in pairwise(ends)]
        first = sites.first_allele.tolist()
        return ImputedRecords(
            sites.position,
            tuple(tuple(texts[low:high]) for low, high in pairwise(first)),
            tuple(self._file.read_copies(sites)),
            np.zeros((len(sites), len(self._file.samples)), np.bool_),
        )  # fmt: skip


def _pgenlib(path: Path) -> Any:
    try:
        import pgenlib
    except ImportError:
        raise InputError(
            "a PGEN is read by pgenlib, which is not installed", path=path, remedy="pip install 'gxfast[pgen]'"
        ) from None
    return pgenlib


def _counts(path: Path) -> tuple[int, int]:
    """Variants and people of a PGEN, by its header."""
    require_file(path, "PGEN")
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD.size)
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror}", path=path, remedy="check that you may read it"
        ) from None
    mode = head[2] if head[:2] == _MAGIC and len(head) == _HEAD.size else 0
    if mode not in _MODES:
        what = "is a PLINK 1 .bed, which has no phase" if mode == _BED else "is no PGEN, or one with its index apart"
        raise InputError(f"the file {what}", path=path, remedy="write it again: plink2 --make-pgen --out OTHER")
    _, _, n_variants, n_people = _HEAD.unpack(head)
    return n_variants, n_people


def _unlike(pgen: Path, found: int, what: str, listed: int, other: Path) -> InputError:
    return InputError(
        f"the PGEN has {found} {what}, {other.name} lists {listed}: one is cut off, or they are not of one file set",
        path=pgen, remedy=_AGAIN,
    )  # fmt: skip


def _people(path: Path) -> tuple[str, ...]:
    """The names (IID) of the people, in order."""
    names: list[str] = []
    column = -1
    for number, line in read_lines(path, ".psam"):
        cells = line.split()
        if not cells or line.startswith("##"):
            continue
        if column < 0:
            column = _iid(cells, path, number)
        elif len(cells) <= column:
            raise InputError("the line has no IID", path=path, record=at(number), remedy=_AGAIN)
        else:
            names.append(check_id(cells[column], "sample", path))
    (often, n), *_ = Counter(names).most_common(1) or [("", 0)]
    if n > 1:
        raise InputError(
            f"the IID {often!r} is there {n} times", path=path, remedy="rename people with: plink2 --update-ids FILE"
        )
    return tuple(names)


def _iid(cells: Sequence[str], path: Path, number: int) -> int:
    """Number of the column with the names of the people."""
    if cells[0] == "#IID":
        return 0
    if cells[0] == "#FID" and "IID" in cells:
        return list(cells).index("IID")
    raise InputError(
        f"the .psam has no header line that begins with #IID or #FID and IID, found {cells[0][:40]!r}", path=path,
        record=at(number), remedy="write the file again: plink2 --pfile NAME --make-pgen --out OTHER",
    )  # fmt: skip


def _number(contig: str) -> int:
    bare = contig.removeprefix("chr")
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 4 else 0
