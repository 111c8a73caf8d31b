"""What the functions that `gxfast.patch` replaces are called with, for sequences of a length: the one table."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["WORKS", "Work", "letters"]

Arguments = tuple[tuple[Any, ...], Mapping[str, Any]]


@dataclass(frozen=True)
class Work:
    """One way to call a function.

    Attributes
    ----------
    label : str
        The dtype, or the kind of input.
    arguments : callable
        Takes the length and a folder for files, returns the arguments; of a method, the object comes first.
    longest : int
        Longer sequences are left out: the host takes seconds for one, or the result is quadratic in the length.
    """

    label: str
    arguments: Callable[[int, Path], Arguments]
    longest: int = 2_000_000


@lru_cache(maxsize=4)
def letters(length: int, alphabet: str = "ACGT") -> str:
    """Return random letters, the same at every call; one in a hundred is N."""
    draw = np.random.default_rng(length)
    text = draw.choice(np.frombuffer(alphabet.encode(), np.uint8), length)
    text[draw.random(length) < 0.01] = ord("N")
    return text.tobytes().decode()


def _text(length: int, folder: Path, **options: Any) -> Arguments:
    return (letters(length),), options


def _texts(length: int, folder: Path) -> Arguments:
    return ([letters(length)] * 4,), {}


def _torch(length: int, folder: Path, *, dtype: str) -> Arguments:
    return (letters(length),), {"dtype": getattr(importlib.import_module("torch"), dtype)}


def _tensor(length: int, folder: Path, *, dtype: str, rest: tuple[Any, ...], n: int = 4) -> Arguments:
    torch = importlib.import_module("torch")
    raw = np.frombuffer(letters(length).encode(), np.uint8)
    rows = torch.from_numpy((raw == np.frombuffer(b"ACGT", np.uint8)[:, np.newaxis]).astype(np.int8))
    return (rows.to(getattr(torch, dtype)).repeat(n, 1, 1), *rest), {}


def _indices(length: int, folder: Path) -> Arguments:
    torch = importlib.import_module("torch")
    return (torch.from_numpy(np.random.default_rng(length).integers(0, 5, length)),), {}


def _seqpro(length: int, folder: Path, *, form: str) -> Arguments:
    text = letters(length)
    seqs: Any = {"str": text, "list": [text] * 4, "S1": np.frombuffer(text.encode(), "S1").reshape(2, -1)}[form]
    return (seqs, importlib.import_module("seqpro").DNA), {}


def _selene(length: int, folder: Path) -> Arguments:
    channels = {base: i for i, pair in enumerate(("Aa", "Cc", "Gg", "Tt")) for base in pair}
    return (letters(length), channels, list("ACGT")), {}


def _crested_rows(length: int, folder: Path) -> Arguments:
    raw = np.frombuffer(letters(length).encode(), np.uint8)
    return ((raw[:, np.newaxis] == np.frombuffer(b"ACGT", np.uint8)).astype(np.float32)[np.newaxis],), {}


def _codes(length: int, folder: Path, *, rest: tuple[Any, ...]) -> Arguments:
    raw = np.frombuffer(letters(length).encode(), np.uint8)
    return (np.searchsorted(np.frombuffer(b"ACGNT", np.uint8), raw).astype(np.int8), *rest), {}


def _with_variants(length: int, folder: Path) -> Arguments:
    """A reference in memory and a variant every 100 bases, in the middle of each hundred."""
    kipoiseq, text = importlib.import_module("kipoiseq"), letters(length + 200)
    source = SimpleNamespace(extract=lambda interval, *args, **kwargs: text[interval.start : interval.end])
    extractor = importlib.import_module("kipoiseq.extractors").VariantSeqExtractor(reference_sequence=source)
    variants = [
        SimpleNamespace(chrom="1", start=at, pos=at + 1, ref=text[at], alt="CGTA"["ACGT".find(text[at])])
        for at in range(150, 100 + length, 100)
    ]
    return (extractor, kipoiseq.Interval("1", 100, 100 + length), variants, 100 + length // 2), {}


def _with_files(length: int, folder: Path) -> Arguments:
    """The same from files: a FASTA, and a VCF with one sample that carries every variant."""
    import pysam

    fasta, vcf = folder / f"{length}.fa", folder / f"{length}.vcf"
    if not fasta.exists():
        text = letters(length + 200)
        fasta.write_text(f">1\n{text}\n")
        pysam.faidx(str(fasta))
        lines = [
            f"1\t{at + 1}\t.\t{text[at]}\t{'CGTA'['ACGT'.find(text[at])]}\t.\t.\t.\tGT\t0|1"
            for at in range(150, 100 + length, 100)
        ]
        header = [
            "##fileformat=VCFv4.2",
            f"##contig=<ID=1,length={length + 200}>",
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts",
        ]
        vcf.write_text("\n".join(header + lines) + "\n")
        pysam.tabix_index(str(vcf), preset="vcf", force=True)
    kipoiseq = importlib.import_module("kipoiseq")
    extractor = importlib.import_module("kipoiseq.extractors").SingleSeqVCFSeqExtractor(str(fasta), f"{vcf}.gz")
    return (extractor, kipoiseq.Interval("1", 100, 100 + length), 100 + length // 2, "s"), {}


_ERSATZ = [("int8", 4, 200_000), ("float32", 4, 200_000), ("int8", 1, 2_000_000), ("float32", 1, 2_000_000)]


def _ersatz(*rest: Any) -> tuple[Work, ...]:
    return tuple(
        Work(f"{n} x {dtype}", partial(_tensor, dtype=dtype, rest=rest, n=n), longest) for dtype, n, longest in _ERSATZ
    )


def _edits(text: tuple[Any, ...], codes: tuple[Any, ...]) -> tuple[Work, ...]:
    def of_text(length: int, folder: Path) -> Arguments:
        return (letters(length), *text), {}

    return (Work("str", of_text), Work("int8", partial(_codes, rest=codes)))


def _one_hot_rows(length: int, folder: Path) -> Arguments:
    raw = np.frombuffer(letters(length).encode(), np.uint8)
    return (raw[:, np.newaxis] == np.frombuffer(b"ACGT", np.uint8),), {}


_SPELLED = (Work("bool", _one_hot_rows, 200_000),)
_DNA_1HOT = (Work("bool", _text, 200_000), Work("float16", partial(_text, n_uniform=True), 200_000))

# A function that is not listed here is reported as not measured, and the gate is closed.
WORKS: dict[str, tuple[Work, ...]] = {
    "baskerville.dna.dna_1hot": _DNA_1HOT,
    "baskerville.dna.dna_1hot_index": (Work("uint8", _text, 200_000),),
    "baskerville.dna.hot1_dna": _SPELLED,
    "basenji.dna_io.dna_1hot": _DNA_1HOT,
    "basenji.dna_io.hot1_dna": _SPELLED,
    "crested.utils._seq_utils.one_hot_encode_sequence": (Work("float32", _text),),
    "crested.utils._seq_utils.generate_mutagenesis": (Work("float32", _crested_rows, 1_000),),
    "enformer_pytorch.data.str_to_one_hot": (Work("str", _text), Work("4 x str", _texts, 200_000)),
    "enformer_pytorch.data.seq_indices_to_one_hot": (Work("int64", _indices),),
    "grelu.sequence.format.strings_to_one_hot": (Work("str", _text, 200_000), Work("4 x str", _texts, 200_000)),
    "grelu.sequence.format.check_string_dna": (Work("str", _text, 200_000),),
    "grelu.sequence.format.strings_to_indices": (Work("str", _text, 200_000),),
    "grelu.sequence.format.indices_to_one_hot": (Work("int8", partial(_codes, rest=()), 200_000),),
    "grelu.sequence.format.indices_to_strings": (Work("int8", partial(_codes, rest=()), 200_000),),
    "grelu.sequence.mutate.mutate": _edits(("ACGT", 20), (np.int8(1), 20)),
    "grelu.sequence.mutate.insert": _edits(("ACGT", 20), (np.array([1, 2], np.int8), 20)),
    "grelu.sequence.mutate.delete": _edits((4, 20), (4, 20)),
    "kipoiseq.transforms.functional.one_hot_dna": (
        Work("float32", _text),
        Work("float64", partial(_text, dtype="float64")),
    ),
    "kipoiseq.transforms.functional.one_hot": (Work("float64", _text, 200_000),),
    "kipoiseq.extractors.vcf_seq.VariantSeqExtractor.extract": (Work("str", _with_variants, 200_000),),
    "kipoiseq.extractors.vcf_seq.SingleSeqVCFSeqExtractor.extract": (Work("str", _with_files, 200_000),),
    "selene_sdk.sequences.sequence.sequence_to_encoding": (Work("float32", _selene),),
    "seqpro._encoders.ohe": tuple(Work(form, partial(_seqpro, form=form)) for form in ("str", "list", "S1")),
    "seqpro._analyzers.gc_content": (Work("str", _text), Work("4 x str", _texts)),
    "tangermeme.utils.characters": (
        Work("int8", partial(_tensor, dtype="int8", rest=(["A", "C", "G", "T"], False, True), n=1)),
    ),
    "tangermeme.utils.one_hot_encode": tuple(
        Work(dtype, partial(_torch, dtype=dtype)) for dtype in ("int8", "float32", "float16", "int64")
    ),
    "tangermeme.ersatz.substitute": _ersatz("ACGTACGT", 20),
    "tangermeme.ersatz.insert": _ersatz("ACGTACGT", 20),
    "tangermeme.ersatz.delete": _ersatz(10, 20),
}
