"""The reference."""

from __future__ import annotations

import gzip
import os

from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_fasta

from .case import Case, finite, refused, same
from .files import empty, fifo, folder, missing
from .project import SIZE, Project, wrapped

__all__ = ["CASES"]


def index_of(p: Project) -> str:
    return p.fasta.with_name("genome.fa.fai").read_text()


def put_index(p: Project, text: str) -> None:
    p.fasta.with_name("genome.fa.fai").write_text(text)


def header_only(p: Project) -> None:
    p.put_fasta({"chr1": "", "chr2": ""}, index=False)


def binary(p: Project) -> None:
    p.fasta.write_bytes(bytes(range(256)) * 500)


def letters(text: str) -> Case:
    def spoil(p: Project) -> None:
        p.put_fasta(dict.fromkeys(p.sequences, (text * SIZE)[:SIZE]))

    return refused(f"fasta of {text[:3]}", spoil, "genome.fa")


def cut_index(p: Project) -> None:
    put_index(p, index_of(p)[:-9])


def lost_contig(p: Project) -> None:
    put_index(p, index_of(p).splitlines(keepends=True)[0])


def cut_fasta(p: Project) -> None:
    p.fasta.write_bytes(p.fasta.read_bytes()[: SIZE + 20_000])


def stale_index(p: Project) -> None:
    before = index_of(p)
    p.put_fasta({"chr1": "ACGTTGCA" * 40 + p.sequences["chr1"], "chr2": p.sequences["chr2"]})
    put_index(p, before)


def foreign_index(p: Project) -> None:
    put_index(p, f"chr1\t{SIZE}\t6\t80\t81\nchr2\t{SIZE}\t61000\t80\t81\n")


def gzipped(p: Project) -> None:
    p.replace("fasta", "genome.fa.gz").write_bytes(gzip.compress(p.fasta.read_bytes()))


def bgzipped(p: Project) -> None:
    index_fasta(write_bgzf(p.replace("fasta", "genome.fa.gz"), p.fasta.read_bytes()))


def without_gzi(p: Project) -> None:
    bgzipped(p)
    (p.folder / "genome.fa.gz.gzi").unlink()
    p.folder.chmod(0o555)


def cut_bgzip(p: Project) -> None:
    bgzipped(p)
    content = (p.folder / "genome.fa.gz").read_bytes()
    (p.folder / "genome.fa.gz").write_bytes(content[: len(content) // 2])


def damaged_bgzip(p: Project) -> None:
    bgzipped(p)
    content = bytearray((p.folder / "genome.fa.gz").read_bytes())
    content[3_000] ^= 0x55
    (p.folder / "genome.fa.gz").write_bytes(content)


def without_index(p: Project) -> None:
    p.fasta.with_name("genome.fa.fai").unlink()


def crlf(p: Project) -> None:
    p.put_fasta(p.sequences, ending="\r\n")


def lower_case(p: Project) -> None:
    p.put_fasta({name: bases.lower() for name, bases in p.sequences.items()})


def between_records(p: Project, letter: str) -> None:
    """Put a letter next to the TSS of G00, where no record lies."""
    taken = {int(r[1]) for r in p.records if r[0] == "chr1"}
    at = next(at for at in range(8_010, 8_100) if not taken & set(range(at - 3, at + 4)))
    contigs = p.sequences
    contigs["chr1"] = contigs["chr1"][: at - 1] + letter + contigs["chr1"][at:]
    p.put_fasta(contigs)


def iupac(p: Project) -> None:
    between_records(p, "R")


def unknown(p: Project) -> None:
    between_records(p, "N")


def run_of_n(p: Project) -> None:
    contigs = p.sequences
    contigs["chr1"] = contigs["chr1"][:7_700] + "N" * 250 + contigs["chr1"][7_950:]
    p.put_fasta(contigs)


def at_the_ends(p: Project) -> None:
    p.put_rows(p.genes, [*p.rows(p.genes), ["LEFT", "chr1", "3", "+"], ["RIGHT", "chr1", str(SIZE), "-"]])


def short_contig(p: Project) -> None:
    p.put_fasta({**p.sequences, "chr3": "ACGTTGCATT" * 20})
    header = p.header
    p.put_vcf([*p.records, p.record("chr3", 101, "A", "G", {"P03": "0|1"})],
              [*header[:3], "##contig=<ID=chr3,length=200>", *header[3:]])  # fmt: skip
    p.put_rows(p.genes, [*p.rows(p.genes), ["SHORT", "chr3", "90", "-"]])


def twice(p: Project) -> None:
    sequences = list(p.sequences.items())
    p.fasta.write_text("".join(f">{name}\n{wrapped(bases)}" for name, bases in [*sequences, sequences[0]]))
    line = f"chr1\t{SIZE}\t{2 * (SIZE + SIZE // 60 + 6) + 6}\t60\t61\n"
    put_index(p, index_of(p) + line)


def unreadable(p: Project) -> None:
    p.fasta.chmod(0)


CASES = [
    refused("fasta missing", missing("fasta"), "genome.fa"),
    refused("fasta empty", empty("fasta"), "genome.fa"),
    refused("fasta a folder", folder("fasta"), "genome.fa"),
    refused("fasta a pipe", fifo("fasta"), "genome.fa", child=True),
    refused("fasta headers only", header_only, "genome.fa"),
    refused("fasta binary", binary, "genome.fa"),
    letters("MKVLE"),
    letters("12345"),
    refused("fai cut", cut_index, "genome.fa", "samtools faidx"),
    refused("fai lacks a contig", lost_contig, "genome.fa", "samtools faidx"),
    refused("fasta cut", cut_fasta, "genome.fa", "samtools faidx"),
    refused("fai stale", stale_index, "samtools faidx"),
    refused("fai foreign", foreign_index, "samtools faidx"),
    refused("fai missing", without_index, "genome.fa", "samtools faidx"),
    refused("fasta gzip", gzipped, "genome.fa.gz", "bgzip"),
    same("fasta bgzip", bgzipped),
    refused("fasta bgzip without gzi in a read-only folder", without_gzi, "genome.fa.gz", "samtools faidx"),
    refused("fasta bgzip cut", cut_bgzip, "genome.fa.gz", "cut off"),
    refused("fasta bgzip damaged", damaged_bgzip, "genome.fa.gz"),
    same("fasta crlf", crlf),
    same("fasta lower case", lower_case),
    same("fasta iupac", iupac, "iupac_reference 1", twin=unknown, counted=('"iupac_reference": 1',)),
    finite("fasta run of n", run_of_n, genes=("G00",)),
    finite("windows over both ends", at_the_ends, genes=("LEFT", "RIGHT"), command="predict"),
    finite("contig shorter than the window", short_contig, genes=("SHORT",), command="predict"),
    refused("fasta contig twice", twice, "genome.fa", "chr1"),
]
if os.geteuid():
    CASES.append(refused("fasta unreadable", unreadable, "genome.fa"))
