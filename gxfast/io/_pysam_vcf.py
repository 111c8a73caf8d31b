"""Pure-pysam twin of ``gxfast.io._htslib.VariantReader``: slow, readable, the oracle of its tests."""

from __future__ import annotations

import numpy as np

from ..errors import InputError

__all__ = ["PysamVariantReader"]


class PysamVariantReader:
    """Same arguments and same answer as the compiled reader, through pysam's record objects."""

    def __init__(self, path: bytes, is_bcf: bool, samples: bytes, n_samples_in_file: int) -> None:
        import pysam

        self._file = pysam.VariantFile(path.decode())
        wanted = set(samples.decode().split(","))
        self._names = [name for name in self._file.header.samples if name in wanted]
        self.failed_position = -1

    def query(self, contig: bytes, start: int, end: int) -> tuple[int | bytearray, ...]:
        position, ref_length, n_alleles, lengths = [], [], [], []
        bases, calls, unphased, passed = bytearray(), bytearray(), bytearray(), bytearray()
        try:
            for record in self._file.fetch(contig.decode(), start, end):
                self.failed_position = record.pos - 1
                alleles = record.alleles
                position.append(record.pos - 1)
                ref_length.append(record.rlen)
                n_alleles.append(len(alleles))
                lengths += [len(allele) for allele in alleles]
                bases += "".join(alleles).encode()
                passed.append(list(record.filter.keys()) in ([], ["PASS"]))
                for name in self._names:
                    pair, order_unknown = _call(record.samples[name])
                    calls += np.array(pair, np.int8).tobytes()
                    unphased.append(order_unknown)
        except (OSError, ValueError) as error:
            raise InputError(f"a record cannot be read: {error}") from None
        columns = (
            bytearray(np.array(position, np.int64).tobytes()),
            bytearray(np.array(ref_length, np.int64).tobytes()),
            bytearray(np.array(n_alleles, np.int32).tobytes()),
            bytearray(np.array(lengths, np.int32).tobytes()),
        )
        return (0, *columns, bases, calls, unphased, passed)


def _call(sample: object) -> tuple[tuple[int, int], bool]:
    """(alleles, heterozygous of unknown order) of one person; -1 missing, -2 no second haplotype."""
    genotype = sample["GT"]  # type: ignore[index]
    first = -1 if genotype[0] is None else genotype[0]
    if len(genotype) == 1:
        return (first, -2), False
    second = -1 if genotype[1] is None else genotype[1]
    return (first, second), first != second and not sample.phased  # type: ignore[attr-defined]
