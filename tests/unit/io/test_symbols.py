"""What INFO says of symbolic alleles: by hand, for both readers, for VCF and BCF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysam.bcftools
import pytest

from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.symbols import repeat_letters
from gxfast.io.vcf import Genotypes, VariantFile
from gxfast.io.vcf_sites import SiteFile

HEADER = """##fileformat=VCFv{version}
##contig=<ID=c,length=100>
##INFO=<ID=END,Number=1,Type=Integer,Description="e">
##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="l">
##INFO=<ID=RN,Number=.,Type=Integer,Description="n">
##INFO=<ID=RUS,Number=.,Type=String,Description="s">
##INFO=<ID=RUC,Number=.,Type=Float,Description="c">
##INFO=<ID=RUB,Number=.,Type=Integer,Description="b">
##INFO=<ID=RB,Number=.,Type=Integer,Description="b">
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	a
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Genotypes]:
    """Read one record at POS 10 in every way, which must agree."""

    def make(alt: str, info: str, *, ref: str = "A", version: str = "4.3") -> Genotypes:
        line = f"c\t10\t.\t{ref}\t{alt}\t.\tPASS\t{info}\tGT\t0|1\n"
        path = write_bgzf(tmp_path / "one.vcf.gz", (HEADER.format(version=version) + line).encode())
        index_vcf(path)
        bcf = tmp_path / "one.bcf"
        # Not through pysam's records, which change END where SVLEN is longer.
        pysam.bcftools.view("-Ob", "-o", str(bcf), str(path), catch_stdout=False)
        pysam.bcftools.index("-f", str(bcf))
        files: list[Any] = [VariantFile(one, reader=way) for one in (path, bcf) for way in ("htslib", "pysam")]
        found = [file.region("c", 0, 100) for file in [*files, SiteFile(path)]]
        assert len({str(one.allele_spans().tolist()) + one.bases.tobytes().decode() for one in found}) == 1
        return found[0]

    return make


@pytest.mark.parametrize(
    ("alt", "info", "version", "spans"),
    [
        ("<DEL>", "END=15", "4.3", [1, 6]),
        ("<DEL>", "SVLEN=-5", "4.2", [1, 6]),
        ("<DEL>", "SVLEN=5", "4.4", [1, 6]),
        ("<DEL>", "END=15;SVLEN=-7", "4.3", [1, 6]),  # END says what one deletion is
        ("<DEL>", "END=15;SVLEN=7", "4.4", [1, 8]),  # SVLEN does, from 4.4 on
        ("<DEL>,<DEL>", "SVLEN=10,4;END=20", "4.3", [1, 11, 5]),
        ("<DEL>,<DEL>", "SVLEN=-10,-4", "4.5", [1, 11, 5]),
        ("<DEL>,<DEL:ME>", "SVLEN=.,4;END=20", "4.4", [1, 11, 5]),
        ("<DEL>,<DUP>", "SVLEN=4,30;END=40", "4.4", [1, 5, 1]),
        ("T,<DEL>", "SVLEN=.,3", "4.4", [1, 1, 4]),
        ("<CN0>", "END=15", "4.1", [1, 6]),
        ("<CN0>,<CN2>", "END=15", "4.1", [1, 6, 1]),
        ("<DEL>", ".", "4.3", None),
        ("<DEL>", "END=10", "4.3", None),
        ("<CN2>", "END=30", "4.3", None),
        ("<INS>", "END=30", "4.3", None),
    ],
)
def test_spans(read: Callable[..., Genotypes], alt: str, info: str, version: str, spans: list[int] | None) -> None:
    found = read(alt, info, version=version)
    assert (None if found.spans is None else found.spans.tolist()) == spans


@pytest.mark.parametrize(
    ("alt", "info", "letters"),
    [
        ("<CNV:TR>", "SVLEN=9;RN=1;RUS=CAG;RUC=4", ["CAGCAGCAGCAG"]),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=2.666667", ["CAGCAGCA"]),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RB=7", ["CAGCAGC"]),
        ("<CNV:TR>,<CNV:TR>", "SVLEN=9,9;RN=2,1;RUS=CAG,TTG,CA;RUC=1,2,3", ["CAGTTGTTG", "CACACA"]),
        ("<CNV:TR>,T,<CNV:TR>", "SVLEN=9,.,9;RN=1,.,1;RUS=CAG,CA;RUC=1,0", ["CAG", None, ""]),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG", [None]),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=3;RUB=3,3,2", [None]),
        ("<CNV:TR>", "RUS=CAG;RUC=3", [None]),
    ],
)
def test_tandem_repeats(read: Callable[..., Genotypes], alt: str, info: str, letters: list[str | None]) -> None:
    found = read(alt, info, version="4.4")
    assert [repeat_letters(found.allele(0, i + 1).decode()) for i in range(len(letters))] == letters
    if any(one is not None for one in letters):
        assert found.allele_spans()[1] == 10


@pytest.mark.parametrize("reader", ["htslib", "pysam"])
@pytest.mark.parametrize(
    ("alt", "info"),
    [
        ("<DEL>", f"SVLEN={10**25}"),
        ("<DEL>", "SVLEN=" + "9" * 5000),
        ("<DEL>", "SVLEN=٣"),
        ("<DEL>", "SVLEN=²"),
        ("<DEL>", "SVLEN=1_0"),
        ("<DEL>", "SVLEN=-"),
        ("<DEL>", "X=\x0b\x1c\x1d;Y=\x85"),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=1e12"),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=-4"),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=" + "9" * 400),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=nan"),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RUC=٣"),
        ("<CNV:TR>", f"SVLEN=9;RUS=CAG;RB={2**31 - 1}"),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RN=2147483647;RUC=1"),
        ("<CNV:TR>", "SVLEN=9;RUS=CAG;RN=-3;RUC=1"),
    ],
)
def test_info_that_says_nothing(tmp_path: Path, alt: str, info: str, reader: str) -> None:
    """Numbers that no genome has and repeats that no memory holds: the allele is as if INFO did not say."""
    text = HEADER.format(version="4.4").replace("Type=Integer", "Type=String").replace("Type=Float", "Type=String")
    line = f"c\t10\t.\tA\t{alt}\t.\tPASS\t{info}\tGT\t0|1\n"
    path = write_bgzf(tmp_path / "one.vcf.gz", (text + line).encode())
    index_vcf(path)
    found = VariantFile(path, reader=reader).region("c", 0, 100)
    assert len(found) == 1
    if alt == "<DEL>":
        assert found.allele_spans().tolist() == [1, 1]
    else:
        assert repeat_letters(found.allele(0, 1).decode()) is None
