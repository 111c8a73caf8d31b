"""Each unusual record and call, by hand: what the sequence becomes, what is counted, what is refused.

One contig throughout, positions 0-19:   AACCGGTTACGATTACAGGC
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.personal.policy import HaplotypePolicy

CONTIG = "AACCGGTTACGATTACAGGC"
Build = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("backend")


def counts(world: Any, **options: Any) -> dict[str, int]:
    found = world.fixed("c", 2, 10, 5, **options).counts
    return {name: n for name, n in found.items() if n}


class TestCalls:
    """Window of 6 bases from position 2, anchored on position 4: CC|GGTT."""

    def six(self, world: Any, **options: Any) -> list[str]:
        found: list[str] = world.sequences("c", 2, 6, 4, **options)
        return found

    def test_phased(self, build: Build) -> None:
        assert self.six(build((4, "C", "T", "1|0"))) == ["CTGGTT", "CCGGTT"]

    def test_multi_allelic(self, build: Build) -> None:
        assert self.six(build((4, "C", "T,A", "1|2"))) == ["CTGGTT", "CAGGTT"]

    @pytest.mark.parametrize("call", ["1", "0", "."])
    def test_haploid_has_one_haplotype(self, build: Build, call: str) -> None:
        world = build((4, "C", "T", [call, "0|1"]), samples=("he", "she"))
        assert self.six(world) == ["CTGGTT" if call == "1" else "CCGGTT", "", "CCGGTT", "CTGGTT"]
        assert world.fixed("c", 2, 6, 4).carriers[0, 0, 1] == -1
        assert counts(world)["haploid_calls"] == 1
        assert counts(world).get("missing_calls", 0) == (call == ".")

    def test_haploid_for_a_part_of_the_records_only(self, build: Build) -> None:
        world = build((4, "C", "T", "1"), (6, "G", "A", "0|1"))
        assert self.six(world) == ["CTGGTT", "CCGATT"]

    def test_missing_is_reference_and_counted(self, build: Build) -> None:
        world = build((4, "C", "T", ".|."), (5, "G", "A", ".|1"), (6, "G", "C", "1|."))
        assert self.six(world) == ["CCGCTT", "CCAGTT"]
        assert counts(world) == {"records": 3, "missing_calls": 1, "half_calls": 2}

    def test_missing_as_n(self, build: Build) -> None:
        world = build((4, "C", "T", ".|."), (5, "G", "A", ".|1"), (7, "TT", "T", "1|."))
        assert self.six(world, missing="N") == ["CNNGTA", "CNAGNN"]
        assert world.sequences("c", 2, 6, 4, missing="ref") == ["CCGGTA", "CCAGTT"]

    def test_unphased(self, build: Build) -> None:
        world = build((4, "C", "T", "0/1"), (5, "G", "A", "1/1"), (7, "T", "TCC", "0/1"))
        with pytest.raises(InputError, match=r"without phase in sample s1 \(2 such") as caught:
            self.six(world)
        assert caught.value.record == "c:4 C>T"
        assert "cohort.vcf.gz" in str(caught.value)
        assert '`policy=gx.HaplotypePolicy(unphased="as_phased")`' in str(caught.value)
        assert self.six(world, unphased="as_phased") == ["CCAGTT", "CTAGTC"]
        assert self.six(world, unphased="ref") == ["CCAGTT", "CCAGTT"]
        assert self.six(world, unphased="iupac") == ["CYAGTT", "CYAGTT"]
        assert counts(world, unphased="iupac")["unphased_not_single_base"] == 1
        assert counts(world, unphased="ref")["unphased_heterozygous"] == 2

    def test_unphased_multi_allelic_iupac(self, build: Build) -> None:
        world = build((4, "C", "T,A", "1/2"), (5, "G", "A,T", "0/2"))
        assert self.six(world, unphased="iupac") == ["CWKGTT"] * 2

    def test_phase_of_homozygous_calls_does_not_matter(self, build: Build) -> None:
        assert self.six(build((4, "C", "T", "1/1"), (5, "G", "A", "0/0"))) == ["CTGGTT"] * 2


class TestAlleles:
    def test_star_is_reference_there(self, build: Build) -> None:
        # Haplotype 1 carries the deletion that the star stands for; haplotype 2 the SNV.
        world = build((4, "CGG", "C", "1|0"), (5, "G", "T,*", "2|1"))
        assert world.consensus("c", 0, 10) == ["AACCTTAC", "AACCTGTTAC"]
        assert counts(world)["star_alleles"] == 1

    def test_symbolic_deletion_goes_to_end(self, build: Build) -> None:
        world = build((4, "C", "<DEL>", "1|0", "PASS", "SVTYPE=DEL;END=7"))
        assert world.consensus("c", 0, 10) == ["AACCTAC", "AACCGGTTAC"]
        assert world.sequences("c", 2, 6, 3) == ["CCTACG", "CCGGTT"]
        assert counts(world)["deletion_symbols"] == 1
        assert world.consensus("c", 0, 10, symbolic="error") == ["AACCTAC", "AACCGGTTAC"]

    def test_symbolic_deletion_beside_an_snv(self, build: Build) -> None:
        world = build((4, "C", "T,<DEL>", "1|2", "PASS", "SVTYPE=DEL;END=7"), (6, "G", "A", "1|1"))
        assert world.consensus("c", 0, 10) == ["AACTGATTAC", "AACCTAC"]

    def test_end_of_other_records_is_not_theirs_to_replace(self, build: Build) -> None:
        world = build((4, "C", "T", "1|0", "PASS", "END=7"), (6, "G", "A", "1|1"))
        assert world.consensus("c", 0, 10) == ["AACTGATTAC", "AACCGATTAC"]

    @pytest.mark.parametrize(
        ("alt", "kind"),
        [
            ("<INS>", "other_symbols"),
            ("<DUP:TANDEM>", "other_symbols"),
            ("C[c:15[", "breakends"),
            ("]c:15]C", "breakends"),
            ("C.", "breakends"),
            ("<DEL>", "deletion_symbols"),  # without END
        ],
    )
    def test_no_sequence(self, build: Build, alt: str, kind: str) -> None:
        world = build((4, "C", alt, "1|0"), (6, "G", "A", "1|0"))
        assert world.consensus("c", 0, 10) == ["AACCGATTAC", CONTIG[:10]]
        assert counts(world) == {"records": 2, kind: 1}
        with pytest.raises(InputError, match="cannot be put into a sequence") as caught:
            world.consensus("c", 0, 10, symbolic="error")
        assert caught.value.record is not None
        assert caught.value.record.startswith("c:4 C>")

    def test_non_ref_is_reference(self, build: Build) -> None:
        world = build((4, "C", "<NON_REF>", "0|1", "PASS", "END=7"), (5, "G", "A,<*>", "2|1"))
        assert world.consensus("c", 0, 10) == [CONTIG[:10], "AACCAGTTAC"]
        assert counts(world)["non_ref_symbols"] == 2

    def test_letters(self, build: Build) -> None:
        world = build((4, "c", "n", "1|0"), (5, "G", "r", "1|0"), (6, "g", "gaa", "0|1"))
        assert world.consensus("c", 0, 8) == ["AACNRGTT", "AACCGGAATT"]

    def test_junk_is_refused(self, build: Build) -> None:
        world = build((4, "C", "T?", "1|0"))
        with pytest.raises(InputError, match="is no sequence") as caught:
            world.consensus("c", 0, 10)
        assert caught.value.record == "c:4 C>T?"

    def test_no_alt(self, build: Build) -> None:
        world = build((4, "C", ".", "0|0"))
        assert world.consensus("c", 0, 4) == ["AACC", "AACC"]

    def test_lower_case_fasta(self, build: Build) -> None:
        world = build((4, "C", "t", "1|0"), contig=CONTIG.lower())
        assert world.consensus("c", 0, 6) == ["AACTGG", "AACCGG"]


class TestRecords:
    def test_filter(self, build: Build) -> None:
        world = build((4, "C", "T", "1|0", "q10", "."), (5, "G", "A", "1|0", ".", "."))
        assert world.consensus("c", 0, 6) == ["AACTAG", "AACCGG"]
        assert counts(world)["filter_not_pass"] == 1
        assert world.consensus("c", 0, 6, filter="pass") == ["AACCAG", "AACCGG"]

    def test_snv_only(self, build: Build) -> None:
        world = build(
            (3, "C", "A", "1|0"), (4, "C", "T,CA", "1|0"), (5, "G", "T,*", "1|0"), (6, "GT", "AC", "1|0"),
            (9, "A", "C,G", "2|1"),
        )  # fmt: skip
        assert world.consensus("c", 0, 10, variants="snv") == ["AAACGGTTGC", "AACCGGTTCC"]
        assert counts(world, variants="snv")["not_snv"] == 3

    def test_reference_mismatch(self, build: Build) -> None:
        world = build((4, "C", "T", "1|0"), (5, "TG", "T", "0|0"))
        with pytest.raises(InputError, match="has 'GG'; 1 of 2 records") as caught:
            world.consensus("c", 0, 10)
        assert caught.value.record == "c:5 TG>T"
        assert "cohort.vcf.gz" in str(caught.value)
        assert '`policy=gx.HaplotypePolicy(ref_mismatch="skip")`' in str(caught.value)
        assert world.consensus("c", 0, 6, ref_mismatch="skip") == ["AACTGG", "AACCGG"]
        assert counts(world, ref_mismatch="skip")["ref_mismatch"] == 1

    @pytest.mark.parametrize("wrong", [1, 2])
    def test_many_mismatches_are_another_assembly(self, build: Build, wrong: int) -> None:
        contig = "ACGT" * 50
        other = "CATG"  # a base that differs from ACGT at each place
        bad = {10, 50} if wrong == 2 else {10}
        records = [(i + 1, (other if i in bad else "ACGT")[i % 4], "N", "0|0") for i in range(150)]
        world = build(*records, contig=contig)
        # 1 of 150 is below 1 %, 2 of 150 above
        if wrong == 1:
            assert world.consensus("c", 0, 200, ref_mismatch="skip") == [contig, contig]
        else:
            with pytest.raises(InputError, match="2 of 150 records here differ"):
                world.consensus("c", 0, 200, ref_mismatch="skip")

    def test_overlap(self, build: Build) -> None:
        world = build((4, "CGG", "C", "1|0"), (5, "G", "T", "1|1"), (5, "G", "T", "0|1"))
        assert world.consensus("c", 0, 10) == ["AACCTTAC", "AACCTGTTAC"]
        assert counts(world)["overlap_skipped"] == 2
        with pytest.raises(InputError, match="2 overlapping variants on one haplotype"):
            world.fixed("c", 2, 6, 4, overlap="error")

    def test_same_position(self, build: Build) -> None:
        both = build((4, "C", "T", "1|0"), (4, "C", "CA", "1|0"))
        assert both.consensus("c", 0, 6) == ["AACTAGG", "AACCGG"]
        indel_first = build((4, "C", "CA", "1|0"), (4, "C", "T", "1|0"))
        assert indel_first.consensus("c", 0, 6) == ["AACCAGG", "AACCGG"]

    def test_replacement_is_kept_whole(self, build: Build) -> None:
        assert build((3, "CCG", "TT", "1|0")).consensus("c", 0, 8) == ["AATTGTT", "AACCGGTT"]

    def test_mismatch_is_seen_in_records_that_begin_before_the_window(self, build: Build) -> None:
        world = build((1, "AACG", "A", "1|0"))
        with pytest.raises(InputError, match="has 'AACC'"):
            world.fixed("c", 2, 4, 3)


class TestPolicy:
    @pytest.mark.parametrize("name", HaplotypePolicy.__slots__)
    def test_choices_are_checked(self, name: str) -> None:
        with pytest.raises(InputError, match=f"{name} must be one of"):
            HaplotypePolicy(**{name: "whatever"})


def test_nothing_to_prepare(build: Build) -> None:
    world = build((4, "C", "T", "1|0"))
    batch = world.fixed("c", 600, 10, 605)
    assert batch.sequences.tobytes() == b"N" * 10
    assert batch.carriers.tolist() == [[[0, 0]]]
    assert (batch.n_variants.tolist(), batch.n_haplotypes.tolist()) == ([0], [1])
    assert np.array_equal(batch.window, [0])


class TestReference:
    """FASTA letters that are no base, and records that a window does not touch.

    Window of 6 bases from position 2, anchored on position 4: CC|GGTT with single letters replaced.
    """

    def six(self, world: Any, **options: Any) -> list[str]:
        found: list[str] = world.sequences("c", 2, 6, 4, **options)
        return found

    @pytest.mark.parametrize(("letter", "ref"), [("R", "A"), ("Y", "C"), ("K", "G"), ("V", "A")])
    def test_first_base_of_a_code_agrees(self, build: Build, letter: str, ref: str) -> None:
        world = build((4, ref, "T", "0|1"), contig=CONTIG[:3] + letter + CONTIG[4:])
        assert self.six(world, masked_ref="skip") == [f"C{ref}GGTT", "CTGGTT"]
        assert "masked_ref" not in counts(world)

    def test_ref_n_agrees_with_any_code(self, build: Build) -> None:
        world = build((4, "N", "T", "0|1"), contig=CONTIG[:3] + "M" + CONTIG[4:])
        assert self.six(world, masked_ref="skip") == ["CMGGTT", "CTGGTT"]

    @pytest.mark.parametrize(("letter", "ref"), [("N", "C"), ("R", "G"), ("N", "CG"), ("B", "T")])
    def test_masked(self, build: Build, letter: str, ref: str) -> None:
        world = build((4, ref, "A" * len(ref), "0|1"), contig=CONTIG[:3] + letter + CONTIG[4:])
        rest = "GGTT"[len(ref) - 1 :]
        assert self.six(world) == [f"C{ref}{rest}", f"C{'A' * len(ref)}{rest}"]
        assert self.six(world, masked_ref="skip") == [f"C{letter}GGTT"] * 2
        assert counts(world)["masked_ref"] == 1

    def test_a_code_that_cannot_be_the_base_is_a_mismatch(self, build: Build) -> None:
        world = build((4, "C", "T", "0|1"), contig=CONTIG[:3] + "R" + CONTIG[4:])
        with pytest.raises(InputError, match=r"c:4 C>T.*REF does not match"):
            self.six(world)

    def test_masked_records_are_no_other_assembly(self, build: Build) -> None:
        records = [(position, "ACGT"[position % 4], "ACGT"[(position + 1) % 4], "0|1") for position in range(1, 41)]
        world = build(*records, contig="N" * 60)
        batch = world.fixed("c", 0, 60, 5, ref_mismatch="skip")
        assert batch.counts["masked_ref"] == 40
        assert batch.n_variants.tolist() == [40]

    @pytest.mark.parametrize("max_mem", [None, 8])
    @pytest.mark.parametrize(
        ("odd", "message"),
        [
            ((14, "G", "C", "0|1"), "REF does not match"),
            ((14, "T", "C", "0/1"), "without phase"),
            ((14, "T", "T", "0|1"), "ALT equals REF"),
            ((14, "T", "<DEL>", "0|1", "PASS", "END=99"), "past the end"),
        ],
    )
    def test_beyond_the_window(self, build: Build, odd: Any, message: str, max_mem: int | None) -> None:
        """What a window does not touch cannot stop it, unless a deletion draws it in."""
        untouched = build((4, "C", "T", "0|1"), odd)
        assert self.six(untouched, max_mem=max_mem) == ["CCGGTT", "CTGGTT"]
        drawn_in = build((4, "CGGTTACG", "C", "0|1"), odd)
        with pytest.raises(InputError, match=rf"c:14 .*{message}"):
            self.six(drawn_in, max_mem=max_mem)
        with pytest.raises(InputError, match=rf"c:14 .*{message}"):
            untouched.sequences("c", 2, 13, 4, max_mem=max_mem)

    def test_what_another_person_draws_in(self, build: Build) -> None:
        people = ("he", "she")
        world = build((4, "CGGTTACG", "C", ["0|1", "0|0"]), (14, "T", "C", ["0|0", "0/1"]), samples=people)
        assert self.six(world)[2:] == ["CCGGTT"] * 2
        with pytest.raises(InputError, match="sample he"):
            self.six(build((4, "CGGTTACG", "C", ["0|1", "0|0"]), (14, "T", "C", ["0/1", "0|0"]), samples=people))

    def test_mismatches_beyond_the_window_are_no_other_assembly(self, build: Build) -> None:
        records = [(position, "A", "T", "0|1") for position in range(11, 31)]
        records += [(position, "G", "T", "0|1") for position in range(41, 61)]
        world = build(*records, contig="A" * 100)
        assert len(world.fixed("c", 0, 35, 5, ref_mismatch="skip").sequences) == 2


class TestSymbols:
    def test_alleles_of_one_record_delete_their_own_length(self, build: Build) -> None:
        world = build((4, "C", "<DEL>,<DEL>", "1|2", "PASS", "SVLEN=3,1;END=7"))
        assert world.consensus("c", 0, 20) == ["AACCTACGATTACAGGC", "AACCGTTACGATTACAGGC"]

    def test_copy_number_zero_is_a_deletion(self, build: Build) -> None:
        world = build((4, "C", "<CN0>,<CN2>", "1|2", "PASS", "END=7"))
        assert world.consensus("c", 0, 20) == ["AACCTACGATTACAGGC", CONTIG]
        found = counts(world)
        assert (found["deletion_symbols"], found["other_symbols"]) == (1, 1)

    def test_tandem_repeat(self, build: Build) -> None:
        info = "SVLEN=4,4;RN=1,2;RUS=GT,A,CC;RUC=3,2,1"
        world = build((4, "C", "<CNV:TR>,<CNV:TR>", "1|2", "PASS", info))
        assert world.consensus("c", 0, 20) == ["AACC" + "GTGTGT" + "ACGATTACAGGC", "AACC" + "AACC" + "ACGATTACAGGC"]
        assert counts(world)["repeat_symbols"] == 2

    @pytest.mark.parametrize("info", ["END=21", "SVLEN=-17"])
    @pytest.mark.parametrize("call", ["0|1", "0|0"])
    def test_past_the_contig(self, build: Build, info: str, call: str) -> None:
        world = build((4, "C", "<DEL>", call, "PASS", info))
        with pytest.raises(InputError, match=r"c:4 C><DEL>.*past the end of c \(20 bases\)"):
            world.consensus("c", 0, 20)
