"""Reading VCF Zarr stores: field by field what the VCF of the same records says, and every refusal."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pysam.bcftools
import pytest

from gxfast.errors import InputError
from gxfast.io import _zarr_store
from gxfast.io.bgzf import write_bgzf
from gxfast.io.genotype_cache import GenotypeCache
from gxfast.io.genotypes import Genotypes
from gxfast.io.indexing import index_vcf
from gxfast.io.variants import companions, imputed_fields, open_variants, places_of_ids
from gxfast.io.vcf import VariantFile
from gxfast.io.vcf_set import VariantFileSet
from gxfast.io.vcf_sites import SiteFileSet, has_genotypes
from gxfast.io.vcf_zarr import VcfZarrFile
from gxfast.personal.dosage_sources import open_dosages

pytest.importorskip("zarr", reason="zarr is not installed")
from oracles.vcf_zarr_files import store_of_vcf, zipped

CONTIGS = {"chr1": "ACGT" * 250, "chr2": "GGCC" * 25, "chrX": "ACGT" * 25}
SAMPLES = ("ann", "bob", "cy", "dee", "eve")
FORMAT = "GT:PS:PID:PGT:PSL"
RECORDS = [
    ("chr1", 3, "G", "A", ["0|1", "1|1", "0", "1|0", "0/1"]),
    ("chr1", 3, "GT", "G", ["0|1", "0|0", ".|.", "./.", "1|0"]),
    ("chr1", 10, "C", "T,CA,<DEL>", ["1|2", "3|0", "1/2", ".|1", "0/."], "q10", "SVTYPE=DEL;END=30"),
    ("chr1", 12, "T", "<CN0>,<CNV:TR>", ["1|2", "0|0", "2/1", "0|0", "."], "PASS",
     "SVLEN=40,7;RN=1,1;RUS=AC,AG;RUC=2,3.5"),
    ("chr1", 14, "T", "<CNV:TR>,<DEL>", ["1|2", "0|0", "2/1", "0|0", "."], "PASS", "SVLEN=7,.;RN=1,.;RUS=AC;RUC=."),
    ("chr1", 20, "T", ".", ["0|0", "0|0", "0/0", "0", "0|0"], ".", "."),
    ("chr1", 25, "A", "C", ["0|0:7", "1/0:3", ".|.:.", "0|1:12", "0/0"], "q10;PASS", "SVTYPE=END", FORMAT),
    ("chr1", 31, "A", "C", ["0|1:.:x_1", "1/0:.:x_1:0|1", "0/2:4:.:1|0", "0/1:.:.:0|1", "1/1:3"], ".", ".", FORMAT),
    ("chr1", 33, "A", "C,T", ["0|1:.:.:.:7,7", "1/0:.:.:.:b", "2/1:4:.:1|0", "0|2:.:.:.:a,.", "1"], ".", ".", FORMAT),
    ("chr1", 40, "T", "*,c", ["0/1", "1/1", "0/0", "2|1", "1|2"], "q10", "END=70"),
    ("chr1", 41, "A", "<INV>", ["0/1", "1/1", "0/0", "1|1", "1|0"], "PASS", "SVLEN=-200"),
    ("chr2", 7, "C", "*,G", ["1|2", "0|0", "2|2", "0|1", "0|0"]),
    ("chrX", 7, "G", "A", ["1", "0|0", "1", "0|1", "."]),
]  # fmt: skip
RECORDS[7] = (*RECORDS[7][:3], "C,G", *RECORDS[7][4:])
Edit = Callable[[dict[str, Any], dict[str, Any]], None]


def assert_equal(found: Genotypes, expected: Genotypes) -> None:
    for field in dataclasses.fields(Genotypes):
        x, y = getattr(found, field.name), getattr(expected, field.name)
        if field.name != "source":
            assert np.array_equal(x, y), (field.name, x, y)
            assert not isinstance(x, np.ndarray) or x.dtype == y.dtype, field.name


@pytest.fixture
def vcf(tmp_path: Path, make_world: Callable[..., Any]) -> Path:
    path: Path = make_world(tmp_path, CONTIGS, RECORDS, SAMPLES).vcf
    return path


@pytest.fixture
def store(vcf: Path) -> Path:
    return store_of_vcf(vcf, vcf.with_name("cohort.vcz"), chunks=(4, 2))


def as_bcf(vcf: Path) -> VariantFile:
    """As BCF: tabix takes a record with SVLEN for one base shorter than it is."""
    bcf = vcf.with_name("c.bcf")
    pysam.bcftools.view("-Ob", "-o", str(bcf), "--write-index=csi", str(vcf), catch_stdout=False)
    return VariantFile(bcf)


def random_records(seed: int, n: int = 200) -> list[Any]:
    rng = np.random.default_rng(seed)
    records = []
    for position in np.sort(rng.integers(1, 990, n)).tolist():
        alt = str(rng.choice(["T", "G,A", "TA,C", "*,A", "<DEL>,T", "<DUP>", "."], p=[0.4, *[0.1] * 6]))
        info = str(rng.choice([".", f"END={position + 9}", "SVLEN=30", "RN=1;END=3"], p=[0.7, 0.1, 0.1, 0.1]))
        alleles = ["."] + [str(i) for i in range(1 if alt == "." else alt.count(",") + 2)] * 3
        calls = []
        for _ in SAMPLES:
            first, second = rng.choice(alleles, 2).tolist()
            calls.append(first if rng.random() < 0.1 else first + str(rng.choice(["|", "|", "/"])) + second)
        ref = CONTIGS["chr1"][position - 1 : position - 1 + int(rng.integers(1, 4))]
        records.append(("chr1", position, ref, alt, calls, str(rng.choice(["PASS", ".", "q10"])), info))
    return records


class TestReading:
    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.parametrize("chunks", [(1, 1), (4, 2), (1000, 1000)])
    def test_by_hand_equals_the_vcf(self, vcf: Path, zarr_format: int, chunks: tuple[int, int]) -> None:
        path = store_of_vcf(vcf, vcf.with_name("c.vcz"), zarr_format=zarr_format, chunks=chunks)
        for samples in (None, ("dee", "ann"), ("cy",), SAMPLES[::-1]):
            expected, found = VariantFile(vcf, samples=samples), VcfZarrFile(path, samples=samples)
            assert (found.contigs, found.contig_lengths) == (expected.contigs, expected.contig_lengths)
            assert (found.samples, found.all_samples) == (expected.samples, expected.all_samples)
            for region in [("chr1", 0, 1000), ("chr2", -5, 2**31 - 2), ("chrX", 0, 90), ("chr1", 3, 4), ("chr1", 5, 5),
                           ("chr1", 500, 600), ("chr1", 24, 33)]:  # fmt: skip
                assert_equal(found.region(*region), expected.region(*region))
                some = found.subset(["bob", "ann"]).region(*region)
                assert_equal(some, expected.subset(["bob", "ann"]).region(*region))

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("options", [
        {"chunks": (7, 2)}, {"chunks": (50, 3), "zarr_format": 3}, {"chunks": (9, 5), "strings": "U"},
        {"chunks": (8, 1), "strings": "S"}, {"chunks": (16, 2), "zarr_format": 3, "shards": True}, {"blosc": False},
    ])  # fmt: skip
    def test_any_mixture_in_any_window(
        self, tmp_path: Path, make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, seed: int,
        options: dict[str, Any],
    ) -> None:  # fmt: skip
        """Whatever the size of chunks, and whether they are kept: records that begin before the window count."""
        monkeypatch.setattr(_zarr_store, "_KEPT", [64 << 20, 0, 5000, 500][seed])
        monkeypatch.setattr(_zarr_store, "_AT_ONCE", 100)
        vcf = make_world(tmp_path, CONTIGS, random_records(seed), SAMPLES).vcf
        found, expected = VcfZarrFile(store_of_vcf(vcf, tmp_path / "c.zarr", **options)), as_bcf(vcf)
        assert_equal(found.region("chr1", 0, 1000), expected.region("chr1", 0, 1000))
        rng = np.random.default_rng(seed)
        for start, length in rng.integers(0, 900, (12, 2)).tolist():
            samples = rng.permutation(SAMPLES)[: rng.integers(1, 6)].tolist()
            region = "chr1", start, start + 1 + length // int(rng.choice([1, 90]))
            assert_equal(found.subset(samples).region(*region), expected.subset(samples).region(*region))
            assert_equal(found.region(*region), expected.region(*region))

    def test_a_long_record_reads_no_chunks_between(self, tmp_path: Path, make_world: Any) -> None:
        records = [("chr1", 1 + i, CONTIGS["chr1"][i], "N", ["0|1"] * 5, "PASS", ".") for i in range(0, 990, 10)]
        records[0] = (*records[0][:3], "<DEL>", *records[0][4:6], "END=900")
        vcf = make_world(tmp_path, CONTIGS, records, SAMPLES).vcf
        store = store_of_vcf(vcf, tmp_path / "c.vcz", chunks=(10, 5))
        for number in (3, 4, 5):
            (store / "call_genotype" / f"{number}.0.0").unlink()
        found = VcfZarrFile(store).region("chr1", 700, 720)
        assert found.position.tolist() == [0, 700, 710]
        with pytest.raises(InputError, match=r"chunk 3\.0\.0 is not there"):
            VcfZarrFile(store).region("chr1", 300, 320)

    def test_only_the_chunks_of_the_people(self, vcf: Path, store: Path) -> None:
        for file in (store / "call_genotype").glob("*.1.0"):
            file.unlink()
        people = ["eve", "ann"]
        file = VcfZarrFile(store)
        file.subset(people).require_readable("chr1")
        assert_equal(file.subset(people).region("chr1", 0, 99), VariantFile(vcf, samples=people).region("chr1", 0, 99))
        with pytest.raises(InputError, match="is not there"):
            file.region("chr1", 0, 99)
        with pytest.raises(InputError, match="is not there"):
            VariantFileSet([store]).require_readable(["chr1"])

    def test_lengths_without_the_array(self, vcf: Path) -> None:
        """By REF, END and SVLEN; or END and SVLEN by the length."""

        def of(*names: str) -> VcfZarrFile:
            def edit(arrays: dict[str, Any], _: Any) -> None:
                for name in names:
                    del arrays[name]

            return VcfZarrFile(store_of_vcf(vcf, vcf.with_name("c.vcz"), chunks=(4, 2), edit=edit))

        expected = VariantFile(vcf).region("chr1", 0, 1000)
        assert_equal(of("variant_length").region("chr1", 0, 1000), expected)
        found = of("variant_END").region("chr1", 0, 1000)
        assert np.array_equal(found.ref_length, expected.ref_length)
        with pytest.raises(InputError, match="chr1:10: nothing says how long <DEL> is"):
            of("variant_length", "variant_END", "variant_SVLEN").region("chr1", 0, 20)

    def test_without_what_may_lack(self, vcf: Path) -> None:
        def edit(arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
            for name in ("call_genotype_phased", "variant_filter", "filter_id", "contig_length", "variant_id"):
                del arrays[name]
            attributes.clear()

        file = VcfZarrFile(store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit))
        found, expected = file.region("chr1", 0, 20), VariantFile(vcf).region("chr1", 0, 20)
        assert np.array_equal(found.calls, expected.calls)
        ordered = (found.calls[:, :, 0] != found.calls[:, :, 1]) & (found.calls[:, :, 1] != -2)
        assert np.array_equal(found.unphased, ordered)
        assert found.passed.all()
        assert file.contig_lengths == {}
        assert places_of_ids([file.path], ["rs1"]) == {}

    def test_names_as_sgkit_wrote_them(self, vcf: Path) -> None:
        def edit(arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
            attributes |= {"contigs": arrays.pop("contig_id"), "filters": arrays.pop("filter_id")}
            attributes["vcf_header"] = "##fileformat=VCFv4.3\n##x\n"

        found = VcfZarrFile(store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit)).region("chr1", 0, 1000)
        assert_equal(found, VariantFile(vcf).region("chr1", 0, 1000))

    def test_one_haplotype_for_all(self, tmp_path: Path, make_world: Any) -> None:
        vcf = make_world(tmp_path, CONTIGS, [("chrX", 7, "G", "A", ["1", "0", "1", ".", "0"])], SAMPLES).vcf

        def edit(arrays: dict[str, Any], _: Any) -> None:
            arrays["call_genotype"] = arrays["call_genotype"][:, :, :1]

        found = VcfZarrFile(store_of_vcf(vcf, tmp_path / "c.vcz", edit=edit)).region("chrX", 0, 20)
        assert_equal(found, VariantFile(vcf).region("chrX", 0, 20))

    def test_zip(self, vcf: Path, store: Path) -> None:
        found = VcfZarrFile(zipped(store))
        assert_equal(found.region("chr1", 0, 1000), VariantFile(vcf).region("chr1", 0, 1000))

    def test_threads_and_processes(self, vcf: Path, store: Path) -> None:
        expected = VariantFile(vcf).region("chr1", 0, 1000)
        for file in (VcfZarrFile(store), VcfZarrFile(zipped(store))):
            with ThreadPoolExecutor(4) as pool:
                for found in pool.map(lambda _, file=file: file.region("chr1", 0, 1000), range(16)):  # type: ignore[misc]
                    assert_equal(found, expected)

    def test_a_folder_by_what_it_holds(self, vcf: Path, store: Path) -> None:
        plain = store.rename(store.with_name("cohort"))
        assert isinstance(open_variants(plain), VcfZarrFile)


def indexed(arrays: dict[str, Any], _: Any) -> None:
    """As bio2zarr: chunk, contig, start, end, largest end, number of records."""
    del arrays["variant_filter"]
    arrays["region_index"] = np.array([[0, 0, 3, 6, 6, 4], [1, 0, 7, 10, 10, 4]], np.int32)


class TestLostChunks:
    """A writer may leave out chunks of zeros, and a chunk may be lost: to Zarr both are zeros."""

    @pytest.fixture
    def zeros(self, tmp_path: Path, make_world: Any) -> Path:
        """Chunks of eve: reference calls only."""
        records = [("chr1", 3 + i, "G", "A", ["0|1", "1|1", "0|0", "1|0", "0|0"], ".", ".") for i in range(8)]
        path: Path = make_world(tmp_path, CONTIGS, records, SAMPLES).vcf
        return path

    def test_of_calls(self, zeros: Path) -> None:
        store = store_of_vcf(zeros, zeros.with_name("c.vcz"), chunks=(4, 2), empty=False, edit=indexed)
        assert not (store / "call_genotype" / "0.2.0").exists()
        file = VcfZarrFile(store)
        for refused in (lambda: file.region("chr1", 0, 9), lambda: file.require_readable("chr1")):
            with pytest.raises(InputError, match=r"call_genotype: chunk 0.2.0[\s\S]*zip -0qr ../c.vcz.zip"):
                refused()

    def test_a_zip_file_lists_what_it_holds(self, zeros: Path) -> None:
        store = store_of_vcf(zeros, zeros.with_name("c.vcz"), chunks=(4, 2), empty=False)
        assert not (store / "variant_filter" / "0.0").exists()
        assert not (store / "variant_contig" / "0").exists()
        file = VcfZarrFile(zipped(store))
        file.require_readable("chr1")
        assert_equal(file.region("chr1", 0, 99), VariantFile(zeros).region("chr1", 0, 99))

    def test_whatever_the_fill_value(self, store: Path, vcf: Path) -> None:
        edit = without("variant_filter")
        other = store_of_vcf(vcf, vcf.with_name("c.vcz"), chunks=(4, 2), fill=-1, edit=edit)
        (other / "call_genotype" / "0.0.0").unlink()
        with pytest.raises(InputError, match=r"call_genotype: chunk 0\.0\.0"):
            VcfZarrFile(other).region("chr1", 0, 9)

    def test_of_contigs(self, vcf: Path, zeros: Path) -> None:
        """Left out, they are of the first contig, if there is one only, or if the index of regions says so."""

        def edit(arrays: dict[str, Any], _: Any) -> None:
            del arrays["variant_filter"]

        def one(arrays: dict[str, Any], _: Any) -> None:
            del arrays["variant_filter"], arrays["contig_length"]
            arrays["contig_id"] = ["chr1"]

        people = ["ann"]
        expected = VariantFile(zeros, samples=people).region("chr1", 0, 99)
        for change in (indexed, one):
            store = store_of_vcf(zeros, zeros.with_name("c.vcz"), chunks=(4, 2), empty=False, edit=change)
            assert not (store / "variant_contig" / "0").exists()
            assert_equal(VcfZarrFile(store, samples=people).region("chr1", 0, 99), expected)
        with pytest.raises(InputError, match="variant_contig: chunk 0"):
            VcfZarrFile(store_of_vcf(zeros, zeros.with_name("c.vcz"), chunks=(4, 2), empty=False, edit=edit))

    @pytest.mark.parametrize("name", [
        "variant_position", "variant_contig", "variant_allele", "variant_length", "variant_END", "variant_SVLEN",
        "variant_filter", "variant_RUS", "call_PS", "call_PID", "contig_id", "contig_length", "filter_id", "sample_id",
    ])  # fmt: skip
    def test_of_any_other_array(self, store: Path, name: str) -> None:
        first = min(file for file in (store / name).iterdir() if not file.name.startswith("."))
        first.unlink()
        with pytest.raises(InputError, match=f"{name}: chunk"):
            VcfZarrFile(store).region("chr1", 0, 1000)

    def test_of_phase_means_unphased(self, vcf: Path, store: Path) -> None:
        (store / "call_genotype_phased" / "0.0").unlink()
        found, expected = VcfZarrFile(store).region("chr1", 0, 5), VariantFile(vcf).region("chr1", 0, 5)
        assert np.array_equal(found.calls, expected.calls)
        assert found.unphased.tolist() == [[True, False, False, False, True], [True, False, False, False, False]]

    @pytest.mark.parametrize(("zarr_format", "blosc"), [(2, True), (3, True), (2, False), (3, False)])
    def test_a_chunk_that_is_cut_off(self, vcf: Path, zarr_format: int, blosc: bool) -> None:
        for name, key in {"variant_position": "0", "call_genotype": "0.0.0", "variant_allele": "0.0"}.items():
            path = store_of_vcf(vcf, vcf.with_name("c.vcz"), zarr_format=zarr_format, chunks=(4, 2), blosc=blosc)
            file = path / name / (key if zarr_format == 2 else "c/" + key.replace(".", "/"))
            for size in (file.stat().st_size - 1, 20, 3, 0):
                os.truncate(file, size)
                with pytest.raises(InputError, match=f"{name}:.*cut off"):
                    VcfZarrFile(path).region("chr1", 0, 1000)

    def test_a_folder_or_a_pipe_in_place_of_a_chunk(self, store: Path) -> None:
        chunk = store / "call_genotype" / "0.0.0"
        chunk.unlink()
        os.mkfifo(chunk)
        with pytest.raises(InputError, match="is not there"):
            VcfZarrFile(store).region("chr1", 0, 9)


class TestSets:
    def test_as_all_files(self, vcf: Path, store: Path) -> None:
        found = GenotypeCache(VariantFileSet([store]).subset(["dee", "bob"]))
        expected = GenotypeCache(VariantFileSet([vcf]).subset(["dee", "bob"]))
        for region in [("chr1", 5, 60), ("chr1", 0, 1000)]:
            assert_equal(found.region(*region), expected.region(*region))
        assert_equal(Genotypes.from_vcf(store, regions="chr1:1-50"), Genotypes.from_vcf(vcf, regions="chr1:1-50"))

    def test_lists_of_sites_are_not_read(self, store: Path) -> None:
        assert has_genotypes([store])
        with pytest.raises(InputError, match="lists of sites"):
            SiteFileSet([store])

    def test_ids(self, vcf: Path) -> None:
        def edit(arrays: dict[str, Any], _: Any) -> None:
            arrays["variant_id"][-2] = "rs1;rs2"

        store = store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit, chunks=(3, 2))
        assert places_of_ids([store], ["rs2", "rs9", "."]) == {"rs2": ("chr2", 6)}
        assert imputed_fields(store) == ()

    def test_provenance(self, vcf: Path, store: Path) -> None:
        from gxfast.workflow.provenance import hash_files

        assert companions(store) == ()
        (one,) = hash_files({"vcf": [store]})["vcf"]
        assert one["file"] == "cohort.vcz"
        assert one["size"] == sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
        copy = store.with_name("other.vcz")
        (store / "loop").symlink_to(store, target_is_directory=True)
        import shutil

        shutil.copytree(store, copy, ignore=lambda *_: ["loop"])
        assert hash_files({"vcf": store})["vcf"][0]["sha256"] == one["sha256"]
        assert hash_files({"vcf": copy})["vcf"][0]["sha256"] == one["sha256"]
        chunk = copy / "variant_position" / "0"
        (copy / "variant_position" / "8").write_bytes(chunk.read_bytes())
        assert hash_files({"vcf": copy})["vcf"][0]["sha256"] != one["sha256"]

    def test_outputs(self, tmp_path: Path, store: Path) -> None:
        from gxfast.cli.outputs import refuse_overwriting

        (tmp_path / "link").symlink_to(store)
        for name in (store, tmp_path / "{chrom}.vcz", tmp_path / "link"):
            parameters = {"vcf": (str(name),)}
            for output in (store, store / "out", store / "call_genotype" / "0.0.0", tmp_path / "link" / "new"):
                with pytest.raises(InputError, match=r"would be written into|is an input"):
                    refuse_overwriting([output], parameters)
            with pytest.raises(InputError, match="lies in the folder"):
                refuse_overwriting([tmp_path], parameters)
        refuse_overwriting([tmp_path / "out"], {"vcf": (str(store),)})


FIELDS = "PASS", ".", "GT:DS:GP"
IMPUTED = [
    ("chr1", 3, "G", "A", ["0|1:0.9:0.1,0.9,0", "1|1:2:0,0,1", "0:0.25:0.75,0.25", "1|0:.:.", "./.:1.001:0,1,0"],
     *FIELDS),
    ("chr1", 9, "C", "A,T",
     ["0|1:0.9,0:0,1,0,0,0,0", "1|1:2,0:0,0,1,0,0,0", "0:0.25,0.1:0.75,0.25,0", "1|0:.:.", ".:1,0:1,0,0"], *FIELDS),
]  # fmt: skip


class TestDosages:
    @pytest.fixture
    def imputed(self, tmp_path: Path, make_vcf_text: Callable[..., str]) -> Path:
        field = '##FORMAT=<ID={},Number={},Type=Float,Description="d">\n'
        fields = field.format("DS", "A") + field.format("GP", "G")
        text = make_vcf_text(CONTIGS, IMPUTED, SAMPLES).replace("##FORMAT=<ID=GT", fields + "##FORMAT=<ID=GT")
        path = write_bgzf(tmp_path / "imputed.vcf.gz", text.encode())
        index_vcf(path)
        return path

    @pytest.mark.parametrize("field", ["DS", "GP"])
    @pytest.mark.parametrize("calls", [True, False])
    def test_equal_those_of_the_vcf(self, imputed: Path, field: str, calls: bool) -> None:
        def edit(arrays: dict[str, Any], _: Any) -> None:
            if not calls:
                del arrays["call_genotype"], arrays["call_genotype_phased"]

        store = store_of_vcf(imputed, imputed.with_name("c.vcz"), chunks=(1, 2), edit=edit)
        assert imputed_fields(store) == ("DS", "GP")
        people = ["dee", "cy", "ann", "eve"]
        found = open_variants(store).imputed(people, field).region("chr1", 0, 60)
        expected = open_variants(imputed).imputed(people, field).region("chr1", 0, 60)
        assert found.alleles == expected.alleles
        assert np.array_equal(found.position, expected.position)
        if calls:
            assert np.array_equal(found.haploid, expected.haploid)
            for x, y in zip(found.copies, expected.copies, strict=True):
                np.testing.assert_array_equal(x, y)
            window = [open_dosages(VariantFileSet([one]), field) for one in (store, imputed)]
            pieces = [next(one.pieces("chr1", 0, 1000)) for one in window]
            assert np.array_equal(pieces[0].values, pieces[1].values)
        else:
            assert found.haploid[:, 1].all()
            with pytest.raises(InputError, match=r"no calls \(call_genotype\)[\s\S]*--dosage DS"):
                open_variants(store).region("chr1", 0, 60)

    def test_one_number_for_each_person(self, imputed: Path) -> None:
        def edit(arrays: dict[str, Any], _: Any) -> None:
            arrays["call_DS"] = arrays["call_DS"][:, :, 0]

        file = open_variants(store_of_vcf(imputed, imputed.with_name("c.vcz"), edit=edit))
        assert file.imputed(["ann"], "DS").region("chr1", 0, 4).copies[0][1].tolist() == [0.9]
        with pytest.raises(InputError, match="chr1:9: DS: expected 2 numbers, found 1"):
            file.imputed(["ann"], "DS").region("chr1", 5, 60)

    @pytest.mark.parametrize(("field", "where", "value", "message"), [
        ("DS", (0, 0, 0), 2.5, "DS means 2.5 copies of allele 1 of a diploid call"),
        ("DS", (0, 0, 1), 1, "expected 1 numbers, found 2"),
        ("DS", (1, 0, 1), np.nan, "expected 2 numbers, found 1"),
        ("GP", (0, 0, 0), 0.7, "add up to 1.6"),
        ("GP", (0, 0, 2), np.nan, "expected 3 numbers, found 2"),
    ])  # fmt: skip
    def test_values_that_are_wrong(self, imputed: Path, field: str, where: Any, value: float, message: str) -> None:
        def edit(arrays: dict[str, Any], _: Any) -> None:
            arrays[f"call_{field}"][where] = value

        file = open_variants(store_of_vcf(imputed, imputed.with_name("c.vcz"), edit=edit))
        with pytest.raises(InputError, match=message):
            file.imputed(["ann", "bob"], field).region("chr1", 0, 60)

    def test_no_such_field(self, store: Path) -> None:
        with pytest.raises(InputError, match=r"no GP field[\s\S]*--dosage GT"):
            open_variants(store).imputed(["ann"], "GP")


def setting(name: str, value: Any) -> Edit:
    def edit(arrays: dict[str, Any], _: Any) -> None:
        arrays[name] = value(arrays[name])

    return edit


def put(name: str, where: Any, value: Any) -> Edit:
    def edit(arrays: dict[str, Any], _: Any) -> None:
        arrays[name] = np.array(arrays[name])
        arrays[name][where] = value

    return edit


def without(name: str) -> Edit:
    def edit(arrays: dict[str, Any], _: Any) -> None:
        del arrays[name]

    return edit


class TestRefusals:
    @pytest.mark.parametrize(("edit", "message"), [
        (without("variant_position"), "no array variant_position"),
        (without("variant_contig"), "no array variant_contig"),
        (without("variant_allele"), "no array variant_allele"),
        (without("contig_id"), "no array contig_id"),
        (without("filter_id"), "no array filter_id"),
        (without("sample_id"), "sites only"),
        (setting("sample_id", lambda v: []), "sites only"),
        (without("call_genotype"), "no calls"),
        (put("variant_position", 3, 0), "chr1:0: variant_position: a position must be"),
        (put("variant_position", 3, -4), "a position must be"),
        (put("variant_position", 3, 2), "chr1:2: variant_position: records are not sorted"),
        (put("variant_position", 1, 90), "not sorted"),
        (put("variant_contig", 12, 0), "two places|not sorted"),
        (put("variant_contig", 0, 2), "chrX:7: variant_position: records of the contig are in two places"),
        (put("variant_contig", 12, 3), "variant_contig has numbers from 0 to 3"),
        (put("variant_contig", 12, -1), "variant_contig has numbers from -1"),
        (setting("variant_position", lambda v: v[:-1]), "variant_allele has the shape"),
        (setting("variant_position", lambda v: v.astype(float)), "must hold whole numbers"),
        (setting("variant_position", lambda v: v[:, None]), "must have one dimension"),
        (setting("variant_contig", lambda v: v[:-1]), "variant_contig has the shape"),
        (setting("variant_END", lambda v: v[:-1]), "variant_END has the shape"),
        (setting("variant_END", lambda v: v.astype(float)), "must hold whole numbers"),
        (setting("variant_filter", lambda v: v[:-1]), "variant_filter has the shape"),
        (setting("variant_filter", lambda v: v[:, :1]), "variant_filter has the shape"),
        (setting("variant_length", lambda v: 0 * v), "length must be at least 1"),
        (setting("variant_length", lambda v: v // v), "REF is longer than variant_length"),
        (setting("call_genotype", lambda v: v[:-1]), "call_genotype has the shape"),
        (setting("call_genotype", lambda v: v[:, 1:]), "names 5 people"),
        (setting("call_genotype", lambda v: v[:, :, 0]), "call_genotype has the shape"),
        (setting("call_genotype", lambda v: v.astype(float)), "must hold whole numbers"),
        (setting("call_genotype_phased", lambda v: v[:, 1:]), "names 5 people"),
        (setting("call_PS", lambda v: v[:-1]), "call_PS has the shape"),
        (setting("sample_id", lambda v: [*v[:-1], v[0]]), "'ann' is there 2 times"),
        (setting("sample_id", lambda v: [*v[:-1], " "]), "name of a sample is empty"),
        (setting("sample_id", lambda v: [*v[:-1], "a\tb"]), "holds a tab"),
        (setting("contig_id", lambda v: [*v[:-1], ""]), "name of a contig is empty"),
        (setting("contig_id", lambda v: [*v[:-1], v[0]]), "names a contig twice"),
        (setting("contig_length", lambda v: v[:-1]), "contig_length has the shape"),
        (put("variant_allele", (1, 0), ""), "chr1:3: variant_allele has no REF, or a gap"),
        (put("variant_allele", (2, 1), ""), "chr1:10: variant_allele has no REF, or a gap"),
        (put("call_genotype", (2, 0, 0), 4), "chr1:10: call_genotype: a call names an allele"),
        (put("call_genotype", (2, 0, 0), -3), "chr1:10: call_genotype: a call is less than -2"),
        (put("call_genotype", (2, 0), -2), "chr1:10: call_genotype: a call has no alleles"),
        (setting("call_genotype", lambda v: np.concatenate([v, 0 * v], axis=2)), "more than two alleles"),
    ])  # fmt: skip
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_arrays_that_are_wrong(self, vcf: Path, zarr_format: int, edit: Edit, message: str) -> None:
        store = store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit, zarr_format=zarr_format, chunks=(5, 3))
        with pytest.raises(InputError, match=message) as caught:
            VcfZarrFile(store).region("chr1", 0, 1000)
        assert caught.value.path == str(store)

    def test_padding_to_a_higher_ploidy_is_none(self, vcf: Path) -> None:
        edit = setting("call_genotype", lambda v: np.concatenate([v, np.full_like(v, -2)], axis=2))
        found = VcfZarrFile(store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit)).region("chr1", 0, 1000)
        assert_equal(found, VariantFile(vcf).region("chr1", 0, 1000))

    def test_many_alleles(self, vcf: Path) -> None:
        def edit(arrays: dict[str, Any], _: Any) -> None:
            arrays["variant_allele"] = [[*row, *("" for _ in range(200))] for row in arrays["variant_allele"]]
            arrays["variant_allele"][0] = ["G"] + [f"A{'C' * i}" for i in range(203)]
            arrays["call_genotype"] = arrays["call_genotype"].astype(np.int16)
            arrays["call_genotype"][0, 0] = 127, 0

        with pytest.raises(InputError, match="more than 126 alleles"):
            VcfZarrFile(store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit)).region("chr1", 0, 1000)

    def test_what_sgkit_leaves_out(self, vcf: Path) -> None:
        import zarr

        store = store_of_vcf(vcf, vcf.with_name("c.vcz"))
        zarr.open_group(str(store), mode="r+").attrs["max_alt_alleles_seen"] = 4
        with pytest.raises(InputError, match="the VCF had 5: some were left out"):
            VcfZarrFile(store)
        group = zarr.open_group(str(store), mode="r+")
        group.attrs["max_alt_alleles_seen"] = 3
        group["call_genotype"].attrs["mixed_ploidy"] = False
        with pytest.raises(InputError, match="chr1:10: call_genotype: a half-missing call may have been a haploid"):
            VcfZarrFile(store, samples=["eve"]).region("chr1", 0, 1000)

    def test_pickles_are_not_opened(self, store: Path) -> None:
        description = store / "sample_id" / ".zarray"
        description.write_text(description.read_text().replace("vlen-utf8", "pickle"))
        with pytest.raises(InputError, match="sample_id: "):
            VcfZarrFile(store)
        description = store / "call_genotype" / ".zarray"
        description.write_text(description.read_text().replace('"filters": null', '"filters": [{"id": "pickle"}]'))
        reader = _zarr_store.ZarrReader(store)
        with pytest.raises(InputError, match="call_genotype: "):
            reader.has("call_genotype")

    @pytest.mark.parametrize("text", ["", "{", "{}", '{"zarr_format": 7}', "[1]"])
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_descriptions_that_are_damaged(self, vcf: Path, zarr_format: int, text: str) -> None:
        store = store_of_vcf(vcf, vcf.with_name("c.vcz"), zarr_format=zarr_format)
        mark, of_array = (".zgroup", ".zarray") if zarr_format == 2 else ("zarr.json", "zarr.json")
        (store / "call_genotype" / of_array).write_text(text)
        with pytest.raises(InputError, match=r"call_genotype: its description|no calls|no Zarr store"):
            VcfZarrFile(store).region("chr1", 0, 9)
        (store / mark).write_text(text)
        with pytest.raises(InputError, match=r"no Zarr store|no array|its description"):
            VcfZarrFile(store)

    def test_paths_that_are_no_store(self, tmp_path: Path, vcf: Path, store: Path) -> None:
        (tmp_path / "empty.vcz").mkdir()
        (tmp_path / "text.vcz.zip").write_text("no")
        (tmp_path / "void.zarr").write_text("")
        packed = tmp_path / "deep.zarr.zip"
        import zipfile

        with zipfile.ZipFile(packed, "w") as out:
            for file in store.rglob("*"):
                out.write(file, f"cohort.vcz/{file.relative_to(store)}")
        for name in ("empty.vcz", "text.vcz.zip", "void.zarr", "none.vcz", "deep.zarr.zip"):
            with pytest.raises(InputError) as caught:
                open_variants(tmp_path / name)
            assert caught.value.remedy

    def test_a_store_of_something_else(self, tmp_path: Path) -> None:
        import zarr

        zarr.open_group(str(tmp_path / "x.zarr"), mode="w").create_array("effects", shape=(3,), dtype="f4")
        with pytest.raises(InputError, match=r"no array variant_position[\s\S]*vcf2zarr convert"):
            VcfZarrFile(tmp_path / "x.zarr")

    @pytest.mark.parametrize(
        ("samples", "message"), [(["zoe"], "not in the file"), ([], "no samples"), (["ann", "ann"], "twice")]
    )
    def test_samples(self, store: Path, samples: list[str], message: str) -> None:
        with pytest.raises(InputError, match=message):
            VcfZarrFile(store, samples=samples)

    def test_contig(self, store: Path) -> None:
        file = VcfZarrFile(store)
        assert (file.has_records("chr1"), file.has_records("chr7")) == (True, False)
        with pytest.raises(InputError, match="'chr7' has no records"):
            file.region("chr7", 0, 10)

    def test_no_records(self, vcf: Path) -> None:
        def edit(arrays: dict[str, Any], _: Any) -> None:
            for name, values in arrays.items():
                if name.startswith(("variant_", "call_")):
                    arrays[name] = np.asarray(values)[:0]

        file = VcfZarrFile(store_of_vcf(vcf, vcf.with_name("c.vcz"), edit=edit))
        assert file.contigs == ()

    def test_without_zarr(self, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "zarr", None)
        with pytest.raises(InputError, match=r'pip install "gxfast\[io\]"'):
            VcfZarrFile(store)


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = "import sys, gxfast.io.variants; assert not {'zarr', 'numcodecs'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
