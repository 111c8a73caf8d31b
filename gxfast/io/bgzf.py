"""What kind of file is this, and is a compressed one whole: read from the bytes, before htslib sees it."""

from __future__ import annotations

import stat
from pathlib import Path

from ..errors import InputError

__all__ = ["EOF_BLOCK_SIZE", "check_complete", "is_bgzf_block", "require_file", "sniff"]

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
