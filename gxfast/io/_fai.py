"""The index of a FASTA, checked against the bytes that it points to before htslib takes it at its word."""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import InputError
from .numbers import whole_number
from .tables.text import at, check_id, read_lines

__all__ = ["check_fai"]

_LARGEST = 2**40
_COLUMNS = ("name", "length", "offset", "bases per line", "bytes per line")
_LOOKED_AT = 1 << 16  # bytes between two contigs: the header line of the second


class _Contig(NamedTuple):
    line: int
    name: str
    length: int
    offset: int
    bases: int
    width: int

    @property
    def end(self) -> int:
        """Offset behind the last base."""
        rest = (self.length - 1) % self.bases + 1
        return self.offset + (self.length - 1) // self.bases * self.width + rest


def check_fai(fasta: Path, *, compressed: bool) -> list[tuple[str, int]]:
    """Return the contigs and their lengths; refuse an index that lists one twice, or is of another file.

    What lies between two contigs must be the header line of the second, and behind the last nothing: an index knows
    nothing of a contig whose name was there before, and htslib reads the first alone.

    Raises
    ------
    InputError
        Naming the contig, or both lines.
    """
    index = fasta.with_name(fasta.name + ".fai")
    remedy = f"samtools faidx {fasta}"
    contigs = sorted(_read(index, remedy), key=lambda one: one.offset)
    with fasta.open("rb") as handle:
        read = _bgzf_reader(handle, fasta, remedy) if compressed else _plain_reader(handle)
        before = 0
        for one in contigs:
            between = read(before, min(one.offset, before + _LOOKED_AT)) if one.offset > before else b""
            first, *others = _lines(between) or [b""]
            own = first[:1] == b">" and _name(first) == one.name
            if not own and first:
                raise _unlisted(fasta, first, contigs, remedy)
            if not own or others or between[-1:] != b"\n" or one.offset - before > _LOOKED_AT:
                raise _other(fasta, one.name, remedy)
            before = one.end
        rest = _lines(read(before, before + _LOOKED_AT))
        if rest:
            raise _unlisted(fasta, rest[0], contigs, remedy)
        if compressed and len(read(contigs[-1].end - 1, contigs[-1].end)) != 1:
            raise _other(fasta, contigs[-1].name, remedy)
    return [(one.name, one.length) for one in sorted(contigs, key=lambda one: one.line)]


def _read(index: Path, remedy: str) -> list[_Contig]:
    contigs: dict[str, _Contig] = {}
    try:
        lines = list(read_lines(index, "FASTA index"))
    except InputError as error:
        raise InputError(error.message, path=index, record=error.record, remedy=remedy) from None
    for number, line in lines:
        if not line:
            continue
        name, *texts = line.split("\t")
        numbers = [whole_number(text, 0, _LARGEST) for text in texts]
        known = [value for value in numbers if value is not None]
        if len(texts) != 4 or len(known) < 4 or known[0] < 1 or not 1 <= known[2] <= known[3] <= known[2] + 2:
            raise InputError(
                f"a line of a FASTA index is {', '.join(_COLUMNS)}; found {line[:80]!r}",
                path=index,
                record=at(number),
                remedy=remedy,
            )
        if name in contigs:
            raise InputError(
                f"contig {name!r} is there twice (first on line {contigs[name].line})", path=index, record=at(number),
                remedy=f"give every contig of the FASTA a name of its own, then {remedy}",
            )  # fmt: skip
        contigs[check_id(name, "contig", index)] = _Contig(number, name, *known)
    if not contigs:
        raise InputError("the FASTA index lists no contigs", path=index, remedy=remedy)
    return list(contigs.values())


def _other(fasta: Path, name: str, remedy: str) -> InputError:
    return InputError(
        "the FASTA and its index do not fit together (stale index, cut-off file, or not nucleotides)",
        path=fasta, record=f"contig {name}", remedy=remedy,
    )  # fmt: skip


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip()]


def _name(header: bytes) -> str:
    return (header[1:].split() or [b""])[0].decode("utf-8", "replace")


def _unlisted(fasta: Path, line: bytes, contigs: list[_Contig], remedy: str) -> InputError:
    """Say what a line is that stands where the index has nothing."""
    known = {one.name: one.line for one in contigs}
    name = _name(line) if line[:1] == b">" else ""
    if name not in known:
        return _other(fasta, name or contigs[-1].name, remedy)
    return InputError(
        f"contig {name!r} is there twice: line {known[name]} of the index is the first", path=fasta,
        record=f"contig {name}", remedy=f"give every contig a name of its own, then {remedy}",
    )  # fmt: skip


_Read = Callable[[int, int], bytes]


def _plain_reader(handle: BinaryIO) -> _Read:
    def read(start: int, end: int) -> bytes:
        handle.seek(start)
        return handle.read(end - start)

    return read


def _bgzf_reader(handle: BinaryIO, fasta: Path, remedy: str) -> _Read:
    """Read bytes of the text by the .gzi: pairs of where a block is in the file, and its first byte in the text."""
    index = fasta.with_name(fasta.name + ".gzi")
    data = index.read_bytes()
    count = struct.unpack_from("<Q", data)[0] if len(data) >= 8 else -1
    if len(data) != 8 + 16 * count:
        raise InputError("the index of the blocks is cut off or damaged", path=index, remedy=remedy)
    offsets = struct.unpack_from(f"<{2 * count}Q", data, 8)
    blocks, texts = (0, *offsets[::2]), (0, *offsets[1::2])
    if list(texts) != sorted(texts) or list(blocks) != sorted(blocks):
        raise InputError("the index of the blocks is not in order", path=index, remedy=remedy)

    @lru_cache(maxsize=4)
    def block(at: int) -> tuple[bytes, int]:
        """Text of a block, and where the next one is; contigs that are short share one."""
        handle.seek(at)
        head = handle.read(18)
        if not head:
            return b"", -1
        size = struct.unpack("<H", head[16:18])[0] + 1
        return zlib.decompress(handle.read(size - 18)[:-8], -15), at + size

    def read(start: int, end: int) -> bytes:
        first = bisect_right(texts, start) - 1
        text, at, skip = bytearray(), blocks[first], start - texts[first]
        try:
            while at >= 0 and len(text) < skip + end - start:
                part, at = block(at)
                text += part
        except (OSError, OverflowError, zlib.error, struct.error):
            raise InputError("a block cannot be read: the file is damaged", path=fasta, remedy=remedy) from None
        return bytes(text[skip : skip + end - start])

    return read
