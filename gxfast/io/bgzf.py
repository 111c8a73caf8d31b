"""What kind of file is this, and is a compressed one whole: read from the bytes, before htslib sees it."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from .files import written_whole

__all__ = [
    "EOF_BLOCK_SIZE",
    "BgzfText",
    "bgzf_text",
    "check_complete",
    "htslib_name",
    "is_bgzf_block",
    "require_file",
    "sniff",
    "write_bgzf",
]

_GZIP = b"\x1f\x8b"
_INDEX_MARK = "##idx##"
# The empty block that ends every BGZF file (SAM specification, section 4.1.2).
_EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
EOF_BLOCK_SIZE = len(_EOF_BLOCK)


def require_file(path: Path, what: str) -> None:
    """Refuse a path that is missing, a folder, a pipe, or empty.

    Raises
    ------
    InputError
        Naming the path; a FIFO is refused rather than waited for.
    """
    try:
        info = path.stat()
    except OSError as error:
        raise InputError(
            f"cannot open the {what}: {error.strerror}", path=path, remedy="check the path, and that you may read it"
        ) from None
    if not stat.S_ISREG(info.st_mode):
        raise InputError(f"the {what} is not a regular file", path=path, remedy="name a file, not a folder or a pipe")
    if info.st_size == 0:
        raise InputError(f"the {what} is empty", path=path, remedy="make or copy the file again")
    if _INDEX_MARK in str(path):
        raise InputError(
            f"htslib takes what follows {_INDEX_MARK} for the name of an index", path=path, remedy="rename the file"
        )


def htslib_name(path: str | Path) -> str:
    """Return the name by which htslib opens just this file: a relative one might look like a URL (``data:...``)."""
    return os.path.abspath(path)


def is_bgzf_block(head: bytes) -> bool:
    """Whether the first 18 bytes of a block carry BGZF's extra field."""
    return head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"


def sniff(path: Path) -> str:
    """Return ``"bgzf"``, ``"gzip"`` or ``"plain"``."""
    try:
        with path.open("rb") as handle:
            head = handle.read(18)
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror}", path=path, remedy="check that you may read it"
        ) from None
    if is_bgzf_block(head):
        return "bgzf"
    return "gzip" if head[:2] == _GZIP else "plain"


def check_complete(path: Path) -> None:
    """Refuse a BGZF file without its end marker: it was cut off.

    Raises
    ------
    InputError
    """
    with path.open("rb") as handle:
        handle.seek(0, 2)
        handle.seek(max(0, handle.tell() - EOF_BLOCK_SIZE))
        tail = handle.read()
    if tail != _EOF_BLOCK:
        raise InputError(
            "the file has no BGZF end marker: it was cut off while being written or copied",
            path=path,
            remedy="make or copy the file again, then index it again",
        )


_BLOCK = 0xFF00  # as htslib: what does not compress still fits in the 64 kB of a block
_HEADER = struct.Struct("<4BI2BH2B2H")
_TRAILER = struct.Struct("<2I")


def write_bgzf(path: str | Path, text: bytes) -> Path:
    """Write ``text`` block-compressed (readable by gzip, indexable by tabix and faidx).

    Parameters
    ----------
    path : str or Path
        File to write; replaced where it exists.
    text : bytes
        The whole content.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    path = Path(path)
    with bgzf_text(path) as out:
        out.write(text)
    return path


def _bgzf_block(text: bytes) -> bytes:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = deflate.compress(text) + deflate.flush()
    size = _HEADER.size + len(data) + _TRAILER.size
    header = _HEADER.pack(0x1F, 0x8B, 8, 4, 0, 0, 0xFF, 6, ord("B"), ord("C"), 2, size - 1)
    return header + data + _TRAILER.pack(zlib.crc32(text), len(text))


class BgzfText:
    """Block-compressed text on an open file; the bytes depend on the text alone, not on how it was handed over."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle, self._pending = handle, bytearray()

    def write(self, text: str | bytes) -> None:
        """Append text."""
        self._pending += text.encode() if isinstance(text, str) else text
        full = len(self._pending) - len(self._pending) % _BLOCK
        self._write_blocks(full)
        del self._pending[:full]

    def finish(self) -> None:
        """Write what is left, and the empty block that ends the format."""
        self._write_blocks(len(self._pending))
        self._handle.write(_bgzf_block(b""))

    def _write_blocks(self, size: int) -> None:
        for start in range(0, size, _BLOCK):
            self._handle.write(_bgzf_block(bytes(self._pending[start : min(start + _BLOCK, size)])))


@contextmanager
def bgzf_text(path: Path) -> Iterator[BgzfText]:
    """Write a block-compressed file piece by piece; it appears when the block ends, see `written_whole`.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    with written_whole(path) as partial, partial.open("wb") as handle:
        out = BgzfText(handle)
        yield out
        out.finish()
