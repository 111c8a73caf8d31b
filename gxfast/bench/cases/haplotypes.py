"""Cases K2a and K2b: sequences and one-hot encodings of a cohort's haplotypes, from a prepared store."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import CHROM, open_cohort
from ..limits import CACHED_FILL, STREAMING_FILL, fill_limit, streaming_copy, streaming_fill
from ..measure import Contender, Field, UnavailableError, compare
from ..peers import Batches, CohortPeer, CohortWork, Format
from ..registry import Case, peers_of
from ..result import LIMIT, Goal, Row
from ..scripts import haplotypes as scripts
from .one_hot import expected_one_hot, streaming

__all__ = ["LENGTHS", "Store", "cases", "cohort_peers", "make_work", "open_store"]

LENGTHS = (10_500, 49_152, 131_072, 196_608)
# People per call (W2), two haplotypes each.
_PEOPLE = {
    "tiny": dict(zip(LENGTHS, (16, 6, 3, 2), strict=True)),
    "small": dict(zip(LENGTHS, (100, 40, 16, 12), strict=True)),
    "real": dict(zip(LENGTHS, (400, 150, 60, 40), strict=True)),
}
_F32 = Format("NLC", "float32", False)
Store = Any  # gxfast.personal.store.HaplotypeStore


@lru_cache(maxsize=1)
def open_store(kind: str, size: str, variants: str = "all") -> Store:
    """Read the cohort into gxfast's store; the last one asked for stays."""
    from ...io.fasta import Genome
    from ...io.vcf import VariantFile
    from ...personal.policy import HaplotypePolicy
    from ...personal.store import HaplotypeStore

    cohort = open_cohort(kind, size)
    policy = HaplotypePolicy(variants=variants)
    return HaplotypeStore.read(Genome(cohort.fasta), VariantFile(cohort.bcf), CHROM, policy=policy)


def make_work(kind: str, size: str, length: int) -> CohortWork:
    """Return the job of one window length."""
    return CohortWork(open_cohort(kind, size), kind, size, length, _PEOPLE[size][length])


def cohort_peers() -> list[CohortPeer]:
    """Return every peer that makes personal sequences."""
    return [*scripts.peers(), *peers_of(CohortPeer)]


def _one_gene_per_call(make: Callable[[int], Any], work: CohortWork) -> Callable[[], Any]:
    """Each call takes the next gene, so that no window stays in the caches."""
    genes = itertools.cycle(range(work.genes))
    return lambda: make(next(genes))


def _exhausted(make: Callable[[int], Batches]) -> Callable[[int], None]:
    def run(gene: int) -> None:
        deque(make(gene), maxlen=0)

    return run


def _check_letters(work: CohortWork, make: Callable[[int], Iterable[Any]], n: int) -> Callable[[Any], str]:
    """Compare the first two genes with the draw: whole rows, or the common part of rows of another length."""

    def check(_: Any) -> str:
        for gene in range(min(2, work.genes)):
            expected, count = work.expected(gene), 0
            for row, right in zip(make(gene), expected, strict=False):
                found = np.frombuffer(row, np.uint8) & 0xDF
                common = min(len(found), work.length)
                if common < 0.9 * work.length or not np.array_equal(found[:common], right[:common]):
                    return f"gene {gene}: haplotype {count} differs"
                count += 1
            if count != n:
                return f"gene {gene}: {count} sequences, expected {n}"
        return ""

    return check


def _check_batches(work: CohortWork, make: Callable[[int], Batches], n: int) -> Callable[[Any], str]:
    def check(_: Any) -> str:
        for gene in range(min(2, work.genes)):
            count = 0
            for part, batch in make(gene):
                right = expected_one_hot(work.expected(gene)[part], _F32)
                if not np.array_equal(batch, right):
                    return f"gene {gene}: haplotypes {part.start} to {part.stop - 1} differ"
                count += len(right)
            if count != n:
                return f"gene {gene}: {count} haplotypes, expected {n}"
        return ""

    return check


def _letters_contender(name: str, work: CohortWork, make: Callable[[int], Any], n: int) -> Contender:
    return Contender(name, _one_gene_per_call(make, work), n, _check_letters(work, make, n))


def _batches_contender(name: str, work: CohortWork, make: Callable[[int], Batches], n: int) -> Contender:
    return Contender(name, _one_gene_per_call(_exhausted(make), work), n, _check_batches(work, make, n))


def _add_peers(field: Field, work: CohortWork, build: Callable[[CohortPeer], Contender | None]) -> None:
    for peer in cohort_peers():
        field.add(peer.name, partial(_built, peer, work, build))


def _built(peer: CohortPeer, work: CohortWork, build: Callable[[CohortPeer], Contender | None]) -> Contender | None:
    if work.kind not in peer.kinds:
        return None
    remedy = peer.available()
    if remedy:
        raise UnavailableError(remedy)
    return build(peer)


def _strings(kind: str, length: int, size: str) -> Row:
    store, work = open_store(kind, size), make_work(kind, size, length)
    chosen = np.arange(work.n)
    out = np.zeros((work.n, length), np.uint8)

    def own(gene: int) -> NDArray[np.uint8]:
        letters: NDArray[np.uint8] = store.letters(*work.window(gene), haplotypes=chosen, out=out)
        return letters

    field = Field(_letters_contender("gxfast", work, own, work.n))
    field.limits = [*streaming_copy(length, size), *fill_limit(CACHED_FILL, out[:1], 1, non_temporal=False)]
    _add_peers(
        field, work,
        lambda peer: None if peer.letters is None
        else _letters_contender(peer.name, work, peer.letters(work), peer.rows(work)),
    )  # fmt: skip
    return compare(f"haplotype-strings-{kind}-{length}", field, size=size)


def _streaming(kind: str, length: int, size: str) -> Row:
    store, work = open_store(kind, size), make_work(kind, size, length)
    chosen = np.arange(work.n)
    out = np.zeros((work.n, length, 4), np.float32)

    def own(gene: int) -> Batches:
        yield slice(0, work.n), store.one_hot(*work.window(gene), haplotypes=chosen, out=out)

    field = Field(_batches_contender("gxfast", work, own, work.n))
    field.limits = fill_limit(STREAMING_FILL, out, work.n, non_temporal=True)
    _add_peers(
        field, work,
        lambda peer: None if peer.stream is None
        else _batches_contender(peer.name, work, peer.stream(work, out), peer.rows(work)),
    )  # fmt: skip
    goals = [Goal("K2b", LIMIT, 0.85)]
    with streaming(always=size != "real"):
        return compare(f"haplotype-one-hot-{kind}-{length}-streaming", field, size=size, goals=goals)


def _batches(kind: str, length: int, size: str) -> Row:
    store, work = open_store(kind, size), make_work(kind, size, length)
    chosen = np.arange(work.n)

    def own(gene: int) -> Batches:
        batches: Batches = store.one_hot_batches(*work.window(gene), batch_size=work.buffer_rows, haplotypes=chosen)
        return batches

    field = Field(_batches_contender("gxfast", work, own, work.n))
    buffer = np.zeros((work.buffer_rows, length, 4), np.float32)
    field.limits = [
        *streaming_fill(16 * length, size),
        *fill_limit(CACHED_FILL, buffer, work.buffer_rows, non_temporal=False),
    ]
    _add_peers(
        field, work,
        lambda peer: None if peer.batches is None
        else _batches_contender(peer.name, work, peer.batches(work), peer.rows(work)),
    )  # fmt: skip
    goals = [Goal("K2b", STREAMING_FILL, 2.2)]
    return compare(f"haplotype-one-hot-{kind}-{length}-batches", field, size=size, goals=goals)


def cases() -> dict[str, Case]:
    """Return the cases by name; those of one cohort follow each other, so that its files are made once."""
    found: dict[str, Case] = {}
    for kind, length in itertools.product(("snv", "mix"), LENGTHS):
        found[f"haplotype-strings-{kind}-{length}"] = partial(_strings, kind, length)
        found[f"haplotype-one-hot-{kind}-{length}-streaming"] = partial(_streaming, kind, length)
        found[f"haplotype-one-hot-{kind}-{length}-batches"] = partial(_batches, kind, length)
    return found
