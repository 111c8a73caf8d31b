"""Genotypes of a long stretch read block by block, so that only one block is ever dense in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from ..io.fasta import Genome
from ..io.stretches import read_genotypes
from ..io.vcf import GenotypeSource
from ..kernels import backend
from .alleles import Rows, concatenate_tables
from .haploid import HaploidCalls
from .phase import PhaseCalls
from .policy import HaplotypePolicy, refuse_other_assembly
from .records import PreparedRecords, prepare_records
from .reference import KnownLetters

__all__ = ["concatenate", "read_blocks"]

_BLOCK_BYTES: Final = 8 << 20  # of dense genotypes, where nothing is said: they then stay in the cache


def read_blocks(
    genome: Genome,
    genotypes: GenotypeSource,
    chrom: str,
    start: int,
    end: int,
    policy: HaplotypePolicy,
    max_mem: int | None,
    core: tuple[int, int] | None = None,
) -> Iterator[PreparedRecords]:
    """Records block by block, each in the block where it begins; ``core`` as in `prepare_records`."""
    for at, stop, read in read_genotypes(genotypes, chrom, start, end, max_mem or _BLOCK_BYTES):
        low = min(at, int(read.position.min(initial=at)))
        high = max(stop, int((read.position + read.ref_length).max(initial=stop)))
        yield prepare_records(
            read, genome.fetch_array(chrom, low, high), low, policy,
            core=core, contig_end=genome.contigs[chrom], whole=False,
        )  # fmt: skip


def concatenate(parts: Sequence[PreparedRecords]) -> PreparedRecords:
    """Join the records of consecutive blocks.

    Raises
    ------
    InputError
        If too many of them do not fit the FASTA.
    """
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.counts)
    judged = sum(part.judged[0] for part in parts), sum(part.judged[1] for part in parts)
    refuse_other_assembly(*judged, parts[0].source, f"{len(parts)} blocks")
    if len(parts) == 1:
        return parts[0]
    table = concatenate_tables([part.table for part in parts])
    kernels: Any = backend()
    shifts = np.cumsum([0, *(int(part.table[2][-1]) for part in parts)])[:-1].astype(np.int64)
    offset, values = kernels.join_rows([tuple(part.carried) for part in parts], shifts)
    haploid = HaploidCalls.concatenate([part.haploid for part in parts])
    known = KnownLetters.concatenate([part.known for part in parts])
    phase = None
    if any(part.phase is not None for part in parts):
        found = [part.phase or PhaseCalls.of_contig(part.carried, part.table, part.haploid) for part in parts]
        phase = PhaseCalls.concatenate(found, [len(part) for part in parts])
    held = tuple(one for part in parts for one in part.held)
    return PreparedRecords(
        table,
        kernels.Variants(*table),
        Rows(offset, values),
        haploid,
        counts,
        parts[0].source,
        known,
        held,
        judged,
        phase,
    )
