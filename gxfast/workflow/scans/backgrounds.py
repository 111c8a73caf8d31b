"""Effects of random SNVs of a model: what the effect of an observed one is ranked among."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import codes
from ...errors import InputError
from ...io.fasta import Genome
from ...ism import Plan
from ..provenance import digest
from .background_cache import BackgroundCache
from .observed import snv_effects
from .strata import reach_of, strata_edges, stratum_of, tss_distance
from .targets import Layout
from .work import Block, StoredBlocks, cut

__all__ = [
    "Background", "BackgroundScan", "background", "background_blocks", "compute_background", "join_parts",
    "read_background", "shared_out", "stored_as",
]  # fmt: skip

Arrays = dict[str, NDArray[Any]]
Int64Array = NDArray[np.int64]
# SNVs that share the reference of a window: more cost less each, but are of fewer genes.
PER_WINDOW: Final = 20
_LETTERS: Final = np.frombuffer(b"ACGT", np.uint8)


class BackgroundScan:
    """The random SNVs of one model: which they are, and what they do.

    Which SNVs are drawn depends on the places of the genes, the seed and ``n`` alone: not on the order of the genes,
    nor on what else is computed, nor on the model's numbers.

    Parameters
    ----------
    plan : Plan
    layout : Layout
        Whole windows of genes; those that cannot be scanned are left out, equal ones are taken once.
    genome : Genome
    n : int
        SNVs; fewer where windows have no more bases.
    seed : int
    cache : BackgroundCache, optional

    Raises
    ------
    InputError
        If none can be drawn.

    Attributes
    ----------
    windows : tuple of int
        Of the layout, in the order in which they are scanned.
    edges : tuple of int
        See `strata_edges`.
    shares : int64 array, shape (W, K)
        SNVs of each window and stratum.
    """

    def __init__(
        self, plan: Plan, layout: Layout, genome: Genome, n: int, seed: int = 0, cache: BackgroundCache | None = None
    ) -> None:
        self.plan, self.layout, self.genome, self.n, self.seed, self.cache = plan, layout, genome, n, seed, cache
        places = {self._place(w): w for w in range(len(layout)) if layout.status[w] == "ok"}
        ends = [reach_of(layout, w) for w in places.values()] or [(0, 0)]
        self.edges = strata_edges(max(up for up, _ in ends), max(down for _, down in ends))
        found: dict[int, Int64Array] = {}
        for place in sorted(places, key=_number_of):
            _, known, strata = self._known(places[place])
            if known.size:
                found[places[place]] = 3 * np.bincount(strata, minlength=len(self.edges) + 1)
            if len(found) >= max(1, n // PER_WINDOW):
                break
        if not found:
            raise InputError(
                "no random SNV can be drawn: every base of every window is unknown, or its gene cannot be scanned",
                path=genome.path, remedy="give genes that lie on the contigs of the FASTA",
            )  # fmt: skip
        self.windows, n_strata = tuple(found), len(self.edges) + 1
        possible = np.array(list(found.values()), np.int64).reshape(-1, n_strata)
        parts = [shared_out(n // n_strata + (k < n % n_strata), possible[:, k]) for k in range(n_strata)]
        self.shares = np.stack(parts, axis=1)

    def _place(self, w: int) -> str:
        layout = self.layout
        return f"{self.seed} {layout.chrom[w]} {layout.anchor[w]} {layout.strand[w]}"

    @property
    def facts(self) -> dict[str, Any]:
        """What the background is made of, JSON-serialisable: enough to read it back from its blocks."""
        return {
            "n": self.n, "seed": self.seed, "windows": len(self.windows), "drawn": int(self.shares.sum()),
            "most": int(self.shares.sum(axis=1).max(initial=0)), "edges": list(self.edges),
            "places": digest(f"{self._place(w)} {self.layout.start[w]}" for w in self.windows),
        }  # fmt: skip

    @cached_property
    def kept(self) -> Arrays | None:
        """What the cache holds of it."""
        return None if self.cache is None else self.cache.read()

    def draw(self, i: int) -> tuple[Int64Array, NDArray[np.uint8], NDArray[np.int16]]:
        """Draw the SNVs of one window, without replacement in each stratum.

        Parameters
        ----------
        i : int
            Index into ``windows``.

        Returns
        -------
        position : int64 array, shape (M,)
            0-based, growing.
        base : uint8 array, shape (M,)
            Letters on the forward strand.
        stratum : int16 array, shape (M,)
        """
        w = self.windows[i]
        random = np.random.default_rng(_number_of(self._place(w)))
        pairs = zip(self._changes(w), self.shares[i].tolist(), strict=True)
        change = np.sort(np.concatenate([random.choice(some, share, replace=False) for some, share in pairs]))
        position = int(self.layout.start[w]) + change // 4
        return position, _LETTERS[change % 4], stratum_of(self.edges, tss_distance(self.layout, w, position))

    def _known(self, w: int) -> tuple[NDArray[np.uint8], Int64Array, NDArray[np.int16]]:
        """Codes of a window, where bases are known, and the strata there."""
        layout, start = self.layout, int(self.layout.start[w])
        there = codes(self.genome.fetch_array(layout.chrom[w], start, start + layout.length)[np.newaxis])[0]
        known = np.flatnonzero(there < 4)
        return there, known, stratum_of(self.edges, tss_distance(layout, w, start + known))

    def _changes(self, w: int) -> list[Int64Array]:
        """Every change of a known base of a window, by stratum: four times its index in the window, plus the base."""
        there, known, strata = self._known(w)
        bases = (there[known].astype(np.int64)[:, np.newaxis] + np.arange(1, 4)) % 4
        changes = 4 * known[:, np.newaxis] + bases
        return [changes[strata == k].reshape(-1) for k in range(len(self.edges) + 1)]


def shared_out(n: int, possible: Int64Array) -> Int64Array:
    """Share ``n`` things out as evenly as can be, to none more than it can take; those that are left go to the first.

    Parameters
    ----------
    n : int
    possible : int64 array, shape (W,)

    Returns
    -------
    int64 array, shape (W,)
        Its sum is ``n``, or that of ``possible`` where this is less.
    """
    level, above = 0, n + 1
    while above - level > 1:
        middle = (level + above) // 2
        level, above = (middle, above) if np.minimum(possible, middle).sum() <= n else (level, middle)
    share = np.minimum(possible, level)
    share[np.flatnonzero(possible > level)[: n - int(share.sum())]] += 1
    return share


def _number_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def compute_background(scan: BackgroundScan, block: Block) -> Arrays:
    """Compute the effects of the SNVs of some windows, or take them from the cache.

    Effects that are no numbers are left out.
    """
    first, last = block.windows
    if scan.kept is not None:
        inside = slice(*np.searchsorted(scan.kept["window"], (first, last)).tolist())
        return {name: values[inside] for name, values in scan.kept.items()} | _counted(0)
    parts: list[Arrays] = []
    for i in range(first, last):
        position, base, stratum = scan.draw(i)
        found = snv_effects(scan.plan, scan.genome, scan.layout, scan.windows[i], position, base)
        finite = np.isfinite(found).all(axis=1)
        parts.append({
            "window": np.full(position.size, i, np.int32)[finite],
            "position": position[finite],
            "base": base[finite],
            "stratum": stratum[finite],
            "effects": found[finite].astype(np.float32),
        })  # fmt: skip
    joined = join_parts(parts)
    return joined | _counted(len(joined["window"]))


def _counted(mutants: int) -> Arrays:
    return {"count_names": np.array(["mutants"]), "count_values": np.array([mutants], np.int64)}


def join_parts(parts: Sequence[Mapping[str, NDArray[Any]]]) -> Arrays:
    """Put arrays per SNV together, whatever else is with them left out."""
    names = ("window", "position", "base", "stratum", "effects")
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Effects of random SNVs, sorted in each stratum and track.

    Attributes
    ----------
    edges : tuple of int
        See `strata_edges`.
    signed, absolute : tuple of float32 arrays, shape (N of the stratum, T)
        Growing along the first axis.
    """

    edges: tuple[int, ...]
    signed: tuple[NDArray[np.float32], ...]
    absolute: tuple[NDArray[np.float32], ...]

    @classmethod
    def of(cls, edges: Sequence[int], stratum: NDArray[np.int16], effects: NDArray[Any]) -> Background:
        """Sort the effects (N, T) of SNVs whose strata are given (N,)."""
        values = np.asarray(effects, np.float32)
        parts = [values[stratum == k] for k in range(len(edges) + 1)]
        signed = tuple(np.sort(part, axis=0) for part in parts)
        return cls(tuple(edges), signed, tuple(np.sort(np.abs(part), axis=0) for part in parts))

    def __len__(self) -> int:
        return sum(len(part) for part in self.signed)

    def __repr__(self) -> str:
        return f"Background({len(self)} SNVs, {len(self.signed)} strata, tracks={self.signed[0].shape[1]})"

    def quantiles(
        self, effects: NDArray[Any], distance: Int64Array
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
        """Rank effects among those of the random SNVs of their stratum.

        Parameters
        ----------
        effects : float array, shape (V, T)
        distance : int64 array, shape (V,)
            From the TSS, along the gene's strand.

        Returns
        -------
        quantile, abs_quantile : float64 arrays, shape (V, T)
            Of the effects and of their absolute values: (smaller + half of the equal ones + 1/2) / (n + 1), never 0 nor
            1; NaN where an effect is no number, or nothing was drawn.
        """
        return self.ranked(effects, stratum_of(self.edges, distance))

    def ranked(
        self, effects: NDArray[Any], stratum: NDArray[np.int16]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
        """Do as `quantiles` does, with strata (V,) in place of distances; a stratum below 0 has no quantiles."""
        values = np.asarray(effects, np.float32)
        found = np.full((2, *values.shape), np.nan)
        for k in np.unique(stratum[stratum >= 0]).tolist():
            rows = np.flatnonzero(stratum == k)
            for sort, parts, own in ((0, self.signed, values), (1, self.absolute, np.abs(values))):
                for t in range(values.shape[1] if len(parts[k]) else 0):
                    found[sort, rows, t] = _middle_ranks(parts[k][:, t], own[rows, t])
        return found[0], found[1]


def _middle_ranks(null: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    below, up_to = (np.searchsorted(null, values, side=side) for side in ("left", "right"))
    return np.where(np.isnan(values), np.nan, (below + up_to + 1) / (2 * (len(null) + 1)))


def background(plan: Plan, layout: Layout, genome: Genome, n: int = 20_000, *, seed: int = 0) -> Background:
    """Compute the effects of random SNVs in the windows of genes.

    Parameters
    ----------
    plan : Plan
    layout : Layout
        As `gene_layout` makes it with ``window=None, clip=False``.
    genome : Genome
    n : int
        SNVs, equally many in each stratum of distances from the TSS.
    seed : int

    Returns
    -------
    Background

    Raises
    ------
    InputError
        If none can be drawn.
    ModelError
        If the check of the plan fails.
    """
    scan = BackgroundScan(plan, layout, genome, n, seed)
    blocks = background_blocks({"tracks": plan.tracks, "background": scan.facts})
    found = join_parts([compute_background(scan, block) for block in blocks])
    return Background.of(scan.edges, found["stratum"], found["effects"])


def background_blocks(model: Mapping[str, Any]) -> list[Block]:
    """Cut the background of a model into blocks, from what the plan of the run says."""
    facts = model["background"]
    return cut((0, facts["windows"]), 1, len(model["tracks"]) * facts["most"], 1)


def stored_as(name: str) -> str:
    """Return the folder of the blocks of a model's background."""
    return f"{name}/background"


def read_background(folder: Path, model: Mapping[str, Any]) -> tuple[Background, Arrays]:
    """Read a finished background, and its SNVs as they were drawn, from the blocks in a run directory.

    Raises
    ------
    InputError
        If a block is missing or damaged.
    """
    stored = StoredBlocks([folder], stored_as(model["name"]), [background_blocks(model)])
    found = join_parts([part for _, part in stored])
    return Background.of(model["background"]["edges"], found["stratum"], found["effects"]), found
