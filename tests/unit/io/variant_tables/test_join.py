"""Labels and scores of the same variants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.variant_tables import join, read_scores

from .conftest import make_table


def test_by_place_and_alleles():
    labels = make_table("chr1:5:A:G", "chr1:6:TA:TG", "chr1:8:C:T", "chr1:9:C:CA", "chr2:5:A:G", beta=[1.0, 2, 3, 4, 5],
                        signed=("beta",))  # fmt: skip
    scores = make_table("1:5:A:G", "1:7:A:G", "1:8:T:C", "1:9:CG:CAG", "1:99:A:C", sad=[0.5, -1, 2, 4, 7],
                        high=[0.1, 0.2, 0.3, 0.4, 0.5], signed=("sad",))  # fmt: skip
    found = join(labels, scores)
    assert found.variant_id == ["chr1_5_A_G", "chr1_6_TA_TG", "chr1_8_C_T", "chr1_9_C_CA"]
    assert found.columns["sad"].tolist() == [0.5, -1, -2, 4]
    assert found.columns["high"].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert found.columns["beta"].tolist() == [1, 2, 3, 4]
    assert found.signed == ("beta", "sad")
    assert found.counts == {
        "labels with scores": 4, "labels without scores": 1, "scores without labels": 1, "scores turned": 1,
    }  # fmt: skip


def test_by_gene():
    labels = make_table("1:5:A:G", "1:5:A:G", "1:6:A:G", "1:7:A:G", "1:5:A:G",
                        gene_id=["ENSG1.2", "ENSG2.1", "ENSG1.7", "ENSG3", "ENSG9"])  # fmt: skip
    scores = make_table("1:5:A:G", "1:5:A:G", "1:6:A:G", "1:7:A:G", gene_id=["ENSG1.2", "ENSG2", "ENSG1.8", ""],
                        s=[1.0, 2, 3, 4])  # fmt: skip
    found = join(labels, scores)
    assert found.columns["gene_id"].tolist() == ["ENSG1.2", "ENSG2.1", "ENSG1.7", "ENSG3"]
    assert found.columns["s"].tolist() == [1, 2, 3, 4]
    assert found.counts == {
        "labels with scores": 4, "labels without scores": 1, "scores without labels": 0, "genes without version": 2,
        "scores of no gene": 1,
    }  # fmt: skip


def test_a_version_that_is_not_certain():
    """Two versions of a gene have scores: neither is that of a third."""
    labels = make_table("1:5:A:G", "1:6:A:G", gene_id=["ENSG1.3", "ENSG1.1"])
    scores = make_table("1:5:A:G", "1:5:A:G", "1:6:A:G", gene_id=["ENSG1.1", "ENSG1.2", "ENSG1.1"], s=[1.0, 2, 3])
    found = join(labels, scores)
    assert found.columns["s"].tolist() == [3]
    assert found.counts["labels without scores"] == 1


def test_what_is_behind_a_dot_is_a_version_in_ensembl_ids_alone():
    """RP11-34P13.7 and RP11-34P13.8 are two genes."""
    labels = make_table("1:5:A:G", "1:6:A:G", gene_id=["RP11-34P13.7", "RP11-34P13.8"])
    scores = make_table("1:5:A:G", "1:6:A:G", gene_id=["RP11-34P13.8", "RP11-34P13.8"], s=[1.0, 2])
    assert join(labels, scores).columns["s"].tolist() == [2]


def test_by_tissue_and_with_names_in_common():
    labels = make_table("1:5:A:G", "1:5:A:G", tissue=["Liver", "Lung"], score=[1.0, 2])
    scores = make_table(
        "1:5:A:G", "1:5:A:G", tissue=["Lung", "Liver"], score=[5.0, 6], af=[0.25, 0.5], frequencies=("af",)
    )
    found = join(labels, scores)
    assert {name: column.tolist() for name, column in found.columns.items()} == {
        "tissue": ["Liver", "Lung"], "score": [1, 2], "score.score": [6, 5], "af": [0.5, 0.25],
    }  # fmt: skip
    assert found.frequencies == ("af",)


def test_what_is_refused():
    labels = make_table("1:5:A:G", gene_id=["G1"])
    twice = make_table("1:5:A:G", "1:5:A:G", gene_id=["G1", "G1"], s=[1.0, 2])
    with pytest.raises(InputError, match="1 rows of scores are of a variant that has one, first 1_5_A_G G1"):
        join(labels, twice)
    with pytest.raises(InputError, match="first 1_5_A_G"):  # labels name no gene: which of both scores?
        join(make_table("1:5:A:G", pip=[0.5]), make_table("1:5:A:G", "1:5:A:G", gene_id=["G1", "G2"], s=[1.0, 2]))
    with pytest.raises(InputError, match="have not a contig in common: the first are 1_5_A_G and chr7_5_A_G"):
        join(labels, make_table("chr7:5:A:G", s=[1.0]))
    with pytest.raises(InputError, match="have not a variant in common"):
        join(labels, make_table("chr1:6:A:G", s=[1.0]))


def test_planted_exchanges_are_counted():
    rng = np.random.default_rng(3)
    names = [f"chr1:{i + 1}:A:{'CGT'[i % 3]}" for i in range(2000)]
    turned = np.zeros(2000, bool)
    turned[rng.choice(2000, 100, replace=False)] = True
    values = rng.normal(size=2000)
    other = [f"1:{i + 1}:{'CGT'[i % 3]}:A" if turned[i] else names[i].replace("chr", "") for i in range(2000)]
    order = rng.permutation(2000)
    scores = make_table(*[other[i] for i in order], s=np.where(turned, -values, values)[order], signed=("s",))
    found = join(make_table(*names), scores)
    assert found.columns["s"].tolist() == values.tolist()
    assert found.counts["scores turned"] == 100


def test_scores_of_the_other_strand_are_refused():
    labels = make_table("1:5:A:G", "1:6:C:T", "1:7:A:T", "1:8:G:T")
    scores = make_table("1:5:T:C", "1:6:A:G", "1:7:A:T", "1:8:C:A", s=[1.0, 2, 3, 4])
    with pytest.raises(InputError, match="scores of 3 variants of the labels have the alleles of the other strand, 0"):
        join(labels, scores)
    same = make_table("1:5:A:G", "1:6:T:C", "1:7:A:T", "1:8:G:T", s=[1.0, 2, 3, 4], signed=("s",))
    assert join(labels, same).columns["s"].tolist() == [1, -2, 3, 4]


def test_names_of_two_builds_are_refused():
    def named(build, **columns):
        return replace(make_table("1:5:A:G", **columns), notes=(f"names of variants say {build}",))

    with pytest.raises(InputError, match="names of variants say b37, and those of the labels b38"):
        join(named("b38"), named("b37", s=[1.0]))
    assert len(join(named("b38"), named("b38", s=[1.0]))) == 1


def test_scores_at_no_place_of_the_labels():
    with pytest.raises(InputError, match="no score is at a place of the labels: the first is 1_5_A_G"):
        join(make_table("1:5:A:G"), make_table("1:6:A:G", s=[1.0]).take([]))


def test_scores_without_labels_are_counted_wherever_they_are(tmp_path):
    path = tmp_path / "scores.tsv"
    rows = ["1\t5\tA\tG\t1", "1\t5\tA\tC\t2", "1\t6\tA\tG\t3", "2\t5\tA\tG\t4", "X\t9\tA\tG\t5", "X\t11\tA\tG\t6"]
    path.write_text("chrom\tpos\tref\talt\ttoy\n" + "\n".join(rows) + "\n")
    labels = make_table("chr1:5:A:G", "chr2:7:A:G", pip=[0.5, 0.5])
    for scores in (read_scores(path), read_scores(path, at=labels)):
        counts = join(labels, scores).counts
        assert (counts["labels with scores"], counts["labels without scores"]) == (1, 1)
        assert counts["scores without labels"] == 5
        assert counts["scores on contigs without labels"] == 2


def test_scores_of_one_variant_in_two_spellings_are_refused():
    labels = make_table("chr1:5:A:G", pip=[0.5])
    with pytest.raises(InputError, match="1 rows of scores are of a variant that has one"):
        join(labels, make_table("chr1:5:A:G", "1:5:A:G", toy=[1.0, 2.0]))


def test_many_alleles_and_genes_are_numbered_together():
    """More than 2^62 places: exchanged and written rows have numbers of one kind all the same."""
    rng, n = np.random.default_rng(1), 3000
    alts = ["A" + "".join(letters) for letters in rng.choice(list("ACGT"), (n, 12))]
    position = np.sort(rng.choice(240_000_000, n, replace=False)) + 1
    names = [f"chr1:{at}:A:{alt}" for at, alt in zip(position.tolist(), alts, strict=True)]
    genes = np.array([f"G{i}" for i in range(n)])
    last, turned = "chr1:245000001", [f"chr1:{240_000_100 + 10 * i}" for i in range(50)]
    labels = make_table(
        *names, f"{last}:A:AT", *[f"{at}:C:G" for at in turned], gene_id=[*genes, "G0", *genes[:50]],
        beta=np.ones(n + 51), signed=("beta",),
    )  # fmt: skip
    scores = make_table(
        *names, f"{last}:AC:A", *[f"{at}:G:C" for at in turned], gene_id=[*genes, "G0", *genes[:50]],
        toy=[*[0.5] * n, 9.0, *np.arange(50) + 1.0], signed=("toy",),
    )  # fmt: skip
    found = join(labels, scores)
    assert found.counts == {
        "labels with scores": n + 50, "labels without scores": 1, "scores without labels": 1, "scores turned": 50,
    }  # fmt: skip
    assert found.columns["toy"].tolist() == [*[0.5] * n, *-(np.arange(50) + 1.0)]
