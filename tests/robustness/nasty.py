"""Nasty versions of a clean array, each with what has to come of it.

A kind gives a value and its twin: a plain array (native, aligned, C-contiguous, of the dtype the function
documents) with the same values. The result has to be that of the twin; where there is no twin, the function has to
refuse the value by a TypeError or ValueError that names the argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["ROLES", "Nasty", "kinds_of"]

Array = NDArray[Any]


class Nasty(NamedTuple):
    """A value, and the plain array it stands for (None: it has to be refused); ``of_shape``: only the shape is odd."""

    kind: str
    value: Any
    twin: Array | int | None
    of_shape: bool = False


class _Marked(np.ndarray):
    """A subclass without behaviour of its own."""


class _Convertible:
    """What only has ``__array__``."""

    def __init__(self, values: Array) -> None:
        self._values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self._values if dtype is None else self._values.astype(dtype)


def _strided(x: Array) -> Array:
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = wide[tuple(slice(1, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def _reversed(x: Array) -> Array:
    return np.flip(np.flip(x).copy())


def _unaligned(x: Array) -> Array:
    room = np.zeros(x.nbytes + 1, np.uint8)
    view = room[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def _field(x: Array) -> Array:
    """A column of a table of records: strides are no multiple of the item."""
    records = np.zeros(x.shape, [("before", "u1"), ("value", x.dtype), ("after", "u2")])
    records["value"] = x
    return records["value"]


def _readonly(x: Array) -> Array:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


def _crossed(x: Array) -> Array:
    """Fortran order; for a vector, a row of a Fortran-ordered matrix."""
    return np.asfortranarray(x) if x.ndim > 1 else np.asfortranarray(np.stack([x, x]))[1]


def _zero_stride(x: Array) -> Array:
    return np.broadcast_to(x[:1], x.shape)


_SAME: Final[dict[str, Callable[[Array], Any]]] = {
    "strided": _strided,
    "reversed": _reversed,
    "fortran": _crossed,
    "unaligned": _unaligned,
    "field of records": _field,
    "read-only": _readonly,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "little-endian": lambda x: x.astype(x.dtype.newbyteorder("<")),
    "subclass": lambda x: x.copy().view(_Marked),
    "inner slice": lambda x: np.pad(x, 3, mode="edge")[tuple(slice(3, -3) for _ in x.shape)],
    "zero stride": _zero_stride,
    "big-endian, reversed": lambda x: _reversed(x.astype(x.dtype.newbyteorder(">"))),
}
# A list has no dtype of its own: where one is asked for, it may be refused.
_LOOSE: Final[dict[str, Callable[[Array], Any]]] = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "__array__": _Convertible,
}
_FLOATS: Final = ("f2", "f4", "f8", "g", ">f4")
_WHOLE: Final = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i2", ">i8", ">u4")


def _refused(x: Array) -> Iterator[Nasty]:
    """What is no array of numbers of this shape, whatever the function."""
    real = x.astype(np.float64)
    values: dict[str, Any] = {
        "complex": real + 1j,
        "complex without imaginary part": real.astype(np.complex128),
        "complex64": real.astype(np.complex64),
        "objects": x.astype(object),
        "objects with None": _with(x.astype(object), None),
        "text": x.astype(np.str_),
        "bytes": x.astype(np.bytes_),
        "dates": x.astype("i8").astype("M8[s]"),
        "durations": x.astype("i8").astype("m8[s]"),
        "records": np.zeros(x.shape, [("a", "f8"), ("b", "f8")]),
        "void": np.zeros(x.shape, "V8"),
        "masked": np.ma.masked_array(x, mask=_with(np.zeros(x.shape, bool), True)),
        "masked, nothing hidden": np.ma.masked_array(x),
        "masked, shrunken": np.ma.masked_greater(x.astype(np.float64), 1e300),
        "list with None": _with(x.astype(object), None).tolist(),
        "list of text": x.astype(np.str_).tolist(),
        "ragged list": [*x.tolist(), [1, [2]]],
        "None": None,
        "text itself": "ACGT?",
        "a set": {1, 2},
        "a dict": {"a": 1},
        "a generator": (value for value in (1, 2)),
        "a function": len,
        "a dtype": np.float64,
    }
    yield from (Nasty(kind, value, None) for kind, value in values.items())


def _shapes(x: Array) -> Iterator[Nasty]:
    values: dict[str, Any] = {
        "0-d": x.reshape(-1)[0].copy(),
        "0-d array": np.array(x.reshape(-1)[0]),
        "an axis more in front": x[np.newaxis],
        "an axis more behind": x[..., np.newaxis],
        "two axes more": x[np.newaxis, np.newaxis],
        "five axes more": x[(np.newaxis,) * 5],
        "an axis less": x[0],
        "flat": x.reshape(-1) if x.ndim > 1 else x.reshape(1, -1),
        "one short": x[..., :-1],
        "one long": np.concatenate([x, x[..., :1]], axis=-1),
        "first axis short": x[:-1],
        "first axis long": np.concatenate([x, x[:1]]),
        "twice": np.concatenate([x, x]),
        "transposed": x.T if x.ndim > 1 else x.reshape(-1, 1),
        "nothing": x[:0],
        "nothing behind": x[..., :0],
        "no element": np.empty((0,) * x.ndim, x.dtype),
        "empty list": [],
        "list of empty list": [[]],
        "one element": x[(slice(1),) * x.ndim],
        "2^31 of nothing": np.empty((2**31, 0), x.dtype),
        "2^32 of nothing": np.empty((2**32, 0), x.dtype),
        "nothing of 2^31": np.empty((0, 2**31), x.dtype),
        "nothing of 2^32": np.empty((0, 2**32), x.dtype),
        "2^31, zero stride": np.broadcast_to(x.reshape(-1)[0], (2**31,) * (x.ndim == 1) or (2**31, x.shape[-1])),
        "2^40, zero stride": np.broadcast_to(x.reshape(-1)[0], (2**40,) * (x.ndim == 1) or (2**40, x.shape[-1])),
    }
    yield from (Nasty(kind, value, None, of_shape=True) for kind, value in values.items())


def _with(x: Array, value: Any) -> Array:
    copy = x.copy()
    copy.reshape(-1)[1] = value
    return copy


def _gaps(x: Array) -> Iterator[Nasty]:
    real = x.astype(np.float64)
    for kind, value in (("nan", np.nan), ("inf", np.inf), ("-inf", -np.inf)):
        yield Nasty(kind, _with(real, value), None)
        yield Nasty(f"all {kind}", np.full(x.shape, value), None)
    yield Nasty("nan in float32", _with(x.astype(np.float32), np.nan), None)
    yield Nasty("nan in float16", _with(x.astype(np.float16), np.nan), None)
    yield Nasty("nan in a list", _with(real, np.nan).tolist(), None)


def _same(x: Array, names: dict[str, Callable[[Array], Any]]) -> Iterator[Nasty]:
    for kind, make in names.items():
        twin = np.array(_zero_stride(x) if kind == "zero stride" else x)
        yield Nasty(kind, make(x), twin)


def _dtypes(x: Array, dtypes: tuple[str, ...], to: Any) -> Iterator[Nasty]:
    for dtype in dtypes:
        value = x.astype(dtype)
        yield Nasty(f"dtype {dtype}", value, value.astype(to))


def _numbers(x: Array) -> Iterator[Nasty]:
    """Real numbers, read as float64."""
    yield from _same(x, _SAME)
    yield from _same(x, _LOOSE)
    yield from _dtypes(x, _FLOATS, np.float64)
    whole = np.abs(np.round(x * 4)) % 100
    yield from _dtypes(whole, _WHOLE, np.float64)
    truths = x > np.median(x)
    yield Nasty("bool", truths, truths.astype(np.float64))
    yield from _gaps(x)
    yield from _refused(x)
    yield from _shapes(x)


def _whole(x: Array) -> Iterator[Nasty]:
    """Whole numbers (dosages, positions, folds): fractions and NaN are none."""
    yield from _same(x, _SAME)
    yield from _same(x, _LOOSE)
    yield from _dtypes(x, _WHOLE, x.dtype)
    for dtype in _FLOATS:
        yield Nasty(f"fractions {dtype}", _with(x.astype(dtype), 0.5), None)
    for kind, value in _FAR.items():
        yield Nasty(kind, _with(x.astype(np.int64), value), None)
    yield Nasty("2^64 - 1", _with(x.astype(np.uint64), 2**64 - 1), None)
    yield Nasty("2^63 unsigned", _with(x.astype(np.uint64), 2**63), None)
    yield Nasty("2^70 in a list", _with(x.astype(object), 2**70).tolist(), None)
    yield Nasty("big-endian 2^40", _with(x.astype(">i8"), 2**40), None)
    yield from _gaps(x)
    yield from _refused(x)
    yield from _shapes(x)


_FAR: Final = {
    "-1": -1,
    "-2^31": -(2**31),
    "-2^63": -(2**63),
    "127": 127,
    "128": 128,
    "255": 255,
    "256": 256,
    "2^31 - 1": 2**31 - 1,
    "2^31": 2**31,
    "2^32": 2**32,
    "2^32 + 1": 2**32 + 1,
    "2^40": 2**40,
    "2^63 - 1": 2**63 - 1,
}


def _truths(x: Array) -> Iterator[Nasty]:
    yield from _same(x, _SAME)
    yield from _same(x, _LOOSE)
    for dtype in ("i1", "i8", "u8", "f4", "f8", ">i4"):
        yield Nasty(f"numbers {dtype}", x.astype(dtype), None)
    yield Nasty("two", np.where(x, 2, 0), None)
    yield from _gaps(x)
    yield from _refused(x)
    yield from _shapes(x)


def _letters(x: Array) -> Iterator[Nasty]:
    """Bytes that name bases."""
    yield from _same(x, _SAME)
    yield from _refused(x)
    yield from _shapes(x)
    for dtype in (*_FLOATS, *(name for name in _WHOLE if name != "u1"), "?"):
        yield Nasty(f"dtype {dtype}", x.astype(dtype), None)
    yield from _gaps(x)
    yield Nasty("letters as S1", x.view("S1"), None)
    yield Nasty("letters as U1", x.view("S1").astype("U1"), None)
    yield Nasty("list of numbers", x.tolist(), None)
    yield Nasty("text beyond ASCII", "ACGÜ" * 4, None)
    yield Nasty("list of text and numbers", ["ACGT", 5], None)
    yield Nasty("memory of bytes", memoryview(x.tobytes()), None)
    yield Nasty("array of objects with bytes", np.array([b"ACGT", b"ACG"], object), None)


def _feed(x: Array) -> Iterator[Nasty]:
    """An array that a session reads as it lies in memory; another dtype is another tensor."""
    yield from _same(x, _SAME)
    for dtype in (*_FLOATS, *_WHOLE, "?"):
        if np.dtype(dtype).newbyteorder("=") != x.dtype:
            yield Nasty(f"dtype {dtype}", x.astype(dtype), None)
    yield from (Nasty(kind, make(x), None) for kind, make in _LOOSE.items())
    yield from _gaps(x)
    yield from _refused(x)
    yield from _shapes(x)


def _raw(x: Array) -> Iterator[Nasty]:
    """An array that a kernel reads by its address: of one dtype, and whole."""
    yield from _same(x, _SAME)
    for dtype in (*_FLOATS, *_WHOLE, "?"):
        if np.dtype(dtype) != x.dtype:
            with np.errstate(over="ignore"):
                yield Nasty(f"dtype {dtype}", x.astype(dtype), None)
    yield from (Nasty(kind, make(x), None) for kind, make in _LOOSE.items())
    if x.dtype.kind == "f":
        for kind, value in (("nan", np.nan), ("inf", np.inf), ("-inf", -np.inf)):
            yield Nasty(kind, _with(x, value), None)
            yield Nasty(f"all {kind}", np.full_like(x, value), None)
    else:
        info = np.iinfo(x.dtype)
        for kind, value in _FAR.items():
            if info.min <= value <= info.max:
                yield Nasty(kind, _with(x, value), None)
                yield Nasty(
                    f"last {kind}", np.append(x.reshape(-1)[:-1], np.array(value, x.dtype)).reshape(x.shape), None
                )
                yield Nasty(f"all {kind}", np.full_like(x, value), None)
    yield from _refused(x)
    yield from _shapes(x)


def _texts(x: Array) -> Iterator[Nasty]:
    """Names of people, genes or labels, or short sequences."""
    yield from _same(x, {kind: make for kind, make in _SAME.items() if "endian" not in kind and kind != "zero stride"})
    yield from _same(x, _LOOSE)
    yield Nasty("big-endian", x.astype(x.dtype.newbyteorder(">")), x)
    yield Nasty("objects", x.astype(object), x)
    values: dict[str, Any] = {
        "objects with None": _with(x.astype(object), None),
        "objects with NaN": _with(x.astype(object), np.nan),
        "list with a number": _with(x.astype(object), 5).tolist(),
        "list of bytes": [one.encode() for one in x.tolist()],
        "bytes": x.astype("S"),
        "numbers": np.arange(x.size),
        "fractions": np.arange(x.size) / 2,
        "nan": np.full(x.size, np.nan),
        "truths": np.arange(x.size) > 2,
        "dates": np.arange(x.size).astype("M8[s]"),
        "masked": np.ma.masked_array(x, mask=np.arange(x.size) == 1),
        "masked, nothing hidden": np.ma.masked_array(x),
        "one text": "".join(x.tolist()),
        "bytes themselves": b"abc",
        "a dict": dict.fromkeys(x.tolist()),
        "a set": set(x.tolist()),
        "a generator": (one for one in x.tolist()),
        "None": None,
        "a number": 7,
        "ragged list": [*x.tolist(), ["a"]],
        "records": np.zeros(x.size, [("a", "U3")]),
        "0-d": np.array("a"),
    }
    yield from (Nasty(kind, value, None) for kind, value in values.items())
    shapes: dict[str, Any] = {
        "an axis more": x[np.newaxis],
        "an axis more behind": x[:, np.newaxis],
        "one short": x[:-1],
        "one long": np.append(x, "another"),
        "nothing": x[:0],
        "empty list": [],
    }
    yield from (Nasty(kind, value, None, of_shape=True) for kind, value in shapes.items())


def _size(x: Array) -> Iterator[Nasty]:
    """A number that says how many, or where."""
    n = int(x)
    for dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64):
        if n <= np.iinfo(dtype).max:
            yield Nasty(f"as {dtype.__name__}", dtype(n), n)
    for kind, value in {**_FAR, **_FARTHER}.items():
        yield Nasty(kind, value, None)
    for kind, value in (("2^32 as uint64", np.uint64(2**32)), ("2^63 as uint64", np.uint64(2**63))):
        yield Nasty(kind, value, None)
    values: dict[str, Any] = {
        "a fraction": n + 0.5,
        "float": float(n),
        "float64": np.float64(n),
        "nan": float("nan"),
        "inf": float("inf"),
        "complex": complex(n),
        "text": str(n),
        "bytes": b"3",
        "a list": [n],
        "an array of one": np.array([n]),
        "an array of two": np.array([n, n]),
        "masked": np.ma.masked,
        "a date": np.datetime64(n, "s"),
        "a dict": {},
        "an object": object(),
    }
    yield from (Nasty(kind, value, None) for kind, value in values.items())


_FARTHER: Final = {
    "0": 0,
    "2^62": 2**62,
    "2^63": 2**63,
    "2^64": 2**64,
    "2^64 + 1": 2**64 + 1,
    "2^70": 2**70,
    "-2^63 - 1": -(2**63) - 1,
    "-2^70": -(2**70),
}


def _outs(x: Array) -> Iterator[Nasty]:
    """Arrays to fill: one that cannot be filled as it is has to be refused."""
    values: dict[str, Any] = {
        "strided": _strided(x),
        "reversed": _reversed(x),
        "fortran": _crossed(x),
        "unaligned": _unaligned(x) if x.itemsize > 1 else _strided(x),
        "field of records": _field(x),
        "read-only": _readonly(x),
        "big-endian": x.astype(x.dtype.newbyteorder(">")) if x.itemsize > 1 else _reversed(x),
        "zero stride": np.array(x[:1]) if len(x) > 1 else x[..., :1],
        "zero stride, writeable": as_strided(x.copy(), x.shape, (0,) * x.ndim),
        "overlaps itself": as_strided(np.zeros(2 * x.size, x.dtype), x.shape, (x.itemsize,) * x.ndim),
        "flat": x.reshape(-1),
        "transposed": np.ascontiguousarray(x.T),
        "list": x.tolist(),
        "text": "out",
        "bytes": bytearray(x.tobytes()),
        "memory": memoryview(x.tobytes()),
        "0-d": np.array(0, x.dtype),
        "an axis more": x[np.newaxis].copy(),
        "an axis more behind": x[..., np.newaxis].copy(),
        "one short": np.ascontiguousarray(x[..., :-1]),
        "one long": np.concatenate([x, x[..., :1]], axis=-1),
        "first axis long": np.concatenate([x, x[:1]]),
        "nothing": x[:0].copy(),
        "masked": np.ma.masked_array(x.copy()),
        "objects": x.astype(object),
        "complex": x.astype(np.complex64),
    }
    yield from (Nasty(kind, value, None) for kind, value in values.items())
    for dtype in ("?", "i1", "u1", "i2", "u4", "i8", "u8", "f2", "f4", "f8", "g"):
        if np.dtype(dtype) != x.dtype:
            yield Nasty(f"dtype {dtype}", np.zeros(x.shape, dtype), None)


ROLES: Final[dict[str, Callable[[Array], Iterator[Nasty]]]] = {
    "numbers": _numbers,
    "whole": _whole,
    "truths": _truths,
    "letters": _letters,
    "feed": _feed,
    "size": _size,
    "texts": _texts,
    "raw": _raw,
    "out": _outs,
}


def kinds_of(role: str, x: Array) -> list[Nasty]:
    """Return the nasty versions of a clean array in a role."""
    return list(ROLES[role](x))
