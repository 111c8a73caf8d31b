"""Contig names: the ten commonest pairs, what is refused, and tables of other genomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.contigs import STRICT, ContigNames
from gxfast.types import GeneTable

# Lengths of chromosomes 1, 22, X and the mitochondrion; typed from the assemblies' reports.
LENGTHS = {
    "GRCh37": (249250621, 51304566, 155270560, 16569),
    "GRCh38": (248956422, 50818468, 156040895, 16569),
    "T2T-CHM13v2.0": (248387328, 51324926, 154259566, 16569),
}
NAMES = {
    "ensembl": {"GRCh37": ("1", "22", "X", "MT"), "GRCh38": ("1", "22", "X", "MT"),
                "T2T-CHM13v2.0": ("1", "22", "X", "MT")},
    "ucsc": {"GRCh37": ("chr1", "chr22", "chrX", "chrM"), "GRCh38": ("chr1", "chr22", "chrX", "chrM"),
             "T2T-CHM13v2.0": ("chr1", "chr22", "chrX", "chrM")},
    "refseq": {"GRCh37": ("NC_000001.10", "NC_000022.10", "NC_000023.10", "NC_012920.1"),
               "GRCh38": ("NC_000001.11", "NC_000022.11", "NC_000023.11", "NC_012920.1"),
               "T2T-CHM13v2.0": ("NC_060925.1", "NC_060946.1", "NC_060947.1", "CP068254.1")},
    "genbank": {"GRCh37": ("CM000663.1", "CM000684.1", "CM000685.1", "J01415.2"),
                "GRCh38": ("CM000663.2", "CM000684.2", "CM000685.2", "J01415.2"),
                "T2T-CHM13v2.0": ("CP068277.2", "CP068256.2", "CP068255.2", "CP068254.1")},
}  # fmt: skip
PAIRS = [("ucsc", "ensembl"), ("ensembl", "ucsc"), ("ucsc", "refseq"), ("refseq", "ucsc"), ("ensembl", "refseq"),
         ("refseq", "ensembl"), ("ucsc", "genbank"), ("genbank", "ucsc"), ("ensembl", "genbank"),
         ("genbank", "refseq")]  # fmt: skip


@pytest.mark.parametrize("assembly", list(LENGTHS))
@pytest.mark.parametrize(("reference", "other"), PAIRS)
def test_the_ten_commonest_pairs(reference: str, other: str, assembly: str) -> None:
    ours, theirs = NAMES[reference][assembly], NAMES[other][assembly]
    names = ContigNames(dict(zip(ours, LENGTHS[assembly], strict=True)))
    assert names.by == assembly
    assert [names.find(name) for name in theirs] == list(ours)
    assert [names.find(name) for name in ours] == list(ours)


@pytest.mark.parametrize(
    ("contig", "name"),
    [
        ("chr1_KI270762v1_alt", "KI270762.1"),
        ("KI270762.1", "chr1_KI270762v1_alt"),
        ("chr1_KN196472v1_fix", "KN196472.1"),
        ("chrUn_GL000220v1", "GL000220.1"),
        ("GL000191.1", "chr1_gl000191_random"),
        ("chr2L", "2L"),
        ("I", "chrI"),
    ],
)
def test_patches_and_other_genomes(contig: str, name: str) -> None:
    assert ContigNames({contig: 1000, "other": 5}).find(name) == contig


def test_the_numbers_of_plink() -> None:
    names = ContigNames({"chr1": 248956422, "chrX": 156040895, "chrM": 16569})
    assert [names.find(name) for name in ("23", "26", "25")] == ["chrX", "chrM", None]


def test_another_assembly_is_not_found() -> None:
    names = ContigNames({"chr1": 248956422, "chr2": 242193529})
    assert names.find("NC_000001.10") is None
    assert "GRCh37" in names.why_not("NC_000001.10")
    assert names.find("1", 249250621) is None
    assert names.why_not("1", 249250621) == "'1' has 249250621 bases, chr1 248956422"


def test_hg19_has_another_mitochondrion() -> None:
    names = ContigNames({"chr1": 249250621, "chrM": 16571})
    assert names.find("1") == "chr1"
    assert names.find("MT") is None
    assert "hg19" in names.why_not("MT")
    assert ContigNames({"1": 249250621, "MT": 16569}).find("chrM", 16571) is None


def test_two_assemblies_that_fit_and_differ() -> None:
    """Three assemblies have a mitochondrion of 16,569 bases; for two of them it is NC_012920.1."""
    names = ContigNames({"chrM": 16569})
    assert names.find("MT") == "chrM"
    assert names.find("NC_012920.1") is None
    assert "could be" in names.why_not("NC_012920.1")


def test_one_name_for_two_contigs() -> None:
    names = ContigNames({"chr1": 1000, "Chr1": 1000})
    assert names.find("1") is None
    assert names.find("chr1") == "chr1"
    assert names.why_not("1") == "'1' could be chr1 or Chr1"


def test_lengths_of_no_assembly() -> None:
    names = ContigNames({"chr1": 2000})
    assert names.by == "prefix"
    assert names.find("1") == "chr1"
    assert names.find("NC_000001.11") is None
    assert names.like("NC_000001.11") == "chr1"


def test_strict() -> None:
    names = ContigNames({"chr1": 248956422}, STRICT)
    assert names.find("1") is None
    assert names.spellings("chr1") == ()


def test_a_table(tmp_path: Path) -> None:
    table = tmp_path / "names.tsv"
    table.write_text("# name\talias\nAt1\tNC_003070.9\tChr1\nAt2\tNC_003071.7\n")
    names = ContigNames({"At1": 10, "At2": 20}, table)
    assert [names.find(name) for name in ("NC_003070.9", "Chr1", "NC_003071.7", "Pt")] == ["At1", "At1", "At2", None]
    assert names.by == "names.tsv"


def test_a_report_of_ncbi(tmp_path: Path) -> None:
    table = tmp_path / "assembly_report.txt"
    head = ["Sequence-Name", "Sequence-Role", "Assigned-Molecule", "Assigned-Molecule-Location/Type", "GenBank-Accn",
            "Relationship", "RefSeq-Accn", "Assembly-Unit", "Sequence-Length", "UCSC-style-name"]  # fmt: skip
    rows = [["1", "assembled-molecule", "1", "Chromosome", "CM000994.3", "=", "NC_000067.7", "C57", "9", "chr1"],
            ["MT", "assembled-molecule", "MT", "Mito", "AY172335.1", "=", "NC_005089.1", "C57", "9", "na"]]  # fmt: skip
    table.write_text("# " + "\t".join(head) + "\n" + "".join("\t".join(row) + "\n" for row in rows))
    names = ContigNames({"chr1": 10, "MT": 5}, table)
    assert [names.find(name) for name in ("NC_000067.7", "NC_005089.1", "=")] == ["chr1", "MT", None]


@pytest.mark.parametrize(("text", "part"), [("a\tb\nc\tb\n", "'b' is in two rows"), ("a\n", "expected a name")])
def test_a_table_that_says_nothing(tmp_path: Path, text: str, part: str) -> None:
    table = tmp_path / "names.tsv"
    table.write_text(text)
    with pytest.raises(InputError, match=part):
        ContigNames({"a": 1}, table)


def test_genes_and_variants() -> None:
    names = ContigNames({"chr1": 100})
    genes = GeneTable(("a", "b"), ("a", "b"), ("1", "9"), np.array([3, 4]), ("+", "-"))
    assert names.genes(genes).chrom == ("chr1", "9")
    assert names.variant_id("1_55_A_T") == "chr1_55_A_T"
    (told,) = names.renamed("genes", genes.chrom)
    assert told.text == "genes: 1 as chr1: same name with and without chr"
