"""An index that was made for another file, or for an earlier version of this one, is refused."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import check_index, find_index, index_vcf
from gxfast.io.vcf import VariantFile

CONTIG = {"c": "A" * 1000}


def text_of(make_vcf_text: Callable[..., str], seed: int, n: int = 400, samples: int = 60) -> bytes:
    rng = random.Random(seed)
    records = [
        ("c", i + 1, "A", "C", [f"{rng.randint(0, 1)}|{rng.randint(0, 1)}" for _ in range(samples)])
        for i in sorted(rng.sample(range(1000), n))
    ]
    return make_vcf_text(CONTIG, records, [f"s{i}" for i in range(samples)]).encode()


@pytest.fixture(params=["tbi", "csi"])
def indexed(request: pytest.FixtureRequest, tmp_path: Path, make_vcf_text: Callable[..., str]) -> tuple[Path, Path]:
    path = write_bgzf(tmp_path / "v.vcf.gz", text_of(make_vcf_text, 1))
    if request.param == "tbi":
        return path, index_vcf(path)
    pysam.tabix_index(str(path), preset="vcf", csi=True, force=True)
    return path, Path(f"{path}.csi")


def test_the_right_index(indexed: tuple[Path, Path]) -> None:
    path, index = indexed
    assert find_index(path) == index
    check_index(path, index, "remake")
    assert len(VariantFile(path).region("c", 0, 1000)) == 400


@pytest.mark.parametrize("n", [1, 3, 399, 401, 900])
def test_an_earlier_version_of_the_file(indexed: tuple[Path, Path], n: int, make_vcf_text: Callable[..., str]) -> None:
    path, index = indexed
    kept = index.read_bytes()
    write_bgzf(path, text_of(make_vcf_text, 2, n))
    index.write_bytes(kept)
    with pytest.raises(InputError, match="made for another version of the file") as caught:
        VariantFile(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy == f"bcftools index -f -t {path}"


def test_a_foreign_index(indexed: tuple[Path, Path], tmp_path: Path, make_vcf_text: Callable[..., str]) -> None:
    path, index = indexed
    other = write_bgzf(tmp_path / "other.vcf.gz", text_of(make_vcf_text, 3, samples=40))
    index.write_bytes(index_vcf(other).read_bytes())
    with pytest.raises(InputError, match=r"another version|damaged"):
        check_index(path, index, "remake")


def test_no_index(indexed: tuple[Path, Path]) -> None:
    path, index = indexed
    index.unlink()
    assert find_index(path) is None
    with pytest.raises(InputError, match=r"no index \(\.tbi or \.csi\)") as caught:
        VariantFile(path)
    assert caught.value.remedy == f"bcftools index -f -t {path}"


def test_a_damaged_index(indexed: tuple[Path, Path]) -> None:
    path, index = indexed
    whole = gzip.decompress(index.read_bytes())
    for data in (
        b"",
        b"nonsense",
        gzip.compress(whole[: len(whole) // 2]),
        gzip.compress(b"BAI\1" + whole[4:]),
    ):
        index.write_bytes(data)
        with pytest.raises(InputError, match=r"damaged|another version") as caught:
            VariantFile(path)
        assert caught.value.remedy


def test_a_file_without_records(tmp_path: Path, make_vcf_text: Callable[..., str]) -> None:
    path = write_bgzf(tmp_path / "v.vcf.gz", make_vcf_text(CONTIG, [], ["s"]).encode())
    check_index(path, index_vcf(path), "remake")
