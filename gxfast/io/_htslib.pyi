from collections.abc import Sequence
from typing import Self

from typing_extensions import disjoint_base

OK: int
IO_ERROR: int
BAD_RECORD: int
NO_GT: int
BAD_ALLELE: int
BAD_PLOIDY: int
BAD_COLUMNS: int
UNSORTED: int
NO_MEMORY: int

@disjoint_base
class VariantReader:
    failed_position: int
    n_samples: int
    def __new__(cls, path: bytes, index: bytes, is_bcf: bool, samples: bytes, n_samples_in_file: int) -> Self: ...
    def query(self, contig: bytes, start: int, end: int) -> tuple[int | bytearray, ...]: ...

@disjoint_base
class FastaReader:
    def __new__(cls, path: bytes) -> Self: ...
    def contigs(self) -> Sequence[tuple[str, int]]: ...
    def fetch(self, contig: bytes, start: int, end: int) -> bytes | None: ...
