"""Writing block-compressed files (BGZF) and their indices.

The bytes depend on the content alone: the blocks carry no time stamp and no file name. They are made with
zlib because pysam's writer crashes the process where a file cannot be opened.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from ..errors import InputError

__all__ = ["index_bed", "index_fasta", "index_vcf", "write_bgzf"]

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


def index_fasta(path: str | Path) -> Path:
    """Write ``path.fai`` (and ``path.gzi`` where the FASTA is block-compressed); return the ``.fai``.

    Raises
    ------
    InputError
        If the file is missing, not FASTA, or gzip that is not block-compressed.
    """
    import pysam

    try:
        pysam.faidx(str(path))
    except (OSError, pysam.SamtoolsError) as error:
        raise InputError(
            f"cannot be indexed as FASTA: {str(error).strip()}",
            path=path,
            remedy="compress with bgzip (not gzip), then run samtools faidx",
        ) from error
    return Path(f"{path}.fai")


def index_vcf(path: str | Path) -> Path:
    """Write the tabix index ``path.tbi`` of a block-compressed, sorted VCF; return its path.

    Raises
    ------
    InputError
        If the file is missing, not block-compressed or not sorted.
    """
    return _tabix(path, "vcf")


def index_bed(path: str | Path) -> Path:
    """Write the tabix index ``path.tbi`` of a block-compressed, sorted BED; return its path.

    Raises
    ------
    InputError
        If the file is missing, not block-compressed or not sorted.
    """
    return _tabix(path, "bed")


def _tabix(path: str | Path, preset: str) -> Path:
    import pysam

    if not Path(path).is_file():
        raise InputError("no such file", path=path)
    if not _is_bgzf(path):
        # pysam would compress the file in place under another name
        raise InputError("not block-compressed", path=path, remedy=f"bgzip {path}")
    try:
        pysam.tabix_index(str(path), preset=preset, force=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot be indexed as {preset.upper()}: {error}",
            path=path,
            remedy="sort by contig and position, then compress with bgzip",
        ) from error
    return Path(f"{path}.tbi")


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
