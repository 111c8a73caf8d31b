"""``ism/MODEL.variants.tsv.gz``: a row per gene and observed allele."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io.bgzf import bgzf_text
from ...io.tables import number_texts
from .backgrounds import Background
from .work import Arrays, StoredBlocks

__all__ = ["VariantRows", "failed_windows", "stored_rows", "write_variants"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class VariantRows:
    """V alleles in the window of one gene.

    Attributes
    ----------
    gene_id, chrom : str
    position : int64 array, shape (V,)
        0-based.
    ref, alt : sequence of str, length V
        As the VCF spells them.
    frequency : float64 array, shape (V,)
        Of the alternative allele; NaN without genotypes.
    effects : float array, shape (V, T)
    quantile, abs_quantile : float32 arrays, shape (V, T), or None
        Of the effect and of its size among random SNVs, where there is a background.
    haplotype : sequence of str, length V, or None
        The sequence that the allele was put into, where that is not the reference.
    slope, r, p : float64 arrays, shape (V,), or None
        Of the eQTL, where expression was given.
    is_driver : bool array, shape (V, T), or None
    """

    gene_id: str
    chrom: str
    position: NDArray[np.int64]
    ref: Sequence[str]
    alt: Sequence[str]
    frequency: NDArray[np.float64]
    effects: NDArray[Any]
    quantile: NDArray[np.float32] | None = None
    abs_quantile: NDArray[np.float32] | None = None
    haplotype: Sequence[str] | None = None
    slope: NDArray[np.float64] | None = None
    r: NDArray[np.float64] | None = None
    p: NDArray[np.float64] | None = None
    is_driver: NDArray[np.bool_] | None = None


def write_variants(
    path: Path, tracks: Sequence[str], rows: Iterable[VariantRows], *, haplotypes: bool = False, ranked: bool = False
) -> int:
    """Write the table gene by gene; return how many alleles it has.

    Columns: ``gene_id variant_id chrom pos ref alt dosage_freq [haplotype] [track] ism [quantile abs_quantile]
    eqtl_slope eqtl_r eqtl_p is_driver``; ``haplotype`` where alleles were put into haplotypes, ``track`` where the
    model has several, quantiles where there is a background (``ranked``). ``pos`` is 1-based, ``variant_id`` is
    ``chrom_pos_ref_alt``, and what is not known is empty.
    """
    optional = [*(["haplotype"] if haplotypes else []), *(["track"] if len(tracks) > 1 else [])]
    lead = ["gene_id", "variant_id", "chrom", "pos", "ref", "alt", "dosage_freq"]
    n = 0
    with bgzf_text(path) as out:
        ranks = ["quantile", "abs_quantile"] if ranked else []
        out.write("\t".join([*lead, *optional, "ism", *ranks, "eqtl_slope", "eqtl_r", "eqtl_p", "is_driver"]) + "\n")
        for one in rows:
            n += len(one.position)
            out.write("".join(_lines(one, tracks)))
    return n


def _lines(one: VariantRows, tracks: Sequence[str]) -> Iterator[str]:
    effects, frequencies = iter(number_texts(one.effects)), number_texts(one.frequency)
    ranks = [iter(number_texts(values)) for values in (one.quantile, one.abs_quantile) if values is not None]
    eqtls = list(zip(*(_texts(values, len(one.position)) for values in (one.slope, one.r, one.p)), strict=True))
    for i, position in enumerate(one.position.tolist()):
        ref, alt, pos = one.ref[i], one.alt[i], position + 1
        cells = [one.gene_id, f"{one.chrom}_{pos}_{ref}_{alt}", one.chrom, str(pos), ref, alt, frequencies[i]]
        cells += [] if one.haplotype is None else [one.haplotype[i]]
        for t, track in enumerate(tracks):
            driver = "" if one.is_driver is None else "yes" if one.is_driver[i, t] else "no"
            own = [track] if len(tracks) > 1 else []
            yield "\t".join([*cells, *own, next(effects), *map(next, ranks), *eqtls[i], driver]) + "\n"


def _texts(values: NDArray[np.float64] | None, n: int) -> list[str]:
    return [""] * n if values is None else number_texts(values)


def stored_rows(stored: StoredBlocks, haplotypes: bool, background: Background | None = None) -> Iterator[VariantRows]:
    """Read the alleles of a finished scan back, window by window, and rank them."""
    for block, part in stored:
        refs, alts = (part[name].tobytes().decode("latin-1").splitlines() for name in ("ref", "alt"))
        names, chroms, labels = (part[name].tolist() for name in ("name", "chrom", "haplotype"))
        edges = np.searchsorted(part["window"], np.arange(block.windows[0], block.windows[1] + 1)).tolist()
        ranks = background and [
            found.astype(np.float32) for found in background.ranked(part["effects"], part["stratum"])
        ]
        for w, (first, last) in enumerate(pairwise(edges)):
            some = slice(first, last)
            yield VariantRows(
                gene_id=names[w],
                chrom=chroms[w],
                position=part["position"][some],
                ref=refs[some],
                alt=alts[some],
                frequency=part["frequency"][some],
                effects=part["effects"][some],
                quantile=ranks[0][some] if ranks else None,
                abs_quantile=ranks[1][some] if ranks else None,
                haplotype=labels[some] if haplotypes else None,
            )


def failed_windows(part: Arrays) -> list[str]:
    """Return the windows of a block that could not be scanned, with the reason."""
    pairs = zip(part["name"].tolist(), part["status"].tolist(), strict=True)
    return [f"{name}: {why}" for name, why in pairs if why != "ok"]
