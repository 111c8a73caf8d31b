"""Effects of the variants that were observed: on the reference window, or on people's haplotypes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import Edits
from ...encode.one_hot import complement_bases
from ...errors import NotFiniteError
from ...io.fasta import Genome
from ...ism import Plan, variants
from ...personal.batch import haplotypes
from ...personal.observed import Allele, AlleleSource, alone, most_common, observed_alleles
from ...personal.policy import HaplotypePolicy
from ...types import Windows
from .gene_scores import GeneScorer
from .sources import HaplotypeSource, ReferenceSource, RowSource
from .strata import stratum_of, tss_distance
from .targets import Layout
from .work import Block, refuse_not_finite

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = [
    "VariantOptions", "VariantScan", "check_finite", "compute_variants", "people_of", "predictor_of", "scan_window",
    "snv_effects", "window_alleles",
]  # fmt: skip

Float64Array = NDArray[np.float64]
# Sequences that are made at a time where the whole window is predicted.
_NAIVE_ROWS = 64


@dataclass(frozen=True, slots=True)
class VariantOptions:
    """What is done with the alleles of a window.

    Attributes
    ----------
    on : {"reference", "haplotypes"}
        The sequence that an allele is put into.
    indels : {"naive", "skip"}
        Whether alleles that are no substitution of one base are predicted, each in a window of its own.
    allele : {"each", "most-common"}
        Every alternative allele, or the most common base of each position.
    background : int
        Random SNVs that effects are ranked among; 0: they are not.
    align : {"reference", "haplotype", "shift"}
        How the bins of an indel are compared with REF's, where a card reads out those of a gene; see `GeneScorer`.
    """

    on: str = "reference"
    indels: str = "naive"
    allele: str = "each"
    background: int = 0
    align: str = "reference"


class VariantScan:
    """All that is needed to scan the variants of one model's windows.

    ``edges`` are of the strata of a background, ``scorer`` for a card that reads out the bins of genes.
    """

    def __init__(
        self, plan: Plan, layout: Layout, genome: Genome, alleles: AlleleSource, people: RowSource,
        policy: HaplotypePolicy, options: VariantOptions, edges: tuple[int, ...] | None = None,
        scorer: GeneScorer | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.layout, self.genome, self.alleles, self.people = plan, layout, genome, alleles, people
        self.policy, self.options, self.edges, self.scorer = policy, options, edges, scorer
        self._predictor: Model | None = None

    @property
    def skips_indels(self) -> bool:
        """Whether alleles that are no substitution of one base are left out."""
        # On haplotypes an indel has no meaning apart from the alleles around it.
        return self.options.indels == "skip" or self.options.on == "haplotypes"

    @property
    def predictor(self) -> Model:
        """The model whose values are those of the plan, selection of tracks and bins included."""
        if self._predictor is None:
            self._predictor = predictor_of(self.plan)
        return self._predictor


def predictor_of(plan: Plan) -> Model:
    """Return the model whose values are those of a plan, selection of tracks and bins included."""
    from ...models.session import Model

    model, card = plan.model, plan.readout.card
    if card == model.card:
        return model
    return Model(model.path, card=card, device=model.device, n_threads=model.n_threads, feed=model.feed)


class _Found(NamedTuple):
    allele: Allele
    haplotype: str
    effect: Float64Array


def compute_variants(scan: VariantScan, block: Block) -> dict[str, NDArray[Any]]:
    """Scan the variants of one block of the work; return what is kept of it."""
    layout, n_tracks = scan.layout, len(scan.plan.tracks)
    counts: Counter[str] = Counter(mutants=0)
    rows: list[tuple[int, _Found]] = []
    status = list(layout.status[slice(*block.windows)])
    for w in range(*block.windows):
        if layout.status[w] != "ok":
            continue
        try:
            rows += [(w, found) for found in scan_window(scan, w, counts)]
        except NotFiniteError as error:
            status[w - block.windows[0]] = error.message
    counts["rows"] += len(rows)
    counts.update(scan.people.take_counts())
    windows = slice(*block.windows)
    effects = np.array([found.effect for _, found in rows], np.float32).reshape(len(rows), n_tracks)
    return {
        "window": np.array([w for w, _ in rows], np.int64),
        "position": np.array([found.allele.position for _, found in rows], np.int64),
        "frequency": np.array([found.allele.frequency for _, found in rows], np.float64),
        "ref": _packed([found.allele.ref for _, found in rows]),
        "alt": _packed([found.allele.alt for _, found in rows]),
        "haplotype": np.array([found.haplotype for _, found in rows], np.str_),
        "effects": effects,
        **({} if scan.edges is None else {"stratum": _strata(scan.layout, scan.edges, rows)}),
        "name": np.array(layout.name[windows], np.str_),
        "chrom": np.array(layout.chrom[windows], np.str_),
        "status": np.array(status, np.str_),
        "count_names": np.array(list(counts), np.str_),
        "count_values": np.array(list(counts.values()), np.int64),
    }


def _strata(layout: Layout, edges: tuple[int, ...], rows: Sequence[tuple[int, _Found]]) -> NDArray[np.int16]:
    """Strata of single bases; -1 for alleles that are none."""
    found = np.full(len(rows), -1, np.int16)
    for i, (w, one) in enumerate(rows):
        if one.allele.snv >= 0:
            at = np.array([one.allele.position + one.allele.snv])
            found[i] = stratum_of(edges, tss_distance(layout, w, at))[0]
    return found


def _packed(texts: Sequence[bytes]) -> NDArray[np.uint8]:
    """Texts of very different lengths, a line each."""
    return np.frombuffer(b"".join(text + b"\n" for text in texts), np.uint8)


def window_alleles(scan: VariantScan, w: int, counts: Counter[str]) -> list[Allele]:
    """Read the alleles of one window, in the order of the rows."""
    layout = scan.layout
    start = int(layout.start[w])
    alleles = observed_alleles(
        scan.alleles, scan.genome, layout.chrom[w], start, start + layout.length, scan.policy, counts
    )
    return most_common(alleles) if scan.options.allele == "most-common" else alleles


def scan_window(scan: VariantScan, w: int, counts: Counter[str]) -> list[_Found]:
    """Scan the variants of one window; what was met is added to ``counts``."""
    layout = scan.layout
    alleles = window_alleles(scan, w, counts)
    single = [allele for allele in alleles if allele.snv >= 0]
    others = [allele for allele in alleles if allele.snv < 0]
    counts["snvs"] += len(single)
    skipped = scan.skips_indels
    counts["not_snv_skipped" if skipped else "not_snv_predicted"] += len(others)
    if scan.scorer is not None:
        kept = single if skipped else alleles
        effects = scan.scorer.effects(w, kept)
        found = [_Found(allele, "", effect) for allele, effect in zip(kept, effects, strict=True)]
        counts["mutants"] += len(found)
    elif scan.options.on == "haplotypes":
        found = _on_haplotypes(scan, w, single, counts)
    else:
        found = _on_reference(scan, w, single) + ([] if skipped else _by_prediction(scan, w, others))
        counts["mutants"] += len(found)
    order = {id(allele): i for i, allele in enumerate(alleles)}
    found.sort(key=lambda item: order[id(item.allele)])
    if found:
        names = [f"{layout.chrom[w]}:{item.allele.position + 1}" for item in found]
        check_finite(scan.plan, layout.name[w], names, np.array([item.effect for item in found]))
    return found


def check_finite(plan: Plan, gene: str, names: Sequence[str], effects: Float64Array) -> None:
    """Refuse effects that are no numbers.

    Raises
    ------
    NotFiniteError
        Naming the first of the variants.
    """
    bad = np.flatnonzero(~np.isfinite(effects).all(axis=1))
    if bad.size:
        refuse_not_finite(plan, gene, f"the effect of {names[bad[0]]} ({bad.size} of {len(effects)} variants) is")


def _letters(alleles: Sequence[Allele], reverse: bool = False, *, ref: bool = False) -> NDArray[np.uint8]:
    letters = np.array([(a.ref if ref else a.alt)[a.snv] for a in alleles], np.uint8)
    return np.asarray(complement_bases(letters)) if reverse else letters


def _on_reference(scan: VariantScan, w: int, alleles: Sequence[Allele]) -> list[_Found]:
    """Effects of single bases put into the reference window."""
    position = np.array([a.position + a.snv for a in alleles], np.int64)
    effects = snv_effects(scan.plan, scan.genome, scan.layout, w, position, _letters(alleles))
    return [_Found(allele, "", effect) for allele, effect in zip(alleles, effects, strict=True)]


def snv_effects(
    plan: Plan, genome: Genome, layout: Layout, w: int, position: NDArray[np.int64], base: NDArray[np.uint8]
) -> Float64Array:
    """Return the effects of single bases, each put into the reference window by itself.

    Parameters
    ----------
    plan : Plan
    genome : Genome
    layout : Layout
    w : int
        Window.
    position : int64 array, shape (V,)
        0-based, inside the window.
    base : uint8 array, shape (V,)
        Letters on the forward strand.

    Returns
    -------
    float64 array, shape (V, T)
    """
    if not position.size:
        return np.empty((0, len(plan.tracks)))
    sequence = ReferenceSource(genome).rows(layout, w).sequences[0]
    at = position - int(layout.start[w])
    if layout.reverse[w]:
        at, base = layout.length - 1 - at, np.asarray(complement_bases(base))
    return variants(plan, sequence, Edits.single(at, base))


def _on_haplotypes(scan: VariantScan, w: int, alleles: Sequence[Allele], counts: Counter[str]) -> list[_Found]:
    """Effects of ALT instead of REF on every haplotype, whichever of them it carries."""
    layout, reverse, n_tracks = scan.layout, bool(scan.layout.reverse[w]), len(scan.plan.tracks)
    rows = scan.people.rows(layout, w)
    wanted = np.array([a.position + a.snv for a in alleles], np.int64)
    found: list[_Found] = []
    for sequence, positions, label in zip(rows.sequences, rows.positions, rows.labels, strict=True):
        order = np.argsort(positions, kind="stable")
        slot = np.minimum(np.searchsorted(positions, wanted, sorter=order), positions.size - 1)
        at = order[slot]
        there = positions[at] == wanted
        counts["not_on_haplotype"] += int((~there).sum())
        mine = [allele for allele, yes in zip(alleles, there.tolist(), strict=True) if yes]
        effects = np.full((len(alleles), n_tracks), np.nan)
        if mine:
            put_alt, put_ref = (
                variants(scan.plan, sequence, Edits.single(at[there], _letters(mine, reverse, ref=ref)))
                for ref in (False, True)
            )
            effects[there] = put_alt - put_ref
        counts["mutants"] += 2 * len(mine)
        found += [
            _Found(allele, label, effect)
            for allele, effect, yes in zip(alleles, effects, there.tolist(), strict=True)
            if yes
        ]
    return found


def _by_prediction(scan: VariantScan, w: int, alleles: Sequence[Allele]) -> list[_Found]:
    """Effects of any alleles: the window with that one allele in it, minus the reference window."""
    layout = scan.layout
    window = slice(w, w + 1)
    windows = Windows(
        (layout.chrom[w],), layout.start[window], layout.length, layout.anchor[window], layout.reverse[window]
    )
    found = []
    for first in range(0, len(alleles), _NAIVE_ROWS):
        part = alleles[first : first + _NAIVE_ROWS]
        batch = haplotypes(scan.genome, alone(part, layout.chrom[w]), windows, policy=HaplotypePolicy())
        values = scan.predictor.predict(batch.sequences)
        effects = values[batch.carriers[0, :, 0]] - values[0]
        found += [_Found(allele, "", effect) for allele, effect in zip(part, effects, strict=True)]
    return found


def people_of(
    options: VariantOptions, genome: Genome, alleles: AlleleSource, policy: HaplotypePolicy, max_mem: int | None
) -> RowSource:
    """Return where the sequences come from."""
    if options.on == "haplotypes":
        return HaplotypeSource(genome, alleles, policy, max_mem)
    return ReferenceSource(genome)
