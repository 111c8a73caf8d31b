"""The models that are scanned: how each is built at every size, and how much of it is timed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ....models.saving import save_model
from ...data import scratch_folder
from ...measure import UnavailableError
from . import networks

__all__ = ["SUBJECTS", "Amount", "Subject"]

_XPRESSO_WEIGHTS: Final = "geuvadis_chr22/models/GM12878_*.h5"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is timed: positions of the scan, and mutants of the modes that run each one in full.

    Mode delta runs 192 mutants at once; with the fourth one of the unknown base 64 k - 1 positions fill k batches.
    """

    positions: int
    compared: int


@dataclass(frozen=True, slots=True)
class Subject:
    """One model at one length.

    Attributes
    ----------
    name : str
        Of the case.
    build : mapping of size to callable
        Each takes a folder and returns the ONNX file in it, written if it was not there. Sizes that are not listed
        use ``"real"``.
    amount : mapping of size to Amount
    goal : float or None
        Times faster than onnxruntime naive.
    outputs : mapping
        Arguments of `gxfast.ism.Outputs`.
    peers : int
        Positions that other packages scan at size ``"real"``; 0: they cannot.
    note : str
    """

    name: str
    build: Mapping[str, Callable[[Path], Path]]
    amount: Mapping[str, Amount]
    goal: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    peers: int = 0
    note: str = ""

    def file(self, size: str) -> Path:
        """Return the model's file, in the cache."""
        build = self.build.get(size, self.build["real"])
        return build(scratch_folder("ism"))


def _kept(name: str, make: Callable[..., networks.Network], *args: Any, **options: Any) -> Callable[[Path], Path]:
    """Return a builder that writes a network once."""

    def build(folder: Path) -> Path:
        path = folder / f"{name}.onnx"
        return path if path.exists() else save_model(*make(*args, **options), path)

    return build


def _xpresso(folder: Path) -> Path:
    """The published weights, from the user's copy."""
    from ....models.importers.xpresso import import_xpresso

    data = os.environ.get("GXFAST_DATA")
    if not data:
        raise UnavailableError("set GXFAST_DATA to the folder with the published Xpresso weights")
    found = sorted(Path(data).glob(_XPRESSO_WEIGHTS))
    if not found:
        raise UnavailableError(f"no {_XPRESSO_WEIGHTS} below GXFAST_DATA")
    return import_xpresso(found[0], folder / "xpresso-published.onnx")


def _lengths(
    name: str, make: Callable[..., Any], goals: Mapping[int, float], positions: Mapping[int, int],
    tiny_lengths: Mapping[int, int], tiny: Mapping[str, Any], peers: Mapping[int, int],
) -> list[Subject]:  # fmt: skip
    return [
        Subject(
            f"ism-{name}-{length}",
            {
                "tiny": _kept(f"{name}-tiny-{tiny_lengths[length]}", make, tiny_lengths[length], **tiny),
                "real": _kept(f"{name}-{length}", make, length),
            },
            {
                "tiny": Amount(30, 24),
                "small": Amount(191, 16),
                "real": Amount(positions[length], 64),
            },
            goals[length],
            peers=peers.get(length, 0),
        )
        for length in goals
    ]


_BASENJI2_REDUCED: Final = {
    "first": 72, "tower": (85, 100, 118, 139, 163, 192), "inner": 96, "layers": 8, "last": 384, "tracks": 664,
    "crop": 8,
}  # fmt: skip
_BASENJI2_TINY: Final = {
    "first": 8, "tower": (8, 8, 12, 12, 12, 16), "inner": 8, "layers": 3, "last": 16, "tracks": 6, "crop": 2,
}  # fmt: skip
_BASENJI2: Final = {
    "tiny": _kept("basenji2-tiny", networks.basenji2, 4_096, **_BASENJI2_TINY),
    "small": _kept("basenji2-reduced", networks.basenji2, 32_768, **_BASENJI2_REDUCED),
    "real": _kept("basenji2", networks.basenji2),
}
# The ten bins around the middle, which is what studies of expression average; by size of the model.
_MIDDLE: Final = {"tiny": range(9, 19), "small": range(115, 125), "real": range(443, 453)}

SUBJECTS: Final = [
    *_lengths(
        "basset", networks.basset, {1_000: 20, 2_114: 50, 10_500: 300}, {1_000: 1_000, 2_114: 2_114, 10_500: 2_879},
        {1_000: 301, 2_114: 500, 10_500: 1_003}, {"filters": (30, 20, 20), "dense": 32, "tracks": 7},
        {1_000: 256, 2_114: 256},
    ),
    *_lengths(
        "bpnet", networks.bpnet, {1_000: 4, 2_114: 10, 10_500: 40}, {1_000: 1_000, 2_114: 575, 10_500: 575},
        {1_000: 301, 2_114: 500, 10_500: 1_003}, {"filters": 8, "layers": 4}, {1_000: 256, 2_114: 256},
    ),
    Subject(
        "ism-xpresso-10500",
        {"tiny": _kept("xpresso-tiny", networks.xpresso, 1_050, filters=(16, 8)), "real": _xpresso},
        {"tiny": Amount(30, 24), "small": Amount(1_151, 16), "real": Amount(10_500, 64)},
        200,
        note="published weights (GM12878); random ones at size tiny",
    ),
    Subject(
        "ism-basenji2-131072", _BASENJI2,
        {"tiny": Amount(24, 12), "small": Amount(24, 6), "real": Amount(4, 4)},
        note="all bins and tracks, mean over bins; 38 MB of values a mutant, so few positions",
    ),
    Subject(
        "ism-basenji2-10-bins-131072", _BASENJI2,
        {"tiny": Amount(24, 12), "small": Amount(63, 6), "real": Amount(63, 4)},
        40,
        {"tracks": [0], "bins": _MIDDLE, "reduce": "mean"},
        note="one track, mean of the ten middle bins; onnxruntime computes them all",
    ),
]  # fmt: skip
