"""What models say of variants, from the files that they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, did_you_mean
from ...types import VariantTable
from ..alleles import shortest_arrays
from ..bgzf import require_file
from ._choice import choose, signed_of, widen
from ._columns import ALIASES, PLACES, Places, find_columns, place_columns, read_places
from ._frame import Frame, TextFrame, open_frame, read
from ._hdf5_scores import read_hdf5_scores
from ._tabix import lines_at
from .codes import ELSEWHERE, coded
from .labels import release_of

__all__ = ["SCORE_FORMATS", "read_scores"]

SCORE_FORMATS: Final = ("auto", "gxfast", "alphagenome", "alphagenome_quantile", "hdf5", "tabix", "table")
_TIDY: Final = frozenset({"variant_id", "variant_scorer", "track_name", "raw_score"})
_OWN: Final = frozenset({"gene_id", "variant_id", "dosage_freq", "ism"})
_TEXTS: Final[tuple[str, ...]] = ("gene_id", "tissue")
_KINDS: Final = {"pos": "position", "gene_id": "text", "tissue": "text"}
# Numbers of a table that are no scores unless they are asked for: labels by any of their names, and book-keeping.
_NO_SCORES: Final = frozenset({
    "start", "end", "strand", "index", "rsid", "ac", "an", "n", "r2", "rank", "ma_count", "ma_samples", "num_var",
    "cs_size", "cs_log10bf", "cs_min_r2", "sd_posterior", "median_tpm", "end_distance", "pval_beta", "pval_perm",
    "pval_nominal_threshold", "min_pval_nominal", "chisq_marginal",
}).union(*ALIASES.values())  # fmt: skip


def read_scores(
    path: str | Path,
    *,
    format: str = "auto",  # noqa: A002
    columns: Sequence[str | int] = (),
    at: VariantTable | None = None,
    beside: Sequence[str] = (),
) -> VariantTable:
    """Read scores of variants.

    Parameters
    ----------
    path : str or Path
        Text with a header, Parquet, or HDF5.
    format : str
        One of `SCORE_FORMATS`: ``"gxfast"`` (``ism/MODEL.variants.tsv.gz``), ``"alphagenome"`` (tidy scores: raw, or
        with ``"alphagenome_quantile"`` quantile scores; a column per scorer and track), ``"hdf5"`` (SAD, logSED, ... of
        Basenji, Enformer and Borzoi; h5ad), ``"tabix"`` (a whole genome, indexed, read ``at`` variants), ``"table"``.
    columns : sequence of str or int
        Scores to read: names, patterns (``*Liver*``) or numbers from 0; all by default, if there are few.
    at : VariantTable, optional
        Keep rows at the positions of these variants; an indexed file is read by region.
    beside : sequence of str
        Numbers of labels (``tss_distance``) that are read too where a plain table has them, by these names.

    Returns
    -------
    VariantTable
        Columns of scores, float64; gene_id and tissue, where the file has them. ``signed`` are those that hold a
        negative value, and those whose name says so (ism, SAD, logSED, log fold changes and differences of
        AlphaGenome); others are scores of impact.

    Raises
    ------
    InputError
        Naming the row or the dataset: a number that is none, an infinite one, position 0, alleles that are not spelled;
        or the file: no places, no scores, more columns than are read unasked, cut off, unknown format.
    """
    path = Path(path)
    if format not in SCORE_FORMATS:
        raise InputError(
            f"format {format!r} is unknown{did_you_mean(format, SCORE_FORMATS)}", path=path,
            remedy=f"one of {', '.join(SCORE_FORMATS)}",
        )  # fmt: skip
    require_file(path, "file of scores")
    with path.open("rb") as handle:
        is_hdf5 = handle.read(4) == b"\x89HDF"
    if format == "hdf5" or (format == "auto" and is_hdf5):
        return _near(read_hdf5_scores(path, columns), at)
    if format == "tabix" and at is None:
        raise InputError(
            "an indexed file is read at variants, and none are given", path=path, remedy="give at=, or format='table'"
        )
    if at is not None and (format == "tabix" or (format == "auto" and path.with_name(f"{path.name}.tbi").exists())):
        variants = at
        return _read_table(
            TextFrame(path, lines=lambda: lines_at(path, variants), row="line of those at the variants"), columns,
            beside,
        )  # fmt: skip
    frame = open_frame(path)
    low = {name.lower() for name in frame.names}
    if format == "gxfast" or (format == "auto" and low >= _OWN):
        return _near(_read_own(frame, columns), at)
    if format.startswith("alphagenome") or (format == "auto" and low >= _TIDY):
        value = "quantile_score" if format == "alphagenome_quantile" else "raw_score"
        return _near(_read_tidy(frame, columns, value), at)
    return _near(_read_table(frame, columns, beside), at)


def _near(table: VariantTable, at: VariantTable | None) -> VariantTable:
    if at is None:
        return table
    mine, theirs = (shortest_arrays(one.position, one.ref, one.alt)[0] for one in (table, at))
    places = np.append(np.sort(theirs), -1)  # NumPy's own hash of whole numbers takes ten times as long
    kept = places[np.searchsorted(places[:-1], mine)] == mine
    names, code = coded(table.chrom)
    others = zip(names, np.bincount(code, ~kept, minlength=len(names)).astype(int).tolist(), strict=True)
    return replace(table.take(kept), counts=table.counts | {f"{ELSEWHERE}{name}": n for name, n in others if n})


def _require(frame: Frame, names: Sequence[str], what: str) -> None:
    missing = [name for name in names if name not in frame.names]
    if missing:
        raise InputError(
            f"the table has no column {', '.join(missing)}",
            path=frame.path,
            remedy=f"{what} has them; else format='table'",
        )


def _read_own(frame: Frame, columns: Sequence[str | int]) -> VariantTable:
    """``ism``, and ``abs_quantile`` where there is a background; of several models or tracks, a column each."""
    _require(frame, ("gene_id", "chrom", "pos", "ref", "alt", "ism"), "a table of `gxfast ism variants`")
    keys = ["gene_id", *(["haplotype"] if "haplotype" in frame.names else [])]
    scores: list[str] = [name for name in ("ism", "abs_quantile") if name in frame.names]
    track = ["track"] if "track" in frame.names else []
    kinds = {"chrom": "object", "pos": "position", "ref": "object", "alt": "object"}
    kinds |= dict.fromkeys((*keys, *track), "text")
    values, _ = read(frame, kinds | dict.fromkeys(scores, "number"))
    own = {name: name for name in ("chrom", "pos", "ref", "alt")}
    if not track:
        places = read_places(frame, own, values)
        chosen = choose([(name,) for name in scores], columns, frame.path)
        found = {scores[i]: values[scores[i]] for i in chosen}
        return _table(frame, places, {name: values[name] for name in keys}, found)
    listed = [values[name].tolist() for name in ("chrom", "pos", "ref", "alt", *keys)]
    names = [f"{score}:{name}" for score in scores for name in values["track"].tolist()]
    rows = list(zip(*listed, strict=True)) * len(scores)
    first, wide = widen(_as_texts(rows), names, np.concatenate([values[name] for name in scores]), columns, frame.path)
    places = read_places(frame, own, {name: values[name][first] for name in own}, first)
    return _table(frame, places, {name: values[name][first] for name in keys}, wide)


def _as_texts(rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in rows]


def _read_tidy(frame: Frame, columns: Sequence[str | int], value: str) -> VariantTable:
    """A column per scorer and track, ``SCORER:TRACK``, and ``:STRAND`` of tracks that have one.

    Scores of no gene stand in rows of their own, and beside those of each gene of the variant.
    """
    _require(frame, ("variant_id", "variant_scorer", "track_name", value), "a table of tidy scores of AlphaGenome")
    kinds = {"variant_id": "object", "variant_scorer": "text", "track_name": "text"}
    kinds |= {name: "text" for name in ("gene_id", "track_strand") if name in frame.names}
    values, _ = read(frame, {**kinds, value: "number"})
    n = len(values["variant_id"])
    genes = values["gene_id"].tolist() if "gene_id" in values else [""] * n
    strands = values["track_strand"].tolist() if "track_strand" in values else [""] * n
    parts = zip(values["variant_scorer"].tolist(), values["track_name"].tolist(), strands, strict=True)
    names = [
        f"{scorer}:{track}:{strand}" if strand in "+-" and strand else f"{scorer}:{track}"
        for scorer, track, strand in parts
    ]
    ids = values["variant_id"].tolist()
    first, wide = widen(list(zip(ids, genes, strict=True)), names, values[value], columns, frame.path)
    places = read_places(frame, {"variant_id": "variant_id"}, {"variant_id": values["variant_id"][first]}, first)
    gene = values["gene_id"][first] if "gene_id" in values else None
    if gene is None or not (gene != "").any():
        return _table(frame, places, {}, wide)
    bare = {ids[row]: number for number, row in enumerate(first.tolist()) if gene[number] == ""}
    mate = np.array([bare.get(ids[row], -1) for row in first.tolist()], np.int64)
    if bare:
        wide = {name: np.where(np.isnan(one) & (mate >= 0), one[mate], one) for name, one in wide.items()}
    return _table(frame, places, {"gene_id": gene}, wide)


def _read_table(frame: Frame, columns: Sequence[str | int], beside: Sequence[str]) -> VariantTable:
    found, _ = find_columns(frame)
    placed = place_columns(found)
    keys = {name: found[name] for name in (*placed, *_TEXTS) if name in found}
    if "pos" in placed:  # names beside places may be of anything
        keys.pop("variant_id", None)
    offered = [name for name in frame.names if name not in {found[one] for one in found if one in (*PLACES, *_TEXTS)}]
    if not columns:
        if release := release_of(frame.names):
            raise InputError(
                f"the table is known as labels ({release}): which of its columns are scores is not told by their names",
                path=frame.path, remedy="give a table of scores, or, of a benchmark, name them with `columns=`",
            )  # fmt: skip
        numeric = set(frame.numeric())
        offered = [name for name in offered if name in numeric and name.lower() not in _NO_SCORES]
        if not offered:
            raise InputError(
                f"no column holds scores: it has {', '.join(frame.names[:20])}", path=frame.path,
                remedy=f"rename that of scores ({', '.join(sorted(ALIASES)[:6])}, ... name labels), or choose columns=",
            )  # fmt: skip
    chosen = [offered[i] for i in choose([(name,) for name in offered], columns, frame.path)]
    kinds = {column: _KINDS.get(name, "object") for name, column in keys.items()}
    also = {name: found[name] for name in beside if name in found}
    values, _ = read(frame, kinds | dict.fromkeys((*chosen, *also.values()), "number"))
    places = read_places(frame, {name: column for name, column in keys.items() if name in PLACES}, values)
    own = {name: values[keys[name]] for name in _TEXTS if name in keys}
    own |= {name: values[column] for name, column in also.items()}
    left = [name for name in frame.names if name not in {*chosen, *keys.values(), *also.values()}]
    notes = [f"columns that are not read as scores: {', '.join(left[:20])}"] if left else []
    return _table(frame, places, own, {name: values[name] for name in chosen}, notes)


def _table(
    frame: Frame,
    places: Places,
    own: dict[str, NDArray[Any]],
    scores: dict[str, NDArray[Any]],
    notes: Sequence[str] = (),
) -> VariantTable:
    if not len(places.position):
        raise InputError("the table has no rows", path=frame.path, remedy="check how it was made")
    return places.table(own | scores, signed=signed_of(scores), source=str(frame.path), notes=tuple(notes))
