"""Files of labels as others write them, typed by hand."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.variant_tables import LABEL_FORMATS, _frame, find_duplicates, read_labels


def put(path, *rows, sep="\t"):
    path.write_text("".join(sep.join(row.split(" ")) + "\n" for row in rows))
    return path


def places(table):
    return list(zip(table.chrom.tolist(), table.position.tolist(), table.ref.tolist(), table.alt.tolist(), strict=True))


def values(table):
    return {name: column.tolist() for name, column in table.columns.items()}


EQTL_HEAD = "molecular_trait_id gene_id cs_id variant rsid cs_size pip pvalue beta se z cs_min_r2 region"


def test_eqtl_catalogue(tmp_path):
    path = put(
        tmp_path / "QTD1.credible_sets.tsv",
        EQTL_HEAD,
        "ENST1 ENSG1 ENSG1_L1 chr1_123_A_G rs1 2 0.75 1e-9 -0.5 0.1 -5 1 chr1:1-900",
        "ENST1 ENSG1 ENSG1_L1 chr1_123_A_G rs2 2 0.75 1e-9 -0.5 0.1 -5 1 chr1:1-900",
        "ENST1 ENSG1 ENSG1_L1 chr1_130_AT_A rs3 2 0.25 1e-8 0.25 0.1 2.5 1 chr1:1-900",
    )
    table = read_labels(path)
    assert places(table) == [("chr1", 122, "A", "G"), ("chr1", 129, "AT", "A")]
    assert values(table) == {
        "gene_id": ["ENSG1", "ENSG1"], "beta": [-0.5, 0.25], "se": [0.1, 0.1], "p": [1e-9, 1e-8], "pip": [0.75, 0.25],
        "cs_id": ["ENSG1_L1", "ENSG1_L1"], "z": [-5, 2.5], "trait_id": ["ENST1", "ENST1"],
    }  # fmt: skip
    assert table.signed == ("beta", "z")
    assert table.counts == {"rows that differ in the rsid alone": 1}
    assert table.source == str(path)


def test_fine_mapping_release_of_gtex(tmp_path):
    path = tmp_path / "GTEx.tsv.bgz"
    write_bgzf(
        path,
        b"chromosome\tstart\tend\tvariant\tvariant_hg38\tallele1\tallele2\tminor_allele\tcohort\tmethod\ttissue\tgene\tmaf\t"
        b"beta_marginal\tse_marginal\tz\tpip\tcs_id\tbeta_posterior\tsd_posterior\n"
        b"chr1\t99\t100\tchr1_100_G_A\tchr1_170_G_A_b38\tG\tA\tA\tGTEx\tSUSIE\tLiver\tENSG1.2\t0.25\t0.5\t0.25\t2\t0.125\t"
        b"-1\t0.01\t0.02\n",
    )
    table = read_labels(path)
    assert places(table) == [("chr1", 169, "G", "A")]
    found = values(table)
    assert found.pop("p") == [pytest.approx(0.04550026)]  # two-sided normal p of z = 2
    assert found == {
        "gene_id": ["ENSG1.2"], "tissue": ["Liver"], "study": ["GTEx"], "method": ["SUSIE"], "beta": [0.5],
        "se": [0.25], "pip": [0.125], "cs_id": [""], "maf": [0.25], "beta_posterior": [0.01], "z": [2.0],
    }  # fmt: skip
    assert table.signed == ("beta", "beta_posterior", "z")
    assert "ALT and beta are of allele2" in table.notes
    assert "names of variants say b38" in table.notes


def test_fine_mapping_release_without_a_header(tmp_path):
    """The release of UKBB: a BED whose columns are named in a file beside it; the end is the 1-based position."""
    (tmp_path / "UKBB.cols").write_text(
        "chromosome\tof hg19\nstart\nend\nvariant\nallele1\nallele2\ncohort\nmethod\ntrait\npip\ncs_id\tor -1\n"
    )
    rows = b"chr2\t10\t11\t2:11:A:C\tA\tC\tUKBB\tFINEMAP\tBMI\t0.5\t1\n"
    rows += b"chr2\t12\t14\t2:13:A:AC\tAC\tA\tUKBB\tFINEMAP\tBMI\t0.25\t-1\n"
    (tmp_path / "UKBB.bed.gz").write_bytes(gzip.compress(rows))
    table = read_labels(tmp_path / "UKBB.bed.gz")
    assert places(table) == [("2", 10, "A", "C"), ("2", 12, "AC", "A")]
    assert values(table) == {
        "tissue": ["BMI"] * 2, "study": ["UKBB"] * 2, "method": ["FINEMAP"] * 2, "pip": [0.5, 0.25], "cs_id": ["1", ""],
    }  # fmt: skip
    assert "1 of its names have allele2 first" in table.notes
    (tmp_path / "UKBB.bed.gz").write_bytes(gzip.compress(rows.replace(b"0.25", b"x")))
    with pytest.raises(InputError, match="line 2: pip must be a finite decimal number, found 'x'"):
        read_labels(tmp_path / "UKBB.bed.gz")


def test_gtex_pairs(tmp_path):
    path = put(
        tmp_path / "Whole_Blood.v10.eQTLs.signif_pairs.txt",
        "variant_id gene_id tss_distance ma_samples ma_count af pval_nominal slope slope_se pval_beta",
        "chr1_64764_C_T_b38 ENSG00000227232.5 35211 49 51 0.75 1e-10 0.5 0.125 1e-30",
        "chrX_70000_CA_C_b38 ENSG00000227232.5 -5 49 51 0.25 0 -0.5 0.125 1e-30",
    )
    table = read_labels(path)
    assert places(table) == [("chr1", 64763, "C", "T"), ("chrX", 69999, "CA", "C")]
    assert values(table) == {
        "gene_id": ["ENSG00000227232.5"] * 2, "beta": [0.5, -0.5], "se": [0.125, 0.125], "p": [1e-10, 0],
        "af": [0.75, 0.25], "tss_distance": [35211, -5], "tissue": ["Whole_Blood"] * 2,
    }  # fmt: skip
    assert table.frequencies == ("af",)
    assert "the tissue is that of the file's name, Whole_Blood" in table.notes


def test_tensorqtl(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    nominal = {
        "phenotype_id": ["G1", "G1"], "variant_id": ["chr1_5_A_C", "chr1_9_T_G"], "start_distance": [4, 8],
        "end_distance": [1, 2], "af": [0.25, 0.5], "ma_samples": [1, 2], "ma_count": [1, 2],
        "pval_nominal": [0.5, 0.25], "slope": [1.5, None], "slope_se": [0.5, None],
    }  # fmt: skip
    pq.write_table(pa.table(nominal), tmp_path / "x.parquet")
    table = read_labels(tmp_path / "x.parquet")
    assert places(table) == [("chr1", 4, "A", "C"), ("chr1", 8, "T", "G")]
    assert table.columns["tss_distance"].tolist() == [4, 8]
    assert table.columns["beta"][0] == 1.5
    assert np.isnan(table.columns["beta"][1])
    susie = {"phenotype_id": ["G1"], "variant_id": ["chr1_5_A_C"], "pip": [0.5], "af": [0.25], "cs_id": [1]}
    pq.write_table(pa.table(susie), tmp_path / "susie.parquet")
    assert values(read_labels(tmp_path / "susie.parquet")) == {
        "gene_id": ["G1"], "pip": [0.5], "cs_id": ["1"], "af": [0.25]
    }  # fmt: skip
    independent = put(
        tmp_path / "independent.tsv",
        "phenotype_id num_var variant_id start_distance af pval_nominal slope slope_se rank",
        "G1 7 chr1_5_A_C 4 0.25 0.5 1.5 0.5 2",
    )  # fmt: skip
    assert read_labels(independent, format="tensorqtl").columns["cs_id"].tolist() == ["2"]


def test_traitgym(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {
        "chrom": ["1", "X"], "pos": [7, 8], "ref": ["a", "C"], "alt": ["G", "T"], "label": [True, False],
        "consequence": ["intron_variant", None], "tss_dist": [12, 13], "MAF": [0.25, float("nan")],
        "match_group": ["g_1", "g_1"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "test.parquet")
    table = read_labels(tmp_path / "test.parquet")
    assert places(table) == [("1", 6, "A", "G"), ("X", 7, "C", "T")]
    assert table.columns["causal"].tolist() == [1, 0]
    assert table.columns["consequence"].tolist() == ["intron_variant", ""]
    assert table.columns["maf"][0] == 0.25
    assert np.isnan(table.columns["maf"][1])
    assert table.columns["tss_distance"].tolist() == [12, 13]
    assert table.columns["match_group"].tolist() == ["g_1", "g_1"]
    assert table.signed == table.frequencies == ()


CLINVAR = """##fileformat=VCFv4.1
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
1\t100\t1\tA\tG\t.\t.\tCLNSIG=Pathogenic/Likely_pathogenic;CLNVC=single_nucleotide_variant;MC=SO:0001583|missense_variant
1\t101\t2\tC\tT\t.\t.\tCLNVC=single_nucleotide_variant;CLNSIG=Likely_benign;MC=SO:1|intron_variant,SO:2|other
1\t102\t3\tC\tT\t.\t.\tCLNSIG=Uncertain_significance
1\t103\t4\tC\tT\t.\t.\tCLNSIG=Conflicting_classifications_of_pathogenicity
1\t104\t5\tC\t.\t.\t.\tCLNSIG=Benign
1\t105\t6\tC\tT\t.\t.\tCLNSIG=drug_response
1\t106\t7\tC\tT\t.\t.\tCLNHGVS=x
1\t107\t8\tC\tCAA\t.\t.\tCLNSIG=Pathogenic|risk_factor;CLNVC=Duplication
"""


def test_clinvar(tmp_path):
    path = tmp_path / "clinvar.vcf.gz"
    path.write_bytes(gzip.compress(CLINVAR.encode()))
    table = read_labels(path)
    assert places(table) == [("1", 99, "A", "G"), ("1", 100, "C", "T"), ("1", 106, "C", "CAA")]
    assert values(table) == {
        "causal": [1, 0, 1], "consequence": ["missense_variant", "intron_variant", ""],
        "variant_class": ["single_nucleotide_variant", "single_nucleotide_variant", "Duplication"],
    }  # fmt: skip
    assert table.counts == {
        "left out: another class": 1, "left out: conflicting": 1, "left out: no alleles of A, C, G and T": 1,
        "left out: uncertain": 1, "left out: without CLNSIG": 1,
    }  # fmt: skip
    path.write_bytes(gzip.compress(CLINVAR.replace("\t103\t", "\t0\t").encode()))
    with pytest.raises(InputError, match="line 6: POS must be a whole number from 1"):
        read_labels(path)
    path.write_bytes(gzip.compress(CLINVAR.replace("CLNSIG", "X").encode()))
    with pytest.raises(InputError, match="no record has a CLNSIG"):
        read_labels(path)


@pytest.mark.parametrize(("sep", "name"), [("\t", "a.tsv"), (",", "a.csv"), (" ", "a.txt")])
def test_any_table(tmp_path, sep, name):
    path = put(
        tmp_path / name, "Chr position REF ALT gene effect pvalue causal ancestry", "chr1 5 A g G1 0.5 NA yes AFR",
        "chr1 6 C T G2 -1 .5 0 EUR", sep=sep,
    )  # fmt: skip
    table = read_labels(path)
    assert places(table) == [("chr1", 4, "A", "G"), ("chr1", 5, "C", "T")]
    assert table.columns["beta"].tolist() == [0.5, -1]
    assert np.isnan(table.columns["p"][0])
    assert table.columns["causal"].tolist() == [1, 0]
    assert table.columns["ancestry"].tolist() == ["AFR", "EUR"]


def test_what_is_chosen_of_two_columns_is_said(tmp_path):
    path = put(tmp_path / "a.tsv", "chrom pos ref alt beta slope", "1 5 A G 1 2")
    table = read_labels(path)
    assert table.columns["beta"].tolist() == [1]
    assert table.notes == ("beta is the column beta, not slope",)


def test_long_alleles_are_left_out_and_counted(tmp_path):
    long = "A" * 51
    path = put(tmp_path / "a.tsv", "variant_id pip", f"1_5_{long}_A 0.5", f"1_6_{long[1:]}_A 0.25", f"1_7_A_C{long} 0")
    table = read_labels(path)
    assert table.position.tolist() == [5]
    assert table.columns["pip"].tolist() == [0.25]
    assert table.counts == {"left out: an allele of more than 50 bases": 2}


HEAD = "chrom pos ref alt gene_id beta pip"
BAD = {
    "a missing column": ((HEAD.replace(" alt", ""), "1 5 A G1 1 0.5"), "has neither chrom, pos, ref, alt nor"),
    "nothing known": (("chrom pos ref alt gene_id", "1 5 A G G1"), "no column says anything of the variants"),
    "text": ((HEAD, "1 5 A G G1 1 0.5", "1 6 A G G1 1 high"), "line 3: pip must be a finite decimal number"),
    "infinite": ((HEAD, "1 5 A G G1 inf 0.5"), "line 2: beta must be a finite decimal number, found 'inf'"),
    "too large": ((HEAD, "1 5 A G G1 1e999 0.5"), "line 2: beta must be a finite decimal number, found '1e999'"),
    "digit groups": ((HEAD, "1 5 A G G1 1_0 0.5"), "line 2: beta must be a finite decimal number, found '1_0'"),
    "pip of 1.5": ((HEAD, "1 5 A G G1 1 0.5", "1 5 A G G1 1 1.5"), "line 3: pip 1.5 is no probability"),
    "pip below 0": ((HEAD, "1 5 A G G1 1 -0.1"), "line 2: pip -0.1 is no probability"),
    "se below 0": (("variant_id se", "1_5_A_G -1"), "line 2: se -1 is not 0 or more"),
    "af of 2": (("variant_id eaf", "1_5_A_G 2"), "line 2: eaf 2 is not between 0 and 1"),
    "label of 2": (("variant_id label", "1_5_A_G 2"), "line 2: label 2 is not 0 or 1"),
    "position 0": ((HEAD, "1 0 A G G1 1 0.5"), "line 2: pos must be a whole number from 1"),
    "position 0 of a name": (("variant_id pip", "1_0_A_G 0.5"), "line 2: the position is 0"),
    "position of text": ((HEAD, "1 5.5 A G G1 1 0.5"), "line 2: pos must be a whole number from 1 to 2147483647"),
    "no contig": ((HEAD, "NA 5 A G G1 1 0.5"), "line 2: the contig is empty"),
    "other letters": ((HEAD, "1 5 A G G1 1 0.5", "1 5 A N G1 1 0.5"), "line 3: ALT 'N' is not spelled"),
    "symbols": ((HEAD, "1 5 <DEL> G G1 1 0.5"), "line 2: REF '<DEL>' is not spelled"),
    "no allele": ((HEAD, "1 5 . G G1 1 0.5"), "line 2: REF '' is not spelled"),
    "one allele": ((HEAD, "1 5 G G G1 1 0.5"), "line 2: REF and ALT are the same"),
    "two builds": (("variant_id pip", "1_5_A_G_b37 0.5", "1_5_A_G_b38 0.5"), "names of variants are of b37 and b38"),
    "a rsid": (("variant_id pip", "1_5_A_G 0.5", "rs17 0.5"), "line 3: variant 'rs17' is not chrom_pos_ref_alt"),
    "two places": (("chrom pos ref alt variant_id pip", "1 5 A G 1_6_A_G 0.5"), "variant_id names another place"),
    "a BED": (("chrom start end ref alt pip", "1 4 5 A G 0.5"), "positions are intervals, as in a BED"),
    "no header": (("chr1 4 5 A G 0.5", "chr1 5 6 A G 0.25"), "the first line is no header"),
    "no rows": ((HEAD,), "the table has no rows"),
    "ragged": ((HEAD, "1 5 A G G1 1"), "line 2: the row has 6 cells, the header has 7"),
    "a gap": ((HEAD, "1 5 A G G1 1 0", "", "1 5 A G G1 1 0"), "line 3: the line is empty"),
    "a column twice": (("variant_id pip pip", "1_5_A_G 0 0"), "column 'pip' is there twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_what_is_refused(tmp_path, name):
    rows, message = BAD[name]
    path = put(tmp_path / "a.tsv", *rows)
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert message in str(caught.value)
    assert caught.value.path == str(path)
    assert caught.value.remedy


def test_files_that_are_none(tmp_path):
    path = tmp_path / "a.tsv.gz"
    whole = gzip.compress(b"variant_id\tpip\n" + b"1_5_A_G\t0.5\n" * 5000)
    for content, message in ((b"", "is empty"), (whole[:-30], "cut off or damaged"), (b"PAR1 no PAR1", "no Parquet")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_labels(path)
    with pytest.raises(InputError, match="cannot open"):
        read_labels(tmp_path / "b.tsv")


def test_formats_by_name(tmp_path):
    path = put(tmp_path / "a.tsv", "phenotype_id variant_id pip", "G1 1_5_A_G 0.5")
    assert len(read_labels(path, format="susie")) == 1
    with pytest.raises(InputError, match="no column allele1, allele2, cohort, method"):
        read_labels(path, format="finucane")
    with pytest.raises(InputError, match="unknown; did you mean 'susie'") as caught:
        read_labels(path, format="suzie")
    assert all(name in str(caught.value.remedy) for name in LABEL_FORMATS)


def test_some_rows(tmp_path):
    path = put(
        tmp_path / "a.tsv", "variant_id tissue method pip", "1_5_A_G Liver SUSIE 0.5", "1_6_A_G Lung SUSIE 0.25",
        "1_7_A_G Liver FINEMAP 0.125", "1_8_A_G Brain SUSIE 1", "1_9_A_G Brain FINEMAP 2",
    )  # fmt: skip
    table = read_labels(path, only={"tissue": ["Liver", "Brain"], "method": "SUSIE"})
    assert table.position.tolist() == [4, 7]
    assert table.columns["pip"].tolist() == [0.5, 1]
    with pytest.raises(InputError, match="line 6: pip 2 is no probability"):
        read_labels(path, only={"method": ["FINEMAP"]})
    with pytest.raises(InputError, match="no rows that were asked for"):
        read_labels(path, only={"tissue": "liver"})
    with pytest.raises(InputError, match="cannot be chosen by 'tissues'; did you mean 'tissue'"):
        read_labels(path, only={"tissues": "Liver"})


def test_exons_of_a_gene_are_told_apart(tmp_path):
    path = put(
        tmp_path / "QTD2.all.tsv", "molecular_trait_id chromosome position ref alt variant pvalue beta gene_id rsid",
        "G1.e1 1 5 A C chr1_5_A_C 1e-9 0.5 G1 rs1", "G1.e2 1 5 A C chr1_5_A_C 1e-9 -0.5 G1 rs1",
    )  # fmt: skip
    table = read_labels(path)
    assert table.columns["trait_id"].tolist() == ["G1.e1", "G1.e2"]
    assert table.columns["gene_id"].tolist() == ["G1", "G1"]
    assert find_duplicates(table).rows.size == 0
    put(path, "molecular_trait_id variant pvalue beta gene_id", "G1 chr1_5_A_C 1e-9 0.5 G1")
    assert "trait_id" not in read_labels(path).columns


def test_ratios_and_fold_changes_are_effects(tmp_path):
    path = put(tmp_path / "or.tsv", "chrom pos ref alt pip OR", "1 5 A C 0.9 2", "1 6 A C 0.9 0.5", "1 7 A C 0.9 0")
    table = read_labels(path)
    assert table.columns["beta"] == pytest.approx([np.log(2), -np.log(2), np.nan], nan_ok=True)
    assert table.signed == ("beta",)
    assert "odds_ratio" not in table.columns
    assert "beta is the logarithm of the odds ratio" in table.notes
    put(path, "chrom pos ref alt pip OR beta", "1 5 A C 0.9 2 0.25")
    assert read_labels(path).columns["beta"].tolist() == [0.25]
    put(path, "chrom pos ref alt pip OR", "1 5 A C 0.9 -2")
    with pytest.raises(InputError, match="line 2: OR -2 is not 0 or more"):
        read_labels(path)
    path = put(
        tmp_path / "Brain_Cortex.v10.eQTLs.SuSiE_summary.tsv",
        "phenotype_id variant_id pip af cs_id cs_size afc afc_se",
        "ENSG1.3 chr1_5_A_C_b38 0.95 0.25 1 7 -0.5 0.125",
    )  # fmt: skip
    table = read_labels(path)
    assert (table.columns["beta"].tolist(), table.columns["se"].tolist()) == ([-0.5], [0.125])


def test_places_of_hail(tmp_path):
    path = put(tmp_path / "a.tsv", "locus alleles pip", 'chr1:5 ["A","C"] 0.9', 'chr2:7 ["AT","A"] 0.1')
    right = [("chr1", 4, "A", "C"), ("chr2", 6, "AT", "A")]
    assert places(read_labels(path)) == right
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    loci = [{"contig": "chr1", "position": 5}, {"contig": "chr2", "position": 7}]
    for locus in (["chr1:5", "chr2:7"], loci):
        table = pyarrow.table({"locus": locus, "alleles": [["A", "C"], ["AT", "A"]], "pip": [0.9, 0.1]})
        parquet.write_table(table, tmp_path / "a.parquet")
        assert places(read_labels(tmp_path / "a.parquet")) == right
    put(path, "locus alleles pip", 'chr1:5 ["A","C","G"] 0.9')
    with pytest.raises(InputError, match="line 2: variant 'chr1:5:A:C:G' is not chrom_pos_ref_alt"):
        read_labels(path)


def test_blocks_of_lines_change_nothing(tmp_path, monkeypatch):
    """One block or many, with cells in quotes or without: the same rows, and the same lines in messages."""
    lines = [f"1 {pos} A C {pos / 1000} x{pos % 3}" for pos in range(1, 60)]
    plain = put(tmp_path / "plain.tsv", "chrom pos ref alt pip tissue", *lines)
    quoted = put(tmp_path / "quoted.tsv", "chrom pos ref alt pip tissue", *lines[:30], *[
        line.replace("x", '"x') + '"' for line in lines[30:]
    ])  # fmt: skip
    whole = read_labels(plain)
    for cells in (1, 42, 1 << 20):
        monkeypatch.setattr(_frame, "_CELLS", cells)
        for path in (plain, quoted):
            table = read_labels(path)
            assert values(table) == values(whole)
            assert places(table) == places(whole)
        put(tmp_path / "bad.tsv", "chrom pos ref alt pip tissue", *lines[:20], "", *lines[20:])
        with pytest.raises(InputError, match="line 22: the line is empty"):
            read_labels(tmp_path / "bad.tsv")
        put(tmp_path / "bad.tsv", "chrom pos ref alt pip tissue", *lines, "1 70 A C 2 x", "", "")
        with pytest.raises(InputError, match="line 61: pip 2 is no probability"):
            read_labels(tmp_path / "bad.tsv")
        put(tmp_path / "bad.tsv", "chrom pos ref alt pip tissue", *lines, "1 70 A C 0.5", "1 71 A C 0.5 x")
        with pytest.raises(InputError, match="line 61: the row has 5 cells, the header has 6"):
            read_labels(tmp_path / "bad.tsv")


def test_rows_are_chosen_by_what_is_there(tmp_path):
    rows = "chrom pos ref alt pip method", "chr1 5 A G 0.9 SUSIE", "chr1 6 A G 0.8 FINEMAP", "chr1 7 A G 0.7 SUSIE"
    path = put(tmp_path / "labels.tsv", *rows)
    assert len(read_labels(path, only={"method": "SUSIE"})) == 2
    with pytest.raises(InputError, match=r"no row has the method 'FINEMP'"):
        read_labels(path, only={"method": ["SUSIE", "FINEMP"]})
    with pytest.raises(InputError, match="neither a column nor the name of the file tells the tissue"):
        read_labels(path, only={"tissue": "Liver"})


def test_a_tissue_that_the_name_of_the_file_tells(tmp_path):
    head = "variant_id gene_id tss_distance ma_samples ma_count maf pval_nominal slope slope_se pval_nominal_threshold "
    head += "min_pval_nominal pval_beta"
    path = put(tmp_path / "Liver.v8.signif_variant_gene_pairs.txt", head,
               "chr1_5_A_G_b38 ENSG1 10 5 5 0.1 1e-9 0.5 0.1 1e-5 1e-9 1e-8")  # fmt: skip
    assert read_labels(path, only={"tissue": "Liver"}).columns["tissue"].tolist() == ["Liver"]
    with pytest.raises(InputError, match="no row has the tissue 'Brain'"):
        read_labels(path, only={"tissue": "Brain"})
