"""Files of scores as models write them, typed by hand."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.variant_tables import SCORE_FORMATS, join, read_scores

from .conftest import make_table
from .test_labels import places, put, values

OWN = "gene_id variant_id chrom pos ref alt dosage_freq ism quantile abs_quantile eqtl_slope eqtl_r eqtl_p is_driver"


def test_own_table(tmp_path):
    head, row = (
        OWN.split(" "),
        ["G1", "chr1_5_A_G", "chr1", "5", "A", "G", "0.25", "-0.5", "0.1", "0.75", "", "", "", ""],
    )
    path = tmp_path / "m.variants.tsv.gz"
    write_bgzf(path, ("\t".join(head) + "\n" + "\t".join(row) + "\n").encode())
    table = read_scores(path)
    assert places(table) == [("chr1", 4, "A", "G")]
    assert values(table) == {"gene_id": ["G1"], "ism": [-0.5], "abs_quantile": [0.75]}
    assert table.signed == ("ism",)
    assert list(read_scores(path, columns=["abs_quantile"]).columns) == ["gene_id", "abs_quantile"]


def test_own_table_with_tracks(tmp_path):
    path = put(
        tmp_path / "m.variants.tsv", "gene_id variant_id chrom pos ref alt dosage_freq track ism",
        "G1 chr1_5_A_G chr1 5 A G 0.25 one -0.5", "G1 chr1_5_A_G chr1 5 A G 0.25 two 0.5",
        "G2 chr1_5_A_G chr1 5 A G 0.25 two 0.75",
    )  # fmt: skip
    table = read_scores(path)
    assert places(table) == [("chr1", 4, "A", "G")] * 2
    assert table.columns["gene_id"].tolist() == ["G1", "G2"]
    assert table.columns["ism:two"].tolist() == [0.5, 0.75]
    assert table.columns["ism:one"][0] == -0.5
    assert np.isnan(table.columns["ism:one"][1])
    assert table.signed == ("ism:one", "ism:two")
    assert "ism:one" not in read_scores(path, columns=["*:two"]).columns
    put(path, *[" ".join(line.split("\t")) for line in path.read_text().splitlines()], "G2 x chr1 5 A G 0.25 two 1")
    with pytest.raises(InputError, match="chr1 5 A G G2 has two values of 'ism:two'"):
        read_scores(path)


TIDY = [
    "variant_id,scored_interval,gene_id,gene_strand,output_type,variant_scorer,track_name,track_strand,raw_score,quantile_score",
    'chr22:36201698:A>C,chr22:1-9,ENSG1,+,RNA_SEQ,GeneMaskLFCScorer(requested_output=RNA_SEQ),liver,+,-0.5,-0.9',
    'chr22:36201698:A>C,chr22:1-9,ENSG2,-,RNA_SEQ,GeneMaskLFCScorer(requested_output=RNA_SEQ),liver,.,0.25,0.8',
    'chr22:36201698:A>C,chr22:1-9,,,ATAC,"CenterMaskScorer(ATAC, width=501)",K562,.,2,0.99',
    'chr22:36201700:T>G,chr22:1-9,,,ATAC,"CenterMaskScorer(ATAC, width=501)",K562,.,3,0.5',
]  # fmt: skip
LFC, ATAC = "GeneMaskLFCScorer(requested_output=RNA_SEQ):liver", "CenterMaskScorer(ATAC, width=501):K562"


def test_tidy_scores_of_alphagenome(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(TIDY) + "\n")
    table = read_scores(path)
    one = ("chr22", 36201697, "A", "C")
    assert places(table) == [one, one, one, ("chr22", 36201699, "T", "G")]
    assert table.columns["gene_id"].tolist() == ["ENSG1", "ENSG2", "", ""]
    assert list(table.columns) == ["gene_id", LFC + ":+", LFC, ATAC]
    assert np.nan_to_num(table.columns[LFC + ":+"], nan=9).tolist() == [-0.5, 9, 9, 9]
    assert np.nan_to_num(table.columns[LFC], nan=9).tolist() == [9, 0.25, 9, 9]
    assert table.columns[ATAC].tolist() == [2, 2, 2, 3]  # of no gene: beside every gene of the variant
    assert table.signed == (LFC + ":+", LFC)
    quantiles = read_scores(path, format="alphagenome_quantile", columns=["CenterMask*"])
    assert quantiles.columns[ATAC].tolist() == [0.99, 0.99, 0.99, 0.5]
    joined = join(make_table("22:36201698:C:A", gene_id=["ENSG1.7"]), table)
    assert joined.columns[LFC + ":+"].tolist() == [0.5]
    assert joined.columns[ATAC].tolist() == [2]


def test_score_files_of_borzoi(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "sed.h5"
    with h5py.File(path, "w") as file:
        file["snp"] = np.array(["rs1", "rs2"], "S")
        file["chr"] = np.array(["chr1", "chr2"], "S")
        file["pos"] = np.array([5, 9], "uint32")
        file["ref_allele"], file["alt_allele"] = np.array(["A", "CA"], "S"), np.array(["G", "C"], "S")
        file["si"], file["gene"] = np.array([0, 0, 1]), np.array(["G1.2", "G2", "G2"], "S")
        file["target_ids"] = np.array(["T0", "T1", "T2"], "S")
        file["target_labels"] = np.array(["RNA:liver", "RNA:lung", "RNA:liver fetal"], "S")
        file["logSED"] = np.array([[-0.5, 1, 2], [0.25, 3, 4], [0.75, 5, 6]], "float16")
        file["logD2"] = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], "float16")
    table = read_scores(path)
    assert places(table) == [("chr1", 4, "A", "G"), ("chr1", 4, "A", "G"), ("chr2", 8, "CA", "C")]
    assert list(table.columns) == ["gene_id", *(f"{s}:T{t}" for s in ("logD2", "logSED") for t in range(3))]
    assert table.columns["gene_id"].tolist() == ["G1.2", "G2", "G2"]
    assert table.columns["logSED:T0"].tolist() == [-0.5, 0.25, 0.75]
    assert table.columns["logD2:T2"].tolist() == [3, 6, 9]
    assert table.signed == ("logSED:T0", "logSED:T1", "logSED:T2")
    assert list(read_scores(path, columns=["logSED:T1", 0]).columns) == ["gene_id", "logD2:T0", "logSED:T1"]
    assert list(read_scores(path, columns=["RNA:liver*"]).columns)[1:] == [
        "logD2:T0",
        "logD2:T2",
        "logSED:T0",
        "logSED:T2",
    ]
    with pytest.raises(InputError, match="'T9' is none of 6 columns of scores"):
        read_scores(path, columns=["T9"])
    near = read_scores(path, at=make_table("chr2:8:GCA:GC"))
    assert places(near) == [("chr2", 8, "CA", "C")]


def sad(path, **change):
    import h5py

    content = {
        "snp": np.array(["rs1"], "S"), "chr": np.array(["1"], "S"), "pos": np.array([5]), "ref": np.array(["A"], "S"),
        "alt": np.array(["G"], "S"), "target_ids": np.array(["T0"], "S"), "SAD": np.array([[-0.5]], "float16"),
    } | change  # fmt: skip
    with h5py.File(path, "w") as file:
        for name, value in content.items():
            if value is not None:
                file[name] = value
    return path


def test_score_files_of_enformer(tmp_path):
    pytest.importorskip("h5py")
    assert values(read_scores(sad(tmp_path / "sad.h5"))) == {"SAD:T0": [-0.5]}
    wide = sad(tmp_path / "wide.h5", SAD=np.zeros((1, 65)), target_ids=np.array([f"T{t}" for t in range(65)], "S"))
    with pytest.raises(InputError, match="65 columns of scores, more than 64: SAD:T0, SAD:T1"):
        read_scores(wide)
    assert list(read_scores(wide, columns=[64]).columns) == ["SAD:T64"]
    named = sad(tmp_path / "n.h5", chr=None, pos=None, ref=None, alt=None, snp=np.array(["chr1_5_A_G_b38"], "S"))
    assert places(read_scores(named)) == [("chr1", 4, "A", "G")]
    for change, message in (
        ({"pos": np.array([0])}, "variant 1: the position is 0"),
        ({"alt": np.array(["N"], "S")}, "variant 1: ALT 'N' is not spelled"),
        ({"SAD": np.array([[np.inf]])}, "variant 1: SAD:T0 is infinite"),
        ({"SAD": None}, "no dataset of numbers has a row per variant"),
        ({"chr": None}, "variant 'rs1' is not chrom_pos_ref_alt"),
        ({"chr": None, "snp": None}, "names no variants"),
        ({"pos": np.array([5.5])}, "pos are no whole numbers"),
        ({"si": np.array([1]), "gene": np.array(["G"], "S")}, "si does not number the variants"),
        ({"si": np.array([0]), "gene": np.array(["G", "H"], "S")}, "gene_id: 2 values of 1 rows"),
    ):
        with pytest.raises(InputError) as caught:
            read_scores(sad(tmp_path / "bad.h5", **change))
        assert message in str(caught.value)
    whole = (tmp_path / "sad.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_scores(tmp_path / "cut.h5")


def test_h5ad(tmp_path):
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    obs = pandas.DataFrame(
        {"variant_id": ["chr1:5:A>G", "chr1:6:C>T"], "gene_id": pandas.Categorical(["G1", "G2"])}, index=["0", "1"]
    )
    var = pandas.DataFrame({"name": ["liver", "lung"]}, index=["a", "b"])
    data = anndata.AnnData(
        np.array([[1.0, -2], [3, 4]]), obs, var, layers={"quantiles": np.array([[0.1, 0.2], [0.3, 0.4]])}
    )
    data.write_h5ad(tmp_path / "a.h5ad")
    table = read_scores(tmp_path / "a.h5ad")
    assert places(table) == [("chr1", 4, "A", "G"), ("chr1", 5, "C", "T")]
    assert values(table) == {
        "gene_id": ["G1", "G2"], "liver": [1, 3], "lung": [-2, 4], "quantiles:liver": [0.1, 0.3],
        "quantiles:lung": [0.2, 0.4],
    }  # fmt: skip
    assert table.signed == ("lung",)
    assert list(read_scores(tmp_path / "a.h5ad", columns=["quantiles"]).columns)[1:] == [
        "quantiles:liver",
        "quantiles:lung",
    ]
    single = anndata.AnnData(np.array([[1.0, -2]]), var=var, uns={"variant": "chr2:7:A>T", "variant_scorer": "Center"})
    single.write_h5ad(tmp_path / "b.h5ad")
    table = read_scores(tmp_path / "b.h5ad")
    assert places(table) == [("chr2", 6, "A", "T")]
    assert values(table) == {"Center:liver": [1], "Center:lung": [-2]}


def test_a_whole_genome_by_region(tmp_path):
    pysam = pytest.importorskip("pysam")
    path = tmp_path / "cadd.tsv.gz"
    lines = ["## made up", "#Chrom\tPos\tRef\tAlt\tRawScore\tPHRED"]
    for chrom in "12":
        for pos in range(1, 2001):
            lines += [f"{chrom}\t{pos}\tA\t{alt}\t{pos / 8 - 1}\t{pos / 4}" for alt in "CG"]
    write_bgzf(path, ("\n".join(lines) + "\n").encode())
    pysam.tabix_index(str(path), seq_col=0, start_col=1, end_col=1, force=True, keep_original=True)
    at = make_table("chr2:7:A:C", "chr2:1500:A:G", "chr1:8:TA:TC", "chr3:1:A:C")
    table = read_scores(path, at=at)
    assert sorted({(c, p) for c, p, _, _ in places(table)}) == [("1", 7), ("1", 8), ("2", 6), ("2", 1499)]
    joined = join(at, table)
    assert joined.columns["PHRED"].tolist() == [1.75, 375, 2.25]
    assert joined.columns["RawScore"].tolist() == [-0.125, 186.5, 0.125]
    assert joined.counts["labels without scores"] == 1
    with pytest.raises(InputError, match="read at variants, and none are given"):
        read_scores(path, format="tabix")
    with pytest.raises(InputError, match="no contig of the variants is in the index, which has 1, 2"):
        read_scores(path, at=make_table("chr7:7:A:C"))
    write_bgzf(path, ("\n".join(lines[:50]) + "\n").encode())
    with pytest.raises(InputError, match="was made for another version"):
        read_scores(path, at=at)


def test_any_table(tmp_path):
    path = put(
        tmp_path / "a.tsv", "chrom pos ref alt gene name score impact pip rsid", "1 5 A G G1 x -1 2 0.5 7",
        "1 6 A G G1 y NA 3 0.5 8",
    )  # fmt: skip
    table = read_scores(path)
    assert list(table.columns) == ["gene_id", "score", "impact"]
    assert table.columns["impact"].tolist() == [2, 3]
    assert table.signed == ("score",)
    assert table.notes == ("columns that are not read as scores: name, pip, rsid",)
    assert list(read_scores(path, columns=["pip"]).columns) == ["gene_id", "pip"]
    with pytest.raises(InputError, match="line 2: name must be a finite decimal number, found 'x'"):
        read_scores(path, columns=["name"])
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"variant": ["1:5:A:G"], "s": [1.5], "n": ["x"]}), tmp_path / "a.parquet")
    assert values(read_scores(tmp_path / "a.parquet")) == {"s": [1.5]}
    pq.write_table(pa.table({"variant": ["1:5:A:G"], "s": [np.inf]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="row 1: s must be a finite decimal number, found 'inf'"):
        read_scores(tmp_path / "a.parquet")


def test_numbers_of_labels_beside(tmp_path):
    path = put(tmp_path / "a.tsv", "variant_id s tss_dist t", "1_5_A_G 1 -7 2", "1_6_A_G 3 NA 4")
    table = read_scores(path, columns=["t"], beside=["tss_distance", "ld_score"])
    assert list(table.columns) == ["tss_distance", "t"]
    assert table.columns["tss_distance"].tolist() == pytest.approx([-7, np.nan], nan_ok=True)
    assert table.signed == ()
    assert table.notes == ("columns that are not read as scores: s",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("variant_id s", "1_5_A_G 1", "1_6_A_G x"), "line 3: s must be a finite decimal number, found 'x'"),
        (("variant_id s", "1_0_A_G 1"), "line 2: the position is 0"),
        (("variant_id name", "1_5_A_G x"), "no column holds scores"),
        (("name s", "x 1"), "has neither chrom, pos, ref, alt nor"),
        (("variant_id s",), "no rows"),
        (("variant_id s", "1_5_A_G_b37 1", "1_5_A_G_b38 1"), "of b37 and b38"),
    ],
)
def test_what_is_refused(tmp_path, rows, message):
    path = put(tmp_path / "a.tsv", *rows)
    with pytest.raises(InputError) as caught:
        read_scores(path)
    assert message in str(caught.value)
    assert caught.value.path == str(path)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        read_scores(path)
    path.write_bytes(gzip.compress(b"variant_id\ts\n" + b"1_5_A_G\t0.5\n" * 5000)[:-20])
    with pytest.raises(InputError, match="cut off or damaged"):
        read_scores(path)
    with pytest.raises(InputError, match="unknown; did you mean 'hdf5'") as caught:
        read_scores(path, format="hdf")
    assert all(name in str(caught.value.remedy) for name in SCORE_FORMATS)
    put(tmp_path / "b.tsv", "variant_id s", "1_5_A_G 1")
    with pytest.raises(InputError, match="no column gene_id, chrom, pos"):
        read_scores(tmp_path / "b.tsv", format="gxfast")


def test_decimal_commas_are_not_passed_over(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("variant_id\tgene_id\tscore\toffset\n1_5_A_G\tG1\t0,5\t-1\n1_6_A_G\tG1\t-1,25e-3\t2\n")
    with pytest.raises(InputError, match="line 2: score must be a finite decimal number, found '0,5'"):
        read_scores(path)
    assert read_scores(path, columns=["offset"]).columns["offset"].tolist() == [-1, 2]


def test_labels_are_no_scores_by_any_of_their_names(tmp_path):
    path = tmp_path / "Whole_Blood.v8.signif_variant_gene_pairs.txt"
    head = "variant_id gene_id tss_distance ma_samples ma_count maf pval_nominal slope slope_se toy"
    row = "chr1_5_A_C_b38 G1 10 5 6 0.1 1e-9 -0.5 0.1 2"
    path.write_text("\n".join(["\t".join(one.split()) for one in (head, row)]) + "\n")
    with pytest.raises(InputError, match=r"known as labels \(gtex\)") as caught:
        read_scores(path)
    assert "`columns=`" in caught.value.remedy
    assert values(read_scores(path, columns=["toy"])) == {"gene_id": ["G1"], "toy": [2]}
    path = tmp_path / "table.tsv"
    head = "chrom pos ref alt pip effect afc afc_se OR pval_nominal slope_se ma_count cs_size toy"
    path.write_text("\n".join(["\t".join(one.split()) for one in (head, "1 5 A C " + "0.5 " * 10)]) + "\n")
    assert list(read_scores(path).columns) == ["toy"]


def test_an_infinite_score_is_named(tmp_path):
    path = tmp_path / "inf.tsv"
    path.write_text("chrom\tpos\tref\talt\tscore\n1\t5\tA\tC\tNA\n1\t6\tA\tC\tNA\n1\t7\tA\tC\t-inf\n")
    with pytest.raises(InputError, match="line 4: score must be a finite decimal number, found '-inf'"):
        read_scores(path)


def test_strands_of_tracks_in_h5ad(tmp_path):
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    var = pandas.DataFrame({"name": ["H:t", "H:t", "H:u"], "strand": ["+", "-", "."]}, index=["a", "b", "c"])
    uns = {"variant": "chr2:7:A>T"}
    anndata.AnnData(np.array([[1.0, -2, 3]]), var=var, uns=uns).write_h5ad(tmp_path / "a.h5ad")
    assert values(read_scores(tmp_path / "a.h5ad")) == {"H:t:+": [1], "H:t:-": [-2], "H:u": [3]}
