"""kipoiseq: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gxfast as gx
from gxfast.compat import kipoiseq as ours
from gxfast.compat._variants import first_record_wins

HOME = "kipoiseq.transforms.functional"
text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])


@pytest.mark.parametrize("name", ["one_hot_dna", "one_hot"])
@settings(max_examples=200, deadline=None)
@given(
    seq=text | wrong,
    dtype=st.sampled_from([np.float32, np.float16, "float64", np.uint8, bool]),
    value=st.sampled_from([0.25, 0, 1]),
)
def test_encoders(host: Callable[..., Any], agree: Any, name: str, seq: Any, dtype: Any, value: float) -> None:
    original, twin = host(HOME, name), getattr(ours, name)
    agree(original, twin, seq)
    agree(original, twin, seq, dtype=dtype, neutral_value=value)
    agree(original, twin, seq, neutral_alphabet="NX" if name == "one_hot_dna" else ["N", "X"])
    agree(original, twin, seq, ["A", "C", "G", "U"])


class Reference:
    """A reference extractor, as a user of kipoiseq writes one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def extract(self, interval: Any, **kwargs: Any) -> str:
        return self.text[interval.start : interval.end]


@st.composite
def windows(draw: Any) -> tuple[str, tuple[int, int, str], list[tuple[int, str, str]], int]:
    reference = draw(st.text("ACGTacgt", min_size=120, max_size=120))
    start, length = draw(st.integers(50, 55)), draw(st.integers(1, 20))
    edits = []
    at = draw(st.integers(40, 50))
    while at < 78 and draw(st.booleans()):
        n = draw(st.integers(1, 4))
        edits.append((at, reference[at : at + n], draw(st.text("ACGT", min_size=1, max_size=4))))
        at += n + draw(st.integers(0, 6))
    draw(st.randoms()).shuffle(edits)
    anchor = draw(st.integers(start - 5, start + length + 5))
    return reference, (start, start + length, draw(st.sampled_from("+-."))), edits, anchor


@settings(max_examples=400, deadline=None)
@given(window=windows(), fixed_len=st.booleans())
def test_variant_extractor(host: Callable[..., Any], agree: Any, window: Any, fixed_len: bool) -> None:
    reference, (start, end, strand), edits, anchor = window
    host_class, interval_class = host("kipoiseq.extractors", "VariantSeqExtractor"), host("kipoiseq", "Interval")
    variants = [SimpleNamespace(chrom="1", start=at, ref=ref, alt=alt) for at, ref, alt in edits]
    interval = interval_class("1", start, end, strand=strand)
    agree(
        host_class(reference_sequence=Reference(reference)).extract,
        ours.VariantSeqExtractor(reference_sequence=Reference(reference)).extract,
        interval,
        variants,
        anchor,
        fixed_len,
    )


def test_overlapping_variants_first_record_wins() -> None:
    reference = Reference("AAAACCCCGGGGTTTT")
    interval = SimpleNamespace(chrom="1", start=2, end=14, strand="+")
    variants = [
        SimpleNamespace(start=at, ref=ref, alt=alt) for at, ref, alt in [(5, "CCC", "C"), (6, "C", "T"), (8, "G", "A")]
    ]
    found = ours.VariantSeqExtractor(reference_sequence=reference).extract(interval, variants, 2, fixed_len=False)
    assert found == "AACC" + "AGGGTT"
    assert first_record_wins([(6, "C", "T"), (5, "CC", "C"), (5, "C", "G")]) == [(5, "CC", "C")]


def test_extractor_needs_exactly_one_reference() -> None:
    for arguments in ({}, {"fasta_file": "a.fa", "reference_sequence": Reference("")}):
        with pytest.raises(ValueError, match="either"):
            ours.VariantSeqExtractor(**arguments)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A FASTA with soft-masked letters and a VCF whose variants do not overlap: SNVs, indels, a missing call."""
    import pysam

    folder: Path = tmp_path_factory.mktemp("kipoiseq")
    fasta, vcf = folder / "g.fa", folder / "v.vcf"
    fasta.write_text(">1\n" + "ACGTTGCAacgtTGACCATG" * 5 + "\n")
    pysam.faidx(str(fasta))
    lines = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=1,length=100>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\tt",
    ]
    for record in ["33 A C 0|1 1|1", "36 C CGG 1|0 0|0", "41 ACG A 0|1 ./1", "47 C T 1|1 0|1", "52 g G,T 0|2 1|2"]:
        at, ref, alt, s, t = record.split()
        lines.append(f"1\t{at}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t{s}\t{t}")
    vcf.write_text("\n".join(lines) + "\n")
    return str(fasta), str(pysam.tabix_index(str(vcf), preset="vcf", force=True))


@pytest.mark.parametrize("sample", ["s", "t", None])
def test_single_sequence_extractor(
    host: Callable[..., Any], agree: Any, files: tuple[str, str], sample: str | None
) -> None:
    theirs = host("kipoiseq.extractors", "SingleSeqVCFSeqExtractor")(*files)
    mine, interval_class = ours.SingleSeqVCFSeqExtractor(*files), host("kipoiseq", "Interval")
    for start, end, strand in [(30, 50, "+"), (34, 46, "-"), (40, 49, "."), (60, 70, "+")]:
        interval = interval_class("1", start, end, strand=strand)
        for anchor in (start, 37, 42, end, None):
            for fixed_len in (True, False):
                agree(theirs.extract, mine.extract, interval, anchor, sample, fixed_len)
                expected = theirs.extract(interval, anchor, sample, fixed_len) if anchor is not None else None
                with gx.accelerate("kipoiseq"):
                    assert anchor is None or theirs.extract(interval, anchor, sample, fixed_len) == expected


def test_single_sequence_extractor_alone(files: tuple[str, str]) -> None:
    mine = ours.SingleSeqVCFSeqExtractor(*files)
    text = "ACGTTGCAacgtTGACCATG" * 5
    multiallelic = SimpleNamespace(chrom="1", start=50, end=53, strand="+")
    assert mine.extract(multiallelic, 50, "s") == text[50] + "T" + text[52]
    assert mine.extract(multiallelic, 50, "t") == text[50] + "G" + text[52]
    before = SimpleNamespace(chrom="1", start=30, end=35, strand="+")
    assert mine.extract(before, 30, "t") == text[30:32] + "C" + text[33:35]
    with pytest.raises(gx.InputError, match="sample 'x'"):
        mine.extract(multiallelic, 50, "x")
    with pytest.raises(gx.InputError, match="contig 'chr1'"):
        mine.extract(SimpleNamespace(chrom="chr1", start=50, end=53, strand="+"), 50, "s")


def test_patched_extractor_applies_only_carried_alleles(host: Callable[..., Any], files: tuple[str, str]) -> None:
    theirs = host("kipoiseq.extractors", "SingleSeqVCFSeqExtractor")(*files)
    interval = host("kipoiseq", "Interval")("1", 50, 53, strand="+")
    with gx.accelerate("kipoiseq"):
        found = theirs.extract(interval, 50, "s")
    assert found == ours.SingleSeqVCFSeqExtractor(*files).extract(interval, 50, "s")
