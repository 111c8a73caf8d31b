"""Readouts on exons written out base by base: a coverage network in NumPy, personal genomes as lists, published scores.

The network has the form of Borzoi's output: convolutions over the window, bins of several bases, the ends cropped,
tracks before bins, softplus. The scores follow the papers: the gene mask scorer of alphagenome_research (log fold
change, ALT aligned to REF), logSED and shifts for indels of baskerville.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LENGTH, CROP, TSS = 512, 64, 200
COMPLEMENT = str.maketrans("ACGT", "TGCA")
Edit = tuple[int, str, str]  # 0-based position, REF, ALT


@dataclass(frozen=True)
class Coverage:
    """A network of random weights: ``bin_size`` bases a bin, two tracks."""

    path: Path
    bin_size: int
    first: Any
    second: Any

    @property
    def n_bins(self) -> int:
        return (LENGTH - 2 * CROP) // self.bin_size

    def profile(self, text: str) -> Any:
        """The bins of a sequence, (B, T), in float64."""
        x = np.array([["ACGT".find(base) == c for base in text] for c in range(4)], float)
        x = convolved(np.maximum(convolved(x, self.first), 0), self.second)
        x = x.reshape(2, -1, self.bin_size).mean(axis=2)
        crop = CROP // self.bin_size
        return np.log1p(np.exp(x[:, crop:-crop])).T


def convolved(x: Any, weight: Any) -> Any:
    reach = weight.shape[2] // 2
    padded = np.pad(x, ((0, 0), (reach, reach)))
    return np.array([
        [(row * padded[:, i : i + 2 * reach + 1]).sum() for i in range(x.shape[1])] for row in weight
    ])  # fmt: skip


def coverage(folder: Path, *, bin_size: int = 8, minus: bool = False, **output: Any) -> Coverage:
    """Write the network with its card; ``minus``: genes on the minus strand are reverse-complemented."""
    rng = np.random.default_rng(11)
    first, second = rng.normal(0, 0.7, (6, 4, 7)), rng.normal(0, 0.7, (2, 6, 9))
    weights = {"first": first.astype(np.float32), "second": second.astype(np.float32)}
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["a", "first"], ["b"], pads=[3, 3]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Conv", ["c", "second"], ["d"], pads=[4, 4]),
        helper.make_node("AveragePool", ["d"], ["e"], kernel_shape=[bin_size], strides=[bin_size]),
        helper.make_node("Slice", ["e", "begin", "end", "axis"], ["f"]),
        helper.make_node("Softplus", ["f"], ["y"]),
    ]
    crop = CROP // bin_size
    sizes = {"begin": crop, "end": LENGTH // bin_size - crop, "axis": 2}
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    tensors += [numpy_helper.from_array(np.array([value]), name) for name, value in sizes.items()]
    graph = helper.make_graph(
        nodes, "coverage", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", LENGTH, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, (LENGTH - 2 * CROP) // bin_size])], tensors,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "coverage.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    mask = {"over": "exons", "bin_size": bin_size, "bin_start": CROP} | output.pop("gene_mask", {})
    card = {
        "gxfast_card": 1, "name": "coverage", "input": {"layout": "NLC", "length": LENGTH},
        "window": {"tss_index": {"+": TSS, "-": TSS}, "reverse_complement_minus": minus},
        "output": {"layout": "NTB", "track_names": ["one", "two"], "reduce": "mean", "gene_mask": mask, **output},
    }  # fmt: skip
    path.with_suffix(".card.json").write_text(json.dumps(card))
    rounded = [array.astype(float) for array in weights.values()]
    return Coverage(path, bin_size, *rounded)


def personal(text: str, edits: list[Edit]) -> list[tuple[str, int]]:
    """A genome with edits in it: letters with the position of each in the reference, -1 where inserted."""
    found: list[tuple[str, int]] = []
    cursor = 0
    for position, ref, alt in sorted(edits):
        assert text[position : position + len(ref)] == ref
        found += [(text[p], p) for p in range(cursor, position)]
        found += [(base, position + i if i < len(ref) else -1) for i, base in enumerate(alt)]
        cursor = position + len(ref)
    return found + [(text[p], p) for p in range(cursor, len(text))]


def window(genome: list[tuple[str, int]], anchor: int, index: int) -> list[tuple[str, int]]:
    """What a model reads of a genome: the base of reference position ``anchor`` has index ``index``."""
    at = next(i for i, (_, position) in enumerate(genome) if position == anchor)
    return [genome[i] if 0 <= i < len(genome) else ("N", -2) for i in range(at - index, at - index + LENGTH)]


def exonic(bases: list[tuple[str, int]], exons: list[tuple[int, int]]) -> list[bool]:
    """Which bases lie in exons: what is inserted does where both its neighbours are in one exon."""
    inside = [any(start <= position < end for start, end in exons) for _, position in bases]
    for i, (_, position) in enumerate(bases):
        if position == -1:
            left = next((bases[k][1] for k in range(i, -1, -1) if bases[k][1] >= 0), -9)
            right = next((bases[k][1] for k in range(i, len(bases)) if bases[k][1] >= 0), -9)
            inside[i] = any(start <= left and right < end for start, end in exons) and left >= 0
    return inside


def bin_weights(inside: list[bool], bin_size: int, n_bins: int, *, fraction: bool = False) -> Any:
    bins = [inside[CROP + b * bin_size : CROP + (b + 1) * bin_size] for b in range(n_bins)]
    return np.array([sum(bases) / bin_size if fraction else float(any(bases)) for bases in bins])


def spelled(bases: list[tuple[str, int]]) -> str:
    return "".join(base for base, _ in bases)


def reversed_window(bases: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(base.translate(COMPLEMENT), position) for base, position in bases[::-1]]


def lfc(ref: Any, alt: Any) -> Any:
    """Of mean coverages, AlphaGenome's gene mask scorer."""
    return np.log(alt + 0.001) - np.log(ref + 0.001)


def logsed(ref: Any, alt: Any) -> Any:
    """Of summed coverages, baskerville's logSED."""
    return np.log2(alt + 1) - np.log2(ref + 1)


def aligned_alternate(profile: Any, bin_size: int, start: int, edit: Edit) -> Any:
    """ALT's bins in REF's coordinates, (B, T): the published alignment of bases, in windows that begin at ``start``.

    Each base has the value of its bin, and what is outside the bins none; the edit is left-aligned, and the bases
    before it have the same index in both windows.
    """
    position, ref, alt = edit
    bases = np.zeros((LENGTH, profile.shape[1]))
    bases[CROP : LENGTH - CROP] = np.repeat(profile, bin_size, axis=0)
    before = position - start + min(len(ref), len(alt)) - 1
    more = len(alt) - len(ref)
    if more > 0:
        top = bases[before : before + more + 1].max(axis=0, keepdims=True)
        moved = np.concatenate([bases[:before], top, bases[before + more + 1 :], np.zeros((more, bases.shape[1]))])
    else:
        gap = np.zeros((-more, bases.shape[1]))
        moved = np.concatenate([bases[: before + 1], gap, bases[before + 1 : LENGTH + more]])
    return moved[CROP : LENGTH - CROP].reshape(-1, bin_size, bases.shape[1]).mean(axis=1)
