"""The networks, in PyTorch: blocks as the published models have them, sizes that two cores can measure.

Each entry of `NETWORKS` gives a module in evaluation mode and the bases it reads; inputs are (N, 4, L).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as f

__all__ = ["NETWORKS"]


def conv(c_in: int, c_out: int, k: int, *after: nn.Module, **settings: Any) -> nn.Sequential:
    """A convolution, "same" unless said otherwise, and what comes after it."""
    settings.setdefault("padding", (k - 1) * settings.get("dilation", 1) // 2)
    return nn.Sequential(nn.Conv1d(c_in, c_out, k, **settings), *after)


def normed(c_in: int, c_out: int, k: int, *after: nn.Module, **settings: Any) -> nn.Sequential:
    """A convolution with batch normalisation."""
    return conv(c_in, c_out, k, nn.BatchNorm1d(c_out), *after, **settings)


def dense(*sizes: int, last: int) -> nn.Sequential:
    """Flatten, hidden layers with ReLU, and the outputs."""
    layers: list[nn.Module] = [nn.Flatten()]
    for size in sizes:
        layers += [nn.LazyLinear(size), nn.ReLU()]
    return nn.Sequential(*layers, nn.LazyLinear(last))


class Residual(nn.Module):
    """x + inner(x), the longer of them cut in the middle."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        y = self.inner(x)
        cut = (x.shape[-1] - y.shape[-1]) // 2
        return (x[..., cut : x.shape[-1] - cut] if cut else x) + y


class Wide(nn.Module):
    """Convolutions over (1, k) of an image of one row, as Beluga has them."""

    def __init__(self) -> None:
        super().__init__()
        sizes, layers = ((4, 64), (64, 64), (64, 96), (96, 96), (96, 128), (128, 128)), []
        for i, (c_in, c_out) in enumerate(sizes):
            layers += [nn.Conv2d(c_in, c_out, (1, 8)), nn.ReLU()]
            layers += [nn.MaxPool2d((1, 4))] if i in (1, 3) else []
        self.trunk, self.head = nn.Sequential(*layers), dense(256, last=64)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.head(self.trunk(x.unsqueeze(2))))


class Recurrent(nn.Module):
    """A convolution, a pool, a recurrent layer in both directions, dense layers."""

    def __init__(self, cell: type[nn.Module], hidden: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(4, 96, 26, nn.ReLU(), nn.MaxPool1d(13), padding=0))
        self.cell, self.head = cell(96, hidden, bidirectional=True, batch_first=True), dense(128, last=20)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.head(self.cell(self.stem(x).transpose(1, 2))[0]))


class Counts(nn.Module):
    """BPNet: dilated residual layers, then counts and profile side by side in one output."""

    def __init__(self, filters: int = 64, layers: int = 8, padded: bool = True, profile: bool = True) -> None:
        super().__init__()
        self.stem = conv(4, filters, 21, nn.ReLU(), padding=10 if padded else 0)
        self.layers = nn.Sequential(*(
            Residual(conv(filters, filters, 3, nn.ReLU(), dilation=2**i, padding=2**i if padded else 0))
            for i in range(1, layers + 1)
        ))  # fmt: skip
        self.counts = nn.Linear(filters, 2)
        self.profile = nn.Conv1d(filters, 2, 75, padding=37 if padded else 0) if profile else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.stem(x))
        counts = self.counts(x.mean(dim=-1))
        if self.profile is None:
            return torch.as_tensor(counts)
        shape = torch.softmax(self.profile(x).flatten(1), dim=-1)
        return torch.cat([counts, shape[:, ::50]], dim=1)


class Corrected(nn.Module):
    """ChromBPNet: the log of a sum of a bias model's counts and another's."""

    def __init__(self) -> None:
        super().__init__()
        self.bias, self.signal = Counts(24, 4, False, False), Counts(64, 8, False, False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.logsumexp(torch.stack([self.bias(x), self.signal(x)]), dim=0)


class Branched(nn.Module):
    """Malinois: a shared trunk, and dense layers of its own for each output."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            normed(4, 96, 19, nn.ReLU(), nn.MaxPool1d(3)), normed(96, 80, 11, nn.ReLU(), nn.MaxPool1d(4)),
            normed(80, 80, 7, nn.ReLU(), nn.MaxPool1d(4)), nn.Flatten(), nn.LazyLinear(256), nn.ReLU(),
        )  # fmt: skip
        self.branches = nn.ModuleList(nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 1)) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Sei(nn.Module):
    """Linear and non-linear convolutions side by side, a dilated stack, a projection over positions."""

    def __init__(self) -> None:
        super().__init__()
        sizes, layers = ((4, 48), (48, 64), (64, 80)), []
        for i, (c_in, c_out) in enumerate(sizes):
            layers.append(nn.Sequential(*([nn.MaxPool1d(4)] if i else []), conv(c_in, c_out, 9), conv(c_out, c_out, 9)))
            layers.append(Residual(conv(c_out, c_out, 9, nn.ReLU()), conv(c_out, c_out, 9, nn.ReLU())))
        layers += [Residual(conv(80, 80, 5, nn.ReLU(), dilation=d)) for d in (2, 4, 8, 16)]
        self.trunk, self.spline, self.head = nn.Sequential(*layers), nn.Linear(256, 16), dense(last=40)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.head(self.spline(self.trunk(x))))


class Squeeze(nn.Module):
    """A gate per channel from the mean over all positions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(4, channels // 4)
        self.gate = nn.Sequential(nn.Linear(channels, inner), nn.SiLU(), nn.Linear(inner, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x.mean(dim=-1)).unsqueeze(-1)


class Beside(nn.Module):
    """The input and what is made of it, side by side on the channels."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.inner(x), x], dim=1)


def legnet_block(c: int, out: int) -> nn.Sequential:
    """Expand, depthwise, squeeze-and-excite, contract; joined with the input; a pool."""
    inner = [normed(c, 2 * c, 1, nn.SiLU()), normed(2 * c, 2 * c, 7, nn.SiLU(), groups=2 * c), Squeeze(2 * c)]
    return nn.Sequential(Beside(*inner, normed(2 * c, c, 1, nn.SiLU())), normed(2 * c, out, 7, nn.SiLU()))


class Mean(nn.Module):
    """The mean over positions."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=-1)


class Last(nn.Module):
    """A layer that works on the last axis, over the channels."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.inner(x.transpose(1, 2)).transpose(1, 2))


def convnext_block(c: int) -> Residual:
    """Depthwise convolution, layer normalisation over channels, two pointwise layers."""
    pointwise = Last(nn.LayerNorm(c), nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c))
    return Residual(conv(c, c, 7, groups=c), pointwise)


class UNet(nn.Module):
    """Borzoi: a tower of pools, attention at the bottom, and joins on the way up."""

    def __init__(self) -> None:
        super().__init__()
        c = 48
        self.stem = conv(4, c, 15, nn.MaxPool1d(2))
        self.down = nn.ModuleList(normed(c, c, 5, nn.GELU(approximate="tanh"), nn.MaxPool1d(2)) for _ in range(5))
        self.attention = Attention(c, 4)
        self.up = nn.ModuleList(conv(c, c, 3, groups=c) for _ in range(2))
        self.skip = nn.ModuleList(nn.Conv1d(c, c, 1) for _ in range(2))
        self.head = nn.Conv1d(c, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x, kept = self.stem(x), []
        for layer in self.down:
            kept.append(x)
            x = layer(x)
        x = self.attention(x)
        for i, (up, skip) in enumerate(zip(self.up, self.skip, strict=True)):
            x = up(f.interpolate(x, scale_factor=2, mode="nearest") + skip(kept[-1 - i]))
        return f.softplus(self.head(x[..., 8:-8])).mean(dim=-1)


class Attention(nn.Module):
    """A transformer layer over positions."""

    def __init__(self, c: int, heads: int) -> None:
        super().__init__()
        self.heads, self.norm, self.qkv, self.out = heads, nn.LayerNorm(c), nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.feed = nn.Sequential(nn.LayerNorm(c), nn.Linear(c, 2 * c), nn.ReLU(), nn.Linear(2 * c, c))

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        n, length, c = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, length, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / (c // self.heads) ** 0.5, dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(n, length, c))
        return torch.as_tensor((x + self.feed(x)).transpose(1, 2))


class SoftPool(nn.Module):
    """Pool two positions by attention, as Enformer does."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.weight = nn.Conv2d(c, c, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], x.shape[1], x.shape[2] // 2, 2)
        return (x * torch.softmax(self.weight(x), dim=-1)).sum(dim=-1)


def before(c_in: int, c_out: int, k: int, **settings: Any) -> nn.Sequential:
    """Normalise, activate, convolve."""
    return nn.Sequential(nn.BatchNorm1d(c_in), Swish(), *conv(c_in, c_out, k, **settings))


class Swish(nn.Module):
    """GELU as Basenji approximates it."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class Enformer(nn.Module):
    """A tower with attention pools, attention, a crop, tracks."""

    def __init__(self) -> None:
        super().__init__()
        c = 48
        tower = [conv(4, c, 15), Residual(before(c, c, 1)), SoftPool(c)]
        for _ in range(4):
            tower += [before(c, c, 5), Residual(before(c, c, 1)), SoftPool(c)]
        self.trunk = nn.Sequential(*tower, Attention(c, 4), Attention(c, 4))
        self.head = nn.Conv1d(c, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return f.softplus(self.head(self.trunk(x)[..., 20:-20])).mean(dim=-1)


class Basenji(nn.Module):
    """A tower of pools and a dilated residual stack; the middle bins of some tracks."""

    def __init__(self) -> None:
        super().__init__()
        c, layers = 48, [conv(4, 48, 15, nn.BatchNorm1d(48), nn.MaxPool1d(2))]
        layers += [nn.Sequential(before(c, c, 5), nn.BatchNorm1d(c), nn.MaxPool1d(2)) for _ in range(4)]
        layers += [Residual(before(c, c // 2, 3, dilation=d), before(c // 2, c, 1)) for d in (1, 2, 3, 4, 6, 9)]
        self.trunk, self.head = nn.Sequential(*layers, before(c, 2 * c, 1)), nn.Conv1d(2 * c, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = f.softplus(self.head(self.trunk(x)))
        middle = x.shape[-1] // 2
        return x[..., middle - 5 : middle + 5].mean(dim=-1)


class Strands(nn.Module):
    """The mean of both strands, inside the model."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor((self.inner(x) + self.inner(x.flip((1, 2)))) / 2)


class Shifts(nn.Module):
    """The mean over three shifts, inside the model."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        rows = [f.pad(x, (3, 0))[..., : x.shape[-1]], x, f.pad(x, (0, 3))[..., 3:]]
        return torch.as_tensor(sum(self.inner(row) for row in rows) / 3)


class Hyena(nn.Module):
    """Gated convolutions as long as the sequence."""

    def __init__(self, length: int) -> None:
        super().__init__()
        c = 32
        self.stem, self.gate = conv(4, c, 7, nn.GELU(), stride=4), nn.Conv1d(c, c, 1)
        self.long = nn.Conv1d(c, c, length // 4, padding=length // 8, groups=c)
        self.head = nn.Linear(c, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        long = self.long(x)[..., : x.shape[-1]]
        return torch.as_tensor(self.head((x + long * torch.sigmoid(self.gate(x))).mean(dim=-1)))


def basset(last: int = 32) -> nn.Sequential:
    """Three convolutions with pools of 3, 4 and 4."""
    return nn.Sequential(
        normed(4, 128, 19, nn.ReLU(), nn.MaxPool1d(3)), normed(128, 96, 11, nn.ReLU(), nn.MaxPool1d(4)),
        normed(96, 96, 7, nn.ReLU(), nn.MaxPool1d(4)), dense(256, 256, last=last),
    )  # fmt: skip


def deepsea() -> nn.Sequential:
    """Convolutions of 8 without padding, two pools of 4."""
    return nn.Sequential(
        conv(4, 96, 8, nn.ReLU(), nn.MaxPool1d(4), padding=0), conv(96, 128, 8, nn.ReLU(), nn.MaxPool1d(4), padding=0),
        conv(128, 160, 8, nn.ReLU(), padding=0), dense(256, last=64),
    )  # fmt: skip


def deepstarr() -> nn.Sequential:
    """Four small convolutions with pools of 2."""
    sizes = ((4, 128, 7), (128, 60, 3), (60, 60, 5), (60, 120, 3))
    return nn.Sequential(*(normed(*size, nn.ReLU(), nn.MaxPool1d(2)) for size in sizes), dense(256, 256, last=2))


def legnet() -> nn.Sequential:
    """Blocks with squeeze-and-excite, then the mean over positions."""
    blocks = (*legnet_block(64, 48), nn.MaxPool1d(2), *legnet_block(48, 48), nn.MaxPool1d(2))
    return nn.Sequential(normed(4, 64, 11, nn.SiLU()), *blocks, normed(48, 64, 1, nn.SiLU()), Mean(), dense(last=4))


def convnext(stride: int) -> nn.Sequential:
    """Blocks behind a stem of one stride."""
    stem = conv(4, 48, 15 if stride == 1 else stride, stride=stride, padding=7 if stride == 1 else 0)
    return nn.Sequential(stem, *(convnext_block(48) for _ in range(3)), Mean(), nn.LayerNorm(48), dense(last=4))


def resnext() -> nn.Sequential:
    """Grouped convolutions in residual blocks, strides in between."""
    layers: list[nn.Module] = [normed(4, 64, 15, nn.ReLU())]
    for _ in range(3):
        inner = normed(64, 64, 1, nn.ReLU()), normed(64, 64, 5, nn.ReLU(), groups=8), normed(64, 64, 1)
        layers += [Residual(*inner), nn.ReLU(), nn.AvgPool1d(4)]
    return nn.Sequential(*layers, dense(128, last=8))


def xpresso() -> nn.Sequential:
    """Two convolutions, pools of 30 and 10, dense layers."""
    return nn.Sequential(
        conv(4, 128, 7, nn.ReLU(), nn.MaxPool1d(30)), conv(128, 32, 9, nn.ReLU(), nn.MaxPool1d(10)),
        dense(64, 2, last=1),
    )  # fmt: skip


_Made = tuple[Callable[[], nn.Module], int]
NETWORKS: Final[dict[str, _Made]] = {
    "deepsea-1000": (deepsea, 1000),
    "beluga-2000": (Wide, 2000),
    "basset-600": (basset, 600),
    "basset-2000": (basset, 2000),
    "danq-500": (lambda: Recurrent(nn.LSTM, 96), 500),
    "danq-1000": (lambda: Recurrent(nn.LSTM, 96), 1000),
    "gru-600": (lambda: Recurrent(nn.GRU, 64), 600),
    "bpnet-1000": (lambda: Counts(32, 6), 1000),
    "bpnet-2114": (Counts, 2114),
    "chrombpnet-2114": (Corrected, 2114),
    "malinois-600": (Branched, 600),
    "sei-4096": (Sei, 4096),
    "legnet-500": (legnet, 500),
    "convnext-1000": (lambda: convnext(1), 1000),
    "convnext-stride-2000": (lambda: convnext(4), 2000),
    "borzoi-4096": (UNet, 4096),
    "enformer-4096": (Enformer, 4096),
    "basenji-8192": (Basenji, 8192),
    "strands-600": (lambda: Strands(basset(8)), 600),
    "shifts-600": (lambda: Shifts(basset(8)), 600),
    "hyena-1024": (lambda: Hyena(1024), 1024),
    "deepstarr-249": (deepstarr, 249),
    "resnext-1024": (resnext, 1024),
    "xpresso-10500": (xpresso, 10500),
}
