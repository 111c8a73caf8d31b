"""Enformer, Basenji2 and Borzoi with random weights, full size: the ONNX file against the framework it comes from.

    python bench/validation/models.py FOLDER basenji2 [enformer] [borzoi] [--small]

Needs torch and the port of each network (bench/peers.sh). Imports the model as a user would, compares the file with
the port on two sequences of random bases (Borzoi at full size: one) and on one of them alone, and prints seconds and
memory. The weights are drawn, because the published ones were not at hand. ``--small`` goes the same way with a small
network.
"""

from __future__ import annotations

import argparse
import copy
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TOLERANCE = 1e-5


def main() -> None:
    """Verify what is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="+", choices=sorted(_MODELS))
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.models:
        verify(name, arguments.folder, arguments.small)


def verify(name: str, folder: Path, small: bool) -> None:
    """Import one model, and compare."""
    import torch

    from gxfast.models import Model

    torch.manual_seed(5)
    start = time.monotonic()
    module, path = _MODELS[name](folder, small)
    seconds = time.monotonic() - start
    n = sum(p.numel() for p in module.parameters())
    print(f"{name}: {n:,} parameters of the port; imported in {seconds:.0f} s: {path.stat().st_size / 2**20:.0f} MiB")
    card = Model(path, device="cpu").card
    # Borzoi's two position tables of 4,096 x 8,191 a head do not fit this often
    count = 1 if name == "borzoi" and not small else 2
    one_hot = np.eye(4, dtype=np.float32)[np.random.default_rng(3).integers(0, 4, (count, card.length))]
    x = one_hot if card.layout == "NLC" else np.ascontiguousarray(one_hot.transpose(0, 2, 1))
    start = time.monotonic()
    with torch.no_grad():
        expected = torch.cat([module(torch.from_numpy(row[None])) for row in x]).numpy()
    theirs = time.monotonic() - start
    start = time.monotonic()
    found = run(path, card.input_name, x)
    ours = time.monotonic() - start
    difference = float(np.abs(found - expected).max())
    alone = float(np.abs(run(path, card.input_name, x[:1]) - found[:1]).max()) if count > 1 else None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{name}: outputs {found.shape}, {expected.min():.3g} to {expected.max():.3g}; largest difference "
        f"{difference:.2g}" + ("" if alone is None else f"; batch of one against batch of two {alone:.2g}")
    )
    print(f"{name}: {count} sequences: port {theirs:.1f} s, ONNX {ours:.1f} s; peak memory {peak:.1f} GiB")
    if not difference <= TOLERANCE:
        raise SystemExit(f"{name}: differs by more than {TOLERANCE:g}")


def run(path: Path, name: str | None, x: Any) -> Any:
    """Run the file as it is, without anything of gxfast."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {name or session.get_inputs()[0].name: x})[0]


def basenji2(folder: Path, small: bool) -> tuple[Any, Path]:
    """The port's own parameters, saved as users have them."""
    import basenji2_pytorch
    import torch

    from gxfast.models import OutputOptions, importer

    params = copy.deepcopy(basenji2_pytorch.basenji2_params["model"])
    crop = 64
    if small:
        crop = params["trunk"][3]["cropping"] = 2
        params["seq_length"] = 4096
    module = basenji2_pytorch.Basenji2(params).eval()
    lively(module)
    torch.save(module.state_dict(), folder / "basenji2.pth")
    options = OutputOptions(tracks=["5110", "4980"], bins=None)
    path = importer("basenji2")(
        folder / "basenji2.pth", folder / "basenji2.onnx", outputs=options, length=params["seq_length"], crop=crop
    )
    middle = (params["seq_length"] // 128 - 2 * crop) // 2

    def cut(x: Any) -> Any:
        return module(x)[:, middle - 5 : middle + 5, [5110, 4980]]

    return _Called(module, cut), path


def enformer(folder: Path, small: bool) -> tuple[Any, Path]:
    """A folder that save_pretrained wrote, as users have it."""
    import enformer_pytorch
    import torch

    from gxfast.models import OutputOptions, importer

    sizes: dict[str, Any] = {"dim": 1536, "depth": 11, "heads": 8, "target_length": 896}
    if small:
        sizes = {"dim": 384, "depth": 1, "heads": 8, "target_length": 896, "attn_dim_key": 16}
    module = enformer_pytorch.Enformer.from_hparams(**sizes, output_heads={"human": 5313, "mouse": 1643}).eval()
    lively(module)
    for layer in module.modules():
        if hasattr(layer, "to_out"):
            torch.nn.init.normal_(layer.to_out.weight, std=layer.to_out.in_features**-0.5)
    # as on the hub: pytorch_model.bin, and by this name position features as TensorFlow computed them
    weights = folder / ("enformer" if small else "enformer-official-rough")
    module.save_pretrained(weights, safe_serialization=False)
    for layer in module.modules():
        if hasattr(layer, "use_tf_gamma"):  # a table for the published width
            layer.use_tf_gamma = not small
    options = OutputOptions(tracks=["5110", "4980"])
    path = importer("enformer")(weights, folder / "enformer.onnx", outputs=options, check=False)

    def cut(x: Any) -> Any:
        return module(x)["human"][:, 447:450, [5110, 4980]]

    return _Called(module, cut), path


def borzoi(folder: Path, small: bool) -> tuple[Any, Path]:
    """A folder that save_pretrained wrote, as users have it."""
    import borzoi_pytorch
    from borzoi_pytorch.config_borzoi import BorzoiConfig

    from gxfast.models import OutputOptions, importer

    module = borzoi_pytorch.Borzoi(BorzoiConfig(**({"depth": 1, "dim": 384} if small else {}))).eval()
    lively(module)
    module.save_pretrained(folder / "borzoi")
    options = OutputOptions(tracks=["0", "7610"])
    path = importer("borzoi")(folder / "borzoi", folder / "borzoi.onnx", outputs=options, check=False)

    def cut(x: Any) -> Any:
        return module(x)[:, [0, 7610], 3064:3080]

    return _Called(module, cut), path


class _Called:
    """A module's parameters, and what of its output is compared."""

    def __init__(self, module: Any, function: Callable[[Any], Any]) -> None:
        self.parameters, self._function = module.parameters, function

    def __call__(self, x: Any) -> Any:
        return self._function(x)


def lively(module: Any) -> None:
    """Draw what starts at zero or one, so that every part of the network counts."""
    import torch

    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(layer.running_var, 0.8, 1.25)
            torch.nn.init.normal_(layer.running_mean, std=0.1)
            torch.nn.init.uniform_(layer.weight, 0.6, 1.0)
            torch.nn.init.normal_(layer.bias, std=0.1)
        elif isinstance(layer, torch.nn.Conv1d | torch.nn.Linear):
            torch.nn.init.normal_(layer.weight, std=(1.5 / layer.weight[0].numel()) ** 0.5)


_MODELS = {"basenji2": basenji2, "borzoi": borzoi, "enformer": enformer}

if __name__ == "__main__":
    main()
