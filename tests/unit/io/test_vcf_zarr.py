"""Reading VCF Zarr stores: field by field what the VCF of the same records says."""

from __future__ import annotations

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
from oracles.vcf_zarr_files import CONTIGS, RECORDS, SAMPLES, assert_equal, store_of_vcf, zipped


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

    def test_threads(self, vcf: Path, store: Path) -> None:
        expected = VariantFile(vcf).region("chr1", 0, 1000)
        for file in (VcfZarrFile(store), VcfZarrFile(zipped(store))):
            with ThreadPoolExecutor(4) as pool:
                for found in pool.map(lambda _, file=file: file.region("chr1", 0, 1000), range(16)):  # type: ignore[misc]
                    assert_equal(found, expected)

    def test_a_folder_by_what_it_holds(self, vcf: Path, store: Path) -> None:
        plain = store.rename(store.with_name("cohort"))
        assert isinstance(open_variants(plain), VcfZarrFile)


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
        ("DS", (0, 0, 0), 2.5, "DS means -0.5 copies of allele 0 of a diploid call"),
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

    def test_a_record_without_the_field(self, imputed: Path) -> None:
        """Nobody has a value, then; one person may have none."""

        def edit(arrays: dict[str, Any], _: Any) -> None:
            arrays["call_DS"][1] = np.nan

        file = open_variants(store_of_vcf(imputed, imputed.with_name("c.vcz"), edit=edit))
        for people in (["ann"], SAMPLES):
            with pytest.raises(InputError, match=r"chr1:9: the record has no DS field[\s\S]*field=.GT"):
                file.imputed(people, "DS").region("chr1", 0, 60)
        found = file.imputed(["dee"], "DS").region("chr1", 0, 5)
        assert np.isnan(found.copies[0]).all()

    def test_no_such_field(self, store: Path) -> None:
        with pytest.raises(InputError, match=r"no GP field[\s\S]*field=.GT"):
            open_variants(store).imputed(["ann"], "GP")


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = "import sys, gxfast.io.variants; assert not {'zarr', 'numcodecs'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
