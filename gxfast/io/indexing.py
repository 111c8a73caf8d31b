"""Writing block-compressed files (BGZF) and their indices.

The bytes depend on the content alone: the blocks carry no time stamp and no file name. They are made with
zlib because pysam's writer crashes the process where a file cannot be opened.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from .bgzf import EOF_BLOCK_SIZE, is_bgzf_block, sniff

__all__ = ["check_index", "find_index", "index_bed", "index_fasta", "index_vcf"]


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
    if sniff(Path(path)) != "bgzf":
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


_MAX_PROBES = 256
_PSEUDO_BIN_TBI = 37450


def find_index(path: Path) -> Path | None:
    """Return the .tbi or .csi beside a VCF/BCF, or None."""
    for suffix in (".tbi", ".csi"):
        candidate = path.with_name(path.name + suffix)
        if candidate.exists():
            return candidate
    return None


def check_index(path: Path, index: Path, remedy: str) -> None:
    """Refuse an index that was not made for this file.

    Raises
    ------
    InputError
        Naming the index and the command that makes it again.
    """
    try:
        with gzip.open(index, "rb") as handle:
            starts, last_end = _chunk_offsets(handle.read())
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise InputError(f"the index is damaged ({error})", path=index, remedy=remedy) from None
    size = path.stat().st_size
    blocks = sorted({offset >> 16 for offset in starts})
    step = max(1, len(blocks) // _MAX_PROBES)
    with path.open("rb") as handle:
        fits = (last_end >> 16) in _data_end(handle, blocks[-1] if blocks else 0, size)
        for block in [*blocks[::step], *blocks[-1:]]:
            handle.seek(block)
            fits = fits and block < size and is_bgzf_block(handle.read(18))
    if not fits:
        raise InputError(f"the index {index.name} was made for another version of the file", path=path, remedy=remedy)


def _data_end(handle: BinaryIO, start: int, size: int) -> set[int]:
    """Block offsets where the last record may end: in the last data block, or right after it."""
    offset = last = start
    while offset < size - EOF_BLOCK_SIZE:
        last = offset
        handle.seek(offset)
        head = handle.read(18)
        if not is_bgzf_block(head):
            return set()
        offset += struct.unpack("<H", head[16:18])[0] + 1
    return {last, size - EOF_BLOCK_SIZE}


def _chunk_offsets(data: bytes) -> tuple[list[int], int]:
    """Virtual offsets at which chunks begin, and the largest at which one ends."""
    magic = data[:4]
    if magic == b"TBI\x01":
        (n_ref,) = struct.unpack_from("<i", data, 4)
        (name_bytes,) = struct.unpack_from("<i", data, 32)
        position, has_loffset = 36 + name_bytes, False
    elif magic == b"CSI\x01":
        (aux_bytes,) = struct.unpack_from("<i", data, 12)
        (n_ref,) = struct.unpack_from("<i", data, 16 + aux_bytes)
        position, has_loffset = 20 + aux_bytes, True
    else:
        raise ValueError("not a .tbi or .csi file")
    starts: list[int] = []
    last_end = 0
    depth = struct.unpack_from("<i", data, 8)[0] if has_loffset else 5
    pseudo_bin = ((1 << 3 * (depth + 1)) - 1) // 7 + 1 if has_loffset else _PSEUDO_BIN_TBI
    for _ in range(n_ref):
        (n_bin,) = struct.unpack_from("<i", data, position)
        position += 4
        for _ in range(n_bin):
            (bin_id,) = struct.unpack_from("<I", data, position)
            position += 12 if has_loffset else 4
            (n_chunk,) = struct.unpack_from("<i", data, position)
            position += 4
            if bin_id != pseudo_bin:
                offsets = struct.unpack_from(f"<{2 * n_chunk}Q", data, position)
                starts.extend(offsets[::2])
                last_end = max(last_end, *offsets[1::2]) if n_chunk else last_end
            position += 16 * n_chunk
        if not has_loffset:
            (n_intervals,) = struct.unpack_from("<i", data, position)
            position += 4 + 8 * n_intervals
    return starts, last_end
