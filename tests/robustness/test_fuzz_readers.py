"""Readers of Python's under damage: any bytes give a value that keeps its promises, or an error of gxfast's own.

Every property begins with a file that is right, and changes a few places: bytes, pieces cut out or doubled, and texts
that are known to hurt. ``GXFAST_FUZZ_EXAMPLES`` sets the number of files per reader (20,000 before a release); without
it they are the same 200 each time.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gxfast.errors import GxfastError
from gxfast.io.bgzf import write_bgzf
from gxfast.io.contigs import ContigNames
from gxfast.io.fasta import Genome
from gxfast.io.indexing import index_vcf
from gxfast.io.predictdb import place_of, read_predictdb
from gxfast.io.regions import parse_region
from gxfast.io.tables import (
    read_covariates,
    read_expression,
    read_gene_values,
    read_genes,
    read_sites,
    read_track_weights,
)
from gxfast.io.variant_tables import read_finemapped, read_labels, read_scores
from gxfast.io.vcf import VariantFile
from gxfast.models import read_tracks
from gxfast.models.card import ModelCard, card_from_json, load_card
from gxfast.models.importers._keras_file import layers_in_order, read_keras
from gxfast.models.importers.expecto import read_gblinear
from gxfast.types import ExpressionTable, GeneTable
from gxfast.workflow.rundir import STATE, RunDirectory, verify

EXAMPLES = os.environ.get("GXFAST_FUZZ_EXAMPLES")
FUZZ = settings(
    max_examples=int(EXAMPLES or 200), derandomize=EXAMPLES is None, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
LAST = 2**31 - 1

# What has hurt readers before: numbers that are none, marks, ends of lines, quotes, paths, other scripts.
TOKENS = [
    b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n", b"\n\n", b"\0", b"\x1b[2J", b"\t", b"\t\t", b",", b'"', b'""', b"#",
    b"##", b" ", b"-1", b"0", b"1_0", b"9" * 25, b"9" * 5000, b"1e400", b"nan", b"inf", b"-0", b"0x1p3", b".", b"NA",
    "²".encode(), "٣".encode(), "\u202e".encode(), "\ufeff".encode(), b"\xed\xa0\x80", b"../../x", b"%s", b"chr1",
    b"<DEL>", b"true", b"null", b"[]", b"{}", b'\\ud800', b"[" * 3000, b"2147483648", b"18446744073709551616",
]  # fmt: skip


class Change(NamedTuple):
    """What is done at a place: ``put`` bytes in, ``over`` what is there, or ``cut`` or ``double`` a stretch."""

    kind: str
    at: int
    size: int
    text: bytes


CHANGES = st.lists(
    st.builds(
        Change, st.sampled_from(["put", "over", "over", "cut", "double", "end"]), st.integers(0, 2**24),
        st.integers(0, 40), st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=4),
    ),
    max_size=4,
)  # fmt: skip


def changed(data: bytes, changes: list[Change]) -> bytes:
    for kind, at, size, text in changes:
        at %= len(data) + 1
        parts = {
            "put": text + data[at:],
            "over": text + data[at + len(text) :],
            "cut": data[at + size :],
            "double": data[at : at + size] * 2 + data[at + size :],
            "end": b"" if size < 8 else data[at:],
        }
        data = data[:at] + parts[kind]
    return data


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def names_of_use(*groups: tuple[str, ...]) -> None:
    for names in groups:
        assert len(set(names)) == len(names) > 0
        assert all(name.strip() and not {"\t", "\n", "\r", "\0", "\x1b"} & set(name) for name in names)


def right_genes(found: GeneTable) -> None:
    names_of_use(found.gene_id)
    assert found.tss.dtype == np.int64
    assert found.tss.shape == (len(found.gene_id),) == (len(found.chrom),) == (len(found.strand),)
    assert ((found.tss >= 0) & (found.tss < LAST)).all()
    assert set(found.strand) <= {"+", "-", "."}
    assert all(found.chrom)


def right_expression(found: ExpressionTable) -> None:
    names_of_use(found.gene_id, found.samples)
    assert found.values.shape == (len(found.gene_id), len(found.samples))
    assert not np.isinf(found.values).any()
    for genes in (found.genes, found.places):
        if genes is not None:
            right_genes(genes)
            assert genes.gene_id == found.gene_id


def right_covariates(found: Any) -> None:
    names_of_use(found.name, found.samples)
    assert found.values.shape == (len(found.name), len(found.samples))
    assert not np.isinf(found.values).any()


def right_pips(found: dict[tuple[str, str], float]) -> None:
    assert found
    assert all(gene and variant and 0 <= pip <= 1 for (gene, variant), pip in found.items())


def right_variants(found: Any) -> None:
    assert len(found)
    assert (found.position >= 0).all()
    assert (found.chrom != "").all()
    assert not set("".join([*found.ref, *found.alt])) - set("ACGT")
    assert all(np.isfinite(one[~np.isnan(one)]).all() for one in found.columns.values() if one.dtype.kind == "f")
    known = [found.columns[name] for name in ("pip", "p", "causal") if name in found.columns]
    assert all(((one >= 0) & (one <= 1) | np.isnan(one)).all() for one in known)


def right_values(found: dict[str, float]) -> None:
    assert np.isfinite(list(found.values())).all()


def right_weights(found: Any) -> None:
    assert found.weight.shape == (len(found.track),)
    assert np.isfinite([*found.weight, found.offset]).all()


def right_tracks(found: Any) -> None:
    indices = [track.index for track in found.tracks]
    assert len(set(indices)) == len(indices) > 0
    assert 0 <= min(indices) <= max(indices) <= LAST


def right_names(found: ContigNames) -> None:
    assert found.find("chr1") == "chr1"
    assert found.find("2") in (None, "chr1", "chr2")


def right_card(found: ModelCard) -> None:
    again = card_from_json(found.to_json(), source=found.origin)
    assert again == found
    assert json.loads(found.to_json().encode()) == json.loads(again.to_json())
    assert 0 <= found.length <= LAST
    if found.length and found.tss_index:
        start, end, _ = found.window(10**6, "-")
        assert end - start == found.read_length


def right_head(found: Any) -> None:
    assert np.isfinite([*found.weight, found.bias, found.base_score]).all()


CARD = ModelCard(
    name="m", layout="NLC", length=96, tss_index={"+": 48, "-": 47}, input_name="x", output_name="y",
    extra_inputs={"h": (0.5, 1.0)}, shifts=(-1, 0, 1), output_layout="NBT", bins=(0, 3), tracks=(1, 2),
    track_names=("a", "b"), reduce="mean", transform="log2p1", license="MIT", source="here",
)  # fmt: skip
GTF = (
    'chr1\tx\tgene\t5\t90\t.\t+\t.\tgene_id "G1"; gene_name "one";\n'
    'chr1\tx\ttranscript\t5\t90\t.\t+\t.\tgene_id "G1"; transcript_id "T1";\n'
    'chr1\tx\texon\t15\t90\t.\t-\t.\tgene_id "G2"; transcript_id "NM_1_2";\n'
    'chrY\tx\texon\t20\t95\t.\t-\t.\tgene_id "G2"; transcript_id "T3";\n'
)
GBLINEAR = (
    b"binf" + np.array([0.5], "<f4").tobytes() + (3).to_bytes(4, "little") + bytes(128)
    + (10).to_bytes(8, "little") + b"reg:linear" + (8).to_bytes(8, "little") + b"gblinear"
    + (3).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(128) + (4).to_bytes(8, "little")
    + np.arange(4, dtype="<f4").tobytes()
)  # fmt: skip


class Reader(NamedTuple):
    """A file that is right, what reads it, and what is true of whatever is read."""

    file: str
    data: bytes
    read: Callable[[Path], Any]
    right: Callable[[Any], None]


def contig_names(path: Path) -> ContigNames:
    return ContigNames({"chr1": 100, "chr2": 200}, path)


def covariates(path: Path) -> Any:
    return read_covariates(path, people=("S1", "S2"))


GENES, EXPRESSION = (read_genes, right_genes), (read_expression, right_expression)
COVARIATES = (covariates, right_covariates)
PAIRS = (
    (GENES, "g.tsv", "gene_id\tname\tchrom\ttss\tstrand\nG1\tone\tchr1\t50\t+\nG2\t\tchr1\t60\t-\n"),
    (GENES, "g.csv", "G1,chr1,50,one,+\nG2,chr1,60,two,-\n"),
    (GENES, "g.bed", "#chr\tstart\tend\tid\tx\tstrand\nchr1\t49\t50\tG1\t.\t+\nchr1\t59\t60\tG2\t.\t-\n"),
    (GENES, "g.gtf", GTF),
    ((read_sites, right_genes), "s.bed", "track name=x\nchr1\t10\t50\ta\t0\t-\nchr1\t60\t90\n"),
    (EXPRESSION, "e.tsv", "gene\tS1\tS2\nG1\t1.5\t-2\nG2\t1e-3\tNA\n"),
    (EXPRESSION, "e.csv", "sample,G1,G2\nS1,1.5,2\nS2,.,3\n"),
    (EXPRESSION, "e.bed", "#chr\tstart\tend\tid\tlen\tstrand\tS1\nchr1\t4\t5\tG1\t1\t+\t1\nchr1\t9\t10\tG2\t1\t-\t2\n"),
    (EXPRESSION, "e.gct", "#1.3\n2\t2\t1\t1\nid\tsymbol\tS1\tS2\nage\tNA\t5\t6\nG1\ta\t1\t2\nG2\tb\t3\t4\n"),
    (COVARIATES, "c.tsv", "id\tS1\tS2\nPC1\t0.5\t1\nPC2\tNA\t2\n"),
    (COVARIATES, "c.cov", "FID IID PC1 PC2\n0 S1 0.5 1\n0 S2 1 2\n"),
    (
        (read_finemapped, right_pips), "f.tsv",
        "phenotype_id\tvariant_id\tpip\tcs\nG1\tchr1_5_A_C\t0.5\t1\nG1\tchr1_6_A_C\t1\t1\n",
    ),
    (
        (read_labels, right_variants), "l.tsv",
        "variant\tgene\tbeta\tpip\nchr1_5_A_C\tG1\t-0.5\t1\n1:6:A:G\tG1\tNA\t.5\n",
    ),
    (
        (read_labels, right_variants), "l.vcf",
        "##fileformat=VCFv4.1\n1\t5\tx\tA\tC\t.\t.\tCLNSIG=Benign;MC=SO:1|intron\n1\t6\tx\tA\tC\t.\t.\tCLNSIG=Pathogenic\n",
    ),
    (
        (read_scores, right_variants), "s.tsv",
        "#Chrom\tPos\tRef\tAlt\tRaw\tPHRED\n1\t5\tA\tC\t-1.5\t2\n2\t6\tG\tT\t3\t4\n",
    ),
    ((lambda path: read_gene_values(path, "r"), right_values), "v.tsv", "gene_id\tr\nG1\t0.5\nG2\tNA\nG3\t-1e-3\n"),
    ((read_track_weights, right_weights), "w.tsv", "track\tweight\na\t0.5\nb\t-1\noffset\t2\n"),
    ((read_tracks, right_tracks), "t.txt", "index\tidentifier\tdescription\n0\tE0\tCAGE:a\n1\tE1\tCAGE:b\n"),
    ((contig_names, right_names), "n.tsv", "# Sequence-Name\tGenBank-Accn\tUCSC-style-name\nchr1\tC\t1\nchr2\tna\t2\n"),
    ((load_card, right_card), "m.json", CARD.to_json()),
    ((read_gblinear, right_head), "b.save", GBLINEAR),
)  # fmt: skip
READERS = [
    Reader(file, text.encode() if isinstance(text, str) else text, read, right) for (read, right), file, text in PAIRS
]


def read_or_refused(read: Callable[[Path], Any], path: Path) -> tuple[Any, str]:
    """Return what was read and no message, or the message of an error of gxfast's own."""
    try:
        return read(path), ""
    except GxfastError as error:
        return None, str(error)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.file)
def test_files(folder: Path, reader: Reader) -> None:
    path = folder / reader.file

    @FUZZ
    @given(CHANGES)
    def attempt(changes: list[Change]) -> None:
        path.write_bytes(changed(reader.data, changes))
        found, message = read_or_refused(reader.read, path)
        assert len(message) < 5000
        if not message:
            reader.right(found)

    path.write_bytes(reader.data)
    reader.right(reader.read(path))
    attempt()


@FUZZ
@given(st.text(alphabet=st.sampled_from("chr1:-,0123456789 ²٣_.eE+\t"), max_size=30) | st.text(max_size=20))
def test_regions_and_places(text: str) -> None:
    try:
        chrom, start, end = parse_region(text)
    except GxfastError:
        pass
    else:
        assert 0 <= start < end <= LAST
        assert text.startswith(chrom)
    place = place_of(text)
    assert place is None or 0 <= place[1] < LAST


def database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE weights (rsid, gene TEXT, weight REAL, ref_allele, eff_allele, varID)")
        rows = [(f"rs{i}", f"G{i % 3}", i / 7, "A", "C", f"chr1_{i + 5}_A_C") for i in range(60)]
        connection.executemany("INSERT INTO weights VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
        return bytes(connection.serialize())


DATABASE = database()


@FUZZ
@given(CHANGES)
def test_predictdb(folder: Path, changes: list[Change]) -> None:
    path = folder / "w.db"
    path.write_bytes(changed(DATABASE, changes))
    found, message = read_or_refused(read_predictdb, path)
    if message:
        return
    assert found
    for gene in found:
        names_of_use((gene.gene,))
        assert {len(gene.rsid), len(gene.variant_id), len(gene.ref), len(gene.alt)} == {gene.weight.size}
        assert np.isfinite(gene.weight).all()
        assert all((*gene.variant_id, *gene.ref, *gene.alt))


def keras_file(path: Path) -> bytes:
    layer = {"name": "d", "batch_input_shape": [None, 8, 4], "activation": "relu", "use_bias": False}
    rows = [{"class_name": "Dense", "config": layer}, {"class_name": "Flatten", "config": {"name": "f"}}]
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": rows}})
        kernel = np.ones((4, 2), "f4")
        file.create_dataset("model_weights/d/d/kernel:0", data=kernel, chunks=(2, 2), compression="gzip")
    return path.read_bytes()


def h5ad_file(path: Path) -> bytes:
    with h5py.File(path, "w") as file:
        for group, names in (("obs", ["S1", "S2"]), ("var", ["G1", "G2", "G3"])):
            file.create_group(group).attrs["_index"] = "_index"
            file[group]["_index"] = names
        group = file.create_group("X")
        group.attrs["encoding-type"] = "csr_matrix"
        for name, values in (("data", [1.0, 2.0]), ("indices", [0, 2]), ("indptr", [0, 1, 2])):
            group[name] = values
    return path.read_bytes()


def right_keras(found: Any) -> None:
    layers, last = found
    assert last in [layer.name for layer in layers]


HDF5 = {
    "k.h5": (keras_file, lambda path: layers_in_order(read_keras(path), path), right_keras),
    "e.h5ad": (h5ad_file, read_expression, right_expression),
}


@pytest.mark.parametrize("name", HDF5)
def test_hdf5(folder: Path, name: str) -> None:
    write, read, right = HDF5[name]
    path = folder / name
    data = write(path)
    right(read(path))
    used = [at for at in range(0, len(data), 8) if any(data[at : at + 8])]  # most of it is empty

    @settings(FUZZ, max_examples=max(1, FUZZ.max_examples // 20))  # each starts a process
    @given(st.lists(st.tuples(st.sampled_from(used), st.binary(min_size=8, max_size=8)), max_size=3), CHANGES)
    def attempt(words: list[tuple[int, bytes]], changes: list[Change]) -> None:
        damaged = bytearray(data)
        for at, word in words:
            damaged[at : at + 8] = word
        path.write_bytes(changed(bytes(damaged), changes[:1]))
        found, message = read_or_refused(read, path)
        if not message:
            right(found)

    attempt()


FASTA = b">chr1 first\nACGTACGTAC\nACGTNNRYAC\nACG\n>chr2\nTTTTTTTTTT\nTT\n"
FAI = b"chr1\t23\t12\t10\t11\nchr2\t12\t44\t10\t11\n"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "bgzip"])
def test_fasta_and_its_index(folder: Path, packed: bool) -> None:
    """Whatever index is accepted, the letters are those of the file."""
    path = folder / ("f.fa.gz" if packed else "f.fa")

    @FUZZ
    @given(CHANGES, CHANGES)
    def attempt(of_text: list[Change], of_index: list[Change]) -> None:
        text = changed(FASTA, of_text[:2])
        write_bgzf(path, text) if packed else path.write_bytes(text)
        Path(f"{path}.gzi").write_bytes(bytes(8))
        Path(f"{path}.fai").write_bytes(changed(FAI, of_index[:2]))
        genome, message = read_or_refused(Genome, path)
        if message:
            return
        for name, length in genome.contigs.items():
            letters, message = read_or_refused(lambda _: genome.fetch(name, 0, length), path)  # noqa: B023
            assert message or len(letters) == length
            if text == FASTA:
                assert letters == {"chr1": b"ACGTACGTACACGTNNRYACACG", "chr2": b"TTTTTTTTTTTT"}[name]

    attempt()


VCF = (
    b'##fileformat=VCFv4.3\n##contig=<ID=chr1,length=100>\n##INFO=<ID=END,Number=1,Type=Integer,Description="e">\n'
    b'##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n##FILTER=<ID=low,Description="l">\n'
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
    b"chr1\t5\trs1\tA\tC\t.\tPASS\t.\tGT\t0|1\t1|1\n"
    b"chr1\t9\trs2\tA\t<DEL>\t.\tPASS\tEND=20\tGT\t0|1\t.|0\n"
)


@FUZZ
@given(CHANGES)
def test_vcf(folder: Path, changes: list[Change]) -> None:
    """The header and two records, as far as an index can be made."""
    path = folder / "v.vcf.gz"
    write_bgzf(path, changed(VCF, changes))
    Path(f"{path}.tbi").unlink(missing_ok=True)

    def region(_: Path) -> Any:
        index_vcf(path)
        file = VariantFile(path)
        return [file.region(contig, 0, LAST) for contig in file.contigs]

    found, message = read_or_refused(region, path)
    for one in () if message else found:
        n_alleles = np.diff(one.first_allele)
        assert one.calls.shape == (len(one), len(one.samples), 2)
        assert (one.position >= 0).all()
        assert (one.calls.max(axis=(1, 2), initial=-2) < n_alleles).all()
        assert (one.allele_spans() >= 0).all()


PLAN = {"gxfast": "1", "inputs": {"fasta": [{"file": "a.fa", "sha256": "0" * 64}]}, "options": {"steps": ["predict"]}}
ARRAYS = {"values": np.arange(4.0)}


@pytest.mark.parametrize("file", ["journal.tsv", "plan.json", "run.json", "../manifest.json"])
def test_a_run_directory(folder: Path, file: str) -> None:
    """What is kept is what was written, or is done again; a plan of others is refused."""

    @FUZZ
    @given(CHANGES)
    def fuzz(changes: list[Change]) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            path = Path(name) / "run"
            with RunDirectory(path, PLAN, resume=False) as run:
                run.note_run({"threads": 1})
                run.write_block("model/0.npz", ARRAYS)
                run.write_block("model/1.npz", ARRAYS)
                run.finish({"summary": {}})
            damaged = path / STATE / file
            damaged.write_bytes(changed(damaged.read_bytes(), changes))
            found, _ = read_or_refused(verify, path)
            assert found is None or all(how in ("missing", "changed", "not of this run") for how in found.values())
            run, message = read_or_refused(lambda path: RunDirectory(path, PLAN, resume=True), path)
            if run is None:
                assert "remedy:" in message
                assert file in ("journal.tsv", "plan.json")
                return
            with run:
                run.note_run({"threads": 2})
                for block in ("model/0.npz", "model/1.npz"):
                    if run.has_block(block):
                        assert run.read_block(block)["values"].tolist() == ARRAYS["values"].tolist()
                    else:
                        run.write_block(block, ARRAYS)
                run.finish({"summary": {}})
            assert verify(path) == {}

    fuzz()
