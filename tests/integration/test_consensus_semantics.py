"""What becomes of each kind of record: typed by hand, beside what bcftools 1.24 makes of the same files.

docs/haplotypes.md lists the same cases under the same names. One contig throughout, bases 1-20 (positions 0-19):

    AACCGGTTACGATTACAGGC
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import gxfast as gx

CONTIG = "AACCGGTTACGATTACAGGC"
WHOLE = (0, len(CONTIG))
PART = (5, 12)  # GTTACGA
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "haplotypes.md"
MakeWorld = Callable[..., Any]
Records = tuple[tuple[Any, ...], ...]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """Records of one person, and the two haplotypes that must come out ("" = there is none).

    ``expected`` that is no pair is the text of the refusal. ``bcftools`` is given where bcftools does
    something else, with the reason in ``why``; an entry "error: ..." is what it says when it stops.
    """

    name: str
    records: Records
    expected: Pair | str
    window: tuple[int, int] = WHOLE
    bcftools: Pair | None = None
    why: str = ""
    policy: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    haplotypes: Pair = ("1", "2")
    counts: dict[str, int] = field(default_factory=dict)
    contig: str = CONTIG


OVERLAP = {"overlap_skipped": 1}
PLAIN = [
    Case("SNV", ((4, "C", "T", "1|0"),), ("AACTGGTTACGATTACAGGC", CONTIG), counts={"records": 1, "overlap_skipped": 0}),
    Case("MNV", ((5, "GG", "AC", "0|1"),), (CONTIG, "AACCACTTACGATTACAGGC")),
    Case("insertion", ((4, "C", "CAA", "1|0"),), ("AACCAAGGTTACGATTACAGGC", CONTIG)),
    Case("deletion", ((4, "CGG", "C", "1|0"),), ("AACCTTACGATTACAGGC", CONTIG)),
    Case("multi-allelic", ((4, "C", "T,CAA", "1|2"),), ("AACTGGTTACGATTACAGGC", "AACCAAGGTTACGATTACAGGC")),
    Case("delins", ((3, "CCG", "TT", "1|0"),), ("AATTGTTACGATTACAGGC", CONTIG)),
    Case("insertion before the first base", ((1, "A", "TTA", "1|0"),), ("TTAACCGGTTACGATTACAGGC", CONTIG)),
    Case("insertion after the last base", ((20, "C", "CTT", "1|0"),), ("AACCGGTTACGATTACAGGCTT", CONTIG)),
    Case("deletion of the first bases", ((1, "AAC", "C", "1|0"),), ("CCGGTTACGATTACAGGC", CONTIG)),
    Case("deletion of the last bases", ((18, "GGC", "G", "1|0"),), ("AACCGGTTACGATTACAG", CONTIG)),
    Case(
        "masked FASTA", ((4, "C", "T", "0|1"),), ("AACCGGTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"),
        contig="AACNGGTTACGATTACAGGC", bcftools=("AACNGGTTACGATTACAGGC", "error: The fasta sequence does not match"),
        why="the call says which base it is", counts={"masked_ref": 1},
    ),
    Case(
        "masked FASTA left out", ((4, "C", "T", "0|1"),), ("AACNGGTTACGATTACAGGC",) * 2,
        contig="AACNGGTTACGATTACAGGC", bcftools=("AACNGGTTACGATTACAGGC", "error: The fasta sequence does not match"),
        why="the call says which base it is", policy={"masked_ref": "skip"}, counts={"masked_ref": 1},
    ),
    Case(
        "IUPAC code in the FASTA", ((4, "A", "T", "0|1"),), ("AACAGGTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"),
        contig="AACRGGTTACGATTACAGGC", bcftools=("AACRGGTTACGATTACAGGC", "error: The fasta sequence does not match"),
        why="VCF 4.3 writes a code as its first base", counts={"masked_ref": 0},
    ),
    Case(
        "lower-case FASTA", ((4, "C", "T", "1|0"),), ("AACTGGTTACGATTACAGGC", CONTIG), contig=CONTIG.lower(),
        bcftools=("aactggttacgattacaggc", CONTIG.lower()), why="models read upper-case letters",
    ),
    Case(
        "lower-case REF and ALT", ((4, "c", "caa", "1|0"), (9, "a", "g", "1|1")),
        ("AACCAAGGTTGCGATTACAGGC", "AACCGGTTGCGATTACAGGC"),
    ),
    Case(
        "ALT N", ((4, "C", "N", "1|0"), (7, "T", "TNN", "0|1")),
        ("AACNGGTTACGATTACAGGC", "AACCGGTNNTACGATTACAGGC"), counts={"iupac_alleles": 0},
    ),
    Case(
        "ALT IUPAC", ((4, "C", "R", "1|0"),), ("AACRGGTTACGATTACAGGC", CONTIG), counts={"iupac_alleles": 1},
    ),
    Case("FILTER used", ((4, "C", "T", "1|0", "q10", "."),), ("AACTGGTTACGATTACAGGC", CONTIG),
         counts={"filter_not_pass": 1}),
]  # fmt: skip

OVERLAPS = [
    Case(
        "SNV inside deletion", ((4, "CGGT", "C", "1|0"), (6, "G", "A", "1|1")),
        ("AACCTACGATTACAGGC", "AACCGATTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "SNV inside deletion of the other haplotype", ((4, "CGGT", "C", "1|0"), (6, "G", "A", "0|1")),
        ("AACCTACGATTACAGGC", "AACCGATTACGATTACAGGC"), counts={"overlap_skipped": 0},
    ),
    Case(
        "SNV on last base of deletion", ((4, "CGG", "C", "1|0"), (6, "G", "A", "1|1")),
        ("AACCTTACGATTACAGGC", "AACCGATTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "deletion over deletion", ((4, "CGG", "C", "1|1"), (5, "GGT", "G", "1|0")),
        ("AACCTTACGATTACAGGC", "AACCTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "deletion on last base of deletion", ((4, "CGG", "C", "1|0"), (6, "GT", "G", "1|1")),
        ("AACCTACGATTACAGGC", "AACCGGTACGATTACAGGC"), counts={"overlap_skipped": 0},
    ),
    Case(
        "MNV over SNV", ((5, "GG", "AC", "1|0"), (6, "G", "T", "1|1")),
        ("AACCACTTACGATTACAGGC", "AACCGTTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "duplicate record", ((4, "C", "T", "1|1"), (4, "C", "T", "1|0")),
        ("AACTGGTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "two SNVs on one base", ((4, "C", "T", "1|0"), (4, "C", "A", "1|1")),
        ("AACTGGTTACGATTACAGGC", "AACAGGTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "two insertions on one base", ((4, "C", "CAA", "1|0"), (4, "C", "CTT", "1|1")),
        ("AACCAAGGTTACGATTACAGGC", "AACCTTGGTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "insertion then deletion, one POS", ((4, "C", "CAA", "1|0"), (4, "CGG", "C", "1|1")),
        ("AACCAAGGTTACGATTACAGGC", "AACCTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "SNV then deletion, one POS", ((4, "C", "T", "1|1"), (4, "CGG", "C", "1|0")),
        ("AACTTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"), counts={"overlap_skipped": 0},
    ),
    Case(
        "SNV then insertion, one POS", ((4, "C", "T", "1|1"), (4, "C", "CAA", "1|0")),
        ("AACTAAGGTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"), counts={"overlap_skipped": 0},
    ),
    Case(
        "deletion then SNV, one POS", ((4, "CGG", "C", "1|0"), (4, "C", "T", "1|1")),
        ("AACCTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "insertion then SNV, one POS", ((4, "C", "CAA", "1|0"), (4, "C", "T", "1|1")),
        ("AACCAAGGTTACGATTACAGGC", "AACTGGTTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "insertion on last base of deletion", ((4, "CGG", "C", "1|0"), (6, "G", "GAA", "1|1")),
        ("AACCAATTACGATTACAGGC", "AACCGGAATTACGATTACAGGC"), counts={"overlap_skipped": 0},
    ),
    Case(
        "SNV right after deletion", ((4, "CGG", "C", "1|0"), (7, "T", "A", "1|1")),
        ("AACCATACGATTACAGGC", "AACCGGATACGATTACAGGC"), counts={"overlap_skipped": 0},
    ),
]  # fmt: skip

EDGES = [
    Case("deletion from before the window", ((4, "CGGT", "C", "1|0"),), ("TACGA", "GTTACGA"), PART),
    Case("MNV from before the window", ((4, "CGGT", "TAAC", "1|0"),), ("ACTACGA", "GTTACGA"), PART),
    Case("insertion on the base before the window", ((5, "G", "GAA", "1|0"),), ("GTTACGA", "GTTACGA"), PART),
    Case("insertion on the first base", ((6, "G", "GAA", "1|0"),), ("GAATTACGA", "GTTACGA"), PART),
    Case("insertion on the last base", ((12, "A", "ATT", "1|0"),), ("GTTACGATT", "GTTACGA"), PART),
    Case("deletion past the end of the window", ((11, "GAT", "G", "1|0"),), ("GTTACG", "GTTACGA"), PART),
    Case("MNV past the end of the window", ((11, "GATT", "TCAA", "1|0"),), ("GTTACTC", "GTTACGA"), PART),
    Case("deletion right after the window", ((12, "ATT", "A", "1|0"),), ("GTTACGA", "GTTACGA"), PART),
    Case("deletion of the whole window", ((4, "CGGTTACGATT", "C", "1|0"),), ("", "GTTACGA"), PART),
    Case(
        "deletion of the whole window over SNV", ((4, "CGGTTACGATT", "C", "1|0"), (7, "T", "A", "1|1")),
        ("", "GATACGA"), PART,
    ),
]  # fmt: skip

SYMBOLS = [
    Case(
        "star over deletion", ((4, "CGGT", "C", "1|0"), (6, "G", "*,A", "1|2")),
        ("AACCTACGATTACAGGC", "AACCGATTACGATTACAGGC"), counts={"star_alleles": 1, "overlap_skipped": 0},
    ),
    Case(
        "star alone", ((6, "G", "*,A", "1|2"),), (CONTIG, "AACCGATTACGATTACAGGC"),
        bcftools=("AACCG*TTACGATTACAGGC", "AACCGATTACGATTACAGGC"), why="* is no base", counts={"star_alleles": 1},
    ),
    Case(
        "DEL with END", ((4, "C", "<DEL>", "1|0", "PASS", "SVTYPE=DEL;END=7"),), ("AACCTACGATTACAGGC", CONTIG),
        counts={"deletion_symbols": 1},
    ),
    Case("DEL without END", ((4, "C", "<DEL>", "1|0", "PASS", "SVTYPE=DEL"),), (CONTIG, CONTIG)),
    Case(
        "SNV inside DEL", ((4, "C", "<DEL>", "1|0", "PASS", "END=7"), (6, "G", "A", "1|1")),
        ("AACCTACGATTACAGGC", "AACCGATTACGATTACAGGC"), counts=OVERLAP,
    ),
    Case(
        "DEL beside SNV in one record", ((4, "C", "T,<DEL>", "1|2", "PASS", "END=7"), (6, "G", "A", "1|1")),
        ("AACTGATTACGATTACAGGC", "AACCTACGATTACAGGC"),
        bcftools=("error: does not match the REF allele at c:4", "AACCTACGATTACAGGC"),
        why="END belongs to <DEL>; the SNV replaces one base",
    ),
    Case(
        "END on an SNV", ((4, "C", "T", "1|0", "PASS", "END=7"), (6, "G", "A", "1|1")),
        ("AACTGATTACGATTACAGGC", "AACCGATTACGATTACAGGC"),
        bcftools=("error: does not match the REF allele at c:4", "AACCGATTACGATTACAGGC"),
        why="REF says how many bases an allele of letters replaces",
    ),
    Case(
        "DEL with a subtype", ((4, "C", "<DEL:ME>", "1|0", "PASS", "END=7"),), ("AACCTACGATTACAGGC", CONTIG),
        bcftools=("error: Symbolic alleles other than", CONTIG), why="a deletion is applied, whatever its subtype",
    ),
    Case(
        "INS", ((4, "C", "<INS>", "1|0", "PASS", "SVTYPE=INS"),), (CONTIG, CONTIG),
        bcftools=("error: Symbolic alleles other than", CONTIG), why="left out and counted",
        counts={"other_symbols": 1},
    ),
    Case(
        "DUP", ((4, "C", "<DUP>", "0|1", "PASS", "SVTYPE=DUP;END=7"),), (CONTIG, CONTIG),
        bcftools=(CONTIG, "error: Symbolic alleles other than"), why="left out and counted",
        counts={"other_symbols": 1},
    ),
    Case(
        "break-end to the right", ((4, "C", "C[c:10[", "1|0"),), (CONTIG, CONTIG),
        bcftools=("AACC[C:10[GGTTACGATTACAGGC", CONTIG), why="text, no bases", counts={"breakends": 1},
    ),
    Case(
        "break-end to the left", ((4, "C", "]c:10]C", "0|1"),), (CONTIG, CONTIG),
        bcftools=(CONTIG, "AAC]C:10]CGGTTACGATTACAGGC"), why="text, no bases", counts={"breakends": 1},
    ),
    Case(
        "single break-ends", ((4, "C", "C.", "1|0"), (6, "G", ".G", "0|1")), (CONTIG, CONTIG),
        bcftools=("AACC.GGTTACGATTACAGGC", "AACCG.GTTACGATTACAGGC"), why="text, no bases", counts={"breakends": 2},
    ),
    Case(
        "NON_REF", ((4, "C", "T,<NON_REF>", "1|2"),), ("AACTGGTTACGATTACAGGC", CONTIG), counts={"non_ref_symbols": 1},
    ),
    Case(
        "CN0", ((4, "C", "<CN0>,<CN2>", "1|2", "PASS", "END=7"),), ("AACCTACGATTACAGGC", CONTIG),
        counts={"deletion_symbols": 1, "other_symbols": 1}, why="1000 Genomes writes its deletions so",
        bcftools=("error: Symbolic alleles other than <DEL>", "error: Symbolic alleles other than <DEL>"),
    ),
    Case(
        "two DEL of one record", ((4, "C", "<DEL>,<DEL>", "1|2", "PASS", "SVLEN=3,1;END=7"),),
        ("AACCTACGATTACAGGC", "AACCGTTACGATTACAGGC"), bcftools=("AACCTACGATTACAGGC",) * 2,
        why="SVLEN is of each allele (VCF 4.4)",
    ),
    Case(
        "DEL past the contig", ((4, "C", "<DEL>", "0|1", "PASS", "END=30"),),
        "c:4 C><DEL>: the record ends at 30, past the end of c", bcftools=(CONTIG, "AAC" + "C"),
        why="END is of another assembly, or a slip",
    ),
    Case(
        "any-allele symbol", ((4, "C", "T,<*>", "1|2"),), ("AACTGGTTACGATTACAGGC", CONTIG),
        counts={"non_ref_symbols": 1},
    ),
    Case(
        "NON_REF block over SNV", ((4, "C", "<NON_REF>", "0|0", "PASS", "END=7"), (5, "G", "A", "1|0")),
        ("AACCAGTTACGATTACAGGC", CONTIG), counts={"non_ref_symbols": 1},
    ),
    Case(
        "carried NON_REF block over SNV", ((4, "C", "<NON_REF>", "1|0", "PASS", "END=7"), (5, "G", "A", "1|0")),
        ("AACCAGTTACGATTACAGGC", CONTIG), bcftools=(CONTIG, CONTIG),
        why="a reference block changes nothing, so it overlaps nothing", counts={"overlap_skipped": 0},
    ),
]  # fmt: skip

CALLS = [
    Case("missing", ((4, "C", "T", ".|."),), (CONTIG, CONTIG), counts={"missing_calls": 1, "half_calls": 0}),
    Case("first allele missing", ((4, "C", "T", ".|1"),), (CONTIG, "AACTGGTTACGATTACAGGC"), counts={"half_calls": 1}),
    Case("second allele missing", ((4, "C", "T", "1|."),), ("AACTGGTTACGATTACAGGC", CONTIG), counts={"half_calls": 1}),
    Case(
        "missing as N", ((4, "C", "T", ".|."), (6, "G", "A", ".|1"), (14, "T", "TA", "1|.")),
        ("AACNGNTTACGATTAACAGGC", "AACNGATTACGATNACAGGC"), policy={"missing": "N"}, arguments=("-M", "N"),
    ),
    Case(
        "missing deletion as N", ((9, "ACG", "A", "1|."),), ("AACCGGTTAATTACAGGC", "AACCGGTTNNNATTACAGGC"),
        policy={"missing": "N"}, arguments=("-M", "N"), bcftools=("AACCGGTTAATTACAGGC", "AACCGGTTNCGATTACAGGC"),
        why="every base of REF is unknown, not the first alone",
    ),
    Case(
        "haploid ALT", ((4, "C", "T", "1"),), ("AACTGGTTACGATTACAGGC", ""), counts={"haploid_calls": 1},
        bcftools=("AACTGGTTACGATTACAGGC", CONTIG), why="there is no second copy",
    ),
    Case(
        "haploid reference", ((4, "C", "T", "0"),), (CONTIG, ""), counts={"haploid_calls": 1},
        bcftools=(CONTIG, CONTIG), why="there is no second copy",
    ),
    Case(
        "haploid missing", ((4, "C", "T", "."), (6, "G", "A", "1")), ("AACCGATTACGATTACAGGC", ""),
        bcftools=("AACCGATTACGATTACAGGC", CONTIG), why="there is no second copy",
        counts={"haploid_calls": 2, "missing_calls": 1},
    ),
    Case(
        "haploid and diploid calls", ((4, "C", "T", "1"), (6, "G", "A", "0|1")),
        ("AACTGGTTACGATTACAGGC", "AACCGATTACGATTACAGGC"), counts={"haploid_calls": 1},
    ),
    Case("unphased homozygous", ((4, "C", "T", "1/1"),), ("AACTGGTTACGATTACAGGC",) * 2,
         counts={"unphased_heterozygous": 0}),
]  # fmt: skip

MIXED = ((4, "C", "T", "0/1"), (7, "T", "TAA", "0/1"), (10, "C", "G", "1/1"))
AS_WRITTEN = ("AACCGGTTAGGATTACAGGC", "AACTGGTAATAGGATTACAGGC")
POLICIES = [
    Case(
        "unphased refused", MIXED, "heterozygous call without phase in sample s1 (2 such calls", bcftools=AS_WRITTEN,
        why="0/1 does not say which haplotype",
    ),
    Case(
        "unphased as written", MIXED, AS_WRITTEN, policy={"unphased": "as_phased"}, counts={"unphased_heterozygous": 2},
    ),
    Case(
        "unphased as reference", MIXED, ("AACCGGTTAGGATTACAGGC",) * 2, policy={"unphased": "ref"},
        bcftools=AS_WRITTEN, why="asked for",
    ),
    Case(
        "unphased SNV as IUPAC", ((4, "C", "T", "0/1"), (10, "C", "G", "1/0")), ("AACYGGTTASGATTACAGGC",) * 2,
        policy={"unphased": "iupac"}, haplotypes=("1pIu", "2pIu"),
    ),
    Case(
        "unphased insertion as IUPAC", MIXED, ("AACYGGTTAGGATTACAGGC",) * 2, policy={"unphased": "iupac"},
        haplotypes=("1pIu", "2pIu"), bcftools=("AACYGGTAATAGGATTACAGGC",) * 2,
        why="one copy is not put in twice; no code stands for an insertion", counts={"unphased_not_single_base": 1},
    ),
    Case(
        "FILTER left out", ((4, "C", "T", "1|0", "q10", "."), (6, "G", "A", "1|0")), ("AACCGATTACGATTACAGGC", CONTIG),
        policy={"filter": "pass"}, arguments=("-i", 'FILTER="PASS"'), counts={"filter_not_pass": 1},
    ),
    Case(
        "FILTER not given", ((4, "C", "T", "1|0", ".", "."),), ("AACTGGTTACGATTACAGGC", CONTIG),
        policy={"filter": "pass"}, arguments=("-i", 'FILTER="PASS" || FILTER="."'), counts={"filter_not_pass": 0},
    ),
    Case(
        "SNVs only", ((4, "C", "T", "1|0"), (6, "G", "GA", "1|0"), (9, "AC", "GT", "1|1"), (12, "A", "T,AT", "1|2")),
        ("AACTGGTTACGATTACAGGC", CONTIG), policy={"variants": "snv"}, arguments=("-i", 'TYPE="snp"'),
        counts={"not_snv": 3},
    ),
    Case(
        "REF mismatch", ((4, "G", "T", "1|0"),), "c:4 G>T: REF does not match the FASTA, which has 'C'",
        bcftools=("error: does not match the REF allele at c:4", CONTIG), why="bcftools stops too",
    ),
    Case(
        "REF mismatch, not carried", ((4, "G", "T", "0|0"),), "c:4 G>T: REF does not match the FASTA, which has 'C'",
        bcftools=(CONTIG, CONTIG), why="another assembly shows in every record",
    ),
    Case(
        "REF mismatch left out", ((4, "G", "T", "1|0"), (6, "G", "A", "1|0")), ("AACCGATTACGATTACAGGC", CONTIG),
        policy={"ref_mismatch": "skip"}, bcftools=("error: does not match the REF allele at c:4", CONTIG),
        why="asked for", counts={"ref_mismatch": 1},
    ),
    Case(
        "symbol refused", ((4, "C", "<INS>", "1|0"),), "allele '<INS>' cannot be put into a sequence",
        policy={"symbolic": "error"}, bcftools=("error: Symbolic alleles other than", CONTIG), why="as bcftools",
    ),
    Case(
        "break-end refused", ((4, "C", "C[c:10[", "0|0"),), "cannot be put into a sequence",
        policy={"symbolic": "error"}, bcftools=(CONTIG, CONTIG), why="asked for",
    ),
    Case(
        "overlap refused", ((4, "CGGT", "C", "1|0"), (6, "G", "A", "1|1")), "1 overlapping variants on one haplotype",
        policy={"overlap": "error"}, bcftools=("AACCTACGATTACAGGC", "AACCGATTACGATTACAGGC"), why="asked for",
    ),
]  # fmt: skip

CASES = [*PLAIN, *OVERLAPS, *EDGES, *SYMBOLS, *CALLS, *POLICIES]
# name, records, start, length, TSS, anchor, haplotypes, anchors that are deleted (counted per distinct haplotype)
FixedCase = tuple[str, Records, int, int, int, str | None, Pair, int]
BEFORE, PAST, ALL = ((4, "CGGT", "C", "1|0"),), ((11, "GAT", "G", "1|0"),), ((4, "CGGTTACGATT", "C", "1|0"),)
LAST = ((20, "C", "CTT", "1|0"),)
TWO_OUT, REF_PART = (4, "CGG", "C", "1|1"), "GTTACGA"
FIXED: list[FixedCase] = [
    ("deletion from before the window, TSS", BEFORE, 5, 7, 8, None, ("CCTACGA", REF_PART), 0),
    ("deletion from before the window, start", BEFORE, 5, 7, 8, "start", ("TACGATT", REF_PART), 1),
    ("deletion from before the window, end", BEFORE, 5, 7, 8, "end", ("CCTACGA", REF_PART), 0),
    ("MNV from before the window, TSS", ((4, "CGGT", "TAAC", "1|0"),), 5, 7, 8, None, ("ACTACGA", REF_PART), 0),
    ("insertion before the window, TSS", ((5, "G", "GAA", "1|0"),), 5, 7, 8, None, (REF_PART, REF_PART), 0),
    ("insertion before the window, start", ((5, "G", "GAA", "1|0"),), 5, 7, 8, "start", (REF_PART, REF_PART), 0),
    ("insertion on the first base, TSS", ((6, "G", "GAA", "1|0"),), 5, 7, 8, None, ("ATTACGA", REF_PART), 0),
    ("insertion on the first base, start", ((6, "G", "GAA", "1|0"),), 5, 7, 8, "start", ("GAATTAC", REF_PART), 0),
    ("insertion on the last base, TSS", ((12, "A", "ATT", "1|0"),), 5, 7, 8, None, (REF_PART, REF_PART), 0),
    ("insertion on the last base, end", ((12, "A", "ATT", "1|0"),), 5, 7, 8, "end", (REF_PART, REF_PART), 0),
    ("deletion past the end of the window, TSS", PAST, 5, 7, 8, None, ("GTTACGT", REF_PART), 0),
    ("deletion past the end of the window, start", PAST, 5, 7, 8, "start", ("GTTACGT", REF_PART), 0),
    ("deletion past the end of the window, end", PAST, 5, 7, 8, "end", ("GTTACGT", REF_PART), 1),
    ("MNV past the end of the window, TSS", ((11, "GATT", "TCAA", "1|0"),), 5, 7, 8, None, ("GTTACTC", REF_PART), 0),
    ("deletion of the whole window, TSS", ALL, 5, 7, 8, None, ("ACCACAG", REF_PART), 1),
    ("deletion of the whole window, start", ALL, 5, 7, 8, "start", ("ACAGGCN", REF_PART), 1),
    ("deletion of the whole window, end", ALL, 5, 7, 8, "end", ("NNAACCA", REF_PART), 1),
    ("deletion up to the contig end", ((17, "AGGC", "A", "1|0"),), 15, 5, 18, None, ("ACANN", "CAGGC"), 1),
    ("TSS deleted", BEFORE, 3, 6, 5, None, ("CCTACG", "CGGTTA"), 1),
    ("insertion before the TSS", ((4, "C", "CAA", "1|0"),), 2, 6, 4, None, ("AAGGTT", "CCGGTT"), 0),
    ("insertion after the TSS", ((4, "C", "CAA", "1|0"),), 2, 6, 3, None, ("CCAAGG", "CCGGTT"), 0),
    ("MNV on the TSS", ((5, "GG", "AC", "1|0"),), 2, 6, 5, None, ("CCACTT", "CCGGTT"), 0),
    ("refill with a personal SNV", (TWO_OUT, (11, "G", "T", "1|0")), 2, 8, 3, None, ("CCTTACTA", "CCTTACGA"), 0),
    ("refill from the left", ((2, "A", "T", "1|0"), TWO_OUT), 3, 6, 7, None, ("TCCTTA", "ACCTTA"), 0),
    ("refill with an insertion", (TWO_OUT, (11, "G", "GTT", "1|0")), 2, 8, 3, None, ("CCTTACGT", "CCTTACGA"), 0),
    ("refill with a deletion", (TWO_OUT, (10, "CG", "C", "1|0")), 2, 8, 3, None, ("CCTTACAT", "CCTTACGA"), 0),
    ("past the start of the contig", ((1, "A", "T", "1|0"),), -3, 6, 0, None, ("NNNTAC", "NNNAAC"), 0),
    ("past the end of the contig", ((18, "GGC", "G", "1|0"),), 15, 7, 16, None, ("CAGNNNN", "CAGGCNN"), 0),
    ("insertion on the first base of the contig", ((1, "A", "ATT", "1|0"),), -2, 5, 1, None, ("ATTAC", "NNAAC"), 0),
    ("insertion on the last base of the contig", LAST, 15, 7, 16, None, ("CAGGCTT", "CAGGCNN"), 0),
    ("insertion on the last base of the contig, end", LAST, 14, 6, 16, "end", ("ACAGGC",) * 2, 0),
    ("deletion of the last bases, end", ((18, "GGC", "G", "1|0"),), 14, 6, 16, "end", ("TACAGN", "ACAGGC"), 1),
    ("haploid, fixed length", ((4, "C", "T", "1"),), 2, 6, 4, None, ("CTGGTT", ""), 0),
]  # fmt: skip
# Records on the last base of the contig move the anchor there, or lie beyond it; FIXED says what comes out.
ON_THE_LAST_BASE = {"insertion after the last base", "deletion of the last bases"}
GIVES_SEQUENCES = [
    (case, anchor)
    for case in CASES
    for anchor in ("start", "end")
    if case.window == WHOLE
    and isinstance(case.expected, tuple)
    and not (anchor == "end" and case.name in ON_THE_LAST_BASE)
]


def named(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def make(folder: Path, make_world: MakeWorld, records: Records, contig: str = CONTIG) -> Any:
    return make_world(folder, {"c": contig}, [("c", *record[:3], [record[3]], *record[4:]) for record in records])


@named(CASES)
def test_variable_length(case: Case, tmp_path: Path, make_world: MakeWorld, backend: str) -> None:
    world = make(tmp_path, make_world, case.records, case.contig)
    policy = gx.HaplotypePolicy(**case.policy)
    if isinstance(case.expected, str):
        with pytest.raises(gx.InputError, match=re.escape(case.expected)) as refused:
            gx.consensus(world.genome, world.variants, "c", *case.window, policy=policy)
        assert (str(world.vcf) in str(refused.value), bool(refused.value.remedy)) == (True, True)
        return
    found, carriers = gx.consensus(world.genome, world.variants, "c", *case.window, policy=policy)
    start, end = case.window
    assert found[0].decode() == case.contig[start:end].upper()  # the reference stands first, carried or not
    # A haplotype that is not there is -1; one of which everything is deleted is an empty sequence.
    absent = [case.name.startswith("haploid") and not letters for letters in case.expected]
    assert [row < 0 for row in carriers[0].tolist()] == absent
    assert tuple("" if row < 0 else found[row].decode() for row in carriers[0].tolist()) == case.expected


@pytest.mark.parametrize(
    ("case", "anchor"), [pytest.param(case, anchor, id=f"{case.name}, {anchor}") for case, anchor in GIVES_SEQUENCES]
)
def test_fixed_length_holds_the_same_letters(
    case: Case, anchor: str, tmp_path: Path, make_world: MakeWorld, backend: str
) -> None:
    """A window with room for everything, anchored on the first or last base: the same haplotypes, N beside them."""
    world = make(tmp_path, make_world, case.records, case.contig)
    room = 6
    start = 0 if anchor == "start" else -room
    batch = world.fixed("c", start, 20 + room, 10, anchor=anchor, **case.policy)
    rows = [batch.sequences[row].tobytes().decode() if row >= 0 else "" for row in batch.carriers[0, 0].tolist()]
    for found, whole in zip(rows, case.expected, strict=True):
        padded = (whole + "N" * 26)[:26] if anchor == "start" else ("N" * 26 + whole)[-26:]
        assert found == (padded if whole else "")
    assert {key: batch.counts.get(key, 0) for key in case.counts} == case.counts


@pytest.mark.parametrize("case", FIXED, ids=[case[0] for case in FIXED])
def test_fixed_length(case: FixedCase, tmp_path: Path, make_world: MakeWorld, backend: str) -> None:
    _, records, start, length, tss, anchor, expected, deleted = case
    world = make(tmp_path, make_world, records)
    assert tuple(world.sequences("c", start, length, tss, anchor=anchor)) == expected
    assert world.fixed("c", start, length, tss, anchor=anchor).counts["anchor_deleted"] == deleted


def test_overlap_refused_at_fixed_length(tmp_path: Path, make_world: MakeWorld, backend: str) -> None:
    """Overlapping records are refused where they meet on one haplotype, and only there."""
    same = make(tmp_path / "same", make_world, ((4, "CGGT", "C", "1|0"), (6, "G", "A", "1|1")))
    with pytest.raises(gx.InputError, match="1 overlapping variants on one haplotype"):
        same.fixed("c", 2, 8, 3, overlap="error")
    other = make(tmp_path / "other", make_world, ((4, "CGGT", "C", "1|0"), (6, "G", "A", "0|1")))
    assert other.sequences("c", 2, 8, 3, overlap="error") == ["CCTACGAT", "CCGATTAC"]


def test_positions_past_the_contig_start(tmp_path: Path, make_world: MakeWorld, backend: str) -> None:
    """Every base of the contig keeps its position, whatever lies to its left; that itself has none."""
    world = make(tmp_path, make_world, ((4, "C", "T", "1|0"),))
    batch = world.fixed("c", -3, 8, 4, anchor="end", positions=True)
    assert batch.positions.tolist() == [[-1, -1, -1, 0, 1, 2, 3, 4]] * 2


# A process of its own: bcftools 1.24 can spoil its memory on records that begin before a slice of the contig.
BY_BCFTOOLS = """
import sys, pysam, pysam.bcftools
try:
    text = pysam.bcftools.consensus(*sys.argv[1:])
    print("".join(line for line in text.splitlines() if not line.startswith(">")))
except pysam.SamtoolsError as error:
    print("error:", " ".join(str(error).split()))
"""


@named(CASES)
def test_bcftools(case: Case, tmp_path: Path, make_world: MakeWorld) -> None:
    """What bcftools writes for the same records: the same, or else what the case says, for the reason it gives."""
    world = make(tmp_path, make_world, case.records, case.contig)
    start, end = case.window
    fasta = tmp_path / "window.fa"
    fasta.write_text(f">c:{start + 1}-{end}\n{case.contig[start:end]}\n")
    expected = case.bcftools or case.expected
    assert bool(case.why) == (expected != case.expected)
    for haplotype, letters in zip(case.haplotypes, expected, strict=True):
        arguments = ("-s", "s1", "-H", haplotype, "-f", str(fasta), *case.arguments, str(world.vcf))
        done = subprocess.run(
            [sys.executable, "-c", BY_BCFTOOLS, *arguments], capture_output=True, text=True, env=dict(os.environ)
        )
        found = done.stdout.strip()
        if letters.startswith("error: "):
            assert found.startswith("error: ")
            assert letters.removeprefix("error: ") in found
        else:
            assert (done.returncode, found) == (0, letters)


def test_the_document_names_every_case() -> None:
    if not DOCUMENT.exists():
        pytest.skip("the documents are not beside an installed wheel")
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Case by case")[2]
    named_there = re.findall(
        r"`([^`]+)`", " ".join(line.rsplit("|", 2)[1] for line in text.splitlines() if "|" in line)
    )
    names = [case.name for case in CASES] + [case[0] for case in FIXED]
    assert sorted(named_there) == sorted(names)
    assert len(set(names)) == len(names)
