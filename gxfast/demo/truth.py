"""Compare what a run found with what the demonstration planted; says so plainly when they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..io.tables import read_table, write_rows

__all__ = ["DemoComparison", "DemoGeneResult", "compare"]

FDR = 0.05
TRUTH_FILE = "demo_truth.tsv"
_CLASSES = ("right", "wrong", "missed")
_MUST_FIND = 2 / 3  # of the right and of the wrong genes: the weakest effects are below what can be seen
_MAY_STRAY = 0.2  # of the missed genes: linkage and chance make a few significant


@dataclass(frozen=True, slots=True)
class DemoGeneResult:
    """One planted gene.

    Attributes
    ----------
    gene_id, causal_variant : str
    truth : str
        ``right``, ``wrong`` or ``missed``.
    effect : str
        Planted effect per alternate allele, as written in the truth table.
    found : str
        ``positive`` or ``negative`` (significant), ``not significant``, ``undefined`` (no correlation, for
        instance because the prediction is the same for everybody) or ``absent`` (no row in the result).
    agrees : bool
        right and positive, wrong and negative, or missed and neither (but not absent).
    driver : str
        Whether the causal variant is a driver of the model's predictions: ``causal``, ``other`` (drivers, but not
        that one), ``none``; empty where drivers were not looked for.
    support : str
        Whether the eQTL supports the causal driver: ``supported``, ``unsupported``, ``neither``, or empty.
    certified : str
        Direction of the certificate, ``right`` or ``wrong``; empty where nothing was said.
    certainty : float or None
        Its probability.
    """

    gene_id: str
    truth: str
    causal_variant: str
    effect: str
    found: str
    agrees: bool
    driver: str = ""
    support: str = ""
    certified: str = ""
    certainty: float | None = None


@dataclass(frozen=True, slots=True)
class DemoComparison:
    """All planted genes with what was found for them, in the order of the truth table."""

    genes: tuple[DemoGeneResult, ...]
    fdr: float

    def count(self, truth: str, *found: str) -> int:
        """Return how many genes of a class were found in one of the given ways (none given: all)."""
        return sum(g.truth == truth and (not found or g.found in found) for g in self.genes)

    def drivers(self, truth: str, support: str) -> int:
        """Return in how many genes of a class the causal variant is a driver with that support."""
        return sum(g.truth == truth and g.driver == "causal" and g.support == support for g in self.genes)

    @property
    def statements(self) -> tuple[int, int, float]:
        """Certificates of genes with a planted direction: how many, how many hold, how many are expected to."""
        said = [g for g in self.genes if g.certainty is not None and g.truth in ("right", "wrong")]
        return len(said), sum(g.certified == g.truth for g in said), sum(g.certainty or 0.0 for g in said)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the result does not bear out what was planted; empty when it does."""
        result = []
        for truth, expected, opposite in (
            ("right", "positive", "negative"),
            ("wrong", "negative", "positive"),
        ):
            total, found = self.count(truth), self.count(truth, expected)
            if found < _MUST_FIND * total:
                result.append(f"only {found} of {total} planted {truth} genes are {expected}")
            if swapped := self.count(truth, opposite):
                result.append(f"{swapped} planted {truth} genes are {opposite}")
        stray, total = self.count("missed", "positive", "negative"), self.count("missed")
        if stray > max(1.0, _MAY_STRAY * total):
            result.append(f"{stray} of {total} genes that the model should miss are significant")
        if any(g.driver for g in self.genes):
            for truth, support in (("right", "supported"), ("wrong", "unsupported")):
                total, found = self.count(truth), self.drivers(truth, support)
                if found < _MUST_FIND * total:
                    result.append(f"only {found} of {total} causal variants of {truth} genes are {support} drivers")
        said, held, stated = self.statements
        if stated - held > max(1.0, 3 * math.sqrt(stated * (1 - stated / max(said, 1)))):
            result.append(f"{held} of {said} certificates of direction hold, {stated:.1f} were expected to")
        if absent := sum(g.found == "absent" for g in self.genes):
            result.append(f"{absent} planted genes are not in the result")
        return tuple(result)

    @property
    def ok(self) -> bool:
        """Whether the result bears out what was planted."""
        return not self.problems

    def text(self) -> str:
        """Return a few plain lines: one per class, then the verdict."""
        lines = []
        for truth, expected in (("right", "positive"), ("wrong", "negative")):
            lines.append(
                f"planted {truth} {self.count(truth)}: "
                f"found {expected} {self.count(truth, expected)}{self._others(truth, expected)}"
            )
        stray = self.count("missed", "positive", "negative")
        lines.append(f"planted missed {self.count('missed')}: significant {stray}")
        if any(g.driver for g in self.genes):
            lines.append(
                f"causal variants that are drivers: {self.drivers('right', 'supported')} of {self.count('right')} in "
                f"right genes, supported by eQTLs; {self.drivers('wrong', 'unsupported')} of {self.count('wrong')} in "
                "wrong genes, against them"
            )
        said, held, stated = self.statements
        if said:
            lines.append(
                f"certificates of direction: {held} of {said} hold in right and wrong genes ({stated:.1f} expected)"
            )
        if self.ok:
            lines.append(f"the result bears out the planted truth (FDR {self.fdr:g})")
        else:
            lines.append(f"the result does NOT bear out the planted truth: {'; '.join(self.problems)}")
        return "\n".join(lines)

    def write_truth(self, directory: str | Path) -> Path:
        """Write ``directory/demo_truth.tsv``: gene_id, truth, causal_variant, effect, found, agrees, driver, support,
        certified, certainty.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        return write_rows(Path(directory) / TRUTH_FILE, DemoGeneResult, self.genes)

    def _others(self, truth: str, expected: str) -> str:
        ways = ("positive", "negative", "not significant", "undefined", "absent")
        parts = [f"{way} {n}" for way in ways if way != expected and (n := self.count(truth, way))]
        return f" ({', '.join(parts)})" if parts else ""


def compare(
    truth_tsv: str | Path, genes_tsv: str | Path, *, drivers_tsv: str | Path | None = None,
    certificate_tsv: str | Path | None = None, fdr: float = FDR, model: str | None = None,
) -> DemoComparison:  # fmt: skip
    """Compare the ``genes.tsv`` of a run with the truth table of the cohort.

    A gene is found where ``pearson_q`` is below ``fdr``, with the sign of ``pearson_r``.

    Parameters
    ----------
    truth_tsv, genes_tsv : str or Path
        ``DemoCohort.truth`` and ``genes.tsv`` of the run directory.
    drivers_tsv : str or Path, optional
        ``drivers.tsv`` of the run directory.
    certificate_tsv : str or Path, optional
        ``certificate.tsv`` of the run directory.
    fdr : float
        Significance level.
    model : str, optional
        Which model to take where the run has several.

    Returns
    -------
    DemoComparison

    Raises
    ------
    InputError
        If a table is missing, lacks a column, holds something that is not a number, or has several rows
        for a gene and no ``model`` to choose by.
    """
    truth = _read(truth_tsv, ("gene_id", "truth", "causal_variant", "effect"))
    needed = ("gene_id", "pearson_r", "pearson_q")
    results: dict[str, dict[str, str]] = {}
    for row in _read(genes_tsv, needed if model is None else (*needed, "model")):
        if model is not None and row["model"] != model:
            continue
        if row["gene_id"] in results:
            raise InputError(
                "more than one row for this gene",
                path=genes_tsv,
                record=row["gene_id"],
                remedy="name the model to compare",
            )
        results[row["gene_id"]] = row
    drivers: dict[str, dict[str, str]] = {}
    for row in _read(drivers_tsv, ("gene_id", "variant_id", "support", "model")) if drivers_tsv else ():
        if model in (None, row["model"]):
            drivers.setdefault(row["gene_id"], {})[row["variant_id"]] = row["support"]
    certificates = _certificates(certificate_tsv, model) if certificate_tsv else {}
    genes = []
    for row in truth:
        planted = row["truth"]
        if planted not in _CLASSES:
            raise InputError(
                f"truth must be one of {', '.join(_CLASSES)}, found {planted!r}",
                path=truth_tsv,
                record=row["gene_id"],
            )
        found = _found(results.get(row["gene_id"]), fdr, genes_tsv)
        agrees = {
            "right": found == "positive",
            "wrong": found == "negative",
            "missed": found in ("not significant", "undefined"),
        }[planted]
        causal, mine = row["causal_variant"], drivers.get(row["gene_id"], {})
        driver = "" if drivers_tsv is None else "causal" if causal in mine else "other" if mine else "none"
        certified, certainty = certificates.get(row["gene_id"], ("", None))
        support = mine.get(causal, "")
        genes.append(
            DemoGeneResult(
                row["gene_id"], planted, causal, row["effect"], found, agrees, driver, support, certified, certainty
            )
        )
    return DemoComparison(tuple(genes), fdr)


def _certificates(path: str | Path, model: str | None) -> dict[str, tuple[str, float]]:
    """Direction and certainty by gene, where something was said."""
    found = {}
    for row in _read(path, ("gene_id", "model", "direction", "certainty")):
        if row["direction"] and model in (None, row["model"]):
            try:
                found[row["gene_id"]] = row["direction"], float(row["certainty"])
            except ValueError as error:
                raise InputError(f"not a number: {error}", path=path, record=row["gene_id"]) from error
    return found


def _found(row: Mapping[str, str] | None, fdr: float, path: str | Path) -> str:
    if row is None:
        return "absent"
    if not row["pearson_r"] or not row["pearson_q"]:
        return "undefined"
    try:
        r, q = float(row["pearson_r"]), float(row["pearson_q"])
    except ValueError as error:
        raise InputError(f"not a number: {error}", path=path, record=row["gene_id"]) from error
    if math.isnan(r) or math.isnan(q):
        return "undefined"
    if q >= fdr or r == 0:
        return "not significant"
    return "positive" if r > 0 else "negative"


def _read(path: str | Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    table = read_table(path)
    missing = [name for name in needed if name not in table]
    if missing:
        raise InputError(f"columns not found: {', '.join(missing)}", path=path, record="line 1")
    return [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
