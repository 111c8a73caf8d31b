"""Four cells of a run: populations, split of the genes, per person; and the same for regions in place of genes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as peer

import gxfast as gx
from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.demo.simulate import DemoCohort
from gxfast.errors import InputError
from gxfast.io.tables.groups import read_gene_split, read_populations

STEPS = ("predict", "evaluate", "baseline", "heads")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> DemoCohort:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), seed=5, n_people=60, n_genes=12)


@pytest.fixture(scope="module")
def tables(cohort: DemoCohort, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tables")
    labels = ["A", "B", "B"] * 18 + ["C"] * 4  # C is too small to correlate within; two people are in none
    pairs = zip(cohort.samples[:58], labels, strict=True)
    (folder / "populations.tsv").write_text("sample\tpop\n" + "".join(f"{s}\t{p}\n" for s, p in pairs))
    genes = gx.read_genes(cohort.genes).gene_id
    sets = ["train"] * 7 + ["valid"] + ["test"] * 4
    (folder / "split.csv").write_text(
        "gene_id,split\n" + "".join(f"{g},{s}\n" for g, s in zip(genes, sets, strict=True))
    )
    return {"populations": folder / "populations.tsv", "gene_split": folder / "split.csv"}


@pytest.fixture(scope="module")
def files(cohort: DemoCohort) -> dict[str, Any]:
    return {"fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "expression": cohort.expression}


@pytest.fixture(scope="module")
def two_tracks(cohort: DemoCohort, files: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's mutagenesis as a table with two columns of scores: heads take two features or more."""
    folder = tmp_path_factory.mktemp("effects")
    run = gx.run(folder / "run", model=cohort.model, steps=("predict", "evaluate", "ism", "drivers"), **files)
    import gzip

    text = gzip.decompress((run.path / "ism/demo-promoter.variants.tsv.gz").read_bytes()).decode()
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    lines = [
        "\t".join([*(row[c] for c in ("gene_id", "chrom", "pos", "ref", "alt", "ism")), str(float(row["ism"]) ** 3)])
        for row in rows
    ]
    path = folder / "scores.tsv"
    path.write_text("gene_id\tchrom\tpos\tref\talt\tone\tcubed\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def run(cohort: Any, files: Any, tables: Any, two_tracks: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return gx.run(folder, model=cohort.model, effects=two_tracks, steps=STEPS, cis_window=20_000, **files, **tables)


def test_every_predictor_has_its_cells(run):
    cells = {(row.model, row.kind, row.genes, row.people) for row in run.cells}
    for model in ("demo-promoter", "scores:one", "scores:cubed"):
        kind = "model" if model == "demo-promoter" else "effects"
        assert {(model, kind, seen, "any") for seen in ("seen", "unseen", "unknown")} <= cells
    for model in ("elastic_net", "lead_snp", "promoter_snp", "blup"):
        assert {(model, "linear", "seen", people) for people in ("same", "other")} <= cells
    for people in ("same", "other"):
        assert ("head", "head per gene", "seen", people) in cells
        assert {("head", "head over genes", seen, people) for seen in ("seen", "unseen")} <= cells
    assert {row.population for row in run.cells} == {"all", "A", "B"}
    assert run.summary["cells"] == {"populations": {"A": 18, "B": 36}, "left_out": {"C": 4, "no population": 2}}


def test_the_models_cell_is_the_correlation_within_the_population(run, tables):
    populations = read_populations(tables["populations"])
    split = read_gene_split(tables["gene_split"])
    observed, item = run.observed, run.predictions[0]
    place = {name: i for i, name in enumerate(item.samples)}
    r = []
    for g, gene in enumerate(item.genes.gene_id):
        mine = [s for s in observed.samples if populations.get(s) == "B"]
        x = item.values[g, [place[s] for s in mine], 0]
        y = observed.evaluated[g, [observed.samples.index(s) for s in mine]]
        if split[gene] == "test" and np.ptp(x) > 0:
            r.append(peer.pearsonr(x, y).statistic)
    (row,) = [
        row for row in run.cells
        if (row.model, row.genes, row.population) == ("demo-promoter", "unseen", "B")
    ]  # fmt: skip
    assert row.n_genes == len(r)
    assert row.n_people == 36
    assert row.mean_r == pytest.approx(np.mean(r), abs=1e-12)


def test_people_of_another_population_are_predicted_by_models_that_never_saw_it(run, cohort, files, tables, tmp_path):
    """What B expresses changes nothing that is predicted for it."""
    populations = read_populations(tables["populations"])
    table = gx.read_expression(cohort.expression)
    lines = Path(cohort.expression)
    import gzip

    text = gzip.decompress(lines.read_bytes()).decode().splitlines()
    header = text[0].split("\t")
    rng = np.random.default_rng(0)
    changed = [text[0]]
    for line in text[1:]:
        cells = line.split("\t")
        for i, name in enumerate(header):
            if populations.get(name) == "B":
                cells[i] = repr(float(cells[i]) + 50 * rng.normal())
        changed.append("\t".join(cells))
    path = tmp_path / "e.bed"
    path.write_text("\n".join(changed) + "\n")
    other = gx.run(
        tmp_path / "run", model=cohort.model, steps=STEPS, cis_window=20_000, **{**files, "expression": path}, **tables
    )
    assert len(table.gene_id) == 12

    def predicted(directory: Path, people: str) -> Any:
        with np.load(next((directory / ".gxfast/blocks" / people).glob("00000.npz"))) as stored:
            return stored["predictions"]

    samples = [name for name in other.predictions[0].samples if name in set(other.observed.samples)]
    mine = [i for i, name in enumerate(samples) if populations.get(name) == "B"]
    first, second = (predicted(one.path, "across")[:, :, mine] for one in (run, other))
    np.testing.assert_array_equal(first, second)
    first, second = (predicted(one.path, "baseline")[:, :, mine] for one in (run, other))
    assert not np.array_equal(first, second)


def test_who_is_in_no_population_trains_nobody_of_another(run, tables):
    """They may be of the population that is held out."""
    with np.load(next((run.path / ".gxfast/blocks/across").glob("00000.npz"))) as stored:
        predicted = stored["predictions"]
    populations = read_populations(tables["populations"])
    samples = [name for name in run.predictions[0].samples if name in set(run.observed.samples)]
    nowhere = [i for i, name in enumerate(samples) if name not in populations]
    assert len(nowhere) == 2
    assert np.isnan(predicted[:, :, nowhere]).all()
    there = np.setdiff1d(np.arange(len(samples)), nowhere)
    assert np.isfinite(predicted[:, :, there]).any()


def test_genes_of_cells_are_their_means(run):
    with (run.path / "cells.genes.tsv").open() as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    for cell in run.cells:
        key = cell.model, cell.kind, cell.genes, cell.people, cell.population
        mine = [row for row in rows if tuple(row[c] for c in ("model", "kind", "genes", "people", "population")) == key]
        assert len(mine) == cell.n_genes
        assert np.mean([float(row["r"]) for row in mine]) == pytest.approx(cell.mean_r, abs=1e-12)
        assert np.mean([float(row["signed_r2"]) for row in mine]) == pytest.approx(cell.signed_r2, abs=1e-12)


def test_per_person(run):
    mine = [row for row in run.people if row.model == "demo-promoter"]
    assert [row.sample for row in mine] == list(run.observed.samples)
    item, observed = run.predictions[0], run.observed
    s = 3
    x, y = item.values[:, item.samples.index(mine[s].sample), 0], observed.evaluated[:, s]
    kept = np.isfinite(x) & np.isfinite(y)
    assert mine[s].n_genes == kept.sum()
    assert mine[s].r == pytest.approx(peer.pearsonr(x[kept], y[kept]).statistic, abs=1e-12)
    # a head over genes predicts people in seen and in unseen ones
    assert {row.genes for row in run.people if row.kind == "head over genes"} == {"seen", "unseen"}
    rows = [(row.model, row.kind, row.genes, row.sample) for row in run.people]
    assert len(set(rows)) == len(rows)


def test_shards_and_threads_give_the_same_bytes(run, cohort, files, tables, two_tracks, tmp_path):
    shared = [f"--{name}={value}" for name, value in files.items()]
    shared += [f"--{name.replace('_', '-')}={value}" for name, value in tables.items()]
    shared += ["--model", str(cohort.model), "--effects", str(two_tracks), "--cis-window", "20000", "-q"]
    steps = ["--steps", ",".join(STEPS)]
    assert main(["plan", "run", *shared, *steps, "--shards", "3", "-o", str(tmp_path / "c")]) == 0
    for shard in ("3/3", "1/3", "2/3"):
        assert main(["run", str(tmp_path / "c"), "--shard", shard, "-q", "--threads", "1"]) == 0
    assert main(["merge", str(tmp_path / "c"), "-q"]) in (0, 3)
    for name in ("cells.tsv", "cells.genes.tsv", "people.tsv"):
        assert (run.path / name).read_bytes() == (tmp_path / "c" / name).read_bytes(), name
    assert main(["verify", str(tmp_path / "c")]) == 0


def test_without_tables_there_is_one_population_and_no_split(cohort, files, tmp_path):
    found = gx.run(tmp_path / "run", model=cohort.model, steps=STEPS, cis_window=20_000, **files)
    cells = {(row.model, row.genes, row.people, row.population) for row in found.cells}
    assert ("demo-promoter", "unknown", "any", "all") in cells
    assert ("elastic_net", "seen", "same", "all") in cells
    assert not [cell for cell in cells if cell[2] == "other"]
    (net,) = [row for row in found.cells if row.model == "elastic_net"]
    # folds of the same people: each r within its fold, as PredictDB's mean over folds, but weighted by people
    known = [row.cv_r for row in found.baseline if row.model == "elastic_net"]
    assert net.mean_r == pytest.approx(np.mean(known), abs=0.02)
    h2 = [row.h2 for row in found.baseline if row.model == "elastic_net"]
    assert net.h2 == pytest.approx(np.mean(h2))


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("populations", "sample\tpop\nX\tA\n", "nobody of the VCF"),
        ("populations", "who\tpop\nX\tA\n", "no column 'sample'"),
        ("populations", "sample\tpop\nX\tA\nX\tB\n", "is in A and in B"),
        ("populations", "sample\tpop\nX\t\n", "empty"),
        ("populations", "sample\tpop\n", "no rows"),
        ("gene_split", "gene_id\tsplit\nX\ttrain\n", "no gene"),
        ("gene_split", "gene_id\tsplit\nX\tfold7\n", "none of train"),
        ("gene_split", "gene_id\tsplit\nX\ttrain\tY\n", "3 cells"),
    ],
)
def test_refused(cohort, files, tmp_path, option, text, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        gx.run(tmp_path / "run", model=cohort.model, steps=("predict",), **files, **{option: path})


def test_a_matrix_of_peaks_goes_the_same_way(cohort, files, tables, two_tracks, tmp_path):
    """Accessibility in place of expression: regions, effects by peak, populations, people."""
    genes, table = gx.read_genes(cohort.genes), gx.read_expression(cohort.expression)
    at = {gene: g for g, gene in enumerate(genes.gene_id)}
    peaks = tmp_path / "peaks.bed"
    peaks.write_text(
        "".join(
            f"{genes.chrom[g]}\t{genes.tss[g] - 100}\t{genes.tss[g] + 100}\tpeak_{gene}\t0\t{genes.strand[g]}\n"
            for gene, g in at.items()
        )
    )
    matrix = tmp_path / "matrix.tsv"
    rows = ["\t".join([f"peak_{gene}", *map(repr, table.values[i].tolist())]) for i, gene in enumerate(table.gene_id)]
    matrix.write_text("\t".join(["peak", *table.samples]) + "\n" + "\n".join(rows) + "\n")
    scores = tmp_path / "scores.tsv"
    scores.write_text(two_tracks.read_text().replace("DEMO", "peak_DEMO"))
    shared = {"fasta": files["fasta"], "vcf": files["vcf"], "populations": tables["populations"], "cis_window": 20_000}
    of_peaks = gx.run(
        tmp_path / "peaks", sites=peaks, expression=matrix, model=cohort.model, effects=scores, steps=STEPS, **shared
    )
    of_genes = gx.run(
        tmp_path / "genes", genes=files["genes"], expression=files["expression"], model=cohort.model,
        effects=two_tracks, steps=STEPS, **shared,
    )  # fmt: skip
    assert [(row.model, row.kind, row.people, row.n_genes) for row in of_peaks.cells] == [
        (row.model, row.kind, row.people, row.n_genes) for row in of_genes.cells
    ]
    assert (tmp_path / "peaks/cells.tsv").read_bytes() == (tmp_path / "genes/cells.tsv").read_bytes()
