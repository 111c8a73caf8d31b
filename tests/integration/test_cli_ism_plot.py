"""``gxfast ism plot`` on the demo: the table is the scan, the bytes are the same twice, bad input is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.io.tables import read_table

Plot = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plot(capfd: pytest.CaptureFixture[str]) -> Plot:
    """Run the command as the program does, and return exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["ism", "plot", *map(str, arguments)])
        return (code, *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def model(cohort: Any) -> gx.Model:
    return gx.Model(cohort.model)


def of_gene(cohort: Any, gene: str) -> list[object]:
    return ["--model", cohort.model, "--fasta", cohort.fasta, "--genes", cohort.genes, "--gene", gene]


def effects_in(path: Path) -> np.ndarray[Any, Any]:
    table = read_table(path)
    return np.array([[np.float32(cell or "nan") for cell in table[f"effect_{base}"]] for base in "ACGT"]).T


def index_of(cohort: Any, strand: str) -> tuple[gx.GeneTable, int]:
    genes = gx.read_genes(cohort.genes)
    # Not the first gene, whose window begins before its contig.
    return genes, next(g for g in range(1, len(genes)) if genes.strand[g] == strand)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_the_table_of_a_gene_is_its_scan(cohort: Any, model: gx.Model, plot: Plot, tmp_path: Path, strand: str) -> None:
    genes, g = index_of(cohort, strand)
    code, out, err = plot(*of_gene(cohort, genes.gene_id[g]), "--window", 20, "-o", tmp_path / "new" / "a.b", "--json")
    assert (code, err) == (0, "")
    tss, index = int(genes.tss[g]), model.card.tss_index[strand]
    facts = json.loads(out)
    assert (facts["first_pos"], facts["last_pos"], facts["n_positions"]) == (tss - 19, tss + 21, 41)
    assert facts["files"] == [str(tmp_path / "new" / f"a.b.{suffix}") for suffix in ("svg", "png", "tsv")]
    # The sequence by other means: the reference of the window, turned as the model reads it.
    start, end, reverse = model.card.window(tss, strand)
    letters = np.frombuffer(gx.Genome(cohort.fasta).fetch(genes.chrom[g], start, end), np.uint8)
    sequence = np.asarray(gx.reverse_complement(letters)) if reverse else letters
    expected = gx.ism.saturate(model, sequence, start=index - 20, end=index + 21)[0, :, :, 0]
    expected = expected[::-1, ::-1] if reverse else expected
    assert np.abs(expected).max() > 0
    path = tmp_path / "new" / "a.b.tsv"
    np.testing.assert_array_equal(effects_in(path), expected)
    table = read_table(path)
    assert table["pos"] == [str(p) for p in range(tss - 19, tss + 22)]
    there = gx.Genome(cohort.fasta).fetch(genes.chrom[g], tss - 20, tss + 21).decode()
    assert "".join(table["ref"]) == there
    heights = [-np.float64(row).sum() / 3 for row in expected]
    np.testing.assert_allclose([float(h) for h in table["height"]], heights, rtol=1e-6, atol=1e-9)


def test_a_gene_can_be_called_by_its_name_and_the_window_has_a_default(cohort: Any, plot: Plot, tmp_path: Path) -> None:
    genes, g = index_of(cohort, "+")
    assert genes.name[g] != genes.gene_id[g]
    code, out, err = plot(*of_gene(cohort, genes.name[g]), "-o", tmp_path / "x")
    assert (code, err) == (0, "")
    assert out.startswith(f"{genes.gene_id[g]}: expression: 101 positions; wrote ")


def test_a_region_lies_in_the_middle_of_the_window(cohort: Any, model: gx.Model, plot: Plot, tmp_path: Path) -> None:
    region = ["--model", cohort.model, "--fasta", cohort.fasta, "-r", "chr1:5,001-5,040"]
    assert plot(*region, "-o", tmp_path / "x", "-q") == (0, "", "")
    start = 5020 - model.card.read_length // 2
    sequence = gx.Genome(cohort.fasta).fetch("chr1", start, start + model.card.read_length)
    expected = gx.ism.saturate(model, sequence, start=5000 - start, end=5040 - start)[0, :, :, 0]
    np.testing.assert_array_equal(effects_in(tmp_path / "x.tsv"), expected)
    assert read_table(tmp_path / "x.tsv")["pos"] == [str(p) for p in range(5001, 5041)]


def write_records(path: Path, model: gx.Model, cohort: Any) -> dict[str, str]:
    length = model.card.read_length
    letters = gx.Genome(cohort.fasta).fetch("chr1", 3000, 3000 + length).decode()
    records = {"first": letters[::-1], "second": letters[:99] + "N" + letters[100:]}
    path.write_text("".join(f">{name} x\n{text}\n" for name, text in records.items()))
    return records


def test_part_of_a_record_with_an_unknown_base(cohort: Any, model: gx.Model, plot: Plot, tmp_path: Path) -> None:
    records = write_records(tmp_path / "s.fa", model, cohort)
    base = ["--model", cohort.model, "--sequences", tmp_path / "s.fa", "--record", "second"]
    assert plot(*base, "--positions", "81-120", "-o", tmp_path / "x", "-q") == (0, "", "")
    expected = gx.ism.saturate(model, records["second"], start=80, end=120)[0, :, :, 0]
    np.testing.assert_array_equal(effects_in(tmp_path / "x.tsv"), expected)
    table = read_table(tmp_path / "x.tsv")
    assert (table["pos"][0], table["pos"][19], table["ref"][19], table["height"][19]) == ("81", "100", "N", "")


def test_equal_calls_give_equal_bytes_with_no_date(cohort: Any, plot: Plot, tmp_path: Path) -> None:
    genes, g = index_of(cohort, "-")
    for name in ("one", "two"):
        assert plot(*of_gene(cohort, genes.gene_id[g]), "--window", 15, "-o", tmp_path / name, "-q")[0] == 0
    for suffix in ("svg", "png", "tsv"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
    svg = (tmp_path / "one.svg").read_text()
    assert "<dc:date>" not in svg
    assert genes.gene_id[g] in svg
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    files = {f"{name}.{suffix}" for name in ("one", "two") for suffix in ("png", "svg", "tsv")}
    assert {path.name for path in tmp_path.iterdir()} == files


BAD = {
    "unknown gene": (["--gene", "NOPE"], ["NOPE", "genes.tsv"]),
    "too far": (["--window", "5000"], ["5000", "--window 1023"]),
    "no number": (["--window", "-5"], ["--window"]),
    "no such track": (["--track", "nope"], ["nope", "expression"]),
    "track past the end": (["--track", "7"], ["7"]),
    "a folder": (["-o", "x/"], ["'x/'"]),
    "two windows": (["-r", "chr1:1-10"], ["-r"]),
    "foreign option": (["--haplotype", "a|1"], ["--haplotype"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_of_a_gene_are_refused(cohort: Any, plot: Plot, tmp_path: Path, case: str) -> None:
    extra, parts = BAD[case]
    code, out, err = plot(*of_gene(cohort, "DEMO0002"), "-o", tmp_path / "x", *extra)
    assert_refused(code, err, tmp_path, *parts)
    assert out == ""


def assert_refused(code: int, err: str, folder: Path, *parts: str) -> None:
    assert code == 2, err
    for part in (*parts, "remedy:"):
        assert part in err, err
    assert "Traceback" not in err
    assert not list(folder.glob("x.*"))


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["-r", "chr1"], ["'chr1'"]),
        (["-r", "chr9:1-20"], ["chr9"]),
        (["-r", "chr1:1-4000"], ["4000", "2048"]),
        (["-r", "chr1:20-10"], ["20-10"]),
        ([], ["one window is needed"]),
        (["--genes", "genes.tsv"], ["--gene is missing"]),
    ],
)
def test_bad_regions_are_refused(
    cohort: Any, plot: Plot, tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    base = ["--model", cohort.model, "--fasta", cohort.fasta, "-o", tmp_path / "x"]
    code, _, err = plot(*base, *arguments)
    assert_refused(code, err, tmp_path, *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--record", "third"], ["third", "first, second"]),
        (["--record", "first", "--positions", "2000-2049"], ["2000-2049", "1-2048"]),
        (["--record", "first", "--positions", "9-3"], ["9-3"]),
        (["--record", "first", "--window", "3"], ["--window"]),
    ],
)
def test_bad_records_are_refused(
    cohort: Any, model: gx.Model, plot: Plot, tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    write_records(tmp_path / "s.fa", model, cohort)
    code, _, err = plot("--model", cohort.model, "--sequences", tmp_path / "s.fa", "-o", tmp_path / "x", *arguments)
    assert_refused(code, err, tmp_path, *parts)


def test_a_place_that_cannot_be_written_is_refused(cohort: Any, plot: Plot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = plot(*of_gene(cohort, "DEMO0002"), "--window", 5, "-o", tmp_path / "file" / "x")
    assert_refused(code, err, tmp_path, "cannot write", str(tmp_path / "file"))


@pytest.fixture(scope="module")
def scans(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Finished scans: of the reference around every TSS, and of one person's haplotypes."""
    pytest.importorskip("zarr", reason="scans as Zarr need the package zarr")
    made = {}
    for name, people, reach in (("reference", [], 30), ("haplotypes", ["--vcf", cohort.vcf, "-s", "person01"], 120)):
        made[name] = tmp_path_factory.mktemp("scans") / name
        command = ["ism", "saturate", "--model", cohort.model, "--fasta", cohort.fasta, "--genes", cohort.genes]
        options = ["--window", reach, "--format", "zarr", "-q", "-o", made[name]]
        assert main([str(word) for word in (*command, *people, *options)]) == 0
    return made


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_finished_scan_gives_the_same_numbers(
    cohort: Any, scans: dict[str, Path], plot: Plot, tmp_path: Path, strand: str
) -> None:
    genes, g = index_of(cohort, strand)
    gene, tss = genes.gene_id[g], int(genes.tss[g])
    assert plot(*of_gene(cohort, gene), "--window", 12, "-o", tmp_path / "now", "-q")[0] == 0
    base = ["--scan", scans["reference"], "--gene", gene, "-q"]
    assert plot(*base, "--window", 12, "-o", tmp_path / "read")[0] == 0
    assert plot(*base, "--positions", f"{tss - 11}-{tss + 13}", "-o", tmp_path / "part")[0] == 0
    expected = (tmp_path / "now.tsv").read_bytes()
    assert (tmp_path / "read.tsv").read_bytes() == expected
    assert (tmp_path / "part.tsv").read_bytes() == expected
    assert plot(*base, "-o", tmp_path / "whole")[0] == 0
    assert len(read_table(tmp_path / "whole.tsv")["pos"]) == 61


def test_a_haplotype_of_a_scan_is_drawn_by_its_label(
    cohort: Any, scans: dict[str, Path], plot: Plot, tmp_path: Path
) -> None:
    import zarr

    group: Any = zarr.open_group(str(scans["haplotypes"] / "ism" / "demo-promoter.zarr"), mode="r")
    names, labels = group["gene_id"][:].tolist(), group["haplotype"][:].tolist()
    gene = next(name for name in names if names.count(name) == 2)
    row = next(r for r in range(len(names)) if names[r] == gene and labels[r] == "person01|2")
    base = ["--scan", scans["haplotypes"], "--gene", gene]
    assert plot(*base, "--haplotype", "person01|2", "-o", tmp_path / "two", "-q") == (0, "", "")
    expected = group["effects"][row, :, :, 0]
    np.testing.assert_array_equal(effects_in(tmp_path / "two.tsv"), expected)
    wanted = ["" if p < 0 else str(p + 1) for p in group["position"][row].tolist()]
    assert read_table(tmp_path / "two.tsv")["pos"] == wanted
    assert "person01|2" in (tmp_path / "two.svg").read_text()
    code, _, err = plot(*base, "-o", tmp_path / "x")
    assert_refused(code, err, tmp_path, "2 haplotypes", "person01|1, person01|2")
    code, _, err = plot(*base, "--haplotype", "person02|1", "-o", tmp_path / "x")
    assert_refused(code, err, tmp_path, "person02|1")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--gene", "NOPE"], ["NOPE", "DEMO0001"]),
        (["--gene", "DEMO0002", "--model", "other"], ["other", "demo-promoter"]),
        (["--gene", "DEMO0002", "--track", "other"], ["other", "expression"]),
        (["--gene", "DEMO0002", "--track", "1"], ["'1'", "expression"]),
        (["--gene", "DEMO0002", "--window", "31"], ["31", "61 positions", "--positions"]),
        (["--gene", "DEMO0002", "--positions", "1-2"], ["1-2", "choose from"]),
        (["--gene", "DEMO0002", "--window", "3", "--positions", "1-2"], ["twice"]),
        (["--gene", "DEMO0002", "--fasta", "f.fa"], ["--fasta"]),
        ([], ["--gene is missing"]),
    ],
)
def test_what_a_scan_does_not_hold_is_refused(
    scans: dict[str, Path], plot: Plot, tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    code, _, err = plot("--scan", scans["reference"], "-o", tmp_path / "x", *arguments)
    assert_refused(code, err, tmp_path, *parts)


def test_damaged_and_missing_scans_are_refused(scans: dict[str, Path], plot: Plot, tmp_path: Path) -> None:
    code, _, err = plot("--scan", tmp_path / "none", "--gene", "DEMO0002", "-o", tmp_path / "x")
    assert_refused(code, err, tmp_path, "ism/MODEL.zarr", str(tmp_path / "none"))
    for damage in ("attributes", "array", "chunk"):
        folder = tmp_path / damage
        shutil.copytree(scans["reference"], folder)
        cube = folder / "ism" / "demo-promoter.zarr"
        if damage == "attributes":
            (cube / ".zattrs").write_text("{}")
        elif damage == "array":
            shutil.rmtree(cube / "effects")
        else:
            for path in (cube / "effects").iterdir():
                if not path.name.startswith("."):
                    path.write_bytes(b"no chunk")
        code, _, err = plot("--scan", folder, "--gene", "DEMO0002", "-o", tmp_path / "x")
        assert_refused(code, err, tmp_path, str(cube))


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("effects", {"shape": [10**12, 60, 4, 1]}),
        ("effects", {"shape": [60]}),
        ("gene_id", {"shape": [10**13], "chunks": [10**13]}),
        ("position", {"shape": [9, 10**12]}),
        ("tracks", {"dtype": "|O", "filters": [{"id": "pickle"}]}),
        ("gene_id", {"compressor": {"id": "pickle"}}),
        ("strand", {"dtype": "nonsense"}),
    ],
)
def test_scans_that_are_damaged(
    plot: Plot, scans: dict[str, Path], tmp_path: Path, array: str, change: dict[str, Any]
) -> None:
    """Descriptions of arrays that no memory holds, or that ask to run code."""
    folder = tmp_path / "scan"
    shutil.copytree(scans["reference"], folder)
    description = folder / "ism" / "demo-promoter.zarr" / array / ".zarray"
    description.write_text(json.dumps({**json.loads(description.read_text()), **change}))
    code, _, err = plot("--scan", folder, "--gene", "DEMO0002", "-o", tmp_path / "x")
    assert_refused(code, err, tmp_path, "the scan cannot be read")
