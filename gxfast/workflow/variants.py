"""``gxfast variants``: tables of labels and scores into the run directory of a benchmark."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from .._objects import Rows
from ..errors import InputError
from ..evaluation.variant_benchmark import VariantBenchmark, benchmark_variants
from ..evaluation.variant_controls import MatchedVariant
from ..evaluation.variant_rows import TOGETHER, BenchmarkOptions, VariantMetric
from ..evaluation.variant_strata import ALL
from ..io.contigs import STRICT
from ..io.fasta import Genome
from ..io.tables import write_rows
from ..io.tables.text import check_id
from ..io.variant_tables import Oriented, OrientedRow, orient, read_labels, read_scores
from ..reporting import write_report
from ..stats import CovariateAudit
from ..types import VariantTable
from .provenance import hash_files, plan_of
from .rundir import RunDirectory

__all__ = ["VariantPaths", "benchmark_tables"]

_FITS_NOT: Final = ("fits neither", "contig not in the FASTA", "other strand", "other strand, exchanged")


@dataclass(frozen=True, slots=True)
class VariantPaths:
    """What the user named.

    Attributes
    ----------
    labels : str
    scores : tuple of (str, str)
        Name, or nothing, and file; none: scores are other columns of ``labels``.
    fasta, contigs : str or None
        See `gxfast.io.variant_tables.orient`.
    columns : tuple of str
        Of scores, see `gxfast.io.variant_tables.read_scores`.
    label_format, score_format : str
    nulls : tuple of (str, str)
        Name, or nothing, and file: scores of null SNVs.
    methods : tuple of str
        Of fine-mapping: rows of the labels to use; all by default.
    strands : bool
        Take labels of the other strand, see `gxfast.io.variant_tables.orient`.
    """

    labels: str
    scores: tuple[tuple[str, str], ...] = ()
    fasta: str | None = None
    contigs: str | None = None
    columns: tuple[str, ...] = ()
    label_format: str = "auto"
    score_format: str = "auto"
    nulls: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = ()
    strands: bool = False


def benchmark_tables(
    paths: VariantPaths, output: str, options: BenchmarkOptions, *, resume: bool = False
) -> dict[str, Any]:
    """Benchmark scores of variants; write the tables of ``variants/`` in the run directory, and return the summary.

    ``metrics.tsv``, ``strata.tsv`` where there are strata, ``matched.tsv`` and ``audit.tsv`` where there are controls,
    ``turned.tsv`` where alleles were compared with a FASTA; and ``report.html``.

    Raises
    ------
    InputError
    """
    only = {name: some for name, some in (("tissue", options.tissues), ("method", paths.methods)) if some}
    labels = read_labels(paths.labels, format=paths.label_format, only=only)
    oriented = None
    if paths.fasta:
        oriented = orient(labels, Genome(paths.fasta), contigs=paths.contigs, strands=paths.strands)
        labels = oriented.table
    found = benchmark_variants(labels, _scores(paths, labels), options, nulls=_nulls(paths))
    with RunDirectory(output, _plan(paths, options), resume=resume) as run:
        run.note_run({"command": sys.argv[1:]})
        folder = run.subdirectory("variants")
        write_rows(folder / "metrics.tsv", VariantMetric, [row for row in found.rows if row.stratum == ALL])
        if options.strata:
            write_rows(folder / "strata.tsv", VariantMetric, [row for row in found.rows if row.stratum != ALL])
        if options.controls:
            write_rows(folder / "matched.tsv", MatchedVariant, found.matched)
        if options.controls or found.audit:
            write_rows(folder / "audit.tsv", CovariateAudit, found.audit)
        if oriented is not None:
            turned = [replace(row, row=row.row + 1) for row in oriented.rows]
            write_rows(folder / "turned.tsv", OrientedRow, turned)
        summary = _summary(found, oriented)
        failed = _failed(found, oriented, paths.strands)
        manifest = {"summary": summary, "counts": {"variants": found.counts}, "failed": failed}
        run.write_provisional_manifest(manifest)
        write_report(run.path)
        run.finish(manifest)
    return summary


def _plan(paths: VariantPaths, options: BenchmarkOptions) -> dict[str, Any]:
    contigs = None if paths.contigs == STRICT else paths.contigs
    files = [file for _, file in paths.scores]
    nulls = [file for _, file in paths.nulls]
    named = {"labels": paths.labels, "scores": files, "nulls": nulls, "fasta": paths.fasta, "contigs": contigs}
    hashes = hash_files(named)
    chosen = {
        **asdict(options), "columns": list(paths.columns), "label_format": paths.label_format,
        "score_format": paths.score_format, "names": [name for name, _ in paths.scores],
        "strict": paths.contigs == STRICT, **({"nulls": [name for name, _ in paths.nulls]} if paths.nulls else {}),
        **({"methods": list(paths.methods)} if paths.methods else {}), **({"strands": True} if paths.strands else {}),
    }  # fmt: skip
    return plan_of(hashes, variants=chosen)


def _scores(paths: VariantPaths, labels: VariantTable) -> VariantTable | dict[str, VariantTable]:
    """Tables of scores, at the variants of the labels; by name where they have some or there are several."""
    read = {"format": paths.score_format, "columns": paths.columns, "at": labels}
    if not paths.scores and paths.methods:
        raise InputError(
            "`method=` chooses rows of labels, and scores that stand beside them are read of all rows",
            path=paths.labels, remedy="give the scores as a table of their own with `scores=`",
        )  # fmt: skip
    if not paths.scores:
        return read_scores(paths.labels, **read)  # type: ignore[arg-type]
    return _by_name(paths.scores, "scores", read)


def _nulls(paths: VariantPaths) -> VariantTable | dict[str, VariantTable] | None:
    """Tables of null SNVs, which stand anywhere; a plain table that is indexed is read as a whole."""
    plain = "table" if paths.score_format == "tabix" else paths.score_format
    read = {"format": plain, "columns": paths.columns, "beside": ("tss_distance",)}
    return _by_name(paths.nulls, "null", read) if paths.nulls else None


def _by_name(
    named: Sequence[tuple[str, str]], option: str, read: dict[str, Any]
) -> VariantTable | dict[str, VariantTable]:
    if len(named) == 1 and not named[0][0]:
        return read_scores(named[0][1], **read)
    found: dict[str, VariantTable] = {}
    for name, file in named:
        if not file:
            raise InputError(f"`{option}={name}=` names no file", remedy=f"write `{option}={name}=FILE`")
        if name:
            check_id(name, "table of scores", file)
        if not name or name in found:
            what = f"two tables of {option} are called {name!r}"
            what = what if name else f"one of several tables of {option} has no name"
            raise InputError(what, path=file, remedy=f"name each: `{option}=NAME=FILE`")
        found[name] = read_scores(file, **read)
    return found


def _failed(found: VariantBenchmark, oriented: Oriented | None, strands: bool) -> list[str]:
    """Variants that were left out, with the reason."""
    turned = [] if oriented is None else oriented.rows
    unfit = _FITS_NOT[:2] if strands else _FITS_NOT
    failed = [f"{row.variant_id}: {row.status}" for row in turned if row.status in unfit]
    return failed + [f"{row.variant_id}: {row.status}" for row in found.matched if row.status != "ok"]


def _summary(found: VariantBenchmark, oriented: Oriented | None) -> dict[str, Any]:
    """The figures of every model over all strata, JSON-serialisable."""
    models: dict[str, list[dict[str, Any]]] = {}
    for row in _told(found.rows):
        told = {name: _known(value) for name, value in asdict(row).items() if name not in ("model", "stratum", "level")}
        models.setdefault(row.model, []).append(told)
    summary = {
        "models": models, "audit": [{n: _known(v) for n, v in asdict(one).items()} for one in found.audit],
        "n_matched": len({row.match_group for row in found.matched} - {""}),
        "n_unmatched": sum(row.status != "ok" for row in found.matched),
        "counts": {name: n for name, n in found.counts.items() if n},
        "warnings": [*(oriented.warnings if oriented else ()), *found.warnings],
    }  # fmt: skip
    if oriented is not None:
        names = ("n_matched", "n_turned", "n_other_strand", "n_refused", "n_palindromic")
        summary["alleles"] = {name: getattr(oriented, name) for name in names}
    return summary


def _told(rows: Rows[VariantMetric]) -> Iterable[VariantMetric]:
    """Rows of all tissues together, and of their means."""
    return [row for row in rows if row.stratum == ALL and row.tissue in TOGETHER]


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
