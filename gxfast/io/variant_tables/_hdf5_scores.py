"""Scores in HDF5: those of Basenji, Enformer and Borzoi (``sad.h5``, ``sed.h5``), and h5ad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import VariantTable
from ..alleles import parse_names, texts
from ..hdf5 import open_hdf5, read_columns, read_dataset
from ..tables._columnar import read_matrix
from ._choice import Wanted, choose, signed_of
from ._columns import Places, refuse_alleles

__all__ = ["read_hdf5_scores"]

_WHAT: Final = "file of scores"
_NAMES: Final = {
    "chrom": ("chr", "chrom", "chromosome"), "pos": ("pos", "position"), "ref": ("ref_allele", "ref"),
    "alt": ("alt_allele", "alt"), "variant_id": ("snp", "variant_id", "variant"),
}  # fmt: skip


class _Rows(NamedTuple):
    """Variants of a file, to be named in messages."""

    path: Path

    def record(self, row: int) -> str:
        return f"variant {row + 1}"


def read_hdf5_scores(path: Path, columns: Wanted) -> VariantTable:
    """Read scores of HDF5: an h5ad where it has ``obs`` and ``var``, else a dataset per statistic, variants x targets.

    Raises
    ------
    InputError
        If the file is damaged, has no variants or scores, or more columns than are read unasked.
    """
    with open_hdf5(path, _WHAT) as file:
        return _read_h5ad(file, path, columns) if {"obs", "var"} <= set(file) else _read_targets(file, path, columns)


def _read_targets(file: Any, path: Path, columns: Wanted) -> VariantTable:
    stored = {name: file[name] for name in file if hasattr(file[name], "shape")}
    flat: dict[str, Any] = {}
    for name, options in _NAMES.items():
        there = [one for one in options if one in stored]
        if there:
            flat[name] = read_dataset(stored[there[0]], path)
    places = _places(flat, path)
    own: dict[str, NDArray[Any]] = {}
    n = len(places.position)
    if "si" in stored:  # Borzoi: a row per variant and gene
        index = read_dataset(stored["si"], path)
        if index.dtype.kind not in "iu" or index.ndim != 1 or (index.size and not 0 <= index.min() <= index.max() < n):
            raise InputError("si does not number the variants", path=path, record="si", remedy="write the file again")
        places = Places(*(one[index] for one in (places.chrom, places.position, places.ref, places.alt)))
        if "gene" in stored:
            own["gene_id"] = _texts(read_dataset(stored["gene"], path))
        n = index.size
    statistics = {
        name: item for name, item in stored.items()
        if item.dtype.kind == "f" and item.ndim in (1, 2) and item.shape[0] == n and name not in ("percentiles", "pos")
    }  # fmt: skip
    targets = [
        _texts(read_dataset(stored[name], path)).tolist() for name in ("target_ids", "target_labels") if name in stored
    ]
    where, names = [], []
    for name, item in statistics.items():
        for target in range(item.shape[1] if item.ndim == 2 else 1):
            known = [one[target] for one in targets if item.ndim == 2 and target < len(one)]
            label = known[0] if known else str(target)
            full = f"{name}:{label}" if item.ndim == 2 else name
            where.append((name, target))
            names.append((full, *known))
    if not names:
        raise InputError(
            f"no dataset of numbers has a row per variant ({n}): {', '.join(list(file)[:20])}", path=path,
            remedy="write SAD, logSED or another statistic, variants x targets",
        )  # fmt: skip
    return _table(
        places, own, _chosen(where, names, columns, path, lambda name, some: _read(stored[name], path, some)), path
    )


def _read(item: Any, path: Path, columns: list[int]) -> Any:
    return read_dataset(item, path)[:, None] if item.ndim == 1 else read_columns(item, path, columns)


def _chosen(
    where: Sequence[tuple[str, int]], names: Sequence[Sequence[str]], columns: Wanted, path: Path,
    read: Callable[[str, list[int]], Any],
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """Read the columns that are asked for; ``where`` says of which dataset each is, and which of its columns."""
    chosen = choose(names, columns, path)
    scores: dict[str, NDArray[Any]] = {}
    for part in dict.fromkeys(where[i][0] for i in chosen):
        some = [i for i in chosen if where[i][0] == part]
        values = np.asarray(read(part, [where[i][1] for i in some]), np.float64)
        for number, i in enumerate(some):
            name = names[i][0] if names[i][0] not in scores else f"{names[i][0]}#{where[i][1]}"
            scores[name] = np.ascontiguousarray(values[:, number])
    return scores


def _table(places: Places, own: dict[str, NDArray[Any]], scores: dict[str, NDArray[Any]], path: Path) -> VariantTable:
    for name, values in (own | scores).items():
        if values.shape != places.position.shape:
            raise InputError(
                f"{len(values)} values of {places.position.size} rows", path=path, record=name, remedy="write it again"
            )
    for name, values in scores.items():
        wrong = np.isinf(values)
        if wrong.any():
            raise InputError(f"{name} is infinite", path=path, record=_Rows(path).record(int(np.argmax(wrong))))
    return places.table(own | scores, signed=signed_of(scores), source=str(path))


def _places(flat: dict[str, Any], path: Path) -> Places:
    """Places of variants; positions are 1-based, as in the VCF that was scored."""
    rows = _Rows(path)
    if {"chrom", "pos", "ref", "alt"} <= flat.keys():
        chrom, ref, alt = (_texts(flat[name]) for name in ("chrom", "ref", "alt"))
        pos = np.asarray(flat["pos"])
        if pos.dtype.kind not in "iu" or len({len(chrom), len(ref), len(alt), len(pos)}) > 1:
            raise InputError("pos are no whole numbers, or not as many as alleles", path=path, record="pos")
        places = Places(chrom, pos.astype(np.int64) - 1, np.char.upper(ref), np.char.upper(alt))
    elif "variant_id" in flat:
        named = parse_names(_texts(flat["variant_id"]).tolist())
        if named.bad is not None or len(named.builds) > 1:
            shown = str(_texts(flat["variant_id"])[named.bad or 0])
            raise InputError(
                f"variant {shown!r} is not chrom_pos_ref_alt, and there are no chr, pos, ref and alt"
                if named.bad is not None else "names of variants are of two builds",
                path=path, record=rows.record(named.bad or 0), remedy="write chr, pos, ref_allele and alt_allele",
            )  # fmt: skip
        places = Places(
            texts(named.chrom.tolist()),
            named.position - 1,
            np.char.upper(texts(named.ref.tolist())),
            np.char.upper(texts(named.alt.tolist())),
            "".join(named.builds),
        )
    else:
        raise InputError(
            f"the {_WHAT} names no variants: it has {', '.join(flat) or 'neither chr, pos, ref, alt nor snp'}",
            path=path, remedy="write chr, pos, ref_allele and alt_allele, or names chr1_12345_A_G",
        )  # fmt: skip
    if (places.position < 0).any():
        raise InputError(
            "the position is 0", path=path, record=rows.record(int(np.argmax(places.position < 0))),
            remedy="write positions as in a VCF: from 1",
        )  # fmt: skip
    refuse_alleles(rows, places.ref, places.alt)
    return places


def _texts(values: Any) -> NDArray[np.str_]:
    return texts([one.decode() if isinstance(one, bytes) else str(one) for one in np.asarray(values).tolist()])


def _read_h5ad(file: Any, path: Path, columns: Wanted) -> VariantTable:
    obs, var, uns = file["obs"], file["var"], file.get("uns", {})
    n_rows, n_columns = (len(read_dataset(one[one.attrs["_index"]], path)) for one in (obs, var))
    flat: dict[str, Any] = {}
    for name, options in _NAMES.items():
        there = [one for one in options if one in obs]
        if there:
            flat[name] = _column(obs[there[0]], path)
    if not flat and "variant" in uns:
        flat["variant_id"] = np.full(n_rows, _texts(np.atleast_1d(read_dataset(uns["variant"], path)))[0])
    if not flat:
        flat["variant_id"] = read_dataset(obs[obs.attrs["_index"]], path)
    places = _places(flat, path)
    own = {name: _texts(_column(obs[name], path)) for name in ("gene_id", "tissue") if name in obs}
    track = next((one for one in ("track_name", "name") if one in var), var.attrs["_index"])
    tracks = _texts(_column(var[track], path)).tolist()
    if "strand" in var:  # as tidy scores are named: one track of two strands is two
        strands = _texts(_column(var["strand"], path)).tolist()
        tracks = [f"{one}:{way}" if way in ("+", "-") else one for one, way in zip(tracks, strands, strict=True)]
    scorer = str(_texts(np.atleast_1d(read_dataset(uns["variant_scorer"], path)))[0]) if "variant_scorer" in uns else ""
    layers = {name: file["layers"][name] for name in file.get("layers", ())}
    parts = ({scorer: file["X"]} if "X" in file else {}) | layers
    where = [(name, i) for name in parts for i in range(n_columns)]
    names = [(f"{name}:{tracks[i]}" if name else tracks[i], tracks[i], name) for name, i in where]

    def read(part: str, some: list[int]) -> Any:
        stored, shape = parts[part], (n_rows, n_columns)
        if not hasattr(stored, "shape"):
            return read_matrix(stored, shape, path)[:, some]
        if stored.shape != shape:
            raise ValueError(f"{part or 'X'} has shape {stored.shape}, not {shape}")
        return read_columns(stored, path, some)

    return _table(places, own, _chosen(where, names, columns, path, read), path)


def _column(stored: Any, path: Path) -> Any:
    """A column of obs or var: a dataset, or categories and codes (-1: none)."""
    if hasattr(stored, "shape"):
        return read_dataset(stored, path)
    categories, codes = read_dataset(stored["categories"], path), read_dataset(stored["codes"], path)
    known = [one.decode() if isinstance(one, bytes) else str(one) for one in categories.tolist()]
    if codes.size and (codes.min() < -1 or codes.max() >= len(known)):
        raise ValueError("codes of a column have no category")
    return texts([*known, ""])[codes]
