"""What kind of file is this, and is a compressed one whole: read from the bytes, before htslib sees it."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import InputError

__all__ = ["EOF_BLOCK_SIZE", "BgzfText", "check_complete", "is_bgzf_block", "require_file", "sniff", "write_bgzf"]


_GZIP = b"\x1f\x8b"
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

    The file appears under its name only when it is complete.

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
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as handle:
            for start in range(0, len(text), _BLOCK):
                handle.write(_bgzf_block(text[start : start + _BLOCK]))
            handle.write(_bgzf_block(b""))  # the end-of-file marker of the format
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            f"cannot be written: {error}", path=path, remedy="check that the folder exists and has room"
        ) from error
    return path


def _bgzf_block(text: bytes) -> bytes:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = deflate.compress(text) + deflate.flush()
    size = _HEADER.size + len(data) + _TRAILER.size
    header = _HEADER.pack(0x1F, 0x8B, 8, 4, 0, 0, 0xFF, 6, ord("B"), ord("C"), 2, size - 1)
    return header + data + _TRAILER.pack(zlib.crc32(text), len(text))


def _is_bgzf(path: str | Path) -> bool:
    with open(path, "rb") as handle:
        head = handle.read(14)
    return head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"


class BgzfText:
    """A block-compressed text file that appears under its name when it is whole.

    The bytes depend on the text alone, not on how it was handed over. To be used as a context.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, path.with_name(path.name + ".partial")
        self._pending = bytearray()

    def __enter__(self) -> BgzfText:
        self._handle = self._guarded(lambda: self._partial.open("wb"))
        return self

    def write(self, text: str) -> None:
        """Append text.

        Raises
        ------
        InputError
            If there is no room.
        """
        self._pending += text.encode()
        full = len(self._pending) - len(self._pending) % _BLOCK
        for start in range(0, full, _BLOCK):
            block = _bgzf_block(bytes(self._pending[start : start + _BLOCK]))
            self._guarded(lambda block=block: self._handle.write(block))
        del self._pending[:full]

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._handle.close()
            self._partial.unlink(missing_ok=True)
            return
        tail = [bytes(self._pending)] if self._pending else []
        self._guarded(lambda: self._finish(tail))

    def _finish(self, tail: list[bytes]) -> None:
        for text in [*tail, b""]:  # an empty block ends the format
            self._handle.write(_bgzf_block(text))
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        os.replace(self._partial, self._path)

    def _guarded(self, action: Any) -> Any:
        try:
            return action()
        except OSError as error:
            raise InputError(
                f"cannot write: {error.strerror}", path=self._path, remedy="make room, then go on with --resume"
            ) from None
