"""Writing block-compressed files (BGZF) and their indices.

The bytes depend on the content alone: the blocks carry no time stamp and no file name. They are made by
`gxfast.io.bgzf` because pysam's writer crashes the process where a file cannot be opened.
"""

from __future__ import annotations

import gzip
import logging
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from .bgzf import EOF_BLOCK_SIZE, is_bgzf_block, sniff
from .files import written_whole

__all__ = ["check_index", "index_bed", "index_fasta", "index_vcf", "indices_of", "verified_index"]


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
    index = Path(f"{path}.tbi")
    with written_whole(index) as partial:
        try:
            pysam.tabix_index(str(path), preset=preset, force=True, index=str(partial))
        except (OSError, ValueError) as error:
            raise InputError(
                f"cannot be indexed as {preset.upper()}: {error}",
                path=path,
                remedy="make room where it lies, or sort by contig and position and compress with bgzip",
            ) from error
    return index


_MAX_PROBES = 256
_PSEUDO_BIN_TBI = 37450
_TABIX_AUX = 28  # bytes of tabix's description of a file, before the names of its contigs
_MAX_BLOCK = 1 << 16  # bytes of a compressed block
_CLOCK = 1.0  # seconds that an index may be older than its file without a word
_LOGGER = logging.getLogger("gxfast")


def indices_of(path: Path) -> list[Path]:
    """Return the indices beside a VCF (.tbi, .csi) or BCF (.csi) that are there."""
    suffixes = (".csi",) if _is_bcf(path) else (".tbi", ".csi")
    beside = (path.with_name(path.name + suffix) for suffix in suffixes)
    return [index for index in beside if index.exists()]


def verified_index(path: Path) -> Path:
    """Return the index to open a VCF or BCF with, by name: htslib would choose another where there are two.

    Raises
    ------
    InputError
        If there is none, one was made for another file, or two do not agree. One that is older than its file,
        but fits, is told in the log.
    """
    remedy = f"bcftools index -f {'' if _is_bcf(path) else '-t '}{path}"
    indices = indices_of(path)
    if not indices:
        raise InputError("the VCF/BCF has no index (.tbi or .csi)", path=path, remedy=remedy)
    found = [check_index(path, index, remedy) for index in indices]
    if found[1:] and found[0] != found[1]:
        names = " and ".join(index.name for index in indices)
        raise InputError(
            f"the indices {names} do not agree",
            path=path,
            remedy=f"remove the one that is not of this file, or {remedy}",
        )
    _refuse_cut(path)
    if indices[0].stat().st_mtime + _CLOCK < path.stat().st_mtime:
        _LOGGER.warning("%s is older than its file (it fits; touch it if that is right)", indices[0])
    return indices[0]


def check_index(path: Path, index: Path, remedy: str) -> dict[str, tuple[int, int]]:
    """Refuse an index that was not made for this file; return where the records of each contig lie by it.

    Raises
    ------
    InputError
        Naming the index and the command that makes it again.
    """
    try:
        with gzip.open(index, "rb") as handle:
            starts, spans = _chunk_offsets(handle.read())
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise InputError(f"the index is damaged ({error})", path=index, remedy=remedy) from None
    last_end = max((end for _, end in spans.values()), default=0)
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
    return spans


def _refuse_cut(path: Path) -> None:
    """Refuse text that ends within a line of fewer columns: it was cut before it was compressed."""
    if _is_bcf(path):
        return
    before, _, last = _last_text(path).rpartition(b"\n")
    above = before.rpartition(b"\n")[2]
    if last and not (above and above.count(b"\t") == last.count(b"\t")):
        place = last[:100].split(b"\t")
        raise InputError(
            "the last line is cut off", path=path, record=b":".join(place[:2]).decode(errors="replace"),
            remedy="make the file again",
        )  # fmt: skip


def _last_text(path: Path) -> bytes:
    """What the last block of a block-compressed file holds; the empty one that ends it aside."""
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - EOF_BLOCK_SIZE - _MAX_BLOCK))
        tail = handle.read()[:-EOF_BLOCK_SIZE]
    for i in range(len(tail) - 18, -1, -1):
        if is_bgzf_block(tail[i : i + 18]) and i + struct.unpack_from("<H", tail, i + 16)[0] + 1 == len(tail):
            try:
                return zlib.decompress(tail[i:], 31)
            except zlib.error:
                continue
    return b""


def _is_bcf(path: Path) -> bool:
    try:
        with gzip.open(path, "rb") as handle:
            return handle.read(3) == b"BCF"
    except (OSError, EOFError, zlib.error):
        return False


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


def _chunk_offsets(data: bytes) -> tuple[list[int], dict[str, tuple[int, int]]]:
    """Virtual offsets at which chunks begin, and the first and the last of each contig that has records."""
    magic = data[:4]
    is_csi = magic == b"CSI\x01"
    if magic == b"TBI\x01":
        (n_ref,) = struct.unpack_from("<i", data, 4)
        names, position = _names(data, 32)
    elif is_csi:
        (aux_bytes,) = struct.unpack_from("<i", data, 12)
        (n_ref,) = struct.unpack_from("<i", data, 16 + aux_bytes)
        names, position = _names(data, 16 + 24)[0] if aux_bytes >= _TABIX_AUX else [], 20 + aux_bytes
    else:
        raise ValueError("not a .tbi or .csi file")
    starts: list[int] = []
    spans: dict[str, tuple[int, int]] = {}
    depth = struct.unpack_from("<i", data, 8)[0] if is_csi else 5
    pseudo_bin = ((1 << 3 * (depth + 1)) - 1) // 7 + 1 if is_csi else _PSEUDO_BIN_TBI
    for number in range(n_ref):
        ends: list[int] = []
        begins: list[int] = []
        (n_bin,) = struct.unpack_from("<i", data, position)
        position += 4
        for _ in range(n_bin):
            (bin_id,) = struct.unpack_from("<I", data, position)
            position += 12 if is_csi else 4
            (n_chunk,) = struct.unpack_from("<i", data, position)
            position += 4
            if bin_id != pseudo_bin:
                offsets = struct.unpack_from(f"<{2 * n_chunk}Q", data, position)
                begins.extend(offsets[::2])
                ends.extend(offsets[1::2])
            position += 16 * n_chunk
        if not is_csi:
            (n_intervals,) = struct.unpack_from("<i", data, position)
            position += 4 + 8 * n_intervals
        if begins:
            spans[names[number] if number < len(names) else str(number)] = min(begins), max(ends)
        starts += begins
    return starts, spans


def _names(data: bytes, position: int) -> tuple[list[str], int]:
    """Contig names of a tabix header whose length stands at a position, and where they end."""
    (size,) = struct.unpack_from("<i", data, position)
    begin = position + 4
    return data[begin : begin + size].decode(errors="replace").split("\0"), begin + size
