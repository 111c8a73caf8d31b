"""Write the networks of `modules` as ONNX files, each by both exporters of PyTorch.

    python -m bench.networks.export FOLDER [NAME ...]

Needs torch and onnxscript. Normalisations get drawn statistics, so that they are not the identity.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sys
import warnings
from pathlib import Path

import torch

from .modules import NETWORKS


def main() -> None:
    """Write what is named, or everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(NETWORKS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for name in arguments.names:
        export(name, arguments.folder)


def export(name: str, folder: Path) -> None:
    """Write one network twice; an exporter that refuses it is named."""
    make, length = NETWORKS[name]
    torch.manual_seed(7)
    module = make().eval()
    example = torch.nn.functional.one_hot(torch.randint(0, 4, (2, length)), 4).transpose(1, 2).float()
    with torch.no_grad():
        module(example)
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm1d):
                torch.nn.init.normal_(part.running_mean, 0.0, 0.1)
                torch.nn.init.uniform_(part.running_var, 0.5, 2.0)
    for exporter in ("torchscript", "dynamo"):
        path = folder / f"{name}.{exporter}.onnx"
        settings = {"input_names": ["sequence"], "output_names": ["value"], "opset_version": 18}
        if exporter == "dynamo":
            settings |= {"dynamo": True, "dynamic_shapes": ({0: torch.export.Dim("n")},), "external_data": False}
        else:
            settings |= {"dynamo": False, "dynamic_axes": {"sequence": {0: "n"}, "value": {0: "n"}}}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                torch.onnx.export(module, (example,), str(path), **settings)
        except Exception as error:  # exporters raise whatever they come to
            print(f"{name}: {exporter} refuses it: {str(error).splitlines()[0]}", file=sys.stderr)
            continue
        print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
