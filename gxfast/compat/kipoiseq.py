"""Twins of ``kipoiseq.transforms.functional`` encoders and of the extractors that apply variants to a reference."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ._encode import encode_checked, encode_text, first_letter_outside, letter_table, supported_dtype
from ._hosts import host_original
from ._reference import Reference
from ._variants import personal_sequence

__all__ = ["SingleSeqVCFSeqExtractor", "VariantSeqExtractor", "one_hot", "one_hot_dna"]

_DNA = ("A", "C", "G", "T")
_HOME = "kipoiseq.transforms.functional"


def _plain_table(alphabet: Any, neutral: str, value: Any, dtype: Any) -> NDArray[Any] | None:
    """The rows of all bytes, or None for arguments that are kipoiseq's business."""
    if not (isinstance(alphabet, list | tuple | str) and isinstance(value, numbers.Real)):
        return None
    if alphabet != list(_DNA) and tuple(alphabet) != _DNA:
        return None
    if dtype is np.float32 or dtype is None or isinstance(dtype, str):
        return _table(neutral, value, dtype)  # type: ignore[arg-type]
    return _table.__wrapped__(neutral, value, dtype)  # not every dtype has a hash


@lru_cache(maxsize=64)
def _table(neutral: str, value: Any, dtype: Any) -> NDArray[Any] | None:
    kind = supported_dtype(dtype)
    return letter_table(kind, special=((neutral, value),)) if kind is not None and neutral.isascii() else None


def one_hot_dna(
    seq: str,
    alphabet: list[str] = list(_DNA),  # noqa: B006 - the signature of kipoiseq; never written to
    neutral_alphabet: str = "N",
    neutral_value: Any = 0.25,
    dtype: Any = np.float32,
) -> NDArray[Any]:
    """One-hot encode DNA as ``kipoiseq.transforms.functional.one_hot_dna`` does.

    Parameters
    ----------
    seq : str
        ASCII; exact, so lower case is a zero row.
    alphabet : list of str
        A, C, G, T; others are handed to kipoiseq.
    neutral_alphabet : str or list of str
        Letters that get ``neutral_value`` in every channel.
    neutral_value : float
    dtype : dtype

    Returns
    -------
    array, shape (L, 4)

    Raises
    ------
    ValueError
        For anything that is no str.
    UnicodeEncodeError
        For text that is not ASCII.
    NotImplementedError
        For what is handed on, if kipoiseq is not installed.
    """
    if not isinstance(seq, str):
        raise ValueError("sequence needs to be a string")
    neutral = "".join(neutral_alphabet)
    table = _plain_table(alphabet, neutral, neutral_value, dtype)
    if table is None:
        original = host_original("kipoiseq", _HOME, "one_hot_dna", "this alphabet, neutral value or dtype")
        return np.asarray(original(seq, alphabet, neutral_alphabet, neutral_value, dtype))
    return encode_text(seq, table)


def one_hot(
    seq: str,
    alphabet: list[str] = list(_DNA),  # noqa: B006 - the signature of kipoiseq; never written to
    neutral_alphabet: str | list[str] = ["N"],  # noqa: B006
    neutral_value: Any = 0.25,
    dtype: Any = None,
) -> NDArray[Any]:
    """One-hot encode DNA as ``kipoiseq.transforms.functional.one_hot`` does.

    As `one_hot_dna`, but ``float64`` by default and strict.

    Raises
    ------
    ValueError
        For anything that is no str.
    KeyError
        For a letter in neither alphabet, lower case included.
    IndexError
        For an empty sequence.
    NotImplementedError
        For what is handed to kipoiseq, if it is not installed.
    """
    if not isinstance(seq, str):
        raise ValueError("seq needs to be a string")
    listed: Any = [neutral_alphabet] if isinstance(neutral_alphabet, str) else neutral_alphabet
    neutral = "".join(listed)
    # A tuple as alphabet is an error in kipoiseq, and a neutral letter of another width trips its check: its business.
    plain = isinstance(alphabet, list) and isinstance(listed, list) and all(len(letter) == 1 for letter in listed)
    table = _plain_table(alphabet, neutral, neutral_value, dtype) if plain else None
    if table is None:
        original = host_original("kipoiseq", _HOME, "one_hot", "this alphabet, neutral value or dtype")
        return np.asarray(original(seq, alphabet, neutral_alphabet, neutral_value, dtype))
    letters = b"ACGT" + neutral.encode("ascii")
    rows = encode_checked(seq, table, letters)
    if rows is None:
        raise KeyError(first_letter_outside(seq, letters))
    if not seq:
        raise IndexError("an empty sequence has no tokens to encode")
    return rows


@dataclass(frozen=True)
class _Interval:
    """What a reference extractor is asked for: 0-based half-open, no strand."""

    chrom: str
    start: int
    end: int
    strand: str = "."

    @property
    def stop(self) -> int:
        return self.end


class _FastaExtractor:
    """Reference letters as in the file, for an interval."""

    def __init__(self, fasta_file: str | Path) -> None:
        self.reference = Reference(fasta_file)

    def extract(self, interval: Any, **kwargs: Any) -> str:
        return self.reference.fetch(interval.chrom, interval.start, interval.end)


class VariantSeqExtractor:
    """Twin of ``kipoiseq.extractors.VariantSeqExtractor``: apply variants to the reference around an anchor.

    Parameters
    ----------
    fasta_file : str, optional
        Indexed FASTA.
    reference_sequence : object, optional
        Anything with ``extract(interval) -> str``; exactly one of the two is needed.

    Raises
    ------
    ValueError
        For both or neither.
    """

    def __init__(self, fasta_file: str | None = None, reference_sequence: Any = None) -> None:
        if (fasta_file is None) == (reference_sequence is None):
            raise ValueError("either fasta_file or ref_seq_extractor have to be specified")
        self._ref_seq_extractor = reference_sequence if fasta_file is None else _FastaExtractor(fasta_file)

    @property
    def ref_seq_extractor(self) -> Any:
        """The reference extractor in use."""
        return self._ref_seq_extractor

    def extract(
        self, interval: Any, variants: Iterable[Any], anchor: int, fixed_len: bool = True, **kwargs: Any
    ) -> str:
        """Return the sequence of an interval with the variants applied.

        Parameters
        ----------
        interval : object with chrom, start, end (0-based half-open) and strand
        variants : iterable of objects with start (0-based), ref and alt
            Where two overlap, the one that starts first wins, then the one given first. (kipoiseq writes both
            and corrupts the sequence.)
        anchor : int
            0-based genome position that keeps its place; clipped to the interval.
        fixed_len : bool
            Keep the length of the interval, drawing more reference in for deletions.

        Returns
        -------
        str
            Reverse complement on strand ``-``.
        """
        return extract_variants(self, interval, variants, anchor, fixed_len)


def extract_variants(
    extractor: Any, interval: Any, variants: Iterable[Any], anchor: int, fixed_len: bool = True, **kwargs: Any
) -> str:
    """Body of `VariantSeqExtractor.extract`, for any object that has a ``ref_seq_extractor``."""
    edits = [(int(v.start), str(v.ref), str(v.alt)) for v in variants]

    def reference(start: int, end: int) -> str:
        return str(extractor.ref_seq_extractor.extract(_host_interval(interval.chrom, start, end)))

    return personal_sequence(interval, edits, anchor, fixed_len, reference)


def _host_interval(chrom: str, start: int, end: int) -> Any:
    import sys

    # An extractor that a user wrote for kipoiseq may call methods of its Interval.
    host = sys.modules.get("kipoiseq")
    interval = getattr(host, "Interval", _Interval)
    return interval(chrom, start, end)


@dataclass(frozen=True)
class _Variant:
    start: int
    ref: str
    alt: str


class SingleSeqVCFSeqExtractor:
    """Twin of ``kipoiseq.extractors.SingleSeqVCFSeqExtractor``: one sequence per sample, phase ignored.

    Parameters
    ----------
    fasta_file, vcf_file : str
        Indexed FASTA; bgzip-compressed and indexed VCF or BCF.
    """

    def __init__(self, fasta_file: str, vcf_file: str) -> None:
        self.fasta_file = fasta_file
        self.vcf_file = vcf_file
        self.variant_extractor = VariantSeqExtractor(fasta_file)

    def extract(
        self, interval: Any, anchor: int | None = None, sample_id: str | None = None, fixed_len: bool = True
    ) -> str:
        """Return the interval's sequence with every allele of the sample (or of the file) applied.

        Parameters
        ----------
        interval, anchor, fixed_len
            As in `VariantSeqExtractor.extract`; ``anchor`` is needed.
        sample_id : str, optional
            Apply the alleles this sample carries on either haplotype; a genotype with a missing call counts as
            none. Without it every allele of the file is applied, the first of a record winning.

        Raises
        ------
        InputError
            For a contig that is not in the VCF, an unknown sample, or a symbolic allele.
        """
        variants = list(self._variants(interval, sample_id))
        return self.variant_extractor.extract(interval, variants, anchor, fixed_len)  # type: ignore[arg-type]

    def _variants(self, interval: Any, sample_id: str | None) -> Iterator[_Variant]:
        import pysam

        with pysam.VariantFile(str(self.vcf_file)) as vcf:
            if interval.chrom not in vcf.header.contigs:
                raise InputError(f"contig {interval.chrom!r} is not in the VCF", path=self.vcf_file)
            if sample_id is not None and sample_id not in vcf.header.samples:
                raise InputError(f"sample {sample_id!r} is not in the VCF", path=self.vcf_file)
            for record in vcf.fetch(interval.chrom, interval.start, interval.end):
                for alt in _carried(record, sample_id):
                    if not set(alt.upper()) <= set("ACGTRYSWKMBDHV"):
                        where = f"{record.chrom}:{record.pos}"
                        raise InputError(f"allele {alt!r} is not a sequence", path=self.vcf_file, record=where)
                    yield _Variant(record.start, str(record.ref), alt)


def _carried(record: Any, sample_id: str | None) -> list[str]:
    """Alternative alleles to apply; kipoiseq leaves out those with N or * and genotypes with a missing call."""
    alts = list(record.alts or ())
    if sample_id is not None:
        calls = record.samples[sample_id].allele_indices or ()
        if not calls or None in calls:
            return []
        alts = [alts[call - 1] for call in dict.fromkeys(calls) if call]
    return [alt for alt in alts if "N" not in alt and "*" not in alt]


def extract_single_sequence(
    extractor: Any, interval: Any, anchor: Any = None, sample_id: str | None = None, fixed_len: bool = True
) -> str:
    """``SingleSeqVCFSeqExtractor.extract`` for kipoiseq's own object: its VCF reader, our sequence."""
    variants = list(extractor.vcf.fetch_variants(interval, sample_id))
    if sample_id is not None:
        column = extractor.vcf.sample_mapping[sample_id]
        # kipoiseq yields every allele of a record that the sample differs in; keep those the sample carries.
        variants = [v for v in variants if _is_carried(v, column)]
    inner = extractor.variant_extractor
    theirs = host_original("kipoiseq", "kipoiseq.extractors.vcf_seq", "VariantSeqExtractor.extract", "")
    if getattr(type(inner).extract, "__gxfast_original__", type(inner).extract) is theirs:
        return extract_variants(inner, interval, variants, anchor, fixed_len)
    return str(inner.extract(interval, variants=variants, anchor=anchor, fixed_len=fixed_len))


def _is_carried(variant: Any, column: int) -> bool:
    """Whether the sample has this allele; of one alternative there is no doubt, and genotypes take long to unpack."""
    alternatives = variant.source.ALT
    return len(alternatives) == 1 or (alternatives.index(variant.alt) + 1 in variant.source.genotypes[column][:-1])
