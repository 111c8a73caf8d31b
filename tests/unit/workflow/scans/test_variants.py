"""Observed variants: frequencies, kinds, the papers' rule, indels against hand-made sequences, haplotypes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.vcf_sites import SiteFileSet, has_genotypes
from gxfast.personal.observed import most_common, observed_alleles
from gxfast.workflow import scans
from gxfast.workflow.scans.observed import VariantOptions, VariantScan, compute_variants, people_of
from gxfast.workflow.scans.targets import Layout
from gxfast.workflow.scans.work import Block

LENGTH, START, TSS = 2048, 176, 1200
SAMPLES = ("a", "b", "c")


@pytest.fixture(scope="module")
def bases() -> str:
    return "".join(np.random.default_rng(5).choice(list("ACGT"), 3000).tolist())


def other(base: str, k: int = 1) -> str:
    return "ACGT"[("ACGT".index(base) + k) % 4]


def at(bases: str, pos: int, n: int = 1) -> str:
    """REF of a record at a 1-based position."""
    return bases[pos - 1 : pos - 1 + n]


@pytest.fixture(scope="module")
def records(bases: str) -> list[Any]:
    ref = at(bases, 1100)
    long = at(bases, 1190, 4)
    mnv = other(bases[1299]) + other(bases[1300])
    return [
        ("chr1", 900, at(bases, 900), other(at(bases, 900)), ("0|0", "0|0", "0|0")),
        ("chr1", 1100, ref, f"{other(ref)},{other(ref, 2)}", ("1|2", "0|2", ".|1")),
        ("chr1", 1190, long, long[0], ("0|1", "0|0", "0|0")),
        ("chr1", 1250, at(bases, 1250), at(bases, 1250) + "GATTACA", ("0|0", "1|1", "0|0")),
        ("chr1", 1300, at(bases, 1300, 2), mnv, ("0|0", "0|0", "1|0")),
        ("chr1", 1400, at(bases, 1400, 2), at(bases, 1400) + other(bases[1400]), ("1|0", "0|0", "0|0")),
        ("chr1", 1500, at(bases, 1500), "*,<INS>", ("1|0", "0|2", "0|0")),
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: Any, make_world: Any, bases: str, records: list[Any]) -> Any:
    return make_world(tmp_path_factory.mktemp("variants"), {"chr1": bases}, records, SAMPLES)


def layout_of(strand: str) -> Layout:
    one = np.array([START])
    reverse = np.array([strand == "-"])
    zero = np.zeros(1, np.int64)
    return Layout(
        ("g",), ("chr1",), (strand,), one, np.array([TSS]), reverse, zero, zero, zero + LENGTH, LENGTH, LENGTH, ("ok",)
    )


def scanned(cohort: Any, place: Any, strand: str, options: VariantOptions, people: Any = None) -> Any:
    plan = gx.ism.plan(gx.Model(cohort.model))
    source = people or gx.VariantFile(place.vcf)
    policy = gx.HaplotypePolicy()
    scan = VariantScan(
        plan, layout_of(strand), place.genome, source,
        people_of(options, place.genome, source, policy, None), policy, options,
    )  # fmt: skip
    return plan, compute_variants(scan, Block((0, 1), (0, 1)))


def texts(packed: np.ndarray) -> list[str]:
    return packed.tobytes().decode().splitlines()


@pytest.mark.parametrize("strand", ["+", "-"])
def test_every_allele_equals_predict_on_a_hand_made_window(cohort: Any, place: Any, bases: str, strand: str) -> None:
    plan, found = scanned(cohort, place, strand, VariantOptions())
    assert (found["position"] + 1).tolist() == [1100, 1100, 1190, 1250, 1300, 1400]
    frequency = [2 / 5, 2 / 5, 1 / 6, 2 / 6, 1 / 6, 1 / 6]
    np.testing.assert_allclose(found["frequency"], frequency)
    counts = dict(zip(found["count_names"].tolist(), found["count_values"].tolist(), strict=True))
    assert (counts["snvs"], counts["not_snv_predicted"], counts["not_carried"]) == (3, 3, 1)
    assert (counts["star_alleles"], counts["other_symbols"]) == (1, 1)

    def predicted(text: str, tss: int) -> np.ndarray:
        """The window around the TSS, which keeps its index, in a genome with the allele in it."""
        window = text[tss - (TSS - START) : tss - (TSS - START) + LENGTH]
        assert len(window) == LENGTH
        letters = np.frombuffer(window.encode(), np.uint8)[np.newaxis]
        return plan.model.predict(gx.reverse_complement(letters) if strand == "-" else letters)[0]

    reference = predicted(bases, TSS)
    effects = []
    for position, ref, alt, effect in zip(
        found["position"].tolist(), texts(found["ref"]), texts(found["alt"]), found["effects"], strict=True
    ):
        changed = bases[:position] + alt + bases[position + len(ref) :]
        shift = len(alt) - len(ref) if position < TSS else 0
        expected = predicted(changed, TSS + shift) - reference
        np.testing.assert_allclose(effect, expected, atol=1e-5)
        effects.append(float(effect[0]))
    assert len(set(effects)) > 1


def test_indels_can_be_skipped_and_are_counted(cohort: Any, place: Any) -> None:
    _, found = scanned(cohort, place, "+", VariantOptions(indels="skip"))
    assert (found["position"] + 1).tolist() == [1100, 1100, 1400]
    counts = dict(zip(found["count_names"].tolist(), found["count_values"].tolist(), strict=True))
    assert counts["not_snv_skipped"] == 3


def test_the_most_common_allele_and_ties(cohort: Any, place: Any, bases: str) -> None:
    _, found = scanned(cohort, place, "+", VariantOptions(allele="most-common", indels="skip"))
    assert (found["position"] + 1).tolist() == [1100, 1400]
    ref = at(bases, 1100)
    assert texts(found["alt"])[0] == min(other(ref), other(ref, 2))  # equally common: the first of A, C, G, T
    one = observed_alleles(
        gx.VariantFile(place.vcf, samples=["b"]), place.genome, "chr1", 1000, 1200, gx.HaplotypePolicy(), Counter()
    )
    assert [(a.alt.decode(), a.frequency) for a in most_common(one)] == [(other(ref, 2), 0.5)]


@pytest.mark.parametrize("strand", ["+", "-"])
def test_alleles_swapped_on_haplotypes(cohort: Any, place: Any, bases: str, strand: str) -> None:
    people = gx.VariantFile(place.vcf, samples=["a"])
    plan, found = scanned(cohort, place, strand, VariantOptions(on="haplotypes"), people)
    windows = gx.Windows(("chr1",), np.array([START]), LENGTH, np.array([TSS]), np.array([strand == "-"]))
    batch = gx.haplotypes(place.genome, people, windows, positions=True)
    assert batch.positions is not None
    rows = list(zip(texts(found["ref"]), texts(found["alt"]), found["haplotype"].tolist(), strict=True))
    # Both alleles of 1100 and the substitution in 1400, on both haplotypes.
    assert [label for _, _, label in rows] == ["a|1", "a|2"] * 3
    complement = str.maketrans("ACGT", "TGCA")
    for (ref, alt, label), position, effect in zip(rows, found["position"].tolist(), found["effects"], strict=True):
        k = next(i for i, pair in enumerate(zip(ref, alt, strict=True)) if pair[0] != pair[1])
        row = batch.carriers[0, 0, int(label[-1]) - 1]
        [index] = np.flatnonzero(batch.positions[row] == position + k)
        pair = np.repeat(batch.sequences[row][np.newaxis], 2, axis=0)
        letters = alt[k] + ref[k]
        pair[:, index] = list((letters.translate(complement) if strand == "-" else letters).encode())
        with_alt, with_ref = plan.model.predict(pair)
        np.testing.assert_allclose(effect, with_alt - with_ref, atol=1e-5)


def test_sites_without_genotypes(
    cohort: Any, place: Any, bases: str, records: list[Any], tmp_path: Path, make_vcf_text: Callable[..., str]
) -> None:
    lines = make_vcf_text({"chr1": bases}, records, SAMPLES).splitlines()
    kept = [line if line.startswith("##") else "\t".join(line.split("\t")[:8]) for line in lines]
    path = write_bgzf(tmp_path / "sites.vcf.gz", ("\n".join(kept) + "\n").encode())
    index_vcf(path)
    assert not has_genotypes([path])
    assert has_genotypes([place.vcf])
    with pytest.raises(InputError, match="sites only"):
        has_genotypes([place.vcf, path])
    _, with_people = scanned(cohort, place, "+", VariantOptions())
    _, found = scanned(cohort, place, "+", VariantOptions(), SiteFileSet([path]))
    assert np.isnan(found["frequency"]).all()
    # What nobody carries is a site all the same.
    assert (found["position"] + 1).tolist() == [900, 1100, 1100, 1190, 1250, 1300, 1400]
    np.testing.assert_array_equal(found["effects"][1:], with_people["effects"])


def test_a_wrong_reference_is_refused(place: Any, bases: str, tmp_path: Path, make_world: Any) -> None:
    wrong = make_world(tmp_path, {"chr1": bases}, [("chr1", 1000, other(at(bases, 1000)), "N", ("0|1",))])
    with pytest.raises(InputError, match="REF does not match"):
        observed_alleles(wrong.variants, wrong.genome, "chr1", 900, 1100, gx.HaplotypePolicy(), Counter())


def test_deleted_bases_have_no_row_on_that_haplotype(cohort: Any, tmp_path: Path, make_world: Any, bases: str) -> None:
    deletion, inside = at(bases, 1190, 4), at(bases, 1192)
    world = make_world(
        tmp_path, {"chr1": bases},
        [
            ("chr1", 1190, deletion, deletion[0], ("1|0",)),
            ("chr1", 1192, inside, other(inside), ("0|1",)),
        ],
        ("a",),
    )  # fmt: skip
    _, found = scanned(cohort, world, "+", VariantOptions(on="haplotypes"), world.variants)
    assert found["haplotype"].tolist() == ["a|2"]
    counts = dict(zip(found["count_names"].tolist(), found["count_values"].tolist(), strict=True))
    assert counts["not_on_haplotype"] == 1
    assert scans.HaplotypeSource(world.genome, world.variants).max_rows == 2
