"""Labels and scores of the same variants, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import VariantTable
from ..alleles import is_palindromic, other_strand, shortest_arrays
from ..contigs import ContigNames
from ..tables.exons import strip_version
from ._columns import build_of
from .orient import turned_table

__all__ = ["join"]

Key = tuple[Any, ...]
_MOST_OTHER: Final = 0.1  # share of variants that may have the other strand's alleles, as in `orient`


@dataclass(frozen=True, slots=True)
class _Places:
    """Contig, position and alleles of rows, trimmed, as lists, and the texts that are compared besides."""

    place: tuple[list[str], list[int], list[str], list[str]]
    beside: tuple[list[str], ...]

    def keys(self, rows: Sequence[int] | None = None, *, turned: bool = False) -> Iterator[Key]:
        chrom, position, ref, alt = self.place
        lists: tuple[list[Any], ...] = (chrom, position, *((alt, ref) if turned else (ref, alt)), *self.beside)
        return zip(*(one if rows is None else [one[row] for row in rows] for one in lists), strict=True)


def join(labels: VariantTable, scores: VariantTable) -> VariantTable:
    """Put scores beside labels.

    Rows are of one variant if contig (by any of its names), position and alleles are the same, alleles trimmed to
    their shortest form; indels are not moved in repeats (``bcftools norm`` does that). Where both tables have gene_id,
    rows are of one gene: by the full name, else by an Ensembl id without its version (``ENSG00000000001.5``); scores
    without a gene hold for every gene. Where both have tissue, rows are of one tissue.

    Parameters
    ----------
    labels : VariantTable
        A variant may stand in any number of rows.
    scores : VariantTable
        At most one row per variant, gene and tissue.

    Returns
    -------
    VariantTable
        The rows of ``labels`` that have scores, in their order, with the columns of both; a column of ``scores`` whose
        name ``labels`` has is called ``score.NAME``. Scores of exchanged alleles are turned. ``counts`` has
        ``labels with scores``, ``labels without scores``, ``scores without labels``, and, where there are any,
        ``scores turned``, ``genes without version`` and ``scores of no gene``.

    Raises
    ------
    InputError
        If scores have two rows for one key, names of variants tell two builds, scores are of the other strand (their
        alleles are complements at more than a tenth of the variants), or nothing can be joined.
    """
    shared = tuple(name for name in ("gene_id", "tissue") if name in labels.columns and name in scores.columns)
    _refuse_builds(labels, scores)
    names = ContigNames(dict.fromkeys(scores.chrom.tolist()))
    mine, theirs = _places(labels, shared, names), _places(scores, shared, None)
    known = _index(scores, theirs.keys())
    match = np.full(len(labels), -1, np.int64)
    turned = np.zeros(len(labels), np.bool_)
    _look_up(known, mine, match, turned)
    counts: dict[str, int] = {}
    if "gene_id" in shared and (match < 0).any():
        g = shared.index("gene_id")
        bare = _with(theirs, g, list(map(strip_version, theirs.beside[g])))
        mine_bare = _with(mine, g, list(map(strip_version, mine.beside[g])))
        counts["genes without version"] = _look_up(_index(scores, bare.keys(), twice=True), mine_bare, match, turned)
        if "" in set(theirs.beside[g]):
            counts["scores of no gene"] = _look_up(known, _with(mine, g, [""] * len(labels)), match, turned)
    found = match >= 0
    _refuse_other_strand(known, mine, match, labels, scores)
    if not found.any():
        raise _nothing(labels, scores, names)
    counts = {
        "labels with scores": int(found.sum()), "labels without scores": int((~found).sum()),
        "scores without labels": len(scores) - int(np.count_nonzero(np.bincount(match[found]))),
        "scores turned": int(turned.sum()), **counts,
    }  # fmt: skip
    added = turned_table(scores.take(match[found]), turned[found])
    return _beside(labels.take(found), added, shared, {name: n for name, n in counts.items() if n or " w" in name})


def _places(table: VariantTable, shared: Sequence[str], names: ContigNames | None) -> _Places:
    position, ref, alt = shortest_arrays(table.position, table.ref, table.alt)
    chrom = table.chrom.tolist()
    if names is not None:
        found = {name: names.find(name) or name for name in set(chrom)}
        chrom = [found[name] for name in chrom]
    beside = tuple(table.columns[name].tolist() for name in shared)
    return _Places((chrom, position.tolist(), ref.tolist(), alt.tolist()), beside)


def _with(places: _Places, number: int, values: list[str]) -> _Places:
    beside = list(places.beside)
    beside[number] = values
    return replace(places, beside=tuple(beside))


def _index(scores: VariantTable, keys: Iterator[Key], *, twice: bool = False) -> dict[Key, int]:
    """The row of each key; of keys that several rows have, none with ``twice``, else an error."""
    listed = list(keys)
    known = dict(zip(listed, range(len(listed)), strict=True))
    if len(known) == len(listed):
        return known
    again = {key for row, key in enumerate(listed) if known[key] != row}
    if twice:
        return {key: row for key, row in known.items() if key not in again}
    row = next(row for row, key in enumerate(listed) if key in again)
    key = listed[row]
    raise InputError(
        f"{len(listed) - len(known)} rows of scores are of a variant that has one, "
        f"first {scores.take([row]).variant_id[0]} {' '.join(key[4:])}".rstrip(),
        path=scores.source or None,
        remedy="keep one row per variant, gene and tissue (find_duplicates lists them); both tables name genes",
    )  # fmt: skip


def _look_up(known: dict[Key, int], places: _Places, match: NDArray[np.int64], turned: NDArray[np.bool_]) -> int:
    """Find rows that have no match so far, as written and exchanged; return how many were found."""
    n = 0
    for exchanged in (False, True):
        rows = np.flatnonzero(match < 0)
        if not rows.size:
            break
        keys = places.keys(None if rows.size == match.size else rows.tolist(), turned=exchanged)
        found = np.fromiter((known.get(key, -1) for key in keys), np.int64, rows.size)
        match[rows] = found
        turned[rows] = exchanged & (found >= 0)
        n += int((found >= 0).sum())
    return n


def _refuse_builds(labels: VariantTable, scores: VariantTable) -> None:
    one, other = build_of(labels), build_of(scores)
    if one and other and one != other:
        raise InputError(
            f"names of variants say {other}, and those of the labels {one}", path=scores.source or None,
            record=scores.take(slice(1)).variant_id[0] if len(scores) else None,
            remedy="lift one of the tables over: places of two builds are other places",
        )  # fmt: skip


def _refuse_other_strand(
    known: dict[Key, int], mine: _Places, match: NDArray[np.int64], labels: VariantTable, scores: VariantTable
) -> None:
    """Refuse scores of the other strand: A/T and C/G would be taken as written, with the wrong sign."""
    rows = np.flatnonzero((match < 0) & (np.char.str_len(labels.ref) == 1) & (np.char.str_len(labels.alt) == 1))
    if not rows.size:
        return
    chrom, position, ref, alt = mine.place
    spelled = replace(
        mine, place=(chrom, position, [other_strand(one) for one in ref], [other_strand(one) for one in alt])
    )
    listed = rows.tolist()
    pairs = zip(spelled.keys(listed), spelled.keys(listed, turned=True), strict=True)
    other = [row for row, keys in zip(listed, pairs, strict=True) if any(key in known for key in keys)]
    sure = int(((match >= 0) & ~is_palindromic(labels.ref, labels.alt)).sum())
    if len(other) > _MOST_OTHER * (len(other) + sure):
        raise InputError(
            f"scores of {len(other)} variants of the labels have the alleles of the other strand, {sure} those of the "
            "same: A/T and C/G cannot be told apart",
            path=scores.source or None, record=labels.take(other[:1]).variant_id[0],
            remedy="spell the alleles of both tables on the forward strand (orient with strands=True)",
        )  # fmt: skip


def _beside(labels: VariantTable, scores: VariantTable, shared: Sequence[str], counts: dict[str, int]) -> VariantTable:
    names = {name: f"score.{name}" if name in labels.columns else name for name in scores.columns if name not in shared}
    return replace(
        labels,
        columns=labels.columns | {new: scores.columns[old] for old, new in names.items()},
        signed=(*labels.signed, *(names[name] for name in scores.signed)),
        frequencies=(*labels.frequencies, *(names[name] for name in scores.frequencies)),
        counts=labels.counts | {f"scores: {what}": n for what, n in scores.counts.items()} | counts,
        notes=(*labels.notes, *(f"scores: {note}" for note in scores.notes)),
    )


def _nothing(labels: VariantTable, scores: VariantTable, names: ContigNames) -> InputError:
    if not len(scores):
        raise InputError(
            f"no score is at a place of the labels: the first is {labels.take(slice(1)).variant_id[0]}",
            path=scores.source or None, remedy="use one build, and positions that count from 1 in both",
        )  # fmt: skip
    first = labels.take(slice(1)).variant_id, scores.take(slice(1)).variant_id
    chroms = set(labels.chrom.tolist())
    shown = " and ".join(" ".join(one) or "nothing" for one in first)
    why = "a contig" if not any(names.find(one) for one in chroms) else "a variant"
    return InputError(
        f"labels and scores have not {why} in common: the first are {shown}", path=scores.source or None,
        remedy="use one build, the same gene ids, and alleles that are normalised (bcftools norm)",
    )  # fmt: skip
