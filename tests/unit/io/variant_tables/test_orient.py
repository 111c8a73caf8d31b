"""Alleles against a reference, and errors that were planted."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.variant_tables import OrientedRow, orient

from .conftest import make_table

#        1234567890
BASES = "ACGTTTGACA"


def test_by_hand(fasta):
    genome = fasta(chr1=BASES, chr2="GGGG")
    table = make_table(
        "1:1:A:G",  # as written
        "1:2:T:C",  # exchanged
        "1:3:C:A",  # G here: C on the other strand
        "2:1:A:C",  # G here: ALT on the other strand
        "1:4:T:A",  # palindromic, as written
        "1:6:TGAC:TG",  # a deletion, as written
        "1:7:G:GAC",  # both fit, in a repeat or not: as written
        "1:9:CG:CA",  # exchanged, in full
        "1:2:AA:TT",  # nothing
        "3:1:A:G",  # no contig
        beta=[1.0, 2, 3, 4, 5, 6, 7, -8, 9, 10],
        af=[0.1, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.9, 1],
        pip=np.arange(10) / 10,
        signed=("beta",),
        frequencies=("af",),
    )
    found = orient(table, genome, most_unfit=0.5)
    assert found.table.variant_id == [
        "chr1_1_A_G", "chr1_2_C_T", "chr1_4_T_A", "chr1_6_TGAC_TG", "chr1_7_G_GAC", "chr1_9_CA_CG",
    ]  # fmt: skip
    assert found.table.columns["beta"].tolist() == [1, -2, 5, 6, 7, 8]
    assert found.table.columns["af"].tolist() == [0.1, 0.75, 0.5, 0.6, 0.7, 0.25]
    assert found.table.columns["pip"].tolist() == [0.0, 0.1, 0.4, 0.5, 0.6, 0.7]
    assert (found.n_matched, found.n_turned, found.n_other_strand, found.n_refused) == (4, 2, 2, 2)
    assert (found.n_no_contig, found.n_both, found.n_palindromic) == (1, 1, 1)
    assert found.rows == (
        OrientedRow(1, "1_2_T_C", "exchanged"),
        OrientedRow(2, "1_3_C_A", "other strand"),
        OrientedRow(3, "2_1_A_C", "other strand, exchanged"),
        OrientedRow(7, "1_9_CG_CA", "exchanged"),
        OrientedRow(8, "1_2_AA_TT", "fits neither"),
        OrientedRow(9, "3_1_A_G", "contig not in the FASTA"),
    )
    assert found.table.counts == {
        "exchanged": 2, "other strand": 1, "other strand, exchanged": 1, "fits neither": 1,
        "contig not in the FASTA": 1,
    }  # fmt: skip
    assert found.table.notes == ("variants: 1 as chr1, 2 as chr2: same name with and without chr",)
    again = orient(table, genome, strands=True, most_unfit=0.5)
    assert again.table.variant_id[2:4] == ["chr1_3_G_T", "chr2_1_G_T"]
    assert again.table.columns["beta"].tolist() == [1, -2, 3, -4, 5, 6, 7, 8]
    assert "4 as written, 2 exchanged" in repr(found)


def planted(fasta, n=4000):
    """n SNVs of a random genome, 5 % the wrong way round, 1 % of the other strand."""
    rng = np.random.default_rng(1)
    bases = "".join(rng.choice(list("ACGT"), 30000))
    genome = fasta(chr1=bases[:20000], chr2=bases[20000:])
    place = np.sort(rng.choice(30000, n, replace=False))
    kind = np.array(["turned"] * (n // 20) + ["strand"] * (n // 100) + ["right"] * (n - n // 20 - n // 100))
    rng.shuffle(kind)
    names = []
    pairs = {"A": "T", "C": "G", "G": "C", "T": "A"}
    for i, what in zip(place.tolist(), kind, strict=True):
        ref = bases[i]
        # never palindromic: those of the other strand would look exchanged
        alt = str(rng.choice([base for base in "ACGT" if base not in (ref, pairs[ref])]))
        contig, pos = ("chr1", i + 1) if i < 20000 else ("chr2", i - 19999)
        if what == "turned":
            ref, alt = alt, ref
        if what == "strand":
            ref, alt = pairs[ref], pairs[alt]
        names.append(f"{contig}:{pos}:{ref}:{alt}")
    beta = rng.normal(size=n)
    order = rng.permutation(n)
    table = make_table(*[names[i] for i in order], beta=beta[order], signed=("beta",))
    return genome, table, kind[order], beta[order]


def test_reversed_alleles_are_found(fasta):
    genome, table, kind, beta = planted(fasta)
    found = orient(table, genome)
    assert (found.n_matched, found.n_turned, found.n_other_strand, found.n_refused) == (3760, 200, 40, 0)
    assert [row.row for row in found.rows if row.status == "exchanged"] == np.flatnonzero(kind == "turned").tolist()
    assert [row.row for row in found.rows if row.status == "other strand"] == np.flatnonzero(kind == "strand").tolist()
    signs = np.where(kind == "turned", -1, 1)[kind != "strand"]
    assert found.table.columns["beta"].tolist() == (signs * beta[kind != "strand"]).tolist()
    with_strands = orient(table, genome, strands=True)
    assert len(with_strands.table) == 4000
    for chrom, position, ref in zip(
        with_strands.table.chrom, with_strands.table.position.tolist(), with_strands.table.ref, strict=True
    ):
        assert genome.fetch(str(chrom), position, position + 1).decode() == ref


@pytest.mark.parametrize("strands", [False, True])
def test_another_build_is_refused(fasta, strands):
    genome, table, _, _ = planted(fasta)
    table.position[:] = (table.position + 17) % 9000
    with pytest.raises(InputError, match="another build") as caught:
        orient(table, genome, strands=strands)
    text = str(caught.value)
    assert "table.tsv" in text
    assert "of 4000 variants" in text
    assert str(genome.path) in text
    assert "lift the table over" in text


def test_all_exchanged_is_no_other_build(fasta):
    genome, table, kind, _ = planted(fasta)
    right = table.take(kind == "right")
    turned = make_table(
        *[
            f"{c}:{p + 1}:{alt}:{ref}"
            for c, p, ref, alt in zip(right.chrom, right.position, right.ref, right.alt, strict=True)
        ]
    )
    assert orient(turned, genome).n_turned == 3760


def test_past_the_end_and_foreign_contigs(fasta):
    genome = fasta(chr1=BASES)
    table = make_table(
        *[f"chr1:{i + 1}:{base}:{'A' if base != 'A' else 'G'}" for i, base in enumerate(BASES)], "chr1:99:A:G"
    )
    found = orient(table, genome)
    assert [row.variant_id for row in found.rows] == ["chr1_99_A_G"]
    with pytest.raises(InputError, match=r"no contig of the table is in .*g\.fa: '7' is a name in"):
        orient(make_table("7:1:A:G"), genome)


def test_order_and_blocks_change_nothing(fasta, monkeypatch):
    genome, table, _, _ = planted(fasta, n=400)
    whole = orient(table, genome)
    module = sys.modules["gxfast.io.variant_tables.orient"]
    monkeypatch.setattr(module, "_GAP", 3)
    monkeypatch.setattr(module, "_BLOCK", 50)
    parts = orient(table, genome)
    assert parts.rows == whole.rows
    assert parts.table.variant_id == whole.table.variant_id


def test_real_variants(data_dir):
    """5 % of the SNVs of Geuvadis the wrong way round, and all of them on another chromosome."""
    from gxfast.io.fasta import Genome
    from gxfast.io.vcf import VariantFile

    cohort = data_dir / "geuvadis_chr22"
    found = VariantFile(cohort / "geno" / "geuvadis358.chr22.vcf.gz").region("chr22", 16_000_000, 17_500_000)
    letters = found.bases.tobytes().decode()
    pairs = [letters[i : i + 2] for i in range(0, len(letters), 2)]  # SNVs with one ALT alone
    assert len(pairs) == len(found.position) > 1000
    names = [f"{at + 1}:{ref}:{alt}" for at, (ref, alt) in zip(found.position.tolist(), pairs, strict=True)]
    for i in range(0, len(names), 20):
        at, ref, alt = names[i].split(":")
        names[i] = f"{at}:{alt}:{ref}"
    table = make_table(*[f"22:{name}" for name in names])
    oriented = orient(table, Genome(cohort / "ref" / "chr22.hg19.to20Mb.fa.gz"))
    assert [row.row for row in oriented.rows] == list(range(0, len(names), 20))
    assert {row.status for row in oriented.rows} == {"exchanged"}
    with pytest.raises(InputError, match="another build"):
        orient(make_table(*[f"20:{name}" for name in names]), Genome(cohort / "ref" / "20.b37.fa.gz"))


def spelled_on_the_other_strand(table):
    pair = dict(zip("ACGT", "TGCA", strict=True))
    rows = zip(table.chrom, table.position, table.ref, table.alt, strict=True)
    return make_table(
        *[f"{c}:{p + 1}:{pair[ref]}:{pair[alt]}" for c, p, ref, alt in rows],
        beta=np.arange(len(table)) + 1.0, signed=("beta",),
    )  # fmt: skip


def test_a_table_of_the_other_strand_is_called_that_and_taken_whole(fasta):
    """A/T and C/G too: as written on the other strand they would be exchanged, with the wrong sign."""
    genome, table, kind, _ = planted(fasta)
    right = table.take(kind == "right")
    other = spelled_on_the_other_strand(right)
    with pytest.raises(InputError, match=r"is of the other strand \(100.0% fit\)") as caught:
        orient(other, genome)
    assert "strands=True" in caught.value.remedy
    found = orient(other, genome, strands=True)
    assert (found.n_other_strand, found.n_turned, found.n_matched) == (len(other), 0, 0)
    assert found.table.variant_id == right.variant_id
    assert found.table.columns["beta"].tolist() == other.columns["beta"].tolist()


def test_positions_that_count_from_0_are_called_that(fasta):
    genome, table, kind, _ = planted(fasta)
    right = table.take(kind == "right")
    right.position[:] -= 1
    with pytest.raises(InputError, match=r"positions that count from 0 \(100.0% fit one base later\)") as caught:
        orient(right, genome)
    assert caught.value.remedy == "add 1 to positions"


def test_a_part_of_another_build_is_told(fasta):
    """Of 300 moved SNVs in 3,760 about half fit neither way, and a quarter looks exchanged."""
    genome, table, kind, _ = planted(fasta)
    right = table.take(kind == "right")
    assert orient(right, genome).warnings == ()
    right.position[::12] = (right.position[::12] + 17) % 9000
    (said,) = orient(right, genome).warnings
    assert "are there two builds in the table?" in said
    rng = np.random.default_rng(3)
    swapped = rng.random(len(table)) < 0.2
    ref, alt = np.where(swapped, table.alt, table.ref), np.where(swapped, table.ref, table.alt)
    many = make_table(
        *[f"{c}:{p + 1}:{r}:{a}" for c, p, r, a in zip(table.chrom, table.position, ref, alt, strict=True)]
    )
    assert orient(many, genome).warnings == ()


def test_the_other_strand_in_the_order_of_the_alphabet(fasta):
    """Half of such rows are exchanged: that looks like chance, but for the strand that all of them fit."""
    genome, table, kind, _ = planted(fasta)
    right = table.take(kind == "right")
    pair = dict(zip("ACGT", "TGCA", strict=True))
    names = [
        f"{c}:{p + 1}:{':'.join(sorted((pair[ref], pair[alt])))}"
        for c, p, ref, alt in zip(right.chrom, right.position, right.ref, right.alt, strict=True)
    ]
    found = orient(make_table(*names), genome, strands=True)
    assert found.n_other_strand == len(right)
    assert found.table.variant_id == right.variant_id
