"""Figures of linear baselines, drivers and pairs of models; see `figures` for the style."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .style import BLUE, GREY, INK, MANY, ORANGE, Drawing

__all__ = [
    "against",
    "apart",
    "distances",
    "effects_and_eqtls",
    "explained",
    "locus",
    "support_by_success",
    "surroundings",
]

Float64Array = NDArray[np.float64]


def _zero_lines(ax: Any) -> None:
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.axvline(0, color=INK, linewidth=0.6)


def _symmetric(ax: Any, x: Float64Array, y: Float64Array) -> None:
    reach = max(0.1, float(np.abs(np.concatenate([x, y])).max()) * 1.08)
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")


def against(
    name: str, gene_id: list[str], x: Float64Array, y: Float64Array, labels: tuple[str, str], *, diagonals: bool
) -> Drawing:
    """r of one model against r of another, with the number of genes in each quadrant."""

    def draw(ax: Any) -> None:
        colour = np.where(x * y > 0, BLUE, np.where(x * y < 0, ORANGE, GREY))
        size = 16 if len(x) < 500 else 5
        ax.scatter(x, y, s=size, c=colour, alpha=0.6, linewidths=0, rasterized=len(x) > MANY)
        _symmetric(ax, x, y)
        _zero_lines(ax)
        reach = ax.get_xlim()[1]
        if diagonals:
            for sign in (1, -1):
                ax.plot(
                    [-reach, reach], [-sign * reach, sign * reach], color=GREY, linewidth=0.7, linestyle=(0, (4, 3))
                )
        for right in (1, -1):
            for up in (1, -1):
                count = int(((np.sign(x) == right) & (np.sign(y) == up)).sum())
                ax.text(
                    0.97 if right > 0 else 0.03, 0.97 if up > 0 else 0.03, str(count), transform=ax.transAxes,
                    ha="right" if right > 0 else "left", va="top" if up > 0 else "bottom", fontsize=9,
                )  # fmt: skip
        ax.set_xlabel(labels[0])
        ax.set_ylabel(labels[1])

    return Drawing(name, draw, {"gene_id": gene_id, "x": x.tolist(), "y": y.tolist()}, (3.7, 3.6))


def apart(r: Float64Array) -> Float64Array:
    """Where on the x axis of `support_by_success` genes are: around 0 where r is positive, around 1 where negative."""
    # the same place for the same gene: no random numbers
    place = np.full(r.shape, np.nan)
    for side, there in enumerate((r > 0, r < 0)):
        place[there] = side + 0.5 * ((np.arange(int(there.sum())) * 0.618034) % 1 - 0.5)
    return place


def support_by_success(name: str, gene_id: list[str], fraction: Float64Array, r: Float64Array) -> Drawing:
    """Fraction of a gene's drivers that eQTLs support, in genes of positive and of negative correlation."""

    def draw(ax: Any) -> None:
        x = apart(r)
        for place, (side, colour) in enumerate(((r > 0, BLUE), (r < 0, ORANGE))):
            values = fraction[side]
            if not values.size:
                continue
            many = len(fraction) > MANY
            ax.scatter(
                x[side], values, s=4 if many else 14, color=colour, alpha=0.55, linewidths=0,
                rasterized=many,
            )  # fmt: skip
            ax.plot([place - 0.32, place + 0.32], [values.mean()] * 2, color=INK, linewidth=1.6)
        ax.set_xticks([0, 1], [f"r > 0\n{int((r > 0).sum())} genes", f"r < 0\n{int((r < 0).sum())} genes"])
        ax.set_ylim(-0.05, 1.05)
        ax.set_xlim(-0.6, 1.6)
        ax.set_ylabel("fraction of drivers supported by eQTLs")

    table = {"gene_id": gene_id, "supported_fraction": fraction.tolist(), "pearson_r": r.tolist()}
    return Drawing(name, draw, table, (3.6, 3.4))


def distances(name: str, variant_id: list[str], distance: Float64Array, main: NDArray[np.bool_]) -> Drawing:
    """Distance of drivers to the TSS."""

    def draw(ax: Any) -> None:
        size = np.log10(np.maximum(np.abs(distance), 1))
        edges = np.linspace(0, max(1.0, float(size.max())) * 1.01, 24)
        ax.hist(
            [size[main], size[~main]], bins=edges, stacked=True, color=[BLUE, GREY],
            label=[f"main: {int(main.sum())}", f"other: {int((~main).sum())}"],
        )  # fmt: skip
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.xaxis.set_major_formatter(lambda value, _: f"{10**value:,.0f}")
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.set_xlabel("distance to the TSS (bases, log scale)")
        ax.set_ylabel("driver SNVs")
        ax.legend(frameon=False, fontsize=8.5, handlelength=1)

    table = {
        "variant_id": variant_id,
        "tss_distance": distance.tolist(),
        "is_main": ["yes" if m else "no" for m in main],
    }
    return Drawing(name, draw, table)


def explained(name: str, gene_id: list[str], value: Float64Array, r: Float64Array, label: str) -> Drawing:
    """|r| against what may explain it; colour is the sign of r."""

    def draw(ax: Any) -> None:
        size, many = 16 if len(r) < 500 else 5, len(r) > MANY
        ax.scatter(value, np.abs(r), s=size, c=np.where(r > 0, BLUE, ORANGE), alpha=0.6, linewidths=0, rasterized=many)
        ax.set_xlabel(label)
        ax.set_ylabel("|r| across people")

    return Drawing(name, draw, {"gene_id": gene_id, "value": value.tolist(), "pearson_r": r.tolist()}, (4.0, 3.3))


def effects_and_eqtls(
    name: str, variant_id: list[str], effect: Float64Array, slope: Float64Array, driver: NDArray[np.bool_]
) -> Drawing:
    """Predicted effect of each SNV of a gene against its eQTL slope, drivers named."""

    def draw(ax: Any) -> None:
        many = len(effect) > MANY
        ax.scatter(effect[~driver], slope[~driver], s=14, color=GREY, alpha=0.6, linewidths=0, rasterized=many)
        agree = effect * slope > 0
        for side, colour in ((agree, BLUE), (~agree, ORANGE)):
            ax.scatter(effect[driver & side], slope[driver & side], s=34, color=colour, linewidths=0)
        _zero_lines(ax)
        for v in np.flatnonzero(driver)[np.argsort(-np.abs(effect[driver]))][:5].tolist():
            ax.annotate(
                "_".join(variant_id[v].split("_")[1:]), (effect[v], slope[v]), xytext=(4, 4),
                textcoords="offset points", fontsize=7.5,
            )  # fmt: skip
        ax.margins(0.14)
        ax.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))
        ax.set_xlabel("predicted effect of the alternative allele")
        ax.set_ylabel("eQTL slope of the alternative allele")

    table = {
        "variant_id": variant_id, "ism": effect.tolist(), "eqtl_slope": slope.tolist(),
        "is_driver": ["yes" if d else "no" for d in driver],
    }  # fmt: skip
    return Drawing(name, draw, table, (4.0, 3.4))


def locus(
    name: str, variant_id: list[str], position: Float64Array, effect: Float64Array, log10p: Float64Array,
    driver: NDArray[np.bool_], tss: int, chrom: str,
) -> Drawing:  # fmt: skip
    """SNVs along the window: predicted effect as a lollipop, -log10 p of the eQTL as the size of its head."""

    def draw(ax: Any) -> None:
        x = (position - tss) / 1000
        colour = np.where(driver, BLUE, GREY)
        many = len(x) > MANY
        ax.vlines(x, 0, effect, color=colour, linewidth=0.9, rasterized=many)
        size = 8 + 60 * np.nan_to_num(log10p) / max(1.0, float(np.nanmax(log10p, initial=1.0)))
        ax.scatter(x, effect, s=size, c=colour, alpha=0.75, linewidths=0, rasterized=many)
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        ax.set_xlabel(f"kb from the TSS ({chrom}:{tss:,})")
        ax.set_ylabel("predicted effect")

    table = {
        "variant_id": variant_id, "pos": position.astype(int).tolist(), "ism": effect.tolist(),
        "eqtl_log10p": log10p.tolist(), "is_driver": ["yes" if d else "no" for d in driver],
    }  # fmt: skip
    return Drawing(name, draw, table, (5.2, 3.0))


def surroundings(
    name: str, position: NDArray[np.int64], effects: Float64Array, bases: NDArray[np.uint8], alleles: tuple[str, str]
) -> Drawing:
    """Logos of 41 bases around a driver, with the reference and with the alternative allele, and the heat map."""
    from .logo import draw_heatmap, draw_logo, reference_heights

    heights = [reference_heights(effects[allele], bases[allele]) for allele in (0, 1)]
    place = np.arange(len(position)) - len(position) // 2

    def draw(axes: Any) -> None:
        for ax, values, allele in zip(axes, heights, alleles, strict=False):
            draw_logo(ax, values, positions=place)
            ax.axhline(0, color=INK, linewidth=0.5)
            ax.axvspan(-0.5, 0.5, color=GREY, alpha=0.2, linewidth=0)
            ax.set_ylabel(f"with {allele}")
        both = np.concatenate([axes[0].get_ylim(), axes[1].get_ylim()])
        for ax in axes[:2]:
            ax.set_ylim(float(both.min()), float(both.max()))
        draw_heatmap(axes[2], effects[0], bases[0], positions=place)
        axes[2].set_xlabel(f"bases from {position[len(position) // 2]:,}, forward strand")

    table: dict[str, list[Any]] = {"pos": position.tolist()}
    for allele, kind in enumerate(("ref", "alt")):
        table[f"base_{kind}"] = ["ACGTN"[code] for code in bases[allele]]
        for k, base in enumerate("ACGT"):
            table[f"{kind}_to_{base}"] = effects[allele, :, k].astype(float).tolist()
    return Drawing(name, draw, table, (6.4, 4.2), 3)
