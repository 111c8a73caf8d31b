"""From the columns of a file to a `VariantTable`: names, places and alleles, values that are in their range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import VariantTable
from ..alleles import parse_names, texts
from ._frame import Frame, Rows

__all__ = [
    "ALIASES",
    "KINDS",
    "LONGEST_ALLELE",
    "PLACES",
    "Places",
    "build_of",
    "check_ranges",
    "find_columns",
    "place_columns",
    "plain_alleles",
    "read_places",
    "refuse_alleles",
]

KINDS: Final = {
    "gene_id": "text", "tissue": "text", "study": "text", "method": "text", "beta": "number", "se": "number",
    "p": "number", "pip": "number", "cs_id": "text", "causal": "truth", "af": "number", "maf": "number",
    "tss_distance": "number", "consequence": "text", "ld_score": "number", "ancestry": "text", "match_group": "text",
    "beta_posterior": "number", "z": "number", "odds_ratio": "number", "trait_id": "text",
}  # fmt: skip
LONGEST_ALLELE: Final = 50  # bases; longer ones are structural variants, and texts of one width would fill the memory
PLACES: Final = ("chrom", "pos", "ref", "alt", "variant_id", "locus", "alleles")
_OWN: Final = ("chrom", "pos", "ref", "alt")
_LETTER_RUNS: Final = re.compile(r"[A-Za-z*.<>]+")
# Lower-case names of a canonical column, the better first.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "chrom": ("chrom", "chr", "chromosome", "contig", "seqnames"),
    "pos": ("pos", "position", "bp", "base_pair_location"),
    "ref": ("ref", "reference", "ref_allele", "reference_allele", "other_allele"),
    "alt": ("alt", "alternate", "alternative", "alt_allele", "alternate_allele", "effect_allele"),
    "variant_id": ("variant_id", "variant", "variantid", "variant_hg38", "variant_b38"),
    "locus": ("locus",),
    "alleles": ("alleles",),
    "gene_id": ("gene_id", "gene", "phenotype_id", "molecular_trait_id", "ensembl_gene_id", "ensembl_id"),
    "tissue": ("tissue", "tissue_name", "tissue_label", "cell_type", "biosample", "context", "trait"),
    "study": ("study", "study_id", "dataset", "dataset_id", "cohort"),
    "method": ("method", "finemapping_method"),
    "beta": ("beta", "effect", "effect_size", "slope", "beta_marginal", "coefficient", "afc"),
    "se": ("se", "standard_error", "stderr", "beta_se", "slope_se", "se_marginal", "afc_se"),
    "p": ("p", "pvalue", "p_value", "p-value", "pval", "pval_nominal", "p_nominal"),
    "pip": ("pip", "posterior_inclusion_probability", "susie_pip"),
    "cs_id": ("cs_id", "cs", "credible_set", "credible_set_id"),
    "causal": ("causal", "label", "is_causal"),
    "af": ("af", "alt_af", "alt_freq", "af_alt", "eaf", "effect_allele_frequency"),
    "maf": ("maf", "minor_allele_frequency"),
    "tss_distance": ("tss_distance", "tss_dist", "distance_to_tss", "start_distance"),
    "consequence": ("consequence", "most_severe_consequence"),
    "ld_score": ("ld_score", "ldscore"),
    "ancestry": ("ancestry", "population", "superpopulation"),
    "match_group": ("match_group",),
    "beta_posterior": ("beta_posterior", "posterior_mean"),
    "z": ("z", "zscore", "z_score"),
    "odds_ratio": ("odds_ratio", "or"),
    "trait_id": ("molecular_trait_id", "phenotype_id"),
}
_RANGES: Final = dict.fromkeys(("p", "pip", "af", "maf"), (0.0, 1.0)) | dict.fromkeys(
    ("se", "odds_ratio"), (0.0, np.inf)
)
_BUILD: Final = "names of variants say "
_LETTERS: Final = np.array([ord(letter) for letter in "ACGT"], np.uint32)
_POSITIONS: Final = "a position counts from 1, the first base of the chromosome; BED starts count from 0"


@dataclass(frozen=True, slots=True)
class Places:
    """Where variants are: arrays of shape (V,), and the build that their names tell (``b38``), if any.

    ``kept`` numbers the rows among those that were read: alleles that are too long are left out, and counted.
    """

    chrom: NDArray[np.str_]
    position: NDArray[np.int64]
    ref: NDArray[np.str_]
    alt: NDArray[np.str_]
    build: str = ""
    kept: NDArray[np.int64] | None = None
    n_long: int = 0

    def table(self, columns: Mapping[str, NDArray[Any]], **rest: Any) -> VariantTable:
        """Return the table with columns of all rows that were read."""
        if self.build:
            rest["notes"] = (f"{_BUILD}{self.build}", *rest.get("notes", ()))
        if self.kept is not None:
            columns = {name: values[self.kept] for name, values in columns.items()}
            rest["counts"] = {f"left out: an allele of more than {LONGEST_ALLELE} bases": self.n_long}
        return VariantTable(self.chrom, self.position, self.ref, self.alt, dict(columns), **rest)


def build_of(table: VariantTable) -> str:
    """Return the build that names of variants told (``b38``), "" where they told none."""
    return next((note.removeprefix(_BUILD) for note in table.notes if note.startswith(_BUILD)), "")


def find_columns(frame: Frame, own: Mapping[str, tuple[str, ...]] | None = None) -> tuple[dict[str, str], list[str]]:
    """Return the column of the file for each canonical one that it has, and what was passed over in words."""
    by_lower = {name.lower(): name for name in reversed(frame.names)}
    found, notes = {}, []
    for canonical, aliases in {**ALIASES, **(own or {})}.items():
        there = [by_lower[alias] for alias in aliases if alias in by_lower]
        if there:
            found[canonical] = there[0]
        if there[1:] and canonical not in PLACES:
            notes.append(f"{canonical} is the column {there[0]}, not {' or '.join(there[1:])}")
    if found.get("trait_id") == found.get("gene_id"):
        found.pop("trait_id", None)
    return found, notes


def place_columns(found: Mapping[str, str]) -> tuple[str, ...]:
    """Return those of `PLACES` by which a table places its variants: none where it does not."""
    ways = _OWN, ("variant_id",), ("locus", "alleles")
    way = next((way for way in ways if found.keys() >= set(way)), ())
    return (*way, "variant_id") if way == _OWN and "variant_id" in found else way


def read_places(
    frame: Frame, columns: Mapping[str, str], values: Mapping[str, NDArray[Any]], rows: NDArray[np.int64] | None = None
) -> Places:
    """Return the places of variants from columns that were read: of their own, names of variants, or Hail's.

    Parameters
    ----------
    frame : Frame
    columns : mapping of str to str
        Column of the file for each of `PLACES` that it has.
    values : mapping of str to array
        Columns of the file: texts as objects (``"object"``), so that one long allele does not widen all.
    rows : int64 array, optional
        The rows of the file that ``values`` are.

    Raises
    ------
    InputError
        Naming the row: a name that is none, alleles with other letters, builds that differ, columns that disagree.
    """
    own = columns.keys() >= set(_OWN)
    names = values[columns["variant_id"]] if "variant_id" in columns else None
    if {"locus", "alleles"} <= columns.keys():
        names = _names_of_hail(values[columns["locus"]].tolist(), values[columns["alleles"]].tolist())
    named = None if names is None else parse_names(names.tolist())
    if named and len(named.builds) > 1:
        raise InputError(
            f"names of variants are of {' and '.join(named.builds)}", path=frame.path,
            remedy="lift one part over, and give a file of one build",
        )  # fmt: skip
    if not own and named is None:
        raise _no_places(frame)
    rows = np.arange(len(next(iter(values.values())))) if rows is None else rows
    if named and named.bad is not None and not own:
        name = str(names[named.bad]) if names is not None else ""
        raise InputError(
            f"variant {name!r} is not chrom_pos_ref_alt", path=frame.path, record=frame.record(int(rows[named.bad])),
            remedy="name variants chr1_12345_A_G or chr1:12345:A:G, or give chrom, pos, ref and alt",
        )  # fmt: skip
    if own:
        chrom, pos, ref, alt = (values[columns[name]] for name in ("chrom", "pos", "ref", "alt"))
    else:
        assert named is not None
        chrom, pos, ref, alt = named.chrom, named.position, named.ref, named.alt
    _refuse_row(frame, rows, chrom == "", "the contig is empty", "name the contig")
    _refuse_row(frame, rows, pos < 1, "the position is 0", _POSITIONS)
    if own and named and named.bad is None:
        other = (named.position != pos) | (named.ref != ref) | (named.alt != alt)
        _refuse_row(
            frame, rows, other, f"{columns['variant_id']} names another place or alleles than chrom, pos, ref and alt",
            "leave one of them out: which one is right?",
        )  # fmt: skip
    long = np.zeros(len(ref), np.bool_)
    for alleles in (ref, alt):
        long |= np.fromiter(map(len, alleles.tolist()), np.int64, len(alleles)) > LONGEST_ALLELE
    kept = np.flatnonzero(~long)
    if long.any():
        chrom, ref, alt = chrom[kept], ref[kept], alt[kept]
    chrom, ref, alt = texts(chrom.tolist()), _upper(ref.tolist()), _upper(alt.tolist())
    refuse_alleles(frame, ref, alt, rows[kept])
    build, n_long = named.builds[0] if named and named.builds else "", int(long.sum())
    return Places(chrom, pos[kept] - 1, ref, alt, build, kept if n_long else None, n_long)


def _upper(alleles: list[str]) -> NDArray[np.str_]:
    small = {one: one.upper() for one in set(alleles)}
    return texts(alleles if all(map(str.isupper, small)) else [small[one] for one in alleles])


def _names_of_hail(loci: list[str], alleles: list[str]) -> NDArray[np.object_]:
    """Names from ``chr1:12345`` and ``["A","G"]``; of other than two alleles they are none."""
    rows = zip(loci, map(_LETTER_RUNS.findall, alleles), strict=True)
    return np.array([":".join((locus, *both)) for locus, both in rows], object)


def _no_places(frame: Frame) -> InputError:
    low = {name.lower() for name in frame.names}
    bed = {"start", "end"} <= low or {"chromstart", "chromend"} <= low
    return InputError(
        "positions are intervals, as in a BED, and alleles or a position are missing" if bed
        else f"the table has neither chrom, pos, ref, alt nor variant_id nor locus, alleles; it has "
        f"{', '.join(frame.names[:20])}",
        path=frame.path,
        remedy="name the columns chrom, pos (1-based: start + 1 of a BED), ref and alt, or variant_id (chr1_12345_A_G)",
    )  # fmt: skip


def refuse_alleles(
    frame: Rows, ref: NDArray[np.str_], alt: NDArray[np.str_], rows: NDArray[np.int64] | None = None
) -> None:
    """Refuse alleles with other letters than A, C, G, T, empty ones, and two that are one.

    Raises
    ------
    InputError
    """
    for what, alleles in (("REF", ref), ("ALT", alt)):
        wrong = ~plain_alleles(alleles)
        if wrong.any():
            shown = str(alleles[int(np.argmax(wrong))])
            message = f"{what} {shown!r} is not spelled with A, C, G and T"
            _refuse_row(frame, rows, wrong, message, "spell it out, or leave the row out")
    _refuse_row(frame, rows, ref == alt, "REF and ALT are the same", "leave the row out")


def plain_alleles(alleles: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Whether each allele is spelled with A, C, G, T alone, and is not empty."""
    if not alleles.size:
        return np.ones(0, np.bool_)
    codes = np.ascontiguousarray(alleles).view(np.uint32).reshape(len(alleles), -1)
    fine: NDArray[np.bool_] = (codes[:, 0] != 0) & (np.isin(codes, _LETTERS) | (codes == 0)).all(axis=1)
    return fine


def check_ranges(
    frame: Frame, columns: Mapping[str, NDArray[Any]], names: Mapping[str, str], rows: NDArray[np.int64] | None = None
) -> None:
    """Refuse probabilities and frequencies outside [0, 1], negative standard errors, labels other than 0 and 1.

    Raises
    ------
    InputError
    """
    for name, values in columns.items():
        if name in _RANGES:
            low, high = _RANGES[name]
            wrong = (values < low) | (values > high)
            says = (
                "no probability" if name in ("p", "pip") else f"not {'between 0 and 1' if high == 1 else '0 or more'}"
            )
        elif name == "causal":
            wrong, says = ~np.isnan(values) & (values != 0) & (values != 1), "not 0 or 1"
        else:
            continue
        if wrong.any():
            value = values[int(np.argmax(wrong))]
            message = f"{names.get(name, name)} {value:.12g} is {says}"
            _refuse_row(frame, rows, wrong, message, "mend the row, or leave it out")


def _refuse_row(
    frame: Rows, rows: NDArray[np.int64] | None, wrong: NDArray[np.bool_], message: str, remedy: str
) -> None:
    if len(wrong) and wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            message, path=frame.path, record=frame.record(row if rows is None else int(rows[row])), remedy=remedy
        )
