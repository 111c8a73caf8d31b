"""An index that was made for another file, or for an earlier version of this one, is refused."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path

import pysam
import pysam.bcftools
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import check_index, index_vcf, indices_of
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
    assert indices_of(path) == [index]
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
    assert indices_of(path) == []
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


@pytest.mark.parametrize("stale", ["tbi", "csi"])
def test_a_right_index_does_not_hide_a_stale_one(stale: str, tmp_path: Path, make_vcf_text: Callable[..., str]) -> None:
    path = write_bgzf(tmp_path / "v.vcf.gz", text_of(make_vcf_text, 1, 100))
    pysam.tabix_index(str(path), preset="vcf", csi=stale == "csi", force=True)
    kept = Path(f"{path}.{stale}").read_bytes()
    write_bgzf(path, text_of(make_vcf_text, 2))
    pysam.tabix_index(str(path), preset="vcf", csi=stale != "csi", force=True)
    Path(f"{path}.{stale}").write_bytes(kept)
    with pytest.raises(InputError, match=rf"the index v\.vcf\.gz\.{stale} was made for another version"):
        VariantFile(path)


def test_two_right_indices(tmp_path: Path, make_vcf_text: Callable[..., str]) -> None:
    contigs = {"c": "A" * 1000, "d": "A" * 1000, "e": "A" * 1000}
    records = [(name, i, "A", "C", ["0|1"]) for name in ("c", "e") for i in range(1, 1001)]
    path = write_bgzf(tmp_path / "v.vcf.gz", make_vcf_text(contigs, records, ["s"]).encode())
    index_vcf(path)
    pysam.tabix_index(str(path), preset="vcf", csi=True, force=True)
    assert VariantFile(path).index.suffix == ".tbi"
    assert len(VariantFile(path).region("e", 0, 1000)) == 1000


def test_two_indices_that_lie_within_the_file_but_do_not_agree(
    tmp_path: Path, make_vcf_text: Callable[..., str]
) -> None:
    """Each fits by its blocks; one leaves a contig out."""
    contigs = {"c": "A" * 1000, "d": "A" * 1000}
    records = [(name, i, "A", "C", ["0|1"]) for name in contigs for i in range(1, 1001)]
    path = write_bgzf(tmp_path / "v.vcf.gz", make_vcf_text(contigs, records, ["s"]).encode())
    index = index_vcf(path)
    pysam.tabix_index(str(path), preset="vcf", csi=True, force=True)
    index.write_bytes(gzip.compress(gzip.decompress(index.read_bytes()).replace(b"c\0d\0", b"d\0c\0")))
    with pytest.raises(InputError, match=r"indices v\.vcf\.gz\.tbi and v\.vcf\.gz\.csi do not agree"):
        VariantFile(path)


def test_a_tbi_beside_a_bcf_is_none_of_it(tmp_path: Path, make_vcf_text: Callable[..., str]) -> None:
    path = write_bgzf(tmp_path / "v.vcf.gz", text_of(make_vcf_text, 1))
    bcf = tmp_path / "v.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(path), catch_stdout=False)
    Path(f"{bcf}.tbi").write_bytes(index_vcf(path).read_bytes())
    with pytest.raises(InputError, match="no index") as caught:
        VariantFile(bcf)
    assert caught.value.remedy == f"bcftools index -f {bcf}"
    pysam.bcftools.index("-f", str(bcf), catch_stdout=False)
    assert len(VariantFile(bcf).region("c", 0, 1000)) == 400


def test_an_index_older_than_its_file_is_told(indexed: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    path, index = indexed
    os.utime(index, (1_000_000, 1_000_000))
    VariantFile(path)
    assert f"{index} is older than its file" in caplog.text


def test_the_file_that_is_checked_is_the_one_that_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_vcf_text: Callable[..., str]
) -> None:
    """Htslib takes ``data:...`` for the data itself, and what follows ##idx## for an index."""
    monkeypatch.chdir(tmp_path)
    path = write_bgzf("data:,v.vcf.gz", text_of(make_vcf_text, 1))
    index_vcf(path.absolute())
    assert len(VariantFile(path).region("c", 0, 1000)) == 400
    marked = write_bgzf(tmp_path / "a##idx##b.vcf.gz", text_of(make_vcf_text, 1))
    with pytest.raises(InputError, match="htslib takes") as caught:
        VariantFile(marked)
    assert caught.value.remedy == "rename the file"


def test_what_htslib_says_of_a_header_is_told_in_the_log(
    tmp_path: Path,
    make_vcf_text: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    text = text_of(make_vcf_text, 1).replace(b"#CHROM", b'##INFO=<ID=X,Number=1,Description="no type">\n#CHROM', 1)
    path = write_bgzf(tmp_path / "v.vcf.gz", text)
    index_vcf(path)
    capfd.readouterr()
    VariantFile(path)
    assert f"{path}: htslib: An INFO field has no Type defined. Assuming String" in caplog.text
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("end", "fits"), [("c\t1000\t.\tA\tC\t.\tPASS\t.", False), ("COMPLETE", True), ("c\t1000", False)]
)
def test_text_that_was_cut_before_it_was_compressed(
    tmp_path: Path, make_vcf_text: Callable[..., str], end: str, fits: bool
) -> None:
    whole = text_of(make_vcf_text, 1)
    end = whole.decode().splitlines()[-1].replace("c\t", "c\t1", 1) if end == "COMPLETE" else end
    path = write_bgzf(tmp_path / "v.vcf.gz", whole + end.encode())
    index_vcf(path)
    if fits:
        assert len(VariantFile(path).region("c", 0, 100_000)) == 401
        return
    with pytest.raises(InputError, match="the last line is cut off") as caught:
        VariantFile(path)
    assert caught.value.record == end.replace("\t", ":", 1).split("\t")[0]
