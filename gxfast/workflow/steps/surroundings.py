"""What a model sees around the main driver of each gene: mutagenesis of 41 bases, with either allele."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import complement_bases
from ...errors import NotFiniteError
from ...io.fasta import Genome
from ...io.npz import write_npz
from ...reporting.plots.logo import reference_heights
from ...stats.motifs import THRESHOLDS, cluster_enrichment, cluster_sequences, motif_sizes
from ...types import GeneTable
from ..rows import ClusterRow, MotifRow
from ..scans.saturation import ScannedWindow, saturate_blocks
from ..scans.sources import REFERENCE, ReferenceSource, RowSource, WindowRows
from ..scans.targets import Layout, layout_around
from ..step import Job
from .predict import gene_parts

if TYPE_CHECKING:
    from ...evaluation.drivers import GeneDrivers
    from ...ism import Plan
    from ...models.session import Model
    from ...types import PredictionSet

__all__ = [
    "REACH",
    "MainDriver",
    "cluster_rows",
    "main_driver",
    "main_drivers_file",
    "motif_rows",
    "scan_block",
    "scan_surroundings",
]

REACH: Final = 20  # bases on either side, as Sasse et al. 2023
_KMER: Final = 13
_UNKNOWN: Final = 4
_MOST_CLUSTERED: Final = 30_000  # 0.9 GB of distances


@dataclass(frozen=True, slots=True)
class MainDriver:
    """Where the main driver of a gene and track is.

    Attributes
    ----------
    gene, track : int
    position : int
        0-based.
    alt, variant_id, support : str
    """

    gene: int
    track: int
    position: int
    alt: str
    variant_id: str
    support: str


def main_driver(one: GeneDrivers) -> MainDriver | None:
    """Return the main driver of a gene and track; None where it has no driver."""
    v = one.selection.main
    if v is None:
        return None
    snvs = one.dosages
    return MainDriver(one.gene, one.track, int(snvs.position[v]), snvs.alt[v], snvs.variant_id[v], str(one.support[v]))


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """D main drivers and what was scanned around them; the arrays are those of ``ism/MODEL.main_drivers.npz``.

    ``effects`` (D, 2, 41, 4) float32: every single-base change around the driver, mutant minus the sequence that was
    changed, which holds the reference or the alternative allele (axis 1); A, C, G, T of the forward strand; NaN
    outside the model's window. ``bases`` (D, 2, 41): that sequence as codes 0-3, 4 unknown. ``scale`` (D,): largest
    absolute effect, see `DriverOptions`.
    """

    mains: Sequence[MainDriver]
    effects: NDArray[np.float32]
    bases: NDArray[np.uint8]
    scale: NDArray[np.float64]


class _EitherAllele:
    """The reference window of each main driver, as it is and with the alternative allele."""

    samples: tuple[str, ...] = ()
    max_rows = 2

    def __init__(self, genome: Genome, position: NDArray[np.int64], alt: Sequence[str]) -> None:
        self._reference, self._position, self._alt = ReferenceSource(genome), position, alt

    def rows(self, layout: Layout, w: int) -> WindowRows:
        """Return both sequences of window ``w``."""
        found = self._reference.rows(layout, w)
        sequences, base = np.repeat(found.sequences, 2, axis=0), np.frombuffer(self._alt[w].encode(), np.uint8)
        sequences[1, found.positions[0] == self._position[w]] = complement_bases(base) if layout.reverse[w] else base
        return found._replace(
            sequences=sequences, positions=np.repeat(found.positions, 2, axis=0), labels=(REFERENCE, self._alt[w])
        )

    def take_counts(self) -> dict[str, int]:
        """Nothing is counted here."""
        return {}


def main_drivers_file(model: Model, number: int) -> str:
    """Return the block of what was scanned around the main drivers of the genes of a block."""
    return f"{model.card.name}/main-drivers-{number:05d}.npz"


def scan_block(job: Job, model: Model, number: int, genes: GeneTable, mains: Sequence[MainDriver]) -> None:
    """Scan the surroundings of the main drivers of a block of genes, unless that was done; also of none."""
    file = main_drivers_file(model, number)
    if not job.directory.has_block(file):
        job.directory.write_block(file, _scan(job, model, genes.take(one.gene for one in mains), mains))


def scan_surroundings(
    job: Job, model: Model, predictions: PredictionSet, mains: Sequence[MainDriver]
) -> Surroundings | None:
    """Write ``ism/MODEL.main_drivers.npz``; None where no gene has a driver."""
    run, name = job.directory, model.card.name
    if not mains:
        return None
    parts = list(enumerate(gene_parts(job, model)))
    run.todo(parts, lambda part: run.has_block(main_drivers_file(model, part[0])))  # refused where parts are merged
    of_gene = np.array([one.gene for one in mains])
    blocks = []
    for number, (first, last) in parts:
        job.tell(f"motifs {name}", first, len(predictions.genes))
        low, high = np.searchsorted(of_gene, [first, last]).tolist()
        scan_block(job, model, number, predictions.genes, mains[low:high])
        blocks.append(run.read_block(main_drivers_file(model, number)))
    job.tell(f"motifs {name}", len(predictions.genes), len(predictions.genes))
    stored: dict[str, Any] = {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}
    names = {
        "gene_id": np.array([predictions.row_name(one.gene, one.track) for one in mains], np.str_),
        "variant_id": np.array([one.variant_id for one in mains], np.str_),
        "pos": _position(mains) + 1,
    }
    write_npz(run.subdirectory("ism") / f"{predictions.model}.main_drivers.npz", {**stored, **names})
    return Surroundings(mains, **stored)


def _position(mains: Sequence[MainDriver]) -> NDArray[np.int64]:
    return np.array([one.position for one in mains], np.int64)


def _scan(
    job: Job, model: Model, genes: GeneTable, mains: Sequence[MainDriver]
) -> dict[str, NDArray[np.generic]]:  # fmt: skip
    position = _position(mains)
    effects = np.full((len(mains), 2, 2 * REACH + 1, 4), np.nan, np.float32)
    bases = np.full(effects.shape[:3], _UNKNOWN, np.uint8)
    if not mains:
        return {"effects": effects, "bases": bases, "scale": np.empty(0)}
    plan, genome, card = job.plan(model), job.inputs.genome, model.card
    layout = layout_around(card, genes, position, REACH)
    source = _EitherAllele(genome, position, [one.alt for one in mains])
    for window, part in _finite(plan, layout, source):
        k = window.window
        effects[k, window.row, window.axis] = part[:, :, mains[k].track]
        bases[k, window.row, window.axis] = window.reference
    size = np.abs(effects[:, 0])
    scale = np.where(np.isnan(size).all(axis=(1, 2)), np.nan, np.nan_to_num(size).max(axis=(1, 2))).astype(np.float64)
    if job.options.drivers.motif_reach:
        near = layout_around(card, genes, genes.tss, job.options.drivers.motif_reach)
        for window, part in _finite(plan, near, ReferenceSource(genome)):
            k = window.window
            scale[k] = np.abs(part[:, :, mains[k].track]).max()
    return {"effects": effects, "bases": bases, "scale": scale}


def _finite(plan: Plan, layout: Layout, source: RowSource) -> Iterator[tuple[ScannedWindow, NDArray[np.float32]]]:
    """Scan the windows whose effects are numbers."""
    for w in range(len(layout)):
        try:
            yield from [(window, part) for window, _, part in saturate_blocks(plan, layout, source, windows=[w])]
        except NotFiniteError:
            continue


def motif_rows(predictions: PredictionSet, around: Surroundings | None) -> list[MotifRow]:
    """Return one row per main driver."""
    if around is None:
        return []
    middle = slice(REACH - _KMER // 2, REACH + _KMER // 2 + 1)
    kmers = ["".join("ACGTN"[code] for code in bases[0, middle]) for bases in around.bases]
    clusters = _clusters(predictions.model, kmers)
    rows = []
    for k, one in enumerate(around.mains):
        scale = float(around.scale[k])
        z = reference_heights(around.effects[k, 0].astype(np.float64), around.bases[k, 0]).sum(axis=1)
        none: list[int | None] = [None] * len(THRESHOLDS)
        sizes, distances = motif_sizes(z, REACH, scale) if scale > 0 else (none, none)
        motif = [value for pair in zip(sizes, distances, strict=True) for value in pair]
        name = predictions.row_name(one.gene, one.track)
        rows.append(
            MotifRow(predictions.model, name, one.variant_id, kmers[k], clusters[k], one.support, scale, *motif)
        )
    return rows


def _clusters(model: str, kmers: Sequence[str]) -> Sequence[int | None]:
    """Cluster the surroundings; none of too many, whatever the memory of the machine: results must not depend on it."""
    if len(kmers) > _MOST_CLUSTERED:
        message = "%s: %d main drivers are not clustered: that takes a byte for each pair, for at most %d of them"
        logging.getLogger("gxfast").warning(message, model, len(kmers), _MOST_CLUSTERED)
        return [None] * len(kmers)
    return [int(k) for k in cluster_sequences(kmers)]


def cluster_rows(model: str, motifs: Sequence[MotifRow]) -> list[ClusterRow]:
    """Return the clusters of two or more."""
    known = [(row.cluster, row.support == "supported") for row in motifs if row.cluster is not None]
    found = cluster_enrichment([cluster for cluster, _ in known], [supported for _, supported in known])
    return [ClusterRow(model, row.cluster, row.n, row.n_with, row.odds_ratio, row.p, row.q) for row in found]
