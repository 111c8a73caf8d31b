"""The reference: letters, padding, indices, refusals, threads."""

from __future__ import annotations

import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gxfast.errors import InputError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.fasta import Genome
from gxfast.io.indexing import index_fasta

TEXT = b">one first contig\nACGTu\nNNryA\nCC\n>two\nGATTACA\n"

pytestmark = pytest.mark.parametrize("reader", ["htslib", "pysam"])


@pytest.fixture(params=["plain", "bgzf"])
def fasta(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    if request.param == "bgzf":
        path = write_bgzf(tmp_path / "g.fa.gz", TEXT)
    index_fasta(path)
    return path


def test_letters_and_padding(fasta: Path, reader: str) -> None:
    genome = Genome(fasta, reader=reader)
    assert genome.contigs == {"one": 12, "two": 7}
    assert genome.fetch("one", 0, 12) == b"ACGTTNNRYACC"
    assert genome.fetch("one", 3, 6) == b"TTN"
    assert genome.fetch("two", -3, 9) == b"NNNGATTACANN"
    assert genome.fetch("two", 6, 7) == b"A"
    for start, end in [(7, 9), (100, 102), (-9, -7)]:
        assert genome.fetch("two", start, end) == b"NN"
    assert genome.fetch("two", 3, 3) == b""
    assert genome.fetch_array("two", 0, 2).tolist() == [ord("G"), ord("A")]


def test_arguments(fasta: Path, reader: str) -> None:
    genome = Genome(fasta, reader=reader)
    with pytest.raises(InputError, match=r"contig 'chr1' is not in the FASTA \(it has one, two") as caught:
        genome.fetch("chr1", 0, 1)
    assert str(fasta) in str(caught.value)
    with pytest.raises(InputError, match="ends before it starts"):
        genome.fetch("one", 5, 4)


def test_crlf_with_its_own_index(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "crlf.fa"
    path.write_bytes(TEXT.replace(b"\n", b"\r\n"))
    index_fasta(path)
    assert Genome(path, reader=reader).fetch("one", 3, 12) == b"TTNNRYACC"


def test_crlf_with_the_index_of_the_unix_file(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    index_fasta(path)
    path.write_bytes(TEXT.replace(b"\n", b"\r\n"))
    with pytest.raises(InputError):
        Genome(path, reader=reader).fetch("two", 0, 7)


def test_one_genome_for_four_threads(fasta: Path, reader: str) -> None:
    genome = Genome(fasta, reader=reader)
    cases = [(c, s, s + n) for c in ("one", "two") for s in range(-2, 9) for n in (1, 4, 9)] * 5
    expected = [genome.fetch(*case) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda case: genome.fetch(*case), cases)) == expected


def refused(path: Path, match: str, remedy: str | None, reader: str) -> None:
    with pytest.raises(InputError, match=match) as caught:  # noqa: PT012
        genome = Genome(path, reader=reader)
        for name, length in genome.contigs.items():
            genome.fetch(name, 0, length)
    assert str(path) in str(caught.value)
    if remedy is not None:
        assert remedy in (caught.value.remedy or "")


def test_missing_folder_empty_pipe(tmp_path: Path, reader: str) -> None:
    refused(tmp_path / "none.fa", "No such file", None, reader)
    refused(tmp_path, "not a regular file", None, reader)
    empty = tmp_path / "empty.fa"
    empty.touch()
    refused(empty, "is empty", None, reader)
    pipe = tmp_path / "pipe.fa"
    os.mkfifo(pipe)
    refused(pipe, "not a regular file", None, reader)


def test_plain_gzip(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "g.fa.gz"
    path.write_bytes(gzip.compress(TEXT))
    refused(path, "gzip-compressed", "bgzip", reader)


def test_missing_indices(fasta: Path, reader: str) -> None:
    for suffix in (".fai", ".gzi"):
        index = Path(f"{fasta}{suffix}")
        if index.exists():
            kept = index.read_bytes()
            index.unlink()
            refused(fasta, f"no {suffix} index", f"samtools faidx {fasta}", reader)
            index.write_bytes(kept)


def test_cut_off(tmp_path: Path, reader: str) -> None:
    path = write_bgzf(tmp_path / "g.fa.gz", TEXT)
    index_fasta(path)
    path.write_bytes(path.read_bytes()[:-10])
    refused(path, "cut off", "again", reader)
    plain = tmp_path / "g.fa"
    plain.write_bytes(TEXT)
    index_fasta(plain)
    plain.write_bytes(TEXT[:-5])
    refused(plain, "do not fit together", "samtools faidx", reader)


@pytest.mark.parametrize(
    "new",
    [
        TEXT.replace(b">one first contig", b">one"),
        b">zero\nAC\n" + TEXT,
        TEXT.replace(b"CC\n", b"C\n"),
    ],
    ids=["shorter name", "contig before", "base removed"],
)
def test_stale_index(tmp_path: Path, reader: str, new: bytes) -> None:
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    index_fasta(path)
    path.write_bytes(new)
    refused(path, "do not fit together", "samtools faidx", reader)


def test_protein_is_refused(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "p.fa"
    path.write_bytes(b">p\nMKLVEE\n")
    index_fasta(path)
    refused(path, "not nucleotides", None, reader)


def test_damaged_index(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    for text in (b"", b"one\n", b"one\t12\t18\t0\t0\n", b"one\t-4\t18\t5\t6\n", b"\xff\xfe\t12\t18\t5\t6\n"):
        Path(f"{path}.fai").write_bytes(text)
        refused(path, "FASTA", None, reader)


def test_a_contig_twice_in_the_index(fasta: Path, reader: str) -> None:
    index = Path(f"{fasta}.fai")
    lines = index.read_text().splitlines()
    index.write_text("\n".join([*lines, lines[0]]) + "\n")
    refused(fasta, r"line 3: contig 'one' is there twice \(first on line 1\)", "samtools faidx", reader)


@pytest.mark.parametrize("size", [1, 2000])
@pytest.mark.parametrize("place", ["middle", "end"])
def test_a_contig_twice_in_the_fasta(tmp_path: Path, reader: str, place: str, size: int) -> None:
    """Htslib reads the first alone, and its index does not list the second."""
    again = b">one\n" + (b"G" * 100 + b"\n") * size
    text = TEXT + again if place == "end" else TEXT.replace(b">two", again + b">two")
    for path in (tmp_path / "g.fa", tmp_path / "g.fa.gz"):
        path.write_bytes(text) if path.suffix == ".fa" else write_bgzf(path, text)
        index_fasta(path)
        refused(path, "contig 'one' is there twice: line 1 of the index is the first", "a name of its own", reader)


@pytest.mark.parametrize("column", [1, 2, 3, 4])
@pytest.mark.parametrize("text", ["-1", "0", "9" * 18, "9" * 5000, "\u00b2", "\u0663", "1_0", "1e1", "", "nan"])
def test_numbers_of_the_index(fasta: Path, reader: str, column: int, text: str) -> None:
    index = Path(f"{fasta}.fai")
    lines = [line.split("\t") for line in index.read_text().splitlines()]
    lines[1][column] = text
    index.write_text("\n".join("\t".join(cells) for cells in lines) + "\n")
    refused(fasta, "line 2: a line of a FASTA index is|do not fit together", "samtools faidx", reader)


def test_many_contigs_across_blocks(tmp_path: Path, reader: str) -> None:
    """Headers on either side of a block's end, and over it."""
    sizes = {f"c{i}": 3000 + 37 * i for i in range(60)}
    text = b"".join(b">%s some words\n%s\n" % (name.encode(), b"ACGT" * (n // 4)) for name, n in sizes.items())
    path = write_bgzf(tmp_path / "g.fa.gz", text)
    index_fasta(path)
    assert Genome(path, reader=reader).contigs == {name: n // 4 * 4 for name, n in sizes.items()}
    Path(f"{path}.gzi").write_bytes(b"\x01" + bytes(7))
    refused(path, "cut off or damaged", "samtools faidx", reader)
