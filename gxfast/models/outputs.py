"""From raw model output to track values: select, transform, reduce (order documented in ``card``)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .card import ModelCard

__all__ = ["OutputRule"]

# Above this a card has to select: all values of an Enformer-like output would be millions of tracks.
MAX_TRACKS = 100_000


@dataclass(frozen=True, slots=True)
class OutputRule:
    """How one output tensor of a model becomes T track values per sequence.

    Attributes
    ----------
    card : ModelCard
    n_bins, n_tracks : int
        Of the raw output; ``n_bins`` is 1 for layout NT.
    path : str
        The model, for messages.
    sizes : tuple of int
        Of the axes that the tracks are flattened from.
    """

    card: ModelCard
    n_bins: int
    n_tracks: int
    path: str
    sizes: tuple[int, ...] = ()

    @staticmethod
    def from_shape(card: ModelCard, shape: tuple[int, ...], *, path: str) -> OutputRule:
        """Check the card against the output of one run, ``shape`` with the batch axis first.

        Raises
        ------
        ModelError
            If the rank, a bin, a track or the number of names does not fit.
        """
        layout = card.output_layout
        if layout != "NT" and len(shape) != 3:
            raise ModelError(
                f"output {card.output_name!r} has shape {list(shape)} (rank {len(shape)}), but the card says "
                f"layout {layout}",
                path=path,
                record="output.layout",
                remedy="set output.layout in the card: NBT or NTB for rank 3, NT for any rank (values side by side)",
            )
        n_tracks, n_bins, sizes = math.prod(shape[1:]), 1, shape[1:]
        if layout != "NT":
            n_bins, n_tracks = (shape[1], shape[2]) if layout == "NBT" else (shape[2], shape[1])
            sizes = (n_tracks,)
        rule = OutputRule(card, n_bins, n_tracks, path, sizes)
        rule._check()
        return rule

    def _check(self) -> None:
        card = self.card
        for field, indices, size in (
            ("output.bins", card.bins, self.n_bins),
            ("output.tracks", card.tracks, self.n_tracks),
        ):
            if indices is not None and max(indices) >= size:
                raise ModelError(
                    f"index {max(indices)} is outside the model's output, which has {size}",
                    path=self.path,
                    record=field,
                )
        kept = self.n_tracks if card.tracks is None else len(card.tracks)
        if card.track_names is not None and len(card.track_names) != kept:
            raise ModelError(
                f"{len(card.track_names)} names for {kept} tracks",
                path=self.path,
                record="output.track_names",
            )
        values = kept * (self._kept_bins() if card.reduce == "none" else 1)
        if not 1 <= values <= MAX_TRACKS:
            raise ModelError(
                f"the card keeps {values} values per sequence; from 1 to {MAX_TRACKS} are allowed",
                path=self.path,
                record="output",
                remedy="select output.bins and output.tracks in a card, or set output.reduce",
            )

    def _kept_bins(self) -> int:
        return self.n_bins if self.card.bins is None else len(self.card.bins)

    def track_names(self) -> tuple[str, ...]:
        """Return the names of the T values: the card's, or ``track<i>``, with ``:bin<b>`` where bins stay.

        Of an output of rank 3 and more they are ``track<i>:<j>`` and so on, leaving out axes of length 1.
        """
        card = self.card
        indices = range(self.n_tracks) if card.tracks is None else card.tracks
        names = card.track_names or tuple(f"track{self._place(i)}" for i in indices)
        if card.reduce != "none" or self._kept_bins() == 1:
            return names
        bins = range(self.n_bins) if card.bins is None else card.bins
        return tuple(f"{name}:bin{b}" for b in bins for name in names)

    def _place(self, index: int) -> str:
        """Return the index of a track on each of the axes that it is flattened from."""
        axes = [size for size in self.sizes if size != 1]
        return ":".join(str(int(i)) for i in np.unravel_index(index, axes)) if len(axes) > 1 else str(index)

    def select(self, raw: NDArray[Any], *, flipped: bool) -> NDArray[np.float64]:
        """Return the kept bins and tracks as float64 (N, B, T); ``flipped`` reverses the bins first."""
        values = raw
        if self.card.output_layout == "NT":
            values = raw.reshape(len(raw), 1, -1)
        elif self.card.output_layout == "NTB":
            values = raw.transpose(0, 2, 1)
        if flipped:
            values = values[:, ::-1]
        if self.card.bins is not None:
            values = values[:, list(self.card.bins)]
        if self.card.tracks is not None:
            values = values[:, :, list(self.card.tracks)]
        return values.astype(np.float64)

    def ensemble(self, member: Callable[[int, bool], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Mean of what ``member(shift, reverse)`` gives, (N, B, T), then `finish`."""
        members = self.card.members
        total = member(*members[0])
        for shift, reverse in members[1:]:  # in a fixed order, so that the bits are fixed
            total = total + member(shift, reverse)
        return self.finish(total / len(members))

    def finish(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transform and reduce (N, B, T) to (N, T); bins are added one by one, in order.

        Those of a gene mask are not reduced: (N, B T).
        """
        with np.errstate(all="ignore"):  # non-finite values are found and named by the caller
            values = self.transformed(values)
            if self.card.reduce == "none" or self.card.gene_mask is not None:
                return values.reshape(len(values), -1)
            total = values[:, 0].copy()
            for b in range(1, values.shape[1]):
                total += values[:, b]
            return total / values.shape[1] if self.card.reduce == "mean" else total

    def transformed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values after the card's transform; what has no logarithm is not finite."""
        name = self.card.transform
        if name == "none":
            return values
        with np.errstate(all="ignore"):
            logged: NDArray[np.float64] = np.log2(values) if name == "log2" else np.log1p(values)
        if name == "log10p1":
            logged /= np.log(10.0)
        elif name == "log2p1":
            logged /= np.log(2.0)
        return logged
