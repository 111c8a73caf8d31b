"""Which values of the output are wanted, and how raw output becomes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, did_you_mean
from ...models.card import REDUCERS
from ...models.gene_mask import READOUTS
from ...models.outputs import OutputRule

if TYPE_CHECKING:
    from ...models.card import ModelCard
    from ...models.session import Model

__all__ = ["Outputs", "Readout"]


class Outputs(NamedTuple):
    """A selection of a model's raw output, instead of the card's; None keeps what the card says.

    Attributes
    ----------
    tracks : sequence of int or str, optional
        Indices on the track axis of the raw output, or names from the card.
    bins : sequence of int, optional
        Indices on its bin axis.
    reduce : {"mean", "sum", "none"}, optional
        Over the bins.
    """

    tracks: Sequence[int | str] | None = None
    bins: Sequence[int] | None = None
    reduce: str | None = None


class Readout:
    """From raw output to T values per sequence, by the card with the selection put in.

    Parameters
    ----------
    model : Model
    outputs : Outputs
    shape : tuple of int
        Of the raw output, batch axis first, before any slicing.

    Attributes
    ----------
    card : ModelCard
        With the selection.
    rule : OutputRule
        Of that card.
    tracks : tuple of str, length T
    kept_tracks, kept_bins : tuple of int or None
        What a sliced graph has to give, in this order; None means everything.
    """

    def __init__(self, model: Model, outputs: Outputs, shape: tuple[int, ...]) -> None:
        self.card = _card(model.card, outputs)
        self.rule = OutputRule.from_shape(self.card, shape, path=str(model.path))
        self.tracks = self.rule.track_names()
        self.kept_tracks = self.card.tracks
        self.kept_bins = self.card.bins
        if self.card.bins is not None:
            mirrored = [self.rule.n_bins - 1 - b for b in self.card.bins]
            reverse = self.card.ensemble_reverse_complement
            self.kept_bins = tuple(sorted({*self.card.bins, *(mirrored if reverse else [])}))
        self._kept = self.rule

    @property
    def values_per_row(self) -> int:
        """Numbers held per sequence before the reduction over bins."""
        n_bins = self.rule.n_bins if self.card.bins is None else len(self.card.bins)
        return max(
            len(self.tracks), n_bins * (self.rule.n_tracks if self.kept_tracks is None else len(self.kept_tracks))
        )

    def values(self, raw: NDArray[Any], *, flipped: bool) -> NDArray[np.float64]:
        """Return the wanted bins and tracks of raw rows as float64 (H, B, T)."""
        return self._kept.select(raw, flipped=flipped)

    def slice(self) -> None:
        """Say that raw output holds ``kept_tracks`` and ``kept_bins`` alone from now on."""
        kept, bins = self.kept_bins, self.card.bins
        if kept is not None and bins is not None:  # the same from both ends, where they are flipped
            bins = tuple(np.searchsorted(kept, bins).tolist())
        self._kept = replace(self.rule, card=replace(self.card, bins=bins, tracks=None))


def _card(card: ModelCard, outputs: Outputs) -> ModelCard:
    if outputs.tracks is not None:
        chosen = tuple(_track(card, track) for track in outputs.tracks)
        known = range(len(card.track_names or ())) if card.tracks is None else card.tracks
        names = dict(zip(known, card.track_names or (), strict=False))
        labels = tuple(names.get(i, f"track{i}") for i in chosen) if names else None
        card = replace(card, tracks=chosen, track_names=labels)
    if outputs.bins is not None:
        if card.output_layout == "NT":
            raise InputError("bins were chosen, but the model's output has none", remedy="leave bins out")
        card = replace(card, bins=tuple(int(b) for b in outputs.bins))
    if outputs.reduce is not None:
        allowed = READOUTS if card.gene_mask else REDUCERS
        if outputs.reduce not in allowed:
            what = "of a card with a gene mask" if card.gene_mask else "of a card without a gene mask"
            raise InputError(f"reduce must be {', '.join(allowed)} {what}, found {outputs.reduce!r}")
        card = replace(card, reduce=outputs.reduce)
    for name, chosen_indices in (("tracks", card.tracks), ("bins", card.bins)):
        if chosen_indices is not None and (not chosen_indices or min(chosen_indices) < 0):
            raise InputError(f"{name} must be indices from 0 on, at least one; found {list(chosen_indices)}")
    return card


def _track(card: ModelCard, track: int | str) -> int:
    if not isinstance(track, str):
        return int(track)
    names = card.track_names or ()
    if track not in names:
        raise InputError(
            f"no track is named {track!r}{did_you_mean(track, names)}",
            remedy=f"give an index from 0, or a name: {', '.join(names[:10]) or 'the card has none'}",
        )
    at = names.index(track)
    return at if card.tracks is None else card.tracks[at]
