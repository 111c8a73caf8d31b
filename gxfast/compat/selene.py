"""Twin of ``selene_sdk.sequences``: float32 one-hot of either case, every other letter as 0.25."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ._encode import bytes_of, encode, encode_text
from ._hosts import host_original
from ._reference import Reference, complement

__all__ = ["Genome", "sequence_to_encoding"]

_ORDER = ("A", "C", "G", "T")
_EITHER_CASE = {letter: channel for channel, base in enumerate(_ORDER) for letter in (base, base.lower())}


@lru_cache(maxsize=32)
def _table(rows: tuple[tuple[str, int], ...]) -> NDArray[np.float32]:
    table = np.full((256, 4), 0.25, np.float32)
    for letter, channel in rows:
        # A key of several letters never equals one letter of a sequence.
        if len(letter) == 1:
            table[ord(letter)] = 0
            table[ord(letter), channel] = 1
    return table


def sequence_to_encoding(sequence: str, base_to_index: dict[str, int], bases_arr: list[str]) -> NDArray[np.float32]:
    """One-hot encode DNA as ``selene_sdk.sequences.sequence_to_encoding`` does.

    Parameters
    ----------
    sequence : str
    base_to_index : dict of str to int
        Channel of each letter; ASCII letters and channels 0-3, else the call is handed to selene_sdk.
    bases_arr : list of str
        The alphabet; only its length (4) matters.

    Returns
    -------
    float32 array, shape (L, 4)

    Raises
    ------
    TypeError
        For a ``sequence`` that is no str or a ``base_to_index`` that is no dict.
    NotImplementedError
        For what is handed on, if selene_sdk is not installed.
    """
    if not isinstance(sequence, str) or not isinstance(base_to_index, dict):
        raise TypeError("sequence must be a str and base_to_index a dict")
    plain = len(bases_arr) == 4 and all(
        isinstance(base, str) and base.isascii() and isinstance(channel, int) and 0 <= channel < 4
        for base, channel in base_to_index.items()
    )
    if not plain:
        original = host_original("selene_sdk", "selene_sdk.sequences.sequence", "sequence_to_encoding", "this alphabet")
        return np.asarray(original(sequence, base_to_index, bases_arr))
    table = _table(tuple(base_to_index.items()))
    if sequence.isascii():
        return encode_text(sequence, table)
    # One byte per character, none of them a base: 0x80 is outside ASCII.
    raw = "".join(letter if letter.isascii() else "\x80" for letter in sequence).encode("latin-1")
    rows: NDArray[np.float32] = encode(bytes_of(raw)[np.newaxis], table)[0]
    return rows


class Genome:
    """Twin of the reading part of ``selene_sdk.sequences.Genome``.

    Parameters
    ----------
    input_path : str or Path
        Indexed FASTA.
    blacklist_regions, bases_order
        Not done here: give None, or use selene's own class.
    init_unpicklable : bool
        Accepted; this object can always be pickled.

    Raises
    ------
    NotImplementedError
        For a blacklist or another order of bases.
    """

    BASES_ARR: ClassVar[list[str]] = list(_ORDER)
    BASE_TO_INDEX: ClassVar[dict[str, int]] = dict(_EITHER_CASE)
    INDEX_TO_BASE: ClassVar[dict[int, str]] = dict(enumerate(_ORDER))
    UNK_BASE: ClassVar[str] = "N"

    def __init__(
        self,
        input_path: str | Path,
        blacklist_regions: str | None = None,
        bases_order: list[str] | None = None,
        init_unpicklable: bool = False,
    ) -> None:
        if blacklist_regions is not None or (bases_order is not None and [*map(str.upper, bases_order)] != [*_ORDER]):
            raise NotImplementedError(
                "blacklist_regions and other orders of bases are not done by gxfast\n"
                "  remedy: use selene_sdk.sequences.Genome with gxfast.patch('selene')"
            )
        self.input_path = input_path
        self._reference = Reference(input_path)

    @property
    def len_chrs(self) -> dict[str, int]:
        """Contig lengths by name."""
        return self._reference.lengths()

    def get_chrs(self) -> list[str]:
        """Sorted contig names."""
        return sorted(self.len_chrs)

    def get_chr_lens(self) -> list[tuple[str, int]]:
        """Contig names and lengths, sorted by name."""
        return sorted(self.len_chrs.items())

    def coords_in_bounds(self, chrom: str, start: int, end: int) -> bool:
        """Whether [start, end) is a window inside a known contig."""
        return 0 <= start < end <= self.len_chrs.get(chrom, 0)

    def get_sequence_from_coords(self, chrom: str, start: int, end: int, strand: str = "+", pad: bool = False) -> str:
        """Return the letters of [start, end), case kept; ``""`` where selene gives that.

        With ``pad`` positions outside the contig are ``N``; without it a window that leaves the contig is ``""``,
        and so is an unknown contig.

        Raises
        ------
        ValueError
            For a strand other than ``+``, ``-`` and ``.``.
        """
        length = self.len_chrs.get(chrom, 0)
        overlaps = start < min(length, end) and end > 0
        if not self.coords_in_bounds(chrom, start, end) and not (pad and length and overlaps):
            return ""
        if strand not in ("+", "-", "."):
            raise ValueError(f"Strand must be one of '+', '-', or '.'. Input was {strand}")
        text = self._reference.fetch(chrom, max(start, 0), min(end, length))
        if strand == "-":
            text = complement(text)[::-1]
        # As selene does, the padding is put on after the reverse complement.
        return self.UNK_BASE * max(-start, 0) + text + self.UNK_BASE * max(end - length, 0)

    def get_encoding_from_coords(
        self, chrom: str, start: int, end: int, strand: str = "+", pad: bool = False
    ) -> NDArray[np.float32]:
        """Return the one-hot encoding of `get_sequence_from_coords`, float32, shape (L, 4)."""
        return self.sequence_to_encoding(self.get_sequence_from_coords(chrom, start, end, strand, pad))

    @classmethod
    def sequence_to_encoding(cls, sequence: str) -> NDArray[np.float32]:
        """One-hot encode a sequence with this class's alphabet."""
        return sequence_to_encoding(sequence, cls.BASE_TO_INDEX, cls.BASES_ARR)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)
