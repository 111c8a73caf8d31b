"""Block-compressed writing: readable, indexable, the same bytes each time; refusals."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pysam
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_bed, index_fasta, index_vcf

VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=100>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "chr1\t5\t.\tA\tC\t.\t.\t.\nchr1\t9\t.\tG\tT\t.\t.\t.\n"
)


def test_round_trip_and_same_bytes(tmp_path: Path) -> None:
    text = b"line\n" * 50_000 + bytes(random.Random(1).randbytes(200_000))  # several blocks, one kind each
    first, second = write_bgzf(tmp_path / "a.gz", text), write_bgzf(tmp_path / "b.gz", text)
    assert gzip.decompress(first.read_bytes()) == text
    assert first.read_bytes() == second.read_bytes()
    with pysam.BGZFile(str(first), "rb") as handle:
        assert handle.read(len(text) + 1) == text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gz", "b.gz"]


def test_ends_with_the_marker_of_the_format(tmp_path: Path) -> None:
    marker = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    assert write_bgzf(tmp_path / "empty.gz", b"").read_bytes() == marker
    assert write_bgzf(tmp_path / "some.gz", b"x").read_bytes().endswith(marker)


def test_fasta_index_finds_bases(tmp_path: Path) -> None:
    path = write_bgzf(tmp_path / "g.fa.gz", b">one\nACGT\nAC\n>two\nTTTT\n")
    assert index_fasta(path).read_text() == "one\t6\t5\t4\t5\ntwo\t4\t18\t4\t5\n"
    with pysam.FastaFile(str(path)) as fasta:
        assert fasta.fetch("one", 2, 6) == "GTAC"


def test_vcf_and_bed_index_find_records(tmp_path: Path) -> None:
    path = write_bgzf(tmp_path / "v.vcf.gz", VCF.encode())
    assert index_vcf(path) == tmp_path / "v.vcf.gz.tbi"
    with pysam.VariantFile(str(path)) as handle:
        assert [record.pos for record in handle.fetch("chr1", 8, 9)] == [9]
    bed = write_bgzf(tmp_path / "e.bed.gz", b"#chr\tstart\tend\nchr1\t3\t4\nchr1\t8\t9\n")
    assert index_bed(bed) == tmp_path / "e.bed.gz.tbi"
    with pysam.TabixFile(str(bed)) as table:
        assert list(table.fetch("chr1", 8, 9)) == ["chr1\t8\t9"]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_bgzf(tmp_path / "nowhere" / "a.gz", b"x")
    with pytest.raises(InputError, match="no such file"):
        index_vcf(tmp_path / "none.vcf.gz")
    plain = tmp_path / "plain.vcf.gz"
    plain.write_bytes(gzip.compress(VCF.encode()))
    with pytest.raises(InputError, match="not block-compressed"):
        index_vcf(plain)
    unsorted = VCF.replace("chr1\t5\t", "chr1\t50\t")
    with pytest.raises(InputError, match="cannot be indexed as VCF"):
        index_vcf(write_bgzf(tmp_path / "u.vcf.gz", unsorted.encode()))
    fasta = tmp_path / "plain.fa.gz"
    fasta.write_bytes(gzip.compress(b">a\nACGT\n"))
    with pytest.raises(InputError, match="cannot be indexed as FASTA"):
        index_fasta(fasta)
    assert gzip.decompress(plain.read_bytes()) == VCF.encode()
