"""The reference genome: windows of an indexed FASTA, N-padded past the ends of contigs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from .._threads import PerThread
from ..errors import InputError
from ..kernels import backend
from ._fai import check_fai
from .bgzf import check_complete, htslib_name, require_file, sniff
from .htslib import compiled_readers

__all__ = ["Genome"]

_NUCLEOTIDES = b"ACGTUNRYSWKMBDHV"
# Upper case, U as T; 0 marks bytes that no nucleotide sequence holds (a sign of a stale index).
_TO_UPPER = np.zeros(256, np.uint8)
for _letter in _NUCLEOTIDES:
    _TO_UPPER[[_letter, ord(chr(_letter).lower())]] = ord("T") if _letter == ord("U") else _letter


class _Handle(Protocol):
    def contigs(self) -> list[tuple[str, int]]: ...
    def fetch(self, contig: bytes, start: int, end: int) -> bytes | None: ...


class PysamFasta:
    """Twin of ``gxfast.io._htslib.FastaReader`` on pysam's Python interface."""

    def __init__(self, path: bytes) -> None:
        import pysam

        self._file = pysam.FastaFile(path.decode())

    def contigs(self) -> list[tuple[str, int]]:
        return list(zip(self._file.references, self._file.lengths, strict=True))

    def fetch(self, contig: bytes, start: int, end: int) -> bytes | None:
        try:
            return bytes(self._file.fetch(contig.decode(), start, end).encode())
        except (OSError, ValueError):
            return None


class Genome(Brief):
    """An indexed FASTA file, plain or bgzip-compressed.

    Safe to share between threads and over fork: each thread opens its own handle.

    Parameters
    ----------
    fasta : str or Path
        The FASTA with its ``.fai`` (and ``.gzi`` if compressed) beside it.
    reader : {"htslib", "pysam"}
        The compiled reader (its twin, with a warning, where it does not load), or its pure-pysam twin.

    Raises
    ------
    InputError
        If the file or its index is missing, gzip-compressed without blocks, cut off, or not FASTA.

    Attributes
    ----------
    path : Path
    contigs : dict of str to int
        Contig lengths in file order.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> genome = gx.Genome(cohort.fasta)
    >>> genome.contigs
    {'chr1': 27680, 'chr2': 25629}
    >>> genome.fetch("chr1", 400, 410)
    b'GCGTACAGAT'
    """

    def __init__(self, fasta: str | Path, *, reader: str = "htslib") -> None:
        self.path = Path(fasta)
        self._reader = reader
        self._local = PerThread()
        require_file(self.path, "FASTA")
        kind = sniff(self.path)
        if kind == "gzip":
            raise InputError(
                "the FASTA is gzip-compressed, which cannot be read by position",
                path=self.path,
                remedy=f"gunzip {self.path}; bgzip {self.path.with_suffix('')}; samtools faidx {self.path}",
            )
        if kind == "bgzf":
            check_complete(self.path)
        for suffix in (".fai", ".gzi") if kind == "bgzf" else (".fai",):
            if not self.path.with_name(self.path.name + suffix).exists():
                raise InputError(
                    f"the FASTA has no {suffix} index", path=self.path, remedy=f"samtools faidx {self.path}"
                )
        contigs = check_fai(self.path, compressed=kind == "bgzf")
        if [*self._handle().contigs()] != contigs:
            raise InputError(
                "the FASTA index is damaged: htslib reads other contigs", path=self.path,
                remedy=f"samtools faidx {self.path}",
            )  # fmt: skip
        self.contigs: dict[str, int] = dict(contigs)

    def _facts(self) -> str:
        return f"'{self.path}', {plural(len(self.contigs), 'contig')}, {sum(self.contigs.values())} bases"

    def _handle(self) -> _Handle:
        key = os.getpid()
        if getattr(self._local, "pid", None) != key:
            try:
                compiled = compiled_readers() if self._reader == "htslib" else None
                reader = compiled.FastaReader if compiled else PysamFasta
                self._local.handle = reader(os.fsencode(htslib_name(self.path)))
            except (OSError, ValueError) as error:
                raise InputError(
                    f"the FASTA index cannot be used: {error}",
                    path=self.path,
                    remedy=f"samtools faidx {self.path}",
                ) from None
            self._local.pid = key
        handle: _Handle = self._local.handle
        return handle

    def fetch_array(self, chrom: str, start: int, end: int) -> NDArray[np.uint8]:
        """Return the bases of [start, end) as upper-case letters, shape (end - start,).

        Positions outside the contig are ``N``. ``U`` becomes ``T``; IUPAC codes stay.

        Raises
        ------
        InputError
            For an unknown contig, or if the file does not hold what its index promises.
        """
        length = self.contigs.get(chrom)
        if length is None:
            raise InputError(
                f"contig {chrom!r} is not in the FASTA (it has {', '.join(list(self.contigs)[:3])}, ...)",
                path=self.path,
                remedy="use the contig names of the FASTA in every input",
            )
        if start > end:
            raise InputError(f"window {chrom}:{start}-{end} ends before it starts")
        inside_start, inside_end = min(max(start, 0), length), max(min(end, length), 0)
        bases = np.full(end - start, ord("N"), np.uint8)
        if inside_start >= inside_end:
            return bases
        text = self._handle().fetch(chrom.encode(), inside_start, inside_end)
        raw = np.frombuffer(text or b"", np.uint8)
        letters = np.empty_like(raw)
        backend().translate(raw.reshape(1, -1), _TO_UPPER, False, letters.reshape(1, -1), 1)
        if letters.size != inside_end - inside_start or not letters.all():
            raise InputError(
                "the FASTA and its index do not fit together (stale index, cut-off file, or not nucleotides)",
                path=self.path,
                record=f"{chrom}:{inside_start + 1}-{inside_end}",
                remedy=f"samtools faidx {self.path}",
            )
        bases[inside_start - start : inside_end - start] = letters
        return bases

    def fetch(self, chrom: str, start: int, end: int) -> bytes:
        """Return the bases of [start, end) (0-based half-open) as upper-case bytes, N-padded past the ends."""
        return self.fetch_array(chrom, start, end).tobytes()
