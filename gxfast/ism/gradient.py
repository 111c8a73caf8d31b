"""Gradients of a model's predictions with respect to its one-hot input, without any training framework.

The reverse pass is written as ONNX nodes behind the forward pass (`graph.reverse`), and onnxruntime runs both as one
graph. What is differentiated is a value of `Model.predict`: bins, tracks, transform,
reduction, shifts and the reverse-complement average of the card are all part of it.

The gradient has four numbers per position, for A, C, G and T in this order whatever the model's channels are, on the
strand of the sequences as the caller gives them: position p is letter p of the sequence, also where the model reads
the other strand itself. The one-hot input is treated as free real numbers, so the four do not sum to anything in
particular; only differences between bases at one position are effects, to first order.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._objects import options_of
from ..encode.alphabet import Sequences, as_sequences
from ..errors import InputError, ModelError, did_you_mean
from ..kernels.arguments import whole_numbers
from ..models.card import AXES
from ..models.gene_bins import refuse_gene_mask
from .graph.reverse import GRADIENT, SEED, gradient_model
from .graph.view import Graph, load_graph
from .modes.readout import Outputs, Readout
from .modes.runner import Part, rows_per_run

if TYPE_CHECKING:
    from ..models.session import Model
    from ..personal.batch import HaplotypeBatch

__all__ = ["Gradient", "gradient_x_variant", "hashable", "input_gradient", "input_x_gradient", "rows_of", "slope_of"]

RUN_BYTES = {"cpu": 2**26, "cuda": 2**30}
MAX_ROWS = 16
_DEFAULT = Outputs()


class Gradient:
    """Gradients of one value of a model's prediction; holds the sessions, so make it once for many sequences.

    Parameters
    ----------
    model : Model
    track : int or str
        Which of the values of `Model.predict` (with ``outputs`` put in), by index or by name.
    outputs : Outputs
        Instead of the card's selection of tracks and bins.

    Attributes
    ----------
    track : str
        Name of the value.
    batch : int
        Rows per run; short batches are filled up, so that a row's bits do not depend on its neighbours.

    Raises
    ------
    InputError
        If there is no such value.
    ModelError
        As `gradient_model`.
    """

    def __init__(self, model: Model, *, track: int | str = 0, outputs: Outputs = _DEFAULT) -> None:
        refuse_gene_mask(model)
        graph = load_graph(model)
        self.batch = self._batch(graph, model)
        if graph.batch != self.batch:
            graph = load_graph(model, batch=self.batch)
        self.model, self._graph = model, graph
        self._shape = graph.shape(graph.output_name)
        self.readout = Readout(model, outputs, self._shape)
        self._index = _value(self.readout, track)
        self.track = self.readout.tracks[self._index]
        self._part = Part(self._reverse_pass(graph, model), model, [GRADIENT, graph.output_name])
        self._forward: Part | None = None
        if self.readout.card.transform != "none":
            content = graph.subgraph([graph.input_name], [graph.output_name])
            self._forward = Part(content, model, [graph.output_name])

    def __call__(self, sequences: Sequences | HaplotypeBatch) -> NDArray[np.float32]:
        """Return the gradient, see `input_gradient`."""
        sequences = self.model.checked(sequences)
        result = np.zeros((*sequences.shape, 4), np.float32)
        for start in range(0, len(sequences), self.batch):
            rows = sequences[start : start + self.batch]
            filled = rows[np.minimum(np.arange(self.batch), len(rows) - 1)]
            result[start : start + len(rows)] = self._gradient(filled)[0][: len(rows)]
        finite = np.isfinite(result).all(axis=(1, 2))
        if not finite.all():
            raise ModelError(
                f"the gradient of {self.track} is not finite",
                path=self.model.path,
                record=f"sequence {int(np.argmin(finite))}",
                remedy="check the weights, and output.transform in the card (a logarithm at 0 has no slope)",
            )
        return result

    def _batch(self, graph: Graph, model: Model) -> int:
        return model.fixed_batch or rows_of(graph, model)

    def _reverse_pass(self, graph: Graph, model: Model) -> bytes:
        return gradient_model(graph)

    def _gradient(self, rows: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum the gradients of the members of the ensemble for one full batch, (N, read_length, 4), and their values.

        The values (N, B, T) are the mean of the members', before transform and reduction.
        """
        card = self.readout.card
        slopes = self._slopes(rows)
        total, values = np.zeros((*rows.shape, 4)), np.zeros(slopes.shape)
        for shift, reverse in card.members:  # in a fixed order, so that the bits are fixed
            feeds = {
                self._graph.input_name: self.model.encoded(rows, shift, reverse),
                SEED: self._seed(slopes / len(card.members), reverse),
            }
            gradient, raw = self._part.run(feeds)
            # Relu and max-pools drop a NaN on the way back, so it is looked for in the prediction too.
            kept = self.readout.values(raw, flipped=reverse)
            gradient[~np.isfinite(kept).all(axis=(1, 2))] = np.nan
            values += kept / len(card.members)
            start = shift - min(card.shifts)
            total[:, start : start + card.length] += self._decoded(gradient, reverse)
        return total, values

    def _slopes(self, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Derivative of the wanted value by each kept bin and track of the members' mean, (N, B, T)."""
        card = self.readout.card
        slopes = np.repeat(self._weights()[None], self.batch, axis=0)
        if self._forward is None:
            return slopes
        total = np.zeros(slopes.shape)
        for shift, reverse in card.members:
            (raw,) = self._forward.run({self._graph.input_name: self.model.encoded(rows, shift, reverse)})
            total += self.readout.values(raw, flipped=reverse)
        return np.where(slopes == 0.0, 0.0, slopes * self._of_transform(total / len(card.members)))

    def _weights(self) -> NDArray[np.float64]:
        """How much of the wanted value each kept bin and track is after the transform, (B, T)."""
        card, weights = self.readout.card, np.zeros(self._places(False).shape)
        if card.reduce == "none":
            weights.reshape(-1)[self._index] = 1.0
        else:
            weights[:, self._index] = 1.0 / len(weights) if card.reduce == "mean" else 1.0
        return weights

    def _of_transform(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of the card's transform at the members' mean."""
        return slope_of(self.readout.card.transform, values)

    def _places(self, flipped: bool) -> NDArray[np.int64]:
        """Indices of the kept bins and tracks in one flattened row of the raw output, (B, T)."""
        row = self._shape[1:]
        indices = np.arange(int(np.prod(row))).reshape((1, *row) if row else (1,))
        places: NDArray[np.int64] = self.readout.values(indices, flipped=flipped)[0].astype(np.int64)
        return places

    def _seed(self, slopes: NDArray[np.float64], flipped: bool) -> NDArray[Any]:
        """Put slopes, (N, B, T), where they belong in the raw output."""
        seed = np.zeros((int(np.prod(self._shape[1:])), self.batch))
        # A bin or track that was chosen twice counts twice.
        np.add.at(seed, self._places(flipped).reshape(-1), slopes.reshape(self.batch, -1).T)
        return seed.T.reshape(self._shape).astype(self._graph.dtype(self._graph.output_name))

    def _decoded(self, gradient: NDArray[Any], reverse: bool) -> NDArray[np.float64]:
        """From the model's layout, channels and strand to (N, L, 4) in the order A, C, G, T."""
        card = self.readout.card
        axes = AXES[card.fed_layout]
        others = [axis for axis in range(1, gradient.ndim) if axis not in axes]
        gradient = gradient.transpose(0, *axes, *others).reshape(len(gradient), card.length, 4)
        ordered = gradient[:, :, [card.channels.index(base) for base in "ACGT"]].astype(np.float64)
        # Complementing A, C, G, T is reading them backwards.
        return ordered[:, ::-1, ::-1] if reverse else ordered


def input_gradient(
    model: Model, sequences: Sequences | HaplotypeBatch, *, track: int | str = 0, outputs: Outputs = _DEFAULT
) -> NDArray[np.float32]:
    """Return the gradient of one predicted value with respect to the one-hot sequence.

    Parameters
    ----------
    model : Model
    sequences : str, bytes, list of them, uint8 array of shape (N, card.read_length), or HaplotypeBatch
        Bases, as for `Model.predict`: already reverse-complemented where the model reads the other strand.
    track : int or str
        Which value of `Model.predict`, after transform and reduction, by index or name.
    outputs : Outputs
        Instead of the card's selection of tracks and bins.

    Returns
    -------
    float32 array, shape (N, card.read_length, 4)
        Bases A, C, G, T on the strand of ``sequences``. In units of the value per unit of input. At a letter that
        is unknown it is the gradient at the card's encoding of it (four zeros, or four quarters).

    Raises
    ------
    InputError
        If the sequences or the track do not fit the model.
    ModelError
        If an operator has no gradient (node and operator are named), or the gradient is not finite.
    """
    made: Gradient = model.keep(
        ("gradient", track, *hashable(outputs)), lambda: Gradient(model, track=track, outputs=outputs)
    )
    return made(sequences)


def hashable(outputs: Outputs) -> tuple[Hashable, ...]:
    """Return what an `Outputs` says, as a part of a key of `Model.keep`."""
    given = options_of(Outputs, outputs, "outputs")
    named = (None if each is None else tuple(each) for each in (given.tracks, given.bins))
    return *named, given.reduce


def input_x_gradient(
    model: Model, sequences: Sequences | HaplotypeBatch, *, track: int | str = 0, outputs: Outputs = _DEFAULT
) -> NDArray[np.float32]:
    """Return input times gradient summed over the bases: the gradient at the base that is there.

    Parameters are those of `input_gradient`.

    Returns
    -------
    float32 array, shape (N, card.read_length)
        At unknown letters 0, or the mean of the four bases where the card encodes them as quarters.
    """
    rows = model.checked(sequences)
    return _at(input_gradient(model, rows, track=track, outputs=outputs), rows, model.card.unknown)


def gradient_x_variant(
    model: Model,
    sequence: Sequences,
    positions: NDArray[np.integer[Any]] | Sequence[int],
    bases: Sequences,
    *,
    track: int | str = 0,
    outputs: Outputs = _DEFAULT,
) -> NDArray[np.float32]:
    """Return the first-order effect of single-base changes: gradient at the new base minus at the old one.

    Parameters
    ----------
    model, track, outputs
        As in `input_gradient`.
    sequence : str, bytes, or uint8 array, shape (card.read_length,)
        One sequence of bases.
    positions : int array, shape (K,)
        0-based, in ``sequence``.
    bases : str or bytes of length K, or uint8 array, shape (K,)
        New bases, on the strand of ``sequence``.

    Returns
    -------
    float32 array, shape (K,)

    Raises
    ------
    InputError
        If a position lies outside, a base is none of A, C, G, T, or the numbers differ.
    ModelError
        As `input_gradient`.
    """
    rows, single = as_sequences(sequence, "sequence")
    if not single:
        raise InputError(f"sequence must be one row of letters, found shape {rows.shape}")
    where = whole_numbers(positions, "positions", ("K",))
    written, single = as_sequences(bases, "bases")
    if not single or written.size != where.size:
        raise InputError(f"bases must be one per position, found {written.size} for {where.size} positions")
    outside = (where < 0) | (where >= rows.shape[1])
    if outside.any():
        raise InputError(f"positions: {int(where[outside][0])} is outside the sequence of {rows.shape[1]} bases")
    letters = written[0]
    new = _codes(letters)
    if (new == 4).any():
        raise InputError(f"bases must be A, C, G or T, found {chr(int(letters[new == 4][0]))!r}")
    gradient = input_gradient(model, rows, track=track, outputs=outputs)
    old = _at(gradient, rows, model.card.unknown)[0]
    effects: NDArray[np.float32] = gradient[0, where, new] - old[where]
    return effects


def _at(gradient: NDArray[np.float32], sequences: NDArray[np.uint8], unknown: float) -> NDArray[np.float32]:
    found = _codes(np.asarray(sequences))
    there = np.take_along_axis(gradient, np.minimum(found, 3)[..., None].astype(np.int64), axis=-1)[..., 0]
    return np.where(found == 4, gradient.sum(axis=-1) * np.float32(unknown), there).astype(np.float32)


def _codes(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from ..encode.one_hot import codes

    return codes(np.ascontiguousarray(letters).reshape(1, -1)).reshape(letters.shape)


def _value(readout: Readout, track: int | str) -> int:
    """Return the index of a value by index or name."""
    names = readout.tracks
    if isinstance(track, str):
        if names.count(track) != 1:
            raise InputError(
                f"{names.count(track)} values are named {track!r}{did_you_mean(track, names)}",
                remedy=f"give an index from 0, or a name: {', '.join(names[:10])}",
            )
        return names.index(track)
    if not 0 <= track < len(names):
        raise InputError(f"track must be from 0 to {len(names) - 1}, found {track}")
    return int(track)


def slope_of(transform: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the card's transform; NaN where the transform itself has no value."""
    base = {"log2": np.log(2.0), "log2p1": np.log(2.0), "log10p1": np.log(10.0), "ln1p": 1.0}[transform]
    inside = values if transform == "log2" else 1.0 + values
    with np.errstate(all="ignore"):  # what is not finite is found and named by the caller
        slope: NDArray[np.float64] = 1.0 / (np.where(inside > 0, inside, np.nan) * base)
    return slope


def rows_of(graph: Graph, model: Model, run_bytes: Mapping[str, int] = RUN_BYTES, most: int = MAX_ROWS) -> int:
    """Batch size, a power of two from 2 to ``most``, at which all activations and their gradients stay small."""
    tensors = [name for node in graph.nodes for name in node.made]
    total = sum(int(np.prod(graph.shape(name))) * graph.dtype(name).itemsize for name in tensors)
    return rows_per_run(2 * total // graph.batch, model.device, run_bytes, most)
