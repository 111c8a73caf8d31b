"""What kind of file is this, and is a compressed one whole: read from the bytes, before htslib sees it."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from .files import atomic_write, near_file, written_whole

__all__ = [
    "EOF_BLOCK_SIZE",
    "BgzfText",
    "bgzf_blocks",
    "bgzf_text",
    "check_complete",
    "htslib_name",
    "is_bgzf_block",
    "require_file",
    "sniff",
    "write_bgzf",
    "write_gzi",
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
            f"cannot open the {what}: {error.strerror}{near_file(path)}",
            path=path, remedy="check the path, and that you may read it",
        ) from None  # fmt: skip
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


_LEVEL = 1  # of libdeflate: files as large as those of level 6 of zlib
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


def bgzf_blocks(text: bytes | bytearray | memoryview) -> bytes:
    """Return text as BGZF blocks, without the empty one that ends a file: pieces may be joined."""
    view = memoryview(text)
    return b"".join(_bgzf_block(view[start : start + _BLOCK]) for start in range(0, len(view), _BLOCK))


def _bgzf_block(text: bytes | memoryview) -> bytes:
    # libdeflate: eight times as fast as zlib for files of one size. (ISA-L is twice as fast again, but now and then it
    # makes other bytes of equal text.)
    from deflate import crc32, deflate_compress

    data = deflate_compress(text, _LEVEL)
    size = _HEADER.size + len(data) + _TRAILER.size
    header = _HEADER.pack(0x1F, 0x8B, 8, 4, 0, 0, 0xFF, 6, ord("B"), ord("C"), 2, size - 1)
    return b"".join((header, data, _TRAILER.pack(crc32(text), len(text))))


class BgzfText:
    """Block-compressed text on an open file; the bytes depend on the text, and on where pieces were joined, alone.

    Attributes
    ----------
    starts : list of (int, int)
        Where each block but the first begins, in the file and in the text: what a ``.gzi`` holds.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle, self._pending = handle, bytearray()
        self._at = self._text_at = 0
        self.starts: list[tuple[int, int]] = []

    @property
    def text_size(self) -> int:
        """Bytes of text so far."""
        return self._text_at + len(self._pending)

    def write(self, text: str | bytes) -> None:
        """Append text."""
        self._pending += text.encode() if isinstance(text, str) else text
        full = len(self._pending) - len(self._pending) % _BLOCK
        self._flush(full)

    def join(self, blocks: bytes) -> None:
        """Append what `bgzf_blocks` returned; what was written before ends a block."""
        self._flush(len(self._pending))
        self._append(blocks)

    def finish(self) -> None:
        """Write what is left, and the empty block that ends the format."""
        self._flush(len(self._pending))
        self._handle.write(_EOF_BLOCK)

    def _flush(self, size: int) -> None:
        self._append(bgzf_blocks(bytes(self._pending[:size])))
        del self._pending[:size]

    def _append(self, blocks: bytes) -> None:
        at = 0
        while at < len(blocks):
            if self._text_at:
                self.starts.append((self._at, self._text_at))
            size = _HEADER.unpack_from(blocks, at)[-1] + 1
            at += size
            self._at += size
            self._text_at += _TRAILER.unpack_from(blocks, at - _TRAILER.size)[1]
        self._handle.write(blocks)


def write_gzi(path: Path, starts: Sequence[tuple[int, int]]) -> None:
    """Write a ``.gzi``: where the blocks of a file begin (see `BgzfText`), for ``bgzip -b OFFSET`` and htslib."""
    numbers = [len(starts), *(number for start in starts for number in start)]
    atomic_write(path, struct.pack(f"<{len(numbers)}Q", *numbers))


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
