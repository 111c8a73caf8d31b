"""Model cards: what is read, what is refused, where windows lie."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gxfast.errors import InputError, ModelError
from gxfast.models.card import ModelCard, card_from_json, default_card, find_card, load_card

FULL: dict[str, Any] = {
    "gxfast_card": 1,
    "name": "xpresso-gm12878",
    "input": {"name": "promoter", "layout": "NLC", "channels": "ACGT", "length": 10, "unknown": 0.0},
    "window": {"tss_index": {"+": 6, "-": 7}, "reverse_complement_minus": True},
    "extra_inputs": {"halflife": [0.0, 0.5]},
    "ensemble": {"reverse_complement": True, "shifts": [-1, 0, 2]},
    "output": {
        "name": "y",
        "layout": "NBT",
        "bins": [3, 1],
        "tracks": [5],
        "track_names": ["CAGE brain"],
        "reduce": "mean",
        "transform": "log10p1",
    },
    "haplotypes": "sum",
    "license": "MIT",
    "source": "somewhere",
}


def changed(path: str, value: Any) -> str:
    """The full card as JSON with one field (dotted path) replaced, or removed where value is ``...``."""
    card = copy.deepcopy(FULL)
    target = card
    *parents, key = path.split(".")
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[key]
    else:
        target[key] = value
    return json.dumps(card)


def test_reads_every_field() -> None:
    card = card_from_json(json.dumps(FULL), source="card.json")
    assert card == ModelCard(
        name="xpresso-gm12878",
        layout="NLC",
        length=10,
        tss_index={"+": 6, "-": 7},
        reverse_complement_minus=True,
        input_name="promoter",
        channels="ACGT",
        unknown=0.0,
        extra_inputs={"halflife": (0.0, 0.5)},
        ensemble_reverse_complement=True,
        shifts=(-1, 0, 2),
        output_name="y",
        output_layout="NBT",
        bins=(3, 1),
        tracks=(5,),
        track_names=("CAGE brain",),
        reduce="mean",
        transform="log10p1",
        haplotypes="sum",
        license="MIT",
        source="somewhere",
    )
    assert card.origin == "card.json"


def test_json_round_trip_is_exact() -> None:
    card = card_from_json(json.dumps(FULL), source="a")
    assert json.loads(card.to_json()) == FULL
    assert card_from_json(card.to_json(), source="b") == card


def test_minimal_card_gets_the_documented_defaults() -> None:
    text = json.dumps(
        {
            "gxfast_card": 1,
            "name": "m",
            "input": {"layout": "NCL", "length": 8},
            "window": {"tss_index": {"+": 4, "-": 3}},
        }
    )
    expected = ModelCard(name="m", layout="NCL", length=8, tss_index={"+": 4, "-": 3}, output_layout="")
    assert card_from_json(text, source="a") == expected


def test_what_the_model_says_may_be_left_open() -> None:
    found = card_from_json('{"gxfast_card": 1, "input": {"layout": null}, "output": {"name": "y"}}', source="a")
    assert (found.name, found.layout, found.length, found.tss_index, found.output_layout) == ("", "", 0, {}, "")
    assert card_from_json(found.to_json(), source="a") == found


def test_tokens_belong_to_their_layout() -> None:
    numbers = {"A": 1, "C": 2, "G": 3, "T": 4, "N": 0}
    card = {"gxfast_card": 1, "input": {"layout": "NL", "tokens": numbers}}
    assert card_from_json(json.dumps(card), source="a").tokens == numbers
    for wrong in ({"layout": "NL"}, {"tokens": numbers}, {"layout": "NL", "tokens": numbers, "extra_channels": [0]}):
        with pytest.raises(ModelError):
            card_from_json(json.dumps(card | {"input": wrong}), source="a")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("gxfast_card", 2, "gxfast_card"),
        ("gxfast_card", ..., "gxfast_card"),
        ("name", "", "name"),
        ("name", 3, "name"),
        ("name", "../etc/passwd", "name"),
        ("name", ".hidden", "name"),
        ("name", "a" * 101, "name"),
        ("colour", "red", "colour"),
        ("input", [], "input"),
        ("input.lenght", 10, "input.lenght"),
        ("input.layout", "LNC", "input.layout"),
        ("input.layout", ["NLC"], "input.layout"),
        ("input.length", "10", "input.length"),
        ("input.length", 10.0, "input.length"),
        ("input.length", True, "input.length"),
        ("input.length", 0, "input.length"),
        ("input.length", 2**31, "input.length"),
        ("input.channels", "AACG", "input.channels"),
        ("input.channels", "ACGTN", "input.channels"),
        ("input.channels", "acgt", "input.channels"),
        ("input.unknown", 0.5, "input.unknown"),
        ("input.unknown", True, "input.unknown"),
        ("input.unknown", "0", "input.unknown"),
        ("input.name", 1, "input.name"),
        ("window.tss_index", 6, "window.tss_index"),
        ("window.tss_index.+", 10, "window.tss_index.+"),
        ("window.tss_index.-", -1, "window.tss_index.-"),
        ("window.tss_index.-", ..., "window.tss_index.-"),
        ("window.tss_index.x", 1, "window.tss_index.x"),
        ("window.reverse_complement_minus", 1, "window.reverse_complement_minus"),
        ("extra_inputs", [1], "extra_inputs"),
        ("extra_inputs.halflife", [], "extra_inputs.halflife"),
        ("extra_inputs.halflife", [[1]], "extra_inputs.halflife"),
        ("extra_inputs.halflife", "0", "extra_inputs.halflife"),
        ("ensemble.shifts", [0, 0], "ensemble.shifts"),
        ("ensemble.shifts", [], "ensemble.shifts"),
        ("ensemble.shifts", [0.5], "ensemble.shifts"),
        ("ensemble.reverse_complement", "yes", "ensemble.reverse_complement"),
        ("ensemble.shift", [0], "ensemble.shift"),
        ("output.layout", "TN", "output.layout"),
        ("output.bins", [-1], "output.bins"),
        ("output.bins", 3, "output.bins"),
        ("output.tracks", [5, 5], "output.tracks"),
        ("output.track_names", ["a", "a"], "output.track_names"),
        ("output.track_names", ["a\tb"], "output.track_names"),
        ("output.track_names", [" "], "output.track_names"),
        ("output.reduce", "max", "output.reduce"),
        ("output.transform", "log", "output.transform"),
        ("output.axis", 0, "output.axis"),
        ("haplotypes", "max", "haplotypes"),
        ("license", 1, "license"),
    ],
)
def test_refuses_a_wrong_field_and_names_it(path: str, value: Any, field: str) -> None:
    with pytest.raises(ModelError) as error:
        card_from_json(changed(path, value), source="my.card.json")
    assert error.value.path == "my.card.json"
    assert error.value.record == field


@pytest.mark.parametrize(("field", "value"), [("bins", [0]), ("reduce", "sum")])
def test_layout_without_bins_refuses_bin_options(field: str, value: Any) -> None:
    card = copy.deepcopy(FULL)
    card["output"] |= {"layout": "NT", "bins": None, "reduce": "none", field: value}
    with pytest.raises(ModelError, match="NT has no bins"):
        card_from_json(json.dumps(card), source="c")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"a":1,"a":2}', '{"a":NaN}', '{"a":-Infinity}', "<html>", "[" * 100_000],
    ids=["empty", "cut", "list", "number", "twice", "nan", "inf", "html", "deep"],
)
def test_refuses_what_is_no_json_object(text: str) -> None:
    with pytest.raises(InputError) as error:
        card_from_json(text, source="c.json")
    assert error.value.path == "c.json"


def test_refuses_numbers_that_json_can_hold_but_floats_cannot() -> None:
    with pytest.raises(ModelError, match="finite"):
        card_from_json(changed("extra_inputs.halflife", [1]).replace("[1]", "[1e999]"), source="c")


def test_refuses_an_oversized_card() -> None:
    with pytest.raises(InputError, match="too large"):
        card_from_json(" " * (16 * 2**20 + 1), source="c")


def test_load_card_reads_a_file_with_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(FULL).encode())
    assert load_card(path).name == "xpresso-gm12878"
    assert load_card(path).origin == str(path)


def test_load_card_refuses_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a readable file"):
        load_card(tmp_path / "absent.json")
    with pytest.raises(InputError, match="not a readable file"):
        load_card(tmp_path)
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot read"):
        load_card(tmp_path / "b.json")


def test_precedence_explicit_beside_metadata_none(tmp_path: Path) -> None:
    def write(name: str, file: str) -> Path:
        path = tmp_path / file
        path.write_text(changed("name", name))
        return path

    model = tmp_path / "m.onnx"
    metadata = changed("name", "inside")
    assert find_card(model, explicit=None, metadata=None) is None
    found = find_card(model, explicit=None, metadata=metadata)
    assert found is not None
    assert found.name == "inside"
    assert found.origin.endswith("m.onnx (gxfast.card)")
    write("beside", "m.card.json")
    assert getattr(find_card(model, explicit=None, metadata=metadata), "name", "") == "beside"
    explicit = write("named", "other.json")
    assert getattr(find_card(model, explicit=explicit, metadata=metadata), "name", "") == "named"
    write("again", "m.onnx.card.json")
    with pytest.raises(InputError, match="two cards lie beside"):
        find_card(model, explicit=None, metadata=None)


def test_default_card_follows_the_contract() -> None:
    card = default_card("my model!", "NCL", length=7, input_name="x", output_name="y", output_layout="NT")
    assert card.name == "my-model-"
    assert (card.length, card.tss_index, card.unknown) == (7, {"+": 3, "-": 3}, 0.0)
    assert card.reverse_complement_minus
    assert card.tracks is None
    assert card.origin == "default"
    assert card_from_json(card.to_json(), source="x") == card


def test_windows_of_xpresso_are_the_published_ones() -> None:
    card = ModelCard(name="x", layout="NLC", length=10_500, tss_index={"+": 6999, "-": 6999})
    # 1-based TSS 20,000; published 1-based inclusive windows: + TSS-6999..TSS+3500, - TSS-3500..TSS+6999
    assert card.window(19_999, "+") == (13_000, 23_500, False)
    assert card.window(19_999, "-") == (16_499, 26_999, True)


def test_windows_hold_the_flanks_of_shifts() -> None:
    card = ModelCard(name="x", layout="NLC", length=10, tss_index={"+": 6, "-": 7}, shifts=(-1, 0, 2))
    assert card.read_length == 13
    # shift -1 starts one base earlier than position 100 - 6
    assert card.window(100, "+") == (93, 106, False)
    # read as reverse complement: index m lies at 100 + 7 - m, so indices -1..11 are positions 96..108
    assert card.window(100, "-") == (96, 109, True)


def test_minus_strand_without_reverse_complement_uses_its_own_index() -> None:
    card = ModelCard(name="x", layout="NLC", length=10, tss_index={"+": 6, "-": 7}, reverse_complement_minus=False)
    assert card.window(100, "-") == (93, 103, False)
    with pytest.raises(InputError, match="strand"):
        card.window(100, ".")
