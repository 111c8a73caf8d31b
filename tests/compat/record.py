"""Record what the installed hosts return: ``python tests/compat/record.py`` writes ``golden/<tool>.json``.

Run it in the environment that scripts/hosts.sh makes. The golden files hold inputs, outputs and the host's version.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import random
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# tool: distribution, and per function (module, attribute, name in gxfast.compat that needs no torch)
HOSTS: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "crested": ("crested", [("crested.utils._seq_utils", "one_hot_encode_sequence", "one_hot_encode_sequence")]),
    "enformer_pytorch": ("enformer-pytorch", [("enformer_pytorch.data", "str_to_one_hot", "one_hot_array")]),
    "grelu": (
        "gReLU",
        [
            ("grelu.sequence.format", "strings_to_one_hot", "one_hot_array"),
            ("grelu.sequence.format", "check_string_dna", "check_string_dna"),
            ("grelu.sequence.format", "strings_to_indices", "strings_to_indices"),
            ("grelu.sequence.mutate", "mutate", "mutate"),
            ("grelu.sequence.mutate", "insert", "insert"),
            ("grelu.sequence.mutate", "delete", "delete"),
        ],
    ),
    "kipoiseq": (
        "kipoiseq",
        [
            ("kipoiseq.transforms.functional", "one_hot_dna", "one_hot_dna"),
            ("kipoiseq.transforms.functional", "one_hot", "one_hot"),
            ("kipoiseq.extractors", "VariantSeqExtractor", "VariantSeqExtractor"),
        ],
    ),
    "selene": ("selene-sdk", [("selene_sdk.sequences", "Genome.sequence_to_encoding", "Genome.sequence_to_encoding")]),
    "seqpro": ("seqpro", [("seqpro", "DNA.ohe", "ohe")]),
    "tangermeme": ("tangermeme", [("tangermeme.utils", "one_hot_encode", "one_hot_array")]),
}
TEXTS = [
    "",
    "A",
    "ACGT",
    "ACGTN",
    "acgtn",
    "ACGTRYKM",
    "NNNN",
    "AC-GT.",
    "\xe9ACGT",
    "AX",
    None,
    7,
    ["AC", "GT"],
    ["A", "CG"],
]
MUTATIONS = {
    "mutate": [["ACGTACGT", "GG", 2], ["ACGTACG", "TT"], ["ACXT", "A"], ["ACGT", "A", 9]],
    "insert": [["ACGTACGT", "GG", 2], ["ACGT", "G", 0], ["ACGTAC", "TTT", None, None, True, "both"], ["AC.T", "A"]],
    "delete": [["ACGTACGT", 2, 3], ["ACGTACGT", 3], ["ACGTAC", 3, 1, None, True, "both"], ["acgt", 1]],
}


def windows() -> list[list[Any]]:
    """Reference, interval, variants that do not overlap, anchor, fixed_len; from a fixed seed."""
    rng, made = random.Random(20), []
    for _ in range(60):
        reference = "".join(rng.choices("ACGTacgt", k=60))
        edits, at = [], rng.randrange(20, 30)
        while at < 42:
            n = rng.randint(1, 3)
            edits.append([at, reference[at : at + n], "".join(rng.choices("ACGT", k=rng.randint(1, 3)))])
            at += n + rng.randint(0, 6)
        made.append([reference, [28, 40, rng.choice("+-")], edits, rng.randint(26, 42), rng.random() < 0.5])
    return made


def extract(extractor: Any, case: list[Any]) -> str:
    """Run one case of `windows` through a VariantSeqExtractor class."""
    reference, (start, end, strand), edits, anchor, fixed_len = case
    source = SimpleNamespace(extract=lambda interval: reference[interval.start : interval.end])
    interval = SimpleNamespace(chrom="1", start=start, end=end, strand=strand)
    variants = [SimpleNamespace(chrom="1", start=at, ref=ref, alt=alt) for at, ref, alt in edits]
    return str(extractor(reference_sequence=source).extract(interval, variants, anchor, fixed_len))


def resolve(owner: Any, attribute: str) -> Any:
    for part in attribute.split("."):
        owner = getattr(owner, part)
    return owner


def result_of(function: Any, arguments: list[Any]) -> dict[str, Any]:
    """Call, and write down the value with dtype and shape, or the exception's type."""
    try:
        value = function(*arguments)
    except Exception as error:
        return {"error": type(error).__name__}
    if isinstance(value, str | bool):
        return {"text": value}
    array = value.numpy() if hasattr(value, "numpy") else value
    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": array.ravel().tolist()}


def cases_of(attribute: str) -> list[list[Any]]:
    """Arguments to record for one function."""
    if attribute == "VariantSeqExtractor":
        return [[case] for case in windows()]
    return MUTATIONS.get(attribute, [[text] for text in TEXTS])


def main() -> None:
    for tool, (distribution, functions) in HOSTS.items():
        recorded = []
        for module, attribute, ours in functions:
            function = resolve(importlib.import_module(module), attribute)
            if attribute == "VariantSeqExtractor":
                extractor = function
                function = lambda case, extractor=extractor: extract(extractor, case)  # noqa: E731
            recorded += [
                {"function": ours, "arguments": arguments, "result": result_of(function, arguments)}
                for arguments in cases_of(attribute)
            ]
        golden = {"host": distribution, "version": importlib.metadata.version(distribution), "cases": recorded}
        path = Path(__file__).parent / "golden" / f"{tool}.json"
        path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
        print(f"{path}: {len(recorded)} cases")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
