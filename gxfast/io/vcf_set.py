"""Several files of genotypes read as one: a file per chromosome, per kind of variant, or for men only."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from ..errors import InputError
from .contigs import STRICT, ContigNames
from .genotypes import Genotypes, join_records
from .sources import VariantSource
from .variants import open_variants

__all__ = ["VariantFileSet", "choose_samples", "expand_patterns"]

_MISSING = -1  # as a call


def expand_patterns(patterns: Sequence[str], chroms: Sequence[str], names: ContigNames | None = None) -> list[Path]:
    """Replace ``{chrom}`` in file names by each of ``chroms`` (those that exist), in order.

    Where there is no file of a contig's name, one with another of its names is taken.

    Raises
    ------
    InputError
        If a pattern matches no file, or a contig's other names match several.
    """
    paths: list[Path] = []
    names = names or ContigNames(dict.fromkeys(chroms))
    for pattern in patterns:
        if "{chrom}" not in pattern:
            paths.append(Path(pattern))
            continue
        found = [path for chrom in chroms for path in _files_of(pattern, chrom, names)]
        if not found:
            raise InputError(
                f"no file matches the pattern for any of {', '.join(chroms[:5])}",
                path=pattern,
                remedy="check the folder and how the file names spell the chromosome",
            )
        paths += found
    return list(dict.fromkeys(paths))


def _files_of(pattern: str, chrom: str, names: ContigNames) -> list[Path]:
    """The file of a contig, if there is one."""
    for spellings in ((chrom,), names.spellings(chrom)):
        paths = dict.fromkeys(Path(pattern.replace("{chrom}", name)) for name in spellings)
        found = [path for path in paths if path.exists()]
        if len(found) > 1:
            raise InputError(
                f"{found[0].name} and {found[1].name} are both there for {chrom}",
                path=pattern, remedy="name the files one by one, or move one away",
            )  # fmt: skip
        if found:
            return found
    return []


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
    known, named = set(available), set(names)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            f"{len(unknown)} of the named samples are not there, first {unknown[0]!r}",
            path=source,
            remedy="list the samples with: bcftools query -l FILE",
        )
    chosen = [name for name in available if (name in named) != exclude]
    if not chosen:
        raise InputError("no sample is left after the selection", path=source, remedy="leave fewer people out")
    return chosen


class VariantFileSet(Brief):
    """Files of genotypes (VCF, BCF, PGEN, VCF Zarr) of one cohort.

    Records of a contig that is in several of them are merged by position.

    A file may hold fewer people than another (chromosome Y of the men): those who are not in it have missing calls
    there, and are named by `absent`.

    Parameters
    ----------
    paths : sequence of Path
        See `open_variants`.
    samples : sequence of str, optional
        People to read, in this order; all by default.

    Raises
    ------
    InputError
        If a file holds people that the file with most people lacks; see also `VariantFile`.

    Attributes
    ----------
    samples, all_samples : tuple of str
        The people that were chosen, and everybody in the files.
    contigs : tuple of str
    names_by : str
        What the names of the contigs were found by, see `ContigNames.by`.
    """

    def __init__(self, paths: Sequence[str | Path], *, samples: Sequence[str] | None = None) -> None:
        if not paths:
            raise InputError("no VCF given", remedy="name one with --vcf")
        self.files: list[VariantSource] = [self._open(path) for path in paths]
        largest = max(self.files, key=lambda file: len(file.all_samples))
        for file in self.files:
            _check_people(file, largest)
        self.all_samples = largest.all_samples
        self.names_by = STRICT
        self._key(lambda file, contig: contig)
        self._choose(self.all_samples if samples is None else samples)

    def _open(self, path: str | Path) -> VariantSource:
        return open_variants(path)

    def _facts(self) -> str:
        files = f"'{self.files[0].path}'" if len(self.files) == 1 else plural(len(self.files), "file")
        return f"{files}, {len(self.samples)} people, {plural(len(self.contigs), 'contig')}"

    def _key(self, rename: Callable[[VariantSource, str], str]) -> None:
        """Find the files of each contig by the name that it goes by."""
        parts: dict[str, list[tuple[VariantSource, str]]] = {}
        for file in self.files:
            for contig in file.contigs:
                parts.setdefault(rename(file, contig), []).append((file, contig))
        several = {name: [(f, c) for f, c in found if f.has_records(c)] for name, found in parts.items() if found[1:]}
        self._parts = {name: several.get(name) or found[:1] for name, found in parts.items()}
        self.contigs = tuple(self._parts)

    def _choose(self, samples: Sequence[str]) -> None:
        """Read these people; columns may stand in another order, or lack, in every file."""
        known = set(self.all_samples)
        if any(name not in known for name in samples) or not len(samples):
            self.files[0].subset(samples)  # words the error
        there = [list(filter(set(file.all_samples).__contains__, samples)) for file in self.files]
        # A file with none of them is kept as it is: all its contigs have nobody.
        chosen = {id(f): f.subset(names) if names else f for f, names in zip(self.files, there, strict=True)}
        self._parts = {name: [(chosen[id(f)], c) for f, c in found] for name, found in self._parts.items()}
        self.files = list(chosen.values())
        self.samples = tuple(samples)

    def subset(self, samples: Sequence[str]) -> VariantFileSet:
        """Return the same files restricted to some people; see `VariantFile.subset`."""
        other = copy.copy(self)
        other._choose(samples)
        return other

    def file_of(self, chrom: str) -> tuple[VariantSource, str]:
        """Return the one file that has a contig, and the contig's name in it.

        Raises
        ------
        InputError
            If several files have it.
        """
        (file, contig), *others = self._parts[chrom]
        if others:
            raise InputError(
                f"contig {chrom} is also in {others[0][0].path.name}",
                path=file.path,
                remedy="merge the files with bcftools concat -a",
            )
        return file, contig

    def require_readable(self, chroms: Sequence[str]) -> None:
        """Refuse contigs that the format of their file cannot tell the truth about, before anything is computed.

        Raises
        ------
        InputError
        """
        for chrom in chroms:
            for file, contig in self._parts.get(chrom, []):
                file.require_readable(contig)

    def named_by(self, names: ContigNames) -> VariantFileSet:
        """Return the same files with the contigs under their names in a reference, as far as these are certain.

        Where two contigs of one file would come under one name, and none bears it, both keep theirs.
        """
        new = {id(file): _names_in(file, names) for file in self.files}
        other = copy.copy(self)
        other.names_by = names.by
        other._key(lambda file, contig: new[id(file)].get(contig, contig))
        return other

    def named_for(self, wanted: Sequence[str], table: str | Path | None = None) -> VariantFileSet:
        """Return the same files with their contigs under the names ``wanted``, where no reference says them.

        Names are found as in `ContigNames`, with the contigs and lengths of the files as the reference.
        """
        lengths = {contig: file.contig_lengths.get(contig) for file in self.files for contig in file.contigs}
        names = ContigNames(lengths, table)
        new = {names.find(name): name for name in wanted if name not in lengths}
        other = copy.copy(self)
        other.names_by = names.by
        other._key(lambda file, contig: new.get(contig, contig))
        return other

    def spelled(self, contig: str) -> str:
        """Return the name of a contig in its file."""
        return self._parts[contig][0][1]

    def length_of(self, contig: str) -> int | None:
        """Return the length that the header of a file gives a contig."""
        parts = self._parts.get(contig, [])
        return next((file.contig_lengths.get(name) for file, name in parts), None)

    def absent(self, chrom: str) -> NDArray[np.bool_]:
        """Return which of the people are in no file of a contig, shape (S,)."""
        there = {name for file, _ in self._parts.get(chrom, []) for name in file.all_samples}
        return np.array([name not in there for name in self.samples], np.bool_)

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Read [start, end) of a contig from the files that have it; see `VariantFile.region`.

        Raises
        ------
        InputError
            If a record is in two files.
        """
        parts = self._parts.get(chrom, [(self.files[0], chrom)])
        found = [self._complete(file.region(contig, start, end), chrom) for file, contig in parts]
        return found[0] if len(found) == 1 else _merged(found, start, end)

    def _complete(self, found: Genotypes, chrom: str) -> Genotypes:
        """Give everybody a column, under the name that the contig goes by."""
        if found.samples != self.samples:
            found = _with_people(found, self.samples)
        return found if found.chrom == chrom else replace(found, chrom=chrom)


def _check_people(file: VariantSource, largest: VariantSource) -> None:
    if set(file.all_samples) <= set(largest.all_samples):
        return
    raise InputError(
        f"the file holds other people than {largest.path.name}",
        path=file.path,
        remedy="use files of one cohort, or select shared people with bcftools view -S",
    )


def _names_in(file: VariantSource, names: ContigNames) -> dict[str, str]:
    """The reference's names of a file's contigs, each of one contig."""
    found: dict[str, list[str]] = {}
    for contig in file.contigs:
        new = names.find(contig, file.contig_lengths.get(contig))
        if new is not None:
            found.setdefault(new, []).append(contig)
    chosen = {}
    for new, contigs in found.items():
        mine = contigs if len(contigs) == 1 else [c for c in contigs if c == new] or _with_records(file, contigs)
        if len(mine) == 1:
            chosen[mine[0]] = new
    return chosen


def _with_records(file: VariantSource, contigs: Sequence[str]) -> list[str]:
    return [contig for contig in contigs if file.has_records(contig)]


def _with_people(found: Genotypes, samples: tuple[str, ...]) -> Genotypes:
    """The same records with a column for each of some people; calls of those who have none are missing."""
    n, s = len(found), len(samples)
    place = {name: i for i, name in enumerate(found.samples)}
    mine = [i for i, name in enumerate(samples) if name in place]
    theirs = [place[samples[i]] for i in mine]
    calls, unphased = np.full((n, s, 2), _MISSING, np.int8), np.zeros((n, s), np.bool_)
    calls[:, mine], unphased[:, mine] = found.calls[:, theirs], found.unphased[:, theirs]
    phase_set = None
    if found.phase_set is not None:
        phase_set = np.zeros((n, s), np.int64)
        phase_set[:, mine] = found.phase_set[:, theirs]
    return replace(found, samples=samples, calls=calls, unphased=unphased, phase_set=phase_set)


def _merged(parts: Sequence[Genotypes], start: int, end: int) -> Genotypes:
    """Records of several files in one order, those of the first file first at a position."""
    joined = join_records([replace(part, start=-1) for part in parts], start, end)
    order = np.argsort(joined.position, kind="stable")
    found = joined.take(order, start, end)
    of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[order]
    for v in np.flatnonzero(np.diff(found.position) == 0).tolist():
        _refuse_twice(found, v, parts, of)
    return found


def _refuse_twice(found: Genotypes, v: int, parts: Sequence[Genotypes], of: NDArray[Any]) -> None:
    """Refuse a record that is also in another file, among those at the position of record v."""
    here = range(v, int(np.searchsorted(found.position, found.position[v], side="right")))
    for w in here[1:]:
        if of[w] != of[v] and found.alleles(v) == found.alleles(w):
            raise InputError(
                f"the record is also in {Path(parts[int(of[v])].source).name}",
                path=parts[int(of[w])].source, record=found.describe(w),
                remedy="give each record once (bcftools concat -a -D)",
            )  # fmt: skip
