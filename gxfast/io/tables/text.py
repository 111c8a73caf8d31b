"""Lines and cells of text tables, whatever they are compressed with."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from ...errors import InputError
from ..bgzf import check_complete, require_file, sniff

__all__ = [
    "BED_REMEDY",
    "at",
    "check_names",
    "column_names",
    "delimiter_of",
    "is_bed_header",
    "lower_names",
    "parse_position",
    "read_lines",
    "split",
    "stem_suffix",
]

BED_REMEDY = "write the TSS as the interval [tss - 1, tss): start = tss - 1, end = tss"

_BOM = b"\xef\xbb\xbf"
_UTF8 = "give text in UTF-8 (iconv -t UTF-8), plain, gzip- or bgzip-compressed"
# VCF and BCF hold positions as signed 32-bit numbers, so no variant can lie past this.
_LAST_POSITION = 2**31 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")


def at(number: int) -> str:
    """How messages name a line."""
    return f"line {number}"


def stem_suffix(path: Path) -> str:
    """Return the lower-case extension under any compression suffix: ``.bed`` for ``x.BED.gz``."""
    name = path.name.lower()
    for packed in (".gz", ".bgz"):
        name = name.removesuffix(packed)
    return Path(name).suffix


def read_lines(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end).

    Raises
    ------
    InputError
        If the file is missing, not regular, empty, cut off, damaged, or not UTF-8 text.
    """
    require_file(path, what)
    kind = sniff(path)
    if kind == "bgzf":
        check_complete(path)
    number = 0
    try:
        with _open(path, kind) as handle:
            for number, raw in enumerate(handle, 1):
                text = raw.removeprefix(_BOM) if number == 1 else raw
                if b"\0" in text:
                    raise InputError(f"the {what} is not text", path=path, record=at(number), remedy=_UTF8)
                yield number, text.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(f"the {what} is not UTF-8 text", path=path, record=at(number), remedy=_UTF8) from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"the {what} is cut off or damaged: {error}",
            path=path,
            record=f"after {at(number)}",
            remedy="make or copy the file again",
        ) from None


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
    cell = text.strip()
    value = int(cell) if _DIGITS.fullmatch(cell) else -1
    if not first <= value <= _LAST_POSITION:
        raise InputError(
            f"{what} must be a whole number from {first} to {_LAST_POSITION}, in digits, found {cell!r}",
            path=path,
            record=at(number),
            remedy="TSV and GTF positions are 1-based; BED starts are 0-based",
        )
    return value
