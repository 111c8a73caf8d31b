"""The whole job on real data agrees with results computed by an independent path."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.cli.main import main

WEIGHTS = {
    "gm12878": "GM12878_trainepoch.06-0.5062.h5",
    "k562": "K562_trainepoch.11-0.4917.h5",
    "humanmedian": "humanMedian_trainepoch.11-0.426.h5",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> dict[str, Path]:
    """Raw log2(RPKM + 1) and covariate-corrected runs of all three models."""
    data, folder = data_dir / "geuvadis_chr22", tmp_path_factory.mktemp("geuvadis")
    models: list[str] = []
    for name, weights in WEIGHTS.items():
        model = str(folder / f"{name}.onnx")
        assert main(["model", "import", "xpresso", str(data / "models" / weights), "-o", model]) == 0
        models += ["--model", model]
    common = [
        "run", "-q", "--fasta", str(data / "ref" / "chr22.hg19.to20Mb.fa.gz"), "--vcf",
        str(data / "geno" / "geuvadis358.chr22.vcf.gz"), "-r", "chr22:16050001-19990000", "--expression",
        str(data / "expr" / "geuvadis358.chr22.rpkm.bed.gz"), *models,
    ]  # fmt: skip
    covariates = ["--covariates", str(data / "expr" / "geuvadis358.covariates.pc50.txt.gz"), "--n-covariates", "13"]
    raw = [*common, "--expression-transform", "log2p1", "-o", str(folder / "raw")]
    assert main([*raw, "--steps", "check,predict,evaluate,report"]) == 0
    corrected = [*common, *covariates, "--expression-transform", "inverse_normal", "-o", str(folder / "corrected")]
    assert main([*corrected, "--cis-window", "100000", "--permutations", "200"]) == 0
    return {"raw": folder / "raw", "corrected": folder / "corrected"}


def rows_of(run: Path, model: str) -> list[dict[str, str]]:
    with (run / "genes.tsv").open() as handle:
        return [row for row in csv.DictReader(handle, delimiter="\t") if row["model"] == model]


@pytest.mark.parametrize("name", WEIGHTS)
def test_personal_predictions(runs: dict[str, Path], data_dir: Path, name: str) -> None:
    golden = data_dir / "geuvadis_chr22" / "golden" / f"xpresso_{name}.personal.tsv.gz"
    with gzip.open(golden, "rt") as handle:
        expected = {row["gene"]: row for row in csv.DictReader(handle, delimiter="\t")}
    with gzip.open(runs["raw"] / "predictions" / f"xpresso-{name}.bed.gz", "rt") as handle:
        found = {row["gene_id"]: row for row in csv.DictReader(handle, delimiter="\t")}
    assert set(found) == set(expected)
    people = [key for key in expected[next(iter(expected))] if key.startswith(("HG", "NA"))]
    assert len(people) == 358
    for gene, row in expected.items():
        difference = [abs(float(row[person]) - float(found[gene][person])) for person in people]
        assert max(difference) <= 1e-5, gene
    counted = {row["gene_id"]: row for row in rows_of(runs["raw"], f"xpresso-{name}")}
    for gene, row in expected.items():
        assert counted[gene]["n_variants"] == row["n_variants"]
        assert counted[gene]["n_haplotypes"] == row["n_unique_haplotypes"]


@pytest.mark.parametrize(("run", "suffix", "mean_r"), [("raw", "raw", 0.031), ("corrected", "resid", 0.053)])
def test_cross_individual_table(runs: dict[str, Path], data_dir: Path, run: str, suffix: str, mean_r: float) -> None:
    golden = data_dir / "geuvadis_chr22" / "golden" / "xpresso_gm12878.cross_individual_correlation.tsv"
    with golden.open() as handle:
        expected = {row["gene"]: row for row in csv.DictReader(handle, delimiter="\t")}
    found = {row["gene_id"]: row for row in rows_of(runs[run], "xpresso-gm12878")}
    assert set(found) == set(expected)
    for gene, row in expected.items():
        for column in "rpq":
            ours, theirs = float(found[gene][f"pearson_{column}"]), float(row[f"{column}_{suffix}"])
            # Predictions agree to 6e-7; where people hardly differ, that is 1e-5 of r.
            assert ours == pytest.approx(theirs, rel=1e-3, abs=2e-5), (gene, column)
    r = np.array([float(row["pearson_r"]) for row in found.values()])
    q = np.array([float(row["pearson_q"]) for row in found.values()])
    assert round(float(r.mean()), 3) == mean_r
    if run == "corrected":
        assert int(((q < 0.05) & (r > 0)).sum()) == 11
        assert int(((q < 0.05) & (r < 0)).sum()) == 3


def test_only_distinct_haplotypes_are_run(runs: dict[str, Path]) -> None:
    manifest: dict[str, Any] = json.loads((runs["raw"] / "manifest.json").read_text())
    entry = manifest["summary"]["models"]["xpresso-gm12878"]
    assert entry["sequences_without_sharing"] == 2 * 358 * 50
    assert entry["unique_haplotypes"] == 1773
    assert entry["model_calls"] == 1780
    assert manifest["complete"] is True
    assert manifest["inputs"]["vcf"][0]["sha256"]


def test_the_complete_run_directory(runs: dict[str, Path]) -> None:
    run = runs["corrected"]
    files = (
        "manifest.json", "genes.tsv", "agreement.tsv", "side_by_side.tsv", "drivers.tsv", "support.tsv",
        "direction.tsv", "explainers.tsv", "report.html", "baseline/elastic_net.tsv", "baseline/weights.db",
        "eqtl/nominal.tsv.gz", "eqtl/permutation.tsv", "ism/xpresso-gm12878.variants.tsv.gz",
    )  # fmt: skip
    assert [name for name in files if not (run / name).is_file()] == []
    results = json.loads((run / "manifest.json").read_text())["results"]
    assert set(files) - {"manifest.json"} <= set(results)


def test_the_driver_behind_a_wrong_direction(runs: dict[str, Path]) -> None:
    """CLTCL1: one SNV makes the prediction, and the eQTL points the other way."""
    with (runs["corrected"] / "drivers.tsv").open() as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if row["gene_id"].startswith("ENSG00000070371")]
    (driver,) = [row for row in rows if row["model"] == "xpresso-gm12878" and row["is_main"] == "yes"]
    assert (driver["chrom"], driver["pos"], driver["ref"], driver["alt"]) == ("chr22", "19278973", "G", "C")
    assert driver["support"] == "unsupported"
    assert float(driver["linear_r"]) > 0.99
    assert float(driver["eqtl_p"]) < 1e-9
    assert float(driver["ism"]) < 0 < float(driver["eqtl_slope"])


def test_baselines_stand_beside_the_models(runs: dict[str, Path]) -> None:
    rows = rows_of(runs["corrected"], "xpresso-gm12878")
    held_out = [float(row["baseline_r"]) for row in rows if row["baseline_r"]]
    assert len(held_out) == 50
    assert np.mean(held_out) > 0.15 > np.mean([float(row["pearson_r"]) for row in rows])
