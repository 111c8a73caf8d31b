"""Lines and cells of text tables, whatever they are compressed with."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from ...errors import InputError
from ..bgzf import check_complete, require_file, sniff
from ..numbers import LAST_POSITION, finite_number, whole_number

__all__ = [
    "BED_REMEDY",
    "at",
    "check_id",
    "check_names",
    "column_names",
    "delimiter_of",
    "is_bed_header",
    "lower_names",
    "parse_number",
    "parse_position",
    "read_lines",
    "split",
    "stem_suffix",
]

BED_REMEDY = "write the TSS as the interval [tss - 1, tss): start = tss - 1, end = tss"

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8 = "give text in UTF-8 (iconv -t UTF-8), plain, gzip- or bgzip-compressed"
_LONGEST_LINE = 1 << 28  # bytes; a row of a million people has a tenth of it
# Control characters but the tab, which separates; line ends are cut off before.
_CONTROL = bytes({*range(32), 127} - {9})
_CONTROL_IN_LINES = bytes({*range(32), 127} - {9, 10})
_BLOCK = 1 << 18  # bytes that are looked at together
# What cannot be seen, and makes two names that look alike differ: further controls, joiners, marks of direction, BOM.
_UNSEEN = re.compile("[\0-\x08\n-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LONGEST_ID = 1000


def at(number: int) -> str:
    """How messages name a line."""
    return f"line {number}"


def stem_suffix(path: Path) -> str:
    """Return the lower-case extension under any compression suffix: ``.bed`` for ``x.BED.gz``."""
    name = path.name.lower()
    for packed in (".gz", ".bgz"):
        name = name.removesuffix(packed)
    return Path(name).suffix


def read_lines(path: Path, what: str, *, streams: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end); with ``streams``, also of ``/dev/stdin`` or ``<(command)``.

    Raises
    ------
    InputError
        If the file is missing, not regular, empty, cut off, damaged, or not UTF-8 text; or a line holds a control
        character or another one that cannot be seen.
    """
    kind = "plain"
    if not (streams and path.is_relative_to("/dev") and path.is_fifo()):
        require_file(path, what)
        kind = sniff(path)
    if kind == "bgzf":
        check_complete(path)
    number = 0
    try:
        with _open(path, kind) as handle:
            for block in _blocks(handle):
                plain = block.replace(b"\r\n", b"\n")
                if plain.isascii() and len(plain) == len(plain.translate(None, _CONTROL_IN_LINES)) < _LONGEST_LINE:
                    lines = plain.removesuffix(b"\n").decode("ascii").split("\n")
                    yield from enumerate(lines, number + 1)
                    number += len(lines)
                    continue
                for raw in _ended(block):
                    number += 1
                    line = raw.removeprefix(_BOM) if number == 1 else raw
                    line = line.removesuffix(b"\n").removesuffix(b"\r")
                    if len(line) != len(line.translate(None, _CONTROL)) or len(raw) >= _LONGEST_LINE:
                        raise _not_text(line, what, path, number)
                    text = line.decode("utf-8")
                    if not line.isascii():
                        _refuse_unseen(text, what, path, number)
                    yield number, text
    except UnicodeDecodeError:
        raise InputError(f"the {what} is not UTF-8 text", path=path, record=at(number), remedy=_UTF8) from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"the {what} is cut off or damaged: {error}",
            path=path,
            record=f"after {at(number)}",
            remedy="make or copy the file again",
        ) from None


def _blocks(handle: IO[bytes]) -> Iterator[bytes]:
    """Whole lines, many at a time; the last may have no end, nor has one that is too long."""
    parts: list[bytes] = []
    size = 0
    while block := cast(BufferedReader, handle).read1(_BLOCK):
        cut = block.rfind(b"\n") + 1
        size += len(block)
        if not cut and size < _LONGEST_LINE:
            parts.append(block)
            continue
        cut = cut or len(block)
        yield b"".join([*parts, block[:cut]])
        parts, size = [block[cut:]], len(block) - cut
    if rest := b"".join(parts):
        yield rest


def _ended(block: bytes) -> list[bytes]:
    """Lines with their ends, which are LF alone."""
    lines = [line + b"\n" for line in block.split(b"\n")]
    return [*lines[:-1], *([last] if (last := lines[-1][:-1]) else [])]


def _not_text(line: bytes, what: str, path: Path, number: int) -> InputError:
    """Say what is wrong with a line that holds a control character, or does not end."""
    if number == 1 and line.startswith(_UTF16):
        message, remedy = f"the {what} is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8 FILE > OTHER"
    elif b"\0" in line:
        message, remedy = f"the {what} is not text", _UTF8
    elif len(line) >= _LONGEST_LINE - 1:
        message, remedy = f"the {what} has a line of more than {_LONGEST_LINE >> 20} MiB", "check that it is text"
    elif b"\r" in line:
        message, remedy = f"the {what} has lines that end in CR alone", "tr '\\r' '\\n' < FILE > OTHER"
    else:
        found = next(byte for byte in line if byte in _CONTROL)
        message, remedy = f"the {what} holds the control character U+{found:04X}", "remove it"
    return InputError(message, path=path, record=at(number), remedy=remedy)


def _refuse_unseen(text: str, what: str, path: object, number: int | None) -> None:
    found = _UNSEEN.search(text)
    if found:
        raise InputError(
            f"the {what} holds U+{ord(found[0]):04X}, a character that cannot be seen",
            path=path, record=None if number is None else at(number), remedy="remove it",
        )  # fmt: skip


def check_id(name: str, what: str, path: object) -> str:
    """Return a name of a gene, person, contig or track from a file that is no text; refuse one of no use.

    Raises
    ------
    InputError
        If it is empty, holds a character that cannot be seen, a tab or a line end, or is longer than any name.
    """
    shown = name if len(name) <= 80 else f"{name[:80]}..."
    if not name.strip() or "\t" in name or len(name) > _LONGEST_ID:
        wrong = "is too long" if len(name) > _LONGEST_ID else "holds a tab" if name.strip() else "is empty"
        raise InputError(f"the name of a {what} {wrong}: {shown!r}", path=path, remedy=f"rename the {what}")
    _refuse_unseen(name, f"name of the {what} {shown!r}", path, None)
    return name


def _open(path: Path, kind: str) -> IO[bytes]:
    return path.open("rb") if kind == "plain" else cast(IO[bytes], gzip.open(path, "rb"))


def delimiter_of(header: str) -> str:
    """Return the delimiter of a table by its header: a tab, else a comma, else ``""`` for white space."""
    for delimiter in ("\t", ","):
        if delimiter in header:
            return delimiter
    return ""


def split(line: str, delimiter: str) -> list[str]:
    """Split a line into cells; cells may stand in double quotes."""
    if '"' in line:
        try:
            return next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=not delimiter))
        except csv.Error:  # a quote that is never closed: the row is refused by its count of cells
            return [line]
    return line.split(delimiter) if delimiter else line.split()


def lower_names(names: Sequence[str]) -> list[str]:
    """Return the column names lower case, without the ``#`` before the first."""
    return [name.strip().removeprefix("#").strip().lower() for name in names]


def is_bed_header(names: Sequence[str]) -> bool:
    """Whether the first columns are named as those of a BED: ``#chr start end``."""
    low = lower_names(names[:3])
    return (
        len(low) == 3
        and low[0] in {"chr", "chrom", "chromosome", "contig"}
        and low[1] in {"start", "chromstart"}
        and low[2] in {"end", "chromend"}
    )


def column_names(names: Sequence[str], *, what: str, path: Path, number: int) -> tuple[str, ...]:
    """Return the stripped names of a header's columns; refuse an empty, repeated or absent one."""
    found = tuple(name.strip() for name in names)
    if not found:
        raise InputError(
            f"the header names no {what}", path=path, record=at(number), remedy=f"name one {what} per column"
        )
    check_names(found, what=what, path=path, number=number)
    return found


def check_names(names: Sequence[str], *, what: str, path: Path, number: int) -> None:
    """Refuse an empty or a repeated name."""
    seen: set[str] = set()
    for name in names:
        if not name:
            raise InputError(
                f"the header has a column without a name where {what} names are expected",
                path=path,
                record=at(number),
                remedy="name the column, or remove a delimiter at the end of the lines",
            )
        if name in seen:
            raise InputError(
                f"{what} {name!r} is there twice", path=path, record=at(number), remedy=f"keep one of each {what}"
            )
        seen.add(name)


def parse_position(text: str, *, what: str, first: int, path: Path, number: int) -> int:
    """Return a position written with digits only, at least ``first``.

    Raises
    ------
    InputError
        For text, signs, fractions, exponents, and positions no genome has.
    """
    value = whole_number(text, first)
    if value is None:
        raise InputError(
            f"{what} must be a whole number from {first} to {LAST_POSITION}, in digits, found {_shown(text)}",
            path=path,
            record=at(number),
            remedy="TSV and GTF positions are 1-based; BED starts are 0-based",
        )
    return value


def parse_number(text: str, *, what: str, path: object, number: int) -> float:
    """Return a finite decimal number.

    Raises
    ------
    InputError
        For text, NaN, infinite and too large numbers, digit groups and digits of other scripts.
    """
    value = finite_number(text)
    if value is None:
        raise InputError(
            f"{what} must be a finite decimal number, found {_shown(text)}", path=path, record=at(number),
            remedy="write it as 12, 0.5 or 1e-3",
        )  # fmt: skip
    return value


def _shown(text: str) -> str:
    cell = text.strip()
    return repr(cell if len(cell) <= 40 else f"{cell[:40]}...")
