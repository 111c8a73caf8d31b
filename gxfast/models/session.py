"""Run ONNX models.

Promise on CPU: the result for a sequence has the same bits whatever the batch size, the order of the
sequences and the number of threads. Every run therefore has one fixed number of rows, sessions are single-threaded,
and a batch size that gxfast picks itself is one whose rows were seen to equal those of the smallest batch: two rows,
where the graph leaves the choice, for one row takes other kernels. Long windows go one by one, whatever is asked for:
their activations are gigabytes, and more of them gain nothing. On CUDA no such promise can be made across batch sizes.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._memory import available_bytes, give_back, require_bytes
from .._threads import resolve_threads
from ..encode.alphabet import Sequences, as_sequences
from ..errors import InputError, ModelError
from ..personal.batch import HaplotypeBatch
from ._batches import MIN_BATCH, BatchRunner, OutOfMemoryError, affordable
from ._contract import bind
from ._file import read_model_file, read_proto
from ._trial import check_rows
from .adapter import adapted
from .card import ModelCard, find_card
from .front import read_codes, session_inputs, supports_front
from .gene_bins import BinPlaces, masked_values
from .outputs import OutputRule
from .runtime import CPU, CUDA, open_session, run, run_options

__all__ = ["Model"]

_LOG = logging.getLogger("gxfast")
FEEDS: Final = ("auto", "one_hot", "codes")
MAX_BATCH: Final = {CPU: 32, CUDA: 256}
DEFAULT_MAX_BYTES: Final = 2**30
_MOST_KEPT: Final = 8
# Activations are not known before a run: this many times the bytes of the one-hot input are assumed
# (Xpresso's widest activation is 32 times its input).
ACTIVATION_FACTOR: Final = 64
LONG: Final = 2**17  # bases from which on a CPU takes one sequence at a time, and gives its memory back


class Model:
    """An ONNX model with its card, ready to predict.

    Parameters
    ----------
    path : str or Path
        The ONNX file.
    card : str, Path or ModelCard, optional
        Card to use instead of the one beside the model or in its metadata.
    device : {"auto", "cpu", "cuda", "cuda:<i>"}
    n_threads : int
        Python threads that run whole batches side by side; 0 means all the process may use.
    batch_size : int, optional
        Sequences per run, at least 2; measured where not given. A graph with a fixed batch keeps its own.
    max_bytes : int, optional
        Memory one run may take by estimate (64 times the bytes of its one-hot input); default 1 GiB. It only
        limits the batch size that is picked automatically.
    length : int, optional
        Bases the model reads, where neither the graph nor a card says it.
    feed : {"auto", "one_hot", "codes"}
        Whether the host encodes sequences, or sends a byte per base and the graph encodes them (the same
        bits). ``auto`` is codes on CUDA, where the transfer counts, and one-hot on the CPU.
    tf32 : bool
        Let CUDA multiply with 10 bits of mantissa: effects below 1e-3 of the output drown.

    Attributes
    ----------
    path : Path
    card : ModelCard
    device, provider : str
        Where the model really runs.
    provider_options : dict of str to str
    feed : str
        ``"one_hot"`` or ``"codes"``.
    sha256 : str
        Of the ONNX file.
    files : dict of str to str
        SHA-256 of the ONNX file and of each external data file.
    length : int
        Bases the model reads; ``card.read_length`` are given to `predict`.
    tracks : tuple of str, length T
    places : BinPlaces or None
        Where the bins lie, of a card that reads out those of each gene.
    rows_seen : bool
        Whether a few sequences, alone and with others in a batch, gave the same values when the model was opened.

    Raises
    ------
    InputError
        If an option or the card file is wrong.
    ModelError
        If the file, its card or the pair of them does not keep the contract.
    DeviceError
        If onnxruntime is missing or the device that was named does not work.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> model = gx.Model(cohort.model, device="cpu")
    >>> model.length, model.tracks
    (2048, ('expression',))
    >>> letters = gx.Genome(cohort.fasta).fetch_array("chr1", 4000, 4000 + model.length)
    >>> model.predict(letters[None]).shape
    (1, 1)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        card: str | Path | ModelCard | None = None,
        device: str = "auto",
        n_threads: int = 1,
        batch_size: int | None = None,
        max_bytes: int | None = None,
        length: int | None = None,
        feed: str = "auto",
        tf32: bool = False,
    ) -> None:
        if feed not in FEEDS:
            raise InputError(f"feed must be one of {', '.join(FEEDS)}, found {feed!r}")
        for name, value in (("batch_size", batch_size), ("max_bytes", max_bytes), ("length", length)):
            if value is not None and value < 1:
                raise InputError(f"{name} must be positive, found {value}")
        self.n_threads = resolve_threads(n_threads)
        file = read_model_file(path)
        if not isinstance(card, ModelCard):
            card = find_card(file.path, explicit=card, metadata=file.card_text)
        self._binding = bind(file, card, length=length)
        self.path, self.files, self.card = file.path, file.files, self._binding.card
        self.sha256 = file.files[file.path.name]

        def feed_of(provider: str) -> str:
            on_device = provider == CUDA and supports_front(file.opset)
            return feed if feed != "auto" else "codes" if on_device else "one_hot"

        self._session = open_session(
            lambda provider: self._source(feed_of(provider)),
            device=device,
            path=self.path,
            tf32=tf32,
            arena=not self.is_long,
        )
        self.tf32, self.device, self.provider = tf32, self._session.device, self._session.provider
        self.provider_options, self.feed = self._session.provider_options, feed_of(self.provider)
        self._batch_size, self._allowed, self._max_bytes = batch_size, max_bytes, max_bytes or DEFAULT_MAX_BYTES
        least = self.smallest_batch * self._bytes_per_row
        require_bytes(least, f"{self.path}: one batch of {self.length} bases", "a shorter window, or more memory")
        self._runner = self._new_runner()
        self._rule = OutputRule.from_shape(self.card, self._output_shape(), path=str(self.path))
        self.tracks, self.places = self._rule.track_names(), BinPlaces.of(self._rule)
        self._kept, self._kept_lock = OrderedDict[Any, Any](), threading.RLock()
        self.rows_seen = check_rows(self)

    def keep(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gave for a key before, or gives now: plans and sessions that later calls use again.

        Parameters
        ----------
        key : hashable
        make : callable
            One thread makes it, others wait. Of more than 8 keys the one not asked for longest goes.
        """
        with self._kept_lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def forget(self) -> None:
        """Drop what `keep` holds, and its memory."""
        with self._kept_lock:
            self._kept.clear()

    @property
    def length(self) -> int:
        """Bases the model reads."""
        return self.card.length

    @property
    def n_tracks(self) -> int:
        """Values per sequence, T."""
        return len(self.tracks)

    @property
    def batch_size(self) -> int:
        """Rows per run now; picked at the first large call, halved where memory runs out."""
        return self._runner.size

    @property
    def fixed_batch(self) -> int | None:
        """Rows per run that the graph was exported with, where it fixes them."""
        return self._binding.fixed_batch

    @property
    def smallest_batch(self) -> int:
        """Rows that a run has at least: those that the graph fixes, one of long windows on a CPU, or two."""
        return self.fixed_batch or (1 if self.provider == CPU and self.is_long else MIN_BATCH)

    @property
    def is_long(self) -> bool:
        """Whether one sequence has gigabytes of activations."""
        return self.length >= LONG

    @property
    def dtype(self) -> str:
        """NumPy name of the type of the one-hot array that is fed."""
        return self._binding.dtype

    def extra_inputs(self, n_rows: int) -> dict[str, NDArray[Any]]:
        """Return the values of the graph's other inputs for a batch."""
        extra = self._binding.extra_inputs.items()
        return {name: np.repeat(values, n_rows, axis=0) if per_row else values for name, (values, per_row) in extra}

    def proto(self) -> Any:
        """Return the onnx.ModelProto of the file, reading one-hot; weights in external data are not read."""
        proto = read_proto(self.path)
        return adapted(proto, self.card) if self._binding.adapted else proto

    def _source(self, feed: str) -> Path | bytes:
        if feed == "one_hot" and not self._binding.adapted:
            return self.path
        proto = self.proto() if feed == "one_hot" else read_codes(self.proto(), self.card, self.path)
        return bytes(proto.SerializeToString())

    def session_proto(self) -> Any:
        """Return the onnx.ModelProto that the session runs."""
        return self.proto() if self.feed == "one_hot" else read_codes(self.proto(), self.card, self.path)

    @cached_property
    def _code_name(self) -> str:
        return session_inputs(self._session.raw)["codes"]

    def __repr__(self) -> str:
        return (
            f"Model({str(self.path)!r}, name={self.card.name!r}, length={self.length}, "
            f"tracks={self.n_tracks}, device={self.device!r})"
        )

    def predict(
        self,
        sequences: Sequences | HaplotypeBatch,
        *,
        n_threads: int | None = None,
        check_finite: bool = False,
        weights: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Predict the track values of sequences.

        Parameters
        ----------
        sequences : str, bytes, list of them, uint8 array of shape (N, card.read_length), or HaplotypeBatch
            Bases, already reverse-complemented where the model reads the other strand, with the flanks
            that the card's shifts need (none without shifts).
        n_threads : int, optional
            Instead of the model's; 0 means all.
        check_finite : bool
            Refuse NaN and infinite values instead of returning them.
        weights : float64 array, shape (N, B), optional
            Of the bins of each sequence, for a card with a gene mask: see `BinPlaces.weights`.

        Returns
        -------
        float64 array, shape (N, T)

        Raises
        ------
        InputError
            If the sequences are of another type or length.
        ModelError
            If the model fails, does not fit into memory even at the smallest batch, or, with
            ``check_finite``, gives a value that is not finite (the row is named).
        """
        rows = self.checked(sequences)
        threads = self.n_threads if n_threads is None else resolve_threads(n_threads)
        if self.places is None and weights is None:
            result = self._filled(rows, self.n_tracks, threads)
        else:
            profiles = partial(self.profiles, n_threads=threads)
            result = masked_values(profiles, rows, weights, self.places, self._rule, self.n_tracks)
        if check_finite:
            self.refuse_not_finite(result)
        return result

    def profiles(self, rows: NDArray[np.uint8], *, n_threads: int = 1) -> NDArray[np.float64]:
        """Predict the kept bins of rows as `predict` takes them, of a card with a gene mask: (N, B, T), transformed."""
        n_bins = len(self.places or ())
        return self._filled(rows, n_bins * self.n_tracks, n_threads).reshape(len(rows), n_bins, self.n_tracks)

    def _filled(self, rows: NDArray[np.uint8], n_values: int, n_threads: int) -> NDArray[np.float64]:
        result = np.empty((len(rows), n_values))
        self._runner.fill(rows, result, n_threads=n_threads)
        return result

    def refuse_not_finite(self, values: NDArray[np.float64]) -> None:
        """Raise ModelError where a predicted value (N, T) is not finite; the row is named."""
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            row = int(np.argmin(finite))
            raise ModelError(
                f"model {self.card.name} gives a value that is not finite: {values[row].tolist()[:5]}",
                path=self.path,
                record=f"sequence {row}",
                remedy="check the weights and output.transform in the card",
            )

    def checked(self, sequences: Sequences | HaplotypeBatch) -> NDArray[np.uint8]:
        """Return sequences as rows (N, read_length), if they are as `predict` takes them; InputError otherwise."""
        if isinstance(sequences, HaplotypeBatch):
            sequences = sequences.sequences
        length = self.card.read_length
        try:
            rows, _ = as_sequences(sequences)
        except InputError as error:
            raise InputError(f"model {self.card.name}: {error.message}", remedy=error.remedy) from None
        if rows.shape[1] != length:
            shape = sequences.shape if isinstance(sequences, np.ndarray) else rows.shape
            raise InputError(f"model {self.card.name} takes sequences of {length} bases (N, {length}), found {shape}")
        return rows

    @property
    def _bytes_per_row(self) -> int:
        return 4 * self.length * np.dtype(self.dtype).itemsize * ACTIVATION_FACTOR

    def _new_runner(self) -> BatchRunner:
        """Return a runner of the batch size that the options and the device ask for."""
        per_row = self._bytes_per_row
        least = self.smallest_batch
        allowed = max(least, min(MAX_BATCH[self.provider], self._max_bytes // per_row))
        limit = 1 << (allowed.bit_length() - 1)  # a power of two: the sizes tried double each time
        fixed, asked, on_cpu = self.fixed_batch, self._batch_size, self.provider == CPU
        if fixed is not None:
            if asked not in (None, fixed):
                _LOG.warning("%s: the graph fixes the batch at %d; %s is not used", self.path, fixed, asked)
            size = fixed
        elif least == 1:
            size = limit = 1
        elif asked is not None:
            room = self._allowed or (available_bytes() if on_cpu else asked * per_row)
            size = affordable(max(least, asked), room, per_row, str(self.path))
        else:
            # On CUDA bits may change with the size, so it is not left to a stop watch.
            size = least if on_cpu else limit
        return BatchRunner(
            self._evaluate,
            run_options,
            size=size,
            limit=limit,
            least=least,
            tune=on_cpu and fixed is None and asked is None and least > 1,
            fixed=fixed is not None,
            filled=asked is None or fixed is not None,
            path=str(self.path),
        )

    def _output_shape(self) -> tuple[int, ...]:
        """Shape of the output of one batch: as declared, or from running the model once."""
        declared = self._binding.output_shape
        n_rows = self.smallest_batch
        if declared and len(declared) > 1 and None not in declared[1:]:
            return (n_rows, *(int(size or 0) for size in declared[1:]))
        rows = np.full((n_rows, self.card.read_length), ord("N"), np.uint8)
        try:
            return self._raw_output(rows, self.card.shifts[0], False, run_options()).shape
        except OutOfMemoryError as error:
            raise ModelError(f"not enough memory for one batch: {error}", path=self.path) from None

    def _evaluate(self, rows: NDArray[np.uint8], options: Any) -> NDArray[np.float64]:
        def member(shift: int, reverse: bool) -> NDArray[np.float64]:
            return self._rule.select(self._raw_output(rows, shift, reverse, options), flipped=reverse)

        return self._rule.ensemble(member)

    def encoded(self, rows: NDArray[np.uint8], shift: int, reverse: bool) -> NDArray[Any]:
        """Return what one member of the ensemble reads of rows as `predict` takes them, one-hot."""
        from ..encode.one_hot import one_hot

        letters = self.letters(rows, shift)
        found: NDArray[Any] = one_hot(letters, dtype=self.dtype, reverse_complement=reverse, **self.card.encoding)
        return found

    def letters(self, rows: NDArray[np.uint8], shift: int) -> NDArray[np.uint8]:
        """Return what one member of the ensemble reads of rows as `predict` takes them, (N, L), the strand aside."""
        start = shift - min(self.card.shifts)
        return np.ascontiguousarray(rows[:, start : start + self.length])

    def feeds(self, rows: NDArray[np.uint8], shift: int, reverse: bool) -> dict[str, NDArray[Any]]:
        """Return what the session takes for one member of the ensemble, without the constant inputs."""
        from ..encode.one_hot import codes

        if self.feed == "codes":
            return {self._code_name: codes(self.letters(rows, shift), reverse_complement=reverse)}
        return {str(self.card.input_name): self.encoded(rows, shift, reverse)}

    def _raw_output(self, rows: NDArray[np.uint8], shift: int, reverse: bool, options: Any) -> NDArray[Any]:
        return self.run_batch(self.feeds(rows, shift, reverse), len(rows), options)

    def run_batch(self, feeds: dict[str, NDArray[Any]], n_rows: int, options: Any) -> NDArray[Any]:
        """Run the session on one batch; constant inputs are added."""
        feeds |= self.extra_inputs(n_rows)
        name = str(self.card.output_name)
        made: NDArray[Any] = run(self._session.raw, name, feeds, options, n_rows=n_rows, path=self.path)
        if self.is_long:
            give_back()
        return made
