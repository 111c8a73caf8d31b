"""Covariates, phenotype BEDs and small tables."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.tables import (
    read_covariates,
    read_expression,
    read_phenotype_ids,
    read_phenotype_rows,
    read_table,
    write_phenotype_bed,
    write_table,
)
from gxfast.types import GeneTable

COVARIATES = "id\tS1\tS2\tS3\nPC1\t1\t-2.5\t0\nsex\t1\t2\t1\n"
GENES = GeneTable(("A", "B", "C"), ("A", "B", "C"), ("chr2", "chr1", "chr2"), np.array([50, 7, 3]), ("+", "-", "+"))


def save(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("delimiter", ["\t", " ", ","])
def test_covariates(tmp_path: Path, delimiter: str) -> None:
    table = read_covariates(save(tmp_path, "c.txt", COVARIATES.replace("\t", delimiter)))
    assert (table.name, table.samples) == (("PC1", "sex"), ("S1", "S2", "S3"))
    assert table.values.tolist() == [[1.0, -2.5, 0.0], [1.0, 2.0, 1.0]]
    assert table.source == str(tmp_path / "c.txt")


TURNED = "id\tPC1\tsex\nS1\t1\t1\nS2\t-2.5\t2\nS3\t0\t1\n"


@pytest.mark.parametrize(
    "text", [TURNED, TURNED.replace("id\t", "#IID\t"), "FID IID PC1 sex\nf S1 1 1\nf S2 -2.5 2\nf S3 0 1\n"]
)
def test_covariates_the_other_way_round(tmp_path: Path, text: str) -> None:
    path = save(tmp_path, "c.txt", text)
    table = read_covariates(path, people=("S2", "S3", "S9"))
    assert (table.name, table.samples, table.transposed) == (("PC1", "sex"), ("S1", "S2", "S3"), True)
    assert table.values.tolist() == [[1.0, -2.5, 0.0], [1.0, 2.0, 1.0]]
    assert read_covariates(path, first=1, people=("S2",)).name == ("PC1",)
    with pytest.raises(InputError, match="2 covariates, 3 were asked for"):
        read_covariates(path, first=3, people=("S2",))


def test_covariates_of_nobody_are_as_they_stand(tmp_path: Path) -> None:
    table = read_covariates(save(tmp_path, "c.txt", COVARIATES), people=("S7",))
    assert (table.samples, table.transposed) == (("S1", "S2", "S3"), False)


def test_a_covariate_that_somebody_lacks(tmp_path: Path) -> None:
    """Whether it is needed is known where people are chosen."""
    assert np.isnan(read_covariates(save(tmp_path, "c.txt", COVARIATES.replace("-2.5", "NA"))).values[0, 1])


def test_first_covariates(tmp_path: Path) -> None:
    path = save(tmp_path, "c.txt", COVARIATES.replace("\t2\t", "\tfemale\t"))
    assert read_covariates(path, first=1).name == ("PC1",)
    with pytest.raises(InputError, match="covariate 'sex', sample 'S2': expected a finite number or NA, found"):
        read_covariates(path, first=2)
    with pytest.raises(InputError, match="2 covariates, 3 were asked for"):
        read_covariates(save(tmp_path, "d.txt", COVARIATES), first=3)
    with pytest.raises(InputError, match="at least 1"):
        read_covariates(path, first=0)


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("-2.5", "inf", "finite number", 2),
        ("-2.5", "x", "finite number", 2),
        ("sex", "PC1", "covariate 'PC1' is there twice", 3),
        ("S2", "S1", "sample 'S1' is there twice", 1),
        ("\t-2.5", "", "3 cells, the header has 4", 2),
    ],
)
def test_bad_covariates(tmp_path: Path, old: str, new: str, message: str, line: int) -> None:
    path = save(tmp_path, "c.txt", COVARIATES.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        read_covariates(path)
    assert (caught.value.path, caught.value.record) == (str(path), f"line {line}")
    assert caught.value.remedy


def test_real_covariates(data_dir: Path) -> None:
    path = data_dir / "geuvadis_chr22/expr/geuvadis358.covariates.pc50.txt.gz"
    if not path.exists():
        pytest.skip("no Geuvadis covariates")
    table = read_covariates(path)
    assert table.values.shape == (53, 358)
    assert table.values[0, :2].tolist() == [-13.1128, -13.5816]
    assert np.array_equal(read_covariates(path, first=3).values, table.values[:3])


def test_phenotype_bed_is_sorted_exact_and_indexed(tmp_path: Path) -> None:
    import pysam

    values = np.array([[0.1, np.nan], [1 / 3, -0.0], [1e-300, 2.0], [5.0, 6.0]])
    path = write_phenotype_bed(
        tmp_path / "p.bed.gz", GENES, ["S1", "S2"], ["A:x", "B:x", "C:x", "A:y"], values, [0, 1, 2, 0]
    )
    assert gzip.decompress(path.read_bytes()).decode() == (
        "#chr\tstart\tend\tgene_id\tS1\tS2\n"
        "chr2\t3\t4\tC:x\t1e-300\t2.0\n"
        "chr2\t50\t51\tA:x\t0.1\tNA\n"
        "chr2\t50\t51\tA:y\t5.0\t6.0\n"
        "chr1\t7\t8\tB:x\t0.3333333333333333\t-0.0\n"
    )
    with pysam.TabixFile(str(path)) as tabix:
        assert [row.split("\t")[3] for row in tabix.fetch("chr2", 50, 51)] == ["A:x", "A:y"]
    table = read_expression(path)
    assert (table.gene_id, table.samples, table.genes) == (("C:x", "A:x", "A:y", "B:x"), ("S1", "S2"), None)
    assert np.array_equal(table.values, values[[2, 0, 3, 1]], equal_nan=True)
    assert np.signbit(table.values[3, 1])
    assert read_phenotype_ids(path) == ["C:x", "A:x", "A:y", "B:x"]
    samples, rows = read_phenotype_rows(path, ["B:x", "none", "A:x"])
    assert samples == ("S1", "S2")
    assert list(rows) == ["A:x", "B:x"]
    assert np.array_equal(rows["A:x"], values[0], equal_nan=True)
    assert rows["B:x"].tobytes() == values[1].tobytes()
    assert read_phenotype_rows(path, []) == (("S1", "S2"), {})
    again = write_phenotype_bed(
        tmp_path / "q.bed.gz", GENES, ["S1", "S2"], ["A:x", "B:x", "C:x", "A:y"], values, [0, 1, 2, 0]
    )
    assert again.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "p.bed.gz", "p.bed.gz.tbi", "q.bed.gz", "q.bed.gz.tbi",
    ]  # fmt: skip


def test_a_few_rows_cost_no_more_memory_in_a_long_table(tmp_path: Path) -> None:
    people = [f"P{s}" for s in range(200)]
    genes = GeneTable(
        *(tuple(f"{what}{g}" for g in range(2000)) for what in "an"), ("c",) * 2000, np.arange(2000), ("+",) * 2000
    )
    values = np.random.default_rng(0).normal(size=(2000, 200))
    path = write_phenotype_bed(tmp_path / "p.bed.gz", genes, people, genes.gene_id, values, range(2000))
    tracemalloc.start()
    _, rows = read_phenotype_rows(path, ["a3", "a1999"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal([rows["a3"], rows["a1999"]], values[[3, 1999]])
    assert peak < values.nbytes / 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\tS1\nA\t1\n", "the header of a phenotype BED"),
        ("#chr\tstart\tend\tgene_id\tS1\nchr1\t1\t2\tA\t1\t2\n", "the row has 6 cells"),
        ("#chr\tstart\tend\tgene_id\tS1\nchr1\t1\t2\tA\tx\n", "x"),
        ("#chr\tstart\tend\tgene_id\tS1\tS1\n", "twice"),
    ],
)
def test_rows_of_a_phenotype_bed_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.bed").write_text(text)
    with pytest.raises(InputError, match=message):
        read_phenotype_rows(tmp_path / "p.bed", ["A"])


@pytest.mark.parametrize(
    ("samples", "ids", "values", "rows", "message"),
    [
        (["S"], ["A"], [[np.inf]], [0], "infinite"),
        (["S"], ["A", "A"], [[1.0], [1.0]], [0, 1], "must be unique"),
        (["S", "S"], ["A"], [[1.0, 1.0]], [0], "must be unique"),
        (["S"], ["A\tB"], [[1.0]], [0], "without tabs"),
        (["S"], ["A"], [[1.0, 2.0]], [0], "shape"),
        (["S"], ["A"], [[1.0]], [3], "indices"),
        (["S"], ["A"], [[1.0]], [0, 1], "shape"),
    ],
)
def test_phenotype_bed_refuses(
    tmp_path: Path, samples: list[str], ids: list[str], values: list[list[float]], rows: list[int], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        write_phenotype_bed(tmp_path / "p.bed.gz", GENES, samples, ids, np.array(values), rows)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_tables_read_back(tmp_path: Path) -> None:
    path = write_table(
        tmp_path / "t.tsv",
        {
            "gene_id": ["A", "B", "C"],
            "r": [0.1, float("nan"), None],
            "n": np.array([3, 2**53 + 1, -1]),
            "x": np.array([1 / 3, np.nan, -np.inf]),
            "ok": [True, False, ""],
        },
    )
    assert path.read_text() == (
        "gene_id\tr\tn\tx\tok\nA\t0.1\t3\t0.3333333333333333\tTrue\nB\t\t9007199254740993\t\tFalse\nC\t\t-1\t-inf\t\n"
    )
    table = read_table(path)
    assert list(table) == ["gene_id", "r", "n", "x", "ok"]
    assert table["r"] == ["0.1", "", ""]
    assert [p.name for p in tmp_path.iterdir()] == ["t.tsv"]


def test_tables_without_rows_and_with_one_empty_column(tmp_path: Path) -> None:
    assert read_table(write_table(tmp_path / "a.tsv", {"x": [], "y": []})) == {"x": [], "y": []}
    assert read_table(write_table(tmp_path / "b.tsv", {"x": [None, 'say "a"']})) == {"x": ["", 'say "a"']}


def test_small_table_with_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    assert read_table(save(tmp_path, "t.tsv", "\ufeffa\tb\r\n1\tx\r\n")) == {"a": ["1"], "b": ["x"]}


def test_bad_small_tables(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one length"):
        write_table(tmp_path / "t.tsv", {"a": [1], "b": []})
    with pytest.raises(InputError, match="one length"):
        write_table(tmp_path / "t.tsv", {})
    with pytest.raises(InputError, match="a tab or a line end"):
        write_table(tmp_path / "t.tsv", {"a": ["x\ty"]})
    with pytest.raises(InputError):
        write_table(tmp_path / "absent" / "t.tsv", {"a": [1]})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="1 cells, the header has 2") as caught:
        read_table(save(tmp_path, "t.tsv", "a\tb\n1\t2\n3\n"))
    assert caught.value.record == "line 3"
    with pytest.raises(InputError, match="twice"):
        read_table(save(tmp_path, "t.tsv", "a\ta\n"))
