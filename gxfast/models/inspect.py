"""Say what a model expects, and whether it would be taken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import GxfastError, ModelError
from ._contract import bind, chosen_output, fitting_layouts, sequence_input
from ._file import ModelFile, Tensor, read_model_file
from .card import ModelCard, clean_name, empty_card, find_card

__all__ = ["format_inspection", "inspect_model"]


def inspect_model(
    path: str | Path, *, card: str | Path | None = None, length: int | None = None, opened: bool = True
) -> dict[str, Any]:
    """Read an ONNX file and its card and say what gxfast makes of them.

    Parameters
    ----------
    path : str or Path
    card : str or Path, optional
        Card file to use instead of the one found.
    length : int, optional
        Bases the model reads, where neither the graph nor a card says it.
    opened : bool
        Also open the model on the CPU, as `Model` does, and run a few sequences: what it refuses is a problem.

    Returns
    -------
    dict, ready for JSON
        ``path``, ``bytes``, ``files`` (name to SHA-256, the model first), ``producer``, ``ir_version``,
        ``opset``, ``inputs`` and ``outputs`` (lists of ``name``, ``dtype``, ``shape`` with null for any
        size), ``card`` (the card as an object, or null), ``card_origin``, ``read_length``, ``warnings`` (what
        to know), ``problems`` (why `Model` would refuse it; empty if it would not), ``draft`` (where the model has no
        card, one to begin with) and ``choices`` (what is to be filled in where the draft has null).

    Raises
    ------
    ModelError
        If the file is no ONNX model that could be run at all.
    InputError
        If a card file cannot be read.
    """
    file = read_model_file(path)
    result: dict[str, Any] = {
        "path": str(file.path),
        "bytes": file.n_bytes,
        "files": dict(file.files),
        "producer": file.producer,
        "ir_version": file.ir_version,
        "opset": dict(file.opset),
        "inputs": [_described(tensor) for tensor in file.inputs],
        "outputs": [_described(tensor) for tensor in file.outputs],
        "card": None,
        "card_origin": None,
        "read_length": None,
        "warnings": [],
        "problems": [],
        "draft": None,
        "choices": [],
    }
    found = find_card(file.path, explicit=card, metadata=file.card_text)
    try:
        binding = bind(file, found, length=length)
    except GxfastError as error:
        result["problems"].append(str(error))
        result["draft"], result["choices"] = draft_of(file, found or empty_card(), length)
        if found is not None:
            result |= {"card": json.loads(found.to_json()), "card_origin": found.origin}
        result["warnings"] = _warnings(file, found)
        return result
    result["card"] = json.loads(binding.card.to_json())
    result["card_origin"] = binding.card.origin
    result["read_length"] = binding.card.read_length
    if found is None:
        result["draft"] = result["card"]
    result["warnings"] = _warnings(file, found)
    if binding.fixed_batch is not None:
        result["warnings"].append(f"the graph fixes the batch at {binding.fixed_batch}; larger ones are impossible")
    if opened:
        result["problems"] += _refused(file, found, length)
    return result


def _refused(file: ModelFile, card: ModelCard | None, length: int | None) -> list[str]:
    """Return why `Model` refuses a file whose card fits."""
    from .session import Model

    try:
        Model(file.path, card=card, length=length, device="cpu")
    except GxfastError as error:
        return [str(error)]
    return []


def draft_of(file: ModelFile, card: ModelCard, length: int | None) -> tuple[dict[str, Any], list[str]]:
    """Return a card with what can be told from the graph, and what is left to choose where it has null."""
    draft: dict[str, Any] = json.loads(replace(card, name=card.name or clean_name(file.path.stem)).to_json())
    choices = []
    try:
        source = sequence_input(file, card)
    except ModelError as error:
        choices.append(f"input.name, extra_inputs: {error.message}")
    else:
        choices += _input_choices(draft, source, card, length)
    try:
        output = chosen_output(file, card)
    except ModelError:
        choices.append("output.name: " + " or ".join(tensor.name for tensor in file.outputs))
    else:
        draft["output"]["name"] = output.name
    return draft, choices


def _input_choices(draft: dict[str, Any], source: Tensor, card: ModelCard, length: int | None) -> list[str]:
    """Fill in the input of a draft; return what is left."""
    read, choices = draft["input"], list[str]()
    read["name"] = source.name
    fits = (card.layout,) if card.layout else fitting_layouts(source, 4 + len(card.extra_channels))
    if len(fits) != 1:
        other = "input.extra_channels" if len(source.shape or ()) != 2 else "input.layout NL and input.tokens"
        return [f"input.layout: {' or '.join(fits)}" if fits else f"what the input reads: input.layout, or {other}"]
    read["layout"] = fits[0]
    shape, axis = source.shape or (), fits[0].index("L")
    size = read["length"] or length or (shape[axis] if len(shape) > axis else None)
    read["length"] = size
    if size is None:
        choices.append("input.length: the bases that the model is meant for")
    elif draft["window"]["tss_index"] is None:
        draft["window"]["tss_index"] = {"+": size // 2, "-": size // 2}
    return choices


def _described(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": None if tensor.shape is None else list(tensor.shape),
    }


def _warnings(file: ModelFile, card: ModelCard | None) -> list[str]:
    import onnx

    warnings = []
    if card is None:
        warnings.append(
            "no card was found: layout, window, TSS position, strand rule and outputs are guessed "
            "(TSS at length // 2, minus strand reverse-complemented, unknown bases all zero, every output "
            "value a track)"
        )
        if len(file.outputs) == 1 and len(file.outputs[0].shape or ()) == 3:
            warnings.append("the output has rank 3: bins before tracks (NBT) is guessed; NTB is the other choice")
    if len(file.outputs) > 1:
        warnings.append(f"the model has {len(file.outputs)} outputs; the card must name the one to use")
    if file.external_files:
        warnings.append("the weights lie in other files, keep them together: " + ", ".join(file.external_files))
    newest = onnx.defs.onnx_opset_version()
    if file.opset.get("ai.onnx", 0) > newest:
        warnings.append(
            f"opset {file.opset['ai.onnx']} is newer than the installed onnx knows ({newest}); onnxruntime "
            "may refuse it"
        )
    return warnings


def format_inspection(inspection: dict[str, Any]) -> str:
    """Return an inspection as text for people, one fact per line."""
    opset = ", ".join(f"{domain} {version}" for domain, version in inspection["opset"].items())
    lines = [
        f"model      {inspection['path']} ({inspection['bytes']} bytes)",
        f"producer   {inspection['producer'] or 'not stated'}; IR {inspection['ir_version']}; opset {opset}",
    ]
    lines += [f"sha256     {digest}  {name}" for name, digest in inspection["files"].items()]
    for kind in ("inputs", "outputs"):
        for tensor in inspection[kind]:
            lines.append(f"{kind[:-1]:<10} {tensor['name']}  {tensor['dtype']}  {_shape(tensor['shape'])}")
    card = inspection["card"]
    if card is not None:
        lines += _card_lines(card, inspection["card_origin"])
    lines += [f"warning    {text}" for text in inspection["warnings"]]
    lines += [f"problem    {text}" for text in inspection["problems"]]
    lines += [f"choose     {text}" for text in inspection["choices"]]
    if inspection["draft"] is not None:
        beside = Path(inspection["path"]).with_suffix(".card.json").name
        lines += [f"a card to begin with, for {beside} (null: taken from the model, or to be chosen):"]
        lines.append(json.dumps(inspection["draft"], indent=1, ensure_ascii=False))
    return "\n".join(lines)


def _shape(shape: list[int | None] | None) -> str:
    if shape is None:
        return "[unknown shape]"
    return "[" + ", ".join("any" if size is None else str(size) for size in shape) + "]"


def _card_lines(card: dict[str, Any], origin: str) -> list[str]:
    read, window, output = card["input"], card["window"], card["output"]
    minus = "reverse-complemented" if window["reverse_complement_minus"] else "read on the forward strand"
    kept = "all tracks" if output["tracks"] is None else f"{len(output['tracks'])} tracks"
    if output["layout"] != "NT":
        kept += ", all bins" if output["bins"] is None else f", {len(output['bins'])} bins"
    ensemble = f"shifts {card['ensemble']['shifts']}"
    if card["ensemble"]["reverse_complement"]:
        ensemble += ", reverse complement"
    lines = [
        f"card       {card['name']} (from: {origin})",
        f"reads      {read['length']} bases as {read['layout']}, channels {read['channels']}, unknown base "
        f"{read['unknown']}",
        f"TSS        index {window['tss_index']['+']} (+), {window['tss_index']['-']} (-); minus {minus}",
        f"ensemble   {ensemble}",
        f"values     {output['name']} as {output['layout']}: {kept}; transform {output['transform']}, reduce "
        f"{output['reduce']}; haplotypes: {card['haplotypes']}",
    ]
    if mask := output.get("gene_mask"):
        counts = "whole" if mask["overlap"] == "any" else "by their share of it"
        lines.append(
            f"gene       bins of {mask['bin_size']} bases from base {mask['bin_start']} on, over the {mask['over']} of "
            f"each gene in a GTF; they count {counts}"
        )
    for name, values in card["extra_inputs"].items():
        lines.append(f"constant   {name} = {values}")
    if card["license"] or card["source"]:
        lines.append(f"weights    {card['license'] or 'license not stated'}; {card['source'] or 'source not stated'}")
    return lines
