"""Model cards: what a model reads and what its output means.

A card is JSON. It is looked for in this order: the file the caller names, a file beside the model
(``MODEL.card.json`` for ``MODEL.onnx``), the ONNX metadata entry ``gxfast.card``. A model with none gets the
default card of the contract.

How a card turns model output into track values, for one sequence:

1. run every ensemble member (each shift, and its reverse complement where the card asks for it);
2. select ``output.bins`` and ``output.tracks`` (the bins of a reverse-complemented member are flipped first,
   so that bin b is the same stretch of DNA in every member);
3. average the members;
4. apply ``output.transform`` to every selected value;
5. reduce over the bins (``mean``, ``sum``, or ``none``: every bin of every track stays a value), or over those of
   the gene's exons (``output.gene_mask``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from .._objects import Brief
from ..errors import InputError
from ._fields import CARD_REMEDY, Fields, parse_object
from .gene_mask import READOUTS, GeneMask

__all__ = ["ModelCard", "card_from_json", "default_card", "find_card", "load_card"]

METADATA_KEY: Final = "gxfast.card"
# Length axis and channel axis of the sequence input in each layout.
LAYOUTS: Final = ("NLC", "NCL", "NC1L", "NCL1", "NL1C", "NLC1", "N1LC", "N1CL")
AXES: Final = {layout: (layout.index("L"), layout.index("C")) for layout in LAYOUTS}
TOKENS: Final = "NL"  # a model that reads one whole number per base
OUTPUT_LAYOUTS: Final = ("NT", "NBT", "NTB")
REDUCERS: Final = ("mean", "sum", "none")
TRANSFORMS: Final = ("none", "log2", "log10p1", "ln1p", "log2p1")
MAX_LENGTH: Final = 2**31 - 1
MAX_TOKEN: Final = 2**20  # exact in float32
# The name becomes a file name in the run directory.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, repr=False)
class ModelCard(Brief):
    """What a model reads and what its output means.

    ``name``, ``layout``, ``length``, ``tss_index`` and ``output_layout`` may be left empty in a file: they are taken
    from the model, as for one without a card.

    Attributes
    ----------
    name : str
        Name of the model; letters, digits, ``.``, ``_``, ``-``.
    layout : {"NLC", "NCL", "NC1L", "NCL1", "NL1C", "NLC1", "N1LC", "N1CL", "NL"}
        Axes of the sequence input: sequences, bases, channels, and an axis of length 1. NL has no channels: one
        whole number per base.
    length : int
        Bases the model reads.
    tss_index : mapping ``{"+": int, "-": int}``
        0-based index of the TSS in the sequence as the model reads it (after reverse complement).
    reverse_complement_minus : bool
        Whether genes on the minus strand are read as the reverse complement.
    input_name : str or None
        Sequence input; None means the only one.
    channels : str
        Order of the four bases on the channel axis.
    unknown : float
        Value of all four channels at an unknown base: 0.0 or 0.25.
    extra_channels : tuple of float
        Constants of the channels that come after the four bases, the same at every position.
    tokens : mapping of str to int
        The number of A, C, G, T and N, of layout NL.
    extra_inputs : mapping of str to tuple of float, or float
        Constant values fed to the other inputs, the same for every sequence; a single number fills its input.
    ensemble_reverse_complement : bool
        Average with the prediction for the reverse complement.
    shifts : tuple of int
        Average over inputs displaced by these many bases (positive: downstream as the model reads).
    output_name : str or None
        Output to use; None means the only one.
    output_layout : {"NT", "NBT", "NTB"}
        Axes of the output: sequence, bin, track. NT takes an output of any rank, flattened.
    bins, tracks : tuple of int or None
        Indices to keep, in this order; None means all.
    track_names : tuple of str or None
        Names of the kept tracks.
    reduce : {"mean", "sum", "none", "lfc", "logsed"}
        Over the kept bins, after the transform; the last two, logarithms of a gene's value, with a gene mask alone.
    transform : {"none", "log2", "log10p1", "ln1p", "log2p1"}
        Applied to each kept value before the reduction.
    gene_mask : GeneMask or None
        Reduce over the kept bins on the exons of each gene.
    haplotypes : {"mean", "sum"}
        How the values of the two haplotypes make the value of a person.
    license, source : str
        Of the weights.
    origin : str
        Where the card was found: a file, the model's metadata, or ``"default"``. Not part of the JSON.
    """

    name: str
    layout: str
    length: int
    tss_index: Mapping[str, int]
    reverse_complement_minus: bool = True
    input_name: str | None = None
    channels: str = "ACGT"
    unknown: float = 0.0
    extra_channels: tuple[float, ...] = ()
    tokens: Mapping[str, int] = field(default_factory=dict)
    extra_inputs: Mapping[str, tuple[float, ...] | float] = field(default_factory=dict)
    ensemble_reverse_complement: bool = False
    shifts: tuple[int, ...] = (0,)
    output_name: str | None = None
    output_layout: str = "NT"
    bins: tuple[int, ...] | None = None
    tracks: tuple[int, ...] | None = None
    track_names: tuple[str, ...] | None = None
    reduce: str = "none"
    transform: str = "none"
    gene_mask: GeneMask | None = None
    haplotypes: str = "mean"
    license: str = ""
    source: str = ""
    origin: str = field(default="", compare=False)

    @property
    def read_length(self) -> int:
        """Bases ``Model.predict`` takes per sequence: ``length`` plus the flanks that the shifts need."""
        return self.length + max(self.shifts) - min(self.shifts)

    @property
    def encoding(self) -> dict[str, Any]:
        """Arguments of `gxfast.one_hot` with which the model is fed; the type is the graph's."""
        unknown = "zero" if self.unknown == 0.0 else "quarter"
        return {"layout": self.fed_layout, "channels": self.channels, "unknown": unknown}

    @property
    def fed_layout(self) -> str:
        """Layout of the one-hot array that is fed: ``layout``, or what becomes tokens or more channels in the graph."""
        return "NCL" if self.layout == TOKENS or self.extra_channels else self.layout

    @property
    def members(self) -> list[tuple[int, bool]]:
        """The ensemble in its order: shift, and whether the reverse complement is read."""
        strands = (False, True) if self.ensemble_reverse_complement else (False,)
        return [(shift, reverse) for shift in self.shifts for reverse in strands]

    def window(self, tss: int, strand: str) -> tuple[int, int, bool]:
        """Return the reference interval that ``Model.predict`` needs for one gene.

        Parameters
        ----------
        tss : int
            0-based position of the first transcribed base.
        strand : {"+", "-"}

        Returns
        -------
        start, end : int
            0-based half-open on the forward strand, ``end - start == read_length``; may pass the ends.
        reverse : bool
            Whether to reverse-complement the interval before the model reads it.
        """
        if strand not in ("+", "-"):
            raise InputError(f"strand must be '+' or '-', found {strand!r}")
        index = self.tss_index[strand]
        reverse = strand == "-" and self.reverse_complement_minus
        ahead = index - (self.length - 1) - max(self.shifts) if reverse else min(self.shifts) - index
        start = tss + ahead
        return start, start + self.read_length, reverse

    def to_json(self) -> str:
        """Return the card as compact JSON with keys in a fixed order (the inverse of ``card_from_json``)."""
        value = {
            "gxfast_card": 1,
            "name": self.name or None,
            "input": {
                "name": self.input_name,
                "layout": self.layout or None,
                "channels": self.channels,
                "length": self.length or None,
                "unknown": self.unknown,
                **({"extra_channels": list(self.extra_channels)} if self.extra_channels else {}),
                **({"tokens": dict(self.tokens)} if self.tokens else {}),
            },
            "window": {
                "tss_index": {strand: self.tss_index[strand] for strand in "+-"} if self.tss_index else None,
                "reverse_complement_minus": self.reverse_complement_minus,
            },
            "extra_inputs": dict(self.extra_inputs),
            "ensemble": {"reverse_complement": self.ensemble_reverse_complement, "shifts": self.shifts},
            "output": {
                "name": self.output_name,
                "layout": self.output_layout or None,
                "bins": self.bins,
                "tracks": self.tracks,
                "track_names": self.track_names,
                "reduce": self.reduce,
                "transform": self.transform,
                **({"gene_mask": asdict(self.gene_mask)} if self.gene_mask else {}),
            },
            "haplotypes": self.haplotypes,
            "license": self.license,
            "source": self.source,
        }
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def card_from_json(text: str, *, source: str) -> ModelCard:
    """Read and check a card.

    Required is ``gxfast_card``. ``name``, ``input.layout``, ``input.length``, ``window.tss_index`` and
    ``output.layout`` stay empty where they are absent or null, to be taken from the model; the other fields have
    the defaults of `ModelCard`.

    Parameters
    ----------
    text : str
        JSON.
    source : str
        Where the text is from, for messages and for ``origin``.

    Raises
    ------
    InputError
        If the text is no JSON object.
    ModelError
        If a field is unknown, missing, of the wrong type or out of range.
    """
    top = Fields(parse_object(text, source=source), source=source)
    top.integer("gxfast_card", low=1, high=1)
    name = top.text("name")
    if name is not None and not is_model_name(name):
        raise top.error("name", f"expected 1 to 100 letters, digits, '.', '_' or '-', found {name!r}")
    values: dict[str, object] = {"name": name or "", "origin": source}
    values |= _input_fields(top.child("input"))
    length = values["length"]
    values |= _window_fields(top.child("window"), int(str(length)))
    extra = top.child("extra_inputs")
    values["extra_inputs"] = {key: extra.fill(key) for key in extra.keys()}  # noqa: SIM118
    ensemble = top.child("ensemble")
    values["ensemble_reverse_complement"] = ensemble.flag("reverse_complement", default=False)
    values["shifts"] = ensemble.integers("shifts", low=-MAX_LENGTH, high=MAX_LENGTH) or (0,)
    ensemble.finish()
    values |= _output_fields(top.child("output"))
    values["haplotypes"] = top.choice("haplotypes", ("mean", "sum"), default="mean")
    values["license"] = top.text("license", default="")
    values["source"] = top.text("source", default="")
    top.finish()
    return ModelCard(**values)  # type: ignore[arg-type]  # each value was checked by its getter


def load_card(path: str | Path) -> ModelCard:
    """Read a card from a JSON file.

    Raises
    ------
    InputError
        If the file cannot be read or is no JSON object.
    ModelError
        If a field is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("the model card is not a readable file", path=path, remedy="check the path given to `card=`")
    try:
        with path.open("rb") as stream:
            text = stream.read(16 * 2**20 + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the model card: {error}", path=path, remedy=CARD_REMEDY) from None
    return card_from_json(text, source=str(path))


def find_card(model: Path, *, explicit: str | Path | None, metadata: str | None) -> ModelCard | None:
    """Return the card that applies to a model file: explicit, beside it, in its metadata, or None.

    Parameters
    ----------
    model : Path
        The ONNX file.
    explicit : str, Path or None
        Card file named by the user.
    metadata : str or None
        Value of ``gxfast.card`` in the model's metadata.

    Raises
    ------
    InputError, ModelError
        If the card that applies is not valid, or two files lie beside the model.
    """
    if explicit is not None:
        return load_card(explicit)
    candidates = dict.fromkeys((model.with_suffix(".card.json"), Path(f"{model}.card.json")))
    beside = [path for path in candidates if path.exists()]
    if len(beside) > 1:
        raise InputError(
            f"two cards lie beside the model: {beside[0].name} and {beside[1].name}",
            path=model,
            remedy="remove one, or name the right one with `card=`",
        )
    if beside:
        return load_card(beside[0])
    return None if metadata is None else card_from_json(metadata, source=f"{model} ({METADATA_KEY})")


def is_model_name(text: object) -> bool:
    """Whether a name is one that a model may have: it becomes a file name."""
    return isinstance(text, str) and bool(_NAME.fullmatch(text))


def clean_name(text: str) -> str:
    """Return a name as cards allow it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip(".-_")[:100] or "model"


def empty_card() -> ModelCard:
    """Return the card of which everything is to be taken from the model."""
    return ModelCard("", "", 0, {}, output_layout="", origin="default")


def default_card(
    model_name: str, layout: str, *, length: int, input_name: str, output_name: str, output_layout: str
) -> ModelCard:
    """Return the card of a model that comes with none (contract, section 3).

    The window is the model's length with the TSS at index ``length // 2`` as the model reads it, on both
    strands; genes on the minus strand are reverse-complemented; an unknown base is all zero; every output
    value is a track.
    """
    return ModelCard(
        name=clean_name(model_name),
        layout=layout,
        length=length,
        tss_index={"+": length // 2, "-": length // 2},
        input_name=input_name,
        output_name=output_name,
        output_layout=output_layout,
        origin="default",
    )


def _input_fields(fields: Fields) -> dict[str, object]:
    values: dict[str, object] = {
        "input_name": fields.text("name"),
        "layout": fields.choice("layout", (*LAYOUTS, TOKENS), default=""),
        "channels": fields.text("channels", default="ACGT"),
        "length": fields.optional_integer("length", low=1, high=MAX_LENGTH),
        "unknown": fields.number("unknown", default=0.0),
        "extra_channels": fields.optional_numbers("extra_channels"),
    }
    channels = str(values["channels"])
    if sorted(channels) != sorted("ACGT"):
        raise fields.error("channels", f"expected A, C, G and T once each, in any order, found {channels!r}")
    if values["unknown"] not in (0.0, 0.25):
        raise fields.error("unknown", f"expected 0.0 or 0.25, found {values['unknown']!r}")
    values["tokens"] = _tokens(fields, values)
    fields.finish()
    return values


def _tokens(fields: Fields, values: Mapping[str, object]) -> dict[str, int]:
    """Read the numbers of the bases, which layout NL needs and no other one has."""
    tokens = fields.child("tokens")
    if values["layout"] != TOKENS:
        if tokens.keys():
            raise fields.error(
                "tokens", f"layout {values['layout'] or 'to be guessed'} has none", remedy="use layout NL"
            )
        return {}
    if values["unknown"] or values["extra_channels"]:
        raise fields.error("layout", "layout NL has no channels", remedy="leave unknown and extra_channels out")
    found = {base: tokens.integer(base, low=-MAX_TOKEN, high=MAX_TOKEN) for base in "ACGTN"}
    tokens.finish()
    return found


def _window_fields(fields: Fields, length: int) -> dict[str, object]:
    tss = fields.child("tss_index")
    given = bool(tss.keys())
    index = {strand: tss.integer(strand, low=0, high=(length or MAX_LENGTH) - 1) for strand in "+-"} if given else {}
    tss.finish()
    reverse = fields.flag("reverse_complement_minus", default=True)
    fields.finish()
    return {"tss_index": index, "reverse_complement_minus": reverse}


def _output_fields(fields: Fields) -> dict[str, object]:
    values: dict[str, object] = {
        "output_name": fields.text("name"),
        "output_layout": fields.choice("layout", OUTPUT_LAYOUTS, default=""),
        "bins": fields.integers("bins", low=0, high=MAX_LENGTH),
        "tracks": fields.integers("tracks", low=0, high=MAX_LENGTH),
        "track_names": fields.strings("track_names"),
        "reduce": fields.choice("reduce", (*REDUCERS, *READOUTS[2:]), default="none"),
        "transform": fields.choice("transform", TRANSFORMS, default="none"),
        "gene_mask": GeneMask.from_fields(fields.child("gene_mask")),
    }
    if values["output_layout"] == "NT" and values["bins"] is not None:
        raise fields.error("bins", "layout NT has no bins", remedy="use NBT or NTB, or null")
    if values["output_layout"] == "NT" and values["reduce"] != "none":
        raise fields.error("reduce", "layout NT has no bins to reduce over", remedy='use "none"')
    masked = values["gene_mask"] is not None
    if masked and values["output_layout"] == "NT":
        raise fields.error("gene_mask", "layout NT has no bins", remedy="use NBT or NTB, or null")
    if masked and values["transform"] == "log2":
        raise fields.error("transform", "log2 of a bin without coverage is no number", remedy='use "log2p1" or "none"')
    allowed = READOUTS if masked else REDUCERS
    if values["reduce"] not in allowed:
        why = "a gene mask is reduced over" if masked else "it takes a gene mask"
        raise fields.error("reduce", f"{why}, found {values['reduce']!r}", remedy=f"use one of {', '.join(allowed)}")
    fields.finish()
    return values
