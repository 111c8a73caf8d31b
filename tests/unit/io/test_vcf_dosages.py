"""Imputed dosages: DS and GP of haploid and diploid people, at records of any alleles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.variants import places_of_ids
from gxfast.io.vcf_dosages import ImputedFile, imputed_fields
from gxfast.io.vcf_set import VariantFileSet
from gxfast.personal.dosage_sources import conventions, open_dosages, window_dosages

HEADER = """##fileformat=VCFv4.3
##contig=<ID=chrX,length=3000>
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="d">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="p">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	A	B	C
"""


def write(folder: Path, *records: str, name: str = "c.vcf.gz") -> Path:
    lines = ["\t".join([*record.split()[:5], ".", "PASS", ".", *record.split()[5:]]) for record in records]
    path = write_bgzf(folder / name, (HEADER + "\n".join(lines) + "\n").encode())
    index_vcf(path)
    return path


class Files(VariantFileSet):
    @property
    def paths(self):
        return [file.path for file in self.files]


def test_copies_of_every_allele(tmp_path):
    path = write(
        tmp_path,
        "chrX 100 . A G GT:DS 0/1:0.6 1:0.9 ./.:.",
        "chrX 200 . A G,T GT:DS 0/1:0.5,1.25 1:0.25,0.5 0/0",
        "chrX 300 . a g GP 0.1,0.2,0.7 0.25,0.75 .",
        "chrX 400 . A G,T GP 0.5,0.1,0.1,0.1,0.1,0.1 0.2,0.3,0.5 .",
        "chrX 500 . A G DS 0.5 1.5 .",
    )
    ds = ImputedFile(path, ["C", "A", "B"], "DS").region("chrX", 0, 250)
    assert ds.position.tolist() == [99, 199]
    assert ds.alleles == (("A", "G"), ("A", "G", "T"))
    np.testing.assert_allclose(ds.copies[0], [[np.nan, 1.4, 0.1], [np.nan, 0.6, 0.9]])
    np.testing.assert_allclose(ds.copies[1], [[np.nan, 0.25, 0.25], [np.nan, 0.5, 0.25], [np.nan, 1.25, 0.5]])
    assert ds.haploid.tolist() == [[False, False, True]] * 2
    gp = ImputedFile(path, ["A", "B", "C"], "GP").region("chrX", 250, 450)
    assert gp.alleles[0] == ("A", "G")
    np.testing.assert_allclose(gp.copies[0], [[0.4, 0.25, np.nan], [1.6, 0.75, np.nan]])
    # AA, AG, GG, AT, GT, TT
    np.testing.assert_allclose(gp.copies[1], [[1.2, 0.2, np.nan], [0.4, 0.3, np.nan], [0.4, 0.5, np.nan]], atol=1e-12)
    assert gp.haploid.tolist() == [[False, True, False]] * 2
    # nothing says who is haploid
    assert not ImputedFile(path, ["A", "B"], "DS").region("chrX", 450, 550).haploid.any()


def test_dosages_by_the_convention_of_calls(tmp_path):
    path = write(
        tmp_path,
        "chrX 100 . A G GT:DS 0/1:0.6 1:0.9 ./.:.",
        "chrX 200 . A G,T GT:DS 0/1:0.5,1.25 1:0.25,0.5 0/0",
        "chrX 300 . A G GT:DS 0/1:1 1:1 0/0:0",
    )
    files = Files([path], samples=["B", "A", "C"])
    source = open_dosages(files, "DS")
    found = window_dosages(source, "chrX", 0, 400)
    assert found is not None
    assert found.variant_id == ("chrX_100_A_G", "chrX_300_A_G")
    assert found.n_skipped == 1
    # a man counts double, and a missing dosage is the mean
    np.testing.assert_allclose(found.values, [[1.8, 0.6, 1.2], [2, 1, 0]])
    assert found.n_missing.tolist() == [1, 0]
    np.testing.assert_allclose(found.frequency, [1.5 / 3, 2 / 5])
    assert found.n_called.tolist() == [3, 5]
    called = window_dosages(open_dosages(files), "chrX", 250, 400)
    assert called is not None
    assert called.values.tolist() == found.take(np.array([1])).values.tolist()
    assert [part.tolist() for part in called.minor_counts] == [[2], [2]]
    assert [part[1:].tolist() for part in found.minor_counts] == [[2], [2]]
    assert conventions("GT")["missing_dosage"] == "most_frequent"
    assert conventions("DS") == {"haploid_dosage": "double", "missing_dosage": "mean"}
    with pytest.raises(InputError, match="GT, DS, GP"):
        open_dosages(files, "HDS")
    with pytest.raises(InputError, match="contig '1' is not in the VCF"):
        window_dosages(source, "1", 0, 400)


@pytest.mark.parametrize(
    ("record", "field", "message"),
    [
        ("chrX 100 . A G GT 0/1 1 0/0", "DS", "no DS field"),
        ("chrX 100 . A G GT:DS 0/1:0.6 1:1.9 0/0:0", "DS", "a haploid call"),
        ("chrX 100 . A G GT:DS 0/1:2.6 1:1 0/0:0", "DS", "a diploid call"),
        ("chrX 100 . A G GT:DS 0/1:-1 1:1 0/0:0", "DS", "a diploid call"),
        ("chrX 100 . A G,T GT:DS 0/1:0.5 1:1 0/0:0", "DS", "expected 2 numbers, found '0.5'"),
        ("chrX 100 . A G GP 0.1,0.2,0.7 0,0,30 .", "GP", "add up to 30"),
    ],
)
def test_refusals(tmp_path, record, field, message):
    with pytest.raises(InputError, match=message):
        ImputedFile(write(tmp_path, record), ["A", "B", "C"], field).region("chrX", 0, 200)


def test_ids_and_fields(tmp_path):
    one = write(tmp_path, "chrX 100 rs1 A G GT:DS 0/1:0.6 1:1 0/0:0", "chrX 200 rs2;rs3 A G GT:DS 0/1:1 1:1 0/0:0")
    two = write(tmp_path, "chrX 300 rs1 A G GT 0/1 1 0/0", name="d.vcf.gz")
    assert imputed_fields(one) == ("DS",)
    assert imputed_fields(two) == ()
    assert imputed_fields(tmp_path / "none.vcf.gz") == ()
    assert places_of_ids([one, two], ["rs1", "rs3", "rs9"]) == {"rs1": ("chrX", 99), "rs3": ("chrX", 199)}


@pytest.mark.parametrize("text", ["inf", "-inf", "1e400", "1_0", "0x1", "٣", "9" * 400, "a"])
@pytest.mark.parametrize("field", ["DS", "GP"])
def test_numbers_that_are_none(tmp_path, field, text):
    """The fields are declared as text, so that htslib hands them on as they are."""
    values = text if field == "DS" else f"0.5,{text},0.5"
    path = tmp_path / "c.vcf.gz"
    line = f"chrX\t100\t.\tA\tG\t.\tPASS\t.\t{field}\t{values}\t.\t.\n"
    write_bgzf(path, (HEADER.replace("Type=Float", "Type=String") + line).encode())
    index_vcf(path)
    with pytest.raises(InputError, match=rf"chrX:100: {field}: '.*' is no finite number"):
        ImputedFile(path, ["A", "B", "C"], field).region("chrX", 0, 250)


def test_nan_is_a_missing_dosage(tmp_path):
    path = write(tmp_path, "chrX 100 . A G DS nan 1.5 .")
    found = ImputedFile(path, ["A", "B", "C"], "DS").region("chrX", 0, 250)
    np.testing.assert_allclose(found.copies[0][1], [np.nan, 1.5, np.nan])
