"""What is the same of all text tables: marks, line ends, encodings, and characters that cannot be seen."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.options import input_paths
from gxfast.errors import InputError
from gxfast.io.contigs import ContigNames
from gxfast.io.tables import (
    read_covariates,
    read_expression,
    read_gene_values,
    read_genes,
    read_sites,
    read_table,
    read_track_weights,
)
from gxfast.io.tables import text as text_module
from gxfast.io.variant_tables import read_finemapped, read_labels, read_scores
from gxfast.models import read_tracks
from gxfast.types import VariantTable
from gxfast.workflow.scans.sources import read_sequences
from gxfast.workflow.scans.targets import read_regions


def samples(path: Path) -> Any:
    return input_paths({"fasta": "", "vcf": (), "samples_file": str(path)}).samples


def shown(table: VariantTable) -> Any:
    columns = {name: column.tolist() for name, column in table.columns.items()}
    return table.variant_id, columns, table.signed


# A text that each reader takes, and the reader, by the name of the file.
TABLES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "genes.tsv": ("gene_id\tchrom\ttss\tstrand\nG1\tchr1\t5\t+\nG2\tchr1\t9\t-\n", read_genes),
    "genes.bed": ("chr1\t4\t5\tG1\t.\t+\nchr1\t8\t9\tG2\t.\t-\n", read_genes),
    "genes.gtf": (
        'chr1\tx\tgene\t5\t9\t.\t+\t.\tgene_id "G1";\nchr1\tx\tgene\t5\t9\t.\t-\t.\tgene_id "G2";\n', read_genes,
    ),
    "expression.tsv": ("gene\tS1\tS2\nG1\t1\t2\nG2\t3\tNA\n", read_expression),
    "expression.bed": ("#chr\tstart\tend\tid\tS1\tS2\nchr1\t4\t5\tG1\t1\t2\nchr1\t8\t9\tG2\t3\t4\n", read_expression),
    "expression.gct": ("#1.2\n2\t2\nName\tDescription\tS1\tS2\nG1\tx\t1\t2\nG2\ty\t3\t4\n", read_expression),
    "covariates.tsv": ("id\tS1\tS2\nPC1\t1\t2\nPC2\t0\t1\n", read_covariates),
    "sites.bed": ("chr1\t4\t9\ta\nchr1\t8\t19\tb\n", read_sites),
    "regions.bed": ("chr1\t4\t9\ta\nchr1\t8\t19\tb\n", lambda path: read_regions([str(path)])),
    "contigs.tsv": ("chr1\t1\nchr2\t2\n", lambda path: ContigNames({"chr1": 9, "chr2": 9}, path).find("2")),
    "finemapped.tsv": ("gene_id\tvariant_id\tpip\nG1\tchr1_5_A_C\t0.5\nG2\tchr1_5_A_C\t0.25\n", read_finemapped),
    "labels.tsv": (
        "variant_id\tgene_id\tpip\nchr1_5_A_C\tG1\t0.5\nchr1_6_A_C\tG2\t1\n", lambda path: shown(read_labels(path)),
    ),
    "scores.tsv": (
        "chrom\tpos\tref\talt\ts\n1\t5\tA\tC\t0.5\n1\t6\tA\tC\t-1\n", lambda path: shown(read_scores(path)),
    ),
    "values.tsv": ("gene_id\tr\nG1\t0.5\nG2\t-1\n", lambda path: read_gene_values(path, "r")),
    "weights.tsv": ("track\tweight\nt1\t0.5\noffset\t1\n", read_track_weights),
    "table.tsv": ("a\tb\n1\t2\n3\t4\n", read_table),
    "targets.txt": ("index\tidentifier\tdescription\n0\tE0\tCAGE:a\n1\tE1\tCAGE:b\n", read_tracks),
    "sequences.fa": (">one\nACGT\n>two\nTTTT\n", lambda path: read_sequences(str(path), 4)),
    "people.txt": ("S1\nS2\n", samples),
}  # fmt: skip


def plain(found: Any) -> str:
    """Everything that was read but the path."""
    return repr(found).replace("\n", " ")


@pytest.fixture(params=list(TABLES))
def table(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, Callable[[Path], Any]]:
    text, read = TABLES[request.param]
    return tmp_path / request.param, text, read


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"),
        lambda raw: raw + b"\n\n",
        lambda raw: raw.replace(b"\n", b"\r\n") + b"\r\n\r\n",
        lambda raw: raw.rstrip(b"\n"),
    ],
    ids=["BOM", "CRLF", "BOM and CRLF", "blank lines", "blank CRLF lines", "no last line end"],
)
def test_what_changes_nothing(table: Any, change: Callable[[bytes], bytes]) -> None:
    path, text, read = table
    path.write_text(text)
    expected = plain(read(path))
    path.write_bytes(change(text.encode()))
    assert plain(read(path)) == expected
    if path.name not in ("people.txt", "sequences.fa"):
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(change(text.encode())))
        assert plain(read(packed)).replace(".gz", "") == expected


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: text.encode("utf-16"), "UTF-16"),
        (lambda text: text.encode("utf-16-be"), "not text"),
        (lambda text: text.encode().replace(b"1", b"\xff", 1), "not UTF-8"),
        (lambda text: text.encode().replace(b"1", b"\0", 1), "not text"),
        (lambda text: text.encode().replace(b"\n", b"\r"), "end in CR alone"),
        (lambda text: text.encode().replace(b"1", b"1\x1b[31m", 1), r"control character U\+001B"),
        (lambda text: text.encode().replace(b"1", b"1\x7f", 1), r"control character U\+007F"),
        (lambda text: text.replace("1", "1\u0085", 1).encode(), r"U\+0085, a character that cannot be seen"),
        (lambda text: text.replace("1", "1\u200b", 1).encode(), r"U\+200B"),
        (lambda text: text.replace("1", "\u202e1", 1).encode(), r"U\+202E"),
        (lambda text: text[:1].join(["", "\ufeff" + text[1:]]).encode(), r"U\+FEFF"),
        (lambda text: b"", "is empty"),
    ],
    ids=["UTF-16", "UTF-16 without mark", "latin-1", "NUL", "CR", "ESC", "DEL", "NEL", "U+200B", "U+202E", "BOM", "0"],
)
def test_what_is_refused(table: Any, change: Callable[[str], bytes], match: str) -> None:
    path, text, read = table
    if "1" not in text:
        text = text.replace("A", "A1")
    path.write_bytes(change(text))
    with pytest.raises(InputError, match=match) as caught:
        read(path)
    assert caught.value.path == str(path)
    assert caught.value.remedy


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gxfast.io.tables import text

    monkeypatch.setattr(text, "_LONGEST_LINE", 1000)
    path = tmp_path / "genes.tsv"
    path.write_text("gene_id\t" + "x" * 5000)
    with pytest.raises(InputError, match="line 1: the gene table has a line of more than"):
        read_genes(path)


NUMBERS = {
    "genes.tsv": "\t5\t", "genes.bed": "\t4\t", "genes.gtf": "\t5\t", "expression.tsv": "\t1\t",
    "expression.bed": "\t4\t", "expression.gct": "2\t2", "covariates.tsv": "\t1\t", "sites.bed": "\t4\t",
    "regions.bed": "\t4\t", "finemapped.tsv": "\t0.5\n", "values.tsv": "\t0.5\n", "labels.tsv": "\t0.5\n",
    "scores.tsv": "\t0.5\n", "weights.tsv": "\t0.5\n",
    "targets.txt": "0\tE0",
}  # fmt: skip


def test_a_list_of_people_from_a_command() -> None:
    program = "from gxfast.cli.options import input_paths as read; import sys\n"
    program += "print(read({'fasta': '', 'vcf': (), 'samples_file': sys.argv[1]}).samples)"
    for name, people, found in (("/dev/stdin", "S1\nS 2\n", ("S1", "S 2")), ("^/dev/stdin", "S1\n", ("^S1",))):
        command = [sys.executable, "-c", program, name]
        done = subprocess.run(command, input=people, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(found)


@pytest.mark.parametrize("number", ["²", "٣", "1_0", "9" * 5000, "1e400", "-inf", "0x1p3", "infinity", "1d3", "½"])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_are_none(tmp_path: Path, name: str, number: str) -> None:
    """In the place of the first number of each table."""
    text, read = TABLES[name]
    path = tmp_path / name
    place = NUMBERS[name]
    digits = "0.5" if "0.5" in place else next(letter for letter in place if letter.isdigit())
    path.write_text(text.replace(place, place.replace(digits, number, 1), 1))
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.path == str(path)
    assert caught.value.record
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_the_same_in_blocks_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    lines = ["a\tb", "", "x" * 50, "Müller\t1", "", "c\td", "last"]
    for end in ("\n", "\r\n"):
        for mark, tail in (("", ""), ("\ufeff", end), ("", end + end)):
            written = (mark + end.join(lines) + tail).encode()
            path = tmp_path / "lines.tsv"
            path.write_bytes(gzip.compress(written) if packed else written)
            right = list(enumerate([*lines, ""] if tail == end + end else lines, 1))
            for block in (1, 2, 7, 60, 1 << 18):
                monkeypatch.setattr(text_module, "_BLOCK", block)
                assert list(text_module.read_lines(path, "table")) == right


def test_what_is_wrong_is_named_by_its_line_in_any_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines.tsv"
    for wrong, match in ((b"x\x1by", r"U\+001B"), (b"\xff", "not UTF-8"), (b"a\rb", "end in CR alone")):
        path.write_bytes(b"fine\r\n" * 40 + wrong + b"\n" + b"fine\n" * 40)
        for block in (5, 1 << 18):
            monkeypatch.setattr(text_module, "_BLOCK", block)
            with pytest.raises(InputError, match=f"line 41: .*{match}"):
                list(text_module.read_lines(path, "table"))
