"""Twin of ``baskerville.dna``: bool one-hot, unknown bases as zero rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .basenji import centred_1hot

__all__ = ["dna_1hot"]


def dna_1hot(
    seq: str, seq_len: int | None = None, n_uniform: bool = False, n_sample: bool = False
) -> NDArray[np.bool_] | NDArray[np.float16]:
    """One-hot encode DNA as ``baskerville.dna.dna_1hot`` does; see `gxfast.compat.basenji.dna_1hot`.

    Returns
    -------
    array, shape (seq_len, 4), bool, or float16 with ``n_uniform``
    """
    return centred_1hot(seq, seq_len, n_uniform, n_sample, ("baskerville", "baskerville.dna"))
