"""Sequences: ``gxfast.encode`` on both backends, personal haplotypes, models and mutagenesis."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np

import gxfast as gx
from gxfast.encode.edits import Edits

from .target import Target

__all__ = ["targets"]

_RNG = np.random.default_rng(3)
LETTERS = np.frombuffer(b"ACGTN", np.uint8)
ONE, MANY = _RNG.choice(LETTERS, 12), _RNG.choice(LETTERS, (3, 8))
POSITIONS, BASES = np.array([0, 5, 11, 5]), np.frombuffer(b"ACGT", np.uint8)
OFFSET = np.array([0, 2, 2, 4])

FIRST_AXIS = ("first axis short", "first axis long", "twice", "nothing")
LAST_AXIS = ("one short", "one long", "nothing behind")
TEXT = ("text itself", "list of text", "memory of bytes")
# A batch of sequences may have any shape of two axes, or of one.
BATCH = (
    *FIRST_AXIS,
    *LAST_AXIS,
    *TEXT,
    "no element",
    "one element",
    "an axis less",
    "flat",
    "transposed",
    "empty list",
    "2^31 of nothing",
    "2^32 of nothing",
    "nothing of 2^31",
    "nothing of 2^32",
)
GAPS = ("nan", "inf", "-inf", "all nan", "all inf", "all -inf", "nan in float32", "nan in float16", "nan in a list")
FAR = (
    "-1",
    "-2^31",
    "-2^63",
    "127",
    "128",
    "255",
    "256",
    "2^31 - 1",
    "2^31",
    "2^32",
    "2^32 + 1",
    "2^40",
    "2^63 - 1",
    "big-endian 2^40",
)
ROW = (*FIRST_AXIS, *LAST_AXIS, *TEXT, "no element", "one element")


def _target(
    name: str,
    call: Callable[..., Any],
    arguments: dict[str, Any],
    *roles: str,
    words: dict[str, str] | None = None,
    **legal: Collection[str],
) -> Target:
    chosen = {argument: role for argument, role in zip(arguments, roles, strict=True) if role}
    return Target(name, call, arguments, chosen, words={"seqs": "sequences", **(words or {})}, legal=legal)


def targets() -> list[Target]:
    """Return one entry per function and backend."""
    found = []
    for backend in ("cpp", "numpy"):
        for target in _encoders():
            call = partial(_on, backend, target.call)
            found.append(
                Target(
                    f"{target.name}[{backend}]",
                    call,
                    target.arguments,
                    target.roles,
                    target.means,
                    target.words,
                    target.loose,
                    target.legal,
                )
            )
    return found


def _on(backend: str, call: Callable[..., Any], **arguments: Any) -> Any:
    os.environ["GXFAST_BACKEND"] = backend
    return call(**arguments)


def _encoders() -> list[Target]:
    found = [_target("gx.codes", gx.codes, {"seqs": MANY}, "letters", seqs=BATCH)]
    for options in ({}, {"layout": "NC1L", "dtype": "float16"}, {"dtype": "int8", "reverse_complement": True}):
        call = partial(gx.one_hot, **options)
        name = f"gx.one_hot[{', '.join(map(str, options.values()))}]"
        found.append(_target(name, call, {"seqs": MANY}, "letters", seqs=BATCH))
        out = gx.one_hot(MANY, **options)
        found.append(_target(name, partial(call, MANY), {"out": out}, "out"))
    found.append(_target("gx.codes", partial(gx.codes, MANY), {"out": np.zeros_like(MANY)}, "out"))
    found.append(_target("gx.reverse_complement", gx.reverse_complement, {"x": MANY}, "letters", x=BATCH))
    shuffled = partial(gx.dinucleotide_shuffle, n=2)
    found.append(_target("gx.dinucleotide_shuffle", shuffled, {"sequences": MANY}, "letters", sequences=BATCH))
    found.append(_target("gx.reverse_complement", partial(gx.reverse_complement, MANY), {"out": MANY.copy()}, "out"))
    encoded = gx.one_hot(MANY)

    def flipped(x: Any) -> Any:
        return np.asarray(gx.reverse_complement(x, layout="NLC"), np.float64)

    # One-hot, or whatever has one number per base and channel: gradients, with their dtype.
    kinds = (*FIRST_AXIS, *GAPS, "an axis less")
    found.append(_target("gx.reverse_complement[NLC]", flipped, {"x": encoded}, "numbers", x=kinds))
    call = partial(gx.reverse_complement, encoded, layout="NLC")
    found.append(_target("gx.reverse_complement[NLC]", call, {"out": np.zeros_like(encoded)}, "out"))
    found.append(_target("gx.saturation_edits", gx.saturation_edits, {"sequence": ONE}, "letters", sequence=ROW))
    found.append(_target("gx.saturation_mutants", gx.saturation_mutants, {"sequence": ONE}, "letters", sequence=ROW))
    edited = {"sequence": ONE, "positions": POSITIONS, "bases": BASES}
    found.append(
        _target("gx.apply_edits", gx.apply_edits, edited, "letters", "whole", "letters", sequence=ROW, bases=TEXT)
    )
    call = partial(gx.apply_edits, **edited)
    found.append(_target("gx.apply_edits", call, {"out": np.zeros((4, 12), np.uint8)}, "out"))
    single = {"positions": POSITIONS, "bases": BASES}  # of a sequence that is not known yet
    found.append(_target("gx.Edits.single", Edits.single, single, "whole", "letters", bases=TEXT, positions=FAR))

    def batches(sequence: Any, offset: Any, position: Any, base: Any) -> Any:
        made = gx.EditedBatches(sequence, Edits(offset, position, base), batch_size=2)
        return [(rows.start, batch.copy()) for rows, batch in made]

    arguments = {"sequence": ONE, "offset": OFFSET, "position": POSITIONS, "base": BASES}
    found.append(
        _target("gx.EditedBatches", batches, arguments, "letters", "whole", "whole", "letters", sequence=ROW, base=TEXT)
    )
    return found
