"""What a message may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gxfast as gx
from gxfast.io.files import near_file


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64(2.0), "2.0"), (np.float32("nan"), "nan"), (np.int8(-3), "-3"), (np.bool_(True), "True"),
        (np.str_("x"), "'x'"), ([np.int64(1), np.uint16(2)], "[1, 2]"), (np.longdouble(2), "np.longdouble('2.0')"),
    ],
)  # fmt: skip
def test_numbers_are_not_told_as_numpy_writes_them(value: object, shown: str) -> None:
    error = gx.InputError(f"found {value!r} here")
    assert error.message == f"found {shown} here"


def test_an_index_is_near_to_an_index(tmp_path: Path) -> None:
    for name in ("genome.fa.gz", "genome.fa.gz.gzi", "genome.fa.gz.fai", "c.vcf.gz.tbi"):
        (tmp_path / name).touch()
    assert near_file(tmp_path / "genom.fa.gz") == "; did you mean 'genome.fa.gz'?"
    assert near_file(tmp_path / "c.vcf.gz") == ""
    assert near_file(tmp_path / "genome.fa.fai") == "; did you mean 'genome.fa.gz.fai' or 'genome.fa.gz'?"
