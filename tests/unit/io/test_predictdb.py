"""Files of weights, and the ids in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gxfast.errors import InputError
from gxfast.io.predictdb import build_of, place_of, read_predictdb


@pytest.mark.parametrize(
    ("text", "place", "build"),
    [
        ("chr1_990_T_A_b38", ("chr1", 989), "b38"),
        ("1_990_T_A_b37", ("1", 989), "b37"),
        ("chr1_990_T_A", ("chr1", 989), ""),
        ("chr1:990:T:A", ("chr1", 989), ""),
        ("1:990:TA:T", ("1", 989), ""),
        ("X:990_T/A", ("X", 989), ""),
        ("1-990-T-A", ("1", 989), ""),
        ("chr1_990", ("chr1", 989), ""),
        ("chr1_KI270706v1_random_1000_A_G_b38", ("chr1_KI270706v1_random", 999), "b38"),
        ("NC_000001.11:990:T:A", ("NC_000001.11", 989), ""),
        ("rs123", None, ""),
        ("", None, ""),
        ("chr1_x_T_A", None, ""),
    ],
)
def test_places(text, place, build):
    assert place_of(text) == place
    assert build_of(text) == build


def test_ids_with_numbers_that_are_no_positions():
    for text in (f"chr1_{2**31}_A_C", "chr1_" + "9" * 5000 + "_A_C", "chr1_٣_A_C", "chr1_0_A_C"):
        assert place_of(text) is None


GOOD = {"rsid": "rs1", "gene": "G", "weight": 0.5, "ref_allele": "a", "eff_allele": "C", "varID": "chr1_9_A_C"}
COLUMNS = ", ".join(GOOD)


def database(path: Path, *statements: str, rows: Sequence[dict[str, Any]] = (GOOD,)) -> Path:
    with closing(sqlite3.connect(str(path))) as connection:
        for statement in statements or (f"CREATE TABLE weights ({COLUMNS})",):
            connection.execute(statement)
        for row in rows:
            connection.execute(f"INSERT INTO weights ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", tuple(row.values()))
        connection.commit()
    return path


@pytest.mark.parametrize("name", ["w.db", "w#v2.db", "w?mode=rwc", "a b%41ä.db", "w.db?immutable=0&x='", ":memory:"])
def test_the_file_that_is_named_and_no_other(tmp_path: Path, name: str) -> None:
    path = database(tmp_path / name)
    before = path.read_bytes()
    (found,) = read_predictdb(path)
    assert (found.gene, found.rsid, found.variant_id, found.ref, found.alt) == (
        "G", ("rs1",), ("chr1_9_A_C",), ("A",), ("C",)
    )  # fmt: skip
    assert found.weight.tolist() == [0.5]
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert path.read_bytes() == before


def test_nothing_is_made(tmp_path: Path) -> None:
    for name in ("absent.db", "absent?mode=rwc", "absent#"):
        with pytest.raises(InputError, match="cannot open the PredictDB file: No such file"):
            read_predictdb(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "CREATE VIEW weights AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
            "SELECT n AS rsid, 'G' AS gene, 0.5 AS weight, 'A' AS ref_allele, 'C' AS eff_allele, n AS varID FROM r",
            "weights is a view, not a table",
        ),
        (f"CREATE VIRTUAL TABLE weights USING fts5({COLUMNS})", "weights is a virtual table, not a table"),
        ("CREATE TABLE Weights_of_others (x)", "there is no table weights"),
        (
            "CREATE TABLE weights (rsid, gene, ref_allele, eff_allele, varID, weight AS (length(rsid)))",
            "the table weights lacks weight",
        ),
        ("CREATE TABLE weights (rsid, gene, weight, varID)", "lacks ref_allele, eff_allele"),
        (f"CREATE TABLE weights ({COLUMNS})", "has no rows"),
    ],
    ids=["endless view", "virtual", "absent", "computed column", "columns", "empty"],
)
def test_tables_alone_are_read(tmp_path: Path, statement: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        read_predictdb(database(tmp_path / "w.db", statement, rows=()))
    assert caught.value.remedy


@pytest.mark.parametrize("column", list(GOOD))
@pytest.mark.parametrize("value", [None, b"\x00\xff", 7, float("inf"), "", " ", "x\x07y", "nan"], ids=repr)
def test_cells(tmp_path: Path, column: str, value: Any) -> None:
    """Of every column: what is no text or no number is refused with gene and rsid, wherever it says which."""
    path = database(tmp_path / "w.db", rows=[GOOD, {**GOOD, "rsid": "rs2", "varID": "chr1_10_A_C", column: value}])
    fine = [
        column == "weight" and value == 7,
        column in ("rsid", "varID") and value is None,  # the other one is there
        column == "rsid" and value == "",
        column != "weight" and value == "nan",
        column.endswith("allele") and value == "x\x07y",  # matches no variant
    ]
    if any(fine):
        assert sum(gene.weight.size for gene in read_predictdb(path)) == 2
        return
    with pytest.raises(InputError) as caught:
        read_predictdb(path)
    assert column in str(caught.value)
    assert caught.value.remedy
    if column in ("weight", "ref_allele", "eff_allele"):
        assert caught.value.record == "G rs2"


def test_a_variant_of_a_gene_twice(tmp_path: Path) -> None:
    path = database(tmp_path / "w.db", rows=[GOOD, {**GOOD, "weight": 0.25}])
    with pytest.raises(InputError, match="G chr1_9_A_C A C: the variant is there twice"):
        read_predictdb(path)


def test_other_files(tmp_path: Path) -> None:
    whole = database(tmp_path / "w.db").read_bytes()
    path = tmp_path / "other.db"
    for content in (b"<html>", b"SQLite format 3\0", whole[:5000], whole[:4096] + bytes(4096)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"not a SQLite database|cut off"):
            read_predictdb(path)
    path.write_bytes(whole)
    Path(f"{path}-wal").write_bytes(b"rows that are not in the file yet")
    with pytest.raises(InputError, match=r"what was written last is still in other\.db-wal"):
        read_predictdb(path)
