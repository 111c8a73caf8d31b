"""Small networks in torch, whose non-linear functions are modules, as the peers of contributions need them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tangermeme.deep_lift_shap import BilinearOp
from torch import nn


class BPNet(nn.Module):
    """Dilated residual layers; ``head``: counts, or the mean-normalised profile weighted by its own softmax."""

    def __init__(self, head: str, length: int = 300, filters: int = 16, bias: nn.Module | None = None) -> None:
        super().__init__()
        self.first, self.relu = nn.Conv1d(4, filters, 21, padding=10), nn.ReLU()
        self.layers = nn.ModuleList(nn.Conv1d(filters, filters, 3, padding=2**i, dilation=2**i) for i in range(1, 5))
        self.relus = nn.ModuleList(nn.ReLU() for _ in self.layers)
        self.profile, self.counts = nn.Conv1d(filters, 1, 25, padding=12), nn.Linear(filters, 1)
        self.head, self.softmax, self.times = head, nn.Softmax(-1), BilinearOp("...,...->...")
        self.exp, self.log = Exp(), Log()
        self.bias = bias
        for module in (self.first, *self.layers, self.profile, self.counts):
            nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Any) -> Any:
        x_ = self.relu(self.first(x))
        for layer, relu in zip(self.layers, self.relus, strict=True):
            x_ = x_ + relu(layer(x_))
        if self.head == "profile":
            logits = self.profile(x_)[:, :, 50:-50].squeeze(1)
            logits = logits - logits.mean(-1, keepdim=True)
            return self.times(logits, self.softmax(logits)).sum(-1, keepdim=True)
        counts = self.counts(x_.mean(-1))
        return counts if self.bias is None else self.log(self.exp(counts) + self.exp(self.bias(x)))


class Exp(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.exp(x)


class Log(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.log(x)


class Basset(nn.Module):
    """Convolutions with batch norm, max pools and dense layers; ``act`` is the activation."""

    def __init__(
        self, act: type[nn.Module] = nn.ReLU, overlap: bool = False, last: str = "", mean: bool = False
    ) -> None:
        super().__init__()
        kind = nn.AvgPool1d if mean else nn.MaxPool1d
        pool = nn.MaxPool1d(4, 2) if overlap else kind(3)
        self.net = nn.Sequential(
            nn.Conv1d(4, 20, 11, padding=5), nn.BatchNorm1d(20), act(), pool,
            nn.Conv1d(20, 24, 7, padding=3), nn.BatchNorm1d(24), act(), kind(4), nn.Flatten(),
        )  # fmt: skip
        size = self.net(torch.zeros(2, 4, 300)).shape[1]
        self.dense = nn.Sequential(nn.Linear(size, 16), act(), nn.Linear(16, 3))
        self.last: nn.Module = {"softmax": nn.Softmax(-1), "sigmoid": nn.Sigmoid(), "norm": nn.LayerNorm(3)}.get(
            last, nn.Identity()
        )
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
            if isinstance(module, nn.BatchNorm1d):
                nn.init.uniform_(module.running_var, 0.5, 2.0)
                nn.init.normal_(module.running_mean, 0.0, 0.2)

    def forward(self, x: Any) -> Any:
        return self.last(self.dense(self.net(x)))


def networks() -> dict[str, nn.Module]:
    """Return the networks, with fixed weights."""
    torch.manual_seed(0)
    return {
        "bpnet counts": BPNet("counts"),
        "bpnet profile": BPNet("profile"),
        "chrombpnet counts": BPNet("counts", bias=BPNet("counts", filters=4)),
        "basset": Basset(),
        "basset with mean pools": Basset(mean=True),
        "basset with overlapping pools": Basset(overlap=True),
        "basset elu, sigmoid": Basset(nn.ELU, last="sigmoid", mean=True),
        "basset gelu": Basset(nn.GELU),
        "basset silu, softmax": Basset(nn.SiLU, last="softmax"),
        "basset softplus, layer norm": Basset(nn.Softplus, last="norm"),
    }


def exported(module: nn.Module, path: Path, length: int = 300) -> Path:
    """Write the module as ONNX with a dynamic batch."""
    axes = {"sequence": {0: "n"}, "y": {0: "n"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there is a newer exporter, which needs more packages
        torch.onnx.export(
            module.eval(), (torch.zeros(2, 4, length),), str(path), input_names=["sequence"], output_names=["y"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
    return path


def one_hot(letters: NDArray[np.uint8]) -> torch.Tensor:
    """Codes (..., L) as (..., 4, L), float32."""
    return torch.tensor(np.moveaxis(np.eye(5, 4, dtype=np.float32)[letters], -1, -2).copy())
