"""Cases K2c and K3: haplotypes and mutants as edits of one encoded sequence, beside writing them out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import EditedBatches, Edits, apply_edits, saturation_edits
from ...encode.one_hot import one_hot
from ..data import make_sequences
from ..limits import fill_limit, streaming_fill
from ..measure import Contender, Field, UnavailableError, compare
from ..peers import Batches, Format, MutantPeer, MutantWork, in_batches
from ..registry import Case, peers_of
from ..result import LIMIT, Goal, Row
from ..scripts import mutants
from .haplotypes import LENGTHS, make_work, open_store
from .one_hot import expected_one_hot, streaming

__all__ = ["cases"]

_F32 = Format("NLC", "float32", False)
_STREAMED = "gxfast, written out"
# Positions scanned around the centre (W3); three mutants each.
_POSITIONS = {
    "tiny": {10_500: 20, 196_608: 4},
    "small": {10_500: 101, 196_608: 16},
    "real": {10_500: 501, 196_608: 64},
}
_BATCH = 64


def _exhaust(batches: Batches) -> None:
    deque(batches, maxlen=0)


def _haplotype_edits(length: int, size: str) -> Row:
    store, work = open_store("snv", size, "snv"), make_work("snv", size, length)
    window = work.window(0)
    reference, chosen = store.reference(*window), np.arange(work.n)
    # One buffer of a few sequences: a model that takes larger batches has a larger one, at the same cost per row.
    batches = EditedBatches(reference, store.edits(*window, haplotypes=chosen), batch_size=work.buffer_rows)
    out = np.zeros((work.n, length, 4), np.float32)

    def check(_: Any) -> str:
        for part, batch in batches:
            if not np.array_equal(batch, expected_one_hot(work.expected(0)[part], _F32)):
                return f"haplotypes {part.start} to {part.stop - 1} differ"
        return ""

    def listed() -> None:
        edits = store.edits(*window, haplotypes=chosen)
        _exhaust(iter(EditedBatches(store.reference(*window), edits, batch_size=work.buffer_rows)))

    field = Field(Contender("gxfast", lambda: _exhaust(iter(batches)), work.n, check))
    field.limits = streaming_fill(16 * length, size)
    field.peers = [
        Contender(_STREAMED, lambda: store.one_hot(*window, haplotypes=chosen, out=out), work.n),
        Contender("gxfast edits, listing and first encoding included", listed, work.n),
    ]
    goals = [Goal("K2c", _STREAMED, 50 if length == LENGTHS[-1] else 10)]
    with streaming(always=size != "real"):
        return compare(f"haplotype-edits-snv-{length}", field, size=size, goals=goals)


class _Scan:
    """One saturation scan: the sequence, its edits, the right answer."""

    def __init__(self, length: int, size: str) -> None:
        self.length = length
        self.letters = make_sequences(1, length, seed=3, unknown=0.0)[0]
        n = _POSITIONS[size][length]
        start = length // 2 - n // 2
        self.span = (start, start + n)
        self.positions, self.bases = saturation_edits(self.letters, start=start, end=start + n)
        self.reference = expected_one_hot(self.letters[np.newaxis], _F32)[0]

    @property
    def n(self) -> int:
        """Number of mutants."""
        return len(self.positions)

    def check(self, batches: Callable[[], Batches]) -> Callable[[Any], str]:
        """Return a check of every mutant against the reference with one row changed; any order is right."""

        def check(_: Any) -> str:
            wanted = set(zip(self.positions.tolist(), self.bases.tolist(), strict=True))
            for _rows, batch in batches():
                array = np.asarray(batch)
                if array.shape[1] == 4:
                    array = array.transpose(0, 2, 1)
                for row in array:
                    changed = np.flatnonzero((row != self.reference).any(1))
                    if len(changed) != 1 or row[changed[0]].sum() != 1:
                        return f"{len(changed)} positions changed in one mutant"
                    edit = (int(changed[0]), b"ACGT"[int(row[changed[0]].argmax())])
                    if edit not in wanted:
                        return f"unexpected or repeated mutant {edit}"
                    wanted.remove(edit)
            return f"{len(wanted)} mutants missing" if wanted else ""

        return check


def _materialised(scan: _Scan, out: NDArray[np.float32], letters: NDArray[np.uint8]) -> Batches:
    """gxfast, mutants written out: a batch of them as letters, then encoded; both arrays are reused."""
    for part in in_batches(scan.n, len(out)):
        n = part.stop - part.start
        rows = apply_edits(scan.letters, scan.positions[part], scan.bases[part], out=letters[:n])
        yield part, one_hot(rows, out=out[:n])


def _batch_arrays(scan: _Scan) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    n = min(_BATCH, scan.n)
    return np.zeros((n, scan.length, 4), np.float32), np.zeros((n, scan.length), np.uint8)


def _add_mutant_peers(field: Field, scan: _Scan, edited: bool) -> None:
    work = MutantWork(scan.letters, scan.reference, scan.positions, scan.bases, scan.span, _BATCH)
    for peer in (*mutants.peers(), *peers_of(MutantPeer)):
        if peer.edits_in_place == edited:
            field.add(peer.name, partial(_mutant_peer, peer, work, scan))


def _mutant_peer(peer: MutantPeer, work: MutantWork, scan: _Scan) -> Contender:
    remedy = peer.available()
    if remedy:
        raise UnavailableError(remedy)
    batches = peer.build(work)
    return Contender(peer.name, lambda: _exhaust(batches()), scan.n, scan.check(batches))


def _written_out(length: int, size: str) -> Row:
    scan = _Scan(length, size)
    out, letters = _batch_arrays(scan)
    make = partial(_materialised, scan, out, letters)
    field = Field(Contender("gxfast", lambda: _exhaust(make()), scan.n, scan.check(make)))
    field.limits = [
        *streaming_fill(16 * length, size),
        *fill_limit("plain fill of the batch", out, len(out), non_temporal=False),
    ]
    _add_mutant_peers(field, scan, edited=False)
    goals = [Goal("K3a", LIMIT, 0.9)]
    if length == LENGTHS[-1]:
        goals.append(Goal("K3a", mutants.REPEAT, 3))
    return compare(f"mutants-written-{length}", field, size=size, goals=goals)


def _in_place(length: int, size: str) -> Row:
    scan = _Scan(length, size)
    out, letters = _batch_arrays(scan)
    edits = Edits.single(scan.positions, scan.bases)
    batches = EditedBatches(scan.letters, edits, batch_size=len(out))
    field = Field(Contender("gxfast", lambda: _exhaust(iter(batches)), scan.n, scan.check(lambda: iter(batches))))
    field.limits = streaming_fill(16 * length, size)
    field.peers = [Contender(_STREAMED, lambda: _exhaust(_materialised(scan, out, letters)), scan.n)]
    _add_mutant_peers(field, scan, edited=True)
    goals = [Goal("K3b", _STREAMED, 1000)] if length == LENGTHS[-1] else []
    return compare(f"mutants-edits-{length}", field, size=size, goals=goals)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    found: dict[str, Case] = {f"haplotype-edits-snv-{length}": partial(_haplotype_edits, length) for length in LENGTHS}
    for length in (10_500, 196_608):
        found[f"mutants-written-{length}"] = partial(_written_out, length)
        found[f"mutants-edits-{length}"] = partial(_in_place, length)
    return found
