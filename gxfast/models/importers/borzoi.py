"""Borzoi (Linder et al. 2025) from borzoi-pytorch, bins and tracks cut inside the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ..._objects import options_of
from ...errors import InputError
from ..card import ModelCard, card_from_json
from ._torch_export import export_module, kept_rows, needed, pretrained, replaced
from .outputs import OutputOptions, choose_outputs

__all__ = ["LENGTH", "export_borzoi", "import_borzoi"]

LENGTH: Final = 524_288
BIN: Final = 32
_SOURCE: Final = "Borzoi, Linder J et al., Nature Genetics 2025, doi:10.1038/s41588-024-02053-6; the user's copy"


def import_borzoi(
    weights: str | Path, output: str | Path, *, name: str | None = None, outputs: OutputOptions | None = None,
    check: bool = True,
) -> Path:  # fmt: skip
    """Convert Borzoi's human head to ONNX; its layers of attention are the plain ones, not FlashAttention.

    Parameters
    ----------
    weights : str or Path
        A folder that ``save_pretrained`` wrote, or a name on the hub such as ``johahi/borzoi-replicate-0``.
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    name : str, optional
        ``borzoi`` by default.
    outputs : OutputOptions
        Tracks must be named; the mean of the 16 bins of 32 bases around the TSS by default. Values are as the
        model gives them: squashed coverage.
    check : bool
        Compare the file with PyTorch on two sequences.

    Raises
    ------
    InputError
        If torch or borzoi-pytorch is missing, the weights cannot be read, or an output does not exist.
    ModelError
        If the file does not compute what PyTorch computes.
    """
    package = needed("borzoi_pytorch", "borzoi-pytorch")
    model = pretrained(
        package.Borzoi.from_pretrained, weights, "borzoi-pytorch", "johahi/borzoi-replicate-0 where the hub answers"
    )
    return export_borzoi(model.eval(), output, name=name, outputs=outputs, check=check)


def export_borzoi(
    model: Any, output: str | Path, *, name: str | None = None, outputs: OutputOptions | None = None,
    check: bool = True, length: int = LENGTH,
) -> Path:  # fmt: skip
    """Export a model in memory; see `import_borzoi`."""
    if getattr(model, "flashed", False):
        raise InputError("FlashAttention runs on CUDA alone and cannot be exported", remedy="use Borzoi, not Flashzoi")
    outputs = options_of(OutputOptions, outputs, "outputs")
    n_bins = model.crop.target_length
    readout = choose_outputs(
        outputs, n_bins=n_bins, n_tracks=model.human_head.out_channels, flipped=False,
        default_bins=range(max(n_bins // 2 - 8, 0), min(n_bins // 2 + 8, n_bins)), bin_size=BIN,
        bin_start=(length - n_bins * BIN) // 2,
    )  # fmt: skip
    card = ModelCard(
        name=name or "borzoi", layout="NCL", length=length, tss_index={"+": length // 2, "-": length // 2},
        reverse_complement_minus=False, input_name="sequence", output_name="prediction", output_layout="NTB",
        reduce="mean", source=_SOURCE,
    )  # fmt: skip
    card = card_from_json(readout.on(card, outputs).to_json(), source="borzoi")
    module = _human_output(model, readout.first, readout.last, readout.tracks)
    attention = needed("borzoi_pytorch.pytorch_borzoi_transformer", "borzoi-pytorch")
    # The relative shift strides over memory, which no exporter knows.
    with replaced(attention, "fast_relative_shift", _relative_shift):
        return export_module(module, card, (4, length), Path(output), check=check)[0]


def _human_output(model: Any, first: int, last: int, tracks: tuple[int, ...]) -> Any:
    """Sequences (N, 4, L) to the human head's tracks and bins [first, last)."""
    torch = needed("torch", "torch")
    whole = model.human_head
    head = kept_rows(whole, torch.nn.Conv1d(whole.in_channels, len(tracks), 1), tracks)

    class Cut(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model, self.head = model, head

        def forward(self, sequence: Any) -> Any:
            x = self.model.get_embs_after_crop(sequence)[:, :, first:last]
            return torch.nn.functional.softplus(self.head(self.model.final_joined_convs(x)))

    return Cut().eval()


def _relative_shift(queries: Any, keys: Any) -> Any:
    """Logits by distance, (N, H, I, 2 I - 1), moved to logits by position, (N, H, I, I)."""
    torch = needed("torch", "torch")
    logits = torch.einsum("b h i d, h j d -> b h i j", queries, keys)
    heads, n, distances = logits.shape[1:]
    moved = torch.nn.functional.pad(logits, (1, 0)).reshape(-1, heads, distances + 1, n)
    return moved[:, :, 1:].reshape(-1, heads, n, distances)[..., :n]
