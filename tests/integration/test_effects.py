"""Tables of variant effects in place of a model: `gxfast run --effects`."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.linear_model import linear_model

import gxfast as gx
from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.demo.simulate import DemoCohort
from gxfast.errors import InputError

STEPS = ("predict", "evaluate", "ism", "drivers")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> DemoCohort:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), seed=3, n_people=40, n_genes=12)


@pytest.fixture(scope="module")
def files(cohort: DemoCohort) -> dict[str, Any]:
    return {"fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "expression": cohort.expression}


@pytest.fixture(scope="module")
def by_model(cohort: DemoCohort, files: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return gx.run(tmp_path_factory.mktemp("runs") / "model", model=cohort.model, steps=STEPS, **files)


def scores_of(run: Any) -> Path:
    (path,) = (run.path / "ism").glob("*.variants.tsv.gz")
    return Path(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def write_table(path: Path, rows: list[dict[str, Any]], head: str = "") -> Path:
    lines = ["\t".join(rows[0]), *("\t".join(str(cell) for cell in row.values()) for row in rows)]
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def plain(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in ("gene_id", "chrom", "pos", "ref", "alt", "ism")} for row in rows]


def test_mutagenesis_as_a_table_is_the_linear_approximation_of_the_model(by_model, files, tmp_path):
    """Its correlation with the model's own predictions is the `linear_r` that drivers are selected by."""
    found = gx.run(tmp_path / "effects", effects=scores_of(by_model), steps=STEPS, **files)
    linear, own = found.predictions[0], by_model.predictions[0]
    assert found.predictions[0].samples == own.samples
    known = {row.gene_id: row.linear_r for row in by_model.support}
    compared = 0
    for g, gene in enumerate(own.genes.gene_id):
        if linear.status[g] != "ok" or not np.isfinite(known.get(gene, np.nan)):
            continue
        r = np.corrcoef(linear.values[g, :, 0], own.values[g, :, 0])[0, 1]
        assert abs(r - known[gene]) < 1e-6
        compared += 1
    assert compared > 5
    assert found.evaluations[0].pearson_r.shape == by_model.evaluations[0].pearson_r.shape


def test_the_certificate_of_effects_is_that_of_eqtls_and_linkage(by_model, files, tmp_path):
    """r of the summed effects is what effects, the linkage of the same people and the errors of their eQTLs give."""
    found = gx.run(tmp_path / "effects", effects=scores_of(by_model), steps=("predict", "evaluate"), **files)
    table, variants = gx.read_expression(files["expression"]), gx.VariantFile(files["vcf"])
    effects: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(scores_of(by_model)):
        effects.setdefault(row["gene_id"], []).append(row)
    people = [variants.samples.index(sample) for sample in table.samples]
    compared = 0
    for row in found.certificate:
        if np.isnan(row.pearson_r):
            continue
        dosages = []
        for one in effects[row.gene_id]:
            at = variants.region(one["chrom"], int(one["pos"]) - 1, int(one["pos"]))
            dosages.append((at.calls[0] == 1).sum(axis=1)[people])
        y = table.values[table.gene_id.index(row.gene_id)]
        eqtls = gx.stats.eqtl(np.array(dosages, np.int8), y)
        r = gx.stats.correlation_from_effects(
            [float(one["ism"]) for one in effects[row.gene_id]],
            np.atleast_2d(np.cov(dosages)), eqtls.slope, eqtls.slope_se, len(y),
        )  # fmt: skip
        assert abs(r - row.pearson_r) < 1e-5
        compared += 1
    assert compared > 5
    assert {row.direction for row in found.certificate} >= {"right", "wrong"}


def test_a_linear_model_and_its_effects_have_the_same_drivers(cohort, files, tmp_path):
    model = linear_model(tmp_path / "linear.onnx", 1001)
    first = gx.run(tmp_path / "model", model=model, policy=gx.HaplotypePolicy(variants="snv"), steps=STEPS, **files)
    second = gx.run(tmp_path / "effects", effects=f"linear={scores_of(first)}", steps=STEPS, **files)
    # haplotypes have the SNVs of multi-allelic records too, which are not among those that are scanned
    whole = {row.gene_id for row in first.support if row.linear_r > 1 - 1e-6}
    assert len(whole) > 7
    model_rows, table_rows = ([row for row in run.drivers if row.gene_id in whole] for run in (first, second))
    assert [(row.gene_id, row.variant_id) for row in model_rows] == [
        (row.gene_id, row.variant_id) for row in table_rows
    ]
    for a, b in zip(model_rows, table_rows, strict=True):
        for name in ("ism", "linear_r", "own_r", "increase", "drop", "eqtl_slope", "allele_freq", "carrier_freq"):
            assert abs(getattr(a, name) - getattr(b, name)) < 1e-6, (name, a, b)
        assert (a.is_main, a.support) == (b.is_main, b.support)
    r = [
        [run.evaluations[0].pearson_r[g] for g, gene in enumerate(run.evaluations[0].gene_id) if gene in whole]
        for run in (first, second)
    ]
    np.testing.assert_allclose(*r, atol=1e-6)


def test_drivers_of_a_table_are_of_any_variant_and_those_of_a_model_snvs(by_model, cohort, files, tmp_path):
    """`ism variants` scores insertions and deletions too."""
    inputs = [part for name in ("fasta", "vcf", "genes") for part in (f"--{name}", str(files[name]))]
    command = ["ism", "variants", "-q", "--model", str(cohort.model), *inputs, "-o", str(tmp_path / "scores")]
    assert main(command) in (0, 3)
    (table,) = (tmp_path / "scores" / "ism").glob("*.variants.tsv.gz")
    rows = [row for row in plain(rows_of(table)) if len(row["ref"]) != len(row["alt"])]
    assert rows
    for sign, row in enumerate(rows):
        row["ism"] = 1 if sign % 2 else -1
    found = gx.run(tmp_path / "effects", effects=write_table(tmp_path / "e.tsv", rows), steps=STEPS, **files)
    assert found.drivers
    assert all(len(row.ref) != len(row.alt) for row in found.drivers)
    assert all(len(row.ref) == len(row.alt) == 1 for row in by_model.drivers)


def test_swapped_alleles_are_turned_and_said(by_model, files, tmp_path, caplog):
    rows = plain(rows_of(scores_of(by_model)))
    straight = gx.run(tmp_path / "a", effects=write_table(tmp_path / "e.tsv", rows), steps=("predict",), **files)
    for row in rows[::7]:
        row.update(ref=row["alt"], alt=row["ref"], ism=-float(row["ism"]))
    turned = gx.run(tmp_path / "b", effects=write_table(tmp_path / "t.tsv", rows), steps=("predict",), **files)
    np.testing.assert_array_equal(straight.predictions[0].values, turned.predictions[0].values)
    assert f"{len(rows[::7])} of {len(rows)} rows had REF and ALT exchanged" in caplog.text
    assert turned.counts["t"]["alleles_turned"] == len(rows[::7])


def test_any_order_shard_and_resume_gives_the_same_bytes(by_model, files, tmp_path):
    rows = plain(rows_of(scores_of(by_model)))
    write_table(tmp_path / "e.tsv", rows)
    (tmp_path / "other").mkdir()
    write_table(tmp_path / "other" / "e.tsv", rows[::-1])
    for name, table in (("a", tmp_path / "e.tsv"), ("b", tmp_path / "other" / "e.tsv")):
        gx.run(tmp_path / name, effects=table, steps=("predict", "evaluate"), threads=1 if name == "a" else 2, **files)
    shared = [f"--{name}={value}" for name, value in files.items()]
    plan = ["plan", "run", *shared, "--effects", str(tmp_path / "e.tsv"), "--steps", "predict,evaluate", "-q"]
    assert main([*plan, "--shards", "2", "-o", str(tmp_path / "c")]) == 0
    for shard in ("2/2", "1/2"):
        assert main(["run", str(tmp_path / "c"), "--shard", shard, "-q"]) == 0
    assert main(["merge", str(tmp_path / "c"), "-q"]) == 3  # a gene without variants has no effects
    names = ("genes.tsv", "predictions/e.bed.gz", "effects/e.genes.tsv", "cells.tsv", "people.tsv")
    for name in names:
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes(), name
        assert first == (tmp_path / "c" / name).read_bytes(), name


def test_what_cannot_be_done_for_a_gene_is_listed(by_model, files, tmp_path):
    rows = plain(rows_of(scores_of(by_model)))
    first = rows[0]["gene_id"]
    rows = [row for row in rows if row["gene_id"] != first]
    found = gx.run(tmp_path / "a", effects=write_table(tmp_path / "e.tsv", rows), steps=("predict",), **files)
    assert f"{first}: no effect on the gene in the table" in found.failed
    assert np.isnan(found.predictions[0].values[list(found.predictions[0].genes.gene_id).index(first)]).all()


def change(rows, **changes):
    rows[3].update(changes)
    return rows


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda rows: [{k: v for k, v in row.items() if k != "gene_id"} for row in rows], "no column gene_id"),
        (lambda rows: [{**row, "ism": abs(float(row["ism"])) + 1e-3} for row in rows], "no score has a sign"),
        (lambda rows: change(rows, ism="1e999"), "infinite|inf"),
        (lambda rows: change(rows, gene_id=""), "names no gene"),
        (lambda rows: [*rows, {**rows[0], "ism": 3.0}], "two effects"),
        (lambda rows: [{**row, "gene_id": "X" + row["gene_id"]} for row in rows], "no gene can be predicted"),
        (lambda rows: [{**row, "pos": int(row["pos"]) + 100} for row in rows], "another build"),
    ],
)
def test_refused(by_model, files, tmp_path, damage, message):
    path = write_table(tmp_path / "e.tsv", damage(plain(rows_of(scores_of(by_model)))))
    with pytest.raises(InputError, match=message):
        gx.run(tmp_path / "a", effects=path, steps=("predict",), **files)


def test_nothing_to_predict_with(files, tmp_path, cohort, by_model):
    with pytest.raises(InputError, match="nothing to predict with"):
        gx.run(tmp_path / "a", **files)
    with pytest.raises(InputError, match="one name"):
        gx.run(tmp_path / "b", model=cohort.model, effects=f"demo-promoter={scores_of(by_model)}", **files)


def test_terms_are_kept_and_closed_ones_make_no_predictdb(by_model, files, tmp_path):
    rows = plain(rows_of(scores_of(by_model)))
    path = write_table(tmp_path / "e.tsv", rows, head="## terms: for research only, not to train models\n")
    shared = [*(f"--{name}={value}" for name, value in files.items()), "--effects", f"scores={path}", "-q"]
    shared += ["--steps", "predict", "--predictdb"]
    assert main(["run", *shared, "-o", str(tmp_path / "no")]) == 2
    assert not (tmp_path / "no" / "manifest.json").exists()
    assert main(["run", *shared, "--i-have-the-right", "-o", str(tmp_path / "yes")]) == 3
    manifest = json.loads((tmp_path / "yes" / "manifest.json").read_text())
    assert manifest["options"]["effects"][0]["terms"] == "for research only, not to train models"
    assert manifest["options"]["predictdb"] == {"with_right": True}
    with sqlite3.connect(tmp_path / "yes" / "effects" / "scores.db") as database:
        weights = database.execute("SELECT gene, varID, weight FROM weights").fetchall()
    assert len(weights) == len(rows)
    predicted = tmp_path / "applied.tsv"
    apply = ["baseline", "--apply", str(tmp_path / "yes/effects/scores.db"), "--vcf", str(files["vcf"]), "-q"]
    assert main([*apply, "-o", str(predicted)]) == 0
    table = {row["gene_id"]: row for row in rows_of(predicted)}
    own = gx.read_expression(tmp_path / "yes/predictions/scores.bed.gz")
    for g, gene in enumerate(own.gene_id):
        if np.isfinite(own.values[g]).all():
            np.testing.assert_allclose([float(table[gene][name]) for name in own.samples], own.values[g], atol=1e-9)
    for terms in ("CC-BY-4.0", "MIT"):
        path = write_table(tmp_path / "open.tsv", rows, head=f"## license: {terms}\n")
        gx.run(tmp_path / terms, effects=path, predictdb=True, steps=("predict",), **files)
        assert (tmp_path / terms / "effects/open.db").is_file()
    beside = write_table(tmp_path / "b.tsv", rows)
    beside.with_name("b.tsv.terms.txt").write_text("CC BY-NC 4.0\n")
    with pytest.raises(InputError, match="not open: 'CC BY-NC"):
        gx.run(tmp_path / "beside", effects=beside, predictdb=True, steps=("predict",), **files)


def test_check_says_what_a_table_is_good_for(by_model, files, tmp_path, capsys):
    rows = plain(rows_of(scores_of(by_model)))
    shared = [f"--{name}={value}" for name, value in files.items()]
    path = write_table(tmp_path / "e.tsv", rows)
    assert main(["check", *shared, "--effects", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"e: {len(rows)} effects, on " in said
    other = write_table(tmp_path / "o.tsv", [{**row, "gene_id": "X" + row["gene_id"]} for row in rows])
    populations = tmp_path / "p.tsv"
    people = gx.VariantFile(files["vcf"]).samples
    populations.write_text("sample\tpop\n" + "".join(f"{name}\t{'A' if i else 'B'}\n" for i, name in enumerate(people)))
    assert main(["check", *shared, "--effects", str(other), "--populations", str(populations)]) == 2
    said = capsys.readouterr().out
    assert "on 0 of 12 genes" in said
    assert "populations of 10 people or more: 1; left out: B (1)" in said
