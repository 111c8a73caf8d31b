"""Say what a model expects, without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import GxfastError
from ._contract import bind
from ._file import ModelFile, Tensor, read_model_file
from .card import ModelCard, find_card

__all__ = ["format_inspection", "inspect_model"]


def inspect_model(path: str | Path, *, card: str | Path | None = None, length: int | None = None) -> dict[str, Any]:
    """Read an ONNX file and its card and say what gxfast makes of them.

    Parameters
    ----------
    path : str or Path
    card : str or Path, optional
        Card file to use instead of the one found.
    length : int, optional
        Bases the model reads, where neither the graph nor a card says it.

    Returns
    -------
    dict, ready for JSON
        ``path``, ``bytes``, ``files`` (name to SHA-256, the model first), ``producer``, ``ir_version``,
        ``opset``, ``inputs`` and ``outputs`` (lists of ``name``, ``dtype``, ``shape`` with null for any
        size), ``card`` (the card as an object, or null), ``card_origin``, ``read_length``, ``warnings`` (what
        to know) and ``problems`` (why `Model` would refuse it; empty if it would not).

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
    }
    found = find_card(file.path, explicit=card, metadata=file.card_text)
    try:
        binding = bind(file, found, length=length)
    except GxfastError as error:
        result["problems"].append(str(error))
        if found is not None:
            result |= {"card": json.loads(found.to_json()), "card_origin": found.origin}
        result["warnings"] = _warnings(file, found)
        return result
    result["card"] = json.loads(binding.card.to_json())
    result["card_origin"] = binding.card.origin
    result["read_length"] = binding.card.read_length
    result["warnings"] = _warnings(file, found)
    if binding.fixed_batch is not None:
        result["warnings"].append(f"the graph fixes the batch at {binding.fixed_batch}; larger ones are impossible")
    return result


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
    for name, values in card["extra_inputs"].items():
        lines.append(f"constant   {name} = {values}")
    if card["license"] or card["source"]:
        lines.append(f"weights    {card['license'] or 'license not stated'}; {card['source'] or 'source not stated'}")
    return lines
