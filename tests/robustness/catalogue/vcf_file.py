"""The VCF as a file: cut, damaged, of another kind, and its index."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from pathlib import Path

import pysam

from gxfast.io.bgzf import write_bgzf

from .case import Case, refused, same, undefined
from .files import cut, empty, fifo, folder, missing, page
from .project import GENES, PEOPLE, Project

__all__ = ["CASES"]

NAME = "cohort.vcf.gz"
READERS = ("run", "eqtl", "variants")


def index_path(p: Project) -> Path:
    return p.vcf.with_name(NAME + ".tbi")


def cut_header(p: Project) -> None:
    p.put_vcf_text("\n".join(p.header[:4]) + "\n", index=False)


def without_header(p: Project) -> None:
    p.put_vcf(header=[], index=False)


def without_columns(p: Project) -> None:
    p.put_vcf(header=p.header[:-1], index=False)


def cut_text(share: float) -> Case:
    """Text cut after INFO of a record before it was compressed: nothing in the container tells."""

    def spoil(p: Project) -> None:
        records = p.records
        last = int(share * len(records))
        lines = [*p.header, *("\t".join(record) for record in records[:last]), "\t".join(records[last][:8])]
        p.put_vcf_text("\n".join(lines))

    return refused(f"vcf text cut in a line at {share}", spoil, NAME)


def flip(share: float) -> Case:
    """One bit of a compressed block: its checksum is wrong."""

    def spoil(p: Project) -> None:
        content = bytearray(p.vcf.read_bytes())
        content[int(share * len(content))] ^= 0x10
        p.vcf.write_bytes(content)

    return refused(f"vcf bit at {share}", spoil, NAME)


def wrong_sum(p: Project) -> None:
    """Change the checksum of the second block alone."""
    content = bytearray(p.vcf.read_bytes())
    first = int.from_bytes(content[16:18], "little") + 1
    second = int.from_bytes(content[first + 16 : first + 18], "little") + 1
    content[first + second - 8] ^= 0xFF
    p.vcf.write_bytes(content)


def gzipped(p: Project) -> None:
    p.vcf.write_bytes(gzip.compress(p.vcf_text.read_bytes()))


def plain(p: Project) -> None:
    p.replace("vcf", p.vcf_text.name)


def text_named_gz(p: Project) -> None:
    shutil.copy(p.vcf_text, p.vcf)


def without_index(p: Project) -> None:
    index_path(p).unlink()


def garbage_index(p: Project) -> None:
    index_path(p).write_bytes(b"no index at all" * 99)


def packed_garbage_index(p: Project) -> None:
    index_path(p).write_bytes(gzip.compress(b"TBI\1" + b"\xff" * 400))


def empty_index(p: Project) -> None:
    index_path(p).write_bytes(b"")


def cut_index(p: Project) -> None:
    index_path(p).write_bytes(index_path(p).read_bytes()[:60])


def stale_index(keep: int) -> Case:
    """The index of a file with more records, or of one with fewer; made later than the file, so that no time tells."""

    def spoil(p: Project) -> None:
        records = p.records
        p.put_vcf(records[::keep] if keep > 0 else records)
        index = index_path(p).read_bytes()
        p.put_vcf(records if keep > 0 else records[::-keep], index=False)
        index_path(p).write_bytes(index)

    return refused(f"tbi stale {keep}", spoil, NAME, "bcftools index")


def foreign_index(p: Project) -> None:
    """Of another cohort: other positions, as many records."""
    records, header = p.records, p.header
    p.put_vcf([[*r[:9], *reversed(r[9:]), *r[9:12]] for r in records], [*header[:-1], header[-1] + "\tA\tB\tC"])
    index = index_path(p).read_bytes()
    p.put_vcf(records, header, index=False)
    index_path(p).write_bytes(index)


def old_index(p: Project) -> None:
    """The same file, only touched later."""
    os.utime(index_path(p), (1, 1))


def sites_only(p: Project) -> None:
    header = p.header
    p.put_vcf([r[:8] for r in p.records], [*header[:-1], "\t".join(header[-1].split("\t")[:8])])


def without_gt(p: Project) -> None:
    header = [
        line.replace("FORMAT=<ID=GT,Number=1,Type=String", "FORMAT=<ID=DP,Number=1,Type=Integer") for line in p.header
    ]
    p.put_vcf([[*r[:8], "DP", *("7" for _ in PEOPLE)] for r in p.records], header)


def one_without_gt(p: Project) -> str:
    p.put_vcf(header=[*p.header[:-1], '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">', p.header[-1]])
    return p.change_record(lambda r: [*r[:8], "DP", *("7" for _ in PEOPLE)])


def duplicate_samples(p: Project) -> None:
    p.put_vcf(header=[*p.header[:-1], p.header[-1].replace("P02", "P01")])


def bcf(p: Project) -> None:
    out = p.replace("vcf", "cohort.bcf")
    with pysam.VariantFile(str(p.vcf)) as source, pysam.VariantFile(str(out), "wb", header=source.header) as target:
        for record in source:
            target.write(record)
    pysam.tabix_index(str(out), preset="bcf", force=True, csi=True)


def cut_bcf(p: Project) -> None:
    bcf(p)
    content = (p.folder / "cohort.bcf").read_bytes()
    (p.folder / "cohort.bcf").write_bytes(content[: int(0.6 * len(content))])


def odd_bcf(p: Project) -> None:
    """Bytes of records that are none, with a checksum that fits."""
    bcf(p)
    text = bytearray(gzip.decompress((p.folder / "cohort.bcf").read_bytes()))
    text[-9_000:-8_000] = bytes(range(250)) * 4
    write_bgzf(p.folder / "cohort.bcf", bytes(text))


def other_contig_order(p: Project) -> None:
    header, records = p.header, p.records
    at = [i for i, line in enumerate(header) if line.startswith("##contig")]
    header[at[0]], header[at[1]] = header[at[1]], header[at[0]]
    p.put_vcf(sorted(records, key=lambda r: r[0], reverse=True), header)


def other_sample_order(p: Project) -> None:
    *head, columns = p.header
    fixed, names = columns.split("\t")[:9], columns.split("\t")[9:]
    p.put_vcf([[*r[:9], *reversed(r[9:])] for r in p.records], [*head, "\t".join([*fixed, *reversed(names)])])


def no_records(p: Project) -> None:
    p.put_vcf([])


def bomb(p: Project) -> None:
    """A few MB that expand to 1 GiB within one INFO."""
    records, header = p.records, p.header
    at = p.place()
    before = "".join(line + "\n" for line in [*header, *("\t".join(r) for r in records[:at])])
    row = records[at]
    after = "\n".join("\t".join(r) for r in records[at + 1 :]) + "\n"
    with p.vcf.open("wb") as out:
        out.write(blocks((before + "\t".join(row[:7]) + "\tX=").encode()))
        block = one_block(b"A" * 0xFF00)
        for _ in range((1 << 30) // 0xFF00):
            out.write(block)
        out.write(blocks(("\t" + "\t".join(row[8:]) + "\n" + after).encode()))
        out.write(one_block(b""))
    pysam.tabix_index(str(p.vcf), preset="vcf", force=True)


def one_block(text: bytes) -> bytes:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = deflate.compress(text) + deflate.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + (len(data) + 25).to_bytes(2, "little")
    return head + data + zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")


def blocks(text: bytes) -> bytes:
    return b"".join(one_block(text[i : i + 0xFF00]) for i in range(0, len(text), 0xFF00))


CASES = [
    *refused("vcf missing", missing("vcf"), NAME).of(*READERS),
    *refused("vcf empty", empty("vcf"), NAME).of(*READERS),
    *refused("vcf a folder", folder("vcf"), NAME).of("run"),
    *refused("vcf a pipe", fifo("vcf"), NAME, child=True).of("run", "eqtl"),
    *refused("vcf a web page", page("vcf"), NAME).of(*READERS),
    *refused("vcf header cut", cut_header, NAME).of(*READERS),
    *refused("vcf without header", without_header, NAME).of(*READERS),
    *refused("vcf without the line of columns", without_columns, NAME).of("run", "eqtl"),
    *(
        one
        for share in (0.02, 0.3, 0.5, 0.9)
        for one in refused(f"vcf cut at {share}", cut("vcf", share), NAME).of(*READERS)
    ),
    *(one for share in (0.3, 0.97) for one in cut_text(share).of("run", "eqtl")),
    *(one for share in (0.3, 0.6) for one in flip(share).of("run", "eqtl")),
    *refused("vcf checksum", wrong_sum, NAME).of("run", "eqtl"),
    *refused("vcf gzip", gzipped, NAME, "bgzip").of("run", "eqtl"),
    *refused("vcf plain", plain, "cohort.vcf", "bgzip").of("run", "eqtl"),
    refused("vcf plain, called gz", text_named_gz, NAME, "bgzip"),
    *refused("vcf without index", without_index, NAME, "bcftools index").of("run", "eqtl"),
    *refused("tbi garbage", garbage_index, NAME, "bcftools index").of("run", "eqtl"),
    *refused("tbi garbage in gzip", packed_garbage_index, NAME, "bcftools index").of("run", "eqtl"),
    refused("tbi empty", empty_index, NAME, "bcftools index"),
    refused("tbi cut", cut_index, NAME, "bcftools index"),
    *(one for keep in (3, -3) for one in stale_index(keep).of("run", "eqtl")),
    *refused("tbi foreign", foreign_index, NAME, "bcftools index").of("run", "eqtl"),
    same("tbi older than the file", old_index),
    *refused("vcf sites only", sites_only, NAME).of("run", "eqtl"),
    *refused("vcf without gt", without_gt, NAME, "GT").of("run", "eqtl"),
    *refused("record without gt", one_without_gt, NAME, "GT").of("run", "eqtl"),
    *refused("vcf samples twice", duplicate_samples, NAME, "P01").of("run", "eqtl"),
    *same("bcf", bcf).of("run", "eqtl", "drivers", "variants"),
    *refused("bcf cut", cut_bcf, "cohort.bcf").of("run", "eqtl"),
    *refused("bcf with odd bytes", odd_bcf, "cohort.bcf", child=True).of("run", "eqtl"),
    *same("vcf contigs in another order", other_contig_order).of("run", "eqtl"),
    Case("vcf samples in another order", other_sample_order, "alike"),
    undefined("vcf without records", no_records, "no variant", genes=GENES),
    same("vcf bomb", bomb, only="predictions/*.bed.gz", child=True),
]
