"""Records of the VCF."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gxfast.errors import InputError
from gxfast.io.indexing import index_vcf

from .case import Case, finite, refused, same
from .project import SIZE, Project

__all__ = ["CASES"]

NAME = "cohort.vcf.gz"
OTHER = {"A": "C", "C": "G", "G": "T", "T": "A"}
Change = Callable[[list[str]], list[str]]
TSS = 8_000  # of G00, on the plus strand; its window is 7,500 to 8,499


def changed(name: str, change: Change, *says: str) -> Case:
    """One record of a gene's window is refused, by its place."""
    return refused(name, lambda p: p.change_record(change), NAME, *says)


def unreadable(name: str, change: Change) -> list[Case]:
    """The same of a record that cannot be parsed: its neighbour tells where it is."""
    return refused(name, lambda p: p.change_record(change) and None, NAME, "chr1:").of("run", "eqtl")


def free(p: Project, after: int, length: int = 1) -> int:
    """A 1-based position past ``after`` of chr1 with ``length`` bases that no record touches."""
    taken = {int(r[1]) + i for r in p.records if r[0] == "chr1" for i in range(-1, len(r[3]) + 1)}
    return next(at for at in range(after, SIZE) if not taken & set(range(at, at + length)))


def mismatch(*extra: str) -> Callable[[Project], str]:
    def spoil(p: Project) -> str:
        p.extra = list(extra)
        return p.change_record(lambda r: [*r[:3], OTHER[r[3]], OTHER[OTHER[r[3]]], *r[5:]])

    return spoil


def without_that_record(p: Project) -> None:
    records = p.records
    del records[p.place()]
    p.put_vcf(records)


def wrong_assembly(p: Project) -> None:
    """One of five records differs: more than single errors."""
    records = p.records
    for r in records[::5]:
        r[3] = OTHER[r[3][0]] + r[3][1:]
        r[4] = OTHER[r[3][0]] + r[4][1:]
    p.put_vcf(records)
    p.extra = ["--ref-mismatch", "skip"]


def add(*rows: Callable[[Project], list[str]], extra: tuple[str, ...] = ()) -> Callable[[Project], None]:
    def spoil(p: Project) -> None:
        p.add_records([row(p) for row in rows])
        p.extra = list(extra)

    return spoil


def snv(p: Project, at: int, alt: int = 1, calls: dict[str, str] | None = None, **more: str) -> list[str]:
    ref = p.base("chr1", at)
    other = OTHER[ref] if alt == 1 else OTHER[OTHER[ref]]
    return p.record("chr1", at, ref, other, calls or {"P03": "0|1", "P07": "1|1"}, **more)


def symbolic(alt: str, **more: str) -> Callable[[Project], None]:
    return add(
        lambda p: p.record("chr1", free(p, TSS - 90), p.base("chr1", free(p, TSS - 90)), alt, {"P03": "0|1"}, **more)
    )


def unsorted(p: Project) -> None:
    """Out of order in a place that the index does not see: two neighbours of one block."""
    records, at = p.records, p.place()
    p.put_vcf(records, index=False)
    _store(p.vcf)
    index_vcf(p.vcf)
    records[at], records[at + 1] = records[at + 1], records[at]
    p.put_vcf(records, index=False)
    _store(p.vcf)


def _store(path: Path) -> None:
    """Write block-compressed text again, not compressed: the sizes of its blocks do not depend on the order in them."""
    text, blocks = gzip.decompress(path.read_bytes()), []
    for first in range(0, len(text), 60_000):
        part = text[first : first + 60_000]
        data = b"\x01" + struct.pack("<2H", len(part), len(part) ^ 0xFFFF) + part
        head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\xff\x06\x00BC\x02\x00" + struct.pack("<H", len(data) + 25)
        blocks.append(head + data + struct.pack("<2I", zlib.crc32(part), len(part)))
    eof = path.read_bytes()[-28:]
    path.write_bytes(b"".join(blocks) + eof)


def split_alleles(p: Project) -> None:
    at = free(p, TSS - 90)
    p.add_records([snv(p, at, 1, {"P03": "0|1", "P07": "1|0"}), snv(p, at, 2, {"P03": "1|0", "P09": "1|1"})])


def multiallelic(p: Project) -> None:
    at = free(p, TSS - 90)
    ref = p.base("chr1", at)
    alts = f"{OTHER[ref]},{OTHER[OTHER[ref]]}"
    p.add_records([p.record("chr1", at, ref, alts, {"P03": "2|1", "P07": "1|0", "P09": "2|2"})])


def mnv(p: Project) -> None:
    at = free(p, TSS - 90, 2)
    ref = p.base("chr1", at, 2)
    p.add_records([p.record("chr1", at, ref, OTHER[ref[0]] + OTHER[ref[1]], {"P03": "0|1"})])


def two_snvs(p: Project) -> None:
    at = free(p, TSS - 90, 2)
    p.add_records([snv(p, at, 1, {"P03": "0|1"}), snv(p, at + 1, 1, {"P03": "0|1"})])


def padded_indel(p: Project) -> None:
    at = free(p, TSS - 90, 6)
    ref = p.base("chr1", at, 6)
    p.add_records([p.record("chr1", at, ref, ref[:2] + "GG" + ref[2:], {"P03": "0|1"})])


def trimmed_indel(p: Project) -> None:
    at = free(p, TSS - 90, 6)
    ref = p.base("chr1", at + 1)
    p.add_records([p.record("chr1", at + 1, ref, ref + "GG", {"P03": "0|1"})])


def on_two_haplotypes(p: Project) -> None:
    """A deletion and a substitution within it, on either haplotype of one person."""
    at = free(p, TSS - 90, 5)
    p.add_records([p.record("chr1", at, p.base("chr1", at, 4), p.base("chr1", at), {"P03": "1|0"}),
                   snv(p, at + 2, 1, {"P03": "0|1"})])  # fmt: skip


def as_alleles(p: Project) -> None:
    """The same as alleles of one record."""
    at = free(p, TSS - 90, 5)
    ref = p.base("chr1", at, 4)
    p.add_records([p.record("chr1", at, ref, f"{ref[0]},{ref[:2]}{OTHER[ref[2]]}{ref[3]}", {"P03": "1|2"})])


def deletion_alone(p: Project) -> None:
    at = free(p, TSS - 90, 5)
    p.add_records([p.record("chr1", at, p.base("chr1", at, 4), p.base("chr1", at), {"P03": "1|0"})])


def overlapping(p: Project) -> None:
    """The same on one haplotype."""
    at = free(p, TSS - 90, 5)
    p.add_records([p.record("chr1", at, p.base("chr1", at, 4), p.base("chr1", at), {"P03": "1|0"}),
                   snv(p, at + 2, 1, {"P03": "1|0"})])  # fmt: skip


def overlapping_refused(p: Project) -> None:
    overlapping(p)
    p.extra = ["--overlap", "error"]


def duplicate(p: Project) -> None:
    records, at = p.records, p.place()
    p.put_vcf([*records[: at + 1], records[at], *records[at + 1 :]])


def star(p: Project) -> None:
    at = free(p, TSS - 90)
    p.add_records(
        [p.record("chr1", at, p.base("chr1", at), f"{OTHER[p.base('chr1', at)]},*", {"P03": "1|0", "P05": "2|2"})]
    )


def without_star(p: Project) -> None:
    at = free(p, TSS - 90)
    p.add_records([snv(p, at, 1, {"P03": "1|0"})])


def lower_alleles(p: Project) -> None:
    p.put_vcf([[*r[:3], r[3].lower(), r[4].lower(), *r[5:]] for r in p.records])


def low_filter(p: Project) -> None:
    p.put_vcf([[*r[:6], "low" if i % 4 == 0 else r[6], *r[7:]] for i, r in enumerate(p.records)])


def low_filter_left_out(p: Project) -> None:
    low_filter(p)
    p.extra = ["--filter", "pass"]


def passed_alone(p: Project) -> None:
    p.put_vcf([r for i, r in enumerate(p.records) if i % 4])


def unknown_contig(p: Project) -> None:
    header, row = p.header, list(p.records[-1])
    p.put_vcf([*p.records, ["chr9", *row[1:]]], [*header[:3], "##contig=<ID=chr9,length=70000>", *header[3:]])


def past_the_end(p: Project) -> str:
    """In the window of a gene at the end of the contig."""
    p.put_rows(p.genes, [*p.rows(p.genes), ["LAST", "chr2", str(SIZE - 100), "+"]])
    p.put_vcf([*p.records, p.record("chr2", SIZE + 5, "A", "C", {"P03": "0|1"})])
    return f"chr2:{SIZE + 5}"


def huge_position(p: Project) -> None:
    p.put_vcf([*p.records, p.record("chr2", 3_000_000_000, "A", "C", {"P03": "0|1"})], index=False)
    _index(p)


def _index(p: Project) -> None:
    """Index where tabix can; else the index stays that of the clean file."""
    with suppress(InputError):
        index_vcf(p.vcf)


def position_of(text: str) -> Callable[[Project], None]:
    """Of the first record, which lies in the window of a gene there."""

    def spoil(p: Project) -> None:
        records = p.records
        records[0][1] = text
        p.put_vcf(records, index=False)
        _index(p)
        p.put_rows(p.genes, [*p.rows(p.genes), ["FIRST", "chr1", "100", "+"]])
        p.put_rows(p.expression, [*(rows := p.rows(p.expression)), ["chr1", "99", "100", "FIRST", *rows[1][4:]]])

    return spoil


def spaces(p: Project) -> None:
    lines = ["\t".join(record) for record in p.records]
    at = p.place()
    lines[at] = " ".join(lines[at].rsplit("\t", 12)[:2]) + "\t" + "\t".join(lines[at].split("\t")[-11:])
    p.put_vcf_text("".join(line + "\n" for line in [*p.header, *lines]))


def deletion(start: int, length: int) -> Callable[[Project], None]:
    """A deletion by END; records inside it are left out, so that nothing overlaps."""

    def spoil(p: Project) -> None:
        at = free(p, start)
        inside = [r for r in p.records if r[0] == "chr1" and at <= int(r[1]) <= at + length]
        p.put_vcf([r for r in p.records if r not in inside])
        p.add_records(
            [p.record("chr1", at, p.base("chr1", at), "<DEL>", {"P03": "0|1", "P04": "1|1"}, info=f"END={at + length}")]
        )

    return spoil


def insertion(length: int) -> Callable[[Project], None]:
    def spoil(p: Project) -> None:
        at = free(p, TSS - 90)
        p.add_records(
            [p.record("chr1", at, p.base("chr1", at), p.base("chr1", at) + "ACGT" * (length // 4), {"P03": "0|1"})]
        )

    return spoil


VALUES = "predictions/*.bed.gz"
CASES = [
    refused("ref mismatch", mismatch(), NAME, "REF does not match"),
    same(
        "ref mismatch skipped",
        mismatch("--ref-mismatch", "skip"),
        counted=('"ref_mismatch": 1',),
        twin=without_that_record,
        only=VALUES,
    ),
    refused("wrong assembly", wrong_assembly, NAME, "REF does not match", "assembly"),
    *refused("records unsorted", unsorted, NAME, "chr1:", "sort").of("run", "eqtl"),
    same("multi-allelic as split", multiallelic, twin=split_alleles, only=VALUES),
    same("mnv as snvs", mnv, twin=two_snvs, only=VALUES),
    same("indel not minimal", padded_indel, twin=trimmed_indel, only=VALUES),
    same(
        "overlap on two haplotypes",
        on_two_haplotypes,
        counted=('"overlap_skipped": 0',),
        twin=as_alleles,
        only=VALUES,
    ),
    same(
        "overlap on one haplotype",
        overlapping,
        "overlap_skipped 1",
        twin=deletion_alone,
        only=VALUES,
        counted=('"overlap_skipped": 1',),
    ),
    refused("overlap refused", overlapping_refused, NAME, "overlap", "chr1"),
    same("record twice", duplicate, "overlap_skipped", counted=('"overlap_skipped": ',), only=VALUES),
    *same("record twice", duplicate, "left out", counted=('"records_left_out": 1',)).of("eqtl", "baseline"),
    same("star allele", star, twin=without_star, only=VALUES, counted=('"star_alleles": 1',)),
    same("inserted symbol", symbolic("<INS>"), only=VALUES, counted=('"other_symbols": 1',)),
    same("inversion", symbolic("<INV>", info=f"END={TSS + 20}"), only=VALUES, counted=('"other_symbols": 1',)),
    same("non-ref symbol", symbolic("<NON_REF>"), only=VALUES, counted=('"non_ref_symbols": 1',)),
    same("break-end", symbolic("N[chr2:500["), only=VALUES, counted=('"breakends": 1',)),
    same("single break-end", symbolic("A."), only=VALUES, counted=('"breakends": 1',)),
    changed("alt junk", lambda r: [*r[:4], "ZQ!", *r[5:]], "ZQ!"),
    changed("alt with a digit", lambda r: [*r[:4], "A1", *r[5:]], "A1"),
    changed("alt is ref", lambda r: [*r[:4], r[3], *r[5:]]),
    changed("alt empty", lambda r: [*r[:4], "", *r[5:]]),
    changed("ref empty", lambda r: [*r[:3], "", *r[4:]]),
    changed("ref junk", lambda r: [*r[:3], "Q", *r[4:]]),
    *same("alleles in lower case", lower_alleles, only=VALUES).of("run"),
    same("filter", low_filter, counted=('"filter_not_pass": ',), only=VALUES),
    same("filter pass", low_filter_left_out, counted=('"filter_not_pass": ',), twin=passed_alone, only=VALUES),
    same("contig not in the fasta", unknown_contig, only="genes.tsv"),
    refused("position past the end", past_the_end, NAME, "past the end of chr2"),
    refused("position past 2^31", huge_position, NAME),
    refused("position 0", position_of("0"), NAME, "chr1:0"),
    *refused("position negative", position_of("-5"), NAME, "chr1").of("run", "eqtl"),
    *refused("position a word", position_of("first"), NAME).of("run", "eqtl"),
    *refused("position a fraction", position_of("200.5"), NAME).of("run", "eqtl"),
    *unreadable("column missing", lambda r: r[:-1]),
    *unreadable("two columns missing", lambda r: r[:-2]),
    *unreadable("column too many", lambda r: [*r, "0|1"]),
    *unreadable("two columns too many", lambda r: [*r, "0|1", "1|1"]),
    *refused("space for a tab", spaces, NAME, "chr1").of("run", "eqtl"),
    finite("deletion over the window's start", deletion(TSS - 600, 200), genes=("G00",)),
    finite("deletion over the window's end", deletion(TSS + 400, 200), genes=("G00",)),
    finite("deletion of the whole window", deletion(TSS - 700, 1_500), genes=("G00",)),
    finite("insertion longer than the window", insertion(2_000), genes=("G00",)),
]
