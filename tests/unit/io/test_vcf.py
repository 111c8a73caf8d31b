"""Reading genotypes: the compiled reader against its pysam twin, and every refusal."""

from __future__ import annotations

import dataclasses
import gzip
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pysam.bcftools
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.vcf import Genotypes, VariantFile

CONTIGS = {"c1": "ACGT" * 25, "c2": "GGCC" * 25}
SAMPLES = ("ann", "bob", "cy", "dee")
RECORDS = [
    ("c1", 3, "G", "A", ["0|1", "1|1", "0|0", "1|0"]),
    ("c1", 3, "GT", "G", ["0|1", "0|0", ".|.", "./."]),
    ("c1", 10, "C", "T,CA,<DEL>", ["1|2", "3|0", "2/1", ".|3"], "q10", "SVTYPE=DEL;END=30"),
    ("c1", 20, "T", ".", ["0|0", "0|0", "0|0", "0|0"], ".", "."),
    ("c1", 25, "A", "C", ["0", "1", ".", "0|1"]),
    ("c1", 40, "T", "C", ["0/1", "1/1", "0/0", "./1"]),
    ("c2", 7, "C", "*,G", ["1|2", "0|0", "2|2", "0|1"]),
]
HEADER_COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"


@pytest.fixture
def vcf(tmp_path: Path, make_world: Callable[..., Any]) -> Path:
    path: Path = make_world(tmp_path, CONTIGS, RECORDS, SAMPLES).vcf
    return path


@pytest.fixture
def write(tmp_path: Path, make_vcf_text: Callable[..., str]) -> Callable[..., Path]:
    """Write VCF text changed by ``edit``, index it, return the path."""

    def make(edit: Callable[[str], str] = str, records: Any = RECORDS, samples: Any = SAMPLES) -> Path:
        path = write_bgzf(tmp_path / "edited.vcf.gz", edit(make_vcf_text(CONTIGS, records, samples)).encode())
        index_vcf(path)
        return path

    return make


def as_bcf(vcf: Path) -> Path:
    path = vcf.with_name("cohort.bcf")
    with (
        pysam.VariantFile(str(vcf)) as source,
        pysam.VariantFile(str(path), "wb", header=source.header) as out,
    ):
        for record in source:
            out.write(record)
    pysam.bcftools.index(str(path))
    return path


def assert_equal(a: Genotypes, b: Genotypes) -> None:
    for field in dataclasses.fields(Genotypes):
        x, y = getattr(a, field.name), getattr(b, field.name)
        assert np.array_equal(x, y), field.name
        assert not isinstance(x, np.ndarray) or x.dtype == y.dtype, field.name


PLAIN_CALLS = ["0|1", "1|0", "0|0", "1|1"]
PHASES = {
    "PS": ["7", "300", "70000", "."], "PGT": ["0|1", "1|0", "."], "PID": ["7_A_C", "300", "."],
    "PSL": ["a,a", "a,b", ".,b", "7,7", ".", "a"],
}  # fmt: skip
ODD_CALLS = ["0/1", ".|1", "./.", "1|2", "2|0", "0", ".", "0|1", "1|1"]


@pytest.mark.parametrize("seed", range(6))
def test_any_mixture_of_lines_reads_as_the_twin_reads_it(write: Callable[..., Path], seed: int) -> None:
    """Lines of the plain kind are split without htslib; all others go through it."""
    rng = np.random.default_rng(seed)
    records = []
    for position in range(2, 98, 2):
        calls = [str(c) for c in rng.choice(PLAIN_CALLS if rng.random() < 0.5 else ODD_CALLS, len(SAMPLES))]
        info = str(rng.choice([".", "END=97"], p=[0.8, 0.2]))
        alt = str(rng.choice(["T,G", "TA,C", "*,A", "<DEL>,T"]))
        form = str(rng.choice(["GT", "GT:PS", "GT:PGT:PID:PS", "GT:PSL:PID"], p=[0.4, 0.2, 0.2, 0.2]))
        columns = [":".join([call, *(str(rng.choice(PHASES[name])) for name in form.split(":")[1:])]) for call in calls]
        records.append(
            (
                "c1",
                position,
                CONTIGS["c1"][position - 1],
                alt,
                columns,
                str(rng.choice(["PASS", ".", "q10"])),
                info,
                form,
            )
        )
    path = write(records=records)
    paths = path, as_bcf(path)
    for samples in (None, ("dee", "ann"), ("bob",)):
        for path_read in paths:
            found, expected = (
                VariantFile(path_read, samples=samples, reader=reader).region("c1", 0, 100)
                for reader in ("htslib", "pysam")
            )
            assert_equal(found, expected)


class TestReading:
    def test_by_hand(self, vcf: Path) -> None:
        found = VariantFile(vcf).region("c1", 0, 30)
        assert found.position.tolist() == [2, 2, 9, 19, 24]
        assert found.ref_length.tolist() == [1, 2, 21, 1, 1]
        assert [found.allele(2, i) for i in range(4)] == [b"C", b"T", b"CA", b"<DEL>"]
        assert np.diff(found.first_allele).tolist() == [2, 2, 4, 1, 2]
        assert found.calls[0].tolist() == [[0, 1], [1, 1], [0, 0], [1, 0]]
        assert found.calls[1].tolist() == [[0, 1], [0, 0], [-1, -1], [-1, -1]]
        assert found.calls[2].tolist() == [[1, 2], [3, 0], [2, 1], [-1, 3]]
        assert found.calls[4].tolist() == [[0, -2], [1, -2], [-1, -2], [0, 1]]
        assert np.argwhere(found.unphased).tolist() == [[2, 2]]
        assert found.passed.tolist() == [True, True, False, True, True]
        assert found.describe(2) == "c1:10 C>T,CA,<DEL>"
        assert (found.samples, found.source) == (SAMPLES, str(vcf))

    def test_which_records_overlap(self, vcf: Path) -> None:
        variants = VariantFile(vcf)
        for start, end, expected in [(0, 2, []), (2, 3, [2, 2]), (3, 4, [2]), (28, 29, [9]), (30, 39, [])]:
            assert variants.region("c1", start, end).position.tolist() == expected, (start, end)
        assert len(variants.region("c2", -50, 10_000)) == 1

    @pytest.mark.parametrize("kind", ["vcf", "bcf"])
    @pytest.mark.parametrize("samples", [None, ["dee", "ann"], ["cy"], ["ann", "bob", "cy", "dee"]])
    def test_compiled_equals_pysam(self, vcf: Path, kind: str, samples: list[str] | None) -> None:
        path = vcf if kind == "vcf" else as_bcf(vcf)
        compiled = VariantFile(path, samples=samples)
        twin = VariantFile(path, samples=samples, reader="pysam")
        for chrom in CONTIGS:
            for start, end in [(0, 100), (2, 3), (15, 22), (29, 60), (60, 100)]:
                assert_equal(compiled.region(chrom, start, end), twin.region(chrom, start, end))
        if samples:
            everyone = VariantFile(path).region("c1", 0, 100)
            columns = [SAMPLES.index(name) for name in samples]
            assert np.array_equal(compiled.region("c1", 0, 100).calls, everyone.calls[:, columns])

    def test_bcf_equals_vcf(self, vcf: Path) -> None:
        bcf = as_bcf(vcf)
        for chrom in CONTIGS:
            a, b = VariantFile(vcf).region(chrom, 0, 100), VariantFile(bcf).region(chrom, 0, 100)
            assert_equal(a, dataclasses.replace(b, source=a.source))

    def test_csi_index(self, vcf: Path) -> None:
        Path(f"{vcf}.tbi").unlink()
        pysam.bcftools.index("-c", str(vcf))
        assert len(VariantFile(vcf).region("c1", 0, 100)) == 6

    def test_shared_by_threads(self, vcf: Path) -> None:
        variants = VariantFile(vcf)
        expected = variants.region("c1", 0, 100)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: variants.region("c1", 0, 100), range(40)):
                assert_equal(found, expected)

    def test_in_memory_region(self, vcf: Path) -> None:
        variants = VariantFile(vcf)
        whole = variants.region("c1", 0, 60)
        for start, end in [(0, 60), (3, 4), (29, 41), (41, 60), (-5, 10)]:
            assert_equal(whole.region("c1", start, end), variants.region("c1", start, end))
        for chrom, start, end in [("c2", 0, 10), ("c1", 0, 61)]:
            with pytest.raises(InputError, match="outside the genotypes at hand"):
                whole.region(chrom, start, end)


def refused(path: Path, match: str, remedy: str | None, *, chrom: str | None = None, **options: Any) -> InputError:
    """Opening (or reading ``chrom``) fails, naming the file and what to do."""
    with pytest.raises(InputError, match=match) as caught:  # noqa: PT012
        variants = VariantFile(path, **options)
        assert chrom is not None, "opened"
        variants.region(chrom, 0, 100)
    assert str(path) in str(caught.value)
    if remedy is not None:
        assert remedy in (caught.value.remedy or "")
    return caught.value


class TestRefusedFiles:
    def test_missing_folder_empty_and_pipe(self, tmp_path: Path) -> None:
        refused(tmp_path / "none.vcf.gz", "No such file", None)
        refused(tmp_path, "not a regular file", None)
        empty = tmp_path / "empty.vcf.gz"
        empty.touch()
        refused(empty, "is empty", None)
        pipe = tmp_path / "pipe.vcf.gz"
        os.mkfifo(pipe)
        refused(pipe, "not a regular file", None)

    def test_plain_text_and_plain_gzip(self, tmp_path: Path, vcf: Path) -> None:
        text = gzip.decompress(vcf.read_bytes())
        plain = tmp_path / "plain.vcf"
        plain.write_bytes(text)
        refused(plain, "not block-compressed", "bcftools view -Oz")
        gzipped = tmp_path / "gz.vcf.gz"
        gzipped.write_bytes(gzip.compress(text))
        refused(gzipped, "not block-compressed", "bcftools view -Oz")

    def test_cut_off(self, vcf: Path) -> None:
        whole = vcf.read_bytes()
        for size in (len(whole) - 28, len(whole) - 1, 60):
            vcf.write_bytes(whole[:size])
            refused(vcf, "cut off", "again")

    def test_damaged_block(self, vcf: Path) -> None:
        data = bytearray(vcf.read_bytes())
        data[len(data) // 2] ^= 0xFF
        vcf.write_bytes(data)
        with pytest.raises(InputError, match=str(vcf)):
            VariantFile(vcf).region("c1", 0, 100)

    def test_not_a_vcf(self, tmp_path: Path) -> None:
        path = write_bgzf(tmp_path / "x.vcf.gz", b"hello\n")
        shutil.copy(path, f"{path}.tbi")
        refused(path, "index is damaged", None)

    def test_sites_only(self, write: Callable[..., Path]) -> None:
        def drop(text: str) -> str:
            return "".join(
                line if line.startswith("##") else "\t".join(line.rstrip("\n").split("\t")[:8]) + "\n"
                for line in text.splitlines(keepends=True)
            )

        refused(write(drop), "no genotypes", None)

    def test_samples(self, vcf: Path) -> None:
        refused(
            vcf,
            "2 samples are not in the file, first 'eve'",
            "bcftools query -l",
            samples=["ann", "eve", "x"],
        )
        refused(vcf, "named twice", None, samples=["ann", "ann"])

    def test_unknown_contig(self, vcf: Path) -> None:
        refused(vcf, r"contig '1' is not in the VCF \(it has c1, c2", "--rename-chrs", chrom="1")


class TestRefusedRecords:
    def change(self, write: Callable[..., Path], old: str, new: str) -> Path:
        def edit(text: str) -> str:
            assert old in text
            return text.replace(old, new)

        return write(edit)

    def test_no_gt(self, write: Callable[..., Path]) -> None:
        header = "##FORMAT=<ID=GT,"
        edited = self.change(write, "PASS\t.\tGT\t0/1\t1/1\t0/0\t./1", "PASS\t.\tDP\t1\t2\t3\t4")
        text = gzip.decompress(edited.read_bytes()).decode()
        depth = '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">\n'
        path = write_bgzf(edited, text.replace(header, depth + header).encode())
        index_vcf(path)
        assert refused(path, "no GT field", None, chrom="c1").record == "c1:40"

    def test_allele_out_of_range(self, write: Callable[..., Path]) -> None:
        path = self.change(write, "GT\t0/1\t1/1\t0/0\t./1", "GT\t0/1\t1/2\t0/0\t./1")
        assert refused(path, "names an allele that the record does not have", None, chrom="c1").record == "c1:40"

    def test_triploid(self, write: Callable[..., Path]) -> None:
        path = self.change(write, "GT\t0/1\t1/1\t0/0\t./1", "GT\t0/1\t1/1/0\t0/0\t./1")
        assert refused(path, "more than two alleles", None, chrom="c1").record == "c1:40"

    @pytest.mark.parametrize("new", ["./1\t0|0", ""])
    def test_columns(self, write: Callable[..., Path], new: str) -> None:
        path = self.change(write, "0/0\t./1", f"0/0\t{new}" if new else "0/0")
        refused(path, "one column per sample", None, chrom="c1")

    def test_unsorted(self, tmp_path: Path, make_vcf_text: Callable[..., str]) -> None:
        """The indexer refuses such a file. One that was changed later, keeping its size, is found by reading."""
        path = tmp_path / "stored.vcf.gz"
        text = make_vcf_text(CONTIGS, RECORDS, SAMPLES)
        for content in (text, text.replace("c1\t10\t", "c1\t26\t")):
            with pysam.BGZFile(str(path), "w0") as handle:  # stored, not compressed: same size, same blocks
                handle.write(content.encode())
            if content == text:
                index_vcf(path)
        error = refused(path, "not sorted", "bcftools sort", chrom="c1")
        assert error.record == "c1:20"

    def test_pos_zero(self, write: Callable[..., Path]) -> None:
        path = self.change(write, "c1\t3\t.\tG\tA", "c1\t0\t.\tG\tA")
        refused(path, "POS must be at least 1", None, chrom="c1")

    def test_garbage_genotype(self, write: Callable[..., Path]) -> None:
        path = self.change(write, "GT\t0/1\t1/1\t0/0\t./1", "GT\t0/1\tx/y\t0/0\t./1")
        with pytest.raises(InputError):
            VariantFile(path).region("c1", 0, 100)


@pytest.mark.parametrize("name", ["b\x1b[31mob", "b\u200bob", "\ufeffbob", "b\u202eob", "b" * 2000])
def test_names_that_cannot_be_seen(write: Callable[..., Path], name: str) -> None:
    """Of people; those of contigs are in the index, too."""
    path = write(samples=("ann", name, "cy", "dee"))
    with pytest.raises(InputError, match=r"the name of (a|the) sample"):
        VariantFile(path)
    VariantFile(write(samples=("ann", "Bøb / 2", "cy", "日本")))
