"""Enformer (Avsec et al. 2021) from enformer-pytorch, bins and tracks cut inside the graph.

The relative position features hang on the number of bins alone; they are a constant of the graph, because no exporter
knows the gamma functions in them. Features as TensorFlow computed them (``use_tf_gamma``) are used where the weights
say so, as `enformer_pytorch.from_pretrained` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ..._objects import options_of
from ...errors import InputError
from ..card import ModelCard, card_from_json
from ._torch_export import export_module, kept_rows, needed, pretrained, replaced
from .outputs import OutputOptions, choose_outputs

__all__ = ["LENGTH", "HumanOutput", "import_enformer"]

LENGTH: Final = 196_608
BIN: Final = 128
_OFFICIAL: Final = "EleutherAI/enformer-official-rough"
_SOURCE: Final = "Enformer, Avsec Z et al., Nature Methods 2021, doi:10.1038/s41592-021-01252-x; the user's copy"


def import_enformer(
    weights: str | Path, output: str | Path, *, name: str | None = None, outputs: OutputOptions | None = None,
    length: int = LENGTH, check: bool = True,
) -> Path:  # fmt: skip
    """Convert Enformer's human head to ONNX, with the window of the papers in the card.

    Parameters
    ----------
    weights : str or Path
        A folder that ``save_pretrained`` wrote, or a name on the hub (needs the network once). The official weights,
        by hub name or in a folder called ``enformer-official-rough``, get TensorFlow's position features.
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    name : str, optional
        ``enformer`` by default.
    outputs : OutputOptions
        Tracks must be named; bins 447-449 (of 896) and their mean by default.
    length : int
        Bases of the input; 393,216 as on the hub are cropped to the middle 196,608 inside the graph.
    check : bool
        Compare the file with PyTorch on two sequences.

    Raises
    ------
    InputError
        If torch or enformer-pytorch is missing, the weights cannot be read, or an output does not exist.
    ModelError
        If the file does not compute what PyTorch computes.
    """
    needed("torch", "torch")
    package = needed("enformer_pytorch", "enformer-pytorch")
    folder = Path(weights)
    official = str(weights) == _OFFICIAL or folder.name == _OFFICIAL.partition("/")[2]
    model = pretrained(package.from_pretrained, weights, "enformer-pytorch", f"{_OFFICIAL} where the hub answers")
    for module in model.modules():
        if official and hasattr(module, "use_tf_gamma"):  # the package itself knows the name on the hub alone
            module.use_tf_gamma = True
    return export_enformer(model.eval(), output, name=name, outputs=outputs, length=length, check=check)


def export_enformer(
    model: Any, output: str | Path, *, name: str | None = None, outputs: OutputOptions | None = None,
    length: int = LENGTH, check: bool = True,
) -> Path:  # fmt: skip
    """Export a model in memory; see `import_enformer`."""
    outputs = options_of(OutputOptions, outputs, "outputs")
    if "human" not in model.heads:
        raise InputError("the model has no human head", remedy="name weights with one")
    reads = min(length, LENGTH)
    if (length - reads) % 2 or reads % BIN:
        raise InputError(f"{length} bases cannot be cropped to {reads} in the middle, or are no whole bins")
    n_bins, n_tracks = model.target_length, model.heads["human"][0].out_features
    middle = range(max(n_bins // 2 - 1, 0), min(n_bins // 2 + 2, n_bins))
    readout = choose_outputs(
        outputs, n_bins=n_bins, n_tracks=n_tracks, default_bins=middle, flipped=False, bin_size=BIN,
        bin_start=(length - n_bins * BIN) // 2,
    )  # fmt: skip
    card = ModelCard(
        name=name or "enformer", layout="NLC", length=length, tss_index={"+": length // 2, "-": length // 2},
        reverse_complement_minus=False, input_name="sequence", unknown=0.25, output_name="prediction",
        output_layout="NBT", reduce="mean", license="", source=_SOURCE,
    )  # fmt: skip
    card = card_from_json(readout.on(card, outputs).to_json(), source="enformer")
    module = HumanOutput(model, readout.first, readout.last, readout.tracks, (length - reads) // 2)
    with _constant_positions(model, reads // BIN):
        return export_module(module, card, (length, 4), Path(output), check=check)[0]


def HumanOutput(model: Any, first: int, last: int, tracks: tuple[int, ...], crop: int) -> Any:  # noqa: N802
    """Return a module: sequences (N, L, 4) to the human head's bins [first, last) and tracks.

    The dense layer keeps the rows of the tracks, and what is pointwise sees the bins alone.
    """
    torch = needed("torch", "torch")
    whole = model.heads["human"][0]
    head = kept_rows(whole, torch.nn.Linear(whole.in_features, len(tracks)), tracks)

    class Cut(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.trunk, self.pointwise, self.head = model.trunk[:-1], model.trunk[-1], head

        def forward(self, sequence: Any) -> Any:
            x = self.trunk(sequence[:, crop : sequence.shape[1] - crop] if crop else sequence)
            return torch.nn.functional.softplus(self.head(self.pointwise(x[:, first:last])))

    return Cut().eval()


@contextmanager
def _constant_positions(model: Any, bins: int) -> Iterator[None]:
    """While it lasts, enformer-pytorch takes position features from a table instead of computing them."""
    torch = needed("torch", "torch")
    package = needed("enformer_pytorch.modeling_enformer", "enformer-pytorch")
    attention = next(m for m in model.modules() if isinstance(m, package.Attention))
    with torch.no_grad():
        features = package.get_positional_embed(
            bins, attention.num_rel_pos_features, torch.device("cpu"), attention.use_tf_gamma
        )
    with replaced(package, "get_positional_embed", lambda *_, **__: features):
        yield
