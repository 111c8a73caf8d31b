"""Write a network's weights as arrays, for peers that cannot read ONNX: called by bench/fastism.sh."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gxfast.bench.cases.ism import networks
from gxfast.bench.data import scratch_folder
from gxfast.models.saving import save_model
from gxfast.models.session import Model

__all__ = ["write_weights"]

_POSITIONS = 24


def write_weights(name: str, length: int) -> Path:
    """Write ``NAME-LENGTH.npz``: the weights as ``w0``, ``w1`` and so on, 16 sequences, effects on the first.

    Parameters
    ----------
    name : {"basset", "bpnet"}
    length : int

    Returns
    -------
    Path
        Beside the model of the same name, which is written if it was not there. ``codes`` is uint8 of shape
        (16, length); ``effects`` is float64 of shape (24, T): A written at position ``start`` and each after it,
        by `Model.predict` of the whole mutants.

    Raises
    ------
    ValueError
        For another name.
    """
    if name not in ("basset", "bpnet"):
        raise ValueError(f"the networks are basset and bpnet, not {name!r}")
    import onnx
    from onnx import numpy_helper

    path = scratch_folder("ism") / f"{name}-{length}.onnx"
    if not path.exists():
        save_model(*(networks.basset(length) if name == "basset" else networks.bpnet(length)), path)
    arrays = {one.name: numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    codes = np.random.default_rng(7).integers(0, 4, (16, length), dtype=np.uint8)
    start = length // 2
    rows = np.repeat(codes[:1], _POSITIONS + 1, axis=0)
    rows[np.arange(1, _POSITIONS + 1), start + np.arange(_POSITIONS)] = 0
    outputs = Model(path, device="cpu").predict(np.frombuffer(b"ACGT", np.uint8)[rows])
    target = path.with_suffix(".npz")
    np.savez(target, codes=codes, start=start, effects=outputs[1:] - outputs[0], **arrays)
    return target


if __name__ == "__main__":
    print(write_weights(sys.argv[1], int(sys.argv[2])))
