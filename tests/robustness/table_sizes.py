"""Numbers that say how many, or where: sizes that no memory holds, positions that wrap around, fractions, text."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np

import gxfast as gx
from gxfast import stats
from gxfast.encode.edits import Edits
from gxfast.stats.motifs import motif_sizes
from gxfast.types import Windows

from .table_models import World
from .table_sequences import MANY, ONE
from .table_statistics import LINE, LONG, LONG_DOSAGES, OTHER, PEOPLE, TRACKS, X, Y
from .target import Target

__all__ = ["targets"]

# Sizes and positions that are as good as the clean one, wherever they fit: into memory, sequence or store.
OTHER_SIZES = ("-1", "-2^31", "0", "127", "128", "255", "256", "2^31 - 1", "2^31", "2^32", "2^32 + 1", "2^32 as uint64")


# A window as messages give it, and a variant in it.
WORDS = dict.fromkeys(("start", "end"), "window chr1|chr1:")


def _target(name: str, call: Callable[..., Any], left_out: Collection[str] = (), **clean: int) -> Target:
    legal, without = dict.fromkeys(clean, OTHER_SIZES), dict.fromkeys(clean, left_out)
    return Target(name, call, clean, dict.fromkeys(clean, "size"), legal=legal, left_out=without, words=WORDS)


def targets() -> list[Target]:
    """Return one entry per function with such numbers."""
    world = World()
    return [*_sequences(), *_statistics(), *_people(world)]


def _sequences() -> list[Target]:
    rows = np.repeat(MANY, 5000, axis=0)

    def batches(batch_size: Any) -> Any:
        made = gx.EditedBatches(ONE, Edits.single([1, 2], "AC"), batch_size=batch_size)
        return [(rows.start, batch.copy()) for rows, batch in made]

    return [
        _target("gx.EditedBatches", batches, batch_size=2),
        _target("gx.saturation_edits", partial(gx.saturation_edits, ONE), start=2, end=7),
        _target("gx.one_hot", partial(gx.one_hot, rows), n_threads=2),
        _target("gx.codes", partial(gx.codes, rows), n_threads=2),
        _target("gx.saturation_mutants", partial(gx.saturation_mutants, ONE), start=2, end=7, n_threads=2),
    ]


def _statistics() -> list[Target]:
    split = partial(stats.split_people, [f"p{i}" for i in range(PEOPLE)])
    net = partial(stats.elastic_net_cv, LONG_DOSAGES, LONG)
    long = OTHER_SIZES[7:]  # draws that are asked for are made, however long it takes
    return [
        _target("stats.pearson", partial(stats.pearson, X, Y), n_threads=2),
        _target("stats.direction_test", partial(stats.direction_test, LINE, OTHER), long, n_bootstrap=20),
        _target("stats.sign_agreement", partial(stats.sign_agreement, LINE, OTHER), strata=2),
        _target(
            "stats.correlation_interval",
            partial(stats.correlation_interval, X, Y, method="bootstrap"),
            long,
            n_draws=20,
        ),
        _target("stats.permutation_p", partial(stats.permutation_p, X, Y), long, n_draws=20),
        _target("stats.random_null", partial(stats.random_null, LONG_DOSAGES, LONG), long, n_draws=20),
        _target("stats.null_test", partial(stats.null_test, LINE, OTHER, np.abs(OTHER)), long, n_draws=20),
        _target("stats.split_people", split, n_folds=3),
        _target(
            "stats.eqtl_permutations", partial(stats.eqtl_permutations, LONG_DOSAGES, LONG), long, n_permutations=20
        ),
        _target("stats.elastic_net_cv", net, folds=3, n_lambdas=5, stop_after=2),
        _target("stats.fit_tracks", partial(stats.fit_tracks, TRACKS, LINE), folds=3, n_lambdas=5),
        _target("stats.motif_sizes", partial(motif_sizes, LINE, scale=1.0), centre=3),
    ]


def _people(world: World) -> list[Target]:
    store, chosen = world.store, {"haplotypes": [0, 1, 5]}

    def haplotypes(length: Any) -> Any:
        at = np.array([6000])
        return gx.haplotypes(world.genome, world.variants, Windows(("chr1",), at, length, at, at < 0)).sequences

    def scan(block: Any) -> Any:
        return list(gx.ism.scan(world.plan, world.letters[0], start=1000, end=1010, block=block))

    return [
        _target("gx.haplotypes", haplotypes, length=40),
        _target("gx.HaplotypeStore.letters", partial(store.letters, **chosen), start=6000, end=6200, anchor=6100),
        _target("gx.HaplotypeStore.one_hot", partial(store.one_hot, **chosen), start=6000, end=6200),
        _target("gx.HaplotypeStore.edits", partial(store.edits, **chosen), start=6000, end=6003),
        _target("gx.HaplotypeStore.reference", store.reference, start=6000, end=6200),
        _target("gx.consensus", partial(gx.consensus, world.genome, world.variants, "chr1"), start=6000, end=6200),
        _target("gx.ism.saturate", partial(gx.ism.saturate, world.plan, world.letters[:1]), start=1000, end=1003),
        _target("gx.ism.scan", scan, block=4),
        _target("gx.Model.predict", partial(world.model.predict, world.letters), n_threads=2),
    ]
