"""A VCF Zarr store instead of the VCF: the same bytes from every command, but for the manifest, which names it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main

pytest.importorskip("zarr", reason="zarr is not installed")
from oracles.directories import fingerprint
from oracles.pgen_files import lines_of
from oracles.vcf_zarr_files import store_of_vcf


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    from gxfast.demo import simulate_cohort

    cohort = simulate_cohort(tmp_path_factory.mktemp("zarr"), n_people=20, n_genes=9)
    return cohort, store_of_vcf(cohort.vcf, cohort.vcf.with_name("people.vcz"), chunks=(50, 6), zarr_format=3)


def results(folder: Path) -> dict[str, str]:
    """Results but the manifest, which names the inputs."""
    return {name: digest for name, digest in fingerprint(folder).items() if name != "manifest.json"}


SEQUENCES = ("--fasta", "--genes", "--model")
COMMANDS = {
    "predict": (["predict"], (*SEQUENCES, "--expression")),
    "eqtl": (["eqtl", "--permutations", "50"], ("--genes", "--expression")),
    "ism variants": (["ism", "variants", "--on", "haplotypes", "-s", "person03,person01"], SEQUENCES),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_bytes(demo: tuple[Any, Path], tmp_path: Path, name: str) -> None:
    cohort, store = demo
    words, inputs = COMMANDS[name]
    given = [word for option in inputs for word in (option, str(getattr(cohort, option[2:])))]
    given += ["-q", "--threads", "2"]
    for file, out in ((cohort.vcf, "vcf"), (store, "zarr")):
        assert main([*words, *given, "--vcf", str(file), "-o", str(tmp_path / out)]) == 0
    found = results(tmp_path / "zarr")
    assert found == results(tmp_path / "vcf")
    assert found
    (entry,) = json.loads((tmp_path / "zarr" / "manifest.json").read_text())["inputs"]["vcf"]
    assert entry["file"] == "people.vcz"
    assert entry["size"] == sum(file.stat().st_size for file in store.rglob("*") if file.is_file())


def test_a_store_per_contig_by_pattern(demo: tuple[Any, Path], tmp_path: Path) -> None:
    """Both a pattern and the people in another order; one of the contigs as VCF."""
    from gxfast.io.bgzf import write_bgzf
    from gxfast.io.indexing import index_vcf

    cohort, store = demo
    header, records = lines_of(cohort.vcf)
    contigs = [*dict.fromkeys(cells[0] for cells in records)]
    for contig in contigs:
        mine = [header[-1], *("\t".join(cells) for cells in records if cells[0] == contig)]
        vcf = write_bgzf(tmp_path / f"{contig}.vcf.gz", ("\n".join([*header[:-1], *mine]) + "\n").encode())
        index_vcf(vcf)
        store_of_vcf(vcf, tmp_path / f"{contig}.vcz", chunks=(30, 20))
    rest = ["--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q", "--permutations", "20"]
    people = ["-s", ",".join(reversed(cohort.samples[3:]))]
    mixed = [str(tmp_path / f"{contigs[0]}.vcz"), *(str(tmp_path / f"{contig}.vcf.gz") for contig in contigs[1:])]
    for files, out in (([str(tmp_path / "{chrom}.vcz")], "many"), (mixed, "mixed"), ([str(store)], "one")):
        given = [word for file in files for word in ("--vcf", file)]
        assert main(["eqtl", *given, *rest, *people, "-o", str(tmp_path / out)]) == 0
    assert results(tmp_path / "many") == results(tmp_path / "one") == results(tmp_path / "mixed")


def test_a_lost_chunk_is_refused_before_anything_is_done(
    demo: tuple[Any, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not taken for people without variants."""
    cohort, _ = demo
    store = store_of_vcf(cohort.vcf, tmp_path / "people.vcz", chunks=(50, 6))
    os.remove(store / "call_genotype" / "2.1.0")
    shared = ["--vcf", str(store), "--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q"]
    assert main(["eqtl", *shared, "--permutations", "0", "-o", str(tmp_path / "run")]) == 2
    assert "call_genotype: chunk 2.1.0 is not there" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    people = ["-s", ",".join(cohort.samples[12:])]
    assert main(["eqtl", *shared, *people, "--permutations", "0", "-o", str(tmp_path / "some")]) == 0


def test_lost_phase_is_refused_as_in_a_vcf(
    demo: tuple[Any, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort, _ = demo

    def edit(arrays: dict[str, Any], _: Any) -> None:
        del arrays["call_genotype_phased"]

    store = store_of_vcf(cohort.vcf, tmp_path / "unphased.zarr", edit=edit)
    shared = ["--vcf", str(store), "--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q"]
    model = ["--fasta", str(cohort.fasta), "--model", str(cohort.model)]
    assert main(["predict", *shared, *model, "-o", str(tmp_path / "run")]) == 2
    assert "phase" in capsys.readouterr().err
    assert main(["eqtl", *shared, "--permutations", "0", "-o", str(tmp_path / "eqtl")]) == 0


def test_no_output_into_the_store(demo: tuple[Any, Path], capsys: pytest.CaptureFixture[str]) -> None:
    cohort, store = demo
    shared = ["eqtl", "--vcf", str(store), "--genes", str(cohort.genes), "--expression", str(cohort.expression), "-q"]
    before = sorted(store.rglob("*"))
    for out in (store, store / "run", store.parent):
        assert main([*shared, "-o", str(out)]) == 2
        assert "input" in capsys.readouterr().err
    assert sorted(store.rglob("*")) == before
