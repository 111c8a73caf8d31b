"""Several VCF files as one: kinds of variants apart, people of some contigs, spellings, patterns of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.contigs import ContigNames
from gxfast.io.genotype_cache import GenotypeCache
from gxfast.io.indexing import index_vcf
from gxfast.io.vcf_set import VariantFileSet, expand_patterns
from gxfast.io.vcf_sites import SiteFileSet

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, make_vcf_text: Any) -> Make:
    def write(name: str, records: Sequence[Any], samples: Sequence[str], contigs: Sequence[str] = ("c",)) -> Path:
        path = write_bgzf(tmp_path / name, make_vcf_text(dict.fromkeys(contigs, "A" * 90), records, samples).encode())
        index_vcf(path)
        return path

    return write


def test_two_files_of_one_contig_are_merged_by_position(make: Make) -> None:
    snps = make("s.vcf.gz", [("c", 5, "A", "T", ["1|0", "0|0"]), ("c", 20, "A", "C", ["0|1", "1|1"])], ["a", "b"])
    indels = make("i.vcf.gz", [("c", 5, "AC", "A", ["1|1", "0|1"]), ("c", 9, "A", "AT", ["0|1", "0|0"])], ["b", "a"])
    found = VariantFileSet([snps, indels]).region("c", 0, 90)
    assert (found.position + 1).tolist() == [5, 5, 9, 20]
    assert [found.describe(v) for v in range(4)] == ["c:5 A>T", "c:5 AC>A", "c:9 A>AT", "c:20 A>C"]
    assert found.calls[:, 0].tolist() == [[1, 0], [0, 1], [0, 0], [0, 1]]  # a
    assert found.calls[:, 1].tolist() == [[0, 0], [1, 1], [0, 1], [1, 1]]  # b
    cache = GenotypeCache(VariantFileSet([snps, indels]))
    parts = [cache.region("c", 0, 6), cache.region("c", 0, 90)]
    assert [len(part) for part in parts] == [2, 4]
    assert SiteFileSet([snps, indels]).region("c", 0, 90).position.tolist() == found.position.tolist()


def test_a_record_in_two_files_is_refused(make: Make) -> None:
    files = [make(name, [("c", 5, "A", "T", ["1|0"])], ["a"]) for name in ("1.vcf.gz", "2.vcf.gz")]
    with pytest.raises(InputError, match=r"the record is also in 1\.vcf\.gz"):
        VariantFileSet(files).region("c", 0, 90)


def test_alleles_of_the_same_letters_are_two_records(make: Make) -> None:
    files = [make(f"{i}.vcf.gz", [("c", 5, "A", alts, ["1|2"])], ["a"]) for i, alts in enumerate(("C,GT", "CG,T"))]
    assert len(VariantFileSet(files).region("c", 0, 90)) == 2


def test_people_who_are_not_in_a_file(make: Make) -> None:
    y = make("y.vcf.gz", [("Y", 5, "A", "T", ["1", "0"])], ["c", "a"], ["Y"])
    one = make("1.vcf.gz", [("1", 5, "A", "T", ["1|0", "0|0", "0|1"])], ["a", "b", "c"], ["1"])
    cohort = VariantFileSet([y, one])
    assert cohort.all_samples == ("a", "b", "c")
    assert cohort.absent("Y").tolist() == [False, True, False]
    assert cohort.region("Y", 0, 90).calls[0].tolist() == [[0, -2], [-1, -1], [1, -2]]
    chosen = GenotypeCache(cohort).subset(["b", "c"])
    assert chosen.absent("Y").tolist() == [True, False]
    assert cohort.subset(["b"]).region("Y", 0, 90).calls.tolist() == [[[-1, -1]]]
    other = make("x.vcf.gz", [("X", 5, "A", "T", ["1", "0"])], ["c", "d"], ["X"])
    with pytest.raises(InputError, match="other people"):
        VariantFileSet([one, other])


def test_phase_sets_of_several_files(make: Make) -> None:
    """A set stays with its person in any order of columns; who is not in a file has none there."""
    phased = ("PASS", ".", "GT:PS")
    snps = make("s.vcf.gz", [("c", 5, "A", "T", ["1|0:5", "0|1:."], *phased)], ["a", "b"])
    turned = make("i.vcf.gz", [("c", 9, "A", "AT", ["0|1:9", "1|0:7"], *phased)], ["b", "a"])
    fewer = make("f.vcf.gz", [("c", 12, "A", "G", ["0|1:3"], *phased)], ["b"])
    found = VariantFileSet([snps, turned, fewer]).region("c", 0, 90)
    assert found.phase_set is not None
    assert found.phase_set.tolist() == [[6, 0], [8, 10], [0, 4]]
    assert found.calls[2].tolist() == [[-1, -1], [0, 1]]


def test_contigs_by_their_names_in_a_reference(make: Make) -> None:
    one = make("1.vcf.gz", [("1", 5, "A", "T", ["1|0"])], ["a"], ["1"])
    x = make("x.vcf.gz", [("chrX", 7, "A", "T", ["1|0"])], ["a"], ["chrX"])
    cohort = VariantFileSet([one, x]).named_by(ContigNames({"chr1": 90, "chrX": 90}))
    assert cohort.contigs == ("chr1", "chrX")
    found = cohort.region("chr1", 0, 90)
    assert (found.chrom, found.position.tolist()) == ("chr1", [4])
    assert (cohort.spelled("chr1"), cohort.spelled("chrX")) == ("1", "chrX")
    assert VariantFileSet([one]).named_by(ContigNames({"chr1": 91})).contigs == ("1",)
    assert VariantFileSet([one, x]).named_for(["chr1", "X"]).contigs == ("chr1", "X")


def test_two_contigs_of_a_file_under_one_name(make: Make) -> None:
    records = [("1", 5, "A", "T", ["1|0"]), ("Chr1", 6, "A", "T", ["1|0"])]
    file = make("1.vcf.gz", records, ["a"], ["1", "Chr1"])
    assert VariantFileSet([file]).named_by(ContigNames({"chr1": 90})).contigs == ("1", "Chr1")


def test_patterns_find_other_spellings(make: Make, tmp_path: Path) -> None:
    for name in ("1.vcf.gz", "chrX.vcf.gz"):
        make(name, [], ["a"])
    pattern = str(tmp_path / "{chrom}.vcf.gz")
    assert [path.name for path in expand_patterns([pattern], ["chr1", "chrX", "chr9"])] == ["1.vcf.gz", "chrX.vcf.gz"]
    names = ContigNames({"chrM": 16569})
    for name in ("M.vcf.gz", "MT.vcf.gz"):
        make(name, [], ["a"])
    with pytest.raises(InputError, match=r"M\.vcf\.gz and MT\.vcf\.gz are both there"):
        expand_patterns([pattern], ["chrM"], names)
    assert expand_patterns([pattern], ["M"], names) == [tmp_path / "M.vcf.gz"]
