"""A FASTA read as other tools read it: letters in the case of the file, windows inside the contig only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import InputError

__all__ = ["Reference", "WindowError", "complement"]

# pyfaidx complements the IUPAC letters and X in either case, and refuses everything else.
_COMPLEMENT = str.maketrans("ACTGNactgnYRWSKMDVHBXyrwskmdvhbx", "TGACNtgacnRYWSMKHBDVXrywsmkhbdvx")
_LETTERS = frozenset(map(chr, _COMPLEMENT))


class WindowError(InputError, IndexError):
    """A window that leaves its contig (tools raise ValueError or IndexError for it; this is both)."""


def complement(text: str) -> str:
    """Complement DNA, keeping case.

    Raises
    ------
    ValueError
        For a character that is no IUPAC nucleotide.
    """
    strange = set(text) - _LETTERS
    if strange:
        raise ValueError(f"sequence contains the non-DNA character {min(strange)!r}")
    return text.translate(_COMPLEMENT)


class Reference:
    """Indexed FASTA; each process opens its own handle, so the object survives fork and pickling."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f"no FASTA at {self.path}")
        self._open: tuple[int, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_open": None}

    def _file(self) -> Any:
        if self._open is None or self._open[0] != os.getpid():
            import pysam

            self._open = (os.getpid(), pysam.FastaFile(os.fspath(self.path)))
        return self._open[1]

    def lengths(self) -> dict[str, int]:
        """Contig lengths in file order."""
        file = self._file()
        return dict(zip(file.references, file.lengths, strict=True))

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Return the letters of [start, end), 0-based half-open.

        Raises
        ------
        InputError
            For an unknown contig.
        WindowError
            If the window leaves the contig.
        """
        file = self._file()
        if chrom not in file.references:
            raise InputError(
                f"contig {chrom!r} is not in the FASTA",
                path=self.path,
                remedy="use the contig names of the FASTA",
            )
        length = file.get_reference_length(chrom)
        if not 0 <= start <= end <= length:
            raise WindowError(f"window {chrom}:{start}-{end} leaves the contig, of {length} bases", path=self.path)
        return str(file.fetch(chrom, start, end))
