"""Which contig of a reference a name means: chr1, 1 and NC_000001.11 are one where the reference is GRCh38."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..errors import InputError
from ..types import GeneTable
from ._assemblies import ASSEMBLIES, HG19_MITOCHONDRION, MITOCHONDRION, Assembly
from .tables.text import at, read_lines

__all__ = ["STRICT", "ContigNames", "Renamed"]

STRICT: Final = "strict"
_Key = Callable[[str, "int | None"], str]
_HG19_M: Final = "NC_001807.4"
# chr1_KI270762v1_alt and chrUn_GL000220v1 hold their accession, as do hg19's chr1_gl000191_random.
_UCSC_SCAFFOLD = re.compile(r"chr\w+?_(?P<accession>[A-Za-z]{2}\d{6})(?:v(?P<version>\d+))?(?:_(?:alt|fix|random))?")
# What NCBI's assembly_report.txt calls its columns of names.
_REPORT_COLUMNS = ("Sequence-Name", "GenBank-Accn", "RefSeq-Accn", "UCSC-style-name")


@dataclass(frozen=True, slots=True)
class Renamed:
    """What was translated.

    Attributes
    ----------
    what : str
        ``"genes"``, ``"VCF"`` or ``"regions"``.
    names : dict of str to str
        Spelling in the file, and the one that stands for it from here on.
    by : str
        The assembly, the file of ``--contigs``, or ``"prefix"``.
    """

    what: str
    names: dict[str, str]
    by: str

    @property
    def text(self) -> str:
        """A line for people."""
        pairs = [f"{old} as {new}" for old, new in list(self.names.items())[:3]]
        more = f", ... ({len(self.names)} contigs)" if len(self.names) > 3 else ""
        how = {"prefix": "same name with and without chr"}.get(self.by, f"names of {self.by}")
        return f"{self.what}: {', '.join(pairs)}{more}: {how}"


@dataclass(frozen=True)
class ContigNames:
    """Contigs of a reference, to be found by any of their names.

    A name that the reference has is itself. Else it is looked up in the alias table: the one that was given, that of
    the human assembly whose lengths the reference has, or, for any other genome, the name with and without ``chr``.
    What would name two contigs names none.

    Parameters
    ----------
    contigs : mapping of str to (int or None)
        Length of each contig of the reference; None where it is not known.
    table : str or Path, optional
        File of aliases, or ``"strict"``: names are what they are.
    """

    contigs: Mapping[str, int | None]
    table: str | Path | None = None
    by: str = field(init=False)
    _keys: tuple[_Key, ...] = field(init=False)
    _found: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        by, keys = _rules(self.contigs, self.table)
        object.__setattr__(self, "by", by)
        object.__setattr__(self, "_keys", keys)
        found: dict[str, tuple[str, ...]] = {}
        for name, length in self.contigs.items():
            for key in {key(name, length) for key in keys}:
                found[key] = (*found.get(key, ()), name)
        object.__setattr__(self, "_found", found)

    def find(self, name: str, length: int | None = None) -> str | None:
        """Return the reference's name of a contig; None if it has none, or it is not certain which.

        Parameters
        ----------
        name : str
        length : int, optional
            As the file has it: a contig of another length is another one.
        """
        if name in self.contigs:
            return name
        found = self._candidates(name, length)
        return found[0] if len(found) == 1 and self._fits(found[0], length) else None

    def same(self, name: str) -> str:
        """Return the first of the contigs here that a name may mean; itself where it means none."""
        return next(iter(self._candidates(name, None)), name)

    def why_not(self, name: str, length: int | None = None) -> str:
        """Say why a name was not found."""
        found = self._candidates(name, length)
        if len(found) > 1:
            return f"{name!r} could be {' or '.join(found)}"
        if found:
            return f"{name!r} has {length} bases, {found[0]} {self.contigs[found[0]]}"
        if any(_is_hg19_m(contig, size) for contig, size in self.contigs.items()) and _loose(name) == "MT":
            return f"{name!r} is another sequence than hg19's chrM of {HG19_MITOCHONDRION} bases"
        of = [one.name for one in ASSEMBLIES if name in one.chromosome]
        if of and self.table is None:
            return f"{name!r} is a name in {' and '.join(of)}, of which the contigs here do not have the lengths"
        return f"{name!r} is not there"

    def like(self, name: str) -> str | None:
        """Return the contig that a name would mean in any human assembly: a hint, not a proof."""
        loose = {_loose(contig): contig for contig in self.contigs}
        return loose.get(_loose(name))

    def spellings(self, name: str) -> tuple[str, ...]:
        """Return the other names of a contig, for patterns of file names."""
        bare = name.removeprefix("chr")
        names = [bare, f"chr{bare}", *(("MT", "chrM", "M", "chrMT") if bare in ("M", "MT") else ())]
        for assembly in ASSEMBLIES if self.table != STRICT else ():
            if assembly.name == self.by and name in assembly.chromosome:
                names += assembly.names(assembly.chromosome[name])
        return tuple(dict.fromkeys(other for other in names if other != name and self.table != STRICT))

    def renamed(self, what: str, names: Iterable[str]) -> tuple[Renamed, ...]:
        """Return what is translated of some names, to be told; nothing where all are the reference's."""
        pairs = {name: self.find(name) for name in dict.fromkeys(names)}
        other = {old: new for old, new in pairs.items() if new is not None and new != old}
        return (Renamed(what, other, self.by),) if other else ()

    def genes(self, genes: GeneTable) -> GeneTable:
        """Return the genes with the reference's names of their contigs."""
        names = {chrom: self.find(chrom) or chrom for chrom in set(genes.chrom)}
        return genes.on(tuple(names[chrom] for chrom in genes.chrom))

    def variant_id(self, name: str) -> str:
        """Return ``chrom_pos_ref_alt`` with the reference's name of the contig."""
        chrom, mark, rest = name.partition("_")
        return f"{self.find(chrom) or chrom}{mark}{rest}" if mark and chrom not in self.contigs else name

    def _candidates(self, name: str, length: int | None) -> tuple[str, ...]:
        found = [self._found.get(key(name, length), ()) for key in self._keys]
        if any(not one for one in found):
            found = [one for one in found if one]
            if found:  # known to one of the assemblies that fit, and not to another: not certain
                return tuple(dict.fromkeys(name for one in found for name in (*one, "a contig of another assembly")))
        return tuple(dict.fromkeys(name for one in found for name in one))

    def _fits(self, contig: str, length: int | None) -> bool:
        return length is None or self.contigs[contig] in (None, length)


def _rules(contigs: Mapping[str, int | None], table: str | Path | None) -> tuple[str, tuple[_Key, ...]]:
    if table == STRICT:
        return STRICT, ()
    if table is not None:
        groups = _read_table(Path(table))
        if contigs and groups.keys().isdisjoint(contigs):
            raise InputError(
                f"none of its names is a contig here (there are {', '.join(list(contigs)[:3])}, ...)", path=table,
                remedy="write one row per contig: its names, tab-separated, one of them that of the reference",
            )  # fmt: skip
        return Path(table).name, (lambda name, length: groups.get(name) or _plain_key(name, length),)
    fitting = _fitting(contigs)
    if not fitting:
        return "prefix", (_plain_key,)
    return " or ".join(one.name for one in fitting), tuple(_assembly_key(one) for one in fitting)


def _fitting(contigs: Mapping[str, int | None]) -> list[Assembly]:
    """Assemblies of which the reference has the lengths: of its chromosomes, or of the mitochondrion alone."""
    nuclear = [_fits(contigs, assembly, mitochondrion=False) for assembly in ASSEMBLIES]
    found = (
        nuclear
        if any(fits is not None for fits in nuclear)
        else [_fits(contigs, assembly, mitochondrion=True) for assembly in ASSEMBLIES]
    )
    return [assembly for assembly, fits in zip(ASSEMBLIES, found, strict=True) if fits]


def _fits(contigs: Mapping[str, int | None], assembly: Assembly, *, mitochondrion: bool) -> bool | None:
    """Whether the chromosomes are as long as the assembly's; None where there are none."""
    keys = {name: assembly.chromosome[name] for name in contigs if name in assembly.chromosome}
    same = [contigs[name] == assembly.length[key] for name, key in keys.items() if (key == "MT") == mitochondrion]
    return all(same) if same else None


def _assembly_key(assembly: Assembly) -> _Key:
    def key(name: str, length: int | None) -> str:
        return assembly.chromosome.get(name, "") if not _is_hg19_m(name, length) else _HG19_M

    return lambda name, length: key(name, length) or _plain_key(name, length)


def _is_hg19_m(name: str, length: int | None) -> bool:
    return length == HG19_MITOCHONDRION and name in ("chrM", "M", "MT", "chrMT")


def _plain_key(name: str, length: int | None) -> str:
    """A scaffold's accession, or the name without ``chr``."""
    if _is_hg19_m(name, length):
        return _HG19_M
    scaffold = _UCSC_SCAFFOLD.fullmatch(name)
    if scaffold:
        return f"{scaffold['accession'].upper()}.{scaffold['version'] or 1}"
    bare = name[3:] if name[:3] in ("chr", "Chr", "CHR") else name
    return "MT" if bare == "M" else bare


def _loose(name: str) -> str:
    return next((one.chromosome[name] for one in ASSEMBLIES if name in one.chromosome), _plain_key(name, MITOCHONDRION))


def _read_table(path: Path) -> dict[str, str]:
    """Read names that mean one contig, row by row; the first of a row stands for all."""
    groups: dict[str, str] = {}
    columns: list[int] = []
    for number, line in read_lines(path, "table of contig names"):
        cells = [cell.strip() for cell in line.lstrip("# ").split("\t")]
        if _REPORT_COLUMNS[0] in cells:
            columns = [i for i, cell in enumerate(cells) if cell in _REPORT_COLUMNS]
        if not line.strip() or line.startswith("#"):
            continue
        chosen = [cells[i] for i in columns if i < len(cells)] if columns else cells
        names = list(dict.fromkeys(name for name in chosen if name not in ("", "na")))
        taken = next((name for name in names if name in groups), None)
        if (len(names) < 2 and not columns) or taken:
            raise InputError(
                f"{taken!r} is in two rows" if taken else f"expected a name and its aliases, found {line!r}",
                path=path, record=at(number), remedy="write one row per contig: its names, tab-separated",
            )  # fmt: skip
        groups |= dict.fromkeys(names, f"row {number}")
    return groups
