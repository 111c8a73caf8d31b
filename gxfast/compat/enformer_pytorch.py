"""Twin of ``enformer_pytorch.data``: float32 one-hot tensors, ``.`` (padding) as 0.25, other letters as zeros."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._encode import bytes_of, encode, encode_text, letter_table
from ._hosts import host_original, torch_module

__all__ = ["seq_indices_to_one_hot", "str_to_one_hot"]

_PADDING_CODE = 5


def str_to_one_hot(seq_strs: str | list[str]) -> Any:
    """One-hot encode DNA as ``enformer_pytorch.str_to_one_hot`` does.

    Parameters
    ----------
    seq_strs : str or list of str
        Any case. A character that is not ASCII becomes as many zero rows as it has UTF-8 bytes.

    Returns
    -------
    float32 torch tensor, shape (L, 4), or (N, L, 4) for a list

    Raises
    ------
    RuntimeError
        For an empty list or sequences of unequal length.
    AttributeError
        For anything that is no str.
    """
    return torch_module().from_numpy(one_hot_array(seq_strs))


def one_hot_array(seq_strs: str | list[str]) -> NDArray[np.float32]:
    """Body of `str_to_one_hot`, as a NumPy array."""
    table = letter_table("float32", fold_case=True, special=((".", 0.25),))
    single = isinstance(seq_strs, str)
    if single and seq_strs.isascii():  # type: ignore[union-attr]
        return encode_text(seq_strs, table)  # type: ignore[arg-type]
    texts: list[Any] = seq_strs if isinstance(seq_strs, list) else [seq_strs]
    raw = [text.encode() for text in texts]
    if not raw or len({len(row) for row in raw}) > 1:
        raise RuntimeError("a list must hold at least one sequence, and all of one length")
    rows = encode(bytes_of(b"".join(raw)).reshape(len(raw), -1) if raw[0] else np.empty((len(raw), 0), np.uint8), table)
    return rows[0] if single else rows


def seq_indices_to_one_hot(t: Any, padding: int = -1) -> Any:
    """Turn indices (0-3, 4 unknown, ``padding``) into one-hot as ``enformer_pytorch`` does.

    Parameters
    ----------
    t : int64 torch tensor
        On the CPU; tensors elsewhere are handed to enformer_pytorch.
    padding : int
        The index that becomes 0.25 in all channels; other negative indices count as 0.

    Returns
    -------
    float32 torch tensor, shape (..., 4)

    Raises
    ------
    RuntimeError
        For an index above 4 or another dtype.
    """
    torch = torch_module()
    if not isinstance(t, torch.Tensor) or t.device.type != "cpu" or t.layout is not torch.strided:
        original = host_original(
            "enformer_pytorch", "enformer_pytorch.data", "seq_indices_to_one_hot", "anything but a CPU tensor"
        )
        return original(t, padding)
    if t.dtype != torch.int64:
        raise RuntimeError(f"indices must be int64, found {t.dtype}")
    return torch.from_numpy(indices_array(t.detach().numpy(), padding))


def indices_array(indices: NDArray[np.int64], padding: int) -> NDArray[np.float32]:
    """Body of `seq_indices_to_one_hot`, as a NumPy array."""
    # Seen as unsigned numbers, negative ones are large: one look finds all that is not 0 to 4.
    if indices.size and indices.view(np.uint64).max() > 4:
        if indices.max() > 4:
            raise RuntimeError(f"indices must be 4 at most, found {indices.max()}")
        codes = np.maximum(indices, 0).astype(np.uint8)
    else:
        codes = indices.astype(np.uint8)
    if padding <= 4:
        codes[indices == padding] = _PADDING_CODE
    rows = encode(np.ascontiguousarray(codes).reshape(1, -1), _code_table())
    return rows.reshape(*indices.shape, 4)


@cache
def _code_table() -> NDArray[np.float32]:
    table = letter_table("float32", letters="\0\0\0\0", special=((chr(_PADDING_CODE), 0.25),)).copy()
    table[np.arange(4), np.arange(4)] = 1
    return table
