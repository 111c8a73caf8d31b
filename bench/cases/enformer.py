"""Case of the Enformer architecture (Avsec et al. 2021), exported from enformer-pytorch with random weights."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from gxfast.bench.cases.ism.scan_case import scan
from gxfast.bench.cases.ism.subjects import Amount, Subject
from gxfast.bench.measure import UnavailableError
from gxfast.bench.packages import load
from gxfast.bench.registry import Case
from gxfast.models.card import ModelCard
from gxfast.models.saving import save_model

__all__ = ["FULL", "SMALL", "TINY", "Config", "cases", "export"]


@dataclass(frozen=True, slots=True)
class Config:
    """Sizes, by the names of enformer-pytorch.

    In the published network the convolution tower takes 78 % of the multiply-adds, which is what in-silico
    mutagenesis can save. The small one has 82 %: as many layers, keys of a third of the width, and one track per
    16 of the published ones, but attention over fewer bins.
    """

    length: int
    dim: int
    depth: int
    heads: int
    attn_dim_key: int
    dim_divisible_by: int
    target_length: int
    tracks: int


SMALL: Final = Config(12_288, 384, 11, 8, 16, 32, 56, 330)
TINY: Final = Config(2_048, 96, 1, 4, 8, 8, 8, 5)
FULL: Final = Config(196_608, 1536, 11, 8, 64, 128, 896, 5313)


def export(config: Config, path: Path, *, seed: int = 6) -> Path:
    """Write the ONNX file; weights above 2 GB of message size lie beside it.

    Parameters
    ----------
    config : Config
    path : Path
    seed : int

    Returns
    -------
    Path

    Raises
    ------
    UnavailableError
        Without torch and enformer-pytorch.
    """
    torch, package = load("torch", "torch"), load("enformer_pytorch", "enformer-pytorch")
    torch.manual_seed(seed)
    options = asdict(config)
    length, tracks = options.pop("length"), options.pop("tracks")
    model = package.Enformer.from_hparams(**options, output_heads={"human": tracks}).eval()
    n_bins = length // 128
    features = _constant_positions(torch, n_bins, config.dim // config.heads)
    _wake_up(torch, model)
    unfinished = path.with_suffix(".part.onnx")
    _with_features(torch, model, features, length, unfinished)
    _finish(unfinished, path, config)
    return path


def _constant_positions(torch: Any, n_bins: int, n_features: int) -> Any:
    """Compute the relative position features: they hang on the number of bins alone, and neither of the two
    exporters knows the gamma functions in them."""
    module = load("enformer_pytorch.modeling_enformer", "enformer-pytorch")
    with torch.no_grad():
        return module.get_positional_embed(n_bins, n_features, torch.device("cpu"), False)


def _wake_up(torch: Any, model: Any) -> None:
    """Draw what starts at zero, or attention would not change the output; let the statistics be those of data."""
    for module in model.modules():
        if hasattr(module, "to_out"):
            torch.nn.init.normal_(module.to_out.weight, std=module.to_out.in_features**-0.5)
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.running_var, 0.8, 1.25)
            torch.nn.init.normal_(module.running_mean, std=0.1)
        if isinstance(module, torch.nn.Conv1d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


def _with_features(torch: Any, model: Any, features: Any, length: int, path: Path) -> None:
    module = load("enformer_pytorch.modeling_enformer", "enformer-pytorch")
    computed = module.get_positional_embed
    module.get_positional_embed = lambda *args, **options: features

    class Human(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, sequence: Any) -> Any:
            return self.model(sequence)["human"]

    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Human().eval(), (torch.zeros(1, length, 4),), str(path), input_names=["sequence"],
                output_names=["prediction"], dynamic_axes={"sequence": {0: "n"}, "prediction": {0: "n"}},
                opset_version=17, dynamo=False,
            )  # fmt: skip
    finally:
        module.get_positional_embed = computed


def _finish(unfinished: Path, path: Path, config: Config) -> None:
    """Write it with its card."""
    import onnx

    middle = {"+": config.length // 2, "-": config.length // 2}
    card = ModelCard(
        name="enformer", layout="NLC", length=config.length, tss_index=middle, output_layout="NBT", reduce="mean"
    )
    model = onnx.load(unfinished)
    unfinished.unlink()
    save_model(model, card, path)


def _exported(name: str, config: Config, folder: Path) -> Path:
    """An earlier export, or a new one where the packages for it are installed."""
    path = folder / f"{name}.onnx"
    if path.exists():
        return path
    try:
        return export(config, path)
    except UnavailableError as reason:
        raise UnavailableError(f"{reason}, or run bench/export_enformer.py where it is installed") from None


def cases() -> dict[str, Case]:
    """Return the case by name."""
    subject = Subject(
        "ism-enformer-small-12288",
        {"tiny": partial(_exported, "enformer-tiny", TINY), "real": partial(_exported, "enformer-small", SMALL)},
        {"tiny": Amount(6, 12), "small": Amount(63, 8), "real": Amount(63, 8)},
        4,
        note="random weights; the published size is 196,608 bases",
    )
    return {subject.name: partial(scan, subject)}
