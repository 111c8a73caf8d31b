"""Which bins and tracks of a large model its ONNX file keeps: 12 bytes a sequence instead of 19 MB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import InputError
from ...io.numbers import whole_number
from ..card import ModelCard
from ..gene_mask import GeneMask
from .tracks import read_tracks

__all__ = ["OutputOptions", "Readout", "choose_outputs"]


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What a user chose; None and empty are the defaults of the model.

    Attributes
    ----------
    tracks : sequence of str
        Indices; or descriptions or identifiers of ``tracks_table``; or ``all``.
    tracks_table : str or None
        A targets file, see `gxfast.models.read_tracks`.
    bins : str or None
        0-based, such as ``447-449``, ``443,452`` or ``all``.
    reduce, transform, haplotypes : str or None
        As in a card.
    over : {"exons", "gene_body"} or None
        Read out the bins of each gene (`GeneMask`); all bins are kept, where none are named.
    """

    tracks: Sequence[str] = ()
    tracks_table: str | None = None
    bins: str | None = None
    reduce: str | None = None
    transform: str | None = None
    haplotypes: str | None = None
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Readout:
    """Bins [first, last) and tracks that stay in the graph, and what is left for the card to choose.

    Bins have ``bin_size`` bases; the first that stays begins at base ``bin_start`` of the input.
    """

    first: int
    last: int
    tracks: tuple[int, ...]
    names: tuple[str, ...] | None
    bins: tuple[int, ...] | None
    bin_size: int
    bin_start: int

    def on(self, card: ModelCard, options: OutputOptions) -> ModelCard:
        """Return the card with what was chosen."""
        chosen: dict[str, Any] = {"track_names": self.names, "bins": self.bins}
        for field in ("reduce", "transform", "haplotypes"):
            if getattr(options, field) is not None:
                chosen[field] = getattr(options, field)
        if options.over is not None:
            chosen["gene_mask"] = GeneMask(options.over, self.bin_size, self.bin_start)
        return replace(card, **chosen)


def choose_outputs(
    options: OutputOptions, *, n_bins: int, n_tracks: int, default_bins: Sequence[int], flipped: bool, bin_size: int,
    bin_start: int,
) -> Readout:  # fmt: skip
    """Translate a user's choice.

    Parameters
    ----------
    options : OutputOptions
    n_bins, n_tracks : int
        Of the whole model.
    default_bins : sequence of int
    flipped : bool
        Whether the card averages with the reverse complement: its bins run backwards, so that the graph must keep
        a stretch that is the same from both ends.
    bin_size, bin_start : int
        Bases of a bin, and those before the first one.

    Raises
    ------
    InputError
        If no track is named, or something named does not exist.
    """
    tracks, names = _tracks(options, n_tracks)
    bins = _bins(options.bins, n_bins, default_bins if options.over is None else range(n_bins))
    first, last = min(bins), max(bins) + 1
    if flipped:
        first = min(first, n_bins - last)
        last = n_bins - first
    kept = tuple(b - first for b in bins)
    some = None if kept == tuple(range(last - first)) else kept
    return Readout(first, last, tracks, names, some, bin_size, bin_start + first * bin_size)


def _tracks(options: OutputOptions, n_tracks: int) -> tuple[tuple[int, ...], tuple[str, ...] | None]:
    if not options.tracks:
        raise InputError(
            f"the model has {n_tracks} tracks, none is named",
            remedy="name them with `outputs=OutputOptions(tracks=...)`: indices, all, or, with "
            "`outputs=OutputOptions(tracks_table=...)`, descriptions, as CAGE:brain",
        )
    if options.tracks_table is None:
        if list(options.tracks) == ["all"]:
            return tuple(range(n_tracks)), None
        indices = [index for text in options.tracks if (index := whole_number(text)) is not None]
        if len(indices) < len(options.tracks):
            raise InputError(
                "tracks are named by description",
                remedy="give the targets file with `outputs=OutputOptions(tracks_table=...)`",
            )
        found = {index: f"track{index}" for index in indices}
    else:
        table = read_tracks(options.tracks_table)
        chosen = table.tracks if list(options.tracks) == ["all"] else table.choose(options.tracks)
        descriptions = [track.description for track in chosen]
        found = {
            t.index: f"{t.description} ({t.identifier or t.index})" if descriptions.count(t.description) > 1
            else t.description or f"track{t.index}"
            for t in chosen
        }  # fmt: skip
    if max(found) >= n_tracks:
        raise InputError(f"track {max(found)} does not exist: the model has {n_tracks}", remedy="count from 0")
    return tuple(found), tuple(found.values())


def _bins(text: str | None, n_bins: int, default: Sequence[int]) -> tuple[int, ...]:
    if text is None:
        return tuple(default)
    if text.strip() == "all":
        return tuple(range(n_bins))
    bins: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        begin, end = whole_number(first), whole_number(last if dash else first)
        if begin is None or end is None:
            raise InputError(f"not a list of bins: {text[:80]!r}", remedy="write 447-449, or 443,452, or all")
        bins.extend(range(begin, min(end, n_bins) + 1))  # n_bins is one too many, and refused
    if not bins or len(set(bins)) < len(bins) or max(bins) >= n_bins:
        raise InputError(
            f"bins must lie in 0-{n_bins - 1}, each once, found {text[:80]!r}", remedy="write 447-449, 443,452, or all"
        )
    return tuple(bins)
