from collections.abc import Sequence

OK: int
IO_ERROR: int
BAD_RECORD: int
NO_GT: int
BAD_ALLELE: int
BAD_PLOIDY: int
BAD_COLUMNS: int
UNSORTED: int
NO_MEMORY: int

class VariantReader:
    failed_position: int
    n_samples: int
    def __init__(self, path: bytes, is_bcf: bool, samples: bytes, n_samples_in_file: int) -> None: ...
    def query(
        self, contig: bytes, start: int, end: int
    ) -> tuple[int, bytearray, bytearray, bytearray, bytearray, bytearray, bytearray, bytearray, bytearray]: ...

class FastaReader:
    def __init__(self, path: bytes) -> None: ...
    def contigs(self) -> Sequence[tuple[str, int]]: ...
    def fetch(self, contig: bytes, start: int, end: int) -> bytes | None: ...
