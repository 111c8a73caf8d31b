"""A PGEN instead of the VCF: the same bytes from every command, but for the manifest, which names the files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.types import Windows

pytest.importorskip("pgenlib", reason="pgenlib is not installed")
from oracles.directories import fingerprint
from oracles.pgen_files import lines_of, pgen_of_vcf


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    from gxfast.demo import simulate_cohort

    cohort = simulate_cohort(tmp_path_factory.mktemp("pgen"), n_people=20, n_genes=9)
    return cohort, pgen_of_vcf(cohort.vcf, cohort.vcf.with_name("people.pgen"))


def results(folder: Path) -> dict[str, str]:
    """Results but the manifest, which names the inputs."""
    return {name: digest for name, digest in fingerprint(folder).items() if name != "manifest.json"}


SEQUENCES = ("--fasta", "--genes", "--model")
COMMANDS = {
    "predict": (["predict"], (*SEQUENCES, "--expression")),
    "drivers": (["drivers"], (*SEQUENCES, "--expression")),
    "eqtl": (["eqtl", "--permutations", "50"], ("--genes", "--expression")),
    "baseline": (["baseline"], ("--genes", "--expression")),
    "ism variants": (["ism", "variants", "--on", "haplotypes", "-s", "person03,person01"], SEQUENCES),
    "ism saturate": (["ism", "saturate", "--window", "20", "-s", "person03,person01", "--format", "tsv"], SEQUENCES),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_bytes(demo: tuple[Any, Path], tmp_path: Path, name: str) -> None:
    cohort, pgen = demo
    words, inputs = COMMANDS[name]
    given = [word for option in inputs for word in (option, str(getattr(cohort, option[2:])))]
    given += ["-q", "--threads", "1"]
    # 3: baselines of some genes are not defined
    codes = [
        main([*words, *given, "--vcf", str(file), "-o", str(tmp_path / out)])
        for file, out in ((cohort.vcf, "vcf"), (pgen, "pgen"))
    ]
    assert codes in ([0, 0], [3, 3])
    found = results(tmp_path / "pgen")
    assert found == results(tmp_path / "vcf")
    assert found
    manifest = json.loads((tmp_path / "pgen" / "manifest.json").read_text())
    assert {"people.pgen", "people.pvar", "people.psam"} <= set(_names(manifest["inputs"]["vcf"]))


def _names(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["file"] for entry in entries]


def test_haplotypes(demo: tuple[Any, Path]) -> None:
    cohort, pgen = demo
    genome = gx.Genome(cohort.fasta)
    windows = Windows(("chr1", "chr2"), np.array([3000, 9000]), 2000, np.array([4000, 9500]), np.array([False, True]))
    found = gx.haplotypes(genome, gx.PgenFile(pgen), windows)
    expected = gx.haplotypes(genome, gx.VariantFile(cohort.vcf), windows)
    assert len(found.sequences) > 4
    assert np.array_equal(found.sequences, expected.sequences)
    assert np.array_equal(found.carriers, expected.carriers)


def test_a_file_per_contig_by_pattern(demo: tuple[Any, Path], tmp_path: Path) -> None:
    """Both a pattern and the people in another order."""
    from gxfast.io.bgzf import write_bgzf

    cohort, pgen = demo
    header, records = lines_of(cohort.vcf)
    for contig in dict.fromkeys(cells[0] for cells in records):
        mine = [header[-1], *("\t".join(cells) for cells in records if cells[0] == contig)]
        vcf = write_bgzf(tmp_path / f"{contig}.vcf.gz", ("\n".join([*header[:-1], *mine]) + "\n").encode())
        pgen_of_vcf(vcf, tmp_path / f"{contig}.pgen")
    rest = ["--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q", "--permutations", "20"]
    people = ["-s", ",".join(reversed(cohort.samples[3:]))]
    for files, out in ((str(tmp_path / "{chrom}.pgen"), "many"), (str(pgen), "one")):
        assert main(["eqtl", "--vcf", files, *rest, *people, "-o", str(tmp_path / out)]) == 0
    assert results(tmp_path / "many") == results(tmp_path / "one")


def test_lost_phase_is_refused_as_in_a_vcf(
    demo: tuple[Any, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where haplotypes are made; a linear model counts alleles."""
    cohort, _ = demo
    pgen = pgen_of_vcf(cohort.vcf, tmp_path / "unphased.pgen", phase=False)
    shared = ["--vcf", str(pgen), "--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q"]
    model = ["--fasta", str(cohort.fasta), "--model", str(cohort.model)]
    assert main(["predict", *shared, *model, "-o", str(tmp_path / "run")]) == 2
    assert "phase" in capsys.readouterr().err
    assert main(["predict", *shared, *model, "--unphased", "ref", "-o", str(tmp_path / "ref")]) == 0
    assert main(["eqtl", *shared, "--permutations", "0", "-o", str(tmp_path / "eqtl")]) == 0


def test_dosages(demo: tuple[Any, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without imputed ones they are the calls, as floating-point numbers."""
    cohort, pgen = demo
    shared = ["--vcf", str(pgen), "--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q"]
    for field in ("GT", "DS"):
        assert main(["eqtl", *shared, "--dosage", field, "--permutations", "0", "-o", str(tmp_path / field)]) == 0
    calls, dosages = (_pairs(tmp_path / field / "eqtl" / "nominal.tsv.gz") for field in ("GT", "DS"))
    assert calls.keys() == dosages.keys()
    for name, values in calls.items():
        np.testing.assert_allclose(values, dosages[name], rtol=1e-9)
    assert main(["baseline", *shared, "--dosage", "GP", "-o", str(tmp_path / "gp")]) == 2
    assert "--dosage DS" in capsys.readouterr().err


def _pairs(path: Path) -> dict[tuple[str, str], list[float]]:
    header, *lines = (line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines())
    first = header.index("af")
    return {(line[0], line[1]): [float(cell) for cell in line[first:]] for line in lines}


def test_genes_on_x_are_refused_before_anything_is_done(
    demo: tuple[Any, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort, pgen = demo
    other = tmp_path / "x.pgen"
    for suffix in (".pgen", ".pvar", ".psam"):
        other.with_suffix(suffix).write_bytes(pgen.with_suffix(suffix).read_bytes())
    other.with_suffix(".pvar").write_text(other.with_suffix(".pvar").read_text().replace("chr2", "chrX"))
    genes = tmp_path / "genes.tsv"
    genes.write_text(cohort.genes.read_text().replace("\tchr2\t", "\tchrX\t"))
    shared = ["eqtl", "--vcf", str(other), "--genes", str(genes), "--expression", str(cohort.expression), "-q"]
    assert main([*shared, "--permutations", "0", "-o", str(tmp_path / "all")]) == 2
    assert "no haploid calls" in capsys.readouterr().err
    assert not (tmp_path / "all").exists()
    assert main([*shared, "--permutations", "0", "-r", "chr1:1-10000000", "-o", str(tmp_path / "some")]) == 0


def test_no_output_over_a_companion(demo: tuple[Any, Path], capsys: pytest.CaptureFixture[str]) -> None:
    cohort, pgen = demo
    shared = ["eqtl", "--vcf", str(pgen), "--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q"]
    before = pgen.with_suffix(".pvar").read_bytes()
    assert main([*shared, "-o", str(pgen.with_suffix(".pvar"))]) == 2
    assert "is an input" in capsys.readouterr().err
    assert pgen.with_suffix(".pvar").read_bytes() == before
