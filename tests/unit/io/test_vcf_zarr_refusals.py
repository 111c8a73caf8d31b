"""VCF Zarr stores that are refused: chunks that are lost or cut off, and arrays that cannot be those of a VCF."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io import _zarr_store
from gxfast.io.variants import open_variants
from gxfast.io.vcf import VariantFile
from gxfast.io.vcf_zarr import VcfZarrFile

pytest.importorskip("zarr", reason="zarr is not installed")
from oracles.vcf_zarr_files import CONTIGS, RECORDS, SAMPLES, Edit, assert_equal, store_of_vcf, zipped


@pytest.fixture
def vcf(tmp_path: Path, make_world: Callable[..., Any]) -> Path:
    path: Path = make_world(tmp_path, CONTIGS, RECORDS, SAMPLES).vcf
    return path


@pytest.fixture
def store(vcf: Path) -> Path:
    return store_of_vcf(vcf, vcf.with_name("cohort.vcz"), chunks=(4, 2))


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
        with pytest.raises(InputError, match=r"pip install 'gxfast\[io\]'"):
            VcfZarrFile(store)
