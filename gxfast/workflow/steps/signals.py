"""More than one eQTL of a gene: independent signals and credible sets, kept in the blocks of the eQTL step.

Which genes have an eQTL, and so the threshold of a signal, is known when all blocks are done. No gene with q <= `FDR`
has a larger p than `FDR`: a block goes down to that, and what passes is chosen when the tables are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io.tables import write_rows
from ...stats import Association, PermutedAssociation, forward_backward, susie
from ...stats.conditional import passing_signals
from ..blocks import packed_rows, unpacked_rows
from ..options import FDR, MappingOptions
from ..rows import LeadRow, SignalRow, SusieGeneRow, SusieRow
from ..rundir import RunDirectory
from .eqtl_rows import VariantCells

__all__ = ["FoundSignals", "GeneSignals", "gene_signals", "pack_signals", "unpack_signals", "write_signals"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GeneSignals:
    """What a block keeps of a gene: ``backward[k]`` are the signals where the first k + 2 of ``forward`` pass."""

    forward: list[SignalRow] = field(default_factory=list)
    backward: list[list[SignalRow]] = field(default_factory=list)
    susie: list[SusieRow] = field(default_factory=list)
    fine_mapped: SusieGeneRow | None = None


def gene_signals(
    cells: VariantCells, gene: str, window: tuple[int, int], ends: Sequence[int], x: NDArray[Any], y: Float64Array,
    covariates: Float64Array | None, tested: tuple[Association, PermutedAssociation | None], options: MappingOptions,
) -> GeneSignals:  # fmt: skip
    """Find the signals of a gene, as far as options ask for them.

    Parameters
    ----------
    cells : VariantCells
    gene : str
    window : (int, int)
        Of the variants of ``cells``, those of the gene: ``x``.
    ends : sequence of int
        As of `VariantCells.pairs`.
    x : array, shape (V, S)
    y : float64 array, shape (S,)
    covariates : float64 array, shape (K, S), or None
    tested : (Association, PermutedAssociation or None)
        Without conditions.
    options : MappingOptions
    """
    forward: list[SignalRow] = []
    backward: list[list[SignalRow]] = []
    one, permuted = tested
    if options.independent and permuted is not None:
        found = forward_backward(
            x, y, covariates=covariates, threshold=FDR, n_permutations=options.permutations, seed=options.seed,
            first=(one, permuted),
        )  # fmt: skip
        forward, *backward = (
            [cells.signal_row(gene, *window, ends, signal) for signal in signals]
            for signals in (found.forward, *found.backward)
        )
    if not options.susie or one.lead is None:
        return GeneSignals(forward, backward)
    fit = susie(x, y, covariates=covariates)
    status = "ok" if fit.converged else f"no convergence in {fit.n_iterations} iterations"
    row = SusieGeneRow(
        phenotype_id=gene, num_var=len(x), n_sets=len(fit.sets), n_iterations=fit.n_iterations,
        residual_variance=fit.residual_variance, status=status,
    )  # fmt: skip
    return GeneSignals(forward, backward, cells.susie_rows(gene, window[0], fit), row)


def pack_signals(
    genes: Sequence[GeneSignals | None], leads: Sequence[LeadRow], options: MappingOptions
) -> dict[str, NDArray[Any]]:
    """Return what a block keeps of its genes, in their order; nothing where nothing was asked for."""
    there = [one or GeneSignals() for one in genes]
    out: dict[str, NDArray[Any]] = {}
    if options.independent:
        rows = [(n, row) for one in there for n, rows in enumerate([one.forward, *one.backward]) for row in rows]
        out = {"signals": packed_rows([row for _, row in rows]), "signals_of": np.array([n for n, _ in rows], np.int64)}
    if options.susie:
        done = [
            one.fine_mapped or SusieGeneRow(phenotype_id=lead.phenotype_id, status=lead.status)
            for one, lead in zip(there, leads, strict=True)
        ]
        out |= {"susie": packed_rows([row for one in there for row in one.susie]), "susie_genes": packed_rows(done)}
    return out


def unpack_signals(stored: dict[str, NDArray[Any]], leads: Sequence[LeadRow]) -> list[GeneSignals]:
    """Return what `pack_signals` packed; ``leads`` are the rows of the block's genes."""
    found = {row.phenotype_id: GeneSignals() for row in leads}
    if "signals" in stored:
        for n, row in zip(stored["signals_of"].tolist(), unpacked_rows(SignalRow, stored, "signals"), strict=True):
            gene = found[row.phenotype_id]
            while len(gene.backward) < n:
                gene.backward.append([])
            (gene.backward[n - 1] if n else gene.forward).append(row)
    if "susie" not in stored:
        return list(found.values())
    for part in unpacked_rows(SusieRow, stored, "susie"):
        found[part.phenotype_id].susie.append(part)
    done = unpacked_rows(SusieGeneRow, stored, "susie_genes")
    return [
        GeneSignals(one.forward, one.backward, one.susie, row) for one, row in zip(found.values(), done, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class FoundSignals:
    """Rows of ``independent.tsv`` and ``susie.tsv``, and what the summary says of them."""

    independent: list[SignalRow] = field(default_factory=list)
    susie: list[SusieRow] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)


def write_signals(
    run: RunDirectory, leads: Sequence[LeadRow], signals: Sequence[GeneSignals], options: MappingOptions
) -> FoundSignals:
    """Write ``eqtl/independent.tsv``, ``susie.tsv`` and ``susie.genes.tsv`` as far as options ask for them.

    Parameters
    ----------
    run : RunDirectory
    leads : sequence of LeadRow
        With their q; in the order of the tables.
    signals : sequence of GeneSignals
        Of the same genes.
    options : MappingOptions
    """
    folder, out = run.subdirectory("eqtl"), FoundSignals()
    if options.independent:
        passed = [row.qval is not None and row.qval <= FDR for row in leads]
        # the largest p of a gene with an eQTL, as tensorQTL
        threshold = max((row.pval_beta or 0.0 for row, yes in zip(leads, passed, strict=True) if yes), default=0.0)
        for one, yes in zip(signals, passed, strict=True):
            out.independent.extend(passing_signals(one.forward, one.backward, threshold) if yes else [])
        write_rows(folder / "independent.tsv", SignalRow, out.independent)
        counts = Counter(row.phenotype_id for row in out.independent)
        out.summary.update(n_independent=len(out.independent), n_several=sum(n > 1 for n in counts.values()))
    if options.susie:
        genes = [one.fine_mapped for one in signals if one.fine_mapped is not None]
        out.susie.extend(row for one in signals for row in one.susie)
        write_rows(folder / "susie.tsv", SusieRow, out.susie)
        write_rows(folder / "susie.genes.tsv", SusieGeneRow, genes)
        undone = [row for row in genes if row.status != "ok" and row.n_iterations is not None]
        out.undone.extend(f"{row.phenotype_id}: {row.status} of the fine-mapping" for row in undone)
        out.summary.update(n_sets=sum(row.n_sets or 0 for row in genes), n_not_fine_mapped=len(undone))
    return out
