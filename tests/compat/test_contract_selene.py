"""selene: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.compat import selene as ours

text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])
EITHER = ours.Genome.BASE_TO_INDEX


@settings(max_examples=200, deadline=None)
@given(seq=text | wrong, order=st.permutations(range(4)))
def test_sequence_to_encoding(host: Callable[..., Any], agree: Any, seq: Any, order: list[int]) -> None:
    original = host("selene_sdk.sequences.sequence", "sequence_to_encoding")
    agree(original, ours.sequence_to_encoding, seq, EITHER, list("ACGT"))
    agree(original, ours.sequence_to_encoding, seq, dict(zip("ACGT", order, strict=True)), list("ACGT"))
    agree(original, ours.sequence_to_encoding, seq, {"A": 0, "B": 1}, list("AB"))


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    import pysam

    path = tmp_path / "g.fa"
    path.write_text(">1\nACGTNacgtnRYKM\n>2\nTTTTGGGG\n")
    pysam.faidx(str(path))
    return path


def test_genome(host: Callable[..., Any], agree: Any, fasta: Path) -> None:
    theirs, mine = host("selene_sdk.sequences", "Genome")(str(fasta)), ours.Genome(fasta)
    for chrom in ("1", "2", "3"):
        for start, end in [(0, 5), (2, 14), (-3, 4), (4, 40), (5, 5), (-9, -2), (30, 40)]:
            for strand in "+-.x":
                for pad in (False, True):
                    agree(
                        theirs.get_encoding_from_coords, mine.get_encoding_from_coords, chrom, start, end, strand, pad
                    )
                    agree(
                        theirs.get_sequence_from_coords, mine.get_sequence_from_coords, chrom, start, end, strand, pad
                    )
        agree(theirs.coords_in_bounds, mine.coords_in_bounds, chrom, 0, 8)
    assert theirs.get_chr_lens() == mine.get_chr_lens()
