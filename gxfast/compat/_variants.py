"""Variants applied to a reference window around a fixed point, by the rules of kipoiseq's extractors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ._reference import complement

__all__ = ["first_record_wins", "personal_sequence"]

# 0-based start, reference allele, alternative allele
Edit = tuple[int, str, str]


def first_record_wins(edits: Iterable[Edit]) -> list[Edit]:
    """Sort by start and drop every edit whose reference bases an earlier one has already replaced."""
    kept: list[Edit] = []
    free_from: int | None = None
    for edit in sorted(edits, key=lambda e: e[0]):
        if free_from is None or edit[0] >= free_from:
            kept.append(edit)
            free_from = edit[0] + len(edit[1])
    return kept


def personal_sequence(
    interval: Any,
    edits: Iterable[Edit],
    anchor: int,
    fixed_len: bool,
    reference: Callable[[int, int], str],
) -> str:
    """Return the interval with the edits applied, outwards from the anchor.

    Parameters
    ----------
    interval : object with start, end and strand
    edits : iterable of (0-based start, reference allele, alternative allele)
    anchor : int
        Genome position that keeps its place; clipped to the interval. An allele that crosses it is cut in two
        there, the reference and the alternative allele after the same number of letters.
    fixed_len : bool
        Return as many letters as the interval has, with more reference drawn in for what is deleted; else apply
        the edits inside the interval and let its length change.
    reference : callable (start, end) -> str
    """
    start, end = interval.start, interval.end
    anchor = max(min(anchor, end), start)
    pieces = _cut(first_record_wins(edits), anchor)
    if not fixed_len:
        pieces = _cut(pieces, start, keep_left=False)
        pieces = _cut(pieces, end, keep_right=False)
    before = [piece for piece in pieces if piece[0] < anchor]
    after = [piece for piece in pieces if piece[0] >= anchor]
    first, last = start, end
    if fixed_len:
        first -= sum(max(len(ref) - len(alt), 0) for _, ref, alt in before)
        last += sum(max(len(ref) - len(alt), 0) for _, ref, alt in after)
    text = reference(first, last)

    def letters(begin: int, stop: int) -> str:
        return text[begin - first : max(stop - first, begin - first)]

    left: list[str] = []
    at = anchor
    for position, ref, alt in reversed(before):
        if position + len(ref) <= first:
            break
        left += (letters(position + len(ref), at), alt)
        at = position
    left.append(letters(first, at) if at > first else "")
    right: list[str] = []
    at = anchor
    for position, ref, alt in after:
        if position >= last:
            break
        right += (letters(at, position), alt)
        at = position + len(ref)
    right.append(letters(at, last) if at < last else "")
    upstream, downstream = "".join(reversed(left)), "".join(right)
    if fixed_len:
        upstream = upstream[len(upstream) - min(anchor - start, len(upstream)) :]
        downstream = downstream[: end - anchor]
    sequence = upstream + downstream
    return complement(sequence)[::-1] if interval.strand == "-" else sequence


def _cut(edits: list[Edit], at: int, *, keep_left: bool = True, keep_right: bool = True) -> list[Edit]:
    """Cut the edit that covers the boundary ``at`` in two and keep the parts asked for."""
    cut: list[Edit] = []
    for position, ref, alt in edits:
        middle = at - position
        if not 0 < middle < len(ref):
            cut.append((position, ref, alt))
            continue
        if keep_left:
            cut.append((position, ref[:middle], alt[:middle]))
        if keep_right:
            cut.append((at, ref[middle:], alt[middle:]))
    return cut
