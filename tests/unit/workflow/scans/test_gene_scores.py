"""Scores of variants on a gene's exons against the published formulas, on a network of the form of Borzoi's output."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.gene_readouts import (
    LENGTH,
    TSS,
    Coverage,
    aligned_alternate,
    bin_weights,
    coverage,
    exonic,
    lfc,
    logsed,
    personal,
    reversed_window,
    spelled,
    window,
)

import gxfast as gx
from gxfast.models.gene_windows import GeneBins
from gxfast.personal.observed import Allele, left_aligned_allele
from gxfast.workflow.scans.gene_scores import GeneScorer
from gxfast.workflow.scans.targets import gene_layout

ANCHOR, START = 1000, 1000 - TSS
EXONS = [(870, 905), (930, 1010), (1120, 1139), (1150, 1171)]
SCORES = {"lfc": lfc, "logsed": logsed}


@pytest.fixture(scope="module")
def bases() -> str:
    letters = np.random.default_rng(8).choice(list("ACGT"), 2000).tolist()
    letters[1130:1140] = "TGAGAGAGAC"
    letters[899], letters[908] = "A", "T"
    return "".join(letters)


@pytest.fixture(scope="module")
def place(tmp_path_factory: Any, make_world: Any, bases: str) -> Any:
    return make_world(tmp_path_factory.mktemp("place"), {"chr1": bases}, [], ("a",))


def scorer(net: Coverage, place: Any, folder: Path, align: str, strand: str = "+") -> GeneScorer:
    path = folder / "exons.gtf"
    path.write_text(
        "".join(f'chr1\tx\texon\t{s + 1}\t{e}\t.\t{strand}\t.\tgene_id "g";\n' for s, e in EXONS)
    )  # fmt: skip
    model = gx.Model(net.path, device="cpu")
    genes = gx.GeneTable(("g",), ("g",), ("chr1",), np.array([ANCHOR]), (strand,))
    layout = gene_layout(model.card, genes, place.genome, window=None, clip=False)
    bins = GeneBins.of(model, genes, gx.read_exons(path))
    assert bins is not None
    return GeneScorer(model, place.genome, layout, bins, align)


def allele(position: int, ref: str, alt: str) -> Allele:
    differs = [i for i, pair in enumerate(zip(ref, alt, strict=False)) if pair[0] != pair[1]]
    snv = differs[0] if len(ref) == len(alt) and len(differs) == 1 else -1
    return Allele(position, ref.encode(), alt.encode(), len(ref), float("nan"), snv)


def changes(bases: str) -> list[tuple[int, str, str]]:
    """Left-aligned: substitutions, indels in, before and across exons, on both sides of the TSS."""
    other = {"A": "C", "C": "A", "G": "T", "T": "G"}
    return [
        (985, bases[985], other[bases[985]]),
        (1300, bases[1300], other[bases[1300]]),
        (1160, bases[1160:1163], "".join(other[base] for base in bases[1160:1163])),
        (1130, "TGA", "T"), (1130, "T", "TGA"), (1165, bases[1165], bases[1165] + "GGGTTTT"),
        (899, bases[899:909], bases[899]), (940, bases[940], bases[940] + "TTTACGAACC"),
    ]  # fmt: skip


def reads(bases: str, edits: list[Any], anchor: int = ANCHOR, index: int = TSS) -> Any:
    return window(personal(bases, edits), anchor, index)


def weights_of(net: Coverage, own: Any) -> Any:
    return bin_weights(exonic(own, EXONS), net.bin_size, net.n_bins)


def value(kind: str, profile: Any, weights: Any, by: float | None = None) -> Any:
    total = (profile * weights[:, None]).sum(axis=0)
    return total / (by or weights.sum()) if kind == "lfc" else total


@pytest.mark.parametrize("kind", ["lfc", "logsed"])
@pytest.mark.parametrize("bin_size", [1, 8])
def test_aligned_to_the_reference(tmp_path: Path, place: Any, bases: str, kind: str, bin_size: int) -> None:
    """AlphaGenome: the window is laid so that the bases before an indel behind the TSS keep their places."""
    net = coverage(tmp_path, bin_size=bin_size, reduce=kind)
    edits = [edit for edit in changes(bases) if edit[0] > ANCHOR or len(edit[1]) == len(edit[2])]
    found = scorer(net, place, tmp_path, "reference").effects(0, [allele(*edit) for edit in edits])
    ref = reads(bases, [])
    weights = weights_of(net, ref)
    for edit, score in zip(edits, found, strict=True):
        alt = net.profile(spelled(reads(bases, [edit])))
        if len(edit[1]) != len(edit[2]):
            alt = aligned_alternate(alt, bin_size, START, edit)
        expected = SCORES[kind](value(kind, net.profile(spelled(ref)), weights), value(kind, alt, weights))
        np.testing.assert_allclose(score, expected, atol=2e-5)
    assert len({score.tobytes() for score in found}) == len(edits)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_the_mask_of_the_haplotype(tmp_path: Path, place: Any, bases: str, strand: str) -> None:
    """ALT by its own exons, as people are predicted; on the minus strand the window is turned."""
    net = coverage(tmp_path, reduce="lfc", minus=True)
    edits = changes(bases)
    found = scorer(net, place, tmp_path, "haplotype", strand).effects(0, [allele(*edit) for edit in edits])
    index = TSS if strand == "+" else LENGTH - 1 - TSS

    def mean(change: list[Any]) -> Any:
        own = reads(bases, change, index=index)
        inside = exonic(own, EXONS)
        if strand == "-":
            own, inside = reversed_window(own), inside[::-1]
        return value("lfc", net.profile(spelled(own)), bin_weights(inside, 8, net.n_bins))

    for edit, score in zip(edits, found, strict=True):
        np.testing.assert_allclose(score, lfc(mean([]), mean([edit])), atol=2e-5)


@pytest.mark.parametrize("kind", ["lfc", "logsed"])
def test_shifts_that_compensate(tmp_path: Path, place: Any, bases: str, kind: str) -> None:
    """Borzoi: ALT twice, its first and its last base being where REF's is; the mean of the two scores by REF's bins."""
    net = coverage(tmp_path, reduce=kind)
    edits = changes(bases)
    found = scorer(net, place, tmp_path, "shift").effects(0, [allele(*edit) for edit in edits])
    ref = reads(bases, [])
    weights = weights_of(net, ref)
    own = value(kind, net.profile(spelled(ref)), weights)
    for edit, score in zip(edits, found, strict=True):
        scores = []
        for anchor, index in ((START, 0), (START + LENGTH - 1, LENGTH - 1)):
            alt = net.profile(spelled(reads(bases, [edit], anchor, index)))
            scores.append(SCORES[kind](own, value(kind, alt, weights)))
        np.testing.assert_allclose(score, (scores[0] + scores[1]) / 2, atol=2e-5)


def test_substitutions_are_the_same_in_every_alignment(tmp_path: Path, place: Any, bases: str) -> None:
    net = coverage(tmp_path, reduce="lfc")
    some = [allele(*edit) for edit in changes(bases)]
    found = [scorer(net, place, tmp_path, align).effects(0, some) for align in ("reference", "haplotype", "shift")]
    assert found[0][:3].tobytes() == found[1][:3].tobytes() == found[2][:3].tobytes()
    assert not np.allclose(found[0][3:], found[1][3:], atol=1e-4)
    alone = [scorer(net, place, tmp_path, "reference").effects(0, [one])[0] for one in some]
    assert np.array(alone).tobytes() == found[0].tobytes()


# One change of bases[1125:1145] = .....TGAGAGAGAC....., written in several ways.
SPELLINGS = [
    [(1130, "TGA", "T"), (1132, "AGA", "A"), (1136, "AGA", "A"), (1131, "GAG", "G"), (1130, "TGAGAGAGAC", "TGAGAGAC")],
    [(1130, "T", "TGA"), (1138, "A", "AGA"), (1133, "G", "GAG"), (1130, "TGAGAGAGAC", "TGAGAGAGAGAC")],
]


@pytest.mark.parametrize("align", ["reference", "haplotype", "shift"])
@pytest.mark.parametrize("spellings", SPELLINGS)
def test_all_spellings_have_one_score(
    tmp_path: Path, place: Any, align: str, spellings: list[tuple[int, str, str]]
) -> None:
    own = scorer(coverage(tmp_path, bin_size=1, reduce="lfc"), place, tmp_path, align)
    found = own.effects(0, [allele(*edit) for edit in spellings])
    assert {score.tobytes() for score in found} == {found[0].tobytes()}
    assert abs(found[0, 0]) > 1e-4
    # A repeat over the TSS: which bases keep their places would depend on the spelling.
    over = replace(own, layout=replace(own.layout, anchor=np.array([1134])))
    found = over.effects(0, [allele(*edit) for edit in spellings])
    assert {score.tobytes() for score in found} == {found[0].tobytes()}


def test_alleles_in_their_shortest_spelling(place: Any) -> None:
    def shortest(*edit: Any) -> tuple[int, bytes, bytes, int]:
        return left_aligned_allele(allele(*edit), place.genome, "chr1")[:4]

    for spelling in SPELLINGS[0]:
        assert shortest(*spelling) == (1130, b"TGA", b"T", 3)
    for spelling in SPELLINGS[1]:
        assert shortest(*spelling) == (1130, b"T", b"TGA", 1)
    symbolic = Allele(1136, b"A", b"<DEL>", 3, float("nan"), -1)
    assert left_aligned_allele(symbolic, place.genome, "chr1")[:4] == (1130, b"TGA", b"T", 3)
    assert shortest(1130, "TGAG", "TCAG") == (1131, b"G", b"C", 1)
    assert shortest(1130, "TGAG", "TCCG") == (1131, b"GA", b"CC", 2)
    assert shortest(1130, "TG", "TG") == (1130, b"TG", b"TG", 2)


def test_a_long_repeat_is_walked_through(tmp_path: Path, make_world: Any) -> None:
    text = "GATTC" + 150 * "CA" + "GGATC"
    place = make_world(tmp_path, {"c": text, "edge": "AAAATTTT"}, [], ("a",))
    at = text.rindex("CA") - 1
    found = left_aligned_allele(allele(at, "ACA", "A"), place.genome, "c")
    assert found[:4] == (4, b"CCA", b"C", 3)
    first = allele(0, "AA", "A")
    assert left_aligned_allele(first, place.genome, "edge") == first  # no base stands before it
