"""Alleles against the reference: which of the two it has, and is it the reference that the table was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..._objects import Brief
from ...errors import InputError
from ...types import VariantTable
from ..alleles import is_palindromic, other_strand
from ..contigs import ContigNames
from ..fasta import Genome

__all__ = ["STATUSES", "Oriented", "OrientedRow", "orient", "turned_table"]

KEPT, TURNED, OTHER, OTHER_TURNED, UNFIT, NO_CONTIG = range(6)
STATUSES: Final = (
    "as written", "exchanged", "other strand", "other strand, exchanged", "fits neither", "contig not in the FASTA",
)  # fmt: skip
_GAP: Final = 1 << 14  # bases between variants up to which they are read at once
_BLOCK: Final = 1 << 24  # bases that are read at once, about
_WHOLLY: Final = 0.9  # share of the other strand among SNVs whose strand can be told, from which all rows are of it
_FEW_UNFIT: Final = 10  # rows below which nothing is said of two builds
_CHANCE: Final = 0.3  # share of exchanged ones among those that fit from which order of alleles looks like chance


@dataclass(frozen=True, slots=True)
class OrientedRow:
    """A row that is not as written; ``row`` counts from 0 in the table that was given."""

    row: int
    variant_id: str
    status: str


@dataclass(frozen=True, slots=True, repr=False)
class Oriented(Brief):
    """A table whose REF is what the reference has.

    Attributes
    ----------
    table : VariantTable
        Rows that fit, in their order, with the contig names of the reference.
    n_matched, n_turned : int
        Rows as written; rows whose alleles were exchanged: effects change their sign, frequencies become 1 - f.
    n_other_strand : int
        Rows that fit on the other strand alone; they are in ``table`` only where that was asked for.
    n_refused : int
        Rows that fit on no strand, and those whose contig the reference does not have (``n_no_contig``).
    n_both : int
        Insertions of ``table`` whose ALT fits as well: in a repeat, or deletions the wrong way round; kept as written.
    n_palindromic : int
        SNVs of ``table`` that are A/T or C/G: their strand cannot be told.
    rows : tuple of OrientedRow
        Every row that is not as written, in order.
    warnings : tuple of str
    """

    table: VariantTable
    n_matched: int
    n_turned: int
    n_other_strand: int
    n_refused: int
    rows: tuple[OrientedRow, ...]
    n_no_contig: int = 0
    n_both: int = 0
    n_palindromic: int = 0
    warnings: tuple[str, ...] = ()

    def _facts(self) -> str:
        return (
            f"{self.n_matched} as written, {self.n_turned} exchanged, {self.n_other_strand} on the other strand, "
            f"{self.n_refused} fit neither, {self.n_both} both ways, {self.n_palindromic} palindromic"
        )


def orient(
    table: VariantTable, genome: Genome, *, contigs: ContigNames | str | Path | None = None, strands: bool = False,
    most_unfit: float = 0.1,
) -> Oriented:  # fmt: skip
    """Compare alleles with the reference, and exchange those that are the wrong way round.

    Alleles are compared in full. Where both fit, as they may for an indel in a repeat, REF stays what it is.

    Parameters
    ----------
    table : VariantTable
    genome : Genome
    contigs : ContigNames, str or Path, optional
        Names of contigs, as `gxfast.io.contigs.ContigNames` takes them.
    strands : bool
        Take rows of which the other strand fits, spelled on the reference's. They are left out by default. Where nine
        in ten of the SNVs whose strand can be told are of it, A/T and C/G are read as of it too.
    most_unfit : float
        Share of rows that may fit neither way on their strand, before the reference is another one.

    Returns
    -------
    Oriented

    Raises
    ------
    InputError
        If more than ``most_unfit`` of the rows fit neither way, or, with ``strands``, alleles are in the order that
        chance gives: the table is of another build, of the other strand, or its positions count from 0, whichever fits.
        If no contig is in the reference.
    """
    names = contigs if isinstance(contigs, ContigNames) else ContigNames(genome.contigs, contigs)
    found = {name: names.find(name) for name in sorted(set(table.chrom.tolist()))}
    if not any(found.values()):
        first = next(iter(found), "")
        raise InputError(
            f"no contig of the table is in {genome.path}: {names.why_not(first)}", path=table.source or None,
            remedy="name the FASTA that the table was made with, or give the names of contigs (`contigs=`)",
        )  # fmt: skip
    status, n_both = _looked_up(table, genome, found)
    if strands:
        status = _of_one_strand(table, status)
    _refuse_other_build(table, genome, found, status, strands, most_unfit)
    kept = status <= (OTHER_TURNED if strands else TURNED)
    chosen = _spelled(table, status, found).take(kept)
    how = status[kept]
    chosen = turned_table(chosen, (how == TURNED) | (how == OTHER_TURNED))
    numbers = np.bincount(status, minlength=len(STATUSES)).tolist()
    palindromic = int(is_palindromic(chosen.ref, chosen.alt).sum())
    counts = {STATUSES[code]: numbers[code] for code in range(1, len(STATUSES)) if numbers[code]}
    renamed = tuple(one.text for one in names.renamed("variants", (name for name, new in found.items() if new)))
    return Oriented(
        replace(chosen, counts=table.counts | counts, notes=(*table.notes, *renamed)),
        numbers[KEPT], numbers[TURNED], numbers[OTHER] + numbers[OTHER_TURNED], numbers[UNFIT] + numbers[NO_CONTIG],
        _listed(table, status), numbers[NO_CONTIG], n_both, palindromic, tuple(_two_builds(numbers)),
    )  # fmt: skip


def turned_table(table: VariantTable, turned: NDArray[np.bool_]) -> VariantTable:
    """Exchange the alleles of some rows: signed columns change their sign, frequencies become 1 - f."""
    if not turned.any():
        return table
    columns = dict(table.columns)
    for name in table.signed:
        columns[name] = np.where(turned, -columns[name], columns[name])
    for name in table.frequencies:
        columns[name] = np.where(turned, 1 - columns[name], columns[name])
    return replace(
        table, ref=np.where(turned, table.alt, table.ref), alt=np.where(turned, table.ref, table.alt), columns=columns
    )


def _looked_up(table: VariantTable, genome: Genome, found: Mapping[str, str | None]) -> tuple[NDArray[np.int8], int]:
    """The status of every row, and of how many insertions ALT fits too."""
    status, n_both = np.full(len(table), NO_CONTIG, np.int8), 0
    for start, end, contig, rows in _blocks(table, found):
        bases = genome.fetch_array(contig, start, end)
        status[rows], n = _fit(bases, table.position[rows] - start, table.ref[rows], table.alt[rows])
        n_both += n
    return status, n_both


def _of_one_strand(table: VariantTable, status: NDArray[np.int8]) -> NDArray[np.int8]:
    """Read A/T and C/G as of the other strand where the other SNVs are: as written, exchanged ones are not."""
    palindromic = is_palindromic(table.ref, table.alt)
    n = np.bincount(status[~palindromic], minlength=len(STATUSES))
    other = int(n[OTHER] + n[OTHER_TURNED])
    if not other or other < _WHOLLY * int(n[KEPT] + n[TURNED] + other):
        return status
    swapped = np.array([OTHER_TURNED, OTHER, OTHER, OTHER_TURNED, UNFIT, NO_CONTIG], np.int8)
    return np.where(palindromic, swapped[status], status)


def _two_builds(numbers: list[int]) -> Iterator[str]:
    """Of a part that is of another build, half of the SNVs fit neither way, and a quarter fits exchanged."""
    unfit, turned = numbers[UNFIT] + numbers[OTHER] + numbers[OTHER_TURNED], numbers[TURNED]
    both = unfit + turned
    if unfit >= _FEW_UNFIT and abs(turned - both / 3) <= 3 * np.sqrt(both * 2 / 9):
        yield (
            f"{unfit} rows do not fit the FASTA and {turned} fit exchanged, as of {2 * unfit} rows of another build by "
            "chance: are there two builds in the table? Exchanged ones would be wrong too"
        )


def _blocks(table: VariantTable, found: Mapping[str, str | None]) -> Iterator[tuple[int, int, str, NDArray[np.int64]]]:
    """Stretches of contigs and the rows in them, so that each base is read once."""
    ends = table.position + np.maximum(np.char.str_len(table.ref), np.char.str_len(table.alt))
    for name, contig in found.items():
        if contig is None:
            continue
        rows = np.flatnonzero(table.chrom == name)
        rows = rows[np.argsort(table.position[rows], kind="stable")]
        starts, reach = table.position[rows], np.maximum.accumulate(ends[rows])
        opens = np.concatenate([[True], starts[1:] - reach[:-1] > _GAP])
        block = np.cumsum(opens)
        far = (starts - starts[np.maximum.accumulate(np.where(opens, np.arange(len(rows)), 0))]) // _BLOCK
        cuts = np.flatnonzero(np.concatenate([[True], (block[1:] != block[:-1]) | (far[1:] != far[:-1])]))
        for first, last in zip(cuts.tolist(), [*cuts[1:].tolist(), len(rows)], strict=True):
            some = rows[first:last]
            yield int(table.position[some[0]]), int(ends[some].max()), contig, some


def _fit(
    bases: NDArray[np.uint8], at: NDArray[np.int64], ref: NDArray[np.str_], alt: NDArray[np.str_]
) -> tuple[Any, int]:
    """The status of rows whose first base is ``bases[at]``, and of how many insertions ALT fits too."""
    status = np.full(len(at), UNFIT, np.int8)
    single = (np.char.str_len(ref) == 1) & (np.char.str_len(alt) == 1)
    snv = np.flatnonzero(single)
    base = bases[at[snv]]
    one, two = _first_letters(ref[snv]), _first_letters(alt[snv])
    tests = ((_OTHER[two], OTHER_TURNED), (_OTHER[one], OTHER), (two, TURNED), (one, KEPT))  # the last that fits counts
    for letters, code in tests:
        status[snv[letters == base]] = code
    text = bases.tobytes().decode("latin-1") if not single.all() else ""
    n_both = 0
    for v in np.flatnonzero(~single).tolist():
        fits = _fits(text, int(at[v]), str(ref[v]), str(alt[v]))
        status[v] = fits[0] if fits else UNFIT
        n_both += fits[:2] == [KEPT, TURNED] and len(alt[v]) > len(ref[v])
    return status, n_both


_OTHER: Final = np.zeros(256, np.uint8)
for _letter, _pair in zip(b"ACGT", b"TGCA", strict=True):
    _OTHER[_letter] = _pair


def _first_letters(alleles: NDArray[np.str_]) -> NDArray[np.uint8]:
    width = max(1, alleles.dtype.itemsize // 4)
    codes = np.ascontiguousarray(alleles).view(np.uint32).reshape(-1, width)[:, 0]
    return codes.astype(np.uint8)


def _fits(text: str, at: int, ref: str, alt: str) -> list[int]:
    tests = ((ref, KEPT), (alt, TURNED), (other_strand(ref), OTHER), (other_strand(alt), OTHER_TURNED))
    return [code for allele, code in tests if text.startswith(allele, at)]


def _spelled(table: VariantTable, status: NDArray[np.int8], found: Mapping[str, str | None]) -> VariantTable:
    """The table with the reference's names of contigs, rows of the other strand spelled on the reference's."""
    chrom = np.array([found[name] or name for name in table.chrom.tolist()], np.str_) if len(table) else table.chrom
    ref, alt = table.ref.copy(), table.alt.copy()
    for v in np.flatnonzero((status == OTHER) | (status == OTHER_TURNED)).tolist():
        ref[v], alt[v] = other_strand(str(ref[v])), other_strand(str(alt[v]))
    return replace(table, chrom=chrom, ref=ref, alt=alt)


def _listed(table: VariantTable, status: NDArray[np.int8]) -> tuple[OrientedRow, ...]:
    rows = np.flatnonzero(status != KEPT)
    names = table.take(rows).variant_id
    codes = status[rows].tolist()
    return tuple(
        OrientedRow(row, name, STATUSES[code]) for row, name, code in zip(rows.tolist(), names, codes, strict=True)
    )


def _refuse_other_build(
    table: VariantTable, genome: Genome, found: Mapping[str, str | None], status: NDArray[np.int8], strands: bool,
    most: float,
) -> None:  # fmt: skip
    looked = status[status != NO_CONTIG]
    share = {code: float((looked == code).mean()) if looked.size else 0.0 for code in range(NO_CONTIG)}
    unfit = share[UNFIT] + share[OTHER] + share[OTHER_TURNED]
    fit, turned = 1 - share[UNFIT], share[TURNED] + share[OTHER_TURNED]
    by_chance = bool(fit) and _CHANCE <= turned / fit <= 1 - _CHANCE
    other = float(np.isin(_of_one_strand(table, status), (OTHER, OTHER_TURNED)).sum()) / max(1, looked.size)
    if unfit <= most or (strands and share[UNFIT] <= most and (other >= 1 - most or not by_chance)):
        return
    seen = f"{share[KEPT]:.1%} have the reference's base as REF, {share[TURNED]:.1%} as ALT, and {unfit:.1%} as neither"
    first = [table.take([row]).variant_id[0] for row in np.flatnonzero((status > TURNED) & (status != NO_CONTIG))[:3]]
    later = replace(table, position=table.position + 1)
    shifted = float((_looked_up(later, genome, found)[0] == KEPT).sum()) / max(1, looked.size)
    message, remedy = "is of another build than", "lift the table over, or name the FASTA of its build"
    if shifted >= max(1 - most, share[KEPT]):
        message, remedy = f"has positions that count from 0 ({shifted:.1%} fit one base later) by", "add 1 to positions"
    elif not strands and other >= 1 - most:
        message, remedy = (
            f"is of the other strand ({other:.1%} fit) than",
            "spell its alleles on the strand of the FASTA, or, of labels of a benchmark, take it with `strands=True`",
        )
    raise InputError(
        f"the table {message} {genome.path}: of {looked.size} variants {seen} ({', '.join(first)})",
        path=table.source or None, record=first[0], remedy=remedy,
    )  # fmt: skip
