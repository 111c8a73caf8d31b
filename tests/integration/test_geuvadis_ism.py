"""Mutagenesis of real variants with published weights: modes, and ranks among random SNVs."""

from __future__ import annotations

import csv
import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.workflow import scans
from gxfast.workflow.scans.backgrounds import BackgroundScan, background_blocks, compute_background, join_parts

PEOPLE = ["HG00096", "NA20502"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> list[str]:
    data, model = data_dir / "geuvadis_chr22", str(tmp_path_factory.mktemp("model") / "gm12878.onnx")
    (weights,) = (data / "models").glob("GM12878_*.h5")
    assert main(["model", "import", "xpresso", str(weights), "-o", model]) == 0
    return [
        "ism", "variants", "-q", "--model", model, "--fasta", str(data / "ref" / "chr22.hg19.to20Mb.fa.gz"),
        "--genes", str(data / "expr" / "geuvadis358.chr22.rpkm.bed.gz"), "-r", "chr22:16050001-19990000",
        "--vcf", str(data / "geno" / "geuvadis358.chr22.vcf.gz"),
    ]  # fmt: skip


def scanned(arguments: list[str], folder: Path) -> list[dict[str, str]]:
    assert main([*arguments, "-o", str(folder)]) == 0
    (table,) = (folder / "ism").glob("*.variants.tsv.gz")
    with gzip.open(table, "rt") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def compare(arguments: list[str], folder: Path) -> list[dict[str, str]]:
    delta, naive = (scanned([*arguments, "--mode", mode], folder / mode) for mode in ("delta", "naive"))
    named = [{key: value for key, value in row.items() if key != "ism"} for row in delta]
    assert named == [{key: value for key, value in row.items() if key != "ism"} for row in naive]
    effects = np.array([[float(row["ism"]) for row in rows] for rows in (delta, naive)])
    assert np.abs(effects[0] - effects[1]).max() <= 1e-6
    assert np.abs(effects).max() > 0.05
    return delta


def test_all_snvs_of_the_fifty_windows(inputs: list[str], tmp_path: Path) -> None:
    rows = compare(inputs, tmp_path)
    assert len({row["gene_id"] for row in rows}) == 50
    assert len(rows) == 1_238


def test_on_the_haplotypes_of_two_people(inputs: list[str], tmp_path: Path) -> None:
    rows = compare([*inputs, "-s", ",".join(PEOPLE), "--on", "haplotypes"], tmp_path)
    assert {row["haplotype"].split("|")[0] for row in rows} == set(PEOPLE)


def test_ranks_of_random_snvs_are_uniform(inputs: list[str], data_dir: Path) -> None:
    named = dict(pairwise(inputs))
    plan = gx.ism.plan(gx.Model(named["--model"], device="cpu"))
    genome, genes = gx.Genome(named["--fasta"]), gx.read_genes(named["--genes"])
    layout = scans.gene_layout(plan.model.card, genes, genome, window=None, clip=False)
    null = scans.background(plan, layout, genome, 20_000)
    assert (len(null), len(null.signed)) == (20_000, 11)
    fresh = BackgroundScan(plan, layout, genome, 2000, seed=1)
    blocks = background_blocks({"tracks": plan.tracks, "background": fresh.facts})
    found = join_parts([compute_background(fresh, block) for block in blocks])
    assert (found["effects"] == 0).mean() < 0.01  # equal effects share a rank, and are not uniform then
    for ranks in null.ranked(found["effects"], found["stratum"]):
        assert kstest(ranks[:, 0], "uniform").pvalue > 0.01
    # Against another stratum they are not: effects near the TSS are larger.
    shifted = null.ranked(found["effects"], (found["stratum"] + 5) % 11)[1]
    assert kstest(shifted[:, 0], "uniform").pvalue < 1e-6


def test_ranks_of_real_variants(inputs: list[str], tmp_path: Path) -> None:
    """Common variants are no random SNVs, but not far from them either."""
    rows = scanned([*inputs, "--background", "2000"], tmp_path / "ranked")
    ranks = np.array([float(row["abs_quantile"]) for row in rows if row["abs_quantile"]])
    assert len(ranks) == sum(len(row["ref"]) == len(row["alt"]) == 1 for row in rows)
    assert 0.35 < ranks.mean() < 0.65
