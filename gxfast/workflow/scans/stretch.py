"""The stretch that is drawn: computed now, or read from a finished scan; and its three files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GxfastError, InputError, ModelError, did_you_mean
from ...io.files import atomic_write
from ...io.numbers import whole_number
from ...io.tables import write_table
from ...io.tables.plain import number_texts
from ...ism import Outputs, Plan, plan
from ...reporting.plots.logo import BASES, plot_scan, reference_heights
from ...reporting.plots.style import STYLE
from .cubes import require_zarr
from .saturation import saturate_blocks
from .sources import REFERENCE, RowSource
from .targets import Layout, nothing_scanned

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["ScannedStretch", "figure_paths", "plan_track", "read_stretch", "scan_stretch", "write_stretch"]

# Names that a message lists.
_LISTED = 5
_LARGEST = 2**28  # of an axis: no chromosome of man is longer


@dataclass(frozen=True, slots=True, eq=False)
class ScannedStretch:
    """The effects of one track along one sequence, on the forward strand.

    Attributes
    ----------
    name, chrom, strand, haplotype, track : str
    positions : int64 array, shape (L',)
        0-based; -1 where a base is inserted.
    reference : uint8 array, shape (L',)
        Codes.
    effects : float32 array, shape (L', 4)
        Mutant minus reference; NaN where nothing was scanned.
    tss : int or None
    """

    name: str
    chrom: str
    strand: str
    haplotype: str
    track: str
    positions: NDArray[np.int64]
    reference: NDArray[np.uint8]
    effects: NDArray[np.float32]
    tss: int | None = None

    @property
    def title(self) -> str:
        """What the figure is headed with."""
        carrier = "" if self.haplotype == REFERENCE else f", haplotype {self.haplotype}"
        return f"{self.name}{carrier}: {self.track}"


def plan_track(model: Model, track: str | None) -> tuple[Plan, int]:
    """Plan the scan of one track; return the plan and the index of the track in it.

    Parameters
    ----------
    model : Model
    track : str or None
        A name, an index on the track axis of the model's output, or None where there is only one.

    Raises
    ------
    InputError
        If there is no such track, or several and none was named.
    """
    card = model.card
    by_name = track in (card.track_names or ())
    wanted: str | int | None = track if by_name else whole_number(track or "")
    try:
        one = plan(model, Outputs(tracks=None if wanted is None else (wanted,)))
    except ModelError as error:
        if error.remedy is not None or not isinstance(wanted, int):
            raise
        raise InputError(
            error.message, path=model.path, remedy="give `track=` a name, or an index on the track axis of the output"
        ) from None
    if track in one.tracks:
        return one, one.tracks.index(track)
    if len(one.tracks) > 1 or (track is not None and wanted is None):
        raise _no_track(track, one.tracks, model.path)
    return one, 0


def _no_track(track: str | None, tracks: Sequence[str], path: object) -> InputError:
    listed = ", ".join(tracks[:_LISTED]) + (", ..." if len(tracks) > _LISTED else "")
    if track is None:
        return InputError(f"there are {len(tracks)} tracks", path=path, remedy=f"choose one with `track=`: {listed}")
    near = did_you_mean(track, tracks)
    return InputError(f"no single track is named {track!r}{near}", path=path, remedy=f"choose one of: {listed}")


def scan_stretch(plan: Plan, track: int, layout: Layout, source: RowSource, *, window: int = 0) -> ScannedStretch:
    """Scan one window of a layout.

    Parameters
    ----------
    plan : Plan
    track : int
        Index among ``plan.tracks``.
    layout : Layout
    source : ReferenceSource or SequenceSource
    window : int
        Index into the layout.

    Raises
    ------
    InputError
        If nothing of the window can be scanned.
    ModelError
        As `gxfast.ism.scan`.
    """
    for found, positions, effects in saturate_blocks(plan, layout, source, windows=[window]):
        tss = int(layout.anchor[window]) if found.strand in ("+", "-") else None
        return ScannedStretch(
            found.name, found.chrom, found.strand, found.haplotype, plan.tracks[track], positions,
            found.reference, np.ascontiguousarray(effects[:, :, track]), tss,
        )  # fmt: skip
    raise nothing_scanned(layout, window)


def read_stretch(
    folder: str | Path,
    name: str,
    *,
    model: str | None = None,
    track: str | None = None,
    haplotype: str | None = None,
    reach: int | None = None,
    positions: tuple[int, int] | None = None,
) -> ScannedStretch:
    """Read a stretch of a finished scan, ``folder/ism/MODEL.zarr``.

    Parameters
    ----------
    folder : str or Path
        What ``gxfast ism saturate`` wrote.
    name : str
        Gene, region or record.
    model, track : str, optional
        Needed where there are several; a track by its name or its index in the scan.
    haplotype : str, optional
        Label of the sequence; ``reference``, or the only one, by default.
    reach : int, optional
        The middle of what was scanned, and so many bases on either side: in a scan around TSSs the TSS.
    positions : (int, int), optional
        0-based half-open range of reference positions.

    Raises
    ------
    InputError
        If it is not there, or not whole.
    """
    require_zarr()
    path = _cube_path(Path(folder), model)
    try:
        return _read_cube(path, name, track, haplotype, reach, positions)
    except GxfastError:
        raise
    except Exception as error:  # zarr has none of its own: damage gives any of a dozen kinds
        raise InputError(
            f"the scan cannot be read: {error or type(error).__name__}", path=path,
            remedy="make it again with gxfast ism saturate",
        ) from None  # fmt: skip


def _cube_path(folder: Path, model: str | None) -> Path:
    there = sorted(folder.glob("ism/*.zarr"))
    chosen = [path for path in there if model is None or path.stem == model]
    if len(chosen) == 1:
        return chosen[0]
    if not there:
        raise InputError(
            "the folder holds no scan ism/MODEL.zarr", path=folder, remedy="make one: gxfast ism saturate --format zarr"
        )
    names = ", ".join(path.stem for path in there)
    raise InputError(
        f"the scan holds {len(there)} models" if model is None else f"the scan has no model {model!r}",
        path=folder, remedy=f"choose one with `model=`: {names}",
    )  # fmt: skip


def _read_cube(
    path: Path, name: str, track: str | None, haplotype: str | None, reach: int | None, span: tuple[int, int] | None
) -> ScannedStretch:
    import zarr

    group: Any = zarr.open_group(str(path), mode="r")
    if group.attrs.get("format") != "gxfast.ism.saturate":
        raise InputError("this is no scan of every change", path=path, remedy="give what gxfast ism saturate wrote")
    _check_shapes(path, group)
    row = _row(path, group["gene_id"][:], group["haplotype"][:], name, haplotype)
    tracks = [str(text) for text in group["tracks"][:]]
    at = _stored_track(path, tracks, track)
    position = np.asarray(group["position"][row], np.int64)
    kept = _kept(path, name, position, reach, span)
    effects = np.asarray(group["effects"][row, kept, :, at], np.float32)
    scanned = np.flatnonzero(~np.isnan(effects).all(axis=1))
    if not scanned.size:
        raise InputError("nothing was scanned there", path=path, record=name, remedy="choose other positions")
    # What lies past a contig end, or past a region that is shorter than others, was never scanned.
    whole = slice(int(scanned[0]), int(scanned[-1]) + 1)
    label, chrom, strand = (str(group[key][row]) for key in ("haplotype", "chrom", "strand"))
    reference = np.asarray(group["reference"][row, kept], np.uint8)[whole]
    return ScannedStretch(name, chrom, strand, label, tracks[at], position[kept][whole], reference, effects[whole])


def _check_shapes(path: Path, group: Any) -> None:
    """Refuse arrays that do not fit each other, or are larger than any scan: what is missing would be made up."""
    effects = group["effects"].shape
    n, positions, tracks = effects[0], effects[1:2], effects[3:]
    shapes = {"effects": (n, *positions, 4, *tracks), "tracks": tracks}
    shapes |= dict.fromkeys(("position", "reference"), (n, *positions))
    shapes |= dict.fromkeys(("gene_id", "haplotype", "chrom", "strand"), (n,))
    wrong = [name for name, shape in shapes.items() if len(effects) != 4 or tuple(group[name].shape) != shape]
    if wrong or max(effects) > _LARGEST:
        what = f"{wrong[0]} has shape {group[wrong[0]].shape}" if wrong else f"effects have shape {effects}"
        raise InputError(f"the scan cannot be read: {what}", path=path, remedy="make it again with gxfast ism saturate")


def _row(path: Path, names: Any, labels: Any, name: str, haplotype: str | None) -> int:
    rows = np.flatnonzero(names == name).tolist()
    if not rows:
        listed = ", ".join(str(one) for one in names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
        raise InputError(f"{name!r} was not scanned", path=path, remedy=f"choose one of: {listed}")
    there = [str(labels[r]) for r in rows]
    wanted = haplotype or (there[0] if len(there) == 1 else REFERENCE)
    if wanted not in there:
        listed = ", ".join(there[:_LISTED]) + (", ..." if len(there) > _LISTED else "")
        problem = f"{len(there)} haplotypes were scanned" if haplotype is None else f"no haplotype is named {wanted!r}"
        raise InputError(problem, path=path, record=name, remedy=f"choose one with `haplotype=`: {listed}")
    return int(rows[there.index(wanted)])


def _stored_track(path: Path, tracks: list[str], track: str | None) -> int:
    if track in tracks:
        return tracks.index(track)
    if track is None and len(tracks) == 1:
        return 0
    index = whole_number(track or "", last=len(tracks) - 1)
    if index is not None:
        return index
    raise _no_track(track, tracks, path)


def _kept(path: Path, name: str, position: NDArray[np.int64], reach: int | None, span: tuple[int, int] | None) -> slice:
    """Columns to draw."""
    n = len(position)
    if reach is not None:
        if n % 2 == 0 or 2 * reach + 1 > n:
            raise InputError(
                f"`window={reach}` does not fit: {n} positions were scanned" + (", with no middle" * (n % 2 == 0)),
                path=path, record=name, remedy="choose a stretch with `positions=\"a-b\"`",
            )  # fmt: skip
        return slice(n // 2 - reach, n // 2 + reach + 1)
    if span is None:
        return slice(0, n)
    inside = np.flatnonzero((position >= span[0]) & (position < span[1]))
    if not inside.size:
        there = position[position >= 0]
        raise InputError(
            f"`positions=\"{span[0] + 1}-{span[1]}\"` lies outside what was scanned",
            path=path, record=name,
            remedy=f"choose from {there.min() + 1}-{there.max() + 1}" if there.size else "choose another haplotype",
        )  # fmt: skip
    return slice(int(inside[0]), int(inside[-1]) + 1)


def figure_paths(prefix: str | Path) -> list[Path]:
    """Return PREFIX.svg, PREFIX.png and PREFIX.tsv.

    Raises
    ------
    InputError
        If the prefix names a folder.
    """
    text = str(prefix)
    if text.endswith(("/", ".")) or not text:
        raise InputError(f"{text!r} names no files", remedy="write `output=` as FOLDER/NAME, for NAME.svg, ...")
    return [Path(f"{text}.{suffix}") for suffix in ("svg", "png", "tsv")]


def write_stretch(stretch: ScannedStretch, prefix: str | Path) -> list[Path]:
    """Write PREFIX.svg, PREFIX.png and PREFIX.tsv; equal stretches give equal bytes.

    The table has a row per position: ``chrom pos ref effect_A effect_C effect_G effect_T height``, bases on the
    forward strand, ``pos`` from 1 on and empty where a base is inserted, ``height`` as in `reference_heights`
    and empty at an unknown base.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If they cannot be written.
    """
    paths = figure_paths(prefix)
    svg, png = _rendered(stretch)
    try:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror}", path=paths[0].parent, remedy="choose another with `output=`"
        ) from None
    atomic_write(paths[0], svg)
    atomic_write(paths[1], png)
    write_table(paths[2], _table(stretch))
    return paths


def _rendered(stretch: ScannedStretch) -> tuple[bytes, bytes]:
    import matplotlib as mpl

    figure = plot_scan(
        stretch.effects, stretch.reference, start=0, name=stretch.title, chrom=stretch.chrom,
        strand=stretch.strand, tss=stretch.tss, positions=stretch.positions,
    )  # fmt: skip
    style: Any = {**STYLE, "svg.hashsalt": "gxfast"}
    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(style):
        # The bitmap first: colours of the page are set per file, the layout is the same for both.
        figure.savefig(png, format="png", dpi=200, metadata={"Software": None}, facecolor="white")
        figure.savefig(svg, format="svg", metadata={"Date": None}, transparent=True)
    return svg.getvalue(), png.getvalue()


def _table(stretch: ScannedStretch) -> dict[str, list[Any]]:
    heights = reference_heights(stretch.effects, stretch.reference)
    known = stretch.reference < 4
    height = np.where(known, heights.sum(axis=1), np.nan).astype(np.float32)
    letters = np.array([*BASES, "N"])[stretch.reference]
    return {
        "chrom": [stretch.chrom] * len(letters),
        "pos": [None if p < 0 else p + 1 for p in stretch.positions.tolist()],
        "ref": letters.tolist(),
        **{f"effect_{base}": number_texts(stretch.effects[:, b]) for b, base in enumerate(BASES)},
        "height": number_texts(height),
    }
