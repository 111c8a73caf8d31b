"""Pure-pysam twin of ``gxfast.io._htslib.VariantReader``: slow, readable, the oracle of its tests."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from ..errors import InputError
from .symbols import is_described

__all__ = ["PysamVariantReader", "phase_set_number"]


class PysamVariantReader:
    """Same arguments and same answer as the compiled reader, through pysam's record objects."""

    def __init__(self, path: bytes, index: bytes, is_bcf: bool, samples: bytes, n_samples_in_file: int) -> None:
        import pysam

        self._file = pysam.VariantFile(path.decode(), index_filename=index.decode())
        wanted = set(samples.decode().split(","))
        self._names = [name for name in self._file.header.samples if name in wanted]
        self.failed_position = -1

    def query(self, contig: bytes, start: int, end: int) -> tuple[int | bytearray, ...]:
        position, ref_length, n_alleles, lengths = [], [], [], []
        bases, calls, unphased, passed = bytearray(), bytearray(), bytearray(), bytearray()
        sets: list[list[int]] = []
        info, names_sets = bytearray(), False
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
                people = [_call(record.samples[name]) for name in self._names]
                calls += np.array([pair for pair, _, _ in people], np.int8).tobytes()
                unphased += bytes(order_unknown for _, order_unknown, _ in people)
                sets.append([phase_set for _, _, phase_set in people])
                names_sets |= bool({"PS", "PSL", "PID"} & {*record.format.keys()})
                if any(map(is_described, alleles)):
                    info += str(record).split("\t")[7].encode() + b"\n"
        except (OSError, ValueError) as error:
            raise InputError(f"a record cannot be read: {error}") from None
        columns = (
            bytearray(np.array(position, np.int64).tobytes()),
            bytearray(np.array(ref_length, np.int64).tobytes()),
            bytearray(np.array(n_alleles, np.int32).tobytes()),
            bytearray(np.array(lengths, np.int32).tobytes()),
        )
        phase_sets = bytearray(np.array(sets, np.int64).tobytes()) if names_sets else bytearray()
        return (0, *columns, bases, calls, unphased, passed, phase_sets, info)


def _call(sample: Any) -> tuple[tuple[int, int], bool, int]:
    """(alleles, heterozygous of unknown order, phase set) of one person; -1 missing, -2 no second haplotype."""
    genotype = sample["GT"]
    first = -1 if genotype[0] is None else genotype[0]
    if len(genotype) == 1:
        return (first, -2), False, 0
    second = -1 if genotype[1] is None else genotype[1]
    if first == second:
        return (first, second), False, 0
    phase_set = next((found for found in map(_set_of, _NAMES, [sample] * 3) if found), 0)
    if sample.phased:
        return (first, second), False, phase_set
    if phase_set and min(first, second) == 0 and sample.get("PGT") in ("0|1", "1|0"):
        other = max(first, second)
        return ((0, other) if sample["PGT"] == "0|1" else (other, 0)), False, phase_set
    return (first, second), True, 0


_NAMES: Final = ("PS", "PSL", "PID")


def _set_of(name: str, sample: Any) -> int:
    value = sample.get(name)
    if isinstance(value, tuple):
        value = value[0] if isinstance(value[0], int) else ",".join("." if one is None else one for one in value)
    return phase_set_number("." if value is None else str(value))


def phase_set_number(text: str) -> int:
    """Return the number of a phase set: 0 where it is missing, n + 1 for a whole number n, negative for other names."""
    names = {*text.split(",")} - {"."} if "," in text else {text}
    if len(names) < 2:
        text = min(names, default=".")
    if text in ("", "."):
        return 0
    if len(text) < 18 and re.fullmatch("[0-9]+", text):
        return int(text) + 1
    number = 14695981039346656037  # FNV-1a
    for letter in text.encode():
        number = (number ^ letter) * 1099511628211 % 2**64
    return (number | 1 << 63) - 2**64
