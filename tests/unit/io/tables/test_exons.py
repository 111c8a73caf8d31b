"""Exons of a GTF: unions, ids, places, refusals."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import InputError
from gxfast.io.tables.exons import is_gtf_name


def line(chrom: str, feature: str, start: int, end: int, strand: str, gene: str, more: str = "") -> str:
    return "\t".join([chrom, "x", feature, str(start), str(end), ".", strand, ".", f'gene_id "{gene}";{more}'])


LINES = [
    "#!genome-build tiny",
    line("chr1", "gene", 1, 900, "+", "A"),
    line("chr1", "exon", 101, 200, "+", "A", ' transcript_id "A.1";'),
    line("chr1", "CDS", 1, 900, "+", "A"),
    line("chr1", "exon", 501, 510, "-", "B"),
    line("chr1", "exon", 401, 450, "+", "A", ' transcript_id "A.1";'),
    line("chr1", "exon", 151, 260, "+", "A", ' transcript_id "A.2";'),
    line("chr1", "exon", 261, 270, "+", "A", ' transcript_id "A.2";'),
    line("chr1", "exon", 405, 410, "+", "A", ' transcript_id "A.2";'),
    line("chrX", "exon", 5, 9, "+", "P"),
    line("chrY", "exon", 15, 19, "+", "P"),
    line("chr2", "exon", 1, 1, "+", "ENSG00000000001.7"),
    line("chr2", "exon", 7, 8, "+", "ENSG00000000002.1"),
    line("chr2", "exon", 9, 9, "+", "ENSG00000000002.2"),
    line("chr2", "exon", 30, 40, "-", "ENSG00000000001.7"),
]


def gtf(folder: Path, lines: list[str], name: str = "g.gtf") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_exons_of_all_transcripts_are_merged(tmp_path: Path) -> None:
    exons = gx.read_exons(gtf(tmp_path, LINES))
    # 101-200, 151-260 and 261-270 overlap or touch; 405-410 lies in 401-450.
    assert exons.of("A", "chr1", "+").tolist() == [[100, 270], [400, 450]]
    assert exons.of("B", "chr1", "-").tolist() == [[500, 510]]
    assert exons.gene_id == ("A", "B", "P", "P", "ENSG00000000001.7", "ENSG00000000002.1", "ENSG00000000002.2",
                             "ENSG00000000001.7")  # fmt: skip
    assert exons.offset.tolist() == [0, 2, 3, 4, 5, 6, 7, 8, 9]
    assert repr(exons) == "ExonTable(8 genes, 9 exons)"


def test_genes_are_found_on_their_contig_and_strand(tmp_path: Path) -> None:
    exons = gx.read_exons(gtf(tmp_path, LINES))
    for gene, chrom, strand in (("A", "chr2", "+"), ("A", "chr1", "-"), ("C", "chr1", "+")):
        assert exons.of(gene, chrom, strand).shape == (0, 2)
    assert exons.of("P", "chrX", "+").tolist() == [[4, 9]]
    assert exons.of("P_chrY", "chrY", "+").tolist() == [[14, 19]]
    assert exons.of("ENSG00000000001.7", "chr2", "-").tolist() == [[29, 40]]


def test_versions_of_ensembl_ids_do_not_matter_where_there_is_one(tmp_path: Path) -> None:
    exons = gx.read_exons(gtf(tmp_path, LINES))
    assert exons.of("ENSG00000000001", "chr2", "+").tolist() == [[0, 1]]
    assert exons.of("ENSG00000000001.12", "chr2", "+").tolist() == [[0, 1]]
    assert exons.of("ENSG00000000002.2", "chr2", "+").tolist() == [[8, 9]]
    assert exons.of("ENSG00000000002", "chr2", "+").shape == (0, 2)


def test_contigs_have_other_names(tmp_path: Path) -> None:
    exons = gx.read_exons(gtf(tmp_path, LINES)).renamed({"chr1": "1"}.get)
    assert exons.of("A", "1", "+").tolist() == [[100, 270], [400, 450]]
    assert exons.of("P", "chrX", "+").tolist() == [[4, 9]]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line("chr1", "gene", 1, 900, "+", "A")], "holds no exon"),
        (["chr1\t100\t200"], "expected 9 tab-separated columns, found 3"),
        ([line("chr1", "exon", 9, 5, "+", "A")], "start <= end"),
        ([line("chr1", "exon", 1, 5, "+", "")], "no gene_id"),
        ([line("chr1", "exon", 0, 5, "+", "A")], "start"),
    ],
)
def test_refusals_name_the_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        gx.read_exons(gtf(tmp_path, lines))
    assert "g.gtf" in str(caught.value)
    assert "line" in str(caught.value)


def test_gff3_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="GFF3 is not read"):
        gx.read_exons(gtf(tmp_path, LINES, "g.gff3"))
    assert [is_gtf_name(name) for name in ("a.gtf", "a.GTF.gz", "a.tsv", "a.gff3")] == [True, True, False, False]


def test_many_random_intervals_against_sets(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [(f"g{rng.integers(4)}", int(s), int(s + rng.integers(1, 30))) for s in rng.integers(1, 400, 60)]
    exons = gx.read_exons(gtf(tmp_path, [line("c", "exon", s, e - 1 + 1, "+", g) for g, s, e in rows]))
    for gene in {g for g, _, _ in rows}:
        expected = {p for g, s, e in rows if g == gene for p in range(s - 1, e)}
        spans = exons.of(gene, "c", "+").tolist()
        assert {p for s, e in spans for p in range(s, e)} == expected
        assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
