"""Which variants of a table are causal, which are not, and which are neither: rules of labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..errors import InputError
from ..io.variant_tables import find_duplicates
from ..io.variant_tables.codes import coded, combined
from ..types import VariantTable

__all__ = ["LabelRules", "Labelled", "canonical_ranks", "effect_column", "labelled", "variant_codes"]

Float64Array = NDArray[np.float64]
_EFFECTS: Final = ("beta", "beta_posterior", "z")
_KEY: Final = ("gene_id", "trait_id", "tissue", "study", "ancestry")
# Fewer negatives than the share have a PIP below the floor: the release was cut. Nothing is said of very few.
_PIP_FLOOR: Final = 5e-5
_FULL: Final = 0.05
_FEW: Final = 20
_EXACT: Final = 1e-12


@dataclass(frozen=True, slots=True)
class LabelRules:
    """Thresholds of labels, as TraitGym's.

    Attributes
    ----------
    positive, negative : float
        PIP above which a variant is causal, and below which it is not; those between are neither.
    p_limit : float
        Variants above ``positive`` whose p is larger are neither, where p is known.
    difference : float
        Where two methods give PIPs, both must be there and differ by less; their mean counts.
    inclusive : bool
        Whether a PIP of ``positive`` itself is causal, as in Borzoi's evaluation; TraitGym's rule is above it.
    """

    positive: float = 0.9
    negative: float = 0.01
    p_limit: float = 5e-8
    difference: float = 0.05
    inclusive: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.negative <= self.positive <= 1:
            raise InputError(
                f"PIPs of causal variants lie above those of others, found {self.positive:g} and {self.negative:g}",
                remedy="write `pip=(0.9, 0.01)`: above which causal, below which not",
            )


@dataclass(frozen=True, slots=True, repr=False)
class Labelled(Brief):
    """A table without repeated rows, and its labels.

    Attributes
    ----------
    table : VariantTable
    label : float64 array, shape (V,)
        1 causal, 0 not, NaN neither.
    has_labels : bool
        Whether the table tells causal from other variants at all.
    counts : dict of str to int
        Rows that were left out or are neither, by why.
    warnings : tuple of str
    """

    table: VariantTable
    label: Float64Array
    has_labels: bool
    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def labelled(table: VariantTable, rules: LabelRules) -> Labelled:
    """Tell causal variants from others: by ``causal``, else by PIP.

    Raises
    ------
    InputError
        If rows of one variant, gene and tissue disagree, more than two methods give PIPs, or a label is neither 0 nor
        1.
    """
    counts: dict[str, int] = {}
    table = _once(table, counts)
    table = _one_method(table, rules, counts)
    nothing = np.full(len(table), math.nan)
    if "causal" in table.columns:
        label = np.array(table.columns["causal"], np.float64)
        if (~np.isnan(label) & (label != 0) & (label != 1)).any():
            raise InputError("column causal must hold 0 and 1", path=table.source or None, remedy="mend the labels")
        _count(counts, "no label", np.isnan(label))
    elif "pip" in table.columns:
        label = _by_pip(table, rules, counts)
    else:
        return Labelled(table, nothing, False, counts)
    return Labelled(table, label, True, counts, tuple(_told(table, label, rules)))


def effect_column(table: VariantTable) -> str | None:
    """Return the column of effects: beta, else what was estimated instead."""
    return next((name for name in _EFFECTS if name in table.columns), None)


def variant_codes(table: VariantTable, columns: Sequence[str] = ()) -> NDArray[np.int64]:
    """Return one number per variant, or per variant and value of columns."""
    return np.unique(_keys(table, columns), return_inverse=True)[1].reshape(-1)


def _keys(table: VariantTable, columns: Sequence[str]) -> NDArray[np.int64]:
    """Contig, position, alleles and columns of text as one number a row, in the order of the texts."""
    texts = [table.chrom, table.ref, table.alt, *(table.columns[name] for name in columns)]
    chrom, *others = ((code, max(1, len(names))) for names, code in map(coded, texts))
    return combined([chrom, (table.position, int(table.position.max(initial=0)) + 1), *others])


def canonical_ranks(table: VariantTable) -> NDArray[np.int64]:
    """Return the rank of each row by contig, position, alleles and what else tells rows apart, not by its place."""
    ranks = np.empty(len(table), np.int64)
    keys = _keys(table, [name for name in _KEY if name in table.columns])
    order = np.argsort(keys, kind="stable")
    if (keys[order[1:]] == keys[order[:-1]]).any():
        rest = [table.columns[name] for name in sorted({*table.columns} - {*_KEY})]
        order = np.lexsort([*(coded(one)[1] if one.dtype.kind == "U" else one for one in rest), keys])
    ranks[order] = np.arange(len(table))
    return ranks


def _once(table: VariantTable, counts: dict[str, int]) -> VariantTable:
    """Leave out rows that repeat others, and those that differ from another in the credible set alone.

    Raises
    ------
    InputError
        If they say something else.
    """
    found = find_duplicates(table)
    for name, values in table.columns.items():
        first, again = values[found.first], values[found.rows]
        other = first != again
        if values.dtype.kind == "f":
            other &= ~(np.isnan(first) & np.isnan(again))
        if name in table.frequencies:  # 1 - f of alleles that were exchanged is not exact
            other &= ~(np.abs(first - again) < _EXACT)
        if other.any():
            row = int(np.argmax(other))
            variant = table.take(found.rows[row : row + 1]).variant_id[0]
            raise InputError(
                f"two rows of this variant{''.join(f', {one}' for one in found.keys)} have {name} {first[row]} and "
                f"{again[row]}", path=table.source or None, record=variant,
                remedy="keep one of them, or add the column that tells them apart (gene_id, tissue, study)",
            )  # fmt: skip
    once = table.take(np.delete(np.arange(len(table)), found.rows)) if found.rows.size else table
    again = _of_other_sets(once)
    if found.rows.size + again.size:
        counts["repeated rows"] = int(found.rows.size + again.size)
    return once.take(np.delete(np.arange(len(once)), again)) if again.size else once


def _of_other_sets(table: VariantTable) -> NDArray[np.int64]:
    """Rows that differ from another in the credible set alone; that of the first set, by name, is none of them."""
    if "cs_id" not in table.columns:
        return np.empty(0, np.int64)
    code = variant_codes(table, [name for name in _KEY if name in table.columns])
    several = np.flatnonzero(np.bincount(code)[code] > 1)
    several = several[np.argsort(table.columns["cs_id"][several], kind="stable")]
    others = [name for name in table.columns if name != "cs_id"]
    return several[find_duplicates(table.take(several), others).rows]


def _one_method(table: VariantTable, rules: LabelRules, counts: dict[str, int]) -> VariantTable:
    """Put the PIPs of two methods together: rows of a column ``method``, or two columns ``pip_...``."""
    wide = sorted(n for n, v in table.columns.items() if n.startswith("pip_") and v.dtype.kind == "f")
    if "pip" not in table.columns and len(wide) == 2:
        return _mean_of(table, table.columns[wide[0]], table.columns[wide[1]], rules, counts)
    if "method" not in table.columns or "pip" not in table.columns:
        return table
    methods = sorted(set(table.columns["method"].tolist()))
    if len(methods) < 2:
        return table
    if len(methods) > 2:
        raise InputError(
            f"{len(methods)} methods give PIPs: {', '.join(methods[:5])}", path=table.source or None,
            remedy="keep the rows of two, whose mean is taken, or of one: `method=`",
        )  # fmt: skip
    code = variant_codes(table, [name for name in _KEY if name in table.columns])
    pips = np.full((2, int(code.max(initial=-1)) + 1), math.nan)
    rows = np.full(pips.shape[1], -1)
    for m, method in enumerate(methods):
        own = np.flatnonzero(table.columns["method"] == method)[::-1]
        pips[m, code[own]] = table.columns["pip"][own]
        rows[code[own]] = np.where(rows[code[own]] < 0, own, rows[code[own]])
    kept = np.sort(rows)
    columns = {name: values for name, values in table.columns.items() if name != "method"}
    pair = pips[:, code[kept]]
    return _mean_of(replace(table, columns=columns).take(kept), pair[0], pair[1], rules, counts)


def _mean_of(
    table: VariantTable, first: Float64Array, second: Float64Array, rules: LabelRules, counts: dict[str, int]
) -> VariantTable:
    one_only = np.isnan(first) | np.isnan(second)
    apart = ~one_only & ~(np.abs(first - second) < rules.difference)
    _count(counts, "PIP of one method only", one_only)
    _count(counts, "PIPs of two methods differ", apart)
    pip = np.where(one_only | apart, math.nan, (first + second) / 2)
    return replace(table, columns=table.columns | {"pip": pip})


def _by_pip(table: VariantTable, rules: LabelRules, counts: dict[str, int]) -> Float64Array:
    pip = table.columns["pip"]
    p = table.columns.get("p", np.full(len(table), math.nan))
    high, low = pip >= rules.positive if rules.inclusive else pip > rules.positive, pip < rules.negative
    weak = high & (p > rules.p_limit)
    _count(counts, "no PIP", np.isnan(pip))
    _count(counts, "PIP between", ~np.isnan(pip) & ~high & ~low)
    _count(counts, f"PIP above {rules.positive:g}, p above {rules.p_limit:g}", weak)
    return np.where(high & ~weak, 1.0, np.where(low, 0.0, math.nan))


def _count(counts: dict[str, int], what: str, rows: NDArray[np.bool_]) -> None:
    if rows.any():
        counts[what] = int(rows.sum())


def _told(table: VariantTable, label: Float64Array, rules: LabelRules) -> list[str]:
    """What may make labels mean something else."""
    told = []
    if "causal" not in table.columns and not rules.inclusive:
        n = int((table.columns["pip"] == rules.positive).sum())
        if n:
            told.append(
                f"{n} PIPs are exactly {rules.positive:g}, and not causal: causal is above it (`pip_inclusive=True` "
                "takes them)"
            )
    negative = label == 0
    for missing, what in ((not (label == 1).any(), "causal"), (not negative.any(), "a negative")):
        if missing:
            told.append(f"none of {len(table)} variants is {what}: what needs some is undefined")
    if "pip" in table.columns:
        known = table.columns["pip"][negative & ~np.isnan(table.columns["pip"])]
        n_small = int((known < _PIP_FLOOR).sum())
        if known.size >= _FEW and n_small < _FULL * known.size:
            told.append(
                f"{n_small or 'none'} of {known.size} negatives has a PIP below {_PIP_FLOOR:g}, and half of them lie "
                f"above {np.median(known):.3g}: the release leaves small ones out, and its negatives are another "
                "population than all variants of the region"
            )
    code = variant_codes(table)
    both = int(np.count_nonzero((np.bincount(code, label == 1) > 0) & (np.bincount(code, negative) > 0)))
    if both:
        told.append(f"{both} variants are causal in one row and a negative in another (of another gene or tissue)")
    return told
