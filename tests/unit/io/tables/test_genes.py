"""Genes from BED, tables with a header, and GTF: hand-made files with known TSSs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.tables import read_genes

TSV = "gene_id\tchrom\ttss\tstrand\tname\nG1\tchr1\t101\t+\tone\nG2\tchr2\t1\t-\ttwo\n"


def save(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def summary(path: Path) -> list[tuple[str, str, str, int, str]]:
    g = read_genes(path)
    return list(zip(g.gene_id, g.name, g.chrom, g.tss.tolist(), g.strand, strict=True))


EXPECTED = [("G1", "one", "chr1", 100, "+"), ("G2", "two", "chr2", 0, "-")]


@pytest.mark.parametrize(
    "text",
    [
        TSV,
        "\ufeff" + TSV.replace("\n", "\r\n"),
        TSV.replace("\t", ","),
        TSV.replace("\t", "  "),
        TSV.replace("gene_id", "#Gene") + "\n\n",
        '"gene_id","chrom","tss","strand","name"\n"G1","chr1",101,"+","one"\n"G2","chr2",1,"-","two"\n',
        "tss\textra\tstrand\tname\tgene\tchrom\n101\tx\t+\tone\tG1\tchr1\n1\ty\t-\ttwo\tG2\tchr2\n",
    ],
    ids=["tab", "bom-crlf", "comma", "spaces", "gene-hash", "quoted", "order"],
)
def test_table_positions_are_one_based(tmp_path: Path, text: str) -> None:
    assert summary(save(tmp_path, "genes.txt", text)) == EXPECTED


def test_compressed_tables(tmp_path: Path) -> None:
    packed = tmp_path / "genes.tsv.gz"
    packed.write_bytes(gzip.compress(TSV.encode()))
    assert summary(packed) == EXPECTED
    assert summary(write_bgzf(tmp_path / "blocks.tsv.gz", TSV.encode())) == EXPECTED


def test_bed_starts_are_zero_based(tmp_path: Path) -> None:
    text = "track name=x\nchr1\t100\t101\tG1\t0\t+\textra\nchr2\t0\t1\tG2\t.\t-\textra\n"
    expected = [("G1", "G1", "chr1", 100, "+"), ("G2", "G2", "chr2", 0, "-")]
    assert summary(save(tmp_path, "genes.bed", text)) == expected
    packed = tmp_path / "genes.bed.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert summary(packed) == expected


def test_gene_columns_of_a_qtltools_bed_under_any_name(tmp_path: Path) -> None:
    text = "#chr\tstart\tend\tgene\tlength\tstrand\tS1\nchr2\t99\t100\tG2\t7\t-\t0.5\n"
    assert summary(save(tmp_path, "expression.txt", text)) == [("G2", "G2", "chr2", 99, "-")]


def test_whole_gene_on_the_minus_strand_is_refused_but_plus_is_unambiguous(tmp_path: Path) -> None:
    plus = save(tmp_path, "plus.bed", "chr1\t100\t900\tG1\t0\t+\n")
    assert read_genes(plus).tss.tolist() == [100]
    minus = save(tmp_path, "minus.bed", "chr1\t100\t900\tG1\t0\t-\n")
    with pytest.raises(InputError, match="does not begin at a TSS") as caught:
        read_genes(minus)
    assert caught.value.record == "line 1"


def gtf(*rows: tuple[str, str, int, int, str, str]) -> str:
    lines = ["#!genome-build test"]
    for chrom, feature, start, end, strand, attributes in rows:
        lines.append(f"{chrom}\tsrc\t{feature}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}")
    return "\n".join(lines) + "\n"


def test_gtf_takes_gene_features_and_collapses_the_rest(tmp_path: Path) -> None:
    text = gtf(
        ("chr1", "gene", 100, 900, "+", 'gene_id "P.1"; gene_name "PLUS";'),
        ("chr1", "transcript", 50, 900, "+", 'gene_id "P.1"; transcript_id "t";'),
        ("chr2", "gene", 100, 900, "-", 'gene_id "M"; gene_type "x";'),
        ("chr3", "exon", 300, 400, "-", 'transcript_id "t"; ref_gene_id "no"; gene_id "E"; gene_name "EX";'),
        ("chr3", "exon", 500, 650, "-", 'transcript_id "u"; gene_id "E";'),
        ("chr3", "CDS", 500, 999, "-", 'gene_id "E";'),
        ("chr4", "exon", 70, 80, "+", "gene_id F"),
        ("chr4", "exon", 20, 30, "+", "gene_id F"),
    )
    expected = [
        ("P.1", "PLUS", "chr1", 99, "+"),  # start 100, not the 50 of the transcript
        ("M", "M", "chr2", 899, "-"),  # end 900
        ("E", "EX", "chr3", 649, "-"),  # largest exon end 650
        ("F", "F", "chr4", 19, "+"),  # smallest exon start 20
    ]
    assert summary(save(tmp_path, "genes.gtf", text)) == expected
    assert summary(save(tmp_path, "no_extension", text.split("\n", 1)[1])) == expected


def test_gtf_gene_feature_after_its_exons_wins(tmp_path: Path) -> None:
    text = gtf(
        ("1", "exon", 10, 20, "+", 'gene_id "A";'),
        ("1", "gene", 15, 90, "+", 'gene_id "A"; gene_name "N";'),
        ("1", "exon", 5, 20, "+", 'gene_id "A";'),
    )
    assert summary(save(tmp_path, "a.gtf", text)) == [("A", "N", "1", 14, "+")]


def ids(*rows: tuple[str, str, int, int, str, str], folder: Path) -> list[tuple[str, str, int, str]]:
    genes = read_genes(save(folder, "a.gtf", gtf(*rows)))
    return list(zip(genes.gene_id, genes.chrom, (genes.tss + 1).tolist(), genes.strand, strict=True))


def test_one_id_at_several_places(tmp_path: Path) -> None:
    """Pseudoautosomal genes of RefSeq; genes on alternate contigs; ids that are taken."""
    assert ids(
        ("chrY", "gene", 500, 600, "+", 'gene_id "P";'),
        ("chrY", "exon", 500, 600, "+", 'gene_id "P";'),
        ("chrX", "gene", 700, 800, "-", 'gene_id "P";'),
        ("chrX", "exon", 700, 800, "-", 'gene_id "P";'),
        ("1", "gene", 5, 6, "+", 'gene_id "P_chrY";'),
        folder=tmp_path,
    ) == [("P_chrY_2", "chrY", 500, "+"), ("P", "chrX", 800, "-"), ("P_chrY", "1", 5, "+")]
    assert ids(
        ("chr6_GL000250v2_alt", "exon", 5, 6, "+", 'gene_id "A";'), ("chr6", "exon", 9, 10, "+", 'gene_id "A";'),
        folder=tmp_path,
    ) == [("A_chr6_GL000250v2_alt", "chr6_GL000250v2_alt", 5, "+"), ("A", "chr6", 9, "+")]  # fmt: skip


def test_copies_of_a_gene_as_ucsc_names_them(tmp_path: Path) -> None:
    """The second place of NM_1 is NM_1_2; what UCSC does not call a copy is one gene, however far."""
    gene, first, second = 'gene_id "A"; ', 'transcript_id "NM_1";', 'transcript_id "NM_1_2";'
    assert ids(
        ("chr1", "transcript", 100, 200, "+", gene + first),
        ("chr1", "transcript", 900, 990, "+", gene + second),
        ("chr1", "exon", 950, 995, "+", gene + second),
        ("chr1", "transcript", 90, 120, "+", gene + 'transcript_id "NM_7";'),
        ("chr1", "transcript", 300, 310, "-", gene + 'transcript_id "NR_2_3";'),
        folder=tmp_path,
    ) == [("A", "chr1", 90, "+"), ("A_chr1", "chr1", 900, "+"), ("A_chr1_2", "chr1", 310, "-")]
    assert ids(
        ("chr1", "transcript", 900, 990, "+", gene + second), ("chr1", "transcript", 100, 200, "+", gene + first),
        folder=tmp_path,
    ) == [("A", "chr1", 900, "+"), ("A_chr1", "chr1", 100, "+")]  # fmt: skip
    assert ids(
        ("chr1", "transcript", 100, 200, "+", gene + 'transcript_id "T1";'),
        ("chr1", "transcript", 900, 990, "+", gene + 'transcript_id "T2";'),
        folder=tmp_path,
    ) == [("A", "chr1", 100, "+")]


def test_a_gene_without_a_strand_keeps_its_place(tmp_path: Path) -> None:
    assert ids(("1", "gene", 1, 9, "?", 'gene_id "A";'), folder=tmp_path) == [("A", "1", 1, ".")]


@pytest.mark.parametrize(
    ("rows", "message", "line"),
    [
        ([("1", "gene", 1, 9, "+", 'gene_id "A";'), ("1", "gene", 1, 9, "+", 'gene_id "A";')], "twice", 3),
        ([("1", "gene", 1, 9, "x", 'gene_id "A";')], "strand", 2),
        ([("1", "gene", 0, 9, "+", 'gene_id "A";')], "whole number", 2),
        ([("1", "gene", 9, 3, "+", 'gene_id "A";')], "start <= end", 2),
        ([("1", "gene", 1, 9, "+", "ID=gene:A")], "no gene_id", 2),
    ],
)
def test_bad_gtf(tmp_path: Path, rows: list[tuple[str, str, int, int, str, str]], message: str, line: int) -> None:
    path = save(tmp_path, "bad.gtf", gtf(*rows))
    with pytest.raises(InputError, match=message) as caught:
        read_genes(path)
    assert (caught.value.path, caught.value.record) == (str(path), f"line {line}")
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["empty.gtf", "x.gff3"])
def test_gtf_without_genes(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_genes(save(tmp_path, name, "#comment\n"))
    assert caught.value.remedy


HEAD = "gene_id\tchrom\ttss\tstrand\n"
BAD = {
    "zero": HEAD + "G\t1\t0\t+\n",
    "negative": HEAD + "G\t1\t-5\t+\n",
    "text": HEAD + "G\t1\tx\t+\n",
    "exponent": HEAD + "G\t1\t1.5e4\t+\n",
    "huge": HEAD + "G\t1\t1000000000000000000\t+\n",
    "very huge": HEAD + "G\t1\t" + "9" * 5000 + "\t+\n",
    "other digits": HEAD + "G\t1\t\u0661\t+\n",
    "no position": HEAD + "G\t1\t\t+\n",
    "bad strand": HEAD + "G\t1\t5\t1\n",
    "no strand": HEAD + "G\t1\t5\t\n",
    "no contig": HEAD + "G\t\t5\t+\n",
    "no id": HEAD + "\t1\t5\t+\n",
    "ragged": HEAD + "G\t1\t5\n",
    "open quote": HEAD + '"G\t1\t5\t+\n',
}


@pytest.mark.parametrize("case", BAD)
def test_bad_rows_name_their_line(tmp_path: Path, case: str) -> None:
    path = save(tmp_path, "genes.tsv", BAD[case])
    with pytest.raises(InputError) as caught:
        read_genes(path)
    assert (caught.value.path, caught.value.record) == (str(path), "line 2")
    assert caught.value.remedy


def test_duplicate_gene_names_both_lines(tmp_path: Path) -> None:
    path = save(tmp_path, "genes.tsv", HEAD + "G\t1\t5\t+\nH\t1\t5\t+\nG\t1\t9\t+\n")
    with pytest.raises(InputError, match="first on line 2") as caught:
        read_genes(path)
    assert caught.value.record == "line 4"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "ensembl,chrom,tss_hg19,symbol,strand\nE,1,5,S,+\n", "names no column gene, tss"),
        ("a.tsv", "gene_id\tchrom\ttss\ttss\tstrand\nE\t1\t5\t5\t+\n", "names tss twice"),
        ("a.bed", "#chr\tstart\tend\tgene_id\tS1\tS2\n1\t4\t5\tG\t1\t2\n", "no strand"),
        ("b.bed", "1\t4\t5\tG\n", "6 or more columns"),
        ("c.bed", "1\t-4\t5\tG\t0\t+\n", "start must be"),
        ("d.bed", "1\t5\t5\tG\t0\t+\n", "does not begin"),
        ("e.bed", "1\t4\t5\tG\t0\t.\n", "strand must be"),
        ("a.tsv", HEAD, "holds no gene"),
        ("a.bed", "#c\n", "holds no gene"),
        ("a.tsv", "\n", "names no column"),
        ("a.tsv", "gene_id\0", "not text"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_genes(save(tmp_path, name, text))
    assert caught.value.path
    assert caught.value.record
    assert caught.value.remedy


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot open"):
        read_genes(tmp_path / "absent.tsv")
    with pytest.raises(InputError, match="not a regular file"):
        read_genes(tmp_path)
    (tmp_path / "latin").write_bytes(HEAD.encode() + b"G\xe9\t1\t5\t+\n")
    with pytest.raises(InputError, match="UTF-8") as caught:
        read_genes(tmp_path / "latin")
    assert caught.value.record == "line 2"


def test_cut_off_compression(tmp_path: Path) -> None:
    rows = HEAD + "".join(f"G{i}\tchr{i % 22}\t{i * 7919 % 99991 + 1}\t+\n" for i in range(5000))
    gz, blocks = tmp_path / "cut.tsv.gz", write_bgzf(tmp_path / "cut.bgz", rows.encode())
    gz.write_bytes(gzip.compress(rows.encode())[:-3000])
    blocks.write_bytes(blocks.read_bytes()[:-28])
    for path in (gz, blocks):
        with pytest.raises(InputError, match="cut off") as caught:
            read_genes(path)
        assert caught.value.remedy


def test_real_expression_bed(data_dir: Path) -> None:
    path = data_dir / "geuvadis_chr22/expr/geuvadis358.chr22.rpkm.bed.gz"
    if not path.exists():
        pytest.skip("no Geuvadis chr22 expression")
    genes = read_genes(path)
    assert len(genes) == 560
    assert (genes.gene_id[0], genes.chrom[0], int(genes.tss[0])) == ("ENSG00000215270.3", "chr22", 16122719)
    assert (genes.strand.count("+"), genes.strand.count("-")) == (305, 255)
    with pytest.raises(InputError, match="no strand"):
        read_genes(path.with_name("geuvadis373.chr22.normalised.bed.gz"))
