"""Twins of ``tangermeme.utils`` and ``tangermeme.ersatz``: strict, channels first, int8."""

from __future__ import annotations

import operator
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._threads import thread_budget
from ._decode import codes_of_one_hot, text_of_codes
from ._encode import encode_checked, first_letter_outside, kernels, letter_table, supported_dtype
from ._hosts import host_original, torch_module

__all__ = ["characters", "delete", "insert", "one_hot_encode", "substitute"]

_ONE_BYTE: Final = ("torch.int8", "torch.uint8", "torch.bool")

_DNA: Final = ("A", "C", "G", "T")
_UNKNOWN: Final = ("N",)
# What the kernel says of a tensor that is not one-hot.
_OTHER_VALUES, _SEVERAL, _UNKNOWN_PLACES = 1, 2, 4


def one_hot_encode(
    sequence: str,
    alphabet: Any = _DNA,
    dtype: Any = None,
    ignore: Any = _UNKNOWN,
    desc: str | None = None,
    verbose: bool = False,
    n_jobs: int = 1,
    return_packed: bool = False,
    **kwargs: Any,
) -> Any:
    """One-hot encode DNA as ``tangermeme.utils.one_hot_encode`` does.

    Parameters
    ----------
    sequence : str
    alphabet : list, tuple or str
        A, C, G, T; others are handed to tangermeme.
    dtype : torch.dtype, optional
        int8 by default (None).
    ignore : list of str
        Letters that become zero columns; every other letter, lower case included, is refused.
    desc, verbose
        Accepted, without effect.
    n_jobs : int
        Threads; -1 for all.
    return_packed : bool
        Handed to tangermeme.

    Returns
    -------
    torch tensor, shape (4, L)

    Raises
    ------
    ValueError
        For a letter in neither list, or in both.
    TypeError
        For anything that is no str.
    NotImplementedError
        For what is handed on, if tangermeme is not installed.
    """
    try:
        plan = _plan(tuple(alphabet) if type(alphabet) is list else alphabet,
                     tuple(ignore) if type(ignore) is list else ignore, dtype)  # fmt: skip
    except TypeError:  # something without a hash
        plan = None
    if plan is None or return_packed:
        original = host_original(
            "tangermeme", "tangermeme.utils", "one_hot_encode", "return_packed or another alphabet"
        )
        wanted = torch_module().int8 if dtype is None else dtype
        return original(sequence, alphabet, wanted, ignore, desc, verbose, n_jobs, return_packed, **kwargs)
    from_numpy, letters, table, cast = plan
    columns = from_numpy(_columns(sequence, letters, table, n_jobs))
    return columns if cast is None else columns.type(cast)


@lru_cache(maxsize=64)
def _plan(alphabet: Any, ignore: Any, dtype: Any) -> tuple[Any, bytes, NDArray[Any], Any] | None:
    """What a call needs beside the sequence: ``torch.from_numpy``, letters, rows, the dtype to cast to or None.

    None stands for what is handed to tangermeme.
    """
    unknown = "".join(ignore)
    if not (isinstance(alphabet, tuple | str) and "".join(alphabet) == "ACGT" and unknown.isascii()):
        return None
    torch = torch_module()
    name = "int8"
    if isinstance(dtype, torch.dtype):
        name = supported_dtype(str(dtype).removeprefix("torch.")) or "int8"
    letters, table = _letters_and_table(unknown, name)
    return torch.from_numpy, letters, table, None if dtype in (None, getattr(torch, name)) else dtype


def one_hot_array(sequence: str, ignore: str = "N", dtype: str = "int8", n_jobs: int = 1) -> NDArray[Any]:
    """Body of `one_hot_encode`, as a NumPy array (4, L): a view of (L, 4) memory, as tangermeme's."""
    return _columns(sequence, *_letters_and_table(ignore, dtype), n_jobs)


def _columns(sequence: Any, letters: bytes, table: NDArray[Any], n_jobs: int) -> NDArray[Any]:
    if not isinstance(sequence, str):
        raise TypeError(f"sequence must be a str, found {type(sequence).__name__}")
    threads = 1
    if n_jobs != 1:
        threads = thread_budget() if n_jobs == -1 else max(1, min(int(n_jobs), thread_budget()))
    rows = encode_checked(sequence, table, letters, None, threads)
    if rows is None:
        sequence.encode("utf8")  # a lone surrogate is a UnicodeEncodeError, as in tangermeme
        unknown = first_letter_outside(sequence, letters)
        raise ValueError(f"Encountered character {unknown!r} that is not in `alphabet` or in `ignore`.")
    return rows.T


@lru_cache(maxsize=64)
def _letters_and_table(ignore: str, dtype: str) -> tuple[bytes, NDArray[Any]]:
    for letter in ignore:
        if letter in "ACGT":
            raise ValueError(f"Character {letter} in the alphabet and also in the list of ignored characters.")
    return b"ACGT" + ignore.encode("ascii"), letter_table(dtype, special=((ignore, 0.0),))


def characters(pwm: Any, alphabet: Any = ("A", "C", "G", "T"), force: bool = False, allow_N: bool = False) -> str:
    """Spell a one-hot sequence as ``tangermeme.utils.characters`` does.

    Parameters
    ----------
    pwm : torch tensor or array of int8, uint8 or bool, shape (4, L) or (1, 4, L)
        One-hot; other numbers, ties that are not of zeros and packed sequences are handed to tangermeme.
    alphabet : list or tuple
        A, C, G, T; others are handed on.
    force : bool
        Zero columns are the first letter.
    allow_N : bool
        Zero columns are N.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        For zero columns without ``force`` and ``allow_N``; else as tangermeme.
    NotImplementedError
        For what is handed on, if tangermeme is not installed.
    """
    array = pwm.numpy(force=True) if type(pwm).__name__ == "Tensor" and str(pwm.dtype) in _ONE_BYTE else pwm
    codes = None
    if type(array) is np.ndarray and array.ndim in (2, 3) and array.size:
        array = array[0] if array.ndim == 3 and array.shape[0] == 1 else array
        plain = array.ndim == 2 and isinstance(alphabet, list | tuple) and list(alphabet) == ["A", "C", "G", "T"]
        codes = codes_of_one_hot(array.T) if plain else None
    if codes is None:
        original = host_original("tangermeme", "tangermeme.utils", "characters", "such a matrix")
        return str(original(pwm, list(alphabet) if isinstance(alphabet, tuple) else alphabet, force, allow_N))
    if not force and not allow_N and codes.max() == 4:
        raise ValueError("At least one position in the PWM has multiple letters with the same probability.")
    return text_of_codes(codes, b"ACGTN" if allow_N else b"ACGTA")


def _check_one_hot(x: Any, name: str, allow_unknown: bool, channels: int | None = None) -> bool:
    """Refuse what is not a one-hot tensor, in the order and with the exceptions of tangermeme.

    Returns whether every place has a letter.
    """
    torch = torch_module()
    if not isinstance(x, torch.Tensor):
        raise ValueError(f"{name} must be a torch.Tensor object")
    if channels is not None and (x.ndim != 3 or x.shape[1] != channels):
        raise ValueError(f"{name} has shape {tuple(x.shape)} but must have shape (-1, {channels}, -1)")
    if x.ndim == 3 and x.shape[1] < 256 and x.dtype in _kernel_dtypes() and x.device.type == "cpu":
        faults: int = kernels().one_hot_faults((x.detach() if x.requires_grad else x).numpy())
    elif not torch.all((x == 0) | (x == 1)):
        faults = _OTHER_VALUES
    else:
        ones = x.sum(dim=1)
        faults = _UNKNOWN_PLACES if torch.any(ones < 1) else 0
        faults |= _SEVERAL if torch.any(ones > 1) else 0
    if faults & _OTHER_VALUES:
        raise ValueError(f"{name} must be one-hot encoded.")
    if faults & (_SEVERAL if allow_unknown else _SEVERAL | _UNKNOWN_PLACES):
        raise ValueError(f"{name} must be one-hot encoded" + ("." if allow_unknown else " without unknown characters."))
    return not faults


@cache
def _kernel_dtypes() -> frozenset[Any]:
    torch = torch_module()
    return frozenset(
        (torch.int8, torch.uint8, torch.bool, torch.float32, torch.float16, torch.float64, torch.int32, torch.int64)
    )


def _packed(x: Any, motif: Any, return_packed: bool | None) -> bool:
    return bool(return_packed) or any(type(value).__name__ == "PackedSequence" for value in (x, motif))


def _motif_tensor(motif: Any, alphabet: Any, ignore: Any) -> Any:
    return one_hot_encode(motif, alphabet=alphabet, ignore=ignore).unsqueeze(0) if isinstance(motif, str) else motif


def substitute(
    X: Any,
    motif: Any,
    start: int | None = None,
    alphabet: Any = _DNA,
    ignore: Any = _UNKNOWN,
    return_packed: bool | None = None,
) -> Any:
    """Write a motif over one-hot sequences as ``tangermeme.ersatz.substitute`` does.

    Parameters
    ----------
    X : torch tensor, shape (N, 4, L)
        Zero columns (unknown) are allowed.
    motif : str, or torch tensor (1 or N, 4, M)
        Zero columns, and letters in ``ignore``, keep what ``X`` has.
    start : int, optional
        By default the motif is centred.
    alphabet, ignore
        As in `one_hot_encode`.
    return_packed : bool, optional
        True, like a PackedSequence, is handed to tangermeme.

    Returns
    -------
    torch tensor, shape (N, 4, L); a copy

    Raises
    ------
    ValueError
        For what is not one-hot, or a motif that leaves the sequence.
    IndexError
        For a start that is no whole number.
    """
    if _packed(X, motif, return_packed):
        original = host_original("tangermeme", "tangermeme.ersatz", "substitute", "a packed sequence")
        return original(X, motif, start, alphabet, ignore, return_packed)
    motif = _motif_tensor(motif, alphabet, ignore)
    _check_one_hot(X, "X", allow_unknown=True)
    all_known = _check_one_hot(motif, "motif", allow_unknown=True, channels=X.shape[1])
    length, width = X.shape[-1], motif.shape[-1]
    if width > length:
        raise ValueError("Motif cannot be longer than sequence.")
    if start is None:
        start = length // 2 - width // 2
    elif start < 0 or start > length - width:
        raise ValueError("Provided start falls off the end of the sequence")
    return _written_over(X.clone(), motif, start, all_known)


def _written_over(result: Any, motif: Any, start: Any, all_known: bool) -> Any:
    """Write the known letters of the motif into ``result``."""
    known = None if all_known else motif.sum(dim=1, keepdim=True) == 1
    try:
        at = operator.index(start)
    except TypeError:
        # tangermeme indexes with it, letter by letter.
        if motif.shape[-1] and (known is None or known.any()):
            raise IndexError(f"start must be a whole number, found {start!r}") from None
        return result
    region = result[:, :, at : at + motif.shape[-1]]
    region[...] = motif if known is None else torch_module().where(known, motif.to(result.dtype), region)
    return result


def insert(
    X: Any,
    motif: Any,
    start: int | None = None,
    alphabet: Any = _DNA,
    return_packed: bool | None = None,
) -> Any:
    """Insert a motif into one-hot sequences as ``tangermeme.ersatz.insert`` does.

    Parameters
    ----------
    X, alphabet, return_packed
        As in `substitute`.
    motif : str, or torch tensor (1 or N, 4, M)
        Unknown letters are refused.
    start : int, optional
        By default the middle of the sequence.

    Returns
    -------
    torch tensor, shape (N, 4, L + M)

    Raises
    ------
    ValueError
        As in `substitute`.
    """
    if _packed(X, motif, return_packed):
        original = host_original("tangermeme", "tangermeme.ersatz", "insert", "a packed sequence")
        return original(X, motif, start, alphabet, return_packed)
    torch = torch_module()
    motif = _motif_tensor(motif, alphabet, ("N",))
    _check_one_hot(X, "X", allow_unknown=True)
    _check_one_hot(motif, "motif", allow_unknown=False, channels=X.shape[1])
    if start is None:
        start = X.shape[-1] // 2
    elif start < 0 or start > X.shape[-1] - motif.shape[-1]:
        raise ValueError("Provided start falls off the end of the sequence")
    if motif.shape[0] == 1:
        motif = motif.expand(X.shape[0], -1, -1)
    return torch.cat([X[:, :, :start], motif, X[:, :, start:]], dim=-1)


def delete(X: Any, start: int, end: int, return_packed: bool | None = None) -> Any:
    """Cut [start, end) out of one-hot sequences as ``tangermeme.ersatz.delete`` does.

    Returns
    -------
    torch tensor, shape (N, 4, L - (end - start))

    Raises
    ------
    ValueError
        For a range that is empty or leaves the sequence, or what is not one-hot.
    """
    if _packed(X, None, return_packed):
        original = host_original("tangermeme", "tangermeme.ersatz", "delete", "a packed sequence")
        return original(X, start, end, return_packed)
    if start < 0 or start > X.shape[-1]:
        raise ValueError("Start cannot be below zero or greater than the length of the sequence.")
    if end < 0 or end > X.shape[-1] or end <= start:
        raise ValueError("End must come after start and cannot be greater than the length of the sequence.")
    _check_one_hot(X, "X", allow_unknown=True)
    return torch_module().cat([X[:, :, :start], X[:, :, end:]], dim=-1)
