"""Twins of ``grelu.sequence.format`` and ``grelu.sequence.mutate``: strict, upper case only."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._decode import codes_of_text, text_of_codes
from ._encode import bytes_of, encode, encode_checked, encode_text, first_letter_outside, letter_table
from ._hosts import host_original, torch_module

__all__ = [
    "check_string_dna",
    "delete",
    "indices_to_one_hot",
    "indices_to_strings",
    "insert",
    "mutate",
    "strings_to_indices",
    "strings_to_one_hot",
]

_ALLOWED = b"ACGTN"
_LETTERS = b"ACGTN"
_UNKNOWN_CODE = 4
_CODES = bytes.maketrans(_LETTERS, bytes(range(5)))
_FORMAT = "grelu.sequence.format"


def strings_to_one_hot(strings: str | list[str], add_batch_axis: bool = False) -> Any:
    """One-hot encode DNA as ``grelu.sequence.format.strings_to_one_hot`` does.

    Parameters
    ----------
    strings : str or list of str
        A, C, G, T, N only; equal lengths.
    add_batch_axis : bool
        Give a single str a batch axis.

    Returns
    -------
    float32 torch tensor, shape (4, L), or (N, 4, L)

    Raises
    ------
    KeyError
        For another letter in a single str.
    ValueError
        For another letter in a list.
    AssertionError
        For unequal lengths or an empty list.
    TypeError
        For neither str nor list.
    """
    return torch_module().from_numpy(one_hot_array(strings, add_batch_axis))


def one_hot_array(strings: str | list[str], add_batch_axis: bool = False) -> NDArray[np.float32]:
    """Body of `strings_to_one_hot`, as a NumPy array (a view of channels-last memory, as gReLU's)."""
    table = letter_table("float32")
    if isinstance(strings, str):
        rows = encode_checked(strings, table, _ALLOWED)
        if rows is None:
            raise KeyError(first_letter_outside(strings, _ALLOWED))
        return rows.T[np.newaxis] if add_batch_axis else rows.T
    _check_list(strings)
    if len(strings) == 1:
        return encode_text(strings[0], table).T[np.newaxis]
    raw = "".join(strings).encode("ascii")
    return encode(bytes_of(raw).reshape(len(strings), len(raw) // len(strings)), table).swapaxes(1, 2)


def _check_list(strings: Any) -> None:
    if not isinstance(strings, list):
        raise TypeError("Input not of a supported type")
    if first_letter_outside("".join(strings), _ALLOWED) is not None:
        raise ValueError("Input string is not a valid DNA sequence.")
    if len({len(text) for text in strings}) != 1:
        raise AssertionError("All input sequences must have the same length.")


def check_string_dna(strings: str | list[str]) -> bool:
    """Tell whether there are only A, C, G, T, N, as ``grelu.sequence.format.check_string_dna`` does.

    Raises
    ------
    TypeError
        For what cannot be joined to a str.
    """
    return first_letter_outside(strings if type(strings) is str else "".join(strings), _ALLOWED) is None


def strings_to_indices(strings: str | list[str], add_batch_axis: bool = False) -> NDArray[np.int8]:
    """Encode letters as 0 to 4 as ``grelu.sequence.format.strings_to_indices`` does.

    Parameters
    ----------
    strings, add_batch_axis
        As in `strings_to_one_hot`.

    Returns
    -------
    int8 array, shape (L,) or (N, L)

    Raises
    ------
    KeyError, ValueError, AssertionError, TypeError
        As in `strings_to_one_hot`.
    """
    if type(strings) is str:
        unknown = first_letter_outside(strings, _ALLOWED)
        if unknown is not None:
            raise KeyError(unknown)
        codes = codes_of_text(strings.encode("ascii"), _CODES).view(np.int8)
        return codes[np.newaxis] if add_batch_axis else codes
    _check_list(strings)
    codes = codes_of_text("".join(strings).encode("ascii"), _CODES).view(np.int8)
    return codes.reshape(len(strings), len(strings[0]))


def indices_to_one_hot(indices: NDArray[np.int8], add_batch_axis: bool = False) -> Any:
    """One-hot encode codes as ``grelu.sequence.format.indices_to_one_hot`` does.

    Parameters
    ----------
    indices : int8 array, shape (L,) or (N, L)
        0 to 4; other dtypes, shapes and values are handed to gReLU.
    add_batch_axis : bool
        Give a single sequence a batch axis.

    Returns
    -------
    float32 torch tensor, shape (4, L), or (N, 4, L)
    """
    if not _are_codes(indices):
        return host_original("grelu", _FORMAT, "indices_to_one_hot", "such an array")(indices, add_batch_axis)
    rows = encode(np.ascontiguousarray(np.atleast_2d(indices)).view(np.uint8), _code_table())
    columns = torch_module().from_numpy(rows.swapaxes(1, 2))
    return columns[0] if indices.ndim == 1 and not add_batch_axis else columns


def indices_to_strings(indices: NDArray[np.int8]) -> Any:
    """Spell codes as ``grelu.sequence.format.indices_to_strings`` does.

    Parameters
    ----------
    indices : int8 array, shape (L,) or (N, L)
        0 to 4; other dtypes, shapes and values are handed to gReLU.

    Returns
    -------
    str, or list of str
    """
    if not _are_codes(indices):
        return host_original("grelu", _FORMAT, "indices_to_strings", "such an array")(indices)
    texts = [text_of_codes(row.view(np.uint8), _LETTERS) for row in np.atleast_2d(indices)]
    return texts[0] if indices.ndim == 1 else texts


@lru_cache(maxsize=1)
def _code_table() -> NDArray[np.float32]:
    """Rows of codes: the first four are the letters."""
    return np.eye(256, 4, dtype=np.float32)


def _are_codes(indices: Any) -> bool:
    usable = type(indices) is np.ndarray and indices.dtype == np.int8 and indices.ndim in (1, 2) and indices.size > 0
    # as unsigned numbers, negative ones are large
    return bool(usable and indices.view(np.uint8).max() <= _UNKNOWN_CODE)


def _input_type(seq: Any) -> str:
    """Name the format of one sequence by gReLU's rules."""
    if isinstance(seq, str):
        if first_letter_outside(seq, _ALLOWED) is not None:
            raise ValueError("Input string is not a valid DNA sequence.")
        return "strings"
    if isinstance(seq, np.ndarray):
        # An empty array of codes has no maximum, which NumPy reports as a ValueError, as for gReLU.
        if seq.dtype != np.int8 or seq.ndim not in (1, 2) or seq.max() > _UNKNOWN_CODE or seq.min() < 0:
            raise ValueError("Input array is not a valid index-encoded DNA sequence or batch of sequences")
        return "indices"
    return "other"


def _handed_on(name: str, seq: Any, input_type: str | None) -> Any:
    """Return gReLU's own function for what is neither one str nor an array of codes, else None."""
    format_of = "strings" if isinstance(seq, str) else "indices" if isinstance(seq, np.ndarray) else ""
    if format_of and input_type in (None, format_of):
        return None
    return host_original("grelu", "grelu.sequence.mutate", name, f"a sequence of type {type(seq).__name__}")


def mutate(seq: Any, allele: Any, pos: int | None = None, input_type: str | None = None) -> Any:
    """Replace bases as ``grelu.sequence.mutate.mutate`` does.

    Parameters
    ----------
    seq : str or int8 array (L,)
        Letters, or codes 0-4.
    allele : str, int or int array
        In the format of ``seq``.
    pos : int, optional
        First replaced position; by default the allele is centred.
    input_type : {"strings", "indices"}, optional
        Skips the check of ``seq``.

    Returns
    -------
    str or array, as ``seq``

    Raises
    ------
    ValueError
        For a ``seq`` that is no DNA.
    """
    original = _handed_on("mutate", seq, input_type)
    if original is not None:
        return original(seq, allele, pos, input_type)
    kind = input_type or _input_type(seq)
    if not hasattr(allele, "__len__"):
        allele = [allele]
    if pos is None:
        pos = math.floor(len(seq) / 2 - len(allele) / 2)
    parts = (seq[:pos], allele, seq[pos + len(allele) :])
    return parts[0] + parts[1] + parts[2] if kind == "strings" else np.concatenate(parts)


def insert(
    seq: Any,
    insert: Any,
    pos: int | None = None,
    input_type: str | None = None,
    keep_len: bool = False,
    end: str = "both",
) -> Any:
    """Insert bases as ``grelu.sequence.mutate.insert`` does.

    Parameters
    ----------
    seq, input_type
        As in `mutate`.
    insert : str, int or int array
    pos : int, optional
        Position before which to insert; the middle by default, and for 0 too (as gReLU has it).
    keep_len : bool
        Trim back to the length of ``seq``.
    end : {"both", "left", "right"}
        Where to trim.
    """
    original = _handed_on("insert", seq, input_type)
    if original is not None:
        return original(seq, insert, pos, input_type, keep_len, end)
    kind = input_type or _input_type(seq)
    added = [insert] if isinstance(insert, int) else insert
    length = len(seq)
    at = pos or length // 2
    parts = (seq[:at], added, seq[at:])
    longer = parts[0] + parts[1] + parts[2] if kind == "strings" else np.concatenate(parts)
    if keep_len and kind == "strings" and not length:
        raise TypeError("an empty sequence has no length to trim back to")  # gReLU fails there too
    if not keep_len or len(longer) <= length:
        return longer
    surplus = len(longer) - length
    first = {"both": surplus // 2, "left": surplus, "right": 0}.get(end)
    return None if first is None else longer[first : first + length]


def delete(
    seq: Any,
    deletion_len: int = 0,
    pos: int | None = None,
    input_type: str | None = None,
    keep_len: bool = False,
    end: str = "both",
) -> Any:
    """Delete bases as ``grelu.sequence.mutate.delete`` does.

    Parameters
    ----------
    seq, input_type
        As in `mutate`.
    deletion_len : int
    pos : int, optional
        First deleted position; centred by default, and for 0 too (as gReLU has it).
    keep_len : bool
        Pad back to the length of ``seq`` with N (code 4).
    end : {"both", "left", "right"}
        Where to pad; with "both" an odd base goes to the right.
    """
    original = _handed_on("delete", seq, input_type)
    if original is not None:
        return original(seq, deletion_len, pos, input_type, keep_len, end)
    kind = input_type or _input_type(seq)
    length = len(seq)
    at = pos or math.floor(length / 2 - deletion_len / 2)
    if kind == "strings":
        shorter = seq[:at] + seq[at + deletion_len :]
    else:
        shorter = np.concatenate([seq[:at], seq[at + deletion_len :]])
    missing = length - len(shorter)
    if not keep_len or missing <= 0:
        return shorter
    left = {"both": missing // 2, "left": missing, "right": 0}.get(end)
    if left is None and kind == "strings":
        return None
    if left is None:
        raise UnboundLocalError(f"end must be 'both', 'left' or 'right', found {end!r}")
    if kind == "strings":
        return "N" * left + shorter + "N" * (missing - left)
    return np.pad(shorter, (left, missing - left), constant_values=_UNKNOWN_CODE)
