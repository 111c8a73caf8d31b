"""Sequences to model input: one-hot encoding, integer codes, reverse complement.

Alphabet rules, the same everywhere in gxfast: case does not matter; ``U`` is ``T``; the bytes 0-3 are the
codes of A, C, G, T and 4 is the code of an unknown base, so that letters and codes can both be given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._threads import resolve_threads
from ..errors import InputError
from ..kernels import backend
from ..kernels.arguments import array_of, checked_size
from ..kernels.fresh import fresh
from ..kernels.streaming import stream_from
from .alphabet import _COMPLEMENT, IUPAC, UNKNOWN_CODE, _code_table, _complement_table, as_sequences

if TYPE_CHECKING:
    from .alphabet import Sequences, UInt8Array

__all__ = ["codes", "one_hot", "reverse_complement"]

_COPY_BYTES: Final = 1 << 20
_DTYPES: Final = {"float32": 4, "float16": 2, "uint8": 1, "int8": 1, "float64": 8}
# N sequences of L bases, C channels; "1" is an axis of length 1, as two-dimensional convolutions want it.
_LAYOUTS: Final = ("NLC", "NCL", "NC1L", "NCL1", "NL1C", "NLC1", "N1LC", "N1CL")


@lru_cache(maxsize=64)
def _one_hot_table(dtype: str, unknown: str, ambiguous: str, channels: str, complement: bool) -> NDArray[Any]:
    """Rows for all 256 bytes, (256, 4), as unsigned integers of the width of ``dtype``."""
    rows = np.zeros((256, 4), np.float64)
    if unknown == "quarter":
        rows[:] = 0.25
    members = {base: base for base in "ACGT"} | {"U": "T"}
    if ambiguous == "fraction":
        members |= IUPAC
    for letter, bases in members.items():
        row = np.array([channels.count(base) / len(bases) if base in bases else 0.0 for base in channels])
        for byte in (ord(letter), ord(letter.lower())):
            rows[byte] = row
    for code, base in enumerate("ACGT"):
        rows[code] = rows[ord(base)]
    if complement:
        # Complementing permutes the channels: the row of a letter is read as the row of its complement.
        order = [channels.index(_COMPLEMENT[base]) for base in channels]
        rows = rows[:, order]
    return np.ascontiguousarray(rows, dtype).view(f"u{_DTYPES[dtype]}")


@lru_cache(maxsize=2)
def _known_bytes(with_iupac: bool) -> UInt8Array:
    """1 for bytes that name a base (or, with IUPAC, a set of bases), else 0."""
    letters = "ACGTU" + ("".join(IUPAC) if with_iupac else "")
    table = np.zeros(256, np.uint8)
    table[[ord(c) for c in letters + letters.lower()]] = 1
    table[:UNKNOWN_CODE] = 1
    return table


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, found {value!r}")


def _dtype_name(dtype: Any) -> str:
    if isinstance(dtype, str) and dtype in _DTYPES:
        return dtype
    try:
        name = str(np.dtype(dtype))
    except TypeError:
        name = str(dtype)
    _check_choice("dtype", name, tuple(_DTYPES))
    return name


def output_array(out: NDArray[Any] | None, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return ``out`` if it can be filled with that shape and dtype, or a new array.

    Large new arrays lie on huge pages, in memory that is used again (`gxfast.kernels.fresh`).
    """
    checked_size(shape, np.dtype(dtype).itemsize, "the output")
    if out is None:
        return fresh(shape, dtype)
    plain = isinstance(out, np.ndarray) and not isinstance(out, np.ma.MaskedArray)
    if not plain or out.dtype != np.dtype(dtype) or out.shape != shape:
        found = f"{out.dtype} {out.shape}" if plain else type(out).__name__
        raise InputError(f"out must be a {dtype} array of shape {shape}, found {found}")
    if not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        raise InputError("out must be C-contiguous, aligned and writeable")
    return out


def one_hot_table(
    n: int, length: int, layout: str, dtype: str, unknown: str, channels: str, complement: bool,
    ambiguous: str = "unknown",
) -> tuple[NDArray[Any], tuple[int, ...]]:  # fmt: skip
    """Return the kernels' look-up table (256, 4) and the output shape for ``n`` sequences; checks the choices."""
    try:
        table = _checked_table(layout, dtype, unknown, channels, complement, ambiguous)
    except TypeError:  # a choice without a hash is none
        table = _checked_table.__wrapped__(layout, dtype, unknown, channels, complement, ambiguous)
    shape = tuple({"N": n, "L": length, "C": 4, "1": 1}[axis] for axis in layout)
    return table, shape


@lru_cache(maxsize=128)
def _checked_table(
    layout: str, dtype: str, unknown: str, channels: str, complement: bool, ambiguous: str
) -> NDArray[Any]:
    _check_choice("layout", layout, _LAYOUTS)
    dtype = _dtype_name(dtype)
    _check_choice("unknown", unknown, ("zero", "quarter"))
    if sorted(channels) != sorted("ACGT"):
        raise InputError(f"channels must be a permutation of ACGT, found {channels!r}")
    if dtype in ("uint8", "int8") and (unknown == "quarter" or ambiguous == "fraction"):
        raise InputError(f"fractions cannot be written as {dtype}", remedy="use dtype='float32' or 'float16'")
    return _one_hot_table(dtype, unknown, ambiguous, channels, complement)


def channels_first(layout: str) -> bool:
    """Return whether the channels of a base lie apart, L numbers from each other."""
    return layout.index("C") < layout.index("L")


def _reject_unknown(sequences: UInt8Array, with_iupac: bool, what: str) -> None:
    bad = np.argwhere(_known_bytes(with_iupac)[sequences] == 0)
    if bad.size:
        row, column = (int(i) for i in bad[0])
        letter = chr(sequences[row, column])
        raise InputError(f"{what} base {letter!r} in sequence {row} at position {column} ({len(bad)} in all)")


def one_hot(
    seqs: Sequences,
    *,
    layout: str = "NLC",
    dtype: str = "float32",
    unknown: str = "zero",
    ambiguous: str = "unknown",
    channels: str = "ACGT",
    reverse_complement: bool = False,
    out: NDArray[Any] | None = None,
    n_threads: int = 1,
) -> NDArray[Any]:
    """One-hot encode DNA.

    Parameters
    ----------
    seqs : str, bytes, list of str or bytes, or uint8 array
        One sequence or N of equal length L; letters of either case, or codes 0-4.
    layout : {"NLC", "NCL", "NC1L", "NCL1", "NL1C", "NLC1", "N1LC", "N1CL"}
        Order of the output axes; C = 4.
    dtype : {"float32", "float16", "uint8", "int8", "float64"}
    unknown : {"zero", "quarter", "error"}
        Row of an unknown base (``N`` and every byte that is no base): all 0, all 0.25, or refuse.
    ambiguous : {"unknown", "fraction", "error"}
        IUPAC codes such as ``R``: as unknown, as equal shares (R = 0.5 A + 0.5 G), or refuse.
    channels : str
        Order of the channels, a permutation of ``"ACGT"``.
    reverse_complement : bool
        Encode the reverse complement instead.
    out : array, optional
        C-contiguous array of the output's shape and dtype to fill.
    n_threads : int
        Threads; 0 = all that this process may use. The result is the same for any number.

    Returns
    -------
    array, shape (N, L, 4), (N, 4, L) or (N, 4, 1, L); without N for a single sequence

    Raises
    ------
    InputError
        For arguments outside the above, unequal lengths, or unknown bases under ``"error"``.

    Examples
    --------
    >>> import gxfast as gx
    >>> gx.one_hot("ACN", dtype="uint8").tolist()
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    >>> gx.one_hot(["ACGT", "TTTT", "GGGG"], layout="NCL").shape
    (3, 4, 4)
    """
    dtype = _dtype_name(dtype)
    _check_choice("unknown", unknown, ("zero", "quarter", "error"))
    _check_choice("ambiguous", ambiguous, ("unknown", "fraction", "error"))
    sequences, single = as_sequences(seqs)
    n, length = sequences.shape
    table, shape = one_hot_table(
        n, length, layout, dtype, "zero" if unknown == "error" else unknown, channels, reverse_complement, ambiguous
    )
    if unknown == "error":
        _reject_unknown(sequences, ambiguous != "error", "unknown")
    if ambiguous == "error":
        iupac_only = _known_bytes(True)[sequences] > _known_bytes(False)[sequences]
        if iupac_only.any():
            _reject_unknown(np.where(iupac_only, sequences, np.uint8(0)), False, "ambiguous")
    result = output_array(out, shape[1:] if single else shape, dtype)
    if np.may_share_memory(sequences, result):
        sequences = sequences.copy()
    threads = resolve_threads(n_threads)
    if result.size:  # a loop over rows without letters would last
        flat = result.reshape(-1).view(table.dtype)
        backend().one_hot(
            sequences,
            table,
            channels_first(layout),
            reverse_complement,
            result.nbytes >= stream_from(),
            flat.reshape((n, 4, length) if channels_first(layout) else (n, length, 4)),
            threads,
        )
    return result


def codes(
    seqs: Sequences,
    *,
    reverse_complement: bool = False,
    out: UInt8Array | None = None,
    n_threads: int = 1,
) -> UInt8Array:
    """Translate sequences to codes: A, C, G, T to 0, 1, 2, 3; everything else to 4.

    Parameters
    ----------
    seqs, out, n_threads
        As in `one_hot`.
    reverse_complement : bool
        Code the reverse complement instead.

    Returns
    -------
    uint8 array, shape (N, L); (L,) for a single sequence

    Examples
    --------
    >>> import gxfast as gx
    >>> gx.codes(["ACGTN", "aaaac"]).tolist()
    [[0, 1, 2, 3, 4], [0, 0, 0, 0, 1]]
    """
    return _translated(seqs, _code_table(reverse_complement), reverse_complement, out, n_threads)


def reverse_complement(
    x: Any, *, layout: str | None = None, out: NDArray[Any] | None = None, n_threads: int = 1
) -> Any:
    """Reverse complement of sequences, or of their one-hot encoding in A, C, G, T order.

    Parameters
    ----------
    x : str, bytes, list of them, uint8 array (letters or codes), or a one-hot array
    layout : str, optional
        None for sequences; the layout, as in `one_hot`, for a one-hot array (leading N optional).
    out : array, optional
        Array to fill (sequences given as an array, or one-hot).

    Returns
    -------
    The same kind of thing as ``x``: case is kept, IUPAC codes are complemented.

    Examples
    --------
    >>> import gxfast as gx
    >>> gx.reverse_complement("AACgN")
    'NcGTT'
    """
    if layout is not None:
        _check_choice("layout", layout, _LAYOUTS)
        array = array_of(x, "x")
        axes = (layout.index("L") - len(layout), layout.index("C") - len(layout))
        if array.ndim not in (len(layout) - 1, len(layout)) or array.shape[axes[1]] != 4:
            raise InputError(f"x of shape {array.shape} does not fit layout {layout}")
        flipped: NDArray[Any] = np.flip(array, axis=axes)
        if out is None:
            return np.ascontiguousarray(flipped)
        target = output_array(out, array.shape, str(array.dtype))
        target[...] = flipped.copy() if np.may_share_memory(array, target) else flipped
        return target
    result = _translated(x, _complement_table(), True, out, n_threads, "x")
    if isinstance(x, str):
        return result.tobytes().decode("ascii")
    if isinstance(x, bytes):
        return result.tobytes()
    if isinstance(x, np.ndarray):
        return result
    rows = [row.tobytes() for row in result]
    return [row.decode("ascii") if isinstance(given, str) else row for row, given in zip(rows, x, strict=True)]


def complement_bases(letters: UInt8Array) -> UInt8Array:
    """Complement letters or codes one by one, without reversing."""
    return _complement_table()[letters]


def reverse_complement_in_place(sequences: UInt8Array, n_threads: int) -> None:
    """Reverse-complement the rows of (N, L) where they are, a block of rows at a time."""
    step = max(1, _COPY_BYTES // max(1, sequences.shape[1]))
    for first in range(0, len(sequences), step):
        rows = sequences[first : first + step]
        backend().translate(rows.copy(), _complement_table(), True, rows, n_threads)


def _translated(
    seqs: Sequences, table: UInt8Array, reverse: bool, out: UInt8Array | None, n_threads: int, name: str = "sequences"
) -> UInt8Array:
    sequences, single = as_sequences(seqs, name)
    result = output_array(out, sequences.shape[1:] if single else sequences.shape, "uint8")
    if np.may_share_memory(sequences, result):
        sequences = sequences.copy()  # in place: the kernel reads after it has written
    threads = resolve_threads(n_threads)
    if result.size:  # a loop over rows without letters would last
        backend().translate(sequences, table, reverse, result.reshape(sequences.shape), threads)
    return result
