"""What a run has found, in a few lines: the answer first, then what else was found, then what it was found on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["across_line", "certificate_lines", "signal_lines", "summary_lines"]


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Return the key numbers of a run as a few plain lines."""
    return [*_answers(summary), *certificate_lines(summary), *_linear(summary), *_drivers(summary), *_counts(summary)]


def across_line(across: dict[str, Any]) -> str:
    """Return what correlations across people came to: their mean, how many are significant, and how many of these < 0.

    Parameters
    ----------
    across : dict
        See `gxfast.evaluation.result.summary`.
    """
    n = across["n_positive"] + across["n_negative"]
    mean = "undefined" if across["mean_r"] is None else f"{across['mean_r']:.3f}"
    share = f", {across['n_negative']} of them negative ({100 * across['n_negative'] / n:.0f} %)" if n else ""
    undefined = f"; {across['n_undefined']} undefined" if across["n_undefined"] else ""
    return f"mean r across people {mean} in {across['n_defined']} genes; {n} genes at FDR 5 %{share}{undefined}"


def _answers(summary: dict[str, Any]) -> Iterator[str]:
    """What models predict of the differences between people, and between genes."""
    for name, entry in summary["models"].items():
        if across := entry.get("across_people"):
            yield f"{name}: {across_line(across)}"
        for cross in entry.get("across_genes", []):
            if not cross["n_genes"]:  # effects of variants have no prediction for the reference
                continue
            yield (
                f"{name}: across {cross['n_genes']} genes: Pearson {cross['reference_pearson']:.3f}, "
                f"Spearman {cross['reference_spearman']:.3f}"
            )
    if "heads" in summary:
        learned = summary["heads"]
        yield (
            f"heads on people's own genomes ({learned['n_features']} features): mean r of held-out people "
            f"{learned['mean_people_r']:.3f}, of held-out genes {learned['mean_genes_r']:.3f}"
        )


def certificate_lines(summary: dict[str, Any]) -> Iterator[str]:
    """Yield in how many genes each model's direction is said to be right or wrong."""
    from .._objects import plural

    for name, entry in summary.get("certificate", {}).items():
        n = entry["n_right"] + entry["n_wrong"]
        yield (
            f"{name}: direction right in {plural(entry['n_right'], 'gene')} and wrong in {entry['n_wrong']}, of which "
            f"{entry['expected']:.0f} of {n} are expected to hold; nothing can be said of {entry['n_undecided']}"
        )


def _linear(summary: dict[str, Any]) -> Iterator[str]:
    """What linear models of the same people predict, and eQTLs."""
    for name, entry in summary.get("baseline", {}).get("models", {}).items():
        mean = "undefined" if entry["mean_cv_r"] is None else f"{entry['mean_cv_r']:.3f}"
        yield f"baseline {name}: mean held-out r {mean}, {entry['n_significant']} genes at FDR 5 %"
    found = summary.get("eqtl", {})
    if "n_egenes" in found:
        yield f"eQTLs: {found['n_egenes']} of {found['n_done']} genes at FDR 5 %, {found['n_pairs']} pairs"
    yield from signal_lines(found)


def signal_lines(found: dict[str, Any]) -> Iterator[str]:
    """Signals and credible sets, where they were looked for."""
    if "n_independent" in found:
        yield f"{found['n_independent']} independent eQTLs; {found['n_several']} genes have several"
    if "n_sets" in found:
        undone = f"; no convergence in {found['n_not_fine_mapped']} genes" if found["n_not_fine_mapped"] else ""
        yield f"{found['n_sets']} credible sets{undone}"


def _drivers(summary: dict[str, Any]) -> Iterator[str]:
    """SNVs behind the predictions, and whether eQTLs bear them out."""
    for name, entry in summary.get("drivers", {}).items():
        left = entry["n_records_left_out"]
        yield (
            f"{name}: {entry['n_drivers']} driver SNVs of {entry['n_snvs']} in {entry['n_genes']} genes: "
            f"{entry['n_supported']} supported by eQTLs, {entry['n_unsupported']} against them"
            + (f"; {left} records that are no biallelic SNV left out" if left else "")
        )


def _counts(summary: dict[str, Any]) -> Iterator[str]:
    """What all of it was found on."""
    yield f"{summary['n_people']} people, {summary['n_genes']} genes"
    if left := summary.get("cells", {}).get("left_out"):
        kept = ", ".join(f"{name} ({n})" for name, n in summary["cells"]["populations"].items())
        yield f"cells: populations {kept}; left out: {', '.join(f'{name} ({n})' for name, n in left.items())}"
    for name, entry in summary["models"].items():
        if "effects" in entry:
            yield f"{name}: {entry['effects_used']} of {entry['effects']} effects are of variants in the VCF"
            continue
        yield (
            f"{name}: {entry['unique_haplotypes']} distinct haplotypes instead of "
            f"{entry['sequences_without_sharing']} ({entry['fold_fewer']}x fewer); "
            f"{entry['model_calls']} model calls with the references"
        )
    yield from (f"left out: {why}" for why in summary.get("left_out", []))
