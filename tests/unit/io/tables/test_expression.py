"""Expression tables in the four layouts; what is refused names line, gene and person."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.tables import read_expression

BED4 = "#chr\tstart\tend\tgene_id\tS1\tS2\nchr1\t9\t10\tG1\t1.5\t-2\nchr1\t4\t5\tG2\t1e-3\t.5\n"
BED6 = (
    "#chr\tstart\tend\tgene\tlength\tstrand\tS1\tS2\nchr1\t9\t10\tG1\t7\t+\t1.5\t-2\nchr2\t4\t5\tG2\t8\t-\t1e-3\t.5\n"
)
TSV = "whatever\tS1\tS2\nG1\t1.5\t-2\nG2\t1e-3\t.5\n"
CSV = ",G1,G2\nS1,1.5,1e-3\nS2,-2,.5\n"
VALUES = np.array([[1.5, -2.0], [0.001, 0.5]])


def save(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.bed", BED4),
        ("a.bed.gz", BED4),
        ("a.txt", BED4.replace("#chr", "#Chr").replace("gene_id", "TargetID")),
        ("a.bed", "##made by hand\n" + BED6),
        ("a.tsv", TSV),
        ("a.tsv", "\ufeff" + TSV.replace("\n", "\r\n")),
        ("a.txt", TSV.replace("\t", " ")),
        ("a.tsv", 'x\t"S1"\t"S2"\n"G1"\t1.5\t-2\n"G2"\t1e-3\t.5\n\n'),
        ("a.csv.gz", CSV),
    ],
)
def test_layouts_agree(tmp_path: Path, name: str, text: str) -> None:
    table = read_expression(save(tmp_path, name, text))
    assert (table.gene_id, table.samples) == (("G1", "G2"), ("S1", "S2"))
    assert np.array_equal(table.values, VALUES)
    assert table.values.dtype == np.float64
    assert table.values.flags.c_contiguous
    assert table.source == str(tmp_path / name)


GCT12 = "#1.2\n2\t2\nName\tDescription\tS1\tS2\nG1\tone\t1.5\t-2\nG2\ttwo\t1e-3\t.5\n"
GCT13 = "#1.3\n2\t2\t2\t1\nid\tsymbol\ttype\tS1\tS2\nage\tNA\tNA\tyoung\told\nG1\ta\tb\t1.5\t-2\nG2\ta\tb\t1e-3\t.5\n"


@pytest.mark.parametrize("text", [GCT12, GCT13, GCT12.replace("#1.2", "\ufeff#1.2")])
def test_gct(tmp_path: Path, text: str) -> None:
    table = read_expression(save(tmp_path, "a.gct.gz", text))
    assert (table.gene_id, table.samples, table.genes) == (("G1", "G2"), ("S1", "S2"), None)
    assert np.array_equal(table.values, VALUES)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [("2\t2\n", "3\t2\n", "has 3 rows, found 2"), ("2\t2\n", "two\t2\n", "numbers of rows"), ("1.5", "x", "'x'")],
)
def test_bad_gct(tmp_path: Path, old: str, new: str, part: str) -> None:
    with pytest.raises(InputError, match=part):
        read_expression(save(tmp_path, "a.gct", GCT12.replace(old, new, 1)))


def test_parquet(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    numbers = {"S1": [1.5, 1e-3], "S2": [-2.0, None]}
    beds = {"#chr": ["chr1", "chr2"], "start": [9, 4], "end": [10, 500], "phenotype_id": ["G1", "G2"]}
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({**numbers, "gene_id": ["G1", "G2"]}), path)
    table = read_expression(path)
    assert (table.gene_id, table.samples, table.places) == (("G1", "G2"), ("S1", "S2"), None)
    assert np.array_equal(table.values, [[1.5, -2.0], [0.001, np.nan]], equal_nan=True)
    turned = read_expression(path, orientation="people_by_genes")
    assert (turned.gene_id, turned.samples) == (("S1", "S2"), ("G1", "G2"))
    parquet.write_table(pyarrow.table({**beds, **numbers}), path)
    places = read_expression(path).places
    assert places is not None
    assert (places.chrom, places.tss.tolist(), places.last.tolist()) == (("chr1", "chr2"), [9, 4], [9, 499])
    parquet.write_table(pyarrow.table(numbers), path)
    with pytest.raises(InputError, match="one column of text"):
        read_expression(path)
    path.write_text("no")
    with pytest.raises(InputError, match="no Parquet"):
        read_expression(path)


@pytest.mark.parametrize("kind", ["dense", "csr_matrix", "csc_matrix"])
def test_h5ad(tmp_path: Path, kind: str) -> None:
    h5py = pytest.importorskip("h5py")
    x = np.array([[1.5, 0, 3], [0, 0, -2]], np.float32)  # people x genes
    path = tmp_path / "a.h5ad"
    with h5py.File(path, "w") as file:
        for group, names in (("obs", ["S1", "S2"]), ("var", ["G1", "G2", "G3"])):
            file.create_group(group).attrs["_index"] = "_index"
            file[group]["_index"] = names
        if kind == "dense":
            file["X"] = x
        else:
            lines = x if kind == "csr_matrix" else x.T
            group = file.create_group("X")
            group.attrs["encoding-type"] = kind
            group["data"] = lines[lines != 0]
            group["indices"] = np.nonzero(lines)[1]
            group["indptr"] = np.cumsum([0, *(lines != 0).sum(axis=1)])
    table = read_expression(path)
    assert (table.gene_id, table.samples) == (("G1", "G2", "G3"), ("S1", "S2"))
    assert np.array_equal(table.values, x.T)
    with h5py.File(path, "a") as file:
        del file["var"]
    with pytest.raises(InputError, match="h5ad expression table is damaged, or holds something else"):
        read_expression(path)


def test_intervals_are_places(tmp_path: Path) -> None:
    places = read_expression(save(tmp_path, "a.bed", BED4.replace("\t4\t5\t", "\t4\t500\t"))).places
    assert places is not None
    assert (places.tss.tolist(), places.last.tolist(), places.strand) == ([9, 4], [9, 499], (".", "."))
    assert places.take([1]).last.tolist() == [499]
    single = read_expression(save(tmp_path, "b.bed", BED4)).places
    assert single is not None
    assert single.end is None


def test_coordinates_only_where_the_strand_is_known(tmp_path: Path) -> None:
    genes = read_expression(save(tmp_path, "a.bed", BED6)).genes
    assert genes is not None
    assert (genes.chrom, genes.strand, genes.tss.tolist()) == (("chr1", "chr2"), ("+", "-"), [9, 4])
    assert read_expression(save(tmp_path, "b.bed", BED4)).genes is None
    assert read_expression(save(tmp_path, "c.bed", BED6.replace("\t+\t", "\t.\t"))).genes is None
    assert read_expression(save(tmp_path, "d.bed", BED6.replace("\t4\t5\t", "\t4\t500\t"))).genes is None


def test_orientation_overrides_the_delimiter(tmp_path: Path) -> None:
    tab = save(tmp_path, "a.tsv", CSV.replace(",", "\t"))
    assert read_expression(tab).gene_id == ("S1", "S2")
    assert np.array_equal(read_expression(tab, orientation="people_by_genes").values, VALUES)
    comma = save(tmp_path, "a.csv", TSV.replace("\t", ","))
    assert np.array_equal(read_expression(comma, orientation="genes_by_people").values, VALUES)
    with pytest.raises(InputError, match="one gene per row"):
        read_expression(save(tmp_path, "a.bed", BED4), orientation="people_by_genes")
    with pytest.raises(InputError, match="orientation must be"):
        read_expression(tab, orientation="sideways")  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", ["NA", "NaN", "nan", "na", ".", "", " NA "])
def test_missing_cells(tmp_path: Path, cell: str) -> None:
    values = read_expression(save(tmp_path, "a.tsv", TSV.replace("-2", cell))).values
    assert np.isnan(values[0, 1])
    assert np.isnan(values).sum() == 1
    assert np.array_equal(values[1], VALUES[1])
    assert values[0, 0] == 1.5


@pytest.mark.parametrize("cell", ["x", "Inf", "-inf", "1e999", "1_000", "\u0661", "0x10", "1,5", "-nan", "NULL", "1 2"])
def test_bad_cells_name_line_gene_and_sample(tmp_path: Path, cell: str) -> None:
    for name, text in (("a.bed", BED6), ("a.tsv", TSV)):
        path = save(tmp_path, name, text.replace("\t.5", f"\t{cell}"))
        with pytest.raises(InputError, match=r"gene 'G2', sample 'S2': expected a finite number or NA") as caught:
            read_expression(path)
        assert (caught.value.path, caught.value.record) == (str(path), "line 3")
        assert repr(cell) in str(caught.value)
        assert caught.value.remedy


def test_bad_cell_of_people_by_genes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sample 'S2', gene 'G1'") as caught:
        read_expression(save(tmp_path, "a.csv", CSV.replace("-2", "x")))
    assert caught.value.record == "line 3"


def test_names_with_underscores_and_accents_do_not_disturb_values(tmp_path: Path) -> None:
    text = TSV.replace("G1", "NM_1").replace("G2", "gén_2")
    table = read_expression(save(tmp_path, "a.tsv", text))
    assert table.gene_id == ("NM_1", "gén_2")
    assert np.array_equal(table.values, VALUES)


@pytest.mark.parametrize(
    ("name", "text", "message", "line"),
    [
        ("a.tsv", TSV.replace("G2", "G1"), "gene 'G1' is there twice", 3),
        ("a.tsv", TSV.replace("S2", "S1"), "sample 'S1' is there twice", 1),
        ("a.csv", CSV.replace("S2", "S1"), "sample 'S1' is there twice", 3),
        ("a.csv", CSV.replace("G2", "G1"), "gene 'G1' is there twice", 1),
        ("a.tsv", TSV.replace("\t.5", ""), "2 cells, the header has 3", 3),
        ("a.tsv", TSV.replace("whatever\t", ""), "col.names=NA", 2),
        ("a.tsv", TSV.replace("G2", ""), "names no gene", 3),
        ("a.tsv", TSV.replace("S2", ""), "without a name", 1),
        ("a.tsv", "g\tS1\n", "no row of values", 2),
        ("a.tsv", "gene\nG1\n", "names no sample", 1),
        ("a.tsv", "\n\n", "names no sample", 1),
        ("a.bed", TSV, "expected the header of an expression BED", 1),
        ("a.bed", BED4.replace("\t9\t", "\t9.0\t"), "start must be", 2),
        ("a.bed", BED4.replace("\t5\t", "\t4\t"), "start < end", 3),
        ("a.bed", BED6.replace("\t+\t", "\t1\t"), "strand must be", 2),
        ("a.bed", "#chr\tstart\tend\tgene_id\n", "names no sample", 1),
        ("a.bed", BED6.replace("strand", "way"), "must be named 'strand'", 2),
    ],
)
def test_bad_tables(tmp_path: Path, name: str, text: str, message: str, line: int) -> None:
    path = save(tmp_path, name, text)
    with pytest.raises(InputError, match=message) as caught:
        read_expression(path)
    assert (caught.value.path, caught.value.record) == (str(path), f"line {line}")
    assert caught.value.remedy


def test_every_float_reads_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((20, 30)) * 10.0 ** rng.integers(-300, 300, (20, 30))
    header = "\t".join(["g", *(f"S{i}" for i in range(30))])
    rows = [f"G{g}\t" + "\t".join(map(repr, values[g].tolist())) for g in range(20)]
    assert np.array_equal(read_expression(save(tmp_path, "a.tsv", "\n".join([header, *rows]))).values, values)


def test_two_thousand_genes_are_read_in_a_second_or_so(tmp_path: Path) -> None:
    row = "\t".join(f"{i * 0.001:.6f}" for i in range(450))
    text = "\t".join(["#chr", "start", "end", "gene_id", *(f"S{i}" for i in range(450))]) + "\n"
    text += "".join(f"chr1\t{g}\t{g + 1}\tG{g}\t{row}\n" for g in range(2000))
    path = save(tmp_path, "a.bed", text)
    start = time.perf_counter()
    assert read_expression(path).values.shape == (2000, 450)
    assert time.perf_counter() - start < 5  # 0.1 s here; a slow path for all rows takes longer than this


@pytest.mark.parametrize(
    ("name", "shape", "first", "stranded"),
    [
        ("geuvadis358.chr22.rpkm.bed.gz", (560, 358), 0.7878783927, True),
        ("geuvadis373.chr22.normalised.bed.gz", (332, 373), -0.380649691780917, False),
    ],
)
def test_real_beds(data_dir: Path, name: str, shape: tuple[int, int], first: float, stranded: bool) -> None:
    path = data_dir / "geuvadis_chr22/expr" / name
    if not path.exists():
        pytest.skip("no Geuvadis chr22 expression")
    table = read_expression(path)
    assert table.values.shape == shape == (len(table.gene_id), len(table.samples))
    assert table.values[0, 0] == first
    assert np.isfinite(table.values).all()
    assert (table.genes is not None) == stranded
