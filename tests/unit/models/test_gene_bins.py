"""Bins of a gene: their places and weights typed by hand, and ALT aligned to REF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.gene_readouts import CROP, LENGTH, aligned_alternate, coverage

import gxfast as gx
from gxfast.errors import InputError, ModelError
from gxfast.models.card import load_card
from gxfast.models.gene_bins import BinPlaces, aligned_total
from gxfast.models.gene_mask import GeneMask
from gxfast.personal.lifting import within


def places(n_bins: int = 3, size: int = 4, start: int = 2, length: int = 16, overlap: str = "any") -> BinPlaces:
    return BinPlaces(GeneMask("exons", size, start, overlap), start + size * np.arange(n_bins), length)


def genic(*spans: tuple[int, int], length: int = 16) -> Any:
    return within(np.arange(length), np.array(spans).reshape(-1, 2))


# Bins are [2, 6), [6, 10), [10, 14).
@pytest.mark.parametrize(
    ("spans", "counts"),
    [
        ([(0, 2)], [0, 0, 0]),  # before the first bin
        ([(0, 3)], [1, 0, 0]),  # its first base
        ([(5, 7)], [1, 1, 0]),  # over an edge
        ([(6, 10)], [0, 4, 0]),  # one bin from edge to edge
        ([(3, 4), (5, 6), (9, 16)], [2, 1, 4]),  # two exons in a bin, one past the last
        ([(14, 16)], [0, 0, 0]),
    ],
)
def test_bases_and_weights_of_bins(spans: list[tuple[int, int]], counts: list[int]) -> None:
    inside = genic(*spans)
    assert places().counts(inside[None]).tolist() == [counts]
    assert places().weights(inside[None]).tolist() == [[float(n > 0) for n in counts]]
    assert places(overlap="fraction").weights(inside[None]).tolist() == [[n / 4 for n in counts]]
    for overlap in ("any", "fraction"):
        own = places(overlap=overlap)
        by_base, of_bases = own.by_base(inside), own.of_bases()
        assert of_bases.tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, -1, -1]
        assert [by_base[of_bases == b].sum() for b in range(3)] == own.weights(inside[None])[0].tolist()


def test_bins_of_the_card_and_shifts(tmp_path: Path) -> None:
    net = coverage(tmp_path)
    card = load_card(net.path.with_suffix(".card.json"))
    model = gx.Model(net.path, card=replace(card, bins=(5, 2), shifts=(-3, 0, 3)), device="cpu")
    assert model.places is not None
    assert model.places.first.tolist() == [CROP + 5 * 8 + 3, CROP + 2 * 8 + 3]
    assert model.places.length == LENGTH + 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gene_mask": GeneMask("exons", 8, CROP + 65)}, "end at 513, but the model reads 512"),
        ({"gene_mask": GeneMask("exons", 16, 0)}, "end at 768"),
        ({"gene_mask": GeneMask("exons", 8, CROP - 8), "ensemble_reverse_complement": True}, "not in the middle"),
    ],
)
def test_bins_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    net = coverage(tmp_path)
    card = replace(load_card(net.path.with_suffix(".card.json")), **change)
    with pytest.raises(ModelError, match=message):
        gx.Model(net.path, card=card, device="cpu")


def test_values_are_those_of_the_weighted_bins(tmp_path: Path) -> None:
    net = coverage(tmp_path)
    model = gx.Model(net.path, device="cpu")
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), LENGTH).tolist())
    rows = np.frombuffer(text.encode() * 3, np.uint8).reshape(3, -1)
    weights = np.zeros((3, net.n_bins))
    weights[0, [3, 4, 40]], weights[1, 7], weights[2, [0, -1]] = 1.0, 0.25, (0.5, 1.5)
    profile = net.profile(text)
    expected = [profile[[3, 4, 40]].mean(axis=0), profile[7], (0.5 * profile[0] + 1.5 * profile[-1]) / 2]
    assert model.tracks == ("one", "two")
    np.testing.assert_allclose(model.predict(rows, weights=weights), expected, rtol=1e-5)
    np.testing.assert_allclose(model.profiles(rows)[1], profile, rtol=1e-5)
    one_by_one = [model.predict(rows[i : i + 1], weights=weights[i : i + 1])[0] for i in range(3)]
    assert model.predict(rows, weights=weights).tobytes() == np.array(one_by_one).tobytes()


def test_a_sequence_alone_has_no_gene(tmp_path: Path) -> None:
    model = gx.Model(coverage(tmp_path).path, device="cpu")
    rows = np.full((1, LENGTH), ord("A"), np.uint8)
    with pytest.raises(InputError, match="exons of each gene, which a sequence alone does not have"):
        model.predict(rows)
    with pytest.raises(InputError, match=r"must have the shape \(1, 48\)"):
        model.predict(rows, weights=np.ones((1, 4)))
    for attempt in (lambda: gx.ism.plan(model), lambda: gx.ism.saturate(model, rows[0]),
                    lambda: gx.ism.input_gradient(model, rows), lambda: gx.ism.deeplift(model, rows),
                    lambda: gx.ism.deletions(model, rows[0], start=9, end=10)):  # fmt: skip
        with pytest.raises(InputError, match="exons of each gene"):
            attempt()
    assert gx.tiled(model) is None


def test_weights_need_a_gene_mask(tmp_path: Path) -> None:
    path = coverage(tmp_path).path
    card = load_card(path.with_suffix(".card.json"))
    model = gx.Model(path, card=replace(card, gene_mask=None), device="cpu")
    rows = np.full((1, LENGTH), ord("A"), np.uint8)
    assert model.predict(rows).shape == (1, 2)
    with pytest.raises(InputError, match="reads out no bins of a gene"):
        model.predict(rows, weights=np.ones((1, 48)))


@pytest.mark.parametrize("size", [1, 4, 8])
@pytest.mark.parametrize("edit", [(300, "A", "ACGTTG"), (300, "ACGTTG", "A"), (100, "AC", "A"), (410, "A", "AGG")])
@pytest.mark.parametrize("overlap", ["any", "fraction"])
def test_alignment_against_the_published_one(size: int, edit: tuple[int, str, str], overlap: str) -> None:
    """The first base of the window is at 50, exons lie on both sides of the change and across it."""
    rng, start = np.random.default_rng(1), 50
    n_bins = (LENGTH - 2 * CROP) // size
    own = BinPlaces(GeneMask("exons", size, CROP, overlap), CROP + size * np.arange(n_bins), LENGTH)
    profile = rng.uniform(0, 5, (n_bins, 3))
    inside = genic((60, 80), (101, 120), (240, 261), (355, 447), length=LENGTH)
    position, ref, alt = edit
    at = position - start + 1  # the first base behind the one that stays
    index = np.arange(LENGTH)
    more = len(alt) - len(ref)
    if more > 0:
        index[at:] = np.concatenate([np.full(more, -1), np.arange(at, LENGTH - more)])
    else:
        index[at:] -= more
    index[index >= LENGTH] = -2
    total = aligned_total(profile, index, own.by_base(inside), own.of_bases(), False)
    bases = inside[CROP : LENGTH - CROP].reshape(-1, size)
    if overlap == "any":
        aligned = aligned_alternate(profile, size, start, edit)
        expected = (aligned * bases.any(axis=1)[:, None]).sum(axis=0)
    else:  # base by base
        aligned = aligned_alternate(np.repeat(profile, size, axis=0), 1, start, edit)
        expected = (aligned * inside[CROP : LENGTH - CROP, None]).sum(axis=0) / size
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    mirrored = np.where(index >= 0, LENGTH - 1 - index, index)[::-1]
    turned = np.where(own.of_bases() >= 0, n_bins - 1 - own.of_bases(), -1)[::-1]
    reverse = aligned_total(profile[::-1], mirrored, own.by_base(inside)[::-1], turned, True)
    np.testing.assert_allclose(reverse, expected, rtol=1e-12)
