"""Labels and scores of the same variants, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import VariantTable
from ..alleles import is_palindromic, other_strand, shortest_arrays
from ..contigs import ContigNames
from ..tables.exons import strip_version
from ._columns import build_of
from .codes import ELSEWHERE, coded, combined, one_name_per_contig
from .orient import turned_table

__all__ = ["join"]

_ALWAYS: Final = ("labels with", "scores without")
_MOST_OTHER: Final = 0.1  # share of variants that may have the other strand's alleles, as in `orient`
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Places:
    """Contig, position and alleles of rows, trimmed, and the texts that are compared besides: as whole numbers."""

    chrom: Int64Array
    position: Int64Array
    ref: Int64Array
    alt: Int64Array
    beside: tuple[Int64Array, ...]
    sizes: tuple[int, ...]

    def keys(self) -> tuple[Int64Array, Int64Array]:
        """Return a number of each row as written, and of each with its alleles exchanged: equal where both are one."""
        written = self.chrom, self.position, self.ref, self.alt, *self.beside
        exchanged = self.chrom, self.position, self.alt, self.ref, *self.beside
        columns = [np.concatenate(pair) for pair in zip(written, exchanged, strict=True)]
        found = combined(list(zip(columns, self.sizes, strict=True)))
        return found[: self.chrom.size], found[self.chrom.size :]


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
        ``labels with scores``, ``labels without scores``, ``scores without labels`` (all that were read, those at other
        positions too), and, where there are any, those of them ``on contigs without labels``,
        ``scores turned``, ``genes without version`` and ``scores of no gene``.

    Raises
    ------
    InputError
        If scores have two rows for one key, names of variants tell two builds, scores are of the other strand (their
        alleles are complements at more than a tenth of the variants), or nothing can be joined.
    """
    shared = tuple(name for name in ("gene_id", "tissue") if name in labels.columns and name in scores.columns)
    _refuse_builds(labels, scores)
    scores = replace(scores, chrom=one_name_per_contig(scores.chrom))
    names = ContigNames(dict.fromkeys(coded(scores.chrom)[0]))
    both, alleles, texts = _places(labels, scores, shared, names)
    n = len(labels)
    match = np.full(n, -1, np.int64)
    turned = np.zeros(n, np.bool_)
    _look_up(both, n, match, turned, scores)
    counts: dict[str, int] = {}
    if "gene_id" in shared and (match < 0).any():
        g = shared.index("gene_id")
        bare, number = coded(np.array([strip_version(gene) for gene in texts[g]], np.str_))
        stems = _with(both, g, number[both.beside[g]], len(bare))
        counts["genes without version"] = _look_up(stems, n, match, turned, scores, twice=True)
        if "" in texts[g] and (both.beside[g][n:] == texts[g].index("")).any():
            none = np.full(len(both.chrom), texts[g].index(""))
            none[n:] = both.beside[g][n:]
            counts["scores of no gene"] = _look_up(_with(both, g, none), n, match, turned, scores)
    found = match >= 0
    _refuse_other_strand(both, alleles, match, labels, scores)
    if not found.any():
        raise _nothing(labels, scores, names)
    elsewhere = {what.removeprefix(ELSEWHERE): n for what, n in scores.counts.items() if what.startswith(ELSEWHERE)}
    known = ContigNames(dict.fromkeys(coded(labels.chrom)[0]))
    contigs, code = coded(scores.chrom)
    here = zip(contigs, np.bincount(code, minlength=len(contigs)).tolist(), strict=True)
    n_used = int(np.count_nonzero(np.bincount(match[found])))
    counts = {
        "labels with scores": int(found.sum()), "labels without scores": int((~found).sum()),
        "scores without labels": sum(elsewhere.values()) + len(scores) - n_used,
        "scores on contigs without labels": sum(n for name, n in (*elsewhere.items(), *here) if not known.find(name)),
        "scores turned": int(turned.sum()), **counts,
    }  # fmt: skip
    added = turned_table(scores.take(match[found]), turned[found])
    return _beside(
        labels.take(found), added, shared, {name: n for name, n in counts.items() if n or name.startswith(_ALWAYS)}
    )


def _places(
    labels: VariantTable, scores: VariantTable, shared: Sequence[str], names: ContigNames
) -> tuple[_Places, list[str], list[list[str]]]:
    """Rows of labels, and behind them those of scores; the alleles, and the texts beside them, that numbers are of."""
    contigs, chrom = coded(labels.chrom)
    spelled = np.array([names.find(name) or name for name in contigs] or [""], np.str_)[chrom]
    trimmed = [shortest_arrays(one.position, one.ref, one.alt) for one in (labels, scores)]
    position, ref, alt = (np.concatenate(part) for part in zip(*trimmed, strict=True))
    contigs, chrom = coded(np.concatenate([spelled, scores.chrom]))
    alleles, allele = coded(np.concatenate([ref, alt]))
    beside = [coded(np.concatenate([labels.columns[name], scores.columns[name]])) for name in shared]
    n = (len(contigs), int(position.max(initial=0)) + 1, len(alleles), len(alleles), *(len(one) for one, _ in beside))
    parts = chrom, position, allele[: ref.size], allele[ref.size :]
    return _Places(*parts, tuple(code for _, code in beside), n), alleles, [one for one, _ in beside]


def _with(places: _Places, number: int, code: Int64Array, n: int | None = None) -> _Places:
    beside, sizes = list(places.beside), list(places.sizes)
    beside[number], sizes[4 + number] = code, sizes[4 + number] if n is None else n
    return replace(places, beside=tuple(beside), sizes=tuple(sizes))


def _known(keys: Int64Array, scores: VariantTable, *, twice: bool = False) -> tuple[Int64Array, Int64Array]:
    """Sorted keys of scores, and the row of each; of keys of several rows none with ``twice``, else an error."""
    order = np.argsort(keys, kind="stable")
    found = keys[order]
    same = np.flatnonzero(found[1:] == found[:-1])
    if not same.size:
        return found, order
    if twice:
        kept = np.ones(found.size, np.bool_)
        kept[same] = kept[same + 1] = False
        return found[kept], order[kept]
    row = int(order[same].min())
    said = [
        scores.take([row]).variant_id[0],
        *(str(scores.columns[name][row]) for name in ("gene_id", "tissue") if name in scores.columns),
    ]
    raise InputError(
        f"{same.size} rows of scores are of a variant that has one, first {' '.join(said)}".rstrip(),
        path=scores.source or None,
        remedy="keep one row per variant, gene and tissue (find_duplicates lists them); both tables name genes",
    )  # fmt: skip


def _find(known: tuple[Int64Array, Int64Array], keys: Int64Array) -> Int64Array:
    """The row of each key, -1 where there is none."""
    there, rows = known
    if not there.size:
        return np.full(keys.size, -1, np.int64)
    at = np.searchsorted(there, keys).clip(max=there.size - 1)
    return np.where(there[at] == keys, rows[at], -1)


def _look_up(
    both: _Places, n: int, match: Int64Array, turned: NDArray[np.bool_], scores: VariantTable, *, twice: bool = False
) -> int:
    """Find rows of labels, the first ``n``, that have no match so far, as written and exchanged; return how many."""
    before = int((match >= 0).sum())
    keys = both.keys()
    known = _known(keys[0][n:], scores, twice=twice)
    for exchanged in (False, True):
        found = np.where(match < 0, _find(known, keys[exchanged][:n]), -1)
        match[:] = np.where(found >= 0, found, match)
        turned |= exchanged & (found >= 0)
    return int((match >= 0).sum()) - before


def _refuse_builds(labels: VariantTable, scores: VariantTable) -> None:
    one, other = build_of(labels), build_of(scores)
    if one and other and one != other:
        raise InputError(
            f"names of variants say {other}, and those of the labels {one}", path=scores.source or None,
            record=scores.take(slice(1)).variant_id[0] if len(scores) else None,
            remedy="lift one of the tables over: places of two builds are other places",
        )  # fmt: skip


def _refuse_other_strand(
    both: _Places, alleles: list[str], match: Int64Array, labels: VariantTable, scores: VariantTable
) -> None:
    """Refuse scores of the other strand: A/T and C/G would be taken as written, with the wrong sign."""
    rows = np.flatnonzero((match < 0) & (np.char.str_len(labels.ref) == 1) & (np.char.str_len(labels.alt) == 1))
    if not rows.size:
        return
    n, place = len(labels), {allele: i for i, allele in enumerate(alleles)}
    pair = np.array([place.get(other_strand(allele), -1) for allele in alleles], np.int64)
    ref, alt = (np.concatenate([pair[one[:n]], one[n:]]) for one in (both.ref, both.alt))
    spelled = replace(both, ref=np.maximum(ref, 0), alt=np.maximum(alt, 0))
    keys = spelled.keys()
    known = _known(keys[0][n:], scores, twice=True)
    found = np.maximum(*(_find(known, one[:n]) for one in keys))
    some = rows[(found[rows] >= 0) & (ref[rows] >= 0) & (alt[rows] >= 0)]
    other = some.tolist()
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
        counts=labels.counts
        | {f"scores: {what}": n for what, n in scores.counts.items() if not what.startswith(ELSEWHERE)}
        | counts,
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
