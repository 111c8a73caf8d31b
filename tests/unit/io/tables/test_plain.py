"""Tables as text by the compiled writer, against the cell by cell one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gxfast.io.tables import TextCells, rows_text, write_table


def test_rows_are_those_of_the_writer_of_cells(tmp_path: Path) -> None:
    """Numbers of every size and their neighbours, as Python's repr; NaN is empty; letters of any script."""
    rng = np.random.default_rng(3)
    powers = np.concatenate([2.0 ** np.arange(-1074.0, 1024), 10.0 ** np.arange(-20.0, 20)])
    rest = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e16, 123456789012345680.0, 1e-5, 1e-4]
    drawn = rng.integers(0, 2**63, 4000).view(np.float64)
    real = np.concatenate([powers, np.nextafter(powers, 0), rest, drawn, -drawn])
    whole = rng.integers(-(2**63), 2**63 - 1, real.size)
    names = [f"gène {i}" if i % 7 else "" for i in range(real.size)]
    path = write_table(tmp_path / "t.tsv", {"name": names, "whole": whole.tolist(), "real": real.tolist()})
    header, _, expected = path.read_bytes().partition(b"\n")
    assert header == b"name\twhole\treal"
    assert rows_text([TextCells.of(names), whole, real], real.size) == expected


def test_a_part_of_the_rows() -> None:
    cells = TextCells.of(["a", "bc", "", "d"])
    numbers = np.arange(4)
    assert rows_text([cells.rows(1, 4), numbers[1:]], 3) == b"bc\t1\n\t2\nd\t3\n"
    assert rows_text([TextCells.repeated("x", 2), numbers[::2]], 2) == b"x\t0\nx\t2\n"
    assert rows_text([TextCells.of([]), np.empty(0)], 0) == b""


def test_columns_of_other_lengths_and_kinds_are_refused() -> None:
    for columns in ([np.arange(3)], [np.arange(2, dtype=np.int32)], [TextCells.of(["a"])]):
        with pytest.raises(ValueError, match="table_text"):
            rows_text(columns, 2)
    with pytest.raises(ValueError, match="outside the text"):
        rows_text([TextCells(np.zeros(2, np.uint8), np.array([0, 9]))], 1)
