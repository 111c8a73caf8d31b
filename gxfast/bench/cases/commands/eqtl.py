"""Whole commands: cis-eQTLs, nominal and by permutation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....io.tables import read_table
from ...commands import Command, compare_commands, field_of, gxfast_words, own_environment
from ...registry import Case
from ...result import Row
from .people import WINDOW, PeopleFiles, people_files

__all__ = ["NOMINAL", "PERMUTATIONS", "Lead", "Leads", "Pairs", "cases", "differing_leads", "differing_pairs"]

NOMINAL: Final = "eqtl-nominal"
PERMUTATIONS: Final = "eqtl-permutations"
# log10 of p: what float32 and printed digits explain; as a share of it where p is small.
_NEAR: Final = 0.01
_CHECKED_GENES: Final = 3

Pairs = Mapping[tuple[str, str], float]  # gene and variant: nominal p


class Lead(NamedTuple):
    """The lead variant of a gene."""

    variant: str
    nominal: float
    beta: float


Leads = Mapping[str, Lead]


def differing_pairs(own: Pairs, theirs: Pairs) -> str:
    """Return what differs between nominal p values of the same pairs; ``""``: nothing that counts."""
    shared = [pair for pair in own if pair in theirs]
    if len(shared) < 0.999 * max(len(own), len(theirs)) or not shared:
        return f"{len(theirs)} pairs, gxfast {len(own)}, {len(shared)} in both"
    both = _log10([(own[pair], theirs[pair]) for pair in shared])
    away = np.abs(both[:, 0] - both[:, 1]) / np.maximum(1, np.abs(both[:, 0]))
    wrong = int((away > _NEAR).sum())
    if not wrong:
        return ""
    worst = int(np.argmax(away))
    gene, variant = shared[worst]
    return (
        f"{wrong} of {len(shared)} nominal p differ, the most {gene} {variant}: {theirs[gene, variant]:.3g}, "
        f"gxfast {own[gene, variant]:.3g}"
    )


def differing_leads(own: Leads, theirs: Leads) -> str:
    """Return what differs between lead variants, their nominal p, and the order of the genes by beta p."""
    from scipy.stats import spearmanr

    if set(own) != set(theirs):
        return f"{len(theirs)} genes, gxfast {len(own)}"
    for gene, lead in own.items():
        found = theirs[gene]
        a, b = _log10([(lead.nominal, found.nominal)])[0]
        if abs(a - b) > _NEAR * max(1, abs(a)):  # another variant with the same p is as right
            return f"{gene}: lead {found.variant}, p {found.nominal:.3g}, gxfast {lead.variant}, {lead.nominal:.3g}"
    rank = float(spearmanr([lead.beta for lead in own.values()], [theirs[gene].beta for gene in own]).statistic)
    return "" if rank > 0.97 else f"beta p correlate {rank:.3f} by rank"


def _log10(pairs: list[tuple[float, float]]) -> NDArray[np.float64]:
    return np.asarray(np.log10(np.maximum(np.array(pairs, np.float64), 1e-300)))


def plain_p(files: PeopleFiles, gene: int) -> dict[str, float]:
    """Return the nominal p of a gene's pairs by the textbook: partial correlations, Student's t."""
    from scipy.stats import t as student

    people = len(files.people)
    design = np.concatenate([np.ones((1, people)), files.covariate_values]).T
    near = files.near(gene)
    columns = np.concatenate([files.values[gene][None], files.matrix[near].astype(np.float64)]).T
    left = columns - design @ np.linalg.lstsq(design, columns, rcond=None)[0]
    y, x = left[:, 0], left[:, 1:]
    r = y @ x / np.sqrt((y @ y) * (x * x).sum(axis=0))
    df = people - 1 - design.shape[1]
    p = 2 * student.sf(np.abs(r) * np.sqrt(df / (1 - r * r)), df)
    return dict(zip((files.variants[v] for v in near), p.tolist(), strict=True))


def _words(files: PeopleFiles, permutations: int, folder: Path) -> list[str | Path]:
    extra: list[str | Path] = [] if files.covariates is None else ["--covariates", files.covariates]
    return gxfast_words(
        "eqtl", "--vcf", files.vcf, "--expression", files.expression, *extra, "--window", str(WINDOW),
        "--permutations", str(permutations), "-o", folder / "run",
    )  # fmt: skip


def _read_pairs(folder: Path) -> Pairs:
    table = read_table(folder / "run" / "eqtl" / "nominal.tsv.gz")
    names = zip(table["phenotype_id"], table["variant_id"], strict=True)
    return dict(zip(names, map(float, table["pval_nominal"]), strict=True))


def _read_leads(folder: Path) -> Leads:
    table = read_table(folder / "run" / "eqtl" / "permutation.tsv")
    columns = (table[name] for name in ("phenotype_id", "variant_id", "pval_nominal", "pval_beta"))
    return {gene: Lead(variant, float(p), float(beta)) for gene, variant, p, beta in zip(*columns, strict=True)}


class _Agreement:
    """Checks gxfast against plain NumPy, and keeps what it found for the comparison with the others."""

    def __init__(self, files: PeopleFiles) -> None:
        self.files = files
        self.pairs: Pairs = {}
        self.leads: Leads = {}

    def own_pairs(self, found: Pairs) -> str:
        self.pairs = found
        genes = self.files.genes
        n = sum(len(self.files.near(g)) for g in range(len(genes)))
        if n != len(found):
            return f"{len(found)} pairs, expected {n}"
        chosen = np.linspace(0, len(genes) - 1, _CHECKED_GENES).astype(int).tolist()
        plain = {(genes[g], variant): p for g in chosen for variant, p in plain_p(self.files, g).items()}
        return differing_pairs(plain, {pair: found[pair] for pair in plain if pair in found})

    def own_leads(self, found: Leads) -> str:
        """The smallest p of every gene is that of its lead, and beta p are in the order of these p."""
        self.leads = found
        expected = {}
        for g, gene in enumerate(self.files.genes):
            plain = plain_p(self.files, g)
            variant = min(plain, key=lambda name: plain[name])
            expected[gene] = Lead(variant, plain[variant], found[gene].beta if gene in found else np.nan)
        return differing_leads(expected, found)

    def pairs_of_others(self, found: Pairs) -> str:
        return differing_pairs(self.pairs, found)

    def leads_of_others(self, found: Leads) -> str:
        return differing_leads(self.leads, found)


def _nominal(covariates: bool, size: str) -> Row:
    files = people_files(size, covariates=covariates)
    agreement = _Agreement(files)
    own = Command("gxfast", partial(_words, files, 0), _read_pairs, own_environment())
    field = field_of(NOMINAL, files, own, agreement.own_pairs, agreement.pairs_of_others)
    return compare_commands(_named(NOMINAL, covariates), field, size=size, note=_note(files))


def _permutations(covariates: bool, size: str) -> Row:
    files = people_files(size, covariates=covariates)
    agreement = _Agreement(files)
    own = Command("gxfast", partial(_words, files, 1000), _read_leads, own_environment())
    field = field_of(PERMUTATIONS, files, own, agreement.own_leads, agreement.leads_of_others)
    note = f"{_note(files)}; gxfast writes the nominal pairs too"
    return compare_commands(_named(PERMUTATIONS, covariates), field, size=size, note=note)


def _named(job: str, covariates: bool) -> str:
    return job if covariates else f"{job}-plain"


def _note(files: PeopleFiles) -> str:
    pairs = sum(len(files.near(g)) for g in range(len(files.genes)))
    return f"{files.source}, {len(files.covariate_values)} covariates, {pairs} pairs"


def cases() -> dict[str, Case]:
    """Return the cases by name; ``-plain`` is without covariates, which not every tool treats alike."""
    found: dict[str, Case] = {}
    for covariates in (True, False):
        found[_named(NOMINAL, covariates)] = partial(_nominal, covariates)
        found[_named(PERMUTATIONS, covariates)] = partial(_permutations, covariates)
    return found
