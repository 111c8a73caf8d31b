"""The demonstration model: motif detectors, a position profile around the TSS, one linear output.

``python -m gxfast.demo.model OUT`` writes the ONNX file that ships as ``demo_model.onnx``. The weights are
constructed, not trained, and all of them are small multiples of powers of two, so every sum is exact in
float32: any order of summation, any batch size and any device give the same bits.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..models.card import ModelCard, card_from_json
from ..models.onnx_writer import GraphWriter
from ..models.saving import save_model

__all__ = [
    "CARD",
    "LENGTH",
    "MODEL_FILE",
    "MOTIFS",
    "TSS_INDEX",
    "Motif",
    "packaged_model",
    "predict",
    "reverse_complement",
]

LENGTH = 2048
TSS_INDEX = 1024
KERNEL = 10
POOL = 8
SLACK = 2.5  # response of a perfect match; one core mismatch costs 2, one flank mismatch costs 1
BIAS = 1.0
WEIGHT_STEP = 256
MODEL_FILE = "demo_model.onnx"

CARD: dict[str, Any] = {
    "gxfast_card": 1,
    "name": "demo-promoter",
    "input": {"name": "sequence", "layout": "NLC", "channels": "ACGT", "length": LENGTH, "unknown": 0.0},
    "window": {"tss_index": {"+": TSS_INDEX, "-": TSS_INDEX}, "reverse_complement_minus": True},
    "extra_inputs": {},
    "ensemble": {"reverse_complement": False, "shifts": [0]},
    "output": {
        "name": "expression",
        "layout": "NT",
        "bins": None,
        "tracks": None,
        "track_names": ["expression"],
        "reduce": "none",
        "transform": "none",
    },
    "haplotypes": "mean",
    "license": "BSD-3-Clause",
    "source": "constructed by gxfast.demo.model",
}

_COMPLEMENT = np.arange(256, dtype=np.uint8)
_COMPLEMENT[np.frombuffer(b"ACGT", np.uint8)] = np.frombuffer(b"TGCA", np.uint8)


@dataclass(frozen=True, slots=True)
class Motif:
    """One sequence motif that the model reads on both strands.

    Attributes
    ----------
    name, bases : str
        ``bases`` is the consensus, at most 10 bases.
    core : str
        One digit per base: ``2`` core (weight 1), ``1`` flank (weight 1/2).
    centre, width : int
        The motif counts most at ``centre`` bases from the TSS (negative: upstream) and fades linearly to
        nothing at ``width`` bases from there.
    weight : float
        Output per unit of response at the centre; negative for a repressor.
    """

    name: str
    bases: str
    core: str
    centre: int
    width: int
    weight: float

    def core_positions(self) -> list[int]:
        """Return the indices of the core bases in the consensus."""
        return [i for i, digit in enumerate(self.core) if digit == "2"]


MOTIFS = (
    Motif("ets", "ACCGGAAGTG", "1122222211", -40, 400, 0.50),
    Motif("nrf1", "GCGCATGCGC", "1122222211", -30, 400, 0.55),
    Motif("nfy", "AGCCAATCAG", "1122222211", -90, 400, 0.45),
    Motif("creb", "TGACGTCA", "12222221", -120, 600, 0.40),
    Motif("sp1", "GGGGCGGGGC", "1122222211", -60, 500, 0.40),
    Motif("zeb", "CACAGGTG", "12222221", 0, 600, -0.40),
    Motif("gfi1", "AAATCACAGC", "1122222211", -40, 700, -0.45),
)


def reverse_complement(bases: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the reverse complement of upper-case ASCII bases along the last axis (N stays N)."""
    return _COMPLEMENT[bases[..., ::-1]]


def detectors() -> tuple[NDArray[np.float32], NDArray[np.float32], list[Motif]]:
    """Return the convolution of the model.

    Returns
    -------
    weight : float32 array, shape (K, 4, 10)
        One detector per motif and strand (one only where the motif is its own reverse complement).
    bias : float32 array, shape (K,)
        Minus the score at which a detector starts to respond.
    owner : list of Motif, length K
    """
    weights, bias, owner = [], [], []
    for motif in MOTIFS:
        kernel = np.zeros((4, KERNEL), np.float32)
        for i, (base, digit) in enumerate(zip(motif.bases, motif.core, strict=True)):
            kernel[:, i] = -int(digit) / 2
            kernel["ACGT".index(base), i] = int(digit) / 2
        reverse = np.zeros_like(kernel)
        reverse[:, : len(motif.bases)] = kernel[::-1, len(motif.bases) - 1 :: -1]
        for strand in [kernel] if np.array_equal(kernel, reverse) else [kernel, reverse]:
            weights.append(strand)
            bias.append(SLACK - sum(int(digit) / 2 for digit in motif.core))
            owner.append(motif)
    return np.stack(weights), np.asarray(bias, np.float32), owner


def readout() -> NDArray[np.float32]:
    """Return the linear layer, float32 of shape (K, 256): weight of each detector in each 8-base bin."""
    offset = np.arange(LENGTH // POOL) * POOL + POOL // 2 - TSS_INDEX
    rows = []
    for motif in detectors()[2]:
        profile = np.clip(1.0 - np.abs(offset - motif.centre) / motif.width, 0.0, None)
        rows.append(np.round(motif.weight * profile * WEIGHT_STEP) / WEIGHT_STEP)
    return np.stack(rows).astype(np.float32)


def predict(sequences: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Evaluate the model in plain NumPy: the readable twin of the ONNX file.

    Parameters
    ----------
    sequences : uint8 array, shape (N, 2048)
        Upper-case ASCII bases as the model reads them; anything but ACGT counts as unknown (all zero).

    Returns
    -------
    float64 array, shape (N,)

    Raises
    ------
    InputError
        If the array is not uint8 of shape (N, 2048).
    """
    if sequences.dtype != np.uint8 or sequences.ndim != 2 or sequences.shape[1] != LENGTH:
        raise InputError(f"the demo model reads uint8 (N, {LENGTH}), found {sequences.dtype} {sequences.shape}")
    weight, bias, _ = detectors()
    lookup = np.zeros((*weight.shape[::2], 256), np.float32)
    lookup[..., np.frombuffer(b"ACGT", np.uint8)] = weight.transpose(0, 2, 1)
    padded = np.pad(sequences, ((0, 0), (0, KERNEL - 1)))
    linear = readout()
    result = np.full(len(sequences), BIAS)
    for k in range(len(weight)):
        score = np.full(sequences.shape, bias[k], np.float32)
        for i in range(KERNEL):
            score += lookup[k, i][padded[:, i : i + LENGTH]]
        peak = np.maximum(score, 0.0).reshape(len(sequences), -1, POOL).max(axis=2)
        result += peak.astype(np.float64) @ linear[k].astype(np.float64)
    return result


def _card() -> ModelCard:
    return card_from_json(json.dumps(CARD), source=__name__)


def _graph() -> Any:
    weight, bias, _ = detectors()
    graph = GraphWriter()
    graph.input("sequence", ["batch", LENGTH, 4])
    graph.constant(weight, name="detector_weight")
    graph.constant(bias, name="detector_bias")
    graph.constant(readout().reshape(-1, 1), name="readout_weight")
    graph.constant([BIAS], np.float32, name="readout_bias")
    graph.append("Transpose", ["sequence"], ["channels_first"], perm=[0, 2, 1])
    operands = ["channels_first", "detector_weight", "detector_bias"]
    graph.append("Conv", operands, ["score"], kernel_shape=[KERNEL], pads=[0, KERNEL - 1])
    graph.append("Relu", ["score"], ["response"])
    graph.append("MaxPool", ["response"], ["peak"], kernel_shape=[POOL], strides=[POOL])
    graph.append("Flatten", ["peak"], ["features"], axis=1)
    graph.append("Gemm", ["features", "readout_weight", "readout_bias"], ["expression"])
    graph.output("expression", ["batch", 1])
    return graph.model("demo_promoter")


def packaged_model() -> bytes:
    """Return the bytes of the model file that ships with the package."""
    return files(__package__).joinpath(MODEL_FILE).read_bytes()


def main(argv: list[str]) -> int:
    """Write the model to the path given as the only argument."""
    if len(argv) != 1 or argv[0].startswith("-"):
        print("usage: python -m gxfast.demo.model OUT", file=sys.stderr)
        return 2
    path = save_model(_graph(), _card(), argv[0])
    print(f"{path}: {path.stat().st_size} bytes, {len(MOTIFS)} motifs", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
