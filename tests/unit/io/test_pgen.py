"""Reading PLINK 2 file sets: field by field what the VCF of the same calls says, and every refusal."""

from __future__ import annotations

import dataclasses
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
from gxfast.io import pvar as pvar_module
from gxfast.io.bgzf import write_bgzf
from gxfast.io.genotype_cache import GenotypeCache
from gxfast.io.genotypes import Genotypes
from gxfast.io.indexing import index_vcf
from gxfast.io.pgen import PgenFile
from gxfast.io.pvar import Pvar
from gxfast.io.variants import companions, imputed_fields, open_variants, places_of_ids
from gxfast.io.vcf import VariantFile
from gxfast.io.vcf_set import VariantFileSet
from gxfast.io.vcf_sites import SiteFileSet, has_genotypes
from gxfast.personal.dosage_sources import open_dosages, window_dosages

pytest.importorskip("pgenlib", reason="pgenlib is not installed")
from oracles.pgen_files import pgen_of_vcf

CONTIGS = {"chr1": "ACGT" * 250, "chr2": "GGCC" * 25, "chrX": "ACGT" * 25}
SAMPLES = ("ann", "bob", "cy", "dee", "eve")
RECORDS = [
    ("chr1", 3, "G", "A", ["0|1", "1|1", "0|0", "1|0", "0/1"]),
    ("chr1", 3, "GT", "G", ["0|1", "0|0", ".|.", "./.", "1|0"]),
    ("chr1", 10, "C", "T,CA,<DEL>", ["1|2", "3|0", "1/2", ".|.", "0|3"], "q10", "SVTYPE=DEL;END=30"),
    ("chr1", 12, "T", "<CN0>,<CNV:TR>", ["1|2", "0|0", "1/2", "0|0", "0|0"], "PASS", "SVLEN=40,7;RN=1,1;RUS=AC,AG"),
    ("chr1", 20, "T", ".", ["0|0", "0|0", "0|0", "0|0", "0|0"], ".", "."),
    ("chr1", 25, "A", "C", ["0|0", "1|1", ".|.", "0|1", "0/0"], "q10;PASS", "SVTYPE=END"),
    ("chr1", 40, "T", "*,c", ["0/1", "1/1", "0/0", "2|1", "1|2"], "q10", "END=70"),
    ("chr1", 41, "A", "<INV>", ["0/1", "1/1", "0/0", "1|1", "1|0"], "PASS", "SVLEN=-200"),
    ("chr2", 7, "C", "*,G", ["1|2", "0|0", "2|2", "0|1", "0|0"]),
    ("chrX", 7, "G", "A", ["1|1", "0|0", "1|1", "0|1", "0|0"]),
]  # fmt: skip


def assert_equal(found: Genotypes, expected: Genotypes) -> None:
    for field in dataclasses.fields(Genotypes):
        x, y = getattr(found, field.name), getattr(expected, field.name)
        if field.name != "source":
            assert np.array_equal(x, y), field.name
            assert not isinstance(x, np.ndarray) or x.dtype == y.dtype, field.name


@pytest.fixture
def vcf(tmp_path: Path, make_world: Callable[..., Any]) -> Path:
    path: Path = make_world(tmp_path, CONTIGS, RECORDS, SAMPLES).vcf
    return path


@pytest.fixture
def pgen(vcf: Path) -> Path:
    return pgen_of_vcf(vcf, vcf.with_name("cohort.pgen"))


def random_records(seed: int, n: int = 300) -> list[Any]:
    """Any mixture of what both formats can say; unphased calls ascend, as in a PGEN."""
    rng = np.random.default_rng(seed)
    records = []
    for position in np.sort(rng.integers(1, 990, n)).tolist():
        alt = str(
            rng.choice(["T", "G,A", "TA,C", "*,A", "<DEL>,T", "<DUP>", "."], p=[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
        )
        info = str(rng.choice([".", f"END={position + 9}", "SVLEN=30", "RN=1;END=3"], p=[0.7, 0.1, 0.1, 0.1]))
        largest = 0 if alt == "." else alt.count(",") + 1
        calls = []
        for _ in SAMPLES:
            pair = sorted(rng.integers(0, largest + 1, 2).tolist())
            kind = rng.random()
            text = f"{pair[1]}|{pair[0]}" if kind < 0.3 else f"{pair[0]}|{pair[1]}" if kind < 0.6 else "./."
            calls.append(f"{pair[0]}/{pair[1]}" if kind > 0.8 else text)
        ref = CONTIGS["chr1"][position - 1 : position - 1 + int(rng.integers(1, 4))]
        records.append(("chr1", position, ref, alt, calls, str(rng.choice(["PASS", ".", "q10"])), info))
    return records


class TestReading:
    @pytest.mark.parametrize("samples", [None, ("dee", "ann"), ("cy",), ("eve", "dee", "cy", "bob", "ann")])
    def test_by_hand_equals_the_vcf(self, vcf: Path, pgen: Path, samples: tuple[str, ...] | None) -> None:
        expected, found = VariantFile(vcf, samples=samples), PgenFile(pgen, samples=samples)
        assert (found.contigs, found.contig_lengths) == (expected.contigs, expected.contig_lengths)
        assert (found.samples, found.all_samples) == (expected.samples, expected.all_samples)
        for region in [("chr1", 0, 1000), ("chr2", -5, 2**31 - 2), ("chr1", 3, 4), ("chr1", 500, 600)]:
            assert_equal(found.region(*region), expected.region(*region))
            some = found.subset(["bob", "ann"]).region(*region)
            assert_equal(some, expected.subset(["bob", "ann"]).region(*region))

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("block", [1, 7, 1024])
    def test_any_mixture_in_any_window(
        self, tmp_path: Path, make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, seed: int, block: int
    ) -> None:
        """Whatever the size of blocks and of the pieces of text: records that begin before the window count."""
        monkeypatch.setattr(pvar_module, "_BLOCK", block)
        monkeypatch.setattr("gxfast.io._pvar_lines._PIECE", 1000 * block)
        monkeypatch.setattr("gxfast.io.pgen._AT_ONCE", 64)
        vcf = make_world(tmp_path, CONTIGS, random_records(seed), SAMPLES).vcf
        # As BCF: tabix takes a record with SVLEN for one base shorter than it is.
        bcf = tmp_path / "c.bcf"
        pysam.bcftools.view("-Ob", "-o", str(bcf), "--write-index=csi", str(vcf), catch_stdout=False)
        found, expected = PgenFile(pgen_of_vcf(vcf, tmp_path / "c.pgen")), VariantFile(bcf)
        assert_equal(found.region("chr1", 0, 1000), expected.region("chr1", 0, 1000))
        rng = np.random.default_rng(seed)
        for start, length in rng.integers(0, 900, (20, 2)).tolist():
            samples = rng.permutation(SAMPLES)[: rng.integers(1, 6)].tolist()
            region = "chr1", start, start + length
            assert_equal(found.subset(samples).region(*region), expected.subset(samples).region(*region))

    def test_without_filter_and_info(self, vcf: Path) -> None:
        found = PgenFile(pgen_of_vcf(vcf, vcf.with_name("c.pgen"), columns=5)).region("chr1", 0, 22)
        assert found.passed.all()
        assert found.ref_length.tolist() == [1, 2, 1, 1, 1]

    def test_without_phase(self, vcf: Path) -> None:
        """All heterozygous calls are unphased: what is done with them is the policy's choice, as of a VCF."""
        found = PgenFile(pgen_of_vcf(vcf, vcf.with_name("c.pgen"), phase=False)).region("chr1", 0, 1000)
        assert np.array_equal(found.unphased, found.calls[:, :, 0] != found.calls[:, :, 1])
        assert found.unphased.any()

    def test_haploid_and_half_missing_calls_as_plink_has_them(self, tmp_path: Path, make_world: Any) -> None:
        vcf = make_world(tmp_path, CONTIGS, [("chr1", 3, "G", "A", ["0|.", "1", "./1", "0", "."])], SAMPLES).vcf
        found = PgenFile(pgen_of_vcf(vcf, tmp_path / "c.pgen")).region("chr1", 0, 10)
        assert found.calls[0].tolist() == [[-1, -1], [1, 1], [-1, -1], [0, 0], [-1, -1]]

    def test_compressed_variants(self, vcf: Path, pgen: Path) -> None:
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        text = pgen.with_suffix(".pvar").read_bytes()
        packed = pgen.with_suffix(".pvar").with_name("cohort.pvar.zst")
        with pyarrow.CompressedOutputStream(str(packed), "zstd") as out:
            out.write(text)
        pgen.with_suffix(".pvar").unlink()
        assert companions(pgen)[0] == packed
        assert_equal(PgenFile(pgen).region("chr1", 0, 1000), VariantFile(vcf).region("chr1", 0, 1000))
        assert_equal(PgenFile(pgen).region("chr2", 3, 9), VariantFile(vcf).region("chr2", 3, 9))
        packed.write_bytes(packed.read_bytes()[:-9])
        with pytest.raises(InputError, match="cut off"):
            PgenFile(pgen)

    def test_compressed_variants_without_a_library(self, pgen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pgen.with_suffix(".pvar").rename(pgen.with_name("cohort.pvar.zst"))
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        monkeypatch.setitem(sys.modules, "zstandard", None)
        with pytest.raises(InputError, match=r"pyarrow or zstandard[\s\S]*zstd -d cohort"):
            PgenFile(pgen)

    def test_people_of_families(self, vcf: Path, pgen: Path) -> None:
        text = "##note\n#FID\tIID\tSEX\n" + "".join(f"f\t{name}\t1\n" for name in SAMPLES)
        pgen.with_suffix(".psam").write_text(text)
        assert PgenFile(pgen).samples == SAMPLES

    def test_threads_and_processes(self, vcf: Path, pgen: Path) -> None:
        file, expected = PgenFile(pgen), VariantFile(vcf).region("chr1", 0, 1000)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: file.region("chr1", 0, 1000), range(16)):
                assert_equal(found, expected)


class TestSets:
    def test_as_all_files(self, vcf: Path, pgen: Path) -> None:
        assert isinstance(open_variants(pgen), PgenFile)
        assert isinstance(open_variants(vcf), VariantFile)
        found = GenotypeCache(VariantFileSet([pgen]).subset(["dee", "bob"]))
        expected = GenotypeCache(VariantFileSet([vcf]).subset(["dee", "bob"]))
        for region in [("chr1", 5, 60), ("chr1", 0, 1000)]:
            assert_equal(found.region(*region), expected.region(*region))
        assert_equal(Genotypes.from_vcf(pgen, regions="chr1:1-50"), Genotypes.from_vcf(vcf, regions="chr1:1-50"))

    def test_a_file_per_contig_and_the_sex_chromosome_as_vcf(self, vcf: Path, pgen: Path) -> None:
        """The remedy of the refusal works: the PGEN may go on having the contig."""
        both = VariantFileSet([pgen, _only(vcf, "chrX")])
        assert_equal(both.region("chrX", 0, 100), VariantFile(vcf).region("chrX", 0, 100))
        both.require_readable(["chr1", "chrX", "chr9"])

    def test_lists_of_sites_are_not_read(self, pgen: Path) -> None:
        assert has_genotypes([pgen])
        with pytest.raises(InputError, match="a PGEN has genotypes"):
            SiteFileSet([pgen])

    def test_ids(self, vcf: Path) -> None:
        pgen = pgen_of_vcf(
            vcf, vcf.with_name("c.pgen"), edit=lambda text: text.replace("chr2\t7\t.", "chr2\t7\trs1;rs2")
        )
        assert places_of_ids([pgen], ["rs2", "rs9"]) == {"rs2": ("chr2", 6)}
        assert places_of_ids([pgen], []) == {}
        assert imputed_fields(pgen) == ()

    def test_companions(self, vcf: Path, pgen: Path) -> None:
        from gxfast.workflow.provenance import hash_files

        assert [one["file"] for one in hash_files({"vcf": [pgen, vcf]})["vcf"]] == [
            "cohort.pgen", "cohort.pvar", "cohort.psam", "cohort.vcf.gz",
        ]  # fmt: skip
        from gxfast.cli.outputs import refuse_overwriting

        for name in ("cohort.pvar", "cohort.psam", "cohort.pgen"):
            with pytest.raises(InputError, match="is an input"):
                refuse_overwriting([pgen.with_name(name)], {"vcf": (str(pgen),)})
            with pytest.raises(InputError, match="is an input"):
                refuse_overwriting([pgen.with_name(name)], {"vcf": (str(pgen.with_name("{chrom}.pgen")),)})


def _only(vcf: Path, contig: str) -> Path:
    import gzip

    lines = gzip.decompress(vcf.read_bytes()).decode().splitlines(keepends=True)
    path = write_bgzf(vcf.with_name(f"{contig}.vcf.gz"), "".join(
        line for line in lines if line.startswith(("#", f"{contig}\t"))).encode())  # fmt: skip
    index_vcf(path)
    return path


class TestDosages:
    def test_of_calls_equal_those_counted(self, vcf: Path, pgen: Path) -> None:
        """A file without dosages gives its calls, as plink2 does; records of several alleles are no dosages."""
        genotypes = VariantFileSet([pgen]).subset(["eve", "bob", "ann"])
        called, imputed = open_dosages(genotypes), open_dosages(genotypes, "DS")
        one, two = (window_dosages(source, "chr1", 0, 100) for source in (called, imputed))
        assert (one.variant_id, one.n_skipped) == (two.variant_id, two.n_skipped)
        assert one.n_skipped > 0
        full = one.n_missing == 0
        assert np.array_equal(one.values[full], two.values[full])
        records = called.records("chr1", np.array([9, 39])), imputed.records("chr1", np.array([9, 39]))
        rows = [alleles.index(("C", "T", "CA", "<DEL>")) for alleles in (records[0].alleles, records[1].alleles)]
        for allele in range(4):
            (a, n), (b, m) = (one.of(row, allele) for one, row in zip(records, rows, strict=True))
            assert n == m == 0
            assert np.array_equal(a, b)

    def test_of_what_was_imputed(self, tmp_path: Path, make_world: Any) -> None:
        n = 50
        records = [("chr1", 3 + 2 * i, CONTIGS["chr1"][2 + 2 * i], "N", ["0|1"] * 5) for i in range(n)]
        vcf = make_world(tmp_path, CONTIGS, records, SAMPLES).vcf
        drawn = np.random.default_rng(3).uniform(0, 2, (n, 5))
        drawn[4, 1] = -9
        pgen = pgen_of_vcf(vcf, tmp_path / "c.pgen", dosages=drawn)
        file = PgenFile(pgen).imputed(["dee", "ann", "bob"], "DS").region("chr1", 0, 60)
        expected = np.where(drawn < 0, np.nan, drawn)[:, [3, 0, 1]]
        assert len(file.copies) == 29
        for copies, values in zip(file.copies, expected, strict=False):
            np.testing.assert_allclose(copies[1], values, atol=1 / 16384)
            np.testing.assert_allclose(copies.sum(axis=0), np.where(np.isnan(values), np.nan, 2))
        window = window_dosages(open_dosages(VariantFileSet([pgen]), "DS"), "chr1", 0, 1000)
        assert window.n_missing.tolist() == [int(i == 4) for i in range(n)]

    def test_no_probabilities(self, pgen: Path) -> None:
        with pytest.raises(InputError, match=r"field=.DS"):
            window_dosages(open_dosages(VariantFileSet([pgen]), "GP"), "chr1", 0, 10)


class TestRefusals:
    @pytest.mark.parametrize(
        "name",
        ["chrX", "X", "chrY", "MT", "chrM", "23", "24", "25", "26", "XY", "PAR1", "chrPAR2", "NC_000023.11", "x",
         "chrX_KI270880v1_alt"],
    )  # fmt: skip
    def test_contigs_where_people_may_be_haploid(self, vcf: Path, name: str) -> None:
        pgen = pgen_of_vcf(vcf, vcf.with_name("c.pgen"), edit=lambda text: text.replace("\nchrX\t", f"\n{name}\t"))
        file = PgenFile(pgen)
        assert len(file.region("chr1", 0, 1000)) == 8
        for refused in (lambda: file.region(name, 0, 100), lambda: VariantFileSet([pgen]).require_readable([name]),
                        lambda: file.imputed(["ann"], "DS").region(name, 0, 100)):  # fmt: skip
            with pytest.raises(InputError, match=r"no haploid calls[\s\S]*as VCF beside the PGEN"):
                refused()

    @pytest.mark.parametrize(("name", "other"), [("23", "29"), ("chr24", "chr38")])
    def test_other_genomes_have_more_chromosomes(self, vcf: Path, name: str, other: str) -> None:
        def edit(text: str) -> str:
            return text.replace("\nchrX\t", f"\n{name}\t").replace("\nchr2\t", f"\n{other}\t")

        assert len(PgenFile(pgen_of_vcf(vcf, vcf.with_name("c.pgen"), edit=edit)).region(name, 0, 100)) == 1

    def test_where_the_pgen_is_cut_off(self, pgen: Path) -> None:
        whole = pgen.read_bytes()
        for size in [0, 2, 5, 11, 20, *range(21, len(whole), 7), len(whole) - 1]:
            pgen.write_bytes(whole[:size])
            with pytest.raises(InputError):
                PgenFile(pgen)

    def test_damage_of_a_record_is_an_error_of_the_file(self, pgen: Path) -> None:
        whole = pgen.read_bytes()
        rng = np.random.default_rng(2)
        for _ in range(200):
            changed = bytearray(whole)
            changed[int(rng.integers(len(whole)))] = int(rng.integers(256))
            pgen.write_bytes(changed)
            try:
                PgenFile(pgen).region("chr1", 0, 1000)
            except InputError as error:
                assert error.remedy  # noqa: PT017

    def test_other_modes(self, pgen: Path) -> None:
        for mode, what in ((1, "PLINK 1"), (0x20, "index apart"), (0x77, "no PGEN")):
            pgen.write_bytes(b"\x6c\x1b" + bytes([mode]) + bytes(8))
            with pytest.raises(InputError, match=what):
                PgenFile(pgen)

    @pytest.mark.parametrize("suffix", [".pvar", ".psam"])
    def test_companions_that_do_not_belong(self, pgen: Path, suffix: str) -> None:
        file = pgen.with_suffix(suffix)
        text = file.read_text()
        file.write_text("".join(text.splitlines(keepends=True)[:-1]))
        with pytest.raises(InputError, match="one is cut off, or they are not of one file set"):
            PgenFile(pgen)
        file.unlink()
        with pytest.raises(InputError, match=f"cannot open the {suffix}: No such file"):
            PgenFile(pgen)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("T,CA,<DEL>", "T", "of another .pvar"),
            ("T,CA,<DEL>", ",".join(["T"] * 300), "at most 255"),
            ("\nchr2\t7\t", "\nchr1\t7\t", "chr1:7: records are not sorted"),
            ("\nchrX\t7\t", "\nchr1\t700\t", "two places"),
            ("\tT\t.\t.\t", "\tT\t.\t", "line 25: the .pvar has 8 tab-separated columns by its header, the line has 7"),
            ("\nchr2\t7\t", "\nchr2\tseven\t", "line 29: POS must be a whole number"),
            ("\nchr2\t7\t", "\nchr2\t-7\t", "POS must be a whole number"),
            ("\nchr2\t7\t", "\nchr2\t99999999999\t", "POS must be a whole number"),
            ("\nchr2\t7\t", "\nchr2\t\t", "POS must be a whole number"),
            ("\nchr2\t7\t", "\n\t7\t", "name of a contig is empty"),
            ("#CHROM\tPOS", "CHROM\tPOS", "no header line"),
            ("#CHROM\tPOS", "#CHROM POS", "no header line"),
            ("\tREF\t", "\tREF1\t", "must name REF once"),
            ("\n", "\r\n", "CR LF"),
        ],
    )
    def test_variants_that_are_wrong(self, vcf: Path, old: str, new: str, message: str) -> None:
        pgen = pgen_of_vcf(vcf, vcf.with_name("c.pgen"), edit=lambda text: text.replace(old, new))
        with pytest.raises(InputError, match=message) as caught:
            PgenFile(pgen).region("chr1", 0, 1000)
        assert caught.value.remedy or "255" in message

    def test_pos_0_on_another_contig(self, vcf: Path) -> None:
        """Arrays have markers without a place; they stop nobody from reading the others."""
        file = PgenFile(pgen_of_vcf(vcf, vcf.with_name("c.pgen"), edit=lambda t: t.replace("\nchr2\t7", "\n0\t0")))
        assert len(file.region("chr1", 0, 1000)) == 8
        with pytest.raises(InputError, match="at least 1"):
            file.region("0", 0, 10)

    def test_no_variants(self, pgen: Path) -> None:
        file = pgen.with_suffix(".pvar")
        file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if line.startswith("#")))
        with pytest.raises(InputError, match="no variants"):
            Pvar(file)

    def test_calls_that_the_record_does_not_have(self, vcf: Path) -> None:
        """Where the .pvar says of a record with an alternative allele that there is none."""
        pgen = pgen_of_vcf(vcf, vcf.with_name("c.pgen"), edit=lambda text: text.replace("\tG\tA\t", "\tG\t.\t"))
        with pytest.raises(InputError, match="chr1:3: a call names an allele that the record does not have"):
            PgenFile(pgen).region("chr1", 0, 10)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("ann\t1\n", "no header line"),
            ("#IID\n" + "ann\n" * 5, "IID 'ann' is there 5 times"),
            ("#FID\tIID\n" + "f\n" * 5, "has no IID"),
        ],
    )
    def test_people_that_are_wrong(self, pgen: Path, text: str, message: str) -> None:
        pgen.with_suffix(".psam").write_text(text)
        with pytest.raises(InputError, match=message):
            PgenFile(pgen)

    @pytest.mark.parametrize(
        ("samples", "message"), [(["zoe"], "not in the file"), ([], "no samples"), (["ann", "ann"], "twice")]
    )
    def test_samples(self, pgen: Path, samples: list[str], message: str) -> None:
        with pytest.raises(InputError, match=message):
            PgenFile(pgen, samples=samples)

    def test_contig(self, pgen: Path) -> None:
        file = PgenFile(pgen)
        assert (file.has_records("chr1"), file.has_records("chrX"), file.has_records("chr7")) == (True, False, False)
        with pytest.raises(InputError, match="'chr7' is not in the PGEN"):
            file.region("chr7", 0, 10)

    def test_a_pvar_that_changes(self, pgen: Path) -> None:
        file = PgenFile(pgen)
        other = pgen.with_suffix(".pvar").read_text().replace("##fileformat=VCFv4.3\n", "")
        pgen.with_suffix(".pvar").write_text(other)
        with pytest.raises(InputError):
            file.region("chr1", 0, 1000)
        pgen.with_suffix(".pvar").unlink()
        with pytest.raises(InputError, match="cannot read the file"):
            file.region("chr1", 0, 1000)

    def test_the_name_of_a_companion(self, pgen: Path) -> None:
        for suffix in (".pvar", ".psam", ".pvar.zst"):
            with pytest.raises(InputError, match=r"name the .pgen"):
                open_variants(pgen.with_suffix(suffix))

    def test_without_pgenlib(self, pgen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pgenlib", None)
        with pytest.raises(InputError, match=r"pip install 'gxfast\[pgen\]'"):
            PgenFile(pgen)


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = "import sys, gxfast.io.variants; assert not {'pgenlib', 'pyarrow', 'zstandard'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
