"""`gxfast baseline`: made-up cohort, real cohort, PredictDB files there and back."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.cli.main import main
from gxfast.errors import InputError
from gxfast.io.predictdb import GeneWeights, read_predictdb, write_predictdb


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    from gxfast.demo import simulate_cohort

    cohort = simulate_cohort(tmp_path_factory.mktemp("baseline"), n_people=60, n_genes=9)
    return ["--vcf", str(cohort.vcf), "--expression", str(cohort.expression), "--genes", str(cohort.genes)]


@pytest.fixture(scope="module")
def trained(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert main(["baseline", "-q", "--threads", "1", *inputs, "-o", str(folder)]) == 0
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_table_and_manifest(trained: Path) -> None:
    rows = _rows(trained / "baseline" / "elastic_net.tsv")
    assert len(rows) == 9 * 4
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["model"] for row in rows} == {"elastic_net", "lead_snp", "promoter_snp", "blup"}
    assert all(-1 <= float(row["cv_r"]) <= 1 for row in rows)
    assert all(0 <= float(row["h2"]) < 1 for row in rows)
    manifest = json.loads((trained / "manifest.json").read_text())
    assert manifest["complete"] is True
    folds = [int(row["fold"]) for row in _rows(trained / "baseline" / "folds.tsv")]
    assert np.bincount(folds).tolist() == [12] * 5


def test_threads_give_the_same_bytes(inputs: list[str], trained: Path, tmp_path: Path) -> None:
    assert main(["baseline", "-q", "--threads", "2", *inputs, "-o", str(tmp_path / "run")]) == 0
    for path in sorted((trained / "baseline").iterdir()):
        assert path.read_bytes() == (tmp_path / "run" / "baseline" / path.name).read_bytes(), path.name


def test_workers_run_blas_with_one_thread(inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_info

    from gxfast.workflow.steps import baseline as running

    seen: list[int] = []

    def counting(*arguments: Any) -> Any:
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return train(*arguments)

    train = running.train_gene
    monkeypatch.setattr(running, "train_gene", counting)
    assert main(["baseline", "-q", "--threads", "2", *inputs, "-o", str(tmp_path / "run")]) == 0
    assert len(seen) >= 9
    assert set(seen) == {1}


def test_weights_applied_to_the_same_people(inputs: list[str], trained: Path, tmp_path: Path) -> None:
    database = trained / "baseline" / "weights.db"
    out = tmp_path / "predicted.tsv"
    assert main(["baseline", "-q", "--apply", str(database), "--vcf", inputs[1], "-o", str(out)]) == 0
    predicted = {row.pop("gene_id"): np.array(list(row.values()), float) for row in _rows(out)}
    with gzip.open(trained / "baseline" / "weights.covariances.txt.gz", "rt") as handle:
        pairs = [line.split() for line in handle][1:]
    genes = read_predictdb(database)
    assert genes
    for gene in genes:
        covariance = {(a, b): float(v) for name, a, b, v in pairs if name == gene.gene}
        # variance of the prediction, from the dosages and from the covariances
        expected = sum(
            wi * wj * covariance.get((a, b), covariance.get((b, a), np.nan))
            for a, wi in zip(gene.rsid, gene.weight, strict=True)
            for b, wj in zip(gene.rsid, gene.weight, strict=True)
        )
        assert predicted[gene.gene].var(ddof=1) == pytest.approx(expected, rel=1e-9)


def _changed(gene: GeneWeights, rows: list[int], ref: list[str], alt: list[str], sign: int = 1) -> GeneWeights:
    ids = tuple(gene.variant_id[i] for i in rows)
    return GeneWeights(
        gene.gene, gene.name, ids, ids, tuple(ref), tuple(alt), sign * gene.weight[rows], gene.covariance
    )


def test_alleles_the_other_way_round_and_on_the_other_strand(inputs: list[str], trained: Path, tmp_path: Path) -> None:
    other = str.maketrans("ACGT", "TGCA")
    files: dict[str, list[GeneWeights]] = {"as_is": [], "swapped": [], "turned": []}
    for gene in read_predictdb(trained / "baseline" / "weights.db"):
        pairs = list(zip(gene.ref, gene.alt, strict=True))
        # A/T and C/G read the same on both strands
        rows = [i for i, (r, a) in enumerate(pairs) if len(r + a) == 2 and r != a.translate(other)]
        ref, alt = [gene.ref[i] for i in rows], [gene.alt[i] for i in rows]
        files["as_is"].append(_changed(gene, rows, ref, alt))
        files["swapped"].append(_changed(gene, rows, alt, ref, -1))
        files["turned"].append(
            _changed(gene, rows, [x.translate(other) for x in ref], [x.translate(other) for x in alt])
        )
    tables: dict[str, dict[str, Any]] = {}
    for name, weights in files.items():
        database, out = tmp_path / f"{name}.db", tmp_path / f"{name}.tsv"
        write_predictdb(database, weights, [0.1] * len(weights))
        assert main(["baseline", "-q", "--apply", str(database), "--vcf", inputs[1], "-o", str(out)]) == 0
        tables[name] = {row.pop("gene_id"): np.array(list(row.values()), float) for row in _rows(out)}
    assert tables["as_is"]
    for gene_id, values in tables["as_is"].items():
        # counting the other allele shifts everybody by the same amount
        assert np.ptp(values - tables["swapped"][gene_id]) < 1e-12
        assert tables["turned"][gene_id].tobytes() == values.tobytes()
        assert np.ptp(values) > 0


def test_files_that_are_no_weights(inputs: list[str], tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("weights\n" * 100)
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).execute("CREATE TABLE weights (gene TEXT)").connection.close()
    for path, message in ((text, "not a SQLite database"), (empty, "lacks rsid"), (tmp_path / "no.db", "No such file")):
        with pytest.raises(InputError, match=message):
            read_predictdb(path)
        assert main(["baseline", "--apply", str(path), "--vcf", inputs[1], "-o", str(tmp_path / "x.tsv")]) == 2


def test_refusals(inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for extra, message in ((["--stop-after", "x"], "--stop-after"), (["-s", "nobody"], "nobody")):
        assert main(["baseline", *inputs, *extra, "-o", str(tmp_path / "run")]) == 2
        assert message in capsys.readouterr().err
    assert main(["baseline", "--vcf", inputs[1], "-o", str(tmp_path / "run")]) == 2
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_genes_that_cannot_be_trained_are_listed(inputs: list[str], trained: Path, tmp_path: Path) -> None:
    # five people cannot be split ten ways
    people = [row["sample"] for row in _rows(trained / "baseline" / "folds.tsv")][:5]
    assert main(["baseline", "-q", *inputs, "-s", ",".join(people), "-o", str(tmp_path / "run")]) == 3
    rows = _rows(tmp_path / "run" / "baseline" / "elastic_net.tsv")
    assert {row["status"] for row in rows} == {"too few people"}
    assert {row["cv_r"] for row in rows} == {""}


def test_models_beside_the_baselines(inputs: list[str], trained: Path, tmp_path: Path) -> None:
    table = tmp_path / "genes.tsv"
    predictions, expression = trained / "baseline" / "predictions.bed.gz", inputs[inputs.index("--expression") + 1]
    evaluated = tmp_path / "evaluated"
    arguments = ["evaluate", "-q", str(predictions), "--expression", expression, "--name", "net", "-o", str(evaluated)]
    assert main(arguments) in (0, 3)
    run = tmp_path / "run"
    arguments = ["baseline", "-q", *inputs, "--beside", str(evaluated / "genes.tsv"), "-o", str(run)]
    assert main(arguments) in (0, 3)
    rows = _rows(run / "baseline" / "beside.tsv")
    own = {row["gene_id"]: row for row in _rows(run / "baseline" / "elastic_net.tsv") if row["model"] == "blup"}
    model = {row["gene_id"]: row for row in _rows(evaluated / "genes.tsv")}
    assert len(rows) == len(own)
    for row in rows:
        assert row["blup_r"] == own[row["gene_id"]]["cv_r"]
        for ending in "rpq":
            assert row[f"net_{ending}"] == model[row["gene_id"]][f"pearson_{ending}"]
    content = (evaluated / "genes.tsv").read_text().splitlines()
    for wrong in (
        [content[0].replace("pearson_q", "q"), *content[1:]],
        [*content, content[1]],
        [line.replace("net", "blup") for line in content],
    ):
        table.write_text("\n".join(wrong) + "\n")
        assert main(["baseline", "-q", *inputs, "--beside", str(table), "-o", str(tmp_path / "wrong")]) == 2


def test_real_people(data_dir: Path, tmp_path: Path) -> None:
    """Fifty genes, 358 people, covariates inside the folds: linear models predict, Xpresso does not."""
    data = data_dir / "geuvadis_chr22"
    arguments = [
        "baseline", "-q", "--vcf", str(data / "geno" / "geuvadis358.chr22.vcf.gz"), "--expression",
        str(data / "expr" / "geuvadis358.chr22.rpkm.bed.gz"), "--covariates",
        str(data / "expr" / "geuvadis358.covariates.pc50.txt.gz"), "--n-covariates", "13", "--window", "100000",
        "--expression-transform", "inverse_normal", "-r", "chr22:16050001-19990000",
    ]  # fmt: skip
    assert main([*arguments, "-o", str(tmp_path / "run")]) == 0
    rows = _rows(tmp_path / "run" / "baseline" / "elastic_net.tsv")
    with open(data / "golden" / "xpresso_gm12878.cross_individual_correlation.tsv", newline="") as handle:
        xpresso = {row["gene"]: float(row["r_resid"] or "nan") for row in csv.DictReader(handle, delimiter="\t")}
    by_model = {
        model: {row["gene_id"]: float(row["cv_r"]) for row in rows if row["model"] == model}
        for model in ("elastic_net", "lead_snp", "promoter_snp", "blup")
    }
    assert set(by_model["elastic_net"]) == set(xpresso)
    means = {model: np.mean(list(r.values())) for model, r in by_model.items()}
    assert (
        min(means[model] for model in ("elastic_net", "lead_snp", "blup")) > np.nanmean(list(xpresso.values())) + 0.05
    )
    # no more than the heritability allows, on average
    h2 = np.array([float(row["h2"]) for row in rows if row["model"] == "elastic_net"])
    assert means["elastic_net"] < np.sqrt(h2).mean() + 0.05
