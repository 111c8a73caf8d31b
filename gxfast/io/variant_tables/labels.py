"""What is known of variants: effects, probabilities, credible sets and classes, from the files that people have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, did_you_mean
from ...types import VariantTable
from ..alleles import parse_names
from ..tables.text import read_lines
from ._clinvar import is_vcf, read_clinvar
from ._columns import KINDS, check_ranges, find_columns, place_columns, read_places
from ._frame import Frame, TextFrame, is_number, open_frame, read
from .duplicates import find_duplicates

__all__ = ["FREQUENCIES", "LABEL_FORMATS", "SIGNED", "open_labels", "read_labels", "release_of"]

SIGNED: Final = ("beta", "beta_posterior", "z")
FREQUENCIES: Final = ("af",)
_TISSUE: Final = re.compile(r"(?P<tissue>[A-Za-z0-9_-]+)\.v\d+\.")
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Format:
    """A kind of file.

    Attributes
    ----------
    needs : set of str
        Lower-case names of columns by which it is known.
    own : mapping of str to tuple of str
        Names of canonical columns that mean something else, or more, than in other files.
    finish : callable, optional
        Takes the file, the columns and what the file calls them, and returns the columns and sentences to be told.
    """

    needs: frozenset[str]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    finish: Callable[[Frame, Columns, Mapping[str, str]], tuple[Columns, list[str]]] | None = None


def _finish_finucane(frame: Frame, columns: Columns, names: Mapping[str, str]) -> tuple[Columns, list[str]]:
    notes = ["ALT and beta are of allele2"]
    if "cs_id" in columns:
        columns["cs_id"] = np.where(columns["cs_id"] == "-1", "", columns["cs_id"])
    if "p" not in columns and {"beta", "se"} <= columns.keys():
        from scipy.special import ndtr

        with np.errstate(divide="ignore", invalid="ignore"):
            columns["p"] = 2 * ndtr(-np.abs(columns["beta"] / columns["se"]))
        notes.append("p is that of beta / se, normal")
    return columns, notes


def _finish_gtex(frame: Frame, columns: Columns, names: Mapping[str, str]) -> tuple[Columns, list[str]]:
    """The tissue stands in the name of the file alone: ``Whole_Blood.v8.signif_variant_gene_pairs.txt.gz``."""
    found = _TISSUE.match(frame.path.name)
    if "tissue" in columns or not found or not columns:
        return columns, []
    n = len(next(iter(columns.values())))
    return columns | {"tissue": np.full(n, found["tissue"])}, [
        f"the tissue is that of the file's name, {found['tissue']}"
    ]


def _name_by_effect(values: Columns, name: str, ref: str, alt: str) -> list[str]:
    """Name variants by their place, allele1 and allele2, where the name has these two in the other order."""
    known = parse_names(values[name].tolist())
    other = np.flatnonzero((known.ref == values[alt]) & (known.alt == values[ref]))
    for v in other.tolist():
        values[name][v] = f"{known.chrom[v]}:{known.position[v]}:{values[ref][v]}:{values[alt][v]}"
    said = [f"places are those of {name}"]
    return [*said, f"{other.size} of its names have allele2 first"] if other.size else said


_FINUCANE: Final = {
    "chrom": (), "pos": (), "ref": ("allele1",), "alt": ("allele2",), "variant_id": ("variant_hg38", "variant"),
}  # fmt: skip
_QTL: Final = {"gene_id": ("gene_id", "phenotype_id")}
_FORMATS: Final[Mapping[str, _Format]] = {
    "finucane": _Format(frozenset({"allele1", "allele2", "pip", "method", "cohort"}), _FINUCANE, _finish_finucane),
    "eqtl_catalogue": _Format(
        frozenset({"molecular_trait_id", "variant"}), {"gene_id": ("gene_id", "molecular_trait_id")}
    ),
    "susie": _Format(frozenset({"phenotype_id", "variant_id", "pip"}), _QTL, _finish_gtex),
    "tensorqtl": _Format(
        frozenset({"phenotype_id", "variant_id", "slope"}), _QTL | {"cs_id": ("cs_id", "rank")}, _finish_gtex
    ),
    "gtex": _Format(frozenset({"gene_id", "variant_id", "pval_nominal", "slope"}), {}, _finish_gtex),
    "traitgym": _Format(frozenset({"chrom", "pos", "ref", "alt", "label"}), {"tissue": ("tissue",)}),
    "clinvar": _Format(frozenset()),
    "table": _Format(frozenset()),
}
_OF_THE_FILE: Final = ("tissue",)  # what its name may tell where no column does
LABEL_FORMATS: Final = ("auto", *_FORMATS)


def read_labels(
    path: str | Path,
    *,
    format: str = "auto",  # noqa: A002
    only: Mapping[str, str | Sequence[str]] | None = None,
) -> VariantTable:
    """Read what is known of variants.

    Parameters
    ----------
    path : str or Path
        Text (plain, gzip or bgzip) with a header, Parquet, or a VCF with CLNSIG.
    format : str
        One of `LABEL_FORMATS`: ``"finucane"`` (fine-mapping releases of UKBB and GTEx), ``"eqtl_catalogue"``,
        ``"susie"`` and ``"tensorqtl"`` (tables of tensorQTL, GTEx's among them), ``"gtex"`` (significant pairs),
        ``"traitgym"``, ``"clinvar"``, ``"table"`` (any other, by common names of columns).
    only : mapping of str to (str or sequence of str), optional
        Columns of the table that is returned, and what they have to hold: ``{"tissue": "Liver", "method": "SUSIE"}``.
        Other rows of a large file are never in memory together.

    Returns
    -------
    VariantTable
        In the order of the file. Columns, those that the file has: gene_id, trait_id (exons, transcripts: traits that
        are not the genes), tissue, study, method, cs_id, consequence, ancestry, match_group (str); beta (log of an
        odds ratio), se, p, pip, causal (0 or 1), af, maf, tss_distance, ld_score, beta_posterior, z (float64).
        ``signed`` are beta, beta_posterior and z, ``frequencies`` af.

    Raises
    ------
    InputError
        Naming the row: a number that is none, a probability outside [0, 1], position 0, alleles that are not spelled,
        names of two builds; or the file: no place, no label, no rows, cut off, unknown format.
    """
    path = Path(path)
    if format not in LABEL_FORMATS:
        raise InputError(
            f"format {format!r} is unknown{did_you_mean(format, LABEL_FORMATS)}", path=path,
            remedy=f"one of {', '.join(LABEL_FORMATS)}",
        )  # fmt: skip
    if format == "clinvar" or (format == "auto" and is_vcf(path)):
        if only:
            raise InputError("rows of a VCF are not chosen by columns", path=path, remedy="leave only= out")
        return read_clinvar(path)
    frame = open_labels(path)
    kind = _FORMATS[_recognised(frame.names) if format == "auto" else format]
    low = {name.lower() for name in frame.names}
    if kind.needs - low:
        raise InputError(
            f"the table has no column {', '.join(sorted(kind.needs - low))}", path=path,
            remedy=f"this is what tells format {format!r}; leave the format at auto for others",
        )  # fmt: skip
    return _read(frame, kind, only or {})


def _recognised(names: Sequence[str]) -> str:
    low = {name.lower() for name in names}
    return next((name for name, one in _FORMATS.items() if one.needs and one.needs <= low), "table")


def release_of(names: Sequence[str]) -> str:
    """Return the release of labels that columns are of, "" where scores may stand among them."""
    found = _recognised(names)
    return "" if found in ("table", "traitgym") else found


def open_labels(path: Path) -> Frame:
    """Open a table; a ``.bed.gz`` without a header has the names of its columns in a ``.cols`` file beside it."""
    stem = re.sub(r"\.bed(\.b?gz)?$", "", path.name)
    beside = path.with_name(f"{stem}.cols")
    if stem == path.name or not beside.is_file():
        return open_frame(path)
    names = [line.split("\t")[0].strip() for _, line in read_lines(beside, "list of columns") if line.strip()]
    return TextFrame(path, names)


def _read(frame: Frame, kind: _Format, only: Mapping[str, str | Sequence[str]]) -> VariantTable:
    found, notes = find_columns(frame, kind.own)
    labels = [name for name in KINDS if name in found]
    if any(map(is_number, frame.names)):
        raise InputError(
            f"the first line is no header: it has {', '.join(frame.names[:8])}", path=frame.path,
            remedy="name the columns in the first line, or, of a .bed, in a file NAME.cols beside it, one a line",
        )  # fmt: skip
    if all(name in ("gene_id", "trait_id", "study", "method") for name in labels):
        raise InputError(
            f"no column says anything of the variants: it has {', '.join(frame.names[:20])}", path=frame.path,
            remedy=f"name them {', '.join(KINDS)}; formats that are known: {', '.join(LABEL_FORMATS[1:])}",
        )  # fmt: skip
    own = place_columns(found)
    kinds = {found[name]: "position" if name == "pos" else "object" for name in own}
    kinds |= {found[name]: KINDS[name] for name in labels}
    if kind.finish is _finish_finucane:
        kinds |= {found[name]: "object" for name in ("ref", "alt")}
    in_file = {name: held for name, held in only.items() if name in found or name not in _OF_THE_FILE}
    values, rows = read(frame, kinds, _allowed(frame, found, in_file)) if kinds else ({}, None)
    if kind.finish is _finish_finucane and "variant_id" in found:
        notes += _name_by_effect(values, *(found[name] for name in ("variant_id", "ref", "alt")))
        own = ("variant_id",)
    places = read_places(frame, {name: found[name] for name in own}, values, rows)
    if not len(places.position):
        raise InputError(
            f"the table has no rows{' that were asked for' if only else ''}", path=frame.path,
            remedy=f"look how the table spells {_spelled(only)}" if only else "check how it was made",
        )  # fmt: skip
    columns = {name: values[found[name]] for name in labels}
    check_ranges(frame, columns, found, rows)
    if kind.finish:
        columns, more = kind.finish(frame, columns, found)
        notes += more
    columns, more = _of_ratios(_without_copies(columns))
    notes += more
    table = places.table(
        columns, signed=tuple(name for name in SIGNED if name in columns),
        frequencies=tuple(name for name in FREQUENCIES if name in columns), source=str(frame.path), notes=tuple(notes),
    )  # fmt: skip
    table = _only(table, only)
    return _once(table) if "rsid" in {name.lower() for name in frame.names} else table


def _only(table: VariantTable, only: Mapping[str, str | Sequence[str]]) -> VariantTable:
    """Rows that were asked for, of what the name of the file tells, too; each value has to be there.

    Raises
    ------
    InputError
    """
    for name, held in only.items():
        if name not in table.columns:
            raise InputError(
                f"neither a column nor the name of the file tells the {name}", path=table.source,
                remedy=f"leave the choice by {name} out",
            )  # fmt: skip
        wanted = [held] if isinstance(held, str) else list(held)
        there = set(table.columns[name].tolist())
        for value in wanted:
            if value not in there:
                raise InputError(
                    f"no row has the {name} {value!r}{did_you_mean(value, there)}", path=table.source,
                    remedy=f"look how the table spells it; rows that were found have {', '.join(sorted(there)[:10])}",
                )  # fmt: skip
        table = table.take(np.isin(table.columns[name], wanted))
    return table


def _of_ratios(columns: Columns) -> tuple[Columns, list[str]]:
    """The logarithm of an odds ratio is the effect, where there is no other."""
    ratio = columns.pop("odds_ratio", None)
    if ratio is None or "beta" in columns:
        return columns, []
    with np.errstate(divide="ignore"):
        effect = np.log(ratio)
    return columns | {"beta": np.where(np.isinf(effect), np.nan, effect)}, ["beta is the logarithm of the odds ratio"]


def _without_copies(columns: Columns) -> Columns:
    """Traits are told beside genes where they differ: exons, transcripts, introns."""
    gene, trait = columns.get("gene_id"), columns.get("trait_id")
    same = trait is not None and (gene is None or np.array_equal(gene, trait))
    return {name: values for name, values in columns.items() if not (same and name == "trait_id")}


def _spelled(only: Mapping[str, str | Sequence[str]]) -> str:
    return ", ".join(
        f"{name} {one!r}" for name, held in only.items() for one in ([held] if isinstance(held, str) else held)
    )


def _allowed(
    frame: Frame, found: Mapping[str, str], only: Mapping[str, str | Sequence[str]]
) -> dict[str, frozenset[str]]:
    """What columns of the file have to hold."""
    for name in only:
        if KINDS.get(name) != "text" or name not in found:
            texts = [one for one in found if KINDS.get(one) == "text"]
            raise InputError(
                f"rows cannot be chosen by {name!r}{did_you_mean(name, texts)}", path=frame.path,
                remedy=f"columns of text are {', '.join(texts) or 'not there'}",
            )  # fmt: skip
    return {found[name]: frozenset([held] if isinstance(held, str) else held) for name, held in only.items()}


def _once(table: VariantTable) -> VariantTable:
    """Leave out rows that differ in nothing but the rsid: a variant that has several stands there several times."""
    again = find_duplicates(table, tuple(table.columns)).rows
    if not again.size:
        return table
    kept = np.ones(len(table), np.bool_)
    kept[again] = False
    counts = table.counts | {"rows that differ in the rsid alone": int(again.size)}
    return replace(table.take(kept), counts=counts)
