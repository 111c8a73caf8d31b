"""Readouts of people's exons against personal genomes written out base by base; statuses of genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.gene_readouts import (
    LENGTH,
    TSS,
    Coverage,
    bin_weights,
    coverage,
    exonic,
    personal,
    reversed_window,
    spelled,
    window,
)

import gxfast as gx
from gxfast.errors import InputError
from gxfast.models.card import load_card
from gxfast.models.gene_windows import NO_EXON_INSIDE, NO_EXONS, GeneBins
from gxfast.models.people import predict_block

ANCHOR = 1000  # TSS of the genes, 0-based
EXONS = {"plus": [(880, 905), (930, 1010), (1120, 1170), (1230, 1400)], "minus": [(700, 905), (960, 1001)]}
Edits = dict[tuple[int, int], list[tuple[int, str, str]]]


@pytest.fixture(scope="module")
def bases() -> str:
    letters = np.random.default_rng(8).choice(list("ACGT"), 2000).tolist()
    letters[1130:1140] = "TGAGAGAGAC"
    letters[899], letters[908] = "A", "T"  # a deletion from 900 to 908 stays there
    return "".join(letters)


def gtf(folder: Path, exons: dict[str, Sequence[tuple[int, int]]]) -> Path:
    path = folder / "exons.gtf"
    rows = [
        f'chr1\tx\texon\t{start + 1}\t{end}\t.\t{"-" if gene == "minus" else "+"}\t.\tgene_id "{gene}";'
        for gene, spans in exons.items()
        for start, end in spans
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def genes_of(*names: str) -> gx.GeneTable:
    strands = tuple("-" if name == "minus" else "+" for name in names)
    return gx.GeneTable(names, names, ("chr1",) * len(names), np.full(len(names), ANCHOR), strands)


def edits_of(bases: str) -> Edits:
    """Left-aligned changes of two people, by person and haplotype."""

    def deletion(position: int, n: int) -> tuple[int, str, str]:
        return position, bases[position : position + 1 + n], bases[position]

    def insertion(position: int, text: str) -> tuple[int, str, str]:
        return position, bases[position], bases[position] + text

    other = "C" if bases[990] != "C" else "G"
    snv = (990, bases[990], other)
    # 900-908 crosses the end of an exon, 1130 is the repeat, 1165 is inserted into an exon; 940 lies left of the TSS.
    return {
        (0, 0): [deletion(899, 9), snv], (0, 1): [insertion(940, "TTTACGAACC"), deletion(1130, 2)],
        (1, 0): [insertion(1165, "GGGTTTT")], (1, 1): [],
    }  # fmt: skip


def records_of(edits: Edits, n_people: int = 2) -> list[Any]:
    carried: dict[tuple[int, str, str], list[list[str]]] = {}
    for (person, copy), changes in edits.items():
        for change in changes:
            calls = carried.setdefault(change, [["0", "0"] for _ in range(n_people)])
            calls[person][copy] = "1"
    return [
        ("chr1", position + 1, ref, alt, tuple("|".join(pair) for pair in calls))
        for (position, ref, alt), calls in sorted(carried.items())
    ]


def expected_value(net: Coverage, bases: str, edits: Any, gene: str, kind: str, fraction: bool, turned: bool) -> Any:
    reverse = gene == "minus" and turned
    index = LENGTH - 1 - TSS if reverse else TSS
    own = window(personal(bases, edits), ANCHOR, index)
    inside = exonic(own, EXONS[gene])
    if reverse:
        own, inside = reversed_window(own), inside[::-1]
    profile = net.profile(spelled(own))
    weights = bin_weights(inside, net.bin_size, net.n_bins, fraction=fraction)
    total = (profile * weights[:, None]).sum(axis=0)
    mean = total / weights.sum()
    return {"mean": mean, "sum": total, "lfc": np.log(mean + 0.001), "logsed": np.log2(total + 1)}[kind]


@pytest.mark.parametrize(
    ("kind", "overlap", "bin_size", "turned"),
    [("mean", "any", 8, False), ("sum", "fraction", 8, True), ("lfc", "any", 1, True), ("logsed", "any", 4, False)],
)
def test_people_with_indels_against_their_genomes(
    tmp_path: Path, make_world: Any, bases: str, kind: str, overlap: str, bin_size: int, turned: bool
) -> None:
    net = coverage(tmp_path, bin_size=bin_size, minus=turned, reduce=kind, gene_mask={"overlap": overlap})
    edits = edits_of(bases)
    place = make_world(tmp_path, {"chr1": bases}, records_of(edits), ("a", "b"))
    exons = gx.read_exons(gtf(tmp_path, EXONS))
    genes, model = genes_of("plus", "minus"), gx.Model(net.path, device="cpu")
    found = gx.predict(model, place.genome, place.variants, genes, exons=exons)
    assert found.status == ("ok", "ok")
    assert found.tracks == ("one", "two")
    for g, gene in enumerate(genes.gene_id):
        values = {key: expected_value(net, bases, edits[key], gene, kind, overlap == "fraction", turned)
                  for key in edits}  # fmt: skip
        np.testing.assert_allclose(found.reference[g], values[1, 1], rtol=1e-5)
        for person in range(2):
            np.testing.assert_allclose(
                found.values[g, person], (values[person, 0] + values[person, 1]) / 2, rtol=1e-5
            )  # fmt: skip
        assert not np.allclose(values[0, 0], values[1, 1], rtol=1e-4)


def test_an_indel_in_a_repeat_is_the_same_however_it_is_written(tmp_path: Path, make_world: Any, bases: str) -> None:
    """The exon begins within the repeat: what is lost of it would depend on the spelling."""
    net = coverage(tmp_path, bin_size=1)
    exons = gx.read_exons(gtf(tmp_path, {"plus": [(1134, 1150)]}))
    model, found = gx.Model(net.path, device="cpu"), []
    for i, (position, ref, alt) in enumerate(
        [(1130, "TGA", "T"), (1132, "AGA", "A"), (1136, "AGA", "A"), (1130, bases[1130:1141], "TGAGAGAC" + bases[1140])]
    ):
        records = [("chr1", position + 1, ref, alt, ("0|1",))]
        place = make_world(tmp_path / str(i), {"chr1": bases}, records, ("a",))
        found.append(gx.predict(model, place.genome, place.variants, genes_of("plus"), exons=exons).values.tobytes())
    assert len(set(found)) == 1


def test_threads_blocks_and_memory_do_not_matter(tmp_path: Path, make_world: Any, bases: str) -> None:
    net = coverage(tmp_path)
    place = make_world(tmp_path, {"chr1": bases}, records_of(edits_of(bases)), ("a", "b"))
    exons, genes = gx.read_exons(gtf(tmp_path, EXONS)), genes_of("plus", "minus")
    model = gx.Model(net.path, device="cpu")
    options: list[dict[str, Any]] = [{}, {"n_threads": 3}, {"max_mem": 6000}]
    found = [gx.predict(model, place.genome, place.variants, genes, exons=exons, **own).values for own in options]
    alone = gx.predict(model, place.genome, place.variants, genes.take([1]), exons=exons).values
    assert len({values.tobytes() for values in found}) == 1
    assert alone[0].tobytes() == found[0][1].tobytes()


def test_the_body_of_a_gene(tmp_path: Path, make_world: Any, bases: str) -> None:
    net = coverage(tmp_path, gene_mask={"over": "gene_body"})
    place = make_world(tmp_path, {"chr1": bases}, [], ("a",))
    model = gx.Model(net.path, device="cpu")
    exons = gx.read_exons(gtf(tmp_path, {"plus": [(930, 940), (1003, 1010)]}))
    found = gx.predict(model, place.genome, place.variants, genes_of("plus"), exons=exons)
    own = window(personal(bases, []), ANCHOR, TSS)
    weights = bin_weights(exonic(own, [(930, 1010)]), 8, net.n_bins)
    expected = (net.profile(spelled(own)) * weights[:, None]).sum(axis=0) / weights.sum()
    np.testing.assert_allclose(found.reference[0], expected, rtol=1e-5)


def test_genes_without_exons_have_a_status_and_the_rest_is_done(tmp_path: Path, make_world: Any, bases: str) -> None:
    net = coverage(tmp_path)
    place = make_world(tmp_path, {"chr1": bases}, records_of(edits_of(bases)), ("a", "b"))
    # The window is 800 to 1311, its bins 864 to 1247.
    spans = {"plus": EXONS["plus"], "before": [(805, 864)], "other": [(1600, 1700)], "edge": [(1230, 1250)]}
    exons = gx.read_exons(gtf(tmp_path, {**spans, "minus": [(900, 950)]}))
    genes = genes_of("plus", "before", "absent", "other", "edge", "minus")
    genes = replace(genes, strand=("+",) * 6)  # the exons of `minus` are on the other strand
    model = gx.Model(net.path, device="cpu")
    found = gx.predict(model, place.genome, place.variants, genes, exons=exons)
    assert found.status == ("ok", NO_EXON_INSIDE, NO_EXONS, NO_EXON_INSIDE, "ok", NO_EXONS)
    assert np.isfinite(found.values[[0, 4]]).all()
    assert np.isnan(found.values[[1, 2, 3, 5]]).all()
    assert found.counts["genes_partly_outside_bins"] == 2  # plus reaches to 1400, edge to 1250
    with pytest.raises(InputError, match="no exons in the GTF, on its contig and strand for all of them"):
        gx.predict(model, place.genome, place.variants, genes.take([2]), exons=exons)


def test_a_person_without_the_exon(tmp_path: Path, make_world: Any, bases: str) -> None:
    """The mean of no bin is no number: the gene's status says whose it is; a sum over no bin is 0."""
    deleted = (939, bases[939:1000], bases[939])
    place = make_world(tmp_path, {"chr1": bases}, records_of({(0, 0): [], (1, 1): [deleted]}), ("a", "b"))
    exons, genes = gx.read_exons(gtf(tmp_path, {"plus": [(945, 970)], "more": [(945, 1050)]})), genes_of("plus", "more")
    mean = gx.Model(coverage(tmp_path).path, device="cpu")
    found = gx.predict(mean, place.genome, place.variants, genes, exons=exons)
    assert found.status[0] == "nothing of it is left in the bins of sample b, haplotype 2 (1 of 2 sequences)"
    assert found.status[1] == "ok"
    sums = gx.Model(coverage(tmp_path / "sum", reduce="sum").path, device="cpu")
    block = predict_block(sums, place.genome, place.variants, genes, exons=exons)
    assert block.status == ("ok", "ok")
    assert block.haplotype_values[block.carriers[0, 1, 1]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("strand", ["+", "-"])
def test_bases_inside_the_bins_are_counted_without_a_look_at_each(tmp_path: Path, strand: str) -> None:
    rng, net = np.random.default_rng(2), coverage(tmp_path, minus=True)
    card = replace(load_card(net.path.with_suffix(".card.json")), bins=(30, 3, 4, 47, 0))
    model = gx.Model(net.path, card=card, device="cpu")
    genes = replace(genes_of("plus"), strand=(strand,))
    for _ in range(40):
        edges = np.sort(rng.choice(np.arange(780, 1340), 2 * rng.integers(1, 8), replace=False)).reshape(-1, 2)
        path = tmp_path / "e.gtf"
        path.write_text("".join(f'chr1\tx\texon\t{s + 1}\t{e}\t.\t{strand}\t.\tgene_id "plus";\n' for s, e in edges))
        bins = GeneBins.of(model, genes, gx.read_exons(path))
        assert bins is not None
        assert bins._bases_inside(0).tolist() == bins.places.counts(bins.genic(0)[None])[0].tolist()


def test_exons_have_to_be_given(tmp_path: Path, make_world: Any, bases: str) -> None:
    place = make_world(tmp_path, {"chr1": bases}, [], ("a",))
    model = gx.Model(coverage(tmp_path).path, device="cpu")
    with pytest.raises(InputError, match="reads out the exons of each gene, and no exons were given"):
        gx.predict(model, place.genome, place.variants, genes_of("plus"))
    plain = gx.Model(model.path, card=replace(model.card, gene_mask=None, reduce="mean"), device="cpu")
    exons = gx.read_exons(gtf(tmp_path, EXONS))
    with pytest.raises(InputError, match="does not read out the exons of each gene"):
        gx.predict(plain, place.genome, place.variants, genes_of("plus"), exons=exons)
