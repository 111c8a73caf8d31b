"""Sequence logo and heat map of a mutagenesis scan."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...kernels.arguments import array_of, numbers, whole_numbers
from .style import INK, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.path import Path

__all__ = ["BASES", "draw_heatmap", "draw_logo", "plot_scan", "reference_heights"]

Float64Array = NDArray[np.float64]

BASES: Final = "ACGT"
# Okabe & Ito (2008), in the order of the usual logo colours: green, blue, orange, red.
LETTER_COLOURS: Final = ("#009E73", "#0072B2", "#E69F00", "#D55E00")
COLOUR_MAP: Final = "RdBu_r"
NOT_SCANNED: Final = "#D9DCE1"
# Part of its column that a letter fills; the rest keeps neighbours apart.
_LETTER_WIDTH: Final = 0.94
_INCHES_PER_BASE: Final = 0.105
_WIDTHS: Final = (6.0, 24.0)


@lru_cache(maxsize=4)
def _glyph(letter: str) -> tuple[Float64Array, Any]:
    """Outline of a letter scaled to the box [-0.5, 0.5] x [0, 1]: vertices (V, 2) and path codes (V,)."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    # The font that comes with matplotlib: the same outline on every machine.
    path = TextPath((0, 0), letter, size=100, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    # A closing vertex is a placeholder at the origin, not a point of the outline.
    drawn = path.codes != path.CLOSEPOLY
    low, high = path.vertices[drawn].min(axis=0), path.vertices[drawn].max(axis=0)
    return (path.vertices - low) / (high - low) - [0.5, 0.0], path.codes


def reference_heights(effects: ArrayLike, reference: ArrayLike) -> Float64Array:
    """Return what the logo of a scan shows: minus the mean effect of the alternatives, at the reference base.

    ``height[i, r] = -(sum of effects[i, b] over the three b != r) / 3``, where r is the reference base of
    position i: positive where changing the base lowers the output on average. It is the attribution of
    in-silico mutagenesis as commonly drawn; the effect of the reference base itself (0) is not in the mean.

    Parameters
    ----------
    effects : float array, shape (L', 4)
        Mutant minus reference, in the order A, C, G, T. NaN where nothing was scanned.
    reference : integer array, shape (L',)
        Codes: A, C, G, T = 0 to 3, unknown = 4.

    Returns
    -------
    float64 array, shape (L', 4)
        0 at the other bases, and everywhere at an unknown base.

    Raises
    ------
    InputError
        For arrays that do not fit together, codes above 4, or infinite effects.
    """
    values, codes = _checked(effects, reference)
    is_reference = codes[:, np.newaxis] == np.arange(4)
    total = np.where(is_reference, 0.0, values).sum(axis=1, keepdims=True)
    return np.where(is_reference, 0.0 - total / 3, 0.0)


def _checked(effects: ArrayLike, reference: ArrayLike) -> tuple[Float64Array, NDArray[np.int64]]:
    values, codes = numbers(effects, "effects"), array_of(reference, "reference")
    if values.ndim != 2 or values.shape[1] != 4 or not len(values) or codes.shape != values.shape[:1]:
        raise InputError(
            f"effects must be (L', 4) and reference (L',) with at least one position, found {values.shape} "
            f"and {codes.shape}",
            remedy="choose one sequence and one track of what gx.ism.saturate returns: effects[i, :, :, t]",
        )
    if codes.dtype.kind not in "ui" or codes.min() < 0 or codes.max() > 4:
        raise InputError("reference must be integer codes 0 to 4", remedy="convert letters with gx.codes")
    if np.isinf(values).any():
        raise InputError(f"the effects of {np.isinf(values).any(axis=1).sum()} positions are infinite")
    return values, codes.astype(np.int64)


def draw_logo(ax: Axes, heights: ArrayLike, *, positions: ArrayLike) -> None:
    """Draw a sequence logo: letters as tall as their heights.

    Letters of positive height are stacked upwards from 0, those of negative height downwards and upside down;
    in both stacks the largest is farthest from 0. One collection per base is added to the axes, with one path
    per letter; its label is the base. NaN and 0 draw nothing.

    Parameters
    ----------
    ax : matplotlib Axes
    heights : float array, shape (L', 4)
        In the order A, C, G, T.
    positions : float array, shape (L',)
        Centre of each column; columns are 1 wide.

    Raises
    ------
    InputError
        For arrays that do not fit together, or infinite heights.
    """
    from matplotlib.collections import PathCollection

    values, centres = numbers(heights, "heights"), numbers(positions, "positions", finite=True)
    if values.ndim != 2 or values.shape[1] != 4 or centres.shape != values.shape[:1]:
        raise InputError(f"heights must be (L', 4) and positions (L',), found {values.shape} and {centres.shape}")
    if np.isinf(values).any():
        raise InputError("heights hold an infinite value", remedy="look at the effects it was made from")
    values = np.nan_to_num(values)
    bottoms = _stacked(values)
    for base, (letter, colour) in enumerate(zip(BASES, LETTER_COLOURS, strict=True)):
        drawn = np.flatnonzero(values[:, base])
        paths = [_letter_path(letter, centres[i], bottoms[i, base], values[i, base]) for i in drawn.tolist()]
        ax.add_collection(PathCollection(paths, facecolors=colour, linewidths=0, label=letter), autolim=False)
    top = np.maximum(values, 0).sum(axis=1).max(initial=0.0)
    bottom = np.minimum(values, 0).sum(axis=1).min(initial=0.0)
    room = 0.04 * (top - bottom) or 1.0
    ax.set_ylim(bottom - room * (bottom < 0), top + room * (top > 0 or bottom == 0))
    if centres.size:
        ax.set_xlim(centres.min() - 0.5, centres.max() + 0.5)


def _stacked(values: Float64Array) -> Float64Array:
    """Where each letter begins, (L', 4): the sum of the smaller ones of its sign."""
    order = np.argsort(np.abs(values), axis=1, kind="stable")
    in_order = np.take_along_axis(values, order, axis=1)
    begins = np.zeros_like(values)
    for sign in (np.maximum(in_order, 0), np.minimum(in_order, 0)):
        before = np.cumsum(sign, axis=1) - sign
        begins = np.where(sign != 0, before, begins)
    bottoms = np.empty_like(values)
    np.put_along_axis(bottoms, order, begins, axis=1)
    return bottoms


def _letter_path(letter: str, centre: float, bottom: float, height: float) -> Path:
    from matplotlib.path import Path

    vertices, codes = _glyph(letter)
    # A negative height turns the letter upside down below its stack.
    return Path(vertices * [_LETTER_WIDTH, height] + [centre, bottom], codes)


def draw_heatmap(
    ax: Axes,
    effects: ArrayLike,
    reference: ArrayLike,
    *,
    positions: ArrayLike | None = None,
    limit: float | None = None,
    dot: float = 3.0,
) -> AxesImage:
    """Draw effects as a heat map with the rows A, C, G, T from the top; colours diverge at 0.

    Parameters
    ----------
    ax : matplotlib Axes
    effects : float array, shape (L', 4)
        NaN (not scanned) is grey.
    reference : integer array, shape (L',)
        Codes; the reference base of each column is marked by a dot, an unknown base (4) by none.
    positions : float array, shape (L',), optional
        Centre of each column, one apart; 0, 1, ... by default.
    limit : float, optional
        Effect at the ends of the colour map; by default the largest there is.
    dot : float
        Diameter of the dots in points.

    Returns
    -------
    matplotlib AxesImage
        To make a colour bar of.

    Raises
    ------
    InputError
        As `reference_heights`, or for positions that are not one apart, or a limit that is not positive.
    """
    from matplotlib import colormaps

    values, codes = _checked(effects, reference)
    centres = np.arange(len(values)) if positions is None else numbers(positions, "positions", finite=True)
    if centres.shape != codes.shape or (np.diff(centres) != 1).any():
        raise InputError("the columns of a heat map lie one apart", remedy="give one position per column, ascending")
    if limit is not None and not limit > 0:
        raise InputError(f"limit must be positive, found {limit}")
    reach = limit or float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    image = ax.imshow(
        np.ma.masked_invalid(values.T), cmap=colormaps[COLOUR_MAP].with_extremes(bad=NOT_SCANNED),
        vmin=-reach, vmax=reach, aspect="auto", interpolation="none",
        extent=(centres[0] - 0.5, centres[-1] + 0.5, 3.5, -0.5),
    )  # fmt: skip
    known = codes < 4
    ax.scatter(centres[known], codes[known], s=dot**2, color=INK, linewidths=0, rasterized=known.sum() > 2000)
    ax.set_yticks(range(4), list(BASES))
    return image


def plot_scan(
    effects: ArrayLike,
    reference: ArrayLike,
    *,
    start: int,
    name: str,
    chrom: str = "",
    strand: str = ".",
    tss: int | None = None,
    positions: ArrayLike | None = None,
) -> Figure:
    """Draw a scan in three panels over one axis: logo, heat map, and the reference on its coordinates.

    Parameters
    ----------
    effects : float array, shape (L', 4)
        Mutant minus reference, bases of the forward strand in the order A, C, G, T; one track.
    reference : integer array, shape (L',)
        Codes of the forward strand.
    start : int
        0-based position of the first column. The axis counts from 1.
    name : str
        Title.
    chrom, strand : str
        For the label of the axis; ``strand`` is that of the gene.
    tss : int, optional
        0-based position to mark.
    positions : integer array, shape (L',), optional
        0-based position of each column where they do not follow one another (haplotypes with indels); -1 where
        a base is inserted. ``start`` is not used then.

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot: nothing to close.

    Raises
    ------
    InputError
        As `reference_heights`, or for positions of another length.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values, codes = _checked(effects, reference)
    columns = np.arange(len(codes)) + start if positions is None else whole_numbers(positions, "positions")
    if columns.shape != codes.shape:
        raise InputError(f"need one position for each of the {len(codes)} columns, found {columns.shape}")
    # Coordinates themselves where they run straight; else columns, which are labelled with coordinates.
    straight = bool((np.diff(columns) == 1).all()) and columns[0] >= 0
    x = columns + 1 if straight else np.arange(len(codes))
    width = float(np.clip(_INCHES_PER_BASE * len(codes) + 1.6, *_WIDTHS))
    style: Any = STYLE
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, 3.9), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(3, 1, sharex=True, height_ratios=(6, 4, 1))
        draw_logo(axes[0], reference_heights(values, codes), positions=x)
        per_column = 72 * (width - 1.6) / len(codes)
        image = draw_heatmap(axes[1], values, codes, positions=x, dot=float(np.clip(0.4 * per_column, 0.4, 3.0)))
        draw_logo(axes[2], codes[:, np.newaxis] == np.arange(4), positions=x)
        bar = figure.colorbar(image, ax=axes[1], pad=0.01, aspect=9, fraction=0.8 / width)
        _decorate(axes, bar, name)
        _coordinates(axes, columns, x, straight, chrom, strand)
        if tss is not None and tss in columns:
            _mark_tss(axes[0], float(x[columns.tolist().index(tss)]), strand)
    return figure


def _decorate(axes: Any, bar: Any, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes[0].set_title(name)
    axes[0].axhline(0, color=INK, linewidth=0.6, zorder=0.5)
    axes[0].set_ylabel("minus mean effect\nof the alternatives")
    axes[1].set_ylabel("mutated to")
    bar.set_label("effect")
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(4, symmetric=True)
    bar.update_ticks()
    for ax in axes[:2]:
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="x", length=0, labelbottom=False)
    axes[1].tick_params(axis="y", length=0)
    axes[1].spines["left"].set_visible(False)
    axes[2].set_yticks([])
    axes[2].spines["left"].set_visible(False)
    axes[2].set_ylim(-0.15, 1.1)


def _coordinates(axes: Any, columns: NDArray[np.int64], x: Any, straight: bool, chrom: str, strand: str) -> None:
    """Label the axis all panels share with positions from 1 on."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def label(value: float, _: int) -> str:
        column = round(value - x[0])
        if abs(value - x[0] - column) > 1e-6 or not 0 <= column < len(columns):
            return ""
        return f"{columns[column] + 1:,}" if columns[column] >= 0 else "inserted"

    axis = axes[2].xaxis
    axis.set_major_locator(MaxNLocator(nbins=max(4, min(12, len(columns) // 10)), integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(label))
    where = f"position on {chrom}" if chrom else "position"
    gene = f", forward strand (gene on {'minus' if strand == '-' else 'plus'})" if strand in ("+", "-") else ""
    axes[2].set_xlabel(where + gene + ("" if straight else "; columns are bases of the haplotype"))


def _mark_tss(ax: Any, x: float, strand: str) -> None:
    """A line down the panel, and an arrow in the direction of transcription above it."""
    ax.axvline(x, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0.4)
    side = {"+": 1, "-": -1}.get(strand, 0)
    if side:
        ax.annotate(
            "", xy=(x, 1), xytext=(14 * side, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
            arrowprops={"arrowstyle": "<-", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
            annotation_clip=False,
        )  # fmt: skip
    ax.annotate(
        "TSS", xy=(x, 1), xytext=(17 * side if side else 3, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="right" if side < 0 else "left", va="center", fontsize=8,
    )  # fmt: skip
