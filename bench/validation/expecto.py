"""ExPecto at full size with random weights: one ONNX model against Beluga in PyTorch, window by window.

Usage: python bench/validation/expecto.py FOLDER [BELUGA.pth]
Needs torch. Writes beluga.pth (random weights, unless given), random.save and the imported model to FOLDER.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gxfast.models import Model
from gxfast.models.importers.expecto import SHIFTS, expecto_features, read_gblinear
from gxfast.models.importers.expecto_graph import LENGTH, WINDOW, import_expecto

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from oracles.expecto_files import save_bytes


class Beluga(nn.Module):
    """The published network: six convolutions, two dense layers, 2,002 chromatin features of 2,000 bp."""

    def __init__(self) -> None:
        super().__init__()
        pool = nn.MaxPool2d((1, 4), (1, 4))
        trunk: list[nn.Module] = []
        for k, (before, after) in enumerate([(4, 320), (320, 320), (320, 480), (480, 480), (480, 640), (640, 640)]):
            trunk += [nn.Conv2d(before, after, (1, 8)), nn.ReLU()]
            if k in (1, 3):
                trunk += [nn.Dropout(0.2), pool]
        dense = [nn.Dropout(0.5), nn.Flatten(), nn.Sequential(nn.Identity(), nn.Linear(67_840, 2003)), nn.ReLU()]
        dense += [nn.Sequential(nn.Identity(), nn.Linear(2003, 2002))]
        self.model = nn.Sequential(nn.Sequential(*trunk), nn.Sequential(*dense), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, 1, 2000), channels A, G, C, T, to (N, 2002)."""
        return self.model(x)


def main() -> int:
    """Print sizes, times and the difference; exit code 1 above 1e-6 of the value."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    network = Beluga().eval()
    source = Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "beluga.pth"
    if len(sys.argv) > 2:
        network.load_state_dict(torch.load(source, map_location="cpu", weights_only=True))
    else:
        torch.save(network.state_dict(), source)
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters")
    weights = np.random.default_rng(1).normal(size=20_031) * 0.01
    (folder / "random.save").write_bytes(save_bytes(weights))
    start = time.perf_counter()
    path = import_expecto(source, folder, head=folder / "random.save")
    print(f"imported in {time.perf_counter() - start:.1f} s: {path.stat().st_size / 1e6:.0f} MB")
    codes = np.random.default_rng(0).integers(0, 4, LENGTH)
    model = Model(path)
    letters = np.frombuffer(b"AGCT", np.uint8)[codes][None]
    model.predict(letters)
    start = time.perf_counter()
    own = float(np.asarray(model.predict(letters)).reshape(-1)[0])
    taken = time.perf_counter() - start
    x = torch.tensor((codes == np.arange(4)[:, None]).astype(np.float32))
    windows = torch.stack([x[:, 200 * w : 200 * w + WINDOW] for w in range(len(SHIFTS))])[:, :, None]
    start = time.perf_counter()
    with torch.inference_mode():
        outputs = torch.cat([(network(part) + network(part.flip([1, 3]))) / 2 for part in windows.split(20)])
    windowed = time.perf_counter() - start
    expected = float(read_gblinear(folder / "random.save").predict(expecto_features(outputs.numpy()[None]))[0])
    print(f"gxfast {own:.7f}, window by window {expected:.7f}: differ by {abs(own - expected):.1e}")
    print(f"one haplotype: windows in PyTorch take {windowed / taken:.1f} times as long")
    return int(abs(own - expected) > 1e-6 * max(1, abs(expected)))


if __name__ == "__main__":
    sys.exit(main())
